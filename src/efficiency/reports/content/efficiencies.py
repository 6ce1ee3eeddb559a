"""The land and the energy efficiency by which a list shows an enterprise, and what reaching the benchmark takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.evaluation.lists import NO_REVENUE
from schemas.profile import TOTALS

if TYPE_CHECKING:
    from efficiency.policy.model import Dimension, Policy
    from efficiency.reports.report import Report

DIMENSIONS: tuple[Dimension, ...] = ("land", "energy")
DIMENSION_NAMES = {"land": "土地", "energy": "能源"}

_TITLES = {column.name: column.title for column in TOTALS}
_UNITS = {column.name: f" {column.unit}" for column in TOTALS if column.unit}
_SAVINGS = {"energy": "节能", "electricity": "节电", "land": "节约用地", "water": "节水"}
"""How officials call doing with less of a total."""


def headline_indicators(policy: Policy) -> pl.DataFrame:
    """The first land and the first energy indicator of each cohort: cohort, dimension, indicator, better."""
    rows = [
        (cohort.id, dimension, indicator.id, indicator.better)
        for cohort in policy.cohort
        for dimension in DIMENSIONS
        if (indicator := cohort.headline(dimension)) is not None
    ]
    columns = ("cohort", "dimension", "indicator", "better")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def headline_efficiencies(report: Report, of: pl.DataFrame | None = None) -> pl.DataFrame:
    """One row per enterprise with indicators: uscc and, for each dimension d, what its headline indicator says.

    Columns d_indicator (title with unit), d_value, d_benchmark and d_need (in words; null when the
    indicator has no benchmark). A cohort without an indicator of the dimension has nulls.
    With `of` only of these enterprises (uscc): putting a need into words takes time.
    """
    indicators = report.indicators
    if of is not None:
        indicators = indicators.join(of, on="uscc", how="semi", maintain_order="left")
    chosen = (
        indicators.join(headline_indicators(report.policy), on=["cohort", "dimension", "indicator"], how="inner")
        .join(
            report.scores.select("uscc", (pl.col("revenue") == 0).alias("idle")),
            on="uscc",
            how="left",
            validate="m:1",
            maintain_order="left",
        )
        .lazy()
        .with_columns(_titled().alias("label"))
        .pipe(_with_needs)
        .collect()
    )
    wide = indicators.select("uscc").unique(maintain_order=True)
    for dimension in DIMENSIONS:
        one = chosen.filter(pl.col("dimension") == dimension).select(
            "uscc",
            pl.col("label").alias(f"{dimension}_indicator"),
            pl.col("value").alias(f"{dimension}_value"),
            pl.col("benchmark").alias(f"{dimension}_benchmark"),
            pl.col("need").alias(f"{dimension}_need"),
        )
        wide = wide.join(one, on="uscc", how="left", validate="1:1", maintain_order="left")
    return wide


def _titled() -> pl.Expr:
    """亩均税收(万元/亩)."""
    return (
        pl.when(pl.col("unit").is_null() | (pl.col("unit") == ""))
        .then("title")
        .otherwise(pl.concat_str("title", pl.lit("("), "unit", pl.lit(")")))
    )


def _with_needs(indicators: pl.LazyFrame) -> pl.LazyFrame:
    """`indicators` with `need`: what closes the gap to the benchmark, the other side of the ratio staying as it is.

    A ratio is lifted by more of one side or less of the other. For land the growth is named first,
    for energy the saving; a saving cannot help where the other side is not positive. Who has had no revenue all window
    long is told to see whether it still produces, not to earn more.
    """
    numerator, denominator, benchmark = pl.col("numerator"), pl.col("denominator"), pl.col("benchmark")
    higher = pl.col("better") == "higher"
    asked, allowed = benchmark * denominator, numerator / benchmark
    reached = pl.when(higher).then(pl.col("value") >= benchmark).otherwise(pl.col("value") <= benchmark)
    saving_first = pl.col("dimension") == "energy"
    return (
        indicators.with_columns(
            pl.when(higher).then(asked - numerator).otherwise(allowed - denominator).alias("more"),
            pl.when(higher).then(denominator - allowed).otherwise(numerator - asked).alias("less"),
            pl.when(higher).then("numerator_expression").otherwise("denominator_expression").alias("grown"),
            pl.when(higher).then("denominator_expression").otherwise("numerator_expression").alias("shrunk"),
        )
        .with_columns(_rounded(pl.col("more")).alias("more"), _rounded(pl.col("less")).alias("less"))
        .with_columns(_growth().alias("growth"), _saving().alias("saving"))
        .with_columns(
            pl.when(saving_first).then("saving").otherwise("growth").alias("first"),
            pl.when(saving_first).then("growth").otherwise("saving").alias("second"),
        )
        .with_columns(
            pl.when(benchmark.is_null() | (benchmark <= 0))
            .then(None)
            .when(pl.col("idle"))
            .then(pl.lit(NO_REVENUE))
            .when(pl.col("value").is_null())
            .then(pl.lit("数据不足，无法测算"))
            .when(reached)
            .then(pl.lit("已达基准"))
            .when(higher & (numerator == 0))
            .then(pl.concat_str(pl.lit("本期"), _title("grown"), pl.lit("为零，先核实数据")))
            .when(numerator <= 0)
            .then("growth")
            .otherwise(pl.concat_str("first", pl.lit("(或"), "second", pl.lit(")")))
            .alias("need")
        )
    )


def _title(expression: str) -> pl.Expr:
    """Chinese title of the total that the column `expression` names; another expression as it is."""
    return pl.col(expression).replace(_TITLES)


def _unit(expression: str) -> pl.Expr:
    """Unit of the total that the column `expression` names, after a space."""
    return pl.col(expression).replace_strict(_UNITS, default="")


def _growth() -> pl.Expr:
    return pl.concat_str(pl.lit("增加"), _title("grown"), pl.lit(" "), "more", _unit("grown"))


def _saving() -> pl.Expr:
    verb = pl.col("shrunk").replace_strict(_SAVINGS, default=pl.concat_str(pl.lit("减少"), _title("shrunk")))
    return pl.concat_str(verb, pl.lit(" "), "less", _unit("shrunk"))


def _rounded(amount: pl.Expr) -> pl.Expr:
    """One decimal from 100 on, two below, up, since a little less would not do; thousands set apart: 26,522.4."""
    places = pl.when(amount.abs() >= 100).then(10).otherwise(100)
    # What floats leave behind the last digit is no reason to ask for more.
    units = (amount * places - 1e-6).ceil().cast(pl.Int64, strict=False)
    whole = units // places
    thousands = pl.concat_str(
        pl.when(whole >= 1_000_000).then(pl.concat_str((whole // 1_000_000).cast(pl.String), pl.lit(","))),
        pl.when(whole >= 1_000).then(pl.concat_str(_digits(whole // 1_000 % 1_000, whole >= 1_000_000), pl.lit(","))),
        _digits(whole % 1_000, whole >= 1_000),
        ignore_nulls=True,
    )
    rest = units % places
    decimals = pl.when(places == 10).then(rest.cast(pl.String)).otherwise(rest.cast(pl.String).str.zfill(2))
    return pl.when(amount.is_not_null()).then(pl.concat_str(thousands, pl.lit("."), decimals))


def _digits(number: pl.Expr, follow: pl.Expr) -> pl.Expr:
    """`number` below 1 000 as text, with leading zeros where it does `follow` others."""
    return pl.when(follow).then(number.cast(pl.String).str.zfill(3)).otherwise(number.cast(pl.String))
