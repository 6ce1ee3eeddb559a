"""From everything stated so far to the facts: match enterprises, settle repetitions, apply corrections, count, check.

Pure: facts are a function of what is stated, computed anew in every run, so that a register or a
correction that arrives last gives the same facts as if it had been there from the start.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake import corrections, precedence
from efficiency.intake.identity import match, screen_register
from efficiency.intake.plausibility import find_implausible
from efficiency.intake.problems import PARSE_PROBLEMS, locate, problem_rows, stated_text
from efficiency.intake.reconcile import OUTCOMES, outcomes, reconcile
from schemas import COLUMN_MAP, FACTS, FORMS, SUBMISSIONS
from schemas.output import MEASURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efficiency.intake.precedence import Settled

_MEASURES = tuple(measure.name for measure in MEASURES)
_STATES = {
    "land": corrections.AREAS,
    "output": _MEASURES,
    "energy": ("consumption",),
    "products": ("quantity", "energy_tce"),
    "corrections": ("new",),
}
"""Form → figures of which a row must state one to be a statement; rows of the other forms always are."""
_POISONED = {"energy": ("consumption",)}
"""Form → figures that count no longer once any field of the row is in doubt: part of a total is no total."""
_NOT_COMPARED = {"uscc", "name", "unit"}


@dataclass(frozen=True)
class Stated:
    """Everything stated so far: this run's sheets and what the warehouse keeps of earlier ones.

    `submissions` has the columns of `schemas.SUBMISSIONS` that reading knows, with arrival, run_id and
    received_at; rows refused on reading are counted in `rows_unusable`, or in `rows_rejected` where a
    sheet has none. `rows` maps every form to the shape of its `schemas.STATED` table.
    """

    submissions: pl.DataFrame
    columns: pl.DataFrame
    problems: pl.DataFrame
    rows: dict[str, pl.DataFrame]


@dataclass(frozen=True)
class Resolved:
    """Facts (form id → exactly the shape of its `schemas.FACTS` table), final submissions, columns and problems."""

    submissions: pl.DataFrame
    columns: pl.DataFrame
    problems: pl.DataFrame
    facts: dict[str, pl.DataFrame]


def resolve(stated: Stated) -> Resolved:
    """Turn what is stated into facts. Raises ValueError when a submission comes twice."""
    submissions = _with_unusable(stated.submissions)
    told = _with_rows(stated.problems)
    columns = corrections.column_map(stated.columns, submissions)
    ranks = precedence.order(submissions)
    ranked = {form: _ranked(rows, ranks) for form, rows in stated.rows.items()}
    refused_codes = told.filter(pl.col("rule") == "uscc_damaged").select("submission_id", "row")
    refused_cells = told.filter((pl.col("severity") == "error") & pl.col("row").is_not_null()).select(
        "submission_id", "row", "field"
    )

    register = screen_register(ranked.pop("register"), refused_codes, submissions, columns)
    settled = {"register": _settle("register", register.rows["register"])}
    enterprises = settled["register"].rows.filter(~pl.col("superseded"))
    matched = match(ranked, enterprises, submissions, columns)
    approved = corrections.screen(matched.rows["corrections"], refused_cells, submissions, columns)
    rejected = [register.rejected, matched.rejected, approved.rejected]
    problems = [told, register.problems, matched.problems, approved.problems]

    settled["corrections"] = _settle_corrections(approved.rows)
    applied = settled["corrections"].rows.filter(~pl.col("superseded") & pl.col("new").is_not_null())
    corrected = corrections.as_output(applied, above=ranks.height)
    for form, known in matched.rows.items():
        if form == "corrections":
            continue
        rows, broken = _sound(form, known)
        rejected.append(broken)
        settled[form] = _settle(form, pl.concat([rows, corrected.select(rows.columns)]) if form == "output" else rows)

    facts: dict[str, pl.DataFrame] = {}
    for form in FORMS:
        outcome = settled[form]
        rows = _corrected(form, outcome.rows.drop("precedence"), applied)
        kept = pl.lit(value=True) if form in _POISONED else _states(form)
        rejected += [outcome.withheld, rows.filter(~kept).select("submission_id", "row")]
        facts[form] = _facts(form, rows.filter(kept), ranks)
        problems += [_conflicts(outcome.conflicts, submissions, columns), *_notes(outcome.replaced, submissions)]
    problems.append(find_implausible(facts, submissions, columns))

    found = _sorted(_unexplained(pl.concat(problems)), ranks)
    lent = [outcome.replaced.filter("lent") for outcome in settled.values()]
    counted = reconcile(submissions, _evidence(facts, rejected, lent), found)
    return Resolved(SUBMISSIONS.conform(counted), COLUMN_MAP.conform(columns), _once(found), facts)


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


def _sound(form: str, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that state everything a fact cannot be without, and the source rows that do not.

    Reading has refused the cell (a date that is none, an empty carrier) and told so.
    """
    needed = [column.name for column in FACTS[form].columns if not column.nullable and column.name in rows.columns]
    sound = pl.all_horizontal(pl.col(column).is_not_null() for column in needed)
    return rows.filter(sound), rows.filter(~sound).select("submission_id", "row")


