"""A form on paper: rows of labelled cells on a grid of equal columns, written from the top down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from efficiency.reports.palette import ACCENT
from efficiency.reports.text import clean_text
from efficiency.reports.workbook.sheets import wrapped_lines, write_merged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from efficiency.reports.workbook.styles import Styles

LINE = 14.0
"""Points that a line of text takes."""
ROOM_SIZE = 10
"""Font size for which `Paper.room` holds."""
Cells = list[tuple[int, "str | float | None", "Format"]]
"""Columns that a cell spans, its value, its format."""


@dataclass
class Paper:
    """Writes a sheet of `columns` columns of `width` characters each; `row` is the next row.

    `room`: characters of text that a column takes when cells are merged across it, for the height of wrapped rows.
    """

    sheet: Worksheet
    styles: Styles
    columns: int
    width: float
    room: float
    row: int = 0
    height: float = 0.0
    """Points that the rows take which are written."""
    sections: int = 0

    def line(self, cells: Cells, *, height: float | None = None) -> None:
        """One row of cells that together span the page; high enough for the longest of its texts."""
        if height is None:
            texts = [
                (value, self.room * span * ROOM_SIZE / style.font_size)
                for span, value, style in cells
                if isinstance(value, str) and style.text_wrap
            ]
            height = LINE * max((wrapped_lines(text, room) for text, room in texts), default=1) + 2
        self.sheet.set_row(self.row, height)
        column = 0
        for span, value, style in cells:
            shown = clean_text(value) if isinstance(value, str) else value
            write_merged(self.sheet, self.row, (column, column + span - 1), shown, style)
            column += span
        self.row += 1
        self.height += height

    def section(self, text: str) -> None:
        """The heading of a part, numbered."""
        self.sections += 1
        style = self.styles.get(bold=True, font_size=11, font_color=ACCENT, bottom=2, bottom_color=ACCENT)
        self.line([(self.columns, f"{'一二三四五六七八'[self.sections - 1]}、{text}", style)], height=21)

    def pairs(self, labelled: Sequence[tuple[int, str, int, str | float | None, Format]]) -> None:
        """Labels and their values, side by side."""
        label = self.styles.header(align="left")
        self.line([cell for a, text, b, value, style in labelled for cell in ((a, text, label), (b, value, style))])

    def table(self, spans: Sequence[int], head: Sequence[str]) -> None:
        """The head of a table."""
        self.line([(span, text, self.styles.header()) for span, text in zip(spans, head, strict=True)])

    @property
    def text(self) -> Format:
        """Of text in a table."""
        return self.styles.cell("text", text_wrap=True)
