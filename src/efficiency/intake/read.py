"""The stage READ: a file of the inbox → its submissions with their counts, column map, raw rows and problems.

file → grids (`formats`) → tables of each sheet (`layout.find_tables`) → each table as every form that it states
(`extraction`). Every visible sheet is accounted for: its rows are data, totals, notes or blank, and data that yields
nothing is rejected with a problem that says why.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Literal

import polars as pl

from efficiency.intake.extraction import (
    Table,
    as_shown,
    check_months,
    check_rows_by_their_energy,
    check_spans,
    check_sum_column,
    check_sums_across,
    check_totals,
    check_totals_of_carriers,
    column_map,
    filled_on,
    find_parts,
    is_data,
    one_for_all_sheets,
    only_problem,
    overlong_rows,
    parts_by_measure,
    period_label,
    planned_rows,
    read_rows,
    report_overlong_totals,
    report_planned_rows,
    report_unread_columns,
    report_unread_rows,
    report_within,
    rows_before_marks,
    sums_of,
    unread_rows,
    unrecognised_sheet,
    unrecognised_table,
    with_kinds,
    with_rows_within_carriers,
    with_sums_of_parts,
    without_rows,
)
from efficiency.intake.formats import UnreadableError, each, read_grids
from efficiency.intake.layout import NO_MAPPING, SUMS, MappingFile, classify, find_tables, last_used_row
from efficiency.intake.problems import fault_shown, problem, problems_frame
from efficiency.intake.read_result import ReadResult, concat, submission
from efficiency.version import code_version
from schemas import FORMS
from schemas.intake import OWN_SHEETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from efficiency.intake.files import InboxFile
    from efficiency.intake.formats import Grid
    from efficiency.intake.layout import FoundTable

LARGE_ROWS = 100_000
"""Rows of a file from which on its sheets are read in parallel."""


FAULTS = (Exception, pl.exceptions.PanicException)
"""What a fault of the program over one sheet may raise; a panic of polars is no Exception."""

log = logging.getLogger("efficiency")


def read_file(file: InboxFile, mapping: MappingFile = NO_MAPPING) -> ReadResult:
    """Everything that one file states. A file that cannot be read is one `unreadable` problem, never an exception.

    A sheet for which `mapping` has a layout is read by that layout instead of by its own headers. A fault of the
    program over a sheet is an `internal` problem on that sheet, with its traceback in the log.
    """
    try:
        return read_file_or_raise(file, mapping)
    except MemoryError:
        return over_limit(file, "memory")


def read_file_or_raise(file: InboxFile, mapping: MappingFile = NO_MAPPING) -> ReadResult:
    """The same, but raises MemoryError where there is not enough memory for the file."""
    try:
        return _read_file(file, mapping)
    except MemoryError:
        raise
    except FAULTS as fault:
        return _fault(file, file.sha256[:12], "", fault)


def over_limit(
    file: InboxFile, cause: Literal["memory", "time", "ended"], memory: int = 0, seconds: int = 0
) -> ReadResult:
    """A file that is not read: it takes more than so many bytes of memory or seconds, or ended the process at it."""
    identifier = file.sha256[:12]
    if cause == "ended":
        value = "读取该文件的进程异常中止"
        return without_rows(file, identifier, "", "internal", value=value, version=code_version())
    shown = f"({memory >> 20} MiB)" if memory else ""
    what = f"所需内存超过上限{shown}" if cause == "memory" else f"所需时间超过上限({seconds} 秒)"
    reason = f"读取{what}，多因数据过多，或远处有孤立内容、重复的内容；请删除多余的行列，或按月分成多个文件"
    return without_rows(file, identifier, "", "unreadable", reason=reason)


def _fault(file: InboxFile, identifier: str, sheet: str, fault: BaseException, rows: int = 0) -> ReadResult:
    """An exception that nobody expected, as the error of a sheet of so many rows, or of a file whose `sheet` is ``."""
    log.error("%s, sheet %r: a fault of the program", file.name, sheet, exc_info=fault)
    body = pl.repeat(1, rows, eager=True)
    words = {"value": fault_shown(fault), "version": code_version()}
    return without_rows(file, identifier, sheet, "internal", body=body, **words)


def _read_file(file: InboxFile, mapping: MappingFile) -> ReadResult:
    """`read_file`, with whatever a fault of the program outside of its sheets raises."""
    identifier = file.sha256[:12]
    if file.refusal:
        return without_rows(file, identifier, "", "unreadable", reason=file.refusal)
    try:
        grids = read_grids(file.path)
    except UnreadableError as error:
        return without_rows(file, identifier, "", "unreadable", reason=str(error))
    parts: list[ReadResult] = []
    if doubtful := sum(grid.doubtful_formulas for grid in grids):
        ending = file.path.suffix.lower()
        parts.append(only_problem(file, identifier, "", "formula_idle", value=str(doubtful), ending=ending))
    parts += [
        only_problem(file, f"{identifier}-{grid.position}", grid.sheet, "marks_unread")
        for grid in grids
        if grid.marks_unknown
    ]

    def read(grid: Grid) -> tuple[list[ReadResult], str]:
        try:
            mapped = mapping.for_sheet(file.name, grid.sheet)
            tables, hint = find_tables(as_shown(grid), file.name, mapped)
            return _read_tables(file, grid, tables), hint
        except MemoryError:
            raise
        except FAULTS as fault:
            return [_fault(file, f"{identifier}-{grid.position}", grid.sheet, fault, grid.height)], ""

    filled = [grid for grid in grids if _has_rows(grid)]
    large = sum(grid.height for grid in filled) > LARGE_ROWS
    by_position = dict(zip((grid.position for grid in filled), each(read, filled, large=large), strict=True))
    unrecognised: list[tuple[Grid, str]] = []
    for grid in grids:
        sheet_id = f"{identifier}-{grid.position}"
        if grid.hidden:
            parts.append(only_problem(file, sheet_id, grid.sheet, "hidden_sheet"))
        elif grid.aside:
            parts.append(only_problem(file, sheet_id, grid.sheet, "sheet_aside", value=grid.aside))
        elif grid.refusal:
            parts.append(without_rows(file, sheet_id, grid.sheet, "unreadable", reason=grid.refusal))
        elif grid.position not in by_position:
            parts.append(without_rows(file, sheet_id, grid.sheet, "sheet_empty"))
        else:
            tables, hint = by_position[grid.position]
            parts += tables
            # The list of problems and the instructions that we put into workbooks ourselves are no data.
            if not tables and grid.sheet not in OWN_SHEETS:
                unrecognised.append((grid, hint))
    # In a file with data, known or not, a sheet of words alone is a cover or an instruction.
    known = any(part.submissions["form"].is_not_null().any() for part in parts)
    has_data = known or any(is_data(grid) for grid, _ in unrecognised)
    for grid, hint in unrecognised:
        decoy = has_data and not is_data(grid)
        parts.append(unrecognised_sheet(file, f"{identifier}-{grid.position}", grid, hint, decoy=decoy))
    if not any(part.submissions.height for part in parts):
        parts.append(without_rows(file, identifier, ""))
    read_all = concat(sorted(parts, key=_order_in_file))
    return replace(read_all, problems=one_for_all_sheets(read_all.problems))


def _has_rows(grid: Grid) -> bool:
    """Whether there is anything to read in a sheet."""
    return not grid.hidden and not grid.refusal and bool(grid.height and last_used_row(grid, grid.height))


def _read_tables(file: InboxFile, grid: Grid, tables: Sequence[FoundTable]) -> list[ReadResult]:
    """The tables of a sheet, one submission for each table and form; the second and later ones are numbered."""
    sheet_id = f"{file.sha256[:12]}-{grid.position}"
    parts: list[ReadResult] = []
    sums: Mapping[str, Mapping[int, float]] = {}
    for place, table in enumerate(tables):
        sums = sums if place and table.goes_on(tables[place - 1]) else {}
        identifiers = (f"{sheet_id}-{number}" if number > 1 else sheet_id for number in count(len(parts) + 1))
        if table.layouts:
            read, sums = _read_table(file, table, identifiers, sums, several=len(tables) > 1)
            parts += read
        else:
            parts.append(unrecognised_table(file, next(identifiers), table))
    return parts


def _read_table(
    file: InboxFile,
    found: FoundTable,
    identifiers: Iterator[str],
    before: Mapping[str, Mapping[int, float]],
    *,
    several: bool,
) -> tuple[list[ReadResult], dict[str, Mapping[int, float]]]:
    """A table as each of the forms that it states: each is a submission of its own over the same rows.

    `before` are the sums of the tables that it goes on, by form; those with its own are returned where there are
    `several` tables in the sheet.
    """
    grid, main = found.grid, found.layouts[0]
    columns = set().union(*(layout.columns for layout in found.layouts))
    first = found.header.bottom + 1
    kinds, within = _kinds(found, columns)
    planned = {} if found.measured else planned_rows(grid, found.header, kinds, columns)
    if planned:
        of_plans = pl.col("row_index").is_in([row for rows in planned.values() for row in rows])
        kinds = kinds.with_columns(
            pl.when(of_plans).then(pl.lit("note")).otherwise("kind").cast(kinds.schema["kind"]).alias("kind")
        )
    cells = grid.frame[first : first + kinds.height].hstack([kinds["row_index"]]).filter(kinds["kind"] == "data")
    overlong = overlong_rows(grid, found.header, kinds, columns)
    read: list[tuple[Table, pl.DataFrame]] = []
    sums: dict[str, Mapping[int, float]] = {}
    for layout, identifier in zip(found.layouts, identifiers, strict=False):
        table = Table(grid, found.header, found.context, layout, identifier, file.name, cells, overlong=overlong)
        table.planned = found.planned
        if found.measured:
            table.named_at = found.measured.named_at
        rows = read_rows(table)
        if layout is main:
            report_unread_rows(table, found)
            report_planned_rows(table, planned)
            if found.measured:
                check_sums_across(table, found.measured)
        if not layout.refused:
            rows = rows_before_marks(table, rows, kinds)
            parts_of = find_parts(table, rows, kinds, columns)
            rows, table.labels, table.counted_once = parts_of.rows, parts_of.labels, parts_of.counted_once
            rows = with_kinds(rows, layout.groups)
            if found.measured:
                rows = parts_by_measure(rows, FORMS[layout.form], found.measured.labels)
            check_totals(table, kinds, before.get(layout.form))
            if several:
                sums[layout.form] = sums_of(table, before.get(layout.form))
            check_sum_column(table)
            check_totals_of_carriers(table, rows, kinds)
            check_spans(table, rows)
            check_rows_by_their_energy(table, rows)
            check_months(table)
        if layout is main:
            report_within(table, within)
            report_overlong_totals(table)
        # A register that shows figures in passing states no period for them: those columns are not ours then.
        if layout is main or not (main.form == "register" and FORMS[layout.form].flow and not rows.height):
            read.append((table, rows))
    if found.measured is None:  # its unread rows are reported
        own = cells.filter(~pl.col("row_index").is_in(list(overlong))) if overlong else cells
        report_unread_columns([table for table, _ in read], own)
    stated_by_any = pl.concat([rows["row_index"] for _, rows in read])
    parts: list[ReadResult] = []
    for table, rows in read:
        part = _result(file, table, rows, kinds, stated_by_any, is_main=table.layout is main)
        parts.append(replace(part, problems=_new_problems(part.problems, parts)))
    return parts, sums


def _kinds(found: FoundTable, columns: set[int]) -> tuple[pl.DataFrame, pl.Series]:
    """What each row of a table is, of which `columns` are read; and the rows that only repeat parts of another row."""
    if found.measured:
        return found.measured.kinds, pl.Series("row_index", dtype=pl.UInt32)
    main = found.layouts[0]
    periods = set(main.periods.values())
    carrier = next((binding.column for binding in main.groups[0].columns if binding.field == "carrier"), None)
    end = max(found.end, found.header.bottom + 1)
    alone = classify(found.grid, found.header, columns, end, carrier=carrier, periods=periods)
    kinds = with_sums_of_parts(found.grid, found.header, columns, alone, periods)
    if carrier is not None:
        kinds = with_rows_within_carriers(found.grid, found.header, carrier, kinds, periods)
    return kinds, alone["row_index"].filter((alone["kind"] == "data") & (kinds["kind"] == "note"))


def _new_problems(found: pl.DataFrame, before: Sequence[ReadResult]) -> pl.DataFrame:
    """`found` without problems of a cell that the same table as another form already has (of a code, a period)."""
    if not before:
        return found
    known = pl.concat([part.problems for part in before]).select("cell", "rule", "message").unique()
    return found.join(known, on=known.columns, how="anti", nulls_equal=True, maintain_order="left")


def _result(
    file: InboxFile, table: Table, rows: pl.DataFrame, kinds: pl.DataFrame, stated_by_any: pl.Series, *, is_main: bool
) -> ReadResult:
    """The submission of one table as one form."""
    sheet = table.grid.sheet
    own = is_main and not table.layout.long_energy
    problems = table.problems
    blank, rejected, empty = unread_rows(table, rows["row_index"], stated_by_any, own=own)
    if not table.cells.height:
        none = problem("sheet_empty", submission_id=table.submission_id, file_name=file.name, sheet=sheet)
        empty = problems_frame([none])
    counted = Counter(dict(kinds["kind"].value_counts().iter_rows()))
    about = submission(
        file,
        table.submission_id,
        sheet,
        form=table.layout.form,
        period_label=period_label(table),
        filled_on=filled_on(table),
        rows_total=kinds.height,
        rows_totals=sum(counted[kind] for kind in SUMS),
        rows_notes=counted["note"] + counted["time"],
        rows_blank=counted["blank"] + blank,
        rows_rejected=rejected,
    )
    stated = {table.layout.form: rows.drop("row_index")}
    return ReadResult.of_frames(about, pl.concat([problems, empty]), column_map(table), stated)


def _order_in_file(part: ReadResult) -> tuple[int, int]:
    """Position of the sheet and of the table in the file."""
    frame = part.submissions if part.submissions.height else part.problems
    _, *positions = str(frame["submission_id"][0]).split("-")
    numbers = [int(position) for position in positions] + [0, 0]
    return numbers[0], numbers[1]
