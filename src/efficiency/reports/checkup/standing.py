"""The section on groups of enterprises: how often each has the first and the last tier, and what chance would give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.reports.checkup.section import FOUND, NOT_FOUND, NOT_JUDGED, Grid, Section, chance
from efficiency.reports.text import count, division_names, shortened

if TYPE_CHECKING:
    from typing import Any

    from efficiency.evaluation.checkup import CheckUp

_WHY_NOT = {"few": "户数太少", "others": "户数太少", "fixed": "由办法规定"}


def groups_section(found: CheckUp) -> Section:
    """The tiers of groups of enterprises."""
    rows = _called(found.groups)
    judged = rows.filter(pl.col("why_not").is_null())
    draws = min(judged["draws"], default=0)
    findings = tuple(_sentence(row) for row in judged.filter("finding").iter_rows(named=True))
    fixed = rows.filter(~(pl.col("why_not").fill_null("") != "fixed").any().over("grouping"))
    names = "、".join(fixed["grouping_title"].unique(maintain_order=True))
    not_judged = [f"未判断：按{names}分组的，A类、D类户数由办法的分档规定，没有偶然可言。"] if names else []
    if rows.is_empty():
        not_judged.append("未判断：本办法不分等级，或没有评出等级的企业。")
    elif judged.is_empty() and not names:
        not_judged.append("未判断：各组都不足10户。")
    return Section(
        "groups",
        "不同企业群体的等级",
        "按规模、投产时间、镇办、行业和规上规下分组(规模、投产时间在评价组内分成户数相等的四段)，看各组有多少户A类、D类；"
        + (f"再把等级在一起划档的企业之间随机重排{draws:,}次，看偶然会有多少。" if draws else "")
        + (
            f"共比较{judged.height}处，已按多次比较校正：即使毫无差别，整节误报的机会也不超过5%。不足10户的组不判断，与偶然相差不到10%的不列。结论中的百分数是毫无差别时也会有这样结果的机会。"
            if draws
            else ""
        ),
        findings,
        "未发现哪一组A类或D类的户数超出偶然的范围。" if judged.height else "",
        tuple(not_judged),
        "有差别不等于不公平：各组企业的行业、产品和效益可能本来就不同。没有发现差别，也不证明公平。",
        (_grid(rows),) if rows.height else (),
    )


def _called(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the names of industry divisions in place of their codes."""
    industry = pl.col("group").replace(division_names())
    return rows.with_columns(pl.when(pl.col("grouping") == "industry").then(industry).otherwise("group").alias("group"))


def _sentence(row: dict[str, Any]) -> str:
    """One finding."""
    before = f"(调档前{count(row['initial'])})" if row["initial"] != row["count"] else ""
    more = "多于" if row["count"] > row["expected"] else "少于"
    return (
        f"发现：{_group(row)}的{count(row['members'])}中有{row['tier']}类{count(row['count'])}{before}，{more}偶然应有的约"
        f"{row['expected']:,.0f}户(95%的情形在{row['low']:,.0f}至{row['high']:,.0f}户之间)。"
    )


def _group(row: dict[str, Any]) -> str:
    title = row["grouping_title"]
    return f"{title.split('(')[-1].rstrip(')')}{row['group']}" if "四分之一" in row["group"] and "(" in title else (
        row["group"] if "四分之一" in row["group"] else f"{title}“{shortened(row['group'], 40)}”"
    )  # fmt: skip


def _grid(rows: pl.DataFrame) -> Grid:
    """One row per group, with the first and the last tier."""
    shown: list[tuple[str, ...]] = []
    marked: set[int] = set()
    by_tier = rows.partition_by("tier", as_dict=True, maintain_order=True)
    first, last = by_tier[("A",)], by_tier[("D",)]
    for a, d in zip(first.iter_rows(named=True), last.iter_rows(named=True), strict=True):
        if a["finding"] or d["finding"]:
            marked.add(len(shown))
            least = min(one["adjusted"] for one in (a, d) if one["finding"])
            conclusion = f"{FOUND}(偶然：{chance(least)})"
        elif a["why_not"] and d["why_not"]:
            conclusion = f"{NOT_JUDGED}({_WHY_NOT[a['why_not']]})"
        else:
            conclusion = NOT_FOUND
        title = a["grouping_title"]
        group = shortened(a["group"], 60)
        shown.append((title, group, f"{a['members']:,}", *_cells(a), *_cells(d), conclusion))
    head = ("分组", "组别", "户数", "A类户数", "偶然范围", "D类户数", "偶然范围", "结论")
    return Grid(head, (2, 2, 1, 1, 1, 1, 1, 1), tuple(shown), frozenset(marked))


def _cells(row: dict[str, Any]) -> tuple[str, str]:
    return f"{row['count']:,}", "—" if row["why_not"] == "fixed" else f"{row['low']:,.0f}–{row['high']:,.0f}"
