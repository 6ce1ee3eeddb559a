"""A file to grids of cells: one module a format, the limits on what a file may expand to."""

from __future__ import annotations

from efficiency.intake.formats.archive import damage_as_unreadable, opened_zip
from efficiency.intake.formats.grid import Grid, cells_of_rows, filled_cells, grid_of_cells
from efficiency.intake.formats.kinds import ARCHIVES, ENCRYPTED, SPREADSHEET, holds_table, is_costly, kind_of
from efficiency.intake.formats.limits import MAX_EXPANDED, UnreadableError
from efficiency.intake.formats.number_formats import NumberFormat
from efficiency.intake.formats.read import read_grids
from efficiency.intake.formats.xlsx import each

__all__ = [
    "ARCHIVES",
    "ENCRYPTED",
    "MAX_EXPANDED",
    "SPREADSHEET",
    "Grid",
    "NumberFormat",
    "UnreadableError",
    "cells_of_rows",
    "damage_as_unreadable",
    "each",
    "filled_cells",
    "grid_of_cells",
    "holds_table",
    "is_costly",
    "kind_of",
    "opened_zip",
    "read_grids",
]
