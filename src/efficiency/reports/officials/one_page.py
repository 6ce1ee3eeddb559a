"""一页纸 as a sheet, the workbook's first: an upright A4 page at full size, five columns, no merged table cells.

Row heights are computed from the texts, since a reader's program does not fit rows to text when it opens a file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efficiency.reports.content import one_page
from efficiency.reports.palette import ACCENT, ALERT, CARD, TIER_FILL
from efficiency.reports.text import clean_text, display_width
from efficiency.reports.workbook import draw_bars, print_setup, write_merged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from efficiency.reports.workbook import Styles

SIZE = 9
"""Points of the type, as printed: the sheet is as wide as the page."""
PIXELS = 692
"""The five columns together: A4 upright where a digit of the workbook's font takes 7.4 pixels, less where 7."""
LINE = 12.3
"""Points that a line of SIZE takes."""
WIDE, NARROW = 12.0, 6.9
"""Pixels of a Chinese character of SIZE, and of a letter or figure."""
PADDING = 5
"""Pixels of a cell that its text does not fill."""
HEIGHT = 842 - 72 * (0.3 + 0.45)
"""Points between the upper and the lower margin of A4."""
LAST = len(one_page.WIDTHS) - 1
_UNBROKEN = re.compile(r"(?:[!-,./-~]+-?|[^\n])[，。；、：）》”〕…]*")


def write_one_page(
    sheet: Worksheet, styles: Styles, page: one_page.OnePage, *, running: str, links: Mapping[str, str]
) -> float:
    """Writes `page` and sets the sheet up to print on one page; `links`: title of a list → its sheet.

    Returns the height of all rows in points, which is at most HEIGHT where it prints at full size.
    """
    for index, width in enumerate(one_page.WIDTHS):
        sheet.set_column_pixels(index, index, _pixels(width))
    writer = _Writer(sheet, styles, links)
    writer.line(page.title, styles.title(15), height=24)
    writer.line(page.origin, styles.note(align="center", shrink=True), height=13)
    for section in page.sections:
        writer.section(section)
    writer.paragraph(page.statement, styles.get(font_size=SIZE, font_color=ALERT, text_wrap=True, valign="vcenter"))
    print_setup(sheet, running, portrait=True)
    sheet.set_margins(left=0.3, right=0.3, top=0.3, bottom=0.45)
    sheet.set_footer(sheet.footer, {"margin": 0.2})
    sheet.fit_to_pages(1, 1)
    sheet.print_area(0, 0, writer.row - 1, LAST)
    sheet.set_zoom(110)
    return writer.height


def _pixels(width: int) -> int:
    return round(PIXELS * width / sum(one_page.WIDTHS))


class _Writer:
    """Writes rows from the top down and keeps the row that comes next and the height of all so far."""

    def __init__(self, sheet: Worksheet, styles: Styles, links: Mapping[str, str]) -> None:
        self.sheet, self.styles, self.links = sheet, styles, links
        self.row, self.height = 0, 0.0
        self.text = styles.get(font_size=SIZE, text_wrap=True, valign="vcenter")
        self.heading = styles.get(
            bold=True, font_size=10.5, font_color=ACCENT, bottom=2, bottom_color=ACCENT, valign="bottom"
        )

    def line(self, text: str, style: Format, *, height: float) -> None:
        """One row across the page."""
        self.sheet.set_row(self.row, height)
        write_merged(self.sheet, self.row, (0, LAST), clean_text(text), style)
        self.row += 1
        self.height += height

    def paragraph(self, text: str, style: Format) -> None:
        """A row across the page, as many lines high as `text` takes."""
        self.line(text, style, height=LINE * _lines(text, PIXELS) + 1.5)

    def section(self, section: one_page.Section) -> None:
        """Its title, sentences, table and what is said after it."""
        self.line(section.title, self.heading, height=16)
        for sentence in section.sentences:
            self.paragraph(sentence, self.text)
        if section.table is not None:
            self.table(section.table)
        for sentence in section.after:
            self.paragraph(sentence, self.styles.note(text_wrap=True))

    def table(self, table: one_page.Table) -> None:
        """Header and rows; sums of land and energy with a bar."""
        first = self.row + 1
        header = self.styles.header(font_size=SIZE)
        self._cells(tuple(column.title for column in table.columns), [header] * len(table.columns))
        for values in table.rows:
            self._cells(values, [self._style(*pair) for pair in zip(table.columns, values, strict=True)])
        for index, column in enumerate(table.columns):
            if column.kind == "extent" and table.rows:
                draw_bars(self.sheet, index, (first, self.row - 1))

    def _cells(self, values: tuple[one_page.Value, ...], formats: list[Format]) -> None:
        texts = zip((value if isinstance(value, str) else "" for value in values), one_page.WIDTHS, strict=True)
        height = LINE * max(_lines(text, _pixels(width)) for text, width in texts) + 1.5
        self.sheet.set_row(self.row, height)
        for index, (value, style) in enumerate(zip(values, formats, strict=True)):
            target = self.links.get(value) if index == 0 and isinstance(value, str) else None
            if target is not None:
                linked = self.styles.cell("text", font_size=SIZE, font_color=ACCENT, underline=1, bold=True)
                address = f"internal:'{target.replace(chr(39), chr(39) * 2)}'!A1"
                self.sheet.write_url(self.row, index, address, linked, clean_text(str(value)))
            else:
                shown = clean_text(value) if isinstance(value, str) else value
                write_merged(self.sheet, self.row, (index, index), shown, style)
        self.row += 1
        self.height += height

    def _style(self, column: one_page.Column, value: one_page.Value) -> Format:
        match column.kind:
            case "tier" if isinstance(value, str) and value[:1] in TIER_FILL:
                return self.styles.tier(value[0], font_size=SIZE)
            case "integer" | "extent":
                return self.styles.cell("integer", font_size=SIZE)
            case "figure":
                return self.styles.cell("text", font_size=SIZE, align="center")
            case "name":
                return self.styles.cell("text", font_size=SIZE, bold=True, text_wrap=True, bg_color=CARD)
            case _:
                return self.styles.cell("text", font_size=SIZE, text_wrap=True)


def _lines(text: str, pixels: int) -> int:
    """Lines that `text` takes in a cell of `pixels`, broken as spreadsheet programs do: between Chinese characters,
    never within a word or figure that fits on a line, nor before a closing mark.
    """
    room = pixels - PADDING
    lines, used = 1, 0.0
    for part in _UNBROKEN.findall(text):
        width = _width(part)
        if used + width > room and used:
            lines, used = lines + 1, 0.0
        lines += int(width // room)
        used += width % room
    return lines


def _width(text: str) -> float:
    wide = display_width(text) - len(text)
    return wide * WIDE + (len(text) - wide) * NARROW
