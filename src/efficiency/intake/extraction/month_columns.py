"""Whether columns of single months may be meant as cumulative ones, which nothing in the sheet decides."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.extraction.columns import numbers_of_columns
from efficiency.intake.layout import says_cumulative

if TYPE_CHECKING:
    from efficiency.intake.extraction.table import Table

MOST = 0.8
"""Share of the rows from which on figures that rise from month to month look cumulative."""
_NOTE = re.compile(r"^\s*(?:备?注|附注|说明|[*※])|[为是系][^,，。;；]{0,8}累计")
SEARCHED = 20
"""Rows below a table in which a note about its figures may stand."""
FEW = 3
"""Months below which figures may as well rise by chance."""


def check_months(table: Table) -> None:
    """`cumulative_doubt` where 累计 is stated of columns that are read as single months.

    By the title, beside a column that is the sum of the months; by the name of the file or a note below the table
    alone, of figures that rise.
    """
    layout = table.layout
    months = [group for group in layout.groups if group.timing is not None and group.timing.month is not None]
    if len(months) < FEW or any(group.timing and group.timing.kind != "month" for group in layout.groups):
        return
    first = months[0].columns[0]
    in_sheet = next((text for text in (*table.context.titles, table.grid.sheet) if says_cumulative([text])), None)
    if in_sheet is not None:
        _report(table, first.column if layout.sum_column is None else layout.sum_column, in_sheet, "各月另有合计")
        return
    outside = {table.file_name: "表内没有写明，而各月的数逐月增加", _note_below(table): "而各月的数逐月增加"}
    found = next((text for text in outside if says_cumulative([text])), None)
    if found is not None and _rises(table, [group.columns[0].column for group in months]):
        _report(table, first.column, found, outside[found])


def _note_below(table: Table) -> str:
    """The first note below the rows of the table that says 累计; `` where none does."""
    last = int(table.cells["row_index"][-1]) if table.cells.height else table.header.bottom
    rows = table.grid.rows(last + 1, min(last + 1 + SEARCHED, table.grid.height))
    return next((text for row in rows for text in row if _NOTE.search(text) and says_cumulative([text])), "")


def _rises(table: Table, columns: list[int]) -> bool:
    """Whether in most rows with figures the figures of `columns` never fall."""
    read = numbers_of_columns(table.cells, columns)
    values = pl.DataFrame([found.values.alias(str(column)) for column, found in read.items()])
    steps = [pl.col(str(after)) >= pl.col(str(before)) for before, after in pairwise(columns)]
    rising = values.filter(pl.sum_horizontal(pl.all().is_not_null()) >= FEW).select(
        pl.all_horizontal(step.fill_null(value=True) for step in steps)
    )
    return rising.height > 0 and float(rising.to_series().mean() or 0.0) >= MOST  # type: ignore[arg-type]  # of booleans


def _report(table: Table, column: int, value: str, reason: str) -> None:
    field = table.layout.groups[0].columns[-1].field
    table.header_problem("cumulative_doubt", column, field=field, value=value, reason=reason)
