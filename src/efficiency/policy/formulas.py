"""The formulas by which an indicator's value earns its weight, one class each: scoring, its inverse, and its words.

To add one: a class here with its line in `FORMULAS`, its name in `model.FormulaName`, and its cases in
tests/policy/test_formulas.py. What a formula compares a value with, other than the indicator's benchmark, it names in
`peers`; a statistic that none uses yet is added to `PeerStatistic` and to `evaluation.scoring.peer_statistics`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Final, Literal, NamedTuple

import polars as pl

from efficiency.policy.model import Benchmark, Cohort, FormulaName, Indicator

PeerStatistic = Literal["min", "max"]
"""A figure of one indicator over the values of a cohort's ranked enterprises."""


class Needed(NamedTuple):
    """The value that an indicator would have to have, or why there is none."""

    value: float | None
    note: str | None = None
    """Chinese; None where there is a value."""


class Formula(ABC):
    """How the value of an indicator earns a share of the indicator's weight.

    A share is 1 where the full weight is earned; weight, `missing` and scaling are applied by
    `evaluation.scoring.scores`. In all methods `benchmark` is the benchmark of the enterprise, and `peers` are the
    figures that the class attribute `peers` names, in its order; NaN where no enterprise has a value.
    """

    uses_benchmark: ClassVar[bool]
    """Whether values are compared with the indicator's benchmark, so that 100 points are the benchmark reached."""
    peers: ClassVar[tuple[PeerStatistic, ...]] = ()
    """The statistics of the cohort's ranked enterprises that values are compared with."""
    definition: ClassVar[str]
    """The formula in English, as docs/policies.md states it."""
    rule: ClassVar[str]
    """The formula in Chinese, for 方法说明."""
    card_rule: ClassVar[str]
    """The formula in Chinese, for the heading of a table in 一企一单."""
    compared_with: ClassVar[str] = ""
    """The text of 方法说明 in place of a benchmark, in Chinese, where none is used."""
    scope: ClassVar[str] = ""
    """The benchmark_scope of results.indicators, in Chinese, where no benchmark is used."""

    def benchmark_of(self, indicator: Indicator) -> Benchmark | None:
        """The benchmark of `indicator`; None where the formula uses none, whatever the policy declares."""
        return indicator.benchmark if self.uses_benchmark else None

    @abstractmethod
    def earned(self, indicator: Indicator, value: pl.Expr, benchmark: pl.Expr, peers: Sequence[pl.Expr]) -> pl.Expr:
        """The share that `value` earns; null where the formula gives no figure."""

    def uncapped(self, indicator: Indicator, value: pl.Expr, benchmark: pl.Expr, peers: Sequence[pl.Expr]) -> pl.Expr:
        """The share without the indicator's cap, by which enterprises at the cap are ranked; may be infinite."""
        return self.earned(indicator, value, benchmark, peers)

    def note(self, indicator: Indicator, value: pl.Expr, benchmark: pl.Expr, peers: Sequence[pl.Expr]) -> pl.Expr:
        """What limited the share, in Chinese; null where nothing did."""
        return pl.lit(None, dtype=pl.String)

    def undefined(self, peers: Sequence[float]) -> str | None:
        """Why the formula gives no figure for anybody in the cohort, in Chinese; None where it does."""
        return None

    @abstractmethod
    def value_needed(
        self, indicator: Indicator, share: float, benchmark: float | None, peers: Sequence[float]
    ) -> Needed:
        """The inverse of `earned`: the value that earns `share`, benchmark and peers as they are."""


