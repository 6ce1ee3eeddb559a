"""Scores of a cohort: of each indicator, of the two dimensions, and in total.

Each indicator adds to the cohort's frame: earned_<id>, the share of its weight that it earns, which
`efficiency.evaluation.robustness` reads since it does not depend on the weights; score_<id>, its points; note_<id>,
Chinese, what a reader has to know of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import polars as pl

from efficiency.evaluation.scoring.group_statistics import peers_of
from efficiency.evaluation.scoring.indicators import RANKED, sentence_where
from efficiency.evaluation.scoring.missing import missing_of
from efficiency.policy.expressions import predicate, scalar
from efficiency.policy.formulas import formula_of
from efficiency.policy.model import Adjustment, Cohort, Dimension, Indicator

DECIMALS = 6
"""Scores are rounded to this many decimals before they are stored or compared."""


def add_indicator_scores(frame: pl.DataFrame, cohort: Cohort, *, worded: bool = True) -> tuple[pl.DataFrame, list[str]]:
    """`frame` with earned, score and note of every indicator, null for who is not ranked, and warnings.

    There are no notes where it is not `worded`.

    The cohort's formula (`efficiency.policy.formulas`) says which share of an indicator's weight a value earns.

    A value that is missing, or for which the formula gives no share, is scored by the indicator's `missing` rule.
    An indicator that still has no score (`reweight`; no benchmark under `insufficient`; nobody to average under
    `cohort_mean`) is left out, and the other scores are scaled by Σ weights ÷ Σ their weights (`stretch`).
    A warning, in Chinese, names each indicator for which the formula gives nobody a share.
    """
    warnings: list[str] = []
    items: list[pl.Expr] = []
    for indicator in cohort.indicator:
        own, undefined = _earned(frame, indicator, cohort, worded=worded)
        items += own
        warnings += undefined
    # All indicators in one call, so that polars computes them in parallel.
    frame = frame.with_columns(items)
    frame = frame.with_columns(
        item for indicator in cohort.indicator for item in _filled(frame, indicator, worded=worded)
    )
    total = sum(indicator.weight for indicator in cohort.indicator)
    kept = pl.sum_horizontal(
        pl.when(pl.col(f"earned_{indicator.id}").is_not_null()).then(indicator.weight).otherwise(0.0)
        for indicator in cohort.indicator
    )
    lacking = pl.any_horizontal(pl.col(f"earned_{indicator.id}").is_null() for indicator in cohort.indicator)
    frame = frame.with_columns(
        pl.when(kept > 0).then(pl.when(lacking).then(total / kept).otherwise(1.0)).alias("stretch")
    )
    if not worded:
        return frame.with_columns(_points(indicator) for indicator in cohort.indicator), warnings
    scaled = sentence_where(frame, lacking, pl.format("其他指标缺项，得分按{}倍折算", pl.col("stretch").round(4)))
    frame = frame.with_columns(scaled.alias("__scaled"))
    return frame.with_columns(
        expression
        for indicator in cohort.indicator
        for expression in (
            _points(indicator),
            _with_scaling(frame, indicator).alias(f"note_{indicator.id}"),
        )
    ).drop("__scaled"), warnings


def _points(indicator: Indicator) -> pl.Expr:
    """The indicator's score."""
    points = pl.col(f"earned_{indicator.id}") * indicator.weight * pl.col("stretch")
    return points.alias(f"score_{indicator.id}")


def _with_scaling(frame: pl.DataFrame, indicator: Indicator) -> pl.Series | pl.Expr:
    """The indicator's note, with the factor of the scaling where other indicators have no score."""
    note, scaled = pl.col(f"note_{indicator.id}"), pl.col("__scaled")
    scored = pl.col(f"earned_{indicator.id}").is_not_null() & scaled.is_not_null()
    both = sentence_where(frame, scored & note.is_not_null(), pl.format("{}；{}", note, scaled))
    return pl.coalesce(pl.lit(both), pl.when(scored).then(scaled), note)


