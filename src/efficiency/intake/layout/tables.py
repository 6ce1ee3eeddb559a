"""The tables of a sheet: below one another, side by side, or with rows that name measures; and the forms of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from efficiency.intake.layout.forms import layouts_of
from efficiency.intake.layout.headers import anchor_rows, find_headers, labels_of, titles_begin
from efficiency.intake.layout.hints import hint_at_form
from efficiency.intake.layout.mapping import mapped_header
from efficiency.intake.layout.measure_rows import find_measure_rows, find_transposed
from efficiency.intake.layout.months_across import with_cumulative_months, with_years_carried
from efficiency.intake.layout.months_down import find_months_down
from efficiency.intake.layout.panes import panes, shared_context
from efficiency.intake.layout.row_kinds import last_used_row
from efficiency.intake.layout.titles import planned_by, stem_of, table_context, units_of_rows
from efficiency.intake.parsing import is_planned, is_reached
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efficiency.intake.formats import Grid
    from efficiency.intake.layout.forms import ColumnBinding, TableLayout
    from efficiency.intake.layout.header_cells import Header
    from efficiency.intake.layout.mapping import MappedSheet
    from efficiency.intake.layout.measure_rows import MeasureRows
    from efficiency.intake.layout.titles import PlannedBy, TableContext
    from efficiency.intake.parsing import Timing


MOST_BESIDE, MOST_BELOW = 100, 500
"""Tables of a sheet that are read, side by side and below one another; each takes some hundredths of a second."""


@dataclass(frozen=True)
class FoundTable:
    """A table of a sheet."""

    grid: Grid
    """The sheet, or its columns between those of tables beside this one."""
    header: Header
    context: TableContext
    layouts: tuple[TableLayout, ...]
    """The forms that it states, the main one first; none for a table that is no form of ours."""
    end: int
    """Row of the grid after its last row that is not blank."""
    measured: MeasureRows | None = None
    """Where its rows name measures: their kinds and names."""
    planned: PlannedBy | None = None
    """What says that its figures are planned, or may be; those that are said to be so are not read."""

    def goes_on(self, other: FoundTable) -> bool:
        """Whether it has the same columns, forms, units and time as the table before it: its totals may be of both."""
        return (
            [m for _, m in sorted(self.header.meanings.items())]
            == [m for _, m in sorted(other.header.meanings.items())]
            and (self.context.timing, self.context.units) == (other.context.timing, other.context.units)
            and [layout.form for layout in self.layouts] == [layout.form for layout in other.layouts]
        )


def find_tables(grid: Grid, file_name: str, mapped: MappedSheet | None = None) -> tuple[list[FoundTable], str]:
    """Every table of a sheet, those that are forms first; a sheet without any has none and a hint at the reason.

    `mapped` replaces the headers of the sheet. A table that is no form of ours is listed only if another is one.
    """
    if mapped is not None:
        header, missing = mapped_header(grid, mapped)
        forms, _ = _tables_below(grid, file_name, [header] if header else [], timing=mapped.timing)
        return forms, f"映射文件所列的表头“{'”、“'.join(missing)}”在该表中找不到。" if missing else ""
    measured = _measured(grid, file_name, find_measure_rows(grid))
    if measured:
        return measured, ""
    anchors = anchor_rows(grid)
    found = panes(grid, anchors)
    headers = find_headers(grid, anchors) if len(found) <= MOST_BESIDE else []
    if len(found) > MOST_BESIDE or len(headers) > MOST_BELOW:
        many = f"并排的表格有 {len(found)} 张" if len(found) > MOST_BESIDE else f"上下排列的表格有 {len(headers)} 张"
        return [], f"{many}，超过读取上限；请每张工作表只放一张表。"
    if len(found) == 1 or not headers:
        forms, others = _tables_below(grid, file_name, headers)
    else:
        shared = shared_context(grid, file_name, found, headers[0].top)
        forms, others = [], []
        for part in (grid.part(columns.start, columns.stop) for columns in found):
            tables, no_forms = _tables_below(part, file_name, find_headers(part), shared)
            forms += tables
            others += no_forms
    if not forms:
        transposed = _measured(grid, file_name, find_transposed(grid))
        transposed = transposed or _measured(grid, file_name, find_months_down(grid))
        first = headers[0] if headers else None
        return transposed, "" if transposed else _hint(grid, file_name, first)
    return [*forms, *others], ""


def _hint(grid: Grid, file_name: str, header: Header | None) -> str:
    """Why a sheet whose first header is this one states no form."""
    hint = hint_at_form(header, labels_of(grid, header))
    if header is None:
        return hint
    context = table_context(grid, file_name, header.top)
    said = planned_by(grid, header, context, stem_of(file_name))
    if said is None or said.plan == "doubt":
        return hint
    return f"{said.where}“{said.text}”写明是计划数或预计数，不能代替实际完成数。{hint}"


def _measured(grid: Grid, file_name: str, found: Sequence[MeasureRows]) -> list[FoundTable]:
    """The tables whose rows name measures; none where one of them states no form."""
    tables: list[FoundTable] = []
    for measured in found:
        start = tables[-1].end if tables else 0
        top = measured.header.top
        context = table_context(grid, file_name, top, start, tables[-1].context if tables else None)
        end = measured.header.bottom + 1 + measured.kinds.height
        header = with_years_carried(measured.header, context.timing.year)
        header = with_cumulative_months(header, (*context.titles, grid.sheet), measured.view, end)
        layouts = tuple(layouts_of(header, context, "", ""))
        if not layouts:
            return []
        stem = stem_of(file_name)
        found_table = FoundTable(measured.view, header, context, layouts, end, measured)
        tables.append(_without_planned(found_table, planned_by(grid, header, context, stem)))
    return tables


def _without_planned(table: FoundTable, planned: PlannedBy | None) -> FoundTable:
    """`table` without the columns of which it is said, by its title, that they are planned.

    A column that says that its figures were reached (实际) is read, and so are the others beside planned ones where the
    title names both. A form that has no column left is refused.
    """
    if planned is None or not any(_is_of_figures(layout) for layout in table.layouts):
        return table
    source = table.grid if table.measured is None else table.measured.source or table.grid
    heads = [cell for row in source.rows(table.header.top, table.header.bottom + 1) for cell in row if cell]
    parted = planned.plan == "both" and any(is_planned(cell) or is_reached(cell) for cell in heads)
    if planned.plan == "doubt":
        return replace(table, planned=planned)
    left = tuple(layout if parted or not _is_of_figures(layout) else _reached(layout) for layout in table.layouts)
    return replace(table, layouts=left, planned=planned) if left != table.layouts else table


def _is_of_figures(layout: TableLayout) -> bool:
    """Whether a form is of figures that may be planned; a project's investment always is."""
    return any(column.figure in ("flow", "level") for column in FORMS[layout.form].columns)


