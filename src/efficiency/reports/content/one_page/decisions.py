"""④ What is to be decided today: the weightiest proposals that are ready, with what speaks for each and against it.

Ready is who stands on a list with all its verifications and a firm tier. Proposals to close come first, then those to
merge, to renovate and to support; within them those that hold most land (energy, planned investment). A fact that is
not known speaks for nothing: it stands on the side of what is against, as unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.evaluation.lists import NO_REVENUE
from efficiency.policy.model import VERIFY
from efficiency.reports.content.columns import confidence_title
from efficiency.reports.content.lists import list_titles
from efficiency.reports.content.one_page.overall import borderline
from efficiency.reports.content.one_page.shape import NAME_WIDTH, TITLE_WIDTH, TOWN_WIDTH, Column, Section, Table
from efficiency.reports.content.rules import GRAVITY, proposals
from efficiency.reports.text import amount, count, display_width, percentage, shortened
from schemas.profile import TIERS

if TYPE_CHECKING:
    from efficiency.reports.report import Report

MOST, LEAST = 6, 2
"""Decisions on the page, the rest are counted: as many as there is room for beside the other sections."""
PAGE_LINES, LINES_EACH = 43, 3
"""Lines that decisions and other sections have together, and those of one decision."""
LONG_AGO = 12
"""Months after which a visit is said to be long ago."""
REASON_WIDTH, FOR_WIDTH, AGAINST_WIDTH = 76, 58, 74
"""Half-width characters of a reason, of what speaks for and of what speaks against: three lines of their columns."""
_AT_FIRST = {"close": 2, "merge": 2, "renovate": 1, "support": 1}
"""So many of each kind have their place before the heaviest others fill the rest: no kind hides the next."""
_WEIGHT = {"close": "land", "merge": "land", "renovate": "energy", "support": "investment"}
_WORDS = {"close": "关停、淘汰", "merge": "并转", "renovate": "改造", "support": "扶持"}
_COLUMNS = (
    Column("企业(镇办)", "name"),
    Column("建议", "text"),
    Column("理由", "text"),
    Column("支持的情况", "text"),
    Column("相反或不明的情况", "text"),
)


def decisions(report: Report, listed: pl.DataFrame, others: int) -> Section:
    """④ 今天请议定, on a page whose other sections take so many lines."""
    title = "四、今天请议定(均为建议)"
    ready = _by_weight(report, listed.filter("ready"))
    chosen = _chosen(ready, min(MOST, max(LEAST, (PAGE_LINES - others) // LINES_EACH)))
    after = _rest(listed, ready.height - chosen.height)
    if chosen.is_empty():
        return Section("decisions", title, ("本期没有符合核查要求且等级稳健、可提请研究的处置建议。",), None, after)
    kinds = [words for kind, words in _WORDS.items() if kind in set(chosen["proposes"].drop_nulls())]
    ordered = "、".join(kinds)
    said = f"可提请研究的{count(ready.height)}中分量最重的{count(chosen.height)}"
    said += f"(依次为{ordered}，同类按用地、用能或投资大小)：" if ordered else "："
    titles, facts = list_titles(report), _Facts(report, chosen)
    rows = tuple(
        (
            f"{number}. {_who(row)}",
            shortened(titles.get(row["list"], row["title"]), TITLE_WIDTH),
            shortened(row["reason"], REASON_WIDTH),
            _joined(facts.speaks_for(row), FOR_WIDTH, "未见其他支持的情况"),
            _joined(facts.speaks_against(row), AGAINST_WIDTH, "已掌握的数据中未见"),
        )
        for number, row in enumerate(chosen.iter_rows(named=True), 1)
    )
    return Section("decisions", title, (said,), Table(_COLUMNS, rows), after)


def _by_weight(report: Report, ready: pl.DataFrame) -> pl.DataFrame:
    """`ready` with `proposes` and `place` (its place among those of its kind, from 0), the weightiest first."""
    kind = pl.col("list").replace_strict(proposals(report), default=None, return_dtype=pl.String)
    order = {name: number for number, name in enumerate(GRAVITY)}
    weights = [pl.when(pl.col("proposes") == name).then(pl.col(column)) for name, column in _WEIGHT.items()]
    return (
        ready.with_columns(kind.alias("proposes"))
        .with_columns(
            pl.col("proposes").replace_strict(order, default=len(order), return_dtype=pl.Int64).alias("kind_order"),
            pl.coalesce(*weights).alias("weight"),
        )
        .sort("kind_order", "weight", "priority", "uscc", descending=[False, True, False, False], nulls_last=True)
        .with_columns(pl.int_range(pl.len()).over("kind_order").alias("place"))
    )


def _chosen(ready: pl.DataFrame, most: int) -> pl.DataFrame:
    """At most `most` of `ready`: some of each kind first, then the weightiest; in the order of their weight."""
    at_first = pl.col("proposes").replace_strict(_AT_FIRST, default=0, return_dtype=pl.Int64)
    return ready.with_row_index("heaviest").sort(pl.col("place") >= at_first, "heaviest").head(most).sort("heaviest")


def _rest(listed: pl.DataFrame, left: int) -> tuple[str, ...]:
    asked = listed.filter(pl.col("list") == VERIFY).height
    unfirm = borderline(listed)
    parts = [
        words
        for number, words in (
            (left, f"其余可提请研究的{count(left)}见各清单"),
            (unfirm, f"临界的{count(unfirm)}先复核"),
            (asked, f"待核实的{count(asked)}核实后再议"),
        )
        if number
    ]
    return (f"{'；'.join(parts)}。",) if parts else ()


def _who(row: Mapping[str, Any]) -> str:
    town = shortened(row["town"] or "", TOWN_WIDTH)
    return f"{shortened(row['name'], NAME_WIDTH)}({town or '未填镇办'})"


def _joined(parts: list[str], width: int, otherwise: str) -> str:
    """Those of `parts` that there is room for, joined by ；, and how many more there are."""
    kept: list[str] = []
    for part in parts:
        if display_width("；".join([*kept, part])) <= width - (8 if len(parts) > 1 else 0):
            kept.append(part)
    if parts and not kept:
        kept.append(shortened(parts[0], width - 8))
    left = len(parts) - len(kept)
    return "；".join([*kept, *([f"另{left}项"] if left else [])]) or otherwise


def _label(text: str) -> str:
    """A verification's label without what explains it in brackets: 在产(本期营业收入不为零) → 在产."""
    return shortened(re.split(r"[(（]", text)[0] or text, 20)


