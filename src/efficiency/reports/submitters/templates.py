"""Blank workbooks for every form: a data sheet with checked entry, and a sheet that says how to fill it in.

Nothing is left to be guessed on the way back: each heading states its unit, and figures of a span
are in rows with their own year and month.
"""

from __future__ import annotations

import math
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from efficiency.errors import UsageError, not_written
from efficiency.language import say
from efficiency.reports.palette import ACCENT, FONT, HEADER, INK, MUTED, RULE
from efficiency.reports.submitters.template_forms import templates
from efficiency.reports.text import display_width
from schemas.intake import GUIDE_SHEET

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from efficiency.reports.submitters.template_forms import Entry, Field, Template

PREPARED_ROWS: Final = 500
HEADER_ROW: Final = 2
"""0-based row of the headings: above it are the title and the line with the date of filing."""
FIRST_ROW: Final = HEADER_ROW + 1

_MADE: Final = datetime(2026, 1, 1)
"""A fixed date, so that the same template has the same bytes."""
_INLINE_CHOICES: Final = 255
"""Characters of a drop-down list that Excel keeps within the cell's rule; a longer list is on the guide sheet."""
_LISTS_FROM: Final = 5
"""0-based column of the guide sheet from which on the longer lists are."""
_FORMATS: Final[dict[Entry, str]] = {
    "text": "@",
    "uscc": "@",
    "industry": "@",
    "month": "@",
    "year": "0",
    "number": "#,##0.00",
    "date": "yyyy-mm-dd",
}
_WIDTHS: Final[dict[Entry, int]] = {
    "text": 20,
    "uscc": 22,
    "industry": 12,
    "month": 9,
    "year": 8,
    "number": 13,
    "date": 14,
}
MOST_WIDTH: Final = 14
"""Characters up to which a heading widens its column."""
_LENGTHS: Final[dict[Entry, tuple[int, int]]] = {"uscc": (18, 18), "industry": (2, 4)}
"""Least and greatest number of characters of a code."""
_GENERAL_ADVICE: Final = (
    "带 * 的列必须填写，其他列没有数据的留空，不要填“无数据”“约”等文字。",
    "请勿修改表头、合并单元格或改变计量单位；确需用其他计量单位的，改表头括号内的单位即可，系统自动换算。",
    "“填报日期”右侧填写填报当天日期：同一数据多次报送的，以填报日期较晚的为准。",
    "统一社会信用代码为文本，请从营业执照核对；粘贴数据时请选择“只粘贴值”，以保留格式和下拉列表。",
    "行数不够时可继续向下填写；合计行不必填写。",
    "填好后将本文件放入报送目录或发给牵头部门；发现问题的文件会标色退回，改正后按原文件名重新报送。",
)


