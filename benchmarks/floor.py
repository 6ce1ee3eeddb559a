"""The floor: every cell read, every column of numbers added up, every number put into DuckDB, and nothing else.

No form, unit, span, enterprise, problem or list: what the machine and the libraries need for the bytes alone.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import duckdb
import polars as pl
import python_calamine as calamine


def numbers(path: Path) -> pl.DataFrame:
    """The numbers of the file: sheet, column, row, value."""
    if path.suffix == ".parquet":
        return _long(pl.read_parquet(path), "")
    if path.suffix == ".csv":
        return _long(pl.read_csv(path, infer_schema=False, encoding="utf8-lossy", truncate_ragged_lines=True), "")
    parts = [pl.DataFrame(schema={"sheet": pl.String, "column": pl.String, "row": pl.Int64, "value": pl.Float64})]
    with calamine.load_workbook(path) as book:
        for name in book.sheet_names:
            columns = list(zip(*book.get_sheet_by_name(name).to_python(), strict=True))
            values = [[cell if isinstance(cell, float) else None for cell in column] for column in columns]
            parts.append(_long(pl.DataFrame(values, schema=[f"{number}" for number in range(len(values))]), name))
    return pl.concat(parts)


def _long(table: pl.DataFrame, sheet: str) -> pl.DataFrame:
    return (
        table.with_columns(pl.all().cast(pl.Float64, strict=False))
        .with_row_index("row")
        .unpivot(index="row", variable_name="column")
        .drop_nulls("value")
        .select(pl.lit(sheet).alias("sheet"), "column", pl.col("row").cast(pl.Int64), "value")
    )


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Read, add up and store an inbox, and nothing else.")
    parser.add_argument("--inbox", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.output.unlink(missing_ok=True)
    paths = sorted(path for path in arguments.inbox.rglob("*") if path.suffix in (".xlsx", ".xls", ".csv", ".parquet"))
    with duckdb.connect(str(arguments.output)) as connection:
        connection.execute(
            'CREATE TABLE numbers (file INTEGER, sheet VARCHAR, "column" VARCHAR, row BIGINT, value DOUBLE)'
        )
        for number, path in enumerate(paths):
            try:
                found = numbers(path)
            except calamine.CalamineError:  # the sample's damaged file
                continue
            found.group_by("sheet", "column").agg(pl.col("value").sum())
            connection.register("incoming", found.with_columns(pl.lit(number).alias("file")).to_arrow())
            connection.execute("INSERT INTO numbers BY NAME SELECT * FROM incoming")
    return 0


if __name__ == "__main__":
    sys.exit(main())
