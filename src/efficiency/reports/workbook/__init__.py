"""New workbooks: opened and saved whole, their cell formats, and lists written as officials know them."""

from __future__ import annotations

from efficiency.reports.workbook.exports import write_export
from efficiency.reports.workbook.fields import Field, Kind
from efficiency.reports.workbook.file_names import unique_parts
from efficiency.reports.workbook.paper import Cells, Paper
from efficiency.reports.workbook.save import EVALUATION_PROPERTY, POLICY_PROPERTY, Book, custom_properties, new_workbook
from efficiency.reports.workbook.sheets import (
    FIRST_ROW,
    LOOK_UP,
    ROWS_PER_SHEET,
    Extent,
    Page,
    draw_bars,
    print_setup,
    row_height,
    wrapped_lines,
    write_list,
    write_merged,
)
from efficiency.reports.workbook.styles import Styles, score_kind
from efficiency.reports.workbook.table import unique_headers
from efficiency.reports.workbook.widths import lines_in

__all__ = [
    "EVALUATION_PROPERTY",
    "FIRST_ROW",
    "LOOK_UP",
    "POLICY_PROPERTY",
    "ROWS_PER_SHEET",
    "Book",
    "Cells",
    "Extent",
    "Field",
    "Kind",
    "Page",
    "Paper",
    "Styles",
    "custom_properties",
    "draw_bars",
    "lines_in",
    "new_workbook",
    "print_setup",
    "row_height",
    "score_kind",
    "unique_headers",
    "unique_parts",
    "wrapped_lines",
    "write_export",
    "write_list",
    "write_merged",
]
