"""办法比较: the comparison of two policies as a workbook: the counts, who changes and why, everybody, every item."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.evaluation.changes import STATES
from efficiency.reports.comparison.policies import MOVEMENTS, NOTHING, summary
from efficiency.reports.content import columns
from efficiency.reports.palette import CARD
from efficiency.reports.report import BEIJING
from efficiency.reports.text import clean_text, industry_label
from efficiency.reports.workbook import (
    Field,
    Kind,
    Page,
    Styles,
    new_workbook,
    print_setup,
    wrapped_lines,
    write_list,
    write_merged,
)
from schemas.results import STATUS_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from efficiency.evaluation.changes import Comparison

SUMMARY, CHANGES, EVERYBODY, ITEMS = "对照概览", "等级或清单变化", "全部企业对照", "得分项对照"
PROPOSAL = "本表为同一套数据按两个办法试算的结果，仅供比较，不是评价结论，也未发布。"
WIDTH = 8
"""Columns of the first sheet."""

_PAIR = (
    Field("tier_a", "甲办法\n等级", "tier", 7, note="按甲办法评定的综合等级。"),
    Field("tier_b", "乙办法\n等级", "tier", 7, note="按乙办法评定的综合等级。"),
    Field("score_a", "甲办法\n得分", "score", 8, note="按甲办法计算的综合得分。"),
    Field("score_b", "乙办法\n得分", "score", 8, note="按乙办法计算的综合得分。"),
    Field("list_a", "甲办法\n清单", "text", 12, note="按甲办法所列的清单；空白表示不在任何清单上。"),
    Field("list_b", "乙办法\n清单", "text", 12, note="按乙办法所列的清单；空白表示不在任何清单上。"),
)
_IDENTITY = (
    Field("number", "序号", "ordinal", 5.5),
    Field("name", "企业名称", "text", 24),
    Field("town", "镇办", "text", 10),
)
_FOLDED = (
    Field("uscc", "统一社会信用代码", "code", 21, paper=False),
    Field("industry_name", "行业", "text", 28, paper=False),
    Field("rank_a", "甲办法\n名次", "ordinal", 8, paper=False, note="按甲办法在评价组内的名次。"),
    Field("rank_b", "乙办法\n名次", "ordinal", 8, paper=False, note="按乙办法在评价组内的名次。"),
)
CHANGE_FIELDS = columns.noted((
    *_IDENTITY,
    Field("moved", "等级\n变化", "text", 9, note="乙办法与甲办法相比升档、降档、新评级或不再评级。"),
    *_PAIR,
    Field("reason", "原因", "text", 52, note="两个办法的结果为什么不同。"),
    *_FOLDED,
))  # fmt: skip
EVERYBODY_FIELDS = columns.noted((
    *_IDENTITY,
    Field("status_name_a", "甲办法\n状态", "text", 11, note="按甲办法是否参评。"),
    Field("status_name_b", "乙办法\n状态", "text", 11, note="按乙办法是否参评。"),
    *_PAIR,
    *_FOLDED,
))  # fmt: skip
_ITEM_COLUMNS: tuple[tuple[str, str, Kind, bool], ...] = (
    ("value", "指标值", "mixed", True), ("benchmark", "基准值", "mixed", True), ("points", "得分", "score", True),
    ("weight", "权重", "score", False), ("mean", "同组平均", "score", False),
)  # fmt: skip
ITEM_FIELDS = columns.noted((
    Field("name", "企业名称", "text", 28),
    Field("title", "得分项", "text", 22, note="指标、加减分或修正系数。"),
    *(
        Field(f"{name}_{side}", f"{called}办法\n{title}", kind, 11, paper=paper, note=f"按{called}办法的{title}。")
        for name, title, kind, paper in _ITEM_COLUMNS if paper
        for side, called in (("a", "甲"), ("b", "乙"))
    ),
    Field("shift", "差异\n(乙−甲)", "score", 10, note="该得分项带来的差异，乙办法减甲办法。"),
    Field("uscc", "统一社会信用代码", "code", 21, paper=False),
    *(
        Field(f"{name}_{side}", f"{called}办法\n{title}", kind, 11, paper=paper, note=f"按{called}办法的{title}。")
        for name, title, kind, paper in _ITEM_COLUMNS if not paper
        for side, called in (("a", "甲"), ("b", "乙"))
    ),
))  # fmt: skip


def comparison_file_name(period: str) -> str:
    """Name of the workbook of `period` (YYYY-MM)."""
    return f"办法比较_{period}.xlsx"


def write_comparison(path: Path, comparison: Comparison, period: str, created: datetime) -> None:
    """Writes the workbook to `path`, whole or not at all. Raises EfficiencyError when the place cannot be written."""
    cuts = tuple({*comparison.a.policy.score_cuts, *comparison.b.policy.score_cuts})
    with new_workbook(path, created.astimezone(BEIJING), title=f"办法比较 {period}") as book:
        _write_summary(book.workbook.add_worksheet(SUMMARY), book.styles, comparison, period)
        changes = _shown(comparison.changes)
        for name, rows, fields, notes in (
            (CHANGES, changes, CHANGE_FIELDS, (PROPOSAL,)),
            (EVERYBODY, _shown(comparison.enterprises), EVERYBODY_FIELDS, (PROPOSAL,)),
            (ITEMS, _items(comparison, changes), ITEM_FIELDS, (
                PROPOSAL, "差异：按名次分级的，为各项得分高出同组平均部分之差；按得分分级的，为各项得分之差。"
            )),
        ):  # fmt: skip
            page = Page(
                title=f"{name}({period})",
                units=f"甲办法：{comparison.a.policy.title}    乙办法：{comparison.b.policy.title}    得分单位：分",
                running=f"办法比较 {name} {period}",
                empty=NOTHING,
                notes=notes,
                signed=False,
                cuts=() if name == ITEMS else cuts,
            )
            write_list(book.workbook.add_worksheet(name), book.styles, rows, fields, page)


def _shown(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` of the comparison with the words that the sheets show."""
    return rows.with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("number"),
        industry_label().alias("industry_name"),
        pl.col("movement").replace(MOVEMENTS).alias("moved"),
        *(pl.col(f"status_{side}").replace(STATUS_NAMES).alias(f"status_name_{side}") for side in "ab"),
    )


