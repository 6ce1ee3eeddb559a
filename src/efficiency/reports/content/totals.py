"""Figures of one evaluation: totals, tiers, towns, industries, tier movement, confidence, summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.reports.text import CONFIDENT, division_names, whole_percent
from schemas.profile import TIERS

if TYPE_CHECKING:
    from efficiency.reports.report import Report

ROW_COUNTS = (
    "rows_total",
    "rows_accepted",
    "rows_rejected",
    "rows_superseded",
    "rows_totals",
    "rows_notes",
    "rows_blank",
)
"""The first is what the others add up to."""
UNRATED = "未评级"
NOT_STATED = "未填"
UP, DOWN = "升档", "降档"


@dataclass(frozen=True, slots=True)
class Headline:
    """One figure of the top band: label, value, how it is shown (a kind of styles.NUMBERS), the last period's value."""

    label: str
    value: float | None
    kind: str
    unit: str
    previous: float | None


def ranked(scores: pl.DataFrame) -> pl.DataFrame:
    """The evaluated enterprises of a scores frame."""
    return scores.filter(pl.col("status") == "ranked")


def headline_figures(report: Report) -> list[Headline]:
    """Enterprises, land, energy and yields of the evaluated enterprises, now and in the last period."""
    now = ranked(report.scores)
    before = None if report.previous is None else ranked(report.previous)

    def both(label: str, kind: str, unit: str, *columns: str) -> Headline:
        last = None if before is None else _figure(before, *columns)
        return Headline(label, _figure(now, *columns), kind, unit, last)

    return [
        both("参评企业", "integer", "户"),
        both("用地合计", "amount", "亩", "land"),
        both("综合能耗合计", "amount", "吨标准煤", "energy"),
        both("亩均税收", "ratio", "万元/亩", "tax", "land"),
        both("亩均营业收入", "ratio", "万元/亩", "revenue", "land"),
        both("单位能耗营业收入", "ratio", "万元/吨标准煤", "revenue", "energy"),
    ]


def total_or_ratio(report: Report, *columns: str) -> float | None:
    """Sum of one total over the evaluated enterprises, or ratio of two over those that have both; None: not known."""
    return _figure(ranked(report.scores), *columns)


def _figure(frame: pl.DataFrame, *columns: str) -> float | None:
    """Number of rows, sum of one column, or ratio of two columns' sums over the rows that have both."""
    if not columns:
        return frame.height
    known = frame.drop_nulls(list(columns))
    if known.is_empty():
        return None
    top = float(known[columns[0]].sum())
    if len(columns) == 1:
        return top
    bottom = float(known[columns[1]].sum())
    return top / bottom if bottom else None


def tier_table(report: Report) -> pl.DataFrame:
    """One row per tier: tier, enterprises, share, land, energy."""
    counted = (
        ranked(report.scores)
        .group_by("tier")
        .agg(pl.len().cast(pl.Int64).alias("enterprises"), pl.col("land", "energy").sum())
    )
    return (
        pl.DataFrame({"tier": TIERS})
        .join(counted, on="tier", how="left", maintain_order="left")
        .with_columns(pl.col("enterprises").fill_null(0), pl.col("land", "energy").fill_null(0.0))
        .with_columns(_share(pl.col("enterprises")).alias("share"))
    )


def _share(part: pl.Expr) -> pl.Expr:
    return pl.when(part.sum() > 0).then(part / part.sum())


def letter_table(report: Report) -> pl.DataFrame:
    """One row per letter of the policy under which enterprises without a rank are published, in the policy's order.

    Columns letter, enterprises, land, energy; empty where the policy has no letter.
    """
    letters = [letter for letter in report.letter_names if letter not in TIERS]
    counted = (
        report.scores.filter(pl.col("letter").is_not_null())
        .group_by("letter")
        .agg(pl.len().cast(pl.Int64).alias("enterprises"), pl.col("land", "energy").sum())
    )
    return (
        pl.DataFrame({"letter": letters}, schema={"letter": pl.String})
        .join(counted, on="letter", how="left", maintain_order="left")
        .with_columns(pl.col("enterprises").fill_null(0), pl.col("land", "energy").fill_null(0.0))
    )


