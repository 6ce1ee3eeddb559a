"""核查单: one page for each enterprise that is to be shut or merged, for the person who checks it on site and signs.

A page says what was ticked and from which cells, what is missing and who could supply it, the figures that matter,
and for mergers the partners. Who would be on such a list but for a verification has a page too, marked 待核实.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.evaluation.lists import NO_REVENUE
from efficiency.policy import words
from efficiency.reports.content import checks, efficiencies, lists, notes, partners
from efficiency.reports.palette import ALERT
from efficiency.reports.robustness import agreement_words, methods_of
from efficiency.reports.text import division_names, percentage, sheet_name
from efficiency.reports.workbook import Field, Page, Paper, new_workbook, print_setup, write_list

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from xlsxwriter.format import Format

    from efficiency.reports.report import Report
    from efficiency.reports.workbook import Book, Cells

CHECKED = ("shutdown", "merger")
"""The lists whose candidates are checked on site before anything is decided."""
MOST = 2_000
"""Pages of one workbook; more are not printed by anybody, and would not open everywhere."""
PAGES_PER_SHEET = 500
"""Excel takes 1 023 page breaks a sheet."""
INDEX = "目录"
COLUMNS, PIXELS, ROOM = 10, 66, 9.2
"""The grid of a page: with these the sheet is as wide as A4 upright at full size; a sheet that is fitted to a page
would ignore the page breaks. `ROOM`: characters that a column takes."""
PAPER_HEIGHT, OPINION_HEIGHT = 755.0, 173.0
"""Points that a page takes from its first row to its last, and what is to be filled in by hand takes of them."""
CELLS_SHOWN = 160
"""Characters of the cells behind one tick; all of them are in the view `verification`."""
OPINION = "核查意见：□ 属实，建议按清单处置    □ 情况有变，暂缓处置    □ 不属实，移出清单    □ 其他"
SIGNED = "核查人(签字)：________________    所在单位：____________________    日期：______年____月____日"
CONFIRMED = "复核人(签字)：________________    所在单位：____________________    日期：______年____月____日"
NO_CHECKS = "本办法没有为该清单规定核查事项。"
INDEX_FIELDS = (
    Field("number", "序号", "ordinal", 6),
    Field("title", "清单", "text", 12),
    Field("name", "企业名称", "text", 36),
    Field("uscc", "统一社会信用代码", "link", 21),
    Field("town", "镇办", "text", 12),
    Field("tier", "综合\n等级", "tier", 8),
    Field("state", "核查情况", "alert", 12),
    Field("missing", "待核实事项", "text", 30),
)


def check_sheets_file_name(period: str) -> str:
    """Name of the 核查单 of `period` (YYYY-MM)."""
    return f"核查单_{period}.xlsx"


def write_check_sheets(path: Path, report: Report, *, most: int = MOST) -> bool:
    """Writes the 核查单 of `report` to `path`, whole or not at all; without a candidate to check, nothing.

    Returns whether it was written. At most `most` pages, those first on their lists; the index says so. Raises
    EfficiencyError when the place cannot be written, ValueError when a figure is not finite.
    """
    asked = _asked(report)
    if asked.is_empty():
        return False
    chosen = asked.head(most)
    title = f"核查单 {report.period_title}"
    with new_workbook(
        path, report.created_at, title=title, enterprises=chosen.height, evaluation=report.evaluation
    ) as book:
        book.measure_columns_alike()
        index = book.workbook.add_worksheet(INDEX)
        targets = _write_pages(book, report, chosen)
        rows = chosen.with_columns(pl.Series("target", targets, dtype=pl.String))
        words = [notes.PROPOSAL, "点击统一社会信用代码可到该企业的核查单。"]
        if asked.height > chosen.height:
            left = asked.height - chosen.height
            words.insert(
                0, f"须核查的共{asked.height:,}户，本册只含各清单次序在前的{chosen.height:,}户，其余{left:,}户未列。"
            )
        page = Page(
            title=f"{report.region}关停、并转企业核查单目录({report.period_title})",
            units=f"办法：{report.policy_title}    共{chosen.height:,}户",
            running=f"{title} 评价编号 {report.evaluation['evaluation_id']}",
            notes=tuple(words),
            signed=False,
        )
        write_list(index, book.styles, rows, INDEX_FIELDS, page)
        index.activate()
    return True


def _asked(report: Report) -> pl.DataFrame:
    """The candidates to be checked with what the index shows of them, in the order of the lists and their places."""
    titles = lists.list_titles(report)
    order = {own: position for position, own in enumerate(CHECKED)}
    return (
        report.candidates.with_columns(pl.coalesce("would_be", "list").alias("list_of"))
        .filter(pl.col("list_of").is_in(CHECKED))
        .sort(
            pl.col("list_of").replace_strict(order, return_dtype=pl.Int64),
            pl.col("would_be").is_not_null(),
            "priority",
            maintain_order=True,
        )
        .join(report.scores.select("uscc", "town"), on="uscc", how="left", validate="m:1", maintain_order="left")
        .with_columns(
            pl.col("list_of").replace(titles).alias("title"),
            pl.when(pl.col("would_be").is_not_null()).then(pl.lit("待核实")).alias("state"),
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("number"),
        )
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What all pages are made from, by code."""

    report: Report
    scores: dict[str, dict[str, Any]]
    headline: dict[str, dict[str, Any]]
    verified: dict[str, list[dict[str, Any]]]
    partners: dict[str, list[str]]
    divisions: dict[str, str]
    total: int


