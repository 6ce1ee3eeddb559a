""".xls workbooks, and WPS .et: read by calamine, with the metadata that it drops from a walk over their records.

Metadata are error cells, which calamine gives as blanks, formulas that may not have been calculated, and number
formats. What calamine refuses or misreads without need is mended in the stream before: names of streams in capitals,
the code page that texts are in, error values that Excel 97 did not have. Sources of the layouts: [MS-XLS] (BoundSheet8,
CodePage, FilePass, Format, XF, Formula, BoolErr, Dimensions, SST), for Excel 5 and 95 OpenOffice's description.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from efficiency.intake.formats.binary.compound import CompoundFile, workbook_container
from efficiency.intake.formats.binary.errors import ERROR_NAMES, KNOWN_ERRORS, NOT_AVAILABLE
from efficiency.intake.formats.calamine import SheetMetadata, calamine_grids
from efficiency.intake.formats.grid import Grid, position_of
from efficiency.intake.formats.limits import MAX_NATIVE_CELLS, MAX_SHEETS, Extent, UnreadableError, native_budget
from efficiency.intake.formats.number_formats import FormatSections, styles_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_STREAM_NAMES = ("Workbook", "Book")
_BOF, _BOUND_SHEET, _FORMULA, _BOOL_ERROR, _END = 0x0809, 0x0085, 0x0006, 0x0205, 0x000A
_DIMENSIONS, _TEXTS, _CODE_PAGE, _PASSWORD, _FORMAT, _STYLE = 0x0200, 0x00FC, 0x0042, 0x002F, 0x041E, 0x00E0
_LABEL, _RICH_LABEL = 0x0204, 0x00D6
_NUMBER, _SHORT_NUMBER = 0x0203, 0x027E
_FILLED = frozenset((_FORMULA, _NUMBER, _LABEL, _BOOL_ERROR, _SHORT_NUMBER, 0x00FD, _RICH_LABEL))
_STYLED = frozenset((_FORMULA, _NUMBER, _SHORT_NUMBER))
_NO_TEXT = b"\x03\0\0\0\0\0\xff\xff"
"""The result of a formula that yields the empty text."""
_MANY = 0x00BD
"""MulRk: numbers side by side, the last column at its end."""
_EXCEL_5 = 0x0500
"""The version of Excel 5 and 95, whose texts are in a code page; later ones write UTF-16."""
_UTF_16, _GBK, _WINDOWS = 1200, 936, 1252
_DOUBLE_BYTE = ("gb18030", "cp932", "cp949", "cp950")
_LETTERS = [bytes((byte,)).decode("cp1252", "ignore") or chr(byte) for byte in range(256)]
_BYTES = {letter: byte for byte, letter in enumerate(_LETTERS)}
_WESTERN = (0, 367, 1252, 10000, 32768, 32769)
"""Code pages that programs write in files whose texts are Chinese."""
_ASIDE = {1: "宏", 2: "图表", 6: "宏"}
"""Kinds of sheets without cells of ours, and the word for such a sheet."""


@dataclass(frozen=True)
class _Sheet:
    name: str
    raw: bytes
    """The name as it is stored."""
    start: int
    """Of its records in the stream."""
    kind: int
    hidden: bool


@dataclass
class _Globals:
    """What the workbook says before its sheets."""

    version: int = 0
    code_page: tuple[int, int] | None = None
    """The code page, and where in the stream it is written."""
    sheets: list[_Sheet] = field(default_factory=list)
    codes: dict[int, str] = field(default_factory=dict)
    styles: list[int] = field(default_factory=list)
    """Per cell style, the identifier of its number format."""


def xls_grids(data: bytes) -> list[Grid]:
    """The sheets of an .xls file. Raises UnreadableError where the file is not built as .xls files are."""
    container = CompoundFile(data)
    stream = workbook_stream(container)
    about = _globals(stream)
    codec = _double_byte_codec(stream, about)
    readable = _readable(stream, about, _WINDOWS if codec else _UTF_16 if about.version != _EXCEL_5 else None)
    is_plain = readable == stream and any(name in container.names for name in _STREAM_NAMES)
    metadata = _metadata_of_sheets(stream, about)
    if codec:
        metadata = {_as_windows(sheet.raw): metadata[sheet.name] for sheet in about.sheets if sheet.name in metadata}
    # Calamine may name a sheet otherwise than its record does; such a sheet has no known error cells.
    grids = calamine_grids(data if is_plain else workbook_container(readable), metadata, unnamed=SheetMetadata())
    if codec:
        grids = [_with_texts_in(grid, codec) for grid in grids]
    aside = [
        Grid(sheet.name, position, hidden=sheet.hidden, aside=_ASIDE[sheet.kind])
        for position, sheet in enumerate(about.sheets, start=1)
        if sheet.kind in _ASIDE
    ]
    return sorted([*grids, *aside], key=lambda grid: grid.position)


def xls_metadata(data: bytes) -> dict[str, SheetMetadata]:
    """Sheet name → metadata. Raises UnreadableError where the file is not built as .xls files are."""
    stream = workbook_stream(CompoundFile(data))
    return _metadata_of_sheets(stream, _globals(stream))


def workbook_stream(container: CompoundFile) -> bytes:
    """The stream of a workbook's records. Raises UnreadableError where there is none."""
    for name in _STREAM_NAMES:
        if (stream := container.find(name)) is not None:
            return stream
    raise UnreadableError("文件已损坏，或不是电子表格")


