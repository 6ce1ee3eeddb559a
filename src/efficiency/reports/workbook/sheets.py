"""A printed list as officials know it: title, unit line, header on every page, rows, totals, signatures.

Everything is written from the top down with the method of its type: text never goes through XlsxWriter's guessing
`write`, so that no name can become a formula, a link or a number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.reports.palette import ACCENT, ALERT, BAR, CARD, FONT, TIER_FILL
from efficiency.reports.text import clean_frame, clean_text, display_width
from efficiency.reports.workbook.fields import Field
from efficiency.reports.workbook.rows import LINKED, ColumnFormat, linked_variant, write_rows, write_text
from efficiency.reports.workbook.styles import EXACT_WIDTH, TYPE_SIZE, Styles, just_below
from efficiency.reports.workbook.table import add_table, unique_headers
from efficiency.reports.workbook.widths import (
    MARGIN,
    fitted,
    header_lines,
    lines_in,
    lines_taken,
    measured,
    number_width,
    pixels,
    text_width,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

HEADER_ROW = 2
"""0-based row of the header: below the title and the unit line."""
FIRST_ROW = HEADER_ROW + 1
EXCEL_ROWS = 1_048_576
ROWS_PER_SHEET = EXCEL_ROWS - 16
"""Data rows that a sheet takes, with room left for title, header, totals and signatures."""
FOLDED = "另有{count}列收在右侧折叠列中，点列标上方的“+”展开，不打印。"
SIGNATURES = "制表人：______________    审核人：______________    负责人：______________    日期：______年____月____日"
LINE_HEIGHT = 14.0
"""Points that a line of text in size 10 takes."""
WRAPPED_LINE = 14.5
"""Points that each line of a row takes, in fonts with much room between lines; 2.75 of them are blank at the edges."""
LEAST_HEIGHT = 12.0
MOST_HEIGHT = 409.0
"""Points: what Excel gives a row at most."""
MOST_FOLDED_WIDTH = 90.0
LOOK_UP = "查看"
"""What a cell that leads to another sheet shows."""


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
    printed: int | None = None
    """Rows, from the first on, that are printed; None: all, and what is below them."""
    lookups: Mapping[str, str] | None = None
    """Name of a sheet → formula that leads into it, with {key} for the column of the code and {row} for the row."""


def write_list(sheet: Worksheet, styles: Styles, frame: pl.DataFrame, fields: Sequence[Field], page: Page) -> Extent:
    """Writes `frame` as a list in the order given and sets the sheet up for the screen and for A4.

    The rows are an Excel table. Columns that are not for paper are grouped and folded; those that are fill the page's
    width, in letters of nine points or more as long as they are about ten. A list without rows is not printed.
    The frame has every field's column, and `target` (text, null for none) where a field is a link.
    Raises ValueError when a number is not finite or there are more rows than the sheet takes.
    """
    if frame.height > ROWS_PER_SHEET:
        raise ValueError(f"{sheet.get_name()} has {frame.height} rows, more than a sheet takes: split it first")
    frame = clean_frame(frame)
    headers = unique_headers(field.title for field in fields)
    titled = [replace(field, title=title) for field, title in zip(fields, headers, strict=True)]
    widths = measured(frame, titled)
    fields = fitted([_with_room(field, frame, page.cuts) for field in titled], widths, portrait=page.portrait)
    lines = lines_taken(widths, fields)
    fields = _unfolded(fields, frame, lines)
    _set_columns(sheet, fields)
    last = max(index for index, field in enumerate(fields) if field.paper)
    _write_head(sheet, styles, fields, page, last)
    if frame.height:
        formats = {
            field.name: replace(_located(_column_format(styles, field, frame, page), fields), sparse=_is_folded(field))
            for field in fields
        }
        write_rows(sheet, frame, formats, _height(lines), first=FIRST_ROW)
        add_table(sheet, (HEADER_ROW, FIRST_ROW + frame.height - 1), headers, filtered=page.filtered)
        for index, field in enumerate(fields):
            if field.bar:
                draw_bars(sheet, index, (FIRST_ROW, FIRST_ROW + frame.height - 1))
    row = FIRST_ROW + frame.height
    if frame.is_empty():
        write_merged(sheet, row, (0, last), page.empty, styles.cell("text", align="center"))
        sheet.set_row(row, 28)
        row += 1
    elif any(field.total for field in fields):
        _write_totals(sheet, styles, frame, fields, row)
        row += 1
    row = _write_foot(sheet, styles, fields, page, row)
    sheet.freeze_panes(FIRST_ROW, _label_column(fields) + 1)
    print_setup(sheet, page.running, portrait=page.portrait)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, HEADER_ROW)
    folded = next((index for index, field in enumerate(fields) if _is_folded(field)), None)
    if frame.is_empty() and folded is not None:
        # Nothing is printed of a print area that is folded away: an empty list is not worth a page.
        sheet.print_area(0, folded, HEADER_ROW, folded)
    else:
        end = row if page.printed is None else FIRST_ROW + min(page.printed, frame.height)
        sheet.print_area(0, 0, end - 1, last)
    return Extent(sheet.get_name(), FIRST_ROW, FIRST_ROW + frame.height - 1, tuple(field.name for field in fields))


def _is_folded(field: Field) -> bool:
    return not field.paper and field.kind != "lookup"


def _set_columns(sheet: Worksheet, fields: Sequence[Field]) -> None:
    """The columns' widths; those that are folded away are grouped, with the button over the column before them."""
    sheet.outline_settings(symbols_right=False)
    before = 0
    for index, field in enumerate(fields):
        if _is_folded(field):
            options: dict[str, bool | int] = {"level": 1, "hidden": True}
        else:
            options = {"collapsed": index + 1 < len(fields) and _is_folded(fields[index + 1])}
        # Neighbours of one width would be written as one span, which some readers take for its first column alone.
        wide = pixels(field.width)
        before = wide + 1 if wide == before else wide
        sheet.set_column_pixels(index, index, before, None, options)


