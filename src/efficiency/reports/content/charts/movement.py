"""Who moved between tiers, by how much and why; the sentence that stands for the chart of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.reports.content.score_changes import SHOWN
from efficiency.reports.content.totals import DOWN, UP, no_movement_reason, tier_movement, with_previous_tier
from efficiency.reports.text import count, enumerated, shortened
from schemas.profile import TIERS
from schemas.results import MOVEMENT_PARTS

if TYPE_CHECKING:
    from efficiency.reports.report import Report

CHARTED = 12
"""Enterprises of the chart of movers, those that `movers` gives first."""
NAME_WIDTH = 30


def movers(report: Report) -> pl.DataFrame:
    """Whose tier changed, with the change's parts: those who fell into D or left it first, then by the change."""
    order = {tier: i for i, tier in enumerate(TIERS)}
    states = with_previous_tier(report)
    now, before = (
        pl.col(name).replace_strict(order, default=None, return_dtype=pl.Int64) for name in ("tier", "before")
    )
    moved = states.with_columns((now - before).alias("steps")).filter(pl.col("steps") != 0)
    parts = {name: pl.lit(None, dtype=pl.Float64).alias(name) for name in ("change", *MOVEMENT_PARTS)}
    if report.movements is None:
        moved = moved.with_columns(**parts)
    else:
        moved = moved.join(report.movements.select("uscc", *parts), on="uscc", how="left", validate="1:1")
    ranks = pl.lit(None, dtype=pl.Int64).alias("rank_before")
    if report.previous is None:
        moved = moved.with_columns(ranks)
    else:
        earlier = report.previous.select("uscc", pl.col("rank").alias("rank_before"))
        moved = moved.join(earlier, on="uscc", how="left", validate="1:1")
    of_d = (pl.col("tier") == "D") | (pl.col("before") == "D")
    return moved.with_columns(
        pl.when(pl.col("steps") < 0).then(pl.lit(UP)).otherwise(pl.lit(DOWN)).alias("direction")
    ).sort(
        of_d,
        pl.col("steps").abs(),
        pl.col("change").abs(),
        "uscc",
        descending=[True, True, True, False],
        nulls_last=True,
    )


def why_moved(row: dict[str, Any]) -> str:
    """What moved the tier: an override, else the greatest part of the change in its direction, else the rank."""
    if row["override_labels"] and row["tier"] != row["tier_initial"]:
        return shortened(f"调档：{row['override_labels']}", 40)
    upward, change = row["steps"] < 0, row["change"]
    if change is not None and abs(change) >= SHOWN and (change > 0) == upward:
        parts = {title: row[part] for part, title in MOVEMENT_PARTS.items() if row[part] is not None}
        if parts:
            title, most = (max if upward else min)(parts.items(), key=lambda item: item[1])
            return f"{title}{most:+.2f}分"
    if row["rank"] is not None and row["rank_before"] is not None and row["rank"] != row["rank_before"]:
        return f"名次{row['rank_before']}→{row['rank']}"
    return ""


def movers_shown(report: Report) -> pl.DataFrame:
    """The movers of the chart, those who rose first: label, before, tier, score_before, score, change, why."""
    shown = movers(report).head(CHARTED)
    before = pl.DataFrame(schema={"uscc": pl.String, "score_before": pl.Float64})
    if report.previous is not None:
        before = report.previous.select("uscc", pl.col("score").alias("score_before"))
    shown = shown.join(before, on="uscc", how="left", validate="1:1", maintain_order="left")
    labels = [f"{shortened(row['name'], NAME_WIDTH)} {row['before']}→{row['tier']}" for row in shown.to_dicts()]
    reasons = [why_moved(row) for row in shown.iter_rows(named=True)]
    return (
        shown.with_columns(
            pl.Series("label", labels, dtype=pl.String),
            pl.Series("why", reasons, dtype=pl.String),
            pl.coalesce("change", pl.col("score") - pl.col("score_before")).alias("change"),
        )
        .sort(pl.col("steps") > 0, maintain_order=True)
        .select("label", "name", "before", "tier", "score_before", "score", "change", "why", "direction")
    )


def movement_words(report: Report) -> str:
    """What the chart of movers shows, in one sentence."""
    if tier_movement(report) is None:
        return f"等级变动：{no_movement_reason(report)}。"
    moved, shown = movers(report), movers_shown(report)
    parts = []
    for direction in (UP, DOWN):
        own = shown.filter(pl.col("direction") == direction)["label"].to_list()
        total = moved.filter(pl.col("direction") == direction).height
        parts.append(f"{direction}{count(total)}" + (f"({enumerated(own, 6, total)})" if own else ""))
    stayed = with_previous_tier(report).filter(pl.col("before") == pl.col("tier")).height
    return f"等级变动：{'，'.join(parts)}，等级不变{count(stayed)}。"
