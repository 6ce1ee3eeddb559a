"""The sentences that stand for charts of tiers: of all, by town, by industry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.reports.content.totals import group_table, tier_table
from efficiency.reports.text import amount, count, shortened, whole_percent
from schemas.profile import TIERS

if TYPE_CHECKING:
    from efficiency.reports.report import Report

GROUPS = {"town": "镇办", "industry_division": "行业"}
NAME_WIDTH = 40


def group_words(report: Report, by: str, shown: int) -> str:
    """What the chart of the `shown` towns or industries (`by`) that have most evaluated enterprises says."""
    table, name = group_table(report, by).filter(pl.col("ranked") > 0), GROUPS[by]
    if table.is_empty():
        return f"各{name}等级分布：没有参评企业。"
    first = table.row(0, named=True)
    tiers = "、".join(f"{tier}类{count(first[tier])}" for tier in TIERS)
    worst = table.head(shown).sort("D", "ranked", "label", descending=[True, True, False]).row(0, named=True)
    of_d = (
        f"；D类最多的是{shortened(worst['label'], NAME_WIDTH)}，{count(worst['D'])}" if worst["D"] else "；没有D类企业"
    )
    extent = f"{table.height:,}个{name}" + (f"中参评最多的{shown}个" if table.height > shown else "")
    return (
        f"各{name}等级分布：{extent}；参评最多的是{shortened(first['label'], NAME_WIDTH)}，"
        f"{count(first['ranked'])}，其中{tiers}{of_d}。"
    )


def tier_words(report: Report) -> str:
    """What the chart of the tiers' shares says, in one sentence."""
    table = tier_table(report)
    rated = int(table["enterprises"].sum())
    if not rated:
        return "等级分布：没有企业评级。"
    parts = [
        f"{tier}类{count(number)}({whole_percent(number, rated)})，{amount(land, '亩')}，{amount(energy, '吨标准煤')}"
        for tier, number, land, energy in table.select("tier", "enterprises", "land", "energy").iter_rows()
    ]
    return f"等级分布：{'；'.join(parts)}。"
