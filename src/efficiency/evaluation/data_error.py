"""What indicators would earn if figures were a little other than stated: the draws of `confidence` over data error.

Each measure of each enterprise that a numerator or denominator uses is multiplied by lognormal(0, data_sd), once a
draw, wherever it is used: tax that is too low is too low in every indicator. What is missing stays missing. Values,
scores and, if the policy asks for it, benchmarks are taken again from the moved figures by the rules of `indicators`,
`benchmarks` and `scores`, for all draws of a portion at once; who is ranked, factors and adjustments stay.

Every draw has its own PCG64 stream, seeded by the policy's seed and the draw's number, and gives its factors to the
enterprises in order of code: the same figures for any order of rows, any portion and any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import polars as pl

from efficiency.evaluation.scoring import Floats, groups_by, mean, own_benchmark, peer_statistics, quotient
from efficiency.policy.expressions import column_names, scalar
from efficiency.policy.formulas import Formula, formula_of
from efficiency.policy.model import Benchmark, Cohort, Indicator, Robustness
from schemas.profile import TOTALS

Earnings = Callable[[int, int], list[Floats]]
"""(first draw, how many) → for each indicator what its enterprises earn, as shares of its weight."""

_MEASURES = {column.name for column in TOTALS}


def moved_earnings(ranked: pl.DataFrame, cohort: Cohort, robustness: Robustness) -> Earnings:
    """What the `ranked` enterprises of `cohort` earn in each draw, in their order of rows.

    `ranked`: everything that the numerators and denominators use, value_<id>, benchmark_<id> and earned_<id>, and
    the columns by which benchmarks are grouped.
    """
    return partial(_earnings, ranked, cohort, robustness)


def used_columns(cohort: Cohort) -> set[str]:
    """The columns of the profile that `moved_earnings` reads."""
    used = {name for i in cohort.indicator for name in column_names(i.numerator) | column_names(i.denominator)}
    specs = (formula_of(cohort).benchmark_of(indicator) for indicator in cohort.indicator)
    return used | {name for spec in specs if spec for name in spec.within}


def _earnings(ranked: pl.DataFrame, cohort: Cohort, robustness: Robustness, first: int, count: int) -> list[Floats]:
    formula, shape = formula_of(cohort), (count, ranked.height)
    moved = _moved_measures(ranked, cohort, robustness, first, count)
    earned = []
    for indicator in cohort.indicator:
        top, bottom = (_computed(text, ranked, moved, shape) for text in (indicator.numerator, indicator.denominator))
        value = _finite(quotient(top, bottom))
        benchmark = _benchmark(formula.benchmark_of(indicator), indicator, ranked, (top, bottom, value), robustness)
        of_peers = value if robustness.benchmarks else _evaluated("value", indicator, ranked)
        peers = peer_statistics(formula.peers, of_peers)
        earned.append(_filled(indicator, ranked, _earned(formula, indicator, value, benchmark, peers), robustness))
    return earned


def _moved_measures(
    ranked: pl.DataFrame, cohort: Cohort, robustness: Robustness, first: int, count: int
) -> dict[str, Floats]:
    """Every measure that is used, moved in each of the draws."""
    names = sorted(used_columns(cohort) & _MEASURES)
    by_code = ranked["uscc"].rank("ordinal").to_numpy() - 1
    stated = [ranked[name].to_numpy() for name in names]
    moved = {name: np.empty((count, ranked.height)) for name in names}
    for row in range(count):
        stream = np.random.PCG64(np.random.SeedSequence(robustness.seed, spawn_key=(first + row,)))
        factors = np.random.Generator(stream).lognormal(0.0, robustness.data_sd, size=(len(names), ranked.height))
        for name, figures, own in zip(names, stated, factors, strict=True):
            np.multiply(figures, own[by_code], out=moved[name][row])
    return moved


def _computed(text: str, ranked: pl.DataFrame, moved: Mapping[str, Floats], shape: tuple[int, int]) -> Floats:
    """The scalar expression `text` over the moved figures."""
    if text in moved:
        return moved[text]
    used = column_names(text)
    columns = [
        pl.Series(name, moved[name].ravel(), nan_to_null=True)
        if name in moved
        else pl.concat([ranked[name]] * shape[0])
        for name in sorted(used)
    ]
    frame = pl.DataFrame([pl.int_range(shape[0] * shape[1], eager=True).alias("__row"), *columns])
    computed: Floats = frame.with_columns(scalar(text).alias("__computed"))["__computed"].to_numpy()
    return computed.reshape(shape)


def _finite(figures: Floats) -> Floats:
    return np.where(np.isfinite(figures), figures, np.nan)


def _evaluated(part: str, indicator: Indicator, ranked: pl.DataFrame) -> Floats:
    """1 × enterprises: value, benchmark or earned of the evaluation itself."""
    return ranked[f"{part}_{indicator.id}"].to_numpy().astype(np.float64)[None, :]


def _benchmark(
    spec: Benchmark | None,
    indicator: Indicator,
    ranked: pl.DataFrame,
    figures: tuple[Floats, Floats, Floats],
    robustness: Robustness,
) -> Floats:
    """The benchmark of each enterprise: as evaluated (one row), or of each draw by its own figures."""
    if spec is None or spec.stat is None or not robustness.benchmarks:
        return _evaluated("benchmark", indicator, ranked)
    benchmark = own_benchmark(spec, *figures, groups_by(ranked, spec.within))
    return np.where(benchmark > 0, benchmark, np.nan)


def _earned(
    formula: Formula, indicator: Indicator, value: Floats, benchmark: Floats, peers: Sequence[Floats]
) -> Floats:
    """What the formula gives for the figures of each draw: all draws in one column, computed as an evaluation is."""
    figures = {"value": value, "benchmark": benchmark, **{f"peer_{i}": peer for i, peer in enumerate(peers)}}
    frame = pl.DataFrame(
        [
            pl.Series(name, np.broadcast_to(part, value.shape).ravel(), nan_to_null=True)
            for name, part in figures.items()
        ]
    )
    own, reference, *others = (pl.col(name) for name in figures)
    earned = frame.select(formula.earned(indicator, own, reference, others).fill_null(np.nan)).to_series()
    return np.asarray(earned.to_numpy()).reshape(value.shape)


def _filled(indicator: Indicator, ranked: pl.DataFrame, earned: Floats, robustness: Robustness) -> Floats:
    """`earned` with the indicator's rule for what has no score applied."""
    if indicator.missing == "zero":
        return np.where(np.isnan(earned), 0.0, earned)
    if indicator.missing == "cohort_mean":
        # To fill gaps with the mean left the mean as it was, so it can be read from what was evaluated.
        stated = earned if robustness.benchmarks else _evaluated("earned", indicator, ranked)
        return np.where(np.isnan(earned), mean(stated), earned)
    return earned
