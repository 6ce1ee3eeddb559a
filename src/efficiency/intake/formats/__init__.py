"""A file to grids of cells: one module a format, the limits on what a file may expand to."""

from __future__ import annotations

from efficiency.intake.formats.archive import UnreadableError, each
from efficiency.intake.formats.grid import FEW, Grid, filled_cells, read_grids

__all__ = [
    "FEW",
    "Grid",
    "UnreadableError",
    "each",
    "filled_cells",
    "read_grids",
]
