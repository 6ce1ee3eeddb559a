"""The grid of one sheet, columns of numbers and texts at their positions; what they mean is not asked here.

A reader of worksheets finds `SheetCells`; `grid_of_cells` lays them out in the rectangle that they span.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from efficiency.cell_addresses import column_letters
from efficiency.intake.formats.limits import MAX_TEXTS, Budget, Extent, check_texts
from efficiency.intake.parsing import HUGE, SAFE_INTEGER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from efficiency.intake.formats.number_formats import FormatSections, NumberFormat

HEAD, MOST_BLOCKS = 64, 4
"""Rows of a sheet that are read as texts together, and how many times so many are kept."""
COLUMN_BITS = 14
"""A position is row << 14 | column, both absolute and from 0: 16 384 columns are the most that a sheet has."""
NO_TEXT = pl.Series(values=[None], dtype=pl.String)
"""The text of a blank cell, with which every pool of texts begins."""

_COLUMN = (1 << COLUMN_BITS) - 1
_PLAIN = (1 << 16) - 1
"""In place of a format's place, of a figure that is shown as it is stored."""

Cell = int | float | str | bool | date | datetime | time | timedelta
Merge = tuple[int, int, int, int]
"""First row, first column, last row, last column of a merged range, from 0."""
Integers = npt.NDArray[np.int64]
Figures = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """One sheet. Rows and columns count from 0 at its first used cell, which is `first_row`, `first_column`."""

    sheet: str
    position: int
    """Of the sheet in its file, from 1."""
    hidden: bool = False
    refusal: str | None = None
    """Why the sheet could not be read, in Chinese."""
    aside: str = ""
    """What the sheet is that holds no table of cells, in Chinese (图表, 宏, 对话框); `` for a worksheet."""
    first_row: int = 0
    first_column: int = 0
    numbers: Sequence[pl.Series] = ()
    """Per column: Float64, null where the cell is no number."""
    texts: Sequence[pl.Series] = ()
    """Per column: String, null where the cell is blank or a number; dates as ISO text."""
    merges: Sequence[Merge] = ()
    marked: frozenset[tuple[int, int]] = field(default_factory=frozenset)
    """(row, column) of error cells and of formulas without a cached value, whose text is `#…` or `=…`."""
    doubtful_formulas: int = 0
    """Formulas with the result 0 or nothing, where the format does not record whether they were calculated."""
    marks_unknown: bool = False
    """Whether error cells and formulas without a cached value are taken for blank cells, as nothing marks them."""
    typed: bool = True
    """Whether the file distinguishes numbers and texts, as every format but CSV does."""
    delimited: bool = False
    """Whether its cells are apart by a sign that may stand in a cell too, as the comma of 1,100.5."""
    number_formats: Sequence[NumberFormat] = ()
    """The formats of its cells that show something else than the stored figure, each once."""
    formats: Mapping[int, pl.Series] = field(default_factory=dict)
    """Column → UInt16, per row the place in `number_formats` of the format of its figure, null where the figure is
    shown as it is stored. A column of which every figure is shown so is no key, as in most sheets all."""
    origin: Sequence[int] = ()
    """Of a view: the place in the sheet, from `first_column`, of each of its columns; empty where they are in order."""

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
        return column_letters(self.first_column + (self.origin[column] if self.origin else column) + 1)

    def part(self, first: int, end: int) -> Grid:
        """The columns `first` to before `end` as a grid of their own, whose cells keep their addresses.

        A range that is merged over its edge is a cell of the part in which it begins.
        """
        inside = range(first, end)
        return replace(
            self,
            first_column=self.first_column + first,
            numbers=self.numbers[first:end],
            texts=self.texts[first:end],
            merges=[
                (top, left - first, bottom, min(right, end - 1) - first)
                for top, left, bottom, right in self.merges
                if left in inside
            ],
            marked=frozenset((row, column - first) for row, column in self.marked if column in inside),
            formats={column - first: marks for column, marks in self.formats.items() if column in inside},
        )

    def rows(self, first: int, end: int) -> list[list[str]]:
        """The cells of rows `first` to before `end` as trimmed texts, `` where blank. For headers, not for data."""
        if end - first > HEAD:
            return self._as_texts(first, end)
        found: list[list[str]] = []
        last = min(end, self.height)
        for block in range(first // HEAD, -(-last // HEAD)):
            start = block * HEAD
            found += [list(row) for row in self._block(block)[max(first - start, 0) : last - start]]
        return found

    def _block(self, number: int) -> list[list[str]]:
        """Rows as texts, `HEAD` of them. Headers are looked for window by window: the last blocks are kept."""
        known = self._blocks
        if number not in known:
            while len(known) >= MOST_BLOCKS:
                del known[next(iter(known))]
            known[number] = self._as_texts(number * HEAD, (number + 1) * HEAD)
        return known[number]

    @cached_property
    def _blocks(self) -> dict[int, list[list[str]]]:
        return {}

    def _as_texts(self, first: int, end: int) -> list[list[str]]:
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
        partly: list[int] = []
        for column, (numbers, texts) in enumerate(zip(self.numbers, self.texts, strict=True)):
            # A cell is a number or a text, never both; most columns are one of the two throughout. No number is NaN.
            if numbers.null_count() < self.height:
                present[column] = ~np.isnan(numbers.to_numpy())
            if not texts.null_count():
                present[column] = True
            elif texts.null_count() < self.height:
                partly.append(column)
        if partly:
            texts_there = self.frame.select(pl.col(f"t{column}" for column in partly).is_not_null())
            for column, there in zip(partly, texts_there, strict=True):
                present[column] |= there.to_numpy()
        return present


def filled_cells(columns: Iterable[int]) -> pl.Expr:
    """Over `Grid.frame`: per row, how many of `columns` are not blank (`-`, 无 and `/` are not blank here)."""
    # A cell is a number or a text, never both.
    cells = [f"{kind}{column}" for column in columns for kind in "nt"]
    return pl.sum_horizontal(pl.col(cells).is_not_null()) if cells else pl.lit(0, dtype=pl.UInt32)


@dataclass(frozen=True)
class SheetCells:
    """The cells of one sheet as a reader finds them. A later cell of the same position replaces an earlier one."""

    numbers: Sequence[tuple[Integers, Figures]] = ()
    """Positions and their numbers, for any number of cells at a time."""
    texts: Sequence[tuple[Integers, Integers]] = ()
    """Positions, and where in `pool` the text of each is."""
    pool: pl.Series = field(default_factory=lambda: NO_TEXT)
    """Texts, each once or as often as it occurs; the first is `NO_TEXT`."""
    marked: dict[int, str] = field(default_factory=dict)
    """Position → text of error cells (`#DIV/0!`) and of formulas without a cached value (`=…`)."""
    merges: Sequence[Merge] = ()
    """In absolute rows and columns."""
    formats: Sequence[tuple[Integers, FormatSections]] = ()
    """Positions of cells, and what their number format shows; those without a number do not count."""


def lacks_result(result: str | None, *, is_text: bool, recalculates: bool) -> bool:
    """Whether a formula with this cached value was never calculated.

    A text formula may honestly yield nothing. Zero, in a workbook that is to be recalculated on opening, is what
    programs write for a formula that nobody has calculated yet.
    """
    return (not result and not is_text) or (recalculates and result == "0")


def position_of(row: int, column: int) -> int:
    """The position of an absolute row and column from 0."""
    return row << COLUMN_BITS | column


def positions_of(row: int, column: int, rows: int, columns: int) -> Integers:
    """The positions of a block of cells whose first is at an absolute row and column from 0."""
    block = (np.arange(rows, dtype=np.int64)[:, None] + row) << COLUMN_BITS
    return (block + np.arange(columns, dtype=np.int64) + column).ravel()


def extent_of_cells(cells: SheetCells) -> Extent:
    """The rectangle that `cells` span, and how many of its places they take. Raises UnreadableError for a far one."""
    marked = np.fromiter(cells.marked, dtype=np.int64, count=len(cells.marked))
    every = [positions for positions, _ in (*cells.numbers, *cells.texts) if len(positions)]
    every += [marked] if len(marked) else []
    if not every:
        return Extent()
    extent = Extent(
        cells=sum(map(len, every)),
        top=min(int(positions.min()) for positions in every) >> COLUMN_BITS,
        left=min(int((positions & _COLUMN).min()) for positions in every),
        bottom=max(int(positions.max()) for positions in every) >> COLUMN_BITS,
        right=max(int((positions & _COLUMN).max()) for positions in every),
    )
    if extent.places > 2 * extent.cells:  # the same few places may be written any number of times
        extent.check()
        taken = np.zeros(extent.places, dtype=np.bool_)
        for positions in every:
            taken[_places(positions, extent)] = True
        extent.cells = int(np.count_nonzero(taken))
    return extent


def _places(positions: Integers, extent: Extent) -> Integers:
    """Places in the columns of the rectangle laid end to end."""
    height = extent.bottom - extent.top + 1
    return ((positions & _COLUMN) - extent.left) * height + ((positions >> COLUMN_BITS) - extent.top)


def grid_of_cells(
    cells: SheetCells,
    sheet: str,
    position: int,
    *,
    doubtful_formulas: int = 0,
    marks_unknown: bool = False,
    budget: Budget | None = None,
) -> Grid:
    """The grid of the rectangle that `cells` span, which is counted in the `budget` of its file where one is given.

    Raises UnreadableError where it or its texts are too large.
    """
    marked = np.fromiter(cells.marked, dtype=np.int64, count=len(cells.marked))
    extent = extent_of_cells(cells)
    (budget or Budget()).take(extent)
    height, width = extent.bottom - extent.top + 1, extent.right - extent.left + 1

    def places(positions: Integers) -> Integers:
        return _places(positions, extent)

    figures = np.full(height * width, np.nan)
    for positions, values in cells.numbers:
        figures[places(positions)] = values
    index = np.zeros(height * width, dtype=np.uint32)
    for positions, indices in cells.texts:
        index[places(positions)] = indices
    pool = cells.pool
    if len(marked):
        figures[places(marked)] = np.nan
        index[places(marked)] = np.arange(len(pool), len(pool) + len(marked))
        pool = pl.concat([pool, pl.Series(values=list(cells.marked.values()), dtype=pl.String)])
    _check_texts(pool, index)
    number_formats, formats = _formats(
        [(places(_within(positions, extent)), sections) for positions, sections in cells.formats], figures, height
    )
    all_numbers, all_texts = without_overflow(
        pl.Series(values=figures, nan_to_null=True),
        pool[pl.Series(values=index)] if len(pool) > 1 else NO_TEXT.new_from_index(0, len(index)),
    )
    return Grid(
        sheet,
        position,
        first_row=extent.top,
        first_column=extent.left,
        numbers=[all_numbers.slice(column * height, height) for column in range(width)],
        texts=[all_texts.slice(column * height, height) for column in range(width)],
        # A range that begins outside the used cells shows nothing.
        merges=[
            (top - extent.top, left - extent.left, bottom - extent.top, right - extent.left)
            for top, left, bottom, right in cells.merges
            if extent.top <= top <= extent.bottom and extent.left <= left <= extent.right
        ],
        marked=frozenset(((at >> COLUMN_BITS) - extent.top, (at & _COLUMN) - extent.left) for at in cells.marked),
        doubtful_formulas=doubtful_formulas,
        marks_unknown=marks_unknown,
        number_formats=number_formats,
        formats=formats,
    )


def _within(positions: Integers, extent: Extent) -> Integers:
    """Those of `positions` that are in the rectangle."""
    rows, columns = positions >> COLUMN_BITS, positions & _COLUMN
    inside = (rows >= extent.top) & (rows <= extent.bottom) & (columns >= extent.left) & (columns <= extent.right)
    return positions[inside]


def _formats(
    written: Sequence[tuple[Integers, FormatSections]], figures: Figures, height: int
) -> tuple[list[NumberFormat], dict[int, pl.Series]]:
    """`Grid.number_formats` and `Grid.formats` of formats written at places in the columns laid end to end."""
    places_of: dict[NumberFormat, int] = {}
    columns: dict[int, npt.NDArray[np.uint16]] = {}
    for places, sections in written:
        filled = places[~np.isnan(figures[places])]
        for shown, chosen in sections.formats_of(figures[filled]):
            place = places_of.setdefault(shown, len(places_of))
            if place >= _PLAIN:  # more formats than a workbook may have
                continue
            column_of, row_of = np.divmod(filled[chosen], height)
            for column in np.unique(column_of).tolist():
                marks = columns.setdefault(column, np.full(height, _PLAIN, dtype=np.uint16))
                marks[row_of[column_of == column]] = place
    series = {column: pl.Series(values=marks) for column, marks in sorted(columns.items())}
    return list(places_of), {column: marks.replace(_PLAIN, None) for column, marks in series.items()}


def _check_texts(pool: pl.Series, index: npt.NDArray[np.uint32]) -> None:
    """Raises UnreadableError where the texts of all cells are too long together."""
    # All of them together are no shorter than the longest, and known without measuring each.
    if len(index) * pool.estimated_size() > MAX_TEXTS:
        lengths = pool.str.len_bytes().fill_null(0).to_numpy()
        if len(index) * int(lengths.max()) > MAX_TEXTS:
            check_texts(int(lengths[index].sum()))


def cells_of_rows(
    rows: Sequence[Sequence[Cell | None]],
    *,
    first_row: int = 0,
    first_column: int = 0,
    merges: Sequence[Merge] = (),
    marked: dict[int, str] | None = None,
    formats: Sequence[tuple[Integers, FormatSections]] = (),
) -> SheetCells:
    """The cells of `rows`, `None` or `` where blank, whose first cell is at `first_row`, `first_column`."""
    # All columns as one, end to end: making a series costs more than filling it.
    numbers, texts = _split([cell for column in zip(*rows, strict=True) for cell in column])
    column, row = np.divmod(np.arange(len(numbers), dtype=np.int64), max(len(rows), 1))
    positions = ((row + first_row) << COLUMN_BITS) + (column + first_column)
    is_number = numbers.is_not_null().to_numpy()
    is_text = texts.is_not_null().to_numpy()
    return SheetCells(
        [(positions[is_number], numbers.drop_nulls().to_numpy())],
        # Blank cells count too: the rectangle is that of the reader.
        [(positions, np.where(is_text, np.cumsum(is_text), 0))],
        pl.concat([NO_TEXT, texts.drop_nulls()]),
        marked or {},
        merges,
        formats,
    )


def _split(cells: list[Cell | None]) -> tuple[pl.Series, pl.Series]:
    """Cells → their numbers and their texts."""
    return (
        pl.Series(values=[cell if type(cell) is float else number_of(cell) for cell in cells], dtype=pl.Float64),
        pl.Series(values=[None if type(cell) is float else text_of(cell) for cell in cells], dtype=pl.String),
    )


def number_of(value: Cell | None) -> float | None:
    """The number that a cell holds, a duration in days; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | timedelta):
        return None
    return value / timedelta(days=1) if isinstance(value, timedelta) else float(value)


def text_of(value: Cell | None) -> str | None:
    """The text that a cell holds, dates in ISO format; None for a number and for white space."""
    if isinstance(value, str):
        return None if not value or value.isspace() else value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date | time) else None


def without_overflow(numbers: pl.Series, texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """NaN, infinity and what is as good as infinite are texts (`inf`), which are refused where a number is wanted."""
    # A sum shows NaN and infinity, the extremes what is huge: no frame is made where there is neither.
    least, most = numbers.min(), numbers.max()
    if isfinite(numbers.sum()) and (least or 0.0) > -HUGE and (most or 0.0) < HUGE:  # type: ignore[operator]  # floats
        return numbers, texts
    odd = (~(numbers.abs() < HUGE)).fill_null(value=False)
    places = odd.arg_true()
    shown = numbers.filter(odd).cast(pl.String)  # before they are gone: scatter writes into the series itself
    return numbers.scatter(places, None), texts.scatter(places, shown)


def _plain_number(number: float) -> str:
    return str(int(number)) if abs(number) < SAFE_INTEGER and number == int(number) else repr(number)
