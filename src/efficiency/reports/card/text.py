"""The score card of one enterprise: Chinese text for a terminal, and the same as a dictionary for programs."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.reports.card.course import course_lines
from efficiency.reports.card.figures import figure_lines, movement_lines, sheet_words, span_words
from efficiency.reports.card.standing import (
    RULE,
    group_note,
    group_title,
    place_lines,
    strengths,
    unknown,
    weaknesses,
)
from efficiency.reports.card.words import (
    METHODS,
    ONE_CHANGE,
    dimension_words,
    listed,
    methods_words,
    own_share,
    possible_changes,
    protection,
    surcharged,
    value_needed,
    verification_lines,
    ways_up,
)
from efficiency.reports.content import columns
from efficiency.reports.text import (
    CONFIDENT,
    REVIEW,
    format_figure,
    labelled_lines,
    on_one_line,
    percentage,
    table_lines,
)
from schemas import DATED, FORMS
from schemas.results import STATUS_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from efficiency.evaluation.explanation import Explanation, Target

_FIELDS = {column.name: column.title for form in ("land", "energy") for column in FORMS[form].columns}


def card_as_text(explanation: Explanation, *, all_cells: bool = False) -> str:
    """The score card as aligned text, without a trailing line break.

    `all_cells` adds every stated figure of this year and last that feeds a total, used or not.
    """
    parts = (
        _head(explanation),
        _standing(explanation),
        movement_lines(explanation.movement),
        _place(explanation),
        _indicators(explanation),
        course_lines(explanation),
        _verified(explanation),
        _way_up(explanation.target, explanation.score),
        figure_lines(explanation.totals, explanation.composition),
        _sources(explanation.sources) if all_cells else [],
    )
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def card_as_dict(explanation: Explanation) -> dict[str, Any]:
    """Everything the card says, in types that JSON has: dates as YYYY-MM-DD, missing figures as null."""
    target = explanation.target
    return {
        "evaluation": _plain(explanation.evaluation),
        "policy_title": explanation.policy_title,
        "other_policies": list(explanation.other_policies),
        "score": _plain(explanation.score),
        "cohort_title": explanation.cohort_title,
        "ranked": explanation.ranked,
        "indicators": [_plain(row) for row in explanation.indicators.iter_rows(named=True)],
        "standing": _standing_as_dict(explanation),
        "course": [_plain(row) for row in explanation.course.iter_rows(named=True)],
        "adjustments": [{"label": label, "points": points} for label, points in explanation.adjustments],
        "candidate": _plain(explanation.candidate) if explanation.candidate else None,
        "verifications": [_plain(row) for row in explanation.verifications.iter_rows(named=True)],
        "target": {
            "tier": target.tier,
            "score_needed": _value(target.score_needed),
            "blocked_by": list(target.blocked_by),
            "note": target.note or None,
            "what_it_takes": [_plain(row) for row in target.what_it_takes.iter_rows(named=True)],
        },
        "movement": _plain(explanation.movement) if explanation.movement else None,
        "totals": [_plain(row) for row in explanation.totals.iter_rows(named=True)],
        "composition": [_plain(row) for row in explanation.composition.iter_rows(named=True)],
        "sources": [_plain(row) for row in explanation.sources.iter_rows(named=True)],
    }


def _standing_as_dict(explanation: Explanation) -> dict[str, Any] | None:
    """Its place among those it is compared with, strengths and weaknesses; null where it is not ranked."""
    standing = explanation.standing
    if standing is None:
        return None
    return {
        "group": group_title(explanation),
        "industry": standing.industry,
        "places": {
            name: {"first": place.first, "last": place.last, "of": place.of} for name, place in standing.places.items()
        },
        "strengths": [
            {"indicator": mark.indicator, "value": mark.value, "words": mark.words} for mark in strengths(explanation)
        ],
        "weaknesses": [
            {"indicator": mark.indicator, "value": mark.value, "words": mark.words} for mark in weaknesses(explanation)
        ],
        "unknown": unknown(explanation),
    }


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:  # noqa: ANN401  # whatever a frame holds
    if isinstance(value, date | datetime):
        return value.isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _head(explanation: Explanation) -> list[str]:
    evaluation, score = explanation.evaluation, explanation.score
    attributes = [score[name] for name in ("town", "industry", "scale", "chain") if score[name]]
    lines = [
        f"{score['name']}  {score['uscc']}" + (f"  {' · '.join(attributes)}" if attributes else ""),
        f"评价期 {evaluation['period']} · {explanation.policy_title}({evaluation['policy_id']}) · "
        f"评价编号 {evaluation['evaluation_id']}",
    ]
    if explanation.other_policies:
        lines.append(f"本期另按以下办法评价：{'、'.join(explanation.other_policies)}")
    if evaluation["stale"]:
        lines.append("注意：更早的评价期已重新评价，本期结果待重算")
    return lines


def _standing(explanation: Explanation) -> list[str]:
    """Tier, score and rank, what changed them, and the list."""
    score = explanation.score
    if score["status"] != "ranked":
        return labelled_lines([("状态", STATUS_NAMES[score["status"]]), ("原因", score["status_reason"] or "未注明")])
    lines = [
        ("等级", _tier(explanation, score["tier"]) + _aside(_before(score))),
        (
            "综合得分",
            f"{format_figure(score['score'], explanation.cuts)}，{explanation.cohort_title}第{score['rank']}名，"
            f"共{explanation.ranked}家" + _aside(columns.interval_words(score)),
        ),
        ("土地效率", _dimension(explanation, "land")),
        ("能源效率", _dimension(explanation, "energy")),
    ]
    if score["factor"] is not None and score["factor"] != 1:
        lines.append(("修正系数", format_figure(score["factor"])))
    if explanation.adjustments:
        lines.append(("加减分", "、".join(f"{label} {points:+g}" for label, points in explanation.adjustments)))
    if score["override_labels"]:
        lines.append(("调档事由", score["override_labels"]))
    if score["d_streak"]:
        lines.append(("连续D类", f"{score['d_streak']}期"))
    lines += surcharged(score)
    if (confidence := score["tier_confidence"]) is not None:
        label = f"等级{columns.confidence_title(explanation.policy)}"
        lines.append((label, percentage(confidence) + (f"({REVIEW})" if confidence < CONFIDENT else "")))
    if methods := methods_words(explanation):
        lines.append((METHODS, methods))
    return labelled_lines([*lines, *protection(explanation), *listed(explanation)])


def _place(explanation: Explanation) -> list[str]:
    """Its place in its industry, and what speaks for it and against it."""
    if explanation.standing is None:
        return []
    note = group_note(explanation)
    marks = [
        (label, f"{mark.title} {mark.value}，{mark.words}" if mark.words else f"{mark.title} {mark.value}")
        for label, found in (("长处", strengths(explanation)), ("短板", weaknesses(explanation)))
        for mark in found
    ]
    if titles := unknown(explanation):
        marks.append(("未知", f"{'、'.join(titles)}(缺数据，不作判断)"))
    return [
        f"在{group_title(explanation)}中的位次({note}；{RULE})"
        if note
        else f"在{group_title(explanation)}中的位次({RULE})",
        *table_lines([], [[label, words] for label, words in [*place_lines(explanation), *marks]]),
    ]


def _verified(explanation: Explanation) -> list[str]:
    """The verifications of the list that the enterprise is on or would be on."""
    lines = verification_lines(explanation)
    return ["核查事项(☑ 已核实 ☐ 未核实 — 未测算)", *table_lines([], [[*line] for line in lines])] if lines else []


def _before(score: Mapping[str, Any]) -> str:
    parts = []
    if score["tier_initial"] != score["tier"]:
        parts.append(f"初评{score['tier_initial']}")
    if score["previous_tier"]:
        parts.append(f"上期{score['previous_tier']}")
    return "，".join(parts)


def _dimension(explanation: Explanation, dimension: str) -> str:
    score = explanation.score
    return _tier(explanation, score[f"{dimension}_tier"]) + _aside(dimension_words(score, dimension, explanation.cuts))


def _tier(explanation: Explanation, tier: str | None) -> str:
    return f"{tier}类 {on_one_line(explanation.policy.letter_names[tier])}" if tier else "不划分等级"


def _indicators(explanation: Explanation) -> list[str]:
    if explanation.indicators.is_empty():
        return []
    rows = [
        [
            row["title"], format_figure(row["numerator"]), format_figure(row["denominator"]),
            format_figure(row["value"]) + (f" {row['unit']}" if row["unit"] and row["value"] is not None else ""),
            format_figure(row["benchmark"]),
            "；".join(words for words in (row["benchmark_scope"], own_share(row)) if words),
            "—" if row["place"] is None else f"{row['place']}/{row['places']}", format_figure(row["weight"]),
            format_figure(row["score"]), row["score_note"] or "",
        ]
        for row in explanation.indicators.iter_rows(named=True)
    ]  # fmt: skip
    return [
        "指标",
        *table_lines(
            ["指标", "分子", "分母", "指标值", "基准值", "基准口径", "组内名次", "权重", "得分", "说明"],
            rows,
            right={1, 2, 3, 4, 6, 7, 8},
        ),
    ]


def _way_up(target: Target, score: Mapping[str, Any]) -> list[str]:
    """The section on the next better tier."""
    if target.tier is None:
        return [f"提升路径：{target.note}"] if score["status"] == "ranked" else []
    lines = [f"升至{target.tier}类需要什么({ONE_CHANGE})"]
    sentences, ways = ways_up(target, score)
    lines += [f"  {words}" for words in sentences]
    rows = [[row["title"], value_needed(row), possible_changes(row)] for row in ways.iter_rows(named=True)]
    return [*lines, *table_lines(["仅靠一项指标", "须达到", "相当于"], rows)] if rows else lines


def _sources(sources: pl.DataFrame) -> list[str]:
    """The cells, those of one measure, field and sheet on one line."""
    if sources.is_empty():
        return []
    keys = ("measure", "title", "carrier", "field", "file_name", "earlier_version", "sheet")
    grouped = sources.group_by(keys, maintain_order=True).agg(
        pl.col("span_start").min(), pl.col("span_end").max(), "cell"
    )
    rows = [
        [
            row["title"] if row["carrier"] is None else f"{row['title']}：{row['carrier']}",
            _FIELDS.get(row["field"], "") if row["measure"] != row["field"] else "",
            span_words(row["span_start"], row["span_end"], dated=row["measure"] in DATED),
            sheet_words(row),
            _cells(row["cell"]),
        ]
        for row in grouped.iter_rows(named=True)
    ]
    head = ["指标项", "填报项", "所属期", "文件 [工作表]", "单元格"]
    return ["全部填报数(本年和上年至评价期止，含未用于合计的)", *table_lines(head, rows)]


def _cells(cells: Sequence[str | None]) -> str:
    return "、".join(dict.fromkeys(cell or "列未知" for cell in cells))


def _aside(text: str) -> str:
    return f"({text})" if text else ""
