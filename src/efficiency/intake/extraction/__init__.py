"""A table of a sheet to typed rows: figures, units, periods, totals, and what was not read."""

from __future__ import annotations

from efficiency.intake.extraction.columns import extract, numbers_of
from efficiency.intake.extraction.parts import find_parts
from efficiency.intake.extraction.row_periods import rows_before_marks
from efficiency.intake.extraction.rows import column_map, filled_on, period_label, read_rows
from efficiency.intake.extraction.table import Table
from efficiency.intake.extraction.totals import check_sum_column, check_totals
from efficiency.intake.extraction.unread import (
    is_data,
    only_problem,
    report_unread_columns,
    unread_rows,
    unrecognised_sheet,
    unrecognised_table,
    without_rows,
)

__all__ = [
    "Table",
    "check_sum_column",
    "check_totals",
    "column_map",
    "extract",
    "filled_on",
    "find_parts",
    "is_data",
    "numbers_of",
    "only_problem",
    "period_label",
    "read_rows",
    "report_unread_columns",
    "rows_before_marks",
    "unread_rows",
    "unrecognised_sheet",
    "unrecognised_table",
    "without_rows",
]
