"""Indicator values of a cohort, and whether they suffice for a verdict.

Each indicator adds numerator_<id>, denominator_<id> and value_<id> to the cohort's frame.
"""

from __future__ import annotations

import polars as pl

from efficiency.evaluation.scoring.sentences import sentence_where
from efficiency.policy.expressions import scalar
from efficiency.policy.model import Cohort, Indicator
from schemas.profile import PROFILE

_TITLES = {column.name: column.title for column in PROFILE.columns}

RANKED = pl.col("is_ranked")
"""Whether an enterprise of a cohort's frame is ranked: `status` as a flag, since it is asked again and again."""


def measure(members: pl.DataFrame, cohort: Cohort) -> pl.DataFrame:
    """`members` with the numerator, denominator and value of every indicator of `cohort`.

    value = numerator ÷ denominator; null when either is missing, the denominator is 0 or the quotient
    is not finite.
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


def grade_data(measured: pl.DataFrame, cohort: Cohort) -> pl.DataFrame:
    """`measured` with `status` ranked or insufficient, and `status_reason` naming what is missing.

    Insufficient is who lacks the value of an indicator with missing = "insufficient", or every value.
    """
    needed = [indicator for indicator in cohort.indicator if indicator.missing == "insufficient"]
    lacks_all = pl.all_horizontal(pl.col(f"value_{indicator.id}").is_null() for indicator in cohort.indicator)
    lacks_needed = pl.any_horizontal(pl.lit(value=False), *(pl.col(f"value_{i.id}").is_null() for i in needed))
    named = needed or cohort.indicator
    gaps = pl.concat_str([_gap(indicator) for indicator in named], separator="；", ignore_nulls=True)
    every_gap = pl.concat_str([_gap(indicator) for indicator in cohort.indicator], separator="；", ignore_nulls=True)
    reason = pl.format("数据不足：{}", pl.when(lacks_all).then(every_gap).otherwise(gaps))
    lacking = lacks_needed | lacks_all
    return measured.with_columns(
        (~lacking).alias("is_ranked"),
        pl.when(lacking).then(pl.lit("insufficient")).otherwise(pl.lit("ranked")).alias("status"),
        sentence_where(measured, lacking, reason).alias("status_reason"),
    )


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
    """Chinese title of an expression that is a single column, else what it is in the quotient."""
    return _TITLES.get(expression.strip(), otherwise)
