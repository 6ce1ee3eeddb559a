"""Benchmarks: the value that earns the full weight, fixed or taken over the cohort's ranked enterprises.

Who is ranked depends on values alone, never on a benchmark, so there is no circle. Each indicator adds
benchmark_<id>, members_<id> and scope_<id>.
"""

from __future__ import annotations

import polars as pl

from efficiency.evaluation.indicators import RANKED
from efficiency.policy.model import Benchmark, Cohort, Indicator
from schemas.profile import PROFILE

_TITLES = {column.name: column.title for column in PROFILE.columns}


def add_benchmarks(graded: pl.DataFrame, cohort: Cohort) -> tuple[pl.DataFrame, list[str]]:
    """`graded` with each indicator's benchmark, and warnings about benchmarks that are not positive.

    benchmark_<id> is null where there is none that can be used (and for min–max); members_<id> is the
    number of values behind a statistic; scope_<id> says in Chinese whose benchmark it is.
    """
    warnings: list[str] = []
    frame = graded
    for indicator in cohort.indicator:
        if cohort.formula == "minmax" or indicator.benchmark is None:
            frame = frame.with_columns(_columns(indicator, None, None, "评价组最大、最小值"))
        elif indicator.benchmark.fixed is not None:
            frame = frame.with_columns(_columns(indicator, indicator.benchmark.fixed, None, "固定值"))
        else:
            frame = _statistic(frame, indicator, indicator.benchmark)
            frame, unusable = _drop_not_positive(frame, indicator, cohort)
            warnings += unusable
    return frame, warnings


def _columns(indicator: Indicator, benchmark: float | None, members: int | None, scope: str) -> list[pl.Expr]:
    return [
        pl.lit(benchmark, dtype=pl.Float64).alias(f"benchmark_{indicator.id}"),
        pl.lit(members, dtype=pl.Int64).alias(f"members_{indicator.id}"),
        pl.lit(scope).alias(f"scope_{indicator.id}"),
    ]


def _statistic(frame: pl.DataFrame, indicator: Indicator, benchmark: Benchmark) -> pl.DataFrame:
    """The statistic over the group of `within`, or over the cohort where the group has under `min_group` values."""
    whole = frame.select(_value(indicator, benchmark).alias("value"), _members(indicator).alias("members"))
    value, members = whole.row(0)
    if not benchmark.within:
        return frame.with_columns(_columns(indicator, value, members, "评价组"))
    keys = list(benchmark.within)
    # One aggregation per group and a join that takes null keys for equal: `over` would do it once per row.
    groups = frame.group_by(keys, maintain_order=True).agg(
        _value(indicator, benchmark).alias("__value"), _members(indicator).alias("__members")
    )
    enough = pl.col("__members") >= benchmark.min_group
    label = pl.format(
        "、".join(f"{_TITLES[key]}{{}}" for key in keys),
        *(pl.col(key).cast(pl.String).fill_null("未填") for key in keys),
    )
    return (
        frame.join(groups, on=keys, how="left", nulls_equal=True, validate="m:1", maintain_order="left")
        .with_columns(
            pl.when(enough)
            .then("__value")
            .otherwise(pl.lit(value, dtype=pl.Float64))
            .alias(f"benchmark_{indicator.id}"),
            pl.when(enough)
            .then("__members")
            .otherwise(pl.lit(members))
            .cast(pl.Int64)
            .alias(f"members_{indicator.id}"),
            pl.when(enough)
            .then(label)
            .otherwise(pl.format(f"评价组({{}}不足{benchmark.min_group}家)", label))
            .alias(f"scope_{indicator.id}"),
        )
        .drop("__value", "__members")
    )


def _value(indicator: Indicator, benchmark: Benchmark) -> pl.Expr:
    """The statistic of the ranked enterprises that have a value; null when none has."""
    value = pl.col(f"value_{indicator.id}")
    counted = RANKED & value.is_not_null()
    values = value.filter(counted)
    statistics = {
        # The sum of nothing is 0, which would make the quotient NaN: no values, no benchmark.
        "weighted_mean": pl.col(f"numerator_{indicator.id}").filter(counted).sum()
        / pl.col(f"denominator_{indicator.id}").filter(counted).sum(),
        "mean": values.mean(),
        "median": values.median(),
        "quantile": values.quantile(benchmark.q or 0.0, interpolation="linear"),
    }
    statistic = statistics[benchmark.stat or "mean"] * benchmark.times
    return pl.when(statistic.is_finite()).then(statistic)


def _members(indicator: Indicator) -> pl.Expr:
    return (RANKED & pl.col(f"value_{indicator.id}").is_not_null()).sum().cast(pl.Int64)


def _drop_not_positive(frame: pl.DataFrame, indicator: Indicator, cohort: Cohort) -> tuple[pl.DataFrame, list[str]]:
    """A benchmark that is not positive scores nobody: it becomes null, with a warning per group."""
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
        f"{'无法计算' if value is None else f'为{value:.4g},不是正数'},{count}家企业此项按缺项处理"
        for scope, value, count in bad.iter_rows()
    ]
    return frame.with_columns(pl.when(~unusable).then(benchmark).alias(f"benchmark_{indicator.id}")), warnings
