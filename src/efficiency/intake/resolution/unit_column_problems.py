"""Problems of columns that may be in another unit: the error of a withheld one, the warning of a doubted one.

Each is one message at the column's header; see `efficiency.intake.resolution.unit_columns`.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.intake.parsing import find_unit
from efficiency.intake.problems import EMPTY, number_text, problem_rows
from efficiency.intake.resolution.unit_columns import areas
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Mapping

_AREAS = ("平方米", "亩", "公顷", "万亩", "万平方米")
"""Units of area by which a factor is explained."""
_AT_HEADER = (
    (pl.coalesce("header_column", "column") + pl.col("header_row").cast(pl.String)).alias("cell"),
    pl.col("header_row").alias("row"),
    pl.col("header").alias("value"),
)
"""Where a problem of a column of the column map stands: at its header."""


def unit_column_problems(withheld: pl.DataFrame, submissions: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
    """One error for each measure or carrier of a sheet whose columns are `withheld`, at the first one's header."""
    if withheld.is_empty():
        return EMPTY
    placed = (
        withheld.filter("reported")
        .join(
            columns.select(
                "submission_id", "block", "field", "column", "header", "header_row", "header_column", "unit"
            ),
            on=["submission_id", "block", "field"],
            how="left",
            validate="m:1",
        )
        .sort("submission_id", "block", "span_end", "span_start", "item")
    )
    worst = pl.col("fits").arg_max()
    of_column = ["submission_id", "field", "column"]
    by_column = placed.group_by(of_column, maintain_order=True).agg(
        pl.col("form", "header", "header_row", "header_column", "unit").first(),
        pl.col("item").drop_nulls().unique(maintain_order=True).str.join("、").alias("items"),
        pl.col("factor", "fits", "compared").get(worst),
    )
    by_measure = by_column.group_by("submission_id", "field", "items", maintain_order=True).agg(
        pl.col("form", "column", "header", "header_row", "header_column", "unit").first(),
        pl.len().alias("columns"),
        pl.col("factor", "fits", "compared").get(worst),
    )
    located = by_measure.join(
        submissions.select("submission_id", "file_name", "sheet"), on="submission_id", how="left", validate="m:1"
    ).with_columns(_AT_HEADER)
    several = pl.when(pl.col("columns") > 1).then(pl.format("等 {} 列", "columns")).otherwise(pl.lit("列"))
    # One column of a long table states many carriers.
    named = (
        pl.col("items").is_not_null()
        & (pl.col("items") != "")
        & ~pl.col("header").str.contains(pl.col("items"), literal=True)
    )
    of = pl.when(named).then(pl.format("（{}）", "items")).otherwise(pl.lit(""))
    factor = number_text(pl.max_horizontal(pl.col("factor"), 1 / pl.col("factor")).round(2))
    times = pl.when(pl.col("factor") > 1).then(factor).otherwise(pl.lit("1/") + factor)
    timed = pl.col("form").is_in([form.id for form in FORMS.values() if form.flow])
    past = pl.when(timed).then(pl.lit("各月")).otherwise(pl.lit("各次报送"))
    against_past = pl.format(
        "可与以往{}相比的 {} 家企业中有 {} 家约为以往的 {} 倍", past, "compared", "fits", times.fill_null("")
    )
    large = pl.format("{} 家企业中有 {} 家大于 {}", "compared", "fits", pl.col("field").replace(_limits()))
    mended = pl.format("以往{}有误的，请改正以往{}；", past, past)
    words = {
        "columns": several + of,
        "evidence": pl.when(pl.col("factor").is_null()).then(large).otherwise(against_past),
        "past": pl.when(pl.col("factor").is_null()).then(pl.lit("")).otherwise(mended),
        "hint": pl.struct("unit", "factor").map_elements(_meant_unit, return_dtype=pl.String),
    }
    return problem_rows("unit_column", located, words)


def doubt_problems(doubted: pl.DataFrame, submissions: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
    """One warning for each sheet with columns that are `doubted` (shape `unit_columns.DOUBTED`), at the first one."""
    located = (
        doubted.join(
            columns.sort("block").unique(["submission_id", "field"], keep="first"), on=["submission_id", "field"]
        )
        .sort("submission_id", "column")
        .join(submissions.select("submission_id", "file_name", "sheet"), on="submission_id")
        .unique("submission_id", keep="first", maintain_order=True)
        .with_columns(_AT_HEADER)
    )
    words = {"fits": pl.col("fits"), "compared": pl.col("compared"), "limit": pl.col("field").replace(_limits())}
    return problem_rows("unit_doubt", located, words)


@cache
def _limits() -> dict[str, str]:
    """Field → the figure above which most of its column is doubted, with its unit."""
    columns = [column for form in FORMS.values() for column in form.columns]
    return {column.name: f"{column.doubted_above:g} {column.unit}" for column in columns if column.doubted_above}


def _meant_unit(column: Mapping[str, Any]) -> str:
    """A sentence with the unit in which a column of areas (`unit` as stated) by the `factor` is; empty for others."""
    stated = find_unit(column["unit"] or "")
    if stated is None or stated.dimension != "area":
        return ""
    ratio = stated.numerator / stated.denominator / (column["factor"] or 1 / areas()[_AREAS[0]])
    meant = next((name for name in _AREAS if math.isclose(areas()[name], ratio, rel_tol=1e-6)), None)
    return "" if meant is None else f"可能是以“{meant}”填报的。"
