"""A table of any length as .csv, .parquet or .xlsx, written slice by slice, for people and programs to go on with."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.errors import UsageError, not_written
from efficiency.language import say
from efficiency.reports.text import clean_frame, display_width, harmless, sheet_name
from efficiency.reports.workbook.rows import EveryDigit, write_text
from efficiency.reports.workbook.save import custom_properties, new_workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

ROWS_PER_SHEET = 1_048_575
"""Rows of a worksheet below its header, as Excel has them."""
MARK = "efficiency_export"
"""Property of a workbook, and key in a Parquet file, that says of which table it is an export."""
_BOM = b"\xef\xbb\xbf"
_WIDEST = 40
"""Width of a column, in half-width characters; longer text is cut on the screen."""
_SEEN = 200
"""Rows by which the width of a column is measured."""

Slices = tuple[pl.DataFrame, "Iterable[pl.DataFrame]"]
"""A table: its columns without rows, and its rows slice by slice."""


def write_export(path: Path, name: str, headers: Sequence[str], table: Slices, *, replace: bool = False) -> int:
    """Write the table `name` to `path`, in the format of its ending, under these headers; returns its number of rows.

    Text stays text: none begins as a formula would in a CSV, and a workbook has no formula. The file is put in place
    whole. Raises UsageError for another ending, and where `path` is there already, unless `replace` is given and it is
    an export; EfficiencyError when it cannot be written.
    """
    ending = path.suffix.lower()
    if ending not in _WRITERS:
        raise UsageError(
            say(
                "{path} has not one of the endings {endings}, which say the format. Name a file that ends so.",
                path=path,
                endings=list(_WRITERS),
            )
        )
    _require_free(path, headers, replace=replace)
    rows = 0

    def counted() -> Iterator[pl.DataFrame]:
        nonlocal rows
        for one in table[1]:
            rows += one.height
            yield one

    # The process id keeps two exports apart; no reader looks for a name that begins with a dot.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{ending}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _WRITERS[ending](temporary, name, headers, (table[0], counted()))
        temporary.replace(path)
    except (OSError, pl.exceptions.ComputeError) as error:
        raise not_written(path, error, say("Close it where it is open, or name another file.")) from error
    finally:
        temporary.unlink(missing_ok=True)
    return rows


def _require_free(path: Path, headers: Sequence[str], *, replace: bool) -> None:
    """Raises UsageError where `path` is there and is not to be replaced."""
    if not path.exists():
        return
    if not replace:
        raise UsageError(say("{path} is there already. Name another file, or give --replace.", path=path))
    if not path.is_file() or not _is_export(path, headers):
        raise UsageError(
            say("{path} is no export of this table, so --replace leaves it. Move it away, or name another.", path=path)
        )


def _is_export(path: Path, headers: Sequence[str]) -> bool:
    """Whether a file is an export, by its mark; a CSV has none and is known by its first line."""
    match path.suffix.lower():
        case ".xlsx":
            return MARK in custom_properties(path)
        case ".parquet":
            try:
                return MARK in pl.read_parquet_metadata(path)
            except (OSError, pl.exceptions.PolarsError):
                return False
        case _:
            first = _first_line(headers)
            with path.open("rb") as file:
                return file.read(len(first)) == first


def _first_line(headers: Sequence[str]) -> bytes:
    shown = harmless(pl.Series(headers, dtype=pl.String))
    return _BOM + pl.DataFrame(schema=list(shown)).write_csv().encode()


def _write_csv(path: Path, _: str, headers: Sequence[str], table: Slices) -> None:
    """UTF-8 with a mark, by which Excel knows it."""
    with path.open("wb") as file:
        file.write(_first_line(headers))
        for rows in table[1]:
            texts = [name for name, kind in rows.schema.items() if kind == pl.String]
            rows.with_columns(harmless(rows[name]).alias(name) for name in texts).write_csv(file, include_header=False)


def _write_parquet(path: Path, name: str, headers: Sequence[str], table: Slices) -> None:
    from pyarrow import parquet

    def as_arrow(rows: pl.DataFrame):  # type: ignore[no-untyped-def]  # noqa: ANN202  # pyarrow has no types
        arrow = rows.rename(dict(zip(rows.columns, headers, strict=True))).to_arrow()
        return arrow.replace_schema_metadata({MARK: name})

    with parquet.ParquetWriter(path, as_arrow(table[0]).schema, compression="zstd") as writer:
        for rows in table[1]:
            writer.write_table(as_arrow(rows))


def _write_workbook(path: Path, name: str, headers: Sequence[str], table: Slices) -> None:
    """One worksheet, or as many as the rows need."""
    with new_workbook(path, datetime.now(UTC), title=name) as book:
        book.workbook.set_custom_property(MARK, name, "text")
        formats = {
            pl.Date: book.workbook.add_format({"num_format": "yyyy-mm-dd"}),
            pl.Datetime: book.workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        plain, bold = book.workbook.add_format(), book.workbook.add_format({"bold": True, "bottom": 1})
        slices = iter(table[1])
        first = next(slices, table[0])
        widths = _widths(first, headers)

        def sheet_with_headers() -> Worksheet:
            taken = [sheet.get_name() for sheet in book.workbook.worksheets()]
            sheet = book.workbook.add_worksheet(sheet_name(name, taken))
            for column, (header, width) in enumerate(zip(headers, widths, strict=True)):
                write_text(sheet, 0, column, header, bold)
                sheet.set_column(column, column, width)
            sheet.freeze_panes(1, 0)
            return sheet

        sheet, row = sheet_with_headers(), 0
        for rows in chain([first], slices):
            cells = [_cell(kind, formats.get(kind.base_type(), plain)) for kind in rows.schema.values()]
            for values in clean_frame(rows).iter_rows():
                if row == ROWS_PER_SHEET:
                    sheet, row = sheet_with_headers(), 0
                row += 1
                for column, (value, write) in enumerate(zip(values, cells, strict=True)):
                    if value is not None:
                        write(sheet, row, column, value)


def _widths(rows: pl.DataFrame, headers: Sequence[str]) -> list[float]:
    """The width of each column, by its header and its first texts."""
    seen = rows.head(_SEEN).with_columns(pl.all().cast(pl.String))
    longest = [max((display_width(text) for text in texts.drop_nulls()), default=0) for texts in seen]
    pairs = zip(longest, map(display_width, headers), strict=True)
    return [min(_WIDEST, max(width, header) + 2) for width, header in pairs]


def _cell(kind: pl.DataType, style: Format) -> Callable[[Worksheet, int, int, Any], object]:
    """Writes a value of this kind into a cell, and never takes a text for anything else."""
    if kind == pl.String:
        return lambda sheet, row, column, value: write_text(sheet, row, column, value, style)
    if kind == pl.Boolean:
        return lambda sheet, row, column, value: sheet.write_boolean(row, column, value, style)
    if kind.is_temporal():
        return lambda sheet, row, column, value: sheet.write_datetime(row, column, value, style)
    if kind.is_float():
        return lambda sheet, row, column, value: sheet.write_number(row, column, EveryDigit(value), style)
    return lambda sheet, row, column, value: sheet.write_number(row, column, value, style)


_WRITERS: Mapping[str, Callable[[Path, str, Sequence[str], Slices], None]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".xlsx": _write_workbook,
}
