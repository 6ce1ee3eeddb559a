"""A grid to tables: headers, the titles, units and periods around them, and the forms that each table states."""

from __future__ import annotations

from efficiency.intake.layout.forms import (
    ROW_UNIT,
    ColumnBinding,
    ColumnGroup,
    TableLayout,
)
from efficiency.intake.layout.header_cells import (
    ColumnMatch,
    Header,
    interpret,
    is_another_quantity,
    is_not_paid,
    piece,
    says_change,
    says_paid,
)
from efficiency.intake.layout.headers import labels_of
from efficiency.intake.layout.hints import hint_at_form, measures_meant, nearest_headers
from efficiency.intake.layout.long_energy import is_of_a_kind
from efficiency.intake.layout.mapping import NO_MAPPING, MappedSheet, MappingFile, draft_mapping, load_mapping
from efficiency.intake.layout.measure_rows import MeasureRows
from efficiency.intake.layout.months_across import says_cumulative
from efficiency.intake.layout.row_kinds import SUMS, classify, last_used_row, named_throughout
from efficiency.intake.layout.tables import FoundTable, find_tables
from efficiency.intake.layout.titles import PlannedBy, TableContext, named_within

__all__ = [
    "NO_MAPPING",
    "ROW_UNIT",
    "SUMS",
    "ColumnBinding",
    "ColumnGroup",
    "ColumnMatch",
    "FoundTable",
    "Header",
    "MappedSheet",
    "MappingFile",
    "MeasureRows",
    "PlannedBy",
    "TableContext",
    "TableLayout",
    "classify",
    "draft_mapping",
    "find_tables",
    "hint_at_form",
    "interpret",
    "is_another_quantity",
    "is_not_paid",
    "is_of_a_kind",
    "labels_of",
    "last_used_row",
    "load_mapping",
    "measures_meant",
    "named_throughout",
    "named_within",
    "nearest_headers",
    "piece",
    "says_change",
    "says_cumulative",
    "says_paid",
]
