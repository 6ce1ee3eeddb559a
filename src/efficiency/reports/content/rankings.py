"""The full results: every enterprise's tier, and who has no tier and why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from efficiency.reports.content.columns import confidence_title, noted, of_draws, rank_interval
from efficiency.reports.text import industry_label
from efficiency.reports.workbook import Field
from schemas.results import STATUS_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efficiency.policy.model import Policy
    from efficiency.reports.report import Report

DIMENSION_TITLES = {"land": "土地", "energy": "能源", "other": "其他"}

RANKING_FIELDS = noted((
    Field("number", "序号", "ordinal", 5),
    Field("cohort_name", "评价组", "text", 9),
    Field("rank", "名次", "ordinal", 5),
    Field("name", "企业名称", "text", 28),
    Field("town", "镇办", "text", 9),
    Field("industry_name", "行业", "text", 30),
    Field("land", "用地\n(亩)", "amount", 9, total=True),
    Field("energy", "综合能耗\n(吨标准煤)", "amount", 11, total=True),
    Field("score", "综合\n得分", "score", 8),
    Field("tier", "调档\n后\n等级", "tier", 6.5),
    Field("previous_tier", "上期\n等级", "tier", 4.6),
    Field("list_title", "所列清单", "text", 12.5),
    Field("details", "明细", "lookup", 7, paper=False),
    Field("uscc", "统一社会信用代码", "code", 21, paper=False),
    Field("rank_interval", "名次区间\n(90%)", "text", 10, paper=False),
    Field("scale", "规模", "text", 7, paper=False),
    Field("tax", "实缴税金\n(万元)", "amount", 12, total=True, paper=False),
    Field("revenue", "营业收入\n(万元)", "amount", 14, total=True, paper=False),
    Field("land_score", "土地\n得分", "score", 8, paper=False),
    Field("land_tier", "土地\n等级", "tier", 7, paper=False),
    Field("energy_score", "能源\n得分", "score", 8, paper=False),
    Field("energy_tier", "能源\n等级", "tier", 7, paper=False),
    Field("base", "指标\n合计\n得分", "score", 9, paper=False),
    Field("factor", "修正\n系数", "ratio", 7, paper=False),
    Field("adjustments", "加减分", "score", 8, paper=False),
    Field("adjustment_labels", "加减分项", "text", 14, paper=False),
    Field("change", "较上期\n变化", "score", 9, paper=False),
    Field("tier_initial", "初评\n等级", "tier", 7, paper=False),
    Field("override_labels", "调档事由", "text", 14, paper=False),
    Field("protection", "受保护", "text", 8, paper=False),
    Field("d_streak", "连续\nD类\n期数", "ordinal", 8, paper=False),
    Field("surcharge_yuan_per_kwh", "电价加价\n(元/\n千瓦时)", "ratio", 10, paper=False),
    Field("tier_confidence", "稳健\n度", "confidence", 14, paper=False),
    Field("agreement", "口径\n一致率", "confidence", 9, paper=False),
))  # fmt: skip

UNRATED_FIELDS = noted((
    Field("number", "序号", "ordinal", 5.5),
    Field("name", "企业名称", "text", 25),
    Field("town", "镇办", "text", 10),
    Field("letter_name", "类别", "tier", 14),
    Field("status_reason", "原因", "text", 95),
    Field("problems", "待改正\n数据问题", "integer", 9, total=True),
    Field("details", "明细", "lookup", 7, paper=False),
    Field("uscc", "统一社会信用代码", "code", 21, paper=False),
    Field("status_name", "状态", "text", 14, paper=False),
    Field("industry_name", "行业", "text", 28, paper=False),
    Field("scale", "规模", "text", 7, paper=False),
    Field("land", "用地\n(亩)", "amount", 10, total=True, paper=False),
    Field("energy", "综合能耗\n(吨标准煤)", "amount", 12, total=True, paper=False),
))  # fmt: skip


def cohort_names(policy: Policy) -> dict[str, str]:
    """Cohort id → what officials read for it, in the policy's order."""
    return {cohort.id: cohort.label for cohort in policy.cohort}


def cohort_label(policy: Policy) -> pl.Expr:
    """`cohort` as officials read it: the column cohort_name."""
    return pl.col("cohort").replace(cohort_names(policy)).alias("cohort_name")


OPTIONAL = (
    "rank_interval",
    "factor",
    "adjustment_labels",
    "override_labels",
    "protection",
    "change",
    "surcharge_yuan_per_kwh",
    "agreement",
)
"""Columns of the ranking that are left out where they would say nothing."""


def ranking_fields(rows: pl.DataFrame, policy: Policy) -> tuple[Field, ...]:
    """The columns of the ranking that say something about `rows`, under the names that they have by `policy`."""
    idle = {name for name in OPTIONAL if rows[name].null_count() == rows.height}
    if not (rows["factor"] != 1).any():
        idle.add("factor")
    if rows["cohort"].n_unique() < 2:
        idle.add("cohort_name")
    titles = {"tier_confidence": confidence_title(policy).replace("(", "\n(")}
    notes = of_draws(policy)
    return tuple(
        replace(field, title=titles.get(field.name, field.title), note=notes.get(field.name, field.note))
        for field in RANKING_FIELDS
        if field.name not in idle
    )


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
            *named(report),
            pl.when(pl.col("factor") != 0)
            .then((pl.col("score") - pl.col("adjustments").fill_null(0.0)) / pl.col("factor"))
            .alias("base"),
            pl.when(pl.col("protected")).then(pl.lit("是")).alias("protection"),
            rank_interval(),
        )
        .sort("cohort_order", "rank", "name", "uscc", nulls_last=True)
        .with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("number"))
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
            *named(report),
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


def named(report: Report) -> list[pl.Expr]:
    """What the codes of a scores frame are called: cohort_name, cohort_order (the policy's), industry_name."""
    names = cohort_names(report.policy)
    return [
        cohort_label(report.policy),
        pl.col("cohort")
        .replace_strict({c: i for i, c in enumerate(names)}, default=None, return_dtype=pl.Int64)
        .alias("cohort_order"),
        industry_label().alias("industry_name"),
    ]
