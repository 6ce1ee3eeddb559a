"""申诉试算 as a workbook for those who decide: what is asked, who would change, and everybody before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.reports.comparison.objection import (
    NOT_PUBLISHED,
    NOTHING,
    RENEWED,
    asked_span,
    carried,
    counted,
    effect_name,
    shown,
)
from efficiency.reports.content import columns
from efficiency.reports.report import BEIJING
from efficiency.reports.workbook import Field, Kind, Page, new_workbook, write_list
from schemas.results import STATUS_NAMES

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from efficiency.evaluation.changes import Trial

ASKED, CHANGED, EVERYBODY, REFUSED = "申诉事项", "受影响企业", "全部企业对照", "未能试算"
ASKED_FIELDS = columns.noted((
    Field("number", "序号", "ordinal", 5.5),
    Field("name", "企业名称", "text", 26),
    Field("field", "更正指标", "text", 16, note="申请更正的指标。"),
    Field("span", "所属期", "text", 16, note="该指标所属的期间。"),
    Field("unit", "单位", "text", 9, note="原值、现采用值和更正值的单位。"),
    Field("old", "原值", "mixed", 12, note="更正表所填的原值。"),
    Field("current", "现采用值", "mixed", 12, note="现行数据中采用的值。"),
    Field("new", "更正值", "mixed", 12, note="申请更正为的值。"),
    Field("reason", "更正依据", "text", 30, note="更正表所填的依据。"),
    Field("approved_by", "审批人", "text", 10, note="空白表示待审批。"),
    Field("uscc", "统一社会信用代码", "code", 21, paper=False),
    Field("document", "依据文号", "text", 18, paper=False, note="更正依据的文号。"),
))  # fmt: skip
_COMPARED: tuple[tuple[str, str, Kind, float], ...] = (
    ("score", "得分", "score", 9),
    ("rank", "名次", "ordinal", 7),
    ("tier", "等级", "tier", 6.5),
    ("list", "清单", "text", 12),
    ("status_name", "状态", "text", 11),
)
EFFECT_FIELDS = columns.noted((
    Field("number", "序号", "ordinal", 5.5),
    Field("name", "企业名称", "text", 26),
    Field("town", "镇办", "text", 10),
    Field("who", "申诉\n企业", "text", 6, note="是：本次申诉的企业；空白：其他企业。"),
    Field("effect_name", "变化", "text", 13, note="更正后该企业最重要的变化。"),
    *(
        Field(
            f"{name}_{side}", f"{title}\n({words})", kind, width,
            paper=name != "status_name", note=f"{words}的{title}，其余数据不变。",
        )
        for name, title, kind, width in _COMPARED
        for side, words in (("before", "更正前"), ("after", "更正后"))
    ),
    Field("uscc", "统一社会信用代码", "code", 21, paper=False),
))  # fmt: skip
REFUSED_FIELDS = columns.noted((
    Field("sheet", "工作表", "text", 16, note="更正表中的工作表。"),
    Field("cell", "单元格", "text", 8, note="所在单元格。"),
    Field("name", "企业名称", "text", 26),
    Field("value", "填报值", "text", 18, note="单元格所填的值。"),
    Field("message", "说明", "text", 70, note="为什么不能试算、应如何改正。"),
))  # fmt: skip


def objection_file_name(period: str) -> str:
    """Name of the workbook of `period` (YYYY-MM)."""
    return f"申诉试算_{period}.xlsx"


def write_objection(path: Path, trial: Trial, created: datetime) -> None:
    """Writes the workbook to `path`, whole or not at all. Raises EfficiencyError when the place cannot be written."""
    notes = (*([RENEWED] if trial.renewed else []), NOT_PUBLISHED)
    others = f"其他企业：{counted(trial.enterprises.filter(~pl.col('own')))}"
    everybody = trial.enterprises.sort("rank_before", "uscc", nulls_last=True).with_columns(effect_name())
    sheets = (
        (ASKED, _asked(trial.asked), ASKED_FIELDS, "没有可以试算的更正", (*carried(trial), *notes)),
        (CHANGED, _worded(shown(trial.enterprises)), EFFECT_FIELDS, NOTHING, (others, *notes)),
        (EVERYBODY, _worded(everybody), EFFECT_FIELDS, NOTHING, (others, *notes)),
        (REFUSED, trial.problems.filter(severity="error"), REFUSED_FIELDS, "无", ()),
    )
    tried = {"evaluation_id": trial.evaluation_id, "policy_id": trial.policy.id}
    title = f"申诉试算 {trial.period}"
    with new_workbook(path, created.astimezone(BEIJING), title=title, evaluation=tried) as book:
        for name, rows, fields, empty, below in sheets:
            page = Page(
                title=f"申诉试算：{name}({trial.period})",
                units=f"办法：{trial.policy.title}    对照评价：{trial.evaluation_id}    更正表：{trial.file}",
                running=f"申诉试算 {name} {trial.period}",
                empty=empty,
                notes=below,
                cuts=trial.policy.score_cuts,
            )
            write_list(book.workbook.add_worksheet(name), book.styles, rows, fields, page)


def _asked(asked: pl.DataFrame) -> pl.DataFrame:
    spans = pl.Series("span", [asked_span(row) for row in asked.iter_rows(named=True)], dtype=pl.String)
    return _numbered(asked.with_columns(spans))


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("number"))


def _worded(rows: pl.DataFrame) -> pl.DataFrame:
    return _numbered(rows).with_columns(
        pl.when("own").then(pl.lit("是")).alias("who"),
        *(pl.col(f"status_{side}").replace(STATUS_NAMES).alias(f"status_name_{side}") for side in ("before", "after")),
    )
