"""The fairness check-up (体检) as text, as data and as a workbook."""

from __future__ import annotations

from efficiency.reports.checkup.sections import check_up_as_dict, check_up_as_text, sections
from efficiency.reports.checkup.workbook import check_up_file_name, write_check_up

__all__ = ["check_up_as_dict", "check_up_as_text", "check_up_file_name", "sections", "write_check_up"]
