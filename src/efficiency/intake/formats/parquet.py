"""Parquet, as a province exports it from a database → columns of numbers and texts, with the names as the first row.

A Parquet file is taken as the sheet that it would make in a workbook: names of columns in row 1, then one row a record.
So it is recognised, converted, checked and traced by the same rules as every spreadsheet, and a problem of the third
record's second column is at B4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.formats.grid import Grid, without_overflow
from efficiency.intake.formats.limits import MAX_BULK_BYTES, MAX_BULK_CELLS, MAX_COLUMNS, MAX_TEXT, UnreadableError
from efficiency.intake.parsing import SAFE_INTEGER

if TYPE_CHECKING:
    from pathlib import Path

MAGIC = b"PAR1"
_NO_CELLS = (pl.Binary, pl.Duration, pl.Object)


def parquet_grid(path: Path) -> Grid:
    """The grid of a Parquet file: the names of its columns, then its records.

    Raises UnreadableError for a file that is damaged, larger than the bounds, or that nests values in a cell.
    """
    try:
        table = _table(path)
        columns = [without_overflow(*_split(table.drop_in_place(name))) for name in table.columns]
    except (KeyboardInterrupt, SystemExit, UnreadableError, MemoryError):
        raise
    except BaseException as error:  # a panic of the reader is a BaseException and must not end the run
        raise UnreadableError("Parquet 文件已损坏或不完整") from error
    return Grid("", 1, numbers=[numbers for numbers, _ in columns], texts=[texts for _, texts in columns])


def _table(path: Path) -> pl.DataFrame:
    from pyarrow import parquet

    declared = parquet.read_metadata(path)
    if declared.num_rows * declared.num_columns > MAX_BULK_CELLS:
        raise UnreadableError(
            f"文件有 {declared.num_rows} 行 {declared.num_columns} 列，"
            f"超过 {MAX_BULK_CELLS} 格的上限；请按月分成多个文件"
        )
    if declared.num_columns > MAX_COLUMNS:
        raise UnreadableError(f"文件有 {declared.num_columns} 列，超过电子表格的 {MAX_COLUMNS} 列")
    schema = pl.read_parquet_schema(path)
    other = next((name for name, dtype in schema.items() if dtype.is_nested() or dtype in _NO_CELLS), None)
    if other is not None:
        raise UnreadableError(f"列“{other}”的值不是数字、文字或日期，不能读作单元格")
    table = pl.read_parquet(path, use_statistics=False, hive_partitioning=False, glob=False)
    # Texts that are stored once and referred to take no room yet, whatever they come to as cells.
    lengths = [
        (column.str if column.dtype == pl.String else column.cat).len_bytes()
        for column in table.get_columns()
        if column.dtype in (pl.String, pl.Categorical, pl.Enum)
    ]
    longest = max((int(length.max() or 0) for length in lengths), default=0)  # type: ignore[arg-type]
    if longest > MAX_TEXT:
        raise UnreadableError(f"有一格长达 {longest} 字节")
    if sum(int(length.cast(pl.UInt64).sum()) for length in lengths) > MAX_BULK_BYTES:
        raise UnreadableError(f"各格文字合计超过 {MAX_BULK_BYTES >> 20} MiB；请按月分成多个文件")
    return table


def _split(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """A column → its numbers and its texts, below its name."""
    name = column.name
    numbers: pl.Series | None = None
    texts: pl.Series | None = None
    if column.dtype.is_integer():
        # A code of eighteen digits is a whole number here; as a floating one it would lose its last digits.
        exact = column.is_between(-SAFE_INTEGER, SAFE_INTEGER).fill_null(value=True)
        numbers = column.cast(pl.Float64)
        if not exact.all():
            texts = column.cast(pl.String).set(exact, None)
            numbers = numbers.set(~exact, None)
    elif column.dtype.is_numeric():
        numbers = column.cast(pl.Float64)
    elif column.dtype == pl.Boolean:
        texts = column.cast(pl.String).str.to_uppercase()
    elif column.dtype == pl.Datetime:
        text = column.dt.to_string("%Y-%m-%d %H:%M:%S")
        texts = text.str.strip_suffix(" 00:00:00")
    elif column.dtype != pl.Null:
        text = column.cast(pl.String)
        # Cells of nothing but white space are blank.
        texts = text if column.dtype.is_temporal() else text.set(~text.str.contains(r"\S"), None)
    empty = pl.Series(values=[None], dtype=pl.String).new_from_index(0, len(column)) if texts is None else texts
    head = pl.Series(values=[name], dtype=pl.String)
    return (
        pl.Series(values=[None], dtype=pl.Float64).new_from_index(0, len(column) + 1)
        if numbers is None
        else pl.concat([pl.Series(values=[None], dtype=pl.Float64), numbers.alias("")], rechunk=True),
        pl.concat([head, empty.alias("")], rechunk=True),
    )
