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
from efficiency.language import Text, say
from efficiency.processes import user
from efficiency.warehouse.errors import WarehouseBusyError, warehouse_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold the warehouse `path` for the length of the block; nobody else can run on it meanwhile.

    Raises WarehouseBusyError naming the holder when another run holds it, WarehouseError when its folder cannot be
    written, UsageError when DuckDB cannot take its path.
    """
    if "?" in str(path.resolve()):
        raise UsageError(
            say(
                "The path {path} holds a question mark, after which DuckDB looks for settings. Rename the folder, "
                "or name another place with --warehouse.",
                path=path.resolve(),
            )
        )

    def busy(holder: str) -> Text:
        return say(
            "another run holds the warehouse: {holder}. To do: wait for it to end and run again; the lock goes "
            "with its process.",
            holder=holder,
        )

    with _held(*_files(path), busy):
        yield


@contextlib.contextmanager
def serving_lock(path: Path) -> Iterator[None]:
    """Be the only process that runs the schedule of the warehouse `path`, for the length of the block.

    Runs go on meanwhile, each with its own `lock`. Raises WarehouseBusyError naming the process that serves already,
    WarehouseError when the folder cannot be written.
    """

    def busy(holder: str) -> Text:
        return say(
            "the schedule of the warehouse {path} is served already: {holder}. To do: stop that process first, or "
            "name another warehouse with --warehouse.",
            path=path.resolve(),
            holder=holder,
        )

    with _held(*_files(path, "serving"), busy):
        yield


@contextlib.contextmanager
def _held(file: Path, note: Path, busy: Callable[[str], Text]) -> Iterator[None]:
    """Keep `file` locked within the block, with this process in `note`; `busy` says who holds it already."""
    from filelock import FileLock, Timeout  # takes a tenth of a second to import

    with contextlib.ExitStack() as held:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(FileLock(file, timeout=0))
            note.write_text(_this_process(), encoding="utf-8")
        except Timeout:
            raise WarehouseBusyError(busy(_holder_in(note))) from None
        except OSError as error:
            raise warehouse_error(error, file, say("locking the warehouse with")) from error
        try:
            yield
        finally:
            # Removed while it is still held: whoever has opened it meanwhile finds it gone and opens a new one.
            for left in (note, file):
                with contextlib.suppress(OSError):  # Windows removes no open file; either may stay without harm
                    left.unlink()


def holder(path: Path) -> str | None:
    """Who holds the warehouse `path`; None when nobody does. Raises WarehouseError when the lock cannot be tried."""
    return _holder(*_files(path))


def serves(path: Path) -> str | None:
    """Which process runs the schedule of the warehouse `path`; else as `holder`."""
    return _holder(*_files(path, "serving"))


def _holder(file: Path, note: Path) -> str | None:
    from filelock import FileLock, Timeout

    if not file.exists():
        return None
    try:
        with FileLock(file, timeout=0):
            return None
    except Timeout:
        return _holder_in(note)
    except OSError as error:
        raise warehouse_error(error, file, say("looking at the lock")) from error


def _files(path: Path, purpose: str = "lock") -> tuple[Path, Path]:
    """The file that is locked for the warehouse `path`, and the note beside it."""
    target = path.resolve()
    return target.with_name(f"{target.name}.{purpose}"), target.with_name(f"{target.name}.{purpose}-holder")


def _this_process() -> str:
    since = datetime.now(tz=UTC).astimezone().isoformat(timespec="seconds")
    return f"process {os.getpid()} of {user()} on {socket.gethostname()} since {since}"


def _holder_in(note: Path) -> str:
    """The text of the note; the holder writes it a moment after it has the lock."""
    try:
        return note.read_text(encoding="utf-8").strip() or say("{name} does not say who", name=note.name)
    except (OSError, ValueError) as error:
        return say("{name} cannot be read ({error})", name=note.name, error=error)
