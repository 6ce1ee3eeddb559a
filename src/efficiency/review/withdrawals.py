"""`efficiency withdraw`: what was sent by mistake counts no more from the next run on, until that is undone.

The published file gets rows in `intake.withdrawals`; facts and results stay as they are until the next run. Nothing is
removed: the sheet, its problems and its rows stay on record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

import polars as pl

from efficiency.errors import EfficiencyError, UsageError
from efficiency.job.ingest import last_sequence
from efficiency.language import say
from efficiency.processes import operator
from efficiency.review.as_of import warehouse_at
from efficiency.warehouse.lock import lock
from efficiency.warehouse.publish import publish_table
from efficiency.warehouse.run_log import append_entry
from schemas import RUN_FILES, SUBMISSIONS, WITHDRAWALS

if TYPE_CHECKING:
    from pathlib import Path

    from efficiency.warehouse.schema import Contents

NEAREST = 5
"""Names that a message suggests for one that is not known."""
LEAST_LIKENESS = 0.4
_DIGEST = 12
"""Hex digits of a file's digest that begin the ids of its sheets."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What was withdrawn, or counts again."""

    file_name: str
    sheets: tuple[str, ...]
    """Their submission_ids."""
    undone: bool
    also: tuple[str, ...]
    """Other names under which the same files are known."""


def withdraw(asked: str, reason: str | None, warehouse: Path, *, undo: bool = False) -> Withdrawal:
    """Withdraw a file, all versions of it so far, or one sheet; with `undo`, let what is withdrawn count again.

    `asked` is the file's path below the inbox, an end of it that only one file has, or a submission_id. Done under the
    warehouse's lock, as an ordinary publication: the file that is replaced is kept as a version. Raises UsageError when
    nothing is known by that name, there is nothing to withdraw or to undo, or no `reason` is given for a withdrawal;
    WarehouseError when a run holds the warehouse or it cannot be written.
    """
    stated_reason = " ".join((reason or "").split())
    if not stated_reason and not undo:
        raise UsageError(say("Say why it is withdrawn with --reason TEXT; the reason is kept and shown."))
    target = warehouse.resolve()
    with lock(target):
        contents = warehouse_at(target)
        file_name, sheets, known = _found(contents, asked)
        table = contents[WITHDRAWALS.qualified]
        standing = pl.col("submission_id").is_in(sheets) & pl.col("undone_at").is_null()
        withdrawn = set(table.filter(standing)["submission_id"])
        chosen = [sheet for sheet in sheets if (sheet in withdrawn) is undo]
        if not chosen:
            raise UsageError(
                say(
                    "{asked} is not withdrawn. `efficiency export intake.withdrawals withdrawn.csv` shows what is.",
                    asked=asked,
                )
                if undo
                else say(
                    "{asked} is withdrawn already. `efficiency export intake.withdrawals withdrawn.csv` shows what is.",
                    asked=asked,
                )
            )
        now, sequence = datetime.now(UTC).replace(microsecond=0), last_sequence(contents)
        by = operator()
        if undo:
            rows = table.with_columns(
                pl.when(standing).then(pl.lit(value)).otherwise(name).alias(name)
                for name, value in (("undone_at", now), ("undone_after_run", sequence))
            )
        else:
            new = [
                {
                    "file_name": file_name,
                    "submission_id": sheet,
                    "reason": stated_reason,
                    "operator": by,
                    "withdrawn_at": now,
                    "after_run": sequence,
                }
                for sheet in chosen
            ]
            rows = pl.concat([table, WITHDRAWALS.conform(pl.DataFrame(new))])
        event = "restored" if undo else "withdrawn"
        entry = {"file_name": file_name, "submissions": chosen, "reason": stated_reason, "operator": by}
        append_entry(target, {"event": event, "at": now.isoformat(timespec="seconds"), **entry})
        try:
            publish_table(target, WITHDRAWALS, WITHDRAWALS.conform(rows))
        except EfficiencyError as error:
            append_entry(target, {"event": "failed", "at": now.isoformat(timespec="seconds"), "error": str(error)})
            raise
    return Withdrawal(file_name, tuple(chosen), undo, tuple(sorted(known - {file_name})))


def withdrawn_lines(done: Withdrawal) -> list[str]:
    """The lines that the command prints: what was done, and what follows from it."""
    (first, *further) = done.sheets
    sheets = say("{number} sheets ({names})", number=len(done.sheets), names=done.sheets) if further else first
    lines: list[str] = [
        say("Counts again: {file}: {sheets}", file=done.file_name, sheets=sheets)
        if done.undone
        else say("Withdrawn: {file}: {sheets}", file=done.file_name, sheets=sheets)
    ]
    if done.also:
        lines.append(say("The same bytes are known as {names} too: that is the same submission.", names=done.also))
    lines.append(say("Facts and results are as they were until the next run: efficiency run --period YYYY-MM"))
    if not done.undone:
        what = done.file_name if further else first
        lines.append(say("To undo this: efficiency withdraw {what} --undo", what=what))
    return lines


def _found(contents: Contents, asked: str) -> tuple[str, list[str], set[str]]:
    """The file that `asked` names, the sheets of it that are meant, and the names of all files with its bytes."""
    submissions = contents[SUBMISSIONS.qualified]
    named = pl.concat(
        [frame.select("file_name", "sha256") for frame in (submissions, contents[RUN_FILES.qualified])]
    ).unique()
    by_id = submissions.filter(
        (pl.col("submission_id") == asked)
        | ((pl.col("submission_id").str.head(_DIGEST) == asked) & (pl.lit(len(asked)) == _DIGEST))
    )
    if by_id.height:
        chosen = by_id
        file_name = str(by_id["file_name"][0])
    else:
        file_name = _file_name(sorted(named["file_name"].unique()), submissions, asked)
        files = named.filter(pl.col("file_name") == file_name)["sha256"]
        chosen = submissions.filter(pl.col("sha256").is_in(files.implode()))
    names = set(named.filter(pl.col("sha256").is_in(chosen["sha256"].implode()))["file_name"])
    return file_name, chosen.sort("arrival")["submission_id"].to_list(), names


def _file_name(names: list[str], submissions: pl.DataFrame, asked: str) -> str:
    """The one of `names` that is `asked` or that it ends with, or is an end of. Raises UsageError if there is none."""
    plain = asked.replace("\\", "/")
    if plain in names:
        return plain
    fitting = [name for name in names if name.endswith(f"/{plain}") or plain.endswith(f"/{name}")]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UsageError(
            say(
                "{asked} may be {names}. Name the one that is meant with its folder.",
                asked=asked,
                names=fitting[:NEAREST],
            )
        )
    ids = submissions["submission_id"].to_list()
    by_last = {name.rpartition("/")[2]: name for name in names}
    near = [
        *get_close_matches(plain, names, NEAREST, LEAST_LIKENESS),
        *(by_last[last] for last in get_close_matches(plain.rpartition("/")[2], by_last, NEAREST, LEAST_LIKENESS)),
        *get_close_matches(plain, ids, NEAREST, 0.8),
    ]
    raise UsageError(
        say(
            "The warehouse knows no file and no submission {asked}. The nearest: {names}. "
            "`efficiency export data_quality received.csv` lists all.",
            asked=asked,
            names=list(dict.fromkeys(near)) or say("none like it"),
        )
    )
