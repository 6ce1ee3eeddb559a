"""Connections to DuckDB, all with the same settings; the published file is only ever opened read-only."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import duckdb

from efficiency.language import say
from efficiency.warehouse.errors import WarehouseError, warehouse_error
from efficiency.warehouse.schema import literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STORAGE_VERSION = "v1.0.0"
"""Storage version of published files. DuckDB 2 writes one that 1.x clients (DBeaver, older notebooks) cannot open;
this one every client from 1.0 on reads."""


@contextlib.contextmanager
def session(spill: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory connection to which files can be attached; it spills only to the folder `spill`, if one is given."""
    with duckdb.connect(":memory:") as connection:
        # Otherwise a missing table is silently replaced by a Python variable of the same name.
        connection.execute("SET python_enable_replacements=false")
        connection.execute(f"SET temp_directory={literal(str(spill) if spill else '')}")
        yield connection


@contextlib.contextmanager
def open_published(path: Path, spill: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the published file `path`, read-only, as the default database; `spill` as `session` takes it.

    Raises WarehouseError when the path is a folder, no DuckDB file, locked by a writer, or unreadable.
    """
    if path.is_dir():
        raise WarehouseError(
            say(
                "{path} is a folder. To do: name the DuckDB file itself, for example {file}.",
                path=path,
                file=path / "efficiency.duckdb",
            )
        )
    with session(spill) as connection:
        try:
            # Attached, not connected to: DuckDB shares one instance a path within a process, and a handle
            # that is still open there would show the file as it was before it was replaced.
            connection.execute(f"ATTACH {literal(str(path))} AS warehouse (READ_ONLY)")
            connection.execute("USE warehouse")
            yield connection
        except (duckdb.Error, OSError) as error:
            raise warehouse_error(error, path, say("reading the warehouse")) from error
