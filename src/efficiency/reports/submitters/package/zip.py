"""The zip package of a submitted workbook: its parts read, some replaced, all others copied as they are packed.

Parts that are not touched are never unpacked, so nothing of them can be lost and they cost nothing.
"""

from __future__ import annotations

import copy
import posixpath
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from efficiency.reports.submitters.package.xml import (
    UnusualWorkbookError,
    as_value,
    attribute,
    edited,
    inserted_within,
    prefix_of,
    prefixed,
    refuse_unsafe,
    root_of,
    text_of,
)

if TYPE_CHECKING:
    from pathlib import Path

MAX_FILE_BYTES: Final = 40 * 1024 * 1024
MAX_EXPANDED_BYTES: Final = 256 * 1024 * 1024
"""Beyond these a file is not opened: its sheets are held in memory one by one."""

TYPES: Final = "[Content_Types].xml"
_TYPES_NAMESPACE: Final = b"http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONS_NAMESPACE: Final = b"http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE_TYPES: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
_EMPTY_RELATIONS: Final = b'<Relationships xmlns="%b"/>' % _RELATIONS_NAMESPACE
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^<>]*>")
_OVERRIDE = re.compile(rb"<(?:\w+:)?Override\s[^<>]*>", re.IGNORECASE)
_LOCAL_HEADER: Final = struct.Struct("<4s22xHH")
_ENCRYPTED: Final = 0x1
_SIZES_FOLLOW: Final = 0x8
_FAST: Final = 3
"""Level of compression of the parts that are replaced: a third of the time of the usual one, a tenth larger."""


@dataclass(frozen=True)
class Relation:
    """A link from one part of the package to another."""

    id: str
    kind: str
    """Last step of its type: worksheet, styles, comments …"""
    part: str
    """Path within the package; the address as it is for what is outside."""


class Package:
    """A package being edited. Raises UnusualWorkbookError for parts that are missing, damaged or encrypted."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._zip = zipfile.ZipFile(file)
        self._changed: dict[str, bytes] = {}
        self._dropped: set[str] = set()
        self._names = {name.casefold(): name for name in self._zip.namelist()}
        if len(self._names) < len(self._zip.namelist()):
            raise UnusualWorkbookError("文件的压缩包内有同名的部分")
        if any(part.flag_bits & _ENCRYPTED for part in self._zip.infolist()):
            raise UnusualWorkbookError("文件已加密")

    def names(self) -> list[str]:
        """Paths of all parts after the edits so far."""
        kept = [name for name in self._names.values() if name not in self._changed]
        return [name for name in (*kept, *self._changed) if name not in self._dropped]

    def has(self, part: str) -> bool:
        """Whether there is such a part; capitals make no difference."""
        return self._called(part) in self.names()

    def read(self, part: str) -> bytes:
        """The content of an XML part after the edits so far, known to be safe to edit as bytes."""
        name = self._called(part)
        if name in self._changed:
            return self._changed[name]
        content = self.raw(name)
        refuse_unsafe(content)
        return content

    def raw(self, part: str) -> bytes:
        """The content of any part as it came."""
        try:
            return self._zip.read(self._called(part))
        except KeyError as error:
            raise UnusualWorkbookError("文件缺少必要的组成部分") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise UnusualWorkbookError("文件已损坏") from error

    def beginning(self, part: str, until: bytes, limit: int) -> bytes:
        """The first bytes of a part: to `until`, or to its end, at most about `limit`."""
        name = self._called(part)
        if name in self._changed:
            return self._changed[name][:limit]
        content = b""
        try:
            with self._zip.open(name) as opened:
                while until not in content and len(content) < limit and (block := opened.read(8192)):
                    content += block
        except KeyError as error:
            raise UnusualWorkbookError("文件缺少必要的组成部分") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise UnusualWorkbookError("文件已损坏") from error
        return content

    def write(self, part: str, content: bytes) -> None:
        """Replaces a part or adds one."""
        name = self._called(part)
        self._changed[name] = content
        self._names.setdefault(name.casefold(), name)
        self._dropped.discard(name)

    def drop(self, part: str) -> None:
        """Takes a part out, with its relations and what declares its type."""
        for name in (part, relations_part(part)):
            self._dropped.add(self._called(name))
        address = as_value(f"/{part}").lower()

        def kept(tag: re.Match[bytes]) -> bytes:
            return b"" if (attribute(tag[0], b"PartName") or b"").lower() == address else tag[0]

        self.write(TYPES, _OVERRIDE.sub(kept, self.read(TYPES)))

    def free(self, pattern: str) -> str:
        """The first path of the pattern (`xl/comments{}.xml`) that no part has."""
        number = 1
        while pattern.format(number).casefold() in self._names:
            number += 1
        return pattern.format(number)

    def save(self, target: IO[bytes]) -> None:
        """Writes the package: unchanged parts as they are packed, in their order, new ones last."""
        written = set()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=_FAST) as out:
            for part in self._zip.infolist():
                if part.filename in self._dropped:
                    continue
                written.add(part.filename)
                if part.filename in self._changed:
                    out.writestr(part.filename, self._changed[part.filename])
                else:
                    self._copy(part, out)
            for name, content in self._changed.items():
                if name not in written | self._dropped:
                    out.writestr(name, content)

    def _copy(self, part: zipfile.ZipInfo, out: zipfile.ZipFile) -> None:
        """Copies a part's packed bytes; zipfile itself would unpack and pack them again."""
        self._file.seek(part.header_offset)
        signature, name_length, extra_length = _LOCAL_HEADER.unpack(self._file.read(_LOCAL_HEADER.size))
        if signature != b"PK\x03\x04":
            raise UnusualWorkbookError("文件已损坏")
        self._file.seek(name_length + extra_length, 1)
        packed = self._file.read(part.compress_size)
        if len(packed) != part.compress_size:
            raise UnusualWorkbookError("文件已损坏")
        same = copy.copy(part)
        same.flag_bits &= ~_SIZES_FOLLOW  # the header written here has the sizes
        same.extra = b""  # times and padding; sizes of 64 bits are not needed below MAX_FILE_BYTES
        assert out.fp is not None
        out.fp.seek(out.start_dir)
        same.header_offset = out.start_dir
        out.fp.write(same.FileHeader(zip64=False))
        out.fp.write(packed)
        out.start_dir = out.fp.tell()
        out.filelist.append(same)
        out.NameToInfo[same.filename] = same

    def _called(self, part: str) -> str:
        return self._names.get(part.casefold(), part)


