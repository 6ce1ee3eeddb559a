"""How a made-up sheet is laid out and written: title, unit line, one or two header rows, rows, total row, note rows."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

if TYPE_CHECKING:
    from pathlib import Path

CREATED = datetime(2026, 11, 10, 9, 0, 0)
"""Creation date of every workbook, so that the same figures give the same bytes."""

Cell = str | int | float | date | None


@dataclass(frozen=True)
class ErrorValue:
    """A cell whose formula failed."""

    formula: str
    shown: str


@dataclass(frozen=True)
class Head:
    """A column: its header, the merged header above it, whether the total row sums it, its number format."""

    label: str
    group: str | None = None
    total: bool = False
    width: int = 12
    format: str = ""


@dataclass
class Row:
    """A data row; `key` is what the planted mistakes find it by."""

    key: str
    cells: list[Cell | ErrorValue]


@dataclass
class Sheet:
    """A sheet before it is written. Positions are counted from 0, addresses are as the spreadsheet shows them."""

    name: str
    title: str
    heads: list[Head]
    rows: list[Row]
    above: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    first_row: int = 0
    first_column: int = 0
    total_label: str | None = None
    total_formulas: bool = False
    total_overrides: dict[str, float] = field(default_factory=dict)
    hidden: bool = False

    @property
    def header_rows(self) -> int:
        """One header row, or two where columns are grouped."""
        return 2 if any(head.group for head in self.heads) else 1

    @property
    def header_row(self) -> int:
        """Position of the first header row."""
        return self.first_row + (1 if self.title else 0) + len(self.above)

    @property
    def data_row(self) -> int:
        """Position of the first data row."""
        return self.header_row + self.header_rows

    def column(self, label: str) -> int:
        """Index in `heads` of the column whose header, or group and header, is `label`."""
        labels = [head.label for head in self.heads]
        return labels.index(label) if label in labels else [f"{h.group}{h.label}" for h in self.heads].index(label)

    def position(self, key: str) -> int:
        """Index in `rows` of the first row with `key`."""
        return [row.key for row in self.rows].index(key)

    def address(self, key: str, label: str) -> str:
        """The cell of the first row with `key` in the column `label`."""
        return self.address_at(self.position(key), label)

    def address_at(self, position: int, label: str) -> str:
        """The cell of the row at `position` (counted from 0 below the header) in the column `label`."""
        return str(xl_rowcol_to_cell(self.data_row + position, self.first_column + self.column(label)))

    def header_address(self, label: str) -> str:
        """The cell of the column's own header."""
        return self.address_at(-1, label)

    def total(self, index: int) -> float:
        """What the total row shows for the column at `index`."""
        override = self.total_overrides.get(self.heads[index].label)
        if override is not None:
            return override
        return round(sum(c for row in self.rows if isinstance(c := row.cells[index], int | float)), 3)


@dataclass
class Book:
    """A file of the inbox: workbook sheets, or raw bytes that are no workbook at all."""

    sheets: list[Sheet] = field(default_factory=list)
    empty_sheets: tuple[str, ...] = ()
    raw: bytes | None = None
    encoding: str = "gb18030"
    """Of a CSV file."""

    @property
    def sheet(self) -> Sheet:
        """The first sheet."""
        return self.sheets[0]