def _settle(form: str, rows: pl.DataFrame) -> Settled:
    """Settle what `form` states more than once."""
    declared = FORMS[form]
    key = [*declared.key, *(("span_start", "span_end") if declared.flow else ())]
    if form == "output":
        return precedence.settle_measures(rows, key, _MEASURES)
    return precedence.settle_rows(
        rows,
        key,
        [name for name in declared.names if name not in _NOT_COMPARED.union(declared.key)],
        figures=_STATES.get(form, ()),
        poisoned=_POISONED.get(form, ()),
        qualifier="unit" if form == "products" else None,
        # A register is a list in which a later line is the newer one.
        last_row=form == "register",
    )


def _settle_corrections(rows: pl.DataFrame) -> Settled:
    """Settle corrections of the same figure, however each calls it: the one approved last counts.

    A ledger may correct a figure again at a later date; only the same date makes it a contradiction.
    """
    approved = rows.with_columns(
        pl.struct(pl.col("approved").fill_null(date.min), "precedence").rank("dense").cast(pl.Int64).alias("precedence")
    )
    return precedence.settle_rows(
        approved, ["uscc", "target", "carrier", "span_start", "span_end"], ["new"], figures=["new"], within=["approved"]
    )


def _corrected(form: str, rows: pl.DataFrame, applied: pl.DataFrame) -> pl.DataFrame:
    """Settled rows of `form` with the approved corrections of its figures; those of output are among its rows."""
    if form == "energy":
        return corrections.correct_energy(rows, applied)
    if form == "land":
        return corrections.correct_land(rows, applied)
    return rows


def _states(form: str) -> pl.Expr:
    """Tell whether a row of `form` states a figure."""
    figures = _STATES.get(form, ())
    return pl.any_horizontal(pl.col(f).is_not_null() for f in figures) if figures else pl.lit(value=True)


def _facts(form: str, rows: pl.DataFrame, ranks: pl.DataFrame) -> pl.DataFrame:
    """Settled rows in the shape of the facts table, in an order that depends on what is stated alone."""
    table = FACTS[form]
    ranked = _ranked(rows, ranks)
    order = ranked.select(pl.arg_sort_by("precedence", "row", "block", "superseded", maintain_order=True)).to_series()
    # Rows that stand in order, as in most runs all do, go on sharing their memory with what is stated.
    if (order != pl.int_range(len(order), dtype=pl.UInt32, eager=True)).any():
        ranked = ranked[order]
    return table.conform(ranked.select(table.names))


