"""Linux and macOS. What only Linux tells, how much memory a process has, is unknown elsewhere, and then not limited."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Literal

assert sys.platform != "win32"  # `windows` is its twin

ALONE: dict[str, Any] = {"start_new_session": True}
"""Arguments of Popen: an interrupt from the keyboard does not reach the new process."""
_STATUS = "/proc/{}/statm"
"""Where Linux says how many pages of memory a process has: address space, and those it holds."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


def alive(pid: int) -> bool:
    """Whether a process with this number exists on this machine."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def language_of_menus() -> str:
    """Empty: variables say it."""
    return ""


def interrupt() -> None:
    """Interrupt the main thread of this process as Ctrl-C does, from any thread."""
    os.kill(os.getpid(), signal.SIGINT)


def held_open(error: PermissionError) -> bool:  # as its twin
    """Whether `error` of a rename may mean that a program has the target open: never here, a rename goes on."""
    return False


def sync_to_disk(path: Path) -> None:
    """Flush a file, or the entries of a folder, from the system's cache to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
"""Of Linux: linux/fcntl.h and linux/fs.h."""
_CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM}
"""What systems and file systems say that do not know the call."""


def swapped(one: Path, other: Path) -> bool:
    """Swap two folders on one file system in one step: renameat2, Linux 3.15 on its common file systems.

    False where that cannot be done, and then nothing has happened. Raises OSError as `Path.replace` does.
    """
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code not in _CANNOT:
        raise OSError(code, os.strerror(code), str(one), None, str(other))
    return False


def allow_reuse(probe: socket.socket) -> None:
    """Let `probe` bind a port whose last connections are still being closed."""
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)


def address_space() -> int | None:
    """Bytes of address space that a limit (`ulimit -v`) leaves this process; None without a limit."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if limit == resource.RLIM_INFINITY else limit


def bytes_of(pid: int) -> tuple[int, int] | None:
    """Bytes of address space of process `pid`, and those it holds in memory; None where that is not known."""
    with suppress(OSError, ValueError, IndexError):  # not Linux, or it has just ended
        space, held = Path(_STATUS.format(pid)).read_text(encoding="ascii").split()[:2]
        return int(space) * _PAGE, int(held) * _PAGE
    return None


def readable(pipe: IO[bytes], milliseconds: int) -> bool:
    """Whether there is something to read from `pipe`, or its other end is closed, within the time."""
    answer = select.poll()
    answer.register(pipe, select.POLLIN)
    return bool(answer.poll(milliseconds))


def wait_until_left(pipe: IO[Any]) -> bool:
    """Wait until nobody holds the other end of `pipe` any more, then return True; False where that cannot be known."""
    parent = select.poll()
    parent.register(pipe, 0)  # without an event asked for, only the end of the other side is reported
    parent.poll()
    return True


@contextmanager
def limited(space: int, seconds: int) -> Iterator[None]:
    """Within the block the system refuses address space beyond `space` bytes and ends this process after `seconds`.

    The time is the processor's, from now on. A limit that is set already and lower stays.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = {
        resource.RLIMIT_AS: space,
        resource.RLIMIT_CPU: int(used.ru_utime + used.ru_stime) + seconds,
        resource.RLIMIT_CORE: 0,
    }
    hard = {kind: resource.getrlimit(kind)[1] for kind in soft}
    try:
        for kind, most in soft.items():
            allowed = hard[kind] == resource.RLIM_INFINITY or most <= hard[kind]
            resource.setrlimit(kind, (most if allowed else hard[kind], hard[kind]))
        yield
    finally:
        for kind in soft:
            resource.setrlimit(kind, (hard[kind], hard[kind]))


def cause_of_end(status: int) -> Literal["time", "memory"] | None:
    """Which limit ended a process with this exit status. Native code whose allocation is refused aborts."""
    causes: dict[int, Literal["time", "memory"]] = {-signal.SIGXCPU: "time", -signal.SIGABRT: "memory"}
    return causes.get(status)
