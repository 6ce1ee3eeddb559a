"""User, machine and processes: names for the log and for file names, whether a process is alive, temporary files."""

from __future__ import annotations

import atexit
import getpass
import os
import re
import shutil
import socket
import tempfile
from pathlib import Path

from efficiency.system import alive


def user() -> str:
    """The user's name; the user's number where it has no name, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


def operator() -> str:
    """USER@MACHINE, as entries of the log contain it."""
    return f"{user()}@{socket.gethostname()}"


def process_mark() -> str:
    """MACHINE-NUMBER of this process, usable in a file name and unique among machines."""
    return f"{_machine()}-{os.getpid()}"


def process_of(mark: str) -> int | None:
    """Process number in `mark` (see `process_mark`); None when it is of another machine or no mark."""
    found = re.fullmatch(re.escape(f"{_machine()}-") + r"(\d+)", mark)
    return int(found[1]) if found else None


def _machine() -> str:
    return re.sub(r"[^0-9A-Za-z.]", "_", socket.gethostname())


_TEMPORARY = "efficiency-temporary-"
_made: list[Path] = []


def temporary_folder() -> Path:
    """A folder of this process for files that others may read while it lives; removed when it ends.

    The first call also removes the folders of dead processes of this machine and user.
    """
    if not _made or not _made[0].is_dir():
        place = Path(tempfile.gettempdir())
        for other in place.glob(f"{_TEMPORARY}*"):
            pid = process_of(other.name.removeprefix(_TEMPORARY).rpartition("-")[0])
            if pid is not None and not alive(pid):
                shutil.rmtree(other, ignore_errors=True)
        _made[:] = [Path(tempfile.mkdtemp(prefix=f"{_TEMPORARY}{process_mark()}-", dir=place))]
        atexit.register(remove_temporary)
    return _made[0]


def remove_temporary() -> None:
    """Remove the temporary folder of this process, for whoever ends it without the handlers that run at exit."""
    while _made:
        shutil.rmtree(_made.pop(), ignore_errors=True)


PRIVATE_UMASK = 0o027
"""Permission bits removed from new files: writing for the group, everything for others."""


def keep_private() -> None:
    """Set the umask so that new files have mode 0640 and folders 0750, or narrower where the user's umask is."""
    os.umask(os.umask(PRIVATE_UMASK) | PRIVATE_UMASK)
