"""One run at a time for a warehouse: a lock file beside it that names its owner and never outlives a run.

The file appears with its content in one step (hard link), so nobody reads half an owner. Its owner keeps it locked with
the system (flock) while it lives, which all containers of a machine can see: a lock whose owner has died on this
machine, in whatever container, or that is from before its last start, is taken over. One of another machine is left
alone, and so is one of a machine that merely has the same name: its processes cannot be seen from here. The message
names the owner and the file to delete.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from efficiency.processes import alive, user
from efficiency.warehouse.errors import WarehouseBusyError, WarehouseError, warehouse_error
from efficiency.warehouse.staging import staging_file

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
    machine: str | None = None
    """What tells machines of one name apart; this and the next two are None where the system does not tell."""
    boot: str | None = None
    """Another one each time that the machine starts."""
    processes: str | None = None
    """The set in which `pid` is a number: each container has its own."""
    flocked: bool = False
    """Whether the file is locked with the system as long as the owner lives."""

    @classmethod
    def here(cls) -> Owner:
        """The process that asks, from now."""
        return cls(
            socket.gethostname(),
            os.getpid(),
            _started(os.getpid()),
            user(),
            datetime.now(tz=UTC).astimezone().isoformat(timespec="seconds"),
            _line("/etc/machine-id"),
            _line("/proc/sys/kernel/random/boot_id"),
            _processes(),
        )

    def lives(self, file: Path) -> bool:
        """Whether the owner of the lock `file` may still be at work; of what cannot be seen from here we say yes."""
        here = Owner.here()
        if self.flocked and self.boot is not None and self.boot == here.boot:
            held = _flocked(file)
            if held is not None:
                return held
        if self.host != here.host or _differ(self.machine, here.machine):
            return True
        if _differ(self.boot, here.boot):
            return False
        if _differ(self.processes, here.processes):
            return True
        return alive(self.pid) and (self.started is None or self.started == _started(self.pid))

    def __str__(self) -> str:
        return f"process {self.pid} of {self.user} on {self.host} since {self.since}"


def _flock(handle: IO[str]) -> bool:
    """Lock an open file with the system until it is closed, at the latest with the process; False where it cannot."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):  # not a Unix, or a share without such locks
        return False
    return True


def _flocked(file: Path) -> bool | None:
    """Whether some process of this machine has `file` locked with the system; None where it cannot be told."""
    try:
        import fcntl

        with file.open(encoding="utf-8") as handle:
            # Shared, so that two who look do not take each other for the owner.
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (ImportError, OSError):
        return None
    return False


def _started(pid: int) -> str | None:
    """When the process began, in clock ticks since boot; None where the system does not tell (not Linux)."""
    try:
        # the command's name stands in brackets and may hold blanks: count fields from behind it
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def _differ(one: str | None, other: str | None) -> bool:
    """Whether both are known and not the same."""
    return one is not None and other is not None and one != other


def _line(path: str) -> str | None:
    """The text of a small system file; None where there is none."""
    try:
        return Path(path).read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None


def _processes() -> str | None:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except (OSError, NotImplementedError):
        return None


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold the warehouse `path` for the length of the block; nobody else can run on it meanwhile.

    Raises WarehouseBusyError naming the owner when another run holds it.
    """
    target = path.resolve()
    file = target.with_name(f"{target.name}.lock")
    mine = staging_file(target, "lock")
    with contextlib.ExitStack() as held:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            handle = held.enter_context(mine.open("w", encoding="utf-8"))
            owner = replace(Owner.here(), flocked=_flock(handle))
            handle.write(json.dumps(asdict(owner), ensure_ascii=False))
            handle.flush()
            os.fsync(handle)  # an empty lock, left where the power failed, would name nobody who could be found dead
            if not owner.flocked:
                handle.close()  # an open file cannot be removed everywhere
            _take(file, mine)
        except OSError as error:
            raise warehouse_error(error, file, "locking the warehouse with") from error
        finally:
            mine.unlink(missing_ok=True)
        try:
            yield
        finally:
            found = _read(file)
            if found is not None and replace(found, flocked=owner.flocked) == owner:
                file.unlink(missing_ok=True)


def holder(path: Path) -> Owner | None:
    """Who holds the warehouse `path` and may still be at work; None when nobody does."""
    target = path.resolve()
    file = target.with_name(f"{target.name}.lock")
    owner = _read(file)
    return owner if owner is not None and owner.lives(file) else None


def _take(file: Path, mine: Path) -> None:
    for _ in range(10):
        if _placed(mine, file):
            return
        found = _read(file)
        if found is not None and found.lives(file):
            raise WarehouseBusyError(
                f"another run holds the warehouse: {found}. To do: wait for it to end; if it is no longer alive, "
                f"delete {file} and run again."
            )
        if found is not None:
            _set_aside(file, found, mine)
        elif file.exists():
            raise WarehouseError(
                f"another run may hold the warehouse: {file} does not say who. To do: when no run "
                "is at work, delete that file and run again."
            )
    raise WarehouseError(f"the lock {file} cannot be taken: it keeps changing hands. To do: run again.")


def _placed(mine: Path, file: Path) -> bool:
    """Put the lock in place unless there is one; whole or not at all."""
    try:
        os.link(mine, file)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links: exclusive creation, the content a moment later
        # What is created here is not the file that is locked with the system.
        said = json.dumps({**json.loads(mine.read_text(encoding="utf-8")), "flocked": False}, ensure_ascii=False)
        try:
            with file.open("x", encoding="utf-8") as handle:
                handle.write(said)
        except FileExistsError:
            return False
    return True


def _set_aside(file: Path, dead: Owner, mine: Path) -> None:
    """Remove the dead owner's lock, and only that: someone may have replaced it since it was read."""
    aside = mine.with_name(f"{mine.name}.stale")
    with contextlib.suppress(FileNotFoundError):
        file.rename(aside)
        if _read(aside) != dead:
            with contextlib.suppress(FileExistsError):
                os.link(aside, file)
        aside.unlink(missing_ok=True)


def _read(file: Path) -> Owner | None:
    """The owner named in a lock file; None when there is none or it is not one of ours."""
    try:
        return Owner(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
