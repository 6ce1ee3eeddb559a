"""Worksheets of .xlsx in the common form of XML, read by vectors over their bytes; any other is declined."""

from __future__ import annotations

from efficiency.intake.formats.xlsx_fast.worksheet import fast_reader

__all__ = ["fast_reader"]