def draw_bars(sheet: Worksheet, column: int, rows: tuple[int, int]) -> None:
    """Behind each figure of `column` from the first to the last of `rows` a bar as long as it is large."""
    looks = {"type": "data_bar", "bar_solid": True, "bar_color": BAR, "min_type": "num", "min_value": 0}
    sheet.conditional_format(rows[0], column, rows[1], column, looks)


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
    sheet.set_margins(left=MARGIN, right=MARGIN, top=0.3, bottom=0.4)
    sheet.center_horizontally()
    sheet.hide_gridlines(2)
    sheet.set_footer(f"&L&11{_footer_text(running)}&R&11第&P页 共&N页", {"margin": 0.2})


def _footer_text(text: str) -> str:
    # `&` begins a code in a footer; doubled it is itself. 255 characters are all that Excel takes. The
    # space keeps a leading digit from being read as part of the font size.
    shown = text.replace("&", "&&")[:180]
    # A pair that the cut has parted would make a code of what follows.
    return " " + (shown[:-1] if (len(shown) - len(shown.rstrip("&"))) % 2 else shown)


def _write_head(sheet: Worksheet, styles: Styles, fields: Sequence[Field], page: Page, last: int) -> None:
    """Title and unit line over the columns of the paper, up to the `last`, and the headers with their notes."""
    sheet.set_row(0, 20)
    write_merged(sheet, 0, (0, last), clean_text(page.title), styles.title(14))
    sheet.set_row(1, LINE_HEIGHT * wrapped_lines(page.units, _paper_width(fields)))
    units = styles.note(align="right", font_size=TYPE_SIZE, text_wrap=True)
    write_merged(sheet, 1, (0, last), clean_text(page.units), units)
    lines = max(header_lines(field.title, field.width) for field in fields)
    sheet.set_row(HEADER_ROW, LINE_HEIGHT * lines + 2)
    for index, field in enumerate(fields):
        write_text(sheet, HEADER_ROW, index, field.title, styles.header())
        if field.note:
            height = 18 * wrapped_lines(field.note, 34) + 14
            size = {"width": 240, "height": height, "font_name": FONT, "font_size": 9, "author": ""}
            sheet.write_comment(HEADER_ROW, index, field.note, size)


def _write_foot(sheet: Worksheet, styles: Styles, fields: Sequence[Field], page: Page, row: int) -> int:
    """Notes and the signature line from `row` on; returns the row after them."""
    last = max(index for index, field in enumerate(fields) if field.paper)
    folded = sum(map(_is_folded, fields))
    shown = list(page.notes)
    if folded:
        shown[-1:] = ["".join([*shown[-1:], FOLDED.format(count=folded)])]
    for note in shown:
        style = styles.note(text_wrap=True, align="left", font_size=TYPE_SIZE)
        write_merged(sheet, row, (0, last), clean_text(note), style)
        sheet.set_row(row, LINE_HEIGHT * lines_in(note, _paper_width(fields)))
        row += 1
    if page.signed:
        write_merged(sheet, row, (0, last), SIGNATURES, styles.get(align="center", valign="vcenter"))
        sheet.set_row(row, 26)
        row += 1
    return row


