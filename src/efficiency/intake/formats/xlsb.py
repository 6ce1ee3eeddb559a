"""What the cell reader does not tell about .xlsb workbooks: error cells, merged cells, formulas perhaps uncalculated.

Source of the record layouts: [MS-XLSB] 2.5 (BrtRowHdr, BrtCellError, BrtFmlaNum, BrtFmlaString, BrtFmlaError,
BrtMergeCell, BrtBundleSh).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efficiency.intake.formats.limits import Extent

if TYPE_CHECKING:
    from collections.abc import Iterator

Errors = dict[tuple[int, int], str]
"""(row, column) from 0 → what the cell shows."""

NAMES = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
"""Error codes of Excel's binary formats."""

_ROW, _CELL_ERROR, _FORMULA_TEXT, _FORMULA_NUMBER, _FORMULA_ERROR, _SHEET, _MERGE = 0, 3, 8, 9, 11, 156, 176
_FILLED = range(2, 12)
"""Records of cells with a value: numbers, texts, errors and the results of formulas."""


@dataclass(frozen=True)
class BinarySheet:
    """What was found in one sheet, by absolute position from 0."""

    extent: Extent
    """The box of the filled cells."""
    errors: Errors
    merges: list[tuple[int, int, int, int]]
    """First row, first column, last row, last column."""
    idle: int
    """Formulas whose result is stored as zero or as no text."""


def xlsb_sheets(workbook: bytes) -> list[tuple[str, str]]:
    """(relation, name) of each sheet of xl/workbook.bin."""
    sheets: list[tuple[str, str]] = []
    for kind, body in _records(workbook):
        if kind == _SHEET:
            relation, end = _wide_text(body, 8)
            name, _ = _wide_text(body, end)
            sheets.append((relation, name))
    return sheets


def xlsb_sheet(sheet: bytes) -> BinarySheet:
    """What one xl/worksheets/sheetN.bin holds.

    Raises struct.error for a record that is too short: the reader would take what is missing from the one before.
    """
    extent, errors, merges = Extent(), dict[tuple[int, int], str](), list[tuple[int, int, int, int]]()
    row = idle = 0
    for kind, body in _records(sheet):
        if kind == _ROW:
            (row,) = struct.unpack_from("<I", body)
        elif kind in _FILLED:
            column, _ = struct.unpack_from("<II", body)
            extent.add(row, column)
            if kind in (_CELL_ERROR, _FORMULA_ERROR) and len(body) >= 9:
                errors[row, column] = NAMES.get(body[8], "#ERROR!")
            # Zero, and a text of no length, are what programs write for a formula nobody has calculated yet.
            idle += (kind == _FORMULA_NUMBER and body[8:16] == bytes(8)) or (
                kind == _FORMULA_TEXT and body[8:12] == bytes(4)
            )
        elif kind == _MERGE:
            first, last, left, right = struct.unpack_from("<IIII", body)
            merges.append((first, left, last, right))
    return BinarySheet(extent, errors, merges, idle)


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
