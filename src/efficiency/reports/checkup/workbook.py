"""体检: the check-up as a workbook of one sheet for A4 upright."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efficiency.reports.checkup.section import FOUND
from efficiency.reports.checkup.sections import PREFACE, summary
from efficiency.reports.palette import ALERT, HEADER
from efficiency.reports.report import BEIJING
from efficiency.reports.text import period_title
from efficiency.reports.workbook import Paper, new_workbook, print_setup

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from efficiency.policy.model import Policy
    from efficiency.reports.checkup.section import Grid, Section

SHEET = "体检"
COLUMNS, PIXELS, ROOM = 10, 66, 9.2
"""The grid of the sheet: with these it is as wide as A4 upright at full size. `ROOM`: characters a column takes."""
PAGE_HEIGHT, LEAST_LEFT = 790.0, 150.0
"""Points that a page takes, and must be left of it for a section to begin there."""
MARK = HEADER
"""The colour behind the rows that are a finding."""
SENTENCES = 12
"""Findings of a section that stand above its table; of more it gives the number."""
SMALL = 9
"""Points of the tables: the least that is read on paper."""


def check_up_file_name(period: str) -> str:
    """Name of the workbook of `period` (YYYY-MM)."""
    return f"体检_{period}.xlsx"


def write_check_up(
    path: Path, parts: tuple[Section, ...], evaluation: Mapping[str, object], policy: Policy, created: datetime
) -> None:
    """Writes the sections to `path`, whole or not at all; `evaluation`: the row of results.evaluations.

    `created`: when the evaluation was made, so that the same evaluation gives the same bytes. Raises EfficiencyError
    when the place cannot be written.
    """
    period = str(evaluation["period"])
    title = f"公平性体检({period_title(period)})"
    shown = {"evaluation_id": evaluation["evaluation_id"], "policy_id": policy.id}
    with new_workbook(
        path, created.astimezone(BEIJING), title=f"体检 {period}", enterprises=0, evaluation=shown
    ) as book:
        book.measure_columns_alike()
        sheet = book.workbook.add_worksheet(SHEET)
        sheet.set_column_pixels(0, COLUMNS - 1, PIXELS)
        paper = Paper(sheet, book.styles, COLUMNS, ROOM, room=ROOM)
        paper.line([(COLUMNS, title, paper.styles.title(18))], height=32)
        paper.line(
            [(COLUMNS, f"办法：{policy.title}", paper.styles.note(align="center", text_wrap=True, font_size=10))]
        )
        paper.line([(COLUMNS, PREFACE, paper.styles.get(text_wrap=True, valign="vcenter"))])
        paper.line([(COLUMNS, summary(parts), paper.styles.get(text_wrap=True, bold=True, valign="vcenter"))])
        breaks: list[int] = []
        page = 0.0
        for section in parts:
            page += PAGE_HEIGHT * ((paper.height - page) // PAGE_HEIGHT)
            if paper.height - page > PAGE_HEIGHT - LEAST_LEFT:
                breaks.append(paper.row)
                page = paper.height
            _write(paper, section)
        sheet.set_h_pagebreaks(breaks)
        # One column of the sheet is 66 pixels: every row is within the page, and pages end where they are full.
        print_setup(sheet, f"体检 {period} 评价编号 {evaluation['evaluation_id']}", portrait=True)
        sheet.print_area(0, 0, paper.row - 1, COLUMNS - 1)


def _write(paper: Paper, section: Section) -> None:
    """One section: what was looked at, what was found, what it does not prove, and its tables."""
    plain = paper.styles.get(text_wrap=True, valign="vcenter")
    small = paper.styles.note(text_wrap=True, font_size=SMALL + 0.5)
    strong = paper.styles.get(text_wrap=True, valign="vcenter", font_color=ALERT, bold=True)
    paper.section(section.title)
    paper.line([(COLUMNS, f"看什么：{section.looked_at}", small)])
    more = len(section.findings) - SENTENCES
    left = (f"另有{more}条，见表。",) if more > 0 else ()
    for sentence in (*section.findings[:SENTENCES], *left) or ((section.nothing,) if section.nothing else ()):
        paper.line([(COLUMNS, sentence, strong if section.outcome == FOUND else plain)])
    for sentence in section.not_judged:
        paper.line([(COLUMNS, sentence, plain)])
    paper.line([(COLUMNS, f"不说明什么：{section.proves_not}", small)])
    for grid in section.grids:
        _table(paper, grid)
    paper.line([(COLUMNS, None, plain)], height=8)


def _table(paper: Paper, grid: Grid) -> None:
    """A table; the rows that are a finding are shaded."""
    head = paper.styles.header(font_size=SMALL)
    paper.line([(span, text, head) for span, text in zip(grid.spans, grid.head, strict=True)])
    for number, row in enumerate(grid.rows):
        look = {"bg_color": MARK} if number in grid.marked else {}
        cell = paper.styles.cell("text", text_wrap=True, font_size=SMALL, **look)
        figure = paper.styles.cell("text", text_wrap=True, font_size=SMALL, align="center", **look)
        paper.line(
            [(span, text, figure if span == 1 else cell) for span, text in zip(grid.spans, row, strict=True)]
        )  # fmt: skip
    if grid.last:
        paper.line([(COLUMNS, grid.last, paper.styles.note(font_size=SMALL))])
