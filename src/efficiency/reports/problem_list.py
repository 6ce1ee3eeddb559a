"""The sheet 问题清单: every problem of a submitted file, where it stands, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.hyperlink import Hyperlink

from efficiency.reports.returned_marks import MARK_FILL, Place, is_address
from efficiency.reports.styles import ACCENT, FONT, HEADER, INK, MUTED, RULE
from efficiency.reports.text import clean_frame, clean_text, display_width
from efficiency.reports.wording import SEVERITIES, field_title
from schemas.intake import LIST_SHEET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openpyxl.cell.cell import Cell
    from openpyxl.workbook.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

MAX_LISTED: Final = 20_000
"""Problems that a list holds; a file with more has one cause that repeats, and the list says so."""

_COLUMNS: Final = (
    ("序号", 6), ("级别", 7), ("工作表", 14), ("单元格", 9), ("企业名称", 24), ("统一社会信用代码", 21), ("指标", 15),
    ("填报值", 15), ("问题说明与处理办法", 50),
)
"""Heading and width (half-width characters) of each visible column."""
_WORDS: Final = ("level", "sheet", "place", "name", "uscc", "field", "value", "message")
"""The columns of `_listed` that fill the visible columns after the number."""
_NARROW: Final = 4
"""Columns from the left that are centred."""
_BEFORE: Final = "原格式"
"""Heading of the hidden column that keeps how a cell looked before it was marked."""
_HEADING_ROWS: Final = 20
"""Rows at the top among which the headings of an earlier list are looked for."""
_FORMULA_START: Final = ("=", "+", "-", "@", "\t", "\r")


def _font(size: int, colour: str = INK, *, bold: bool = False) -> Font:
    return Font(name=FONT, size=size, bold=bold, color="FF" + colour.removeprefix("#"))


_BODY: Final = _font(10)
_LINKED: Final = Font(name=FONT, size=10, underline="single", color="FF0B5CAD")
_HEADED: Final = _font(10, bold=True)
_HEAD_FILL: Final = PatternFill("solid", fgColor="FF" + HEADER.removeprefix("#"))
_LEVEL_FILLS: Final = {severity: PatternFill("solid", fgColor=colour) for severity, colour in MARK_FILL.items()}
_CENTRED: Final = Alignment(horizontal="center", vertical="center", wrap_text=True)
_LEFT: Final = Alignment(horizontal="left", vertical="center", wrap_text=True)
_SIDE: Final = Side(style="thin", color="FF" + RULE.removeprefix("#"))
_GRID: Final = Border(left=_SIDE, right=_SIDE, top=_SIDE, bottom=_SIDE)


@dataclass(frozen=True)
class Heading:
    """What stands above the list: the file's name, and lines that say what happened and what to do."""

    file_name: str
    advice: str
    remarks: tuple[str, ...] = ()


def in_order(problems: pl.DataFrame) -> pl.DataFrame:
    """Problems gravest first, then by sheet in order of first appearance, row and column."""
    row = pl.coalesce("row", pl.col("cell").str.extract(r"(\d+)$").cast(pl.Int64, strict=False))
    letters = pl.col("cell").str.extract(r"^([A-Z]+)")
    rank = pl.col("severity").replace_strict({name: at for at, name in enumerate(SEVERITIES)})
    sheets = problems["sheet"].unique(maintain_order=True).to_list()
    position = pl.col("sheet").replace_strict({name: at for at, name in enumerate(sheets)}, return_dtype=pl.Int64)
    return problems.sort(rank, position, row, letters.str.len_chars(), letters, maintain_order=True)


def write_list(
    sheet: Worksheet, problems: pl.DataFrame, heading: Heading, *, links: frozenset[str], before: Mapping[Place, str]
) -> None:
    """Fills the empty openpyxl `sheet` with the list of `problems` (shape PARSE_PROBLEMS, in order).

    Addresses link to their cells in the worksheets named by `links`. `before` keeps, in a hidden
    column, how each marked cell looked. Text never becomes a formula.
    """
    first = _write_heading(sheet, problems, heading) + 1
    _write_column_heads(sheet, first)
    kept = dict(before)
    for number, problem in enumerate(_listed(problems).iter_rows(named=True), 1):
        _write_problem(sheet, first + number, (number, *(problem[word] for word in _WORDS)))
        place = (str(problem["sheet"]), str(problem["cell"] or f"A{problem['row'] or 1}"))
        if problem["severity"] in _LEVEL_FILLS:
            sheet.cell(first + number, 2).fill = _LEVEL_FILLS[problem["severity"]]
        if place[0] in links and is_address(place[1]):
            _link(sheet.cell(first + number, 4), place)
        if place in kept:
            _write_text(sheet.cell(first + number, len(_COLUMNS) + 1), kept.pop(place))
    _set_page(sheet, first, first + min(problems.height, MAX_LISTED), heading)


