"""Which of several statements of the same thing counts: the later submission, and none of a conflicting pair.

The order of submissions is total: by the date of filing, then by arrival. A sheet that states no date goes by its
arrival alone: it counts as filed with the latest of its form and period that had arrived before it, so that the order
does not depend on the day on which an inbox is read. A figure that was refused is no statement: an earlier valid one
goes on to count. Within one sheet, equal figures count once, conflicting ones do not count at all, and rows that each
state a part of the same thing complete one another.

Only keys that occur more than once are looked at, so that a million rows which nobody states twice are passed on
as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.resolution.reconcile import SOURCE_ROW
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Sequence

SAME = 1e-9
"""Relative difference up to which two numbers are the same figure: the noise of unit conversion."""

CONFLICTS = {
    "submission_id": pl.String(),
    "row": pl.Int64(),
    "block": pl.Int64(),
    "uscc": pl.String(),
    "name": pl.String(),
    "field": pl.String(),
    "number": pl.Float64(),
    "text": pl.String(),
    "thing": pl.UInt32(),
}
"""One row per cell that conflicts with another of its sheet; cells with the same `thing` state the same thing."""
REPLACED = {
    "submission_id": pl.String(),
    "row": pl.Int64(),
    "uscc": pl.String(),
    "name": pl.String(),
    "later_submission": pl.String(),
    "later_row": pl.Int64(),
    "lent": pl.Boolean(),
}
"""One row per statement that a later or an equal one replaced, and which one did; `lent` where the row gave figures to
it that it did not state itself."""


@dataclass(frozen=True, slots=True)
class Deduplicated:
    """Rows with their `superseded` mark, and what became of those that do not count."""

    rows: pl.DataFrame
    """The columns of the rows given, and `superseded`."""
    conflicts: pl.DataFrame
    """Shape `CONFLICTS`."""
    conflicting: pl.DataFrame
    """Shape `SOURCE_ROW`: rows that conflicts leave without any figure."""
    replaced: pl.DataFrame
    """Shape `REPLACED`."""


def order(submissions: pl.DataFrame) -> pl.DataFrame:
    """Put submissions in their total order: submission_id, precedence (1 is the earliest)."""
    before = pl.col("filled_on").fill_null(date.min).cum_max().over("form", "period_label", order_by="arrival")
    return submissions.sort(pl.coalesce("filled_on", before), "arrival", "submission_id").select(
        "submission_id", pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("precedence")
    )


def deduplicate(form_id: str, rows: pl.DataFrame) -> Deduplicated:
    """Mark which of the `rows` of a form count, as the form declares it (`schemas.Form`).

    `rows` has the columns of the form's stated table and `precedence`.
    """
    form = FORMS[form_id]
    if form.replaces == "figure":
        return _deduplicate_figures(rows, form.statement_key, form.figures)
    not_compared = {*form.key, "uscc", "name", form.row_unit, form.quantity_unit}
    return _deduplicate_rows(
        rows,
        form.statement_key,
        [name for name in form.names if name not in not_compared],
        figures=form.figures,
        all_or_nothing=form.all_or_nothing,
        unit=form.quantity_unit,
        last_row_counts=form.last_row_counts,
    )


def deduplicate_corrections(rows: pl.DataFrame) -> Deduplicated:
    """Mark which corrections of the same figure count, however each names it: the one approved last.

    `rows` are those of `efficiency.intake.resolution.corrections.Screened`. A ledger may correct a figure again at a
    later date; only two corrections of the same date conflict.
    """
    approved = rows.with_columns(
        pl.struct(pl.col("approved").fill_null(date.min), "precedence").rank("dense").cast(pl.Int64).alias("precedence")
    )
    return _deduplicate_rows(
        approved, ["uscc", "target", "carrier", "span_start", "span_end"], ["new"], figures=["new"], within=["approved"]
    )


def states(form_id: str) -> pl.Expr:
    """Whether a row of the form states something: one of its figures, where it has any."""
    return _any_of(FORMS[form_id].figures)


def _any_of(figures: Sequence[str]) -> pl.Expr:
    return pl.any_horizontal(pl.col(f).is_not_null() for f in figures) if figures else pl.lit(value=True)


def _deduplicate_rows(
    rows: pl.DataFrame,
    key: Sequence[str],
    fields: Sequence[str],
    *,
    figures: Sequence[str] = (),
    all_or_nothing: Sequence[str] = (),
    within: Sequence[str] = (),
    unit: str | None = None,
    last_row_counts: bool = False,
) -> Deduplicated:
    """Deduplicate rows that replace one another as a whole.

    `rows` has the lineage columns and `precedence`; `fields` are compared for conflicts within a sheet, between rows
    that also share `within`; a conflict in one of them takes the fields `all_or_nothing` with it. A row without any of
    `figures` is no statement. Of equal rows of a sheet the fullest counts, then the first (the last with
    `last_row_counts`), completed by what the others state beyond it; not by rows that differ in column `unit`.
    """
    key = list(key)
    repeated = pl.len().over(key) > 1
    contested = rows.filter(repeated)
    if contested.is_empty():
        return _uncontested(rows)
    contested, conflicts = _without_conflicts(contested, ["submission_id", *key, *within], fields, all_or_nothing)
    ranked = (
        contested.with_columns(
            _any_of(figures).alias("_states"),
            pl.sum_horizontal(pl.col(field).is_not_null() for field in fields).alias("_filled"),
        )
        .sort(
            "_states",
            "precedence",
            "_filled",
            "row",
            "block",
            descending=[True, True, True, last_row_counts, last_row_counts],
        )
        .with_columns(
            (~pl.struct(key).is_first_distinct()).alias("superseded"),
            pl.col("submission_id").first().over(key).alias("later_submission"),
            pl.col("row").first().over(key).alias("later_row"),
        )
    )
    completed = _completed(ranked, key, fields, unit)
    replaced = completed.filter(pl.col("superseded") & (pl.col("_states") | pl.col("lent"))).select(*REPLACED)
    marked = pl.concat(
        [
            rows.filter(~repeated).with_columns(pl.lit(False).alias("superseded")),
            completed.select(*rows.columns, "superseded"),
        ]
    )
    return Deduplicated(marked, conflicts, pl.DataFrame(schema=SOURCE_ROW), replaced)


def _completed(ranked: pl.DataFrame, key: list[str], fields: Sequence[str], unit: str | None) -> pl.DataFrame:
    """`ranked` (the row that counts first) with the fields that it lacks taken from other rows of its sheet: `lent`."""
    alike = pl.col("precedence") == pl.col("precedence").first().over(key)
    if unit is not None:
        alike &= (pl.col(unit) == pl.col(unit).first().over(key)).fill_null(value=True)
    lends = {f: alike & pl.col(f).is_not_null() & pl.col(f).first().over(key).is_null() for f in fields}
    marked = ranked.with_columns(
        pl.any_horizontal(lends.values()).alias("lent"),
        *(pl.when(lent).then(pl.col(f)).max().over(key).alias(f"_{f}") for f, lent in lends.items()),
    )
    counts = ~pl.col("superseded")
    return marked.with_columns(
        pl.when(counts).then(pl.coalesce(f, f"_{f}")).otherwise(pl.col(f)).alias(f) for f in fields
    )


def _deduplicate_figures(rows: pl.DataFrame, key: Sequence[str], measures: Sequence[str]) -> Deduplicated:
    """Deduplicate rows whose figures replace one another one by one.

    A row may come out twice: with the measures that count and, marked superseded, with those that do
    not. So every measure of a key has exactly one value among the rows that are not superseded.
    """
    key = list(key)
    # Most rows state one measure of many: one look at every key, at the measures that are stated at all.
    stated = [m for m in measures if rows[m].null_count() < rows.height]
    found = rows.group_by(key).agg(pl.len().alias("_rows"), *(pl.col(m).count().alias(f"_{m}") for m in stated))
    stated_twice = pl.any_horizontal(pl.lit(value=False), *(pl.col(f"_{m}") > 1 for m in stated))
    if not found.select(stated_twice.any()).item():
        return _uncontested(rows)
    marks = rows.select(key).join(
        found.select(*key, (pl.col("_rows") > 1).alias("shared"), stated_twice.alias("twice")),
        on=key,
        how="left",
        nulls_equal=True,
        validate="m:1",
        maintain_order="left",
    )
    shared, twice = marks["shared"], marks["twice"]
    contested = rows.filter(twice)
    free = pl.concat([rows.filter(~shared), rows.filter(shared & ~twice)])
    contested, conflicts = _without_conflicts(contested, ["submission_id", *key], measures, ())
    ranked = contested.sort("precedence", "row", "block", descending=[True, False, False])
    counts = {
        m: pl.col(m).is_not_null() & (pl.col(m).is_not_null().cast(pl.Int32).cum_sum().over(key) == 1) for m in measures
    }
    flagged = ranked.with_columns(counts[m].alias(f"_{m}") for m in measures)
    counting = flagged.with_columns(pl.when(pl.col(f"_{m}")).then(pl.col(m)).alias(m) for m in measures)
    superseded = flagged.with_columns(pl.when(~pl.col(f"_{m}")).then(pl.col(m)).alias(m) for m in measures)
    any_figure = _any_of(measures)
    marked = pl.concat(
        [
            free.with_columns(pl.lit(False).alias("superseded")),
            counting.filter(any_figure).select(*rows.columns, pl.lit(False).alias("superseded")),
            superseded.filter(any_figure).select(*rows.columns, pl.lit(True).alias("superseded")),
        ]
    )
    winners = [
        flagged.with_columns(
            pl.col("submission_id").filter(pl.col(f"_{m}")).first().over(key).alias("later_submission"),
            pl.col("row").filter(pl.col(f"_{m}")).first().over(key).alias("later_row"),
        )
        .filter(pl.col(m).is_not_null() & ~pl.col(f"_{m}"))
        .select(*(column for column in REPLACED if column != "lent"), pl.lit(False).alias("lent"))
        for m in measures
    ]
    conflicting = ranked.filter(~any_figure).select(*SOURCE_ROW)
    return Deduplicated(marked, conflicts, conflicting, pl.concat(winners))


def _uncontested(rows: pl.DataFrame) -> Deduplicated:
    """What is made of rows of which none states what another does."""
    return Deduplicated(
        rows.with_columns(pl.lit(False).alias("superseded")),
        pl.DataFrame(schema=CONFLICTS),
        pl.DataFrame(schema=SOURCE_ROW),
        pl.DataFrame(schema=REPLACED),
    )


def _without_conflicts(
    rows: pl.DataFrame, group: Sequence[str], fields: Sequence[str], all_or_nothing: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`rows` without the figures that conflict within a `group` of one sheet, and their cells (shape `CONFLICTS`)."""
    group = list(group)
    alone = pl.len().over(group) == 1
    repeated = rows.filter(~alone)
    if repeated.is_empty():
        return rows, pl.DataFrame(schema=CONFLICTS)
    schema = rows.schema
    compared = repeated.with_row_index("thing").with_columns(
        pl.col("thing").min().over(group),
        *(_differs(pl.col(field), schema[field]).over(group).alias(f"_{field}") for field in fields),
    )
    cells = [
        compared.filter(pl.col(f"_{field}") & pl.col(field).is_not_null()).select(
            "submission_id",
            "row",
            "block",
            "uscc",
            "name",
            pl.lit(field).alias("field"),
            (pl.col(field) if schema[field].is_numeric() else pl.lit(None)).cast(pl.Float64).alias("number"),
            (pl.lit(None) if schema[field].is_numeric() else pl.col(field)).cast(pl.String).alias("text"),
            "thing",
        )
        for field in fields
    ]
    conflict = pl.any_horizontal(pl.col(f"_{field}") for field in fields)
    cleaned = compared.with_columns(pl.when(~pl.col(f"_{field}")).then(pl.col(field)).alias(field) for field in fields)
    cleaned = cleaned.with_columns(pl.when(~conflict).then(pl.col(field)).alias(field) for field in all_or_nothing)
    return pl.concat([rows.filter(alone), cleaned.select(rows.columns)]), pl.concat(cells)


def _differs(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Whether `value` has more than one value in its group; nulls are no values."""
    low, high = value.min(), value.max()
    if dtype.is_float():
        return (high - low > SAME * pl.max_horizontal(low.abs(), high.abs())).fill_null(False)
    return (low != high).fill_null(False)
