"""Where an enterprise stands, in words: its place in its industry, what speaks for it and against it, what is unknown.

Strengths and weaknesses are indicators whose value is known: for it speaks what reaches the benchmark and is in the
better half of those it is compared with, against it what does neither. What only one of both says is neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from efficiency.evaluation.explanation import FEWEST
from efficiency.reports.text import division_names, format_figure

if TYPE_CHECKING:
    from efficiency.evaluation.explanation import Explanation, Place

RATIO = "比值"
"""The unit of a figure that has none."""
MOST = 3
"""Strengths, and weaknesses, that a card names."""
RULE = "达到基准且居前一半为长处，未达基准且居后一半为短板"
COMPARED = {"score": "综合得分", "land": "土地效率", "energy": "能源效率"}
_QUARTERS = ("前四分之一", "第二个四分之一", "第三个四分之一", "后四分之一")


@dataclass(frozen=True, slots=True)
class Mark:
    """One indicator that speaks for or against the enterprise."""

    indicator: str
    title: str
    value: str
    """With its unit."""
    words: str
    """How it stands against its benchmark and those it is compared with."""


def group_title(explanation: Explanation) -> str:
    """Those with whom the enterprise is compared: 同行业(非金属矿物制品业)规上企业30户."""
    standing = explanation.standing
    if standing is None:
        return ""
    cohort = explanation.cohort_title or ""
    count = f"{len(standing.scores)}户"
    if standing.industry is None:
        return f"{cohort}全组{count}"
    return f"同行业({division_names().get(standing.industry, standing.industry)}){cohort}{count}"


def group_note(explanation: Explanation) -> str:
    """Why the whole cohort is compared where it is; empty where its own industry is."""
    standing = explanation.standing
    if standing is None or standing.industry is not None:
        return ""
    if not explanation.score["industry_division"]:
        return "行业未填，与全组比较"
    return f"同行业参评企业只有{standing.own_industry}户，不足{FEWEST}户，与全组比较"


def place_words(place: Place) -> str:
    """第3名，共30户(前四分之一); with how many share it."""
    shared = place.last - place.first
    tied = f"，与另{shared}户并列" if shared else ""
    return f"第{place.first}名，共{place.of}户({quarter(place)}{tied})"


def quarter(place: Place) -> str:
    """The quarter of the group: by the better and the worse end of a shared place where those differ."""
    best, worst = ((4 * position - 1) // place.of for position in (place.first, place.last))
    if best == worst:
        return _QUARTERS[best]
    return f"{_QUARTERS[best]}至{_QUARTERS[worst]}"


def place_lines(explanation: Explanation) -> list[tuple[str, str]]:
    """Label and words of each place; of the only one of its group nothing is said."""
    standing = explanation.standing
    if standing is None:
        return []
    if len(standing.scores) < 2:
        return [("位次", "评价组内只此一户参评，不作比较")]
    return [(COMPARED[name], place_words(place)) for name, place in standing.places.items()]


def strengths(explanation: Explanation) -> list[Mark]:
    """At most MOST indicators that speak for the enterprise, those first that earn the most above their weight."""
    rows = [row for row in _rows(explanation) if _speaks(row) == 1]
    rows.sort(key=lambda row: (-_points_over(row), _share_ahead(row)))
    return [_mark(row) for row in rows[:MOST]]


def weaknesses(explanation: Explanation) -> list[Mark]:
    """At most MOST indicators that speak against the enterprise, those first that lose the most of their weight."""
    rows = [row for row in _rows(explanation) if _speaks(row) == -1]
    rows.sort(key=lambda row: (_points_over(row), -_share_ahead(row)))
    return [_mark(row) for row in rows[:MOST]]


def unknown(explanation: Explanation) -> list[str]:
    """Titles of the indicators whose value is not known, of which nothing is said for or against."""
    return [row["title"] for row in explanation.indicators.iter_rows(named=True) if row["value"] is None]


def _rows(explanation: Explanation) -> list[dict[str, Any]]:
    """The rows of its indicators, each with `better` of the policy."""
    better = {
        i.id: i.better for c in explanation.policy.cohort if c.id == explanation.score["cohort"] for i in c.indicator
    }
    return [
        {**row, "better": better.get(row["indicator"], "higher")}
        for row in explanation.indicators.iter_rows(named=True)
    ]


def _speaks(row: dict[str, Any]) -> int:
    """1 for it, −1 against it, 0 neither or not known."""
    if row["value"] is None or row["weight"] <= 0:
        return 0
    said = []
    if (reached := _reached(row)) is not None:
        said.append(1 if reached else -1)
    if _compared(row):
        ahead, behind = (
            2 * row["group_last"] <= row["group_places"],
            2 * (row["group_first"] - 1) >= row["group_places"],
        )
        said.append(1 if ahead else -1 if behind else 0)
    return said[0] if len(set(said)) == 1 else 0


def _reached(row: dict[str, Any]) -> bool | None:
    """Whether the value reaches its benchmark; None without one."""
    if row["benchmark"] is None or row["benchmark"] <= 0:
        return None
    return bool(row["value"] <= row["benchmark"] if row["better"] == "lower" else row["value"] >= row["benchmark"])


def _compared(row: dict[str, Any]) -> bool:
    """Whether the value has a place among others."""
    return row["group_last"] is not None and row["group_places"] > 1


def _share_ahead(row: dict[str, Any]) -> float:
    """The share of the group that is better; 0 where it has no place."""
    return float((row["group_first"] - 1) / row["group_places"]) if _compared(row) else 0.0


def _points_over(row: dict[str, Any]) -> float:
    """Points above the indicator's weight, or below it."""
    return float((row["score"] or 0.0) - row["weight"])


def _mark(row: dict[str, Any]) -> Mark:
    """为基准的3.3倍，第3/30名."""
    unit = "" if row["unit"] in (None, "", RATIO) else f" {row['unit']}"
    words = [_against(row)] if _reached(row) is not None else []
    if _compared(row):
        words.append(f"第{row['group_first']}/{row['group_places']}名")
    return Mark(row["indicator"], row["title"], f"{format_figure(row['value'])}{unit}", "，".join(words))


def _against(row: dict[str, Any]) -> str:
    """The value against its benchmark: 为基准的3.3倍, 为基准的41%."""
    share = row["value"] / row["benchmark"]
    # What rounding would show as the benchmark itself has decimals.
    near = 0.995 <= share < 1.005 and share != 1
    shown = f"{share:,.1f}倍" if share >= 1.95 else f"{100 * share:.{2 if near else 0}f}%"
    return f"为基准的{shown}" + ("(越低越好)" if row["better"] == "lower" else "")