def group_table(report: Report, by: str) -> pl.DataFrame:
    """One row per value of `by` (town or industry_division), the most evaluated enterprises first.

    Columns label, registered, ranked, A, B, C, D, land, energy, tax_per_mu, revenue_per_tce; totals and
    yields are those of the evaluated enterprises, a yield counts those with both of its figures.
    """
    label = pl.col(by).fill_null(NOT_STATED)
    if by == "industry_division":
        label = pl.col(by).replace(division_names()).fill_null(NOT_STATED)
    in_ranking = pl.col("status") == "ranked"

    def total(column: str) -> pl.Expr:
        return pl.col(column).filter(in_ranking).sum()

    def per(top: str, bottom: str) -> pl.Expr:
        known = in_ranking & pl.col(top).is_not_null() & pl.col(bottom).is_not_null()
        below = pl.col(bottom).filter(known).sum()
        return pl.when(below > 0).then(pl.col(top).filter(known).sum() / below)

    return (
        report.scores.with_columns(label.alias("label"))
        .group_by("label")
        .agg(
            pl.len().cast(pl.Int64).alias("registered"),
            in_ranking.sum().cast(pl.Int64).alias("ranked"),
            *((pl.col("tier") == tier).sum().cast(pl.Int64).alias(tier) for tier in TIERS),
            total("land").alias("land"),
            total("energy").alias("energy"),
            per("tax", "land").alias("tax_per_mu"),
            per("revenue", "energy").alias("revenue_per_tce"),
        )
        .sort(["ranked", "registered", "label"], descending=[True, True, False])
    )


def with_previous_tier(report: Report) -> pl.DataFrame:
    """The scores with `before`: the tier of the last period, from its own scores where they are given."""
    if report.previous is None:
        return report.scores.with_columns(pl.col("previous_tier").alias("before"))
    before = report.previous.select("uscc", pl.col("tier").alias("before"))
    return report.scores.join(before, on="uscc", how="left", validate="1:1", maintain_order="left")


def tier_movement(report: Report) -> pl.DataFrame | None:
    """Enterprises by tier before (rows A–D, 未评级) and now (columns); None when nothing is known of before."""
    moved = with_previous_tier(report)
    if moved["before"].null_count() == moved.height:
        return None
    states = [*TIERS, UNRATED]
    cells = (
        moved.select(pl.col("before", "tier").fill_null(UNRATED))
        .group_by("before")
        .agg((pl.col("tier") == state).sum().cast(pl.Int64).alias(state) for state in states)
    )
    return (
        pl.DataFrame({"before": states})
        .join(cells, on="before", how="left", maintain_order="left")
        .with_columns(pl.col(states).fill_null(0))
    )


def no_movement_reason(report: Report) -> str:
    """Why there is no `tier_movement` to show."""
    return "无上期评价，不作比较" if report.previous is None else "上期无企业评级，不作比较"


def tier_changes(report: Report) -> pl.DataFrame:
    """Enterprises whose tier changed: name, before, tier, direction (升档 or 降档), by new tier and rank."""
    order = {tier: i for i, tier in enumerate(TIERS)}
    before, now = (
        pl.col(name).replace_strict(order, default=None, return_dtype=pl.Int64) for name in ("before", "tier")
    )
    return (
        with_previous_tier(report)
        .filter(before != now)
        .with_columns(pl.when(now < before).then(pl.lit(UP)).otherwise(pl.lit(DOWN)).alias("direction"))
        .sort("tier", "rank", "name")
        .select("name", "before", "tier", "direction")
    )


def confidence_counts(report: Report) -> tuple[int, int]:
    """(enterprises whose tier holds in at least CONFIDENT of the draws, enterprises with a confidence)."""
    known = report.scores["tier_confidence"].drop_nulls()
    return int((known >= CONFIDENT).sum()), known.len()


def summary(report: Report) -> str:
    """The period in a few sentences."""
    tiers = dict(tier_table(report).select("tier", "enterprises").iter_rows())
    rated = sum(tiers.values())
    parts = [f"名录企业{report.scores.height}户，参评{ranked(report.scores).height}户"]
    names = report.letter_names
    if rated:
        parts[0] += "，其中" + "、".join(f"{tier}类({names[tier]}){tiers[tier]}户" for tier in TIERS)
    for row in letter_table(report).iter_rows(named=True):
        parts[0] += f"，另有{row['letter']}类({names[row['letter']]}){row['enterprises']}户不参加评级"
    counts = report.candidates.group_by("list", "title", maintain_order=True).len()
    listed = "、".join(f"{title}{count}户" for _, title, count in counts.iter_rows())
    parts.append(f"建议清单：{listed}" if listed else "本期没有企业进入建议清单")
    changed = tier_changes(report)
    if tier_movement(report) is not None:
        up, down = ((changed["direction"] == direction).sum() for direction in (UP, DOWN))
        words = f"与上期相比升档{up}户、降档{down}户"
        fallen = changed.filter((pl.col("tier") == "D") & (pl.col("direction") == DOWN))["name"].to_list()
        if fallen:
            words += f"，新降入D类{len(fallen)}户({'、'.join(fallen[:3])}{'等' if len(fallen) > 3 else ''})"
        parts.append(words)
    firm, known = confidence_counts(report)
    if known:
        rest = f"，{known - firm}户处于临界，建议复核后再定" if known > firm else ""
        parts.append(f"{whole_percent(firm, known)}的企业等级稳健{rest}")
    return "；".join(parts) + "。"
