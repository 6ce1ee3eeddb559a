"""The officials' workbook: 一页纸, 概览, the candidate lists, the full results, who has no tier, and the method."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from efficiency.reports.content import lists, notes, one_page, rankings, score_changes
from efficiency.reports.officials.full_results import WORKBOOK_ENTERPRISES, full_results_file_name
from efficiency.reports.officials.method import write_method
from efficiency.reports.officials.one_page import write_one_page
from efficiency.reports.officials.overview import write_overview
from efficiency.reports.text import LIST_NAMES, sheet_name
from efficiency.reports.workbook import FIRST_ROW, ROWS_PER_SHEET, Extent, Field, Page, new_workbook, write_list

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from efficiency.reports.report import Report
    from efficiency.reports.workbook import Book

ONE_PAGE = "一页纸"
OVERVIEW, RANKING, DETAILS, UNRATED, METHOD = "概览", "全部分级", "评分明细", "未参评与数据不足", "方法说明"
SCORE_CHANGES = "得分变动"
CONFIDENCE_NOTE = (
    "稳健度：仅就权重与数据而言，随机扰动下等级保持不变的比例(口径见方法说明)，低于80%的为临界，建议复核。"
)
LINK_NOTE = "点击统一社会信用代码可查看其评分明细。"
ELSEWHERE_NOTE = "全部企业的分级、评分明细与未参评原因见同一文件夹的“{file}.csv”与“{file}.parquet”。"


def officials_file_name(period: str) -> str:
    """Name of the officials' workbook of `period` (YYYY-MM)."""
    return f"能耗产出效益评价_{period}.xlsx"


def write_officials(
    path: Path,
    report: Report,
    *,
    rows_per_sheet: int = ROWS_PER_SHEET,
    most_enterprises: int = WORKBOOK_ENTERPRISES,
) -> None:
    """Writes the officials' workbook of `report` to `path`, whole or not at all.

    A table longer than `rows_per_sheet` goes on in further sheets, 评分明细 (2) and so on. With more than
    `most_enterprises` the workbook holds 概览, lists and method, and names the files of `full_results` for the rest.
    Raises EfficiencyError when the place cannot be written, ValueError when a figure is not finite.
    """
    title, enterprises = f"企业能耗产出效益评价 {report.period_title}", report.scores.height
    with new_workbook(path, report.created_at, title=title, enterprises=enterprises) as book:
        first = book.workbook.add_worksheet(ONE_PAGE)
        overview = book.workbook.add_worksheet(OVERVIEW)
        whole = enterprises <= most_enterprises
        ranked, listed = write_lists(
            book, report, rows_per_sheet=rows_per_sheet, with_score_changes=True, with_full_results=whole
        )
        write_method(book.workbook.add_worksheet(METHOD), book.styles, report)
        write_overview(book.workbook, overview, book.styles, report, ranking=ranked, lists=listed)
        running = f"{title} 评价编号 {report.evaluation['evaluation_id']}"
        links = {title: extent.sheet for title, _, extent in listed}
        write_one_page(first, book.styles, one_page.one_page(report), running=running, links=links)
        first.activate()


