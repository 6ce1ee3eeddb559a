"""The enterprises of the page: what their cards say, how their scores came about, and the tables that hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.policy import words
from efficiency.reports.content import checks, columns, efficiencies, lists, notes, rankings, rules, totals
from efficiency.reports.text import clean_frame, clean_text, division_names
from schemas.profile import ENERGY_LEVELS, TOTALS
from schemas.results import MOVEMENT_PARTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efficiency.reports.report import Report

LISTED = 5_000
"""Enterprises on a list that a page holds of a region whose enterprises are too many to hold all."""
_PARTS = tuple(f"part_{part}" for part in MOVEMENT_PARTS)

Column = tuple[str, str, str]
"""Field, title, kind: what a table shows, and how."""

_TEXTS = (
    "uscc", "name", "town", "division", "industry_name", "scale", "chain", "cohort_name", "status", "status_name",
    "status_reason", "tier_initial", "tier", "land_tier", "energy_tier", "before", "adjustment_labels",
    "override_labels", "protection", "letter_name", "list_title", "tech_level", "willingness", "energy_level",
    "incident_documents", "below_baseline", "rank_interval",
)  # fmt: skip
_FIGURES = (
    "rank", "score", "base", "land_score", "energy_score", "land_score_uncapped", "energy_score_uncapped",
    "factor", "adjustments", "tier_confidence", "agreement", "d_streak",
    "change", *_PARTS, *(column.name for column in TOTALS), "investment", "open_incidents", "problems",
    "months_since_visit", "months_without_revenue", "months_without_electricity",
)  # fmt: skip

_NAME: Column = ("name", "企业名称", "link")
_COHORT: tuple[Column, ...] = (("cohort_name", "评价组", "text"),)
"""Where there are several: a rank says nothing without the cohort in which it was taken."""
_INTERVAL: Column = ("rank_interval", columns.INTERVAL_TITLE, "text")
_PLACE: tuple[Column, ...] = (("town", "镇办", "text"), ("division", "行业", "text"))
_TIERS: tuple[Column, ...] = (
    ("tier", "综合等级", "tier"), ("land_tier", "土地等级", "tier"), ("energy_tier", "能源等级", "tier"),
    ("before", "上期等级", "tier"),
)  # fmt: skip
_TOTALS: tuple[Column, ...] = (("land", "用地(亩)", "amount"), ("energy", "综合能耗(吨标准煤)", "amount"))
_EVERYONE: tuple[Column, ...] = (
    ("rank", "名次", "ordinal"), _INTERVAL, _NAME, *_TIERS, ("score", "综合得分", "score"),
    ("change", "较上期变化", "signed"),
    ("land_score", "土地得分", "score"), ("energy_score", "能源得分", "score"), *_PLACE,
    ("tier_confidence", "稳健度", "confidence"), ("d_streak", "连续D类期数", "ordinal"), *_TOTALS,
    ("list_title", "所列清单", "text"),
)  # fmt: skip
_UNRATED: tuple[Column, ...] = (
    _NAME, ("letter_name", "类别", "text"), ("status_name", "状态", "text"),
    ("status_reason", "原因", "prose"), *_PLACE,
    ("problems", "待改正数据问题", "ordinal"), ("before", "上期等级", "tier"), *_TOTALS,
)  # fmt: skip

_UNRATED_WITHOUT_LETTERS = tuple(column for column in _UNRATED if column[0] != "letter_name")
_OWN = ("partners", "next_tier_needs", "need")
"""What a list says of each enterprise beside the reason."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Which enterprises the page holds: `frame` has one column, uscc."""

    frame: pl.DataFrame
    total: int
    candidates: int

    @property
    def complete(self) -> bool:
        """Every enterprise of the evaluation is in the page."""
        return self.frame.height == self.total

    @property
    def listed(self) -> int:
        """Enterprises in the page."""
        return self.frame.height


def kept(report: Report, limit: int) -> Kept:
    """All enterprises while there are at most `limit`, else those on a list, each list's first ones first."""
    candidates = report.candidates.height
    if report.scores.height <= limit:
        return Kept(report.scores.select("uscc"), report.scores.height, candidates)
    first = report.candidates.sort("priority", "list", "uscc").select("uscc").head(min(limit, LISTED))
    return Kept(first, report.scores.height, candidates)


