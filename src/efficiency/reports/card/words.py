"""What a score card says in words, for the terminal and for the printed page alike."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.evaluation.lists import NO_REVENUE
from efficiency.reports.card.figures import movement_lines
from efficiency.reports.content import checks, columns, efficiencies, partners, rules
from efficiency.reports.robustness import agreement_words
from efficiency.reports.text import CONFIDENT, LIST_NAMES, REVIEW, format_figure, format_to_reach, percentage
from schemas.results import CANDIDATES, STATUS_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efficiency.evaluation.explanation import Explanation, Target


SHOWN_APART = 0.005
"""Scores that differ by less look alike with two decimals."""
METHODS = "方法稳健"
ONE_CHANGE = "单改一项数据；同组基准和其他企业得分随之变化，已按改后重新评价"
"""What the way to a better tier supposes."""


def methods_words(explanation: Explanation) -> str | None:
    """In how many methods the tier and the list stay; None where it is not known."""
    score, methods = explanation.score, len(explanation.policy.variant) + 1
    tier = agreement_words(score["agreement"], methods, f"为{score['tier']}类")
    listed = (
        agreement_words(score["list_agreement"], methods, "在同一清单(核查之前)") if explanation.candidate else None
    )
    return "；".join(words for words in (tier, listed) if words) or None


def notes_on_result(explanation: Explanation) -> list[str]:
    """What made the tier other than the score, how firm it is, and that it is protected, each in a few words."""
    score = explanation.score
    if score["status"] != "ranked":
        return []
    notes = []
    if score["override_labels"]:
        notes.append(f"调档：初评{score['tier_initial']}，{score['override_labels']}，调整后{score['tier']}")
    notes += [f"{label}：{words}" for label, words in protection(explanation)]
    if score["d_streak"]:
        notes.append(f"连续D类{score['d_streak']}期")
    notes += [f"{label}：{words}" for label, words in surcharged(score)]
    if score["factor"] is not None and score["factor"] != 1:
        notes.append(f"修正系数{format_figure(score['factor'])}")
    if explanation.adjustments:
        notes.append("加减分：" + "、".join(f"{label} {points:+g}" for label, points in explanation.adjustments))
    if full := uncapped(score):
        notes.append(f"不封顶得分 {full}(土地、能源等级按此排名)")
    if (confidence := score["tier_confidence"]) is not None:
        label = f"等级{columns.confidence_title(explanation.policy)}"
        notes.append(f"{label} {percentage(confidence)}" + (f"({REVIEW})" if confidence < CONFIDENT else ""))
    if methods := methods_words(explanation):
        notes.append(f"{METHODS}：{methods}")
    return notes


def result_lines(explanation: Explanation) -> list[tuple[str, str]]:
    """Label and words on the page for the enterprise: its status or its list, and how the score changed."""
    score = explanation.score
    if score["status"] != "ranked":
        return [("状态", STATUS_NAMES[score["status"]]), ("原因", score["status_reason"] or "未注明")]
    lines = listed(explanation, for_enterprise=True)
    changed = " ".join(line.strip() for line in movement_lines(explanation.movement))
    return [*lines, ("较上期", changed.removeprefix("较上期"))] if changed else lines


def dimension_words(score: Mapping[str, Any], dimension: str, cuts: Iterable[float] = ()) -> str:
    """The dimension's score, and beside it the uncapped one by which its tier is ranked where that differs."""
    shown, full = score[f"{dimension}_score"], score[f"{dimension}_score_uncapped"]
    words = format_figure(shown, cuts)
    if full is None or shown is None or abs(full - shown) < SHOWN_APART:
        return words
    return f"{words}，不封顶{format_figure(full)}"


def uncapped(score: Mapping[str, Any]) -> str:
    """The dimensions whose uncapped score differs from the one shown: 能源 182.4."""
    return "、".join(
        f"{title} {format_figure(score[f'{dimension}_score_uncapped'])}"
        for dimension, title in efficiencies.DIMENSION_NAMES.items()
        if "不封顶" in dimension_words(score, dimension)
    )


def protection(explanation: Explanation) -> list[tuple[str, str]]:
    """That the enterprise is protected and what that means; nothing where it is not."""
    if not explanation.score["protected"]:
        return []
    spared = explanation.score["open_incidents"] in (None, 0)
    means = "不列入关停、并转、改造类清单" if spared else "有未整改事项，不能免列清单"
    labels = [rule.label for rule in explanation.policy.override if rule.protects]
    return [("受保护", f"{labels[0] if len(labels) == 1 else '符合办法的保护条件'}：{means}")]


