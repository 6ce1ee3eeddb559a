"""The full results: every enterprise's tier, how each score came about, and who has no tier and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.reports.text import industry_label
from efficiency.reports.workbook import Field
from schemas.results import STATUS_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efficiency.policy.model import Policy
    from efficiency.reports.report import Report

DIMENSION_TITLES = {"land": "土地", "energy": "能源", "other": "其他"}

RANKING_FIELDS = (
    Field("number", "序号", "ordinal", 5.5),
    Field("cohort_name", "评价组", "text", 9),
    Field("rank", "名次", "ordinal", 5.5),
    Field("name", "企业名称", "text", 20),
    Field("uscc", "统一社会信用代码", "link", 19.5),
    Field("town", "镇办", "text", 9),
    Field("industry_name", "行业", "text", 15),
    Field("scale", "规模", "text", 5.5),
    Field("land", "用地\n(亩)", "amount", 9.5, total=True),
    Field("energy", "综合能耗\n(吨标准煤)", "amount", 11.5, total=True),
    Field("tax", "实缴税金\n(万元)", "amount", 10, total=True),
    Field("revenue", "营业收入\n(万元)", "amount", 11.5, total=True),
    Field("land_score", "土地\n得分", "score", 7),
    Field("land_tier", "土地\n等级", "tier", 5.5),
    Field("energy_score", "能源\n得分", "score", 7),
    Field("energy_tier", "能源\n等级", "tier", 5.5),
    Field("base", "指标\n合计\n得分", "score", 7.5),
    Field("factor", "修正\n系数", "ratio", 6),
    Field("adjustments", "加减分", "score", 6.5),
    Field("adjustment_labels", "加减分项", "text", 10),
    Field("score", "综合\n得分", "score", 7),
    Field("change", "较上期\n变化", "score", 7),
    Field("tier_initial", "初评\n等级", "tier", 5.5),
    Field("tier", "调档\n后\n等级", "tier", 6),
    Field("override_labels", "调档事由", "text", 11),
    Field("protection", "受保护", "text", 7),
    Field("previous_tier", "上期\n等级", "tier", 5.5),
    Field("d_streak", "连续\nD类\n期数", "ordinal", 6.5),
    Field("surcharge_yuan_per_kwh", "电价加价\n(元/\n千瓦时)", "ratio", 8),
    Field("tier_confidence", "稳健\n度", "confidence", 7),
    Field("list_title", "所列清单", "text", 8.5),
)

DETAIL_FIELDS = (
    Field("name", "企业名称", "text", 38),
    Field("uscc", "统一社会信用代码", "code", 20.5),
    Field("cohort_name", "评价组", "text", 11),
    Field("title", "指标", "text", 24),
    Field("dimension_name", "维度", "text", 6.5),
    Field("numerator", "分子值", "mixed", 15),
    Field("denominator", "分母值", "mixed", 15),
    Field("value", "指标值", "mixed", 13),
    Field("unit", "单位", "text", 17),
    Field("benchmark", "基准值", "mixed", 13),
    Field("benchmark_scope", "基准口径", "text", 16),
    Field("weight", "权重", "score", 8),
    Field("score", "得分", "score", 8.5),
    Field("score_note", "计分说明", "text", 26),
)

UNRATED_FIELDS = (
    Field("number", "序号", "ordinal", 6),
    Field("name", "企业名称", "text", 32),
    Field("uscc", "统一社会信用代码", "code", 20.5),
    Field("town", "镇办", "text", 11),
    Field("industry_name", "行业", "text", 28),
    Field("scale", "规模", "text", 7),
    Field("letter_name", "类别", "tier", 14),
    Field("status_name", "状态", "text", 14),
    Field("status_reason", "原因", "text", 46),
    Field("land", "用地\n(亩)", "amount", 12, total=True),
    Field("energy", "综合能耗\n(吨标准煤)", "amount", 14, total=True),
    Field("problems", "待改正\n数据问题", "integer", 9, total=True),
)


def cohort_names(policy: Policy) -> dict[str, str]:
    """Cohort id → what officials read for it, in the policy's order."""
    return {cohort.id: cohort.label for cohort in policy.cohort}


def cohort_label(policy: Policy) -> pl.Expr:
    """`cohort` as officials read it: the column cohort_name."""
    return pl.col("cohort").replace(cohort_names(policy)).alias("cohort_name")


OPTIONAL = ("factor", "adjustment_labels", "override_labels", "protection", "change", "surcharge_yuan_per_kwh")
"""Columns of the ranking that are left out where they would say nothing."""


