"""What would take each enterprise of a list to the next better tier, in words: one change of a figure at a time."""

from __future__ import annotations

import polars as pl

from efficiency.evaluation.evaluate import Evaluation
from efficiency.evaluation.targets import PARTS, Search, advisable, next_better, supposing
from efficiency.policy.model import Cohort, Policy
from schemas.profile import TOTALS

MOST_CASES = 250_000
"""Enterprises on such lists × enterprises of their cohort: beyond it a list leaves this to the card, for the time."""
ELSEWHERE = "企业数较多，见企业评分卡"
NO_REVENUE = "本期营业收入为零，先核实是否停产"
"""What stands in place of changes for an enterprise that sells nothing: a little more revenue is no advice."""
NO_WAY = "单改一项数据不能升至{tier}类"
SHOWN = ("land", "energy")
"""The dimensions whose figures are named: a list is about land and energy; the score card has the rest."""

_TITLES = {column.name: (column.title, column.unit or "") for column in TOTALS}


def next_tier_needs(evaluation: Evaluation, policy: Policy, of: pl.DataFrame) -> pl.DataFrame:
    """One row per enterprise of `of` (uscc) with a better tier above it: uscc, next_tier_needs in Chinese.

    Each change alone puts it there, with every benchmark and rank that moves with it.
    """
    known = evaluation.profile.select("uscc", "cohort", "tier", "revenue")
    asked = known.join(of.select("uscc"), on="uscc", how="semi")
    rows = [
        row
        for cohort in policy.cohort
        for row in _of_cohort(evaluation, policy, cohort, asked.filter(pl.col("cohort") == cohort.id))
    ]
    return pl.DataFrame(rows, schema={"uscc": pl.String, "next_tier_needs": pl.String}, orient="row")


def _of_cohort(evaluation: Evaluation, policy: Policy, cohort: Cohort, asked: pl.DataFrame) -> list[tuple[str, str]]:
    """Code and words of the enterprises of one cohort."""
    better = {uscc: next_better(tier) for uscc, tier in asked.select("uscc", "tier").iter_rows()}
    idle = set(asked.filter(pl.col("revenue") == 0)["uscc"])
    waiting = [(uscc, NO_REVENUE) for uscc, tier in better.items() if tier is not None and uscc in idle]
    targets = {uscc: tier for uscc, tier in better.items() if tier is not None and uscc not in idle}
    return [*waiting, *_of_targets(evaluation, policy, cohort, targets)]


def _of_targets(
    evaluation: Evaluation, policy: Policy, cohort: Cohort, targets: dict[str, str]
) -> list[tuple[str, str]]:
    """Code and words of the enterprises of one cohort, each with the tier that it is to reach."""
    if not targets:
        return []
    members = evaluation.scores.filter(pl.col("cohort") == cohort.id).height
    if len(targets) * members > MOST_CASES:
        return [(uscc, ELSEWHERE) for uscc in targets]
    base = supposing(evaluation.inputs, policy, cohort)
    if base is None:
        return []
    search = Search(base, targets, parts=4, rounds=5)
    words = dict.fromkeys(
        word
        for item in cohort.indicator
        if item.dimension in SHOWN
        for part in PARTS
        if (word := advisable(item, part))
    )
    return [(uscc, _in_words(search, uscc, list(words), tier)) for uscc, tier in targets.items()]


def _in_words(search: Search, uscc: str, words: list[str], tier: str) -> str:
    """升至B类(其一即可)：实缴税金增加166.1万元；综合能耗减少140.38吨标准煤."""
    found = []
    for word in words:
        change = search.change(uscc, word)
        if change is not None:
            title, unit = _TITLES[word]
            found.append(f"{title}{'增加' if change > 0 else '减少'}{abs(change):,.4f}".rstrip("0").rstrip(".") + unit)
    return f"升至{tier}类(其一即可)：{'；'.join(found)}" if found else NO_WAY.format(tier=tier)
