"""Publication: a whole new file is built beside the old one, verified, and put in its place by one rename.

A reader keeps the file it opened and never blocks a run; a run that dies leaves the published file as it was.
The files published before are kept in `versions/`, from where any of them can be copied back.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb

from efficiency.warehouse.comments import statements
from efficiency.warehouse.connection import STORAGE_VERSION, opened, session
from efficiency.warehouse.errors import WarehouseError, told
from efficiency.warehouse.lock import lock
from efficiency.warehouse.staging import clear_leftovers, discard, staging_file
from efficiency.warehouse.tables import (
    TABLES,
    Contents,
    create_table,
    in_order,
    literal,
    naive_utc,
    qualified_sql,
    quoted,
)
from efficiency.warehouse.views import all_views

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KEPT", "Prepared", "give_up", "lock", "prepare", "publish", "put_in_place"]

KEPT = 12
"""How many earlier files are kept for rollback."""


def publish(path: Path, contents: Contents, *, keep: int = KEPT) -> None:
    """Write `contents` as the warehouse `path`, replacing the file that is there; keep the last `keep` before it.

    Raises WarehouseError when `path` is a folder or not a DuckDB file, is open for writing elsewhere, may not be
    written, or the disk is full; then the published file is as it was and nothing is left beside it.
    """
    put_in_place(prepare(path, contents), keep=keep)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A new warehouse, written and verified beside the file that it is to replace."""

    staging: Path
    target: Path


def prepare(path: Path, contents: Contents) -> Prepared:
    """Write `contents` beside the warehouse `path`; raises as `publish` does, and then leaves nothing behind."""
    target = path.resolve()
    staging = staging_file(target, "duckdb")
    if target.exists():
        _check_replaceable(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        clear_leftovers(target)
        _verify(staging, _build(staging, contents))
    except (duckdb.Error, OSError) as error:
        discard(staging)
        raise told(error, target, "publishing") from error
    except BaseException:
        discard(staging)
        raise
    return Prepared(staging, target)


def put_in_place(prepared: Prepared, *, keep: int = KEPT) -> None:
    """Replace the published file by the prepared one, keeping the last `keep`; raises as `publish` does."""
    staging, target = prepared.staging, prepared.target
    try:
        if target.exists():
            shutil.copymode(target, staging)
            _keep_version(target, keep)
        _settle(staging)
        _replace(staging, target)
        _drop_versions(target, keep)
    except (duckdb.Error, OSError) as error:
        raise told(error, target, "publishing") from error
    finally:
        discard(staging)


def give_up(prepared: Prepared) -> None:
    """Remove a prepared warehouse that is not to be published."""
    discard(prepared.staging)


def _check_replaceable(target: Path) -> None:
    """Refuse to replace what is not a DuckDB file, or one that somebody has open for writing."""
    with opened(target) as connection:
        connection.sql("SELECT count(*) FROM duckdb_tables()").fetchall()


def _build(staging: Path, contents: Contents) -> dict[str, int]:
    """The new file, closed and without a write-ahead log; the number of rows written to each table."""
    counts: dict[str, int] = {}
    views = all_views()
    with session(spill=staging.with_name(f"{staging.name}.spill")) as connection:
        connection.execute(f"ATTACH {literal(str(staging))} AS staged (STORAGE_VERSION {literal(STORAGE_VERSION)})")
        connection.execute("USE staged")
        connection.execute("BEGIN")  # one commit: hundreds of them would each wait for the disk
        for schema in dict.fromkeys(table.schema for table in TABLES.values()):
            connection.execute(f"CREATE SCHEMA {quoted(schema)}")
        for qualified, table in TABLES.items():
            connection.execute(create_table(table))
            frame = naive_utc(in_order(table, contents[qualified]))
            counts[qualified] = frame.height
            if frame.height:
                connection.register("incoming", frame.to_arrow())
                connection.execute(f"INSERT INTO {qualified_sql(table)} BY NAME SELECT * FROM incoming")
                connection.unregister("incoming")
        for view in views:
            connection.execute(view.create())
        # Last, since replacing a table would lose them.
        for statement in statements(views):
            connection.execute(statement)
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT staged")
        connection.execute("USE memory")
        connection.execute("DETACH staged")
    return counts


def _verify(staging: Path, counts: dict[str, int]) -> None:
    """Reopen the file as a reader would: every row is there and every view answers."""
    if staging.with_name(f"{staging.name}.wal").exists():
        raise WarehouseError(f"{staging} was not closed cleanly: a write-ahead log is left. To do: run again.")
    with opened(staging) as connection:
        for qualified, expected in counts.items():
            found = connection.sql(f"SELECT count(*) FROM {qualified_sql(TABLES[qualified])}").fetchall()[0][0]
            if found != expected:
                raise WarehouseError(f"{qualified} holds {found} rows after writing {expected}; nothing was published. "
                                     "To do: run again; if it happens twice, check the disk.")
        for view in all_views():
            connection.sql(f"SELECT * FROM main.{quoted(view.name)} LIMIT 1").fetchall()


def _settle(path: Path) -> None:
    """Make sure that the file, or a folder's entries, are on the disk and not only in the system's memory."""
    if path.is_dir() and os.name == "nt":  # folders cannot be opened there
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() or os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _replace(staging: Path, target: Path) -> None:
    """Put the new file in place. On Windows and some network drives an open reader refuses for a moment."""
    for attempts_left in range(4, -1, -1):
        try:
            staging.replace(target)
            break
        except PermissionError as error:
            if os.name != "nt":
                raise
            if not attempts_left:
                raise WarehouseError(f"{target} is held open by another program. To do: close it there (a notebook, "
                                     f"DBeaver, Excel) and run again. ({error})") from error
            time.sleep(0.5)
    _settle(target.parent)


def _versions(target: Path) -> tuple[Path, re.Pattern[str]]:
    """The folder of earlier files, and what their names look like, so that nobody else's file is ever removed."""
    name = re.escape(target.stem) + r"-\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}" + re.escape(target.suffix)
    return target.parent / "versions", re.compile(name)


def _keep_version(target: Path, keep: int) -> None:
    """Give the published file a second name in `versions/`: it is never absent from its own.

    The name tells when it was published. A write-ahead log beside it, which somebody left who opened the file
    for writing, goes along: beside the new file it would be taken for that one's.
    """
    log = target.with_name(f"{target.name}.wal")
    if keep < 1:
        log.unlink(missing_ok=True)
        return
    folder, _ = _versions(target)
    folder.mkdir(exist_ok=True)
    state = target.stat()
    published = datetime.fromtimestamp(state.st_mtime_ns // 1000 / 1_000_000, tz=UTC)
    short_id = hashlib.sha256(f"{state.st_mtime_ns} {state.st_size}".encode()).hexdigest()[:8]
    version = folder / f"{target.stem}-{published:%Y%m%dT%H%M%S.%f}Z-{short_id}{target.suffix}"
    if not version.exists():
        try:
            os.link(target, version)
        except OSError:  # a file system without hard links
            partial = staging_file(target, "version")
            shutil.copy2(target, partial)
            partial.replace(version)
    with contextlib.suppress(FileNotFoundError):
        log.replace(version.with_name(f"{version.name}.wal"))


def _drop_versions(target: Path, keep: int) -> None:
    """Remove all but the last `keep` earlier files."""
    folder, pattern = _versions(target)
    if folder.is_dir():
        ours = sorted(entry for entry in folder.iterdir() if pattern.fullmatch(entry.name))
        for old in ours[: max(len(ours) - keep, 0)]:
            old.unlink()
            old.with_name(f"{old.name}.wal").unlink(missing_ok=True)
