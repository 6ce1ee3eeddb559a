"""A submitted file → its sheets as columns of numbers and texts: what stands where, not what it means.

Cells are read by calamine, which keeps floats exact and is 30 times as fast as openpyxl; what it hides (error cells,
uncalculated formulas) is put back as text from the scan of the archive.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import python_calamine as calamine

from efficiency.cell_addresses import column_letters
from efficiency.intake.formats.archive import MAX_EXPANDED, SheetScan, UnreadableError, scan_archive
from efficiency.intake.formats.csv import as_utf8, delimited_columns
from efficiency.intake.formats.limits import text_refusal
from efficiency.intake.formats.parquet import MAGIC, MAX_BULK_BYTES, parquet_columns
from efficiency.intake.formats.xls import scan_biff
from efficiency.intake.formats.xlsx_fast import PlainSheet, with_formulas_around
from efficiency.intake.parsing import HUGE, SAFE_INTEGER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import numpy.typing as npt

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MARKUP = (b"<!doctype html", b"<html", b"<table", b"<?xml", b"<meta", b"<head", b"<style", b"<div")
FEW = 512
"""Rows that are looked through one by one."""
HEAD = 64
"""Rows of a sheet that are kept as texts once they have been looked at."""

Cell = int | float | str | bool | date | datetime | time | timedelta


@dataclass(frozen=True)
class Grid:
    """One sheet. Rows and columns count from 0 at its first used cell, which is `first_row`, `first_column`."""

    sheet: str
    position: int
    """Of the sheet in its file, from 1."""
    hidden: bool = False
    refusal: str | None = None
    """Why the sheet could not be read, in Chinese."""
    first_row: int = 0
    first_column: int = 0
    numbers: Sequence[pl.Series] = ()
    """Per column: Float64, null where the cell is no number."""
    texts: Sequence[pl.Series] = ()
    """Per column: String, null where the cell is blank or a number; dates as ISO text."""
    merges: Sequence[tuple[int, int, int, int]] = ()
    """First row, first column, last row, last column."""
    marked: frozenset[tuple[int, int]] = field(default_factory=frozenset)
    """Error cells and uncalculated formulas, whose text is `#…` or `=…`."""
    idle: int = 0
    """Formulas with the result 0 or nothing, where the format does not say whether they were calculated."""
    typed: bool = True
    """Whether numbers are told from texts, as everywhere but in a CSV."""

    @property
    def height(self) -> int:
        """Rows from the first used to the last."""
        return len(self.texts[0]) if self.texts else 0

    @property
    def width(self) -> int:
        """Columns from the first used to the last."""
        return len(self.texts)

    def row_number(self, row: int) -> int:
        """The row as the spreadsheet numbers it."""
        return self.first_row + row + 1

    def letters(self, column: int) -> str:
        """The column as the spreadsheet names it."""
        return column_letters(self.first_column + column + 1)

    def rows(self, first: int, end: int) -> list[list[str]]:
        """The cells of rows `first` to before `end` as trimmed texts, `` where blank. For heads, not for data."""
        if min(end, self.height) <= HEAD:
            return [list(row) for row in self._head[first:end]]
        return self._shown(first, end)

    @cached_property
    def _head(self) -> list[list[str]]:
        """The rows in which headers are looked for, window by window."""
        return self._shown(0, HEAD)

    def _shown(self, first: int, end: int) -> list[list[str]]:
        columns = [
            [
                (text or "").strip() if number is None else _plain_number(number)
                for number, text in zip(numbers[first:end].to_list(), texts[first:end].to_list(), strict=True)
            ]
            for numbers, texts in zip(self.numbers, self.texts, strict=True)
        ]
        return [list(row) for row in zip(*columns, strict=True)]

    @cached_property
    def frame(self) -> pl.DataFrame:
        """Every cell: per column c its number `n{c}` and its text `t{c}`."""
        return pl.DataFrame(
            [numbers.alias(f"n{column}") for column, numbers in enumerate(self.numbers)]
            + [texts.alias(f"t{column}") for column, texts in enumerate(self.texts)]
        )

    @cached_property
    def filled(self) -> pl.Series:
        """Per row, how many cells are not blank."""
        return self.filled_in(range(self.width))

    def filled_in(self, columns: Iterable[int]) -> pl.Series:
        """Per row, how many cells of `columns` are not blank (`-`, 无 and `/` are not blank here)."""
        counts = self._present[list(columns)].sum(axis=0, dtype=np.uint32)
        return pl.Series(values=counts)

    @cached_property
    def _present(self) -> npt.NDArray[np.bool_]:
        """Column by column, whether each cell is not blank."""
        present = np.zeros((self.width, self.height), dtype=np.bool_)
        for column, (numbers, texts) in enumerate(zip(self.numbers, self.texts, strict=True)):
            # A cell is a number or a text, never both; most columns are one of the two throughout. No number is NaN.
            if numbers.null_count() < self.height:
                present[column] = ~np.isnan(numbers.to_numpy())
            if not texts.null_count():
                present[column] = True
            elif texts.null_count() < self.height:
                if self.height > FEW:
                    present[column] |= texts.is_not_null().to_numpy()
                else:  # setting up an expression would cost more
                    present[column] |= [text is not None for text in texts.to_list()]
        return present


def filled_cells(columns: Iterable[int]) -> pl.Expr:
    """Over `Grid.frame`: per row, how many of `columns` are not blank (`-`, 无 and `/` are not blank here)."""
    # A cell is a number or a text, never both.
    cells = [f"{kind}{column}" for column in columns for kind in "nt"]
    return pl.sum_horizontal(pl.col(cells).is_not_null()) if cells else pl.lit(0, dtype=pl.UInt32)


def read_grids(path: Path) -> list[Grid]:
    """Every sheet of the file at `path`, hidden ones unread.

    Raises UnreadableError with a plain reason for a file that is damaged, encrypted, no spreadsheet, or too large.
    """
    try:
        is_text = path.suffix.lower() == ".csv"
        with path.open("rb") as stream:
            is_parquet = stream.read(len(MAGIC)) == MAGIC
            bound = MAX_BULK_BYTES if is_text or is_parquet else MAX_EXPANDED
            if path.stat().st_size > bound:
                raise UnreadableError(f"文件超过 {bound >> 20} MiB")
            stream.seek(0)
            data = b"" if is_parquet else stream.read()
    except OSError as error:
        raise UnreadableError(f"无法打开文件({error.strerror})") from error
    if is_parquet:
        return [_parquet_grid(path)]
    if not data:
        raise UnreadableError("文件是空的(0 字节)")
    if data.startswith(_ZIP):
        return _workbook_grids(data, scan_archive(data))
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            raise UnreadableError("文件已加密")
        return _workbook_grids(data, scan_biff(data))
    if is_text:
        return [_delimited_grid(data)]
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:16].lower().startswith(_MARKUP):
        raise UnreadableError("文件实际是网页(HTML/XML)，只是改成了表格的扩展名")
    raise UnreadableError("文件已损坏，或不是电子表格")


def grid_of_rows(
    rows: Sequence[Sequence[Cell | None]],
    *,
    sheet: str = "",
    position: int = 1,
    first_row: int = 0,
    first_column: int = 0,
    merges: Sequence[tuple[int, int, int, int]] = (),
    scan: SheetScan | None = None,
) -> Grid:
    """A grid of rows of cells, `None` or `` where blank; `scan` puts back what the reader hid (absolute positions)."""
    # All columns as one, end to end: making a series costs more than filling it.
    numbers, texts = _split([cell for column in zip(*rows, strict=True) for cell in column])
    if refusal := text_refusal(int(texts.str.len_bytes().cast(pl.UInt64).sum())):
        return Grid(sheet, position, refusal=refusal)
    cells = PlainSheet(
        None,
        first_row,
        first_column,
        len(rows),
        len(rows[0]) if rows else 0,
        numbers,
        texts,
        scan.errors if scan else {},
        scan.uncalculated if scan else {},
        tuple(merges),
    )
    return _grid(cells, sheet, position, scan.idle if scan else 0)


def _grid(cells: PlainSheet, sheet: str, position: int, idle: int = 0) -> Grid:
    """The cells of a sheet as a grid; error cells and uncalculated formulas are put into their places."""
    cells = with_formulas_around(cells)
    if cells.refusal is not None:
        return Grid(sheet, position, refusal=cells.refusal)
    height = cells.height
    starts = range(0, height * cells.width, height) if height else range(0)
    all_numbers, all_texts = _without_overflow(cells.numbers, cells.texts)
    numbers = [all_numbers.slice(start, height) for start in starts]
    texts = [all_texts.slice(start, height) for start in starts]
    marked: set[tuple[int, int]] = set()
    by_column: dict[int, list[tuple[int, str]]] = {}
    for (row, column), text in {**cells.errors, **cells.uncalculated}.items():
        place = row - cells.top, column - cells.left
        if 0 <= place[0] < height and 0 <= place[1] < cells.width:
            marked.add(place)
            by_column.setdefault(place[1], []).append((place[0], text))
    for column, found in by_column.items():
        places = [row for row, _ in found]
        texts[column] = texts[column].scatter(places, [text for _, text in found])
        numbers[column] = numbers[column].scatter(places, None)
    return Grid(
        sheet,
        position,
        first_row=cells.top,
        first_column=cells.left,
        numbers=numbers,
        texts=texts,
        # A range that begins outside the used cells shows nothing.
        merges=[
            (top - cells.top, left - cells.left, bottom - cells.top, right - cells.left)
            for top, left, bottom, right in cells.merges
            if cells.top <= top < cells.top + height and cells.left <= left < cells.left + cells.width
        ],
        marked=frozenset(marked),
        idle=idle,
    )


def _workbook_grids(data: bytes, scans: dict[str, SheetScan]) -> list[Grid]:
    if scans and all(scan.complete for scan in scans.values()):
        return [_scanned_grid(name, position, scan) for position, (name, scan) in enumerate(scans.items(), start=1)]
    try:
        with calamine.load_workbook(io.BytesIO(data)) as workbook:
            grids = [
                _sheet_grid(workbook, position, about, scans)
                for position, about in enumerate(workbook.sheets_metadata, start=1)
                if about.typ == calamine.SheetTypeEnum.WorkSheet
            ]
    except calamine.PasswordError as error:
        raise UnreadableError("文件已加密") from error
    except (KeyboardInterrupt, SystemExit, UnreadableError, MemoryError):
        raise
    except BaseException as error:
        # A panic of the reader is a BaseException and must not end the run. What it then says on stderr cannot be kept
        # back soundly (its hook is out of reach, and the stream belongs to all threads): the scans refuse what is known
        # to make it panic, and some 1 damaged binary file in 5 000 is left.
        raise UnreadableError("文件已损坏，或不是电子表格") from error
    if not grids:
        raise UnreadableError("文件里没有工作表")
    return grids


def _sheet_grid(
    workbook: calamine.CalamineWorkbook, position: int, about: calamine.SheetMetadata, scans: dict[str, SheetScan]
) -> Grid:
    if about.visible != calamine.SheetVisibleEnum.Visible:
        return Grid(about.name, position, hidden=True)
    # What has not been measured is not read: the reader would allocate whatever it asks for.
    scan = scans[about.name]
    if scan.complete:
        return _scanned_grid(about.name, position, scan)
    sheet = workbook.get_sheet_by_index(position - 1)
    top, left = sheet.start or (0, 0)
    told = [(r0, c0, r1, c1) for (r0, c0), (r1, c1) in sheet.merged_cell_ranges or ()]
    return grid_of_rows(
        sheet.to_python(),
        sheet=about.name,
        position=position,
        first_row=top,
        first_column=left,
        merges=told or scan.merges,
        scan=scan,
    )


def _scanned_grid(name: str, position: int, scan: SheetScan) -> Grid:
    """The grid of a sheet of which the scan left nothing to be read."""
    if scan.cells is None or scan.refusal is not None:
        return Grid(name, position, hidden=scan.hidden, refusal=scan.refusal)
    return _grid(scan.cells, name, position)


def _delimited_grid(data: bytes) -> Grid:
    texts = _blanks_as_null(delimited_columns(as_utf8(data)))
    height = len(texts[0]) if texts else 0
    numbers = [pl.Series(values=[None], dtype=pl.Float64).new_from_index(0, height)] * len(texts)
    return Grid("", 1, numbers=numbers, texts=texts, typed=False)


def _parquet_grid(path: Path) -> Grid:
    columns = [_without_overflow(*pair) for pair in zip(*parquet_columns(path), strict=True)]
    return Grid("", 1, numbers=[numbers for numbers, _ in columns], texts=[texts for _, texts in columns])


def _blanks_as_null(texts: list[pl.Series]) -> list[pl.Series]:
    """Cells of nothing but white space are blank."""
    frame = pl.DataFrame([column.alias(str(place)) for place, column in enumerate(texts)])
    return frame.select(pl.when(pl.all().str.contains(r"\S")).then(pl.all())).get_columns()


def _split(cells: list[Cell | None]) -> tuple[pl.Series, pl.Series]:
    """Cells → their numbers and their texts."""
    if set(map(type, cells)) <= {float, str}:
        return (
            pl.Series(values=[cell if type(cell) is float else None for cell in cells], dtype=pl.Float64),
            pl.Series(
                values=[cell if type(cell) is str and cell and not cell.isspace() else None for cell in cells],
                dtype=pl.String,
            ),
        )
    return (
        pl.Series(values=[_number(cell) for cell in cells], dtype=pl.Float64),
        pl.Series(values=[_text(cell) for cell in cells], dtype=pl.String),
    )


def _without_overflow(numbers: pl.Series, texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """NaN, infinity and what is as good as infinite are texts (`inf`), which are refused where a number is wanted."""
    # A sum shows NaN and infinity, the extremes what is huge: no frame is made where there is neither.
    least, most = numbers.min(), numbers.max()
    if isfinite(numbers.sum()) and (least or 0.0) > -HUGE and (most or 0.0) < HUGE:  # type: ignore[operator]  # floats
        return numbers, texts
    odd = (~(numbers.abs() < HUGE)).fill_null(value=False)
    places = odd.arg_true()
    shown = numbers.filter(odd).cast(pl.String)  # before they are gone: scatter writes into the series itself
    return numbers.scatter(places, None), texts.scatter(places, shown)


def _number(value: Cell | None) -> float | None:
    if type(value) is float:
        return value
    if isinstance(value, bool) or not isinstance(value, int | timedelta):
        return None
    return value / timedelta(days=1) if isinstance(value, timedelta) else float(value)


def _text(value: Cell | None) -> str | None:
    if isinstance(value, str):
        return None if not value or value.isspace() else value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date | time) else None


def _plain_number(number: float) -> str:
    return str(int(number)) if abs(number) < SAFE_INTEGER and number == int(number) else repr(number)
