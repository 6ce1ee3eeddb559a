"""一企一单: one enterprise's score card on one printed page, for the enterprise to check and to sign.

The page is A4 upright with 9 points or more as printed. Below it, where nothing is printed, stand all cells that the
figures come from; beside it the figures of the charts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from efficiency.reports.card import page
from efficiency.reports.card.charts import (
    Beside,
    course_chart,
    course_sentence,
    course_title,
    strip_chart,
    strip_of,
    strip_title,
    strip_words,
)
from efficiency.reports.card.rows import COLUMNS, PIXELS, Limits, Maker, Row
from efficiency.reports.card.sources import source_blocks
from efficiency.reports.card.words import verification_lines
from efficiency.reports.report import BEIJING
from efficiency.reports.workbook import new_workbook, print_setup, unique_parts, write_merged

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from efficiency.evaluation.explanation import Explanation
    from efficiency.reports.card.sources import SourceBlock
    from efficiency.reports.workbook import Book, Cells

HEIGHT = 845.0
"""Points of all rows of the page: so high it is printed at nine tenths of its size or more."""
MARGINS = {"left": 0.3, "right": 0.3, "top": 0.35, "bottom": 0.5}
"""Inches."""
LIMITS = (
    Limits(lines=9, check=3, name=5, title=2, ways=6, checks=9, chart=126, spare=True),
    Limits(lines=3, check=2, name=5, title=2, ways=3, checks=9, chart=120, spare=True),
    Limits(lines=2, check=2, name=5, title=2, ways=3, checks=9, chart=112, spare=True),
    Limits(lines=2, check=1, name=5, title=2, ways=2, checks=9, chart=104, spare=True),
    Limits(lines=2, check=1, name=4, title=2, ways=2, checks=6, chart=98, spare=False),
    Limits(lines=2, check=1, name=3, title=2, ways=1, checks=4, chart=92, spare=False),
    Limits(lines=1, check=1, name=3, title=1, ways=1, checks=4, chart=86, spare=False),
    Limits(lines=1, check=1, name=2, title=1, ways=0, checks=2, chart=80, spare=False),
)
"""How much is shown of what can be long, from the most to the least: the first with which all is on the page."""
SOURCES_ROOM = 80.0
"""Points for the sources for which the other parts are shortened, as far as one step."""
EVERY = 28
"""Lines of a text below the page: as many as the highest row takes."""
BESIDE = COLUMNS + 1
"""The column in which the figures of the charts begin."""


def card_file_names(explanations: Iterable[Explanation]) -> list[str]:
    """A file name for each card: period, code and name; no two alike, whatever the enterprises are called."""
    listed = [(e.score["period"], f"{e.score['uscc']}_{e.score['name'] or ''}") for e in explanations]
    parts = unique_parts(label for _, label in listed)
    return [f"一企一单_{period}_{part}.xlsx" for (period, _), part in zip(listed, parts, strict=True)]


def write_card(path: Path, explanation: Explanation) -> None:
    """Writes the card of `explanation` to `path`, whole or not at all; the same card gives the same bytes.

    Raises EfficiencyError when the place cannot be written.
    """
    created = explanation.evaluation["created_at"].astimezone(BEIJING)
    title = f"企业能耗产出效益评价确认单 {explanation.score['period']}"
    with new_workbook(path, created, title=title, enterprises=1) as book:
        sheet = book.workbook.add_worksheet("确认单")
        book.measure_columns_alike()
        sheet.set_column_pixels(0, COLUMNS - 1, PIXELS)
        blocks = source_blocks(explanation)
        rows = _page(Maker(book.styles), _Charts(book, sheet, explanation), explanation, blocks)
        _write(sheet, rows, 0)
        running = f"一企一单 {explanation.score['period']} 评价编号 {explanation.evaluation['evaluation_id']}"
        print_setup(sheet, running, portrait=True)
        sheet.set_margins(**MARGINS)
        sheet.fit_to_pages(1, 1)
        sheet.print_area(0, 0, len(rows) - 1, COLUMNS - 1)
        cut = [text for row in rows for text in row.cut]
        _write(sheet, _below(Maker(book.styles), cut, verification_lines(explanation), blocks), len(rows) + 1)


class _Charts:
    """The charts of a card, and what stands above them."""

    def __init__(self, book: Book, sheet: Worksheet, explanation: Explanation) -> None:
        self.book, self.sheet, self.explanation = book, sheet, explanation
        self.strip = strip_of(explanation)
        course = course_title(explanation)
        self.titles = (course,) if self.strip is None else (strip_title(explanation, self.strip), course)

    def insert(self, sheet: Worksheet, row: int, height: float) -> None:
        """Inserts both into `row`, which is so many points high, and writes their figures beside the page."""
        cells = Beside(self.book.workbook, sheet, self.book.styles, BESIDE)
        made = []
        if self.strip is not None:
            chart = strip_chart(cells, self.explanation, self.strip, height)
            made.append((0, chart, strip_words(self.explanation, self.strip)))
        if (course := course_chart(cells, self.explanation, height)) is not None:
            made.append((0 if self.strip is None else page.HALF, course, course_sentence(self.explanation)))
        for column, chart, words in made:
            wide = COLUMNS - column if self.strip is None else page.HALF
            chart.set_size({"width": wide * PIXELS - 4, "height": int(height / 0.75) - 4})
            place = {"x_offset": 2, "y_offset": 2, "object_position": 1, "description": words}
            sheet.insert_chart(row, column, chart, place)
        if cells.column > BESIDE:
            sheet.set_column_pixels(BESIDE, cells.column - 1, 80)
            sheet.write_string(0, BESIDE, "图表数据(不打印)", self.book.styles.note())


def _page(make: Maker, charts: _Charts, explanation: Explanation, blocks: Sequence[SourceBlock]) -> list[Row]:
    """The rows of the page, shortened until it is no higher than HEIGHT."""
    rows: list[Row] = []
    for limits in LIMITS:
        above = [
            *page.head_rows(make, explanation),
            *page.enterprise_rows(make, explanation, limits),
            *page.result_rows(make, explanation, limits),
            *page.place_rows(make, explanation, limits, charts.titles, charts.insert),
            *page.indicator_rows(make, explanation, limits),
            *page.verification_rows(make, explanation, limits),
            *page.way_rows(make, explanation, limits),
        ]
        below = page.confirmation_rows(make, limits)
        room = HEIGHT - sum(row.height for row in (*above, *below))
        rows = [*above, *page.source_rows(make, blocks, room, "见电子版打印区以下"), *below]
        least = SOURCES_ROOM if blocks else 0.0
        if room >= least and sum(row.height for row in rows) <= HEIGHT:
            break
    return _numbered(rows)


def _numbered(rows: Sequence[Row]) -> list[Row]:
    """`rows` with the headings of the parts numbered."""
    numbers = iter("一二三四五六七八九")
    return [
        replace(row, cells=[(span, f"{next(numbers)}、{value}", style) for span, value, style in row.cells])
        if row.is_section
        else row
        for row in rows
    ]


def _write(sheet: Worksheet, rows: Sequence[Row], first: int) -> None:
    for number, row in enumerate(rows, start=first):
        sheet.set_row_pixels(number, round(row.height / 0.75))
        column = 0
        for span, value, style in row.cells:
            write_merged(sheet, number, (column, column + span - 1), value, style)
            column += span
        if row.after is not None:
            row.after(sheet, number)


def _below(
    make: Maker, cut: Sequence[str], verifications: Sequence[tuple[str, str]], blocks: Sequence[SourceBlock]
) -> list[Row]:
    """What the page has no room for, for the screen: texts that it cuts, verifications and sources, all of each."""
    rows: list[Row] = []
    if cut:
        rows.append(make.section("页上未写全的文字(不打印)"))
        rows += [make.row([(COLUMNS, text, make.text)], most=EVERY) for text in cut]
    if verifications:
        rows.append(make.section("核查事项的依据(不打印)"))
        rows += [
            make.pairs([(11, label, COLUMNS - 11, words, make.text)], most=EVERY) for label, words in verifications
        ]
    return rows + _all_sources(make, blocks)


def _all_sources(make: Maker, blocks: Sequence[SourceBlock]) -> list[Row]:
    """All totals with the cells that they are made of."""
    from xlsxwriter.utility import xl_range

    if not blocks:
        return []
    spans = (6, 4, 4, 11, 11)
    rows = [
        make.section("数据来源(不打印；合计由下列填报数相加，负数为减去；单元格后为该格的数)"),
        make.head(spans, ("项目", "所属期", "计入数", "文件 [工作表]", "单元格")),
    ]
    bold = make.styles.cell("text", bold=True, text_wrap=True)
    for block in blocks:
        total = make.figure(block.total, 4, bold=True)
        if len(block.lines) == 1 and not block.words:
            (one,) = block.lines
            source: Cells = [(11, one.source, make.text), (11, one.cells, make.text)]
            rows.append(
                make.row(
                    [(6, block.title, bold), (4, one.span, make.text), (4, block.total, total), *source], most=EVERY
                )
            )
            continue
        cells: Cells = [
            (6, block.title, bold),
            (4, "合计", bold),
            (4, block.total, total),
            (22, block.words, make.text),
        ]
        count, scale, value = len(block.lines), block.scale, block.total

        def formula(sheet: Worksheet, row: int, *, count: int = count, scale: float = scale,
                    value: float | None = value, total: Format = total) -> None:  # fmt: skip
            made = f"=SUM({xl_range(row + 1, 10, row + count, 10)})" + (f"*{scale!r}" if scale != 1 else "")
            sheet.write_formula(row, 10, made, total, value)

        rows.append(make.row(cells, most=EVERY, after=formula if block.adds_up else None))
        rows += [
            make.row([
                (6, None, make.text), (4, line.span, make.text), (4, line.amount, make.figure(line.amount, 4)),
                (11, line.source, make.text), (11, line.cells, make.text),
            ], most=EVERY)
            for line in block.lines
        ]  # fmt: skip
    return rows
