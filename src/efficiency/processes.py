"""Who runs this: the user, the machine, and whether a process still lives."""

from __future__ import annotations

import getpass
import os
import re
import socket


def user() -> str:
    """The user's name; the number where it has none, as in a container that runs under any number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


def operator() -> str:
    """User and machine, as an entry of the log names them."""
    return f"{user()}@{socket.gethostname()}"


def process_mark() -> str:
    """What names this process among those of all machines, fit for a file name: `MACHINE-NUMBER`."""
    return f"{_machine()}-{os.getpid()}"


def process_of(mark: str) -> int | None:
    """The number of the process that `mark` names, if it is one of this machine."""
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


def _windows_alive(pid: int) -> bool:
    import ctypes

    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined]  # Windows has it
    handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
    if handle:
        kernel.CloseHandle(handle)
    return bool(handle)


def _machine() -> str:
    return re.sub(r"[^0-9A-Za-z.]", "_", socket.gethostname())


OTHERS = 0o027
"""Permissions that nobody but the owner gets: writing for the group, anything for others."""


def keep_private() -> None:
    """From here on this process makes files 0640 and folders 0750, or narrower where the user's umask says so."""
    os.umask(os.umask(OTHERS) | OTHERS)
