"""③ Which towns and industries stand out, by which measure and with which figures; never for one enterprise alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.reports.content.charts import GROUPS
from efficiency.reports.content.one_page.shape import TITLE_WIDTH, Column, Section, Table
from efficiency.reports.content.totals import ranked
from efficiency.reports.text import count, division_names, shortened, whole_percent

if TYPE_CHECKING:
    from efficiency.reports.report import Report

MEMBERS = 5
"""Evaluated enterprises that a town or an industry has at least to be compared."""
LARGEST = 0.5
"""Where one enterprise has more than this of a group's land or energy, the figure is its own and not the group's."""
NAMED_WIDTH = 20
"""Half-width characters of a town's or an industry's name in the table."""
_YIELDS = (
    ("亩均税收", "tax", "land", ("town", "industry_division")),
    ("单位能耗收入", "revenue", "energy", ("industry_division",)),
)
_COLUMNS = (
    Column("比较口径", "name"),
    Column("全部", "figure"),
    Column("最高", "text"),
    Column("最低", "text"),
    Column("相差", "text"),
)
UNITS = "亩均税收：万元/亩；单位能耗收入：万元/吨标准煤"
_WORSE = ("C", "D")


def standing_out(report: Report) -> Section:
    """③ 突出的镇办和行业."""
    evaluated = ranked(report.scores).with_columns(
        pl.col("town").str.strip_chars().replace("", None),
        pl.col("industry_division").replace(division_names()),
    )
    rows = [
        row
        for by in GROUPS
        for row in (*_yield_rows(evaluated, by), *(_tier_rows(evaluated, by) if by == "town" else ()))
    ]
    said = [sentence for sentence in (_concentration(evaluated), _without_town(evaluated)) if sentence]
    rule = f"{UNITS}；只比较参评{MEMBERS}户以上、无一户占分母一半以上的。"
    if not rows:
        said.append("可比的镇办和行业不足两个，不作比较。")
    return Section(
        "standing_out", "三、突出的镇办和行业", tuple(said), Table(_COLUMNS, tuple(rows)) if rows else None, (rule,)
    )


def _yield_rows(evaluated: pl.DataFrame, by: str) -> list[tuple[str, ...]]:
    """A row for each yield in which at least two groups can be compared: measure, overall, highest, lowest."""
    rows = []
    for title, top, bottom, of in _YIELDS:
        if by not in of:
            continue
        known = evaluated.filter(pl.col(top).is_not_null() & pl.col(bottom).is_not_null())
        groups = (
            _comparable(known, by, top, bottom)
            .with_columns((pl.col("top") / pl.col("bottom")).alias("value"))
            .sort("value", by, descending=[True, False])
        )
        if groups.height < 2:
            continue
        overall = float(known[top].sum()) / float(known[bottom].sum())
        ends = (groups.row(0, named=True), groups.row(-1, named=True))
        named = (f"{shortened(row[by], NAMED_WIDTH)} {row['value']:,.2f}({count(row['members'])})" for row in ends)
        rows.append((f"{GROUPS[by]}{title}", f"{overall:,.2f}", *named, _apart(*(row["value"] for row in ends))))
    return rows


def _apart(highest: float, lowest: float) -> str:
    """最高为最低的1.48倍; the difference where the lowest is not above zero."""
    return f"最高为最低的{highest / lowest:,.2f}倍" if lowest > 0 else f"相差{highest - lowest:,.2f}"


def _comparable(known: pl.DataFrame, by: str, top: str, bottom: str) -> pl.DataFrame:
    """Groups by `by` that are large enough and not one enterprise: members, and of a yield top and bottom."""
    return (
        known.filter(pl.col(by).is_not_null())
        .group_by(by)
        .agg(
            pl.len().cast(pl.Int64).alias("members"),
            pl.col(top).sum().alias("top"),
            pl.col(bottom).sum().alias("bottom"),
            pl.col(bottom).max().alias("largest"),
        )
        .filter(
            (pl.col("members") >= MEMBERS) & (pl.col("bottom") > 0) & (pl.col("largest") <= LARGEST * pl.col("bottom"))
        )
    )


def _tier_rows(evaluated: pl.DataFrame, by: str) -> list[tuple[str, ...]]:
    """A row for the share of C and D, where at least two groups can be compared."""
    rated = evaluated.filter(pl.col("tier").is_not_null())
    worse = pl.col("tier").is_in(_WORSE)
    groups = (
        rated.filter(pl.col(by).is_not_null())
        .group_by(by)
        .agg(pl.len().cast(pl.Int64).alias("members"), worse.sum().cast(pl.Int64).alias("worse"))
        .filter(pl.col("members") >= MEMBERS)
        .with_columns((pl.col("worse") / pl.col("members")).alias("value"))
        .sort("value", by, descending=[True, False])
    )
    if groups.height < 2:
        return []
    total = int(rated.select(worse.sum()).item())
    ends = (groups.row(0, named=True), groups.row(-1, named=True))
    named = (
        f"{shortened(row[by], NAMED_WIDTH)} {whole_percent(row['worse'], row['members'])}"
        f"({row['worse']:,}/{count(row['members'])})"
        for row in ends
    )
    apart = f"相差{100 * (ends[0]['value'] - ends[1]['value']):.0f}个百分点"
    return [(f"{GROUPS[by]}C、D类占比", whole_percent(total, rated.height), *named, apart)]


def _without_town(evaluated: pl.DataFrame) -> str:
    unknown = evaluated["town"].null_count()
    return f"参评企业中{count(unknown)}未填镇办，不在镇办比较之内。" if unknown else ""


def _concentration(evaluated: pl.DataFrame) -> str:
    """Which industry takes most energy, and its parts of all energy and land."""
    groups = (
        evaluated.filter(pl.col("industry_division").is_not_null())
        .group_by("industry_division")
        .agg(
            pl.len().cast(pl.Int64).alias("members"),
            pl.col("energy", "land").sum(),
            pl.col("energy").max().alias("largest"),
        )
        .filter((pl.col("members") >= MEMBERS) & (pl.col("energy") > 0))
        .sort("energy", "industry_division", descending=[True, False])
    )
    if groups.is_empty():
        return ""
    first = groups.row(0, named=True)
    energy, land = (float(evaluated[column].sum()) for column in ("energy", "land"))
    of_land = f"、用地的{first['land'] / land:.0%}" if land else ""
    own = first["largest"] / first["energy"]
    of_one = f"(其中一户占该行业的{own:.0%})" if own > LARGEST else ""
    return (
        f"参评{MEMBERS}户以上的行业中用能最多的是{shortened(first['industry_division'], TITLE_WIDTH + 4)}"
        f"({count(first['members'])})，占参评企业综合能耗的{first['energy'] / energy:.0%}{of_one}{of_land}。"
    )
