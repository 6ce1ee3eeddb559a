"""The officials' workbook: 一页纸, 概览, the candidate lists, the full results, who has no tier, and the method."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from efficiency.policy import words
from efficiency.reports.content import details, lists, notes, one_page, rankings, score_changes
from efficiency.reports.officials.full_results import WORKBOOK_ENTERPRISES, full_results_file_name
from efficiency.reports.officials.method import write_method
from efficiency.reports.officials.one_page import write_one_page
from efficiency.reports.officials.overview import write_overview
from efficiency.reports.officials.variants import write_variants
from efficiency.reports.robustness import methods_of
from efficiency.reports.text import LIST_NAMES, sheet_name, shortened
from efficiency.reports.workbook import (
    FIRST_ROW,
    LOOK_UP,
    ROWS_PER_SHEET,
    Extent,
    Field,
    Page,
    new_workbook,
    write_list,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from efficiency.reports.report import Report
    from efficiency.reports.workbook import Book

ONE_PAGE = "一页纸"
OVERVIEW, RANKING, DETAILS, UNRATED, METHOD = "概览", "全部分级", "评分明细", "未参评与数据不足", "方法说明"
SCORE_CHANGES = "得分变动"
VARIANTS = "方法稳健"
CONFIDENCE_NOTE = "稳健度：{moved}随机扰动时等级保持不变的比例(口径见方法说明)，低于80%的为临界，建议复核。"
LINK_NOTE = "“明细”列点击后到该企业的评分明细。"
NOT_D = "本期无D类企业"
PRINTED = "打印范围：{words}，其余在屏幕上查看"
MOST_DETAILS_ON_PAPER = 40
"""Rows of 评分明细 that are printed: those of tier D, who must be told how they were judged, else the first ones."""
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
    with new_workbook(
        path, report.created_at, title=title, enterprises=enterprises, evaluation=report.evaluation
    ) as book:
        first = book.workbook.add_worksheet(ONE_PAGE)
        overview = book.workbook.add_worksheet(OVERVIEW)
        whole = enterprises <= most_enterprises
        _, listed = write_lists(
            book, report, rows_per_sheet=rows_per_sheet, with_score_changes=True, with_full_results=whole
        )
        if methods_of(report):
            write_variants(book.workbook.add_worksheet(VARIANTS), book.styles, report)
        write_method(book.workbook.add_worksheet(METHOD), book.styles, report)
        write_overview(book.workbook, overview, book.styles, report, lists=listed)
        running = f"{title} 评价编号 {report.evaluation['evaluation_id']}"
        write_one_page(first, book.styles, one_page.one_page(report), running=running, links=_links(listed))
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

    others, firm = remarks, CONFIDENCE_NOTE.format(moved=words.moved(report.policy))
    if with_full_results:
        found = details.details(report)
        targets, lookups = _lookups(found.frame, rows_per_sheet)
        remarks = (firm + LINK_NOTE, *remarks)
    else:
        targets, lookups = pl.DataFrame(schema={"uscc": pl.String, "details": pl.String}), {}
        elsewhere = ELSEWHERE_NOTE.format(file=full_results_file_name(report.period))
        remarks = (firm, elsewhere, *remarks)
    reserved = (ONE_PAGE, OVERVIEW, RANKING, DETAILS, SCORE_CHANGES, UNRATED, VARIANTS, METHOD, *LIST_NAMES.values())

    def linked(frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` with the sheet in which each enterprise's details stand."""
        return frame.join(targets, on="uscc", how="left", validate="m:1", maintain_order="left")

    listed: list[tuple[str, pl.DataFrame, Extent]] = []
    for one in lists.candidate_lists(report):
        name = LIST_NAMES.get(one.id) or sheet_name(one.title, (*reserved, *book.workbook.sheetnames))
        page = _page(report, f"{one.title}建议名单", "用地：亩；综合能耗：吨标准煤", notes.PROPOSAL, *remarks)
        rows = linked(one.frame)
        listed.append(
            (one.title, rows, split(name, rows, _reachable(one.fields, lookups), replace(page, lookups=lookups)))
        )

    if not with_full_results:
        return None, listed
    rows = linked(rankings.ranking(report))
    units = "用地：亩；综合能耗：吨标准煤；税金、收入：万元；得分：分"
    page = replace(_page(report, "企业能耗产出效益评价分级结果", units, *remarks), lookups=lookups)
    ranked = split(RANKING, rows, rankings.ranking_fields(rows, report.policy), page)

    shown = min(found.adverse or found.frame.height, MOST_DETAILS_ON_PAPER)
    printed = PRINTED.format(words=f"D类企业{shown}户" if found.adverse else f"{NOT_D}，前{shown}户")
    page = replace(
        _page(report, "企业评分明细", f"得分、权重：分；其余见列名。{printed}", *others),
        signed=False,
        cuts=(),
        printed=shown,
    )
    split(DETAILS, found.frame, found.fields, page)

    changes = score_changes.score_changes(report) if with_score_changes else None
    if changes is not None:
        changes, shown = linked(changes), score_changes.worth_paper(changes)
        printed = PRINTED.format(words=f"等级变动和得分变动1分以上的，{shown}户")
        page = _page(report, "企业得分变动及原因", f"分。{printed}", notes.PARTS_NOTE)
        page = replace(page, signed=False, printed=max(shown, 1), lookups=lookups)
        split(SCORE_CHANGES, changes, score_changes.score_change_fields(changes), page)

    page = _page(report, "未参评与数据不足企业名单", "用地：亩；综合能耗：吨标准煤", notes.UNRATED_NOTE, *others)
    unrated = linked(rankings.unrated(report))
    split(UNRATED, unrated, rankings.unrated_fields(unrated), replace(page, lookups=lookups))
    return ranked, listed


def _links(listed: Sequence[tuple[str, pl.DataFrame, Extent]]) -> dict[str, str]:
    """Title of a list as 一页纸 shows it → its sheet; what two lists are called leads to neither."""
    shown = [shortened(title, one_page.TITLE_WIDTH) for title, _, _ in listed]
    return {title: extent.sheet for title, (_, _, extent) in zip(shown, listed, strict=True) if shown.count(title) == 1}


def _reachable(fields: Sequence[Field], lookups: Mapping[str, str]) -> Sequence[Field]:
    """`fields` without the way into the details where there are none."""
    return fields if lookups else [field for field in fields if field.kind != "lookup"]


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


def _lookups(frame: pl.DataFrame, size: int) -> tuple[pl.DataFrame, dict[str, str]]:
    """Per enterprise (uscc) the sheet of its details, and for each such sheet the formula that leads to its row.

    The formula looks the code up, so that it holds whatever either sheet is sorted by.
    """
    names = [_part_name(DETAILS, part) for part in range(max(1, -(-frame.height // size)))]
    at = pl.int_range(pl.len(), dtype=pl.Int64) // size
    sheets = frame.select("uscc", at.replace_strict(dict(enumerate(names)), return_dtype=pl.String).alias("details"))
    formulas = {}
    for part, name in enumerate(names):
        last = FIRST_ROW + min(size, frame.height - part * size)
        codes = f"'{name}'!$B${FIRST_ROW + 1}:$B${last}"
        formulas[name] = f'=HYPERLINK("#\'{name}\'!A"&(MATCH(${{key}}{{row}},{codes},0)+{FIRST_ROW}),"{LOOK_UP}")'
    return sheets, formulas
