"""Errors of the warehouse file: each message says what happened, with which file, and what to do about it."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from efficiency.errors import EfficiencyError
from efficiency.language import say

if TYPE_CHECKING:
    from pathlib import Path


class WarehouseError(EfficiencyError):
    """The warehouse cannot be read or published; the message says what, where and what to do."""


class WarehouseBusyError(WarehouseError):
    """Another run holds the warehouse; the message names its owner."""

    passing = True


_SIGNS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("no space left", "enospc", "disk quota", "file too large", "max_temp_directory_size"),
        say("the disk is full or a size limit is reached"),
        say("free some space (old files in versions/ may be deleted) and run again"),
    ),
    (
        ("could not set lock", "conflicting lock", "different configuration", "already attached", "being used by"),
        say("the file is open for writing elsewhere"),
        say("close that program, or let it open the file with read_only=True, and run again"),
    ),
    (
        ("not a valid duckdb", "invalid database", "wrong version", "corrupt", "checksum", "file version number"),
        say("the file is not a DuckDB database that this version can read"),
        say("name another file with --warehouse, or put back the newest file of versions/"),
    ),
    (
        ("permission denied", "read-only file system", "operation not permitted", "eacces", "erofs"),
        say("the file or its folder may not be written or read by this user"),
        say("change the permissions, or name another place with --warehouse"),
    ),
)
_OS_SIGNS = {
    errno.ENOSPC: "no space left",
    errno.EDQUOT: "disk quota",
    errno.EFBIG: "file too large",
    errno.EACCES: "permission denied",
    errno.EPERM: "operation not permitted",
    errno.EROFS: "read-only file system",
}


def warehouse_error(error: Exception, path: Path, doing: str) -> WarehouseError:
    """`error`, which occurred while `doing` something with `path`, as a message with its remedy.

    The message also quotes `error`, since the cause is recognised by a few words of it.
    """
    text = " ".join(str(error).split())
    number = error.errno if isinstance(error, OSError) else None
    signs = _OS_SIGNS.get(number, text.lower()) if number is not None else text.lower()
    for words, cause, remedy in _SIGNS:
        if any(word in signs for word in words):
            return WarehouseError(
                say(
                    "{doing} {path} failed: {cause}. To do: {remedy}. ({text})",
                    doing=doing,
                    path=path,
                    cause=cause,
                    remedy=remedy,
                    text=text,
                )
            )
    return WarehouseError(
        say(
            "{doing} {path} failed: {text}. To do: see that the folder exists, is on a local disk and may be "
            "written, and run again.",
            doing=doing,
            path=path,
            text=text,
        )
    )
