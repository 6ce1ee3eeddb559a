"""Facts and a policy in, one period judged: one road for the monthly run, a comparison and what might have been."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from efficiency.evaluation.energy_basis import energy_basis
from efficiency.evaluation.evaluate import Evaluation, evaluate
from efficiency.facts.profile import Profile, build_profile, inputs_sha256
from efficiency.periods import period_start
from efficiency.warehouse.history import history

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from efficiency.policy.model import Policy
    from efficiency.warehouse.tables import Contents


@dataclass(frozen=True)
class Judgement:
    """An evaluation, with the warnings of the profile before its own, and the digest of what it read."""

    evaluation: Evaluation
    inputs_sha256: str


def judge(facts: Mapping[str, pl.DataFrame], policy: Policy, period: str, past: Contents | None) -> Judgement:
    """`period` (YYYY-MM) judged by `policy`: its window and energy basis, and its own earlier tiers out of `past`."""
    profile = profile_at(facts, policy, period, past)
    evaluation = evaluate(profile.frame, policy)
    told = replace(evaluation, warnings=[*profile.warnings, *evaluation.warnings])
    return Judgement(told, inputs_sha256(profile.frame))


def profile_at(facts: Mapping[str, pl.DataFrame], policy: Policy, period: str, past: Contents | None) -> Profile:
    """What `policy` sees of every enterprise at the end of `period`."""
    return build_profile(
        facts,
        period=period_start(period),
        window=policy.window,
        annualise=policy.annualise,
        energy=energy_basis(policy),
        previous=history(past, policy.id, period),
    )