def write_lists(
    book: Book,
    report: Report,
    *,
    rows_per_sheet: int = ROWS_PER_SHEET,
    with_score_changes: bool = False,
    with_full_results: bool = True,
    remarks: tuple[str, ...] = (),
) -> tuple[Extent | None, list[tuple[str, pl.DataFrame, Extent]]]:
    """Adds the candidate lists, 全部分级, 评分明细 (得分变动) and 未参评与数据不足 to `book`.

    `remarks` are added below every list. Without full results there are the candidate lists alone. Returns the extent
    of the ranking, where there is one, and of each candidate list its title, its rows and their extent.
    """

    def split(name: str, frame: pl.DataFrame, fields: Sequence[Field], page: Page) -> Extent:
        """Writes `frame` in as many sheets as it needs; returns the extent of the first part."""
        extents = []
        for part in range(max(1, -(-frame.height // rows_per_sheet))):
            sheet = book.workbook.add_worksheet(_part_name(name, part))
            rows = frame.slice(part * rows_per_sheet, rows_per_sheet)
            extents.append(write_list(sheet, book.styles, rows, fields, page))
        return extents[0]

    others = remarks
    if with_full_results:
        detail = rankings.details(report)
        targets = _targets(detail, rows_per_sheet)
        remarks = (CONFIDENCE_NOTE + LINK_NOTE, *remarks)
    else:
        targets = pl.DataFrame(schema={"uscc": pl.String, "target": pl.String})
        elsewhere = ELSEWHERE_NOTE.format(file=full_results_file_name(report.period))
        remarks = (CONFIDENCE_NOTE, elsewhere, *remarks)
    reserved = (ONE_PAGE, OVERVIEW, RANKING, DETAILS, SCORE_CHANGES, UNRATED, METHOD, *LIST_NAMES.values())

    listed: list[tuple[str, pl.DataFrame, Extent]] = []
    for one in lists.candidate_lists(report):
        name = LIST_NAMES.get(one.id) or sheet_name(one.title, (*reserved, *book.workbook.sheetnames))
        page = _page(report, f"{one.title}建议名单", "用地：亩；综合能耗：吨标准煤", notes.PROPOSAL, *remarks)
        rows = one.frame.join(targets, on="uscc", how="left", validate="m:1", maintain_order="left")
        listed.append((one.title, rows, split(name, rows, one.fields, page)))

    if not with_full_results:
        return None, listed
    rows = rankings.ranking(report).join(targets, on="uscc", how="left", validate="1:1", maintain_order="left")
    units = "用地：亩；综合能耗：吨标准煤；税金、收入：万元"
    page = _page(report, "企业能耗产出效益评价分级结果", units, *remarks)
    ranked = split(RANKING, rows, rankings.ranking_fields(rows), page)

    page = replace(_page(report, "企业评分明细", "分子、分母、指标值的单位见各行", *others), signed=False, cuts=())
    split(DETAILS, detail, rankings.DETAIL_FIELDS, page)

    changes = score_changes.score_changes(report) if with_score_changes else None
    if changes is not None:
        page = replace(_page(report, "企业得分变动及原因", "分", notes.PARTS_NOTE), signed=False)
        split(SCORE_CHANGES, changes, score_changes.SCORE_CHANGE_FIELDS, page)

    page = _page(report, "未参评与数据不足企业名单", "用地：亩；综合能耗：吨标准煤", notes.UNRATED_NOTE, *others)
    unrated = rankings.unrated(report)
    split(UNRATED, unrated, rankings.unrated_fields(unrated), page)
    return ranked, listed


def _page(report: Report, title: str, units: str, *notes: str) -> Page:
    return Page(
        title=f"{report.region}{title}({report.period_title})",
        units=f"评价期：{report.period_title}    办法：{report.policy_title}    单位：{units}",
        running=f"{title} {report.period_title} 评价编号 {report.evaluation['evaluation_id']}",
        notes=notes,
        cuts=report.policy.score_cuts,
    )


def _part_name(name: str, part: int) -> str:
    """Name of the `part`-th sheet (from 0) of a table called `name`."""
    return name if part == 0 else sheet_name(f"{name[:26]} ({part + 1})", ())


def _targets(detail: pl.DataFrame, size: int) -> pl.DataFrame:
    """Per enterprise the address of its first row in 评分明细, as XlsxWriter takes an internal link: uscc, target."""
    first = detail.select("uscc", pl.int_range(pl.len(), dtype=pl.Int64).alias("at")).unique(
        "uscc", keep="first", maintain_order=True
    )
    names = [_part_name(DETAILS, part) for part in range(max(1, -(-detail.height // size)))]
    sheet = (pl.col("at") // size).replace_strict(dict(enumerate(names)), return_dtype=pl.String)
    row = (pl.col("at") % size + FIRST_ROW + 1).cast(pl.String)
    return first.select("uscc", pl.concat_str(pl.lit("internal:'"), sheet, pl.lit("'!A"), row).alias("target"))
