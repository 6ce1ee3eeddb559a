"""The Excel table that a list's rows are: banded, with a filter, its columns called what the headers say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efficiency.reports.text import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from xlsxwriter.worksheet import Worksheet

HEADER_LIMIT = 200
"""Characters of a header; Excel takes 255 for the name of a table's column."""
STYLE = "TableStyleLight15"
_NOT_IN_NAMES = re.compile(r"[^0-9A-Za-z_\u4e00-\u9fff]")


def unique_headers(titles: Iterable[str]) -> list[str]:
    """The headers of a table: one line each, never empty, no two alike but for case, as Excel demands."""
    taken: set[str] = set()
    headers: list[str] = []
    for title in titles:
        plain = clean_text(title.replace("\n", "")).strip()[:HEADER_LIMIT] or "列"
        header, number = plain, 2
        while header.casefold() in taken:
            header, number = f"{plain}[{number}]", number + 1
        taken.add(header.casefold())
        headers.append(header)
    return headers


def add_table(sheet: Worksheet, rows: tuple[int, int], headers: Sequence[str], *, filtered: bool = True) -> None:
    """Make `rows` (0-based: that of the headers, the last) of the first columns a table; the cells are written already.

    XlsxWriter's own `add_table` keeps a record of each cell and cannot be used where rows are written as they come.
    This hands over what it would: `Worksheet.tables` as of XlsxWriter 3.3.
    """
    from xlsxwriter.utility import xl_range

    span = xl_range(rows[0], 0, rows[1], len(headers) - 1)
    # The index makes it unique; the beginning keeps it from looking like a cell.
    name = f"表{sheet.index + 1}_{_NOT_IN_NAMES.sub('_', sheet.get_name())}"
    sheet.tables.append(
        {
            "name": name,
            "range": span,
            "a_range": span,
            **({"autofilter": span} if filtered else {}),
            "header_row_count": True,
            "totals_row_shown": False,
            "show_first_col": False,
            "show_last_col": False,
            "show_row_stripes": True,
            "show_col_stripes": False,
            "style": STYLE,
            "title": None,
            "description": None,
            "columns": [
                {"id": number, "name": header, "total_string": "", "total_function": "", "custom_total": "",
                 "total_value": 0, "formula": "", "format": None, "name_format": None}
                for number, header in enumerate(headers, start=1)
            ],
        }
    )  # fmt: skip
