"""Facts and a policy in, one period evaluated: for the monthly run and for every command that evaluates again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from efficiency.evaluation.energy_basis import energy_basis
from efficiency.evaluation.evaluate import Evaluation, evaluate
from efficiency.evaluation.lists import forms_looked_at, select, verifications, with_source_cells
from efficiency.evaluation.robustness import own_errors, restated
from efficiency.evaluation.scoring import words_of_indicators
from efficiency.evaluation.variants import VariantMode, with_variants
from efficiency.facts.compositions import as_exceptions
from efficiency.facts.profile import (
    FLOW_WORDS,
    READ_FOR_TOTALS,
    Profile,
    build_profile,
    concat_profiles,
    with_other_totals,
)
from efficiency.periods import period_end, period_start
from efficiency.policy.expressions import column_names
from efficiency.policy.values import OWN
from efficiency.warehouse.history import history
from schemas import FEEDS

if TYPE_CHECKING:
    from efficiency.partitions import Partitions
    from efficiency.policy.model import Policy
    from efficiency.warehouse.schema import Contents


_NOT_READ = ("sheet", "block")
"""Columns of facts that no profile reads."""


def evaluate_period(
    facts: Partitions,
    policy: Policy,
    period: str,
    past: Contents | None,
    published: str | None = None,
    *,
    submissions: pl.DataFrame,
    composed: bool = False,
    variants: VariantMode = "none",
) -> Evaluation:
    """Evaluate `period` (YYYY-MM) by `policy`: its window, its energy basis, and its own earlier tiers out of `past`.

    `past` is what the warehouse holds, or None where there is none yet; `submissions` are intake.submissions of the
    facts. Warnings of the profile are among those of the
    evaluation. `published`: digest of the inputs of an evaluation to be made again; where an earlier version made it,
    which read less, the inputs of this one are what that read, and it does not say what is missing if that did not.
    Where it is to be `composed`, it says what its totals are made of. `variants`: whether the method variants are
    evaluated too, and whose rows of them are kept.
    """
    profile = profile_at(facts, policy, period, past, submissions=submissions, composed=composed)
    if published not in (None, profile.inputs_sha256) and (earlier := profile.as_read_earlier(published)):
        inputs, gaps = earlier
        return replace(evaluate(profile.frame, policy, profile.earlier_warnings, gaps), inputs=inputs)
    evaluation = evaluate(profile.frame, policy, profile.warnings, profile.gaps, profile.data_errors)

    def under(changed: Policy) -> pl.DataFrame:
        return profile_under(changed, policy, facts, evaluation.inputs, period)

    evaluation = with_variants(evaluation, policy, under, variants)
    return _composed(evaluation, profile, policy, period) if composed else evaluation


def _composed(evaluation: Evaluation, profile: Profile, policy: Policy, period: str) -> Evaluation:
    """`evaluation` of `profile` with what its totals are made of."""
    yearly = 12 / period_start(period).month if policy.annualise and policy.window == "year_to_date" else 1.0
    factor = pl.when(pl.col("measure").is_in(FLOW_WORDS)).then(yearly).otherwise(1.0)
    return replace(evaluation, compositions=as_exceptions(profile.compositions).with_columns(factor.alias("factor")))


def select_lists(
    evaluation: Evaluation,
    policy: Policy,
    period: str,
    facts: Partitions,
    *,
    columns: pl.DataFrame,
    submissions: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The candidate lists of an evaluation of `facts`, and what is known of each candidate with its cells.

    Both have the shapes of results.candidates and results.verifications without evaluation_id, period and policy_id.
    `columns` and `submissions`: intake.columns and intake.submissions.
    """
    candidates = select(evaluation, policy)
    known = verifications(evaluation, policy, candidates)
    if forms := forms_looked_at(known):
        for partition in facts.frames(only=forms):
            known = with_source_cells(known, partition, columns, submissions, period_end(period))
    return candidates, known


def variants_read(policy: Policy, kept: VariantMode | None) -> VariantMode:
    """How far variants have to be evaluated to know the lists: as they are `kept`, or not at all where no list asks."""
    conditions = [*(one.when for one in policy.candidate), *(one.when for one in policy.verification)]
    conditions.append(policy.partners.where)
    asked = {name for when in conditions for name in column_names(when)} & {"agreement", "list_agreement"}
    return kept if kept and asked else "none"


def profile_under(policy: Policy, base: Policy, facts: Partitions, profile: pl.DataFrame, period: str) -> pl.DataFrame:
    """The profile under `policy`, a variant of `base`, from the `profile` under that."""
    parts = [
        with_other_totals(
            profile.join(partition["register"].select("uscc").unique(), on="uscc", how="semi")
            if len(facts.parts) > 1
            else profile,
            partition,
            period=period_start(period),
            window=policy.window,
            annualise=policy.annualise,
            energy=energy_basis(policy),
            same_window=(policy.window, policy.annualise) == (base.window, base.annualise),
        )
        for partition in facts.frames(without=_NOT_READ, only=READ_FOR_TOTALS | {"register"})
    ]
    return pl.concat(parts, rechunk=True)


def profile_at(
    facts: Partitions,
    policy: Policy,
    period: str,
    past: Contents | None,
    *,
    submissions: pl.DataFrame,
    composed: bool = False,
) -> Profile:
    """What `policy` reads of every enterprise at the end of `period`: one row each; arguments as `evaluate_period`."""
    previous = history(past, policy.id, period)
    words = words_of_indicators(policy)
    own = policy.robustness.data_sd == OWN
    measures = [word for word in words if word in FEEDS]
    profiles, cases = [], []
    for partition in facts.frames(without=_NOT_READ):
        profiles.append(
            build_profile(
                partition,
                period=period_start(period),
                window=policy.window,
                annualise=policy.annualise,
                energy=energy_basis(policy),
                previous=previous,
                explained=words,
                composed=words if composed else None,
            )
        )
        if own:
            cases.append(restated(partition, submissions, measures, period_end(period)))
    profile = concat_profiles(profiles)
    if not own:
        return profile
    return replace(profile, data_errors=own_errors(pl.concat(cases), measures, policy.robustness))
