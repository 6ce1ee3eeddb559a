"""Stated totals against the sums of what they total: total rows, and the 合计 column of twelve months."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from efficiency.intake.extraction.columns import numbers_of
from efficiency.intake.layout import SUMS
from efficiency.intake.problems import written_number
from efficiency.parts import SUMS_AGREE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efficiency.intake.extraction.table import Table
    from efficiency.intake.formats import Grid
    from efficiency.intake.layout import ColumnBinding, TableLayout


def check_totals(table: Table, kinds: pl.DataFrame, before: Mapping[int, float] | None = None) -> None:
    """`control_total` for each cell of a total row that differs from the sum of its rows.

    A total sums all data rows, a subtotal those since the last one or of the last groups, a page's those since the last
    one or all so far, the heading of a group those down to a later one; where rows are grouped under several totals,
    either reading is accepted. Columns with a refused cell among the summed rows, and blank totals, are not checked.
    `before` are the sums (see `sums_of`) of tables that this one goes on: a total may be that of all of them.
    """
    row_indexes, kind = kinds["row_index"], kinds["kind"]
    is_data = kind == "data"
    is_total = kind.is_in(SUMS)
    totals = list(zip(is_total.arg_true(), kind.filter(is_total), strict=True))
    if not totals or table.layout.long_energy or table.overlong:
        return
    cells = cells_at(table.grid, row_indexes)
    for number, binding in enumerate(_summed_columns(table)):
        values, sound = column_values(cells, binding.column)
        for row, value, expected in _wrong_totals(values, sound, is_data, totals, (before or {}).get(number)):
            wrong = pl.DataFrame({"row_index": [row_indexes[row]], "value": [written_number(value)]})
            _report(table, wrong, binding, written_number(expected))


def sums_of(table: Table, before: Mapping[int, float] | None = None) -> dict[int, float]:
    """The sum of each column of amounts (by its place among them), and of the tables before that it goes on."""
    found = (column_values(table.cells, binding.column)[0].sum() for binding in _summed_columns(table))
    return {number: float(total or 0.0) + (before or {}).get(number, 0.0) for number, total in enumerate(found)}


def check_sum_column(table: Table) -> None:
    """`control_total` for each row whose 合计 column differs from the sum of its month columns.

    Cumulative ones are not summed: the last that is filled in is the total.
    """
    column = table.layout.sum_column
    if column is None:
        return
    groups = sorted(table.layout.groups, key=lambda group: (group.timing and group.timing.month) or 0)
    bindings = [binding for group in groups for binding in group.columns]
    months = [column_values(table.cells, binding.column) for binding in bindings]
    total, _ = column_values(table.cells, column)
    rows = pl.DataFrame({"row_index": table.cells["row_index"], "total": total}).with_columns(
        _total(pl.DataFrame([values.alias(str(number)) for number, (values, _) in enumerate(months)]), table.layout),
        pl.DataFrame([sound.alias(str(number)) for number, (_, sound) in enumerate(months)])
        .select(pl.all_horizontal(pl.all()))
        .to_series()
        .alias("sound"),
    )
    wrong = rows.filter(pl.col("sound") & _differs(pl.col("total"), pl.col("sum")).fill_null(value=False))
    for row in wrong.iter_rows(named=True):
        cells = pl.DataFrame({"row_index": [row["row_index"]], "value": [written_number(row["total"])]})
        _report(table, cells, bindings[0], written_number(row["sum"]), column=column)


def _total(months: pl.DataFrame, layout: TableLayout) -> pl.Series:
    """`sum`: what columns of months, in their order, come to."""
    if layout.cumulative:
        return months.select(pl.coalesce(*reversed(months.columns)).alias("sum")).to_series()
    return months.sum_horizontal().alias("sum")


def _summed_columns(table: Table) -> list[ColumnBinding]:
    """Columns of amounts; units are the same down a column, so stated values are summed."""
    return [
        binding
        for group in table.layout.groups
        for binding in group.columns
        if binding.conversion is not None or binding.unknown_unit is not None
    ]


def cells_at(grid: Grid, row_indexes: pl.Series) -> pl.DataFrame:
    """The cells of consecutive rows, with their `row_index`."""
    return grid.frame[int(row_indexes[0]) : int(row_indexes[-1]) + 1].hstack([row_indexes])


def column_values(cells: pl.DataFrame, column: int) -> tuple[pl.Series, pl.Series]:
    """Numbers of a column, and whether each cell is a number or blank."""
    found = numbers_of(cells, column)
    return found.values, ~found.refused_at(cells["row_index"])


def _wrong_totals(
    values: pl.Series, sound: pl.Series, is_data: pl.Series, totals: list[tuple[int, str]], before: float | None = None
) -> list[tuple[int, float, float]]:
    """Row, value and sum of each total that is neither the sum of all rows nor of one or more groups above it.

    The sums in the row of a group's heading are those of the rows below it, to the next heading or to a later one; so
    may be a subtotal's that is above its rows. `before` is the sum of the tables that this one goes on.
    """
    sound = sound | ~is_data
    if not sound.all():
        return []
    amounts = np.where(is_data.to_numpy() & values.is_not_null().to_numpy(), values.to_numpy(), 0.0)
    running = np.concatenate(([0.0], np.cumsum(amounts)))

    def between(first: int, end: int) -> float:
        """The sum of the rows from `first` to before `end`."""
        return float(running[end] - running[first])

    overall = between(0, len(values))
    wrong: list[tuple[int, float, float]] = []
    starts = [0]
    ends = [row for row, _ in totals] + [len(values)]
    for number, (row, kind) in enumerate(totals):
        below = [between(row, end) for end in ends[number + 1 :]]
        # The last total is that of all rows; one before it may be of several groups (a year's, of its towns).
        groups = [between(start, row) for start in (starts if number + 1 < len(totals) else starts[-1:])][::-1]
        if kind == "group":
            sums = below
        else:
            starts.append(row + 1)
            sums = {
                "total": [overall, *(groups if len(totals) > 1 else ())],
                "subtotal": [groups[0], overall, *below, *groups[1:]],
                "page": [groups[0], between(0, row), overall, *groups[1:]],
            }[kind]
            sums += [] if before is None else [before + overall, before + between(0, row), before]
        value = values[row]
        if value is not None and all(_far(value, candidate) for candidate in sums):
            wrong.append((row, value, sums[0]))
    return wrong


def _differs(total: pl.Expr, sums: pl.Expr) -> pl.Expr:
    return (total - sums).abs() > SUMS_AGREE * pl.max_horizontal(total.abs(), sums.abs())


def _far(total: float, candidate: float) -> bool:
    return abs(total - candidate) > SUMS_AGREE * max(abs(total), abs(candidate))


def _report(table: Table, cells: pl.DataFrame, binding: ColumnBinding, sums: str, column: int | None = None) -> None:
    """The warning at the total's cell; a total row has no enterprise, but it has a row."""
    outside = cells.filter(~pl.col("row_index").is_in(table.cells["row_index"].implode()))
    base = table.base
    if outside.height:
        table.base = pl.concat(
            [base, outside.select("row_index", (pl.col("row_index") + table.grid.first_row + 1).alias("row"))],
            how="diagonal",
        )
    table.cell_problems(
        "control_total", cells, binding.column if column is None else column, binding.field, sum=pl.lit(sums)
    )
    table.base = base
