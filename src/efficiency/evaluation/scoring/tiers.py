"""From scores to ranks and tiers, and from tiers to what overrides leave of them.

Missing is never D: who has no score has no tier. Shares are compared in whole numbers, so that a cut
falls where the rule says and not where a binary fraction does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from efficiency.evaluation.scoring.group_statistics import Floats, groups_by
from efficiency.evaluation.scoring.scores import DECIMALS
from efficiency.policy.expressions import predicate
from efficiency.policy.model import Cohort, Cuts, Override, Tiers
from schemas.profile import TIERS

Levels = NDArray[np.int8]
"""Tiers as numbers, A = 0 to D = 3."""
UNIT = 10.0**DECIMALS
"""Scores are compared as whole numbers of their last decimal, so that equal after rounding is equal."""
SHARE = 1_000_000_000
"""Cuts by rank are taken in units of 1 / SHARE."""


def add_tiers(frame: pl.DataFrame, cohort: Cohort) -> pl.DataFrame:
    """`frame` (one cohort, scores rounded) with rank, tier_initial, tier, land_tier and energy_tier.

    rank = 1 + enterprises of the cohort with a higher score. Without [cohort.tiers] the tiers are null.
    """
    ranked = frame.with_columns(pl.col("score").rank("min", descending=True).cast(pl.Int64).alias("rank"))
    return ranked.with_columns(
        _tier(frame, "score", cohort.tiers).alias("tier_initial"),
        _tier(frame, "land_score", cohort.tiers).alias("land_tier"),
        _tier(frame, "energy_score", cohort.tiers).alias("energy_tier"),
    ).with_columns(pl.col("tier_initial").alias("tier"))


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


def levels_of(scores: Floats, tiers: Tiers, groups: Sequence[slice]) -> Levels:
    """Draws × enterprises: tiers of scores in whole `UNIT`s; each of `groups` is a run of enterprises ranked together.

    By rank: at most k = ⌊n × cut⌋ scores are at least as high as one's own exactly when one's own is
    higher than the (k + 1)-th highest, so a partial sort at three places is all it takes: one place after the other,
    each among the scores below the one before, which NumPy does many times faster than three at once.
    """
    levels = np.zeros(scores.shape, dtype=np.int8)
    if tiers.by == "score":
        for cut in (tiers.cuts.A, tiers.cuts.B, tiers.cuts.C):
            levels += scores < np.rint(cut * UNIT)
        return levels
    for group in groups:
        part = scores[:, group]
        n = part.shape[1]
        places = [n - 1 - n * share // SHARE for share in cut_shares(tiers.cuts)]
        ordered, end = part.copy(), n
        # Descending, as the cuts ascend.
        for place in places:
            if 0 <= place < end:
                ordered[:, :end].partition(place, axis=1)
                end = place
            if place >= 0:
                levels[:, group] += part <= ordered[:, place, None]
    return levels


def runs(lengths: Sequence[int]) -> list[slice]:
    """Runs of neighbours of these lengths, one after the other."""
    ends = np.cumsum(lengths, dtype=np.int64).tolist()
    return [slice(end - length, end) for end, length in zip(ends, lengths, strict=True)]


def _tier(frame: pl.DataFrame, score: str, tiers: Tiers | None) -> pl.Series:
    """The tier by the cuts of everybody who has that score."""
    tier = pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    known = frame[score].is_not_null().arg_true()
    if tiers is None or known.is_empty():
        return tier
    scores = np.rint(frame[score].gather(known).to_numpy() * UNIT)
    groups = groups_by(frame.select(score, *tiers.within)[known], () if tiers.by == "score" else tiers.within)
    levels = np.empty(len(scores), dtype=np.int8)
    levels[groups.order] = levels_of(scores[groups.order][None, :], tiers, runs(groups.lengths().tolist()))[0]
    return tier.scatter(known, pl.Series(TIERS).gather(pl.Series(levels)))


def _overridden(i: int, override: Override) -> pl.Expr:
    """The tier that override `i` leaves; letters sort as tiers do, A first."""
    tier, met = pl.col("tier"), pl.col(f"override_{i}")
    if override.tier is not None:
        return pl.when(met).then(pl.lit(override.tier)).otherwise(tier)
    if override.at_most is not None:
        return pl.when(met & (tier < override.at_most)).then(pl.lit(override.at_most)).otherwise(tier)
    return pl.when(met & (tier > override.at_least)).then(pl.lit(override.at_least)).otherwise(tier)
