"""Facts and history as an earlier run knew them, whatever has been submitted or corrected since; publishes nothing.

They are computed, not stored: a submission stays as it was read and keeps its number of arrival, a run keeps the last
arrival that it knew, and facts are a function of the submissions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.errors import UsageError
from efficiency.intake.resolution import ResolutionResult, Stated, periods, places, standing, with_kept_problems
from efficiency.job.execution import resolve_in_partitions
from efficiency.job.ingest import in_memory_or_spilled, stated_in, stated_rows, withdrawn_at
from efficiency.language import say
from efficiency.warehouse.schema import TABLES, Contents
from schemas import CORRECTIONS, ENTERPRISES, EVALUATIONS, FACTS, PROBLEMS, RUN_EVALUATIONS, RUNS, STATED, SUBMISSIONS

if TYPE_CHECKING:
    from pathlib import Path

_LARGE_TABLES = {table.qualified for table in (*STATED.values(), *FACTS.values())} - {
    CORRECTIONS.qualified, ENTERPRISES.qualified, STATED["corrections"].qualified,
}  # fmt: skip
"""Tables whose rows may need more than the memory."""


@dataclass(frozen=True)
class Origin:
    """The run that made an evaluation first, and what that run knew."""

    evaluation: dict[str, Any]
    """Its row of results.evaluations."""
    sequence: int
    """Number of the run."""
    position: int
    """Position of the evaluation among those of the run."""
    last_arrival: int
    """Number of the last submission that the run knew."""


def warehouse_at(path: Path) -> Contents:
    """The tables of the warehouse `path` that fit into memory.

    These are all but stated rows and facts, of which only corrections and the register are among them; the others are
    read in partitions (`efficiency.job.ingest`, `efficiency.job.kept_facts`). Raises UsageError when there is no such
    warehouse.
    """
    from efficiency.warehouse.read import existing

    return existing(path, [name for name in TABLES if name not in _LARGE_TABLES])


def origin_of(contents: Contents, evaluation_id: str) -> Origin:
    """The run that made the evaluation whose id is `evaluation_id` or, where only one does, begins with it.

    Raises UsageError when there is none, or when the warehouse has no record of the run that made it.
    """
    row = _found(contents[EVALUATIONS.qualified], evaluation_id)
    entered = contents[RUN_EVALUATIONS.qualified].filter(pl.col("evaluation_id") == row["evaluation_id"])
    if entered.is_empty():
        raise UsageError(
            say(
                "The warehouse does not tell which run made {evaluation_id}: it was made by a version of this "
                "software that kept no account of runs.",
                evaluation_id=row["evaluation_id"],
            )
        )
    first = entered.sort("sequence", "position").row(0, named=True)
    run = contents[RUNS.qualified].filter(pl.col("sequence") == first["sequence"]).row(0, named=True)
    return Origin(row, first["sequence"], first["position"], run["last_arrival"])


def _found(evaluations: pl.DataFrame, asked: str) -> dict[str, Any]:
    """The row of the evaluation whose id is `asked`, or of the only one whose id begins with it."""
    name = pl.col("evaluation_id")
    for found in (evaluations.filter(name == asked), evaluations.filter(name.str.starts_with(asked))):
        if found.height == 1:
            return found.row(0, named=True)
    several = found.height > 1
    known = (found if several else evaluations).sort("period", "created_at", descending=True)
    named = known["evaluation_id"].head(5).to_list() or say("none yet")
    if several:
        raise UsageError(
            say(
                "The warehouse has several evaluations that begin with {asked}. They are: {named}.",
                asked=asked,
                named=named,
            )
        )
    raise UsageError(say("The warehouse has no evaluation {asked}. The latest are: {named}.", asked=asked, named=named))


def resolved_now(warehouse: Path, contents: Contents, folder: Path) -> ResolutionResult:
    """Submissions, problems and facts, resolved from everything that was submitted so far.

    `contents` are those of `warehouse`; partitions larger than the memory are spilled into `folder`.
    """
    rows = in_memory_or_spilled(stated_rows(warehouse, folder), folder)
    stated = stated_in(contents, rows)
    resolved = resolve_in_partitions(stated, folder)
    kept = [
        _resolved_after(warehouse, contents, sequence, folder).problems.filter(pl.col("submission_id").is_in(sheets))
        for sequence, sheets in _last_counted(contents, stated, resolved.submissions).items()
    ]
    if not kept:
        return resolved
    problems = with_kept_problems(resolved.problems, pl.concat(kept), resolved.submissions)
    return replace(resolved, problems=problems)


def _last_counted(contents: Contents, stated: Stated, submissions: pl.DataFrame) -> dict[int, list[str]]:
    """The sheets of `submissions` that do not count, by the last run (its sequence) in which they did."""
    asked = set(submissions.filter(pl.col("left_out").is_not_null())["submission_id"])
    found: dict[int, list[str]] = {}
    if not asked:
        return found
    ever = stated.seen.unique(["file_name", "sha256"]).with_columns(pl.lit(0, dtype=pl.Int64).alias("sequence"))
    labels = periods(submissions, stated.rows, places(ever, submissions))
    runs = contents[RUNS.qualified].sort("sequence", descending=True).select("sequence", "last_arrival")
    for sequence, last_arrival in runs[1:].iter_rows():
        then = submissions.filter(pl.col("arrival") <= last_arrival)
        known = places(stated.seen.filter(pl.col("sequence") <= sequence), then)
        gone = set(withdrawn_at(contents, sequence)["submission_id"])
        counted = standing(then, known, gone, labels).filter(pl.col("left_out").is_null())["submission_id"]
        if sheets := asked.intersection(counted):
            found[sequence] = sorted(sheets)
            asked -= sheets
        if not asked:
            break
    return found


def resolved_at(warehouse: Path, contents: Contents, origin: Origin, folder: Path) -> ResolutionResult:
    """Submissions, problems and facts as the run of `origin` knew them.

    `contents` are those of `warehouse`; partitions larger than the memory are spilled into `folder`.
    """
    return _resolved_after(warehouse, contents, origin.sequence, folder)


def _resolved_after(warehouse: Path, contents: Contents, sequence: int, folder: Path) -> ResolutionResult:
    """As `resolved_at`, as the run `sequence` knew them."""
    submissions = contents[SUBMISSIONS.qualified]
    run = contents[RUNS.qualified].filter(pl.col("sequence") == sequence).row(0, named=True)
    known = submissions.filter(pl.col("arrival") <= run["last_arrival"])["submission_id"].implode()
    later = submissions.filter(pl.col("arrival") > run["last_arrival"])["submission_id"].implode()
    runs = contents[RUNS.qualified].filter(pl.col("sequence") <= sequence)["run_id"].implode()
    sheet = pl.col("submission_id")
    # A problem of a whole file belongs to no sheet: it was known from the run on that found it.
    then = sheet.is_in(known) | (~sheet.is_in(later) & pl.col("run_id").is_in(runs))
    rows = in_memory_or_spilled(stated_rows(warehouse, folder, sheet.is_in(known)), folder)
    problems = contents[PROBLEMS.qualified].filter(then)
    kept = stated_in(contents.with_frames({PROBLEMS.qualified: problems}), rows, sequence)
    # In the order that the run had: those of earlier runs by their id, then its own in order of arrival.
    fresh = pl.when(pl.col("run_id") == run["run_id"]).then("arrival")
    stated = replace(
        kept,
        submissions=kept.submissions.filter(sheet.is_in(known)).sort(fresh, "submission_id", nulls_last=False),
        columns=kept.columns.filter(sheet.is_in(known)),
    )
    return resolve_in_partitions(stated, folder)


def past_at(contents: Contents, origin: Origin) -> Contents:
    """`contents` with those evaluations marked current that were current just before the one of `origin` was made."""
    same_run = pl.col("sequence") == origin.sequence
    before = (pl.col("sequence") < origin.sequence) | (same_run & (pl.col("position") < origin.position))
    last = (
        contents[RUN_EVALUATIONS.qualified]
        .filter(before)
        .sort("sequence", "position")
        .unique(["period", "policy_id"], keep="last")["evaluation_id"]
    )
    evaluations = contents[EVALUATIONS.qualified].with_columns(
        pl.col("evaluation_id").is_in(last.implode()).alias("current")
    )
    return contents.with_frames({EVALUATIONS.qualified: evaluations})
