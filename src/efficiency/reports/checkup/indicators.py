"""The sections on indicators: how much each really moves the score, and where it tells enterprises not apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.reports.checkup.section import FOUND, NOT_FOUND, NOT_JUDGED, Grid, Section, share
from efficiency.reports.text import count

if TYPE_CHECKING:
    from efficiency.evaluation.checkup import CheckUp


MANY = 1_000
"""From this number on its share stands in a line of its own."""


def influence_section(found: CheckUp) -> Section:
    """What the indicators really move, beside their weights."""
    rows = found.influences
    findings: list[str] = []
    for row in rows.iter_rows(named=True):
        where = f"发现：{row['cohort_title']}的“{row['title']}”"
        if row["without"]:
            explains = f"只能解释综合得分差异的{share(row['influence'])}，几乎不影响结果。"
            findings.append(f"{where}权重{share(row['weight'])}，{explains}")
        if row["offset"]:
            findings.append(
                f"{where}权重{share(row['weight'])}，得分高低与综合得分几乎无关(只能解释差异的{share(row['influence'])})："
                "此项得分高的，其他项往往低，相互抵消。不是没有作用：去掉此项，得分先后也会改变。"
            )
        if row["opposite"]:
            findings.append(f"{where}得分高的企业，综合得分反而偏低。")
        if row["outsized"]:
            moves = f"却占各项影响合计的{share(row['share'])}，实际作用远大于权重。"
            findings.append(f"{where}权重{share(row['weight'])}，{moves}")
    judged = rows.filter("judged")
    strongest = "；".join(
        f"{row['cohort_title']}中影响最大的是“{row['title']}”"
        f"(权重{share(row['weight'])}，占各项影响合计的{share(row['share'])})"
        for row in judged.filter(pl.col("share") > 0)
        .sort("share", descending=True, maintain_order=True)
        .unique("cohort", keep="first", maintain_order=True)
        .iter_rows(named=True)
    )
    nothing = "未发现几乎不影响结果、作用被抵消、作用与权重相差悬殊或方向相反的指标。" if judged.height else ""
    return Section(
        "influence",
        "各项指标的真实影响",
        "把每个评价组的企业按一项指标的得分从低到高分段，看各段的综合得分相差多大：相差越大，这项指标越能左右结果。"
        "与办法规定的权重对照；参评不足50户的评价组不判断。",
        tuple(findings),
        f"{nothing}{strongest}。" if nothing and strongest else nothing,
        tuple(
            f"未判断：{title}参评{count(ranked)}，户数太少或得分没有差别。"
            for title, ranked in rows.filter(~pl.col("judged").any().over("cohort"))
            .select("cohort_title", "ranked")
            .unique(maintain_order=True)
            .iter_rows()
        ),
        "影响小不等于指标不该设：企业普遍达标时也会如此。影响大小还与指标之间的关联有关，不能简单相加。",
        (
            Grid(
                ("评价组", "指标", "权重", "解释的得分差异", "占影响合计", "按直线核对", "结论"),
                (2, 3, 1, 1, 1, 1, 1),
                tuple(
                    (
                        row["cohort_title"], row["title"], share(row["weight"]),
                        *(_share(row[name]) for name in ("influence", "share", "linear")),
                        _outcome(row, "without", "offset", "opposite", "outsized"),
                    )
                    for row in rows.iter_rows(named=True)
                ),
                _at(rows, pl.any_horizontal("without", "offset", "opposite", "outsized")),
            ),
        ),
    )  # fmt: skip


def caps_section(found: CheckUp) -> Section:
    """Who stands at a cap or a floor, or has no value."""
    rows = found.caps
    findings: list[str] = []
    for row in rows.iter_rows(named=True):
        where = f"发现：{row['cohort_title']}的“{row['title']}”"
        if row["many_at_cap"]:
            part = share(row["at_cap"] / row["with_value"])
            findings.append(f"{where}有{count(row['at_cap'])}达到封顶({part})，这些企业在此项上不再有区别。")
        if row["many_at_floor"]:
            part = share(row["at_floor"] / row["with_value"])
            findings.append(f"{where}有{count(row['at_floor'])}落在保底({part})，这些企业在此项上不再有区别。")
        if row["many_missing"]:
            part = share(row["missing"] / row["members"])
            findings.append(f"{where}有{count(row['missing'])}没有指标值({part})，此项无法按其自身数据计分。")
    few = rows.filter(~pl.col("judged")).select("cohort_title", "members").unique(maintain_order=True)
    return Section(
        "caps",
        "封顶、保底与缺项",
        "看每项指标有多少企业达到封顶、落在保底或者没有指标值；超过20%的列出。不足20户的评价组不判断。",
        tuple(findings),
        "未发现超过20%的企业封顶、保底或缺项的指标。" if rows["judged"].any() else "",
        tuple(f"未判断：{title}只有{count(members)}。" for title, members in few.iter_rows()),
        "封顶是防止单项畸高的常见做法。达到封顶的多，只说明此项不能区分较好的企业，不说明评价有误。",
        (
            Grid(
                ("评价组", "指标", "封顶倍数", "封顶户数", "保底倍数", "保底户数", "缺项户数", "结论"),
                (2, 2, 1, 1, 1, 1, 1, 1),
                tuple(
                    (
                        row["cohort_title"], row["title"], _bound(row["cap"]), _part(row["at_cap"], row["with_value"]),
                        _bound(row["floor"]), _part(row["at_floor"], row["with_value"]),
                        _part(row["missing"], row["members"]),
                        _outcome(row, "many_at_cap", "many_at_floor", "many_missing"),
                    )
                    for row in rows.iter_rows(named=True)
                ),
                _at(rows, pl.any_horizontal("many_at_cap", "many_at_floor", "many_missing")),
            ),
        ),
    )  # fmt: skip


def _outcome(row: dict[str, Any], *findings: str) -> str:
    return FOUND if any(row[name] for name in findings) else NOT_FOUND if row["judged"] else NOT_JUDGED


def _share(part: float | None) -> str:
    return "—" if part is None else share(part)


def _bound(value: float | None) -> str:
    return "不设" if value is None else f"{value:g}"


def _part(number: int | None, of: int) -> str:
    """33(12%); a dash where there is no such bound."""
    if number is None:
        return "—"
    apart = "\n" if number >= MANY else ""
    return f"{number:,}{apart}({share(number / of)})" if number else "0"


def _at(rows: pl.DataFrame, condition: pl.Expr) -> frozenset[int]:
    """Positions of the rows that meet `condition`."""
    return frozenset(rows.with_row_index("at").filter(condition)["at"].to_list())
