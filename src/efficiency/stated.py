"""What the warehouse keeps of what was stated: all of it, or what a run of the past knew."""

from __future__ import annotations

import polars as pl

from efficiency.intake.problems import RULES
from efficiency.intake.resolve import Stated
from efficiency.warehouse.tables import Contents
from schemas import COLUMN_MAP, PROBLEMS, STATED, SUBMISSIONS

DECIDED_LATER = ("rows_accepted", "rows_rejected", "rows_superseded", "status")
"""Columns of intake.submissions that resolving adds."""


def stated_in(stored: Contents) -> Stated:
    """Everything that `stored` keeps, as it was read."""
    read = [rule for rule, known in RULES.items() if known.stage == "read"]
    problems = stored[PROBLEMS.qualified].filter(pl.col("rule").is_in(read)).drop("run_id")
    return Stated(
        submissions=stored[SUBMISSIONS.qualified].drop(DECIDED_LATER),
        columns=stored[COLUMN_MAP.qualified],
        problems=problems,
        rows={form: stored[table.qualified] for form, table in STATED.items()},
    )


def without_submissions(stored: Contents, submissions: pl.Series) -> Contents:
    """`stored` without what it keeps of these submissions (by submission_id)."""
    tables = (SUBMISSIONS, COLUMN_MAP, PROBLEMS, *STATED.values())
    kept = ~pl.col("submission_id").is_in(submissions.implode())
    return stored.with_frames({table.qualified: stored[table.qualified].filter(kept) for table in tables})
