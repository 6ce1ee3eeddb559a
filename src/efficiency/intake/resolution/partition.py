"""The stated rows of some enterprises → their facts: matched, deduplicated, corrected, checked for plausibility.

Every step looks at one enterprise at a time, so that a province is resolved in partitions: the rows of an enterprise
give the same facts and problems whichever other enterprises are in its partition. `LookupTables` holds what the rows of
every partition are looked up in; `efficiency.intake.resolution.resolve` makes it and combines the partitions' results.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.resolution import corrections
from efficiency.intake.resolution.duplicate_problems import findings
from efficiency.intake.resolution.file_problems import FileFindings, concat_findings, file_findings
from efficiency.intake.resolution.identity import match_rows
from efficiency.intake.resolution.plausibility import find_implausible
from efficiency.intake.resolution.precedence import deduplicate, deduplicate_corrections, states
from efficiency.intake.resolution.reconcile import OUTCOMES, counted, outcomes
from efficiency.intake.resolution.unit_columns import without_withheld
from schemas import FACTS, FORMS
from schemas.objections import PENDING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class LookupTables:
    """What the rows of every partition are looked up in."""

    submissions: pl.DataFrame
    """One row per sheet: the columns of `schemas.SUBMISSIONS` that reading knows, left_out and succeeded_by."""
    columns: pl.DataFrame
    """One row per column of a sheet (shape `schemas.COLUMN_MAP`), corrected fields of ledgers included."""
    ranks: pl.DataFrame
    """One row per sheet: submission_id, precedence (1 is the earliest), as_sent (likewise, as if all counted)."""
    refused_cells: pl.DataFrame
    """One row per cell that reading refused: submission_id, row, field."""
    register: pl.DataFrame
    """The deduplicated rows of the register, with `superseded`."""
    lent: pl.DataFrame
    """One row per row of the register whose attributes count in another one: submission_id, row, uscc."""
    verdicts: pl.DataFrame
    """One row per stated pair of code and name; see `efficiency.intake.resolution.identity.verdicts`."""
    withheld: pl.DataFrame
    """Columns that do not count; shape `efficiency.intake.resolution.unit_columns.WITHHELD`."""
    refused: pl.DataFrame
    """The refused rows of the register; see `efficiency.intake.resolution.refused_register.refused_rows`."""
    withdrawn: pl.DataFrame
    """What is withdrawn, in the shape of `schemas.WITHDRAWALS`."""
    labels: Mapping[str, Sequence[str]]
    """Periods of sheets whose rows have their own; see `efficiency.intake.resolution.succession.periods`."""


@dataclass(frozen=True)
class PartitionResult:
    """What the rows of some enterprises give."""

    facts: dict[str, pl.DataFrame]
    """Form id → exactly the shape of its `schemas.FACTS` table; `PENDING` → see there."""
    counts: pl.DataFrame
    """Source rows by submission and outcome; see `efficiency.intake.resolution.reconcile.counted`."""
    problems: pl.DataFrame
    """Shape `efficiency.intake.problems.PARSE_PROBLEMS`."""
    replaced: pl.DataFrame
    """Figures that later sheets replaced; shape `efficiency.intake.resolution.duplicate_problems.REPLACED_SINCE`."""
    waiting: pl.DataFrame
    """Rows that wait for a register; shape `efficiency.intake.resolution.refused_register.WAITING`."""
    of_files: FileFindings
    """What the facts say about whole files."""


def resolve_partition(rows: Mapping[str, pl.DataFrame], tables: LookupTables) -> PartitionResult:
    """The facts of the enterprises that `tables.register` names, from all stated rows that are about them.

    `rows` maps every form but the register to the shape of its `schemas.STATED` table; the register's may be there
    and are not looked at.
    """
    submissions, columns = tables.submissions, tables.columns
    stated = {form: ranked(frame, tables.ranks) for form, frame in rows.items() if form != "register"}
    matched = match_rows(stated, tables.verdicts, submissions, columns)
    approved, of_left_out = _screened(matched.rows["corrections"], tables)
    rejected = [matched.rejected, approved.rejected]
    problems = [matched.problems, approved.problems]
    left_out = {"corrections": of_left_out}

    once = columns.filter(pl.col("counted_once")).select("submission_id", "block", "field")
    deduplicated = {"corrections": deduplicate_corrections(approved.rows)}
    approved_once = deduplicated["corrections"].rows.filter(pl.col("new").is_not_null())
    applied = approved_once.filter(~pl.col("superseded"))
    for form, frame in matched.rows.items():
        if form == "corrections":
            continue
        counting = without_withheld(FORMS[form], frame, tables.withheld)
        complete, lacking = _complete(form, counting)
        rejected.append(lacking)
        complete, left_out[form] = divide(complete, submissions)
        complete = corrections.add_figures(FORMS[form], complete, applied, above=tables.ranks.height)
        deduplicated[form] = deduplicate(form, complete, once)

    facts: dict[str, pl.DataFrame] = {}
    stated_facts: dict[str, pl.DataFrame] = {}
    replaced: list[pl.DataFrame] = []
    of_files: list[FileFindings] = []
    for form in FORMS:
        if form == "register":
            facts[form] = stated_facts[form] = _facts(form, tables.register.drop("precedence"), tables.ranks)
            continue
        outcome = deduplicated[form]
        frame = corrections.correct_rows(FORMS[form], outcome.rows.drop("precedence"), applied)
        carried = corrections.carry(FORMS[form], frame, approved_once, ranked(submissions, tables.ranks), columns)
        problems.append(carried.problems)
        frame = carried.rows
        if left_out[form].height:
            frame = pl.concat([frame, left_out[form].select(frame.columns)])
        # A carrier whose consumption was refused makes the total unknown: its row is kept without the figure.
        kept = pl.lit(value=True) if FORMS[form].all_or_nothing else states(form)
        rejected += [outcome.conflicting, frame.filter(~kept).select("submission_id", "row")]
        stated_facts[form] = _facts(form, frame.filter(kept), tables.ranks)
        with_carried = pl.concat([frame, carried.added.select(frame.columns)]) if carried.added.height else None
        facts[form] = (
            stated_facts[form] if with_carried is None else _facts(form, with_carried.filter(kept), tables.ranks)
        )
        found = findings(form, outcome, submissions, columns)
        problems.append(found.problems)
        replaced.append(found.replaced)
        of_files.append(file_findings(form, stated_facts[form], outcome.replaced, submissions, tables.ranks))
    problems.append(find_implausible(facts, submissions, columns))
    facts[PENDING] = approved.pending.sort("uscc")
    lent = [tables.lent, *(outcome.replaced.filter("lent") for outcome in deduplicated.values())]
    evidence = [_evidence(stated_facts, rejected, lent), outcomes(matched.waiting, "waiting")]
    waiting, _ = divide(matched.waiting, submissions)
    return PartitionResult(
        facts,
        counted(pl.concat(evidence)),
        pl.concat(problems),
        pl.concat(replaced),
        waiting,
        concat_findings(of_files),
    )


def _screened(rows: pl.DataFrame, tables: LookupTables) -> tuple[corrections.Screened, pl.DataFrame]:
    """The corrections among `rows`, and the rows of those ledgers that do not count, which are superseded."""
    ledgers, left_out = divide(rows, tables.submissions)
    approved = corrections.screen(ledgers, tables.refused_cells, tables.submissions, tables.columns)
    gone = corrections.screen(left_out.drop("superseded"), tables.refused_cells, tables.submissions, tables.columns)
    rejected = pl.concat([approved.rejected, gone.rejected])
    return replace(approved, rejected=rejected), gone.rows.with_columns(pl.lit(value=True).alias("superseded"))


def divide(rows: pl.DataFrame, submissions: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`rows` of sheets that count, and those of the others, which are superseded."""
    left_out = submissions.filter(pl.col("left_out").is_not_null())["submission_id"]
    if left_out.is_empty():
        return rows, rows.clear().with_columns(pl.lit(value=True).alias("superseded"))
    gone = pl.col("submission_id").is_in(left_out.implode())
    return rows.filter(~gone), rows.filter(gone).with_columns(pl.lit(value=True).alias("superseded"))