def add_totals(
    frame: pl.DataFrame, cohort: Cohort, adjustments: Sequence[Adjustment], *, worded: bool = True
) -> tuple[pl.DataFrame, list[str]]:
    """`frame` with factor, adjustments, adjustment_labels, score, dimension scores; and warnings in Chinese.

    score = factor × Σ indicator scores + Σ adjustments, in points; a factor that cannot be computed is 1. A
    dimension score is 100 × Σ points of its indicators ÷ Σ their weights: those without a score are left out of
    both, and nothing is scaled; land_score_uncapped and energy_score_uncapped count shares beyond a cap too. A ranked
    enterprise without any indicator score becomes insufficient. Neither labels, reasons nor warnings are made where it
    is not `worded`.
    """
    unscored = RANKED & pl.col("stretch").is_null()
    status = pl.when(unscored).then(pl.lit("insufficient")).otherwise("status").alias("status")
    is_ranked = (RANKED & ~unscored).alias("is_ranked")
    if not worded:
        frame = frame.with_columns(status, is_ranked)
        frame = frame.with_columns(
            pl.when(RANKED).then(scalar(cohort.factor).fill_null(1.0)).alias("factor"),
            pl.when(RANKED).then(adjustment_points(adjustments)).alias("adjustments"),
        )
        return frame.with_columns(_totals(cohort)), []
    count = frame.select(unscored.sum()).item()
    frame = frame.with_columns(
        pl.when(unscored)
        .then(pl.lit("数据不足：各项指标均无可用的基准值"))
        .otherwise("status_reason")
        .alias("status_reason"),
        status,
        is_ranked,
    )
    warnings = [f"评价组“{cohort.label}”有{count}家企业各项指标均无法计分，按数据不足处理"] if count else []

    frame = frame.with_columns(pl.when(RANKED).then(scalar(cohort.factor)).alias("factor"))
    count = frame.select((RANKED & pl.col("factor").is_null()).sum()).item()
    if count:
        warnings.append(f"评价组“{cohort.label}”有{count}家企业的修正系数无法计算，按1处理")
    applies = [predicate(adjustment.when) for adjustment in adjustments]
    labels = pl.concat_str(
        [
            pl.lit(None, dtype=pl.String),
            *(pl.when(held).then(pl.lit(a.label)) for held, a in zip(applies, adjustments, strict=True)),
        ],
        separator="、",
        ignore_nulls=True,
    )
    frame = frame.with_columns(
        pl.when(RANKED).then(pl.col("factor").fill_null(1.0)).alias("factor"),
        pl.when(RANKED).then(adjustment_points(adjustments)).alias("adjustments"),
        pl.when(RANKED & (labels != "")).then(labels).alias("adjustment_labels"),
    )
    return frame.with_columns(_totals(cohort)), warnings


def _totals(cohort: Cohort) -> list[pl.Expr]:
    """The score and the dimension scores, from the points, the factor and the adjustments."""
    items = pl.sum_horizontal(f"score_{indicator.id}" for indicator in cohort.indicator)
    score = pl.col("factor") * items + pl.col("adjustments")
    return [
        pl.when(RANKED).then(score.round(DECIMALS)).alias("score"),
        _dimension_score(cohort, "land", "earned").alias("land_score"),
        _dimension_score(cohort, "energy", "earned").alias("energy_score"),
        _dimension_score(cohort, "land", "uncapped").alias("land_score_uncapped"),
        _dimension_score(cohort, "energy", "uncapped").alias("energy_score_uncapped"),
    ]


def adjustment_points(adjustments: Sequence[Adjustment]) -> pl.Expr:
    """The sum of the points of the adjustments that apply."""
    return pl.sum_horizontal(
        pl.lit(0.0), *(pl.when(predicate(one.when)).then(one.points).otherwise(0.0) for one in adjustments)
    )


