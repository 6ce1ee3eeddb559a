"""Benchmarks: the value that earns the full weight, fixed or taken over the cohort's ranked enterprises.

Which enterprises are ranked depends on values alone, so that a benchmark over them is not its own input. Each
indicator adds benchmark_<id>, members_<id> and scope_<id> to the cohort's frame.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from efficiency.evaluation.scoring.group_statistics import (
    Floats,
    Groups,
    counts,
    counts_of_others,
    groups_by,
    quotient,
    statistic,
    statistic_of_others,
    sums,
)
from efficiency.evaluation.scoring.indicators import RANKED
from efficiency.policy.formulas import formula_of
from efficiency.policy.model import Benchmark, Cohort, Indicator
from schemas.profile import PROFILE_TITLES


def add_benchmarks(graded: pl.DataFrame, cohort: Cohort, *, worded: bool = True) -> tuple[pl.DataFrame, list[str]]:
    """`graded` with each indicator's benchmark, and warnings (Chinese) about benchmarks that are not positive.

    benchmark_<id>, in the unit of the value, is null where the formula uses none or it is not positive; members_<id>
    is the number of values behind a statistic, null for a fixed one; scope_<id> names its group in Chinese;
    own_share_<id> is the weight of the enterprise's own figure in the mean that it is held against. Where it is not
    `worded`, there are benchmarks alone, and no warnings.
    """
    formula = formula_of(cohort)
    specs = {indicator.id: formula.benchmark_of(indicator) for indicator in cohort.indicator}
    # Most indicators are compared within the same groups: each grouping is formed once.
    grouped = {within: groups_by(graded, within) for within in {spec.within for spec in specs.values() if spec}}

    def added(indicator: Indicator) -> list[pl.Series]:
        spec = specs[indicator.id]
        if spec is None:
            members = graded.select(pl.col(f"value_{indicator.id}").filter(RANKED).count()).item()
            return _same_for_all(graded.height, indicator, None, members, formula.scope)
        if spec.fixed is not None:
            return _same_for_all(graded.height, indicator, spec.fixed, None, "固定值")
        if not worded:
            top, bottom, value = _figures(graded, indicator)
            benchmark = own_benchmark(spec, top, bottom, value, grouped[spec.within])[0]
            usable = np.where(benchmark > 0, benchmark, np.nan)
            return [pl.Series(f"benchmark_{indicator.id}", usable, nan_to_null=True)]
        return _statistic(graded, indicator, spec, grouped[spec.within])

    frame = graded.with_columns(column for indicator in cohort.indicator for column in added(indicator))
    warnings: list[str] = []
    for indicator in cohort.indicator if worded else ():
        if (spec := specs[indicator.id]) and spec.stat:
            frame, unusable = _drop_not_positive(frame, indicator, cohort)
            warnings += unusable
    return frame, warnings


def _same_for_all(
    height: int, indicator: Indicator, benchmark: float | None, members: int | None, scope: str
) -> list[pl.Series]:
    """The same in every row, as full columns: polars divides by a single number by multiplying with 1 ÷ it."""
    same = (
        ("benchmark", benchmark, pl.Float64),
        ("members", members, pl.Int64),
        ("scope", scope, pl.String),
        ("own_share", None, pl.Float64),
    )
    return [
        pl.repeat(value, height, dtype=dtype, eager=True).alias(f"{name}_{indicator.id}") for name, value, dtype in same
    ]


def own_benchmark(spec: Benchmark, top: Floats, bottom: Floats, value: Floats, groups: Groups) -> Floats:
    """Draws × enterprises: the statistic of each one's group, or of all where the group has under `min_group` values.

    `top`, `bottom`, `value`: numerators, denominators and values, draws × enterprises. With `leave_one_out` each
    enterprise is left out of its group, of the number of values and of all.
    """
    if spec.leave_one_out:
        whole = statistic_of_others(spec, top, bottom, value, _everybody(value))
        if not spec.within:
            return whole
        enough = counts_of_others(value, groups) >= spec.min_group
        return np.where(enough, statistic_of_others(spec, top, bottom, value, groups), whole)
    whole = statistic(spec, top, bottom, value, _everybody(value))
    if not spec.within:
        return np.repeat(whole, value.shape[1], axis=1)
    of_group = np.where(counts(value, groups) >= spec.min_group, statistic(spec, top, bottom, value, groups), whole)
    return of_group[:, groups.of]


def _everybody(value: Floats) -> Groups:
    return groups_by(pl.DataFrame(height=value.shape[1]), ())


def _statistic(frame: pl.DataFrame, indicator: Indicator, spec: Benchmark, groups: Groups) -> list[pl.Series]:
    """benchmark_<id>, members_<id> and scope_<id> of a statistic over the ranked enterprises."""
    top, bottom, value = _figures(frame, indicator)
    benchmark = own_benchmark(spec, top, bottom, value, groups)[0]
    everybody = _everybody(value)
    if spec.leave_one_out:
        own, of_all = (counts_of_others(value, of)[0] for of in (groups, everybody))
    else:
        own, of_all = (counts(value, of)[0][of.of] for of in (groups, everybody))
    in_group = own >= spec.min_group if spec.within else np.zeros(frame.height, dtype=bool)
    scopes = pl.repeat("评价组", frame.height, eager=True)
    if spec.within:
        label = pl.format(
            "、".join(f"{PROFILE_TITLES[key]}{{}}" for key in spec.within),
            *(pl.col(key).cast(pl.String).fill_null("未填") for key in spec.within),
        )
        fallback = pl.format(f"评价组({{}}不足{spec.min_group}家)", label)
        named = groups.keys.select(label.alias("own"), fallback.alias("all"))
        chosen = [named[name].gather(groups.of) for name in ("own", "all")]
        scopes = chosen[0].zip_with(pl.Series(in_group), chosen[1])
    if spec.leave_one_out:
        scopes = scopes + "，不含本企业"
    share = np.where(in_group, _own_share(spec, bottom, value, groups), _own_share(spec, bottom, value, everybody))
    return [
        pl.Series(f"benchmark_{indicator.id}", benchmark, nan_to_null=True),
        pl.Series(f"members_{indicator.id}", np.where(in_group, own, of_all), dtype=pl.Int64),
        scopes.alias(f"scope_{indicator.id}"),
        pl.Series(f"own_share_{indicator.id}", share, nan_to_null=True),
    ]


def _figures(frame: pl.DataFrame, indicator: Indicator) -> tuple[Floats, Floats, Floats]:
    """1 × enterprises each: numerators, denominators, and the values of ranked enterprises, who make the benchmark."""
    figures = (f"{part}_{indicator.id}" for part in ("numerator", "denominator", "value"))
    top, bottom, value = (frame[name].to_numpy().astype(np.float64)[None, :] for name in figures)
    return top, bottom, np.where(frame["is_ranked"].to_numpy(), value, np.nan)


def _own_share(spec: Benchmark, bottom: Floats, value: Floats, groups: Groups) -> Floats:
    """The weight (0 to 1) of each one's value in the mean of its group; NaN where it has none.

    In a weighted mean it is the share of the denominators: Σ numerators ÷ Σ denominators is the mean of the values
    weighted by them.
    """
    if spec.leave_one_out or spec.stat not in ("weighted_mean", "mean"):
        return np.full(value.shape[1], np.nan)
    known = ~np.isnan(value)
    weights = np.where(known, bottom if spec.stat == "weighted_mean" else 1.0, 0.0)
    share = quotient(weights, sums(weights, groups)[:, groups.of])[0]
    return np.where(known[0], share, np.nan)


def _drop_not_positive(frame: pl.DataFrame, indicator: Indicator, cohort: Cohort) -> tuple[pl.DataFrame, list[str]]:
    """`frame` with null for benchmarks that are not positive, which no value can be scored by; a warning per group."""
    benchmark = pl.col(f"benchmark_{indicator.id}")
    # A group whose denominators sum to 0 has values but no quotient: as unusable as a negative one.
    unusable = ((benchmark <= 0) | (benchmark.is_null() & (pl.col(f"members_{indicator.id}") > 0))).fill_null(
        value=False
    )
    bad = (
        frame.filter(unusable & RANKED)
        .group_by(f"scope_{indicator.id}", f"benchmark_{indicator.id}", maintain_order=True)
        .agg(pl.len())
        .sort(f"scope_{indicator.id}")
    )
    warnings = [
        f"评价组“{cohort.label}”指标“{indicator.title}”的基准值({scope})"
        f"{'无法计算' if value is None else f'为{value:.4g}，不是正数'}，{count}家企业此项按缺项处理"
        for scope, value, count in bad.iter_rows()
    ]
    return frame.with_columns(pl.when(~unusable).then(benchmark).alias(f"benchmark_{indicator.id}")), warnings
