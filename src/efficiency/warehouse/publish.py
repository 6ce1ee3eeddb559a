"""Publication: a new file is built in full beside the published one, verified, and renamed over it.

Readers keep the file that they have opened and never block a run; a run that dies leaves the published file as it was.
The last files that were published before are kept in `versions/`, from where any of them can be restored.
"""

from __future__ import annotations

import shutil
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from efficiency.language import say
from efficiency.system import held_open, sync_to_disk
from efficiency.warehouse.connection import STORAGE_VERSION, open_published, session
from efficiency.warehouse.errors import WarehouseError, warehouse_error
from efficiency.warehouse.schema import (
    TABLES,
    Contents,
    all_views,
    comment_statements,
    create_table,
    literal,
    naive_utc,
    qualified_sql,
    quoted,
    table_comment_statements,
)
from efficiency.warehouse.staging import clear_leftovers, discard, staging_file
from efficiency.warehouse.versions import KEPT_VERSIONS, copy_to_staging, drop_versions, keep_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from efficiency.partitions import Chunks
    from schemas.column import Table

__all__ = ["KEPT_VERSIONS", "StagedWarehouse", "publish", "publish_table", "roll_back", "staged_warehouse"]

ROWS_AT_ONCE = 8 * 122_880
"""Whole row groups of DuckDB: a row group that is not full is written twice."""
BUILD_MEMORY = "1GiB"
"""What DuckDB keeps in memory of the file that it writes; without a limit it would keep as much as the machine has."""


def publish(path: Path, contents: Contents, *, keep: int = KEPT_VERSIONS) -> None:
    """Write `contents` as the warehouse `path`, replacing the file that is there; keep the last `keep` before it.

    Raises WarehouseError when `path` is a folder or not a DuckDB file, is open for writing elsewhere, may not be
    written, or the disk is full; then the published file is as it was and nothing is left beside it.
    """
    with staged_warehouse(path, keep=keep) as staged:
        staged.write(contents)
        staged.put_in_place()


@contextmanager
def staged_warehouse(path: Path, *, keep: int = KEPT_VERSIONS) -> Iterator[StagedWarehouse]:
    """The next file of the warehouse `path`, which is written in a thread while the block goes on.

    What is not put in place when the block ends is removed.
    """
    target = path.resolve()
    staging = staging_file(target, "duckdb")
    with ThreadPoolExecutor(1, thread_name_prefix="warehouse") as executor:
        staged = StagedWarehouse(target, staging, keep, executor)
        try:
            yield staged
        finally:
            executor.shutdown()
            staged.close()
            discard(staging)


@dataclass
class StagedWarehouse:
    """A file that is written beside the warehouse `target` and renamed over it. Errors are those of `publish`.

    What is done with the file is done by the one thread of `executor`, in the order in which it is asked for.
    """

    target: Path
    staging: Path
    keep: int
    executor: ThreadPoolExecutor
    _tasks: list[Future[None]] = field(default_factory=list)
    _file: _NewFile | None = None

    def begin(self, tables: Mapping[str, pl.DataFrame | Chunks]) -> None:
        """Begin to write these tables (qualified name → rows), as they will be; an error is raised by `put_in_place`.

        The contents that `write` is given have the same rows in them.
        """
        self._tasks.append(self.executor.submit(self._begin, Contents(tables)))

    def write(self, contents: Contents) -> None:
        """Begin to write what is not written yet of `contents`; an error is raised by `put_in_place`."""
        if not self._tasks:
            self.begin({})
        self._tasks.append(self.executor.submit(self._finish, contents))

    def wait(self) -> None:
        """Wait until the file is written and verified. Raises WarehouseError."""
        for task in self._tasks:
            task.result()

    def put_in_place(self) -> None:
        """Wait until the file is written and verified, and make it the warehouse. Raises WarehouseError."""
        self.wait()
        try:
            _put_in_place(self.staging, self.target, self.keep)
        except (duckdb.Error, OSError) as error:
            raise warehouse_error(error, self.target, say("publishing")) from error

    def close(self) -> None:
        """Close a file that is not written to its end, so that it can be removed."""
        if self._file is not None:
            with suppress(duckdb.Error):  # of a full disk, which `put_in_place` has raised
                self._file.close()

    def _begin(self, contents: Contents) -> None:
        """Create the file and write the tables that `contents` names. Raises WarehouseError."""
        if self.target.exists():
            _check_replaceable(self.target)
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            clear_leftovers(self.target)
            self._file = _NewFile(self.staging)
            self._file.fill(contents, contents.frames)
        except (duckdb.Error, OSError) as error:
            raise warehouse_error(error, self.target, say("publishing")) from error

    def _finish(self, contents: Contents) -> None:
        """Write the other tables, close the file and verify it. Raises WarehouseError."""
        if self._tasks[0].exception() is not None or self._file is None:
            return  # `put_in_place` raises it
        try:
            self._file.fill(contents, TABLES)
            self._file.complete()
            _verify(self.staging, contents)
        except (duckdb.Error, OSError) as error:
            raise warehouse_error(error, self.target, say("publishing")) from error


