"""Profile and policy in, evaluation out: the stages in their order, and the shapes that are kept.

A pure function: the same profile and policy give the same evaluation, whatever the order of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from efficiency.evaluation.confidence import tier_confidence
from efficiency.evaluation.data_error import used_columns
from efficiency.evaluation.scope import assign
from efficiency.evaluation.scoring import (
    add_benchmarks,
    add_indicator_scores,
    add_tiers,
    add_totals,
    apply_overrides,
    d_streak,
    grade_data,
    indicator_rows,
    measure,
    surcharge,
)
from efficiency.facts.profile import inputs_sha256
from efficiency.policy.expressions import column_names
from efficiency.policy.model import Cohort, Policy
from schemas.profile import PROFILE
from schemas.results import INDICATORS, SCORES

_STANDING = ("__at", "status", "status_reason")
"""Where an enterprise stands in the profile, and what judging it may change of what was there before."""
_WHOSE = ("evaluation_id", "period", "policy_id")
"""Columns of the results tables that the publisher of the evaluation adds."""


@dataclass(frozen=True)
class Evaluation:
    """A period's profile evaluated under a policy: every frame by uscc."""

    scores: pl.DataFrame
    """One row per enterprise: results.scores without evaluation_id, period and policy_id."""
    indicators: pl.DataFrame
    """One row per enterprise and indicator of its cohort, in the policy's order: results.indicators likewise."""
    warnings: list[str]
    """Chinese, for the analyst and 方法说明: those of the profile first."""
    profile: pl.DataFrame
    """The profile with everything that candidate expressions may use."""
    inputs: pl.DataFrame
    """The profile that was evaluated (shape `schemas.PROFILE`)."""

    @cached_property
    def inputs_sha256(self) -> str:
        """Digest of `inputs`: two evaluations with the same digest under the same policy text are the same."""
        return inputs_sha256(self.inputs)


def evaluate(profile: pl.DataFrame, policy: Policy, profile_warnings: Sequence[str] = ()) -> Evaluation:
    """Evaluates every enterprise of `profile` (shape `schemas.PROFILE`) by `policy`.

    `profile_warnings` (Chinese) arose when the profile was built; the evaluation passes them on.
    Raises ValueError when an enterprise occurs twice.
    """
    ordered = PROFILE.conform(profile)
    if not ordered["uscc"].is_sorted():
        ordered = ordered.sort("uscc")
    ordered = ordered.rechunk()
    if (twice := ordered.filter(pl.col("uscc") == pl.col("uscc").shift())).height:
        raise ValueError(f"the profile has {twice['uscc'][0]} more than once; build it with one row per enterprise")
    assigned = assign(ordered, policy).with_row_index("__at")

    findings, warnings = _judged(assigned, policy)
    frame = pl.concat([assigned.drop(_STANDING), findings], how="horizontal")
    del findings
    frame = apply_overrides(frame, policy.override).with_columns(d_streak()).with_columns(surcharge(policy.surcharge))

    # The order of overrides shows in override_<i>, so confidence comes after them.
    confidence = [tier_confidence(frame, cohort, policy.override, policy.robustness) for cohort in policy.cohort]
    frame = frame.with_columns(pl.coalesce(map(pl.lit, confidence)).alias("tier_confidence"))
    return Evaluation(
        scores=_shape(frame, SCORES.polars_schema),
        indicators=_shape(indicator_rows(frame, policy), INDICATORS.polars_schema),
        warnings=[*profile_warnings, *warnings],
        profile=_scored_profile(frame, policy),
        inputs=ordered,
    )


def _judged(assigned: pl.DataFrame, policy: Policy) -> tuple[pl.DataFrame, list[str]]:
    """What judging adds for every enterprise, in the order of `assigned`, and the warnings that arose."""
    # Each cohort by itself: nothing outside it can change anything inside.
    parts: list[pl.DataFrame] = []
    warnings: list[str] = []
    for cohort in policy.cohort:
        members = assigned.select("cohort", *_read(cohort, policy)).filter(pl.col("cohort") == cohort.id).rechunk()
        found, told = _judge(members, cohort, policy)
        parts.append(found.drop(set(members.columns) - set(_STANDING)))
        warnings += told
    outside = assigned.filter(pl.col("cohort").is_null()).select(_STANDING)
    findings = pl.concat([*parts, outside], how="diagonal", rechunk=False)
    in_order = pl.lit(findings["__at"].arg_sort())
    return findings.select(pl.exclude("__at").gather(in_order)), warnings


def _read(cohort: Cohort, policy: Policy) -> list[str]:
    """The columns that judging `cohort` reads: a profile has many more, and a frame is copied often."""
    used = used_columns(cohort) | column_names(cohort.factor) | set(cohort.tiers.within if cohort.tiers else ())
    for adjustment in policy.adjustment:
        used |= column_names(adjustment.when)
    return [*_STANDING, *sorted(used)]


def _judge(members: pl.DataFrame, cohort: Cohort, policy: Policy) -> tuple[pl.DataFrame, list[str]]:
    """Scores and initial tiers of one cohort, and the warnings that arose."""
    graded = grade_data(measure(members, cohort), cohort)
    with_benchmarks, unusable = add_benchmarks(graded, cohort)
    scored, undefined = add_indicator_scores(with_benchmarks, cohort)
    totalled, incomputable = add_totals(scored, cohort, policy.adjustment)
    return add_tiers(totalled, cohort), [*unusable, *undefined, *incomputable]


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
