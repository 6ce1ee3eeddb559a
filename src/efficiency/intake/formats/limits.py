"""How large a box of cells a sheet makes the reader allocate, worked out before the reader sees it.

The reader fills the rectangle from a sheet's first cell to its last, whatever lies between. Two far cells would make it
ask for billions of places, and an allocation that fails ends the process instead of the file. So nothing a sheet says
about itself (dimension, row numbers) is trusted: only the addresses of its cells count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.parsers import expat

from efficiency.cell_addresses import column_letters, column_number

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_CELLS = 40_000_000
"""Cells of a sheet's box: a million rows of forty columns."""
SPARSE_CELLS = 5_000_000
"""Cells of the box of a sheet that is nearly empty; each cell that is there allows it `CELLS_FOR_ONE` more."""
CELLS_FOR_ONE = 20
MAX_TEXTS = 512 << 20
"""Bytes of a sheet's texts, each as often as it stands in a cell: a package may hold it once for a million cells."""
MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
"""Of a sheet in Excel; the reader passes over what lies beyond."""

_ROW_NUMBER = re.compile(rb'<row (?:[^<>]*? )?r="(\d{1,9})"')
_REFERENCE = re.compile(r"([A-Za-z]{1,6})(\d{1,9})")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
_ODS_CELLS = ("table:table-cell", "table:covered-table-cell")


@dataclass
class Extent:
    """The box of the cells added to it, in absolute positions from 0, and how many they are."""

    cells: int = 0
    top: int = 0
    left: int = 0
    bottom: int = -1
    right: int = -1
    text: int = 0
    """Bytes of their texts, where the format may repeat a cell with its text."""

    def add(self, row: int, column: int, rows: int = 1, columns: int = 1) -> None:
        """Adds a cell that is repeated over `rows` and `columns`."""
        last_row, last_column = row + rows - 1, column + columns - 1
        if self.cells:
            self.top, self.left = min(self.top, row), min(self.left, column)
            self.bottom, self.right = max(self.bottom, last_row), max(self.right, last_column)
        else:
            self.top, self.left, self.bottom, self.right = row, column, last_row, last_column
        self.cells += 1

    def refusal(self) -> str | None:
        """Why the box is too large to be read, in Chinese; None where it is not."""
        rows, columns = self.bottom - self.top + 1, self.right - self.left + 1
        within = self.bottom < MAX_ROWS and self.right < MAX_COLUMNS
        if within and rows * columns <= most_cells(self.cells):
            return text_refusal(self.text)
        return (
            f"使用区域过大({self.bottom + 1} 行 × {self.right + 1} 列)，多因远处有孤立内容，"
            f"如第 {self.bottom + 1} 行或第 {self.right + 1} 列；请删除多余的行列"
        )


def most_cells(cells: int, most: int = MAX_CELLS) -> int:
    """The largest box that is read for a sheet of so many cells, in a format of which up to `most` are read."""
    return min(most, SPARSE_CELLS + CELLS_FOR_ONE * cells)


def text_refusal(size: int) -> str | None:
    """Why a sheet whose texts come to `size` bytes, each as often as it stands in a cell, is too large to be read."""
    return f"各格文字合计超过 {MAX_TEXTS >> 20} MiB，多因过长的文字反复出现；请删除" if size > MAX_TEXTS else None


def xlsx_refusal(xml: bytes) -> str | None:
    """Why the sheet of this XML is too large to be read, or cannot be measured; None where neither holds."""
    if _within_bounds(xml):
        return None
    try:
        return _xlsx_extent(xml).refusal()
    except (expat.ExpatError, LookupError, ValueError):  # LookupError: an encoding nobody knows
        return "工作表内容不合规范，无法读取；请用 Excel 打开另存后重新报送"


