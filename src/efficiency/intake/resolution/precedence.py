"""Which of several statements of the same thing counts: the later submission, and none of a contradictory pair.

The order of submissions is total: by the date of filing, then by arrival. A sheet that states no date goes by its
arrival alone: it counts as filed with the latest of its form and period that had arrived before it, so that the order
does not depend on the day on which an inbox is read. A figure that was refused is no statement: an earlier valid one
stands.
Within one sheet, equal figures count once, different ones do not count at all, and rows that each state a part of
the same thing complete one another.

Everything here is wide and touches only keys that occur more than once, so that a million rows which
nobody states twice are passed on as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

SAME = 1e-9
"""Relative difference up to which two numbers are the same figure: the noise of unit conversion."""

_CONFLICTS = {
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
_REPLACED = {
    "submission_id": pl.String(),
    "row": pl.Int64(),
    "uscc": pl.String(),
    "name": pl.String(),
    "later_submission": pl.String(),
    "later_row": pl.Int64(),
    "lent": pl.Boolean(),
}


@dataclass(frozen=True, slots=True)
class Settled:
    """Rows with their `superseded` mark, and what happened to those that do not count.

    `conflicts`: one row per cell that contradicts another of its sheet; cells with the same `thing`
    belong together. `withheld`: rows (submission_id, row) that are left without any figure.
    `replaced`: one row per figure that a later or an equal statement replaced, and which one did; `lent` where the
    row gave figures to it that it did not state itself.
    """

    rows: pl.DataFrame
    conflicts: pl.DataFrame
    withheld: pl.DataFrame
    replaced: pl.DataFrame


def order(submissions: pl.DataFrame) -> pl.DataFrame:
    """Put submissions in their total order: submission_id, precedence (1 is the earliest)."""
    before = pl.col("filled_on").fill_null(date.min).cum_max().over("form", "period_label", order_by="arrival")
    return submissions.sort(pl.coalesce("filled_on", before), "arrival", "submission_id").select(
        "submission_id", pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("precedence")
    )


def settle_rows(
    rows: pl.DataFrame,
    key: Sequence[str],
    fields: Sequence[str],
    *,
    figures: Sequence[str] = (),
    poisoned: Sequence[str] = (),
    within: Sequence[str] = (),
    qualifier: str | None = None,
    last_row: bool = False,
) -> Settled:
    """Settle rows that replace one another as a whole.

    `rows` has the lineage columns and `precedence`; `fields` are compared for contradictions within a
    sheet, between rows that also share `within`; a contradiction in one of them withholds `poisoned` too.
    A row without any of `figures` is no statement. Of equal rows of a sheet the fullest counts, then
    the first (the last with `last_row`), completed by what the others state beyond it; not by rows that differ in
    `qualifier` (a unit).
    """
    key = list(key)
    repeated = pl.len().over(key) > 1
    contested = rows.filter(repeated)
    if contested.is_empty():
        return _uncontested(rows)
    contested, conflicts = _withhold(contested, ["submission_id", *key, *within], fields, poisoned)
    states = pl.any_horizontal(pl.col(f).is_not_null() for f in figures) if figures else pl.lit(True)
    ranked = (
        contested.with_columns(
            states.alias("_states"),
            pl.sum_horizontal(pl.col(field).is_not_null() for field in fields).alias("_filled"),
        )
        .sort("_states", "precedence", "_filled", "row", "block", descending=[True, True, True, last_row, last_row])
        .with_columns(
            (~pl.struct(key).is_first_distinct()).alias("superseded"),
            pl.col("submission_id").first().over(key).alias("later_submission"),
            pl.col("row").first().over(key).alias("later_row"),
        )
    )
    completed = _completed(ranked, key, fields, qualifier)
    replaced = completed.filter(pl.col("superseded") & (pl.col("_states") | pl.col("lent"))).select(*_REPLACED)
    settled = pl.concat(
        [
            rows.filter(~repeated).with_columns(pl.lit(False).alias("superseded")),
            completed.select(*rows.columns, "superseded"),
        ]
    )
    return Settled(settled, conflicts, pl.DataFrame(schema={"submission_id": pl.String, "row": pl.Int64}), replaced)


def _completed(ranked: pl.DataFrame, key: list[str], fields: Sequence[str], qualifier: str | None) -> pl.DataFrame:
    """`ranked` (the row that counts first) with the fields that it lacks taken from other rows of its sheet: `lent`."""
    alike = pl.col("precedence") == pl.col("precedence").first().over(key)
    if qualifier is not None:
        alike &= (pl.col(qualifier) == pl.col(qualifier).first().over(key)).fill_null(value=True)
    lends = {f: alike & pl.col(f).is_not_null() & pl.col(f).first().over(key).is_null() for f in fields}
    marked = ranked.with_columns(
        pl.any_horizontal(lends.values()).alias("lent"),
        *(pl.when(lent).then(pl.col(f)).max().over(key).alias(f"_{f}") for f, lent in lends.items()),
    )
    counts = ~pl.col("superseded")
    return marked.with_columns(
        pl.when(counts).then(pl.coalesce(f, f"_{f}")).otherwise(pl.col(f)).alias(f) for f in fields
    )


def settle_measures(rows: pl.DataFrame, key: Sequence[str], measures: Sequence[str]) -> Settled:
    """Settle rows whose measures replace one another singly.

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
    contested, conflicts = _withhold(contested, ["submission_id", *key], measures, ())
    ranked = contested.sort("precedence", "row", "block", descending=[True, False, False])
    counts = {
        m: pl.col(m).is_not_null() & (pl.col(m).is_not_null().cast(pl.Int32).cum_sum().over(key) == 1) for m in measures
    }
    flagged = ranked.with_columns(counts[m].alias(f"_{m}") for m in measures)
    counting = flagged.with_columns(pl.when(pl.col(f"_{m}")).then(pl.col(m)).alias(m) for m in measures)
    superseded = flagged.with_columns(pl.when(~pl.col(f"_{m}")).then(pl.col(m)).alias(m) for m in measures)
    any_figure = pl.any_horizontal(pl.col(m).is_not_null() for m in measures)
    settled = pl.concat(
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
        .select(*(column for column in _REPLACED if column != "lent"), pl.lit(False).alias("lent"))
        for m in measures
    ]
    withheld = ranked.filter(~any_figure).select("submission_id", "row")
    return Settled(settled, conflicts, withheld, pl.concat(winners))


