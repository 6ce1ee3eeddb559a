"""The printed card from its head to the signatures, as rows: one page, whatever there is to say.

Cell → figure → window total → indicator → benchmark → score → rank → tier → override → list: the whole chain is on it.
What is longer than its place is cut with a mark or counted; all figures with their cells stand below the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efficiency.policy.formulas import FORMULAS
from efficiency.reports.card.rows import COLUMNS, Limits, Row, beside, fitted, lines_of, short_paths
from efficiency.reports.card.standing import COMPARED, group_note, quarter, strengths, unknown, weaknesses
from efficiency.reports.card.words import (
    indicator_notes,
    notes_on_result,
    possible_changes,
    result_lines,
    value_needed,
    verification_lines,
    ways_up,
)
from efficiency.reports.content import columns
from efficiency.reports.palette import ALERT, TIER_FILL
from efficiency.reports.text import division_names, format_figure, period_title
from efficiency.reports.workbook import score_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from efficiency.evaluation.explanation import Explanation
    from efficiency.reports.card.rows import Maker
    from efficiency.reports.card.sources import SourceBlock
    from efficiency.reports.card.standing import Mark
    from efficiency.reports.workbook import Cells, Styles

CONFIRM = "□ 以上数据和结果核对无误    □ 对下列数据或结果有异议(请写明项目、单元格和正确的数，并附依据)："
DEADLINE = "异议请于______年____月____日前书面提出，并附依据；受理部门：________________  电话：________________"
SIGNED = "企业(盖章)：________________  负责人：____________  填表人：____________  日期：______年____月____日"
STATEMENT = "等级和清单是按办法测算的结果，经人工核实确认后生效。"
HALF = COLUMNS // 2
LEAST_SOURCES = 2
"""Totals whose cells are on the page even where there is hardly any room."""


def head_rows(make: Maker, explanation: Explanation) -> list[Row]:
    """Title, policy and evaluation."""
    evaluation = explanation.evaluation
    words = [explanation.policy_title, f"评价编号 {evaluation['evaluation_id']}"]
    if evaluation["stale"]:
        words.append("更早的评价期已重新评价，本期结果待重算")
    title = f"企业能耗产出效益评价确认单({period_title(evaluation['period'])})"
    return [
        make.row([(COLUMNS, title, make.styles.title(17))], height=27),
        make.row(
            [(COLUMNS, " · ".join(words), make.styles.get(align="center", valign="vcenter", text_wrap=True))], most=2
        ),
    ]


def enterprise_rows(make: Maker, explanation: Explanation, limits: Limits) -> list[Row]:
    """Who it is."""
    score, text = explanation.score, make.text
    industry = division_names().get((score["industry"] or "")[:2], "")
    named = f"{industry}({score['industry']})" if industry else score["industry"] or "未填"
    code = make.styles.cell("code")
    return [
        make.pairs([
            (3, "企业", 22, score["name"] or "未填", text), (3, "代码", 8, score["uscc"], code)
        ], most=limits.name),
        make.pairs([
            (3, "镇办", 5, score["town"] or "未填", text), (3, "行业", 14, named, text),
            (3, "规模", 2, score["scale"] or "未填", text), (2, "组别", 4, explanation.cohort_title or "无", text),
        ], most=limits.title),
    ]  # fmt: skip


def result_rows(make: Maker, explanation: Explanation, limits: Limits) -> list[Row]:
    """Tiers and scores, what made the tier other than the score, the list, and how the score changed."""
    score, styles, text = explanation.score, make.styles, make.text
    rows = [make.section("评价结果")]
    names = explanation.policy.letter_names

    def points(name: str) -> tuple[float | None, Format]:
        kind = score_kind(score[name], explanation.cuts)
        return score[name], styles.cell(kind)

    if score["status"] == "ranked":
        place = f"第{score['rank']}名，共{explanation.ranked}户"
        if interval := columns.interval_words(score):
            place += f"({interval})"
        rows += [
            make.pairs([
                (4, "综合等级", 7, *tier_cell(score["tier"], styles, names)), (4, "综合得分", 5, *points("score")),
                (3, "名次", 7, place, text), (4, "上期等级", 2, *tier_cell(score["previous_tier"], styles)),
            ]),
            make.pairs([
                (4, "土地等级", 7, *tier_cell(score["land_tier"], styles, names)),
                (4, "土地得分", 4, *points("land_score")),
                (4, "能源等级", 5, *tier_cell(score["energy_tier"], styles, names)),
                (4, "能源得分", 4, *points("energy_score")),
            ]),
        ]  # fmt: skip
    if notes := notes_on_result(explanation):
        rows.append(make.pairs([(4, "说明", COLUMNS - 4, "；".join(notes), text)], most=limits.lines))
    rows += [
        make.pairs([(4, label, COLUMNS - 4, words, text)], most=limits.lines)
        for label, words in result_lines(explanation)
    ]
    return rows


def tier_cell(tier: str | None, styles: Styles, names: Mapping[str, str] | None = None) -> tuple[str, Format]:
    """The tier, with what it is called where there are `names`, and the format of its cell."""
    if tier not in TIER_FILL:
        return "无", styles.cell("text", align="center")
    return (f"{tier} {names[tier]}" if names else tier), styles.tier(tier)


def place_rows(
    make: Maker, explanation: Explanation, limits: Limits, titles: Sequence[str],
    charts: Callable[[Worksheet, int, float], None],
) -> list[Row]:  # fmt: skip
    """Its place in its industry and the twelve months, as charts and in words; what speaks for it and against it.

    `titles` stand above the charts, which `charts` inserts into the row below.
    """
    styles, text, standing = make.styles, make.text, explanation.standing
    rows = [make.section("近十二个月" if standing is None else "行业位次与近十二个月")]
    if standing is not None and standing.places and len(standing.scores) > 1:
        rows.append(make.pairs([
            (4, COMPARED[name], 8, f"{place.first}/{place.of} {quarter(place)}", text)
            for name, place in standing.places.items()
        ] if len(standing.places) == 3 else [
            (4, COMPARED[name], COLUMNS - 4, f"{place.first}/{place.of} {quarter(place)}", text)
            for name, place in list(standing.places.items())[:1]
        ], most=2))  # fmt: skip
    small = styles.get(text_wrap=True, valign="vcenter", align="center")
    rows.append(make.row([(COLUMNS // len(titles), title, small) for title in titles], most=3))
    rows.append(
        make.row(
            [(COLUMNS, None, styles.get())],
            height=limits.chart,
            after=lambda sheet, row: charts(sheet, row, limits.chart),
        )
    )
    return rows + _mark_rows(make, explanation, limits)


def _mark_rows(make: Maker, explanation: Explanation, limits: Limits) -> list[Row]:
    """Strengths beside weaknesses, and what is not known."""
    rows: list[Row] = []
    if explanation.standing is not None:
        both = (strengths(explanation), weaknesses(explanation))
        head = make.styles.header(align="left")
        note = group_note(explanation)
        rows.append(make.row([
            (HALF, "长处(达到基准且居同组前一半)", head), (HALF, "短板(未达基准且居同组后一半)", head)
        ]))  # fmt: skip
        for at in range(max(1, *map(len, both))):
            cells: Cells = []
            for marks in both:
                words = _mark_words(at, marks[at], limits.title) if at < len(marks) else ""
                cells.append((HALF, words or ("无" if at == 0 else None), make.text))
            rows.append(make.row(cells, most=limits.title))
        if note:
            rows.append(make.row([(COLUMNS, f"注：{note}。", make.text)]))
    if titles := unknown(explanation):
        words = fitted(titles, COLUMNS - 10, 1, "、", lambda count: f" 等{count}项")
        rows.append(make.pairs([(4, "未知", COLUMNS - 4, f"{words}(缺数据，不作判断)", make.text)]))
    return rows


def _mark_words(at: int, mark: Mark, most: int) -> str:
    """2. 单位用地税收：为基准的31%，第102/112名; a long title is cut, not what is said of it."""
    said = f"：{mark.words}" if mark.words else ""
    return f"{at + 1}. {beside(mark.title, said, HALF, most)}{said}"


def indicator_rows(make: Maker, explanation: Explanation, limits: Limits) -> list[Row]:
    """Each indicator, their sums, and the score made of these, as formulas."""
    frame = explanation.indicators
    if frame.is_empty():
        return []
    listed = frame.to_dicts()
    scopes = {row["benchmark_scope"] for row in listed}
    shared = scopes.pop() if len(scopes) == 1 else None
    rule = FORMULAS[explanation.formula or "ratio"].card_rule
    basis = f"；基准：{shared}" if shared else ""
    spans = (12, 8, 4, 4, 3, 2, 3)
    rows = [
        make.section(f"指标得分({rule}{basis})"),
        make.head(spans, ("指标(单位)", "分子÷分母", "指标值", "基准值", "名次", "权重", "得分")),
    ]
    middle = make.styles.cell("text", align="center", text_wrap=True)
    for row in listed:
        unit = f"({row['unit']})" if row["unit"] else ""
        place = f"{row['place']}/{row['places']}" if row["place"] is not None else "—"
        rows.append(make.row([
            (12, f"{row['title']}{unit}", make.text),
            (8, f"{format_figure(row['numerator'])}÷{format_figure(row['denominator'])}", middle),
            (4, row["value"], make.figure(row["value"], 4)), (4, row["benchmark"], make.figure(row["benchmark"], 4)),
            (3, place, middle), (2, row["weight"], make.styles.cell("ordinal", num_format="General")),
            (3, row["score"], make.styles.cell("score")),
        ], most=limits.title))  # fmt: skip
    rows.append(_sums(make, explanation, spans, len(listed)))
    noted: dict[str, list[str]] = {}
    for row in listed:
        for note in indicator_notes(row, scope=shared is None):
            noted.setdefault(note, []).append(row["title"])
    if noted:
        words = "；".join(f"{note}：{'、'.join(titles)}" for note, titles in noted.items())
        rows.append(make.row([(COLUMNS, words, make.text)], most=limits.lines))
    return rows


def _sums(make: Maker, explanation: Explanation, spans: Sequence[int], count: int) -> Row:
    """合计 of weights and scores, and the score made of them."""
    from xlsxwriter.utility import xl_range, xl_rowcol_to_cell

    frame, score = explanation.indicators, explanation.score
    factor, points = score["factor"], score["adjustments"] or 0.0
    factor = 1.0 if factor is None else factor
    ranked = score["score"] is not None
    words = f"综合得分 = 得分合计 × 修正系数({format_figure(factor)})+ 加减分({format_figure(points)})"
    label = make.styles.cell("text", bold=True)
    at = {"made": sum(spans[:2]), "weight": sum(spans[:5]), "score": sum(spans[:6])}
    totals = {name: float(frame[name].fill_null(0.0).sum()) for name in ("weight", "score")}
    bold = {"weight": make.styles.cell("ordinal", num_format="General", bold=True),
            "score": make.styles.cell("score", bold=True)}  # fmt: skip
    kind = score_kind(score["score"], explanation.cuts)
    style = make.styles.cell(kind, bold=True)

    def formulas(sheet: Worksheet, row: int) -> None:
        for name, value in totals.items():
            if frame[name].null_count() == frame.height:
                continue
            column = at[name]
            sheet.write_formula(
                row, column, f"=SUM({xl_range(row - count, column, row - 1, column)})", bold[name], value
            )
        if ranked:
            made = f"={xl_rowcol_to_cell(row, at['score'])}*{factor!r}+{points!r}"
            sheet.write_formula(row, at["made"], made, style, score["score"])

    return make.row([
        (at["made"], words if ranked else "合计", label), (8, None, label), (3, "合计", label), (2, None, label),
        (3, None, label),
    ], after=formulas)  # fmt: skip


def verification_rows(make: Maker, explanation: Explanation, limits: Limits) -> list[Row]:
    """The verifications of the list that the enterprise is on or would be on; what fails stands first where some are
    left out.
    """
    lines = verification_lines(explanation)
    if not lines:
        return []
    rows = [make.section("核查事项(☑ 已核实  ☐ 未核实  — 未测算)")]
    shown = lines
    if len(lines) > limits.checks:
        shown = sorted(lines, key=lambda line: line[0].startswith("☑"))[: limits.checks - 1]
    for label, words in shown:
        fits = lines_of(words, COLUMNS - 11) <= limits.check
        rows.append(
            make.pairs([(11, label, COLUMNS - 11, words if fits else short_paths(words), make.text)], most=limits.check)
        )
    if len(shown) < len(lines):
        ticked = sum(label.startswith("☑") for label, _ in lines)
        rows.append(
            make.row(
                [
                    (
                        COLUMNS,
                        f"共{len(lines)}项，已核实{ticked}项，此处列{len(shown)}项，其余见电子版打印区以下。",
                        make.text,
                    )
                ]
            )
        )
    return rows


def way_rows(make: Maker, explanation: Explanation, limits: Limits) -> list[Row]:
    """What the next better tier takes."""
    target, score = explanation.target, explanation.score
    if target.tier is None:
        return []
    rows = [make.section(f"升至{target.tier}类需要什么(单改一项数据；基准和名次随之变化，已重新评价)")]
    words, ways = ways_up(target, score)
    if words:
        rows.append(make.row([(COLUMNS, "；".join(words) + "。", make.text)], most=limits.lines))
    listed = ways.to_dicts()
    possible = [row for row in listed if row["reachable"]]
    rows += [
        make.row([
            (11, row["title"], make.text), (7, value_needed(row), make.text), (18, possible_changes(row), make.text)
        ], most=limits.title)
        for row in possible[: limits.ways]
    ]  # fmt: skip
    rest = [row["title"] for row in possible[limits.ways :]]
    others = [row["title"] for row in listed if not row["reachable"]]
    said = []
    if rest:
        said.append(f"另可单改：{'、'.join(rest)}")
    if others:
        said.append(f"单改不能达到：{'、'.join(others)}")
    return [*rows, make.row([(COLUMNS, "；".join(said) + "。", make.text)])] if said else rows


def source_rows(make: Maker, blocks: Sequence[SourceBlock], room: float, where: str) -> list[Row]:
    """Each total with the cells it is made of, as far as there is `room` (points); where the others are.

    One line a total, two where there is room for it; the cells that the lines leave out are counted.
    """
    if not blocks:
        return []
    spans = (8, 5, 23)
    head = [
        make.section(f"数据来源(全部单元格{where})"),
        make.head(spans, ("项目", "合计", "所属期、单元格和文件[工作表]")),
    ]
    left = room - sum(row.height for row in head)
    for most in (3, 2, 1):
        rows = [_source_row(make, block, most) for block in blocks]
        if sum(row.height for row in rows) <= left:
            return [*head, *rows]
    shown = max(LEAST_SOURCES, int(left // rows[0].height) - 1)
    if shown >= len(blocks):
        return [*head, *rows]
    titles = fitted([block.title for block in blocks[shown:]], COLUMNS - 12, 1, "、", lambda count: f" 等{count}项")
    return [*head, *rows[:shown], make.row([(COLUMNS, f"其余{len(blocks) - shown}项{where}：{titles}", make.text)])]


def _source_row(make: Maker, block: SourceBlock, most: int) -> Row:
    pieces = [f"{'−' if line.amount < 0 else ''}{line.span} {line.cells_only} {line.source}" for line in block.lines]
    notes = [block.note] if block.note else []
    if pieces and lines_of("；".join([*notes, *pieces]), 23) > most:
        pieces = [short_paths(piece) for piece in pieces]
    words = fitted([*notes, *pieces], 23, most, "；", lambda _: f"；共{len(pieces)}处") or "无填报数"
    total = block.total
    shown: tuple[str | float, Format] = ("无数据", make.text) if total is None else (total, make.figure(total, 5))
    return make.row([(8, block.title, make.text), (5, *shown), (23, words, make.text)], most=most)


def confirmation_rows(make: Maker, limits: Limits) -> list[Row]:
    """What the enterprise fills in by hand."""
    plain = make.styles.get(valign="vcenter")
    line = make.styles.get(bottom=1)
    return [
        make.section("企业确认"),
        make.row([(COLUMNS, CONFIRM, plain)], height=17),
        *[make.row([(COLUMNS, None, line)], height=17) for _ in range(1 + limits.spare)],
        make.row([(COLUMNS, DEADLINE, plain)], height=19),
        make.row([(COLUMNS, SIGNED, plain)], height=22),
        make.row([(COLUMNS, STATEMENT, make.styles.get(font_color=ALERT, valign="vcenter"))]),
    ]
