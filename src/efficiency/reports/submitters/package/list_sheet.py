"""The sheet 问题清单 as a worksheet part: heading, table, links to the cells, and their looks before the marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from efficiency.cell_addresses import column_letters
from efficiency.reports.palette import ACCENT, FONT, HEADER, INK, MUTED, RULE
from efficiency.reports.submitters.package.cells import position_of
from efficiency.reports.submitters.package.marking import MARK_FILL, NO_BORDER, NO_FILL, border, solid_fill
from efficiency.reports.submitters.package.xml import MAIN, as_text, as_value
from efficiency.reports.text import clean_text, display_width
from schemas.intake import LIST_SHEET

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from efficiency.reports.submitters.package.styles import Styles

_COLUMNS: Final = (
    ("序号", 5),
    ("级别", 6),
    ("工作表", 10),
    ("单元格", 8),
    ("企业名称", 18),
    ("统一社会信用代码", 20),
    ("指标", 11),
    ("填报值", 10),
    ("问题说明与处理办法", 35),
)
"""Heading and width (half-width characters) of each visible column; together they print at 9 points or more on A4."""
_WORDS: Final = ("level", "sheet", "where", "name", "uscc", "field", "value", "message")
"""The columns of `ListSheet.rows` that fill the visible columns after the number."""
_KINDS: Final = ("centred", "centred", "centred", "centred", "left", "code", "left", "left", "left")
"""Format of each visible column."""
_LOOK: Final = "原格式"
"""Heading of the hidden column that keeps how a cell looked before it was marked."""
_FORMULA_START: Final = ("=", "+", "-", "@", "\t", "\r")
_RIGHT: Final = column_letters(len(_COLUMNS))

_FONTS: Final = {
    "body": (10, INK, ""),
    "bold": (10, INK, "<b/>"),
    "title": (16, ACCENT, "<b/>"),
    "small": (10, MUTED, ""),
    "link": (10, "#0B5CAD", "<u/>"),
}
"""Size, colour and weight."""
_FORMATS: Final = {
    "title": ("title", "", False, "left", ""),
    "line": ("body", "", False, "left", ""),
    "strong": ("bold", "", False, "left", ""),
    "remark": ("small", "", False, "left", ""),
    "head": ("bold", HEADER.replace("#", "FF"), True, "center", ""),
    "centred": ("body", "", True, "center", ""),
    "left": ("body", "", True, "left", ""),
    "code": ("body", "", True, "left", "@"),
    "link": ("link", "", True, "center", ""),
    **{severity: ("body", colour, True, "center", "") for severity, colour in MARK_FILL.items()},
}
"""Font, fill, grid, alignment and number format of each format of the list."""
_TEXT_FORMAT: Final = 49
"""Number of the built-in number format `@`."""

CellName = tuple[str, str]
"""Worksheet title and cell address."""


@dataclass(frozen=True, slots=True)
class ListSheet:
    """What the sheet 问题清单 says."""

    file_name: str
    """For the header of each printed page."""
    heading: tuple[tuple[str, str], ...]
    """Lines above the table, each with its format: title, line, strong or remark."""
    rows: pl.DataFrame
    """Texts that fit a cell: severity (error, warning, note), level, sheet, cell (null for none), row (number or null),
    where, name, uscc, field, value and message."""


def list_sheet_part(
    listed: ListSheet,
    styles: Styles,
    *,
    worksheets: frozenset[str],
    take_look: Callable[[str, str], str | None],
) -> tuple[bytes, dict[str, str]]:
    """The list as a worksheet part, and its built-in names with their ranges.

    Its formats are added to `styles`. Addresses link to their cells in the `worksheets`. `take_look` gives the look
    that a cell (title, address) had before its mark once, to be kept in a hidden column. Text never becomes a formula.
    """
    formats = _add_formats(styles)
    width = sum(size for _, size in _COLUMNS)
    rows: list[bytes] = []
    for number, (text, kind) in enumerate(listed.heading, 1):
        # Excel does not fit the height of merged cells by itself.
        height = 28 if number == 1 else 17 * _lines(text, width)
        rows.append(_row(number, height, [_text_cell(f"A{number}", clean_text(text), formats[kind, False])]))
    head = len(listed.heading) + 1
    titles = (*(title for title, _ in _COLUMNS), _LOOK)
    rows.append(
        _row(
            head,
            24,
            [
                _text_cell(f"{column_letters(column)}{head}", title, formats["head", False])
                for column, title in enumerate(titles, 1)
            ],
        )
    )
    hyperlinks = []
    for number, problem in enumerate(listed.rows.iter_rows(named=True), 1):
        row = head + number
        values = [str(problem[word]) for word in _WORDS]
        title, address = str(problem["sheet"]), str(problem["cell"] or f"A{problem['row'] or 1}")
        kinds = [*_KINDS]
        if problem["severity"] in MARK_FILL:
            kinds[1] = problem["severity"]
        if title in worksheets and position_of(address):
            kinds[3] = "link"
            target = as_value(f"{_quoted(title)}!{address}")
            hyperlinks.append(b'<hyperlink ref="D%d" location="%b"/>' % (row, target))
        cells = [b'<c r="A%d" s="%d"><v>%d</v></c>' % (row, formats[kinds[0], False], number)]
        for column, (kind, value) in enumerate(zip(kinds[1:], values, strict=True), 2):
            guarded = value.lstrip().startswith(_FORMULA_START)
            cells.append(_text_cell(f"{column_letters(column)}{row}", value, formats[kind, guarded]))
        look = take_look(title, str(problem["cell"])) if problem["cell"] else None
        if look is not None:
            cells.append(_text_cell(f"{column_letters(len(_COLUMNS) + 1)}{row}", look, formats["line", False]))
        # Not every program fits the height of wrapped text when it opens the file.
        taken = max(_lines(value, size) for value, (_, size) in zip(values, _COLUMNS[1:], strict=True))
        rows.append(_row(row, 4 + 15 * min(taken, 25), cells))
    last = head + listed.rows.height
    sheet = f"{_quoted(LIST_SHEET)}!"
    names = {
        "_xlnm._FilterDatabase": f"{sheet}$A${head}:${_RIGHT}${last}",
        "_xlnm.Print_Area": f"{sheet}$A$1:${_RIGHT}${last}",
        "_xlnm.Print_Titles": f"{sheet}${head}:${head}",
    }
    return _worksheet(rows, hyperlinks, head, last, listed.file_name), names


def kept_looks(rows: Sequence[Sequence[object]]) -> dict[CellName, str]:
    """How cells looked before they were marked in an earlier round, from the rows of that round's list sheet."""
    heads = (*(title for title, _ in _COLUMNS), _LOOK)
    found: dict[CellName, str] = {}
    within = False
    for row in rows:
        values = tuple("" if value is None else str(value) for value in row[: len(heads)])
        if within and len(values) == len(heads) and values[-1]:
            found.setdefault((values[2], values[3]), values[-1])
        within = within or values == heads
    return found


