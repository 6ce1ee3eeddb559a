"""tier_confidence: the share of draws, with weights multiplied at random, in which an enterprise keeps its tier.

Factors, adjustments and the enterprises that meet each override stay as evaluated, and so do the shares earned unless
the policy gives figures an error too (`data_error`); scores and tiers are computed again in every draw. Draws come
from PCG64 with the policy's seed, the same for every cohort, and are computed in fixed order: the same figures on
every machine and with any number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from efficiency.evaluation.robustness.data_error import drawn_shares
from efficiency.evaluation.scoring import UNIT, Floats, columns_used, levels_of, move_levels, runs, sizes_of
from efficiency.policy.model import Cohort, Override, Robustness, Tiers

CELLS = 200_000
"""Scores in memory per portion of draws: about as many as the processor's cache holds."""
CELLS_MOVED = 2_000_000
"""The same where figures are drawn too: a portion then has a high fixed cost, and larger ones are faster."""
THREADS = min(4, os.cpu_count() or 1)
"""Portions computed at the same time; each takes memory of its own."""


def tier_confidence(
    frame: pl.DataFrame, cohort: Cohort, overrides: Sequence[Override], robustness: Robustness
) -> pl.Series:
    """Share of the draws (0 to 1) in which each row of `frame` keeps its tier.

    Null for rows of other cohorts, for rows without a tier, and where the policy asks for no draws.
    """
    tiers = cohort.tiers
    nothing = pl.repeat(None, frame.height, dtype=pl.Float64, eager=True)
    if tiers is None or robustness.draws == 0:
        return nothing
    needed = ["uscc", "tier", "factor", "adjustments", *(f"override_{i}" for i in range(len(overrides)))]
    needed += [f"{part}_{item.id}" for item in cohort.indicator for part in ("earned", "value", "benchmark")]
    needed += [name for name in sorted(columns_used(cohort) | set(tiers.within)) if name not in needed]
    of_cohort = (pl.col("cohort") == cohort.id) & pl.col("tier").is_not_null()
    tiered = frame.select("cohort", *needed).with_row_index("__row").filter(of_cohort)
    if tiered.is_empty():
        return nothing
    if tiers.within and tiers.by == "rank":
        # Sorted, each group is a slice.
        tiered = tiered.sort(*tiers.within, "uscc")
    factor, adjustments = (tiered[name].to_numpy().astype(np.float64) for name in ("factor", "adjustments"))
    base = tiered["tier"].replace_strict(["A", "B", "C", "D"], [0, 1, 2, 3], return_dtype=pl.Int8).to_numpy()
    counted = frame.filter(pl.col("counted_in") == cohort.id).select("uscc", *tiers.within)
    groups, sizes = _groups(tiered, tiers, counted)
    met = [np.flatnonzero(tiered[f"override_{i}"].to_numpy()) for i in range(len(overrides))]
    earned = _drawn(tiered, cohort, robustness) if robustness.data_sd else _as_evaluated(tiered, cohort)
    weights = _drawn_weights(cohort, robustness)
    portion = max(1, (CELLS_MOVED if robustness.data_sd else CELLS) // len(tiered))

    def kept(first: int) -> NDArray[np.int32]:
        """The number of draws, of the portion that begins with `first`, in which each enterprise keeps its tier."""
        drawn = weights[first : first + portion]
        scores = _scores(drawn, earned(first, len(drawn)))
        scores *= factor
        scores += adjustments
        # An enterprise without any indicator score in a draw does not keep its tier there.
        unscored = np.isnan(scores)
        # In whole units of the last decimal, so that scores equal after rounding are equal.
        scores *= UNIT
        np.rint(scores, out=scores)
        scores[unscored] = -np.inf
        levels = levels_of(scores, tiers, groups, sizes)
        for override, who in zip(overrides, met, strict=True):
            move_levels(levels, override, who)
        return np.asarray(((levels == base) & ~unscored).sum(axis=0, dtype=np.int32))

    with ThreadPoolExecutor(THREADS) as pool:
        total = sum(pool.map(kept, range(0, robustness.draws, portion)), start=np.zeros(len(tiered), dtype=np.int64))
    return nothing.scatter(tiered["__row"], total / robustness.draws)


@dataclass(frozen=True, slots=True)
class _Earned:
    """The shares earned: one array per indicator, draws × enterprises or one row for all draws."""

    items: list[Floats]
    """0 where there is no score."""
    incomplete: NDArray[np.intp]
    """The enterprises that lack a score of some indicator in some draw."""
    has: list[Floats]
    """One array per indicator, for the incomplete enterprises alone: 1 where there is a score, else 0."""


def _earned(items: Sequence[Floats]) -> _Earned:
    """The shares `items`, NaN where there is no score."""
    present = [~np.isnan(item) for item in items]
    incomplete = np.flatnonzero(~np.all([has.all(axis=0) for has in present], axis=0))
    return _Earned(
        [np.where(has, item, 0.0) for has, item in zip(present, items, strict=True)],
        incomplete,
        [has[:, incomplete].astype(np.float64) for has in present],
    )


def _as_evaluated(tiered: pl.DataFrame, cohort: Cohort) -> Callable[[int, int], _Earned]:
    """(first draw, number of draws) → the shares earned in the evaluation itself, whatever the draw."""
    once = _earned([tiered[f"earned_{i.id}"].to_numpy().astype(np.float64)[None, :] for i in cohort.indicator])
    return lambda _first, _count: once


def _drawn(tiered: pl.DataFrame, cohort: Cohort, robustness: Robustness) -> Callable[[int, int], _Earned]:
    """(first draw, number of draws) → the shares earned in each draw by figures with a random error."""
    return lambda first, count: _earned(drawn_shares(tiered, cohort, robustness, first, count))


def _drawn_weights(cohort: Cohort, robustness: Robustness) -> Floats:
    """Draws × indicators: weights × lognormal(0, weight_sd), each draw scaled to the sum of the cohort's weights."""
    weights = np.array([indicator.weight for indicator in cohort.indicator])
    generator = np.random.Generator(np.random.PCG64(robustness.seed))
    drawn = weights * generator.lognormal(0.0, robustness.weight_sd, size=(robustness.draws, len(weights)))
    return np.asarray(drawn * (weights.sum() / drawn.sum(axis=1, keepdims=True)))


def _scores(weights: Floats, earned: _Earned) -> Floats:
    """Draws × enterprises: Σ weight × earned, scaled by Σ weights ÷ Σ weights of the indicators that have a score.

    Summed indicator by indicator: the order of addition in a matrix product depends on the number of threads.
    """
    total = np.zeros((len(weights), earned.items[0].shape[1]))
    term = np.empty_like(total)
    for j, item in enumerate(earned.items):
        total += np.multiply(weights[:, j, None], item, out=term)
    if earned.incomplete.size:
        held = np.zeros((len(weights), earned.incomplete.size))
        for j, has in enumerate(earned.has):
            held += weights[:, j, None] * has
        with np.errstate(all="ignore"):
            total[:, earned.incomplete] *= weights.sum(axis=1, keepdims=True) / held
    return total


def _groups(tiered: pl.DataFrame, tiers: Tiers, counted: pl.DataFrame) -> tuple[list[slice], list[int]]:
    """The slices of rows that are ranked among themselves, and the n of each, `counted` included."""
    if not tiers.within or tiers.by == "score":
        return [slice(0, len(tiered))], [len(tiered) + counted.height]
    grouped = tiered.group_by(tiers.within, maintain_order=True).len()
    lengths = grouped["len"].to_list()
    return runs(lengths), sizes_of(grouped.drop("len"), lengths, counted)
