"""A grid to tables: where headers, titles, units and periods stand, and which form a table is."""

from __future__ import annotations

from efficiency.intake.layout.forms import ROW_UNIT, ColumnBinding, ColumnGroup, TableLayout, missing_columns, plans
from efficiency.intake.layout.header_cells import Header, interpret, is_another_quantity, piece
from efficiency.intake.layout.headers import find_headers, titles_begin
from efficiency.intake.layout.mapping import (
    NO_MAPPING,
    MappedSheet,
    MappingFile,
    draft_mapping,
    load_mapping,
    mapped_header,
)
from efficiency.intake.layout.row_kinds import classify, last_used_row
from efficiency.intake.layout.titles import TableContext, look_around, named_within, units_of_rows

__all__ = [
    "NO_MAPPING",
    "ROW_UNIT",
    "ColumnBinding",
    "ColumnGroup",
    "Header",
    "MappedSheet",
    "MappingFile",
    "TableContext",
    "TableLayout",
    "classify",
    "draft_mapping",
    "find_headers",
    "interpret",
    "is_another_quantity",
    "last_used_row",
    "load_mapping",
    "look_around",
    "mapped_header",
    "missing_columns",
    "named_within",
    "piece",
    "plans",
    "titles_begin",
    "units_of_rows",
]
