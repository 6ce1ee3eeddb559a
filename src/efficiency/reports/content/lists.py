"""The candidate lists: which there are, who is on them, and their columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.evaluation.lists import NO_REVENUE
from efficiency.policy.model import VERIFY, VERIFY_TITLE
from efficiency.reports.content.efficiencies import DIMENSION_NAMES, DIMENSIONS, headline_efficiencies
from efficiency.reports.content.partners import partner_words
from efficiency.reports.content.rankings import cohort_label
from efficiency.reports.text import CONFIDENT, LIST_NAMES, REVIEW, industry_label
from efficiency.reports.workbook import Field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efficiency.reports.report import Report


@dataclass(frozen=True, slots=True)
class CandidateList:
    """One list: its id, its Chinese title, the columns shown, and its rows in order."""

    id: str
    title: str
    fields: tuple[Field, ...]
    frame: pl.DataFrame


def candidate_lists(report: Report) -> tuple[CandidateList, ...]:
    """The four lists that every workbook has, then the policy's own in the policy's order; empty ones included.

    待核实 comes last, where the policy has verifications. Each is called what the policy calls it, as in the results.
    """
    titles = list_titles(report)
    rows, cohorts = _rows(report), report.scores["cohort"].drop_nulls().n_unique()
    return tuple(
        CandidateList(own, title, _fields(own, of_list := rows.filter(pl.col("list") == own), cohorts), of_list)
        for own, title in titles.items()
    )


def list_titles(report: Report) -> dict[str, str]:
    """Id of each list → its title, in the order in which they are shown."""
    called: dict[str, str] = {}
    for rule in report.policy.candidate:
        called.setdefault(rule.list, rule.title)
    titles = {own: called.get(own, name) for own, name in LIST_NAMES.items()} | called
    if report.policy.verification:
        called[VERIFY] = VERIFY_TITLE
    for own, title in report.candidates.select("list", "title").unique(maintain_order=True).iter_rows():
        called.setdefault(own, title)
    return titles | called


def _rows(report: Report) -> pl.DataFrame:
    """Every candidate with what the lists show of it, by list and position."""
    shown = report.scores.select(
        "uscc",
        "rank",
        cohort_label(report.policy),
        "town",
        industry_label().alias("industry"),
        "land",
        "energy",
        "land_score",
        "land_tier",
        "energy_score",
        "energy_tier",
        "previous_tier",
        "d_streak",
        "override_labels",
        (pl.col("revenue") == 0).alias("idle"),
    )
    needs = [
        pl.when(pl.col(f"{dimension}_need").is_not_null()).then(
            pl.concat_str(pl.lit(f"{DIMENSION_NAMES[dimension]}："), f"{dimension}_need")
        )
        for dimension in DIMENSIONS
    ]
    tiers = report.scores.select("uscc", "tier")
    partners = (
        partner_words(report.candidates, report.indicators, tiers, report.policy)
        .group_by("uscc", maintain_order=True)
        .agg(pl.concat_str(pl.col("number").cast(pl.String), pl.lit(". "), "short").str.join("\n").alias("partners"))
    )
    efficiencies = headline_efficiencies(report, report.candidates)
    return (
        report.candidates.sort("list", "priority")
        .join(shown, on="uscc", how="left", validate="m:1", maintain_order="left")
        .join(efficiencies, on="uscc", how="left", validate="m:1", maintain_order="left")
        .join(partners, on="uscc", how="left", validate="m:1", maintain_order="left")
        .with_columns(
            pl.when(pl.col("tier_confidence") < CONFIDENT).then(pl.lit(REVIEW)).alias("review"),
            # Who has no revenue is not told to earn more before somebody has looked.
            pl.when(pl.col("idle")).then(pl.lit(NO_REVENUE)).otherwise(_lines(needs)).alias("need"),
            pl.col("would_be").replace(list_titles(report)).alias("would_be_title"),
        )
    )


def _lines(parts: Sequence[pl.Expr]) -> pl.Expr:
    """The parts that are there, one a line; null when none is."""
    text = pl.concat_str(parts, separator="\n", ignore_nulls=True)
    return pl.when(text != "").then(text)


def _fields(own: str, rows: pl.DataFrame, cohorts: int) -> tuple[Field, ...]:
    # A rank says nothing without the cohort in which it was taken.
    cohort = (Field("cohort_name", "评价组", "text", 8),) if cohorts > 1 else ()
    efficiencies: list[Field] = []
    for dimension in DIMENSIONS:
        labels = rows[f"{dimension}_indicator"].drop_nulls().unique()
        if labels.len() > 1:
            # Cohorts are measured differently, so each row says by what.
            title = f"{DIMENSION_NAMES[dimension]}效率"
            efficiencies.append(Field(f"{dimension}_indicator", f"{title}\n指标", "text", 11))
        else:
            title = str(labels[0]) if labels.len() else f"{DIMENSION_NAMES[dimension]}效率"
        efficiencies += [
            Field(f"{dimension}_value", title.replace("(", "\n("), "ratio", 9),
            Field(f"{dimension}_benchmark", "其基准值", "ratio", 8),
        ]
    raised = (Field("next_tier_needs", "升档所需", "text", 30),) if rows["next_tier_needs"].count() else ()
    last = {
        "merger": (Field("partners", "建议并转对象", "text", 44),),
        "upgrade": (Field("need", "达到基准所需", "text", 36),),
        VERIFY: (Field("partners", "建议并转对象", "text", 44),) if rows["partners"].count() else (),
    }
    asked = (Field("would_be_title", "拟列\n清单", "text", 8), Field("missing", "待核实事项", "text", 16))
    return (
        Field("priority", "序号", "ordinal", 5),
        *cohort,
        Field("rank", "名次", "ordinal", 5.5),
        Field("name", "企业名称", "text", 19),
        Field("uscc", "统一社会信用代码", "link", 19.5),
        Field("town", "镇办", "text", 9),
        Field("industry", "行业", "text", 14),
        Field("land", "用地\n(亩)", "amount", 9.5, total=True),
        Field("energy", "综合能耗\n(吨标准煤)", "amount", 11, total=True),
        *efficiencies,
        Field("land_score", "土地\n得分", "score", 6.5),
        Field("energy_score", "能源\n得分", "score", 6.5),
        Field("land_tier", "土地\n等级", "tier", 5.5),
        Field("energy_tier", "能源\n等级", "tier", 5.5),
        Field("tier", "综合\n等级", "tier", 5.5),
        Field("previous_tier", "上期\n等级", "tier", 5.5),
        Field("override_labels", "调档事由", "text", 11),
        Field("d_streak", "连续\nD类\n期数", "ordinal", 6.5),
        Field("tier_confidence", "稳健\n度", "confidence", 7),
        Field("review", "复核\n提示", "alert", 8),
        *(asked if own == VERIFY else ()),
        Field("reason", "入选理由", "text", 26),
        *raised,
        *last.get(own, ()),
    )