def too_large(file: Path) -> str | None:
    """Why `file` is too large to be given back as a marked workbook, in Chinese; None when it is not.

    Raises OSError or zipfile.BadZipFile for what is no zip package.
    """
    size = file.stat().st_size
    if size > MAX_FILE_BYTES:
        return f"文件较大（{size / 1024 / 1024:.0f} MB，超过 {MAX_FILE_BYTES // 1024 // 1024} MB）"
    with zipfile.ZipFile(file) as package:
        expanded = sum(part.file_size for part in package.infolist())
    if expanded > MAX_EXPANDED_BYTES:
        return f"文件解压后较大（{expanded / 1024 / 1024:.0f} MB，超过 {MAX_EXPANDED_BYTES // 1024 // 1024} MB）"
    return None


def relations_part(part: str) -> str:
    """Path of the part that holds the relations of `part` (empty: of the package)."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def relations(package: Package, part: str) -> list[Relation]:
    """The relations of `part`; none where it has no such part."""
    name = relations_part(part)
    if not package.has(name):
        return []
    found: list[Relation] = []
    for tag in _RELATION.findall(package.read(name)):
        target = text_of(attribute(tag, b"Target") or b"")
        if attribute(tag, b"TargetMode") != b"External":
            # An absolute target replaces the folder in join.
            target = posixpath.normpath(posixpath.join("/", posixpath.dirname(part), target)).lstrip("/")
        kind = text_of(attribute(tag, b"Type") or b"").rpartition("/")[2]
        found.append(Relation(text_of(attribute(tag, b"Id") or b""), kind, target))
    return found


def relate(package: Package, part: str, kind: str, to: str) -> str:
    """Adds a relation of `part` to the part `to`, which is new; gives its id."""
    name = relations_part(part)
    content = package.read(name) if package.has(name) else _EMPTY_RELATIONS
    prefix = prefix_of(content, _RELATIONS_NAMESPACE)
    taken = {relation.id.casefold() for relation in relations(package, part)}
    number = 1
    while f"rid{number}" in taken:
        number += 1
    target = posixpath.relpath(to, posixpath.dirname(part) or ".")
    tag = f'<Relationship Id="rId{number}" Type="{_OFFICE_TYPES}{kind}" Target="{target}"/>'.encode()
    package.write(name, edited(content, [inserted_within(content, root_of(content), prefixed(tag, prefix))]))
    return f"rId{number}"


def unrelate(package: Package, part: str, kinds: tuple[str, ...]) -> None:
    """Takes out the relations of `part` of these kinds."""
    unlink(package, part, {relation.id for relation in relations(package, part) if relation.kind in kinds})


def unlink(package: Package, part: str, links: set[str]) -> None:
    """Takes out the relations of `part` that have these ids."""
    name = relations_part(part)
    if package.has(name):
        ids = set(map(as_value, links))
        content = package.read(name)
        package.write(name, _RELATION.sub(lambda tag: b"" if attribute(tag[0], b"Id") in ids else tag[0], content))


def declare(package: Package, part: str, content_type: str) -> None:
    """Declares the type of a new part; of the ending `vml` for all such parts."""
    content = package.read(TYPES)
    prefix = prefix_of(content, _TYPES_NAMESPACE)
    ending = part.rpartition(".")[2]
    if ending == "vml":
        if re.search(rb"Extension\s*=\s*[\"']vml[\"']", content, re.IGNORECASE):
            return
        # Defaults may be among overrides, but Excel itself writes them first.
        tag = f'<Default Extension="{ending}" ContentType="{content_type}"/>'.encode()
        at = root_of(content).inner
        package.write(TYPES, edited(content, [(at, at, prefixed(tag, prefix))]))
        return
    tag = f'<Override PartName="/{part}" ContentType="{content_type}"/>'.encode()
    package.write(TYPES, edited(content, [inserted_within(content, root_of(content), prefixed(tag, prefix))]))
