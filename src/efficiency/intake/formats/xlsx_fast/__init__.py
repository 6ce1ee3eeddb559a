"""Worksheets in the common form of XML, read column by column; anything else is declined."""

from __future__ import annotations

from efficiency.intake.formats.xlsx_fast.shared_strings import SharedParts
from efficiency.intake.formats.xlsx_fast.worksheet import PlainSheet, lacks_result, plain_sheet, with_formulas_around

__all__ = [
    "PlainSheet",
    "SharedParts",
    "lacks_result",
    "plain_sheet",
    "with_formulas_around",
]
