"""Rows of delimited text with more cells than the header: a comma within a figure or a text has parted a cell.

Which cell belongs to which column is then not known, so that such a row states nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.layout import SUMS
from efficiency.intake.parsing import parse_number

if TYPE_CHECKING:
    from efficiency.intake.extraction.table import Table
    from efficiency.intake.formats import Grid
    from efficiency.intake.layout import Header

MOST = 0.8
"""Share of the rows from which on cells beyond the header are a column without a name, unless they part a figure."""
_FIRST, _REST = r"^\s*[-+¥￥(（]?\d{1,3}\s*$", r"^\s*\d{3}(?:\.\d*)?\s*[)）]?$"
"""The two halves of a figure that is written with a comma, 1,100.5, and parted there."""


def overlong_rows(grid: Grid, header: Header, kinds: pl.DataFrame) -> frozenset[int]:
    """The rows of a table (of the grid, totals too) that have a figure beyond the last column of the header.

    Where most rows have one, it is a column without a name, and only those are meant in which a figure is parted.
    `kinds` is what `layout.classify` gives.
    """
    if not grid.delimited or grid.origin or not kinds.height:
        return frozenset()
    heads = grid.rows(header.top, header.bottom + 1)
    width = max((column + 1 for row in heads for column, text in enumerate(row) if text), default=grid.width)
    beyond = range(width, grid.width)
    if not beyond:
        return frozenset()
    first = int(kinds["row_index"][0])
    stating = kinds.filter(pl.col("kind").is_in(["data", *SUMS]))["row_index"].implode()
    body = grid.frame[first : first + kinds.height].hstack([kinds["row_index"]])
    rows = body.filter(pl.col("row_index").is_in(stating))
    figures = pl.any_horizontal(parse_number(pl.col(f"t{column}")).is_not_null() for column in beyond)
    extra = rows.filter(figures)
    parted = pl.any_horizontal(
        pl.col(f"t{column}").str.contains(_FIRST) & pl.col(f"t{column + 1}").str.contains(_REST)
        for column in range(grid.width - 1)
    ).fill_null(value=False)
    few = pl.lit(extra.height < MOST * rows.height)
    return frozenset(extra.filter(parted | few)["row_index"].to_list())


def refuse_overlong_rows(table: Table) -> None:
    """`row_overlong` for each of `Table.overlong`, at its last cell; nothing else of these rows is read."""
    if not table.overlong:
        return
    hit = pl.col("row_index").is_in(list(table.overlong))
    rows = table.cells.filter(hit)
    columns = range(table.grid.width)
    last = pl.max_horizontal(pl.when(pl.col(f"t{column}").is_not_null()).then(column) for column in columns)
    line = pl.concat_str([pl.col(f"t{column}") for column in columns], separator=",", ignore_nulls=True)
    found = rows.select("row_index", line.alias("value"), last.alias("last"))
    field = next((binding.field for group in table.layout.groups for binding in group.columns), "name")
    for (column,), cells in found.group_by("last", maintain_order=True):
        table.cell_problems("row_overlong", cells.drop("last"), int(str(column)), field)
    kept = {binding.column for binding in table.layout.identity}
    blank = [f"{kind}{column}" for column in columns if column not in kept for kind in "nt"]
    table.cells = table.cells.with_columns(pl.when(~hit).then(pl.col(blank)).name.keep())
