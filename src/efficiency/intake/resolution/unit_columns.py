"""A factor that fits most of a column: one mistake of unit, reported once at the column's header, which does not count.

A column's figures of one span are compared, enterprise by enterprise and by month, with those of the spans that end
before: where most are the same power of ten away from what is usual, the column is in another unit than the months
before. Which of them is wrong is not known. The column is withheld until it or those months are mended, or a mapping
file states the column's unit. Spans are looked at in their order in time, so that a withheld one is no measure for the
next, and nothing depends on the order of arrival but which of two statements of the same thing counts.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.parsing import months_in_span
from efficiency.intake.problems import EMPTY, problem_rows
from efficiency.parts import has_parts, sum_of_parts
from schemas import FORMS
from schemas.column import SPAN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efficiency.partitions import Chunks
    from schemas import Form

LEAST_ENTERPRISES = 5
"""Enterprises that a factor must fit."""
LEAST_SHARE = 0.8
"""Share that it must fit of those that can be compared."""
WITHIN = 2.0
"""A factor fits a figure that is this near to the usual one times the factor, and this far from all others."""
LEAST_MONTHS_TENFOLD = 4
"""Spans that must be known of an enterprise to tell a factor of 10 from a season."""

_SPAN = [column.name for column in SPAN]
_COLUMN = ["submission_id", "block", "item", *_SPAN]
_SERIES = ["who", "item"]
WITHHELD = {
    "form": pl.String(),
    "field": pl.String(),
    "submission_id": pl.String(),
    "block": pl.Int64(),
    "item": pl.String(),
    "span_start": pl.Date(),
    "span_end": pl.Date(),
    "power": pl.Int32(),
    "fits": pl.UInt32(),
    "compared": pl.UInt32(),
}
"""One row per column of a sheet and span that is withheld: `item` is what the row's figure is named by (the carrier),
`power` the power of ten that it is away by, `fits` how many enterprises of those `compared` it fits."""


def find_withheld(
    rows: Mapping[str, Chunks], verdicts: pl.DataFrame, ranks: pl.DataFrame, columns: pl.DataFrame
) -> pl.DataFrame:
    """The columns of all stated `rows` (form id → chunks) that a factor fits, in the shape `WITHHELD`.

    `verdicts` are those of `identity.verdicts`, `ranks` the precedence of each submission that counts, `columns`
    the column map.
    """
    who = (
        verdicts.filter(pl.col("verdict") == "matched")
        .with_columns(pl.col("code").rank("dense").alias("who"))
        .select("uscc", "name", "who")
    )
    confirmed = columns.filter(pl.col("unit_confirmed")).select("submission_id", "block", "field")
    found = [pl.DataFrame(schema=WITHHELD)]
    for form in FORMS.values():
        fields = [column.name for column in form.compared("months")]
        if not fields or not rows[form.id].height or who.height < LEAST_ENTERPRISES:
            continue
        stated = _stated(form, rows[form.id], fields, who).join(
            ranks, on="submission_id", how="inner", validate="m:1", maintain_order="left"
        )
        level = {column.name for column in form.columns if column.figure == "level"}
        for field in fields:
            if stated[field].null_count() == stated.height or stated["span_end"].n_unique() == 1:
                continue
            sure = confirmed.filter(pl.col("field") == field).select("submission_id", "block")
            figures = _figures(stated, field, sure, monthly=field not in level)
            for item in _suspected(figures):
                withheld = _withheld(figures.filter(pl.col("item").eq_missing(item)))
                found.append(
                    withheld.select(
                        pl.lit(form.id).alias("form"), pl.lit(field).alias("field"), *list(WITHHELD)[2:]
                    ).cast(WITHHELD)  # type: ignore[arg-type]  # names to types
                )
    return pl.concat(found)


def without_withheld(form: Form, rows: pl.DataFrame, withheld: pl.DataFrame) -> pl.DataFrame:
    """`rows` of `form` without the figures of the columns `withheld` (shape `WITHHELD`)."""
    item = pl.col(form.named_by) if form.named_by else pl.lit(None, dtype=pl.String)
    for (field,), columns in withheld.filter(pl.col("form") == form.id).group_by("field"):
        marked = rows.with_columns(item.alias("item")).join(
            columns.select(*_COLUMN, pl.lit(value=True).alias("_withheld")),
            on=_COLUMN,
            how="left",
            nulls_equal=True,
            validate="m:1",
            maintain_order="left",
        )
        rows = marked.with_columns(
            pl.when(pl.col("_withheld").is_null()).then(pl.col(str(field))).alias(str(field))
        ).select(rows.columns)
    return rows


def unit_column_problems(withheld: pl.DataFrame, submissions: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
    """One error for each measure or carrier of a sheet whose columns are `withheld`, at the first one's header."""
    if withheld.is_empty():
        return EMPTY
    placed = withheld.join(
        columns.select("submission_id", "block", "field", "column", "header", "header_row"),
        on=["submission_id", "block", "field"],
        how="left",
        validate="m:1",
    ).sort("submission_id", "block", "span_end", "span_start", "item")
    worst = pl.col("fits").arg_max()
    of_column = ["submission_id", "field", "column"]
    by_column = placed.group_by(of_column, maintain_order=True).agg(
        pl.col("header", "header_row").first(),
        pl.col("item").drop_nulls().unique(maintain_order=True).str.join("、").alias("items"),
        pl.col("power", "fits", "compared").get(worst),
    )
    by_measure = by_column.group_by("submission_id", "field", "items", maintain_order=True).agg(
        pl.col("column", "header", "header_row").first(),
        pl.len().alias("columns"),
        pl.col("power", "fits", "compared").get(worst),
    )
    located = by_measure.join(
        submissions.select("submission_id", "file_name", "sheet"), on="submission_id", how="left", validate="m:1"
    ).with_columns(
        (pl.col("column") + pl.col("header_row").cast(pl.String)).alias("cell"),
        pl.col("header_row").alias("row"),
        pl.col("header").alias("value"),
    )
    several = pl.when(pl.col("columns") > 1).then(pl.format("等 {} 列", "columns")).otherwise(pl.lit("列"))
    # One column of a long table states many carriers.
    named = (
        pl.col("items").is_not_null()
        & (pl.col("items") != "")
        & ~pl.col("header").str.contains(pl.col("items"), literal=True)
    )
    of = pl.when(named).then(pl.format("（{}）", "items")).otherwise(pl.lit(""))
    factor = pl.lit(10.0).pow(pl.col("power").abs()).cast(pl.Int64).cast(pl.String)
    times = pl.when(pl.col("power") > 0).then(factor).otherwise(pl.lit("1/") + factor)
    return problem_rows(
        "unit_column",
        located,
        {"columns": several + of, "factor": times, "fits": pl.col("fits"), "compared": pl.col("compared")},
    )


