"""Reading a published warehouse: everything that earlier runs left, as frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efficiency.warehouse.connection import opened
from efficiency.warehouse.schema import TABLES, Contents, aware_utc, literal, qualified_sql, quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    import duckdb
    import polars as pl

    from schemas.column import Table

__all__ = ["Codes", "Contents", "height", "load", "load_in_order"]

Codes = tuple[str | None, str | None]
"""The codes from the first on and before the second; None where there is no such bound."""


def load(
    path: Path, only: Collection[str] | None = None, *, uscc: str | None = None, codes: Codes = (None, None)
) -> Contents | None:
    """All tables of the warehouse `path`, or those named in `only`; None when there is no such file.

    With `uscc` only the rows of that enterprise, with `codes` those of enterprises between, of tables that say whose
    their rows are. Columns that an older version of this software did not write come back null; tables likewise empty.
    Raises WarehouseError (see `opened`).
    """
    target = path.resolve()
    if not target.exists():
        return None
    wanted = [table for name, table in TABLES.items() if only is None or name in only]
    with opened(target) as connection:
        columns = _columns(connection)
        return Contents(
            {t.qualified: _frame(connection, t, columns.get(t.qualified, ()), _of(t, uscc, codes)) for t in wanted}
        )


def height(path: Path, tables: Iterable[Table]) -> int:
    """How many rows `tables` of the warehouse `path`, which is there, have together. Raises as `load` does."""
    with opened(path.resolve()) as connection:
        written = _columns(connection)
        counts = [
            connection.sql(f"SELECT count(*) FROM {qualified_sql(table)}").fetchall()[0][0]
            for table in tables
            if table.qualified in written
        ]
    return sum(counts)


def load_in_order(path: Path, tables: Iterable[Table], rows: int) -> Iterator[tuple[Table, pl.DataFrame]]:
    """The rows of each of `tables`, which have a submission_id, by submission: some `rows` at a time or one submission.

    None where there is no such file. Raises WarehouseError (see `opened`).
    """
    target = path.resolve()
    if not target.exists():
        return
    with opened(target) as connection:
        columns = _columns(connection)
        for table in tables:
            names = columns.get(table.qualified)
            for where in _slices(connection, table, rows) if names else ():
                yield table, _frame(connection, table, names or (), where)


def _slices(connection: duckdb.DuckDBPyConnection, table: Table, rows: int) -> Iterator[str]:
    """SQL conditions that part `table` into slices of whole submissions."""
    ((height,),) = connection.sql(f"SELECT count(*) FROM {qualified_sql(table)}").fetchall()
    if height <= rows:
        yield from ("true",) if height else ()
        return
    counts = connection.sql(
        f"SELECT submission_id, count(*) FROM {qualified_sql(table)} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    start, held = 0, 0
    for place, (_, count) in enumerate(counts):
        held += count
        if held >= rows or place + 1 == len(counts):
            yield f"submission_id BETWEEN {literal(counts[start][0])} AND {literal(counts[place][0])}"
            start, held = place + 1, 0


def _of(table: Table, uscc: str | None, codes: Codes) -> str:
    """The SQL condition that holds of the rows of these enterprises; of all where none are asked for."""
    bounds = zip(("=", ">=", "<"), (uscc, *codes), strict=True)
    asked = [f"uscc {sign} {literal(code)}" for sign, code in bounds if code is not None and "uscc" in table.names]
    return " AND ".join(asked) or "true"


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Qualified name of each table of the file → the columns that were written."""
    written = connection.sql(
        "SELECT schema_name || '.' || table_name AS name, column_name FROM duckdb_columns() "
        "WHERE NOT internal AND database_name = current_database()"
    ).pl()
    return dict(written.group_by("name").agg("column_name").iter_rows())


def _frame(
    connection: duckdb.DuckDBPyConnection, table: Table, written: Collection[str], where: str = "true"
) -> pl.DataFrame:
    """The rows of `table` in its declared shape; those of which the SQL condition `where` holds."""
    names = [quoted(name) for name in table.names if name in written]
    if not names:
        return table.empty()
    frame: pl.DataFrame = connection.sql(f"SELECT {', '.join(names)} FROM {qualified_sql(table)} WHERE {where}").pl()
    return table.conform(aware_utc(frame))
