"""Text for people: cells, terminal tables, and the Chinese names of fields and rules."""

from __future__ import annotations

from efficiency.reports.text.cells import (
    CONFIDENT,
    LIST_NAMES,
    LIVE,
    REVIEW,
    clean_frame,
    clean_text,
    columnar_width,
    display_width,
    division_names,
    harmless,
    industry_label,
    percentage,
    sheet_name,
    whole_percent,
)
from efficiency.reports.text.phrases import amount, count, enumerated, period_title, shortened
from efficiency.reports.text.terminal import format_figure, format_to_reach, labelled_lines, on_one_line, table_lines
from efficiency.reports.text.wording import FIELDS, RULES, SEVERITIES, SUBMISSION_STATUSES, field_title

__all__ = [
    "CONFIDENT",
    "FIELDS",
    "LIST_NAMES",
    "LIVE",
    "REVIEW",
    "RULES",
    "SEVERITIES",
    "SUBMISSION_STATUSES",
    "amount",
    "clean_frame",
    "clean_text",
    "columnar_width",
    "count",
    "display_width",
    "division_names",
    "enumerated",
    "field_title",
    "format_figure",
    "format_to_reach",
    "harmless",
    "industry_label",
    "labelled_lines",
    "on_one_line",
    "percentage",
    "period_title",
    "sheet_name",
    "shortened",
    "table_lines",
    "whole_percent",
]
