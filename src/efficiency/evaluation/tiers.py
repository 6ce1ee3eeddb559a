"""From scores to ranks and tiers, and from tiers to what overrides leave of them.

Missing is never D: who has no score has no tier. Shares are compared in whole numbers, so that a cut
falls where the rule says and not where a binary fraction does.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from efficiency.policy.expressions import predicate
from efficiency.policy.model import Cohort, Cuts, Override, Tiers

SHARE = 1_000_000_000
"""Cuts by rank are taken in units of 1 / SHARE."""


def add_tiers(frame: pl.DataFrame, cohort: Cohort) -> pl.DataFrame:
    """`frame` (one cohort, scores rounded) with rank, tier_initial, tier, land_tier and energy_tier.

    rank = 1 + enterprises of the cohort with a higher score. Without [cohort.tiers] the tiers are null.
    """
    ranked = frame.with_columns(pl.col("score").rank("min", descending=True).cast(pl.Int64).alias("rank"))
    return ranked.with_columns(
        _tier("score", cohort.tiers).alias("tier_initial"),
        _tier("score", cohort.tiers).alias("tier"),
        _tier("land_score", cohort.tiers).alias("land_tier"),
        _tier("energy_score", cohort.tiers).alias("energy_tier"),
    )


def apply_overrides(frame: pl.DataFrame, overrides: Sequence[Override]) -> pl.DataFrame:
    """`frame` with `tier` after the overrides in their order, `override_labels`, and override_<i>, whom each one met.

    A later override sees the tier that earlier ones left. `at_most` = no better than, `at_least` = no
    worse than. Enterprises without a tier are left alone. Labels are those of overrides that changed it.
    """
    frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias("override_labels"))
    for i, override in enumerate(overrides):
        met = predicate(override.when) & pl.col("tier").is_not_null()
        frame = frame.with_columns(met.alias(f"override_{i}")).with_columns(_overridden(i, override).alias("__tier"))
        changed = pl.col("__tier") != pl.col("tier")
        frame = frame.with_columns(
            pl.when(changed)
            .then(pl.concat_str("override_labels", pl.lit(override.label), separator="、", ignore_nulls=True))
            .otherwise("override_labels")
            .alias("override_labels"),
            pl.col("__tier").alias("tier"),
        ).drop("__tier")
    return frame


def d_streak() -> pl.Expr:
    """Consecutive evaluated periods in D up to and including this one; 0 for any other tier and for none."""
    return (
        pl.when(pl.col("tier") == "D").then(pl.col("d_streak_before") + 1).otherwise(0).cast(pl.Int64).alias("d_streak")
    )


def cut_shares(cuts: Cuts) -> tuple[int, int, int]:
    """The cuts by rank as whole numbers of 1 / SHARE."""
    return round(cuts.A * SHARE), round(cuts.B * SHARE), round(cuts.C * SHARE)


def _tier(score: str, tiers: Tiers | None) -> pl.Expr:
    if tiers is None:
        return pl.lit(None, dtype=pl.String)
    value = pl.col(score)
    if tiers.by == "score":
        reached = [value >= cut for cut in (tiers.cuts.A, tiers.cuts.B, tiers.cuts.C)]
    else:
        # Ties share the worse place: the number of enterprises with a score at least as high.
        place = value.rank("max", descending=True).cast(pl.Int64)
        members = value.count().cast(pl.Int64)
        if tiers.within:
            place, members = place.over(tiers.within), members.over(tiers.within)
        reached = [place * SHARE <= members * share for share in cut_shares(tiers.cuts)]
    return (
        pl.when(value.is_null())
        .then(pl.lit(None, dtype=pl.String))
        .when(reached[0])
        .then(pl.lit("A"))
        .when(reached[1])
        .then(pl.lit("B"))
        .when(reached[2])
        .then(pl.lit("C"))
        .otherwise(pl.lit("D"))
    )


def _overridden(i: int, override: Override) -> pl.Expr:
    """The tier that override `i` leaves; letters sort as tiers do, A first."""
    tier, met = pl.col("tier"), pl.col(f"override_{i}")
    if override.tier is not None:
        return pl.when(met).then(pl.lit(override.tier)).otherwise(tier)
    if override.at_most is not None:
        return pl.when(met & (tier < override.at_most)).then(pl.lit(override.at_most)).otherwise(tier)
    return pl.when(met & (tier > override.at_least)).then(pl.lit(override.at_least)).otherwise(tier)
