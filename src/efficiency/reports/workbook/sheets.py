"""A printed list as officials know it: title, unit line, header on every page, rows, totals, signatures.

Everything is written from the top down with the method of its type: text never goes through XlsxWriter's guessing
`write`, so that no name can become a formula, a link or a number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from efficiency.reports.palette import ACCENT, ALERT, CARD, TIER_FILL
from efficiency.reports.text import clean_frame, clean_text, columnar_width, display_width
from efficiency.reports.workbook.rows import LINKED, ColumnFormat, linked_variant, write_rows, write_text
from efficiency.reports.workbook.styles import EXACT_WIDTH, Styles, just_below

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

Kind = Literal[
    "text", "code", "ordinal", "integer", "amount", "ratio", "mixed", "score", "confidence", "tier", "alert", "link"
]
"""`ratio` shows two decimals, or four where the whole column is below 1; `mixed` decides cell by cell."""

HEADER_ROW = 2
"""0-based row of the header: below the title and the unit line."""
FIRST_ROW = HEADER_ROW + 1
EXCEL_ROWS = 1_048_576
ROWS_PER_SHEET = EXCEL_ROWS - 16
"""Data rows that a sheet takes, with room left for title, header, totals and signatures."""
SIGNATURES = "制表人：______________    审核人：______________    负责人：______________    日期：______年____月____日"
LINE_HEIGHT = 15.0
MOST_HEIGHT = 409.0
"""Points: what Excel gives a row at most."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a list: the frame's column, its header, how it is shown and how wide (in characters).

    A `link` column shows its own text and links to the frame's column `target`.
    Its text should fit on a line: LibreOffice does not wrap a link.
    """

    name: str
    title: str
    kind: Kind
    width: float
    total: bool = False


@dataclass(frozen=True, slots=True)
class Extent:
    """The rows of a list: the sheet, and its 0-based first and last data row (last < first: none)."""

    sheet: str
    first: int
    last: int
    columns: tuple[str, ...]

    def range(self, column: str, rows: int | None = None) -> list[Any]:
        """The cells of `column` as XlsxWriter's charts take them, at most the first `rows` of them."""
        index = self.columns.index(column)
        last = self.last if rows is None else min(self.last, self.first + rows - 1)
        return [self.sheet, self.first, index, last, index]


@dataclass(frozen=True, slots=True)
class Page:
    """What is above and below a list, and how it is printed."""

    title: str
    units: str
    running: str
    """Left footer of every printed page."""
    empty: str = "本期无"
    notes: tuple[str, ...] = ()
    signed: bool = True
    filtered: bool = True
    portrait: bool = False
    cuts: tuple[float, ...] = ()
    """Scores at which a tier ends: one that two decimals would show as such is shown with all."""


def write_list(sheet: Worksheet, styles: Styles, frame: pl.DataFrame, fields: Sequence[Field], page: Page) -> Extent:
    """Writes `frame` as a list in the order given and sets the sheet up for the screen and for A4.

    The frame has every field's column, and `target` (text, null for none) where a field is a link.
    Raises ValueError when a number is not finite or there are more rows than the sheet takes.
    """
    if frame.height > ROWS_PER_SHEET:
        raise ValueError(f"{sheet.get_name()} has {frame.height} rows, more than a sheet takes: split it first")
    frame = clean_frame(frame)
    last_column = len(fields) - 1
    fields = [_with_room(field, frame, page.cuts) for field in fields]
    for index, field in enumerate(fields):
        sheet.set_column(index, index, field.width)
    _write_head(sheet, styles, fields, page)
    if frame.height:
        formats = {field.name: _column_format(styles, field, frame, page.cuts) for field in fields}
        write_rows(sheet, frame, formats, _height(frame, fields), first=FIRST_ROW)
    row = FIRST_ROW + frame.height
    if frame.is_empty():
        write_merged(sheet, row, (0, last_column), page.empty, styles.cell("text", align="center"))
        sheet.set_row(row, 28)
        row += 1
    elif any(field.total for field in fields):
        _write_totals(sheet, styles, frame, fields, row)
        row += 1
    row = _write_foot(sheet, styles, fields, page, row)
    last_data = FIRST_ROW + frame.height - 1
    if page.filtered:
        sheet.autofilter(HEADER_ROW, 0, max(last_data, HEADER_ROW), last_column)
    sheet.freeze_panes(FIRST_ROW, _label_column(fields) + 1)
    print_setup(sheet, page.running, portrait=page.portrait)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, HEADER_ROW)
    sheet.print_area(0, 0, row - 1, last_column)
    return Extent(sheet.get_name(), FIRST_ROW, last_data, tuple(field.name for field in fields))