def _uncontested(rows: pl.DataFrame) -> Settled:
    """Settled rows where nothing is stated twice."""
    return Settled(
        rows.with_columns(pl.lit(False).alias("superseded")),
        pl.DataFrame(schema=_CONFLICTS),
        pl.DataFrame(schema={"submission_id": pl.String, "row": pl.Int64}),
        pl.DataFrame(schema=_REPLACED),
    )


def _withhold(
    rows: pl.DataFrame, group: Sequence[str], fields: Sequence[str], poisoned: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`rows` without the figures that contradict one another within a `group` of one sheet, and those cells."""
    group = list(group)
    alone = pl.len().over(group) == 1
    doubtful = rows.filter(~alone)
    if doubtful.is_empty():
        return rows, pl.DataFrame(schema=_CONFLICTS)
    schema = rows.schema
    marked = doubtful.with_row_index("thing").with_columns(
        pl.col("thing").min().over(group),
        *(_differs(pl.col(field), schema[field]).over(group).alias(f"_{field}") for field in fields),
    )
    cells = [
        marked.filter(pl.col(f"_{field}") & pl.col(field).is_not_null()).select(
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
    contradictory = pl.any_horizontal(pl.col(f"_{field}") for field in fields)
    cleaned = marked.with_columns(pl.when(~pl.col(f"_{field}")).then(pl.col(field)).alias(field) for field in fields)
    cleaned = cleaned.with_columns(pl.when(~contradictory).then(pl.col(field)).alias(field) for field in poisoned)
    return pl.concat([rows.filter(alone), cleaned.select(rows.columns)]), pl.concat(cells)


def _differs(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Tell a group in which `value` has more than one value; nulls are no values."""
    low, high = value.min(), value.max()
    if dtype.is_float():
        return (high - low > SAME * pl.max_horizontal(low.abs(), high.abs())).fill_null(False)
    return (low != high).fill_null(False)