def earlier_appearances(workbook: Workbook) -> dict[Place, str]:
    """How the cells marked in an earlier round looked before, from the list sheet of that round; {} without one."""
    if LIST_SHEET not in workbook.sheetnames or not hasattr(workbook[LIST_SHEET], "iter_rows"):
        return {}
    heads = (*(title for title, _ in _COLUMNS), _BEFORE)
    found: dict[Place, str] = {}
    within = False
    last = min(workbook[LIST_SHEET].max_row, _HEADING_ROWS + MAX_LISTED)
    for row in workbook[LIST_SHEET].iter_rows(max_row=last, max_col=len(heads), values_only=True):
        values = tuple("" if value is None else str(value) for value in row)
        if within and values[-1]:
            found.setdefault((values[2], values[3]), values[-1])
        within = within or values == heads
    return found


def _listed(problems: pl.DataFrame) -> pl.DataFrame:
    """The problems as the list words them."""
    worded = problems.head(MAX_LISTED).select(
        pl.col("severity"),
        pl.col("severity").replace_strict(SEVERITIES).alias("level"),
        "sheet",
        "cell",
        pl.coalesce("cell", pl.format("第{}行", "row"), pl.lit("整表")).alias("place"),
        pl.col("row"),
        pl.col("name").fill_null(""),
        pl.col("uscc").fill_null(""),
        field_title(pl.col("field")).alias("field"),
        pl.col("value").fill_null(""),
        "message",
    )
    return clean_frame(worded)


def _write_heading(sheet: Worksheet, problems: pl.DataFrame, heading: Heading) -> int:
    """Writes title, counts, advice and remarks; gives the last row used."""
    counts = {severity: problems.filter(pl.col("severity") == severity).height for severity in SEVERITIES}
    summary = f"错误 {counts['error']} 处：数值未采用，必须改正。"
    summary += f"警告 {counts['warning']} 处：数值已采用，请核对，有误的改正。"
    if counts["note"]:
        summary += f"提示 {counts['note']} 处：供了解。"
    cut = (f"问题共 {problems.height} 处，此处列出前 {MAX_LISTED} 处；多为同一原因重复出现，改正后重新报送即可。",)
    lines = [
        (LIST_SHEET, _font(16, ACCENT, bold=True)),
        (f"文件：{heading.file_name}", _HEADED),
        (summary, _font(10)),
        (heading.advice, _HEADED),
        *((remark, _font(9, MUTED))
          for remark in (*heading.remarks, *(cut if problems.height > MAX_LISTED else ()))),
    ]
    width = sum(size for _, size in _COLUMNS)
    for number, (text, font) in enumerate(lines, 1):
        cell = sheet.cell(number, 1)
        _write_text(cell, clean_text(text))
        cell.font = font
        cell.alignment = _LEFT
        sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=len(_COLUMNS))
        # Excel does not fit the height of merged cells by itself.
        sheet.row_dimensions[number].height = 28 if number == 1 else 17 * _lines(text, width)
    return len(lines)


def _write_column_heads(sheet: Worksheet, row: int) -> None:
    for column, (title, width) in enumerate((*_COLUMNS, (_BEFORE, 8)), 1):
        cell = sheet.cell(row, column, title)
        cell.font = _HEADED
        cell.fill = _HEAD_FILL
        cell.alignment = _CENTRED
        cell.border = _GRID
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.column_dimensions[get_column_letter(len(_COLUMNS) + 1)].hidden = True
    sheet.row_dimensions[row].height = 24


def _write_problem(sheet: Worksheet, row: int, values: tuple[object, ...]) -> None:
    for column, value in enumerate(values, 1):
        cell = sheet.cell(row, column)
        if isinstance(value, int):
            cell.value = value
        else:
            _write_text(cell, str(value))
        cell.font = _BODY
        cell.alignment = _CENTRED if column <= _NARROW else _LEFT
        cell.border = _GRID
    sheet.cell(row, 6).number_format = "@"
    # Not every program fits the height of wrapped text when it opens the file.
    lines = max(_lines(str(value), width) for value, (_, width) in zip(values, _COLUMNS, strict=True))
    sheet.row_dimensions[row].height = 4 + 15 * min(lines, 25)


def _lines(text: str, width: int) -> int:
    """Lines that `text` takes in a column of this width."""
    return sum(1 + display_width(line) // width for line in text.split("\n"))


def _link(cell: Cell, place: Place) -> None:
    title, address = place
    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"{quote_sheetname(title)}!{address}")
    cell.font = _LINKED


def _write_text(cell: Cell, text: str) -> None:
    """Text as text, whatever it begins with: openpyxl takes a leading `=` for a formula."""
    cell.value = text
    cell.data_type = "s"
    cell.quotePrefix = text.lstrip().startswith(_FORMULA_START)


def _set_page(sheet: Worksheet, heads: int, last: int, heading: Heading) -> None:
    """Filter, frozen headings and A4 landscape with page numbers."""
    right = get_column_letter(len(_COLUMNS))
    sheet.freeze_panes = f"A{heads + 1}"
    sheet.auto_filter.ref = f"A{heads}:{right}{max(last, heads)}"
    sheet.sheet_view.showGridLines = False
    sheet.sheet_properties.tabColor = MARK_FILL["error"]
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.orientation = sheet.ORIENTATION_LANDSCAPE
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.print_title_rows = f"{heads}:{heads}"
    sheet.print_area = f"A1:{right}{max(last, heads)}"
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    # In headers and footers & starts a code.
    sheet.oddHeader.left.text = clean_text(heading.file_name).replace("&", "&&")[:120]
    sheet.oddFooter.center.text = "第 &P 页，共 &N 页"
