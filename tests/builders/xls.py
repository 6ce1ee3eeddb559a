"""Workbooks of the old format, .xls, byte by byte: as no spreadsheet program writes them."""

import struct
from collections.abc import Sequence


def compound(stream: bytes, *, fat: Sequence[int] | None = None, length: int | None = None) -> bytes:
    """A compound file with one stream, `Workbook`: header, a FAT sector, a directory sector, the stream's sectors.

    `fat` and `length` are what the file says of its sectors and of the stream; the truth, unless given.
    """
    stream = stream.ljust(4096, b"\0")
    count = len(stream) // 512
    links = list(fat) if fat else [0xFFFFFFFD, 0xFFFFFFFE, *range(3, count + 2), 0xFFFFFFFE]
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<HHHHH", header, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<II", header, 44, 1, 1)
    struct.pack_into("<IIIII", header, 56, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    struct.pack_into("<109I", header, 76, 0, *([0xFFFFFFFF] * 108))

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = name.encode("utf-16-le")
        about = struct.pack("<HBBiii", len(text) + 2, kind, 1, -1, -1, child)
        return text.ljust(64, b"\0") + about + bytes(36) + struct.pack("<IIi", start, size, 0)

    directory = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry("Workbook", 2, -1, 2, length or len(stream))
    table = struct.pack(f"<{len(links)}I", *links).ljust(512, b"\xff")
    return bytes(header) + table + directory.ljust(512, b"\0") + stream


def biff(*records: tuple[int, bytes]) -> bytes:
    """The stream of an .xls workbook with one sheet of `records`."""

    def one(kind: int, body: bytes = b"") -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    begin = one(0x809, struct.pack("<HH", 0x600, 5) + bytes(12))

    def head(start: int) -> bytes:
        return begin + one(0x85, struct.pack("<IHBB", start, 0, 1, 0) + b"S") + one(0x0A)

    sheet = b"".join(one(*item) for item in records)
    return head(len(head(0))) + begin + sheet + one(0x0A)


def one_at(row: int, column: int) -> tuple[int, bytes]:
    """The record of a cell that holds the number 1."""
    return 0x203, struct.pack("<HHHd", row, column, 0, 1.0)