def _reached(layout: TableLayout) -> TableLayout:
    """`layout` with the columns alone whose headers say that their figures were reached; refused without any."""
    groups = tuple(
        replace(group, columns=tuple(b for b in group.columns if _is_shared(layout, b) or is_reached(b.header)))
        for group in layout.groups
    )
    kept = tuple(group for group in groups if any(not _is_shared(layout, binding) for binding in group.columns))
    return replace(layout, groups=kept) if kept else replace(layout, planned=True)


def _is_shared(layout: TableLayout, binding: ColumnBinding) -> bool:
    """Whether a column says what its row is about: a carrier, a unit, a date."""
    return FORMS[layout.form].column(binding.field).kind != "number" or binding.field == "coefficient"


def _tables_below(
    grid: Grid,
    file_name: str,
    headers: Sequence[Header],
    shared: TableContext | None = None,
    timing: Timing | None = None,
) -> tuple[list[FoundTable], list[FoundTable]]:
    """The tables below `headers` that are forms, and those that are none.

    `shared` is what is stated above tables side by side, `timing` what a mapping states. A table above the first form
    that names the enterprise the sheet is about, or who fills it in, is none of them.
    """
    stem = stem_of(file_name)
    forms: list[FoundTable] = []
    others: list[FoundTable] = []
    start = 0
    for number, found in enumerate(headers):
        header = found
        titles = titles_begin(grid, header.top, start) if forms else start
        context = table_context(grid, file_name, header.top, titles, forms[-1].context if forms else shared)
        if timing is not None:
            context = replace(context, timing=timing)
        following = headers[number + 1].top if number + 1 < len(headers) else None
        end = grid.height if following is None else titles_begin(grid, following, header.bottom + 1)
        if timing is None:
            header = with_years_carried(header, context.timing.year)
            header = with_cumulative_months(header, (*context.titles, grid.sheet), grid, end)
        shown, header, of_rows = units_of_rows(grid, header, end)
        with_row_units = replace(context, units=context.units + of_rows)
        layouts = layouts_of(header, with_row_units, stem, grid.sheet)
        table = FoundTable(shown, header, context, tuple(layouts), last_used_row(grid, end))
        if not header.mapped:
            table = _without_planned(table, planned_by(grid, header, context, stem))
        if layouts:
            forms.append(table)
            start = header.bottom + 1
        else:
            others.append(table)
    if not forms:
        return [], others
    first = forms[0].header

    def is_about_the_sheet(table: FoundTable) -> bool:
        above = table.header.top < first.top
        return above and not (first.identity and _has_numbers(grid, table.header.bottom + 1, table.end))

    return forms, [table for table in others if not is_about_the_sheet(table)]


def _has_numbers(grid: Grid, first: int, end: int) -> bool:
    return any(numbers[first:end].count() for numbers in grid.numbers)
