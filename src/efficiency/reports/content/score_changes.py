"""得分变动: why scores are not those of the last period, for the list of everybody and for the lines of 概览."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from efficiency.reports.content.columns import noted
from efficiency.reports.workbook import Field
from schemas.results import MOVEMENT_PARTS

if TYPE_CHECKING:
    from efficiency.reports.report import Report

TOP = 5
"""Enterprises that 概览 names in either direction."""
SHOWN = 0.005
"""A part smaller than this many points is not worth a word."""
WORTH_PAPER = 1.0
"""A change of so many points is printed even where the tier stays."""
MOST_ON_PAPER = 38
_ALWAYS = ("own", "peers")
"""Parts that are printed also where nobody has any of them."""
SCORE_CHANGE_FIELDS = noted((
    Field("number", "序号", "ordinal", 5.5),
    Field("name", "企业名称", "text", 26),
    Field("town", "镇办", "text", 10),
    Field("previous_tier", "上期\n等级", "tier", 4.6),
    Field("tier", "本期\n等级", "tier", 4.6),
    Field("score_before", "上期\n得分", "score", 9),
    Field("score", "本期\n得分", "score", 9),
    Field("change", "得分\n变化", "score", 9),
    *(Field(part, title, "score", 10) for part, title in MOVEMENT_PARTS.items()),
    Field("note", "说明", "text", 30),
    Field("details", "明细", "lookup", 7, paper=False),
    Field("uscc", "统一社会信用代码", "code", 21, paper=False),
))  # fmt: skip


def score_change_fields(rows: pl.DataFrame) -> tuple[Field, ...]:
    """The columns of SCORE_CHANGE_FIELDS; causes that nobody's score changed by are folded away behind the others."""
    idle = {part for part in MOVEMENT_PARTS if part not in _ALWAYS and not (rows[part].abs() >= SHOWN).any()}
    if rows["note"].count() == 0:
        idle.add("note")
    folded = (replace(field, paper=False) for field in SCORE_CHANGE_FIELDS if field.name in idle)
    return (*(field for field in SCORE_CHANGE_FIELDS if field.name not in idle), *folded)


def worth_paper(rows: pl.DataFrame) -> int:
    """How many of the first rows are printed: those whose tier changed, and the greatest changes of the score."""
    told = _tier_changed() | (pl.col("change").abs() >= WORTH_PAPER).fill_null(value=False)
    return min(rows.filter(told).height, MOST_ON_PAPER)


def _tier_changed() -> pl.Expr:
    return pl.col("previous_tier").ne_missing(pl.col("tier"))


def score_changes(report: Report) -> pl.DataFrame | None:
    """Everybody of either period with SCORE_CHANGE_FIELDS: changed tiers first, then by the size of the change.

    None without a previous evaluation.
    """
    if report.movements is None:
        return None
    now = report.scores.select("uscc", "name", "town", "tier", "score")
    before = (
        pl.DataFrame(schema={"uscc": pl.String, "before": pl.String, "old_name": pl.String, "old_town": pl.String})
        if report.previous is None
        else report.previous.select(
            "uscc", pl.col("tier").alias("before"), pl.col("name").alias("old_name"), pl.col("town").alias("old_town")
        )
    )
    return (
        report.movements.join(now, on="uscc", how="left", validate="1:1")
        .join(before, on="uscc", how="left", validate="1:1")
        .with_columns(
            pl.coalesce("name", "old_name", "uscc").alias("name"),
            pl.coalesce("town", "old_town").alias("town"),
            pl.col("before").alias("previous_tier"),
        )
        # Without a score in either period there is no change.
        .filter(pl.col("score").is_not_null() | pl.col("score_before").is_not_null())
        .sort(~_tier_changed(), pl.col("change").abs(), "uscc", descending=[False, True, False], nulls_last=True)
        .with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("number"))
    )


def score_change_lines(report: Report) -> list[str]:
    """Which scores changed and why: one line on all, then the greatest rises and falls with their parts."""
    rows = score_changes(report)
    if rows is None:
        return []
    comparable = rows.drop_nulls("change")
    if comparable.is_empty():
        return ["没有两期均有得分的企业，得分变动不作比较。"]
    known = comparable.filter(pl.col("change").abs() >= SHOWN)
    if known.is_empty():
        return ["与上期相比，各企业得分没有变化。"]
    rises = int((known["change"] > 0).sum())
    cause = pl.concat_list(pl.col(part).abs() for part in MOVEMENT_PARTS).list.arg_max()
    titles = tuple(MOVEMENT_PARTS.values())
    # Of equally frequent causes the part that is named first comes first, so that the same report reads the same.
    causes = known.group_by(cause.alias("cause")).len().sort("len", "cause", descending=[True, False])
    main = "、".join(f"{titles[position]}{count}户" for position, count in causes.iter_rows())
    lines = [f"与上期相比得分上升{rises}户、下降{known.height - rises}户；首要原因：{main}。"]
    for words, one in (
        ("上升", known.filter(pl.col("change") > 0).sort("change", "uscc", descending=[True, False])),
        ("下降", known.filter(pl.col("change") < 0).sort("change", "uscc")),
    ):
        lines += [f"{words} {_line(row)}" for row in one.head(TOP).iter_rows(named=True)]
    return lines


def _line(row: dict[str, object]) -> str:
    """某公司:60.10→72.35(+12.25),C→B:自身数据+10.00,同组基准+2.25."""
    tiers = f"，{row['previous_tier'] or '无'}→{row['tier'] or '无'}" if row["previous_tier"] != row["tier"] else ""
    scores = f"{row['score_before']:.2f}→{row['score']:.2f}({row['change']:+.2f})"
    return f"{row['name']}：{scores}{tiers}：{parts_in_words(row)}"


def parts_in_words(row: dict[str, object]) -> str:
    """自身数据+10.00,同组基准−2.25, the largest first; 无变化 when none is worth a word."""
    amounts = {title: row[part] for part, title in MOVEMENT_PARTS.items()}
    shown = {title: amount for title, amount in amounts.items() if isinstance(amount, float) and abs(amount) >= SHOWN}
    ordered = sorted(shown.items(), key=lambda item: -abs(item[1]))
    return "、".join(f"{title}{amount:+.2f}" for title, amount in ordered) or "无变化"
