"""Which of several statements of the same thing counts: the later submission, and none of a conflicting pair.

The order of submissions is total: by the date of filing, then by arrival. A sheet that states no date goes by its
arrival alone: it counts as filed with the latest of its form and period that had arrived before it, so that the order
does not depend on the day on which an inbox is read. A figure that was refused is no statement: an earlier valid one
goes on to count. Within one sheet, equal figures count once, conflicting ones do not count at all, and rows that each
state other figures of the same thing complete one another. The tables of one sheet, each a submission, are one sheet
here as well.

Rows of one sheet that state parts of a figure (column `part`) count together and are replaced together: all parts of
the later sheet in place of all of the earlier one's, never a mixture. Where a part of a figure is not known, the figure
is not stated.

Only keys that occur more than once are looked at, so that a million rows which nobody states twice are passed on
as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.resolution.reconcile import SOURCE_ROW
from efficiency.parts import ORDER, SHEET, by_sheet, has_parts, lent_as_parts
from schemas import FORMS
from schemas.column import PART

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
ONCE = {"submission_id": pl.String(), "block": pl.Int64(), "field": pl.String()}
"""One row per column of a sheet that states one figure of the whole on each of its parts."""
REPLACED = {
    "submission_id": pl.String(),
    "row": pl.Int64(),
    "uscc": pl.String(),
    "name": pl.String(),
    "later_submission": pl.String(),
    "later_row": pl.Int64(),
    "lent": pl.Boolean(),
    "block": pl.Int64(),
    "field": pl.String(),
    "once": pl.Boolean(),
}
"""One row per statement that a later or an equal one replaced, which one did, and a field that it states; `lent` where
the row gave figures to it that it did not state itself; `once` where the figure is one of the whole that is stated on
each part."""


@dataclass(frozen=True, slots=True)
class Deduplicated:
    """Rows with their `superseded` mark, and what became of those that do not count."""

    rows: pl.DataFrame
    """The columns of the rows given, and `superseded`."""
    conflicts: pl.DataFrame
    """Shape `CONFLICTS`."""
    incomplete: pl.DataFrame
    """Shape `CONFLICTS`: parts that do not count since other parts of their figure conflict."""
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


def deduplicate(form_id: str, rows: pl.DataFrame, once: pl.DataFrame) -> Deduplicated:
    """Mark which of the `rows` of a form count, as the form declares it (`schemas.Form`).

    `rows` has the columns of the form's stated table and `precedence`; `once` the shape `ONCE`.
    """
    form = FORMS[form_id]
    if form.replaces == "figure":
        return _deduplicate_figures(rows, form.statement_key, form.figures, once)
    not_compared = {*form.key, "uscc", "name", form.row_unit, form.quantity_unit}
    return _deduplicate_rows(
        rows,
        form.statement_key,
        [name for name in form.names if name not in not_compared],
        figures=form.figures,
        added=form.added if form.parts else (),
        all_or_nothing=form.all_or_nothing,
        unit=form.quantity_unit,
        last_row_counts=form.last_row_counts,
        once=once,
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
    added: Sequence[str] = (),
    all_or_nothing: Sequence[str] = (),
    within: Sequence[str] = (),
    unit: str | None = None,
    last_row_counts: bool = False,
    once: pl.DataFrame | None = None,
) -> Deduplicated:
    """Deduplicate rows that replace one another as a whole.

    `rows` has the lineage columns and `precedence`; `fields` are compared for conflicts within a sheet, between rows
    that also share `within`; a conflict in one of them takes the fields `all_or_nothing` with it. A row without any of
    `figures` is no statement. Of equal rows of a sheet the fullest counts, then the first (the last with
    `last_row_counts`), completed by what the others state beyond it; not by rows that differ in column `unit`. Where
    the fields `added` are stated in parts, rows of one part are equal or conflict, and all parts count.
    """
    key = list(key)
    repeated = pl.len().over(key) > 1
    contested = by_sheet(rows.filter(repeated), key, added, one_order=not within)
    if contested.is_empty():
        return _uncontested(rows)
    part = [PART.name] if added and has_parts(contested) else []
    single = pl.DataFrame(schema=contested.schema)
    repeats = pl.DataFrame(schema=REPLACED)
    if part and once is not None and once.height:
        contested, single, repeats = _stated_once(contested, key, added, figures, once)
    sheet = [SHEET, *key, *part, *within]
    contested, conflicts = _without_conflicts(contested, sheet, fields, all_or_nothing)
    incomplete = pl.DataFrame(schema=CONFLICTS)
    if part and not all_or_nothing:
        contested, incomplete = _without_incomplete(contested, key, added, conflicts)
    each = [*key, *part]
    states = _any_of(figures)
    if part:
        # One part that is not known leaves the whole unknown: such a sheet states it not.
        states = states.any().over(SHEET, *each).all().over(SHEET, *key)
    ranked = (
        contested.with_columns(
            states.alias("_states"),
            pl.sum_horizontal(pl.col(field).is_not_null() for field in fields).alias("_filled"),
        )
        .sort(
            "_states",
            ORDER,
            "_filled",
            "row",
            "block",
            descending=[True, True, True, last_row_counts, last_row_counts],
        )
        .with_columns((pl.col(ORDER) == pl.col(ORDER).first().over(key)).alias("_latest"))
        .with_columns(
            (~(pl.col("_latest") & pl.struct(*each, "_latest").is_first_distinct())).alias("superseded"),
            *(
                pl.when("_latest")
                .then(pl.col(column).first().over(*each, "_latest"))
                .otherwise(pl.col(column).first().over(key))
                .alias(name)
                for column, name in (("submission_id", "later_submission"), ("row", "later_row"))
            ),
        )
    )
    completed = _completed(ranked, each, fields, unit)
    in_parts = added if PART.name in rows.columns and not all_or_nothing and unit is None else ()
    stated = [pl.when(pl.col(field).is_not_null()).then(pl.lit(field)) for field in (*figures, *fields)]
    replaced = (
        completed.filter(pl.col("superseded") & (_any_of(figures) | pl.col("lent")))
        .with_columns(pl.coalesce(*stated, pl.lit(None, dtype=pl.String)).alias("field"), pl.lit(False).alias("once"))
        .select(*REPLACED)
    )
    marked = pl.concat(
        [
            rows.filter(~repeated).with_columns(pl.lit(False).alias("superseded")),
            lent_as_parts(completed, each, in_parts).select(*rows.columns, "superseded"),
            single.select(rows.columns).with_columns(pl.lit(True).alias("superseded")),
        ]
    )
    conflicting = pl.DataFrame(schema=SOURCE_ROW)
    return Deduplicated(marked, conflicts, incomplete, conflicting, pl.concat([replaced, repeats]))


def _completed(ranked: pl.DataFrame, each: list[str], fields: Sequence[str], unit: str | None) -> pl.DataFrame:
    """`ranked` (the row that counts first) with the fields that it lacks taken from other rows of its sheet: `lent`.

    `each` are the columns that say what a row is about, its part among them.
    """
    of_sheet = [*each, "_latest"]
    alike = pl.col("_latest")
    if unit is not None:
        alike &= (pl.col(unit) == pl.col(unit).first().over(of_sheet)).fill_null(value=True)
    lends = {f: alike & pl.col(f).is_not_null() & pl.col(f).first().over(of_sheet).is_null() for f in fields}
    marked = ranked.with_columns(
        pl.any_horizontal(lends.values()).alias("lent"),
        *(lent.alias(f"_lends_{f}") for f, lent in lends.items()),
        *(pl.when(lent).then(pl.col(f)).max().over(of_sheet).alias(f"_{f}") for f, lent in lends.items()),
    )
    counts = ~pl.col("superseded")
    return marked.with_columns(
        pl.when(counts).then(pl.coalesce(f, f"_{f}")).otherwise(pl.col(f)).alias(f) for f in fields
    )


def _stated_once(
    rows: pl.DataFrame, key: list[str], added: Sequence[str], figures: Sequence[str], once: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """`rows` in which a figure of the whole that is stated on each part stands on the first part alone.

    Also the rows of the repetitions, with those figures alone, which do not count, and their shape `REPLACED`.
    `figures` are those of which a row must state one.
    """
    marked = _with_once(rows.sort(ORDER, "row", "block"), added, once)
    sheet = [SHEET, *key]
    first = {f: pl.col(f).filter(pl.col(f).is_not_null()).first().over(sheet) for f in added}
    again = {
        f: pl.col(f"_once_{f}")
        & pl.col(f).is_not_null()
        & (pl.col(f).is_not_null().cast(pl.Int32).cum_sum().over(sheet) > 1)
        & ((pl.col(f) - first[f]).abs() <= SAME * first[f].abs())
        for f in added
    }
    found = marked.with_columns(
        *(repeated.alias(f"_again_{f}") for f, repeated in again.items()),
        *(
            pl.col(column).filter(pl.col(f).is_not_null()).first().over(sheet).alias(f"_{column}_{f}")
            for f in added
            for column in ("row", "submission_id")
        ),
    )
    any_again = pl.any_horizontal(pl.col(f"_again_{f}") for f in added)
    kept = found.with_columns(pl.when(~pl.col(f"_again_{f}")).then(pl.col(f)).alias(f) for f in added)
    states = _any_of(figures)
    single = found.filter(any_again).with_columns(
        pl.when(pl.col(f"_again_{f}")).then(pl.col(f)).alias(f) for f in added
    )
    repeats = [
        found.filter(f"_again_{f}").select(
            "submission_id",
            "row",
            "uscc",
            "name",
            pl.col(f"_submission_id_{f}").alias("later_submission"),
            pl.col(f"_row_{f}").alias("later_row"),
            pl.lit(False).alias("lent"),
            "block",
            pl.lit(f).alias("field"),
            pl.lit(True).alias("once"),
        )
        for f in added
    ]
    counting = kept.filter(~any_again | states).select(rows.columns)
    return counting, single.select(rows.columns), pl.concat(repeats)


def _with_once(rows: pl.DataFrame, fields: Sequence[str], once: pl.DataFrame) -> pl.DataFrame:
    """`rows` with a column `_once_<field>` for each of `fields`: whether its column states the figure of the whole."""
    for field in fields:
        columns = once.filter(pl.col("field") == field).select(
            "submission_id", "block", pl.lit(value=True).alias(f"_once_{field}")
        )
        rows = rows.join(
            columns, on=["submission_id", "block"], how="left", validate="m:1", maintain_order="left"
        ).with_columns(pl.col(f"_once_{field}").fill_null(value=False))
    return rows


def _without_incomplete(
    rows: pl.DataFrame, key: list[str], fields: Sequence[str], conflicts: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`rows` without the other parts of figures of which a part conflicts, and the cells of those (shape `CONFLICTS`).

    `conflicts` are the cells that were taken out of `rows`.
    """
    if conflicts.is_empty():
        return rows, pl.DataFrame(schema=CONFLICTS)
    sheet = [SHEET, *key]
    cells: list[pl.DataFrame] = []
    for field in fields:
        of_field = conflicts.filter(pl.col("field") == field)
        hit = of_field.select("submission_id", "row", "block", pl.lit(1).alias("_hit"))
        if hit.is_empty():
            continue
        marked = rows.join(
            hit.unique(), on=["submission_id", "row", "block"], how="left", validate="m:1", maintain_order="left"
        ).with_columns(pl.col("_hit").count().over(sheet) > 0)
        lost = marked.filter(pl.col("_hit") & pl.col(field).is_not_null())
        cells.append(
            lost.select(
                "submission_id",
                "row",
                "block",
                "uscc",
                "name",
                pl.lit(field).alias("field"),
                pl.col(field).cast(pl.Float64).alias("number"),
                pl.lit(None, dtype=pl.String).alias("text"),
                pl.lit(0, dtype=pl.UInt32).alias("thing"),
            )
        )
        rows = marked.with_columns(pl.when(~pl.col("_hit")).then(pl.col(field)).alias(field)).drop("_hit")
    return rows, pl.concat([pl.DataFrame(schema=CONFLICTS), *cells])


