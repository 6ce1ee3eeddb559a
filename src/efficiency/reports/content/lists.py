"""The candidate lists: which there are, who is on them, and their columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.evaluation.lists import NO_REVENUE
from efficiency.policy.model import VERIFY
from efficiency.reports.content.columns import INTERVAL_TITLE, confidence_title, noted, of_draws, rank_interval
from efficiency.reports.content.efficiencies import DIMENSION_NAMES, DIMENSIONS, headline_efficiencies
from efficiency.reports.content.partners import partner_words
from efficiency.reports.content.rankings import cohort_label
from efficiency.reports.robustness import agreement_columns, methods_of
from efficiency.reports.text import CONFIDENT, LIST_NAMES, REVIEW, industry_label
from efficiency.reports.workbook import Field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efficiency.policy.model import Policy
    from efficiency.reports.report import Report


_ON_PAPER = {"upgrade": (), "merger": (), "partner": (), VERIFY: ("land",)}
"""Dimensions whose efficiency is printed, where that is not both: the reason says it, or other texts take the room."""


DOUBTFUL = "临界"
"""The beginning of REVIEW, where there is no room for all of it."""


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
        CandidateList(
            own, title, _fields(own, of_list := rows.filter(pl.col("list") == own), cohorts, report.policy), of_list
        )
        for own, title in titles.items()
    )


def list_titles(report: Report) -> dict[str, str]:
    """Id of each list → its title, in the order in which they are shown."""
    called = report.policy.list_titles
    titles = {own: called.get(own, name) for own, name in LIST_NAMES.items()} | called
    for own, title in report.candidates.select("list", "title").unique(maintain_order=True).iter_rows():
        called.setdefault(own, title)
    return titles | called


def _rows(report: Report) -> pl.DataFrame:
    """Every candidate with what the lists show of it, by list and position."""
    shown = report.scores.select(
        "uscc",
        "rank",
        rank_interval(),
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
        *agreement_columns(methods_of(report)),
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
        .agg(
            pl.concat_str(pl.col("number").cast(pl.String), pl.lit(". "), "short").str.join("\n").alias("partners"),
            pl.concat_str(pl.col("number").cast(pl.String), pl.lit("."), "name").str.join(" ").alias("partner_names"),
        )
    )
    efficiencies = headline_efficiencies(report, report.candidates)
    return (
        report.candidates.sort("list", "priority")
        .join(shown, on="uscc", how="left", validate="m:1", maintain_order="left")
        .join(efficiencies, on="uscc", how="left", validate="m:1", maintain_order="left")
        .join(partners, on="uscc", how="left", validate="m:1", maintain_order="left")
        .with_columns(
            pl.when(pl.col("tier_confidence") < CONFIDENT).then(pl.lit(REVIEW)).alias("review"),
            pl.when(pl.col("tier_confidence") < CONFIDENT).then(pl.lit(DOUBTFUL)).alias("doubt"),
            # Who has no revenue is not told to earn more before somebody has looked.
            pl.when(pl.col("idle")).then(pl.lit(NO_REVENUE)).otherwise(_lines(needs)).alias("need"),
            pl.col("would_be").replace(list_titles(report)).alias("would_be_title"),
        )
    )


def _lines(parts: Sequence[pl.Expr]) -> pl.Expr:
    """The parts that are there, one a line; null when none is."""
    text = pl.concat_str(parts, separator="\n", ignore_nulls=True)
    return pl.when(text != "").then(text)


def _fields(own: str, rows: pl.DataFrame, cohorts: int, policy: Policy) -> tuple[Field, ...]:
    """The columns: what a meeting needs on paper first, then the way into the details, then the rest, folded."""
    # A rank says nothing without the cohort in which it was taken.
    cohort = (Field("cohort_name", "评价组", "text", 10, paper=False),) if cohorts > 1 else ()
    on_paper, folded = _efficiency_fields(rows, _ON_PAPER.get(own, DIMENSIONS))
    agreed = tuple(
        Field(name, title, "text", 20, paper=False)
        for name, title in (("tier_methods", "方法稳健：等级"), ("list_methods", "方法稳健：清单"))
        if rows[name].count()
    )
    reviewed = rows["review"].count() > 0
    raised = (Field("next_tier_needs", "升档所需", "text", 30, paper=False),) if rows["next_tier_needs"].count() else ()
    partners = own == "merger" or (own == VERIFY and rows["partners"].count() > 0)
    asked = (Field("would_be_title", "拟列清单", "text", 9), Field("missing", "待核实事项", "text", 22))
    return noted((
        Field("priority", "序号", "ordinal", 5),
        Field("name", "企业名称", "text", 21),
        Field("town", "镇办", "text", 8.5),
        Field("land", "用地\n(亩)", "amount", 8, total=True, bar=True),
        Field("energy", "综合能耗\n(吨标准煤)", "amount", 10, total=True, bar=True),
        *on_paper,
        Field("tier", "综合\n等级", "tier", 4.6),
        *((Field("doubt", "复核", "alert", 4.6),) if reviewed else ()),
        *(asked if own == VERIFY else ()),
        Field("reason", "入选理由", "text", 43),
        *((Field("partner_names", "并转对象(依次)", "text", 54),) if partners else ()),
        *((Field("need", "达到基准所需", "text", 80),) if own == "upgrade" else ()),
        Field("details", "明细", "lookup", 7, paper=False),
        *cohort,
        Field("rank", "名次", "ordinal", 6, paper=False),
        Field("rank_interval", INTERVAL_TITLE.replace("(", "\n("), "text", 10, paper=False),
        Field("uscc", "统一社会信用代码", "code", 21, paper=False),
        Field("industry", "行业", "text", 30, paper=False),
        *folded,
        Field("land_score", "土地\n得分", "score", 8, paper=False),
        Field("energy_score", "能源\n得分", "score", 8, paper=False),
        Field("previous_tier", "上期\n等级", "tier", 7, paper=False),
        Field("override_labels", "调档事由", "text", 14, paper=False),
        Field("d_streak", "连续\nD类\n期数", "ordinal", 8, paper=False),
        Field("tier_confidence", confidence_title(policy).replace("(", "\n("), "confidence", 14, paper=False),
        Field("review", "复核提示", "alert", 14, paper=False),
        *agreed,
        *raised,
        *((Field("partners", "建议并转对象", "text", 60, paper=False),) if partners else ()),
    ), **of_draws(policy))  # fmt: skip


def _efficiency_fields(rows: pl.DataFrame, wanted: Sequence[str]) -> tuple[list[Field], list[Field]]:
    """The columns of the efficiencies of the `wanted` dimensions for the paper, and the others, folded.

    Where the cohorts of the list are measured by different indicators there is no one unit: the paper shows tiers.
    """
    on_paper: list[Field] = []
    folded: list[Field] = []
    for dimension in DIMENSIONS:
        side, shown = DIMENSION_NAMES[dimension], dimension in wanted
        labels = rows[f"{dimension}_indicator"].drop_nulls().unique()
        mixed = labels.len() > 1
        title, _, unit = (str(labels[0]) if labels.len() == 1 else f"{side}效率").partition("(")
        unit = unit and f"\n({unit}"
        tier = Field(f"{dimension}_tier", f"{side}\n等级", "tier", 4.6, paper=shown and mixed)
        value = Field(f"{dimension}_value", f"{title}{unit}", "ratio", 12, paper=shown and not mixed)
        (on_paper if tier.paper else folded).append(tier)
        (on_paper if value.paper else folded).append(value)
        folded.append(Field(f"{dimension}_benchmark", f"{title}·基准值{unit}", "ratio", 12, paper=False))
        if mixed:
            folded.append(Field(f"{dimension}_indicator", f"{side}效率\n指标", "text", 30, paper=False))
    return on_paper, folded
