"""The quadrant of land against energy efficiency: its dividing lines and the extent of its axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.policy.formulas import formula_of

if TYPE_CHECKING:
    from efficiency.reports.report import Report


def dividing_lines(report: Report, both: pl.DataFrame) -> tuple[float, float]:
    """The lines through the two columns of `both`: 100, every benchmark just reached.

    A formula without benchmarks has no such line, so there the medians divide.
    """
    if _by_medians(report):
        first, second = both.select(pl.all().median().round(1)).row(0)
        return first, second
    return 100.0, 100.0


def lines_in_words(report: Report) -> str:
    """What the dividing lines are."""
    return "参评企业中位数" if _by_medians(report) else "100分，即达到基准"


def axis_extent(scores: pl.Series, line: float) -> float:
    """How far an axis must reach: to every score, or to 99 % of them where a few lie far out, and past its line."""
    highest, most = scores.to_frame().select(
        pl.all().max().alias("highest"), pl.all().quantile(0.99, interpolation="linear").alias("most")
    ).row(0)  # fmt: skip
    end: float = max(most if highest > 2 * most > 0 else highest, line * 1.2, 1.0)
    return end


def _by_medians(report: Report) -> bool:
    return any(not formula_of(cohort).uses_benchmark for cohort in report.policy.cohort)
