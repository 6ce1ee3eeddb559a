"""The public notice: name, town and tier of the rated enterprises, and nothing else, not even in hidden places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.reports.content import rankings
from efficiency.reports.workbook import Field, Page, new_workbook, write_list
from schemas.profile import TIERS

if TYPE_CHECKING:
    from pathlib import Path

    from efficiency.reports.report import Report

OBJECTION = (
    "公示期：______年____月____日至______年____月____日。对公示结果有异议的，请在公示期内向________________________书面反映；"
    "联系人：____________，联系电话：____________________，地址：________________________________。"
)
"""Who, where and until when is for the publisher to fill in: no source states it for every place."""
MEANING = "等级：{names}。同一等级内按镇办和企业名称排列，不分先后。"
UNGRADED = "{letters}类企业本期不参加评级，不等同于任何等级。"
FIELDS = (
    Field("name", "企业名称", "text", 52),
    Field("town", "镇办", "text", 22),
    Field("shown", "等级", "tier", 18),
)


def notice_file_name(period: str) -> str:
    """Name of the public notice of `period` (YYYY-MM)."""
    return f"公示名单_{period}.xlsx"


def write_notice(path: Path, report: Report) -> None:
    """Writes the public notice of `report` to `path`, whole or not at all.

    It lists ranked enterprises that have a tier, then those without a rank that the policy gives a letter, by tier or
    letter, town and name; nobody else. Raises EfficiencyError when the place cannot be written.
    """
    title = f"{report.region}企业能耗产出效益评价结果公示名单({report.period_title})"
    rows = (
        report.scores.with_columns(
            pl.when(pl.col("status") == "ranked").then("tier").otherwise("letter").alias("published")
        )
        .filter(pl.col("published").is_not_null())
        .sort("published", "town", "name", nulls_last=True)
        .select("name", "town", rankings.with_name("published", report.letter_names).alias("shown"))
    )
    names = "、".join(f"{letter} {name}" for letter, name in report.letter_names.items())
    letters = "、".join(letter for letter in report.letter_names if letter not in TIERS)
    ungraded = (UNGRADED.format(letters=letters),) if letters else ()
    page = Page(
        title=title,
        units=f"共{rows.height}户",
        running=title,
        notes=(MEANING.format(names=names), *ungraded, OBJECTION),
        signed=False,
        filtered=False,
        portrait=True,
    )
    with new_workbook(path, report.created_at, title=title, enterprises=rows.height) as book:
        write_list(book.workbook.add_worksheet("公示名单"), book.styles, rows, FIELDS, page)
