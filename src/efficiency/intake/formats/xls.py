""".xls workbooks: read by calamine, with the metadata that it drops from a walk over the records of the workbook.

Metadata are error cells, which calamine gives as blanks, and formulas that may not have been calculated. Calamine
follows every chain of sectors and believes every size; those that would lead it in circles or make it allocate without
bound are refused here. Sources of the layouts: [MS-CFB] (sectors, directory), [MS-XLS] (BoundSheet8,
Formula, BoolErr, Dimensions, SST).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from efficiency.intake.formats.calamine import SheetMetadata, calamine_grids
from efficiency.intake.formats.grid import position_of
from efficiency.intake.formats.limits import MAX_CELLS, MAX_SHEETS, Extent, UnreadableError
from efficiency.intake.formats.xlsb import ERROR_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from efficiency.intake.formats.grid import Grid

_MARKS = 0xFFFFFFFC
"""Sector numbers from here on are marks; `_END_OF_CHAIN` is the only one that a chain may end with."""
_END_OF_CHAIN = 0xFFFFFFFE
_DIRECTORY_ENTRY = 128
_SECTOR_SHIFTS = (9, 12)
_MINI_SECTOR = 64
_STREAM_NAMES = ("Workbook", "Book")
_BOUND_SHEET, _FORMULA, _BOOL_ERROR, _END = 0x0085, 0x0006, 0x0205, 0x000A
_DIMENSIONS, _TEXTS = 0x0200, 0x00FC
_FILLED = frozenset((_FORMULA, 0x0203, 0x0204, _BOOL_ERROR, 0x027E, 0x00FD, 0x00D6))
_NO_TEXT = b"\x03\0\0\0\0\0\xff\xff"
"""The result of a formula that yields the empty text."""
_MANY = 0x00BD
"""MulRk: numbers side by side, the last column at its end."""


def xls_grids(data: bytes) -> list[Grid]:
    """The worksheets of an .xls file. Raises UnreadableError where the file is not built as .xls files are."""
    # Calamine may name a sheet otherwise than its record does; such a sheet has no known error cells.
    return calamine_grids(data, xls_metadata(data), unnamed=SheetMetadata())


def xls_metadata(data: bytes) -> dict[str, SheetMetadata]:
    """Sheet name → metadata. Raises UnreadableError where the file is not built as .xls files are."""
    try:
        stream = _workbook_stream(data)
        sheets = _sheets(stream)
        if len(sheets) > MAX_SHEETS:
            raise UnreadableError(f"工作表过多({len(sheets)} 张，超过 {MAX_SHEETS} 张)")
        if any(start >= len(stream) for _, start in sheets):
            raise UnreadableError("文件已损坏或不完整")
        found = {start: _metadata(stream, start) for start in {start for _, start in sheets}}
        return {name: found[start] for name, start in sheets}
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise UnreadableError("文件已损坏，或不是电子表格") from error


def _sheets(stream: bytes) -> list[tuple[str, int]]:
    """Name and start of each sheet in the stream."""
    sheets: list[tuple[str, int]] = []
    for kind, body in _records(stream, 0):
        if kind == _BOUND_SHEET:
            start, _, length, wide = struct.unpack_from("<IHBB", body)
            text = body[8 : 8 + length * (2 if wide & 1 else 1)]
            sheets.append((text.decode("utf-16-le" if wide & 1 else "latin-1", "replace"), start))
        elif kind == _TEXTS and struct.unpack_from("<I", body, 4)[0] > len(stream):
            raise UnreadableError("文件已损坏：文本表的数目与内容不符")
    return sheets


def _metadata(stream: bytes, start: int) -> SheetMetadata:
    """The sheet at `start`. Raises UnreadableError where its cells are spread too far to be read."""
    errors: dict[int, str] = {}
    doubtful = 0
    extent = Extent()
    for kind, body in _records(stream, start):
        if kind in _FILLED:
            row, column = struct.unpack_from("<HH", body)
            extent.add(row, column)
        if kind == _BOOL_ERROR and len(body) >= 8 and body[7]:
            errors[position_of(row, column)] = ERROR_NAMES.get(body[6], "#ERROR!")
        elif kind == _FORMULA and len(body) >= 14 and body[12:14] == b"\xff\xff" and body[6] == 2:
            errors[position_of(row, column)] = ERROR_NAMES.get(body[8], "#ERROR!")
        elif kind == _FORMULA:
            # Zero, and the empty text, are what programs write for a formula nobody has calculated yet.
            doubtful += body[6:14] in (bytes(8), _NO_TEXT)
        elif kind == _MANY:
            row, column = struct.unpack_from("<HH", body)
            extent.add(row, column, columns=max((len(body) - 6) // 6, 1))
        elif kind == _DIMENSIONS and _stated_cells(body) > MAX_CELLS:
            raise UnreadableError("工作表声明的使用区域过大，请删除多余的行列")
    extent.check()
    return SheetMetadata(marked=errors, doubtful_formulas=doubtful)


def _stated_cells(body: bytes) -> int:
    """Cells that a Dimensions record declares and calamine allocates; a last row before the first wraps around."""
    first_row, last_row, first_column, last_column = struct.unpack_from("<IIHH" if len(body) > 10 else "<HHHH", body)
    rows, columns = int(last_row) - int(first_row), int(last_column) - int(first_column)
    return (rows % (1 << 32)) * (columns % (1 << 32))


def _records(stream: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each record from `offset` to the end of its substream."""
    while offset + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, offset)
        yield kind, stream[offset + 4 : offset + 4 + size]
        if kind == _END:
            return
        offset += 4 + size


