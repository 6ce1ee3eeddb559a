"""Publication: a whole new file is built beside the old one, verified, and put in its place by one rename.

A reader keeps the file it opened and never blocks a run; a run that dies leaves the published file as it was.
The files published before are kept in `versions/`, from where any of them can be copied back.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from efficiency.warehouse.connection import STORAGE_VERSION, opened, session
from efficiency.warehouse.errors import WarehouseError, warehouse_error
from efficiency.warehouse.lock import lock
from efficiency.warehouse.schema import (
    TABLES,
    Contents,
    all_views,
    create_table,
    literal,
    naive_utc,
    qualified_sql,
    quoted,
    statements,
)
from efficiency.warehouse.staging import clear_leftovers, discard, staging_file
from efficiency.warehouse.versions import KEPT, drop_versions, keep_version, restage, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from efficiency.partitions import Chunks

__all__ = ["KEPT", "Prepared", "give_up", "lock", "prepare", "publish", "put_in_place", "roll_back"]

ROWS_AT_ONCE = 8 * 122_880
"""Whole row groups of DuckDB: what is left of one is written twice."""
BUILD_MEMORY = "1GiB"
"""What DuckDB keeps of the file that it writes; by itself it would keep as much as the machine has."""


def publish(path: Path, contents: Contents, *, keep: int = KEPT) -> None:
    """Write `contents` as the warehouse `path`, replacing the file that is there; keep the last `keep` before it.

    Raises WarehouseError when `path` is a folder or not a DuckDB file, is open for writing elsewhere, may not be
    written, or the disk is full; then the published file is as it was and nothing is left beside it.
    """
    put_in_place(prepare(path, [contents]), keep=keep)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A new warehouse, written and verified beside the file that it is to replace."""

    staging: Path
    target: Path


