"""Bounds on what a file may hold or expand to, checked before anything is allocated for it.

The cells of a sheet fill the rectangle from its first cell to its last, whatever is between: two far cells would ask
for billions of places, and an allocation that fails ends the process instead of the file. So nothing that a sheet
declares about itself (dimension, row numbers) is trusted: only the addresses of its cells count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_EXPANDED = 512 << 20
"""Bytes to which the parts of a file may expand."""
MAX_ENTRIES = 10_000
"""Parts of a zipped file."""
MAX_SHEETS = 2_000
MAX_CELLS = 40_000_000
"""Cells of the rectangles of a file's sheets: a million rows of forty columns."""
SPARSE_CELLS = 5_000_000
"""Cells of the rectangles of sheets that are nearly empty; each cell that is there allows `CELLS_FOR_ONE` more."""
CELLS_FOR_ONE = 20
MAX_NATIVE_CELLS, SPARSE_NATIVE_CELLS = 6_000_000, 1_000_000
"""The same of a file that calamine reads, which makes an object of each cell: six million take it 20 seconds."""
MAX_TEXTS = 512 << 20
"""Bytes of a sheet's texts, each counted in every cell that holds it: a package may store it once for a million."""
MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
"""Rows and columns of a sheet in Excel."""

MAX_BULK_BYTES = 2 << 30
"""Of a CSV or Parquet file. What a spreadsheet may expand to does not bound them: a CSV does not expand."""
MAX_BULK_CELLS = 160_000_000
"""Twelve million rows of thirteen columns. A few bytes of Parquet may hold any number of equal rows, so that the
rows and columns a file declares are what bounds it; each cell takes up to 24 bytes while its file is read."""
MAX_TEXT = 1_000_000
"""Bytes of a cell; a spreadsheet holds 32 767 characters, so that more is a quote that does not end."""


class UnreadableError(Exception):
    """A file or a sheet that cannot be read; the text is the plain reason, in Chinese, for its `unreadable` problem."""


@dataclass
class Extent:
    """The rectangle of the cells added to it, in absolute positions from 0, and how many they are."""

    cells: int = 0
    top: int = 0
    left: int = 0
    bottom: int = -1
    right: int = -1
    text: int = 0
    """Bytes of their texts, where the format may repeat a cell with its text."""

    def add(self, row: int, column: int, rows: int = 1, columns: int = 1) -> None:
        """Adds a cell that is repeated over `rows` and `columns`."""
        last_row, last_column = row + rows - 1, column + columns - 1
        if self.cells:
            self.top, self.left = min(self.top, row), min(self.left, column)
            self.bottom, self.right = max(self.bottom, last_row), max(self.right, last_column)
        else:
            self.top, self.left, self.bottom, self.right = row, column, last_row, last_column
        self.cells += 1

    @property
    def places(self) -> int:
        """Cells of the rectangle, blank ones too."""
        return (self.bottom - self.top + 1) * (self.right - self.left + 1)

    @property
    def is_sparse(self) -> bool:
        """Whether the rectangle is larger than its cells alone allow."""
        return self.places > CELLS_FOR_ONE * self.cells

    def check(self) -> None:
        """Raises UnreadableError where the rectangle or its texts are too large for a file of this sheet alone."""
        Budget().take(self)


@dataclass
class Budget:
    """What the sheets of one file may take together, counted sheet by sheet before anything is allocated for it."""

    most: int = MAX_CELLS
    """Cells that their rectangles may still have."""
    spare: int = SPARSE_CELLS
    """Of them, those that may still be beyond what the cells that are there allow."""
    remedy: str = "请删除多余的行列，或按月分成多个文件"
    text: int = MAX_TEXTS
    """Bytes that their texts may still have, where a format may repeat a cell with its text."""

    def take(self, extent: Extent) -> None:
        """Count a sheet. Raises UnreadableError, and counts nothing, where the file's sheets become too large."""
        if extent.bottom >= MAX_ROWS or extent.right >= MAX_COLUMNS:
            raise UnreadableError(_far(extent))
        beyond = max(0, extent.places - CELLS_FOR_ONE * extent.cells)
        if beyond > self.spare:
            raise UnreadableError(_far(extent))
        if extent.places > self.most:
            raise UnreadableError(
                f"使用区域过大({extent.bottom + 1} 行 × {extent.right + 1} 列，各表合计超过上限)；{self.remedy}"
            )
        check_texts(extent.text, self.text)
        self.spare -= beyond
        self.most -= extent.places
        self.text -= extent.text


def _far(extent: Extent) -> str:
    return (
        f"使用区域过大({extent.bottom + 1} 行 × {extent.right + 1} 列)，多因远处有孤立内容，"
        f"如第 {extent.bottom + 1} 行或第 {extent.right + 1} 列；请删除多余的行列"
    )


def most_cells(cells: int, most: int = MAX_CELLS) -> int:
    """The largest rectangle that is read for a sheet of so many cells, in a format of which up to `most` are read."""
    return min(most, SPARSE_CELLS + CELLS_FOR_ONE * cells)


def check_texts(size: int, most: int = MAX_TEXTS) -> None:
    """Raises UnreadableError where a sheet's texts come to too many bytes, each counted in every cell that holds it."""
    if size > most:
        raise UnreadableError(f"各格文字合计超过 {MAX_TEXTS >> 20} MiB，多因过长的文字反复出现；请删除")


def check_sheets(names: list[str]) -> None:
    """Raises UnreadableError where a workbook has too many sheets or two of one name.

    A workbook may name one part a thousand times over.
    """
    if len(names) > MAX_SHEETS:
        raise UnreadableError(f"工作表过多({len(names)} 张，超过 {MAX_SHEETS} 张)")
    if len(set(names)) < len(names):
        raise UnreadableError("工作表重名，文件已损坏")


def element_parser(
    start: Callable[[str, dict[str, str]], None], end: Callable[[str], None] | None = None
) -> expat.XMLParserType:
    """A parser of XML that calls `start` and `end` for each element; for a declared entity it raises ValueError."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.EntityDeclHandler = _refuse_entity
    return parser


def _refuse_entity(*_: object) -> None:
    raise ValueError("entity declared")


def native_budget(remedy: str = "请另存为 .xlsx 后重新报送，或按月分成多个文件") -> Budget:
    """Of a file that calamine reads."""
    return Budget(MAX_NATIVE_CELLS, SPARSE_NATIVE_CELLS, remedy)
