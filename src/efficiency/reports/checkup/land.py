"""The section on land that became less before the period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.reports.checkup.section import NAME_WIDTH, ROWS, Grid, Section, named
from efficiency.reports.text import amount, count, shortened

if TYPE_CHECKING:
    from typing import Any

    from efficiency.evaluation.checkup import CheckUp

_WAYS = {"let_out": "新租出", "given_back": "退租", "given_up": "自有减少"}


def land_section(found: CheckUp) -> Section:
    """Whose land became less, how, and whether the tier would be another with the land of before."""
    moved = found.moved
    judged = moved.filter("known")
    other = judged.filter(pl.col("tier_with") != pl.col("tier"))
    findings = []
    if moved.height:
        findings.append(
            f"发现：{count(moved.height)}的用地在评价期末以前12个月内减少了10%以上且不少于1亩：{named(moved['name'].to_list())}。"
        )
        if other.height:
            changes = [f"{shortened(row['name'], NAME_WIDTH)}({row['tier']}类，按减少前的用地为{row['tier_with']}类)"
                       for row in other.iter_rows(named=True)]  # fmt: skip
            findings.append(
                f"其中{count(other.height)}若仍按减少前的用地，其他不变，综合等级会不同：{named_as_they_are(changes)}。"
            )
        elif judged.height:
            findings.append("其中能测算的，按减少前的用地，综合等级都不变。")
    unknown = moved.filter(pl.col("tier").is_not_null()).height - judged.height
    not_judged = []
    if not found.land_known_twice:
        not_judged.append("未判断：没有企业报过两个日期的用地，看不出变化。")
    elif found.land_known_twice < found.members:
        not_judged.append(
            f"未判断：{count(found.members - found.land_known_twice)}只报过一个日期的用地或没有报，看不出变化。"
        )
    if unknown:
        not_judged.append(f"未判断：其中{count(unknown)}按减少前的用地会是什么等级，没有测算。")
    return Section(
        "land",
        "评价期以前用地减少的企业",
        "用地减少会抬高亩均指标。看评价期末以前12个月内，哪些企业的用地(自有加租入减租出)减少了10%以上且不少于1亩。",
        tuple(findings),
        "未发现评价期以前用地明显减少的企业。" if found.land_known_twice else "",
        tuple(not_judged),
        "用地减少可能是正常的出租、退租或征收，不证明是为了评价；是否属实，以自然资源部门核实为准。",
        (_grid(moved),) if moved.height else (),
    )


def named_as_they_are(texts: list[str]) -> str:
    """The first of `texts`, and of how many."""
    return "、".join(texts[:5]) + (f"等{count(len(texts))}" if len(texts) > 5 else "")


def _grid(moved: pl.DataFrame) -> Grid:
    shown = [_cells(row) for row in moved.head(ROWS).iter_rows(named=True)]
    marked = moved.head(ROWS).with_row_index("at").filter(pl.col("known") & (pl.col("tier_with") != pl.col("tier")))
    return Grid(
        ("企业", "镇办", "减少前(截止日期)", "期末用地", "减少", "怎样减少", "现等级", "按减少前的用地"),
        (2, 1, 2, 1, 1, 1, 1, 1),
        tuple(shown),
        frozenset(marked["at"].to_list()),
        f"另有{count(moved.height - ROWS)}未列。" if moved.height > ROWS else "",
    )


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    ways = [f"{title}{amount(row[name], '亩')}" for name, title in _WAYS.items() if row[name]]
    dated = f"{row['dated']:%Y-%m-%d}" if row["dated"] else "未填日期"
    return (
        shortened(row["name"] or "未填名称", 60), shortened(row["town"] or "未填", 20),
        f"{amount(row['land_before'], '亩')}({dated})", amount(row["land_after"], "亩"), amount(row["less"], "亩"),
        "、".join(ways), row["tier"] or "未评", f"{row['tier_with']}类" if row["known"] else "没有测算",
    )  # fmt: skip
