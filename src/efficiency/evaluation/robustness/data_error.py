"""The shares that indicators earn when figures have a random error: the draws of `confidence` where data_sd is not 0.

Each measure of each enterprise that a numerator or denominator uses is multiplied by lognormal(0, its spread), once a
draw, wherever it is used: a tax that is too low is too low in every indicator. What is missing stays missing. Values,
shares and, if the policy asks for it, benchmarks are computed again from the drawn figures by the rules of
`efficiency.evaluation.scoring`, for all draws of a portion at once; ranking, factors and adjustments stay as evaluated.

Every draw has its own PCG64 stream, seeded by the policy's seed and the draw's number, whose factors go to the
enterprises in order of code: the same figures for any order of rows, any portion and any number of threads.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from efficiency.evaluation.scoring import (
    Floats,
    benchmark_in_cases,
    columns_used,
    earned_shares,
    filled_shares,
    mapped,
    peer_statistics,
    quotient,
)
from efficiency.policy.formulas import formula_of
from efficiency.policy.model import Cohort, Indicator, Robustness
from schemas.profile import TOTALS

_MEASURES = {column.name for column in TOTALS}


def spreads(robustness: Robustness, own: pl.DataFrame | None) -> dict[str, float]:
    """Measure → relative spread of its figures by the policy: one figure for all, or that of the zone's history.

    `own`: what the zone's history shows (shape `own_error.OWN_ERRORS`); a measure that it does not name has the
    policy's figure.
    """
    if robustness.data_sd != "own":
        return dict.fromkeys(_MEASURES, robustness.data_sd)
    known = {} if own is None else dict(own.select("measure", "used").iter_rows())
    return dict.fromkeys(_MEASURES, robustness.data_sd_otherwise) | known


def drawn_shares(
    ranked: pl.DataFrame, cohort: Cohort, robustness: Robustness, spread: Mapping[str, float], draws: range
) -> list[Floats]:
    """For each indicator the shares of its weight that `ranked` enterprises earn in the `draws` of these numbers.

    `spread`: measure → relative spread of its figures. `ranked`: the columns of `scoring.columns_used`, and value_<id>,
    benchmark_<id> and earned_<id> as evaluated. The arrays are draws × enterprises in the order of `ranked`, NaN where
    there is no score.
    """
    formula, shape = formula_of(cohort), (len(draws), ranked.height)
    drawn = _drawn_measures(ranked, cohort, robustness, spread, draws)
    earned = []
    for indicator in cohort.indicator:
        top, bottom = (mapped(drawn, ranked, text, shape) for text in (indicator.numerator, indicator.denominator))
        value = _finite(quotient(top, bottom))
        spec = formula.benchmark_of(indicator) if robustness.benchmarks else None
        evaluated = _evaluated("benchmark", indicator, ranked)
        benchmark = benchmark_in_cases(spec, top, bottom, value, members=ranked, evaluated=evaluated)
        of_peers = value if robustness.benchmarks else _evaluated("value", indicator, ranked)
        peers = peer_statistics(formula.peers, of_peers)
        share = earned_shares(formula, indicator, value, benchmark, peers)
        # Filling gaps with the mean does not change it, so the evaluated shares still have the same mean.
        stated = share if robustness.benchmarks else _evaluated("earned", indicator, ranked)
        earned.append(filled_shares(indicator, share, stated))
    return earned


def _drawn_measures(
    ranked: pl.DataFrame, cohort: Cohort, robustness: Robustness, spread: Mapping[str, float], draws: range
) -> dict[str, Floats]:
    """Every measure that the indicators use, times its random factor: draws × enterprises."""
    names = sorted(columns_used(cohort) & _MEASURES)
    by_code = ranked["uscc"].rank("ordinal").to_numpy() - 1
    stated = [ranked[name].to_numpy() for name in names]
    sds = np.array([spread[name] for name in names]).reshape(-1, 1)
    drawn = {name: np.empty((len(draws), ranked.height)) for name in names}
    for row, number in enumerate(draws):
        stream = np.random.PCG64(np.random.SeedSequence(robustness.seed, spawn_key=(number,)))
        factors = np.random.Generator(stream).lognormal(0.0, sds, size=(len(names), ranked.height))
        for name, figures, own in zip(names, stated, factors, strict=True):
            np.multiply(figures, own[by_code], out=drawn[name][row])
    return drawn


def _finite(figures: Floats) -> Floats:
    return np.where(np.isfinite(figures), figures, np.nan)


def _evaluated(part: str, indicator: Indicator, ranked: pl.DataFrame) -> Floats:
    """1 × enterprises: the column `part` (value, benchmark or earned) of the indicator, as evaluated."""
    return ranked[f"{part}_{indicator.id}"].to_numpy().astype(np.float64)[None, :]
