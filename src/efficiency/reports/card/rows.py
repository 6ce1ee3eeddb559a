"""The rows of the printed card: cells whose height is known before anything is written, and texts that fit them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from efficiency.reports.palette import ACCENT
from efficiency.reports.text import clean_text, display_width
from efficiency.reports.workbook import Styles, wrapped_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from efficiency.reports.workbook import Cells

COLUMNS, PIXELS = 36, 21
"""The grid on which everything is laid out. So wide the sheet is printed at nine tenths or more of its size on A4
upright, with the fonts of Excel and with those that LibreOffice puts in their place."""
ROOM = 2.9
"""Half-width characters of 10 points that a column takes when cells are merged across it."""
LINE = 14.0
"""Points that a line of text takes."""
CUT = "…"
_FOLDERS = re.compile(r"[^\s、；，/]+/(?:[^\s、；，/]+/)*")


@dataclass(frozen=True, slots=True)
class Row:
    """Cells that together span the page; `after` writes what depends on the row's number, a formula or a chart."""

    cells: Cells
    height: float
    after: Callable[[Worksheet, int], None] | None = None
    is_section: bool = False
    """Whether it is the heading of a part."""
    cut: tuple[str, ...] = ()
    """The texts that are not shown to their end, with what the first cell says of them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of what can be long is shown; the rest is counted or stands below the page."""

    lines: int
    """Lines of a long text."""
    check: int
    """Lines of a verification."""
    name: int
    """Lines of the name."""
    title: int
    """Lines of an indicator's title and note."""
    ways: int
    """Ways to the next tier."""
    checks: int
    """Verifications."""
    chart: float
    """Height of the charts in points."""
    spare: bool
    """Whether there is a second line to write an objection on."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes rows."""

    styles: Styles

    def row(
        self, cells: Cells, *, most: int = 1, height: float | None = None,
        after: Callable[[Worksheet, int], None] | None = None,
    ) -> Row:  # fmt: skip
        """A row high enough for its texts, of which each takes at most `most` lines; longer ones are cut."""
        shown: Cells = [
            (span, bounded(clean_text(value), span, most, style.font_size) if isinstance(value, str) else value, style)
            for span, value, style in cells
        ]
        label = cells[0][1]
        cut = tuple(
            f"{label}：{value}" if isinstance(label, str) and label != value else value
            for (_, value, _), (_, short, _) in zip(cells, shown, strict=True)
            if isinstance(value, str) and isinstance(short, str) and short.endswith(CUT) and not value.endswith(CUT)
        )
        lines = max(
            (lines_of(value, span, style.font_size) for span, value, style in shown if isinstance(value, str)),
            default=1,
        )
        return Row(shown, LINE * lines + 0.5 if height is None else height, after, cut=cut)

    def section(self, text: str) -> Row:
        """The heading of a part; numbered when it is written."""
        style = self.styles.get(bold=True, font_size=11, font_color=ACCENT, bottom=2, bottom_color=ACCENT)
        return replace(self.row([(COLUMNS, text, style)], height=18), is_section=True)

    def pairs(self, labelled: Sequence[tuple[int, str, int, str | float | None, Format]], *, most: int = 1) -> Row:
        """Labels and their values, side by side."""
        label = self.styles.header(align="left")
        return self.row(
            [cell for a, text, b, value, style in labelled for cell in ((a, text, label), (b, value, style))], most=most
        )

    def head(self, spans: Sequence[int], titles: Sequence[str]) -> Row:
        """The head of a table."""
        return self.row([(span, text, self.styles.header()) for span, text in zip(spans, titles, strict=True)], most=2)

    @property
    def text(self) -> Format:
        """Of text in a table."""
        return self.styles.cell("text", text_wrap=True)

    def figure(self, value: float | None, span: int, **properties: object) -> Format:
        """Of a figure: with as many decimals, four at most, as its cell has room for."""
        return self.styles.cell("ratio", **{"num_format": _number_format(value, span), **properties})


def short_paths(text: str) -> str:
    """`text` with files named without their folders: …/走访台账.xlsx."""
    return _FOLDERS.sub("…/", text)


def lines_of(text: str, span: int, size: float = 10) -> int:
    """Lines that `text` takes in a cell of `span` columns."""
    return wrapped_lines(text, ROOM * span * 10 / size)


def bounded(text: str, span: int, most: int, size: float = 10) -> str:
    """`text` cut so that it takes `most` lines in a cell of `span` columns, with a mark where it goes on."""
    text = " ".join(text.split()) if most == 1 else text
    if lines_of(text, span, size) <= most:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if lines_of(text[:middle] + CUT, span, size) <= most else (low, middle - 1)
    return text[:low] + CUT


def fitted(pieces: Sequence[str], span: int, most: int, separator: str, count: Callable[[int], str]) -> str:
    """As many of `pieces` as fit `most` lines, then what `count` says of all of them where some are left out.

    Of the first at least a beginning is shown.
    """
    for shown in range(len(pieces), 0, -1):
        left = len(pieces) - shown
        text = separator.join(pieces[:shown]) + (count(len(pieces)) if left else "")
        if lines_of(text, span) <= most:
            return text
    if not pieces:
        return ""
    tail = count(len(pieces)) if len(pieces) > 1 else ""
    return bounded(pieces[0], span - _columns(tail), most) + tail


def beside(text: str, after: str, span: int, most: int) -> str:
    """`text` cut so that it takes `most` lines together with `after`, which follows it, and its number."""
    if lines_of(f"1. {text}{after}", span) <= most:
        return text
    for length in range(len(text) - 1, 0, -1):
        if lines_of(f"1. {text[:length]}{CUT}{after}", span) <= most:
            return text[:length] + CUT
    return CUT


def _columns(text: str) -> int:
    """Columns that `text` takes."""
    return -(-display_width(text) // int(ROOM)) if text else 0


def _number_format(value: float | None, span: int) -> str:
    """The number format with the most decimals, four below 1 and two else, that `span` columns take."""
    if value is None:
        return "General"
    # A digit is a little wider than half a Chinese character in some fonts.
    room = int((PIXELS * span - 6) / 7.6)
    for decimals in range(4 if 0 < abs(value) < 1 else 2, -1, -1):
        if len(f"{value:,.{decimals}f}") <= room:
            return f"#,##0.{'0' * decimals}" if decimals else "#,##0"
    return "0.0E+0"
