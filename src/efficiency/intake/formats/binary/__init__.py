"""Excel's binary workbooks, .xls and .xlsb (records with a kind and a length), and the container of .xls."""

from __future__ import annotations

from efficiency.intake.formats.binary.compound import MAGIC, CompoundFile
from efficiency.intake.formats.binary.xls import xls_grids
from efficiency.intake.formats.binary.xlsb import xlsb_grids

__all__ = ["MAGIC", "compound_names", "xls_grids", "xlsb_grids"]


def compound_names(data: bytes) -> list[str]:
    """The names of the storages and streams of a compound file. Raises UnreadableError for what is damaged."""
    return CompoundFile(data).names
