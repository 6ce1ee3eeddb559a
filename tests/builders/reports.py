"""Reports as the monthly job would hand them over, made up from a seed: plausible figures, no real enterprise."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from efficiency.reports.report import Report
from schemas import CANDIDATES, INDICATORS, PROBLEMS, SCORES, SUBMISSIONS, VERIFICATIONS

POLICY = """
id = "sample"
title = "示例办法"
source = "测试用办法,不是任何地方的规定"
valid_from = 2026-01-01
window = "rolling_12m"
[energy]
electricity = "calorific"
exclude = ["feedstock", "green_power"]
[energy.coefficients]
"天然气" = 12.143
[[excluded]]
when = "utility"
label = "公用事业"
[[cohort]]
id = "above_scale"
title = "规上工业"
where = "scale = '规上'"
  [[cohort.indicator]]
  id = "tax_per_mu"
  title = "亩均税收"
  unit = "万元/亩"
  dimension = "land"
  numerator = "tax"
  denominator = "land"
  weight = 40
  benchmark = { fixed = 15.0 }
  cap = 1.5
  floor = 0.0
  missing = "zero"
  [[cohort.indicator]]
  id = "revenue_per_mu"
  title = "亩均营业收入"
  unit = "万元/亩"
  dimension = "land"
  numerator = "revenue"
  denominator = "land"
  weight = 20
  benchmark = { stat = "weighted_mean", times = 2.0 }
  cap = 1.5
  [[cohort.indicator]]
  id = "revenue_per_tce"
  title = "单位能耗营业收入"
  unit = "万元/吨标准煤"
  dimension = "energy"
  numerator = "revenue"
  denominator = "energy"
  weight = 40
  benchmark = { stat = "median", within = ["industry_division"], min_group = 5 }
  cap = 1.5
  missing = "insufficient"
  [cohort.tiers]
  by = "rank"
  cuts = { A = 0.20, B = 0.75, C = 0.95 }