def enterprises(report: Report, scope: Kept) -> pl.DataFrame:
    """One row per enterprise of `scope`: the ranked by cohort and rank, then the others.

    Text is safe to show, figures are rounded to what anybody reads; fields that say nothing about any of them are
    left out. Raises ValueError when a figure is not finite.
    """
    everyone = pl.concat([rankings.ranking(report), rankings.unrated(report)], how="diagonal_relaxed")
    frame = (
        everyone.join(scope.frame, on="uscc", how="semi", maintain_order="left")
        .join(totals.with_previous_tier(report).select("uscc", "before"), on="uscc", how="left", maintain_order="left")
        .join(_parts(report), on="uscc", how="left", validate="1:1", maintain_order="left")
        .with_columns(
            pl.col("town").fill_null(totals.NOT_STATED),
            pl.col("industry_division").replace(division_names()).fill_null(totals.NOT_STATED).alias("division"),
            pl.col("energy_level").replace_strict(ENERGY_LEVELS, default=None),
        )
        .select(*_TEXTS, *_FIGURES)
    )
    return _known(frame)


def _parts(report: Report) -> pl.DataFrame:
    """Why each score moved: uscc and a column part_… for each part of the change."""
    if report.movements is None:
        return pl.DataFrame(schema={"uscc": pl.String, **dict.fromkeys(_PARTS, pl.Float64)})
    return report.movements.select("uscc", *(pl.col(part).alias(f"part_{part}") for part in MOVEMENT_PARTS))


def _rounded(frame: pl.DataFrame) -> pl.DataFrame:
    """Safe text, and figures rounded to what anybody reads."""
    return clean_frame(frame).with_columns(pl.selectors.float().round_sig_figs(9))


