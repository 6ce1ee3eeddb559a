"""Stated totals against the sums of what they total: rows and columns 合计, and figures of several months."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from efficiency.intake.extraction.columns import numbers_of
from efficiency.intake.extraction.long_energy_rows import long_rows
from efficiency.intake.layout import ROW_UNIT, SUMS
from efficiency.intake.problems import written_number
from efficiency.parts import SUMS_AGREE
from schemas import FORMS
from schemas.column import PART, SPAN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from efficiency.intake.extraction.table import Table
    from efficiency.intake.formats import Grid
    from efficiency.intake.layout import ColumnBinding, ColumnGroup, MeasureRows, TableLayout

_SPAN = [column.name for column in SPAN]


def check_totals(table: Table, kinds: pl.DataFrame, before: Mapping[int, float] | None = None) -> None:
    """`control_total` for each cell of a total row that differs from the sum of its rows.

    A total sums all data rows, a subtotal those since the last one or of the last groups, a page's those since the last
    one or all so far, the heading of a group those down to a later one; where rows are grouped under several totals,
    either reading is accepted. Columns with a refused cell among the summed rows, and blank totals, are not checked.
    `before` are the sums (see `sums_of`) of tables that this one goes on: a total may be that of all of them.
    """
    row_indexes, kind = kinds["row_index"], kinds["kind"]
    is_data = kind == "data"
    is_total = reduce(or_, [kind == one for one in SUMS])
    totals = list(zip(is_total.arg_true(), kind.filter(is_total), strict=True))
    if not totals or table.layout.long_energy or table.overlong:
        return
    cells = cells_at(table.grid, row_indexes)
    several = _in_several_units(table)
    for bindings in several:
        _check_in_several_units(table, kinds, bindings, totals)
    for number, binding in enumerate(_summed_columns(table)):
        if any(binding in bindings for bindings in several):
            continue
        values, sound = column_values(cells, binding.column)
        for row, value, expected in _wrong_totals(values, sound, is_data, totals, (before or {}).get(number)):
            wrong = pl.DataFrame({"row_index": [row_indexes[row]], "value": [written_number(value)]})
            _report(table, wrong, binding, written_number(expected))


def _in_several_units(table: Table) -> list[list[ColumnBinding]]:
    """The columns of each figure that are one in rows of different units."""
    alike: dict[object, list[ColumnBinding]] = {}
    for group in table.layout.groups:
        for binding in group.columns:
            if binding.conversion is not None and not binding.rivals:
                of = (group.timing, group.carrier, group.kind, group.enterprise, binding.field)
                alike.setdefault(of, []).append(binding)
    return [bindings for bindings in alike.values() if len(bindings) > 1]


def _check_in_several_units(
    table: Table, kinds: pl.DataFrame, bindings: Sequence[ColumnBinding], totals: list[tuple[int, str]]
) -> None:
    """`control_total` for totals of a figure whose rows are in different units, each total in the unit of its row."""
    cells = cells_at(table.grid, kinds["row_index"])
    read = [(binding, *column_values(cells, binding.column)) for binding in bindings]
    factors = [binding.conversion.factor if binding.conversion else 1.0 for binding in bindings]
    amounts = pl.DataFrame(
        [(v * f).alias(str(at)) for at, ((_, v, _), f) in enumerate(zip(read, factors, strict=True))]
    )
    sound = pl.DataFrame([s.alias(str(at)) for at, (_, _, s) in enumerate(read)])
    whole, all_sound = (
        amounts.select(pl.coalesce(pl.all())).to_series(),
        sound.select(pl.all_horizontal(pl.all())).to_series(),
    )
    for row, _, expected in _wrong_totals(whole, all_sound, kinds["kind"] == "data", totals):
        binding, value, factor = next(
            (b, v[row], f) for (b, v, _), f in zip(read, factors, strict=True) if v[row] is not None
        )
        wrong = pl.DataFrame({"row_index": [kinds["row_index"][row]], "value": [written_number(value)]})
        _report(table, wrong, binding, written_number(expected / factor))


def sums_of(table: Table, before: Mapping[int, float] | None = None) -> dict[int, float]:
    """The sum of each column of amounts (by its place among them), and of the tables before that it goes on."""
    found = (column_values(table.cells, binding.column)[0].sum() for binding in _summed_columns(table))
    return {number: float(total or 0.0) + (before or {}).get(number, 0.0) for number, total in enumerate(found)}


def check_sum_column(table: Table) -> None:
    """`control_total` for each row whose 合计 column differs from the sum of its month columns.

    Cumulative ones are not summed: the last that is filled in is the total. So for each of 一季度小计 and its months.
    """
    groups = sorted(table.layout.groups, key=lambda group: (group.timing and group.timing.month) or 0)
    if table.layout.sum_column is not None:
        _check_sum_column(table, table.layout.sum_column, groups)
    if not table.layout.cumulative:
        for column, months in table.layout.part_sums.items():
            of_months = [group for group in groups if group.timing and group.timing.month in months]
            if len(of_months) == len(months) and all(g.timing and g.timing.kind == "month" for g in of_months):
                _check_sum_column(table, column, of_months)


def _check_sum_column(table: Table, column: int, groups: Sequence[ColumnGroup]) -> None:
    """`control_total` for each row whose `column` is not the sum of the columns of `groups`, in their order."""
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


def check_sums_across(table: Table, measured: MeasureRows) -> None:
    """`control_total` for each cell of a column 合计 that differs from the sum of the columns beside it.

    It may sum all of them, or those between two such columns.
    """
    grid = measured.source
    if grid is None or not measured.sums:
        return
    is_data = measured.kinds["row_index"].filter(measured.kinds["kind"] == "data").to_list()
    columns = {*measured.sums, *(column for summed in measured.sums.values() for column in summed)}
    cells = cells_at(grid, pl.Series(range(grid.height), dtype=pl.Int64).alias("row_index"))
    read = {column: column_values(cells, column) for column in columns}
    places = sorted(measured.sums)
    for number, column in enumerate(places):
        before, after = places[number - 1] if number else -1, places[number + 1] if places[number + 1 :] else grid.width
        summed = measured.sums[column]
        groups = (
            summed,
            [c for c in summed if before < c < column],
            [c for c in summed if column < c < after],
            [c for c in summed if c < column],
        )
        for row in is_data:
            total = read[column][0][row]
            if total is None or not all(read[c][1][row] for c in summed):
                continue
            sums = [sum(read[c][0][row] or 0.0 for c in group) for group in groups if group]
            if any(read[c][0][row] is not None for c in summed) and all(_far(total, one) for one in sums):
                place = grid.row_number(row)
                table.table_problem(
                    "control_total",
                    cell=f"{grid.letters(column)}{place}",
                    row=place,
                    value=written_number(total),
                    sum=written_number(sums[0]),
                )


def check_spans(table: Table, rows: pl.DataFrame) -> None:
    """`control_total` for each figure of several months (一季度) that differs from the sum of those months.

    `rows` are what `read_rows` gives. Only where the table states every month of it once.
    """
    form = FORMS[table.layout.form]
    if not form.flow or not rows.height:
        return
    one_month = rows["span_start"] == rows["span_end"]
    if one_month.all() or rows["span_start"].filter(one_month).n_unique() < 2:  # a figure of several months has two
        return
    single = pl.col("span_start") == pl.col("span_end")
    key = ["uscc", "name", *([form.named_by] if form.named_by else []), *([PART.name] if form.parts else [])]
    length = pl.col("span_end").dt.month() - pl.col("span_start").dt.month() + 1
    for column in form.columns:
        if column.figure != "flow":
            continue
        field = column.name
        stated = rows.filter(pl.col(field).is_not_null()).select("row_index", "block", *key, *_SPAN, field)
        months = stated.filter(single).select(
            *key, pl.col("span_start").alias("month"), pl.col(field).alias("of_month")
        )
        longer = stated.filter(~single & (pl.col("span_start").dt.year() == pl.col("span_end").dt.year()))
        if not months.height or not longer.height:
            continue
        sums = (
            longer.join(months, on=key, nulls_equal=True)
            .filter(pl.col("month").is_between("span_start", "span_end"))
            .group_by("row_index", "block", *_SPAN, field)
            .agg(pl.col("of_month").sum().alias("sum"), pl.len().alias("stated"), pl.col("month").n_unique())
            .filter((pl.col("stated") == length) & (pl.col("month") == length))
            .filter(_differs(pl.col(field), pl.col("sum")))
            .sort("row_index", "block")
        )
        wrong = sums.select("row_index", "block", pl.col(field).alias("value"), "sum")
        table.figure_problems("control_total", field, wrong, ["value", "sum"], sum=pl.col("sum"))


def check_totals_of_carriers(table: Table, rows: pl.DataFrame, kinds: pl.DataFrame) -> None:
    """`control_total` for each total row of a table with a carrier in each row that is not the sum of its carrier's.

    `rows` are what `read_rows` gives, `kinds` what `layout.classify` gives. A total sums all rows of its carrier, or
    those since the last total of it. Nothing is checked where a figure of the table is refused.
    """
    if not table.layout.long_energy or table.overlong:
        return
    totals = kinds.filter(pl.col("kind").is_in(["total", "subtotal"]))["row_index"]
    refused = table.problems.filter(
        (pl.col("severity") == "error") & pl.col("field").is_in([*ROW_UNIT, "unit", "carrier"])
    )
    if not len(totals) or refused.height:
        return
    cells = cells_at(table.grid, kinds["row_index"]).filter(pl.col("row_index").is_in(totals.implode()))
    # A table of its own: what is wrong with the words of a total row is no problem.
    of_totals = replace(table, cells=cells, base=pl.DataFrame(), _of_table=[], _of_cells=[])
    nobody = pl.lit(None, dtype=pl.String)
    frame = cells.select(
        "row_index",
        (pl.col("row_index") + table.grid.first_row + 1).alias("row"),
        nobody.alias("uscc"),
        nobody.alias("name"),
    )
    of_totals.base = frame
    for group in table.layout.groups:
        stated = long_rows(of_totals, group, frame)
        for binding in (binding for binding in group.columns if binding.field in ROW_UNIT):
            field = binding.field
            amounts = rows.filter((pl.col("block") == group.index) & pl.col(field).is_not_null())
            last: dict[str, int] = {}
            for row, carrier, value in stated.select("row_index", "carrier", field).drop_nulls().iter_rows():
                own = amounts.filter(pl.col("carrier") == carrier).select("row_index", field)
                same_time = pl.col("row_index").is_in(_rows_of_its_time(table, row).implode())
                since = last.get(carrier, -1)
                last[carrier] = row
                index = pl.col("row_index")
                sums = [
                    float(own.filter(part)[field].sum())
                    for part in (pl.lit(value=True), index.is_between(since + 1, row), index < row, same_time)
                ]
                if all(_far(value, one) for one in sums):
                    cells_of = pl.DataFrame({"row_index": [row], "value": [written_number(value)]})
                    _report(table, cells_of, binding, written_number(sums[0]))


def _rows_of_its_time(table: Table, row: int) -> pl.Series:
    """The data rows of `table` with the same cells as `row` in the columns of periods: all, where there are none."""
    columns = [pl.coalesce(pl.col(f"n{c}").cast(pl.String), f"t{c}") for c in table.layout.periods.values()]
    if not columns:
        return table.cells["row_index"]
    time = pl.concat_str(columns, separator="|", ignore_nulls=True)
    own = table.grid.frame[row : row + 1].select(time).item()
    return table.cells.filter(time == own)["row_index"]


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
    figures = values.to_numpy()  # NaN where there is none
    amounts = np.where(is_data.to_numpy() & ~np.isnan(figures), figures, 0.0)
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
