"""报送情况 as a workbook for who chases what is missing: months by forms, then enterprises, towns, returns, sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.reports.report import BEIJING
from efficiency.reports.text import period_title
from efficiency.reports.workbook import Field, Page, new_workbook, write_list
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from efficiency.review.status.found import Status

BY_MONTH, MISSING, BY_TOWN, RETURNS, REFUSED = "报送情况", "缺报企业", "镇办缺报", "部门报表", "退回的表"
STATES = {"received": "已报", "late": "迟报", "overdue": "逾期未报", "expected": "未报"}
"""State of a return → the word for it."""
_FORM = Field("form_title", "表式", "text", 11)
MISSING_FIELDS = (
    Field("name", "企业名称", "text", 26),
    Field("uscc", "统一社会信用代码", "code", 21),
    Field("town", "镇办", "text", 10),
    _FORM,
    Field("title", "指标", "text", 18),
    Field("text", "缺什么", "text", 34),
    Field("effect", "影响", "text", 10, note="没有这项数据就不能评级。"),
)
TOWN_FIELDS = (
    Field("town", "镇办", "text", 12),
    _FORM,
    Field("enterprises", "缺报企业（户）", "integer", 12, note="窗口内任一月缺任一项的企业。"),
)
RETURN_FIELDS = (
    Field("department", "部门", "text", 14),
    Field("series_name", "报表", "text", 24),
    _FORM,
    Field("state_name", "本期", "text", 10),
    Field("last_month", "上次所报", "text", 10),
    Field("usual", "以往多在月后几日", "integer", 10),
    Field("after", "本期在月后几日", "integer", 10),
    Field("days", "晚几天", "integer", 8),
)
REFUSED_FIELDS = (
    Field("file_name", "文件", "text", 50),
    Field("sheet", "工作表", "text", 18),
    _FORM,
    Field("period_label", "所属期", "text", 18),
)


def status_file_name(period: str) -> str:
    """Name of the workbook of `period` (YYYY-MM)."""
    return f"报送情况_{period}.xlsx"


def write_status(path: Path, found: Status, created: datetime) -> None:
    """Writes the workbook to `path`, whole or not at all. Raises EfficiencyError when the place cannot be written."""
    months = [f"{month:%y-%m}" for month in found.months]
    heading = (
        "✓：应报企业均有；各月数字：缺报户数；应报：户；退回：张；迟报：本期晚到或逾期的报表数。",
        f"企业名录 {found.enterprises} 户；有缺报的企业 {found.missing['uscc'].n_unique()} 户。",
    )
    sheets = (
        (BY_MONTH, _by_month(found), _month_fields(months), heading),
        (MISSING, _missing(found), MISSING_FIELDS, ()),
        (BY_TOWN, _by_town(found), TOWN_FIELDS, ()),
        (RETURNS, _returns(found), RETURN_FIELDS, ()),
        (REFUSED, _titled(found.refused), REFUSED_FIELDS, ("这些表没有一行可用，请改好后重新报送。",)),
    )
    with new_workbook(path, created.astimezone(BEIJING), title=f"报送情况 {found.period}") as book:
        for name, rows, fields, notes in sheets:
            page = Page(
                title=f"{name}（{period_title(found.period)}）",
                units=f"办法：{found.policy_id}    查询时间：{created.astimezone(BEIJING):%Y-%m-%d %H:%M}",
                running=f"{name} {found.period}",
                empty="无",
                notes=notes,
                signed=False,
            )
            write_list(book.workbook.add_worksheet(name), book.styles, rows, fields, page)


def _month_fields(months: Sequence[str]) -> tuple[Field, ...]:
    return (
        _FORM,
        Field("title", "指标", "text", 18),
        Field("expected", "应报", "integer", 6, note="应报的企业户数。"),
        *(Field(month, month, "text", 6.5) for month in months),
        Field("undated", "不分月", "text", 7, note="用地等不分月份的数据。"),
        Field("refused", "退回", "integer", 6, note="退回的工作表张数。"),
        Field("late", "迟报", "integer", 6),
    )


def _by_month(found: Status) -> pl.DataFrame:
    """One row a measure, one column a month."""
    rows = []
    months = {month: f"{month:%y-%m}" for month in found.months}
    for _, own in found.coverage.group_by("form", "word", maintain_order=True):
        first = own.row(0, named=True)
        cells = {row["month"]: str(row["missing"]) if row["missing"] else "✓" for row in own.iter_rows(named=True)}
        rows.append(
            {
                "form": first["form"],
                "title": first["title"],
                "expected": first["expected"],
                **{name: cells.get(month) for month, name in months.items()},
                "undated": cells.get(None),
                "refused": own["refused"].sum() or None,
                "late": own["late"].max() or None,
            }
        )
    shape = {
        "form": pl.String,
        "title": pl.String,
        "expected": pl.Int64,
        **dict.fromkeys(months.values(), pl.String),
        "undated": pl.String,
        "refused": pl.Int64,
        "late": pl.Int64,
    }
    return _titled(pl.DataFrame(rows, schema=shape))


def _missing(found: Status) -> pl.DataFrame:
    return _titled(found.missing.with_columns(pl.when("needed").then(pl.lit("不能评级")).alias("effect")))


def _by_town(found: Status) -> pl.DataFrame:
    counts = found.missing.group_by("town", "form").agg(pl.col("uscc").n_unique().cast(pl.Int64).alias("enterprises"))
    return _titled(counts.sort("town", "form", nulls_last=True).with_columns(pl.col("town").fill_null("未注明")))


def _returns(found: Status) -> pl.DataFrame:
    rank = {"overdue": 0, "expected": 1, "late": 2, "received": 3}
    return _titled(
        found.returns.sort(
            pl.col("state").replace_strict(rank, return_dtype=pl.Int64), maintain_order=True
        ).with_columns(
            pl.col("series").str.split("/").list.last().alias("series_name"),
            pl.col("state").replace_strict(STATES, return_dtype=pl.String).alias("state_name"),
            pl.col("last").dt.strftime("%Y-%m").alias("last_month"),
        )
    )


def _titled(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the Chinese title of their form."""
    titles = {name: form.title for name, form in FORMS.items()}
    title = pl.col("form").replace_strict(titles, default="未识别", return_dtype=pl.String)
    return rows.with_columns(title.fill_null("未识别").alias("form_title"))
