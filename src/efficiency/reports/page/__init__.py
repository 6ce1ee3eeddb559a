"""The page: one HTML file with charts, tables and cards that works offline."""

from __future__ import annotations

from efficiency.reports.page.chart_library import begin_chart_library
from efficiency.reports.page.render import page_file_name, write_page

__all__ = [
    "begin_chart_library",
    "page_file_name",
    "write_page",
]
