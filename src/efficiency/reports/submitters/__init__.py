"""What submitters receive: their workbook with the cells marked, and blank templates."""

from __future__ import annotations

from efficiency.reports.submitters.problem_table import counted, problem_table
from efficiency.reports.submitters.returned import write_all_returned
from efficiency.reports.submitters.templates import write_templates

__all__ = [
    "counted",
    "problem_table",
    "write_all_returned",
    "write_templates",
]
