"""Compound files, the container of .xls, .et and of encrypted workbooks: names of streams, and one of them as bytes.

Readers follow every chain of sectors and believe every size; those that would lead them in circles or make them
allocate without bound are refused here. Names of streams know no case. Source of the layout: [MS-CFB].
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efficiency.intake.formats.limits import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence

MAGIC = b"\xd0\xcf\x11\xe0"

_MARKS = 0xFFFFFFFC
"""Sector numbers from here on are marks; `_END_OF_CHAIN` is the only one that a chain may end with."""
_END_OF_CHAIN, _FAT_SECTOR, _FREE, _MORE_SECTOR = 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF, 0xFFFFFFFC
_DIRECTORY_ENTRY = 128
_SECTOR_SHIFTS = (9, 12)
_MINI_SECTOR = 64
_CUTOFF = 4096
"""Bytes from which on a stream has sectors of its own."""
_IN_HEADER = 109
"""Sectors of the FAT that the header names."""


@dataclass(frozen=True)
class _Entry:
    """A storage or stream of the directory."""

    name: str
    start: int
    length: int


class CompoundFile:
    """The streams of a compound file, read when asked for. Raises UnreadableError for what is damaged."""

    def __init__(self, data: bytes) -> None:
        self._size = len(data)
        try:
            self._open(data)
        except (struct.error, IndexError) as error:
            raise UnreadableError("文件已损坏或不完整") from error

    def _open(self, data: bytes) -> None:
        (shift,) = struct.unpack_from("<H", data, 30)
        if shift not in _SECTOR_SHIFTS:
            raise UnreadableError("文件已损坏，或不是电子表格")
        size = 1 << shift
        # The header takes the room of one sector.
        self._sectors = [data[offset : offset + size] for offset in range(size, len(data), size)]
        directory_count, fat_count, directory_start = struct.unpack_from("<III", data, 40)
        self._cutoff, self._mini_start, self._mini_count = struct.unpack_from("<III", data, 56)
        if max(directory_count, fat_count, self._mini_count) > len(self._sectors):
            raise UnreadableError("文件已损坏或不完整")
        self._fat = _fat(data, self._sectors)
        directory = _chained(self._sectors, directory_start, self._fat)
        if len(directory) % _DIRECTORY_ENTRY:
            raise UnreadableError("文件已损坏或不完整")
        self._entries: list[_Entry] = []
        for offset in range(0, len(directory), _DIRECTORY_ENTRY):
            entry = directory[offset : offset + _DIRECTORY_ENTRY]
            name = entry[:64].decode("utf-16-le", "replace").partition("\0")[0]
            self._entries.append(_Entry(name, *struct.unpack_from("<IQ" if shift > 9 else "<II", entry, 116)))

    @property
    def names(self) -> list[str]:
        """The names of its storages and streams as they are written, the root's first."""
        return [entry.name for entry in self._entries if entry.name]

    def find(self, name: str) -> bytes | None:
        """The first stream of this name in whatever case, None where there is none.

        Raises UnreadableError for chains of sectors that are damaged.
        """
        entry = next((one for one in self._entries[1:] if one.name.casefold() == name.casefold()), None)
        if entry is None:
            return None
        root = self._entries[0]
        if max(entry.length, root.length if self._mini_count else 0) > self._size:
            raise UnreadableError("文件已损坏或不完整")
        try:
            if entry.length >= self._cutoff:
                return _chained(self._sectors, entry.start, self._fat)[: entry.length]
            minis = _chained(self._sectors, root.start, self._fat) if self._mini_count else b""
            small = [minis[at : at + _MINI_SECTOR] for at in range(0, len(minis), _MINI_SECTOR)]
            links = _chained(self._sectors, self._mini_start, self._fat)
            return _chained(small, entry.start, struct.unpack(f"<{len(links) // 4}I", links))[: entry.length]
        except (struct.error, IndexError) as error:
            raise UnreadableError("文件已损坏或不完整") from error


def _fat(data: bytes, sectors: Sequence[bytes]) -> list[int]:
    """Sector → the one that follows it."""
    numbers = list(struct.unpack_from(f"<{_IN_HEADER}I", data, 76))
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


def workbook_container(stream: bytes) -> bytes:
    """A sound compound file that holds `stream` as its Workbook and nothing else: as calamine can read it.

    In order: header, sectors that name more of the FAT than the header can, the FAT, the directory, the stream.
    """
    size = 1 << _SECTOR_SHIFTS[0]  # calamine does not take the larger ones
    numbers = size // 4
    stream = stream.ljust(_CUTOFF, b"\0")
    in_stream = -(-len(stream) // size)
    more = in_fat = 0
    while in_fat * numbers < more + in_fat + 1 + in_stream:
        in_fat = -(-(more + in_fat + 1 + in_stream) // numbers)
        more = max(0, -(-(in_fat - _IN_HEADER) // (numbers - 1)))
    directory_at, first = more + in_fat, more + in_fat + 1
    links = [_MORE_SECTOR] * more + [_FAT_SECTOR] * in_fat + [_END_OF_CHAIN]
    links += [*range(first + 1, first + in_stream), _END_OF_CHAIN]
    named = [*range(more, directory_at)]
    header = bytearray(size)
    header[:8] = MAGIC + b"\xa1\xb1\x1a\xe1"
    struct.pack_into("<HHHHH", header, 24, 0x3E, 3, 0xFFFE, _SECTOR_SHIFTS[0], 6)
    struct.pack_into("<II", header, 44, in_fat, directory_at)
    struct.pack_into("<IIIII", header, 56, _CUTOFF, _END_OF_CHAIN, 0, 0 if more else _END_OF_CHAIN, more)
    struct.pack_into(f"<{_IN_HEADER}I", header, 76, *(named + [_FREE] * _IN_HEADER)[:_IN_HEADER])
    lists = []
    for number in range(more):
        begin = _IN_HEADER + number * (numbers - 1)
        part = (named[begin : begin + numbers - 1] + [_FREE] * numbers)[: numbers - 1]
        lists.append(struct.pack(f"<{numbers}I", *part, number + 1 if number + 1 < more else _END_OF_CHAIN))

    def entry(name: str, kind: int, child: int, start: int, length: int) -> bytes:
        text = name.encode("utf-16-le")
        about = struct.pack("<HBBIII", len(text) + 2, kind, 1, _FREE, _FREE, child)
        return text.ljust(64, b"\0") + about + bytes(36) + struct.pack("<IQ", start, length)

    directory = entry("Root Entry", 5, 1, _END_OF_CHAIN, 0) + entry("Workbook", 2, _FREE, first, len(stream))
    fat = struct.pack(f"<{len(links)}I", *links).ljust(in_fat * size, b"\xff")
    return b"".join((bytes(header), *lists, fat, directory.ljust(size, b"\0"), stream.ljust(in_stream * size, b"\0")))
