"""Spreadsheets written as markup: OpenDocument, XML spreadsheets of Excel 2003, pages with tables."""

from __future__ import annotations

from efficiency.intake.formats.markup.html import html_grid, mht_grid
from efficiency.intake.formats.markup.ods import ods_grids
from efficiency.intake.formats.markup.spreadsheetml import NAMESPACE, spreadsheetml_grids

__all__ = ["NAMESPACE", "html_grid", "mht_grid", "ods_grids", "spreadsheetml_grids"]
