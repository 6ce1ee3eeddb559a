"""Everything stated so far → facts: match enterprises, deduplicate, apply corrections, count every row, find problems.

Pure: facts are a function of what is stated, computed anew in every run, so that a register or a correction that
arrives last gives the same facts as if it had been there from the start. `prepare_lookups` makes what all rows are
looked up in, `efficiency.intake.resolution.partition` resolves the rows of some enterprises, `combine` adds up the
results: the same in one partition as in many.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.problems import PARSE_PROBLEMS, without_most
from efficiency.intake.resolution import corrections, precedence
from efficiency.intake.resolution.duplicate_problems import findings, renamed, superseded
from efficiency.intake.resolution.file_problems import concat_findings, file_findings, file_problems
from efficiency.intake.resolution.identity import screen_register, stated_pairs, verdicts
from efficiency.intake.resolution.partition import LookupTables, PartitionResult, divide, ranked, resolve_partition
from efficiency.intake.resolution.reconcile import OUTCOMES, counted, outcomes, reconcile
from efficiency.intake.resolution.refused_register import WAITING, register_problems
from efficiency.intake.resolution.succession import SEEN, periods, places, standing, without_left_out
from efficiency.intake.resolution.unit_column_problems import doubt_problems, unit_column_problems
from efficiency.intake.resolution.unit_columns import find_doubted, find_withheld
from efficiency.partitions import one_partition
from schemas import COLUMN_MAP, SUBMISSIONS, WITHDRAWALS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from efficiency.partitions import Chunks, Partitions


@dataclass(frozen=True)
class Stated:
    """Everything stated so far: every sheet of this run and of earlier ones with its rows, before it is resolved."""

    submissions: pl.DataFrame
    """One row per sheet: the columns of `schemas.SUBMISSIONS` that reading knows, with arrival, run_id and received_at;
    rows refused on reading are counted in `rows_unusable`, or in `rows_rejected` where a sheet has none."""
    columns: pl.DataFrame
    """Shape `schemas.COLUMN_MAP`."""
    problems: pl.DataFrame
    """Problems that reading found: shape `efficiency.intake.problems.PARSE_PROBLEMS`, or without `row`."""
    rows: Mapping[str, Chunks]
    """Form id → the stated rows in the shape of its `schemas.STATED` table; every form is there."""
    seen: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SEEN))
    """One row per run and file of its inbox (shape `SEEN`), this run's included."""
    withdrawn: pl.DataFrame = field(default_factory=WITHDRAWALS.empty)
    """What is withdrawn, in the shape of `schemas.WITHDRAWALS`."""


@dataclass(frozen=True)
class ResolutionResult:
    """What resolving gives: every sheet with what became of its rows, every problem, and the facts."""

    submissions: pl.DataFrame
    """Shape `schemas.SUBMISSIONS`."""
    columns: pl.DataFrame
    """Shape `schemas.COLUMN_MAP`."""
    problems: pl.DataFrame
    """Shape `efficiency.intake.problems.PARSE_PROBLEMS`."""
    facts: Partitions
    """Form id → exactly the shape of its `schemas.FACTS` table."""


def resolve(stated: Stated) -> ResolutionResult:
    """Resolve what is stated, all of it in memory. Raises ValueError when a submission comes twice."""
    rows = {form: chunks.whole() for form, chunks in stated.rows.items()}
    tables, register = prepare_lookups(stated, stated_pairs(rows))
    result = resolve_partition(rows, tables)
    return combine(tables, [register, result], one_partition(result.facts))


