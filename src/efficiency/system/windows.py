"""Windows. What a file may take of memory and time is not limited there; what is said here was not run on Windows."""

from __future__ import annotations

import _thread
import ctypes
import locale
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

ALONE: dict[str, Any] = {"creationflags": 0x00000200}  # CREATE_NEW_PROCESS_GROUP
"""Arguments of Popen: an interrupt from the keyboard does not reach the new process."""
_QUERY = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION
_STILL_ACTIVE = 259
_ACCESS_DENIED = 5
_BINARY = 0x8000  # os.O_BINARY, which other systems lack


def alive(pid: int) -> bool:
    """Whether a process with this number exists on this machine."""
    kernel: Any = getattr(ctypes, "windll").kernel32  # noqa: B009  # other systems lack the attribute
    handle = kernel.OpenProcess(_QUERY, False, pid)
    if not handle:
        return bool(kernel.GetLastError() == _ACCESS_DENIED)  # of another user
    status = ctypes.c_ulong()
    known = kernel.GetExitCodeProcess(handle, ctypes.byref(status))
    kernel.CloseHandle(handle)
    # Someone may hold the handle of a process that has ended.
    return not known or status.value == _STILL_ACTIVE


def language_of_menus() -> str:
    """The language of Windows' own menus, as a locale; the locale of its formats where that is not known."""
    kernel: Any = getattr(ctypes, "windll").kernel32  # noqa: B009  # other systems lack the attribute
    return locale.windows_locale.get(kernel.GetUserDefaultUILanguage()) or locale.getlocale()[0] or ""


def interrupt() -> None:
    """Interrupt the main thread of this process as Ctrl-C does, from any thread.

    `os.kill` would end the process at once.
    """
    _thread.interrupt_main()


def held_open(error: PermissionError) -> bool:  # as its twin
    """Whether `error` of a rename may mean that a program has the target open: it is refused as long as one has."""
    return True


def sync_to_disk(path: Path) -> None:
    """Flush a file from the system's cache to the disk; the entries of a folder cannot be flushed by themselves."""
    if path.is_dir():
        return
    handle = os.open(path, os.O_RDWR | _BINARY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def swapped(one: Path, other: Path) -> bool:
    """False: two folders cannot be swapped in one step."""
    return False


def allow_reuse(probe: socket.socket) -> None:
    """Nothing: the option that other systems need would let `probe` take a port that is in use."""


def address_space() -> int | None:
    """None: there is no such limit."""
    return None


def bytes_of(pid: int) -> tuple[int, int] | None:  # as its twin
    """None: it is not asked for."""
    return None


def readable(pipe: IO[bytes], milliseconds: int) -> bool:  # as its twin
    """True: a pipe cannot be waited for with a time limit, so whoever reads it waits."""
    return True


def wait_until_left(pipe: IO[Any]) -> bool:  # as its twin
    """False: a process whose parent has ended sees it when it next reads or answers."""
    return False


@contextmanager
def limited(space: int, seconds: int) -> Iterator[None]:  # as its twin
    """Nothing is limited."""
    yield


def cause_of_end(status: int) -> Literal["time", "memory"] | None:  # as its twin
    """None: no limit has ended it."""
    return None
