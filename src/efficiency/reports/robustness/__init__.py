"""How far verdicts hold under other choices of method, in words and tables that workbook, page and card share."""

from __future__ import annotations

from efficiency.reports.robustness.variants import (
    LEGEND,
    MEANING,
    Grid,
    agreement_columns,
    agreement_words,
    choices,
    first_page_words,
    grid,
    headline,
    methods_of,
    not_evaluated,
)

__all__ = [
    "LEGEND",
    "MEANING",
    "Grid",
    "agreement_columns",
    "agreement_words",
    "choices",
    "first_page_words",
    "grid",
    "headline",
    "methods_of",
    "not_evaluated",
]
