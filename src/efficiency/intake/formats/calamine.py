"""Workbooks read by calamine: .xls, .xlsb, .ods, and worksheets of .xlsx that no other reader can take.

Calamine keeps floats exact and is 30 times as fast as openpyxl, but drops some metadata: error cells and formulas
without a cached value come as blanks, and it allocates whatever rectangle a sheet asks for. The module of each format
finds that metadata in the file itself (`SheetMetadata`) and refuses what is too large.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import python_calamine

from efficiency.intake.formats.grid import Grid, Merge, cells_of_rows, grid_of_cells
from efficiency.intake.formats.limits import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from efficiency.intake.formats.grid import Integers
    from efficiency.intake.formats.number_formats import FormatSections


@dataclass(frozen=True)
class SheetMetadata:
    """Metadata of one sheet that calamine drops."""

    refusal: str | None = None
    """Why the sheet must not be given to calamine."""
    marked: dict[int, str] = field(default_factory=dict)
    """Position → text of error cells (`#DIV/0!`) and of formulas without a cached value (`=…`)."""
    merges: list[Merge] = field(default_factory=list)
    """Merged ranges, where calamine does not give them."""
    doubtful_formulas: int = 0
    """Formulas with the result 0 or nothing, where the format does not record whether they were calculated."""
    formats: Sequence[tuple[Integers, FormatSections]] = ()
    """As in `SheetCells`."""
    marks_unknown: bool = False
    """Whether nothing is known of error cells and formulas without a cached value."""


def calamine_grids(
    data: bytes, metadata: Mapping[str, SheetMetadata], *, unnamed: SheetMetadata | None = None
) -> list[Grid]:
    """The worksheets of a workbook, hidden ones unread.

    A sheet that `metadata` does not name is taken to have that of `unnamed`, or left out where that is None. Raises
    UnreadableError for what is damaged or encrypted.
    """
    try:
        with python_calamine.load_workbook(io.BytesIO(data)) as workbook:
            return [
                _grid(workbook, position, about, known)
                for position, about in enumerate(workbook.sheets_metadata, start=1)
                if about.typ == python_calamine.SheetTypeEnum.WorkSheet
                and (known := metadata.get(about.name, unnamed)) is not None
            ]
    except python_calamine.PasswordError as error:
        raise UnreadableError("文件已加密") from error
    except (KeyboardInterrupt, SystemExit, UnreadableError, MemoryError):
        raise
    except BaseException as error:
        # A panic of calamine is a BaseException and must not end the run. What it then prints on stderr cannot be kept
        # back soundly (its hook is out of reach, and the stream belongs to all threads): what is known to make it panic
        # is refused beforehand, and some 1 damaged binary file in 5 000 is left.
        raise UnreadableError("文件已损坏，或不是电子表格") from error


def _grid(
    workbook: python_calamine.CalamineWorkbook,
    position: int,
    about: python_calamine.SheetMetadata,
    metadata: SheetMetadata,
) -> Grid:
    if about.visible != python_calamine.SheetVisibleEnum.Visible:
        return Grid(about.name, position, hidden=True)
    if metadata.refusal:
        return Grid(about.name, position, refusal=metadata.refusal)
    sheet = workbook.get_sheet_by_index(position - 1)
    top, left = sheet.start or (0, 0)
    merges = [(r0, c0, r1, c1) for (r0, c0), (r1, c1) in sheet.merged_cell_ranges or ()]
    cells = cells_of_rows(
        sheet.to_python(),
        first_row=top,
        first_column=left,
        merges=merges or metadata.merges,
        marked=metadata.marked,
        formats=metadata.formats,
    )
    try:
        return grid_of_cells(
            cells,
            about.name,
            position,
            doubtful_formulas=metadata.doubtful_formulas,
            marks_unknown=metadata.marks_unknown,
        )
    except UnreadableError as error:
        return Grid(about.name, position, refusal=str(error))
