"""The shares that values earn in many cases at once, by the expressions of the evaluation itself.

A case is a draw with other figures, or one enterprise with one figure changed. Arrays are cases × enterprises; where
nothing differs between the cases they may have one row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from efficiency.evaluation.scoring.benchmarks import own_benchmark
from efficiency.evaluation.scoring.group_statistics import Floats, groups_by, mean
from efficiency.policy.expressions import column_names, scalar
from efficiency.policy.formulas import Formula
from efficiency.policy.model import Benchmark, Indicator


def benchmark_in_cases(
    spec: Benchmark | None, top: Floats, bottom: Floats, value: Floats, *, members: pl.DataFrame, evaluated: Floats
) -> Floats:
    """The benchmark of each of `members`: a statistic taken again from the figures of each case, else as `evaluated`.

    `top`, `bottom`, `value`: numerators, denominators and values. NaN where it is not positive.
    """
    if spec is None or spec.stat is None:
        return evaluated
    benchmark = own_benchmark(spec, top, bottom, value, groups_by(members, spec.within))
    return np.where(benchmark > 0, benchmark, np.nan)


def earned_shares(
    formula: Formula,
    indicator: Indicator,
    value: Floats,
    benchmark: Floats,
    peers: Sequence[Floats],
    *,
    uncapped: bool = False,
) -> Floats:
    """The share by the formula, cases × enterprises: its expression over all cases in one column; NaN for none."""
    figures = {"value": value, "benchmark": benchmark, **{f"peer_{i}": peer for i, peer in enumerate(peers)}}
    shape = np.broadcast_shapes(*(part.shape for part in figures.values()))
    frame = pl.DataFrame(
        [pl.Series(name, np.broadcast_to(part, shape).ravel(), nan_to_null=True) for name, part in figures.items()]
    )
    own, reference, *others = (pl.col(name) for name in figures)
    share = (formula.uncapped if uncapped else formula.earned)(indicator, own, reference, others)
    return np.asarray(frame.select(share.fill_null(np.nan)).to_series().to_numpy()).reshape(shape)


def filled_shares(indicator: Indicator, share: Floats, of_mean: Floats) -> Floats:
    """`share` after the indicator's `missing` rule; `of_mean`: the shares whose mean a missing one is filled with."""
    if indicator.missing == "zero":
        return np.where(np.isnan(share), 0.0, share)
    if indicator.missing == "cohort_mean":
        return np.where(np.isnan(share), mean(of_mean), share)
    return share


def mapped(columns: Mapping[str, Floats], frame: pl.DataFrame, text: str, shape: tuple[int, int]) -> Floats:
    """The scalar expression `text` of each case, cases × enterprises (`shape`).

    A column that it names is taken from `columns` (cases × enterprises), else from `frame` (one row per enterprise).
    """
    if text in columns:
        return columns[text]
    found = [
        pl.Series(name, moved.ravel(), nan_to_null=True)
        if (moved := columns.get(name)) is not None
        else pl.concat([frame[name]] * shape[0])
        for name in sorted(column_names(text))
    ]
    rows = pl.DataFrame([pl.int_range(shape[0] * shape[1], eager=True).alias("__row"), *found])
    computed: Floats = rows.with_columns(scalar(text).alias("__computed"))["__computed"].to_numpy()
    return computed.reshape(shape)