def write(path: Path, book: Book) -> None:
    """Writes `book` as the kind of file that the ending of `path` names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if book.raw is not None:
        path.write_bytes(book.raw)
    elif path.suffix == ".csv":
        path.write_bytes(_csv(book.sheet).encode(book.encoding))
    else:
        _write_workbook(path, book)


def _csv(sheet: Sheet) -> str:
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\r\n")
    for text in (sheet.title, *sheet.above):
        lines.writerow([text] + [""] * (len(sheet.heads) - 1))
    lines.writerow([head.label for head in sheet.heads])
    lines.writerows([["" if cell is None else cell for cell in row.cells] for row in sheet.rows])
    return out.getvalue()


def _write_workbook(path: Path, book: Book) -> None:
    workbook = xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False})
    workbook.set_properties({"title": "样例数据(虚构)", "created": CREATED})
    formats = {
        "title": workbook.add_format({"bold": True, "font_size": 14, "align": "center", "font_name": "宋体"}),
        "above": workbook.add_format({"font_name": "宋体"}),
        "head": workbook.add_format(
            {
                "bold": True,
                "border": 1,
                "align": "center",
                "valign": "vcenter",
                "text_wrap": True,
                "bg_color": "#DDEBF7",
                "font_name": "宋体",
            }
        ),
        "total": workbook.add_format({"bold": True, "font_name": "宋体"}),
    }
    for sheet in book.sheets:
        _write_sheet(workbook, sheet, formats)
    for name in book.empty_sheets:
        workbook.add_worksheet(name)
    workbook.close()


def _write_sheet(workbook: xlsxwriter.Workbook, sheet: Sheet, formats: dict[str, object]) -> None:
    page = workbook.add_worksheet(sheet.name)
    if sheet.hidden:
        page.hide()
    left, last = sheet.first_column, sheet.first_column + len(sheet.heads) - 1
    styles = [workbook.add_format({"num_format": head.format}) if head.format else None for head in sheet.heads]
    for offset, head in enumerate(sheet.heads):
        page.set_column(left + offset, left + offset, head.width)
    if sheet.title:
        page.merge_range(sheet.first_row, left, sheet.first_row, last, sheet.title, formats["title"])
    for offset, text in enumerate(sheet.above):
        page.write_string(sheet.header_row - len(sheet.above) + offset, left, text, formats["above"])
    _write_header(page, sheet, formats["head"])
    for offset, row in enumerate(sheet.rows):
        for index, cell in enumerate(row.cells):
            _write_cell(page, sheet.data_row + offset, left + index, cell, styles[index])
    below = sheet.data_row + len(sheet.rows)
    if sheet.total_label:
        page.write_string(
            below, left + (1 if sheet.heads[0].label == "序号" else 0), sheet.total_label, formats["total"]
        )
        for index, head in enumerate(sheet.heads):
            if head.total and sheet.total_formulas:
                span = f"{xl_rowcol_to_cell(sheet.data_row, left + index)}:{xl_rowcol_to_cell(below - 1, left + index)}"
                page.write_formula(below, left + index, f"=SUM({span})", styles[index], sheet.total(index))
            elif head.total:
                page.write_number(below, left + index, sheet.total(index), styles[index])
        below += 1
    for offset, text in enumerate(sheet.notes):
        page.write_string(below + offset, left, text)
    page.freeze_panes(sheet.data_row, left)


def _write_header(page: xlsxwriter.worksheet.Worksheet, sheet: Sheet, style: object) -> None:
    top, left, heads = sheet.header_row, sheet.first_column, sheet.heads
    if sheet.header_rows == 1:
        for index, head in enumerate(heads):
            page.write_string(top, left + index, head.label, style)
        return
    index = 0
    while index < len(heads):
        group = heads[index].group
        if group is None:
            page.merge_range(top, left + index, top + 1, left + index, heads[index].label, style)
            index += 1
            continue
        end = index
        while end < len(heads) and heads[end].group == group:
            page.write_string(top + 1, left + end, heads[end].label, style)
            end += 1
        if end - index > 1:
            page.merge_range(top, left + index, top, left + end - 1, group, style)
        else:
            page.write_string(top, left + index, group, style)
        index = end


def _write_cell(
    page: xlsxwriter.worksheet.Worksheet, row: int, column: int, cell: Cell | ErrorValue, style: object
) -> None:
    if cell is None:
        return
    if isinstance(cell, ErrorValue):
        page.write_formula(row, column, cell.formula, style, cell.shown)
    elif isinstance(cell, str):
        page.write_string(row, column, cell)
    elif isinstance(cell, date):
        page.write_datetime(row, column, datetime(cell.year, cell.month, cell.day), style)
    else:
        page.write_number(row, column, cell, style)
