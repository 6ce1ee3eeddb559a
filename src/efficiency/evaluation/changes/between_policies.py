"""Two policies over the same facts: which enterprises change tier or list from the one to the other, and why.

The first policy is called 甲 and the second 乙, since A and B are tiers. Columns of the first end in _a, of the
second in _b.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from efficiency.evaluation.changes.policy_reasons import Side, reasons, score_parts
from schemas.profile import TIERS

UNRATED = "未评级"
STATES = (*TIERS, UNRATED)
"""The rows and the columns of `Comparison.matrix`."""
KEPT = ("status", "status_reason", "cohort", "score", "rank", "tier_initial", "tier", "override_labels")
"""The columns of each side's scores that `Comparison.enterprises` has."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The evaluations of the same facts under two policies, compared."""

    a: Side
    b: Side
    enterprises: pl.DataFrame
    """One row per enterprise by code: uscc, name, town, industry; `KEPT`, list (its title) and list_reason of each
    side; `movement` (up, down, entered, left the tiers; null: same tier); `list_movement` (true where the list
    differs); `reason` (Chinese; null where neither changes)."""
    matrix: pl.DataFrame
    """Numbers of enterprises by tier under the first (rows `tier`) and the second policy (columns A to D, 未评级)."""
    lists: pl.DataFrame
    """One row per list: list, title, count_a, count_b, stays, entered, left. An enterprise that changes from one list
    to another counts as left there and as entered here."""
    parts: pl.DataFrame
    """The differences of the scores by item (shape `policy_reasons.PARTS`), for those ranked under both."""

    @property
    def changes(self) -> pl.DataFrame:
        """The enterprises that change tier or list: downwards first, then by tier and rank under the first policy."""
        order = {"left": 0, "down": 1, "up": 2, "entered": 3}
        return self.enterprises.filter(pl.col("reason").is_not_null()).sort(
            pl.col("movement").replace_strict(order, default=len(order), return_dtype=pl.Int64),
            "tier_a", "tier_b", "rank_a", "uscc", nulls_last=True,
        )  # fmt: skip


def compare(a: Side, b: Side) -> Comparison:
    """Compares two evaluations of the same enterprises. Raises ValueError when the enterprises differ."""
    if a.evaluation.scores["uscc"].to_list() != b.evaluation.scores["uscc"].to_list():
        raise ValueError("the two evaluations are of different enterprises: evaluate the same facts under both")
    whose = a.evaluation.scores.select("uscc", "name", "town", "industry")
    paired = whose.join(_side(a, "a"), on="uscc", validate="1:1", maintain_order="left").join(
        _side(b, "b"), on="uscc", validate="1:1", maintain_order="left"
    )
    tier_a, tier_b = pl.col("tier_a"), pl.col("tier_b")
    paired = paired.with_columns(
        pl.when(tier_a.eq_missing(tier_b))
        .then(None)
        .when(tier_a.is_null())
        .then(pl.lit("entered"))
        .when(tier_b.is_null())
        .then(pl.lit("left"))
        .when(tier_b < tier_a)
        .then(pl.lit("up"))
        .otherwise(pl.lit("down"))
        .alias("movement"),
        pl.col("list_id_a").ne_missing(pl.col("list_id_b")).alias("list_movement"),
    )
    parts = score_parts(a, b)
    enterprises = paired.join(
        reasons(a, b, paired, parts), on="uscc", how="left", validate="1:1", maintain_order="left"
    )
    return Comparison(a, b, enterprises, _matrix(enterprises), _lists(a, b, enterprises), parts)


def _side(side: Side, suffix: str) -> pl.DataFrame:
    """One row per enterprise: uscc, and with `suffix` `KEPT`, list_id, list and list_reason."""
    listed = side.candidates.select(
        "uscc", pl.col("list").alias("list_id"), pl.col("title").alias("list"), pl.col("reason").alias("list_reason")
    )
    kept = side.evaluation.scores.select("uscc", *KEPT).join(
        listed, on="uscc", how="left", validate="1:1", maintain_order="left"
    )
    return kept.rename({name: f"{name}_{suffix}" for name in kept.columns if name != "uscc"})


def _matrix(enterprises: pl.DataFrame) -> pl.DataFrame:
    """`Comparison.matrix`: every enterprise is counted once."""
    counted = (
        enterprises.select(pl.col("tier_a", "tier_b").fill_null(UNRATED))
        .group_by(pl.col("tier_a").alias("tier"))
        .agg((pl.col("tier_b") == state).sum().cast(pl.Int64).alias(state) for state in STATES)
    )
    return (
        pl.DataFrame({"tier": STATES})
        .join(counted, on="tier", how="left", validate="1:1", maintain_order="left")
        .with_columns(pl.col(STATES).fill_null(0))
    )


def _lists(a: Side, b: Side, enterprises: pl.DataFrame) -> pl.DataFrame:
    """`Comparison.lists`, in the order of the first policy and then of the second."""
    titles: dict[str, str] = {}
    for candidate in (*a.policy.candidate, *b.policy.candidate):
        titles.setdefault(candidate.list, candidate.title)
    rows = []
    for own, title in titles.items():
        on_a, on_b = (pl.col(f"list_id_{side}").eq_missing(pl.lit(own)) for side in "ab")
        counts = enterprises.select(
            on_a.sum().alias("count_a"), on_b.sum().alias("count_b"), (on_a & on_b).sum().alias("stays"),
            (on_b & ~on_a).sum().alias("entered"), (on_a & ~on_b).sum().alias("left"),
        )  # fmt: skip
        rows.append({"list": own, "title": title, **counts.row(0, named=True)})
    counted = dict.fromkeys(("count_a", "count_b", "stays", "entered", "left"), pl.Int64)
    return pl.DataFrame(rows, schema={"list": pl.String, "title": pl.String, **counted})
