"""The files of a .zip that was sent: unpacked one level, within bounds, under names that lead nowhere else.

A member appears as a file of the inbox whose folder is the archive: `报送.zip/2026年10月.xlsx`. Its bytes stand in a
temporary folder of this process, under a number: no name within an archive is ever used as a path.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from efficiency.errors import EfficiencyError
from efficiency.intake.formats import MAX_EXPANDED, UnreadableError, damage_as_unreadable, opened_zip
from efficiency.language import reason, say
from efficiency.processes import temporary_folder

if TYPE_CHECKING:
    from io import RawIOBase
    from pathlib import Path

MOST_MEMBERS = 2_000
SILENT = re.compile(r"(?:\.|~\$|__MACOSX$|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
"""How the names of files and folders begin that programs leave behind and nobody sent."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CHUNK = 1 << 20
_UTF_8_NAME = 0x800
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Member:
    """A file within an archive."""

    name: str
    """Its path within the archive, with `/`; without steps out of it."""
    path: Path
    """Of a copy, with the ending of its name."""
    refusal: str | None = None
    """Why it could not be unpacked, in Chinese."""


def unpack(archive: Path, identifier: str) -> list[Member]:
    """The files of the zip at `archive`, unpacked into a folder that is called `identifier`; none opened.

    Raises UnreadableError with a plain reason for an archive that is damaged, encrypted or expands too far, and
    EfficiencyError where the folder for temporary files cannot take the copies: that is no fault of the archive.
    """
    folder = temporary_folder() / identifier
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _no_room(error) from error
    with damage_as_unreadable(), opened_zip(archive) as opened:
        entries = [entry for entry in opened.infolist() if not entry.is_dir() and not _is_silent(entry)]
        if len(entries) > MOST_MEMBERS:
            raise UnreadableError(f"压缩包内有 {len(entries)} 个文件，超过 {MOST_MEMBERS} 个的上限")
        if any(entry.flag_bits & 1 for entry in entries):
            raise UnreadableError("压缩包已加密")
        if sum(entry.file_size for entry in entries) > MAX_EXPANDED:
            raise UnreadableError(f"压缩包解压后超过 {MAX_EXPANDED >> 20} MiB")
        taken: set[str] = set()
        return [_unpacked(opened, entry, folder, number, taken) for number, entry in enumerate(entries)]


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, number: int, taken: set[str]) -> Member:
    """One file of the archive, never more of it than it declares."""
    name = _free_name(_name(entry), taken)
    path = folder / f"{number:05d}{_ending(name)}"
    try:
        with damage_as_unreadable(), archive.open(entry) as source, path.open("wb", buffering=0) as copy:
            left = entry.file_size
            while left > 0 and (part := source.read(min(left, _CHUNK))):
                _write(copy, part)
                left -= len(part)
            if left or source.read(1):
                raise UnreadableError("压缩包中的该文件大小与声明不符，已损坏")
    except UnreadableError as error:
        path.touch()
        return Member(name, path, str(error))
    return Member(name, path)


def _write(copy: RawIOBase, part: bytes) -> None:
    """Write `part` whole. Raises EfficiencyError where there is no room for it."""
    rest = memoryview(part)
    try:
        while rest:
            rest = rest[copy.write(rest) or 0 :]
    except OSError as error:
        raise _no_room(error) from error


def _no_room(error: OSError) -> EfficiencyError:
    return EfficiencyError(
        say(
            "{folder}, where archives (.zip) are unpacked, cannot be written ({reason}). Nothing was "
            "published. Free space on that disk, or name another folder for temporary files with TMPDIR, and "
            "run again.",
            folder=tempfile.gettempdir(),
            reason=reason(error),
        )
    )


def _name(entry: zipfile.ZipInfo) -> str:
    """The path of a member as text: archives made on Windows have names in GB18030, others in UTF-8 without a mark."""
    written = entry.filename
    if not entry.flag_bits & _UTF_8_NAME:
        raw = written.encode("cp437", "replace")
        for codec in ("utf-8", "gb18030"):
            try:
                written = raw.decode(codec)
                break
            except UnicodeDecodeError:
                continue
    parts = [part for part in re.split(r"[/\\]", written) if part not in ("", ".", "..")]
    shown = "/".join(_CONTROL.sub(lambda sign: f"%{ord(sign[0]):02X}", part)[-_LONGEST_NAME:] for part in parts)
    return shown or "未命名文件"


def _is_silent(entry: zipfile.ZipInfo) -> bool:
    return any(SILENT.match(part) for part in _name(entry).split("/"))


def _ending(name: str) -> str:
    ending = PurePosixPath(name).suffix.lower()
    return ending if re.fullmatch(r"\.[a-z0-9]{1,8}", ending) else ""


def _free_name(name: str, taken: set[str]) -> str:
    """`name`, with a number where another member has it already."""
    path, free, number = PurePosixPath(name), name, 1
    while free in taken:
        number += 1
        free = str(path.with_name(f"{path.stem}({number}){path.suffix}"))
    taken.add(free)
    return free