def prepare(path: Path, parts: Iterable[Contents], go_on: Callable[[], None] = lambda: None) -> Prepared:
    """Write `parts` beside the warehouse `path`, each as it comes; raises as `publish` does, and then leaves nothing.

    A table that several parts name must be the same in each; one that none names is empty. `go_on` is called now and
    then, and raises when the file will not be wanted.
    """
    target = path.resolve()
    staging = staging_file(target, "duckdb")
    if target.exists():
        _check_replaceable(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        clear_leftovers(target)
        _verify(staging, _build(staging, parts, go_on))
    except (duckdb.Error, OSError) as error:
        discard(staging)
        raise warehouse_error(error, target, "publishing") from error
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
            keep_version(target, keep)
        settle(staging)
        _replace(staging, target)
        drop_versions(target, keep)
    except (duckdb.Error, OSError) as error:
        raise warehouse_error(error, target, "publishing") from error
    finally:
        discard(staging)


def give_up(prepared: Prepared) -> None:
    """Remove a prepared warehouse that is not to be published."""
    discard(prepared.staging)


def roll_back(path: Path, version: Path, *, keep: int = KEPT) -> None:
    """Make a copy of the published file `version` the warehouse `path`; the file that is replaced is kept as a version.

    Raises WarehouseError as `publish` does, and when `version` is no whole warehouse of this software.
    """
    target = path.resolve()
    if target.exists():
        _check_replaceable(target)
    put_in_place(Prepared(restage(version, target), target), keep=keep)


def _check_replaceable(target: Path) -> None:
    """Refuse to replace what is not a DuckDB file, or one that somebody has open for writing."""
    with opened(target) as connection:
        connection.sql("SELECT count(*) FROM duckdb_tables()").fetchall()


def _build(staging: Path, parts: Iterable[Contents], go_on: Callable[[], None]) -> dict[str, int]:
    """The new file, closed and without a write-ahead log; the number of rows written to each table.

    Raises ValueError where a part brings another version of a table that is written already.
    """
    written: dict[str, pl.DataFrame | Chunks] = {}
    with session(spill=staging.with_name(f"{staging.name}.spill")) as connection:
        connection.execute(f"SET memory_limit='{BUILD_MEMORY}'")
        connection.execute(f"ATTACH {literal(str(staging))} AS staged (STORAGE_VERSION {literal(STORAGE_VERSION)})")
        connection.execute("USE staged")
        # In one go: other work is done beside this, and each call waits for the interpreter's lock anew.
        connection.execute(";\n".join(("BEGIN", *_declarations(), "COMMIT")))
        for part in parts:
            new = [name for name in TABLES if name in part.frames and name not in written]
            changed = [name for name in written if part.frames.get(name, written[name]) is not written[name]]
            if changed:
                raise ValueError(f"{', '.join(changed)} changed after they had been written")
            # A second thread takes from what goes on beside this more than it brings to a small part.
            few = sum(map(part.height, new)) <= ROWS_AT_ONCE
            connection.execute("SET threads=1" if few else "RESET threads")
            connection.execute("BEGIN")  # a commit a part: hundreds of them would each wait for the disk
            for qualified in new:
                _fill(connection, qualified, part, go_on)
            connection.execute("COMMIT")
            written.update({name: part.frames[name] for name in new})
        connection.execute("CHECKPOINT staged")
        connection.execute("USE memory")
        connection.execute("DETACH staged")
    return {name: written[name].height if name in written else 0 for name in TABLES}


def _declarations() -> Iterator[str]:
    """The statements that make every table and view, empty and explained."""
    for schema in dict.fromkeys(table.schema for table in TABLES.values()):
        yield f"CREATE SCHEMA {quoted(schema)}"
    yield from map(create_table, TABLES.values())
    views = all_views()
    for view in views:
        yield view.create()
    yield from statements(views)


def _fill(connection: duckdb.DuckDBPyConnection, qualified: str, contents: Contents, go_on: Callable[[], None]) -> None:
    """Write the rows of one table within a transaction; raises what `go_on` raises."""
    uncommitted = 0
    # The newest kinds of Arrow hand texts over as they lie in memory; a slice bounds what DuckDB keeps of them.
    for rows in contents.in_order(qualified, ROWS_AT_ONCE):
        go_on()
        connection.register("incoming", naive_utc(rows).to_arrow(compat_level=pl.CompatLevel.newest()))
        connection.execute(f"INSERT INTO {qualified_sql(TABLES[qualified])} BY NAME SELECT * FROM incoming")
        connection.unregister("incoming")
        # What is not committed stands in memory, whatever DuckDB's limit: long tables are committed as they go.
        uncommitted += rows.height
        if uncommitted >= ROWS_AT_ONCE:
            uncommitted = 0
            connection.execute("COMMIT")
            connection.execute("BEGIN")


def _verify(staging: Path, counts: dict[str, int]) -> None:
    """Reopen the file as a reader would: every row is there and every view answers."""
    if staging.with_name(f"{staging.name}.wal").exists():
        raise WarehouseError(f"{staging} was not closed cleanly: a write-ahead log is left. To do: run again.")
    with opened(staging) as connection:
        counted = ", ".join(f"(SELECT count(*) FROM {qualified_sql(TABLES[name])})" for name in counts)
        (found,) = connection.sql(f"SELECT {counted}").fetchall()
        for qualified, rows, expected in zip(counts, found, counts.values(), strict=True):
            if rows != expected:
                raise WarehouseError(
                    f"{qualified} holds {rows} rows after writing {expected}; nothing was published. "
                    "To do: run again; if it happens twice, check the disk."
                )
        for view in all_views():
            connection.sql(f"SELECT * FROM main.{quoted(view.name)} LIMIT 1").fetchall()


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
                raise WarehouseError(
                    f"{target} is held open by another program. To do: close it there (a notebook, "
                    f"DBeaver, Excel) and run again. ({error})"
                ) from error
            time.sleep(0.5)
    settle(target.parent)