def write_templates(directory: Path) -> list[Path]:
    """Writes one blank workbook for each form below `directory` (made if need be) and gives their paths.

    The same version writes the same bytes. Raises UsageError where a file of that name holds anything else, as one
    that was filled in does, and EfficiencyError when a place cannot be written; nothing is written then.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".templates-", dir=directory) as folder:
            written = [_write(template, Path(folder) / f"{template.name}.xlsx") for template in templates()]
            places = [directory / path.name for path in written]
            for path, place in zip(written, places, strict=True):
                if place.exists() and not (place.is_file() and place.read_bytes() == path.read_bytes()):
                    raise UsageError(
                        say(
                            "{place} is there already and is not the blank template; it may have been filled in. "
                            "Nothing was written. Move it away, or name another folder.",
                            place=place,
                        )
                    )
            for path, place in zip(written, places, strict=True):
                path.replace(place)
    except OSError as error:
        raise not_written(directory, error, say("Choose a folder that can be written.")) from error
    return places


def _write(template: Template, path: Path) -> Path:
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    try:
        with xlsxwriter.Workbook(
            str(path),
            {
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "default_format_properties": {"font_name": FONT, "font_size": 10},
            },
        ) as workbook:
            workbook.set_properties({"title": f"{template.title}填报模板", "created": _MADE})
            data = workbook.add_worksheet(template.sheet)
            guide = workbook.add_worksheet(GUIDE_SHEET)
            lists = _write_guide(workbook, guide, template)
            _write_data(workbook, data, template, lists)
    except (OSError, FileCreateError) as error:
        raise not_written(
            path, error, say("Close it in Excel or WPS, or choose a folder that can be written.")
        ) from error
    return path


def _write_data(workbook: Workbook, sheet: Worksheet, template: Template, lists: dict[str, str]) -> None:
    from xlsxwriter.utility import xl_col_to_name

    head = {
        "bold": True,
        "font_color": INK,
        "border": 1,
        "border_color": RULE,
        "align": "center",
        "valign": "vcenter",
        "text_wrap": True,
    }
    required = workbook.add_format({**head, "bg_color": "#FCE4C4"})
    optional = workbook.add_format({**head, "bg_color": HEADER})
    sheet.write_string(0, 0, template.title, workbook.add_format({"bold": True, "font_size": 16, "font_color": ACCENT}))
    sheet.write_string(1, 0, "填报日期：", workbook.add_format({"align": "right", "font_color": MUTED}))
    sheet.write_blank(
        1,
        1,
        None,
        workbook.add_format({"num_format": "yyyy-mm-dd", "align": "left", "bottom": 1, "bottom_color": RULE}),
    )
    sheet.data_validation(1, 1, 1, 1, _date_rule("填报当天日期，如 2026-11-05。"))
    sheet.set_row(0, 28)
    lines = max(math.ceil(display_width(field.header) / (_width(field) - 1)) for field in template.fields)
    sheet.set_row(HEADER_ROW, 18 * max(2, lines))
    for column, field in enumerate(template.fields):
        sheet.set_column(column, column, _width(field))
        sheet.write_string(HEADER_ROW, column, field.header, required if field.required else optional)
        cell = workbook.add_format(
            {
                "num_format": _number_format(field),
                "border": 1,
                "border_color": RULE,
                "valign": "vcenter",
            }
        )
        _prepare(sheet, column, cell)
        sheet.data_validation(FIRST_ROW, column, FIRST_ROW + PREPARED_ROWS - 1, column, _rule(field, lists))
    sheet.freeze_panes(FIRST_ROW, 2)
    last = xl_col_to_name(len(template.fields) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A{FIRST_ROW + 1}:{last}{FIRST_ROW + PREPARED_ROWS}"})
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEADER_ROW)
    sheet.set_footer("&C第 &P 页，共 &N 页")


def _width(field: Field) -> int:
    """Characters that a column is wide; a long heading takes more lines, so that the sheet prints in legible size."""
    return max(_WIDTHS[field.entry], min(MOST_WIDTH, display_width(field.header) + 3))


def _prepare(sheet: Worksheet, column: int, cell: Format) -> None:
    for row in range(FIRST_ROW, FIRST_ROW + PREPARED_ROWS):
        sheet.write_blank(row, column, None, cell)


def _write_guide(workbook: Workbook, sheet: Worksheet, template: Template) -> dict[str, str]:
    """Writes the instructions and the longer lists; gives column title → range of its list."""
    from xlsxwriter.utility import xl_col_to_name

    title = workbook.add_format({"bold": True, "font_size": 16, "font_color": ACCENT})
    plain = workbook.add_format({"font_color": INK, "text_wrap": True, "valign": "vcenter"})
    grid = {"font_color": INK, "border": 1, "border_color": RULE, "valign": "vcenter", "text_wrap": True}
    cell = workbook.add_format(grid)
    head = workbook.add_format({**grid, "bold": True, "bg_color": HEADER, "align": "center"})
    centred = workbook.add_format({**grid, "align": "center"})
    for column, width in enumerate((30, 8, 12, 70, 3)):
        sheet.set_column(column, column, width)
    sheet.write_string(0, 0, f"{template.title}填报说明", title)
    sheet.set_row(0, 28)
    advice = (*template.advice, *_GENERAL_ADVICE)
    for row, text in enumerate(advice, 1):
        sheet.merge_range(row, 0, row, 3, f"{row}. {text}", plain)
        sheet.set_row(row, 17 * (1 + display_width(text) // 112))
    top = len(advice) + 2
    for column, text in enumerate(("填报项目", "必填", "计量单位", "填写方法")):
        sheet.write_string(top, column, text, head)
    for number, field in enumerate(template.fields):
        row = top + 1 + number
        # Led by its column, so that no cell of this sheet reads like a heading of the form.
        sheet.write_string(row, 0, f"{xl_col_to_name(number)} 列　{field.title}", cell)
        sheet.write_string(row, 1, "是" if field.required else "", centred)
        sheet.write_string(row, 2, field.unit or "", centred)
        sheet.write_string(row, 3, field.hint, cell)
        sheet.set_row(row, 17 * (1 + display_width(field.hint) // 68))
    lists: dict[str, str] = {}
    for field in template.fields:
        if len(",".join(field.choices)) > _INLINE_CHOICES or any("," in choice for choice in field.choices):
            column = _LISTS_FROM + len(lists)
            sheet.set_column(column, column, 26)
            sheet.write_string(top, column, f"可选：{field.title}", head)
            for row, choice in enumerate(field.choices, top + 1):
                sheet.write_string(row, column, choice, cell)
            letters = xl_col_to_name(column, col_abs=True)
            lists[field.title] = f"='{GUIDE_SHEET}'!{letters}${top + 2}:{letters}${top + 1 + len(field.choices)}"
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    return lists


def _number_format(field: Field) -> str:
    if field.title.endswith("系数"):
        return "0.0000"
    return "#,##0" if field.unit == "人" else _FORMATS[field.entry]


def _rule(field: Field, lists: dict[str, str]) -> dict[str, Any]:
    """What a cell of the column accepts, as XlsxWriter's data validation."""
    rule: dict[str, Any]
    if field.choices:
        source = lists.get(field.title, list(field.choices))
        rule = {
            "validate": "list",
            "source": source,
            "error_title": "不在可选范围",
            "error_message": "列表中没有该项，确定要这样填写吗？" if field.open_choices else "请从下拉列表中选择。",
            "error_type": "warning" if field.open_choices else "stop",
        }
    elif field.entry == "date":
        return _date_rule(field.hint)
    elif field.entry == "year":
        rule = {
            "validate": "integer",
            "criteria": "between",
            "minimum": 2000,
            "maximum": 2099,
            "error_title": "年份",
            "error_message": "请填四位年份，如 2026。",
        }
    elif field.entry == "number":
        rule = {
            "validate": "decimal",
            "criteria": "between",
            "minimum": -1e12,
            "maximum": 1e12,
            "error_title": "应填数字",
            "error_message": "请只填数字，不带单位和文字；没有数据的留空。",
        }
    elif field.entry in _LENGTHS:
        least, most = _LENGTHS[field.entry]
        rule = {
            "validate": "length",
            "criteria": "between",
            "minimum": least,
            "maximum": most,
            "error_title": field.title,
            "error_message": field.hint,
        }
    else:
        rule = {"validate": "any"}
    return {**rule, "input_title": field.title[:32], "input_message": field.hint[:255]}


def _date_rule(hint: str) -> dict[str, Any]:
    return {
        "validate": "date",
        "criteria": "between",
        "minimum": date(1950, 1, 1),
        "maximum": date(2099, 12, 31),
        "error_title": "应填日期",
        "error_message": "请填日期，如 2026-10-31。",
        "input_title": "日期",
        "input_message": hint,
    }