def _items(comparison: Comparison, changes: pl.DataFrame) -> pl.DataFrame:
    """The items of the scores of those who change, in the order of the changes, the largest difference first."""
    return (
        changes.select("uscc", "name", "number")
        .join(comparison.parts, on="uscc", how="inner", validate="1:m")
        .sort("number", pl.col("shift").abs(), descending=[False, True], maintain_order=True)
    )


def _write_summary(sheet: Worksheet, styles: Styles, comparison: Comparison, period: str) -> None:
    """The first sheet: policies, result, matrix, lists, warnings."""
    sheet.set_column(0, WIDTH - 1, 14)
    sheet.set_row(0, 30)
    _line(sheet, styles.title(), 0, f"办法比较({period})")
    wrapped = styles.get(text_wrap=True, valign="vcenter")
    row = 1
    for text in (
        f"甲办法：{comparison.a.policy.title}({comparison.a.policy.id}，{comparison.a.policy.sha256[:8]})",
        f"乙办法：{comparison.b.policy.title}({comparison.b.policy.id}，{comparison.b.policy.sha256[:8]})",
        f"结果：{summary(comparison)}",
        PROPOSAL,
    ):
        row = _paragraph(sheet, wrapped, row, text)
    row = _heading(sheet, styles, row + 1, "等级对照(户；行为甲办法，列为乙办法)")
    rows = [[tier, *counts, sum(counts)] for tier, *counts in comparison.matrix.select("tier", *STATES).iter_rows()]
    sums = comparison.matrix.select(STATES).sum().row(0)
    row = _grid(sheet, styles, row, ["甲＼乙", *STATES, "合计"], [*rows, ["合计", *sums, sum(sums)]])
    row = _heading(sheet, styles, row + 1, "清单对照(户)")
    listed = comparison.lists.drop("list").rows()
    row = _grid(sheet, styles, row, ["清单", "甲办法", "乙办法", "都在", "乙新列入", "乙不再列"], listed)
    for called, side in (("甲办法", comparison.a), ("乙办法", comparison.b)):
        if side.evaluation.warnings:
            row = _heading(sheet, styles, row + 1, f"{called}试算提示")
            for warning in side.evaluation.warnings:
                row = _paragraph(sheet, wrapped, row, warning)
    print_setup(sheet, f"办法比较 {period}")
    sheet.fit_to_pages(1, 0)
    sheet.print_area(0, 0, row, WIDTH - 1)


def _line(sheet: Worksheet, style: Format, row: int, text: str) -> int:
    write_merged(sheet, row, (0, WIDTH - 1), clean_text(text), style)
    return row + 1


def _paragraph(sheet: Worksheet, style: Format, row: int, text: str) -> int:
    sheet.set_row(row, 16 * wrapped_lines(text, WIDTH * 14) + 3)
    return _line(sheet, style, row, text)


def _heading(sheet: Worksheet, styles: Styles, row: int, text: str) -> int:
    return _line(sheet, styles.get(bold=True, font_size=11, valign="vcenter"), row, text)


def _grid(sheet: Worksheet, styles: Styles, row: int, head: Sequence[str], rows: Sequence[Sequence[object]]) -> int:
    """A small table of counts; the cells in which nothing changes are shaded in a square one."""
    for column, title in enumerate(head):
        sheet.write_string(row, column, title, styles.header())
    for values in rows:
        row += 1
        for column, value in enumerate(values):
            if isinstance(value, int):
                same = {"bg_color": CARD, "bold": True} if head[column] == values[0] else {}
                sheet.write_number(row, column, value, styles.cell("integer", **same))
            else:
                sheet.write_string(row, column, clean_text(str(value)), styles.cell("text"))
    return row + 1
