"""Facts and a policy in, one period judged: for the monthly run and for every command that judges once more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from efficiency.evaluation.energy_basis import energy_basis
from efficiency.evaluation.evaluate import Evaluation, evaluate
from efficiency.facts.profile import Profile, build_profile, inputs_sha256, united
from efficiency.partitions import shares_of
from efficiency.periods import period_start
from efficiency.warehouse.history import history

if TYPE_CHECKING:
    from efficiency.partitions import Facts
    from efficiency.policy.model import Policy
    from efficiency.warehouse.schema import Contents


_PLACE = ("sheet", "block")
"""What a profile does not look at."""


@dataclass(frozen=True)
class Judgement:
    """An evaluation, with the warnings of the profile before its own, and the digest of what it read."""

    evaluation: Evaluation
    inputs_sha256: str


def judge(facts: Facts, policy: Policy, period: str, past: Contents | None) -> Judgement:
    """`period` (YYYY-MM) judged by `policy`: its window and energy basis, and its own earlier tiers out of `past`."""
    profile = profile_at(facts, policy, period, past)
    evaluation = evaluate(profile.frame, policy)
    told = replace(evaluation, warnings=[*profile.warnings, *evaluation.warnings])
    return Judgement(told, inputs_sha256(profile.frame))


def profile_at(facts: Facts, policy: Policy, period: str, past: Contents | None) -> Profile:
    """What `policy` sees of every enterprise at the end of `period`."""
    previous = history(past, policy.id, period)
    return united(
        [
            build_profile(
                share,
                period=period_start(period),
                window=policy.window,
                annualise=policy.annualise,
                energy=energy_basis(policy),
                previous=previous,
            )
            for share in shares_of(facts).frames(without=_PLACE)
        ]
    )