def prepare_lookups(stated: Stated, pairs: pl.DataFrame) -> tuple[LookupTables, PartitionResult]:
    """What the rows of every partition are looked up in, and what the register's own rows give.

    `pairs` are the distinct pairs of code and name (uscc, name) that the rows of all forms but the register state. The
    result of the register has no facts, since each partition has its enterprises' own; with its problems are those
    that reading found. Raises ValueError when a submission comes twice.
    """
    submissions, labels = _with_standing(stated)
    read = _with_rows(stated.problems)
    columns = corrections.column_map(stated.columns, submissions)
    ranks = _ranks(submissions)
    refused_codes = read.filter(pl.col("rule") == "uscc_damaged").select("submission_id", "row")
    refused_cells = read.filter((pl.col("severity") == "error") & pl.col("row").is_not_null()).select(
        "submission_id", "row", "field"
    )
    register = ranked(stated.rows["register"].whole(), ranks)
    screened = screen_register(register, refused_codes, submissions, columns)
    counting, left_out = divide(screened.rows, submissions)
    refused, _ = divide(screened.refused, submissions)
    outcome = precedence.deduplicate("register", counting, columns.clear())
    rows = pl.concat([outcome.rows, left_out])
    found = findings("register", outcome, submissions, columns)
    evidence = pl.concat(
        [
            pl.DataFrame(schema=OUTCOMES),
            outcomes(screened.refused, "rejected"),
            outcomes(outcome.conflicting, "rejected"),
        ]
    )
    lent = outcome.replaced.filter("lent").select("submission_id", "row", "uscc")
    judged = verdicts(pairs, outcome.rows.filter(~pl.col("superseded")), refused)
    of_counting, _ = divide(ranks, submissions)
    withheld = find_withheld(stated.rows, judged, of_counting, columns)
    problems = pl.concat(
        [
            read,
            found.problems,
            renamed(outcome.rows, submissions, columns),
            unit_column_problems(withheld, submissions, columns),
            doubt_problems(find_doubted(stated.rows, judged, withheld, submissions, columns), submissions, columns),
        ]
    )
    return (
        LookupTables(
            submissions, columns, ranks, refused_cells, rows, lent, judged, withheld, refused, stated.withdrawn, labels
        ),
        PartitionResult(
            {},
            counted(evidence),
            problems,
            found.replaced,
            pl.DataFrame(schema=WAITING),
            file_findings("register", rows, outcome.replaced, submissions, ranks),
        ),
    )


def combine(tables: LookupTables, parts: Sequence[PartitionResult], facts: Partitions) -> ResolutionResult:
    """What all `parts`, those of the register and of every partition, give as one; `facts` are their facts."""
    notes = superseded([part.replaced for part in parts], tables.submissions)
    refused = register_problems(tables.refused, [part.waiting for part in parts], tables.submissions)
    found = _sorted(_unexplained(pl.concat([*(part.problems for part in parts), refused, notes])), tables.ranks)
    reconciled = SUBMISSIONS.conform(reconcile(tables.submissions, pl.concat([part.counts for part in parts]), found))
    of_files = file_problems(
        reconciled, tables.columns, concat_findings([part.of_files for part in parts]), tables.withdrawn, tables.labels
    )
    listed = without_most(_once(found))
    problems = _sorted(pl.concat([without_left_out(listed, reconciled), of_files]), tables.ranks)
    return ResolutionResult(reconciled, COLUMN_MAP.conform(tables.columns), problems, facts)


def _with_standing(stated: Stated) -> tuple[pl.DataFrame, dict[str, tuple[str, ...]]]:
    """The submissions of `stated` with left_out and succeeded_by, and the periods of those whose rows have their own.

    See `efficiency.intake.resolution.succession`.
    """
    submissions = _with_unusable(stated.submissions).drop("left_out", "succeeded_by", strict=False)
    known = places(stated.seen, submissions)
    labels = periods(submissions, stated.rows, known)
    found = standing(submissions, known, set(stated.withdrawn["submission_id"]), labels)
    return submissions.join(found, on="submission_id", how="left", validate="1:1", maintain_order="left"), labels