def write_merged(
    sheet: Worksheet, row: int, columns: tuple[int, int], value: str | float | None, style: Format
) -> None:
    """Writes `value`, with the method of its type, into the cells of `row` from the first to the last of `columns`."""
    first, last = columns
    if last > first:
        sheet.merge_range(row, first, row, last, "", style)
    if value is None:
        sheet.write_blank(row, first, None, style)
    elif isinstance(value, str):
        write_text(sheet, row, first, value, style)
    else:
        sheet.write_number(row, first, value, style)


def print_setup(sheet: Worksheet, running: str, *, portrait: bool = False) -> None:
    """A4, `running` and the page number in the footer."""
    sheet.set_paper(9)
    if portrait:
        sheet.set_portrait()
    else:
        sheet.set_landscape()
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.center_horizontally()
    sheet.hide_gridlines(2)
    sheet.set_footer(f"&L&8{_footer_text(running)}&R&8第&P页 共&N页", {"margin": 0.3})


def _footer_text(text: str) -> str:
    # `&` begins a code in a footer; doubled it is itself. 255 characters are all that Excel takes. The
    # space keeps a leading digit from being read as part of the font size.
    return " " + text.replace("&", "&&")[:180]


def _write_head(sheet: Worksheet, styles: Styles, fields: Sequence[Field], page: Page) -> None:
    last = len(fields) - 1
    sheet.set_row(0, 40)
    write_merged(sheet, 0, (0, last), clean_text(page.title), styles.title())
    sheet.set_row(1, 20)
    write_merged(sheet, 1, (0, last), clean_text(page.units), styles.note(align="right"))
    # The filter's button covers the end of a header's last line, hence the room below it.
    lines = max(wrapped_lines(field.title, field.width) for field in fields)
    sheet.set_row(HEADER_ROW, LINE_HEIGHT * lines + 12)
    for index, field in enumerate(fields):
        write_text(sheet, HEADER_ROW, index, field.title, styles.header())


def _write_foot(sheet: Worksheet, styles: Styles, fields: Sequence[Field], page: Page, row: int) -> int:
    """Notes and the signature line from `row` on; returns the row after them."""
    last = len(fields) - 1
    for note in page.notes:
        write_merged(sheet, row, (0, last), clean_text(note), styles.note(text_wrap=True, align="left"))
        sheet.set_row(row, LINE_HEIGHT * wrapped_lines(note, sum(field.width for field in fields)) + 4)
        row += 1
    if page.signed:
        row += 1
        write_merged(sheet, row, (0, last), SIGNATURES, styles.get(align="center", valign="vcenter"))
        sheet.set_row(row, 30)
        row += 1
    return row


def _height(frame: pl.DataFrame, fields: Sequence[Field]) -> pl.Expr:
    """The height of each row in points: as many lines as its longest text takes in its column."""
    texts = [field for field in fields if field.kind in ("text", "alert", "tier")]
    lines = [_wrapped_lines(frame[field.name], field.width) for field in texts]
    height = LINE_HEIGHT * pl.max_horizontal(pl.lit(1), *lines) + 5
    return height.clip(upper_bound=MOST_HEIGHT)


