"""Reading a published warehouse: its tables as frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efficiency.errors import UsageError
from efficiency.language import say
from efficiency.warehouse.connection import open_published
from efficiency.warehouse.errors import WarehouseError
from efficiency.warehouse.schema import TABLES, Contents, aware_utc, literal, qualified_sql, quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    import duckdb
    import polars as pl

    from schemas.column import Table

__all__ = ["Codes", "Contents", "existing", "load", "load_in_order", "row_count"]

Codes = tuple[str | None, str | None]
"""Range of enterprise codes: from the first on and before the second; None is no bound."""


def load(
    path: Path, only: Collection[str] | None = None, *, uscc: str | None = None, codes: Codes = (None, None)
) -> Contents | None:
    """All tables of the warehouse `path`, or those named in `only`; None when there is no such file.

    Of tables with a column uscc, `uscc` keeps only the rows of that enterprise and `codes` those of a range. A column
    that an older version of this software did not write is null, a table that it did not write is empty.
    Raises WarehouseError (see `open_published`), also for a file that lacks a column which every version writes.
    """
    target = path.resolve()
    if not target.exists():
        return None
    wanted = [table for name, table in TABLES.items() if only is None or name in only]
    with open_published(target) as connection:
        columns = _columns(connection)
        return Contents(
            {
                t.qualified: _frame(connection, t, columns.get(t.qualified, ()), _condition(t, uscc, codes))
                for t in wanted
            }
        )


def existing(path: Path, only: Collection[str] | None = None) -> Contents:
    """As `load`. Raises UsageError when there is no such file."""
    contents = load(path, only)
    if contents is None:
        raise no_warehouse(path)
    return contents


def no_warehouse(path: Path) -> UsageError:
    """What to raise where there is no warehouse yet and one is needed."""
    return UsageError(
        say(
            "There is no warehouse {path}. Run `efficiency run` first, or name another file with --warehouse.",
            path=path,
        )
    )


def row_count(path: Path, tables: Iterable[Table]) -> int:
    """Total number of rows of `tables` in the warehouse `path`, which must exist. Raises as `load` does."""
    with open_published(path.resolve()) as connection:
        written = _columns(connection)
        counts = [
            connection.sql(f"SELECT count(*) FROM {qualified_sql(table)}").fetchall()[0][0]
            for table in tables
            if table.qualified in written
        ]
    return sum(counts)


def load_in_order(path: Path, tables: Iterable[Table], rows: int) -> Iterator[tuple[Table, pl.DataFrame]]:
    """The rows of `tables` in frames of about `rows` rows or one whole submission; each table has a submission_id.

    Yields nothing when there is no such file. Raises WarehouseError (see `open_published`).
    """
    target = path.resolve()
    if not target.exists():
        return
    with open_published(target) as connection:
        columns = _columns(connection)
        for table in tables:
            names = columns.get(table.qualified)
            for where in _slices(connection, table, rows) if names else ():
                yield table, _frame(connection, table, names or (), where)


def _slices(connection: duckdb.DuckDBPyConnection, table: Table, rows: int) -> Iterator[str]:
    """SQL conditions that split `table` into slices of whole submissions, each of about `rows` rows."""
    ((height,),) = connection.sql(f"SELECT count(*) FROM {qualified_sql(table)}").fetchall()
    if height <= rows:
        yield from ("true",) if height else ()
        return
    counts = connection.sql(
        f"SELECT submission_id, count(*) FROM {qualified_sql(table)} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    start, held = 0, 0
    for index, (_, count) in enumerate(counts):
        held += count
        if held >= rows or index + 1 == len(counts):
            yield f"submission_id BETWEEN {literal(counts[start][0])} AND {literal(counts[index][0])}"
            start, held = index + 1, 0


def _condition(table: Table, uscc: str | None, codes: Codes) -> str:
    """SQL condition for the rows of these enterprises; true for all where no code is given."""
    bounds = zip(("=", ">=", "<"), (uscc, *codes), strict=True)
    conditions = [f"uscc {sign} {literal(code)}" for sign, code in bounds if code is not None and "uscc" in table.names]
    return " AND ".join(conditions) or "true"


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Qualified name of each table of the file → names of its columns."""
    written = connection.sql(
        "SELECT schema_name || '.' || table_name AS name, column_name FROM duckdb_columns() "
        "WHERE NOT internal AND database_name = current_database()"
    ).pl()
    return dict(written.group_by("name").agg("column_name").iter_rows())


def _frame(
    connection: duckdb.DuckDBPyConnection, table: Table, written: Collection[str], where: str = "true"
) -> pl.DataFrame:
    """The rows of `table` that satisfy the SQL condition `where`, in its declared shape; `written` are its columns.

    Raises WarehouseError when a column is missing that no version leaves empty.
    """
    names = [quoted(name) for name in table.names if name in written]
    if not names:
        return table.empty()
    missing = [column.name for column in table.columns if not column.nullable and column.name not in written]
    if missing:
        raise WarehouseError(
            say(
                "{qualified} lacks the column {missing}, which every version of this software writes: the file was "
                "altered. To do: put back an earlier file with `efficiency rollback`, or name another with "
                "--warehouse.",
                qualified=table.qualified,
                missing=missing,
            )
        )
    frame: pl.DataFrame = connection.sql(f"SELECT {', '.join(names)} FROM {qualified_sql(table)} WHERE {where}").pl()
    return table.conform(aware_utc(frame))
