"""Which cells of a returned workbook are marked, by which severity, and what their comments say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

from efficiency.reports.submitters.package import CellMark
from efficiency.reports.text import SEVERITIES

if TYPE_CHECKING:
    from efficiency.reports.submitters.package import ReturnWorkbook

MAX_COMMENTS: Final = 5_000
"""Comments that one workbook is given; further cells are coloured and listed only (Excel opens slowly else)."""


@dataclass(slots=True)
class _Cell:
    severity: str
    messages: list[str] = field(default_factory=list)


def cell_marks(workbook: ReturnWorkbook, problems: pl.DataFrame) -> tuple[dict[tuple[str, str], CellMark], int]:
    """The marks of the errors and warnings in `problems`, by worksheet title and cell address.

    `problems` has sheet, cell, severity and message, gravest first. Several problems of one cell become one comment in
    that order, and the gravest gives the colour. Within a merged range the first cell is marked, which is the one
    shown. Also returns how many cells get no comment because there are more than MAX_COMMENTS.
    """
    cells: dict[tuple[str, str], _Cell] = {}
    for title, address, severities, messages in _by_cell(problems).iter_rows():
        shown = workbook.shown_cell(title, address)
        if shown is None:
            continue
        lines = [f"{SEVERITIES[severity]}：{message}" for severity, message in zip(severities, messages, strict=True)]
        if len(lines) > 1:
            lines = [f"{number}. {line}" for number, line in enumerate(lines, 1)]
        cells.setdefault((title, shown), _Cell(severities[0])).messages.extend(lines)
    marks = {
        name: CellMark(cell.severity, "\n".join(cell.messages) if rank < MAX_COMMENTS else None)
        for rank, (name, cell) in enumerate(cells.items())
    }
    return marks, max(0, len(cells) - MAX_COMMENTS)


def _by_cell(problems: pl.DataFrame) -> pl.DataFrame:
    return (
        problems.filter(pl.col("severity").is_in(["error", "warning"]), pl.col("cell").is_not_null())
        .group_by("sheet", "cell", maintain_order=True)
        .agg("severity", "message")
    )
