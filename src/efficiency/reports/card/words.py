"""What a score card says in words, for the terminal and for the printed page alike."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from efficiency.reports.card.figures import movement_lines
from efficiency.reports.text import CONFIDENT, LIST_NAMES, REVIEW, format_figure, format_to_reach, percentage
from schemas.results import STATUS_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efficiency.evaluation.explanation import Explanation, Target


def result_lines(explanation: Explanation) -> list[tuple[str, str]]:
    """Label and words: what made the tier other than the score, how firm it is, the list, and how the score changed."""
    score = explanation.score
    if score["status"] != "ranked":
        return [("状态", STATUS_NAMES[score["status"]]), ("原因", score["status_reason"] or "未注明")]
    lines = []
    if score["factor"] is not None and score["factor"] != 1:
        lines.append(("修正系数", format_figure(score["factor"])))
    if explanation.adjustments:
        lines.append(("加减分", "、".join(f"{label} {points:+g}" for label, points in explanation.adjustments)))
    if score["override_labels"]:
        lines.append(("调档", f"初评{score['tier_initial']}，{score['override_labels']}，调整后{score['tier']}"))
    if score["d_streak"]:
        lines.append(("连续D类", f"{score['d_streak']}期"))
    lines += surcharged(score)
    if (confidence := score["tier_confidence"]) is not None:
        lines.append(("等级稳健度", percentage(confidence) + (f"({REVIEW})" if confidence < CONFIDENT else "")))
    lines += listed(explanation.candidate)
    changed = " ".join(line.strip() for line in movement_lines(explanation.movement))
    return [*lines, ("较上期", changed.removeprefix("较上期"))] if changed else lines


def surcharged(score: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The surcharge on electricity, where the policy has one and it is due."""
    due = score["surcharge_yuan_per_kwh"]
    return [("电价加价", f"{due:g} 元/千瓦时(按本期等级测算)")] if due else []


def listed(candidate: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """The list that the enterprise is on, why, and with whom it might be merged."""
    if candidate is None:
        return [("建议清单", "未列入")]
    title = candidate["title"] or LIST_NAMES.get(candidate["list"], candidate["list"])
    lines = [("建议清单", f"{title}(第{candidate['priority']}位，待人工确认)：{candidate['reason']}")]
    partners = [
        f"{candidate[f'partner_{i}_name']}({candidate[f'partner_{i}']})" for i in (1, 2, 3) if candidate[f"partner_{i}"]
    ]
    return [*lines, ("并转对象", "、".join(partners))] if partners else lines


def indicator_note(row: Mapping[str, Any]) -> str:
    """The group whose benchmark applies, and the note on the score."""
    return "；".join(words for words in (row["benchmark_scope"], row["score_note"]) if words)


def score_to_reach(target: Target, score: Mapping[str, Any]) -> list[str]:
    """The score that the tier takes and what is lacking, to the last decimal, by which two can differ."""
    if target.score_needed is None or not math.isfinite(target.score_needed):
        return []
    gap = target.score_needed - score["score"]
    return [f"得分须达到 {target.score_needed:.6f}" + (f"，尚差 {gap:.6f}" if gap > 0 else "，已达到")]


def value_needed(row: Mapping[str, Any]) -> str:
    """The value that an indicator alone would have to reach."""
    if not row["reachable"]:
        return "无法达到"
    rising = row["value"] is None or row["value_needed"] >= row["value"]
    unit = f" {row['unit']}" if row["unit"] else ""
    return f"{format_to_reach(row['value_needed'], upward=rising)}{unit}"


def possible_changes(row: Mapping[str, Any]) -> str:
    """The changes of numerator or denominator that amount to it, or why there are none."""
    found = []
    for part in ("numerator", "denominator"):
        change = row[f"{part}_change"]
        if change:
            unit = f" {row[f'{part}_unit']}" if row[f"{part}_unit"] else ""
            found.append(
                f"{row[part]}{'增加' if change > 0 else '减少'} {format_to_reach(abs(change), upward=True)}{unit}"
            )
    return "，或".join(found) or row["note"] or ""
