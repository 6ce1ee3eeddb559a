"""What every new workbook shares: styles, sheets, tables, charts, file names, saving."""

from __future__ import annotations

from efficiency.reports.workbook.charts import Points, Quadrant, movement_columns, quadrant_chart, tier_bars
from efficiency.reports.workbook.file_names import unique_parts
from efficiency.reports.workbook.save import Book, new_workbook
from efficiency.reports.workbook.sheets import (
    FIRST_ROW,
    ROWS_PER_SHEET,
    Extent,
    Field,
    Kind,
    Page,
    print_setup,
    wrapped_lines,
    write_list,
    write_merged,
)
from efficiency.reports.workbook.styles import (
    ACCENT,
    ALERT,
    BACKGROUND_POINTS,
    CARD,
    FONT,
    GRID,
    HEADER,
    INK,
    LIST_COLOURS,
    MUTED,
    NUMBERS,
    RULE,
    TIER_FILL,
    TIER_INK,
    Styles,
    score_kind,
)

__all__ = [
    "ACCENT",
    "ALERT",
    "BACKGROUND_POINTS",
    "CARD",
    "FIRST_ROW",
    "FONT",
    "GRID",
    "HEADER",
    "INK",
    "LIST_COLOURS",
    "MUTED",
    "NUMBERS",
    "ROWS_PER_SHEET",
    "RULE",
    "TIER_FILL",
    "TIER_INK",
    "Book",
    "Extent",
    "Field",
    "Kind",
    "Page",
    "Points",
    "Quadrant",
    "Styles",
    "movement_columns",
    "new_workbook",
    "print_setup",
    "quadrant_chart",
    "score_kind",
    "tier_bars",
    "unique_parts",
    "wrapped_lines",
    "write_list",
    "write_merged",
]
