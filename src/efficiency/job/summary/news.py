"""What is new in a run: what no run before it has said of the same month, or of the month before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.job.summary.as_json import watched
from schemas import EVALUATIONS, PROBLEMS, WATCH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efficiency.job.contracts import CompletedRun, Validated

_SAME_FINDING = ("period", "kind", "series", "form", "field", "uscc")
"""What makes two findings of the watch the same; the days overdue grow by themselves."""


def new_problems(validated: Validated) -> pl.DataFrame:
    """The open problems that no earlier run has found."""
    key = [name for name in PROBLEMS.names if name != "run_id"]
    known = validated.ingested.stored[PROBLEMS.qualified]
    return validated.open_problems.join(known, on=key, how="anti", nulls_equal=True, maintain_order="left")


def new_findings(completed: CompletedRun) -> tuple[pl.DataFrame, int]:
    """What was noticed of the last period for the first time, and how much was noticed before and is still so."""
    found = watched(completed)
    known = completed.validated.ingested.stored[WATCH.qualified]
    fresh = found.join(known, on=_SAME_FINDING, how="anti", nulls_equal=True, maintain_order="left")
    return fresh, found.height - fresh.height


def new_warnings(completed: CompletedRun) -> Iterator[tuple[str, list[str], int]]:
    """Of each period: its warnings that are new, and how many the evaluation before has too.

    That is the period's evaluation by an earlier run, and that of the period before by the same policy.
    """
    stored = (
        completed.validated.ingested.stored[EVALUATIONS.qualified]
        .filter(pl.col("current"), pl.col("policy_id") == completed.run.policy.id)
        .sort("period")
    )
    within: set[str] = set()
    for one in completed.evaluations:
        own = stored.filter(pl.col("period") == one.period)
        earlier = stored.filter(pl.col("period") < one.period).tail(1)
        said = {line for text in pl.concat([own, earlier])["warnings"].drop_nulls() for line in text.splitlines()}
        fresh = [warning for warning in one.evaluation.warnings if warning not in said | within]
        yield one.period, fresh, len(one.evaluation.warnings) - len(fresh)
        within = set(one.evaluation.warnings)
