"""The facts and the history as a run of the past knew them, whatever has been stated or corrected since.

Nothing is kept twice for this: a submission stays as it was read and has its place in the order of arrival, a run
keeps the last arrival it knew, and facts are a function of what is stated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.errors import UsageError
from efficiency.intake.resolution import ResolutionResult, Stated
from efficiency.job.execution import resolve_in_shares
from efficiency.job.ingest import stated_in, stated_rows, together
from efficiency.warehouse.schema import TABLES, Contents
from schemas import CORRECTIONS, ENTERPRISES, EVALUATIONS, FACTS, PROBLEMS, RUN_EVALUATIONS, RUNS, STATED, SUBMISSIONS

if TYPE_CHECKING:
    from pathlib import Path

_MANY = {table.qualified for table in (*STATED.values(), *FACTS.values())} - {
    CORRECTIONS.qualified, ENTERPRISES.qualified, STATED["corrections"].qualified,
}  # fmt: skip
"""Tables of which memory may not hold all rows."""


@dataclass(frozen=True)
class Made:
    """When an evaluation was made first: the run, the place of its period in it, and what the run knew."""

    evaluation: dict[str, Any]
    """Its row of results.evaluations."""
    sequence: int
    position: int
    last_arrival: int


def warehouse_at(path: Path) -> Contents:
    """What is in the warehouse `path` but for stated rows and facts, of which corrections and the register are there.

    The others may be more than memory holds (`efficiency.job.ingest`, `efficiency.job.kept_facts`).
    UsageError when there is no such warehouse.
    """
    from efficiency.warehouse.read import load

    contents = load(path, [name for name in TABLES if name not in _MANY])
    if contents is None:
        raise UsageError(
            f"There is no warehouse {path}. Run `efficiency run` first, or name another file with --warehouse."
        )
    return contents


def made(contents: Contents, evaluation_id: str) -> Made:
    """When the evaluation was made; its id may be cut short where that fits no other.

    Raises UsageError for one that the warehouse does not have or has no account of.
    """
    row = _found(contents[EVALUATIONS.qualified], evaluation_id)
    entered = contents[RUN_EVALUATIONS.qualified].filter(pl.col("evaluation_id") == row["evaluation_id"])
    if entered.is_empty():
        raise UsageError(
            f"The warehouse does not tell which run made {row['evaluation_id']}: it was made by a version of "
            "this software that kept no account of runs."
        )
    first = entered.sort("sequence", "position").row(0, named=True)
    run = contents[RUNS.qualified].filter(pl.col("sequence") == first["sequence"]).row(0, named=True)
    return Made(row, first["sequence"], first["position"], run["last_arrival"])


def _found(evaluations: pl.DataFrame, asked: str) -> dict[str, Any]:
    """The evaluation whose id `asked` is, or the only one whose id begins so."""
    name = pl.col("evaluation_id")
    for found in (evaluations.filter(name == asked), evaluations.filter(name.str.starts_with(asked))):
        if found.height == 1:
            return found.row(0, named=True)
    several = found.height > 1
    known = (found if several else evaluations).sort("period", "created_at", descending=True)
    named = ", ".join(known["evaluation_id"].head(5)) or "none yet"
    raise UsageError(
        f"The warehouse has {'several evaluations that begin with' if several else 'no evaluation'} {asked}. "
        f"{'They' if several else 'The latest'} are: {named}."
    )


def resolved_now(warehouse: Path, contents: Contents, folder: Path) -> ResolutionResult:
    """Facts, submissions and problems as they follow from all that `warehouse` (`contents`) keeps."""
    return resolve_in_shares(stated_in(contents, together(stated_rows(warehouse, folder), folder)), folder)


def resolved_at(warehouse: Path, contents: Contents, made: Made, folder: Path) -> ResolutionResult:
    """Facts, submissions and problems as the run of `made` knew them; `contents` are those of `warehouse`.

    What is more than memory holds is put into `folder`.
    """
    submissions = contents[SUBMISSIONS.qualified]
    known = submissions.filter(pl.col("arrival") <= made.last_arrival)["submission_id"].implode()
    later = submissions.filter(pl.col("arrival") > made.last_arrival)["submission_id"].implode()
    runs = contents[RUNS.qualified].filter(pl.col("sequence") <= made.sequence)["run_id"].implode()
    sheet = pl.col("submission_id")
    # A problem of a whole file belongs to no sheet: it was known from the run on that found it.
    then = sheet.is_in(known) | (~sheet.is_in(later) & pl.col("run_id").is_in(runs))
    rows = together(stated_rows(warehouse, folder, sheet.is_in(known)), folder)
    kept = stated_in(contents.with_frames({PROBLEMS.qualified: contents[PROBLEMS.qualified].filter(then)}), rows)
    # As that run had them: what earlier runs left by number, then its own in order of arrival.
    fresh = pl.when(pl.col("run_id") == made.evaluation["run_id"]).then("arrival")
    stated = Stated(
        submissions=kept.submissions.filter(sheet.is_in(known)).sort(fresh, "submission_id", nulls_last=False),
        columns=kept.columns.filter(sheet.is_in(known)),
        problems=kept.problems,
        rows=rows,
    )
    return resolve_in_shares(stated, folder)


def past_at(contents: Contents, made: Made) -> Contents:
    """`contents` with those evaluations current that were so when the one of `made` was about to be made."""
    same_run = pl.col("sequence") == made.sequence
    before = (pl.col("sequence") < made.sequence) | (same_run & (pl.col("position") < made.position))
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
