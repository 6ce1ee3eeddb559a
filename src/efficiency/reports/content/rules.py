"""The rules of a policy beside its indicators, as label and sentence: who is ranked, adjustments, lists, how firm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.evaluation.robustness import ALL, LEVEL
from efficiency.policy import words
from efficiency.policy.model import PROPOSALS, VERIFY_TITLE
from efficiency.policy.values import OWN
from efficiency.reports import robustness
from efficiency.reports.content.columns import INTERVAL_TITLE, confidence_title
from efficiency.reports.content.lists import list_titles
from efficiency.reports.text import CONFIDENT, percentage
from schemas.profile import TOTALS
from schemas.results import ERROR_SOURCES

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
    """What tier_confidence and rank interval say and what not, and how far benchmarks are of single enterprises."""
    policy = report.policy
    return [
        (f"等级{confidence_title(policy)}", words.robustness(policy, review_below=CONFIDENT)),
        (INTERVAL_TITLE, words.rank_interval(policy, LEVEL)),
        *(
            [("数据误差", words.own_errors(policy) + _without_cases(report))]
            if policy.robustness.data_sd == OWN
            else []
        ),
        *([("方法稳健", _variants(report))] if policy.variant else []),
        ("本企业占基准比重", own_shares(report)),
        *([("电价加价", words.surcharge(policy.surcharge, policy))] if policy.surcharge else []),
    ]


def _variants(report: Report) -> str:
    """Under which other choices of method the evaluation was repeated, or that it was not."""
    number = len(report.policy.variant)
    if robustness.methods_of(report):
        said = robustness.headline(report)
        return f"办法另列{number}种说得通的口径，见“方法稳健”。{said}只供参考，不改变等级和清单。"
    titles = "、".join(variant.title for variant in report.policy.variant)
    why = robustness.not_evaluated(report) or ""
    return f"办法另列{number}种说得通的口径：{titles}。{why}只供参考，不改变等级和清单。"


_TITLES = {column.name: column.title for column in TOTALS}
ERROR_COLUMNS = (
    ("指标项", "text"), ("部门", "text"), ("重报或更正(笔)", "integer"), ("其中改动", "integer"),
    ("其中剔除", "integer"), ("实际误差", "text"), ("测算所用误差", "text"), ("依据", "text"),
)  # fmt: skip
"""Header and kind of each column of `error_rows`."""


def error_rows(report: Report) -> pl.DataFrame:
    """How far figures were off, as 方法说明 shows it: the columns ERROR_COLUMNS, a row a measure and department.

    Without measures of which nothing was stated again. Empty where the policy does not take its errors from the zone's
    history, or the evaluation is of an earlier version.
    """
    found = report.data_errors.filter(pl.col("cases") > 0).with_columns((pl.col("department") != ALL).alias("_of_one"))
    # What a single department states is the same as what all state.
    several = (pl.col("_of_one").sum() > 1).over("measure")
    shown = found.filter(several | ~pl.col("_of_one")).sort("measure", "_of_one", "department")
    return shown.select(
        pl.col("measure").replace(_TITLES),
        pl.col("department").replace({"": "未注明部门"}),
        "cases",
        "changed",
        "set_aside",
        _percent("sd"),
        _percent("used"),
        pl.col("source").replace(ERROR_SOURCES),
    )


def _without_cases(report: Report) -> str:
    """Which measures have no case, and so the figure of the policy."""
    none = report.data_errors.filter(pl.col("cases") == 0)["measure"].sort().to_list()
    return f"本区没有可比记录、按办法测算的：{'、'.join(_TITLES.get(name, name) for name in none)}。" if none else ""


def _percent(name: str) -> pl.Expr:
    return pl.format("{}%", (pl.col(name) * 100).round(1)).fill_null("—").alias(name)


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
