"""One column of a table → its typed values and its refused cells. Numbers stored as numbers are taken as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.parsing import (
    SAFE_INTEGER,
    clean,
    date_of_number,
    exact_text,
    industry_of_number,
    is_blank,
    is_odd,
    is_percent,
    parse_choice,
    parse_date,
    parse_flag,
    parse_industry,
    parse_number,
    plain_number,
    squeeze,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efficiency.intake.formats import Grid
    from schemas.column import Column

REFUSED = {"row_index": pl.Int64(), "rule": pl.String(), "value": pl.String()}
"""Refused cells: the row of the grid, the rule that is broken, the cell's text."""

_NONE = pl.DataFrame(schema=REFUSED)
_ISO_DAY = r"^(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}$"
_RULES = {"date": "not_a_date"}
_SCIENTIFIC = r"^\d(?:\.\d+)?E\+?\d+$"


@dataclass(frozen=True)
class Extracted:
    """A column's values, one for each input row, and the cells that were refused or accepted with a warning."""

    values: pl.Series
    refused: pl.DataFrame
    percents: pl.DataFrame | None = None
    """`row_index`, `value` and `number` of amounts written as percentages."""

    def refused_at(self, row_indexes: pl.Series) -> pl.Series:
        """Whether the cell of each of `row_indexes` was refused."""
        if not self.refused.height:
            return pl.Series(values=[False]).new_from_index(0, len(row_indexes))
        return row_indexes.is_in(self.refused["row_index"].implode())


def extract(
    cells: pl.DataFrame, column: int, declared: Column, marked: frozenset[tuple[int, int]] = frozenset()
) -> Extracted:
    """The cells of `column` as values of the declared kind.

    `cells` holds `row_index` and, as `Grid.frame`, the columns' numbers and texts. `marked` are row and column of the
    sheet's error cells and of its formulas without a cached value.
    """
    if declared.kind == "number":
        return numbers_of(cells, column)
    frame = _column(cells, column)
    if declared.name == "uscc":
        return _codes(frame)
    if declared.kind == "text" and not declared.choices and declared.name != "industry":
        return _words(frame, [row for row, marked_column in marked if marked_column == column])
    number, text = pl.col("number"), pl.col("text")
    rule = _RULES.get(declared.kind, "not_a_choice")
    if declared.kind == "date":
        days = _plain_days(frame)
        value = pl.coalesce(parse_date(text), date_of_number(number)) if days is None else pl.lit(days)
        if declared.name == "commissioned":
            value = value.dt.truncate("1mo")
    elif declared.kind == "flag":
        value = parse_flag(pl.coalesce(text, exact_text(number)))
    elif declared.name == "industry":
        value, rule = pl.coalesce(parse_industry(text), industry_of_number(number)), "industry_invalid"
    else:
        value = parse_choice(pl.coalesce(text, exact_text(number)), declared.choices)
    read = frame.with_columns(value.alias("value"))
    refused = read.filter(pl.col("value").is_null() & (~is_blank(text) | number.is_not_null())).select(
        "row_index",
        _fault(text, rule).alias("rule"),
        pl.coalesce(clean(text), exact_text(number)).alias("value"),
    )
    return Extracted(read["value"], refused)


def _plain_days(frame: pl.DataFrame) -> pl.Series | None:
    """The days of a column in which all are written `2019-05-01`, as those of date cells are; None where one is not."""
    text = frame["text"]
    if frame["number"].null_count() < frame.height or not text.str.contains(_ISO_DAY).all():
        return None
    days = text.str.to_date("%Y-%m-%d", strict=False)
    return days if days.null_count() == text.null_count() else None


def numbers_of(cells: pl.DataFrame, column: int) -> Extracted:
    """Numbers as stored, and numbers written as text; `parse_number` sees only texts that are no plain numbers."""
    return numbers_of_columns(cells, [column])[column]


def numbers_of_columns(cells: pl.DataFrame, columns: Sequence[int]) -> dict[int, Extracted]:
    """`numbers_of` for each of `columns`.

    Their texts are read end to end: a step of polars costs as much as a few hundred cells, and most tables are small.
    """
    written = [column for column in columns if cells[f"t{column}"].null_count() < cells.height]
    found = {column: Extracted(cells[f"n{column}"].alias("value"), _NONE) for column in columns}
    if not written:
        return found
    texts = pl.concat([cells[f"t{column}"].alias("text") for column in written], rechunk=True)
    stored = pl.concat([cells[f"n{column}"].alias("number") for column in written], rechunk=True)
    values = (
        pl.DataFrame([stored, texts])
        .select(pl.coalesce("number", plain_number(pl.col("text"))).alias("value"))
        .to_series()
    )
    height = cells.height
    for place, column in enumerate(written):
        of_column = values.slice(place * height, height)
        blank = cells[f"n{column}"].null_count() + cells[f"t{column}"].null_count() - height
        found[column] = (
            Extracted(of_column, _NONE)
            if of_column.null_count() == blank
            else _with_odd_numbers(of_column, cells["row_index"], cells[f"t{column}"])
        )
    return found