def _readable(stream: bytes, about: _Globals, code_page: int | None) -> bytes:
    """The stream as calamine can read it, in a code page that it reads rightly where one is named."""
    mended = bytearray(stream)
    try:
        if code_page is not None and about.code_page is not None:
            struct.pack_into("<H", mended, about.code_page[1], code_page)
        for start in {sheet.start for sheet in about.sheets}:
            _without_odd_errors(stream, mended, start)
    except (struct.error, IndexError) as error:
        raise UnreadableError("文件已损坏，或不是电子表格") from error
    return bytes(mended)


def _as_windows(raw: bytes) -> str:
    """Bytes as calamine gives them under Windows' Western code page: a letter each."""
    return "".join(_LETTERS[byte] for byte in raw)


def _with_texts_in(grid: Grid, codec: str) -> Grid:
    """A grid whose texts calamine has read a byte a letter: it takes no code page of two bytes a letter."""

    def decoded(text: str) -> str:
        try:
            return bytes(_BYTES[letter] for letter in text).decode(codec, "replace")
        except KeyError:  # not from the file: an error value, a date
            return text

    def texts(column: pl.Series) -> pl.Series:
        known = column.drop_nulls().unique()
        return column.replace(known, pl.Series(values=[decoded(text) for text in known.to_list()], dtype=pl.String))

    return replace(grid, sheet=decoded(grid.sheet), texts=[texts(column) for column in grid.texts])


def _globals(stream: bytes) -> _Globals:
    """Raises UnreadableError for a workbook behind a password, and for one of too many sheets."""
    found = _Globals()
    for kind, body, offset in _located_records(stream, 0):
        if kind == _BOF and not found.version:
            (found.version,) = struct.unpack_from("<H", body)
        elif kind == _PASSWORD:
            raise UnreadableError("文件已加密")
        elif kind == _CODE_PAGE and len(body) >= 2:
            found.code_page = struct.unpack_from("<H", body)[0], offset + 4
        elif kind == _BOUND_SHEET:
            found.sheets.append(_bound_sheet(body, found))
        elif kind == _STYLE and len(body) >= 4:
            found.styles.append(struct.unpack_from("<H", body, 2)[0])
        elif kind == _FORMAT and len(body) >= 4:
            found.codes[struct.unpack_from("<H", body)[0]] = _format_code(body, found)
        elif kind == _TEXTS and struct.unpack_from("<I", body, 4)[0] > len(stream):
            raise UnreadableError("文件已损坏：文本表的数目与内容不符")
    if len(found.sheets) > MAX_SHEETS:
        raise UnreadableError(f"工作表过多({len(found.sheets)} 张，超过 {MAX_SHEETS} 张)")
    return found


def _bound_sheet(body: bytes, about: _Globals) -> _Sheet:
    start, visibility, kind, length = struct.unpack_from("<IBBB", body)
    if about.version == _EXCEL_5:
        raw = body[7 : 7 + length]
        name = raw.decode(_codec(about), "replace")
    else:
        wide = body[7] & 1
        raw = body[8 : 8 + length * (2 if wide else 1)]
        name = raw.decode("utf-16-le" if wide else "latin-1", "replace")
    return _Sheet(name, raw, start, kind, visibility & 3 > 0)


def _format_code(body: bytes, about: _Globals) -> str:
    if about.version == _EXCEL_5:
        return body[3 : 3 + body[2]].decode(_codec(about), "replace")
    (length,) = struct.unpack_from("<H", body, 2)
    wide = body[4] & 1
    return body[5 : 5 + length * (2 if wide else 1)].decode("utf-16-le" if wide else "latin-1", "replace")


def _codec(about: _Globals) -> str:
    page = about.code_page[0] if about.code_page else _GBK
    return "gb18030" if page in (_GBK, *_WESTERN) else f"cp{page}" if page in (932, 949, 950, 1250, 1251) else "latin-1"


def _double_byte_codec(stream: bytes, about: _Globals) -> str | None:
    """How the texts of a workbook of Excel 5 or 95 are written that take two bytes a letter; None for any other.

    Programs write Chinese texts under a Western code page too: then all of them are Chinese, by their bytes.
    """
    if about.version != _EXCEL_5 or about.code_page is None:
        return None
    if about.code_page[0] not in _WESTERN:
        codec = _codec(about)
        return codec if codec in _DOUBLE_BYTE else None
    texts = [sheet.raw for sheet in about.sheets]
    for start in {sheet.start for sheet in about.sheets}:
        for kind, body in _records(stream, start):
            if kind in (_LABEL, _RICH_LABEL) and len(body) >= 8:
                (length,) = struct.unpack_from("<H", body, 6)
                texts.append(body[8 : 8 + length])
    try:
        return "gb18030" if any(len(text.decode("gbk")) < len(text) for text in texts) else None
    except UnicodeDecodeError:
        return None


