"""The files of the inbox: spreadsheets in order of arrival, those in a .zip too, and a note for every other file."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.archives import SILENT, unpack
from efficiency.intake.formats import ARCHIVES, ENCRYPTED, SPREADSHEET, UnreadableError, holds_table, kind_of
from efficiency.intake.problems import problem, problems_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

ENDINGS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".et", ".ods", ".csv", ".tsv", ".parquet", ".zip")
"""Endings of files that are read, in either case; of a .zip the files in it."""
WHERE_A_TABLE = (".txt", ".xml", ".htm", ".html", ".mht", ".mhtml")
"""Endings of files that are read where they hold a table."""
_ZIP = ARCHIVES[-1]
NESTED, EMPTY = "压缩包里的压缩包", "空的压缩包"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class InboxFile:
    """A file of the inbox: `name` is its path below the inbox as text, `modified` its modification time in seconds."""

    path: Path
    name: str
    sha256: str
    modified: float
    refusal: str | None = None
    """Why it is not opened, in Chinese."""


def list_inbox(directory: Path) -> tuple[list[InboxFile], pl.DataFrame]:
    """Every spreadsheet below `directory` in order of arrival, and problems (PARSE_PROBLEMS) about the other files.

    Arrival is the time of modification, then the natural order of names (2月 before 10月). Lock files (`~$…`) and
    dotfiles are ignored; a link that leads out of the inbox is not followed, and reported.
    """
    files: list[InboxFile] = []
    problems: list[dict[str, object]] = []
    root = directory.resolve()
    taken: set[str] = set()
    for path in inbox_paths(directory):
        name = as_text(path.relative_to(directory))
        if name in taken:  # the same name is there in another encoding
            name = as_text(path.relative_to(directory), ())
        taken.add(name)
        if path.is_dir() and not path.is_symlink():
            problems.append(_refused(name, "无法打开文件夹，其中的文件均未读取"))
            continue
        try:
            if not path.resolve().is_relative_to(root):
                problems.append(_refused(name, "它是指向收件目录之外的链接"))
                continue
            file = inbox_file(path, name)
        except RuntimeError:  # raised by resolve until Python 3.13
            problems.append(_refused(name, "它是指向自身的链接"))
            continue
        except OSError as error:
            problems.append(_refused(name, f"无法打开文件({error.strerror})"))
            continue
        found, left_aside = listed(file)
        files += found
        problems += left_aside
    files.sort(key=lambda file: (file.modified, natural_order(file.name)))
    return files, problems_frame(problems)


def listed(file: InboxFile) -> tuple[list[InboxFile], list[dict[str, object]]]:
    """A file as the spreadsheets that it is or holds, and problems about what is left aside.

    Raises OSError when it cannot be read.
    """
    if file.path.suffix.lower() == ".zip" and kind_of(file.path) in (_ZIP, ""):
        return _members(file)
    return _read_or_aside(file)


def _read_or_aside(file: InboxFile) -> tuple[list[InboxFile], list[dict[str, object]]]:
    """A file that is read, or the problem that says what it is."""
    ending = file.path.suffix.lower()
    if ending == ".zip" and (kind := kind_of(file.path)) not in (SPREADSHEET, ENCRYPTED):
        return _aside(file, NESTED if kind in (_ZIP, "") else kind)
    if ending in ENDINGS or (ending in WHERE_A_TABLE and holds_table(file.path)):
        return [file], []
    return _aside(file, kind_of(file.path, PurePosixPath(file.name).suffix))


def _aside(file: InboxFile, kind: str) -> tuple[list[InboxFile], list[dict[str, object]]]:
    """No spreadsheets, and what the file is that is left aside."""
    rule = "archive_unread" if kind in (*ARCHIVES, NESTED, EMPTY) else "not_a_spreadsheet"
    rule = "ending_unknown" if kind in (SPREADSHEET, ENCRYPTED) else rule
    ending = PurePosixPath(file.name).suffix
    return [], [problem(rule, submission_id=file.sha256[:12], file_name=file.name, value=kind, ending=ending)]


def _members(file: InboxFile) -> tuple[list[InboxFile], list[dict[str, object]]]:
    """The spreadsheets within a .zip, and problems about its other files; a .zip that cannot be opened itself."""
    try:
        members = unpack(file.path, file.sha256)
    except UnreadableError as error:
        return [replace(file, refusal=str(error))], []
    files: list[InboxFile] = []
    problems: list[dict[str, object]] = []
    for member in members:
        # They arrived with the archive, whenever they were last changed.
        found = replace(inbox_file(member.path, f"{file.name}/{member.name}"), modified=file.modified)
        sheets, aside = ([replace(found, refusal=member.refusal)], []) if member.refusal else _read_or_aside(found)
        files += sheets
        problems += aside
    return (files, problems) if members else _aside(file, EMPTY)


def inbox_file(path: Path, name: str | None = None) -> InboxFile:
    """The file at `path` under `name` or its own, with the digest of its bytes. Raises OSError when it cannot be read.

    A pipe or device is not opened: it would be waited for without end.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "不是普通文件", str(path))
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return InboxFile(path, name or as_text(Path(path.name)), digest, path.stat().st_mtime)


def as_text(path: Path, encodings: Sequence[str] = ("gb18030",)) -> str:
    """`path` with `/` between its parts. Systems other than Windows allow names that are no text.

    Archives made on Windows come unpacked with names in GB18030: they are read as what they were. Bytes that are no
    text in any of `encodings` either, and control characters, which could steer a terminal, are shown as %XX.
    """
    return "/".join(_part_as_text(part, encodings) for part in path.parts)


def _part_as_text(part: str, encodings: Sequence[str]) -> str:
    raw = os.fsencode(part)
    for encoding in ("utf-8", *encodings):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        text = re.sub(r"\\x(..)", lambda byte: f"%{byte[1].upper()}", raw.decode("ascii", "backslashreplace"))
    return _CONTROL.sub(lambda sign: f"%{ord(sign[0]):02X}", text)


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """Sort key under which numbers in names count as numbers: `产出2月` before `产出10月`."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", name) if part]


def inbox_paths(directory: Path) -> list[Path]:
    """Every file below `directory` in name order, none opened; of lock files and dotfiles none, links unfollowed.

    A folder that cannot be opened is listed itself.
    """
    found: list[Path] = []

    def closed(error: OSError) -> None:
        if error.filename != str(directory):
            found.append(Path(error.filename))

    for folder, folders, names in os.walk(directory, followlinks=False, onerror=closed):
        here = Path(folder)
        linked = [name for name in folders if (here / name).is_symlink()]
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in linked)
        found += [here / name for name in sorted([*names, *linked]) if not SILENT.match(name)]
    return found


def _refused(name: str, reason: str) -> dict[str, object]:
    """An `unreadable` problem of a file whose bytes are not known: the digest is of its name instead."""
    identifier = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return problem("unreadable", submission_id=identifier, file_name=name, reason=reason)
