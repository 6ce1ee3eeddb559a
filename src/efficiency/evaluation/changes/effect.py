"""What a change of the facts does to everybody: two evaluations of one period under one policy, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from schemas.profile import TIERS
from schemas.results import SCORES

if TYPE_CHECKING:
    from efficiency.evaluation.evaluate import Evaluation
    from efficiency.policy.model import Policy

EFFECTS = ("tier", "list", "rank", "score", "other")
"""What changes for an enterprise, the weightiest that applies: status or tier; candidate list; rank; score; only
other published figures, such as the confidence of its tier. Null: nothing at all that is published of it."""

PLACES = 6
"""Decimals to which figures are compared, as scores are before they are ranked."""

ASKED = {
    "uscc": pl.String(), "name": pl.String(), "field": pl.String(), "unit": pl.String(), "span_start": pl.Date(),
    "span_end": pl.Date(),
    "old": pl.Float64(), "current": pl.Float64(), "new": pl.Float64(), "reason": pl.String(),
    "document": pl.String(), "approved_by": pl.String(), "decision": pl.String(),
}  # fmt: skip
"""One row per correction that could be tried; figures in their canonical `unit`; `current` is the one that counts."""

_SHOWN = ("status", "score", "rank", "tier", "land_tier", "energy_tier", "tier_confidence")


@dataclass(frozen=True)
class Trial:
    """What the corrections of a file would do to one evaluation."""

    file: str
    period: str
    evaluation_id: str
    policy: Policy
    asked: pl.DataFrame
    """Shape `ASKED`."""
    problems: pl.DataFrame
    """Of the file, as intake tells them: what could not be tried, and why."""
    enterprises: pl.DataFrame
    """See `effects`, with `own` (true for who asks)."""
    renewed: bool
    """True when the facts have changed since the evaluation was published: compared is with what they give now."""


def effects(
    before: Evaluation, candidates_before: pl.DataFrame, after: Evaluation, candidates_after: pl.DataFrame
) -> pl.DataFrame:
    """One row per enterprise of either evaluation, by code.

    uscc, name, town, then status, score, rank, tier, land_tier, energy_tier, tier_confidence, list and list_id of
    each side (suffix _before, _after), `movement` (up, down, entered, left the tiers; null: same tier) and `effect`
    (one of `EFFECTS`, null: unchanged in every column of results.scores and results.candidates).
    """
    first, second = _side(before, candidates_before), _side(after, candidates_after)
    names = [name for name in first.columns if name != "uscc"]
    both = first.join(second, on="uscc", how="full", coalesce=True, suffix="_after", validate="1:1").rename(
        {name: f"{name}_before" for name in names}
    )

    def differs(name: str) -> pl.Expr:
        return pl.col(f"{name}_before").ne_missing(pl.col(f"{name}_after"))

    order = {tier: place for place, tier in enumerate(TIERS)}
    tier_before, tier_after = (
        pl.col(f"tier_{side}").replace_strict(order, return_dtype=pl.Int64) for side in ("before", "after")
    )
    return both.sort("uscc").select(
        "uscc",
        pl.coalesce("name_after", "name_before").alias("name"),
        pl.coalesce("town_after", "town_before").alias("town"),
        *(f"{name}_{side}" for name in (*_SHOWN, "list", "list_id") for side in ("before", "after")),
        pl.when(tier_before.eq_missing(tier_after)).then(None)
        .when(tier_before.is_null()).then(pl.lit("entered"))
        .when(tier_after.is_null()).then(pl.lit("left"))
        .when(tier_after < tier_before).then(pl.lit("up"))
        .otherwise(pl.lit("down"))
        .alias("movement"),
        pl.when(differs("status") | differs("tier")).then(pl.lit("tier"))
        .when(differs("list_id")).then(pl.lit("list"))
        .when(differs("rank")).then(pl.lit("rank"))
        .when(differs("score")).then(pl.lit("score"))
        .when(pl.any_horizontal(differs(name) for name in names)).then(pl.lit("other"))
        .alias("effect"),
    )  # fmt: skip


def _side(evaluation: Evaluation, candidates: pl.DataFrame) -> pl.DataFrame:
    """Everything that is published of an enterprise in one row, figures rounded."""
    listed = candidates.rename(
        {
            "list": "list_id",
            "title": "list",
            **{name: f"list_{name}" for name in candidates.columns if name not in ("uscc", "list", "title")},
        }
    )
    own = evaluation.scores.select(name for name in SCORES.names if name in evaluation.scores.columns)
    rounded = pl.col(pl.Float64).round(PLACES)
    return own.join(listed, on="uscc", how="left", validate="1:1").with_columns(rounded)
