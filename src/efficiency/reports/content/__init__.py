"""What workbook and page say alike: figures, lists, rankings, reasons of changes, and the notes to them.

Each module is a namespace of its own, used as `totals.tier_table(report)`.
"""

from __future__ import annotations

from efficiency.reports.content import (
    charts,
    checks,
    columns,
    details,
    efficiencies,
    lists,
    notes,
    one_page,
    partners,
    rankings,
    rules,
    score_changes,
    totals,
)

__all__ = [
    "charts",
    "checks",
    "columns",
    "details",
    "efficiencies",
    "lists",
    "notes",
    "one_page",
    "partners",
    "rankings",
    "rules",
    "score_changes",
    "totals",
]