def _within_bounds(xml: bytes) -> bool:
    """Whether every cell is written as spreadsheets write it and lies within a box that may be read.

    Some hundred megabytes are looked through in a second; a sheet that is not seen to be harmless is measured exactly.
    """
    if xml.startswith(_UTF_16):
        return False
    start, end = xml.find(b"sheetData"), xml.rfind(b"sheetData")
    cells = xml.count(b'<c r="', start, end)
    if start < 0 or xml.count(b"<c", start, end) != cells or xml.count(b":c", start, end):
        return False
    rows = max(map(int, _ROW_NUMBER.findall(xml)), default=0)
    columns = min(most_cells(cells) // rows, MAX_COLUMNS) if rows else 0
    if not columns:
        return not cells
    inside = f"{_at_most(column_letters(columns), 'A')}{_at_most(str(rows), '0')}"
    return re.search(f'<c r="(?!{inside}")'.encode(), xml) is None


def _at_most(last: str, lowest: str) -> str:
    """Pattern of the digits or letters that count at most as much as `last`, without leading zeros or As in front."""
    one = "[0-9]" if lowest == "0" else "[A-Z]"
    shorter = [f"{one}{{1,{len(last) - 1}}}"] if len(last) > 1 else []
    smaller = [
        last[:place] + f"[{lowest}-{chr(ord(sign) - 1)}]" + one * (len(last) - place - 1)
        for place, sign in enumerate(last)
        if sign > lowest
    ]
    return f"(?:{'|'.join([*shorter, *smaller, last])})"


def _xlsx_extent(xml: bytes) -> Extent:
    """The box of the filled cells, element by element. Raises ExpatError, or ValueError for an address that is none."""
    extent = Extent()
    row = column = 0
    within = False
    filled = True

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, within, filled
        kind = name.rpartition(":")[2]
        if within and not filled:
            extent.add(row, column)
            filled = True
        if kind == "row" and "r" in attributes:
            row = int(attributes["r"]) - 1
        elif kind == "c":
            within, filled = True, False
            if "r" in attributes:
                row_of_cell, column = _position(attributes["r"])
                row = row_of_cell

    def end(name: str) -> None:
        nonlocal row, column, within, filled
        kind = name.rpartition(":")[2]
        if kind == "row":
            row, column = row + 1, 0
        elif kind == "c":
            within, filled = False, True
            column += 1

    _parser(start, end).Parse(xml, True)
    return extent


def ods_refusal(content: bytes) -> str | None:
    """Why a table of an OpenDocument content.xml is too large once its repetitions are written out; None if none is."""
    try:
        extents = _ods_extents(content)
    except (expat.ExpatError, LookupError, ValueError):  # LookupError: an encoding nobody knows
        return "文件内容不合规范，无法读取；请另存后重新报送"
    return next((refusal for extent in extents if (refusal := extent.refusal())), None)


def _ods_extents(content: bytes) -> list[Extent]:
    extents = [Extent()]
    row = column = rows = columns = begun = blanks = 0
    inside = empty = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, rows, columns, begun, blanks, inside, empty
        if name == "table:table":
            extents.append(Extent())
            row = 0
        elif name == "table:table-row":
            rows, column = int(attributes.get("table:number-rows-repeated", 1)), 0
        elif name in _ODS_CELLS:
            columns = int(attributes.get("table:number-columns-repeated", 1))
            begun = blanks = 0
            inside, empty = True, not any("value" in key or "formula" in key for key in attributes)
            if not empty:
                extents[-1].add(row, column, rows, columns)
        elif inside:
            begun = begun or parser.CurrentByteIndex
            if name == "text:s":
                blanks += int(attributes.get("text:c", 1))
            if empty:
                empty = False
                extents[-1].add(row, column, rows, columns)

    def end(name: str) -> None:
        nonlocal row, column, inside
        if name == "table:table-row":
            row += rows
        elif name in _ODS_CELLS:
            if begun:
                extents[-1].text += abs((parser.CurrentByteIndex - begun + blanks) * rows * columns)
            column += columns
            inside = False

    parser = _parser(start, end)
    parser.Parse(content, True)
    return extents


def _parser(start: Callable[[str, dict[str, str]], None], end: Callable[[str], None]) -> expat.XMLParserType:
    """Calls `start` and `end` for each element. Entities beyond the five are refused as malformed."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.EntityDeclHandler = _refuse_entities
    return parser


def _refuse_entities(*_: object) -> None:
    raise ValueError("entity declared")


def _position(reference: str) -> tuple[int, int]:
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ValueError(reference)
    return int(match[2]) - 1, column_number(match[1].upper()) - 1
