"""From everything stated so far to the facts: match enterprises, settle repetitions, apply corrections, count, check.

Pure: facts are a function of what is stated, computed anew in every run, so that a register or a
correction that arrives last gives the same facts as if it had been there from the start. First a
survey of what all rows are looked up in, then the rows of each share of the enterprises
(`efficiency.intake.resolution.partition`), then what the shares come to together: the same in one share as in many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.problems import PARSE_PROBLEMS
from efficiency.intake.resolution import corrections, precedence
from efficiency.intake.resolution.identity import screen_register, stated_pairs, verdicts
from efficiency.intake.resolution.partition import LookupTables, Share, ranked, resolve_share
from efficiency.intake.resolution.reconcile import OUTCOMES, counted, outcomes, reconcile
from efficiency.intake.resolution.settlement import findings, settle, superseded
from schemas import COLUMN_MAP, SUBMISSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Sheets:
    """Every sheet so far, those of this run and those of earlier ones, but not its rows.

    `submissions` has the columns of `schemas.SUBMISSIONS` that reading knows, with arrival, run_id and
    received_at; rows refused on reading are counted in `rows_unusable`, or in `rows_rejected` where a
    sheet has none.
    """

    submissions: pl.DataFrame
    columns: pl.DataFrame
    problems: pl.DataFrame


@dataclass(frozen=True)
class Stated(Sheets):
    """Everything stated so far: `rows` maps every form to the shape of its `schemas.STATED` table."""

    rows: Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class ResolutionResult:
    """Final submissions, columns and problems."""

    submissions: pl.DataFrame
    columns: pl.DataFrame
    problems: pl.DataFrame


@dataclass(frozen=True)
class Resolved(ResolutionResult):
    """The account with the facts: form id → exactly the shape of its `schemas.FACTS` table."""

    facts: dict[str, pl.DataFrame]


@dataclass(frozen=True)
class Survey:
    """What all rows are looked up in, and what reading and the register themselves give to tell."""

    known: LookupTables
    register: Share
    """Without facts: what was told on reading, and the rows of the register that are refused or repeated."""


def resolve(stated: Stated) -> Resolved:
    """Turn what is stated into facts. Raises ValueError when a submission comes twice."""
    surveyed = survey(stated, stated.rows["register"], stated_pairs(stated.rows))
    share = resolve_share(stated.rows, surveyed.known)
    account = unite(surveyed, [share])
    return Resolved(account.submissions, account.columns, account.problems, share.facts)


def survey(sheets: Sheets, register_rows: pl.DataFrame, pairs: pl.DataFrame) -> Survey:
    """What the rows of `sheets` are looked up in; `pairs` are all pairs of uscc and name that they state.

    Raises ValueError when a submission comes twice.
    """
    submissions = _with_unusable(sheets.submissions)
    read = _with_rows(sheets.problems)
    columns = corrections.column_map(sheets.columns, submissions)
    ranks = precedence.order(submissions)
    refused_codes = read.filter(pl.col("rule") == "uscc_damaged").select("submission_id", "row")
    refused_cells = read.filter((pl.col("severity") == "error") & pl.col("row").is_not_null()).select(
        "submission_id", "row", "field"
    )
    screened = screen_register(ranked(register_rows, ranks), refused_codes, submissions, columns)
    outcome = settle("register", screened.rows["register"])
    found = findings("register", outcome, submissions, columns)
    evidence = pl.concat(
        [
            pl.DataFrame(schema=OUTCOMES),
            outcomes(screened.rejected, "rejected"),
            outcomes(outcome.withheld, "rejected"),
        ]
    )
    lent = outcome.replaced.filter("lent").select("submission_id", "row", "uscc")
    judged = verdicts(pairs, outcome.rows.filter(~pl.col("superseded")))
    return Survey(
        LookupTables(submissions, columns, ranks, refused_cells, outcome.rows, lent, judged),
        Share({}, counted(evidence), pl.concat([read, screened.problems, found.problems]), found.replaced),
    )


def unite(surveyed: Survey, shares: Sequence[Share]) -> ResolutionResult:
    """What all `shares` come to together, whose facts are not looked at."""
    known, parts = surveyed.known, [surveyed.register, *shares]
    notes = superseded([part.replaced for part in parts], known.submissions)
    found = _sorted(_unexplained(pl.concat([*(part.problems for part in parts), notes])), known.ranks)
    reconciled = reconcile(known.submissions, pl.concat([part.counts for part in parts]), found)
    return ResolutionResult(SUBMISSIONS.conform(reconciled), COLUMN_MAP.conform(known.columns), _once(found))


def _with_unusable(submissions: pl.DataFrame) -> pl.DataFrame:
    """`submissions` with what reading refused in `rows_unusable`, and only columns that are declared."""
    twice = submissions.filter(pl.col("submission_id").is_duplicated())["submission_id"].unique().sort()
    if twice.len():
        raise ValueError(f"submissions come twice: {', '.join(twice.head(5))}; the same bytes are to be read once")
    known = pl.col("rows_unusable") if "rows_unusable" in submissions.columns else pl.lit(None, dtype=pl.Int64)
    read = pl.col("rows_rejected") if "rows_rejected" in submissions.columns else pl.lit(None, dtype=pl.Int64)
    return submissions.with_columns(pl.coalesce(known, read).alias("rows_unusable")).select(
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
    # A table that is read as several forms tells of its codes once.
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
"""By what else problems are ordered, so that their order does not depend on that in which they were found."""


def _sorted(problems: pl.DataFrame, ranks: pl.DataFrame) -> pl.DataFrame:
    """Problems in the order of submissions and rows; those of files without any sheet come first."""
    return (
        problems.join(ranks, on="submission_id", how="left", validate="m:1")
        .sort("precedence", "file_name", "row", "cell", "rule", "message", *_REST, nulls_last=False)
        .drop("precedence")
    )
