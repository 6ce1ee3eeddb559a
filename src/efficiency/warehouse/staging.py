"""Staging files and scratch folders beside the warehouse, which exist only while a process writes them."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from efficiency.processes import process_mark, process_of
from efficiency.system import alive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SCRATCH = "scratch"


def staging_file(target: Path, ending: str) -> Path:
    """Path beside `target` for a file that this process prepares; contains host and process number."""
    return target.with_name(f"{target.name}.staging-{process_mark()}.{ending}")


def scratch_folder(warehouse: Path) -> Path:
    """Folder to which this process spills rows that memory should not hold."""
    return staging_file(warehouse.resolve(), _SCRATCH)


@contextmanager
def scratch(warehouse: Path) -> Iterator[Path]:
    """The scratch folder of a run, removed at its end; first removes what dead runs left beside `warehouse`."""
    clear_leftovers(warehouse.resolve())
    with reading_scratch(warehouse) as folder:
        yield folder


@contextmanager
def reading_scratch(warehouse: Path) -> Iterator[Path]:
    """The scratch folder of a command that only reads `warehouse`: created by the first spill, removed at the end."""
    folder = scratch_folder(warehouse)
    discard(folder)
    try:
        yield folder
    finally:
        discard(folder)


def discard(staging: Path) -> None:
    """Remove a staging file and what DuckDB creates beside it (write-ahead log, spill folder)."""
    for path in staging.parent.glob(f"{_escaped(staging.name)}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def clear_leftovers(target: Path) -> None:
    """Remove staging files beside `target` of this process and of dead processes of this host.

    The scratch folder of this process is kept: it is in use until the run ends.
    """
    beginning = f"{target.name}.staging-"
    for path in target.parent.glob(f"{_escaped(beginning)}*"):
        # Host names may contain dots: the process number is what precedes the first dot after a number.
        mark = re.match(r"(.*?-\d+)\.", path.name.removeprefix(beginning))
        pid = process_of(mark[1]) if mark else None
        ours = pid == os.getpid() and not path.name.endswith(f".{_SCRATCH}")
        if pid is not None and (ours or not alive(pid)):
            discard(path)


def _escaped(name: str) -> str:
    """`name` with the characters that a glob reads as patterns taken literally."""
    return re.sub(r"([*?\[])", r"[\1]", name)