class _Facts:
    """What is known of the chosen enterprises beside their rows: verifications, open problems, scores of before."""

    def __init__(self, report: Report, chosen: pl.DataFrame) -> None:
        codes = chosen.select("uscc")
        ticks = report.verifications.join(codes, on="uscc", how="semi").sort("uscc", "number")
        self.ticks: dict[str, list[dict[str, Any]]] = {}
        for row in ticks.iter_rows(named=True):
            self.ticks.setdefault(row["uscc"], []).append(row)
        wrong = report.problems.filter((pl.col("severity") == "error") & pl.col("uscc").is_not_null())
        self.problems = dict(wrong.join(codes, on="uscc", how="semi").group_by("uscc").len().sort("uscc").iter_rows())
        self.firmness = confidence_title(report.policy)
        self.tiered = report.scores["tier"].count() > 0

    def _of_list(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [tick for tick in self.ticks.get(row["uscc"], []) if tick["list"] == row["list"]]

    def speaks_for(self, row: Mapping[str, Any]) -> list[str]:
        """What supports the proposal of `row`, the weightiest first."""
        kind, said = row["proposes"], []
        streak = f"连续{row['d_streak']}期D类"
        if row["d_streak"] and row["d_streak"] >= 2 and streak not in row["reason"]:
            said.append(streak)
        if kind in ("close", "merge") and row["open_incidents"] and not self._is_named(row):
            said.append(f"未整改事项{row['open_incidents']}项")
        passed = [tick["label"] for tick in self._of_list(row) if tick["passed"]]
        if passed:
            said.append(f"已核实：{'、'.join(_label(label) for label in passed)}")
        if row["tier_confidence"] is not None:
            said.append(f"{self.firmness}{percentage(row['tier_confidence'])}")
        if kind == "merge" and row["partner_1_name"]:
            said.append(f"可对接{shortened(row['partner_1_name'], 28)}")
        if kind in ("close", "merge"):
            said += [
                f"{title}效率也为{row[column]}类"
                for title, column in (("土地", "land_tier"), ("能源", "energy_tier"))
                if row[column] == "D"
            ][:1]
        if kind == "renovate" and row["next_tier_needs"] and NO_REVENUE not in row["next_tier_needs"]:
            said.append("升档所需已测算")
        if kind in ("renovate", "support"):
            said += self._standing(row, ("高",), ("强",))
            if row["investment"]:
                said.append(f"计划投资{amount(row['investment'], '万元')}")
        else:
            said += self._standing(row, ("低",), ("弱",))
        return said

    def _is_named(self, row: Mapping[str, Any]) -> bool:
        """Whether the reason names the open incidents already."""
        return any(row[name] and row[name] in row["reason"] for name in ("incident_documents", "phaseout_items"))

    def _standing(self, row: Mapping[str, Any], levels: tuple[str, ...], wills: tuple[str, ...]) -> list[str]:
        pairs = (("科技含量", "tech_level", levels), ("发展意愿", "willingness", wills))
        return [f"{title}{row[column]}" for title, column, of in pairs if row[column] in of]

    def speaks_against(self, row: Mapping[str, Any]) -> list[str]:
        """What speaks against the proposal of `row`, or is not known, the weightiest first."""
        kind, said = row["proposes"], []
        if row["protected"]:
            said.append(
                "属受保护企业" + (f"({shortened(row['override_labels'], 24)})" if row["override_labels"] else "")
            )
        if row["open_objection"]:
            said.append("有申诉待审批")
        if self.problems.get(row["uscc"]):
            said.append(f"有{self.problems[row['uscc']]}项数据错误待改正")
        open_ones = [tick for tick in self._of_list(row) if not tick["passed"]]
        said += [f"{_label(tick['label'])}：{'未测算' if tick['passed'] is None else '未核实'}" for tick in open_ones]
        if kind == "merge" and not row["partner_1_name"]:
            said.append("未找到合适的并转对象")
        said += self._history(row)
        if kind in ("close", "merge"):
            said += [
                f"{title}效率为{row[column]}类"
                for title, column in (("土地", "land_tier"), ("能源", "energy_tier"))
                if row[column] in ("A", "B")
            ]
            said += self._standing(row, ("高",), ("强",))
            said += [
                f"{title}{amount(row[column], unit)}"
                for title, column, unit in (("评价期缴税", "tax", "万元"), ("用工", "employees", "人"))
                if row[column] and row[column] > 0
            ]
        elif kind in ("renovate", "support"):
            # Little technology is a reason to renovate, and one to think twice before supporting.
            said += self._standing(row, ("低",) if kind == "support" else (), ("弱",))
            if kind == "support" and row["tier"] in ("C", "D"):
                said.append(f"综合等级{row['tier']}类")
        return said + self._unknown(row)

    def _history(self, row: Mapping[str, Any]) -> list[str]:
        said = []
        before, now = row["previous_tier"], row["tier"]
        if now in TIERS and before in TIERS and TIERS.index(before) < TIERS.index(now):
            said.append(f"上期为{before}类")
        elif now == "D" and row["d_streak"] == 1:
            said.append("首次列为D类" if before is None else "D类只有一期")
        if row["tier_confidence"] is None and self.tiered and now is not None:
            said.append("稳健度未测算")
        return said

    def _unknown(self, row: Mapping[str, Any]) -> list[str]:
        """What nobody has stated; a visit that is long ago counts among it."""
        said = []
        if row["visited"] is False:
            said.append("未走访")
        elif row["months_since_visit"] is not None and row["months_since_visit"] >= LONG_AGO:
            said.append(f"距上次走访{row['months_since_visit']}个月")
        blank = [
            title for title, column in (("科技含量", "tech_level"), ("发展意愿", "willingness")) if row[column] is None
        ]
        if blank:
            said.append(f"{'、'.join(blank)}未知")
        return said
