"""From a declaration to its pandera schema. Eager frames only: pandera checks a LazyFrame's names and types, no values.

The one place that imports pandera, and only when a frame is validated.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl

from schemas.column import Column, Table

if TYPE_CHECKING:
    import pandera.polars as pa

_NOT_NEEDED = frozenset({"pandas", "hypothesis"})
"""What pandera imports where it happens to be installed (here for benchmarks and tests) and does without elsewhere."""

FAILURES = {"row": pl.Int64, "column": pl.String, "check": pl.String, "value": pl.String}
"""Shape of what `failures` returns; `row` is the 0-based position in the frame, null for the frame as a whole."""


def pandera_schema(table: Table) -> pa.DataFrameSchema:
    """The strict pandera schema of `table`: names, types, nulls, vocabularies, finite numbers and the key."""
    import pandera.polars as pa

    def checks(column: Column) -> list[pa.Check]:
        made: list[pa.Check] = []
        if column.choices:
            made.append(pa.Check.isin(list(column.choices), name="choices"))
        if column.kind == "number":
            made.append(pa.Check(lambda data: data.lazyframe.select(pl.col(data.key).is_finite()), name="finite"))
        return made

    return pa.DataFrameSchema(
        {
            column.name: pa.Column(
                column.dtype,
                checks=checks(column),
                nullable=column.nullable,
                title=column.title,
                description=column.meaning,
                metadata={"unit": column.unit},
            )
            for column in table.columns
        },
        name=table.qualified,
        strict=True,
        ordered=True,
    )


def pandera_schema_at_once(table: Table) -> pa.DataFrameSchema:
    """The same rules as `pandera_schema`, those on values as one query: whether all hold, not what breaks them.

    One query for each rule of a column, as pandera does it, costs more than the rules.
    """
    import pandera.polars as pa

    rules: list[pl.Expr] = [pl.lit(value=True)]
    for column in table.columns:
        value = pl.col(column.name)
        if not column.nullable:
            rules.append(value.is_not_null().all())
        if column.choices:
            rules.append(value.is_in(list(column.choices)).all())
        if column.kind == "number":
            rules.append(value.is_finite().all())
    return pa.DataFrameSchema(
        {column.name: pa.Column(column.dtype, nullable=True) for column in table.columns},
        checks=pa.Check(lambda data: data.lazyframe.select(pl.all_horizontal(rules)), name="values"),
        name=table.qualified,
        strict=True,
        ordered=True,
    )


def failures(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Every violation of `table`'s declaration in `frame`, all at once, as a frame of shape `FAILURES`.

    A key that occurs twice is reported at its second and later rows; rows marked `superseded` may
    repeat the key of the row that replaced them.
    """
    with _polars_alone():
        import pandera.errors

        try:
            pandera_schema_at_once(table).validate(frame, lazy=True)
            found = pl.DataFrame(schema=FAILURES)
        except pandera.errors.SchemaErrors:
            found = _failures_one_by_one(frame, table)
    return pl.concat([found, _repeated_keys(frame, table)])


def _failures_one_by_one(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """What breaks which rule of which column, in a frame that is not sound."""
    import pandera.errors

    try:
        pandera_schema(table).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases: pl.DataFrame = errors.failure_cases
        return cases.select(
            pl.col("index").cast(pl.Int64).alias("row"),
            pl.col("column").cast(pl.String),
            pl.col("check").cast(pl.String),
            pl.col("failure_case").cast(pl.String).alias("value"),
        )
    raise AssertionError(f"{table.qualified} breaks its rules in one query, but none of them by itself")


@contextmanager
def _polars_alone() -> Iterator[None]:
    """Within, pandera is as in an installation with polars alone: it starts in a third of the time."""
    sys.meta_path.insert(0, _Absent)
    try:
        yield
    finally:
        sys.meta_path.remove(_Absent)


class _Absent:
    """An import finder to which the libraries in `_NOT_NEEDED` are not installed; it leaves the others to the rest."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """As `importlib` asks a finder."""
        if name in _NOT_NEEDED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _repeated_keys(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Failures of the check `unique_key`."""
    if not table.key or not set(table.key) <= set(frame.columns):
        return pl.DataFrame(schema=FAILURES)
    # Facts have a column `row` of their own: the sheet's row.
    numbered = frame.with_row_index("position")
    if "superseded" in frame.columns:
        numbered = numbered.filter(~pl.col("superseded"))
    return numbered.filter(~pl.struct(table.key).is_first_distinct()).select(
        pl.col("position").cast(pl.Int64).alias("row"),
        pl.lit(table.key[0]).alias("column"),
        pl.lit("unique_key").alias("check"),
        pl.concat_str(pl.col(table.key).cast(pl.String), separator=" ", ignore_nulls=True).alias("value"),
    )
