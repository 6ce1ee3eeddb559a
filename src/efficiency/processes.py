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


def alive(pid: int) -> bool:
    """Whether a process with this number exists on this machine."""
    if os.name == "nt":  # there, os.kill with signal 0 would end the process
        return _windows_alive(pid)
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def address_space() -> int | None:
    """Bytes of address space that a limit (`ulimit -v`) leaves this process; None without a limit."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if limit == resource.RLIM_INFINITY else limit


def _windows_alive(pid: int) -> bool:
    import ctypes

    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined]  # Windows has it
    handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
    if handle:
        kernel.CloseHandle(handle)
    return bool(handle)


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
