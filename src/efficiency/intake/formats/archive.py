"""A zipped file opened within the bounds: nothing is expanded whose size has not been checked before."""

from __future__ import annotations

import io
import lzma
import posixpath
import re
import struct
import zipfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote
from xml.parsers import expat

from efficiency.intake.formats.limits import MAX_ENTRIES, MAX_EXPANDED, UnreadableError, element_parser

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MAX_STRINGS = 20_000_000
"""Shared texts of a workbook; each takes several times its bytes in memory."""
DEFLATE_RATIO = 1032
"""The most that deflate can expand."""
_LONGEST_ENTRY = 400
"""Bytes of an entry in the list of a zipped file; a longer name counts as several."""
CHUNK = 1 << 20
"""Bytes of a part that are expanded at a time while it is checked."""

_WORKSHEETS = "xl/worksheets/"
_WORKBOOK = re.compile(r"(?:^|/)workbook\.(?:xml|bin)$")
_STRINGS = re.compile(r"xl/sharedstrings\.(?:xml|bin)")


_TAIL = (1 << 16) + 22
"""Bytes at the end of a zipped file among which its last record begins."""
_END, _LARGE_END = b"PK\x05\x06", b"PK\x06\x06"
_IN_LARGE = 0xFFFFFFFF
"""The size that stands elsewhere, as it may be too large."""


def opened_zip(source: Path | bytes) -> zipfile.ZipFile:
    """A zipped file. Raises UnreadableError where it lists far more parts than are read.

    The list is judged by its size: `zipfile` makes an object of each entry before it can be asked.
    """
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(max(0, size - _TAIL))
        tail = stream.read()
    end, large = tail.rfind(_END), tail.rfind(_LARGE_END)
    listed = int.from_bytes(tail[end + 12 : end + 16], "little") if end >= 0 else 0
    if listed == _IN_LARGE and large >= 0:
        listed = int.from_bytes(tail[large + 40 : large + 48], "little")
    if min(listed, size) > MAX_ENTRIES * _LONGEST_ENTRY:
        raise UnreadableError(f"压缩包内的部件过多，超过 {MAX_ENTRIES} 个的上限")
    return zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source)


class Archive:
    """The parts of a zipped file; their names are looked up regardless of case, and with `/` however written."""

    def __init__(self, data: bytes) -> None:
        """Raises UnreadableError for what is encrypted, damaged or would expand beyond the bounds."""
        self.data = data
        self._zip = opened_zip(data)
        entries = self._zip.infolist()
        if len(entries) > MAX_ENTRIES:
            raise UnreadableError(f"压缩包内有 {len(entries)} 个部件，超过 {MAX_ENTRIES} 个的上限")
        if any(entry.flag_bits & 1 for entry in entries):
            raise UnreadableError("文件已加密")
        if sum(entry.file_size for entry in entries) > MAX_EXPANDED:
            raise UnreadableError("解压后超过 512 MiB")
        self._entries = {_part_name(entry.filename).casefold(): entry for entry in entries}
        if len(self._entries) < len(entries):
            raise UnreadableError("压缩包内有重名的部件，文件已损坏")
        for entry in entries:
            self._check(entry)

    def _check(self, entry: zipfile.ZipInfo) -> None:
        """Reads through a part that could hold more than it declares (its checksum fails where it does).

        Worksheets are never read beyond the size that they declare, so they are not checked here.
        """
        if entry.compress_size * DEFLATE_RATIO > MAX_EXPANDED and not _part_name(entry.filename).startswith(
            _WORKSHEETS
        ):
            with self._zip.open(entry) as part:
                while part.read(CHUNK):
                    continue
        if _STRINGS.fullmatch(_part_name(entry.filename).casefold()):
            self.check_strings(_part_name(entry.filename))

    def check_strings(self, part: str) -> None:
        """Raises UnreadableError where a part of shared texts holds too many of them."""
        if part in self and self.size(part) > MAX_STRINGS:
            texts = self.read(part)
            if max(texts.count(b"<si"), texts.count(b":si")) > MAX_STRINGS:
                raise UnreadableError(f"文本过多，超过 {MAX_STRINGS} 个")

    @property
    def written(self) -> list[str]:
        """The names of all parts as they are written."""
        return [entry.filename for entry in self._entries.values()]

    @property
    def names(self) -> list[str]:
        """The names of all parts, with `/`."""
        return [_part_name(entry.filename) for entry in self._entries.values()]

    def __contains__(self, part: str) -> bool:
        return part.casefold() in self._entries

    def size(self, part: str) -> int:
        """Bytes that a part declares to expand to."""
        return self._entries[part.casefold()].file_size

    def open(self, part: str) -> IO[bytes]:
        """A part as a stream. Parts may be opened and read by several threads at once."""
        return self._zip.open(self._entries[part.casefold()])

    def read(self, part: str) -> bytes:
        """A part's bytes, never more than it declares: `ZipFile.read` expands all before it compares the size."""
        with self.open(part) as opened:
            return opened.read(self.size(part) + 1)

    def find(self, part: str) -> bytes | None:
        """A part's bytes, None where there is no such part."""
        return self.read(part) if part in self else None

    def main_part(self) -> str | None:
        """The part that the package's own relations name as the document, else one that is called a workbook; None
        where there is neither.
        """
        for relation in self.relations("").values():
            if relation.get("Type", "").endswith("/officeDocument") and relation["Target"] in self:
                return relation["Target"]
        return next((name for name in self.names if _WORKBOOK.search(name.casefold())), None)

    def relations(self, part: str) -> dict[str, dict[str, str]]:
        """Relation → its attributes, of a part, or of the package where `part` is ``; `Target` becomes a part's name.

        Nothing where there are no relations. Raises ExpatError for malformed XML.
        """
        folder, _, name = part.rpartition("/")
        xml = self.find(posixpath.join(folder, "_rels", f"{name}.rels"))
        found: dict[str, dict[str, str]] = {}
        for attributes in elements(xml, "Relationship") if xml else ():
            target = self._target(folder, attributes.get("Target", "")) if attributes.get("Target") else ""
            found[attributes.get("Id", "")] = {**attributes, "Target": target}
        return found

    def _target(self, folder: str, written: str) -> str:
        """The part that a relation of a part in `folder` names; some programs write it from the root of the package."""
        target = unquote(_part_name(written)) if _part_name(written) not in self else _part_name(written)
        resolved = _part_name(posixpath.normpath(posixpath.join("/", folder, written.replace("\\", "/"))))
        return resolved if resolved in self or target not in self else target

    def repacked(self, changed: Mapping[str, bytes]) -> bytes:
        """The archive with the parts `changed`, all names with `/`: as calamine can read it."""
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name in self.names:
                archive.writestr(name, changed[name] if name in changed else self.read(name))
        return made.getvalue()


def _part_name(written: str) -> str:
    return written.replace("\\", "/").lstrip("/")


def elements(xml: bytes, kind: str) -> list[dict[str, str]]:
    """The attributes of each element of `kind`, whatever its namespace. Raises ExpatError for malformed XML."""
    found: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == kind:
            found.append(attributes)

    element_parser(start).Parse(xml, True)
    return found


@contextmanager
def damage_as_unreadable() -> Iterator[None]:
    """Turns whatever a damaged archive or a damaged part of it raises into UnreadableError."""
    try:
        yield
    except (
        zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, LookupError, NotImplementedError, OSError,
        OverflowError, RuntimeError, ValueError, struct.error, expat.ExpatError,
    ) as error:  # fmt: skip
        raise UnreadableError("文件已损坏或不完整") from error