def _complete(form: str, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that state everything a fact cannot be without, and the source rows that do not.

    Reading has refused the cell (a date that is none, an empty carrier) and made the problem.
    """
    needed = [column.name for column in FACTS[form].columns if not column.nullable and column.name in rows.columns]
    complete = pl.all_horizontal(pl.col(column).is_not_null() for column in needed)
    return rows.filter(complete), rows.filter(~complete).select("submission_id", "row")


def _facts(form: str, rows: pl.DataFrame, ranks: pl.DataFrame) -> pl.DataFrame:
    """Deduplicated rows in the shape of the facts table, in an order that depends on what is stated alone."""
    table = FACTS[form]
    placed = ranked(rows, ranks)
    order = placed.select(pl.arg_sort_by("precedence", "row", "block", "superseded", maintain_order=True)).to_series()
    # Rows that are in order, as in most runs all are, go on sharing their memory with what is stated.
    if (order != pl.int_range(len(order), dtype=pl.UInt32, eager=True)).any():
        placed = placed[order]
    return table.conform(placed.select(table.names))


def ranked(rows: pl.DataFrame, ranks: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the `precedence` of their submission; the other columns are not copied."""
    precedence = rows.select("submission_id").join(
        ranks, on="submission_id", how="left", validate="m:1", maintain_order="left"
    )
    return rows.with_columns(precedence["precedence"])


def _evidence(
    facts: dict[str, pl.DataFrame], rejected: Sequence[pl.DataFrame], lent: Sequence[pl.DataFrame]
) -> pl.DataFrame:
    """One row per statement (shape `OUTCOMES`): of the facts, of the rows refused by a step, and of `lent` rows, whose
    figures count in another row.
    """
    evidence = [
        pl.DataFrame(schema=OUTCOMES),
        *(outcomes(rows, "rejected") for rows in rejected),
        *(outcomes(rows, "accepted") for rows in lent),
    ]
    for form, frame in facts.items():
        came_to = (
            pl.when(~states(form))
            .then(pl.lit("rejected"))
            .when(pl.col("superseded"))
            .then(pl.lit("superseded"))
            .otherwise(pl.lit("accepted"))
        )
        evidence.append(outcomes(frame, came_to))
    return pl.concat(evidence)
