"""A table of a sheet to typed rows: figures, units, periods, totals, and what was not read."""

from __future__ import annotations

from efficiency.intake.extraction.columns import extract, numbers_of
from efficiency.intake.extraction.rows import column_map, read_rows
from efficiency.intake.extraction.table import Table
from efficiency.intake.extraction.totals import check_sum_column, check_totals
from efficiency.intake.extraction.unread import (
    idle_formulas,
    is_data,
    one_submission,
    only_problem,
    refused_file,
    tell_unread_columns,
    unrecognised,
    unrecognised_table,
)

__all__ = [
    "Table",
    "check_sum_column",
    "check_totals",
    "column_map",
    "extract",
    "idle_formulas",
    "is_data",
    "numbers_of",
    "one_submission",
    "only_problem",
    "read_rows",
    "refused_file",
    "tell_unread_columns",
    "unrecognised",
    "unrecognised_table",
]
