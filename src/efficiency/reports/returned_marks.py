"""The marks in a workbook that is given back: colour, border and comment of each cell with a problem.

A returned workbook is corrected and sent again. So that a cell which is right by then is not still
marked, the list sheet keeps what each cell looked like before (`before`), and `remove_marks` undoes
the marks of the round before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

import polars as pl
from openpyxl.cell.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Border, PatternFill, Side
from openpyxl.styles.fills import Fill
from openpyxl.utils import column_index_from_string

from efficiency.reports.text import clean_text, display_width
from efficiency.reports.wording import SEVERITIES
from efficiency.reports.workbook_package import MAX_COLUMN, MAX_ROW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openpyxl.cell.cell import Cell
    from openpyxl.workbook.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

MARK_FILL: Final = {"error": "FFFF9C9C", "warning": "FFFFE08A"}
"""Severity → fill (ARGB); error and warning differ in lightness too."""
MARK_BORDER: Final = {"error": ("medium", "FFB00000"), "warning": ("mediumDashed", "FF8A6100")}
"""Severity → line style and colour: a solid and a dashed frame, so that a grey print tells them apart."""
AUTHOR: Final = "能耗产出效益评价"
HEADING: Final = "【退回说明】"
"""First line of our part of a comment; what stands above it is the submitter's own."""

MAX_COMMENTS: Final = 5_000
"""Comments that one workbook is given; further cells are coloured and listed only (Excel opens slowly else)."""
_MAX_BEFORE: Final = 4_000
_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")

Place = tuple[str, str]
"""Worksheet title and cell address."""


@dataclass(frozen=True)
class Marked:
    """What marking did: how each marked cell looked before, and how many cells got no comment."""

    before: dict[Place, str]
    uncommented: int


def mark_cells(workbook: Workbook, problems: pl.DataFrame) -> Marked:
    """Colours and comments the cells of `problems` (severities error and warning) in an open workbook.

    `problems` has sheet, cell, severity and message, gravest first. Several problems of one cell
    become one comment in that order, and the gravest gives the colour. A comment that the cell has
    already stays above ours. Within a merged range the first cell is marked, which is the one shown.
    """
    cells = (
        problems.filter(pl.col("severity").is_in(list(MARK_FILL)), pl.col("cell").is_not_null())
        .group_by("sheet", "cell", maintain_order=True)
        .agg("severity", "message")
    )
    titles = {sheet.title: sheet for sheet in workbook.worksheets}
    before: dict[Place, str] = {}
    seen: set[Place] = set()
    uncommented = 0
    for title, address, severities, messages in cells.iter_rows():
        if title not in titles or not is_address(address):
            continue
        cell = _shown_cell(titles[title], address)
        if (title, cell.coordinate) not in seen:
            before[title, address] = _appearance(cell)
            _colour(cell, severities[0])
            seen.add((title, cell.coordinate))
        if len(seen) > MAX_COMMENTS:
            uncommented += 1
            continue
        _comment(cell, severities, messages)
    return Marked(before, uncommented)


def remove_marks(workbook: Workbook, before: Mapping[Place, str]) -> None:
    """Undoes the marks of an earlier round: our part of each comment, and the colour where it is still ours.

    `before` is how the cells looked, as the earlier list sheet kept it. A cell that moved since (rows
    were inserted) is found by its comment and left without colour.
    """
    titles = {sheet.title: sheet for sheet in workbook.worksheets}
    for (title, address), appearance in before.items():
        if title in titles and is_address(address):
            _restore(_shown_cell(titles[title], address), appearance)
    for sheet in workbook.worksheets:
        # Not iter_rows: it would make a cell of every place up to the last one used.
        for cell in [cell for cell in sheet._cells.values() if cell.comment]:
            own, heading, _ = cell.comment.text.partition(HEADING)
            if heading:
                _set_comment(cell, own.rstrip())
                _restore(cell, "")


def is_address(address: str) -> bool:
    """Whether `address` is that of a single cell within Excel's bounds."""
    match = _ADDRESS.fullmatch(address)
    return match is not None and column_index_from_string(match[1]) <= MAX_COLUMN and int(match[2]) <= MAX_ROW


def _shown_cell(sheet: Worksheet, address: str) -> Cell:
    """The cell at `address`, or the first cell of the merged range that hides it."""
    cell = sheet[address]
    if isinstance(cell, MergedCell):
        merged = next(merged for merged in sheet.merged_cells.ranges if address in merged)
        return merged.start_cell
    return cell


def _colour(cell: Cell, severity: str) -> None:
    style, colour = MARK_BORDER[severity]
    side = Side(style=style, color=colour)
    cell.fill = PatternFill("solid", fgColor=MARK_FILL[severity])
    cell.border = Border(left=side, right=side, top=side, bottom=side)


def _comment(cell: Cell, severities: list[str], messages: list[str]) -> None:
    own = cell.comment.text if cell.comment else ""
    said = [f"{SEVERITIES[severity]}：{message}" for severity, message in zip(severities, messages, strict=True)]
    if HEADING in own:  # a second cell of the same merged range
        _set_comment(cell, "\n".join([own, *said]))
        return
    if len(said) > 1:
        said = [f"{number}. {text}" for number, text in enumerate(said, 1)]
    _set_comment(cell, "\n".join([*([own.rstrip(), ""] if own else []), HEADING, *said]))


def _set_comment(cell: Cell, text: str) -> None:
    author = cell.comment.author if cell.comment else AUTHOR
    if not text:
        cell.comment = None
        return
    # A box 320 pixels wide shows about 46 half-width characters a line.
    lines = sum(1 + display_width(line) // 46 for line in text.split("\n"))
    cell.comment = Comment(clean_text(text), author or AUTHOR, width=320, height=24 + 18 * min(lines, 30))


def _appearance(cell: Cell) -> str:
    """Fill and border of a cell as XML text, from which `_restore` makes them again."""
    parts = [cell.fill.to_tree(), cell.border.to_tree("border")]
    return "".join(ET.tostring(part, encoding="unicode") for part in parts)


def _restore(cell: Cell, appearance: str) -> None:
    """Gives a cell that has our colour the look it had; a plain one where that is not known."""
    if cell.fill.fgColor.rgb not in MARK_FILL.values():
        return
    fill, border = PatternFill(), Border()
    if appearance and len(appearance) <= _MAX_BEFORE:
        try:
            parts = list(ET.fromstring(f"<before>{appearance}</before>"))  # noqa: S314 - bounded above
            fill, border = Fill.from_tree(parts[0]), Border.from_tree(parts[1])
            for side in ("left", "right", "top", "bottom"):
                setattr(border, side, getattr(border, side) or Side())
        except (ET.ParseError, IndexError, TypeError, ValueError, KeyError):
            # The submitter changed the hidden column: the cell is left plain.
            fill, border = PatternFill(), Border()
    cell.fill, cell.border = fill, border
