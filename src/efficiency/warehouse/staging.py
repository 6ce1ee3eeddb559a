"""Files that exist only while something is being written beside the warehouse, and what a dead run left of them."""

from __future__ import annotations

import os
import re
import shutil
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SCRATCH = "scratch"


def staging_file(target: Path, ending: str) -> Path:
    """The name under which this process prepares something beside `target`; host and process are part of it."""
    return target.with_name(f"{target.name}.staging-{_host()}-{os.getpid()}.{ending}")


def scratch_folder(warehouse: Path) -> Path:
    """Where the run that is at work in this process puts rows that are too many to stand in memory."""
    return staging_file(warehouse.resolve(), _SCRATCH)


@contextmanager
def scratch(warehouse: Path) -> Iterator[Path]:
    """The scratch folder of a run, gone at its end however it ends; also what dead runs left beside `warehouse`."""
    clear_leftovers(warehouse.resolve())
    with reading_scratch(warehouse) as folder:
        yield folder


@contextmanager
def reading_scratch(warehouse: Path) -> Iterator[Path]:
    """The scratch folder of a command that reads `warehouse`, made where rows ask for it and gone at the end."""
    folder = scratch_folder(warehouse)
    discard(folder)
    try:
        yield folder
    finally:
        discard(folder)


def discard(staging: Path) -> None:
    """Remove a staging file with everything DuckDB may have put beside it (write-ahead log, spill folder)."""
    for path in staging.parent.glob(f"{_escaped(staging.name)}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def clear_leftovers(target: Path) -> None:
    """Remove what dead processes of this host, or earlier publications of this one, left beside `target`.

    The scratch folder of this process is in use until its run ends.
    """
    owner = re.compile(re.escape(f"{target.name}.staging-{_host()}-") + r"(\d+)\.")
    for path in target.parent.glob(f"{_escaped(target.name)}.staging-*"):
        found = owner.match(path.name)
        ours = found is not None and int(found[1]) == os.getpid() and not path.name.endswith(f".{_SCRATCH}")
        if found and (ours or not alive(int(found[1]))):
            discard(path)


def alive(pid: int) -> bool:
    """Whether a process with this number exists on this host."""
    if os.name == "nt":  # there, os.kill with signal 0 would end the process
        return _windows_alive(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
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


def _host() -> str:
    return re.sub(r"[^0-9A-Za-z.]", "_", socket.gethostname())


def _escaped(name: str) -> str:
    """`name` with the characters that a glob reads as patterns taken literally."""
    return re.sub(r"([*?\[])", r"[\1]", name)
