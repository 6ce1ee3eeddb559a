"""一页纸: what a committee asks, answered on one page, for the workbook's first sheet and the top of the page.

How many, how much land and energy, and what changed; which lists and how ready they are; which towns and industries
stand out; what is to be decided today, with what speaks for and against; what is not sure. Every figure is one of the
lists' or of the results that they are made from; what is not known is said to be unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from efficiency.reports.content.one_page.decisions import decisions
from efficiency.reports.content.one_page.doubts import doubts
from efficiency.reports.content.one_page.overall import listed_with_state, lists_section, overall
from efficiency.reports.content.one_page.shape import TITLE_WIDTH, WIDTHS, Column, OnePage, Section, Table, Value
from efficiency.reports.content.one_page.standing_out import standing_out
from efficiency.reports.text import clean_text, shortened

if TYPE_CHECKING:
    from efficiency.reports.report import Report

__all__ = ["TITLE_WIDTH", "WIDTHS", "Column", "OnePage", "Section", "Table", "Value", "one_page"]

STATEMENT = "均为按办法测算的建议，经人工核实确认后方可作为处置依据；数据缺失的企业不评等级，不作D类。"


def one_page(report: Report) -> OnePage:
    """The page of one evaluation; the same report gives the same page."""
    title = f"{shortened(report.region, 40)}企业能耗产出效益评价一页纸({report.period_title})"
    origin = (
        f"办法：{shortened(report.policy_title, 40)}    评价编号：{report.evaluation['evaluation_id']}    "
        f"生成时间：{report.created_at:%Y-%m-%d}"
    )
    listed = listed_with_state(report)
    above = (overall(report), lists_section(report, listed), standing_out(report))
    below = doubts(report, listed)
    to_decide = decisions(report, listed, sum(section.lines for section in (*above, below)))
    return OnePage(
        title=clean_text(title),
        origin=clean_text(origin),
        sections=(*above, to_decide, below),
        statement=STATEMENT,
    )
