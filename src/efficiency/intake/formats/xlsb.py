""".xlsb workbooks: read by calamine, with the metadata that it drops from the records of each sheet.

Metadata are error cells, merged ranges, and formulas that may not have been calculated. Source of the record layouts:
[MS-XLSB] 2.5 (BrtRowHdr, BrtCellError, BrtFmlaNum, BrtFmlaString, BrtFmlaError, BrtMergeCell, BrtBundleSh).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from efficiency.intake.formats.calamine import SheetMetadata, calamine_grids
from efficiency.intake.formats.grid import Merge, position_of
from efficiency.intake.formats.limits import MAX_EXPANDED, Extent, UnreadableError, check_sheets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efficiency.intake.formats.archive import Archive
    from efficiency.intake.formats.grid import Grid

ERROR_NAMES = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
"""Error codes of Excel's binary formats."""

_ROW, _CELL_ERROR, _FORMULA_TEXT, _FORMULA_NUMBER, _FORMULA_ERROR, _SHEET, _MERGE = 0, 3, 8, 9, 11, 156, 176
_FILLED = range(2, 12)
"""Records of cells with a value: numbers, texts, errors and the results of formulas."""


def xlsb_grids(archive: Archive) -> list[Grid]:
    """The worksheets of an .xlsb file. Raises UnreadableError for sheets without a part, too many or too large."""
    sheets = xlsb_sheets(archive.read("xl/workbook.bin"))
    check_sheets([name for _, name in sheets])
    targets = archive.targets("xl/_rels/workbook.bin.rels")
    parts = {name: targets.get(relation, {}).get("Target", "") for relation, name in sheets}
    if not all(part in archive for part in parts.values()):  # calamine would panic
        raise UnreadableError("文件已损坏：工作表没有内容")
    if sum(archive.size(part) for part in parts.values()) > MAX_EXPANDED:
        raise UnreadableError("解压后超过 512 MiB")
    return calamine_grids(archive.data, {name: xlsb_metadata(archive.read(part)) for name, part in parts.items()})


def xlsb_sheets(workbook: bytes) -> list[tuple[str, str]]:
    """(relation, name) of each sheet of xl/workbook.bin."""
    sheets: list[tuple[str, str]] = []
    for kind, body in _records(workbook):
        if kind == _SHEET:
            relation, end = _wide_text(body, 8)
            name, _ = _wide_text(body, end)
            sheets.append((relation, name))
    return sheets


def xlsb_metadata(sheet: bytes) -> SheetMetadata:
    """The metadata of one xl/worksheets/sheetN.bin, with a refusal where its cells are spread too far.

    Raises struct.error for a record that is too short: calamine would take what is missing from the one before.
    """
    extent, errors, merges = Extent(), dict[int, str](), list[Merge]()
    row = doubtful = 0
    for kind, body in _records(sheet):
        if kind == _ROW:
            (row,) = struct.unpack_from("<I", body)
        elif kind in _FILLED:
            column, _ = struct.unpack_from("<II", body)
            extent.add(row, column)
            if kind in (_CELL_ERROR, _FORMULA_ERROR) and len(body) >= 9:
                errors[position_of(row, column)] = ERROR_NAMES.get(body[8], "#ERROR!")
            # Zero, and a text of no length, are what programs write for a formula nobody has calculated yet.
            doubtful += (kind == _FORMULA_NUMBER and body[8:16] == bytes(8)) or (
                kind == _FORMULA_TEXT and body[8:12] == bytes(4)
            )
        elif kind == _MERGE:
            first, last, left, right = struct.unpack_from("<IIII", body)
            merges.append((first, left, last, right))
    try:
        extent.check()
    except UnreadableError as error:
        return SheetMetadata(refusal=str(error))
    return SheetMetadata(marked=errors, merges=merges, doubtful_formulas=doubtful)


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each record: the kind in one or two bytes, the length in up to four, seven bits each."""
    offset = 0
    while offset < len(data):
        kind, offset = _varint(data, offset, 2)
        size, offset = _varint(data, offset, 4)
        yield kind, data[offset : offset + size]
        offset += size


def _varint(data: bytes, offset: int, most: int) -> tuple[int, int]:
    """A whole number of at most `most` bytes at `offset`, and the offset after it."""
    value = 0
    for step in range(most):
        if offset >= len(data):
            break
        byte = data[offset]
        offset += 1
        value |= (byte & 0x7F) << (7 * step)
        if not byte & 0x80:
            break
    return value, offset


def _wide_text(body: bytes, start: int) -> tuple[str, int]:
    """A length-prefixed UTF-16 text and the offset after it."""
    (length,) = struct.unpack_from("<I", body, start)
    end = start + 4 + 2 * length
    return body[start + 4 : end].decode("utf-16-le"), end
