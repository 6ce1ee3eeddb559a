"""The stage READ: files of the inbox → raw rows, column map, submissions with their counts, and problems.

Every visible sheet is accounted for: its rows are data, totals, notes or blank, and data that yields nothing is
rejected with a problem that says why.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from efficiency.intake.extraction import (
    Table,
    check_sum_column,
    check_totals,
    column_map,
    extract,
    idle_formulas,
    is_data,
    one_submission,
    only_problem,
    read_rows,
    refused_file,
    tell_unread_columns,
    unrecognised,
    unrecognised_table,
)
from efficiency.intake.formats import FEW, Grid, UnreadableError, each, filled_cells, read_grids
from efficiency.intake.layout import (
    NO_MAPPING,
    Header,
    MappedSheet,
    MappingFile,
    classify,
    find_headers,
    last_used_row,
    look_around,
    mapped_header,
    missing_columns,
    plans,
    titles_begin,
    units_of_rows,
)
from efficiency.intake.parsing import span_label
from efficiency.intake.problems import EMPTY, problem, problem_rows, problems_frame
from efficiency.intake.read_result import ReadResult, concat, submission
from schemas import FORMS, STATED
from schemas.column import Column
from schemas.intake import OWN_SHEETS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from efficiency.intake.files import InboxFile
    from efficiency.intake.layout import TableContext, TableLayout

LARGE_ROWS = 100_000
"""Rows of a file from which on its sheets are read side by side."""
_FILLED_ON = Column("filled_on", "date", "填报日期", "Date of filing")


def read_file(file: InboxFile, mapping: MappingFile = NO_MAPPING) -> ReadResult:
    """Everything one file says. A file that cannot be read is one `unreadable` problem, never an exception.

    A sheet for which `mapping` has a layout is read by that layout instead of by its own headers.
    """
    identifier = file.sha256[:12]
    try:
        grids = read_grids(file.path)
    except UnreadableError as error:
        return refused_file(file, identifier, str(error))
    parts = idle_formulas(file, grids)
    parts += [
        only_problem(file, "marks_unread", f"{identifier}-{grid.position}", grid)
        for grid in grids
        if grid.marks_unknown
    ]
    others: list[tuple[Grid, str]] = []

    def read(grid: Grid) -> tuple[list[ReadResult], str]:
        return _read_sheet(file, grid, f"{identifier}-{grid.position}", mapping.for_sheet(file.name, grid.sheet))

    filled = [grid for grid in grids if _has_rows(grid)]
    large = sum(grid.height for grid in filled) > LARGE_ROWS
    read_tables = dict(zip((grid.position for grid in filled), each(read, filled, large=large), strict=True))
    for grid in grids:
        sheet_id = f"{identifier}-{grid.position}"
        if grid.hidden:
            parts.append(only_problem(file, "hidden_sheet", sheet_id, grid))
        elif grid.refusal:
            found = problem(
                "unreadable", submission_id=sheet_id, file_name=file.name, sheet=grid.sheet, reason=grid.refusal
            )
            parts.append(one_submission(file, sheet_id, grid.sheet, found))
        elif grid.position not in read_tables:
            parts.append(
                one_submission(
                    file,
                    sheet_id,
                    grid.sheet,
                    problem("sheet_empty", submission_id=sheet_id, file_name=file.name, sheet=grid.sheet),
                )
            )
        else:
            tables, hint = read_tables[grid.position]
            parts += tables
            # The list of problems and the instructions that we put into workbooks ourselves are no data.
            if not tables and grid.sheet not in OWN_SHEETS:
                others.append((grid, hint))
    # Beside a sheet that is data, known or not, a sheet of words alone is a cover or an instruction.
    known = any(part.submissions["form"].is_not_null().any() for part in parts)
    beside_data = known or any(is_data(grid) for grid, _ in others)
    parts += [unrecognised(file, grid, hint, decoy=beside_data and not is_data(grid)) for grid, hint in others]
    if not any(part.submissions.height for part in parts):
        parts.append(one_submission(file, identifier, "", None))
    return concat(sorted(parts, key=_sheet_order))


def _has_rows(grid: Grid) -> bool:
    """Whether there is anything to read."""
    return not grid.hidden and not grid.refusal and bool(grid.height and last_used_row(grid, grid.height))


def _read_sheet(file: InboxFile, grid: Grid, sheet_id: str, layout: MappedSheet | None) -> tuple[list[ReadResult], str]:
    """Every table of a sheet, each as every form it states; without any, a hint at why it is no form of ours."""
    headers, lacking = find_headers(grid), list[str]()
    if layout is not None:
        mapped, lacking = mapped_header(grid, layout)
        headers = [mapped] if mapped else []
    stem = file.name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    found: list[tuple[Header, TableContext, list[TableLayout]]] = []
    strangers: list[Header] = []
    before: TableContext | None = None
    start = 0
    for header in headers:
        titles = titles_begin(grid, header.top, start) if found else start
        around = look_around(grid, file.name, header.top, titles, before)
        if layout is not None and layout.timing is not None:
            around = replace(around, timing=layout.timing)
        beside = replace(around, units=around.units + units_of_rows(grid, header))
        as_forms = plans(header, beside, stem, grid.sheet)
        if as_forms:
            found.append((header, around, as_forms))
            before, start = around, header.bottom + 1
        else:
            strangers.append(header)
    parts: list[ReadResult] = []
    tops = sorted(header.top for header in (*(header for header, _, _ in found), *strangers))

    def end_of(header: Header) -> int:
        following = next((top for top in tops if top > header.bottom), None)
        return grid.height if following is None else titles_begin(grid, following, header.bottom + 1)

    for header, around, as_forms in found:
        end = end_of(header)
        tables = [
            Table(
                grid,
                header,
                plan,
                around,
                sheet_id if not parts and not number else f"{sheet_id}-{len(parts) + number + 1}",
                file.name,
                grid.frame.clear(),
            )
            for number, plan in enumerate(as_forms)
        ]
        parts += _read_tables(file, tables, last_used_row(grid, end))
    # The rows of a table that is none of ours are not those of the table above it.
    for header in strangers if parts else ():
        if header.top < found[0][0].top and not (
            found[0][0].identity and _has_numbers(grid, header.bottom + 1, end_of(header))
        ):
            continue  # the one enterprise that a sheet is about, or who fills it in
        end = last_used_row(grid, end_of(header))
        identifier = f"{sheet_id}-{len(parts) + 1}"
        parts.append(unrecognised_table(file, grid, identifier, header, end=end, hint=_hint(header)))
    if lacking:
        return parts, f"映射文件所列的表头“{'”、“'.join(lacking)}”在该表中找不到。"
    return parts, "" if parts else _hint(headers[0] if headers else None)


def _has_numbers(grid: Grid, first: int, end: int) -> bool:
    return any(numbers[first:end].count() for numbers in grid.numbers)


def _read_tables(file: InboxFile, tables: list[Table], end: int) -> list[ReadResult]:
    """One table as each of the forms it states: each is a submission of its own over the same rows."""
    main = tables[0]
    columns = set().union(*(table.plan.columns for table in tables))
    carrier = next((b.column for b in main.plan.blocks[0].columns if b.field == "carrier"), None)
    periods = set(main.plan.periods.values())
    last = max(end, main.header.bottom + 1)
    kinds = classify(main.grid, main.header, columns, last, carrier=carrier, periods=periods)
    body = main.grid.frame[main.header.bottom + 1 : main.header.bottom + 1 + kinds.height]
    cells = body.hstack([kinds["place"]]).filter(kinds["kind"] == "data")
    read: list[tuple[Table, pl.DataFrame]] = []
    for table in tables:
        table.cells = cells
        if table.plan.duplicates:
            _refuse_duplicates(table)
            rows = STATED[table.plan.form].empty().with_columns(pl.lit(None, dtype=pl.Int64).alias("place"))
        else:
            rows = _without_other_time(table, read_rows(table), kinds)
            check_totals(table, kinds)
            check_sum_column(table)
            tell_unread_columns(table, columns, cells)
        # A register that shows figures in passing states no period for them: those columns are not ours then.
        if table is main or not (main.plan.form == "register" and FORMS[table.plan.form].flow and not rows.height):
            read.append((table, rows))
    stated_somewhere = [rows["place"] for _, rows in read]
    parts: list[ReadResult] = []
    for table, rows in read:
        part = _parsed(file, table, rows, kinds, stated_somewhere, main=table is main)
        parts.append(replace(part, problems=_not_told(part.problems, parts)))
    return parts


def _not_told(found: pl.DataFrame, before: Sequence[ReadResult]) -> pl.DataFrame:
    """`found` without what was told of the same cell when the table was read as another form (a code, a period)."""
    if not before:
        return found
    told = pl.concat([part.problems for part in before]).select("cell", "rule", "message").unique()
    return found.join(told, on=told.columns, how="anti", nulls_equal=True, maintain_order="left")


def _parsed(
    file: InboxFile, table: Table, rows: pl.DataFrame, kinds: pl.DataFrame, stated: Sequence[pl.Series], *, main: bool
) -> ReadResult:
    """The submission of one table as one form; `stated` are the places that any of its forms states."""
    places = table.cells["place"]
    silent = _without(places, rows["place"])
    found = pl.concat([problems_frame(table.found), *table.problems])
    named = found["row"].filter(found["severity"] == "error") if found.height else found["row"]
    named = named - (table.grid.first_row + 1)
    refused_table = bool(table.plan.duplicates) or (not rows.height and _no_period(table))
    # Rows of another form of the same table, and pre-printed carriers without a figure, state nothing here.
    own = main and not table.plan.long_energy
    excused = _without(silent, _without(silent, pl.concat(stated))) if own else silent
    if table.cut is not None:
        excused = excused.filter(excused < table.cut)
    blank = excused.clear() if refused_table else _without(excused, named)
    rejected = _without(silent, blank)
    if len(rejected) and not refused_table:
        unexplained = _without(_without(rejected, named), _with_unknown_unit(table))
        if table.cut is not None:
            unexplained = unexplained.filter(unexplained < table.cut)
        found = pl.concat([found, _empty_rows(table, unexplained)])
    kind = kinds["kind"]
    counted = Counter(kind.to_list() if len(kind) <= FEW else dict(kind.value_counts().iter_rows()))
    if not places.len():
        empty = problem("sheet_empty", submission_id=table.submission_id, file_name=file.name, sheet=table.grid.sheet)
        found = pl.concat([found, problems_frame([empty])])
    row = submission(
        file,
        table.submission_id,
        table.grid.sheet,
        form=table.plan.form,
        period_label=_period_label(table),
        filled_on=_filled_on(table),
        rows_total=kinds.height,
        rows_totals=counted["total"] + counted["subtotal"] + counted["group"],
        rows_notes=counted["note"] + counted["time"],
        rows_blank=counted["blank"] + len(blank),
        rows_rejected=len(rejected),
    )
    return ReadResult.of_frames(row, found, column_map(table), {table.plan.form: rows.drop("place")})


def _without(places: pl.Series, others: pl.Series) -> pl.Series:
    """The places that are not among `others`."""
    if len(places) <= FEW:
        known = set(others.to_list())
        return pl.Series(places.name, [place for place in places.to_list() if place not in known], dtype=places.dtype)
    if not len(others):
        return places
    # Places are the numbers of rows: a table of them is looked up many times as fast as hashes.
    return places.filter(pl.Series(~np.isin(places.to_numpy(), others.drop_nulls().to_numpy(), kind="table")))


def _without_other_time(table: Table, rows: pl.DataFrame, kinds: pl.DataFrame) -> pl.DataFrame:
    """`rows` above the first row that is only a mark of time: whether those below it are of that time is not said."""
    marks = kinds["place"].filter(kinds["kind"] == "time")
    if not len(marks) or not (rows["place"] > marks[0]).any() or not FORMS[table.plan.form].flow or table.plan.periods:
        return rows
    place = int(marks[0])
    (cells,) = table.grid.rows(place, place + 1)
    column, word = next((column, cell) for column, cell in enumerate(cells) if cell)
    row = table.grid.row_number(place)
    table.cut = place
    table.table_problem(
        "period_unknown",
        cell=f"{table.grid.letters(column)}{row}",
        row=row,
        field="span_end",
        value=word,
        hint="该行只写了时期，以下各行未采用：请为每一期重复表头，或增加“报告期”列。",
    )
    return rows.filter(pl.col("place") < place)


def _refuse_duplicates(table: Table) -> None:
    for bounds in table.plan.duplicates:
        letters = "、".join(table.grid.letters(bound.column) for bound in bounds)
        title = " / ".join(dict.fromkeys(bound.header for bound in bounds))
        table.header_problem("header_duplicate", bounds[-1].column, field=bounds[0].field, title=title, columns=letters)


def _no_period(table: Table) -> bool:
    """Whether the table as a whole, or a column of it, was refused because its span is not known."""
    body = table.grid.row_number(table.header.bottom)
    return any(
        found["rule"] == "period_unknown" and (found["row"] is None or found["row"] <= body)  # type: ignore[operator]
        for found in table.found
    )


def _with_unknown_unit(table: Table) -> pl.Series:
    """Rows that state figures only in columns whose unit was refused; the header's problem explains them."""
    columns = [bound.column for block in table.plan.blocks for bound in block.columns if bound.unknown_unit is not None]
    if not columns:
        return pl.Series([], dtype=pl.Int64)
    return table.cells.filter(filled_cells(columns) > 0)["place"]