[[adjustment]]
when = "honours LIKE '%专精特新%'"
points = 2
label = "专精特新"
[[override]]
when = "open_incidents > 0"
at_most = "C"
label = "一票否决"
[[override]]
when = "newly_above_scale OR months_since_commissioned < 24"
at_least = "C"
label = "新升规与新投产保护"
[[candidate]]
list = "shutdown"
title = "关停"
when = "tier = 'D' AND d_streak >= 2"
reason = "连续{d_streak}期D类"
[[candidate]]
list = "merger"
title = "并转"
when = "tier IN ('C', 'D') AND land >= 10 AND value_tax_per_mu < 3"
reason = "等级{tier}"
[[candidate]]
list = "upgrade"
title = "升级改造"
when = "tier = 'C' AND NOT energy_level = 'below' AND COALESCE(investment, 0) > 0"
reason = "等级{tier}"
[[candidate]]
list = "partner"
title = "对接头部企业"
when = "tier = 'A' AND willingness = '强'"
reason = "等级{tier}"
"""

TOWNS = ("北郊镇", "傅家镇", "南定镇", "沣水镇", "马尚街道", "杏园街道", "体育场街道", "四宝山街道")
INDUSTRIES = (
    "2611",
    "2614",
    "3011",
    "3031",
    "3041",
    "3311",
    "3391",
    "3442",
    "3511",
    "2710",
    "2929",
    "1713",
    "3813",
    "2221",
    "3670",
    "3912",
)
_WORDS = (
    "鲁中",
    "齐鲁",
    "金城",
    "恒泰",
    "瑞丰",
    "华联",
    "宏达",
    "东岳",
    "天润",
    "汇通",
    "新星",
    "博奥",
    "凯利",
    "昌盛",
    "盛源",
    "万方",
)
_TRADES = (
    "化工有限公司",
    "耐火材料股份有限公司",
    "建筑陶瓷有限公司",
    "新材料科技有限公司",
    "机械制造有限公司",
    "医药包装有限公司",
    "精密铸造有限公司",
    "电子科技(淄博)有限责任公司",
    "塑料制品厂",
)
TIER_ORDER = "ABCD"
EVALUATION = {
    "evaluation_id": "2026-10-sample-1f3a9c",
    "policy_id": "sample",
    "policy_sha256": "ab" * 32,
    "inputs_sha256": "cd" * 32,
    "created_at": datetime(2026, 11, 5, 1, 30, tzinfo=UTC),
    "code_version": "0.1.0",
}


def code(number: int) -> str:
    """A code of the right shape; the check character is not computed."""
    return f"91370303MA3{number:06d}X"


def ranked_rows(count: int, seed: int) -> list[dict[str, Any]]:
    """Scores rows of `count` ranked enterprises, best first, tiers by rank."""
    dice = random.Random(seed)
    rows: list[dict[str, Any]] = []
    for number in range(count):
        land = round(dice.lognormvariate(3.2, 0.9), 2)
        revenue = round(land * dice.lognormvariate(5.4, 0.8), 2)
        tax = round(revenue * dice.uniform(-0.005, 0.07), 2)
        energy = round(revenue / dice.lognormvariate(1.3, 0.9), 2)
        rows.append(
            {
                "uscc": code(number),
                "name": f"山东{dice.choice(_WORDS)}{dice.choice(_WORDS)}{dice.choice(_TRADES)}",
                "town": dice.choice(TOWNS),
                "industry": dice.choice(INDUSTRIES),
                "scale": "规上",
                "cohort": "above_scale",
                "status": "ranked",
                "land": land,
                "revenue": revenue,
                "tax": tax,
                "energy": energy,
            }
        )
    benchmarks = {"tax_per_mu": 15.0, "revenue_per_mu": 620.0, "revenue_per_tce": 4.9}
    for row in rows:
        row["industry_division"] = str(row["industry"])[:2]
        scores = {key: clip(row[top] / row[bottom] / benchmarks[key]) * weight for key, top, bottom, weight in MEASURES}
        row["parts"] = scores
        row["land_score"] = (scores["tax_per_mu"] + scores["revenue_per_mu"]) / 60 * 100
        row["energy_score"] = scores["revenue_per_tce"] / 40 * 100
        row["adjustments"] = dice.choice((0.0, 0.0, 0.0, 2.0))
        row["score"] = sum(scores.values()) + row["adjustments"]
        row["factor"] = 1.0
    rows.sort(key=lambda row: -row["score"])
    for rank, row in enumerate(rows, start=1):
        tier = tier_at(rank, count)
        row |= {
            "rank": rank,
            "tier": tier,
            "tier_initial": tier,
            "tier_confidence": round(min(1.0, dice.uniform(0.55, 1.4)), 3),
            "land_tier": tier_of(row["land_score"]),
            "energy_tier": tier_of(row["energy_score"]),
            "adjustment_labels": "专精特新" if row["adjustments"] else None,
            "open_incidents": 0,
        }
        shift = dice.choice((0, 0, 0, 0, -1, 1))
        row["previous_tier"] = (
            None if dice.random() < 0.04 else TIER_ORDER[max(0, min(3, TIER_ORDER.index(tier) + shift))]
        )
        row["d_streak"] = (dice.randint(1, 4) if row["previous_tier"] == "D" else 1) if tier == "D" else 0
    return rows


MEASURES = (
    ("tax_per_mu", "tax", "land", 40.0),
    ("revenue_per_mu", "revenue", "land", 20.0),
    ("revenue_per_tce", "revenue", "energy", 40.0),
)
TITLES = {
    "tax_per_mu": ("亩均税收", "万元/亩", "land", 15.0),
    "revenue_per_mu": ("亩均营业收入", "万元/亩", "land", 620.0),
    "revenue_per_tce": ("单位能耗营业收入", "万元/吨标准煤", "energy", 4.9),
}


def clip(ratio: float) -> float:
    return max(0.0, min(1.5, ratio))


def tier_at(rank: int, count: int) -> str:
    return next((tier for tier, cut in (("A", 0.20), ("B", 0.75), ("C", 0.95)) if rank / count <= cut), "D")


def tier_of(score: float) -> str:
    return next((tier for tier, cut in (("A", 110.0), ("B", 60.0), ("C", 25.0)) if float(score) >= cut), "D")


def unrated_rows(count: int, first: int) -> list[dict[str, Any]]:
    kinds = (
        ("insufficient", "缺少综合能耗：2026年8月未报能源消费"),
        ("excluded", "公用事业"),
        ("out_of_scope", "不属于任何评价组"),
    )
    return [
        {
            "uscc": code(first + i),
            "name": f"淄博某某{i}号企业有限公司",
            "town": TOWNS[i % len(TOWNS)],
            "industry": "4430",
            "industry_division": "44",
            "scale": "规上",
            "status": kinds[i % 3][0],
            "status_reason": kinds[i % 3][1],
            "cohort": "above_scale" if i % 3 == 0 else None,
            "land": 12.5 if i % 2 else None,
        }
        for i in range(count)
    ]


def indicator_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    made = []
    for row in rows:
        for key, top, bottom, weight in MEASURES:
            title, unit, dimension, benchmark = TITLES[key]
            score = row["parts"][key]
            made.append(
                {
                    "uscc": row["uscc"],
                    "cohort": row["cohort"],
                    "indicator": key,
                    "title": title,
                    "unit": unit,
                    "dimension": dimension,
                    "numerator_expression": top,
                    "denominator_expression": bottom,
                    "numerator": row[top],
                    "denominator": row[bottom],
                    "value": row[top] / row[bottom],
                    "benchmark": benchmark,
                    "benchmark_scope": "固定值" if key == "tax_per_mu" else "评价组",
                    "benchmark_members": len(rows),
                    "weight": weight,
                    "score": score,
                    "score_note": "封顶" if score == weight * 1.5 else None,
                }
            )
    return made


def candidate_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    best = [row for row in rows if row["tier"] == "A"][:3]
    titles = {"shutdown": "关停", "merger": "并转", "upgrade": "升级改造", "partner": "对接头部企业"}
    made: list[dict[str, Any]] = []
    for row in reversed(rows):
        per_mu = row["tax"] / row["land"]
        if row["tier"] == "D" and row["d_streak"] >= 2:
            own, reason = (
                "shutdown",
                f"连续{row['d_streak']}期D类，亩均税收{per_mu:.2f}万元/亩，综合得分{row['score']:.1f}",
            )
        elif row["tier"] in ("C", "D") and row["land"] >= 10 and per_mu < 3:
            own, reason = "merger", f"用地{row['land']}亩，亩均税收{per_mu:.2f}万元/亩，低于3万元/亩，土地利用低效"
        elif row["tier"] == "C":
            own, reason = "upgrade", f"综合等级C类，能源效率得分{row['energy_score']:.1f}，拟实施技改项目"
        elif row["rank"] <= 12:
            own, reason = "partner", f"综合得分{row['score']:.1f}，名列第{row['rank']}，发展意愿强"
        else:
            continue
        partners = (
            {f"partner_{i}": b["uscc"] for i, b in enumerate(best, 1)}
            | {f"partner_{i}_name": b["name"] for i, b in enumerate(best, 1)}
            if own == "merger"
            else {}
        )
        made.append(
            {
                "list": own,
                "title": titles[own],
                "reason": reason,
                **partners,
                **{key: row[key] for key in ("uscc", "name", "tier", "tier_confidence")},
            }
        )
    counts: dict[Any, int] = {}
    for row in made:
        counts[row["list"]] = counts.get(row["list"], 0) + 1
        row["priority"] = counts[row["list"]]
    return made


def frame(rows: list[dict[str, Any]], table: Any) -> pl.DataFrame:
    keys = {"evaluation_id": EVALUATION["evaluation_id"], "period": "2026-10", "policy_id": "sample"}
    known = table.polars_schema
    return pl.DataFrame(
        [{key: value for key, value in {**keys, **row}.items() if key in known} for row in rows],
        schema=known,
        orient="row",
    )


def sample_report(count: int = 458, *, unrated: int = 21, seed: int = 7) -> Report:
    """A report on `count` ranked and `unrated` other enterprises with a previous period, submissions and problems."""
    rows = ranked_rows(count, seed)
    others = unrated_rows(unrated, count)
    scores = frame([*rows, *others], SCORES)
    previous = scores.with_columns(
        tier=pl.col("previous_tier"),
        period=pl.lit("2026-09"),
        land=pl.col("land") * 1.01,
        energy=pl.col("energy") * 1.03,
    )
    submissions = pl.DataFrame(
        [
            {
                "submission_id": f"s{i}",
                "file_name": f"{form}_{i}.xlsx",
                "sha256": "0" * 64,
                "form": form,
                "sheet": "Sheet1",
                "period_label": "2026-10",
                "filled_on": date(2026, 11, 1 + i % 3),
                "status": "partly" if i % 5 == 0 else "accepted",
                "rows_total": 100,
                "rows_accepted": 90,
                "rows_rejected": 3,
                "rows_superseded": 2,
                "rows_totals": 1,
                "rows_notes": 2,
                "rows_blank": 2,
                "arrival": i + 1,
                "run_id": "r1",
                "received_at": datetime(2026, 11, 4, 2, i, tzinfo=UTC),
            }
            for i, form in enumerate(
                ("register", "land", "output", "output", "energy", "energy", "survey", "incidents")
            )
        ],
        schema=SUBMISSIONS.polars_schema,
    )
    problems = pl.DataFrame(
        [
            {
                "submission_id": "s1",
                "file_name": "land_1.xlsx",
                "sheet": "Sheet1",
                "cell": f"F{i}",
                "uscc": code(count + i % 5),
                "name": "x",
                "field": "owned",
                "value": "abc",
                "rule": rule,
                "severity": severity,
                "message": "“自有用地面积”应填数字，现为“abc”。请改为数字后重新报送。",
                "run_id": "r1",
            }
            for i, (rule, severity) in enumerate(
                [("not_a_number", "error")] * 7 + [("unit_suspect", "warning")] * 4 + [("unit_assumed", "note")] * 3
            )
        ],
        schema=PROBLEMS.polars_schema,
    )
    return Report(
        period="2026-10",
        evaluation=EVALUATION,
        policy_title="示例办法",
        policy_source="测试用办法，不是任何地方的规定",
        policy_valid_from=date(2026, 1, 1),
        policy_toml=POLICY,
        scores=scores,
        indicators=frame(indicator_rows(rows), INDICATORS),
        candidates=frame(candidate_rows(rows), CANDIDATES),
        verifications=VERIFICATIONS.empty(),
        previous=previous,
        submissions=submissions,
        problems=problems,
        warnings=("某指标的基准不为正，未计分",),
        region="",
    )


VERDICTS = (
    POLICY.replace('label = "公用事业"', 'label = "公用事业"\nletter = "T"').replace(
        'label = "新升规与新投产保护"', 'protects = true\nlabel = "新升规与新投产保护"'
    )
    + """
