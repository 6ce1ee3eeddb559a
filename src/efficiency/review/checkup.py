"""`efficiency checkup`: what in a published evaluation a committee should look at again; publishes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.errors import UsageError
from efficiency.evaluation.checkup import FACTS_READ, CheckUp, check_up
from efficiency.language import say
from efficiency.periods import period_start
from efficiency.policy.load import parse_policy
from efficiency.warehouse.read import existing
from schemas import EVALUATIONS, INDICATORS, SCORES

if TYPE_CHECKING:
    from pathlib import Path

    from efficiency.policy.model import Policy


@dataclass(frozen=True)
class CheckedUp:
    """The check-up of an evaluation; `evaluation`: its row of results.evaluations."""

    evaluation: dict[str, Any]
    policy: Policy
    found: CheckUp


def check_up_published(warehouse: Path, period: str | None = None, policy_id: str | None = None) -> CheckedUp:
    """The check-up of the current evaluation of `period` (YYYY-MM) by `policy_id`.

    Without a period the latest that is evaluated is taken, without a policy the evaluation made last. Only read.
    Raises UsageError for a wrong period, a warehouse that does not exist, and where there is no such evaluation.
    """
    if period is not None:
        period_start(period)
    contents = existing(warehouse, [EVALUATIONS.qualified, SCORES.qualified, INDICATORS.qualified, *FACTS_READ])
    evaluation = _current(contents[EVALUATIONS.qualified], period, policy_id)
    own = pl.col("evaluation_id") == evaluation["evaluation_id"]
    policy = parse_policy(evaluation["policy_toml"], name=f"policy of {evaluation['evaluation_id']}")
    found = check_up(
        policy,
        evaluation["period"],
        contents[SCORES.qualified].filter(own),
        contents[INDICATORS.qualified].filter(own),
        {name: contents[name] for name in FACTS_READ},
    )
    return CheckedUp(evaluation, policy, found)


def _current(evaluations: pl.DataFrame, period: str | None, policy_id: str | None) -> dict[str, Any]:
    """The row of the evaluation that is asked for; raises UsageError where there is none."""
    current = evaluations.filter("current").sort("period", "created_at", "evaluation_id", descending=True)
    by_policy = current.filter(pl.col("policy_id") == policy_id) if policy_id is not None else current
    found = by_policy.filter(pl.col("period") == period) if period is not None else by_policy
    if found.is_empty():
        known = (
            current.sort("period", "policy_id").select(pl.format("{} {}", "period", "policy_id")).to_series().to_list()
        )
        of_period = say(" of {period}", period=period) if period else ""
        under = say(" under policy {policy_id!r}", policy_id=policy_id) if policy_id else ""
        raise UsageError(
            say(
                "There is no current evaluation{of_period}{under}. Evaluated: {known}. Run `efficiency run` for it "
                "first, or name another.",
                of_period=of_period,
                under=under,
                known=known or say("nothing yet"),
            )
        )
    return found.row(0, named=True)