def publish_table(path: Path, table: Table, rows: pl.DataFrame, *, keep: int = KEPT_VERSIONS) -> None:
    """Publish the warehouse `path`, which exists, with other `rows` in one small `table`; all else stays as it is.

    Raises WarehouseError as `publish` does; then the published file is as it was and nothing is left beside it.
    """
    target = path.resolve()
    _check_replaceable(target)
    staging = copy_to_staging(target, target)
    try:
        _replace_rows(staging, table, rows)
        with open_published(staging) as connection:
            ((found,),) = connection.sql(f"SELECT count(*) FROM {qualified_sql(table)}").fetchall()
        if found != rows.height:
            raise WarehouseError(
                say(
                    "{qualified} holds {found} rows after writing {expected}. To do: try again.",
                    qualified=table.qualified,
                    found=found,
                    expected=rows.height,
                )
            )
        _put_in_place(staging, target, keep)
    except (duckdb.Error, OSError) as error:
        raise warehouse_error(error, target, say("publishing")) from error
    finally:
        discard(staging)


def _replace_rows(staging: Path, table: Table, rows: pl.DataFrame) -> None:
    """Replace the rows of `table` in the file `staging`; a table that an older version did not write is created."""
    with session() as connection:
        connection.execute(f"ATTACH {literal(str(staging))} AS staged")
        connection.execute("USE staged")
        connection.execute("BEGIN")
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(table.schema)}")
        known = connection.sql(
            f"SELECT count(*) FROM duckdb_tables() WHERE database_name = 'staged' "
            f"AND schema_name = {literal(table.schema)} AND table_name = {literal(table.name)}"
        ).fetchall()
        if known == [(0,)]:
            connection.execute(create_table(table))
            connection.execute(";\n".join(table_comment_statements(table)))
        connection.execute(f"DELETE FROM {qualified_sql(table)}")
        connection.register("incoming", naive_utc(rows).to_arrow())
        connection.execute(f"INSERT INTO {qualified_sql(table)} BY NAME SELECT * FROM incoming")
        connection.unregister("incoming")
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT staged")
        connection.execute("USE memory")
        connection.execute("DETACH staged")


def roll_back(path: Path, version: Path, *, keep: int = KEPT_VERSIONS) -> None:
    """Make a copy of the published file `version` the warehouse `path`; the file that is replaced is kept as a version.

    Raises WarehouseError as `publish` does, and when `version` is no whole warehouse of this software.
    """
    target = path.resolve()
    if target.exists():
        _check_replaceable(target)
    staging = copy_to_staging(version, target)
    try:
        _put_in_place(staging, target, keep)
    except (duckdb.Error, OSError) as error:
        raise warehouse_error(error, target, say("publishing")) from error
    finally:
        discard(staging)


def _put_in_place(staging: Path, target: Path, keep: int) -> None:
    """Rename the complete file `staging` to `target`; keep the last `keep` files that were published before."""
    if target.exists():
        shutil.copymode(target, staging)
        keep_version(target, keep)
    sync_to_disk(staging)
    _replace(staging, target)
    drop_versions(target, keep)


def _check_replaceable(target: Path) -> None:
    """Refuse to replace what is not a DuckDB file, or one that somebody has open for writing."""
    with open_published(target) as connection:
        connection.sql("SELECT count(*) FROM duckdb_tables()").fetchall()


