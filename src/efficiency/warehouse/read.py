"""Reading a published warehouse: everything that earlier runs left, as frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efficiency.warehouse.connection import opened
from efficiency.warehouse.tables import TABLES, Contents, aware_utc, literal, qualified_sql, quoted

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import duckdb
    import polars as pl

    from schemas.column import Table

__all__ = ["Contents", "load"]


def load(path: Path, only: Collection[str] | None = None, *, uscc: str | None = None) -> Contents | None:
    """All tables of the warehouse `path`, or those named in `only`; None when there is no such file.

    With `uscc` only the rows of that enterprise, of tables that say whose their rows are. Columns that an older
    version of this software did not write come back null; tables likewise empty. Raises WarehouseError (see `opened`).
    """
    target = path.resolve()
    if not target.exists():
        return None
    wanted = [table for name, table in TABLES.items() if only is None or name in only]
    with opened(target) as connection:
        written = connection.sql(
            "SELECT schema_name || '.' || table_name AS name, column_name FROM duckdb_columns() "
            "WHERE NOT internal AND database_name = current_database()"
        ).pl()
        columns = dict(written.group_by("name").agg("column_name").iter_rows())
        return Contents({t.qualified: _frame(connection, t, columns.get(t.qualified, ()), uscc) for t in wanted})


def _frame(
    connection: duckdb.DuckDBPyConnection, table: Table, written: Collection[str], uscc: str | None
) -> pl.DataFrame:
    """The rows of `table` in its declared shape, all or those of an enterprise."""
    names = [quoted(name) for name in table.names if name in written]
    if not names:
        return table.empty()
    query = f"SELECT {', '.join(names)} FROM {qualified_sql(table)}"
    if uscc is not None and "uscc" in table.names:
        query += f" WHERE uscc = {literal(uscc)}"
    frame: pl.DataFrame = connection.sql(query).pl()
    return table.conform(aware_utc(frame))
