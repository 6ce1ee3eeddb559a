"""The indicator values of a cohort, and which enterprises have enough of them to be ranked.

The frame of a cohort has one row per enterprise; each indicator adds numerator_<id>, denominator_<id>, value_<id>.
"""

from __future__ import annotations

import polars as pl

from efficiency.evaluation.scoring.missing import missing_in_words
from efficiency.policy.expressions import column_names, scalar
from efficiency.policy.formulas import formula_of
from efficiency.policy.model import Cohort, Indicator
from schemas.profile import PROFILE_TITLES

RANKED = pl.col("is_ranked")
"""Whether an enterprise of a cohort's frame is ranked: `status` as a flag, since every stage reads it."""


def columns_used(cohort: Cohort) -> set[str]:
    """The columns of the profile that the indicators of `cohort` are computed from and their benchmarks grouped by."""
    used = {name for i in cohort.indicator for name in column_names(i.numerator) | column_names(i.denominator)}
    specs = (formula_of(cohort).benchmark_of(indicator) for indicator in cohort.indicator)
    return used | {name for spec in specs if spec for name in spec.within}


def measure(members: pl.DataFrame, cohort: Cohort) -> pl.DataFrame:
    """`members` with the numerator, denominator and value of every indicator of `cohort`.

    value = numerator ÷ denominator; null when either is missing, the denominator is 0 or the quotient is not finite.
    """
    inputs = members.with_columns(
        expression
        for indicator in cohort.indicator
        for expression in (
            scalar(indicator.numerator).alias(f"numerator_{indicator.id}"),
            scalar(indicator.denominator).alias(f"denominator_{indicator.id}"),
        )
    )
    return inputs.with_columns(_value(indicator).alias(f"value_{indicator.id}") for indicator in cohort.indicator)


def grade_data(measured: pl.DataFrame, cohort: Cohort, *, worded: bool = True) -> pl.DataFrame:
    """`measured` with `status` (ranked or insufficient), `is_ranked`, and `status_reason`, which names what is missing.

    An enterprise is insufficient if it lacks the value of an indicator with missing = "insufficient", or every value.
    No reason is given where it is not `worded`.
    """
    needed = [indicator for indicator in cohort.indicator if indicator.missing == "insufficient"]
    lacks_all = pl.all_horizontal(pl.col(f"value_{indicator.id}").is_null() for indicator in cohort.indicator)
    lacks_needed = pl.any_horizontal(pl.lit(value=False), *(pl.col(f"value_{i.id}").is_null() for i in needed))
    lacking = lacks_needed | lacks_all
    status = pl.when(lacking).then(pl.lit("insufficient")).otherwise(pl.lit("ranked")).alias("status")
    if not worded:
        return measured.with_columns((~lacking).alias("is_ranked"), status)
    named = needed or cohort.indicator
    gaps = pl.concat_str([_gap(indicator) for indicator in named], separator="；", ignore_nulls=True)
    every_gap = pl.concat_str([_gap(indicator) for indicator in cohort.indicator], separator="；", ignore_nulls=True)
    measured = measured.with_columns(missing_in_words(measured, cohort.indicator, lacking).alias("__missing"))
    missing = pl.when(pl.col("__missing").is_not_null()).then(pl.lit("。") + pl.col("__missing")).otherwise(pl.lit(""))
    reason = pl.format("数据不足：{}{}", pl.when(lacks_all).then(every_gap).otherwise(gaps), missing)
    return measured.with_columns(
        (~lacking).alias("is_ranked"),
        status,
        sentence_where(measured, lacking, reason).alias("status_reason"),
    ).drop("__missing")


def _value(indicator: Indicator) -> pl.Expr:
    numerator, denominator = pl.col(f"numerator_{indicator.id}"), pl.col(f"denominator_{indicator.id}")
    value = numerator / pl.when(denominator != 0).then(denominator)
    return pl.when(value.is_finite()).then(value)


def _gap(indicator: Indicator) -> pl.Expr:
    """Why the indicator has no value, e.g. 亩均税收缺用地面积; null where it has one."""
    numerator, denominator = pl.col(f"numerator_{indicator.id}"), pl.col(f"denominator_{indicator.id}")
    upper, lower = _titled(indicator.numerator, "分子"), _titled(indicator.denominator, "分母")
    return (
        pl.when(pl.col(f"value_{indicator.id}").is_not_null())
        .then(pl.lit(None, dtype=pl.String))
        .when(numerator.is_null() & denominator.is_null())
        .then(pl.lit(f"{indicator.title}缺{upper}和{lower}"))
        .when(numerator.is_null())
        .then(pl.lit(f"{indicator.title}缺{upper}"))
        .when(denominator.is_null())
        .then(pl.lit(f"{indicator.title}缺{lower}"))
        .otherwise(pl.lit(f"{indicator.title}的{lower}为零"))
    )


def _titled(expression: str, otherwise: str) -> str:
    """Chinese title of an expression that is a single column, else `otherwise`."""
    return PROFILE_TITLES.get(expression.strip(), otherwise)


def sentence_where(frame: pl.DataFrame, condition: pl.Expr, sentence: pl.Expr) -> pl.Series:
    """`sentence`, made of columns of `frame`, in the rows where `condition` holds; null in the others.

    Few rows need one, and to format it for all of them would take longer than all scores.
    """
    at = frame.select(condition.arg_true()).to_series()
    sentences = frame.select(sorted(set(sentence.meta.root_names())))[at].select(sentence).to_series()
    return pl.repeat(None, frame.height, dtype=pl.String, eager=True).scatter(at, sentences)
