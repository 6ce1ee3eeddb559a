"""一企一单: one enterprise's score card on one printed page, for the enterprise to check and to sign.

It shows the whole chain: cell → figure → window total → indicator → benchmark → score → rank → tier → override → list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from efficiency.policy.formulas import FORMULAS
from efficiency.reports.card.sources import SourceBlock, source_blocks
from efficiency.reports.card.words import (
    ONE_CHANGE,
    indicator_note,
    possible_changes,
    result_lines,
    value_needed,
    verification_lines,
    ways_up,
)
from efficiency.reports.palette import TIER_FILL
from efficiency.reports.report import BEIJING
from efficiency.reports.text import division_names, format_figure
from efficiency.reports.workbook import Paper, new_workbook, print_setup, score_kind, unique_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from xlsxwriter.format import Format

    from efficiency.evaluation.explanation import Explanation
    from efficiency.reports.workbook import Cells, Styles

COLUMNS, WIDTH = 20, 7.0
"""The grid on which everything is laid out: so many columns of so many characters."""
CONFIRM = "□ 以上数据和结果核对无误    □ 对下列数据或结果有异议(请写明项目、单元格和正确的数，并附依据)："
DEADLINE = "异议请于______年____月____日前书面提出，并附依据；受理部门：__________________    电话：__________________"
SIGNED = (
    "企业(盖章)：____________________    负责人：______________    填表人：______________    日期：______年____月____日"
)
STATEMENT = "等级和清单是按办法测算的结果，经人工核实确认后生效。"


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
        sheet.set_column(0, COLUMNS - 1, WIDTH)
        card = Paper(sheet, book.styles, COLUMNS, WIDTH, room=WIDTH * 1.15)
        _head(card, explanation)
        _enterprise(card, explanation.score, explanation.cohort_title)
        _result(card, explanation)
        _indicators(card, explanation)
        _verified(card, explanation)
        _way_up(card, explanation)
        _sources(card, source_blocks(explanation))
        _confirmation(card)
        running = f"一企一单 {explanation.score['period']} 评价编号 {explanation.evaluation['evaluation_id']}"
        print_setup(sheet, running, portrait=True)
        sheet.fit_to_pages(1, 1)
        sheet.print_area(0, 0, card.row - 1, COLUMNS - 1)


def _head(card: Paper, explanation: Explanation) -> None:
    evaluation = explanation.evaluation
    year, month = evaluation["period"].split("-")
    card.line([(COLUMNS, f"企业能耗产出效益评价确认单({year}年{int(month)}月)", card.styles.title(18))], height=32)
    words = [explanation.policy_title, f"评价编号 {evaluation['evaluation_id']}"]
    if evaluation["stale"]:
        words.append("更早的评价期已重新评价，本期结果待重算")
    card.line([(COLUMNS, " · ".join(words), card.styles.note(align="center"))], height=16)


def _enterprise(card: Paper, score: dict[str, Any], cohort: str | None) -> None:
    text, code = card.text, card.styles.cell("code")
    industry = division_names().get((score["industry"] or "")[:2], "")
    named = f"{industry}({score['industry']})" if industry else score["industry"] or "未填"
    card.pairs([(2, "企业名称", 9, score["name"] or "未填", text), (3, "统一社会信用代码", 6, score["uscc"], code)])
    card.pairs([
        (2, "镇办", 3, score["town"] or "未填", text), (1, "行业", 7, named, text),
        (1, "规模", 2, score["scale"] or "未填", text), (2, "评价组", 2, cohort or "无", text),
    ])  # fmt: skip


def _result(card: Paper, explanation: Explanation) -> None:
    card.section("评价结果")
    score, styles, text = explanation.score, card.styles, card.text
    names = explanation.policy.letter_names

    def points(name: str) -> tuple[float | None, Format]:
        return score[name], styles.cell(score_kind(score[name], explanation.cuts), shrink=True)

    if score["status"] == "ranked":
        card.pairs([
            (2, "综合等级", 4, *_tier(score["tier"], styles, names)), (2, "综合得分", 2, *points("score")),
            (2, "名次", 4, f"第{score['rank']}名，共{explanation.ranked}家", text),
            (2, "上期等级", 2, *_tier(score["previous_tier"], styles)),
        ])  # fmt: skip
        card.pairs([
            (2, "土地等级", 4, *_tier(score["land_tier"], styles, names)),
            (2, "土地得分", 2, *points("land_score")),
            (2, "能源等级", 4, *_tier(score["energy_tier"], styles, names)),
            (2, "能源得分", 2, *points("energy_score")),
        ])  # fmt: skip
    for label, words in result_lines(explanation):
        card.pairs([(2, label, COLUMNS - 2, words, text)])


def _tier(tier: str | None, styles: Styles, names: Mapping[str, str] | None = None) -> tuple[str, Format]:
    """The tier, with what it is called where there are `names`, and the format of its cell."""
    if tier not in TIER_FILL:
        return "无", styles.cell("text", align="center")
    return (f"{tier} {names[tier]}" if names else tier), styles.tier(tier, shrink=True)


def _indicators(card: Paper, explanation: Explanation) -> None:
    rows = explanation.indicators
    if rows.is_empty():
        return
    card.section(f"指标得分(指标值 = 分子 ÷ 分母；{FORMULAS[explanation.formula or 'ratio'].card_rule})")
    spans = (4, 2, 2, 2, 2, 2, 1, 1, 1, 3)
    card.table(
        spans, ("指标", "分子", "分母", "指标值", "单位", "基准值", "组内\n名次", "权重", "得分", "基准口径与说明")
    )
    styles, first = card.styles, card.row
    for row in rows.iter_rows(named=True):
        position = f"{row['place']}/{row['places']}" if row["place"] is not None else "—"
        figures: Cells = [(2, row[name], _number(styles, row[name])) for name in ("numerator", "denominator", "value")]
        card.line([
            (4, row["title"], card.text), *figures, (2, row["unit"] or "", card.text),
            (2, row["benchmark"], _number(styles, row["benchmark"])),
            (1, position, styles.cell("text", align="center", shrink=True)),
            (1, row["weight"], styles.cell("ordinal", num_format="General")),
            (1, row["score"], styles.cell("score", shrink=True)), (3, indicator_note(row), card.text),
        ])  # fmt: skip
    _sums(card, explanation, spans, first)


def _sums(card: Paper, explanation: Explanation, spans: Sequence[int], first: int) -> None:
    """合计 of weights and scores, and the score made of it, as formulas."""
    from xlsxwriter.utility import xl_range, xl_rowcol_to_cell

    rows, score, bold = explanation.indicators, explanation.score, {"bold": True, "shrink": True}
    label = card.styles.cell("text", bold=True)
    card.line([(span, "合计" if i == 0 else None, label) for i, span in enumerate(spans)])
    columns = {name: sum(spans[:position]) for name, position in (("weight", 7), ("score", 8))}
    for name, column in columns.items():
        made = f"=SUM({xl_range(first, column, card.row - 2, column)})"
        total = float(rows[name].fill_null(0.0).sum())
        card.sheet.write_formula(card.row - 1, column, made, card.styles.cell("score", **bold), total)
    if score["score"] is None:
        return
    factor, points = score["factor"], score["adjustments"] or 0.0
    factor = 1.0 if factor is None else factor
    words = f"综合得分 = 合计 × 修正系数({format_figure(factor)})+ 加减分({format_figure(points)})"
    before = columns["score"]
    card.line([(before, words, label), (1, None, label), (COLUMNS - before - 1, None, label)])
    made = f"={xl_rowcol_to_cell(card.row - 2, before)}*{factor!r}+{points!r}"
    style = card.styles.cell(score_kind(score["score"], explanation.cuts), **bold)
    card.sheet.write_formula(card.row - 1, before, made, style, score["score"])


def _verified(card: Paper, explanation: Explanation) -> None:
    """The verifications of the list that the enterprise is on or would be on."""
    lines = verification_lines(explanation)
    if not lines:
        return
    card.section("核查事项(☑ 已核实  ☐ 未核实  — 未测算)")
    for label, words in lines:
        card.pairs([(5, label, COLUMNS - 5, words, card.text)])


def _number(styles: Styles, value: float | None) -> Format:
    return styles.cell("ratio" if value is None or abs(value) >= 1 else "fraction", shrink=True)


def _way_up(card: Paper, explanation: Explanation) -> None:
    target, score = explanation.target, explanation.score
    if target.tier is None:
        return
    card.section(f"升至{target.tier}类需要什么({ONE_CHANGE})")
    words, ways = ways_up(target, score)
    if words:
        card.line([(COLUMNS, "；".join(words) + "。", card.text)])
    if ways.is_empty():
        return
    card.table((5, 4, 11), ("仅靠一项指标", "须达到", "相当于"))
    for row in ways.iter_rows(named=True):
        card.line(
            [(5, row["title"], card.text), (4, value_needed(row), card.text), (11, possible_changes(row), card.text)]
        )


def _sources(card: Paper, blocks: Sequence[SourceBlock]) -> None:
    if not blocks:
        return
    from xlsxwriter.utility import xl_range

    card.section("数据来源(合计由下列填报数相加，负数为减去；单元格后为该格的数)")
    spans = (3, 2, 2, 7, 6)
    card.table(spans, ("项目", "所属期", "计入数", "文件 [工作表]", "单元格"))
    bold = card.styles.cell("text", bold=True, text_wrap=True)
    total = card.styles.cell("amount", bold=True, shrink=True)
    for block in blocks:
        if len(block.lines) == 1 and not block.words:
            (one,) = block.lines
            source: Cells = [(7, one.source, card.text), (6, one.cells, card.text)]
            card.line([(3, block.title, bold), (2, one.span, card.text), (2, block.total, total), *source])
            continue
        card.line([(3, block.title, bold), (2, "合计", bold), (2, block.total, total), (13, block.words, card.text)])
        if block.adds_up:
            rows = (card.row, card.row + len(block.lines) - 1)
            made = f"=SUM({xl_range(rows[0], 5, rows[1], 5)})" + (f"*{block.scale!r}" if block.scale != 1 else "")
            card.sheet.write_formula(card.row - 1, 5, made, total, block.total)
        for line in block.lines:
            card.line([
                (3, None, card.text), (2, line.span, card.text), (2, line.amount, _number(card.styles, line.amount)),
                (7, line.source, card.text), (6, line.cells, card.text),
            ])  # fmt: skip


def _confirmation(card: Paper) -> None:
    card.section("企业确认")
    plain = card.styles.get(text_wrap=True, valign="vcenter")
    card.line([(COLUMNS, CONFIRM, plain)], height=20)
    lines = card.styles.get(bottom=1)
    for _ in range(2):
        card.line([(COLUMNS, None, lines)], height=20)
    card.line([(COLUMNS, DEADLINE, plain)], height=24)
    card.line([(COLUMNS, SIGNED, plain)], height=30)
    card.line([(COLUMNS, STATEMENT, card.styles.note())], height=16)
