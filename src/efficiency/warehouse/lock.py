"""One run at a time for a warehouse: a lock file beside it that names its owner and never outlives a run.

The file appears with its content in one step (hard link), so nobody reads half an owner. A lock whose process has
died on this host is taken over; one of another host is left alone and the message says which file to delete.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from efficiency.warehouse.errors import WarehouseError, told
from efficiency.warehouse.staging import alive, staging_file

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Owner:
    """Who holds a lock: enough to find the person, and to tell whether the process still lives."""

    host: str
    pid: int
    started: str | None
    """The process's start time as the system counts it, since process numbers are given out again."""
    user: str
    since: str

    def lives(self) -> bool:
        """Whether the owner may still be at work; of another host's processes we cannot know and say yes."""
        if self.host != socket.gethostname():
            return True
        return alive(self.pid) and (self.started is None or self.started == _started(self.pid))

    def __str__(self) -> str:
        return f"process {self.pid} of {self.user} on {self.host} since {self.since}"


def _started(pid: int) -> str | None:
    """When the process began, in clock ticks since boot; None where the system does not tell (not Linux)."""
    try:
        # the command's name stands in brackets and may hold blanks: count fields from behind it
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold the warehouse `path` for the length of the block; nobody else can run on it meanwhile.

    Raises WarehouseError naming the owner when another run holds it.
    """
    target = path.resolve()
    file = target.with_name(f"{target.name}.lock")
    owner = Owner(socket.gethostname(), os.getpid(), _started(os.getpid()), _user(),
                  datetime.now(tz=UTC).astimezone().isoformat(timespec="seconds"))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _take(file, owner, staging_file(target, "lock"))
    except OSError as error:
        raise told(error, file, "locking the warehouse with") from error
    try:
        yield
    finally:
        if _read(file) == owner:
            file.unlink(missing_ok=True)


def _take(file: Path, owner: Owner, mine: Path) -> None:
    mine.write_text(json.dumps(asdict(owner), ensure_ascii=False), encoding="utf-8")
    try:
        for _ in range(10):
            if _placed(mine, file):
                return
            holder = _read(file)
            if holder is not None and holder.lives():
                raise WarehouseError(
                    f"another run holds the warehouse: {holder}. To do: wait for it to end; if it is no longer alive, "
                    f"delete {file} and run again."
                )
            if holder is not None:
                _set_aside(file, holder, mine)
            elif file.exists():
                raise WarehouseError(f"another run may hold the warehouse: {file} does not say who. To do: when no run "
                                     "is at work, delete that file and run again.")
        raise WarehouseError(f"the lock {file} cannot be taken: it keeps changing hands. To do: run again.")
    finally:
        mine.unlink(missing_ok=True)


def _placed(mine: Path, file: Path) -> bool:
    """Put the lock in place unless there is one; whole or not at all."""
    try:
        os.link(mine, file)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links: exclusive creation, the content a moment later
        try:
            with file.open("x", encoding="utf-8") as handle:
                handle.write(mine.read_text(encoding="utf-8"))
        except FileExistsError:
            return False
    return True


def _set_aside(file: Path, holder: Owner, mine: Path) -> None:
    """Remove the dead owner's lock, and only that: someone may have replaced it since it was read."""
    aside = mine.with_name(f"{mine.name}.stale")
    with contextlib.suppress(FileNotFoundError):
        file.rename(aside)
        if _read(aside) != holder:
            with contextlib.suppress(FileExistsError):
                os.link(aside, file)
        aside.unlink(missing_ok=True)


def _read(file: Path) -> Owner | None:
    """The owner named in a lock file; None when there is none or it is not one of ours."""
    try:
        return Owner(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
