"""The sheet 方法稳健: how many tiers each choice of method moves, and who is on lists under which of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efficiency.reports import robustness
from efficiency.reports.palette import ACCENT, TIER_FILL, TIER_INK
from efficiency.reports.text import clean_text
from efficiency.reports.workbook import lines_in, print_setup, row_height, write_merged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from efficiency.reports.report import Report
    from efficiency.reports.workbook import Styles

MOST_ROWS = 2_000
"""Enterprises on lists that the sheet shows; the warehouse has all of them."""
MOST_ON_PAPER = 7
"""Of them, those that are printed: with the table of choices they fill a page."""
FIRST_WIDTHS = (13.0, 27.0, 6.0, 7.5, 7.5)
"""List, enterprise, tier, methods with that tier, methods with that list."""
PAGE_WIDTH = 138.0
"""Letters of nine points across A4 landscape."""
HEAD = ("清单", "企业名称", "本办法\n等级", "等级\n不变", "清单\n不变")


def write_variants(sheet: Worksheet, styles: Styles, report: Report) -> None:
    """Writes 方法稳健 of a report whose variants were evaluated."""
    found = robustness.grid(report, MOST_ROWS)
    own = min(9.0, max(5.5, (PAGE_WIDTH - sum(FIRST_WIDTHS)) / len(found.titles)))
    widths = [*FIRST_WIDTHS, *[own] * max(len(found.titles), 6)]
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    page = _Sheet(sheet, styles, widths)
    page.across(
        f"{report.region}方法稳健：换一种说得通的算法，结论是否相同({report.period_title})", styles.title(14), 22
    )
    wrapped = styles.get(text_wrap=True, valign="vcenter")
    page.across(robustness.headline(report), styles.get(text_wrap=True, valign="vcenter", bold=True, font_color=ACCENT))
    page.across(robustness.MEANING, wrapped)
    page.choices(robustness.choices(report))
    page.across("列入清单的企业", styles.get(bold=True, font_size=11, font_color=ACCENT, valign="bottom"), 20)
    printed = f"打印前{MOST_ON_PAPER}户，其余在屏幕上查看。" if len(found.rows) > MOST_ON_PAPER else ""
    page.across(f"{robustness.LEGEND}{printed}", wrapped)
    head = page.row
    page.grid(found)
    sheet.print_area(0, 0, min(page.row, head + 1 + MOST_ON_PAPER) - 1, len(page.widths) - 1)
    if found.left_out:
        page.across(f"另有{found.left_out:,}户列入清单，见数据仓库视图 variants。", styles.note(font_size=10))
    print_setup(sheet, f"方法稳健 {report.period_title} 评价编号 {report.evaluation['evaluation_id']}")
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(head)
    sheet.freeze_panes(head + 1, 2)


class _Sheet:
    """Writes rows from the top down; `row` is the next one."""

    def __init__(self, sheet: Worksheet, styles: Styles, widths: Sequence[float]) -> None:
        self.sheet, self.styles, self.widths, self.row = sheet, styles, widths, 0

    def across(self, text: str, style: Format, height: float | None = None) -> None:
        """A row over the page's width."""
        text = clean_text(text)
        self.sheet.set_row(self.row, height or row_height(lines_in(text, sum(self.widths))))
        write_merged(self.sheet, self.row, (0, len(self.widths) - 1), text, style)
        self.row += 1

    def choices(self, rows: Sequence[tuple[int, str, str, int, int, int, int]]) -> None:
        """The variants with what each moves: number and title, why, and four counts."""
        last = len(self.widths) - 1
        spans = ((0, 1), (2, last - 4), (last - 3, last - 3), (last - 2, last - 2), (last - 1, last - 1), (last, last))
        heads = ("口径", "为什么说得通(右为户数)", "等级\n改变", "不再\n为D类", "离开\n原清单", "新进\n清单")
        self._cells(spans, heads, [self.styles.header()] * len(spans), room=4)
        text, number = self.styles.cell("text", text_wrap=True), self.styles.cell("integer")
        for position, title, why, *counts in rows:
            self._cells(spans, (f"{position}. {title}", why, *counts), [text, text, *[number] * 4])

    def grid(self, found: robustness.Grid) -> None:
        """The header and one row per enterprise."""
        heads = (*HEAD, *(f"{i}.\n{title}" for i, title in enumerate(found.titles, start=1)))
        singles = [(column, column) for column in range(len(heads))]
        self._cells(singles, heads, [self.styles.header()] * len(heads), room=6)
        text, middle = self.styles.cell("text", text_wrap=True), self.styles.cell("text", align="center")
        for listed, name, tier, tiers, lists, cells in found.rows:
            values = (listed, name, tier, tiers, lists, *(shown for shown, _ in cells))
            formats = [text, text, self._tinted(tier, tier), middle, middle]
            formats += [self._tinted(shown, colour) for shown, colour in cells]
            self._cells(singles, values, formats)

    def _tinted(self, shown: str, tier: str | None) -> Format:
        """The tint of `tier`; bold where what is shown differs from the bare tier."""
        if tier not in TIER_FILL:
            return self.styles.cell("text", align="center")
        return self.styles.cell(
            "text", align="center", bold=shown != tier, bg_color=TIER_FILL[tier], font_color=TIER_INK[tier]
        )

    def _cells(
        self,
        spans: Sequence[tuple[int, int]],
        values: Sequence[str | int],
        formats: Sequence[Format],
        *,
        room: float = 0,
    ) -> None:
        """A row of cells, as high as the text that takes most lines, and `room` points more."""
        texts = [clean_text(value) if isinstance(value, str) else value for value in values]
        widths = [sum(self.widths[first : last + 1]) for first, last in spans]
        lines = max(lines_in(str(text), width) for text, width in zip(texts, widths, strict=True))
        self.sheet.set_row(self.row, row_height(lines) + room if lines > 1 else 15.5)
        for span, text, style in zip(spans, texts, formats, strict=True):
            write_merged(self.sheet, self.row, span, text, style)
        self.row += 1
