"""The draws: the share of them in which an enterprise keeps its tier (tier_confidence), and its ranks in them.

In a draw the weights are multiplied at random. Factors, adjustments and the enterprises that meet each override stay
as evaluated, and so do the shares earned unless the policy gives figures an error too (`data_error`); scores, ranks and
tiers are computed again in every draw. Draws come from PCG64 with the policy's seed, the same for every cohort, and
are computed in fixed order: the same figures on every machine and with any number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from efficiency.evaluation.robustness.data_error import drawn_shares
from efficiency.evaluation.robustness.rank_intervals import TAIL_OF_DATA, TAIL_OF_WEIGHTS, RankQuantiles, ranks_of
from efficiency.evaluation.scoring import UNIT, Floats, columns_used, levels_of, move_levels, runs, sizes_of
from efficiency.policy.model import Cohort, Override, Robustness, Tiers

CELLS = 200_000
"""Scores in memory per portion of draws: about as many as the processor's cache holds."""
CELLS_MOVED = 2_000_000
"""The same where figures are drawn too: a portion then has a high fixed cost, and larger ones are faster."""
THREADS = min(4, os.cpu_count() or 1)
"""Portions computed at the same time; each takes memory of its own."""


@dataclass(frozen=True, slots=True)
class Firmness:
    """What the draws say of each row of a frame; null where they say nothing."""

    tier_confidence: pl.Series
    """Share of the draws (0 to 1) in which the enterprise keeps its tier."""
    rank_low: pl.Series
    """The better end of the interval of its rank (see `rank_intervals`)."""
    rank_high: pl.Series
    """The worse end."""


def firmness(
    frame: pl.DataFrame,
    cohort: Cohort,
    overrides: Sequence[Override],
    robustness: Robustness,
    spreads: Mapping[str, float],
) -> Firmness:
    """How firm tier and rank of each row of `frame` are; null for rows of other cohorts and where there are no draws.

    `spreads`: measure → relative spread of its figures, see `data_error.spreads`. Without tiers there is no
    tier_confidence. The interval of a rank contains the rank itself.
    """
    draws, tiers = robustness.draws, cohort.tiers
    share, low, high = (
        pl.repeat(None, frame.height, dtype=dtype, eager=True) for dtype in (pl.Float64, pl.Int64, pl.Int64)
    )
    needed = ["uscc", "rank", "tier", "factor", "adjustments"]
    needed += [f"override_{i}" for i in range(len(overrides))]
    needed += [f"{part}_{item.id}" for item in cohort.indicator for part in ("earned", "value", "benchmark")]
    used = columns_used(cohort)
    needed += [name for name in sorted(used | set(tiers.within if tiers else ())) if name not in needed]
    of_cohort = (pl.col("cohort") == cohort.id) & pl.col("tier" if tiers else "rank").is_not_null()
    ranked = frame.select("cohort", *needed).with_row_index("__row").filter(of_cohort) if draws else frame.clear()
    if ranked.is_empty():
        return Firmness(share, low, high)
    if tiers and tiers.within and tiers.by == "rank":
        # Sorted, each group is a slice.
        ranked = ranked.sort(*tiers.within, "uscc")
    factor, adjustments = (ranked[name].to_numpy().astype(np.float64) for name in ("factor", "adjustments"))
    kept = _kept(ranked, frame, cohort, tiers, overrides) if tiers else None
    moved = {name: sd for name, sd in spreads.items() if name in used and sd}
    earned = _drawn(ranked, cohort, robustness, spreads) if moved else _as_evaluated(ranked, cohort)
    weights = _drawn_weights(cohort, robustness)
    portion = max(1, (CELLS_MOVED if moved else CELLS) // len(ranked))
    quantiles = RankQuantiles(len(ranked), draws, TAIL_OF_DATA if moved else TAIL_OF_WEIGHTS)

    def judged(first: int) -> NDArray[np.int32]:
        """The number of draws, of the portion that begins with `first`, in which each enterprise keeps its tier."""
        drawn = weights[first : first + portion]
        scores = _scores(drawn, earned(first, len(drawn)))
        scores *= factor
        scores += adjustments
        # An enterprise without any indicator score in a draw does not keep its tier there, and comes last.
        unscored = np.isnan(scores)
        # In whole units of the last decimal, so that scores equal after rounding are equal.
        scores *= UNIT
        np.rint(scores, out=scores)
        scores[unscored] = -np.inf
        quantiles.add(ranks_of(scores))
        return np.zeros(len(ranked), dtype=np.int32) if kept is None else kept(scores, unscored)

    with ThreadPoolExecutor(THREADS) as pool:
        total = sum(pool.map(judged, range(0, draws, portion)), start=np.zeros(len(ranked), dtype=np.int64))
    rows, rank = ranked["__row"], ranked["rank"].to_numpy()
    best, worst = quantiles.interval()
    return Firmness(
        share.scatter(rows, total / draws) if tiers else share,
        low.scatter(rows, np.minimum(best, rank)),
        high.scatter(rows, np.maximum(worst, rank)),
    )


def _kept(
    tiered: pl.DataFrame, frame: pl.DataFrame, cohort: Cohort, tiers: Tiers, overrides: Sequence[Override]
) -> Callable[[Floats, NDArray[np.bool_]], NDArray[np.int32]]:
    """(scores, unscored) of some draws → the number of them in which each enterprise of `tiered` keeps its tier.

    `frame`: all enterprises, of which those may be that count in the cohort's n without being ranked.
    """
    base = tiered["tier"].replace_strict(["A", "B", "C", "D"], [0, 1, 2, 3], return_dtype=pl.Int8).to_numpy()
    counted = frame.filter(pl.col("counted_in") == cohort.id).select("uscc", *tiers.within)
    groups, sizes = _groups(tiered, tiers, counted)
    met = [np.flatnonzero(tiered[f"override_{i}"].to_numpy()) for i in range(len(overrides))]

    def count(scores: Floats, unscored: NDArray[np.bool_]) -> NDArray[np.int32]:
        levels = levels_of(scores, tiers, groups, sizes)
        for override, who in zip(overrides, met, strict=True):
            move_levels(levels, override, who)
        return np.asarray(((levels == base) & ~unscored).sum(axis=0, dtype=np.int32))

    return count


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


def _as_evaluated(ranked: pl.DataFrame, cohort: Cohort) -> Callable[[int, int], _Earned]:
    """(first draw, number of draws) → the shares earned in the evaluation itself, whatever the draw."""
    once = _earned([ranked[f"earned_{i.id}"].to_numpy().astype(np.float64)[None, :] for i in cohort.indicator])
    return lambda _first, _count: once


def _drawn(
    ranked: pl.DataFrame, cohort: Cohort, robustness: Robustness, spreads: Mapping[str, float]
) -> Callable[[int, int], _Earned]:
    """(first draw, number of draws) → the shares earned in each draw by figures with a random error."""
    return lambda first, count: _earned(drawn_shares(ranked, cohort, robustness, spreads, range(first, first + count)))


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
