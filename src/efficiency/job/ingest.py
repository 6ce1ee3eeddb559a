"""The step `ingest`: the inbox added to what the warehouse keeps; only files that no earlier run has read are opened.

Reading back what the warehouse keeps of stated rows and facts is here too, for the commands that look at it again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import polars as pl

from efficiency.errors import UsageError
from efficiency.intake.files import ENDINGS, WHERE_A_TABLE, InboxFile, inbox_file, inbox_paths, list_inbox
from efficiency.intake.layout import MappingFile
from efficiency.intake.problems import RULES, problem, problems_frame
from efficiency.intake.read_result import ReadResult
from efficiency.intake.resolution import SEEN, Stated
from efficiency.job.contracts import Ingested, Progress, RunContext, silent
from efficiency.job.execution import ReadFiles, partition_count, read_files
from efficiency.language import reason, say
from efficiency.partitions import BOUNDS, Chunks, ParquetChunk, Partitions, spill
from efficiency.warehouse.read import Codes, load, load_in_order, row_count
from efficiency.warehouse.schema import TABLES, Contents
from efficiency.warehouse.staging import scratch_folder
from schemas import COLUMN_MAP, FACTS, OBJECTIONS, PROBLEMS, RUN_FILES, RUNS, STATED, SUBMISSIONS, WITHDRAWALS
from schemas.objections import PENDING

_MANY = {table.qualified for table in (*STATED.values(), *FACTS.values())}
"""Tables of which memory may not hold all rows."""


def ingest(run: RunContext, progress: Progress = silent, read: ReadFiles = read_files) -> Ingested:
    """Read the files of the inbox that the warehouse does not know by their bytes, and add them to what it keeps.

    A file of which a sheet was not recognised is read again where the mapping now has a layout for it. `read` is who
    reads: this machine, or a cluster. Rows that are too many for memory are spilled to the scratch folder beside the
    warehouse (`efficiency.warehouse.staging`). Raises UsageError for an inbox without spreadsheets, WarehouseError for
    a warehouse that cannot be read, and EfficiencyError when the disk is full.
    """
    files, problems = spreadsheets(run.request.inbox)
    source = Source(run.request.warehouse, run.mapping, run.run_id, run.started, scratch_folder(run.request.warehouse))
    return ingest_files(files, problems, source, progress, read)


@dataclass(frozen=True, slots=True)
class Source:
    """By what files are read, and what they are added to."""

    warehouse: Path
    """Keeps what was stated earlier; it need not exist."""
    mapping: MappingFile
    run_id: str
    started: datetime
    folder: Path
    """Rows that are too many for memory are spilled to it."""


def ingest_files(
    files: Sequence[InboxFile],
    problems: pl.DataFrame,
    source: Source,
    progress: Progress = silent,
    read: ReadFiles = read_files,
    *,
    anew: bool = False,
) -> Ingested:
    """The same for `files` in their order of arrival, of which `problems` were found; `anew` reads known ones too."""
    warehouse, mapping, folder = source.warehouse, source.mapping, source.folder
    stored = load(warehouse, only=[name for name in TABLES if name not in _MANY]) or Contents()
    recognised = stored[SUBMISSIONS.qualified].filter(pl.col("form").is_not_null())
    last = stored[SUBMISSIONS.qualified]["arrival"].max()
    again = sorted({file.sha256 for file in files}) if anew else _files_to_read_again(files, stored, mapping)
    stored = _without_files(stored, again)
    known = set(stored[SUBMISSIONS.qualified]["sha256"])
    fresh: dict[str, InboxFile] = {}
    for file in files:
        if file.sha256 not in known:
            fresh.setdefault(file.sha256, file)
    result = read(list(fresh.values()), mapping, lambda done, total: progress("ingest", done, total), folder)
    arrivals = arrived(result, last if isinstance(last, int) else 0, source.run_id, source.started)
    rows = _rows(warehouse, [digest[:12] for digest in again], result, folder)
    notes = pl.concat([problems, repeated(files)])
    stated = _with_earlier(stored, result, _as_first_read(arrivals, recognised), notes, rows)
    return Ingested(tuple(files), len(fresh), stored, _as_known_by(stored, stated, files))


def _files_to_read_again(files: Sequence[InboxFile], stored: Contents, mapping: MappingFile) -> list[str]:
    """Digests of files with a sheet over which the program failed, and of those with one that earlier runs did not
    recognise, or with a column that they withheld for its unit, and that `mapping` has a layout for.
    """
    submissions, problems = stored[SUBMISSIONS.qualified], stored[PROBLEMS.qualified]
    failed = set(problems.filter(pl.col("rule") == "internal")["submission_id"].str.head(12))
    withheld = problems.filter(pl.col("rule") == "unit_column")["submission_id"]
    doubtful = pl.col("form").is_null() | pl.col("submission_id").is_in(withheld.implode())
    known = set(submissions.filter(doubtful)["sha256"])
    return [
        file.sha256
        for file in files
        if file.sha256[:12] in failed or (file.sha256 in known and mapping.concerns(file.name))
    ]


def _without_files(stored: Contents, digests: Sequence[str]) -> Contents:
    """`stored` without what it keeps of the files with these digests."""
    if not digests:
        return stored
    identifiers = [digest[:12] for digest in digests]
    tables = (SUBMISSIONS, COLUMN_MAP, PROBLEMS)
    return stored.with_frames(
        {
            table.qualified: stored[table.qualified].filter(~pl.col("submission_id").str.head(12).is_in(identifiers))
            for table in tables
        }
    )


def spreadsheets(inbox: Path) -> tuple[list[InboxFile], pl.DataFrame]:
    """The spreadsheets of `inbox` in order of arrival, and notes on what else is there. Raises UsageError if none."""
    require_spreadsheets(inbox)
    return list_inbox(inbox)


def require_spreadsheets(inbox: Path) -> None:
    """Raise UsageError unless `inbox` is a folder with a spreadsheet somewhere in it; nothing is opened."""
    if not inbox.is_dir():
        raise UsageError(
            say(
                "The inbox {inbox} is not a folder. Name the folder that holds the spreadsheets with --inbox.",
                inbox=inbox,
            )
        )
    try:
        os.scandir(inbox).close()
    except OSError as error:
        raise UsageError(
            say(
                "The inbox {inbox} cannot be looked into ({reason}). Let the user of the job read it.",
                inbox=inbox,
                reason=reason(error),
            )
        ) from error
    readable = (*ENDINGS, *WHERE_A_TABLE)
    if not any(path.suffix.lower() in readable and not path.is_dir() for path in inbox_paths(inbox)):
        raise UsageError(
            say(
                "The inbox {inbox} holds no spreadsheet ({endings}). Put the departments' files there, or name "
                "another folder with --inbox.",
                inbox=inbox,
                endings=" ".join(ENDINGS),
            )
        )


def named_file(path: Path) -> InboxFile:
    """The file that a command names. Raises UsageError when it cannot be opened."""
    try:
        return inbox_file(path)
    except OSError as error:
        raise UsageError(
            say("{path} cannot be opened ({reason}). Let this user read it.", path=path, reason=reason(error))
        ) from error


def repeated(files: Sequence[InboxFile]) -> pl.DataFrame:
    """A note for each file whose bytes are in the inbox under another name already."""
    first: dict[str, InboxFile] = {}
    return problems_frame(
        [
            problem("repeated_file", submission_id=file.sha256[:12], file_name=file.name, value=first[file.sha256].name)
            for file in files
            if first.setdefault(file.sha256, file) is not file
        ]
    )


def arrived(parsed: ReadResult, after: int, run_id: str, started: datetime) -> pl.DataFrame:
    """The submissions of `parsed` with their place in the order of arrival over all runs."""
    return (
        parsed.submissions.with_columns(
            (pl.col("order") + after).alias("arrival"),
            pl.lit(run_id).alias("run_id"),
            pl.lit(started).cast(pl.Datetime("us", "UTC")).alias("received_at"),
        )
        .rename({"rows_rejected": "rows_unusable"})
        .drop("order")
    )


def _as_first_read(arrivals: pl.DataFrame, recognised: pl.DataFrame) -> pl.DataFrame:
    """`arrivals` in which a sheet that was `recognised` before keeps its place in the order of arrival.

    A file that is read again for the sake of another of its sheets states no more here than it did.
    """
    names = ("arrival", "run_id", "received_at")
    before = recognised.select("submission_id", *(pl.col(name).alias(f"_{name}") for name in names))
    return arrivals.join(before, on="submission_id", how="left", validate="1:1", maintain_order="left").select(
        pl.coalesce(f"_{name}", name).alias(name) if name in names else name for name in arrivals.columns
    )


def _with_earlier(
    stored: Contents, parsed: ReadResult, new: pl.DataFrame, inbox_problems: pl.DataFrame, rows: Mapping[str, Chunks]
) -> Stated:
    """The sheets of earlier runs and those that this run has read, as one, with their `rows`."""
    earlier = stored[SUBMISSIONS.qualified]
    kept = stored[PROBLEMS.qualified].filter(
        pl.col("rule").is_in([rule for rule, known in RULES.items() if known.stage == "read"])
    )
    problems = pl.concat([parsed.problems, kept.drop("run_id"), inbox_problems], how="diagonal")
    return Stated(
        submissions=pl.concat([earlier.select(new.columns), new]),
        columns=pl.concat([stored[COLUMN_MAP.qualified], parsed.columns]),
        problems=problems.unique(
            subset=[name for name in problems.columns if name != "row"], keep="first", maintain_order=True
        ),
        rows=rows,
    )


def _rows(warehouse: Path, forgotten: Sequence[str], found: ReadResult, folder: Path) -> dict[str, Chunks]:
    """Form id → the rows of earlier runs, then those that this run has read; all in memory, or all spilled to `folder`.

    `forgotten` are the digests, as in submission_id, of the files that have been read again.
    """
    keep = ~pl.col("submission_id").str.head(12).is_in(forgotten) if forgotten else None
    earlier = stated_rows(warehouse, folder, keep, held=found.held)
    return in_memory_or_spilled(
        {form: replace(new, parts=(*earlier[form].parts, *new.parts)) for form, new in found.chunks.items()}, folder
    )


def _as_known_by(stored: Contents, stated: Stated, files: Sequence[InboxFile]) -> Stated:
    """`stated` with what is withdrawn, and with the names under which its files are known, `files` last."""
    this = last_sequence(stored) + 1
    inbox = pl.DataFrame([(this, file.name, file.sha256) for file in files], schema=SEEN, orient="row")
    return replace(
        stated,
        seen=pl.concat([stored[RUN_FILES.qualified].select(list(SEEN)), inbox]),
        withdrawn=withdrawn_at(stored, this),
    )


def last_sequence(stored: Contents) -> int:
    """The sequence of the last run that `stored` knows, 0 if none."""
    last = stored[RUNS.qualified]["sequence"].max()
    return last if isinstance(last, int) else 0


def withdrawn_at(stored: Contents, sequence: int) -> pl.DataFrame:
    """What was withdrawn when the run `sequence` began, in the shape of `schemas.WITHDRAWALS`."""
    undone = pl.col("undone_after_run")
    return stored[WITHDRAWALS.qualified].filter(
        (pl.col("after_run") < sequence) & (undone.is_null() | (undone >= sequence))
    )


DECIDED_LATER = ("rows_accepted", "rows_rejected", "rows_superseded", "status", "left_out", "succeeded_by")
"""Columns of intake.submissions that resolving adds."""


def stated_in(stored: Contents, rows: Mapping[str, Chunks], sequence: int | None = None) -> Stated:
    """Every sheet that `stored` keeps, as it was read, with its `rows` (see `stated_rows`).

    What was withdrawn, and the names of files, are as the run `sequence` knew them, by default the last one.
    """
    known = last_sequence(stored) if sequence is None else sequence
    read = [rule for rule, known in RULES.items() if known.stage == "read"]
    return Stated(
        submissions=stored[SUBMISSIONS.qualified].drop(DECIDED_LATER),
        columns=stored[COLUMN_MAP.qualified],
        problems=stored[PROBLEMS.qualified].filter(pl.col("rule").is_in(read)).drop("run_id"),
        rows=rows,
        seen=stored[RUN_FILES.qualified].filter(pl.col("sequence") <= known).select(list(SEEN)),
        withdrawn=withdrawn_at(stored, known),
    )


def stated_rows(warehouse: Path, folder: Path, keep: pl.Expr | None = None, *, held: int = 0) -> dict[str, Chunks]:
    """Form id → the rows that `warehouse` keeps, in the shape of its `schemas.STATED` table: all or those to `keep`.

    Of them and of the `held` rows that are in memory already, what is more than `BOUNDS.held` is spilled to `folder`.
    """
    parts: dict[str, list[pl.DataFrame | ParquetChunk]] = {table.qualified: [] for table in STATED.values()}
    for table, frame in load_in_order(warehouse, STATED.values(), BOUNDS.held):
        kept = frame if keep is None else frame.filter(keep)
        held += kept.height
        parts[table.qualified].append(kept if held <= BOUNDS.held else spill(kept, folder))
    return {form: Chunks(table.empty(), tuple(parts[table.qualified])) for form, table in STATED.items()}


def in_memory_or_spilled(rows: Mapping[str, Chunks], folder: Path) -> dict[str, Chunks]:
    """`rows` (form id → chunks) as one frame each or, where that is too much for memory, spilled to `folder`."""
    if partition_count(sum(chunks.height for chunks in rows.values())) > 1:
        return {form: chunks.spill(folder) for form, chunks in rows.items()}
    # As contiguous columns, so that what is made from a frame goes on sharing them.
    return {form: Chunks(chunks.empty, (chunks.whole(),)) for form, chunks in rows.items()}


def kept_facts(warehouse: Path, folder: Path) -> Partitions:
    """All facts that `warehouse`, which exists, keeps: in memory or, where that is too much, spilled to `folder`."""
    count = partition_count(row_count(warehouse, FACTS.values()))
    if count == 1:
        return Partitions((_with_pending(warehouse, (None, None)),))
    known = load(warehouse, [FACTS["register"].qualified]) or Contents()
    codes = known[FACTS["register"].qualified]["uscc"].unique().sort()
    bounds = [codes[len(codes) * number // count] for number in range(1, count)] if len(codes) else []
    return Partitions(
        tuple(
            {form: chunks.spill(folder) for form, chunks in _with_pending(warehouse, between).items()}
            for between in pairwise((None, *bounds, None))
        )
    )


def _with_pending(warehouse: Path, codes: Codes) -> dict[str, Chunks]:
    """`facts_between`, and the objections that are not decided, as resolving gives them."""
    kept = load(warehouse, [OBJECTIONS.qualified], codes=codes) or Contents()
    pending = kept[OBJECTIONS.qualified].filter(pl.col("state") == PENDING, pl.col("uscc").is_not_null())
    rows = pending.select("uscc").sort("uscc")
    return {**facts_between(warehouse, codes), PENDING: Chunks(rows.clear(), (rows,))}


def facts_between(warehouse: Path, codes: Codes) -> dict[str, Chunks]:
    """Form id → the facts that `warehouse` keeps of the enterprises between these `codes`, in memory."""
    kept = load(warehouse, [table.qualified for table in FACTS.values()], codes=codes) or Contents()
    return {form: Chunks(table.empty(), (kept[table.qualified],)) for form, table in FACTS.items()}
