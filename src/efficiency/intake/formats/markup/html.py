"""Pages with tables, as systems export them under the name of a workbook (.xls), and pages saved as .mht.

The page becomes one sheet as Excel shows it: its tables one below another, in column A also the text between them. A
table within a cell of another becomes a table of its own, below what stands before it. Cells are texts; what spans
several columns or rows stands in the first, as a merged range. Hidden rows count, scripts and styles do not.

The tree of a page of a million cells would take gigabytes: lxml calls a target for each tag instead.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from efficiency.intake.formats.grid import Grid, SheetCells, grid_of_cells, position_of
from efficiency.intake.formats.limits import MAX_COLUMNS, MAX_ROWS, UnreadableError
from efficiency.intake.formats.markup.text_pool import MOST_CELLS, TextPool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efficiency.intake.formats.grid import Merge

MOST_BYTES = 128 << 20
DEPTH = 20
"""Tables within tables."""
_CHUNK = 1 << 16
_CHARSET = re.compile(rb"""charset\s*=\s*["']?([\w-]{2,20})""", re.IGNORECASE)
_SHEET_NAME = re.compile(r"<x:Name>([^<>]{1,80})</x:Name>", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n\f\xa0]+")
_BREAK = "\v"
"""In a cell's text, where a tag begins a new line."""
_SKIPPED = frozenset(("head", "script", "style", "xml", "title", "noscript", "select", "textarea"))
_BREAKS = frozenset(("br", "p", "div", "li", "h1", "h2", "h3", "h4", "h5", "h6", "caption", "center", "tr", "table"))
_DRESS = re.compile(r"[\s,，¥￥$€£()（）]+")
"""What a format writes around a figure."""
_PLAIN = re.compile(r"[-+]?\d{1,30}(?:\.\d{0,30})?")
_STORED = re.compile(r"[-+]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[Ee][-+]?\d{1,3})?")
_ZERO = re.compile(r"[-+]?0*(?:\.0*)?")
MOST_POWER = 9
"""Of ten, by which a format scales figures down."""
_GB = ("gb2312", "gbk", "gb18030", "x-gbk")


def html_grid(data: bytes) -> Grid:
    """The sheet of a page. Raises UnreadableError for one that is too large, or has no table."""
    from lxml import etree

    if len(data) > MOST_BYTES:
        raise UnreadableError(f"网页格式的表格超过 {MOST_BYTES >> 20} MiB")
    text = _decoded(data)
    page = _Page()
    parser = etree.HTMLParser(target=page, encoding="utf-8", huge_tree=True)
    for start in range(0, len(text), _CHUNK):
        parser.feed(text[start : start + _CHUNK].encode("utf-8", "replace"))
    try:
        parser.close()
    except etree.ParserError as error:  # nothing but blanks
        raise UnreadableError("网页里没有表格") from error
    if not page.tables:
        raise UnreadableError("文件实际是网页(HTML)，其中没有表格")
    names = _SHEET_NAME.findall(text)
    # Texts as in a CSV file: nothing tells a number from a text that looks like one.
    return replace(page.grid(names[0].strip() if len(names) == 1 else ""), typed=False)


def mht_grid(data: bytes) -> Grid:
    """The sheet of the pages in a file that a browser or Excel saved as .mht. Raises UnreadableError as `html_grid`."""
    import email

    if len(data) > MOST_BYTES:
        raise UnreadableError(f"网页格式的表格超过 {MOST_BYTES >> 20} MiB")
    pages = []
    for part in email.message_from_bytes(data).walk():
        content = part.get_payload(decode=True) if part.get_content_type() == "text/html" else None
        if isinstance(content, bytes) and b"<table" in content.lower():
            charset = part.get_content_charset() or ""
            pages.append(_decoded(content, charset).encode())
    if not pages:
        raise UnreadableError("文件实际是单个文件网页(.mht)，其中没有表格")
    return html_grid(b"\xef\xbb\xbf" + b"\n".join(pages))


