"""What the page holds, as values that `columns.as_json` can write: the story, the enterprises, the lists, the method.

Texts and figures are those of the workbook, from the same functions, so that the two never disagree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.policy import words
from efficiency.reports.content import charts, lists, notes, rankings, score_changes, totals
from efficiency.reports.page.enterprises import LISTED, Kept, enterprises, indicators, kept, verifications, views
from efficiency.reports.page.method import method_sections, trace
from efficiency.reports.robustness import methods_of
from efficiency.reports.text import CONFIDENT, LIST_NAMES, LIVE, clean_frame, clean_text
from schemas.profile import TIERS, TOTALS
from schemas.results import MOVEMENT_PARTS

if TYPE_CHECKING:
    from efficiency.reports.report import Report

CHARTED = 12
"""Towns or industries in a chart: as `CHARTED` in the page's script."""
GROUPS = 300
"""Towns or industries that the page lists, those with the most evaluated enterprises."""


DETAILS = ("indicators", "verifications")


def page_data(report: Report, *, limit: int) -> dict[str, Any]:
    """Everything that the page shows of `report`: numbers, text, None, lists, dictionaries, and frames.

    `DETAILS` are what only the card of an enterprise shows. With more than `limit` enterprises the page holds only
    those on a list. Raises ValueError when a figure is not finite.
    """
    scope = kept(report, limit)
    everyone = enterprises(report, scope)
    listed = lists.candidate_lists(report)
    return {
        "title": f"{report.region}企业能耗产出效益评价",
        "period": report.period_title,
        "month": report.period,
        "policy": report.policy_title,
        "evaluation": str(report.evaluation["evaluation_id"]),
        "created": f"{report.created_at:%Y-%m-%d %H:%M}",
        "proposal": notes.PROPOSAL,
        "story": totals.summary(report),
        "headlines": [
            {"label": h.label, "unit": h.unit, "kind": h.kind, "value": h.value, "previous": h.previous}
            for h in totals.headline_figures(report)
        ],
        "tiers": _tiers(report),
        "letters": [
            {"name": report.letter_names[row["letter"]], **row} for row in totals.letter_table(report).to_dicts()
        ],
        "lists": [
            {
                "id": one.id,
                "title": one.title,
                "enterprises": one.frame.height,
                "review": one.frame["review"].count(),
                "land": one.frame["land"].sum(),
                "energy": one.frame["energy"].sum(),
            }
            for one in listed
        ],
        "movement": _movement(report),
        "without_movement": totals.no_movement_reason(report),
        "movers": score_changes.score_change_lines(report),
        "parts_note": notes.PARTS_NOTE,
        "groups": [_group(report, "town", "镇办"), _group(report, "industry_division", "行业大类")],
        "group_note": notes.GROUP_NOTE,
        "confident": CONFIDENT,
        "methods": methods_of(report),
        "moved": words.moved(report.policy),
        "lines": charts.lines_in_words(report),
        "cuts": report.policy.score_cuts,
        "cohorts": _cohorts(report),
        "unrated": totals.UNRATED,
        "live": LIVE,
        "limited": _limited(scope, limit),
        "totals": [(column.name, column.title, column.unit) for column in TOTALS],
        "parts": [(f"part_{part}", title) for part, title in MOVEMENT_PARTS.items()],
        "enterprises": everyone,
        "indicators": indicators(report, scope, everyone),
        "verifications": verifications(report, scope),
        "views": views(report, scope, listed),
        "background": _background(report, scope, limit),
        "method": method_sections(report),
        "trace": trace(report),
    }


def _cohorts(report: Report) -> dict[str, int]:
    """Ranked enterprises by the cohort's name."""
    counts = dict(totals.ranked(report.scores)["cohort"].value_counts().iter_rows())
    return {name: counts.get(cohort, 0) for cohort, name in rankings.cohort_names(report.policy).items()}


def _tiers(report: Report) -> list[dict[str, Any]]:
    """One entry per tier; empty where the policy gives none or nobody was rated."""
    table = totals.tier_table(report)
    if not table["enterprises"].sum():
        return []
    names = report.letter_names
    return [{"name": names[row["tier"]], **row} for row in table.iter_rows(named=True)]


def _movement(report: Report) -> dict[str, Any] | None:
    matrix = totals.tier_movement(report)
    if matrix is None:
        return None
    return {
        "states": [*TIERS, totals.UNRATED],
        "rows": [{"before": row[0], "counts": list(row[1:])} for row in matrix.iter_rows()],
    }


def _group(report: Report, by: str, title: str) -> dict[str, Any]:
    table = clean_frame(totals.group_table(report, by))
    words = clean_text(charts.group_words(report, by, CHARTED))
    return {"by": by, "title": title, "words": words, "total": table.height, "rows": table.head(GROUPS).to_dicts()}


def _limited(scope: Kept, limit: int) -> str | None:
    if scope.complete:
        return None
    left_out = f"，各清单只列次序在前的部分，合计{scope.listed:,}户" if scope.listed < scope.candidates else ""
    return (
        f"名录企业共{scope.total:,}户，超过本页能列的{limit:,}户：名单和企业卡片只含进入{'、'.join(LIST_NAMES.values())}"
        f"等清单的企业{left_out}；象限图另按编号均匀抽取部分参评企业作背景。其余企业见评价工作簿“全部分级”。"
    )


def _background(report: Report, scope: Kept, limit: int) -> list[list[float]]:
    """Land and energy scores of enterprises without a card that the quadrant shows: an even sample, by code."""
    if scope.complete:
        return []
    limit = min(limit, LISTED)
    room = max(limit - scope.listed, limit // 5)
    others = (
        totals.ranked(report.scores)
        .drop_nulls(["land_score", "energy_score"])
        .join(scope.frame, on="uscc", how="anti")
        .sort("uscc")
    )
    step = max(1, -(-others.height // room))
    scores = others.gather_every(step).select(pl.col("land_score", "energy_score").round(2))
    return [list(row) for row in scores.iter_rows()]
