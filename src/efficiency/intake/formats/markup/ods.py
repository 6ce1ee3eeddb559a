""".ods workbooks: read by calamine, with the metadata that it drops from content.xml.

Metadata are error cells, formulas without a cached value, and merged ranges. A cell, a row or a run of blanks may be
repeated any number of times, so the size is worked out first. Source of the layout: OpenDocument 1.3 part 3
(table:number-rows-repeated, table:number-rows-spanned, table:formula).
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from xml.parsers import expat

from efficiency.intake.formats.calamine import SheetMetadata, calamine_grids
from efficiency.intake.formats.grid import position_of
from efficiency.intake.formats.limits import Extent, UnreadableError, element_parser

if TYPE_CHECKING:
    from efficiency.intake.formats.archive import Archive
    from efficiency.intake.formats.grid import Grid

_CELLS = ("table:table-cell", "table:covered-table-cell")
_TOKEN = re.compile(
    rb"<table:table\s[^<>]*>|<table:table-row\b[^<>]*>|</table:table-row>"
    rb"|<table:(?:covered-)?table-cell\b[^<>]*/>|<table:(?:covered-)?table-cell\b[^<>]*>"
)
_ERROR = b'value-type="error"'
_SPANNED = b"-spanned="
_FORMULA = re.compile(rb"""table:formula=(?:"([^"]*)"|'([^']*)')""")
_REPEATED = re.compile(rb'number-(?:rows|columns)-repeated="(\d+)"')
_ROWS_SPANNED = re.compile(rb'number-rows-spanned="(\d+)"')
_COLUMNS_SPANNED = re.compile(rb'number-columns-spanned="(\d+)"')
_TEXT = re.compile(rb"\s*<text:p[^<>]*>([^<]*)")


def ods_grids(archive: Archive) -> list[Grid]:
    """The worksheets of an .ods file. Raises UnreadableError where a table is too large once it is written out."""
    content = archive.read("content.xml")
    try:
        for extent in _extents(content):
            extent.check()
    except (expat.ExpatError, LookupError, ValueError) as error:  # LookupError: an encoding nobody knows
        raise UnreadableError("文件内容不合规范，无法读取；请另存后重新报送") from error
    return calamine_grids(archive.data, ods_metadata(content), unnamed=SheetMetadata())


def _extents(content: bytes) -> list[Extent]:
    """The rectangle of each table, with what it repeats. Raises ExpatError, or ValueError for an entity or number."""
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
        elif name in _CELLS:
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
        elif name in _CELLS:
            if begun:
                extents[-1].text += abs((parser.CurrentByteIndex - begun + blanks) * rows * columns)
            column += columns
            inside = False

    parser = element_parser(start, end)
    parser.Parse(content, True)
    return extents


def ods_metadata(content: bytes) -> dict[str, SheetMetadata]:
    """Table name → metadata, of an OpenDocument spreadsheet's content.xml."""
    found: dict[str, SheetMetadata] = {}
    if not any(sign in content for sign in (_ERROR, _SPANNED, b"table:formula")):
        return found
    table = SheetMetadata()
    row = column = 0
    rows = 1
    for match in _TOKEN.finditer(content):
        token = match[0]
        if token.startswith(b"<table:table "):
            name = re.search(rb'table:name="([^"]*)"', token)
            table = found.setdefault(_text(name[1]) if name else "", SheetMetadata())
            row = 0
        elif token.startswith(b"<table:table-row"):
            column, rows = 0, _times(_REPEATED, token)
            if token.endswith(b"/>"):
                row += rows
        elif token.startswith(b"</table:table-row"):
            row += rows
        else:
            if mark := _mark(token, content, match.end()):
                table.marked[position_of(row, column)] = mark
            down, right = _times(_ROWS_SPANNED, token), _times(_COLUMNS_SPANNED, token)
            if down > 1 or right > 1:
                table.merges.append((row, column, row + down - 1, column + right - 1))
            column += _times(_REPEATED, token)
    return found


def _mark(token: bytes, content: bytes, end: int) -> str | None:
    """What an error cell shows, or `=…` for a formula without a cached value; None for any other cell.

    `token` is the tag of the cell, `end` the offset in `content` after it.
    """
    shown = _TEXT.match(content, end)
    if _ERROR in token:
        return _text(shown[1]) if shown else "#ERROR!"
    # A text formula that honestly yields nothing shows an empty paragraph.
    calculated = b"value" in token or (shown is not None and not token.endswith(b"/>"))
    formula = None if calculated else _FORMULA.search(token)
    return "=" + _text(formula[1] or formula[2] or b"").partition("=")[2] if formula else None


def _text(xml: bytes) -> str:
    return html.unescape(xml.decode("utf-8", "replace"))


def _times(pattern: re.Pattern[bytes], tag: bytes) -> int:
    match = pattern.search(tag)
    return int(match[1]) if match else 1
