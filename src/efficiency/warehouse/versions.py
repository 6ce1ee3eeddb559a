"""Earlier published files: kept in `versions/` beside the warehouse, listed, and copied for rollback.

Their names contain a number, by which they are ordered whatever the clock says, and the time of publication. Other
files in that folder are never touched.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb

from efficiency.language import say
from efficiency.warehouse.connection import open_published
from efficiency.warehouse.errors import WarehouseError, warehouse_error
from efficiency.warehouse.staging import clear_leftovers, discard, staging_file

if TYPE_CHECKING:
    from pathlib import Path

KEPT_VERSIONS = 12
"""Number of earlier files that are kept for rollback."""


@dataclass(frozen=True, slots=True)
class Version:
    """A published file: when it was published, and the run that made it."""

    path: Path
    published: datetime
    size: int
    """Bytes."""
    run_id: str | None
    """None when the file does not say."""
    evaluations: tuple[str, ...]
    """Its current evaluations, by period."""
    withdrawn: int
    """How many sheets are withdrawn in it."""


def versions_folder(target: Path) -> Path:
    """Folder of the earlier files of the warehouse `target`."""
    return target.parent / "versions"


def version_files(target: Path) -> list[Path]:
    """The earlier files of `target` by their numbers, lowest first; before them those without one, by their times."""
    folder = versions_folder(target)
    if not folder.is_dir():
        return []
    found = [(match, entry) for entry in folder.iterdir() if (match := _name(target).fullmatch(entry.name))]
    return [entry for _, entry in sorted(found, key=lambda one: (_number(one[0]), one[1].name))]


def version_path(target: Path) -> Path:
    """Path in `versions/` for the file that is now published as `target`: that of its copy there, or the next one."""
    state = target.stat()
    short_id = hashlib.sha256(f"{state.st_mtime_ns} {state.st_size}".encode()).hexdigest()[:8]
    ending = f"{_published(state):%Y%m%dT%H%M%S.%f}Z-{short_id}{target.suffix}"
    files = version_files(target)
    if copy := next((file for file in files if file.name.endswith(ending)), None):
        return copy
    last = _name(target).fullmatch(files[-1].name) if files else None
    return versions_folder(target) / f"{target.stem}-{(_number(last) if last else 0) + 1:06}-{ending}"


def _name(target: Path) -> re.Pattern[str]:
    """The names of earlier files of `target`; those of version 2026.11.1 and before have no number."""
    time = r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}"
    return re.compile(rf"{re.escape(target.stem)}-(?:(\d{{6,9}})-)?{time}{re.escape(target.suffix)}", re.ASCII)


def _number(name: re.Match[str]) -> int:
    return int(name[1] or 0)


def keep_version(target: Path, keep: int) -> None:
    """Link the published file into `versions/` (copy it where links are not possible), unless `keep` is 0.

    A write-ahead log beside it, left by somebody who opened the file for writing, is moved along: DuckDB would apply
    it to the new file.
    """
    log = target.with_name(f"{target.name}.wal")
    if keep < 1:
        log.unlink(missing_ok=True)
        return
    version = version_path(target)
    version.parent.mkdir(exist_ok=True)
    if not version.exists():
        try:
            os.link(target, version)
        except OSError:  # a file system without hard links
            partial = staging_file(target, "version")
            try:
                shutil.copy2(target, partial)
                partial.replace(version)
            finally:
                partial.unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        log.replace(version.with_name(f"{version.name}.wal"))


def drop_versions(target: Path, keep: int) -> None:
    """Remove all but the last `keep` earlier files."""
    ours = version_files(target)
    for old in ours[: max(len(ours) - keep, 0)]:
        old.unlink()
        old.with_name(f"{old.name}.wal").unlink(missing_ok=True)


def describe(path: Path) -> Version:
    """The `Version` in the published file `path`. Raises WarehouseError when it is no warehouse of this software."""
    with open_published(path) as connection:
        tables = {
            name
            for (name,) in connection.sql(
                "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT internal"
            ).fetchall()
        }
        if "results.evaluations" not in tables:
            raise WarehouseError(
                say(
                    "{path} is no warehouse of this software: it has no evaluations. To do: name a file that "
                    "`efficiency rollback --list` shows, or a copy of one.",
                    path=path,
                )
            )
        current = connection.sql(
            "SELECT evaluation_id FROM results.evaluations WHERE current ORDER BY period, policy_id"
        ).fetchall()
        runs = (
            connection.sql("SELECT run_id FROM audit.runs ORDER BY sequence DESC LIMIT 1").fetchall()
            if "audit.runs" in tables
            else []
        )
        ((withdrawn,),) = (
            connection.sql("SELECT count(*) FROM intake.withdrawals WHERE undone_at IS NULL").fetchall()
            if "intake.withdrawals" in tables
            else [(0,)]
        )
    state = path.stat()
    evaluations = tuple(evaluation for (evaluation,) in current)
    return Version(path, _published(state), state.st_size, runs[0][0] if runs else None, evaluations, withdrawn)


def copy_to_staging(path: Path, target: Path) -> Path:
    """Copy the published file `path` to a staging file beside `target`, check it, and return the copy's path.

    Raises WarehouseError when it cannot be read or written; then the copy is removed.
    """
    staging = staging_file(target, "duckdb")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        clear_leftovers(target)
        shutil.copy2(path, staging)
        describe(staging)
    except (duckdb.Error, OSError) as error:
        discard(staging)
        raise warehouse_error(error, path, say("copying")) from error
    except BaseException:
        discard(staging)
        raise
    return staging


def _published(state: os.stat_result) -> datetime:
    return datetime.fromtimestamp(state.st_mtime_ns // 1000 / 1_000_000, tz=UTC)
