"""The public notice: name, town and tier of the rated enterprises, and nothing else, not even in hidden places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.reports.content import rankings
from efficiency.reports.text import display_width
from efficiency.reports.workbook import Field, Page, new_workbook, write_list
from schemas.profile import TIERS

if TYPE_CHECKING:
    from pathlib import Path

    from efficiency.policy.model import Notice
    from efficiency.reports.report import Report

BLANK = "____________________"
DAY = "______年____月____日"
MEANING = "等级：{names}。按镇办排列，同一镇办内按等级、企业名称排列，不分先后。"
UNGRADED = "{letters}类企业本期不参加评级，不等同于任何等级。"
TOWN_ON_ITS_OWN_PAGE = 5
"""Enterprises that towns have on average from which on each town begins a page, to be posted there."""
MOST_BREAKS = 1_000
"""Page breaks that a sheet takes (Excel: 1 023)."""
ON_ONE_LINE = 84
"""Characters, of which a Chinese one is two, that the line below the title takes."""
BESIDE_THE_NUMBER = 76
"""Likewise in the foot of the page, beside its number."""
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

    It lists ranked enterprises that have a tier, and those without a rank that the policy gives a letter, by town, tier
    or letter, and name; nobody else. Raises EfficiencyError when the place cannot be written.
    """
    title = f"{report.region}企业能耗产出效益评价结果公示名单({report.period_title})"
    rows = (
        report.scores.with_columns(
            pl.when(pl.col("status") == "ranked").then("tier").otherwise("letter").alias("published")
        )
        .filter(pl.col("published").is_not_null())
        .sort("town", "published", "name", nulls_last=True)
        .select("name", "town", rankings.with_name("published", report.letter_names).alias("shown"))
    )
    names = "、".join(f"{letter} {name}" for letter, name in report.letter_names.items())
    letters = "、".join(letter for letter in report.letter_names if letter not in TIERS)
    ungraded = (UNGRADED.format(letters=letters),) if letters else ()
    page = Page(
        title=title,
        units=_line_below_title(report.policy.notice, rows.height),
        running=_running(title, report.policy.notice),
        notes=(MEANING.format(names=names), *ungraded, *notice_lines(report.policy.notice)),
        signed=False,
        filtered=False,
        portrait=True,
    )
    with new_workbook(path, report.created_at, title=title, enterprises=rows.height) as book:
        sheet = book.workbook.add_worksheet("公示名单")
        extent = write_list(sheet, book.styles, rows, FIELDS, page)
        sheet.set_h_pagebreaks([extent.first + row for row in _beginnings(rows)])


def notice_lines(notice: Notice) -> tuple[str, ...]:
    """Who publishes the list, until when and where one may object; blank lines for what is not stated."""
    where = notice.where or BLANK
    contact = notice.contact or f"____________，电话{BLANK}，地址{BLANK}"
    return (
        f"公示单位：{notice.publisher or BLANK}（盖章）　　公示期：{_posted(notice)}",
        f"异议受理：对公示结果有异议的，请在公示期内向{where}书面提出，并附依据。联系方式：{contact}。",
    )


def _posted(notice: Notice) -> str:
    """How long the list is posted. The day of publication is nowhere stated: the publisher fills it in."""
    if notice.deadline is not None:
        day = notice.deadline
        return f"{DAY}至{day.year}年{day.month}月{day.day}日"
    return f"自{DAY}起{notice.days}日" if notice.days is not None else f"{DAY}至{DAY}"


def _line_below_title(notice: Notice, enterprises: int) -> str:
    """The number of enterprises and, where they fit on the line, publisher and time: it is on every page."""
    count = f"共{enterprises}户"
    whole = f"公示单位：{notice.publisher or BLANK}　公示期：{_posted(notice)}　{count}"
    return whole if display_width(whole) <= ON_ONE_LINE else count


def _running(title: str, notice: Notice) -> str:
    """The foot of every page: the title, and where to object if that is stated, since each town's pages are posted.

    Of an office with a long name the title gives way, which is at the head of the page too; of one that is longer still
    the foot names the page that has it.
    """
    if notice.where is None:
        return title
    office = f"异议受理：{notice.where}"
    foots = (f"{title}　{office}", office)
    return next((foot for foot in foots if display_width(foot) <= BESIDE_THE_NUMBER), f"{title}　异议受理见末页")


def _beginnings(rows: pl.DataFrame) -> list[int]:
    """The rows at which a town begins, but the first; none where the towns are too many for pages of their own."""
    begins = rows.select(pl.col("town").ne_missing(pl.col("town").shift()).arg_true()).to_series().to_list()[1:]
    towns = len(begins) + 1
    worth_it = rows.height >= TOWN_ON_ITS_OWN_PAGE * towns and towns <= MOST_BREAKS
    return begins if worth_it else []
