"""评分明细: how each score came about, one row an enterprise, with a group of columns for each indicator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.policy import words
from efficiency.reports.content.columns import noted
from efficiency.reports.content.rankings import DIMENSION_TITLES, cohort_names, named
from efficiency.reports.workbook import Field
from schemas.profile import TOTALS

if TYPE_CHECKING:
    from efficiency.reports.report import Report

ON_PAPER = 10
"""Scores of indicators that are printed; those of further ones are folded away."""
_SAME = ("indicator", "title", "unit", "dimension", "numerator_expression", "denominator_expression")
"""Where these are the same in two cohorts the figures stand in the same columns."""
_FIGURES = ("score", "value", "benchmark", "benchmark_scope", "numerator", "denominator", "weight", "score_note")
_UNITS = {column.name: column.unit for column in TOTALS if column.unit}


@dataclass(frozen=True, slots=True)
class Details:
    """The rows and their columns; the first `adverse` rows are those of tier D."""

    frame: pl.DataFrame
    fields: tuple[Field, ...]
    adverse: int


def details(report: Report) -> Details:
    """One row for each enterprise that has indicators: those of tier D first, then as ranked, then without a rank.

    Each indicator has a group of columns: score, value, benchmark and whose it is, numerator, denominator, weight, and
    how it was scored. A figure that an enterprise does not have, or that another cohort has, is null.
    """
    order = (
        report.scores.with_columns(*named(report))
        .join(report.indicators.select("uscc").unique(), on="uscc", how="semi", maintain_order="left")
        .with_columns((pl.col("tier") == "D").fill_null(value=False).alias("adverse"))
        .sort(~pl.col("adverse"), pl.col("status") != "ranked", "cohort_order", "rank", "name", "uscc", nulls_last=True)
    )
    frame = order.select("uscc", "name", "town", "cohort_name", "score", "tier", "adverse")
    groups = _groups(report)
    alike = set(groups.filter(pl.col("title").is_duplicated())["title"])
    fields: list[Field] = []
    cohorts = cohort_names(report.policy)
    for number, group in enumerate(groups.iter_rows(named=True)):
        own = report.indicators.join(
            pl.DataFrame([{name: group[name] for name in _SAME}], schema=dict.fromkeys(_SAME, pl.String)),
            on=_SAME, how="semi", nulls_equal=True,
        )  # fmt: skip
        key = f"i{number}"
        frame = frame.join(
            own.select("uscc", *(pl.col(name).alias(f"{key}_{name}") for name in _FIGURES)),
            on="uscc", how="left", validate="1:1", maintain_order="left",
        )  # fmt: skip
        called = "、".join(cohorts.get(cohort, cohort) for cohort in group["cohort"])
        title = f"{group['title']}[{called}]" if group["title"] in alike else group["title"]
        fields += _group(report, key, title, group, paper=number < ON_PAPER)
    return Details(frame.drop("adverse"), (*_identity(several=len(cohorts) > 1), *fields), int(order["adverse"].sum()))


def _groups(report: Report) -> pl.DataFrame:
    """The indicators in the policy's order: the columns of _SAME, and the cohorts that have them."""
    places = [(cohort.id, indicator.id) for cohort in report.policy.cohort for indicator in cohort.indicator]
    order = pl.DataFrame(places, schema=dict.fromkeys(("cohort", "indicator"), pl.String), orient="row")
    return (
        report.indicators.select("cohort", *_SAME)
        .unique()
        .join(order.with_row_index("place"), on=["cohort", "indicator"], how="left")
        .sort("place", "cohort", *_SAME, nulls_last=True)
        .group_by(_SAME, maintain_order=True)
        .agg("cohort")
    )


def _identity(*, several: bool) -> tuple[Field, ...]:
    """Who it is; the cohort where there are `several`."""
    return noted((
        Field("name", "企业名称", "text", 25),
        Field("uscc", "统一社会信用代码", "code", 21, paper=False),
        Field("town", "镇办", "text", 10, paper=False),
        *((Field("cohort_name", "评价组", "text", 10),) if several else ()),
        Field("score", "综合得分", "score", 9),
        Field("tier", "综合等级", "tier", 4.6),
    ))  # fmt: skip


def _group(report: Report, key: str, title: str, group: dict[str, str | None], *, paper: bool) -> list[Field]:
    """The columns of one indicator: its score on paper, all that it was made of folded behind it."""
    top, bottom = str(group["numerator_expression"]), str(group["denominator_expression"])
    made_of = {name: words.condition(text, report.policy) for name, text in (("分子", top), ("分母", bottom))}
    unit = _bracketed(group["unit"])
    dimension = DIMENSION_TITLES.get(str(group["dimension"]), str(group["dimension"]))
    ratio = f"{title}({dimension})＝{made_of['分子']}÷{made_of['分母']}。"

    def one(name: str, called: str, kind: str, width: float, note: str, *, shown: bool = False) -> Field:
        return Field(f"{key}_{name}", f"{title}·{called}", kind, width, paper=shown, note=f"{ratio}{note}")  # type: ignore[arg-type]

    return [
        one("score", "得分", "score", 11, "得分＝权重×(指标值÷基准值)，封顶、保底和缺失处理见方法说明。", shown=paper),
        one("value", f"指标值{unit}", "mixed", 13, "空白表示分子或分母缺失或分母为零。"),
        one("benchmark", f"基准值{unit}", "mixed", 13, "达到基准值得满分。"),
        one("benchmark_scope", "基准口径", "text", 14, "基准取自固定值、评价组或同行业。"),
        one("numerator", f"分子值{_bracketed(_UNITS.get(top))}", "mixed", 15, f"分子：{made_of['分子']}。"),
        one("denominator", f"分母值{_bracketed(_UNITS.get(bottom))}", "mixed", 15, f"分母：{made_of['分母']}。"),
        one("weight", "权重", "score", 9, "该企业计分时所用的权重，单位分。"),
        one("score_note", "计分说明", "text", 22, "缺失值如何计分，或是否封顶、保底。"),
    ]


def _bracketed(unit: str | None) -> str:
    return f"({unit})" if unit else ""