def _decoded(data: bytes, charset: str = "") -> str:
    """The text of a page, by its mark, UTF-8 where it is that, else by what it declares."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        declared = _CHARSET.search(data[:4096])
        named = (charset or (declared[1].decode() if declared else "")).lower()
        codec = "gb18030" if named in ("", "utf-8", *_GB) else named
        try:
            return data.decode(codec, "replace")
        except LookupError:
            return data.decode("gb18030", "replace")


@dataclass
class _Table:
    """A table while its tags come in."""

    rows: list[list[tuple[int, str]]] = field(default_factory=list)
    """Of each row the cells that are not blank, with their columns."""
    merges: list[Merge] = field(default_factory=list)
    held: dict[int, int] = field(default_factory=dict)
    """Column → the first row that no cell from above takes any more."""
    column: int = 0
    cell: list[str] | None = None
    """The texts of the cell that is open."""
    value: str | None = None
    """What the cell says that its value is, apart from what it shows."""
    span: tuple[int, int] = (1, 1)


class _Page:
    """What lxml tells of a page, tag by tag."""

    def __init__(self) -> None:
        self.tables = 0
        self._open: list[_Table] = []
        self._between: list[str] = []
        self._skipped = 0
        self._row = 0
        self._cells = 0
        self._positions, self._indices = array("q"), array("q")
        self._texts = TextPool()
        self._merges: list[Merge] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """A tag opens."""
        if self._skipped or tag in _SKIPPED:
            self._skipped += tag in _SKIPPED
            return
        if tag in _BREAKS:
            self.data(_BREAK)
        if tag == "table":
            self._begin_table()
        elif tag == "tr" and self._open:
            self._end_cell()
            self._begin_row(self._open[-1])
        elif tag in ("td", "th") and self._open:
            self._begin_cell(self._open[-1], attributes)

    def end(self, tag: str) -> None:
        """A tag closes."""
        if self._skipped:
            self._skipped -= tag in _SKIPPED
        elif tag == "table" and self._open:
            self._end_cell()
            self._end_table(self._open.pop())
        elif tag in ("td", "th", "tr"):
            self._end_cell()
        elif tag in _BREAKS:
            self.data(_BREAK)

    def data(self, text: str) -> None:
        """Text between tags."""
        if self._skipped:
            return
        if not self._open:
            self._between.append(text)
        elif (cell := self._open[-1].cell) is not None:
            cell.append(text)

    def comment(self, text: str) -> None:
        """Comments say nothing."""

    def close(self) -> None:
        """The page ends."""
        while self._open:
            self._end_cell()
            self._end_table(self._open.pop())
        self._end_between()

    def _begin_table(self) -> None:
        if len(self._open) >= DEPTH:
            raise UnreadableError(f"网页的表格套了 {DEPTH} 层以上，无法读取")
        if self._open:  # what the outer table has so far stands above
            outer = self._open[-1]
            self._end_cell()
            self._add(outer)
            outer.rows, outer.merges, outer.held = [], [], {}
        else:
            self._end_between()
        self.tables += 1
        self._open.append(_Table())

    def _begin_row(self, table: _Table) -> None:
        table.rows.append([])
        table.column = 0
        if self._row + len(table.rows) > MAX_ROWS:
            raise UnreadableError(f"网页的表格超过 {MAX_ROWS} 行")

    def _begin_cell(self, table: _Table, attributes: Mapping[str, str]) -> None:
        self._end_cell()
        if not table.rows:
            self._begin_row(table)
        row = len(table.rows) - 1
        while table.held.get(table.column, 0) > row:
            table.column += 1
        table.cell, table.value = [], attributes.get("x:num") or None
        table.span = _span(attributes.get("rowspan")), min(_span(attributes.get("colspan")), 1000)
        self._cells += 1
        if self._cells > MOST_CELLS:
            raise UnreadableError(f"网页的表格超过 {MOST_CELLS} 格；请另存为 .xlsx 后报送")

    def _end_cell(self) -> None:
        table = self._open[-1] if self._open else None
        if table is None or table.cell is None:
            return
        text = _shown("".join(table.cell))
        if table.value is not None:
            text = _figure(table.value, text)
        row, column = len(table.rows) - 1, table.column
        down, right = table.span
        if text:
            table.rows[-1].append((column, text))
        if column + right > MAX_COLUMNS:
            raise UnreadableError(f"网页的表格超过 {MAX_COLUMNS} 列")
        if down > 1:
            self._cells += right
            table.held.update(dict.fromkeys(range(column, column + right), row + down))
        if down > 1 or right > 1:
            table.merges.append((row, column, row + down - 1, column + right - 1))
        table.column += right
        table.cell = None

    def _end_table(self, table: _Table) -> None:
        self._add(table)
        if not self._open:
            self._row += 1  # a blank row below each table

    def _end_between(self) -> None:
        """The lines of text between tables, each as a row."""
        text = "".join(self._between)
        self._between = []
        for line in text.split(_BREAK):
            if shown := _shown(line):
                self._put(self._row, 0, shown)
                self._row += 1

    def _add(self, table: _Table) -> None:
        for number, cells in enumerate(table.rows):
            for column, text in cells:
                self._put(self._row + number, column, text)
        last = self._row + len(table.rows) - 1
        self._merges += [
            (self._row + top, left, min(self._row + bottom, last), right) for top, left, bottom, right in table.merges
        ]
        self._row += len(table.rows)

    def _put(self, row: int, column: int, text: str) -> None:
        self._indices.append(self._texts.place(text))
        self._positions.append(position_of(row, column))

    def grid(self, sheet: str) -> Grid:
        """The sheet, once the page has ended."""
        positions, indices = np.array(self._positions, dtype=np.int64), np.array(self._indices, dtype=np.int64)
        cells = SheetCells(texts=[(positions, indices)], pool=self._texts.series(), merges=self._merges)
        return grid_of_cells(cells, sheet, 1)


def _figure(stored: str, shown: str) -> str:
    """The figure that a cell shows, at the precision of the `stored` one: 123.4567 for 1234567 shown as 123.5.

    Where the two do not tell the same digits (a date, a per cent), what is shown.
    """
    plain = _DRESS.sub("", shown)
    if not plain or plain == stored or (plain == "-" and _ZERO.fullmatch(stored)):
        return stored
    if not _PLAIN.fullmatch(plain) or not _STORED.fullmatch(stored):
        return shown
    figure, seen = Decimal(stored), abs(Decimal(plain))
    half = Decimal(1).scaleb(-len(plain.partition(".")[2])) / 2
    for power in range(MOST_POWER + 1):
        scaled = figure.scaleb(-power)
        if abs(abs(scaled) - seen) <= half:
            return stored if power == 0 else f"{scaled:f}"
    return shown


def _span(written: str | None) -> int:
    return max(1, min(int(written), 65_534)) if written and written.isdecimal() and len(written) < 9 else 1


def _shown(text: str) -> str:
    """A cell's text as a browser shows it: blanks as one, line breaks where tags make them."""
    if _BREAK not in text:
        return _SPACE.sub(" ", text).strip()
    return "\n".join(line for part in text.split(_BREAK) if (line := _SPACE.sub(" ", part).strip()))
