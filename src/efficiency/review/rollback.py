"""`efficiency rollback`: publishes an earlier file of the warehouse, or a copy of one, again; computes nothing new.

The file that it replaces is kept as a version.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from efficiency.errors import EfficiencyError, UsageError
from efficiency.language import say
from efficiency.processes import operator
from efficiency.warehouse.lock import lock
from efficiency.warehouse.publish import roll_back
from efficiency.warehouse.run_log import append_entry
from efficiency.warehouse.versions import Version, describe, version_files, version_path


@dataclass(frozen=True, slots=True)
class RolledBack:
    """The version that is published now, and the one before as it is kept; None when there was no warehouse."""

    now: Version
    before: Version | None


def versions(warehouse: Path) -> list[Version]:
    """The earlier files of the warehouse, newest first. Raises WarehouseError naming one that cannot be read."""
    return [describe(file) for file in reversed(version_files(warehouse.resolve()))]


def rollback(warehouse: Path, asked: str | None) -> RolledBack:
    """Publish an earlier file again, under the warehouse's lock, with an entry in the log of runs.

    `asked` is a number of the list (1 is the newest), a part of the name of one version only, or the path of a copy
    that is kept elsewhere; None is the newest. Raises UsageError when it names none, WarehouseError when another run
    holds the warehouse, or when the file cannot be read or put in place.
    """
    target = warehouse.resolve()
    with lock(target):
        chosen = _chosen(target, asked)
        before = replace(describe(target), path=version_path(target)) if target.exists() else None
        version = describe(chosen)
        entry = {
            "event": "rollback",
            "at": _now(),
            "operator": operator(),
            "from_run": before.run_id if before else None,
            "to_run": version.run_id,
            "file": str(chosen),
        }
        append_entry(target, entry)
        try:
            roll_back(target, chosen)
        except EfficiencyError as error:
            append_entry(target, {"event": "failed", "at": _now(), "error": str(error)})
            raise
        return RolledBack(version, before)


def _chosen(target: Path, asked: str | None) -> Path:
    files = list(reversed(version_files(target)))
    if asked is not None and ("/" in asked or Path(asked).is_file()):
        if not Path(asked).is_file():
            raise UsageError(
                say("There is no file {asked}. Name a version of `efficiency rollback --list` or a copy.", asked=asked)
            )
        return Path(asked).resolve()
    if not files:
        raise UsageError(
            say(
                "{target} has no earlier versions yet: each run keeps the file it replaces. To put back a copy "
                "that is kept elsewhere, name its path.",
                target=target,
            )
        )
    if asked is None:
        return files[0]
    if asked.isdecimal() and len(asked) <= 2:
        fitting = files[int(asked) - 1 : int(asked)] if int(asked) else []
    else:
        fitting = [file for file in files if asked in file.name]
    if len(fitting) != 1:
        raise UsageError(
            say(
                "{asked!r} names {fitting} of the {number} versions of {name}. `efficiency rollback --list` shows "
                "them; name one by its number or its time.",
                asked=asked,
                fitting=len(fitting) or say("none"),
                number=len(files),
                name=target.name,
            )
        )
    return fitting[0]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
