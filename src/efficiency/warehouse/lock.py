"""One run at a time for a warehouse: a file beside it that the system keeps locked, and a note that says for whom.

The system releases the lock when the process that holds it ends or dies, in whatever container of the machine. Files
that a killed run or a power failure leave therefore block nobody.
"""

from __future__ import annotations

import contextlib
import os
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from efficiency.errors import UsageError
from efficiency.processes import user
from efficiency.warehouse.errors import WarehouseBusyError, warehouse_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold the warehouse `path` for the length of the block; nobody else can run on it meanwhile.

    Raises WarehouseBusyError naming the holder when another run holds it, WarehouseError when its folder cannot be
    written, UsageError when DuckDB cannot take its path.
    """
    from filelock import FileLock, Timeout  # takes a tenth of a second to import

    file, note = _files(path)
    if "?" in str(path.resolve()):
        raise UsageError(
            f"The path {path.resolve()} holds a question mark, after which DuckDB looks for settings. "
            "Rename the folder, or name another place with --warehouse."
        )
    with contextlib.ExitStack() as held:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(FileLock(file, timeout=0))
            note.write_text(_this_process(), encoding="utf-8")
        except Timeout:
            raise WarehouseBusyError(
                f"another run holds the warehouse: {_holder_in(note)}. To do: wait for it to end and run again; the "
                "lock goes with its process."
            ) from None
        except OSError as error:
            raise warehouse_error(error, file, "locking the warehouse with") from error
        try:
            yield
        finally:
            # Removed while it is still held: whoever has opened it meanwhile finds it gone and opens a new one.
            for left in (note, file):
                with contextlib.suppress(OSError):  # Windows removes no open file; either may stay without harm
                    left.unlink()


def holder(path: Path) -> str | None:
    """Who holds the warehouse `path`; None when nobody does. Raises WarehouseError when the lock cannot be tried."""
    from filelock import FileLock, Timeout

    file, note = _files(path)
    if not file.exists():
        return None
    try:
        with FileLock(file, timeout=0):
            return None
    except Timeout:
        return _holder_in(note)
    except OSError as error:
        raise warehouse_error(error, file, "looking at the lock") from error


def _files(path: Path) -> tuple[Path, Path]:
    """The file that is locked for the warehouse `path`, and the note beside it."""
    target = path.resolve()
    return target.with_name(f"{target.name}.lock"), target.with_name(f"{target.name}.lock-holder")


def _this_process() -> str:
    since = datetime.now(tz=UTC).astimezone().isoformat(timespec="seconds")
    return f"process {os.getpid()} of {user()} on {socket.gethostname()} since {since}"


def _holder_in(note: Path) -> str:
    """The text of the note; the holder writes it a moment after it has the lock."""
    try:
        return note.read_text(encoding="utf-8").strip() or f"{note.name} does not say who"
    except (OSError, ValueError) as error:
        return f"{note.name} cannot be read ({error})"
