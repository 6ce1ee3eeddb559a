"""The officials' workbook, its copies by town, and the public notice."""

from __future__ import annotations

from efficiency.reports.officials.check_sheets import check_sheets_file_name, write_check_sheets
from efficiency.reports.officials.full_results import WORKBOOK_ENTERPRISES, write_full_results
from efficiency.reports.officials.notice import notice_file_name, write_notice
from efficiency.reports.officials.towns import write_towns
from efficiency.reports.officials.workbook import officials_file_name, write_officials

__all__ = [
    "WORKBOOK_ENTERPRISES",
    "check_sheets_file_name",
    "notice_file_name",
    "officials_file_name",
    "write_check_sheets",
    "write_full_results",
    "write_notice",
    "write_officials",
    "write_towns",
]
