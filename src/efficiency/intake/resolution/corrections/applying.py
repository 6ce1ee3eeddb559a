"""Rows of other forms with the corrected figures, each of which leads to the cell of its ledger that states it.

A corrected area is that of the row in force at the end of the correction's span.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.parts import has_parts, whole
from schemas import CORRECTABLE

if TYPE_CHECKING:
    from schemas import Form

BLOCKS = {column.name: block for block, (_, column) in enumerate(CORRECTABLE, start=1)}
"""A corrected row's block names the corrected field: lineage leads to the cell of 更正值 for this field alone."""
OLD = len(BLOCKS)
"""What is added to a block so that it leads to the cell of 原值."""


def column_map(columns: pl.DataFrame, submissions: pl.DataFrame) -> pl.DataFrame:
    """`columns` (shape COLUMN_MAP) with two rows per corrected field of each corrections sheet: 更正值 and 原值."""
    ledgers = submissions.filter(pl.col("form") == "corrections")["submission_id"]
    stated = columns.filter(pl.col("submission_id").is_in(ledgers.implode()))
    blocks = pl.DataFrame({"field": list(BLOCKS), "block": list(BLOCKS.values())})
    made = [
        stated.filter(pl.col("field") == cell)
        .drop("field", "block")
        .join(blocks.with_columns(pl.col("block") + after), how="cross")
        .select(columns.columns)
        for cell, after in (("new", 0), ("old", OLD))
    ]
    return pl.concat([columns, *made]).unique(["submission_id", "block", "field"], keep="first", maintain_order=True)


def add_figures(form: Form, rows: pl.DataFrame, corrections: pl.DataFrame, above: int) -> pl.DataFrame:
    """`rows` of `form` and, where its figures are replaced one by one, a row with the one figure of each correction.

    The `precedence` of those added is higher than `above`, the highest of any submission.
    """
    if form.replaces != "figure":
        return rows
    added = corrections.filter(pl.col("target_form") == form.id).select(
        pl.when(pl.col("target") == name).then(pl.col("new")).alias(name)
        if name in form.correctable
        else block().alias(name)
        if name == "block"
        else pl.col(name) + above
        if name == "precedence"
        else pl.lit(None, dtype=pl.String).alias(name)
        if name == "part"
        else name
        for name in rows.columns
    )
    return pl.concat([rows, added])


def correct_rows(form: Form, facts: pl.DataFrame, corrections: pl.DataFrame) -> pl.DataFrame:
    """`facts` of `form` (with `superseded`) with corrected figures, where rows are replaced as a whole.

    A corrected row replaces the one it corrects and keeps what else that states, but for the unit of the row, since
    the cell that counts now is the ledger's. Of a form whose rows are in force from a date on, the row is corrected
    that is in force at the end of the correction's span, so that neither a row dated afterwards nor one replaced before
    is changed; where none is in force by then, the corrected one has no date.
    """
    if form.replaces != "row":
        return facts
    key = list(form.statement_key)
    for field in form.correctable:
        rows = corrections.filter((pl.col("target_form") == form.id) & (pl.col("target") == field))
        if rows.is_empty():
            continue
        if form.in_force_from:
            rows = _of_rows_in_force(facts, rows, form.in_force_from, key)
        parts = _parts_without(facts, rows, form, field)
        whole_rows = facts.join(parts.select(key).unique(), on=key, how="anti", nulls_equal=True)
        of_parts = rows.join(parts.select(key).unique(), on=key, how="semi", nulls_equal=True)
        corrected = [
            _corrected(whole_rows, some.drop("field").with_columns(pl.col("new").alias(field)), form, field, part)
            for some, part in (
                (rows.join(of_parts, on=["submission_id", "row"], how="anti"), None),
                (of_parts, f"更正{form.column(field).title}"),
            )
        ]
        facts = pl.concat([_supersede(facts, rows, key), parts, *corrected])
    return facts


def _of_rows_in_force(facts: pl.DataFrame, rows: pl.DataFrame, since: str, key: list[str]) -> pl.DataFrame:
    """Corrections with the date `since` of the row of `facts` that each corrects: the last one for each row."""
    in_force = (
        rows.select("uscc", "span_end")
        .unique()
        .join(facts.filter(~pl.col("superseded")).select("uscc", since), on="uscc", how="inner")
        .filter((pl.col(since) <= pl.col("span_end").dt.month_end()).fill_null(value=True))
        .group_by("uscc", "span_end")
        .agg(pl.col(since).max())
    )
    # The last correction of a row counts, whichever span it was entered under.
    return (
        rows.join(in_force, on=["uscc", "span_end"], how="left", validate="m:1")
        .sort("precedence", "row", descending=True)
        .unique(key, keep="first", maintain_order=True)
    )


def _parts_without(facts: pl.DataFrame, rows: pl.DataFrame, form: Form, field: str) -> pl.DataFrame:
    """The parts among the `facts` that `rows` correct, without `field`: what else they state counts at its cells. None
    of a form whose figures are all-or-nothing: there a part without one would make the whole unknown.
    """
    if form.all_or_nothing or not has_parts(facts):
        return facts.clear()
    key = list(form.statement_key)
    parts = facts.filter(~pl.col("superseded") & pl.col("part").is_not_null())
    corrected = parts.join(rows.select(key).unique(), on=key, how="semi", nulls_equal=True, maintain_order="left")
    without = corrected.with_columns(pl.lit(None, dtype=pl.Float64).alias(field))
    return without.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in form.figures))


def _corrected(facts: pl.DataFrame, rows: pl.DataFrame, form: Form, field: str, part: str | None) -> pl.DataFrame:
    """Rows of the shape of `facts`: each row that counts, if any, with `field`, its unit and the lineage of `rows`.

    `part` is the part that they are of, where the rows that they correct are parts.
    """
    key = list(form.statement_key)
    own = {*key, field, form.row_unit, "name", "submission_id", "sheet", "row", "block", "superseded", "part"}
    kept = [column for column in facts.columns if column not in own]
    base = whole(form, facts.filter(~pl.col("superseded"))).select(*key, *kept)
    stated = rows.drop(kept, strict=False).with_columns(
        pl.lit(False).alias("superseded"), block().alias("block"), pl.lit(part, dtype=pl.String).alias("part")
    )
    return stated.join(base, on=key, how="left", nulls_equal=True, validate="m:1").select(facts.columns)


def _supersede(facts: pl.DataFrame, rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """`facts` in which the rows that share `key` with `rows` are superseded."""
    corrected = rows.select(*key, pl.lit(True).alias("_corrected"))
    return (
        facts.join(corrected, on=key, how="left", nulls_equal=True, validate="m:1", maintain_order="left")
        .with_columns((pl.col("superseded") | pl.col("_corrected").fill_null(False)).alias("superseded"))
        .drop("_corrected")
    )


def block() -> pl.Expr:
    """The block by which a corrected row leads to its ledger's cell."""
    return pl.col("target").replace_strict(BLOCKS, default=0, return_dtype=pl.Int64)
