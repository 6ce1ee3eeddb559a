"""Evaluates one period: runs the stages in their order on a profile, and shapes the results.

`evaluate` is a pure function: the same profile and policy give the same evaluation, whatever the order of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from efficiency.evaluation.robustness import firmness, spreads
from efficiency.evaluation.scope import assign
from efficiency.evaluation.scoring import (
    add_benchmarks,
    add_indicator_scores,
    add_tiers,
    add_totals,
    apply_overrides,
    columns_used,
    d_streak,
    grade_data,
    indicator_rows,
    measure,
    surcharge,
    with_gaps,
    words_by_cohort,
    words_missing,
)
from efficiency.facts.gaps import GAPS
from efficiency.facts.profile import inputs_sha256
from efficiency.policy.expressions import column_names
from efficiency.policy.model import Cohort, Policy
from schemas.column import Table
from schemas.profile import PROFILE
from schemas.results import INDICATORS, SCORES, own_schema

_STATUS = ("__row", "status", "status_reason")
"""The row of an enterprise in the profile, and the columns assigned before scoring that scoring may change."""
_DRAWN = ("tier_confidence", "rank_low", "rank_high")
_UNCAPPED = ("land_score_uncapped", "energy_score_uncapped")


@dataclass(frozen=True, slots=True)
class VariantResults:
    """What the method variants of a policy give (`efficiency.evaluation.variants`)."""

    rows: pl.DataFrame
    """results.variants without evaluation_id: variant by variant in the policy's order, by uscc."""
    effects: pl.DataFrame
    """results.variant_effects without evaluation_id, period and policy_id."""
    inputs_sha256: str
    """Digest of whose rows are kept, and of what the variants read besides the inputs of the evaluation."""


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
    missing: pl.DataFrame
    """What it lacks, of everybody (shape `efficiency.facts.gaps.GAPS`)."""
    gaps: pl.DataFrame
    """Of it, what the indicators lack of the cohort that the enterprise is in."""
    data_errors: pl.DataFrame | None = None
    """How far figures were off (results.data_errors likewise), where the policy takes their error from it."""
    compositions: pl.DataFrame | None = None
    """What the totals are made of, where that was asked for: results.compositions without evaluation_id, period and
    policy_id."""
    variants: VariantResults | None = None
    """The same facts under the policy's method variants; None where it has none or they were not evaluated."""

    @cached_property
    def inputs_sha256(self) -> str:
        """Digest of `inputs`, `missing` and `data_errors`: the same under the same policy gives the same evaluation."""
        return inputs_sha256(self.inputs, self.missing, self.data_errors)


def evaluate(
    profile: pl.DataFrame,
    policy: Policy,
    profile_warnings: Sequence[str] = (),
    gaps: pl.DataFrame | None = None,
    data_errors: pl.DataFrame | None = None,
) -> Evaluation:
    """Evaluates every enterprise of `profile` (shape `schemas.PROFILE`) by `policy`.

    `profile_warnings` (Chinese) arose when the profile was built; the evaluation passes them on. `gaps` (shape
    `efficiency.facts.gaps.GAPS`) is what the profile lacks: reasons and notes name it. `data_errors`
    (shape `efficiency.evaluation.robustness.OWN_ERRORS`) is how far figures were off, where the policy asks for it.
    Raises ValueError when an enterprise occurs twice.
    """
    ordered = PROFILE.conform(profile)
    if not ordered["uscc"].is_sorted():
        ordered = ordered.sort("uscc")
    ordered = ordered.rechunk()
    if (twice := ordered.filter(pl.col("uscc") == pl.col("uscc").shift())).height:
        raise ValueError(f"the profile has {twice['uscc'][0]} more than once; build it with one row per enterprise")
    missing = GAPS.to_frame() if gaps is None else gaps
    frame, warnings = judged(ordered, policy, missing)
    frame = frame.with_columns(
        surcharge(policy.surcharge),
        *firm(frame, policy, data_errors),
        pl.lit(None, dtype=pl.Float64).alias("agreement"),
        pl.lit(None, dtype=pl.Float64).alias("list_agreement"),
        # Where lower is better, 0 is beyond every figure.
        *(pl.when(pl.col(name).is_finite()).then(name).alias(name) for name in _UNCAPPED),
    )
    return Evaluation(
        scores=_shape(frame, SCORES),
        indicators=_shape(indicator_rows(frame, policy), INDICATORS),
        warnings=[*profile_warnings, *warnings],
        profile=_scored_profile(frame, policy),
        inputs=ordered,
        gaps=missing.join(
            frame.select("uscc", "cohort").join(words_by_cohort(policy), on="cohort"),
            on=["uscc", "word"],
            how="semi",
            maintain_order="left",
        ),
        missing=missing,
        data_errors=data_errors,
    )