def _stated(form: Form, chunks: Chunks, fields: list[str], who: pl.DataFrame) -> pl.DataFrame:
    """What registered enterprises state of `fields`: one row per column, enterprise and span, parts added up."""
    item = pl.col(form.named_by) if form.named_by else pl.lit(None, dtype=pl.String)
    names = ["submission_id", "block", "uscc", "name", *_SPAN, *fields, *([form.named_by] if form.named_by else [])]
    parts = ["part"] if form.parts else []
    rows = (
        chunks.lazy()
        .select(*names, *parts)
        .join(who.lazy(), on=["uscc", "name"], how="inner", nulls_equal=True)
        .with_columns(item.alias("item"))
        .drop("uscc", "name")
        .collect()
    )
    if has_parts(rows):
        rows = sum_of_parts(rows, [*_COLUMN, "who"], fields, needed=False)
    return rows.select(*_COLUMN, "who", *fields)


def _figures(stated: pl.DataFrame, field: str, sure: pl.DataFrame, *, monthly: bool) -> pl.DataFrame:
    """The positive figures of `field` by month: `_COLUMN`, who, precedence, rate, and whether the unit is `sure`."""
    months = months_in_span()
    return (
        stated.filter(pl.col(field) > 0)
        .select(*_COLUMN, "who", "precedence", (pl.col(field) / (months if monthly else 1)).alias("rate"))
        .join(
            sure.with_columns(pl.lit(value=True).alias("sure")),
            on=["submission_id", "block"],
            how="left",
            validate="m:1",
            maintain_order="left",
        )
        .with_columns(pl.col("sure").fill_null(value=False))
    )


