"""The shares that indicators earn when figures have a random error: the draws of `confidence` for data_sd > 0.

Each measure of each enterprise that a numerator or denominator uses is multiplied by lognormal(0, data_sd), once a
draw, wherever it is used: a tax that is too low is too low in every indicator. What is missing stays missing. Values,
shares and, if the policy asks for it, benchmarks are computed again from the drawn figures by the rules of
`efficiency.evaluation.scoring`, for all draws of a portion at once; ranking, factors and adjustments stay as evaluated.

Every draw has its own PCG64 stream, seeded by the policy's seed and the draw's number, whose factors go to the
enterprises in order of code: the same figures for any order of rows, any portion and any number of threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from efficiency.evaluation.scoring import (
    Floats,
    columns_used,
    groups_by,
    mean,
    own_benchmark,
    peer_statistics,
    quotient,
)
from efficiency.policy.expressions import column_names, scalar
from efficiency.policy.formulas import Formula, formula_of
from efficiency.policy.model import Benchmark, Cohort, Indicator, Robustness
from schemas.profile import TOTALS

_MEASURES = {column.name for column in TOTALS}


def drawn_shares(ranked: pl.DataFrame, cohort: Cohort, robustness: Robustness, first: int, count: int) -> list[Floats]:
    """For each indicator the shares of its weight that `ranked` enterprises earn in `count` draws from `first` on.

    `ranked`: the columns of `scoring.columns_used`, and value_<id>, benchmark_<id> and earned_<id> as evaluated. The
    arrays are draws × enterprises in the order of `ranked`, NaN where there is no score.
    """
    formula, shape = formula_of(cohort), (count, ranked.height)
    drawn = _drawn_measures(ranked, cohort, robustness, first, count)
    earned = []
    for indicator in cohort.indicator:
        top, bottom = (_computed(text, ranked, drawn, shape) for text in (indicator.numerator, indicator.denominator))
        value = _finite(quotient(top, bottom))
        benchmark = _benchmark(formula.benchmark_of(indicator), indicator, ranked, (top, bottom, value), robustness)
        of_peers = value if robustness.benchmarks else _evaluated("value", indicator, ranked)
        peers = peer_statistics(formula.peers, of_peers)
        earned.append(_filled(indicator, ranked, _earned(formula, indicator, value, benchmark, peers), robustness))
    return earned


def _drawn_measures(
    ranked: pl.DataFrame, cohort: Cohort, robustness: Robustness, first: int, count: int
) -> dict[str, Floats]:
    """Every measure that the indicators use, times its random factor: draws × enterprises."""
    names = sorted(columns_used(cohort) & _MEASURES)
    by_code = ranked["uscc"].rank("ordinal").to_numpy() - 1
    stated = [ranked[name].to_numpy() for name in names]
    drawn = {name: np.empty((count, ranked.height)) for name in names}
    for row in range(count):
        stream = np.random.PCG64(np.random.SeedSequence(robustness.seed, spawn_key=(first + row,)))
        factors = np.random.Generator(stream).lognormal(0.0, robustness.data_sd, size=(len(names), ranked.height))
        for name, figures, own in zip(names, stated, factors, strict=True):
            np.multiply(figures, own[by_code], out=drawn[name][row])
    return drawn


def _computed(text: str, ranked: pl.DataFrame, drawn: Mapping[str, Floats], shape: tuple[int, int]) -> Floats:
    """The scalar expression `text` over the drawn figures, and over `ranked` for columns that are not drawn."""
    if text in drawn:
        return drawn[text]
    used = column_names(text)
    columns = [
        pl.Series(name, drawn[name].ravel(), nan_to_null=True)
        if name in drawn
        else pl.concat([ranked[name]] * shape[0])
        for name in sorted(used)
    ]
    frame = pl.DataFrame([pl.int_range(shape[0] * shape[1], eager=True).alias("__row"), *columns])
    computed: Floats = frame.with_columns(scalar(text).alias("__computed"))["__computed"].to_numpy()
    return computed.reshape(shape)


def _finite(figures: Floats) -> Floats:
    return np.where(np.isfinite(figures), figures, np.nan)


def _evaluated(part: str, indicator: Indicator, ranked: pl.DataFrame) -> Floats:
    """1 × enterprises: the column `part` (value, benchmark or earned) of the indicator, as evaluated."""
    return ranked[f"{part}_{indicator.id}"].to_numpy().astype(np.float64)[None, :]


def _benchmark(
    spec: Benchmark | None,
    indicator: Indicator,
    ranked: pl.DataFrame,
    figures: tuple[Floats, Floats, Floats],
    robustness: Robustness,
) -> Floats:
    """The benchmark of each enterprise: as evaluated (one row), or draws × enterprises by the figures of each draw."""
    if spec is None or spec.stat is None or not robustness.benchmarks:
        return _evaluated("benchmark", indicator, ranked)
    benchmark = own_benchmark(spec, *figures, groups_by(ranked, spec.within))
    return np.where(benchmark > 0, benchmark, np.nan)


def _earned(
    formula: Formula, indicator: Indicator, value: Floats, benchmark: Floats, peers: Sequence[Floats]
) -> Floats:
    """The share by the formula, draws × enterprises: the expression of the evaluation, over all draws in one column."""
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
    """`earned` after the indicator's `missing` rule, as in `scoring.scores`."""
    if indicator.missing == "zero":
        return np.where(np.isnan(earned), 0.0, earned)
    if indicator.missing == "cohort_mean":
        # Filling gaps with the mean does not change it, so the evaluated shares still have the same mean.
        stated = earned if robustness.benchmarks else _evaluated("earned", indicator, ranked)
        return np.where(np.isnan(earned), mean(stated), earned)
    return earned
