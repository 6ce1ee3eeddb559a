"""申诉试算: what an objection would change, as text for a terminal and as a dictionary for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.reports.card import span_words
from efficiency.reports.text import format_figure, labelled_lines, table_lines
from schemas.results import STATUS_NAMES

if TYPE_CHECKING:
    from efficiency.evaluation.changes import Trial

EFFECT_NAMES = {
    "tier": "等级变化",
    "list": "清单变化",
    "rank": "名次变化",
    "score": "仅得分变化",
    "other": "仅稳健度等变化",
}
"""Effect on an enterprise → what officials read for it."""
UNCHANGED = "完全不变"
NOT_PUBLISHED = (
    "本试算不改动已发布的结果。同意的更正，请在更正表中填写审批人和审批日期后放入收件目录，重新运行该期评价。"
)
RENEWED = "现行评价发布后数据已有更新，变化前一栏为按当前数据重算的结果，与已发布的结果可能不同。"
RANKS = "仅名次、得分等变化的企业未列出，全部企业对照见试算表(--output)。"
NOTHING = "没有企业的得分、名次、等级或清单发生变化。"


def objection_as_text(trial: Trial) -> str:
    """Corrections, what could not be tried, the effect on who asks and on the others, without a trailing line break."""
    parts = [
        labelled_lines([
            ("评价期", trial.period),
            ("办法", f"{trial.policy.title}({trial.policy.id})"),
            ("对照评价", trial.evaluation_id),
            ("更正表", trial.file),
        ]),
        [f"申诉事项({trial.asked.height}项)", *_asked(trial.asked)],
    ]  # fmt: skip
    if notes := carried(trial):
        parts.append([f"累计数({len(notes)}项)", *(f"  {note}" for note in notes)])
    refused = trial.problems.filter(pl.col("severity") == "error")
    if refused.height:
        lines = [f"  {row['cell'] or row['sheet']}  {row['message']}" for row in refused.iter_rows(named=True)]
        parts.append([f"未能试算({refused.height}处)", *lines])
    own, others = (trial.enterprises.filter(pl.col("own") == who) for who in (True, False))
    parts.append([f"申诉企业({own.height}户)", *_enterprises(own)])
    parts.append([f"其他企业({others.height}户)：{counted(others)}", *_others(others)])
    parts.append([*([RENEWED] if trial.renewed else []), NOT_PUBLISHED])
    return "\n\n".join("\n".join(lines) for lines in parts)


def objection_as_dict(trial: Trial) -> dict[str, Any]:
    """Everything of the trial in types that JSON has; enterprises of which nothing changes are counted."""
    others = trial.enterprises.filter(~pl.col("own"))
    return {
        "period": trial.period,
        "policy_id": trial.policy.id,
        "evaluation_id": trial.evaluation_id,
        "facts_changed_since": trial.renewed,
        "asked": trial.asked.with_columns(pl.col(pl.Date).dt.to_string("%Y-%m")).to_dicts(),
        "problems": trial.problems.drop("row").to_dicts(),
        "own": trial.enterprises.filter("own").to_dicts(),
        "others": {
            **_counts(others),
            "unchanged": others["effect"].null_count(),
            "changed": others.drop_nulls("effect").drop("own").to_dicts(),
        },
    }


def carried(trial: Trial) -> list[str]:
    """What intake says of the cumulative figures that the corrections are carried into, or not; with cell and name."""
    notes = trial.problems.filter(pl.col("rule").is_in(["correction_carried", "correction_same_day"]))
    return [f"{row['cell']}  {row['name']}  {row['message']}" for row in notes.iter_rows(named=True)]


def counted(others: pl.DataFrame) -> str:
    """How many others change and how, and how many do not change at all, in one sentence."""
    counts = _counts(others)
    changed = [f"{words}{counts[effect]}户" for effect, words in EFFECT_NAMES.items() if counts[effect]]
    return "、".join([*changed, f"{UNCHANGED}{others['effect'].null_count()}户"])


def effect_name() -> pl.Expr:
    """`effect` in words, 完全不变 where it is null."""
    return pl.col("effect").replace_strict(EFFECT_NAMES, default=UNCHANGED).alias("effect_name")


def shown(enterprises: pl.DataFrame) -> pl.DataFrame:
    """Enterprises whose published result changes: who asks first, then by weight of the change and by rank."""
    weight = {effect: order for order, effect in enumerate(EFFECT_NAMES)}
    return (
        enterprises.filter(pl.col("own") | pl.col("effect").is_in(["tier", "list", "rank"]))
        .sort(
            pl.col("own").not_(), pl.col("effect").replace_strict(weight, return_dtype=pl.Int64), "rank_before", "uscc",
            nulls_last=True,
        )
        .with_columns(effect_name())
    )  # fmt: skip


def asked_span(row: dict[str, Any]) -> str:
    """The span of the figure that is to be corrected; areas have none."""
    return span_words(row["span_start"], row["span_end"], dated=False) if row["span_start"] else "最近一期"


def tier_or_status(row: dict[str, Any], side: str) -> str:
    """The tier on one side, or why there is none; a dash for an enterprise that is not there."""
    status = row[f"status_{side}"]
    return row[f"tier_{side}"] or ("—" if status is None else "未分级" if status == "ranked" else STATUS_NAMES[status])


def _counts(enterprises: pl.DataFrame) -> dict[str, int]:
    found = dict(enterprises.drop_nulls("effect").group_by("effect").len().iter_rows())
    return {effect: found.get(effect, 0) for effect in EFFECT_NAMES}


def _asked(asked: pl.DataFrame) -> list[str]:
    if asked.is_empty():
        return ["  没有可以试算的更正"]
    rows = [
        [row["name"], row["field"], asked_span(row), row["unit"] or "", format_figure(row["old"]),
         format_figure(row["current"]), format_figure(row["new"]), row["approved_by"] or "待审批", row["reason"] or ""]
        for row in asked.iter_rows(named=True)
    ]  # fmt: skip
    head = ["企业", "指标", "所属期", "单位", "原值", "现采用值", "更正值", "审批", "依据"]
    return table_lines(head, rows, right=(4, 5, 6))


def _others(others: pl.DataFrame) -> list[str]:
    """Those whose tier or list changes; one changed rank changes hundreds of others, which only the workbook lists."""
    changed = others.filter(pl.col("effect").is_in(["tier", "list"]))
    return [
        *(_enterprises(changed) if changed.height else ["  没有其他企业的等级或清单发生变化"]),
        *([f"  {RANKS}"] if others.filter(effect="rank").height else []),
    ]


def _enterprises(enterprises: pl.DataFrame) -> list[str]:
    rows = [
        [row["name"], row["town"] or "", _pair(row, _score, "score"), _pair(row, _whole, "rank"),
         _arrow(tier_or_status(row, "before"), tier_or_status(row, "after")),
         _arrow(row["list_before"] or "—", row["list_after"] or "—"),
         row["effect_name"]]
        for row in shown(enterprises).iter_rows(named=True)
    ]  # fmt: skip
    return table_lines(["企业", "镇办", "得分", "名次", "等级", "清单", "变化"], rows)


def _pair(row: dict[str, Any], words: Any, name: str) -> str:  # noqa: ANN401  # a function of the figure's own type
    return _arrow(words(row[f"{name}_before"]), words(row[f"{name}_after"]))


def _arrow(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _score(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}"


def _whole(value: int | None) -> str:
    return "—" if value is None else str(value)