def _latest(figures: pl.DataFrame) -> pl.DataFrame:
    """The figure that counts of each enterprise, item and span: that of the last submission."""
    return figures.sort("precedence", descending=True, maintain_order=True).unique(
        [*_SERIES, *_SPAN], keep="first", maintain_order=True
    )


def _suspected(figures: pl.DataFrame) -> list[str | None]:
    """The items of which a column is far from all that is stated for earlier spans, for most enterprises.

    Necessary for a column to be withheld, and cheap: in most runs there is none.
    """
    ordered = _latest(figures).sort(*_SERIES, "span_end")
    ends = ordered.group_by(*_SERIES, "span_end", maintain_order=True).agg(
        pl.col("rate").min().alias("least"), pl.col("rate").max().alias("most")
    )
    before = ends.select(
        *_SERIES,
        "span_end",
        pl.col("least").cum_min().shift(1).over(_SERIES).alias("least"),
        pl.col("most").cum_max().shift(1).over(_SERIES).alias("most"),
    )
    compared = ordered.join(before, on=[*_SERIES, "span_end"], how="left", nulls_equal=True, validate="m:1").drop_nulls(
        "least"
    )
    far = (pl.col("rate") > WITHIN * pl.col("most")) | (pl.col("rate") * WITHIN < pl.col("least"))
    columns = compared.group_by(_COLUMN).agg(far.sum().alias("far"), pl.len().alias("compared"))
    hit = columns.filter((pl.col("far") >= LEAST_ENTERPRISES) & (pl.col("far") >= LEAST_SHARE * pl.col("compared")))
    return hit["item"].unique().sort().to_list()


def _withheld(figures: pl.DataFrame) -> pl.DataFrame:
    """The columns of one item's `figures` that a factor fits: `_COLUMN`, power, fits, compared."""
    withheld: list[pl.DataFrame] = []
    past = figures.clear()
    for (_,), of_end in figures.sort("span_end").group_by("span_end", maintain_order=True):
        usual = past.group_by("who").agg(
            pl.col("rate").median().alias("usual"),
            pl.col("rate").min().alias("least"),
            pl.col("rate").max().alias("most"),
            pl.len().alias("known"),
        )
        left = of_end
        while left.height:
            hit = _fitted(_latest(left).join(usual, on="who", how="inner", validate="m:1"))
            if hit.is_empty():
                break
            withheld.append(hit)
            # What stood before a withheld figure counts again, and is looked at in its turn.
            left = left.join(hit, on=_COLUMN, how="anti", nulls_equal=True)
        past = pl.concat([past, _latest(left)])
    return pl.concat([_fitted(figures.clear().with_columns(usual=0.0, least=0.0, most=0.0, known=0)), *withheld])


def _fitted(compared: pl.DataFrame) -> pl.DataFrame:
    """The columns of which a power of ten fits most figures: `_COLUMN`, power, fits, compared.

    `compared` has the figures with what is usual, the least and the most of the earlier spans, and how many are known.
    """
    rate = pl.col("rate")
    distance = (rate / pl.col("usual")).log10()
    power = distance.round()
    outside = (rate > WITHIN * pl.col("most")) | (rate * WITHIN < pl.col("least"))
    tenfold_known = (power.abs() > 1) | (pl.col("known") >= LEAST_MONTHS_TENFOLD)
    fits = (power != 0) & ((distance - power).abs() <= math.log10(WITHIN)) & outside & tenfold_known
    marked = compared.with_columns(pl.when(fits & ~pl.col("sure")).then(power).cast(pl.Int32).alias("power"))
    counts = marked.group_by(_COLUMN).agg(pl.len().alias("compared"))
    best = (
        marked.drop_nulls("power")
        .group_by(*_COLUMN, "power")
        .agg(pl.len().alias("fits"))
        .sort("fits", "power", descending=[True, False])
        .unique(_COLUMN, keep="first", maintain_order=True)
    )
    return (
        best.join(counts, on=_COLUMN, how="inner", nulls_equal=True, validate="1:1")
        .filter((pl.col("fits") >= LEAST_ENTERPRISES) & (pl.col("fits") >= LEAST_SHARE * pl.col("compared")))
        .sort(_COLUMN)
    )