class Ratio(Formula):
    """Value ÷ benchmark between floor and cap; benchmark ÷ value where lower is better."""

    uses_benchmark = True
    definition = "weight × value ÷ benchmark"
    rule = "各项得分 = 权重 × 指标值 ÷ 基准值(越低越好的指标取倒数)"
    card_rule = "得分按指标值与基准值之比乘权重计，封顶、保底见说明"

    def earned(self, indicator: Indicator, value: pl.Expr, benchmark: pl.Expr, peers: Sequence[pl.Expr]) -> pl.Expr:
        """The ratio, not below the floor and not above the cap; null where it is not finite."""
        return self._ratio(indicator, value, benchmark).clip(indicator.floor, indicator.cap)

    def uncapped(self, indicator: Indicator, value: pl.Expr, benchmark: pl.Expr, peers: Sequence[pl.Expr]) -> pl.Expr:
        """The ratio, not below the floor; infinite for a value of 0 where lower is better and there is a cap."""
        earned = self.earned(indicator, value, benchmark, peers)
        ratio = self._ratio(indicator, value, benchmark)
        if indicator.better == "lower":
            ratio = pl.when((value == 0) & earned.is_not_null()).then(float("inf")).otherwise(ratio)
        return ratio.clip(indicator.floor)

    def note(self, indicator: Indicator, value: pl.Expr, benchmark: pl.Expr, peers: Sequence[pl.Expr]) -> pl.Expr:
        """That the cap or the floor applied."""
        ratio = self._ratio(indicator, value, benchmark)
        note = pl.lit(None, dtype=pl.String)
        if indicator.floor is not None:
            note = pl.when(ratio < indicator.floor).then(pl.lit(f"按下限{indicator.floor:g}倍计")).otherwise(note)
        if indicator.cap is not None:
            note = pl.when(ratio > indicator.cap).then(pl.lit(f"达到上限{indicator.cap:g}倍")).otherwise(note)
        return note

    def value_needed(
        self, indicator: Indicator, share: float, benchmark: float | None, peers: Sequence[float]
    ) -> Needed:
        """Benchmark × share; benchmark ÷ share where lower is better."""
        if benchmark is None:
            return Needed(None, "该指标没有有效基准值")
        if indicator.cap is not None and share > indicator.cap:
            return Needed(None, f"该指标得分以权重的{indicator.cap:g}倍为限，单靠该指标无法达到")
        if share <= 0:
            return Needed(None, "其他指标得分已足够")
        return Needed(benchmark * share if indicator.better == "higher" else benchmark / share)

    @staticmethod
    def _ratio(indicator: Indicator, value: pl.Expr, benchmark: pl.Expr) -> pl.Expr:
        """The ratio before floor and cap; null where it is not finite."""
        if indicator.better == "lower":
            # A value of 0 where lower is better is beyond every cap; without a cap there is no figure for it.
            beyond = pl.lit(indicator.cap, dtype=pl.Float64)
            ratio = pl.when(value == 0).then(pl.when(benchmark.is_not_null()).then(beyond)).otherwise(benchmark / value)
        else:
            ratio = value / benchmark
        return pl.when(ratio.is_finite()).then(ratio)


class MinMax(Formula):
    """The position between the least and the greatest value of the cohort, from 0.2 to 1 (极差法, 旌德 2022).

    Where all values are equal the source leaves the score undefined. A value beyond the two, as one of another
    period or of a draw can be, earns less than 0.2 or more than 1.
    """

    uses_benchmark = False
    peers = ("min", "max")
    definition = "weight × (20 + 80 × (value − min) ÷ (max − min)) ÷ 100"
    rule = "各项得分 = 权重 × [20 + 80 ×(本值 − 最小值)÷(最大值 − 最小值)]÷ 100"
    card_rule = "得分 = 权重 × [20 + 80 ×(指标值 − 组内最小值)÷(最大值 − 最小值)]÷ 100，越低越好的反之"
    compared_with = "组内最小值至最大值"
    scope = "评价组最大、最小值"

    def earned(self, indicator: Indicator, value: pl.Expr, benchmark: pl.Expr, peers: Sequence[pl.Expr]) -> pl.Expr:
        """The position; null where least and greatest value are equal."""
        low, high = peers
        gained = (high - value) if indicator.better == "lower" else (value - low)
        return pl.when(high > low).then((20 + 80 * gained / (high - low)) / 100)

    def undefined(self, peers: Sequence[float]) -> str | None:
        """That all values are equal."""
        low, high = peers
        return f"最大值等于最小值({low:.4g})，极差法无法计分，此项按缺项处理" if low == high else None

    def value_needed(
        self, indicator: Indicator, share: float, benchmark: float | None, peers: Sequence[float]
    ) -> Needed:
        """The value at that position; the least share, 0.2, where less would do."""
        low, high = peers
        if not low < high:
            return Needed(None, "评价组内指标值无差异，单靠该指标无法达到")
        if share > 1:
            return Needed(None, "该指标得满分仍不足，单靠该指标无法达到")
        gained = max((share * 100 - 20) / 80, 0.0) * (high - low)
        return Needed(low + gained if indicator.better == "higher" else high - gained)


FORMULAS: Final[dict[FormulaName, Formula]] = {"ratio": Ratio(), "minmax": MinMax()}
"""Each formula by the name that policies give it."""


def formula_of(cohort: Cohort) -> Formula:
    """The formula by which `cohort` scores its indicators."""
    return FORMULAS[cohort.formula]