def _earned(
    frame: pl.DataFrame, indicator: Indicator, cohort: Cohort, *, worded: bool
) -> tuple[list[pl.Expr], list[str]]:
    """Shares and note by the formula, null for who is not ranked; a warning where the formula is undefined for all."""
    formula = formula_of(cohort)
    value, benchmark = pl.col(f"value_{indicator.id}"), pl.col(f"benchmark_{indicator.id}")
    peers = peers_of(formula, frame.select(value.filter(RANKED)).to_series()) if formula.peers else []
    literals = [pl.lit(one) for one in peers]
    why = formula.undefined(peers)
    shares = [
        pl.when(RANKED).then(formula.earned(indicator, value, benchmark, literals)).alias(f"earned_{indicator.id}"),
        pl.when(RANKED).then(formula.uncapped(indicator, value, benchmark, literals)).alias(f"uncapped_{indicator.id}"),
    ]
    if worded:
        note = formula.note(indicator, value, benchmark, literals)
        shares.append(pl.when(RANKED).then(note).alias(f"note_{indicator.id}"))
    return shares, [f"评价组“{cohort.label}”指标“{indicator.title}”{why}"] if why else []


def _filled(frame: pl.DataFrame, indicator: Indicator, *, worded: bool) -> list[pl.Expr]:
    """Shares and note after the indicator's `missing` rule, for ranked enterprises without a share by the formula."""
    earned, note = pl.col(f"earned_{indicator.id}"), pl.col(f"note_{indicator.id}")
    missing = RANKED & earned.is_null()
    filled: float | None = None
    treatment = "不计分，权重分摊到其他指标"
    if indicator.missing == "zero":
        filled, treatment = 0.0, "按0分计"
    elif indicator.missing == "cohort_mean":
        # Not polars' mean: the order in which it adds up depends on the number of threads.
        known = frame.select(earned.filter(RANKED & earned.is_not_null())).to_series().to_numpy()
        if len(known):
            filled, treatment = float(known.sum() / len(known)), "按评价组平均得分计"
    share = pl.lit(filled, dtype=pl.Float64)
    shares = [
        pl.when(missing).then(share).otherwise(earned).alias(f"earned_{indicator.id}"),
        pl.when(missing).then(share).otherwise(pl.col(f"uncapped_{indicator.id}")).alias(f"uncapped_{indicator.id}"),
    ]
    if not worded:
        return shares
    value = pl.col(f"value_{indicator.id}")
    named = pl.format("缺少指标值({})，{}", missing_of(indicator), pl.lit(treatment))
    sentences = sentence_where(frame, missing & value.is_null() & missing_of(indicator).is_not_null(), named)
    return [
        *shares,
        pl.when(missing & value.is_null())
        .then(pl.coalesce(pl.lit(sentences), pl.lit(f"缺少指标值，{treatment}")))
        .when(missing)
        .then(pl.lit(f"无可用基准值，{treatment}"))
        .otherwise(note)
        .alias(f"note_{indicator.id}"),
    ]


def _dimension_score(cohort: Cohort, dimension: Dimension, share: Literal["earned", "uncapped"]) -> pl.Expr:
    """100 × Σ points ÷ Σ weights of the dimension's indicators that have a score; null when none has.

    `share`: the columns that the points are taken from.
    """
    items = [indicator for indicator in cohort.indicator if indicator.dimension == dimension]
    if not items:
        return pl.lit(None, dtype=pl.Float64)
    # An indicator of weight 0 whose share is infinite adds nothing.
    earned = pl.sum_horizontal(
        pl.lit(0.0), *(pl.col(f"{share}_{indicator.id}") * indicator.weight for indicator in items if indicator.weight)
    )
    weights = pl.sum_horizontal(
        pl.when(pl.col(f"earned_{indicator.id}").is_not_null()).then(indicator.weight).otherwise(0.0)
        for indicator in items
    )
    return pl.when(RANKED & (weights > 0)).then((100 * earned / weights).round(DECIMALS))
