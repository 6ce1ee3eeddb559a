"""Error cells of .xls workbooks, which the reader returns as blanks: a walk over the records of the workbook stream.

Sources of the layouts: [MS-CFB] (sectors, directory), [MS-XLS] (BoundSheet8, Formula, BoolErr).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from efficiency.intake.archive import SheetScan
from efficiency.intake.error_cells import NAMES, Errors

if TYPE_CHECKING:
    from collections.abc import Iterator

_FREE = 0xFFFFFFFA
"""Sector numbers from here on end a chain or mark unused sectors."""
_DIRECTORY_ENTRY = 128
_STREAM_NAMES = ("Workbook", "Book")
_BOUND_SHEET, _FORMULA, _BOOL_ERROR, _END = 0x0085, 0x0006, 0x0205, 0x000A


def scan_biff(data: bytes) -> dict[str, SheetScan]:
    """Sheet name → scan of an .xls file; empty where the file is not built as expected (the reader then says so)."""
    try:
        stream = _workbook_stream(data)
        return {name: SheetScan(errors=_errors(stream, start)) for name, start in _sheets(stream)}
    except (struct.error, IndexError, UnicodeDecodeError):
        return {}


def _sheets(stream: bytes) -> list[tuple[str, int]]:
    """Name and place of each sheet."""
    sheets: list[tuple[str, int]] = []
    for kind, body in _records(stream, 0):
        if kind == _BOUND_SHEET:
            start, _, length, wide = struct.unpack_from("<IHBB", body)
            text = body[8 : 8 + length * (2 if wide & 1 else 1)]
            sheets.append((text.decode("utf-16-le" if wide & 1 else "latin-1"), start))
    return sheets


def _errors(stream: bytes, start: int) -> Errors:
    """Error cells of the sheet at `start`."""
    errors: Errors = {}
    for kind, body in _records(stream, start):
        if kind == _BOOL_ERROR and len(body) >= 8 and body[7]:
            errors[struct.unpack_from("<HH", body)] = NAMES.get(body[6], "#ERROR!")
        elif kind == _FORMULA and len(body) >= 14 and body[12:14] == b"\xff\xff" and body[6] == 2:
            errors[struct.unpack_from("<HH", body)] = NAMES.get(body[8], "#ERROR!")
    return errors


def _records(stream: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each record from `place` to the end of its substream."""
    while place + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        yield kind, stream[place + 4 : place + 4 + size]
        if kind == _END:
            return
        place += 4 + size


def _workbook_stream(data: bytes) -> bytes:
    """The stream named Workbook of the compound file."""
    size = 1 << int(struct.unpack_from("<H", data, 30)[0])
    fat_count, directory_start = struct.unpack_from("<I", data, 44)[0], struct.unpack_from("<I", data, 48)[0]
    cutoff, mini_start = struct.unpack_from("<II", data, 56)
    fat_sectors = list(struct.unpack_from("<109I", data, 76))
    next_difat = struct.unpack_from("<I", data, 68)[0]
    while next_difat < _FREE and len(fat_sectors) < fat_count + 109:
        more = struct.unpack_from(f"<{size // 4}I", data, (next_difat + 1) * size)
        fat_sectors += more[:-1]
        next_difat = more[-1]
    fat: list[int] = []
    for sector in fat_sectors[:fat_count]:
        if sector < _FREE:
            fat += struct.unpack_from(f"<{size // 4}I", data, (sector + 1) * size)

    def chain(start: int, links: list[int]) -> Iterator[int]:
        for _ in range(len(links)):
            if start >= len(links):
                return
            yield start
            start = links[start]

    def read(start: int) -> bytes:
        return b"".join(data[(sector + 1) * size : (sector + 2) * size] for sector in chain(start, fat))

    directory = read(directory_start)
    root = b""
    for place in range(0, len(directory), _DIRECTORY_ENTRY):
        entry = directory[place : place + _DIRECTORY_ENTRY]
        name = entry[: max(struct.unpack_from("<H", entry, 64)[0] - 2, 0)].decode("utf-16-le")
        start, length = struct.unpack_from("<II", entry, 116)
        if place == 0:
            root = read(start)
        if name in _STREAM_NAMES and length >= cutoff:
            return read(start)[:length]
        if name in _STREAM_NAMES:
            mini = read(mini_start)
            links = list(struct.unpack(f"<{len(mini) // 4}I", mini))
            return b"".join(root[sector * 64 : sector * 64 + 64] for sector in chain(start, links))[:length]
    return b""
