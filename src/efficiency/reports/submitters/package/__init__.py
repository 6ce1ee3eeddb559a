"""The editor of submitted workbooks (.xlsx, .xlsm): cells marked, a list of problems in front, nothing else changed.

No library gives back an arbitrary workbook without loss, so its parts are edited as bytes and what is not touched is
copied as it is packed.
"""

from __future__ import annotations

from efficiency.reports.submitters.package.list_sheet import ListSheet
from efficiency.reports.submitters.package.marking import CellMark
from efficiency.reports.submitters.package.workbook import ReturnWorkbook
from efficiency.reports.submitters.package.xml import UnusualWorkbookError
from efficiency.reports.submitters.package.zip import too_large

__all__ = ["CellMark", "ListSheet", "ReturnWorkbook", "UnusualWorkbookError", "too_large"]
