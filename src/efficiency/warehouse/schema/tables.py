"""The tables of the warehouse, from their declarations in `schemas`: the list, the DDL, and the frames they hold."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from efficiency.partitions import Chunks, ParquetChunk
from schemas import (
    CANDIDATES,
    COEFFICIENTS,
    COHORTS,
    COLUMN_MAP,
    COMPOSITIONS,
    DATA_ERRORS,
    EVALUATIONS,
    FACTS,
    INDICATORS,
    MOVEMENTS,
    OBJECTIONS,
    PROBLEMS,
    RUN_EVALUATIONS,
    RUN_FILES,
    RUNS,
    SCORES,
    STATED,
    SUBMISSIONS,
    VARIANT_EFFECTS,
    VARIANTS,
    VERIFICATIONS,
    WATCH,
    WITHDRAWALS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from schemas.column import Column, Kind, Table

TABLES: dict[str, Table] = {
    table.qualified: table
    for table in (
        SUBMISSIONS,
        COLUMN_MAP,
        PROBLEMS,
        WITHDRAWALS,
        WATCH,
        *STATED.values(),
        *FACTS.values(),
        EVALUATIONS,
        SCORES,
        INDICATORS,
        CANDIDATES,
        VERIFICATIONS,
        VARIANTS,
        VARIANT_EFFECTS,
        MOVEMENTS,
        DATA_ERRORS,
        COMPOSITIONS,
        COEFFICIENTS,
        COHORTS,
        OBJECTIONS,
        RUNS,
        RUN_FILES,
        RUN_EVALUATIONS,
    )
}
"""Qualified name → declaration of every table of the warehouse, in the order in which they are written."""

SQL_TYPES: dict[Kind, str] = {
    "text": "VARCHAR",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "flag": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
"""Kinds as DuckDB types. Timestamps are kept without a zone, in UTC, as their comments say: fetching
TIMESTAMPTZ from Python asks for pytz, which an analyst need not have."""


@dataclass(frozen=True)
class Contents:
    """The rows of a warehouse by qualified table name. A table that is not named is empty.

    What may be more than memory holds, stated rows and facts, may be given as chunks.
    """

    frames: Mapping[str, pl.DataFrame | Chunks] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise KeyError for a name that is no table, which would otherwise be left out silently."""
        unknown = set(self.frames) - set(TABLES)
        if unknown:
            raise KeyError(f"the warehouse has no table {sorted(unknown)}; it has {sorted(TABLES)}")

    def __getitem__(self, qualified: str) -> pl.DataFrame:
        """All rows of the table `qualified` as one frame, in exactly its declared shape."""
        table = TABLES[qualified]
        rows = self.frames.get(qualified)
        if rows is None:
            return table.empty()
        return table.conform(rows.whole() if isinstance(rows, Chunks) else rows)

    def in_order(self, qualified: str, rows: int) -> Iterator[pl.DataFrame]:
        """The rows of the table `qualified` in the order of the file, in frames of about `rows` rows."""
        table, held = TABLES[qualified], self.frames.get(qualified)
        if isinstance(held, Chunks) and not held.in_memory:
            yield from _spilled_in_order(table, held, rows)
        else:
            yield from slices_in_order(table, self[qualified], rows)

    def height(self, qualified: str) -> int:
        """How many rows the table `qualified` has."""
        rows = self.frames.get(qualified)
        return 0 if rows is None else rows.height

    def with_frames(self, frames: Mapping[str, pl.DataFrame | Chunks]) -> Contents:
        """These contents with the tables named in `frames` replaced."""
        return replace(self, frames={**self.frames, **frames})