def ranking_fields(rows: pl.DataFrame) -> tuple[Field, ...]:
    """The columns of the ranking that say something about `rows`."""
    idle = {name for name in OPTIONAL if rows[name].null_count() == rows.height}
    if not (rows["factor"] != 1).any():
        idle.add("factor")
    if rows["cohort"].n_unique() < 2:
        idle.add("cohort_name")
    return tuple(field for field in RANKING_FIELDS if field.name not in idle)


def unrated_fields(rows: pl.DataFrame) -> tuple[Field, ...]:
    """The columns of UNRATED_FIELDS, without 类别 where nobody of `rows` is published under a letter."""
    idle = {"letter_name"} if rows["letter_name"].null_count() == rows.height else set()
    return tuple(field for field in UNRATED_FIELDS if field.name not in idle)


def with_name(column: str, names: Mapping[str, str]) -> pl.Expr:
    """The letters of `column`, each with what it is called: A 优先发展."""
    return pl.concat_str(column, pl.lit(" "), pl.col(column).replace(names))


def ranking(report: Report) -> pl.DataFrame:
    """Every ranked enterprise by cohort, rank and name, with the fields of RANKING_FIELDS."""
    unknown = pl.DataFrame(schema={"uscc": pl.String, "change": pl.Float64})
    changes = unknown if report.movements is None else report.movements.select("uscc", "change")
    return (
        report.scores.filter(pl.col("status") == "ranked")
        .join(_listed(report), on="uscc", how="left", validate="1:1", maintain_order="left")
        .join(changes, on="uscc", how="left", validate="1:1", maintain_order="left")
        .with_columns(
            *_named(report),
            pl.when(pl.col("factor") != 0)
            .then((pl.col("score") - pl.col("adjustments").fill_null(0.0)) / pl.col("factor"))
            .alias("base"),
            pl.when(pl.col("protected")).then(pl.lit("是")).alias("protection"),
        )
        .sort("cohort_order", "rank", "name", "uscc", nulls_last=True)
        .with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("number"))
    )


def details(report: Report) -> pl.DataFrame:
    """Every indicator of every ranked or insufficient enterprise, in the order of the ranking, with DETAIL_FIELDS.

    The last rows are those of enterprises without a rank.
    """
    order = (
        report.scores.with_columns(*_named(report))
        .sort(pl.col("status") != "ranked", "cohort_order", "rank", "name", "uscc", nulls_last=True)
        .select("uscc", "name", pl.int_range(pl.len(), dtype=pl.Int64).alias("enterprise"))
    )
    return (
        report.indicators.with_row_index("position")
        .join(order, on="uscc", how="inner", validate="m:1")
        .sort("enterprise", "position")
        .with_columns(
            cohort_label(report.policy),
            pl.col("dimension").replace(DIMENSION_TITLES).alias("dimension_name"),
        )
    )


def unrated(report: Report) -> pl.DataFrame:
    """Every enterprise without a tier because it is not ranked, with the fields of UNRATED_FIELDS."""
    open_problems = (
        report.problems.filter((pl.col("severity") == "error") & pl.col("uscc").is_not_null())
        .group_by("uscc")
        .agg(pl.len().cast(pl.Int64).alias("problems"))
    )
    statuses = pl.col("status")
    return (
        report.scores.filter(statuses != "ranked")
        .join(open_problems, on="uscc", how="left", validate="1:1")
        .join(_listed(report), on="uscc", how="left", validate="1:1")
        .with_columns(
            *_named(report),
            statuses.replace_strict(STATUS_NAMES).alias("status_name"),
            statuses.replace_strict({name: i for i, name in enumerate(STATUS_NAMES)}).alias("status_order"),
            pl.col("problems").fill_null(0),
            with_name("letter", report.letter_names).alias("letter_name"),
        )
        .sort("status_order", "town", "name", "uscc", nulls_last=True)
        .with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("number"))
    )


def _listed(report: Report) -> pl.DataFrame:
    """Who is on a list, also without a rank: uscc, list_title."""
    return report.candidates.select("uscc", pl.col("title").alias("list_title"))


def _named(report: Report) -> list[pl.Expr]:
    names = cohort_names(report.policy)
    return [
        cohort_label(report.policy),
        pl.col("cohort")
        .replace_strict({c: i for i, c in enumerate(names)}, default=None, return_dtype=pl.Int64)
        .alias("cohort_order"),
        industry_label().alias("industry_name"),
    ]