def _ranked(rows: pl.DataFrame, ranks: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the `precedence` of their submission; the other columns are not copied."""
    precedence = rows.select("submission_id").join(
        ranks, on="submission_id", how="left", validate="m:1", maintain_order="left"
    )
    return rows.with_columns(precedence["precedence"])


def _evidence(
    facts: dict[str, pl.DataFrame], rejected: Sequence[pl.DataFrame], lent: Sequence[pl.DataFrame]
) -> pl.DataFrame:
    """Say what each statement came to: counts, replaced, or without a figure; and the rows the stages refused.

    The figures of `lent` rows count in another row.
    """
    evidence = [
        pl.DataFrame(schema=OUTCOMES),
        *(outcomes(rows, "rejected") for rows in rejected),
        *(outcomes(rows, "accepted") for rows in lent),
    ]
    for form, frame in facts.items():
        came_to = (
            pl.when(~_states(form)).then(pl.lit("rejected"))
            .when(pl.col("superseded")).then(pl.lit("superseded"))
            .otherwise(pl.lit("accepted"))
        )
        evidence.append(outcomes(frame, came_to))
    return pl.concat(evidence)


def _conflicts(cells: pl.DataFrame, submissions: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
    """Put an error on each cell that contradicts another one of its sheet."""
    text = pl.col("text").replace({"true": "是", "false": "否"})
    located = locate(cells, submissions, columns).with_columns(
        pl.coalesce(stated_text(pl.col("number")), text).alias("value")
    )
    others = pl.col("value").unique().sort().str.join("、").over("submission_id", "thing", "field")
    return problem_rows("conflict", located.with_columns(others.alias("others")), {"others": pl.col("others")})


def _notes(replaced: pl.DataFrame, submissions: pl.DataFrame) -> list[pl.DataFrame]:
    """Note each row that repeats another of its sheet, and each sheet whose figures a later one replaced."""
    here = pl.col("submission_id") == pl.col("later_submission")
    files = submissions.select("submission_id", "file_name", "sheet")
    repeats = (
        replaced.filter(here & (pl.col("row") != pl.col("later_row")))
        .unique(["submission_id", "row"], keep="first", maintain_order=True)
        .join(files, on="submission_id", how="left", validate="m:1")
        .with_columns(pl.col("later_row").cast(pl.String).alias("value"))
    )
    sheet = pl.when(pl.col("sheet") != "").then(pl.format("（{}）", "sheet")).otherwise(pl.lit(""))
    later = files.select(
        pl.col("submission_id").alias("later_submission"), pl.concat_str("file_name", sheet).alias("later")
    )
    newer = (
        replaced.filter(~here)
        .group_by("submission_id", "later_submission")
        .agg(pl.len().cast(pl.String).alias("value"))
        .join(files, on="submission_id", how="left", validate="m:1")
        .join(later, on="later_submission", how="left", validate="m:1")
    )
    return [problem_rows("repeated_figure", repeats.filter(~pl.col("lent"))),
            problem_rows("completed_figure", repeats.filter("lent")),
            problem_rows("superseded_figure", newer, {"later": pl.col("later")})]


def _unexplained(problems: pl.DataFrame) -> pl.DataFrame:
    """`problems` without missing consumption where an error at that cell says why it is missing."""
    cell = ["submission_id", "row", "field"]
    missing = pl.col("rule") == "consumption_missing"
    refused = problems.filter((pl.col("severity") == "error") & ~missing)
    return pl.concat([problems.filter(~missing), problems.filter(missing).join(refused, on=cell, how="anti")])


def _once(problems: pl.DataFrame) -> pl.DataFrame:
    """`problems` without the repetitions at cells of tables that are read as several forms (a code, a name)."""
    cell = pl.struct(pl.col("submission_id").str.head(12), "sheet", "cell", "rule", "message")
    return problems.filter(pl.col("cell").is_null() | cell.is_first_distinct())


def _sorted(problems: pl.DataFrame, ranks: pl.DataFrame) -> pl.DataFrame:
    """Problems in the order of submissions and rows; those of files without any sheet come first."""
    return (
        problems.join(ranks, on="submission_id", how="left", validate="m:1")
        .sort("precedence", "file_name", "row", "cell", "rule", "message", nulls_last=False)
        .drop("precedence")
    )
