"""The effect of corrected facts on every enterprise: two evaluations of one period under one policy, compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.evaluation.scoring import DECIMALS
from schemas.profile import TIERS
from schemas.results import SCORES

if TYPE_CHECKING:
    from efficiency.evaluation.evaluate import Evaluation
    from efficiency.policy.model import Policy

EFFECTS = ("tier", "list", "rank", "score", "other")
"""The most important change of an enterprise: status or tier; candidate list; rank; score; only other published
figures, such as tier_confidence. Null: no published figure changes."""

ASKED = {
    "uscc": pl.String(), "name": pl.String(), "field": pl.String(), "unit": pl.String(), "span_start": pl.Date(),
    "span_end": pl.Date(),
    "old": pl.Float64(), "current": pl.Float64(), "new": pl.Float64(), "reason": pl.String(),
    "document": pl.String(), "approved_by": pl.String(), "decision": pl.String(),
}  # fmt: skip
"""Columns of the corrections that were tried, one row each: figures in their canonical `unit`; `old` is the figure that
the correction names, `current` the one that counts now, `new` the one asked for."""

_SHOWN = ("status", "score", "rank", "tier", "land_tier", "energy_tier", "tier_confidence")


@dataclass(frozen=True)
class Trial:
    """The corrections of one file, tried on one evaluation without publishing anything."""

    file: str
    period: str
    evaluation_id: str
    policy: Policy
    asked: pl.DataFrame
    """Shape `ASKED`."""
    problems: pl.DataFrame
    """The problems that intake finds in the file: corrections that could not be tried, and why."""
    enterprises: pl.DataFrame
    """The frame of `effects`, with `own`: true for the enterprises that the corrections are about."""
    renewed: bool
    """True when the facts have changed since the evaluation was published: the comparison is with the facts now."""


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
    """One row per enterprise with every published column of its scores and its list, figures rounded."""
    listed = candidates.rename(
        {
            "list": "list_id",
            "title": "list",
            **{name: f"list_{name}" for name in candidates.columns if name not in ("uscc", "list", "title")},
        }
    )
    own = evaluation.scores.select(name for name in SCORES.names if name in evaluation.scores.columns)
    rounded = pl.col(pl.Float64).round(DECIMALS)
    return own.join(listed, on="uscc", how="left", validate="1:1").with_columns(rounded)