def quoted(name: str) -> str:
    """`name` as a quoted SQL identifier, since `column`, `row` and `list` are SQL keywords."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def qualified_sql(table: Table) -> str:
    """The quoted qualified name of `table`."""
    return f"{quoted(table.schema)}.{quoted(table.name)}"


def create_table(table: Table) -> str:
    """The CREATE TABLE statement of `table`: types, NOT NULL, and the closed vocabularies as CHECK."""
    return f"CREATE TABLE {qualified_sql(table)} (\n  " + ",\n  ".join(map(_column_sql, table.columns)) + "\n)"


def _column_sql(column: Column) -> str:
    parts = [quoted(column.name), SQL_TYPES[column.kind]]
    if not column.nullable:
        parts.append("NOT NULL")
    if column.choices:
        parts.append(f"CHECK ({quoted(column.name)} IN ({', '.join(map(literal, column.choices))}))")
    return " ".join(parts)


_ORDERS = {
    "facts": ("uscc", "span_start", "span_end", "submission_id", "row", "block"),
    "intake": ("submission_id", "row", "block", "cell"),
}


def in_order(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` sorted as the file is: by the table's key, or by enterprise or sheet, which is how it is queried.

    The sort is stable, so that the same contents give the same file.
    """
    return pl.concat([frame.clear(), *slices_in_order(table, frame, max(frame.height, 1))])


def slices_in_order(table: Table, frame: pl.DataFrame, rows: int) -> Iterator[pl.DataFrame]:
    """As `in_order`, in slices of `rows` rows, so that a large table is not copied in memory as a whole."""
    by = _order_of(table)
    if not by:
        yield from frame.iter_slices(rows)
        return
    order = frame.select(pl.arg_sort_by(by, maintain_order=True)).to_series()
    if order.is_sorted():
        yield from frame.iter_slices(rows)
        return
    for start in range(0, frame.height, rows):
        yield frame[order[start : start + rows]]


def _order_of(table: Table) -> tuple[str, ...]:
    """Columns by which the file is sorted; none where rows stay in the order in which they are given."""
    return table.key or tuple(name for name in _ORDERS.get(table.schema, ()) if name in table.names)


def _spilled_in_order(table: Table, chunks: Chunks, rows: int) -> Iterator[pl.DataFrame]:
    """As `slices_in_order` of all `chunks`, with little more in memory than the rows of one sheet or partition."""
    first = _order_of(table)[0]
    for some in _ascending(chunks, first, rows):
        yield from slices_in_order(table, table.conform(some.collect()), rows)


def _ascending(chunks: Chunks, column: str, rows: int) -> Iterator[pl.LazyFrame]:
    """The rows of `chunks` in batches whose values of `column` ascend from one batch to the next.

    Files that ascend, as partitions do, are the batches; else there are some `rows` in each, or those of one value.
    """
    parts = [part for part in chunks.parts if isinstance(part, ParquetChunk)]
    if len(parts) != len(chunks.parts):
        raise ValueError("rows of a table are in memory or on the disk, not both")
    bounds = [part.lazy().select(pl.min(column).alias("least"), pl.max(column)).collect().row(0) for part in parts]
    if all(before[1] < after[0] for before, after in pairwise(bounds)):
        yield from (part.lazy() for part in parts)
        return
    values = chunks.lazy().group_by(column).len().sort(column).collect()
    batch = (pl.col("len").cum_sum() - pl.col("len")) // rows
    batches = values.group_by(batch.alias("batch"), maintain_order=True).agg(
        pl.col(column).first().alias("least"), pl.col(column).last().alias("most")
    )
    for least, most in batches.select("least", "most").iter_rows():
        yield chunks.lazy().filter(pl.col(column).is_between(pl.lit(least), pl.lit(most)))


def naive_utc(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with its timestamps in UTC and without a zone, as the warehouse stores them."""
    return frame.with_columns(pl.col(pl.Datetime("us", "UTC")).dt.replace_time_zone(None))


def aware_utc(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with its zoneless timestamps marked as UTC: the inverse of `naive_utc`."""
    return frame.with_columns(pl.col(pl.Datetime("us")).dt.replace_time_zone("UTC"))
