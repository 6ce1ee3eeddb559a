"""Facts and a policy in, one period judged: for the monthly run and for every command that judges once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efficiency.evaluation.energy_basis import energy_basis
from efficiency.evaluation.evaluate import Evaluation, evaluate
from efficiency.facts.profile import Profile, build_profile, concat_profiles
from efficiency.partitions import partitions_of
from efficiency.periods import period_start
from efficiency.warehouse.history import history

if TYPE_CHECKING:
    from efficiency.partitions import Facts
    from efficiency.policy.model import Policy
    from efficiency.warehouse.schema import Contents


_PLACE = ("sheet", "block")
"""What a profile does not look at."""


def judge(facts: Facts, policy: Policy, period: str, past: Contents | None) -> Evaluation:
    """`period` (YYYY-MM) judged by `policy`: its window and energy basis, and its own earlier tiers out of `past`."""
    profile = profile_at(facts, policy, period, past)
    return evaluate(profile.frame, policy, profile.warnings)


def profile_at(facts: Facts, policy: Policy, period: str, past: Contents | None) -> Profile:
    """What `policy` sees of every enterprise at the end of `period`."""
    previous = history(past, policy.id, period)
    return concat_profiles(
        [
            build_profile(
                share,
                period=period_start(period),
                window=policy.window,
                annualise=policy.annualise,
                energy=energy_basis(policy),
                previous=previous,
            )
            for share in partitions_of(facts).frames(without=_PLACE)
        ]
    )