def _without_odd_errors(stream: bytes, mended: bytearray, start: int) -> None:
    """Replaces error values that calamine does not know, for which it refuses the workbook; they are marked anyway."""
    for kind, body, offset in _located_records(stream, start):
        if kind == _BOOL_ERROR and len(body) >= 8 and body[7] and body[6] not in KNOWN_ERRORS:
            mended[offset + 4 + 6] = NOT_AVAILABLE
        elif kind == _FORMULA and _is_error(body) and body[8] not in KNOWN_ERRORS:
            mended[offset + 4 + 8] = NOT_AVAILABLE


def _metadata_of_sheets(stream: bytes, about: _Globals) -> dict[str, SheetMetadata]:
    """Sheet name → metadata. Raises UnreadableError where the file is not built as .xls files are."""
    sheets = [sheet for sheet in about.sheets if sheet.kind not in _ASIDE]
    if any(sheet.start >= len(stream) for sheet in sheets):
        raise UnreadableError("文件已损坏或不完整")
    shown = styles_of(about.codes, about.styles)
    found: dict[int, tuple[SheetMetadata, Extent]] = {}
    budget = native_budget()
    try:
        for sheet in sheets:
            if sheet.start not in found:
                found[sheet.start] = _metadata(stream, sheet.start, shown)
            # Calamine reads all sheets at once, hidden ones too, and each as often as it is named.
            budget.take(found[sheet.start][1])
    except (struct.error, IndexError) as error:
        raise UnreadableError("文件已损坏，或不是电子表格") from error
    return {sheet.name: found[sheet.start][0] for sheet in sheets}


def _metadata(stream: bytes, start: int, shown: list[FormatSections | None]) -> tuple[SheetMetadata, Extent]:
    """The sheet at `start`, and its cells. Raises UnreadableError where it declares too many."""
    errors: dict[int, str] = {}
    styled: dict[int, list[int]] = {}
    special = {style for style, sections in enumerate(shown) if sections is not None}
    doubtful = 0
    extent = Extent()
    for kind, body in _records(stream, start):
        if kind in _FILLED:
            row, column, style = struct.unpack_from("<HHH", body)
            extent.add(row, column)
            if style in special and kind in _STYLED:
                styled.setdefault(style, []).append(position_of(row, column))
        if kind == _BOOL_ERROR and len(body) >= 8 and body[7]:
            errors[position_of(row, column)] = ERROR_NAMES.get(body[6], "#ERROR!")
        elif kind == _FORMULA and _is_error(body):
            errors[position_of(row, column)] = ERROR_NAMES.get(body[8], "#ERROR!")
        elif kind == _FORMULA:
            # Zero, and the empty text, are what programs write for a formula nobody has calculated yet.
            doubtful += body[6:14] in (bytes(8), _NO_TEXT)
        elif kind == _MANY:
            row, column = struct.unpack_from("<HH", body)
            count = max((len(body) - 6) // 6, 1)
            extent.add(row, column, columns=count)
            if special and len(body) >= 6 + 6 * count:
                for place in range(count):
                    (style,) = struct.unpack_from("<H", body, 4 + 6 * place)
                    if style in special:
                        styled.setdefault(style, []).append(position_of(row, column + place))
        elif kind == _DIMENSIONS and _stated_cells(body) > MAX_NATIVE_CELLS:
            raise UnreadableError("工作表声明的使用区域过大，请删除多余的行列")
    formats = [(np.array(at, dtype=np.int64), sections) for style, at in styled.items() if (sections := shown[style])]
    return SheetMetadata(marked=errors, doubtful_formulas=doubtful, formats=formats), extent


def _is_error(formula: bytes) -> bool:
    """Whether the cached value of a formula is an error."""
    return len(formula) >= 14 and formula[12:14] == b"\xff\xff" and formula[6] == 2


def _stated_cells(body: bytes) -> int:
    """Cells that a Dimensions record declares and calamine allocates; a last row before the first wraps around."""
    first_row, last_row, first_column, last_column = struct.unpack_from("<IIHH" if len(body) > 10 else "<HHHH", body)
    rows, columns = int(last_row) - int(first_row), int(last_column) - int(first_column)
    return (rows % (1 << 32)) * (columns % (1 << 32))


def _records(stream: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each record from `offset` to the end of its substream."""
    for kind, body, _ in _located_records(stream, offset):
        yield kind, body


def _located_records(stream: bytes, offset: int) -> Iterator[tuple[int, bytes, int]]:
    """Kind, body and offset of each record from `offset` to the end of its substream."""
    while offset + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, offset)
        yield kind, stream[offset + 4 : offset + 4 + size], offset
        if kind == _END:
            return
        offset += 4 + size
