"""What the columns of the lists mean: the comment on each header, written once for every list that has the column."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.evaluation.robustness import LEVEL
from efficiency.policy import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from efficiency.policy.model import Policy
    from efficiency.reports.workbook import Field

_CONFIDENCE = "按办法随机扰动{moved}，等级保持不变的比例；不反映方法选择。低于80%为临界，建议复核。"
_INTERVAL = "{moved}随机扰动时名次所在的范围，把握{level:.0%}；区间重叠的企业，名次先后不足为据。口径见方法说明。"
_LAND = "统计窗口末的用地面积：自有＋租入－租出，单位亩。空白表示未报，不等于零。"
_ENERGY = "统计窗口内各月综合能源消费量之和，折标准煤，单位吨标准煤，口径见方法说明。空白表示数据不全，不等于零。"
_VALUE = "本企业{side}首要指标(见方法说明)的指标值：分子÷分母。"
_BENCHMARK = "本企业{side}首要指标的基准值：达到它即得满分；同行业或评价组的水平，见方法说明。"
_INDICATOR = "按哪项指标、以什么单位说明{side}效率；各评价组的指标不同。"
_SCORE = "100×{side}各指标得分之和÷其权重之和，100分相当于各项达到基准；封顶与保底见方法说明。"
_TIER = "按{side}效率得分，用与综合等级同样的比例划分。"

MEANINGS = {
    "number": "本表内的顺序号。",
    "priority": "在本清单中的次序，1为最先；由办法的清单规则排定。",
    "cohort_name": "在哪一组企业中比较和排名。",
    "rank": "评价组内的名次：1＋综合得分更高的企业数，得分相同的并列。",
    "name": "企业名录登记的名称。",
    "uscc": "统一社会信用代码，18位，文本。",
    "details": "点击到“评分明细”中该企业的一行；按代码查找，排序、筛选后仍然有效。",
    "town": "企业名录登记的镇办。",
    "industry": "行业大类及行业代码(GB/T 4754-2017)。",
    "industry_name": "行业大类及行业代码(GB/T 4754-2017)。",
    "scale": "企业名录登记的规模：规上或规下。",
    "land": _LAND,
    "energy": _ENERGY,
    "tax": "统计窗口内的实缴税金合计，单位万元。空白表示数据不全，不等于零。",
    "revenue": "统计窗口内的营业收入合计，单位万元。空白表示数据不全，不等于零。",
    **{
        f"{name}_{part}": text.format(side=side)
        for name, side in (("land", "土地"), ("energy", "能源"))
        for part, text in (
            ("value", _VALUE),
            ("benchmark", _BENCHMARK),
            ("indicator", _INDICATOR),
            ("score", _SCORE),
            ("tier", _TIER),
        )
    },
    "base": "各指标得分之和，未乘修正系数、未加减分。",
    "factor": "办法规定的修正系数，与指标合计得分相乘。",
    "adjustments": "各加减分项之和，单位分。",
    "adjustment_labels": "适用的加减分项。",
    "score": "综合得分＝修正系数×指标合计得分＋加减分。",
    "change": "本期综合得分减上期综合得分；两期均参评的才有。",
    "tier_initial": "按得分或名次划分、尚未调档的等级。",
    "tier": "调档后的综合等级：本期的评价结果。",
    "previous_tier": "上一次现行评价的综合等级；空白表示当时没有等级。",
    "override_labels": "改变了初评等级的规则。",
    "protection": "受保护的企业在没有未整改事项时不列入关停、并转、改造类清单。",
    "d_streak": "到本期为止连续评为D类的期数。",
    "surcharge_yuan_per_kwh": "按列入D类的时间执行的电价加价，单位元/千瓦时。",
    "agreement": "换用办法所列其他口径时等级不变的口径占比，本办法自身算一种。",
    "tier_methods": "换用办法所列其他说得通的口径重新评价，等级与本期相同的有几种；本办法自身算一种。",
    "list_methods": "换用其他口径重新评价，仍列入同一清单(核查之前)的有几种；本办法自身算一种。",
    "doubt": "临界：等级稳健度低于80%，建议复核后再定。",
    "review": "等级稳健度低于80%的，建议复核后再定。",
    "list_title": "本期所列的建议清单；空白表示不在任何清单上。",
    "would_be_title": "符合哪张清单的规则；核实后才列入。",
    "missing": "列入前还须核实的事项。",
    "reason": "按清单规则列入的理由，数字为本期评价所用。",
    "next_tier_needs": "只变动其中一项、经重新评价验证能升一档的幅度。",
    "need": "首要指标达到基准值还差多少；括号内为另一种途径，二者取一。",
    "partner_names": "按办法找出的A、B类企业，最合适的在前。各户等级与合并后的效率见右侧折叠列。",
    "partners": "每户对象与本企业合并计算的土地、能源效率，及是否达到本企业基准。",
    "status_name": "为什么没有等级。",
    "status_reason": "缺哪些数据或按哪条规定不参评。",
    "letter_name": "办法规定的公布类别；不等同于任何等级。",
    "problems": "该企业报送数据中尚未改正的错误数，明细见退回的工作簿。",
    "score_before": "上一次现行评价的综合得分。",
    "own": "本企业自身数据变化带来的得分变化，按上期基准计。",
    "peers": "同组企业变化使基准、离散程度或均值变化带来的得分变化。",
    "policy": "评价办法修订带来的得分变化。",
    "corrections": "上期窗口的数据在上期评价后更正带来的得分变化。",
    "scope": "换了评价组，或中间一步不参评，不再细分的得分变化。",
    "note": "没有变化或未作拆分的原因。",
}
"""Name of a column → what it means, for officials."""


INTERVAL_TITLE = f"名次区间({LEVEL:.0%})"


def of_draws(policy: Policy) -> dict[str, str]:
    """Name of each column that comes from the draws → what it means under `policy`."""
    moved = words.moved(policy)
    return {
        "tier_confidence": _CONFIDENCE.format(moved=moved),
        "rank_interval": _INTERVAL.format(moved=moved, level=LEVEL),
    }


def confidence_title(policy: Policy) -> str:
    """What tier_confidence is called where it is shown: with what the draws move."""
    return f"稳健度({words.moved(policy)})"


def rank_interval() -> pl.Expr:
    """rank_low and rank_high as people read them: the column rank_interval, null where there is none."""
    low, high = pl.col("rank_low"), pl.col("rank_high")
    whole = pl.when(low == high).then(low.cast(pl.String)).otherwise(pl.format("{}–{}", low, high))
    return whole.alias("rank_interval")


def interval_words(score: Mapping[str, Any]) -> str:
    """The interval of the rank of a row of the scores, e.g. 90%把握在第391–436名; empty where there is none."""
    low, high = score.get("rank_low"), score.get("rank_high")
    if low is None or high is None:
        return ""
    return f"{LEVEL:.0%}把握在第{low}{'' if low == high else f'–{high}'}名"


def noted(fields: Iterable[Field], **others: str) -> tuple[Field, ...]:
    """`fields` with the comments of their headers; `others` are meanings in a list where they differ."""
    known = MEANINGS | others
    return tuple(replace(field, note=field.note or known.get(field.name, "")) for field in fields)
