"""XML spreadsheets of Excel 2003 (SpreadsheetML), as systems export them under the name of a workbook (.xls, .xml).

Source of the layout: Microsoft's XML Spreadsheet Reference (ss:Index, ss:MergeAcross, ss:Type, ss:Formula, ss:Visible,
Styles). Rows and cells may skip places (ss:Index) and be repeated over some (ss:Span); only cells that are there count.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

import numpy as np

from efficiency.intake.formats.grid import Grid, SheetCells, grid_of_cells, position_of
from efficiency.intake.formats.limits import (
    MAX_COLUMNS,
    MAX_ROWS,
    Budget,
    UnreadableError,
    check_sheets,
    element_parser,
)
from efficiency.intake.formats.markup.text_pool import MOST_CELLS, TextPool, check_length
from efficiency.intake.formats.number_formats import format_sections

if TYPE_CHECKING:
    from efficiency.intake.formats.grid import Merge

NAMESPACE = b"urn:schemas-microsoft-com:office:spreadsheet"
MOST_BYTES = 256 << 20
_ENCODING = re.compile(rb"""encoding\s*=\s*["']([\w-]{2,40})["']""")
LONGEST_DECLARATION = 1_000
"""Bytes within which a declaration of XML ends."""
_MIDNIGHT = re.compile(r"T00:00:00(?:\.0+)?$")
_NAMED_FORMATS = {"Percent": "0.00%"}


@dataclass
class _Sheet:
    name: str
    hidden: bool = False
    numbers: array[float] = field(default_factory=lambda: array("d"))
    number_positions: array[int] = field(default_factory=lambda: array("q"))
    text_positions: array[int] = field(default_factory=lambda: array("q"))
    text_indices: array[int] = field(default_factory=lambda: array("q"))
    marked: dict[int, str] = field(default_factory=dict)
    merges: list[Merge] = field(default_factory=list)
    styled: dict[str, array[int]] = field(default_factory=dict)


def spreadsheetml_grids(data: bytes) -> list[Grid]:
    """The sheets of the workbook, hidden ones unread. Raises UnreadableError for what is damaged or too large."""
    if len(data) > MOST_BYTES:
        raise UnreadableError(f"XML 表格超过 {MOST_BYTES >> 20} MiB")
    workbook = _Workbook()
    parser = element_parser(workbook.start, workbook.end)
    parser.CharacterDataHandler = workbook.data
    try:
        parser.Parse(_as_known(data), True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise UnreadableError("文件已损坏：XML 表格内容不合规范") from error
    check_sheets([sheet.name for sheet in workbook.sheets])
    budget = Budget()
    return [workbook.grid(sheet, position, budget) for position, sheet in enumerate(workbook.sheets, start=1)]


def _as_known(data: bytes) -> bytes:
    """In UTF-8 what declares an encoding of China, of which expat knows none."""
    head, _, rest = data.partition(b"?>")
    declared = _ENCODING.search(head) if len(head) <= LONGEST_DECLARATION and b"<?xml" in head else None
    if declared is None or declared[1].lower() not in (b"gb2312", b"gbk", b"gb18030"):
        return data
    return b'<?xml version="1.0"?>' + rest.decode("gb18030").encode()


class _Workbook:
    """What the parser tells, tag by tag."""

    def __init__(self) -> None:
        self.sheets: list[_Sheet] = []
        self._pool = TextPool()
        self._formats: dict[str, str] = {}
        self._style = ""
        self._row = self._column = -1
        self._row_span = 0
        self._cell: dict[str, str] = {}
        self._kind = ""
        self._texts: list[str] | None = None
        self._has_data = False
        self._cells = 0

    def start(self, name: str, written: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        about = {key.rpartition(":")[2]: value for key, value in written.items()}
        if tag == "Style":
            self._style = about.get("ID", "")
        elif tag == "NumberFormat" and self._style:
            self._formats[self._style] = about.get("Format", "")
        elif tag == "Worksheet":
            self.sheets.append(_Sheet(about.get("Name", "")))
            self._row, self._row_span = -1, 0
        elif tag == "Row" and self.sheets:
            self._row = _index(about, self._row + 1 + self._row_span, MAX_ROWS)
            self._row_span, self._column = _number(about, "Span"), -1
        elif tag == "Cell" and self.sheets:
            self._begin_cell(about)
        elif tag == "Data" and self._cell:
            self._kind, self._texts, self._has_data = about.get("Type", "String"), [], True
        elif tag == "Visible" and self.sheets:
            self._texts = []

    def data(self, text: str) -> None:
        if self._texts is not None:
            self._texts.append(text)

    def end(self, name: str) -> None:
        tag = name.rpartition(":")[2]
        if tag == "Style":
            self._style = ""
        elif tag == "Visible" and self._texts is not None:
            self.sheets[-1].hidden = "".join(self._texts).strip() in ("SheetHidden", "SheetVeryHidden")
            self._texts = None
        elif tag == "Data" and self._cell and self._texts is not None:
            text, self._texts = "".join(self._texts), None
            self._add(text)
        elif tag == "Cell" and self._cell:
            if not self._has_data and "Formula" in self._cell:
                self.sheets[-1].marked[self._position] = self._cell["Formula"]
            self._cell = {}

    @property
    def _position(self) -> int:
        return position_of(self._row, self._column)

    def _begin_cell(self, about: dict[str, str]) -> None:
        across, down = _number(about, "MergeAcross"), _number(about, "MergeDown")
        self._column = _index(about, self._column + 1, MAX_COLUMNS)
        if across or down:
            right, bottom = min(self._column + across, MAX_COLUMNS - 1), min(self._row + down, MAX_ROWS - 1)
            self.sheets[-1].merges.append((self._row, self._column, bottom, right))
        self._cell = {"at": "", **about}
        self._has_data = False
        self._cells += 1
        if self._cells > MOST_CELLS:
            raise UnreadableError(f"XML 表格超过 {MOST_CELLS} 格；请另存为 .xlsx 后报送")

    def _add(self, text: str) -> None:
        """The value of the cell that is open, whose columns it also takes."""
        sheet, position = self.sheets[-1], self._position
        self._column += _number(self._cell, "MergeAcross")
        check_length(text)
        if self._kind == "Error":
            sheet.marked[position] = text or "#ERROR!"
        elif self._kind == "Number":
            sheet.numbers.append(float(text))
            sheet.number_positions.append(position)
            if style := self._cell.get("StyleID"):
                sheet.styled.setdefault(style, array("q")).append(position)
        elif text and not text.isspace():
            shown = {"1": "TRUE", "0": "FALSE"}.get(text, text) if self._kind == "Boolean" else text
            if self._kind == "DateTime":
                shown = _MIDNIGHT.sub("", text).replace("T", " ").removesuffix(".000")
            sheet.text_positions.append(position)
            sheet.text_indices.append(self._pool.place(shown))

    def grid(self, sheet: _Sheet, position: int, budget: Budget) -> Grid:
        """A sheet, once all have ended; refused where it is beyond the `budget` of the file."""
        if sheet.hidden:
            return Grid(sheet.name, position, hidden=True)
        formats = [
            (np.array(positions, dtype=np.int64), sections)
            for style, positions in sheet.styled.items()
            if (sections := format_sections(_NAMED_FORMATS.get(code := self._formats.get(style, ""), code)))
        ]
        cells = SheetCells(
            [(np.array(sheet.number_positions, dtype=np.int64), np.array(sheet.numbers))],
            [(np.array(sheet.text_positions, dtype=np.int64), np.array(sheet.text_indices, dtype=np.int64))],
            self._pool.series(),
            sheet.marked,
            sheet.merges,
            formats,
        )
        try:
            return grid_of_cells(cells, sheet.name, position, budget=budget)
        except UnreadableError as error:
            return Grid(sheet.name, position, refusal=str(error))


def _number(about: dict[str, str], name: str) -> int:
    """A whole number that is not negative, 0 where there is none. Raises ValueError for anything else."""
    number = int(about.get(name, "0"))
    if number < 0:
        raise ValueError(name)
    return min(number, MAX_ROWS)


def _index(about: dict[str, str], following: int, most: int) -> int:
    """The row or column of a cell from 0: as written from 1, else the `following` one."""
    index = int(about["Index"]) - 1 if "Index" in about else following
    if not 0 <= index < most:
        raise UnreadableError("使用区域过大；请删除多余的行列")
    return index
