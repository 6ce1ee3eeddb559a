"""How firm a tier is: the share of draws, with the weights moved at random, in which the enterprise keeps it.

What indicators earned, factors, adjustments and the enterprises that each override meets stay as they
are; scores, ranks, shares and tiers are derived again in every draw. Draws come from PCG64 with the
policy's seed, the same for every cohort, and are computed in fixed order: the same figures on every
machine and with any number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from efficiency.evaluation.scores import DECIMALS
from efficiency.evaluation.tiers import SHARE, cut_shares
from efficiency.policy.model import Cohort, Override, Robustness, Tiers

Floats = NDArray[np.float64]
Levels = NDArray[np.int8]
"""Tiers as numbers, A = 0 to D = 3."""

CELLS = 2_000_000
"""Scores held at once: draws are done in portions of about this many, whatever the number of enterprises."""

_UNIT = 10.0**DECIMALS


def tier_confidence(
    frame: pl.DataFrame, cohort: Cohort, overrides: Sequence[Override], robustness: Robustness
) -> pl.DataFrame:
    """`uscc` and `tier_confidence` (0 to 1) of the cohort's enterprises that have a tier."""
    tiered = frame.filter(pl.col("tier").is_not_null())
    tiers = cohort.tiers
    if tiers is None or robustness.draws == 0 or tiered.is_empty():
        return pl.DataFrame(schema={"uscc": pl.String, "tier_confidence": pl.Float64})
    if tiers.within and tiers.by == "rank":
        # Groups become runs of neighbours, so that each is a slice.
        tiered = tiered.sort(*tiers.within, "uscc")
    earned = tiered.select(f"earned_{indicator.id}" for indicator in cohort.indicator).to_numpy().astype(np.float64)
    present = ~np.isnan(earned)
    earned = np.where(present, earned, 0.0)
    factor, adjustments = (tiered[name].to_numpy().astype(np.float64) for name in ("factor", "adjustments"))
    base = tiered["tier"].replace_strict(["A", "B", "C", "D"], [0, 1, 2, 3], return_dtype=pl.Int8).to_numpy()
    groups = _groups(tiered, tiers)
    met = [tiered[f"override_{i}"].to_numpy() for i in range(len(overrides))]

    weights = _drawn_weights(cohort, robustness)
    kept = np.zeros(len(tiered), dtype=np.int64)
    portion = max(1, CELLS // len(tiered))
    for start in range(0, robustness.draws, portion):
        drawn = weights[start : start + portion]
        scores = _scores(drawn, earned, present) * factor + adjustments
        # In units of the last decimal, so that equal after rounding is equal.
        levels = _levels(np.rint(scores * _UNIT), tiers, groups)
        _override(levels, overrides, met)
        kept += (levels == base).sum(axis=0)
    return tiered.select("uscc", pl.Series("tier_confidence", kept / robustness.draws))


def _drawn_weights(cohort: Cohort, robustness: Robustness) -> Floats:
    """Draws × indicators: weights × lognormal(0, weight_sd), each draw scaled to the cohort's own sum."""
    weights = np.array([indicator.weight for indicator in cohort.indicator])
    generator = np.random.Generator(np.random.PCG64(robustness.seed))
    drawn = weights * generator.lognormal(0.0, robustness.weight_sd, size=(robustness.draws, len(weights)))
    return np.asarray(drawn * (weights.sum() / drawn.sum(axis=1, keepdims=True)))


def _scores(weights: Floats, earned: Floats, present: NDArray[np.bool_]) -> Floats:
    """Draws × enterprises: Σ weight × earned, scaled by Σ weights ÷ Σ weights of the indicators that have a score.

    Indicator by indicator instead of a matrix product, whose order of addition depends on the threads.
    """
    total = np.zeros((len(weights), len(earned)))
    for j in range(earned.shape[1]):
        total += weights[:, j, None] * earned[None, :, j]
    incomplete = np.flatnonzero(~present.all(axis=1))
    if incomplete.size:
        held = np.zeros((len(weights), incomplete.size))
        for j in range(earned.shape[1]):
            held += weights[:, j, None] * present[None, incomplete, j]
        total[:, incomplete] *= weights.sum(axis=1, keepdims=True) / held
    return total


def _groups(tiered: pl.DataFrame, tiers: Tiers) -> list[slice]:
    """The runs of rows that are ranked among themselves."""
    if not tiers.within or tiers.by == "score":
        return [slice(0, len(tiered))]
    lengths = tiered.select(pl.struct(tiers.within).rle().struct.field("len")).to_series().to_list()
    ends = np.cumsum(lengths).tolist()
    return [slice(end - length, end) for end, length in zip(ends, lengths, strict=True)]


def _levels(scores: Floats, tiers: Tiers, groups: Sequence[slice]) -> Levels:
    """Draws × enterprises: tiers of whole-number scores.

    By rank: at most k = ⌊n × cut⌋ scores are at least as high as one's own exactly when one's own is
    higher than the (k + 1)-th highest, so a partial sort at three places is all it takes.
    """
    levels = np.zeros(scores.shape, dtype=np.int8)
    if tiers.by == "score":
        for cut in (tiers.cuts.A, tiers.cuts.B, tiers.cuts.C):
            levels += scores < np.rint(cut * _UNIT)
        return levels
    for group in groups:
        part = scores[:, group]
        n = part.shape[1]
        places = [n - 1 - n * share // SHARE for share in cut_shares(tiers.cuts)]
        ordered = (
            np.partition(part, sorted({place for place in places if place >= 0}), axis=1) if max(places) >= 0 else part
        )
        for place in places:
            if place >= 0:
                levels[:, group] += part <= ordered[:, place, None]
    return levels


def _override(levels: Levels, overrides: Sequence[Override], met: Sequence[NDArray[np.bool_]]) -> None:
    """Applies the overrides in place, in order, to those who met them in the evaluation itself."""
    for override, mask in zip(overrides, met, strict=True):
        if not mask.any():
            continue
        level = np.int8("ABCD".index(override.tier or override.at_most or override.at_least or "D"))
        if override.tier is not None:
            levels[:, mask] = level
        elif override.at_most is not None:
            levels[:, mask] = np.maximum(levels[:, mask], level)
        else:
            levels[:, mask] = np.minimum(levels[:, mask], level)
