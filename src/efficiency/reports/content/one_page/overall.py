"""① How many, how much land and energy, tiers, what changed and why; ② the lists and how ready they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.policy.model import VERIFY
from efficiency.reports.content.charts import movers, why_moved
from efficiency.reports.content.lists import list_titles
from efficiency.reports.content.one_page.shape import NAME_WIDTH, TITLE_WIDTH, Column, Section, Table
from efficiency.reports.content.score_changes import SHOWN, parts_in_words, score_change_lines, score_changes
from efficiency.reports.content.totals import (
    DOWN,
    UP,
    no_movement_reason,
    ranked,
    tier_movement,
    tier_table,
    with_previous_tier,
)
from efficiency.reports.text import CONFIDENT, amount, count, enumerated, period_title, shortened, whole_percent
from schemas.profile import TIERS
from schemas.results import IDENTITY

if TYPE_CHECKING:
    from efficiency.reports.report import Report

MOST_MOVERS = 1
"""Enterprises named in either direction."""
MOST_LISTS = 6
MOST_EMPTY = 3
_HELD = (Column("户数", "integer"), Column("用地(亩)", "extent"), Column("综合能耗(吨标准煤)", "extent"))
_TIER_COLUMNS = (Column("等级", "tier"), *_HELD, Column("占比与上期", "text"))
_LIST_COLUMNS = (Column("清单", "name"), *_HELD, Column("其中", "text"))


def overall(report: Report) -> Section:
    """① 总体情况."""
    tiers = tier_table(report)
    sentences = [_extent(report, ranked(report.scores)), *_changes(report)]
    if not tiers["enterprises"].sum():
        ungraded = all(cohort.tiers is None for cohort in report.policy.cohort)
        sentences.insert(1, "本办法只排名，不划分等级。" if ungraded else "本期无企业评级。")
        return Section("overall", "一、总体情况", tuple(sentences))
    before: dict[Any, Any] = {}
    if report.previous is not None:
        before = dict.fromkeys(TIERS, 0) | dict(ranked(report.previous)["tier"].value_counts().iter_rows())
    rated = int(tiers["enterprises"].sum())
    rows = tuple(
        (
            shortened(f"{tier} {report.letter_names[tier]}", TITLE_WIDTH),
            enterprises,
            land,
            energy,
            f"占{whole_percent(enterprises, rated)}，" + (f"上期{count(before[tier])}" if before else "无上期"),
        )
        for tier, enterprises, land, energy in tiers.select("tier", "enterprises", "land", "energy").iter_rows()
    )
    return Section("overall", "一、总体情况", tuple(sentences), Table(_TIER_COLUMNS, rows))


def _extent(report: Report, evaluated: pl.DataFrame) -> str:
    """How many are registered and evaluated, with how much land and energy; what of it is unknown."""
    words = f"名录企业{count(report.scores.height)}，参评{count(evaluated.height)}"
    if report.scores.height > evaluated.height:
        words += f"，未参评{count(report.scores.height - evaluated.height)}"
    if evaluated.is_empty():
        return f"{words}。"
    sums, unknown = [], []
    for column, title, unit in (("land", "用地", "亩"), ("energy", "综合能耗", "吨标准煤")):
        missing = evaluated[column].null_count()
        if missing == evaluated.height:
            sums.append(f"{title}未知")
            continue
        sums.append(f"{title}{amount(float(evaluated[column].sum()), unit)}")
        if missing:
            unknown.append(f"{title}未知的{count(missing)}")
    words += f"；参评企业{'、'.join(sums)}"
    return f"{words}(未计{'、'.join(unknown)})。" if unknown else f"{words}。"


# -- what changed ------------------------------------------------------------------------------------------------------


def _changes(report: Report) -> list[str]:
    """Two sentences: whose tier moved and why, and what moved the scores; one where there is nothing to compare."""
    if tier_movement(report) is None and report.movements is None:
        return [f"{no_movement_reason(report)}。"]
    return [_tier_moves(report), _score_moves(report)]


def _tier_moves(report: Report) -> str:
    if tier_movement(report) is None:
        return f"{no_movement_reason(report)}。"
    moved = movers(report)
    since = f"与上期({_previous_period(report)})相比"
    parts = []
    for direction in (UP, DOWN):
        own = moved.filter(pl.col("direction") == direction)
        named = [_mover(row) for row in own.head(MOST_MOVERS).iter_rows(named=True)]
        parts.append(
            f"{direction}{count(own.height)}" + (f"：{enumerated(named, MOST_MOVERS, own.height)}" if named else "")
        )
    states = with_previous_tier(report)
    entered = states.filter(pl.col("before").is_null() & pl.col("tier").is_not_null()).height
    gone = states.filter(pl.col("before").is_not_null() & pl.col("tier").is_null()).height
    if entered or gone:
        parts.append(f"新评级{count(entered)}、不再评级{count(gone)}")
    return f"{since}{'；'.join(parts)}。"


def _previous_period(report: Report) -> str:
    """2026年9月; 上期 alone where nobody says which."""
    frames = [
        (report.movements, "previous_period"),
        (report.previous, "period"),
    ]
    for frame, column in frames:
        if frame is not None and column in frame.columns and frame.height and frame[column][0]:
            return period_title(frame[column][0])
    return "期次未注明"


def _mover(row: dict[str, Any]) -> str:
    """某公司B→A(自身数据+1.97分)."""
    why = why_moved(row)
    return f"{shortened(row['name'], NAME_WIDTH)}{row['before']}→{row['tier']}" + (f"({why})" if why else "")


def _score_moves(report: Report) -> str:
    """How many scores rose and fell, the most frequent causes, and the greatest change either way."""
    rows = score_changes(report)
    lines = score_change_lines(report)
    if rows is None or not lines:
        return "得分变动未作分解。"
    # The first line is about all; the greatest changes are named from the same rows.
    known = rows.drop_nulls("change").filter(pl.col("change").abs() >= SHOWN).sort("change", "uscc")
    if known.is_empty():
        return lines[0]
    extremes = (("升幅最大", known.row(-1, named=True), 1), ("降幅最大", known.row(0, named=True), -1))
    named = [
        f"{words}{shortened(row['name'], NAME_WIDTH)}({row['change']:+.2f}分，{_main_part(row)})"
        for words, row, sign in extremes
        if row["change"] * sign > 0
    ]
    return f"{lines[0].removeprefix('与上期相比').rstrip('。')}；{'，'.join(named)}。"


def _main_part(row: dict[str, Any]) -> str:
    """自身数据+2.12: the greatest part of a change."""
    return parts_in_words(row).split("、")[0]


# -- the lists ---------------------------------------------------------------------------------------------------------


def lists_section(report: Report, listed: pl.DataFrame) -> Section:
    """② 建议清单: a row for each list that has anybody; the empty ones are named. `listed`: `listed_with_state`."""
    on_lists = listed.filter(pl.col("list") != VERIFY)
    rows, empty = [], []
    for own, title in list_titles(report).items():
        on_it, asked = on_lists.filter(pl.col("list") == own), listed.filter(pl.col("would_be") == own)
        if on_it.height or asked.height:
            rows.append(_list_row(title, on_it, asked))
        elif own != VERIFY:
            empty.append(shortened(title, TITLE_WIDTH))
    said = "本期没有企业进入建议清单。"
    if listed.height:
        of_none = f"；{enumerated(empty, MOST_EMPTY)}本期无" if empty else ""
        said = (
            f"列入清单{count(on_lists.height)}，可提请研究(符合核查要求且等级稳健){count(int(on_lists['ready'].sum()))}；"
            f"核查未齐、待核实{count(listed.height - on_lists.height)}{of_none}。"
        )
    after = []
    if unknown := [
        f"{title}未知的{count(missing)}"
        for column, title in (("land", "用地"), ("energy", "综合能耗"))
        if (missing := on_lists[column].null_count())
    ]:
        after.append(f"合计未计{'、'.join(unknown)}")
    if unmeasured := on_lists["tier_confidence"].null_count():
        after.append(f"稳健度未测算的{count(unmeasured)}不计为临界")
    if len(rows) > MOST_LISTS:
        left = sum(row[1] for row in rows[MOST_LISTS:])
        after.append(f"另有{len(rows) - MOST_LISTS}类清单共{count(left)}，见各表")
    table = Table(_LIST_COLUMNS, tuple(rows[:MOST_LISTS])) if rows else None
    return Section("lists", "二、建议清单", (said,), table, (f"{'；'.join(after)}。",) if after else ())


def _list_row(title: str, on_it: pl.DataFrame, asked: pl.DataFrame) -> tuple[str, int, float, float, str]:
    ready = int(on_it["ready"].sum())
    state = f"可提请{ready:,}、临界{on_it.height - ready:,}；待核实{asked.height:,}"
    return (
        shortened(title, TITLE_WIDTH),
        on_it.height,
        float(on_it["land"].sum()),
        float(on_it["energy"].sum()),
        state,
    )


def borderline(listed: pl.DataFrame) -> int:
    """How many of `listed` (see `listed_with_state`) are on a list without a firm tier."""
    return listed.filter((pl.col("list") != VERIFY) & ~pl.col("ready")).height


def listed_with_state(report: Report) -> pl.DataFrame:
    """The candidates with the columns of their scores that the page shows, and `ready`: on a list and firm."""
    shown = report.scores.drop("name", "tier", "tier_confidence", *IDENTITY)
    return report.candidates.join(shown, on="uscc", how="left", validate="m:1", maintain_order="left").with_columns(
        ((pl.col("list") != VERIFY) & ~(pl.col("tier_confidence") < CONFIDENT).fill_null(value=False)).alias("ready")
    )
