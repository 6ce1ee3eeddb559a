"""Views and tables of a published warehouse for files of other programs: which there are, and their rows in slices."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from efficiency.errors import UsageError
from efficiency.language import say
from efficiency.warehouse.connection import open_published
from efficiency.warehouse.read import no_warehouse
from efficiency.warehouse.schema import TABLES, all_views, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

ROWS_AT_ONCE = 50_000
"""Rows of a slice."""
MEMORY = "1GiB"
"""What DuckDB takes for putting rows in order, before it uses the disk."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A view or table of the warehouse, and the rows that are asked for."""

    name: str
    titles: dict[str, str]
    """Name of each column → its Chinese title with the unit; its name where this version does not know it."""
    empty: pl.DataFrame
    """Its columns, without rows."""
    slices: Iterator[pl.DataFrame]
    """Its rows, ordered by the columns from the first on; times are in UTC, as stored."""


def relations(warehouse: Path) -> dict[str, str]:
    """Name of each view of the warehouse, then of each table with its schema → what one row is (English).

    Raises UsageError where there is no such file, WarehouseError as `open_published` does.
    """
    with _opened(warehouse) as connection:
        return _relations(connection)


@contextmanager
def exported(warehouse: Path, name: str, period: str | None = None, policy_id: str | None = None) -> Iterator[Exported]:
    """The rows of the view or table `name`, of one period or policy where these are named; only read.

    Raises UsageError where there is no such file or view, or one without a column for what is asked, and WarehouseError
    as `open_published` does.
    """
    with tempfile.TemporaryDirectory(prefix="efficiency-export-") as spill, _opened(warehouse, spill) as connection:
        known = _relations(connection)
        if name not in known and name in {*TABLES, *(view.name for view in all_views())}:
            raise UsageError(
                say(
                    "{warehouse} was written by an earlier version, which had no {name}. It has one after the next "
                    "`efficiency run`.",
                    warehouse=warehouse,
                    name=name,
                )
            )
        if name not in known:
            raise UsageError(
                say(
                    "{warehouse} has no view {name!r}. There are {views}; and tables such as results.scores: "
                    "`efficiency export` alone lists all.",
                    warehouse=warehouse,
                    name=name,
                    views=[one for one in known if "." not in one],
                )
            )
        source = ".".join(quoted(part) for part in name.split("."))
        empty: pl.DataFrame = connection.sql(f"SELECT * FROM {source} LIMIT 0").pl()
        asked = {"period": period, "policy_id": policy_id}
        asked = {column: value for column, value in asked.items() if value is not None}
        if lacking := [column for column in asked if column not in empty.columns]:
            option = f"--{lacking[0].removesuffix('_id')}"
            raise UsageError(
                say("{name} has no column {column}. Leave out {option}.", name=name, column=lacking[0], option=option)
            )
        where = " AND ".join(f"{column} = ${column}" for column in asked) or "true"
        chosen = connection.sql(f"SELECT * FROM {source} WHERE {where} ORDER BY ALL", params=asked)
        yield Exported(name, {column: _titles(name).get(column, column) for column in empty.columns}, empty,
                       _slices(chosen))  # fmt: skip


@contextmanager
def _opened(warehouse: Path, spill: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    if not warehouse.exists():
        raise no_warehouse(warehouse)
    with open_published(warehouse.resolve(), Path(spill) if spill else None) as connection:
        connection.execute(f"SET memory_limit='{MEMORY}'")
        yield connection


def _relations(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    here = "WHERE NOT internal AND database_name = current_database()"
    found = connection.sql(
        f"SELECT 0 AS place, view_name AS name, comment FROM duckdb_views() {here} UNION ALL "
        f"SELECT 1, schema_name || '.' || table_name, comment FROM duckdb_tables() {here} ORDER BY ALL"
    ).fetchall()
    return {name: comment or "" for _, name, comment in found}


def _titles(name: str) -> dict[str, str]:
    """Column → its title with the unit, in the view or table `name` as this version declares it."""
    declared = {view.name: [column for column, _ in view.columns] for view in all_views()}
    declared |= {table.qualified: list(table.columns) for table in TABLES.values()}
    return {
        column.name: f"{column.title}({column.unit})" if column.unit else column.title
        for column in declared.get(name, [])
    }


def _slices(rows: duckdb.DuckDBPyRelation) -> Iterator[pl.DataFrame]:
    for batch in rows.to_arrow_reader(ROWS_AT_ONCE):
        frame = pl.from_arrow(batch)
        if isinstance(frame, pl.DataFrame) and frame.height:
            yield frame