def _wrapped_lines(texts: pl.Series, width: float) -> pl.Expr:
    """As `wrapped_lines`, of a whole column; null where there is no text."""

    def lines(text: pl.Expr) -> pl.Expr:
        return pl.max_horizontal(pl.lit(1), (columnar_width(text) / _room(width)).ceil().cast(pl.Int64))

    text = pl.col(texts.name)
    if not texts.str.contains("\n", literal=True).any():
        return lines(text)
    return text.str.split("\n").list.eval(lines(pl.element())).list.sum()


def _with_room(field: Field, frame: pl.DataFrame, cuts: tuple[float, ...]) -> Field:
    """`field` wide enough where one of its scores has to be shown with all its decimals."""
    if field.kind != "score" or not cuts or not frame.select(just_below(pl.col(field.name), cuts).any()).item():
        return field
    return replace(field, width=max(field.width, EXACT_WIDTH))


def _column_format(styles: Styles, field: Field, frame: pl.DataFrame, cuts: tuple[float, ...]) -> ColumnFormat:
    """The cell formats of `field`'s column in `frame`."""
    values = pl.col(field.name)
    match field.kind:
        case "alert":
            made = ColumnFormat(styles.cell("text", font_color=ALERT, bold=True, align="center", text_wrap=True))
        case "text":
            made = ColumnFormat(styles.cell("text", text_wrap=True))
        case "tier":
            # The letter alone or before its name; what is not a tier has no colour.
            variant = values.str.extract(f"^([{''.join(TIER_FILL)}])(?: |$)")
            tiers = {tier: styles.tier(tier, text_wrap=True) for tier in TIER_FILL}
            made = ColumnFormat(styles.cell("text", align="center", bold=True, text_wrap=True), tiers, variant)
        case "link" if "target" in frame.columns:
            linked = styles.cell("code", font_color=ACCENT, underline=1)
            made = ColumnFormat(styles.cell("code"), {LINKED: linked}, linked_variant())
        case "link":
            made = ColumnFormat(styles.cell("code"))
        case "mixed":
            small = pl.when(values.abs() < 1).then(pl.lit("small"))
            made = ColumnFormat(styles.cell("ratio"), {"small": styles.cell("fraction")}, small)
        case "ratio":
            made = ColumnFormat(styles.cell("ratio" if (frame[field.name].abs() >= 1).any() else "fraction"))
        case "score" if cuts:
            exact = pl.when(just_below(values, cuts)).then(pl.lit("exact"))
            made = ColumnFormat(styles.cell("score"), {"exact": styles.cell("exact")}, exact)
        case kind:
            made = ColumnFormat(styles.cell(kind))
    return made


def _label_column(fields: Sequence[Field]) -> int:
    """The column that says which row it is: it stays in view, and has 合计."""
    return next((i for i, field in enumerate(fields) if field.name == "name"), 0)


def _write_totals(sheet: Worksheet, styles: Styles, frame: pl.DataFrame, fields: Sequence[Field], row: int) -> None:
    """A 合计 row whose sums are formulas, with their values stored for readers that do not calculate."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    sheet.set_row(row, LINE_HEIGHT + 7)
    label = _label_column(fields)
    for index, field in enumerate(fields):
        bold = {"bold": True, "bg_color": CARD}
        if field.total:
            span = f"{xl_rowcol_to_cell(FIRST_ROW, index)}:{xl_rowcol_to_cell(row - 1, index)}"
            value = math.fsum(frame[field.name].drop_nulls().to_list())
            sheet.write_formula(row, index, f"=SUM({span})", styles.cell(field.kind, **bold), value)
        elif index == label:
            write_text(sheet, row, index, f"合计({frame.height}户)", styles.cell("text", **bold))
        else:
            sheet.write_blank(row, index, None, styles.cell("text", **bold))


def wrapped_lines(text: str, width: float) -> int:
    """How many lines `text` takes when wrapped to `width` characters; a little generous."""
    return sum(max(1, math.ceil(display_width(part) / _room(width))) for part in text.split("\n"))


def _room(width: float) -> float:
    return max(width - 0.8, 1.0)