def _empty_rows(table: Table, places: pl.Series) -> pl.DataFrame:
    """`row_empty` for each of `places`."""
    if not len(places):
        return EMPTY
    column = min((bound.column for bound in table.plan.identity), default=min(table.plan.columns))
    located = table.base.filter(pl.col("place").is_in(places.implode())).with_columns(
        (pl.lit(table.grid.letters(column)) + pl.col("row").cast(pl.String)).alias("cell"),
        pl.lit(table.submission_id).alias("submission_id"),
        pl.lit(table.file_name).alias("file_name"),
        pl.lit(table.grid.sheet).alias("sheet"),
    )
    return problem_rows("row_empty", located)


def _period_label(table: Table) -> str | None:
    """The table's own span; None where rows carry theirs or the form has none."""
    if not FORMS[table.plan.form].flow or table.plan.periods:
        return None
    own = table.around.timing
    stated = own.span()
    # Under a year alone, columns of months or quarters say which of it.
    if stated and own.month is not None:
        return span_label(stated)
    spans = [span for block in table.plan.blocks if (span := block.timed(own).span())]
    return span_label((min(first for first, _ in spans), max(last for _, last in spans))) if spans else None


def _filled_on(table: Table) -> date | None:
    column = table.plan.filled_on
    if column is None:
        return table.around.filled_on
    latest: date | None = extract(table.cells, column, _FILLED_ON).values.max()  # type: ignore[assignment]  # dates
    return latest or table.around.filled_on


def _hint(header: Header | None) -> str:
    if header is None or not header.identity:
        return "未找到“企业名称”或“统一社会信用代码”列。"
    if all(meaning.identity for meaning in header.meanings.values()):
        return "除企业名称、代码外，没有一列的表头是各表式的指标名称。"
    form, lacking = missing_columns(header)
    return f"最接近“{form}”，缺少列：{'、'.join(lacking)}。" if lacking else ""


def _sheet_order(part: ReadResult) -> tuple[int, int]:
    """Position of the sheet and of the table in the file."""
    frame = part.submissions if part.submissions.height else part.problems
    _, *positions = str(frame["submission_id"][0]).split("-")
    numbers = [int(position) for position in positions] + [0, 0]
    return numbers[0], numbers[1]
