"""Error cells of the workbooks whose reader returns them as blanks: .ods (OpenDocument XML), .xlsb (records).

Sources of the record layouts: [MS-XLSB] 2.5 (BrtRowHdr, BrtCellError, BrtFmlaError, BrtBundleSh), OpenDocument 1.3
part 3 (table:number-rows-repeated, table:number-columns-repeated).
"""

from __future__ import annotations

import html
import re
import struct
from typing import TYPE_CHECKING

from efficiency.intake.extents import Extent

if TYPE_CHECKING:
    from collections.abc import Iterator

Errors = dict[tuple[int, int], str]
"""(row, column) from 0 → what the cell shows."""

NAMES = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
"""Error codes of Excel's binary formats."""

_ODS_TOKEN = re.compile(
    rb"<table:table\s[^<>]*>|<table:table-row\b[^<>]*>|</table:table-row>"
    rb"|<table:(?:covered-)?table-cell\b[^<>]*/>|<table:(?:covered-)?table-cell\b[^<>]*>"
)
_ODS_ERROR = b'value-type="error"'
_REPEATED = re.compile(rb'number-(?:rows|columns)-repeated="(\d+)"')
_TEXT = re.compile(rb"\s*<text:p[^<>]*>([^<]*)")
_ROW, _CELL_ERROR, _FORMULA_ERROR, _SHEET = 0, 3, 11, 156
_FILLED = range(2, 12)
"""Records of cells with a value: numbers, texts, errors and the results of formulas."""


def ods_errors(content: bytes) -> dict[str, Errors]:
    """Sheet name → error cells of an OpenDocument spreadsheet's content.xml."""
    found: dict[str, Errors] = {}
    if _ODS_ERROR not in content:
        return found
    errors: Errors = {}
    row = column = 0
    rows = 1
    for match in _ODS_TOKEN.finditer(content):
        token = match[0]
        if token.startswith(b"<table:table "):
            name = re.search(rb'table:name="([^"]*)"', token)
            errors = found.setdefault(html.unescape(name[1].decode("utf-8", "replace")) if name else "", {})
            row = 0
        elif token.startswith(b"<table:table-row"):
            column, rows = 0, _times(token)
            if token.endswith(b"/>"):
                row += rows
        elif token.startswith(b"</table:table-row"):
            row += rows
        else:
            if _ODS_ERROR in token:
                shown = _TEXT.match(content, match.end())
                errors[row, column] = html.unescape(shown[1].decode("utf-8", "replace")) if shown else "#ERROR!"
            column += _times(token)
    return found


def xlsb_sheets(workbook: bytes) -> list[tuple[str, str]]:
    """(relation, name) of each sheet of xl/workbook.bin."""
    sheets: list[tuple[str, str]] = []
    for kind, body in _records(workbook):
        if kind == _SHEET:
            relation, end = _wide_text(body, 8)
            name, _ = _wide_text(body, end)
            sheets.append((relation, name))
    return sheets


def xlsb_errors(sheet: bytes) -> Errors:
    """Error cells of one xl/worksheets/sheetN.bin."""
    errors: Errors = {}
    row = 0
    for kind, body in _records(sheet):
        if kind == _ROW and len(body) >= 4:
            (row,) = struct.unpack_from("<I", body)
        elif kind in (_CELL_ERROR, _FORMULA_ERROR) and len(body) >= 9:
            (column,) = struct.unpack_from("<I", body)
            errors[row, column] = NAMES.get(body[8], "#ERROR!")
    return errors


def xlsb_extent(sheet: bytes) -> Extent:
    """The box of the filled cells of one xl/worksheets/sheetN.bin.

    Raises struct.error for a record that is too short: the reader would take what is missing from the one before.
    """
    extent = Extent()
    row = 0
    for kind, body in _records(sheet):
        if kind == _ROW:
            (row,) = struct.unpack_from("<I", body)
        elif kind in _FILLED:
            column, _ = struct.unpack_from("<II", body)
            extent.add(row, column)
    return extent


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each record: the kind in one or two bytes, the length in up to four, seven bits each."""
    place = 0
    while place < len(data):
        kind, place = _varint(data, place, 2)
        size, place = _varint(data, place, 4)
        yield kind, data[place : place + size]
        place += size


def _varint(data: bytes, place: int, most: int) -> tuple[int, int]:
    value = 0
    for step in range(most):
        if place >= len(data):
            break
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << (7 * step)
        if not byte & 0x80:
            break
    return value, place


def _wide_text(body: bytes, start: int) -> tuple[str, int]:
    """A length-prefixed UTF-16 text and the place after it."""
    (length,) = struct.unpack_from("<I", body, start)
    end = start + 4 + 2 * length
    return body[start + 4 : end].decode("utf-16-le"), end


def _times(tag: bytes) -> int:
    match = _REPEATED.search(tag)
    return int(match[1]) if match else 1
