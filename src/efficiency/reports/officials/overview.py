"""概览 as a sheet: all that matters most on one printed page, the tables by town and by industry on the next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from efficiency.reports.content import charts, columns, notes, score_changes, totals
from efficiency.reports.officials.overview_charts import (
    CHART_GROUPS,
    ROW_PIXELS,
    ChartArea,
    ChartData,
    insert_charts,
    insert_movers,
)
from efficiency.reports.palette import ACCENT, CARD, MUTED
from efficiency.reports.text import (
    CONFIDENT,
    SEVERITIES,
    SUBMISSION_STATUSES,
    clean_frame,
    clean_text,
    whole_percent,
)
from efficiency.reports.workbook import Extent, Styles, print_setup, wrapped_lines, write_merged
from schemas.profile import TIERS
from schemas.results import STATUS_NAMES

if TYPE_CHECKING:
    import polars as pl
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from efficiency.reports.report import Report

COLUMNS = 24
COLUMN_WIDTH = 7.3
ROW_HEIGHT = 16.5
"""Points; the first page is then full, and no more."""
GROUP_HEIGHT, HEADER_HEIGHT = 14.0, 30.0
"""Points of a row by town or industry, and of its header: both tables then stand on one page with what changed."""
SCALE = 65
"""Percent at which the columns fit A4 across, in the widest font that stands in for a missing one (DejaVu Sans) too."""
PAGE_HEIGHT = 790
"""Points of rows that a printed page takes at SCALE."""
LEFT = 8
"""Columns of the tables on the left; the charts have the rest."""

Cells = Sequence[tuple[int, "str | float | None", "Format"]]
"""Cells from left to right: columns spanned, value, format."""

_MOVER_COLUMNS = (("企业名称", 5), ("上期", 1), ("本期", 1), ("得分变化", 1), ("主要原因", 3))
"""Title and columns spanned of each column of the movers."""
MOVERS_COLUMNS = sum(span for _, span in _MOVER_COLUMNS)
_GROUP_TITLES = {
    "town": ("分镇办情况", "镇办"),
    "industry_division": ("分行业情况", "行业大类(GB/T 4754-2017)"),
}
_GROUP_COLUMNS = (
    ("label", "", 5, "text"),
    ("registered", "名录企业", 2, "integer"),
    ("ranked", "参评", 2, "integer"),
    *((tier, f"{tier}类", 1, "integer") for tier in TIERS),
    ("land", "用地(亩)", 3, "amount"),
    ("energy", "综合能耗(吨标准煤)", 3, "amount"),
    ("tax_per_mu", "亩均税收\n(万元/亩)", 2, "ratio"),
    ("revenue_per_tce", "单位能耗营业收入\n(万元/吨标准煤)", 3, "ratio"),
)


def write_overview(
    workbook: Workbook,
    sheet: Worksheet,
    styles: Styles,
    report: Report,
    *,
    lists: Sequence[tuple[str, pl.DataFrame, Extent]],
) -> None:
    """Writes 概览. `lists`: title, rows and extent of the sheets from which its quadrant takes their enterprises."""
    sheet.set_column(0, COLUMNS - 1, COLUMN_WIDTH)
    sheet.set_default_row(ROW_HEIGHT)
    row = _head(sheet, styles, report)
    row = _cards(sheet, styles, totals.headline_figures(report), row) + 1
    summary = clean_text(totals.summary(report))
    write_merged(
        sheet,
        row,
        (0, COLUMNS - 1),
        summary,
        styles.get(text_wrap=True, valign="vcenter", font_size=11, indent=1, left=5, left_color=ACCENT),
    )
    sheet.set_row(row, 17 * wrapped_lines(summary, COLUMNS * COLUMN_WIDTH * 0.86) + 6)
    top = row + 2
    row = _tiers(sheet, styles, report, top)
    row = _lists(sheet, styles, lists, row + 1)
    row = _movement(sheet, styles, report, row + 1)
    row = _trust(sheet, styles, report, row + 1)
    area = ChartArea(workbook, sheet, top=top, left=LEFT)
    next_page = max(row, area.bottom) + 1
    movers = _movers(sheet, styles, report, next_page)
    row = _score_changes(sheet, styles, report, movers[1])
    row, towns = _groups(sheet, styles, report, by="town", row=row)
    breaks = [next_page]
    above, below = (totals.group_table(report, by).height for by in ("town", "industry_division"))
    used = (row - next_page) * ROW_HEIGHT - above * (ROW_HEIGHT - GROUP_HEIGHT) + HEADER_HEIGHT - ROW_HEIGHT
    needed = below * GROUP_HEIGHT + 3 * ROW_HEIGHT + HEADER_HEIGHT
    if used + needed > PAGE_HEIGHT >= needed:
        # A table that goes on overleaf would go on without its header.
        breaks.append(row + 1)
    sheet.set_h_pagebreaks(breaks)
    row, industries = _groups(sheet, styles, report, by="industry_division", row=row + 1)
    write_merged(sheet, row, (0, COLUMNS - 1), notes.GROUP_NOTE, styles.note())
    sheet.print_area(0, 0, row, COLUMNS - 1)
    data = ChartData(sheet, styles, row + 2)
    insert_charts(area, data, report, listed=lists, towns=towns, industries=industries)
    first, after = movers
    if after > first:
        height = (after - first - 1) * ROW_PIXELS
        insert_movers(area, data, report, row=first + 1, column=MOVERS_COLUMNS, height=height)
    print_setup(sheet, f"{report.policy_title} {report.period_title} 评价编号 {report.evaluation['evaluation_id']}")
    # At a fixed scale: a sheet that is fitted to a page has no page breaks of its own.
    sheet.set_print_scale(SCALE)
    sheet.set_zoom(90)


def _put(sheet: Worksheet, row: int, cells: Cells, start: int = 0) -> None:
    column = start
    for span, value, style in cells:
        write_merged(sheet, row, (column, column + span - 1), value, style)
        column += span


def _head(sheet: Worksheet, styles: Styles, report: Report) -> int:
    sheet.set_row(0, 36)
    title = clean_text(f"{report.region}企业能耗产出效益评价概览({report.period_title})")
    write_merged(sheet, 0, (0, COLUMNS - 1), title, styles.title())
    sheet.set_row(1, 18)
    origin = (
        f"评价办法：{report.policy_title}",
        f"生成时间：{report.created_at:%Y-%m-%d %H:%M}",
        f"评价编号：{report.evaluation['evaluation_id']}",
    )
    write_merged(sheet, 1, (0, COLUMNS - 1), clean_text("    ".join(origin)), styles.note(align="center"))
    sheet.set_row(2, 8)
    return 3


def _cards(sheet: Worksheet, styles: Styles, headlines: Sequence[totals.Headline], row: int) -> int:
    """The band of headline figures: label, figure, change since the last period."""
    span = COLUMNS // len(headlines)
    for offset, height in enumerate((20, 30, 18)):
        sheet.set_row(row + offset, height)
    sheet.set_row(row + 3, 8)
    edge = {"bg_color": CARD, "align": "center", "valign": "vcenter", "right": 5, "right_color": "#FFFFFF"}
    labels: Cells = [(span, f"{h.label}({h.unit})", styles.get(font_color=MUTED, **edge)) for h in headlines]
    figures: Cells = [
        (
            span,
            h.value if h.value is not None else "—",
            styles.get(
                bold=True,
                font_size=18,
                font_color=ACCENT,
                num_format="#,##0.00" if h.kind == "ratio" else "#,##0",
                **edge,
            ),
        )
        for h in headlines
    ]
    changes: Cells = [(span, _change(h), styles.get(font_size=9, font_color=MUTED, **edge)) for h in headlines]
    for offset, cells in enumerate((labels, figures, changes)):
        _put(sheet, row + offset, cells)
    return row + 3


def _change(headline: totals.Headline) -> str:
    if headline.value is None:
        return "本期无数据"
    if headline.previous is None:
        return "无上期数据"
    if headline.value == headline.previous:
        return "与上期持平"
    if headline.kind == "integer":
        return f"较上期 {headline.value - headline.previous:+,.0f} {headline.unit}"
    if not headline.previous:
        return f"上期 {headline.previous:g}"
    # Adding 0.0 turns a rounded −0.0 into 0.
    return f"较上期 {round((headline.value - headline.previous) / abs(headline.previous), 3) + 0.0:+.1%}"


def _section(sheet: Worksheet, styles: Styles, row: int, title: str, span: int) -> int:
    style = styles.get(bold=True, font_size=11, font_color=ACCENT, bottom=2, bottom_color=ACCENT)
    write_merged(sheet, row, (0, span - 1), title, style)
    return row + 1


def _tiers(sheet: Worksheet, styles: Styles, report: Report, row: int) -> int:
    row = _section(sheet, styles, row, "一、等级分布", LEFT)
    table = totals.tier_table(report)
    if not table["enterprises"].sum():
        ungraded = all(cohort.tiers is None for cohort in report.policy.cohort)
        words = "本办法只排名，不划分等级" if ungraded else "本期无企业评级"
        write_merged(sheet, row, (0, LEFT - 1), words, styles.cell("text"))
        return row + 1
    header = styles.header()
    _put(
        sheet,
        row,
        [
            (3, "等级", header),
            (1, "户数", header),
            (1, "占比", header),
            (1, "用地(亩)", header),
            (2, "综合能耗(吨标煤)", header),
        ],
    )
    shown = table.select("tier", "enterprises", "land", "energy", "share")
    for tier, enterprises, land, energy, share in shown.iter_rows():
        row += 1
        _put(
            sheet,
            row,
            [
                (1, tier, styles.tier(tier)),
                (2, report.letter_names[tier], styles.cell("text", shrink=True)),
                (1, enterprises, styles.cell("integer")),
                (1, share, styles.cell("percent")),
                (1, land, styles.cell("integer")),
                (2, energy, styles.cell("integer")),
            ],
        )
    bold = {"bold": True, "bg_color": CARD}
    total = table.sum()
    row += 1
    _put(
        sheet,
        row,
        [
            (3, "合计", styles.cell("text", **bold)),
            (1, total["enterprises"][0], styles.cell("integer", **bold)),
            (1, 1.0, styles.cell("percent", **bold)),
            (1, total["land"][0], styles.cell("integer", **bold)),
            (2, total["energy"][0], styles.cell("integer", **bold)),
        ],
    )
    # Not ranked, so in no share: below the sum.
    for letter, enterprises, land, energy in totals.letter_table(report).iter_rows():
        row += 1
        name = f"另：{letter} {report.letter_names[letter]}"
        figures: Cells = [(1, enterprises, styles.cell("integer")), (1, None, styles.cell("text"))]
        sums: Cells = [(1, land, styles.cell("integer")), (2, energy, styles.cell("integer"))]
        _put(sheet, row, [(3, name, styles.cell("text", shrink=True)), *figures, *sums])
    return row + 1


def _lists(sheet: Worksheet, styles: Styles, lists: Sequence[tuple[str, pl.DataFrame, Extent]], row: int) -> int:
    row = _section(sheet, styles, row, "二、建议清单(经人工确认后生效)", LEFT)
    header = styles.header()
    _put(
        sheet,
        row,
        [
            (3, "清单", header),
            (1, "户数", header),
            (1, "临界", header),
            (1, "用地(亩)", header),
            (2, "综合能耗(吨标煤)", header),
        ],
    )
    for title, rows, extent in lists:
        row += 1
        _put(
            sheet,
            row,
            [
                (3, title, styles.cell("text", font_color=ACCENT, underline=1)),
                (1, rows.height, styles.cell("integer")),
                (1, rows["review"].count(), styles.cell("integer")),
                (1, float(rows["land"].sum()), styles.cell("integer")),
                (2, float(rows["energy"].sum()), styles.cell("integer")),
            ],
        )
        sheet.write_url(
            row,
            0,
            f"internal:'{extent.sheet.replace(chr(39), chr(39) * 2)}'!A1",
            styles.cell("text", font_color=ACCENT, underline=1),
            clean_text(title),
        )
    return row + 1


def _movement(sheet: Worksheet, styles: Styles, report: Report, row: int) -> int:
    """The matrix of tiers before and now; returns the row after it."""
    row = _section(sheet, styles, row, "三、等级变动(户)", LEFT)
    matrix = totals.tier_movement(report)
    if matrix is None:
        write_merged(sheet, row, (0, LEFT - 1), totals.no_movement_reason(report), styles.cell("text"))
        return row + 1
    states = [*TIERS, totals.UNRATED]
    header = styles.header()
    _put(sheet, row, [(2, "上期＼本期", header), *((1, state, header) for state in states), (1, "合计", header)])
    for values in matrix.iter_rows():
        row += 1
        before, counts = values[0], values[1:]
        cells = [
            (
                1,
                count,
                styles.cell("integer", align="center", bold=True, bg_color=CARD)
                if state == before
                else styles.cell("integer", align="center", num_format='#,##0_ ;-0_ ;"·"_ '),
            )
            for state, count in zip(states, counts, strict=True)
        ]
        _put(
            sheet,
            row,
            [
                (2, before, styles.cell("text", align="center")),
                *cells,
                (1, sum(counts), styles.cell("integer", align="center")),
            ],
        )
    return row + 1


def _movers(sheet: Worksheet, styles: Styles, report: Report, row: int) -> tuple[int, int]:
    """Who moved between tiers and why, left of the chart of it; returns the first row and the row after it."""
    shown = clean_frame(charts.movers_shown(report))
    if shown.is_empty():
        return row, row
    first, total = row, charts.movers(report).height
    more = f"，列出{shown.height}户，其余见“得分变动”" if total > shown.height else ""
    row = _section(sheet, styles, row, f"等级变动企业({total}户{more})", COLUMNS)
    header = styles.header()
    _put(sheet, row, [(span, title, header) for title, span in _MOVER_COLUMNS])
    text = styles.cell("text", shrink=True)
    signed = styles.cell("score", num_format="+0.00;-0.00;0.00")
    for name, before, tier, change, why in shown.select("name", "before", "tier", "change", "why").iter_rows():
        row += 1
        formats = (text, styles.tier(before), styles.tier(tier), signed, text)
        spans = (span for _, span in _MOVER_COLUMNS)
        _put(sheet, row, list(zip(spans, (name, before, tier, change, why or "—"), formats, strict=True)))
    return first, row + 2


def _score_changes(sheet: Worksheet, styles: Styles, report: Report, row: int) -> int:
    """Which scores changed and why, at the head of the second page; nothing without a previous evaluation."""
    lines = score_changes.score_change_lines(report)
    if not lines:
        return row
    row = _section(sheet, styles, row, "得分变动及原因", COLUMNS)
    style = styles.get(text_wrap=True, valign="vcenter")
    half = COLUMNS // 2
    first, *named = lines
    sheet.set_row(row, max(15 * wrapped_lines(first, COLUMNS * COLUMN_WIDTH), ROW_HEIGHT))
    write_merged(sheet, row, (0, COLUMNS - 1), clean_text(first), style)
    # Rises on the left, falls on the right: a line of either beside each other.
    sides = [[line for line in named if line.startswith(words)] for words in ("上升", "下降")]
    for pair in zip_longest(*sides):
        row += 1
        most = max(wrapped_lines(line or "", half * COLUMN_WIDTH) for line in pair)
        sheet.set_row(row, max(15 * most, ROW_HEIGHT))
        for side, line in enumerate(pair):
            write_merged(sheet, row, (side * half, (side + 1) * half - 1), clean_text(line or ""), style)
    return row + 2


def _trust(sheet: Worksheet, styles: Styles, report: Report, row: int) -> int:
    """How sure the tiers are and how good the data."""
    row = _section(sheet, styles, row, "四、把握程度与数据质量", LEFT)
    firm, known = totals.confidence_counts(report)
    statuses = dict(report.scores["status"].value_counts().iter_rows())
    sheets = dict(report.submissions["status"].value_counts().iter_rows())
    problems = dict(report.problems["severity"].value_counts().iter_rows())
    pairs = [
        (
            f"{columns.confidence_title(report.policy)}≥{CONFIDENT:.0%}的企业",
            f"{firm:,}户，占{whole_percent(firm, known)}" if known else "未测算",
        ),
        ("临界企业(建议复核)", f"{known - firm:,}户" if known else "未测算"),
        (
            "未参评企业",
            "、".join(
                f"{name}{statuses[status]:,}"
                for status, name in STATUS_NAMES.items()
                if status != "ranked" and statuses.get(status)
            )
            or "无",
        ),
        (
            "报送工作表",
            f"{report.submissions.height:,}张："
            + "、".join(f"{words}{sheets.get(status, 0):,}" for status, words in SUBMISSION_STATUSES.items()),
        ),
        ("数据问题", "、".join(f"{name}{problems.get(severity, 0):,}" for severity, name in SEVERITIES.items())),
    ]
    for label, value in pairs:
        lines = wrapped_lines(value, 5 * COLUMN_WIDTH)
        sheet.set_row(row, max(14 * lines, ROW_HEIGHT))
        _put(sheet, row, [(3, label, styles.cell("text")), (5, value, styles.cell("text", text_wrap=True))])
        row += 1
    return row


def _groups(sheet: Worksheet, styles: Styles, report: Report, *, by: str, row: int) -> tuple[int, Extent]:
    """A table by town or by industry; returns the row after it and the extent that its chart shows."""
    table = clean_frame(totals.group_table(report, by)).select(name for name, *_ in _GROUP_COLUMNS)
    title, label = _GROUP_TITLES[by]
    row = _section(sheet, styles, row, title, COLUMNS)
    sheet.set_row(row, HEADER_HEIGHT)
    _put(sheet, row, [(span, heading or label, styles.header()) for _, heading, span, _ in _GROUP_COLUMNS])
    first = row + 1
    dotted = styles.cell("integer", num_format='#,##0_ ;-0_ ;"·"_ ')
    for values in table.iter_rows():
        row += 1
        sheet.set_row(row, GROUP_HEIGHT)
        _put(
            sheet,
            row,
            [
                (span, value, dotted if kind == "integer" else styles.cell(kind))
                for value, (_, _, span, kind) in zip(values, _GROUP_COLUMNS, strict=True)
            ],
        )
    _group_totals(sheet, styles, report, table, rows=(first, row))
    # One name for each spreadsheet column, so that the chart finds a column by its name.
    columns = tuple(part for name, _, span, _ in _GROUP_COLUMNS for part in (name, *[""] * (span - 1)))
    return row + 2, Extent(sheet.get_name(), first, min(row, first + CHART_GROUPS - 1), columns)


def _group_totals(
    sheet: Worksheet, styles: Styles, report: Report, table: pl.DataFrame, *, rows: tuple[int, int]
) -> None:
    """The 合计 row below the first and last of `rows`: sums as formulas, yields over all evaluated enterprises."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    yields = {"tax_per_mu": ("tax", "land"), "revenue_per_tce": ("revenue", "energy")}
    first, last = rows
    row, column = last + 1, 0
    for name, _, span, kind in _GROUP_COLUMNS:
        style = styles.cell(kind, bold=True, bg_color=CARD)
        shown = "合计" if name == "label" else totals.total_or_ratio(report, *yields[name]) if name in yields else None
        write_merged(sheet, row, (column, column + span - 1), shown, style)
        if name != "label" and name not in yields:
            cells = f"{xl_rowcol_to_cell(first, column)}:{xl_rowcol_to_cell(last, column)}"
            sheet.write_formula(row, column, f"=SUM({cells})", style, math.fsum(table[name].drop_nulls()))
        column += span