def _deduplicate_figures(
    rows: pl.DataFrame, key: Sequence[str], measures: Sequence[str], once: pl.DataFrame
) -> Deduplicated:
    """Deduplicate rows whose figures replace one another one by one.

    A row may come out twice: with the measures that count and, marked superseded, with those that do
    not. So every measure of a key, and of each of its parts, has exactly one value among the rows that are not
    superseded.
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
    contested = by_sheet(rows.filter(twice), key, measures, one_order=True)
    free = pl.concat([rows.filter(~shared), rows.filter(shared & ~twice)])
    parts = has_parts(contested)
    contested, conflicts, incomplete = (
        _parts_without_conflicts(contested, key, measures, once)
        if parts
        else (*_without_conflicts(contested, [SHEET, *key], measures, ()), pl.DataFrame(schema=CONFLICTS))
    )
    ranked = contested.sort(ORDER, "row", "block", descending=[True, False, False])
    flagged = _with_once(ranked, measures, once) if parts else ranked
    sheet = {m: [*key, ORDER, *([_label(m)] if parts else [])] for m in measures}

    def counts(m: str) -> pl.Expr:
        known = pl.col(m).is_not_null()
        if not parts:
            return known & (known.cast(pl.Int32).cum_sum().over(key) == 1)
        latest = pl.col(ORDER) == pl.col(ORDER).filter(known).max().over(key)
        return known & latest & (known.cast(pl.Int32).cum_sum().over(sheet[m]) == 1)

    flagged = flagged.with_columns(counts(m).alias(f"_{m}") for m in measures)
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

    def winner(m: str, column: str) -> pl.Expr:
        counting = pl.col(column).filter(pl.col(f"_{m}"))
        first = counting.first().over(key)
        return pl.coalesce(counting.first().over(sheet[m]), first) if parts else first

    winners = [
        flagged.with_columns(
            winner(m, "submission_id").alias("later_submission"),
            winner(m, "row").alias("later_row"),
            pl.lit(False).alias("lent"),
            pl.lit(m).alias("field"),
            (pl.col(f"_once_{m}") if parts else pl.lit(False)).alias("once"),
        )
        .filter(pl.col(m).is_not_null() & ~pl.col(f"_{m}"))
        .select(*REPLACED)
        for m in measures
    ]
    conflicting = ranked.filter(~any_figure).select(*SOURCE_ROW)
    return Deduplicated(marked, conflicts, incomplete, conflicting, pl.concat(winners))


def _label(measure: str) -> pl.Expr:
    """The part that a row states of `measure`; none of a figure of the whole, which each part states."""
    return pl.when(~pl.col(f"_once_{measure}")).then(pl.col(PART.name))


def _parts_without_conflicts(
    rows: pl.DataFrame, key: list[str], measures: Sequence[str], once: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """`rows` without figures of which parts conflict, the cells of those, and the cells of their other parts."""
    columns = rows.columns
    marked = _with_once(rows, measures, once)
    cells: list[pl.DataFrame] = []
    for measure in measures:
        group = [SHEET, *key, "_part"]
        labelled = marked.with_columns(_label(measure).alias("_part"))
        without, found = _without_conflicts(labelled, group, [measure], ())
        marked = without.drop("_part")
        cells.append(found)
    conflicts = pl.concat(cells)
    cleaned, incomplete = _without_incomplete(marked.select(columns), key, measures, conflicts)
    return cleaned, conflicts, incomplete


def _uncontested(rows: pl.DataFrame) -> Deduplicated:
    """What is made of rows of which none states what another does."""
    return Deduplicated(
        rows.with_columns(pl.lit(False).alias("superseded")),
        pl.DataFrame(schema=CONFLICTS),
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
