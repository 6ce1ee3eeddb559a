""".xlsb workbooks: read by calamine, with the metadata that it drops from the records of each sheet.

Metadata are error cells, merged ranges, number formats, and formulas that may not have been calculated. Source of the
record layouts: [MS-XLSB] 2.5 (BrtRowHdr, BrtCellError, BrtFmlaNum, BrtFmlaString, BrtFmlaError, BrtMergeCell,
BrtBundleSh, BrtFmt, BrtXF).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from efficiency.intake.formats.binary.errors import ERROR_NAMES, KNOWN_ERRORS, NOT_AVAILABLE
from efficiency.intake.formats.calamine import SheetMetadata, calamine_grids
from efficiency.intake.formats.grid import Grid, Merge, position_of
from efficiency.intake.formats.limits import MAX_EXPANDED, Extent, UnreadableError, check_sheets, native_budget
from efficiency.intake.formats.number_formats import FormatSections, styles_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from efficiency.intake.formats.archive import Archive

_ROW, _CELL_ERROR, _FORMULA_TEXT, _FORMULA_NUMBER, _FORMULA_ERROR, _SHEET, _MERGE = 0, 3, 8, 9, 11, 156, 176
_FORMAT, _STYLE, _CELL_STYLES, _CELL_STYLES_END = 44, 47, 617, 618
_ASIDE = {"chartsheet": "图表", "dialogsheet": "对话框", "acrosheet": "宏"}
"""What the types of relations of sheets without cells of ours contain, and the word for such a sheet."""
_FILLED = range(2, 12)
"""Records of cells with a value: numbers, texts, errors and the results of formulas."""


def xlsb_grids(archive: Archive, part: str = "xl/workbook.bin") -> list[Grid]:
    """The sheets of an .xlsb file whose workbook is `part`.

    Raises UnreadableError for sheets without a part, too many or too large.
    """
    sheets = xlsb_sheets(archive.read(part))
    check_sheets([name for _, name in sheets])
    relations = archive.relations(part)
    every = [(name, relations.get(relation, {})) for relation, name in sheets]
    parts = {name: about.get("Target", "") for name, about in every}
    if not all(target in archive for target in parts.values()):  # calamine would panic
        raise UnreadableError("文件已损坏：工作表没有内容")
    if sum(archive.size(target) for target in parts.values()) > MAX_EXPANDED:
        raise UnreadableError("解压后超过 512 MiB")
    styles = next((about["Target"] for about in relations.values() if about.get("Type", "").endswith("/styles")), "")
    shown = xlsb_styles(archive.find(styles) or b"")
    aside = {name: word for name, about in every for sign, word in _ASIDE.items() if sign in about.get("Type", "")}
    metadata: dict[str, SheetMetadata] = {}
    changed: dict[str, bytes] = {}
    read: dict[str, tuple[SheetMetadata, Extent]] = {}
    budget = native_budget()
    for name, target in parts.items():
        if name in aside:
            continue
        if target not in read:
            content = archive.read(target)
            read[target] = xlsb_metadata(content, shown)
            if (mended := _without_odd_errors(content)) != content:
                changed[target] = mended
        metadata[name], extent = read[target]
        try:
            budget.take(extent)
        except UnreadableError as error:
            metadata[name] = SheetMetadata(refusal=str(error))
    odd = changed or any("\\" in name or name.startswith("/") for name in archive.written)
    grids = calamine_grids(archive.repacked(changed) if odd else archive.data, metadata)
    names = [name for _, name in sheets]
    others = [Grid(name, names.index(name) + 1, aside=word) for name, word in aside.items()]
    return sorted([*grids, *others], key=lambda grid: grid.position)


def xlsb_sheets(workbook: bytes) -> list[tuple[str, str]]:
    """(relation, name) of each sheet of xl/workbook.bin."""
    sheets: list[tuple[str, str]] = []
    for kind, body in _records(workbook):
        if kind == _SHEET:
            relation, end = _wide_text(body, 8)
            name, _ = _wide_text(body, end)
            sheets.append((relation, name))
    return sheets


def xlsb_styles(styles: bytes) -> list[FormatSections | None]:
    """Per cell style of xl/styles.bin, what it shows of a number where it is something else than the stored figure."""
    codes: dict[int, str] = {}
    identifiers: list[int] = []
    in_cells = False
    for kind, body in _records(styles):
        if kind == _FORMAT and len(body) >= 6:
            (identifier,) = struct.unpack_from("<H", body)
            codes[identifier] = _wide_text(body, 2)[0]
        elif kind in (_CELL_STYLES, _CELL_STYLES_END):
            in_cells = kind == _CELL_STYLES
        elif kind == _STYLE and in_cells and len(body) >= 4:
            identifiers.append(struct.unpack_from("<H", body, 2)[0])
    return styles_of(codes, identifiers)


def _without_odd_errors(sheet: bytes) -> bytes:
    """The sheet with error values that calamine knows: it refuses the workbook for any other. All are marked anyway."""
    odd = [
        end - len(body) + 8
        for kind, body, end in _located_records(sheet)
        if kind in (_CELL_ERROR, _FORMULA_ERROR) and len(body) >= 9 and body[8] not in KNOWN_ERRORS
    ]
    mended = bytearray(sheet)
    for offset in odd:
        mended[offset] = NOT_AVAILABLE
    return bytes(mended) if odd else sheet


def xlsb_metadata(sheet: bytes, shown: Sequence[FormatSections | None] = ()) -> tuple[SheetMetadata, Extent]:
    """The metadata of one xl/worksheets/sheetN.bin, and its cells. `shown` is what its styles show.

    Raises struct.error for a record that is too short: calamine would take what is missing from the one before.
    """
    extent, errors, merges = Extent(), dict[int, str](), list[Merge]()
    styled: dict[int, list[int]] = {}
    special = {style for style, sections in enumerate(shown) if sections is not None}
    row = doubtful = 0
    for kind, body in _records(sheet):
        if kind == _ROW:
            (row,) = struct.unpack_from("<I", body)
        elif kind in _FILLED:
            column, style = struct.unpack_from("<II", body)
            extent.add(row, column)
            if special and style & 0xFFFFFF in special:
                styled.setdefault(style & 0xFFFFFF, []).append(position_of(row, column))
            if kind in (_CELL_ERROR, _FORMULA_ERROR) and len(body) >= 9:
                errors[position_of(row, column)] = ERROR_NAMES.get(body[8], "#ERROR!")
            # Zero, and a text of no length, are what programs write for a formula nobody has calculated yet.
            doubtful += (kind == _FORMULA_NUMBER and body[8:16] == bytes(8)) or (
                kind == _FORMULA_TEXT and body[8:12] == bytes(4)
            )
        elif kind == _MERGE:
            first, last, left, right = struct.unpack_from("<IIII", body)
            merges.append((first, left, last, right))
    formats = [(np.array(at, dtype=np.int64), sections) for style, at in styled.items() if (sections := shown[style])]
    return SheetMetadata(marked=errors, merges=merges, doubtful_formulas=doubtful, formats=formats), extent


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each record."""
    for kind, body, _ in _located_records(data):
        yield kind, body


def _located_records(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Kind and body of each record, and where it ends: the kind in one or two bytes, the length in up to four, seven
    bits each.
    """
    offset = 0
    while offset < len(data):
        kind, offset = _varint(data, offset, 2)
        size, offset = _varint(data, offset, 4)
        body = data[offset : offset + size]
        yield kind, body, offset + len(body)
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
