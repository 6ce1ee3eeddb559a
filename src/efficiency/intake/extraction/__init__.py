"""A table of a sheet to typed rows: figures, units, periods, totals, and what was not read."""

from __future__ import annotations

from efficiency.intake.extraction.columns import extract, numbers_of, numbers_of_columns
from efficiency.intake.extraction.long_energy_rows import check_rows_by_their_energy
from efficiency.intake.extraction.month_columns import check_months
from efficiency.intake.extraction.part_labels import report_within, with_rows_within_carriers, with_sums_of_parts
from efficiency.intake.extraction.parts import find_parts, with_kinds
from efficiency.intake.extraction.row_periods import rows_before_marks
from efficiency.intake.extraction.rows import column_map, filled_on, parts_by_measure, period_label, read_rows
from efficiency.intake.extraction.shown_figures import as_shown
from efficiency.intake.extraction.table import Table
from efficiency.intake.extraction.totals import (
    check_spans,
    check_sum_column,
    check_sums_across,
    check_totals,
    check_totals_of_carriers,
    sums_of,
)
from efficiency.intake.extraction.unread import (
    is_data,
    one_for_all_sheets,
    only_problem,
    overlong_rows,
    planned_rows,
    report_overlong_totals,
    report_planned_rows,
    report_unread_rows,
    unread_rows,
    unrecognised_sheet,
    unrecognised_table,
    without_rows,
)
from efficiency.intake.extraction.unread_columns import report_unread_columns

__all__ = [
    "Table",
    "as_shown",
    "check_months",
    "check_rows_by_their_energy",
    "check_spans",
    "check_sum_column",
    "check_sums_across",
    "check_totals",
    "check_totals_of_carriers",
    "column_map",
    "extract",
    "filled_on",
    "find_parts",
    "is_data",
    "numbers_of",
    "numbers_of_columns",
    "one_for_all_sheets",
    "only_problem",
    "overlong_rows",
    "parts_by_measure",
    "period_label",
    "planned_rows",
    "read_rows",
    "report_overlong_totals",
    "report_planned_rows",
    "report_unread_columns",
    "report_unread_rows",
    "report_within",
    "rows_before_marks",
    "sums_of",
    "unread_rows",
    "unrecognised_sheet",
    "unrecognised_table",
    "with_kinds",
    "with_rows_within_carriers",
    "with_sums_of_parts",
    "without_rows",
]