def _workbook_stream(data: bytes) -> bytes:
    """The stream named Workbook of the compound file. Raises UnreadableError for chains of sectors that are damaged."""
    (shift,) = struct.unpack_from("<H", data, 30)
    if shift not in _SECTOR_SHIFTS:
        raise UnreadableError("文件已损坏，或不是电子表格")
    size = 1 << shift
    # The header takes the room of one sector.
    sectors = [data[offset : offset + size] for offset in range(size, len(data), size)]
    directory_count, fat_count, directory_start = struct.unpack_from("<III", data, 40)
    cutoff, mini_start, mini_count = struct.unpack_from("<III", data, 56)
    if max(directory_count, fat_count, mini_count) > len(sectors):
        raise UnreadableError("文件已损坏或不完整")
    fat = _fat(data, sectors)
    directory = _chained(sectors, directory_start, fat)
    if len(directory) % _DIRECTORY_ENTRY:
        raise UnreadableError("文件已损坏或不完整")
    root: list[bytes] = []
    for offset in range(0, len(directory), _DIRECTORY_ENTRY):
        entry = directory[offset : offset + _DIRECTORY_ENTRY]
        name = entry[:64].decode("utf-16-le", "replace").partition("\0")[0]
        start, length = struct.unpack_from("<IQ" if shift > 9 else "<II", entry, 116)
        if (offset == 0 or name in _STREAM_NAMES) and length > len(data):
            raise UnreadableError("文件已损坏或不完整")
        if offset == 0 and mini_count:
            stream = _chained(sectors, start, fat)
            root = [stream[at : at + _MINI_SECTOR] for at in range(0, len(stream), _MINI_SECTOR)]
        if name in _STREAM_NAMES and length >= cutoff:
            return _chained(sectors, start, fat)[:length]
        if name in _STREAM_NAMES:
            mini = _chained(sectors, mini_start, fat)
            return _chained(root, start, struct.unpack(f"<{len(mini) // 4}I", mini))[:length]
    raise UnreadableError("文件已损坏，或不是电子表格")


def _fat(data: bytes, sectors: Sequence[bytes]) -> list[int]:
    """Sector → the one that follows it."""
    numbers = list(struct.unpack_from("<109I", data, 76))
    (following,) = struct.unpack_from("<I", data, 68)
    seen: set[int] = set()
    while following < _MARKS:
        if following in seen:
            raise UnreadableError("文件已损坏：扇区链成环")
        seen.add(following)
        sector = sectors[following]
        more = struct.unpack(f"<{len(sector) // 4}I", sector)
        numbers += more[:-1]
        following = more[-1]
    used = [number for number in numbers if number < _MARKS]
    if len(set(used)) < len(used):
        raise UnreadableError("文件已损坏：扇区表重复")
    fat: list[int] = []
    for number in used:
        fat += struct.unpack(f"<{len(sectors[number]) // 4}I", sectors[number])
    return fat


def _chained(sectors: Sequence[bytes], start: int, links: Sequence[int]) -> bytes:
    """The sectors from `start` on, each with the one that follows it. Raises UnreadableError for an endless chain."""
    found: list[bytes] = []
    while start != _END_OF_CHAIN:
        if len(found) > len(sectors):
            raise UnreadableError("文件已损坏：扇区链成环")
        found.append(sectors[start])
        start = links[start]
    return b"".join(found)
