"""What changes under another policy or by an objection, as text, as data and as a workbook."""

from __future__ import annotations

from efficiency.reports.comparison.objection import objection_as_dict, objection_as_text
from efficiency.reports.comparison.objection_workbook import objection_file_name, write_objection
from efficiency.reports.comparison.policies import comparison_as_dict, comparison_as_text
from efficiency.reports.comparison.policies_workbook import comparison_file_name, write_comparison

__all__ = [
    "comparison_as_dict",
    "comparison_as_text",
    "comparison_file_name",
    "objection_as_dict",
    "objection_as_text",
    "objection_file_name",
    "write_comparison",
    "write_objection",
]