def _paper_width(fields: Sequence[Field]) -> float:
    return sum(field.width for field in fields if field.paper)


def _unfolded(fields: Sequence[Field], frame: pl.DataFrame, lines: pl.Series) -> list[Field]:
    """`fields`, the folded ones wide enough for their header in two lines and their texts in the lines of the rows."""
    room = (lines - 0.5).clip(lower_bound=1)
    texts = [field.name for field in fields if _is_folded(field) and field.kind == "text"]
    of_texts = (text_width(pl.col(name).str.replace_all("\n", " ", literal=True)).alias(name) for name in texts)
    needed = frame.select((width / room).max() for width in of_texts).row(0, named=True) if texts else {}
    return [
        replace(
            field,
            width=max(
                field.width,
                display_width(field.title) / 2 + 2.5,
                min((needed.get(field.name) or 0) + 2, MOST_FOLDED_WIDTH),
            ),
        )
        if _is_folded(field)
        else field
        for field in fields
    ]


def row_height(lines: int) -> float:
    """Points that a row of so many lines of text takes."""
    return min(max(lines * WRAPPED_LINE - 2.75, LEAST_HEIGHT), MOST_HEIGHT)


def _height(lines: pl.Series) -> pl.Expr:
    """The height of each row in points, as `row_height`."""
    return pl.lit(lines * WRAPPED_LINE - 2.75).clip(lower_bound=LEAST_HEIGHT, upper_bound=MOST_HEIGHT)


def _with_room(field: Field, frame: pl.DataFrame, cuts: tuple[float, ...]) -> Field:
    """`field` wide enough for its largest figure and its total, and for a score that has to be shown in full."""
    least = field.width
    if field.kind == "score" and cuts and frame.select(just_below(pl.col(field.name), cuts).any()).item():
        least = max(least, EXACT_WIDTH)
    if field.kind in ("integer", "amount", "ratio") and frame.height:
        figures = pl.col(field.name)
        largest, total = frame.select(figures.abs().max(), figures.sum().alias("total")).row(0)
        largest = max(largest or 0, abs(total or 0) if field.total else 0)
        least = max(least, number_width(largest, decimals=0 if field.kind == "integer" else 2))
    return replace(field, width=least)


def _column_format(styles: Styles, field: Field, frame: pl.DataFrame, page: Page) -> ColumnFormat:
    """The cell formats of `field`'s column in `frame`."""
    values, cuts = pl.col(field.name), page.cuts
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
        case "lookup":
            linked = styles.cell("text", font_color=ACCENT, underline=1, align="center")
            made = ColumnFormat(linked, formulas=page.lookups or {}, shown=LOOK_UP)
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


def _located(made: ColumnFormat, fields: Sequence[Field]) -> ColumnFormat:
    """`made` with the column of the code in its formulas."""
    from xlsxwriter.utility import xl_col_to_name

    if not made.formulas:
        return made
    key = xl_col_to_name(next(index for index, field in enumerate(fields) if field.name == "uscc"))
    return replace(made, formulas={name: text.replace("{key}", key) for name, text in made.formulas.items()})


def _label_column(fields: Sequence[Field]) -> int:
    """The column that says which row it is: it stays in view, and has 合计."""
    return next((i for i, field in enumerate(fields) if field.name == "name"), 0)


def _write_totals(sheet: Worksheet, styles: Styles, frame: pl.DataFrame, fields: Sequence[Field], row: int) -> None:
    """A 合计 row that counts and sums the rows that a filter leaves; values are stored for who does not calculate."""
    from xlsxwriter.utility import xl_range

    sheet.set_row(row, LINE_HEIGHT + 1)
    label = _label_column(fields)
    for index, field in enumerate(fields):
        bold = {"bold": True, "bg_color": CARD}
        span = xl_range(FIRST_ROW, index, row - 1, index)
        if field.total:
            value = math.fsum(frame[field.name].drop_nulls().to_list())
            sheet.write_formula(row, index, f"=SUBTOTAL(109,{span})", styles.cell(field.kind, **bold), value)
        elif index == label:
            counted = f'="合计("&SUBTOTAL(103,{span})&"户)"'
            sheet.write_formula(row, index, counted, styles.cell("text", **bold), f"合计({frame.height}户)")
        else:
            sheet.write_blank(row, index, None, styles.cell("text", **bold))


def wrapped_lines(text: str, width: float) -> int:
    """How many lines `text` takes when wrapped to `width` characters; a little generous."""
    return sum(max(1, math.ceil(display_width(part) / _room(width))) for part in text.split("\n"))


def _room(width: float) -> float:
    return max(width - 0.8, 1.0)