def _add_formats(styles: Styles) -> dict[tuple[str, bool], int]:
    """Number of each of the list's formats, plain and as text that looks like a formula."""
    rule = RULE.replace("#", "FF")
    borders = [styles.add(b"borders", NO_BORDER), styles.add(b"borders", border("thin", rule))]
    found = {}
    for name, (font, colour, grid, horizontal, number_format) in _FORMATS.items():
        size, ink, weight = _FONTS[font]
        written = f'<font>{weight}<sz val="{size}"/><color rgb="{ink.replace("#", "FF")}"/><name val="{FONT}"/></font>'
        font_number = styles.add(b"fonts", written.encode())
        fill_number = styles.add(b"fills", solid_fill(colour) if colour else NO_FILL)
        for guarded in (False, True):
            item = (
                f'<xf numFmtId="{_TEXT_FORMAT if number_format else 0}" fontId="{font_number}" fillId="{fill_number}" '
                f'borderId="{borders[grid]}" xfId="0" quotePrefix="{guarded:d}" applyNumberFormat="1" applyFont="1" '
                'applyFill="1" applyBorder="1" applyAlignment="1">'
                f'<alignment horizontal="{horizontal}" vertical="center" wrapText="1"/></xf>'
            )
            found[name, guarded] = styles.add(b"cellXfs", item.encode())
    return found


def _worksheet(rows: list[bytes], hyperlinks: list[bytes], head: int, last: int, file_name: str) -> bytes:
    """The part: filter, frozen headings, links and A4 landscape with page numbers, in the schema's order."""
    columns = "".join(
        f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>' for at, (_, width) in enumerate(_COLUMNS, 1)
    )
    hidden = len(_COLUMNS) + 1
    merged = "".join(f'<mergeCell ref="A{row}:{_RIGHT}{row}"/>' for row in range(1, head))
    # In headers and footers & starts a code.
    name = as_text("&L" + clean_text(file_name).replace("&", "&&")[:120]).decode()
    top = (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{MAIN.decode()}">'
        f'<sheetPr><tabColor rgb="{MARK_FILL["error"]}"/><pageSetUpPr fitToPage="1"/></sheetPr>'
        f'<dimension ref="A1:{column_letters(hidden)}{last}"/>'
        '<sheetViews><sheetView showGridLines="0" tabSelected="1" workbookViewId="0">'
        f'<pane ySplit="{head}" topLeftCell="A{head + 1}" activePane="bottomLeft" state="frozen"/>'
        f'<selection pane="bottomLeft" activeCell="A{head + 1}" sqref="A{head + 1}"/></sheetView></sheetViews>'
        '<sheetFormatPr defaultRowHeight="15"/>'
        f'<cols>{columns}<col min="{hidden}" max="{hidden}" width="8" hidden="1" customWidth="1"/></cols><sheetData>'
    )
    links = b"<hyperlinks>%b</hyperlinks>" % b"".join(hyperlinks) if hyperlinks else b""
    middle = (
        f'</sheetData><autoFilter ref="A{head}:{_RIGHT}{last}"/><mergeCells count="{head - 1}">{merged}</mergeCells>'
    )
    bottom = (
        '<pageMargins left="0.4" right="0.4" top="0.75" bottom="0.75" header="0.3" footer="0.3"/>'
        '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/>'
        f"<headerFooter><oddHeader>{name}</oddHeader>"
        "<oddFooter>&amp;C第 &amp;P 页，共 &amp;N 页</oddFooter></headerFooter></worksheet>"
    )
    return b"".join([top.encode(), *rows, middle.encode(), links, bottom.encode()])


def _row(number: int, height: float, cells: list[bytes]) -> bytes:
    return b'<row r="%d" ht="%d" customHeight="1">%b</row>' % (number, height, b"".join(cells))


def _text_cell(address: str, text: str, style: int) -> bytes:
    """A cell of text, whatever it begins with."""
    if not text:
        return b'<c r="%b" s="%d"/>' % (address.encode(), style)
    content = as_text(text)
    return b'<c r="%b" s="%d" t="inlineStr"><is><t xml:space="preserve">%b</t></is></c>' % (
        address.encode(),
        style,
        content,
    )


def _quoted(title: str) -> str:
    return "'" + title.replace("'", "''") + "'"


def _lines(text: str, width: int) -> int:
    """Lines that `text` takes in a column of this width."""
    return sum(1 + display_width(line) // width for line in text.split("\n"))
