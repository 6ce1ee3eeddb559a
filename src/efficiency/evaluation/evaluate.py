"""Profile and policy in, evaluation out: the stages in their order, and the shapes that are kept.

A pure function: the same profile and policy give the same evaluation, whatever the order of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from efficiency.evaluation.benchmarks import add_benchmarks
from efficiency.evaluation.confidence import tier_confidence
from efficiency.evaluation.indicators import grade_data, measure
from efficiency.evaluation.scope import assign
from efficiency.evaluation.scores import add_indicator_scores, add_totals
from efficiency.evaluation.tiers import add_tiers, apply_overrides, d_streak
from efficiency.policy.model import Cohort, Policy
from schemas.profile import PROFILE
from schemas.results import INDICATORS, SCORES

_WHOSE = ("evaluation_id", "period", "policy_id")
"""Columns of the results tables that the publisher of the evaluation adds."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a period's profile is worth under a policy.

    `scores`: results.scores without evaluation_id, period, policy_id, one row per enterprise by uscc.
    `indicators`: results.indicators likewise, by uscc and the policy's order.
    `warnings`: Chinese, for the analyst and the method sheet.
    `profile`: the profile with everything that candidate expressions see.
    """

    scores: pl.DataFrame
    indicators: pl.DataFrame
    warnings: list[str]
    profile: pl.DataFrame


def evaluate(profile: pl.DataFrame, policy: Policy) -> Evaluation:
    """Judges every enterprise of `profile` (shape `schemas.PROFILE`) by `policy`.

    Raises ValueError when an enterprise occurs twice.
    """
    ordered = PROFILE.conform(profile).sort("uscc").rechunk()
    if (twice := ordered.filter(pl.col("uscc").is_duplicated())).height:
        raise ValueError(f"the profile has {twice['uscc'][0]} more than once; build it with one row per enterprise")
    assigned = assign(ordered, policy)

    # Each cohort by itself: nothing outside it can change anything inside.
    cohorts: list[pl.DataFrame] = []
    warnings: list[str] = []
    for cohort in policy.cohort:
        judged, told = _judge(assigned.filter(pl.col("cohort") == cohort.id), cohort, policy)
        cohorts.append(judged)
        warnings += told
    frame = pl.concat([*cohorts, assigned.filter(pl.col("cohort").is_null())], how="diagonal").sort("uscc")
    frame = apply_overrides(frame, policy.override).with_columns(d_streak())

    # The order of overrides shows in override_<i>, so confidence comes after them.
    confidence = pl.concat(
        tier_confidence(frame.filter(pl.col("cohort") == cohort.id), cohort, policy.override, policy.robustness)
        for cohort in policy.cohort
    )
    frame = frame.join(confidence, on="uscc", how="left", validate="1:1", maintain_order="left")
    return Evaluation(
        scores=_shape(frame, SCORES.polars_schema),
        indicators=_indicator_rows(frame, policy),
        warnings=warnings,
        profile=_scored_profile(frame, policy),
    )


def _judge(members: pl.DataFrame, cohort: Cohort, policy: Policy) -> tuple[pl.DataFrame, list[str]]:
    """Scores and initial tiers of one cohort, and the warnings that arose."""
    graded = grade_data(measure(members, cohort), cohort)
    with_benchmarks, unusable = add_benchmarks(graded, cohort)
    scored, undefined = add_indicator_scores(with_benchmarks, cohort)
    totalled, incomputable = add_totals(scored, cohort, policy.adjustment)
    return add_tiers(totalled, cohort), [*unusable, *undefined, *incomputable]


def _indicator_rows(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """One row per enterprise of a cohort and indicator of that cohort."""
    parts = []
    for cohort in policy.cohort:
        members = frame.filter(pl.col("cohort") == cohort.id)
        for order, indicator in enumerate(cohort.indicator):
            parts.append(
                members.select(
                    "uscc",
                    "cohort",
                    pl.lit(indicator.id).alias("indicator"),
                    pl.lit(indicator.title).alias("title"),
                    pl.lit(indicator.unit, dtype=pl.String).alias("unit"),
                    pl.lit(indicator.dimension).alias("dimension"),
                    pl.lit(indicator.numerator).alias("numerator_expression"),
                    pl.lit(indicator.denominator).alias("denominator_expression"),
                    pl.col(f"numerator_{indicator.id}").alias("numerator"),
                    pl.col(f"denominator_{indicator.id}").alias("denominator"),
                    pl.col(f"value_{indicator.id}").alias("value"),
                    pl.col(f"benchmark_{indicator.id}").alias("benchmark"),
                    pl.col(f"scope_{indicator.id}").alias("benchmark_scope"),
                    pl.col(f"members_{indicator.id}").alias("benchmark_members"),
                    pl.lit(indicator.weight).alias("weight"),
                    pl.col(f"score_{indicator.id}").alias("score"),
                    pl.col(f"note_{indicator.id}").alias("score_note"),
                    pl.lit(order).alias("__order"),
                )
            )
    return _shape(pl.concat(parts).sort("uscc", "__order"), INDICATORS.polars_schema)


def _shape(frame: pl.DataFrame, declared: dict[str, pl.DataType]) -> pl.DataFrame:
    """The declared columns of a results table, without those that say whose result it is."""
    return frame.select(pl.col(name).cast(dtype) for name, dtype in declared.items() if name not in _WHOSE)


def _scored_profile(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """What candidate expressions and list texts see, and the cohort, status and confidence beside it."""
    kept = [name for name in PROFILE.names if name != "d_streak_before"]
    scoring = [
        "cohort", "status", "status_reason", "score", "rank", "tier_initial", "tier", "land_score", "land_tier",
        "energy_score", "energy_tier", "d_streak", "tier_confidence",
    ]  # fmt: skip
    indicators = [f"{what}_{id_}" for id_ in policy.indicator_ids for what in ("value", "score")]
    return frame.select(*kept, *scoring, *indicators)