[[verification]]
lists = ["shutdown", "merger"]
when = "visited"
label = "已走访"
[[verification]]
lists = ["shutdown"]
when = "tech_level = '低'"
label = "科技含量已核实为低"
[[verification]]
lists = ["shutdown"]
when = "tier_confidence >= 0.8"
label = "等级稳健"
[partners]
where = "tier IN ('A', 'B') AND NOT protected"
min_size = 1.0
most = 3
[tier_names]
A = "鼓励类"
T = "暂不评价类"
"""
)
"""POLICY with letters, names, protection and verifications."""
VISIT = "走访/2026年3月走访台账.xlsx [走访台账] D7"


def verdict_report(count: int = 60) -> Report:
    """A report under VERDICTS: utilities are T, the best enterprise is protected, the last one on 关停 is on 待核实.

    Of that one nobody knows whether it was visited; of everybody else on 关停 and 并转 all is known.
    """
    made = sample_report(count, unrated=9)
    listed = made.candidates.filter(pl.col("list") == "shutdown")
    unseen = listed["uscc"][-1]
    is_unseen = pl.col("uscc") == unseen
    candidates = made.candidates.with_columns(
        list=pl.when(is_unseen).then(pl.lit("verify")).otherwise("list"),
        title=pl.when(is_unseen).then(pl.lit("待核实")).otherwise("title"),
        priority=pl.when(is_unseen).then(1).otherwise("priority"),
        would_be=pl.when(is_unseen).then(pl.lit("shutdown")),
        missing=pl.when(is_unseen).then(pl.lit("已走访、科技含量已核实为低")),
    )
    columns = ("visited", "tech_level", "tier_confidence")
    labels = ("已走访", "科技含量已核实为低", "等级稳健")
    verified = [
        {
            "uscc": uscc, "list": own if uscc != unseen else "shutdown", "number": number, "label": labels[number],
            "passed": number == 2 or uscc != unseen, "columns": columns[number],
            "looked_at": (("否", "未掌握", "0.9") if uscc == unseen else ("是", "低", "0.9"))[number],
            "source_cell": VISIT if number == 0 and uscc != unseen else None,
        }
        for uscc, own in candidates.select("uscc", "list").iter_rows()
        if own in ("shutdown", "merger", "verify")
        for number in ((0,) if own == "merger" else (0, 1, 2))
    ]  # fmt: skip
    best = pl.col("uscc") == made.scores["uscc"][0]
    scores = made.scores.with_columns(
        letter=pl.when(pl.col("status") == "excluded").then(pl.lit("T")),
        protected=pl.when(pl.col("status") == "ranked").then(best),
        tech_level=pl.when(~is_unseen).then(pl.lit("低")),
        override_labels=pl.when(is_unseen).then(pl.lit("一票否决")),
        land_score_uncapped=pl.when(best).then(pl.col("land_score") + 100).otherwise("land_score"),
        energy_score_uncapped=pl.col("energy_score"),
    )
    share = pl.when((pl.col("indicator") == "revenue_per_tce") & best).then(0.42)
    return replace(
        made,
        policy_toml=VERDICTS,
        scores=scores,
        indicators=made.indicators.with_columns(benchmark_own_share=share),
        candidates=candidates,
        verifications=frame(verified, VERIFICATIONS),
    )


def renamed(report: Report, names: dict[str, str]) -> Report:
    """`report` with other enterprise names, by code."""
    change = pl.col("uscc").replace_strict(names, default=pl.col("name")).alias("name")
    return replace(report, scores=report.scores.with_columns(change), candidates=report.candidates.with_columns(change))


def of_nobody(report: Report) -> Report:
    """`report` of an evaluation that has no enterprises, with its warnings."""
    return replace(
        report,
        scores=report.scores.clear(),
        indicators=report.indicators.clear(),
        previous=None,
        candidates=report.candidates.clear(),
        submissions=report.submissions.clear(),
        problems=report.problems.clear(),
    )