def _known(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` without the columns that know nothing, `uscc` apart, its text safe and its figures rounded."""
    known = [column.name for column in frame if column.null_count() < column.len() or column.name == "uscc"]
    return _rounded(frame.select(known))


def indicators(report: Report, scope: Kept, everyone: pl.DataFrame) -> list[dict[str, Any]]:
    """How the scores came about, one entry per indicator of a cohort: its declaration and, as `rows`, its figures.

    `rows` has `who`, the enterprise's row in `everyone`, value, benchmark, its scope, score, note, how much of the
    benchmark is its own where that is a good part, and numerator and denominator; where these two are what
    `everyone` says already, `same` names the column there instead.
    """
    names = rankings.cohort_names(report.policy)
    rows = _rounded(
        report.indicators.join(scope.frame, on="uscc", how="semi", maintain_order="left")
        .join(everyone.select("uscc").with_row_index("who"), on="uscc", how="inner", validate="m:1")
        .sort("who")
        .select("cohort", "indicator", "who", "numerator", "denominator", "value", "benchmark", "benchmark_scope",
                "score", "score_note",
                pl.when(pl.col("benchmark_own_share") > rules.OWN_SHARE).then("benchmark_own_share"))
    )  # fmt: skip
    by_indicator = rows.partition_by("cohort", "indicator", as_dict=True, include_key=False)
    declared = report.indicators.select(
        "cohort", "indicator", "title", "unit", "dimension", "weight", "numerator_expression", "denominator_expression"
    ).unique(["cohort", "indicator"], maintain_order=True, keep="first")
    entries = []
    for row in clean_frame(declared).iter_rows(named=True):
        own = by_indicator.get((row["cohort"], row["indicator"]), rows.clear().drop("cohort", "indicator"))
        same = {
            side: row[f"{side}_expression"]
            for side in ("numerator", "denominator")
            if _is_column(own["who"], own[side], everyone, row[f"{side}_expression"])
        }
        entries.append(
            {
                "cohort": names.get(row["cohort"], row["cohort"]),
                "title": row["title"],
                "unit": row["unit"],
                "dimension": rankings.DIMENSION_TITLES[row["dimension"]],
                "weight": row["weight"],
                "numerator_title": words.condition(row["numerator_expression"], report.policy),
                "denominator_title": words.condition(row["denominator_expression"], report.policy),
                "same": same,
                "rows": own.drop(*same, *(column.name for column in own if column.null_count() == column.len())),
            }
        )
    return entries


def _is_column(who: pl.Series, figures: pl.Series, everyone: pl.DataFrame, name: str) -> bool:
    """Whether `figures` of the enterprises `who` are what the column `name` of `everyone` says of them."""
    return name in everyone.columns and everyone[name].gather(who).eq_missing(figures).all()


def verifications(report: Report, scope: Kept) -> dict[str, list[tuple[str, ...]]]:
    """By code the verifications of the list that an enterprise is on or would be on.

    Each is tick, label, the data looked at, their cells, what is missing.
    """
    rows = report.verifications.join(scope.frame, on="uscc", how="semi", maintain_order="left")
    return {
        code: [
            tuple(clean_text(text) for text in (c.mark, c.label, c.looked_at, c.cells, c.missing))
            for c in checks.checks(of.iter_rows(named=True))
        ]
        for (code,), of in rows.partition_by("uscc", as_dict=True, maintain_order=True).items()
    }


def views(report: Report, scope: Kept, listed: Sequence[lists.CandidateList]) -> list[dict[str, Any]]:
    """The tables one can choose between: everybody with a rank, each list, everybody without a rank.

    A view names its columns; `rows` hold, by column, what the list alone knows, `uscc` among it. A view without
    `rows` takes the enterprises of its `status`. Of a page that does not hold everybody only the lists are left.
    """
    shown = [_list_view(one, scope) for one in listed]
    if not scope.complete:
        return shown
    everyone = {"id": "ranked", "title": "全部参评", "note": "", "status": ["ranked"], "columns": _everyone(report)}
    others = report.scores.filter(pl.col("status") != "ranked")["status"].unique().sort().to_list()
    rest = {
        "id": "unrated",
        "title": "未参评与数据不足",
        "note": notes.UNRATED_NOTE,
        "status": others,
        "columns": _UNRATED if report.scores["letter"].count() else _UNRATED_WITHOUT_LETTERS,
    }
    return [everyone, *shown, rest]


def _everyone(report: Report) -> list[Column]:
    cohort = _COHORT if report.scores["cohort"].drop_nulls().n_unique() > 1 else ()
    idle = {"change"} if report.movements is None else set()
    if report.scores["rank_low"].count() == 0:
        idle.add("rank_interval")
    firm = {"tier_confidence": columns.confidence_title(report.policy)}
    shown = ((name, firm.get(name, title), kind) for name, title, kind in _EVERYONE if name not in idle)
    return [*cohort, *shown]


def _list_view(one: lists.CandidateList, scope: Kept) -> dict[str, Any]:
    """The list's columns of the workbook, in the order in which a screen is read: the reason comes early."""
    titles = {field.name: field.title.replace("\n", "") for field in one.fields}
    shown = tuple(
        (name, f"{side}基准值" if part == "benchmark" else titles[name], kind)
        for dimension, side in efficiencies.DIMENSION_NAMES.items()
        for part, kind in (("indicator", "text"), ("value", "ratio"), ("benchmark", "ratio"))
        if (name := f"{dimension}_{part}") in titles
    )
    own = tuple((name, titles[name], "prose") for name in _OWN if name in titles)
    asked = tuple((name, titles[name], "text") for name in ("would_be_title", "missing") if name in titles)
    shown_columns = (
        ("priority", "序号", "ordinal"), _NAME, *_TIERS[:1],
        ("tier_confidence", titles["tier_confidence"], "confidence"), ("override_labels", "调档事由", "text"), *asked,
        ("reason", "入选理由", "prose"), *own,
        *_PLACE, *_TOTALS, *shown, *_TIERS[1:], ("d_streak", "连续D类期数", "ordinal"),
        *(_COHORT if "cohort_name" in titles else ()),
        ("rank", "名次", "ordinal"), *((_INTERVAL,) if one.frame["rank_interval"].count() else ()),
    )  # fmt: skip
    # What the list alone knows; the rest is the enterprise's. `need` and partners are shown by the card of every list.
    known = ["uscc", "priority", "reason", "would_be_title", "missing", *_OWN, *(name for name, *_ in shown)]
    rows = one.frame.join(scope.frame, on="uscc", how="semi", maintain_order="left").select(
        *known, pl.concat_list(f"partner_{i}" for i in (1, 2, 3)).list.drop_nulls().alias("partner_codes")
    )
    return {
        "id": f"list-{one.id}",
        "title": one.title,
        "note": "本清单为建议名单，经人工核实确认后方可作为处置依据。",
        "columns": shown_columns,
        "rows": _known(rows),
    }