def verification_lines(explanation: Explanation) -> list[tuple[str, str]]:
    """Label and words of each verification of the list: its tick, the data, their cells and what is missing."""
    found = checks.checks(explanation.verifications.iter_rows(named=True))
    lines = []
    for check in found:
        words = [check.looked_at, check.cells and f"依据 {check.cells}", check.missing]
        lines.append((f"{check.mark} {check.label}", "；".join(word for word in words if word)))
    return lines


def own_share(row: Mapping[str, Any]) -> str:
    """How much of the benchmark is the enterprise itself, where it is a good part."""
    share = row["benchmark_own_share"]
    return f"本企业占基准{100 * share:.0f}%" if share is not None and share > rules.OWN_SHARE else ""


def surcharged(score: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The surcharge on electricity, where the policy has one and it is due."""
    due = score["surcharge_yuan_per_kwh"]
    return [("电价加价", f"{due:g} 元/千瓦时(按本期等级测算)")] if due else []


def listed(explanation: Explanation, *, for_enterprise: bool = False) -> list[tuple[str, str]]:
    """The list that the enterprise is on, why, what is to be verified, and with whom it might be merged.

    The page `for_enterprise` names partners alone: their figures, and sums that give them away, are not its business.
    """
    candidate = explanation.candidate
    if candidate is None:
        return [("建议清单", "未列入")]
    title = candidate["title"] or LIST_NAMES.get(candidate["list"], candidate["list"])
    lines = [("建议清单", f"{title}(第{candidate['priority']}位，待人工确认)：{candidate['reason']}")]
    if candidate["would_be"]:
        titles = {rule.list: rule.title for rule in reversed(explanation.policy.candidate)}
        would_be = titles.get(candidate["would_be"], candidate["would_be"])
        lines.append(("待核实", f"拟列{would_be}，缺：{candidate['missing']}"))
    if not for_enterprise:
        return [*lines, *partner_lines(explanation, candidate)]
    named = [
        f"{candidate[f'partner_{i}_name']}({candidate[f'partner_{i}']})" for i in (1, 2, 3) if candidate[f"partner_{i}"]
    ]
    return [*lines, ("并转对象", "、".join(named))] if named else lines


def partner_lines(explanation: Explanation, candidate: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A line for each partner: name, code, tier, and what both have together."""
    found = partners.partner_words(
        pl.DataFrame([dict(candidate)], schema_overrides=CANDIDATES.polars_schema),
        pl.concat([explanation.indicators, explanation.partners], how="diagonal"),
        explanation.partners.select("uscc", "tier").unique(maintain_order=True),
        explanation.policy,
    )
    return [
        (f"并转对象{number}", f"{partner} {words}") for number, partner, words in
        found.select("number", "partner", "words").iter_rows()
    ]  # fmt: skip


def indicator_notes(row: Mapping[str, Any], *, scope: bool) -> list[str]:
    """What is to be noted on an indicator: whose benchmark applies, where `scope`, its own share, how it was scored."""
    notes = (row["benchmark_scope"] if scope else "", own_share(row), row["score_note"])
    return [words for words in notes if words]


def score_to_reach(target: Target, score: Mapping[str, Any]) -> list[str]:
    """The score that the tier takes and what is lacking, to the last decimal, by which two can differ."""
    if target.score_needed is None or not math.isfinite(target.score_needed):
        return []
    gap = target.score_needed - score["score"]
    return [f"得分须达到 {target.score_needed:.6f}" + (f"，尚差 {gap:.6f}" if gap > 0 else "，已达到")]


def ways_up(target: Target, score: Mapping[str, Any]) -> tuple[list[str], pl.DataFrame]:
    """Sentences on the next better tier, and the changes that lead there (shape `Target.what_it_takes`).

    Who has no revenue all window long is told to see whether it still produces, not to earn more.
    """
    words = score_to_reach(target, score)
    if target.blocked_by:
        words.append(f"须先解除：{'、'.join(target.blocked_by)}(否则得分再高也不能升至{target.tier}类)")
    if target.note:
        words.append(target.note)
    if score["revenue"] == 0:
        return [NO_REVENUE, *words], target.what_it_takes.clear()
    return words, target.what_it_takes


def value_needed(row: Mapping[str, Any]) -> str:
    """The value that an indicator alone would have to reach."""
    if not row["reachable"]:
        return "无法达到"
    if row["value_needed"] is None:
        return "指标值未知"
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