def _known(report: Report, chosen: pl.DataFrame) -> _Known:
    codes = chosen.select("uscc")
    scores = report.scores.join(codes, on="uscc", how="semi")
    headline = efficiencies.headline_efficiencies(report, codes)
    verified = report.verifications.join(codes, on="uscc", how="semi")
    named = partners.partner_words(chosen, report.indicators, report.scores.select("uscc", "tier"), report.policy)
    return _Known(
        report=report,
        scores={row["uscc"]: row for row in scores.iter_rows(named=True)},
        headline={row["uscc"]: row for row in headline.iter_rows(named=True)},
        verified={code: rows.to_dicts() for (code,), rows in verified.partition_by("uscc", as_dict=True).items()},
        partners={
            code: [f"{number}. {words}" for number, words in rows.select("number", "words").iter_rows()]
            for (code,), rows in named.partition_by("uscc", as_dict=True, maintain_order=True).items()
        },
        divisions=division_names(),
        total=chosen.height,
    )


def _write_pages(book: Book, report: Report, chosen: pl.DataFrame) -> list[str]:
    """One sheet for each list, more where it is long; returns for each of `chosen` the link to its page."""
    known = _known(report, chosen)
    targets: list[str] = []
    for title, rows in _sheets(chosen, tuple(book.workbook.sheetnames)):
        sheet = book.workbook.add_worksheet(title)
        sheet.set_column_pixels(0, COLUMNS - 1, PIXELS)
        paper = Paper(sheet, book.styles, COLUMNS, ROOM, room=ROOM)
        breaks = []
        for candidate in rows.iter_rows(named=True):
            if paper.row:
                breaks.append(paper.row)
            targets.append(f"internal:'{title.replace(chr(39), chr(39) * 2)}'!A{paper.row + 1}")
            paper.sections, paper.height = 0, 0.0
            breaks += _write_page(paper, candidate, known)
        sheet.set_h_pagebreaks(breaks)
        print_setup(sheet, f"核查单 {report.period_title} 评价编号 {report.evaluation['evaluation_id']}", portrait=True)
        sheet.print_area(0, 0, paper.row - 1, COLUMNS - 1)
    return targets


def _sheets(chosen: pl.DataFrame, taken: tuple[str, ...]) -> Iterator[tuple[str, pl.DataFrame]]:
    """The name of each sheet and the candidates on it."""
    for own in CHECKED:
        rows = chosen.filter(pl.col("list_of") == own)
        for start in range(0, rows.height, PAGES_PER_SHEET):
            part = rows.slice(start, PAGES_PER_SHEET)
            name = sheet_name(part["title"][0], taken)
            taken = (*taken, name)
            yield name, part