class _NewFile:
    """The file `staging` while it is built: its tables exist and are filled, each once."""

    def __init__(self, staging: Path) -> None:
        self._resources = ExitStack()
        self._connection = self._resources.enter_context(session(spill=staging.with_name(f"{staging.name}.spill")))
        self._filled: set[str] = set()
        self._execute(f"SET memory_limit='{BUILD_MEMORY}'")
        self._execute(f"ATTACH {literal(str(staging))} AS staged (STORAGE_VERSION {literal(STORAGE_VERSION)})")
        self._execute("USE staged")
        self._execute("BEGIN")  # a commit a table would wait for the disk each time
        self._execute(";\n".join(_declarations()))
        self._uncommitted = 0

    def fill(self, contents: Contents, names: Iterable[str]) -> None:
        """Write the tables `names` (qualified) of `contents` but for those that were written before."""
        for qualified in [name for name in TABLES if name in set(names) - self._filled]:
            table = TABLES[qualified]
            # The newest Arrow types share the texts in memory; slices bound what DuckDB keeps of a table.
            for rows in contents.in_order(qualified, ROWS_AT_ONCE):
                self._connection.register("incoming", naive_utc(rows).to_arrow(compat_level=pl.CompatLevel.newest()))
                self._execute(f"INSERT INTO {qualified_sql(table)} BY NAME SELECT * FROM incoming")
                self._connection.unregister("incoming")
                # DuckDB keeps uncommitted rows in memory, whatever its limit.
                self._uncommitted += rows.height
                if self._uncommitted >= ROWS_AT_ONCE:
                    self._uncommitted = 0
                    self._execute("COMMIT")
                    self._execute("BEGIN")
            self._filled.add(qualified)

    def complete(self) -> None:
        """Write everything into the file itself and close it, without a write-ahead log."""
        self._execute("COMMIT")
        self._execute("CHECKPOINT staged")
        self._execute("USE memory")
        self._execute("DETACH staged")
        self.close()

    def close(self) -> None:
        """Close the file as it is; it may be called again."""
        self._resources.close()

    def _execute(self, statement: str) -> None:
        self._connection.execute(statement)


def _declarations() -> Iterator[str]:
    """SQL statements that create every table and view, empty, with their comments."""
    for schema in dict.fromkeys(table.schema for table in TABLES.values()):
        yield f"CREATE SCHEMA {quoted(schema)}"
    yield from map(create_table, TABLES.values())
    views = all_views()
    for view in views:
        yield view.create()
    yield from comment_statements(views)


def _verify(staging: Path, contents: Contents) -> None:
    """Reopen the file as a reader would. Raises WarehouseError unless every row is there; every view must answer."""
    if staging.with_name(f"{staging.name}.wal").exists():
        raise WarehouseError(
            say("{staging} was not closed cleanly: a write-ahead log is left. To do: run again.", staging=staging)
        )
    with open_published(staging) as connection:
        counts = ", ".join(f"(SELECT count(*) FROM {qualified_sql(table)})" for table in TABLES.values())
        # `execute` plans a query once, `sql` twice.
        (found,) = connection.execute(f"SELECT {counts}").fetchall()
        for qualified, rows in zip(TABLES, found, strict=True):
            if rows != (expected := contents.height(qualified)):
                raise WarehouseError(
                    say(
                        "{qualified} holds {rows} rows after writing {expected}; nothing was published. To do: run "
                        "again; if it happens twice, check the disk.",
                        qualified=qualified,
                        rows=rows,
                        expected=expected,
                    )
                )
        for view in all_views():
            rows = 0 if view.of_facts else 1
            connection.execute(f"SELECT * FROM main.{quoted(view.name)} LIMIT {rows}").fetchall()


def _replace(staging: Path, target: Path) -> None:
    """Rename `staging` to `target`; on Windows tries again for two seconds while a reader has `target` open."""
    for attempts_left in range(4, -1, -1):
        try:
            staging.replace(target)
            break
        except PermissionError as error:
            if not held_open(error):
                raise
            if not attempts_left:
                raise WarehouseError(
                    say(
                        "{target} is held open by another program. To do: close it there (a notebook, DBeaver, Excel) "
                        "and run again. ({error})",
                        target=target,
                        error=error,
                    )
                ) from error
            time.sleep(0.5)
    sync_to_disk(target.parent)