def _ranks(submissions: pl.DataFrame) -> pl.DataFrame:
    """The order of `submissions`: submission_id, precedence (1 is the earliest) and as_sent, that in which they came.

    Sheets that do not count come first: no date of filing of theirs may decide between those that do.
    """
    counts = pl.col("left_out").is_null()
    before, after = precedence.order(submissions.filter(~counts)), precedence.order(submissions.filter(counts))
    placed = pl.concat([before, after.with_columns(pl.col("precedence") + before.height)])
    as_sent = precedence.order(submissions).rename({"precedence": "as_sent"})
    return placed.join(as_sent, on="submission_id", how="left", validate="1:1", maintain_order="left")


def _with_unusable(submissions: pl.DataFrame) -> pl.DataFrame:
    """`submissions` with what reading refused in `rows_unusable`, and only columns that are declared."""
    twice = submissions.filter(pl.col("submission_id").is_duplicated())["submission_id"].unique().sort()
    if twice.len():
        raise ValueError(f"submissions come twice: {', '.join(twice.head(5))}; the same bytes are to be read once")
    unusable = pl.col("rows_unusable") if "rows_unusable" in submissions.columns else pl.lit(None, dtype=pl.Int64)
    read = pl.col("rows_rejected") if "rows_rejected" in submissions.columns else pl.lit(None, dtype=pl.Int64)
    return submissions.with_columns(pl.coalesce(unusable, read).alias("rows_unusable")).select(
        column for column in SUBMISSIONS.names if column in submissions.columns or column == "rows_unusable"
    )


def _with_rows(problems: pl.DataFrame) -> pl.DataFrame:
    """Parse problems in their shape; those kept by the warehouse have their row from the cell's address."""
    row = pl.col("cell").str.extract(r"([0-9]+)$").cast(pl.Int64)
    known = pl.coalesce("row", row) if "row" in problems.columns else row
    return problems.with_columns(known.alias("row")).select(
        pl.col(name).cast(dtype) for name, dtype in PARSE_PROBLEMS.items()
    )


def _unexplained(problems: pl.DataFrame) -> pl.DataFrame:
    """`problems` without missing consumption and enterprises where an error there says why they are missing."""
    cell = ["submission_id", "row", "field"]
    missing, nobody = pl.col("rule") == "consumption_missing", pl.col("rule") == "enterprise_missing"
    if not problems.select((missing | nobody).any()).item():
        return problems
    refused = problems.filter((pl.col("severity") == "error") & ~missing & ~nobody)
    # A table that is read as several forms has the problems of its codes once.
    placed = problems.with_columns(pl.col("submission_id").str.head(12).alias("file"))
    codes = placed.filter(pl.col("field").is_in(["uscc", "name"]) & (pl.col("severity") == "error") & ~nobody)
    row = ["file", "sheet", "row"]
    return pl.concat(
        [
            problems.filter(~missing & ~nobody),
            problems.filter(missing).join(refused, on=cell, how="anti"),
            placed.filter(nobody).join(codes, on=row, how="anti").drop("file"),
        ]
    )


def _once(problems: pl.DataFrame) -> pl.DataFrame:
    """`problems` without the repetitions at cells of tables that are read as several forms (a code, a name)."""
    cell = pl.struct(pl.col("submission_id").str.head(12), "sheet", "cell", "rule", "message")
    return problems.filter(pl.col("cell").is_null() | cell.is_first_distinct())


_REST = ("field", "value", "uscc", "name", "sheet", "severity")
"""Columns by which problems are ordered last, so that their order does not depend on that in which they were found."""


def _sorted(problems: pl.DataFrame, ranks: pl.DataFrame) -> pl.DataFrame:
    """Problems in the order of submissions and rows; those of files without any sheet come first."""
    return (
        problems.join(ranks.select("submission_id", "precedence"), on="submission_id", how="left", validate="m:1")
        .sort("precedence", "file_name", "row", "cell", "rule", "message", *_REST, nulls_last=False)
        .drop("precedence")
    )