def judged(
    ordered: pl.DataFrame, policy: Policy, missing: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, list[str]]:
    """Scope, scores, tiers and streaks of every enterprise of the profile `ordered`, and warnings (Chinese).

    `ordered` has one row per enterprise by uscc, `missing` what the profile lacks (shape `GAPS`), of which reasons and
    notes are made. Without it nothing is put into words: statuses, scores and tiers are the same.
    """
    assigned = assign(ordered, policy)
    if missing is not None:
        assigned = with_gaps(assigned, missing, policy)
    assigned = assigned.with_row_index("__row")
    scored, warnings = _score_cohorts(assigned, policy, worded=missing is not None)
    frame = pl.concat([assigned.drop(_STATUS), scored], how="horizontal")
    return apply_overrides(frame, policy.override).with_columns(d_streak()), warnings


def firm(frame: pl.DataFrame, policy: Policy, data_errors: pl.DataFrame | None) -> list[pl.Expr]:
    """tier_confidence, rank_low and rank_high of each row of a `judged` frame, whose columns override_<i> they read.

    `data_errors`: see `evaluate`.
    """
    spread = spreads(policy.robustness, data_errors)
    drawn = [firmness(frame, cohort, policy.override, policy.robustness, spread) for cohort in policy.cohort]
    return [pl.coalesce(pl.lit(getattr(one, name)) for one in drawn).alias(name) for name in _DRAWN]


def _score_cohorts(assigned: pl.DataFrame, policy: Policy, *, worded: bool) -> tuple[pl.DataFrame, list[str]]:
    """The columns that scoring adds, one row per enterprise in the order of `assigned`, and the warnings.

    Status and status_reason are those after scoring; enterprises without a cohort have null in all other columns.
    """
    # Each cohort by itself: nothing outside it can change anything inside.
    parts: list[pl.DataFrame] = []
    warnings: list[str] = []
    for cohort in policy.cohort:
        columns = [*_columns_read(cohort, policy), *(words_missing(cohort) if worded else ())]
        members = assigned.select("cohort", *columns).filter(pl.col("cohort") == cohort.id).rechunk()
        counted = assigned.filter(pl.col("counted_in") == cohort.id).select(
            "uscc", *(cohort.tiers.within if cohort.tiers else ())
        )
        scored, arisen = score_cohort(members, cohort, policy, counted, worded=worded)
        parts.append(scored.drop(set(members.columns) - set(_STATUS)))
        warnings += arisen
    outside = assigned.filter(pl.col("cohort").is_null()).select(_STATUS)
    everybody = pl.concat([*parts, outside], how="diagonal", rechunk=False)
    in_order = pl.lit(everybody["__row"].arg_sort())
    return everybody.select(pl.exclude("__row").gather(in_order)), warnings


def _columns_read(cohort: Cohort, policy: Policy) -> list[str]:
    """The columns that scoring `cohort` reads: a profile has many more, and a frame is copied often."""
    used = columns_used(cohort) | column_names(cohort.factor) | set(cohort.tiers.within if cohort.tiers else ())
    for adjustment in policy.adjustment:
        used |= column_names(adjustment.when)
    return [*_STATUS, *sorted(used)]


def score_cohort(
    members: pl.DataFrame, cohort: Cohort, policy: Policy, counted: pl.DataFrame, *, worded: bool = True
) -> tuple[pl.DataFrame, list[str]]:
    """`members` of one cohort with indicators, scores and initial tiers, and the warnings.

    `counted`: see `add_tiers`. Reasons, notes and labels are left out where it is not `worded`.
    """
    graded = grade_data(measure(members, cohort), cohort, worded=worded)
    with_benchmarks, unusable = add_benchmarks(graded, cohort, worded=worded)
    scored, undefined = add_indicator_scores(with_benchmarks, cohort, worded=worded)
    totalled, incomputable = add_totals(scored, cohort, policy.adjustment, worded=worded)
    return add_tiers(totalled, cohort, counted), [*unusable, *undefined, *incomputable]


def _shape(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The columns of a results `table`, without those added when the evaluation is published."""
    return frame.select(pl.col(name).cast(dtype) for name, dtype in own_schema(table).items())


def _scored_profile(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The columns that candidate expressions and list texts may use, with cohort, status and tier_confidence."""
    kept = [name for name in PROFILE.names if name != "d_streak_before"]
    scoring = [
        "cohort", "status", "status_reason", "score", "rank", "tier_initial", "tier", "land_score", "land_tier",
        "energy_score", "energy_tier", "land_score_uncapped", "energy_score_uncapped", "d_streak", "tier_confidence",
        "agreement", "list_agreement", "protected", "vetoed", "override_labels", "counted_in",
    ]  # fmt: skip
    indicators = [f"{what}_{id_}" for id_ in policy.indicator_ids for what in ("value", "score")]
    return frame.select(*kept, *scoring, *indicators)