def _write_page(paper: Paper, candidate: dict[str, Any], known: _Known) -> list[int]:
    """Writes what there is to say of one candidate; returns the row at which a second page begins, if it takes one."""
    score = known.scores[candidate["uscc"]]
    _head(paper, candidate, score, known)
    _grounds(paper, candidate, score)
    _ticks(paper, candidate, known)
    _figures(paper, score, known.headline.get(candidate["uscc"]), known.report)
    if candidate["list_of"] == "merger":
        paper.section("可以承接的企业(合并后的效率按双方分子、分母之和计算)")
        for line in known.partners.get(candidate["uscc"], ["没有符合条件的企业。"]):
            paper.line([(COLUMNS, line, _small(paper))])
    if paper.height + OPINION_HEIGHT <= PAPER_HEIGHT:
        _opinion(paper)
        return []
    # Signatures never stand alone: the part to be filled in goes to the next page as a whole, under the name.
    second = paper.row
    paper.line([(COLUMNS, f"{score['name'] or ''} {score['uscc']}(续)", paper.styles.note(text_wrap=True))])
    _opinion(paper)
    return [second]


def _head(paper: Paper, candidate: dict[str, Any], score: dict[str, Any], known: _Known) -> None:
    def tier(letter: str | None) -> tuple[str, Format]:
        return (letter, paper.styles.tier(letter)) if letter else ("无", paper.styles.cell("text", align="center"))

    report, text, code = known.report, paper.text, paper.styles.cell("code", font_size=9)
    to_verify = "，待核实" if candidate["would_be"] else ""
    title = f"{report.region}企业核查单({candidate['title']}{to_verify})"
    paper.line([(COLUMNS, title, paper.styles.title(16))], height=30)
    words = f"{report.period_title} · {report.policy_title} · 第{candidate['number']}份，共{known.total}份"
    paper.line([(COLUMNS, words, paper.styles.note(align="center", text_wrap=True))])
    industry = score["industry"] or ""
    division = known.divisions.get(industry[:2], "")
    named = f"{division}({industry})" if division else industry or "未填"
    paper.pairs([(1, "企业名称", 4, score["name"] or "未填", text), (1, "信用代码", 4, score["uscc"], code)])
    paper.pairs([
        (1, "镇办", 2, score["town"] or "未填", text), (1, "行业", 4, named, text),
        (1, "规模", 1, score["scale"] or "未填", text),
    ])  # fmt: skip
    paper.pairs([
        (1, "综合等级", 1, *tier(score["tier"])), (1, "土地等级", 1, *tier(score["land_tier"])),
        (1, "能源等级", 1, *tier(score["energy_tier"])), (1, "上期等级", 1, *tier(score["previous_tier"])),
        (1, "D类期数", 1, score["d_streak"], paper.styles.cell("ordinal")),
    ])  # fmt: skip


def _grounds(paper: Paper, candidate: dict[str, Any], score: dict[str, Any]) -> None:
    paper.section("列入理由")
    place = f"{candidate['title']}第{candidate['priority']}位"
    if candidate["would_be"]:
        place = f"拟列{candidate['title']}，待核实：{candidate['missing']}"
    paper.pairs([(1, "清单", COLUMNS - 1, place, paper.text)])
    paper.pairs([(1, "理由", COLUMNS - 1, candidate["reason"], paper.text)])
    if score["override_labels"]:
        changed = f"{score['override_labels']}(初评{score['tier_initial'] or '无'}，调整后{score['tier'] or '无'})"
        paper.pairs([(1, "调档事由", COLUMNS - 1, changed, paper.text)])
    if known := checks.circumstances(score):
        paper.pairs([(1, "掌握情况", COLUMNS - 1, known, _small(paper))])


def _small(paper: Paper) -> Format:
    """Of long texts in a table: 9 points, the least that is read on paper."""
    return paper.styles.cell("text", text_wrap=True, font_size=9)