def _with_odd_numbers(values: pl.Series, row_indexes: pl.Series, texts: pl.Series) -> Extracted:
    """`values`, which are null where a cell is no plain number, with what `parse_number` makes of the `texts` there."""
    # Set up once: each step that polars runs costs as much as a few hundred cells.
    rest = (
        pl.LazyFrame([row_indexes, texts.alias("value"), values.alias("number")])
        .with_row_index("index")
        .filter(pl.col("number").is_null() & pl.col("value").is_not_null())
        .with_columns(
            parse_number(pl.col("value")).alias("number"),
            is_blank(pl.col("value")).alias("blank"),
            is_percent(pl.col("value")).alias("percent"),
            pl.col("value").str.strip_chars(),
        )
        .collect()
    )
    if rest["number"].null_count() < rest.height:
        values = values.scatter(rest["index"], rest["number"])
    refused, percents = _NONE, None
    if rest["number"].null_count() > rest["blank"].sum():
        refused = rest.filter(pl.col("number").is_null() & ~pl.col("blank")).select(
            "row_index", _fault(pl.col("value"), "not_a_number").alias("rule"), "value"
        )
    if rest["percent"].any():
        understood = rest.filter(pl.col("percent") & pl.col("number").is_not_null())
        percents = understood.select("row_index", "value", "number") if understood.height else None
    return Extracted(values, refused, percents)


def _column(cells: pl.DataFrame, column: int) -> pl.DataFrame:
    """`row_index`, `number` and `text` of one column."""
    return pl.DataFrame([cells["row_index"], cells[f"n{column}"].alias("number"), cells[f"t{column}"].alias("text")])


def cell_texts(frame: pl.DataFrame) -> pl.Series:
    """The cells of a column (`number`, `text`) as people read them, numbers included; null where they are blank."""
    number, text = pl.col("number"), pl.col("text")
    if frame["number"].null_count() < frame.height:
        frame = frame.select(pl.coalesce(text, exact_text(number)).alias("text"))
    odd = frame.with_row_index("index").filter(is_odd(text))
    if not odd.height:
        return frame["text"]
    return frame["text"].scatter(odd["index"], odd.select(clean(text)).to_series())


def filled_down(cells: pl.DataFrame, grid: Grid, column: int) -> pl.DataFrame:
    """`cells` with the merged cells of `column` written into every row they cover (an enterprise over its carriers)."""
    last = grid.height - 1
    covered = [(row, r0) for r0, c0, r1, _ in grid.merges if c0 == column for row in range(r0 + 1, min(r1, last) + 1)]
    if not covered:
        return cells
    source = pl.DataFrame(covered, schema={"row_index": pl.Int64, "from": pl.Int64}, orient="row")
    values = source.with_columns(
        grid.numbers[column].gather(source["from"]).alias("number"),
        grid.texts[column].gather(source["from"]).alias("text"),
    ).drop("from")
    return (
        cells.join(values, on="row_index", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce(f"n{column}", "number").alias(f"n{column}"),
            pl.coalesce(f"t{column}", "text").alias(f"t{column}"),
        )
        .drop("number", "text")
    )


def _fault(text: pl.Expr, otherwise: str) -> pl.Expr:
    """The rule that a refused cell breaks: an error value, a formula without a result, or `otherwise`."""
    start = text.str.strip_chars()
    return (
        pl.when(start.str.starts_with("="))
        .then(pl.lit("formula_uncached"))
        .when(start.str.contains(r"^#[\w/!?]+$"))
        .then(pl.lit("error_cell"))
        .otherwise(pl.lit(otherwise))
    )


def _codes(frame: pl.DataFrame) -> Extracted:
    """Credit codes: NFKC, upper case, without spaces. One that was typed as a number has lost its last digits."""
    odd = frame.with_row_index("index").filter(
        ~pl.col("text").str.contains(r"^[0-9A-Z]{18}$").fill_null(value=False)
        & (pl.col("text").is_not_null() | pl.col("number").is_not_null())
    )
    if not odd.height:
        return Extracted(frame["text"], _NONE)
    # Some programs leave the apostrophe that makes a cell a text in front of it.
    code = pl.when(~is_blank(pl.col("text"))).then(squeeze(pl.col("text")).str.strip_prefix("'"))
    read = odd.with_columns(
        code.alias("code"),
        ((pl.col("number") >= SAFE_INTEGER) | code.str.contains(_SCIENTIFIC)).fill_null(value=False).alias("damaged"),
        code.str.contains(r"^[#=]").fill_null(value=False).alias("faulty"),
    )
    refused = read.filter(pl.col("damaged") | pl.col("faulty")).select(
        "row_index",
        _fault(pl.col("code"), "uscc_damaged").alias("rule"),
        pl.coalesce(pl.col("code"), _as_shown(pl.col("number"))).alias("value"),
    )
    usable = ~(pl.col("damaged") | pl.col("faulty"))
    codes = read.select(pl.when(usable).then(pl.coalesce(pl.col("code"), exact_text(pl.col("number"))))).to_series()
    return Extracted(frame["text"].scatter(read["index"], codes), refused)


def _words(frame: pl.DataFrame, marked: list[int]) -> Extracted:
    """Text as stated. Only cells the file marks as errors or uncalculated are refused: a name may begin with `=`."""
    values = cell_texts(frame)
    if not marked:
        return Extracted(values, _NONE)
    hit = frame["row_index"].is_in(marked)
    refused = frame.filter(hit).select(
        "row_index", _fault(pl.col("text"), "error_cell").alias("rule"), pl.col("text").alias("value")
    )
    return Extracted(values.set(hit, None), refused)


def _as_shown(number: pl.Expr) -> pl.Expr:
    """A number of 18 digits as the spreadsheet shows it: 15 of them, then zeros."""
    return ((number / 1000).round(0).cast(pl.Int64, strict=False) * 1000).cast(pl.String)
