"""Files that exist only while something is being written beside the warehouse, and what a dead run left of them."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from efficiency.processes import alive, process_mark, process_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SCRATCH = "scratch"


def staging_file(target: Path, ending: str) -> Path:
    """The name under which this process prepares something beside `target`; host and process are part of it."""
    return target.with_name(f"{target.name}.staging-{process_mark()}.{ending}")


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
    beginning = f"{target.name}.staging-"
    for path in target.parent.glob(f"{_escaped(beginning)}*"):
        # Machines may have dots in their names: the number stands before the first dot that follows a number.
        mark = re.match(r"(.*?-\d+)\.", path.name.removeprefix(beginning))
        pid = process_of(mark[1]) if mark else None
        ours = pid == os.getpid() and not path.name.endswith(f".{_SCRATCH}")
        if pid is not None and (ours or not alive(pid)):
            discard(path)


def _escaped(name: str) -> str:
    """`name` with the characters that a glob reads as patterns taken literally."""
    return re.sub(r"([*?\[])", r"[\1]", name)