def _ticks(paper: Paper, candidate: dict[str, Any], known: _Known) -> None:
    paper.section("核查事项(☑ 已核实  ☐ 未核实  — 未测算)")
    found = checks.checks(known.verified.get(candidate["uscc"], ()))
    if not found:
        paper.line([(COLUMNS, NO_CHECKS, paper.text)])
        return
    spans = (1, 2, 2, 2, 3)
    paper.table(spans, ("核查", "事项", "所看数据", "依据单元格", "缺什么、由谁补充"))
    small = _small(paper)
    mark = paper.styles.cell("text", align="center", font_size=12)
    for check in found:
        cells = check.cells if len(check.cells) <= CELLS_SHOWN else f"{check.cells[:CELLS_SHOWN]}…"
        paper.line([
            (1, check.mark, mark), (2, check.label, paper.text), (2, check.looked_at, small),
            (2, cells or "无填报单元格", small), (3, check.missing or "—", small),
        ])  # fmt: skip


def _figures(paper: Paper, score: dict[str, Any], headline: dict[str, Any] | None, report: Report) -> None:
    paper.section("主要数据")
    amount, text = paper.styles.cell("amount"), paper.text
    named = (
        ("land", "用地(亩)"),
        ("energy", "综合能耗(吨标准煤)"),
        ("tax", "税金(万元)"),
        ("revenue", "营业收入(万元)"),
    )
    head = paper.styles.header(align="left")
    for pair in (named[:2], named[2:]):
        cells: Cells = []
        for name, title in pair:
            value: tuple[str | float, Format] = (score[name], amount) if score[name] is not None else ("无数据", text)
            cells += [(3, title, head), (2, *value)]
        paper.line(cells)
    if score["revenue"] == 0:
        paper.line([(COLUMNS, f"{NO_REVENUE}。", paper.styles.cell("text", bold=True, font_color=ALERT))])
    if headline is not None:
        for dimension, side in efficiencies.DIMENSION_NAMES.items():
            label = headline[f"{dimension}_indicator"]
            if label is not None:
                _efficiency(
                    paper, f"{side}效率：{label}", headline[f"{dimension}_value"], headline[f"{dimension}_benchmark"]
                )
    confidence = score["tier_confidence"]
    shown = "未测算" if confidence is None else percentage(confidence)
    moved, methods = words.moved(report.policy), methods_of(report)
    note = f"{moved}随机扰动时综合等级不变的比例，不代表方法选择和事实核查"
    tier = agreement_words(score["agreement"], methods, f"为{score['tier']}类")
    if listed := agreement_words(score["list_agreement"], methods, "同清单"):
        note = f"仅指{moved}；{f'{tier}，' if tier else ''}{listed.partition('中')[2] if tier else listed}"
    paper.pairs([(2, "等级稳健度", 1, shown, text), (1, "说明", COLUMNS - 4, note, _small(paper))])


def _efficiency(paper: Paper, label: str, value: float | None, benchmark: float | None) -> None:
    """One efficiency against its benchmark."""
    text = paper.text
    cells: Cells = [(4, label, paper.styles.header(align="left"))]
    for title, figure in (("本企业", value), ("基准", benchmark)):
        # Fewer decimals of a large figure, so that it fits its cell in full size.
        large = figure is not None and abs(figure) >= 1_000
        style = paper.styles.cell("ratio", **({"num_format": "#,##0_ "} if large else {}))
        shown: tuple[str | float, Format] = (figure, style) if figure is not None else ("无数据", text)
        cells += [(1, title, paper.styles.header()), (1, *shown)]
    share = f"为基准的{100 * value / benchmark:.0f}%" if value is not None and benchmark else "—"
    paper.line([*cells, (2, share, text)])


def _opinion(paper: Paper) -> None:
    paper.section("现场核查")
    plain = paper.styles.get(text_wrap=True, valign="vcenter")
    paper.line([(COLUMNS, OPINION, plain)], height=22)
    for label in ("理由", None, None):
        paper.line([(COLUMNS, f"{label}：" if label else None, paper.styles.get(bottom=1, valign="bottom"))], height=20)
    paper.line([(COLUMNS, SIGNED, plain)], height=28)
    paper.line([(COLUMNS, CONFIRMED, plain)], height=26)
    paper.line(
        [
            (
                COLUMNS,
                "内部使用，不交企业。本单为按办法测算的建议，经核查签字后供集体研究，不作为处置依据。",
                paper.styles.note(),
            )
        ],
        height=16,
    )
