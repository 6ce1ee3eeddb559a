"""The rules of a policy beside its indicators, as label and sentence: who is ranked, adjustments, lists, how firm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.policy import words
from efficiency.policy.model import PROPOSALS, VERIFY_TITLE
from efficiency.reports import robustness
from efficiency.reports.content.lists import list_titles
from efficiency.reports.text import CONFIDENT, percentage

if TYPE_CHECKING:
    from efficiency.reports.report import Report

Entries = list[tuple[str, str]]
OWN_SHARE = 0.1
"""From this share of its own in a benchmark on an enterprise is to a good part held against itself."""


GRAVITY = ("close", "merge", "renovate", "support")
"""What a list may propose, the gravest first."""


def proposals(report: Report) -> dict[str, str]:
    """Id of each list whose rules say what is to become of an enterprise → that, the gravest lists first."""
    stated: dict[str, str | None] = {}
    for rule in report.policy.candidate:
        stated.setdefault(rule.list, rule.proposal)
    known = {own: kind for own, kind in {**PROPOSALS, **stated}.items() if kind is not None}
    return dict(sorted(known.items(), key=lambda item: GRAVITY.index(item[1])))


def tier_entries(report: Report) -> Entries:
    """Names of tiers and letters, who is not ranked, adjustments and overrides."""
    policy = report.policy
    adjusted = [f"{rule.label}：{words.statement(rule.when, policy)}，{rule.points:+g}分" for rule in policy.adjustment]
    overridden = [f"{i}. {words.override_rule(rule, policy)}" for i, rule in enumerate(policy.override, start=1)]
    return [
        ("等级名称", "、".join(f"{letter} {name}" for letter, name in report.letter_names.items())),
        ("不纳入排名", "；".join(words.excluded_rule(rule, policy) for rule in policy.excluded) or "无"),
        ("加减分", "；".join(adjusted) or "无"),
        ("调档", "\n".join(overridden) or "无"),
    ]


def list_entries(report: Report) -> Entries:
    """The lists in the order in which they are tried, what must be verified, and who may take a merging one in."""
    policy, titles = report.policy, list_titles(report)
    if not policy.candidate:
        return [("建议清单", "本办法不设清单。")]
    entries = [
        (f"{i}. {rule.title}", words.candidate_rule(rule, policy)) for i, rule in enumerate(policy.candidate, start=1)
    ]
    if policy.verification:
        rules = [
            f"{i}. {words.verification_rule(rule, policy, titles)}"
            for i, rule in enumerate(policy.verification, start=1)
        ]
        entries.append(("核查事项", "\n".join(rules)))
        entries.append(
            (VERIFY_TITLE, f"符合上述清单规则而缺任一核查事项的，列入“{VERIFY_TITLE}”，写明拟列清单和所缺事项。")
        )
    if any(rule.list == "merger" for rule in policy.candidate):
        entries.append(("并转对象", words.partner_rule(policy)))
    return entries


def firmness_entries(report: Report) -> Entries:
    """What tier_confidence says and what not, and how far benchmarks are made of single enterprises."""
    policy = report.policy
    return [
        ("等级稳健度(仅就权重与数据而言)", words.robustness(policy, review_below=CONFIDENT)),
        *([("方法稳健", _variants(report))] if policy.variant else []),
        ("本企业占基准比重", own_shares(report)),
        *([("电价加价", words.surcharge(policy.surcharge, policy))] if policy.surcharge else []),
    ]


def _variants(report: Report) -> str:
    """Under which other choices of method the evaluation was repeated, or that it was not."""
    titles = "、".join(variant.title for variant in report.policy.variant)
    done = robustness.headline(report) if robustness.methods_of(report) else robustness.not_evaluated(report)
    return f"办法另列{len(report.policy.variant)}种说得通的口径：{titles}。{done or ''}只供参考，不改变等级和清单。"


def own_shares(report: Report) -> str:
    """How many of the ranked are a good part of a benchmark that they are held against, and the greatest share."""
    shares = report.indicators.select("uscc", "title", "benchmark_own_share")
    ranked = report.scores.filter(pl.col("status") == "ranked").select("uscc", "name")
    above = shares.filter(pl.col("benchmark_own_share") > OWN_SHARE).join(ranked, on="uscc")
    if shares["benchmark_own_share"].count() == 0:
        return "本期各项基准不含本企业数据，或为固定值。"
    if above.is_empty():
        return f"没有企业在其任何一项基准中的比重超过{percentage(OWN_SHARE)}。"
    greatest = above.sort("benchmark_own_share", "uscc", descending=[True, False]).row(0, named=True)
    return (
        f"{above['uscc'].n_unique():,}户企业的自身数据在至少一项基准中的比重超过{percentage(OWN_SHARE)}，"
        f"最高{100 * greatest['benchmark_own_share']:.0f}%({greatest['name']}，{greatest['title']})："
        "这些企业在相当程度上是与自己相比，相应得分请结合基准样本数看待。"
    )
