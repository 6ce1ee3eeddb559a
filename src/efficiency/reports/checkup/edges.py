"""The sections on thresholds and cuts: who crowds just beyond one, and who stands on either side of one by nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.policy.words import condition
from efficiency.reports.checkup.section import FOUND, NOT_FOUND, NOT_JUDGED, Grid, Section, chance, named
from efficiency.reports.text import count, format_figure, shortened
from schemas.profile import PROFILE

if TYPE_CHECKING:
    from typing import Any

    from efficiency.evaluation.checkup import CheckUp
    from efficiency.policy.model import Policy

_WHY_NOT = {
    "absent": "没有保存这项数据",
    "few": "附近企业太少",
    "one_side": "一侧企业太少",
    "within": "分组划档，各组分界不同",
}
_SHORT = {"absent": "无此数据", "few": "企业太少", "one_side": "一侧太少", "within": "分组划档"}
"""The same for a cell."""
_WHO = {"given": "符合其他条件", "plain": "符合其他条件(不看得分)", "all": "全部企业"}
_UNITS = {
    **{column.name: "个月" if column.unit == "月" else column.unit for column in PROFILE.columns if column.unit},
    "score": "分", "land_score": "分", "energy_score": "分",
}  # fmt: skip


def bunching_section(found: CheckUp, policy: Policy) -> Section:
    """Who stands just beyond thresholds."""
    rows = found.bunching
    judged = rows.filter(pl.col("why_not").is_null())
    findings = []
    for row in judged.filter("finding").iter_rows(named=True):
        upper = row["above"] > row["expected_above"]
        more = abs(row["above"] - row["expected_above"])
        unit = _UNITS.get(row["expression"], "")
        findings.append(
            f"发现：门槛“{_words(row, policy)}”({_rule(row)})附近，紧挨门槛的{'上' if upper else '下'}侧企业偏多："
            f"{format_figure(row['low'])}至{format_figure(row['high'])}{unit}之间，门槛以下{count(row['below'])}、"
            f"以上{count(row['above'])}，数据平滑分布时以上约{row['expected_above']:,.0f}户，相差约{more:,.0f}户。"
        )
    left = rows.height - judged.height
    also = "另有" if judged.height else ""
    none = () if rows.height else ("未判断：办法没有与数字比较的条文，也没有等级的分界。",)
    why = rows.filter(pl.col("why_not").is_not_null())["why_not"].unique(maintain_order=True)
    return Section(
        "bunching",
        "紧挨门槛的企业",
        "办法条文中与数字比较的每个门槛(如用地多少亩、投产多少个月)和各等级的分界，都比较紧挨门槛上下两侧的户数；"
        "若没有人为靠拢，户数应随数值平滑变化。"
        + (f"共判断{judged.height}处，已按多次比较校正，整节误报的机会约5%；" if judged.height else "")
        + "多出不到一成的不列。结论中的百分数是没有扎堆时也会有这样结果的机会。",
        tuple(findings),
        "未发现企业在哪个门槛的一侧扎堆。" if judged.height else "",
        (f"未判断：{also}{left}处门槛({'、'.join(_WHY_NOT[one] for one in why)})。",) if left else none,
        "扎堆不证明有人弄虚作假：出让地块的标准面积、四舍五入等也会造成。没有发现扎堆，也不证明没有个别企业这样做。",
        (
            Grid(
                ("门槛", "出自", "看了哪些企业", "紧挨以下", "紧挨以上(平滑时)", "结论"),
                (2, 2, 2, 1, 1, 2),
                tuple(_cells(row, policy) for row in rows.iter_rows(named=True)),
                frozenset(i for i, one in enumerate(rows["finding"]) if one),
            ),
        )
        if rows.height
        else (),
    )


def _cells(row: dict[str, Any], policy: Policy) -> tuple[str, ...]:
    who = f"{_WHO.get(row['who'], row['who'])}，{count(row['known'])}"
    start = (_words(row, policy), shortened(_rule(row), 80), who)
    if row["why_not"] is not None:
        return (*start, "—", "—", f"{NOT_JUDGED}({_SHORT[row['why_not']]})")
    conclusion = f"{FOUND}(偶然：{chance(row['adjusted'])})" if row["finding"] else NOT_FOUND
    return (*start, f"{row['below']:,}", f"{row['above']:,}({row['expected_above']:,.0f})", conclusion)


def _words(row: dict[str, Any], policy: Policy) -> str:
    """The threshold in Chinese."""
    if row["condition"]:
        return shortened(condition(row["condition"], policy), 80)
    return "各组分界" if row["value"] is None else f"综合得分{format_figure(row['value'])}分"


def _rule(row: dict[str, Any]) -> str:
    return str(row["rule"])


def neighbours_section(found: CheckUp) -> Section:
    """Who stands on both sides of a cut within rounding."""
    cuts = found.cuts
    rows: list[tuple[str, ...]] = []
    marked: set[int] = set()
    findings: list[str] = []
    near = found.neighbours.partition_by("cohort_title", "group", "better", "worse", as_dict=True)
    for cut in cuts.iter_rows(named=True):
        group = f"{cut['cohort_title']}{'·' + cut['group'] if cut['group'] else ''}"
        border = f"{cut['better']}类与{cut['worse']}类"
        both = near.get((cut["cohort_title"], cut["group"], cut["better"], cut["worse"]), found.neighbours.clear())
        if both.height:
            sides = [both.filter(pl.col("above") == above)["name"].to_list() for above in (True, False)]
            marked.add(len(rows))
            findings.append(
                f"发现：{group}{border}的分界上，得分相差不超过0.01分：划入{cut['better']}类的有{named(sides[0])}，"
                f"划入{cut['worse']}类的有{named(sides[1])}。"
            )
        rows.append(
            (
                group, border, format_score(cut["lowest_above"]), format_score(cut["highest_below"]),
                format_score(cut["gap"]), named(both["name"].to_list()) or "—", FOUND if both.height else NOT_FOUND,
            )
        )  # fmt: skip
    gaps = cuts["gap"]
    nearest = ""
    if cuts.height:
        nearest = f"各分界两侧最接近的两户，得分相差{format_score(gaps.min())}分起。"  # type: ignore[arg-type]  # figures
    return Section(
        "neighbours",
        "分界两侧得分几乎相同的企业",
        "看每条等级分界两侧，有没有得分相差不超过0.01分(清单所列得分的最后一位)、等级却不同的企业。"
        "按得分划定的等级(调档以前)看。",
        tuple(findings),
        f"未发现得分相差不超过0.01分而等级不同的企业。{nearest}" if cuts.height else "",
        () if cuts.height else ("未判断：本办法不分等级，或没有相邻的两个等级。",),
        "任何分界都会有企业落在两侧，这不是错误；但这样的等级差别很小，处置以前应当复核数据。",
        (
            Grid(
                ("评价组", "分界", "上侧最低分", "下侧最高分", "相差", "两侧几乎同分的企业", "结论"),
                (2, 1, 1, 1, 1, 3, 1),
                tuple(rows[:MOST_CUTS]),
                frozenset(at for at in marked if at < MOST_CUTS),
                f"另有{len(rows) - MOST_CUTS}条分界未列。" if len(rows) > MOST_CUTS else "",
            ),
        )
        if rows
        else (),
    )


MOST_CUTS = 60
"""Cuts that the table shows."""


def format_score(score: float) -> str:
    """A score with two decimals, or with as many as it takes not to be 0."""
    return f"{score:.2f}" if abs(score) >= 0.01 or score == 0 else f"{score:.6f}"
