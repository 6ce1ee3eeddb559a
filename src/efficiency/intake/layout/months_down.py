"""Tables with enterprises across and months down, of the measure that the title or a second header row names.

Such a table is read as it stands: each column is of one enterprise, each row of the month that begins it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.layout.header_cells import ColumnMatch, Header, NamedAbove, interpret, is_of_another_time
from efficiency.intake.layout.measure_rows import MeasureRows, is_code, is_enterprise, is_measure
from efficiency.intake.layout.row_kinds import last_used_row, odd_row
from efficiency.intake.parsing import marker
from efficiency.reference.tables import normalise_name

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from efficiency.intake.formats import Grid

SEARCHED = 60
"""Rows of a sheet that are searched for the header."""
LABELS_AT = 3
"""Columns from the left that are searched for months."""
MOST_ROWS = 1000
MOST_COLUMNS = 2000
"""A larger table is none that people fill in."""
LEAST = 2
"""Months, and enterprises, from which on a sheet is taken for such a table."""
_AVERAGE = "平均"
_TIMES = ("year", "month", "period")


def find_months_down(grid: Grid) -> list[MeasureRows]:
    """The table of `grid` that has enterprises across and months down; none where it has no such table."""
    if not LEAST < grid.width <= MOST_COLUMNS or grid.height > MOST_ROWS:
        return []
    rows = grid.rows(0, grid.height)
    for labels in range(min(grid.width, LABELS_AT)):
        first = next((row for row, cells in enumerate(rows) if _month(cells[labels]) and any(cells[labels + 1 :])), 0)
        if not first or sum(1 for cells in rows[first:] if _month(cells[labels])) < LEAST:
            continue
        heads = rows[max(0, first - SEARCHED) : first]
        tops = [first - at for at, cells in enumerate(reversed(heads), 1) if _names_enterprises(cells[labels + 1 :])]
        if tops and (header := _header(grid, rows, tops[0], first, labels)):
            return [_table(grid, rows, header, labels)]
    return []


def _month(cell: str) -> bool:
    """Whether the cell that begins a row is a month, or several (1月, 2026年10月, 一季度)."""
    timing = marker(cell) if cell else None
    return timing is not None and timing.month is not None and not timing.unsure


def _sums(label: str, stated: Collection[str]) -> bool:
    """Whether a row is of several months (1-2月累计, 一季度) each of which is `stated` in a row of its own."""
    own = marker(label)
    months = {(t.year, t.month) for t in map(marker, stated) if t is not None and t.kind in (None, "month")}
    if own is None or own.month is None or own.kind in (None, "month"):
        return False
    first = 1 if own.kind == "to_date" else own.month - (own.months or 1) + 1
    return all((own.year, month) in months for month in range(first, own.month + 1))


def _odd(text: str) -> str | None:
    """What a row or column of this label is, where it is no data."""
    return odd_row(normalise_name(text), None, alone=False) if text else None


def _names_enterprises(cells: Sequence[str]) -> bool:
    return sum(1 for cell in cells if is_enterprise(cell)) >= LEAST


def _header(grid: Grid, rows: Sequence[Sequence[str]], top: int, first: int, labels: int) -> Header | None:
    """The header at `top`: enterprises, and below each its measures where `first`, the first month, leaves a row.

    None where the rows between name anything else.
    """
    below = rows[top + 1] if top + 1 < first else []
    measured = [column for column, cell in enumerate(below) if column > labels and is_measure(cell)]
    between = range(top + (2 if measured else 1), first)
    if any(any(rows[row]) for row in between) or (below and not measured and any(below)):
        return None
    meanings = {
        column: meaning
        for column in range(labels)
        if (meaning := interpret((rows[top][column],))) is not None and meaning.role in _TIMES
    }
    meanings[labels] = ColumnMatch(rows[top][labels], role="period")
    name = ""
    for column in range(labels + 1, grid.width):
        name = rows[top][column] or (name if measured else "")
        if not name or not (is_enterprise(name) or grid.numbers[column][first:].count()):
            continue
        if _odd(name) is not None:
            continue
        owner = NamedAbove(name, None, top) if is_code(name) else NamedAbove(None, name, top)
        if not measured:
            meanings[column] = ColumnMatch(name, owner=owner)  # of the measure that the title names
        elif (meaning := interpret((below[column],))) is not None and column in measured:
            meanings[column] = replace(meaning, owner=owner)
    return Header(top, top + (1 if measured else 0), meanings)


def _table(grid: Grid, rows: Sequence[Sequence[str]], header: Header, labels: int) -> MeasureRows:
    """The table below `header`, whose rows begin with a month in the column `labels`."""
    columns = [column for column, meaning in header.meanings.items() if meaning.owner]
    filled = grid.filled_in(columns)
    stated = {rows[row][labels] for row in range(header.bottom + 1, grid.height) if _month(rows[row][labels])}
    kinds: list[str] = []
    unread: list[tuple[int, int, str]] = []
    body = range(header.bottom + 1, last_used_row(grid, grid.height))
    for row in body:
        label = rows[row][labels]
        odd = _odd(label)
        if _month(label) and _sums(label, stated):
            kinds.append("subtotal")
        elif _month(label):
            kinds.append("data" if filled[row] else "blank")
        elif odd in ("total", "subtotal", "page"):
            kinds.append(odd)
        else:
            kinds.append("note" if any(rows[row]) or grid.filled[row] else "blank")
            other = is_of_another_time(label) or _AVERAGE in label
            if not other and any(grid.numbers[column][row] is not None for column in columns):
                unread.append((row, labels, label or "空白"))
    schema = {"row_index": pl.Int64, "kind": pl.String}
    of_rows = pl.DataFrame({"row_index": list(body), "kind": kinds}, schema=schema)
    # What is wrong with the measure of the title is one problem, not one for each enterprise.
    of_title = header.bottom == header.top
    named_at = {column: (header.top, grid.letters(labels)) for column in columns if of_title}
    sums = {
        column: tuple(columns)
        for column in range(labels + 1, grid.width)
        if of_title
        and odd_row(normalise_name(rows[header.top][column]) or None, None, alone=False) in ("total", "subtotal")
    }
    return MeasureRows(grid, header, of_rows, tuple(unread), named_at=named_at, source=grid, sums=sums)
