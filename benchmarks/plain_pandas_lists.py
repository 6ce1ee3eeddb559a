"""The yardstick's second half: scores, tiers, candidate lists and the plain workbooks, with pandas alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

TITLES = {"upgrade": "升级改造", "shutdown": "关停", "merger": "并转", "partner": "对接头部企业"}


def score_cohort(members: pd.DataFrame, cohort: dict[str, Any], draws: int = 1000) -> pd.DataFrame:
    """`members` with status, score, rank, tier and the two dimension tiers; ratio formula, weighted-mean benchmarks."""
    frame = members.copy()
    indicators = cohort["indicator"]
    for item in indicators:
        denominator = frame[item["denominator"]]
        frame[f"value_{item['id']}"] = (frame[item["numerator"]] / denominator.where(denominator != 0)).astype(float)
    needed = [f"value_{item['id']}" for item in indicators if item["missing"] == "insufficient"]
    frame["status"] = np.where(frame[needed].isna().any(axis=1), "insufficient", "ranked")
    ranked = frame[frame["status"] == "ranked"].copy()
    earned = pd.DataFrame(index=ranked.index)
    for item in indicators:
        value = ranked[f"value_{item['id']}"]
        counted = ranked[value.notna()]
        groups = counted.groupby("industry_division")
        mean = groups[item["numerator"]].sum() / groups[item["denominator"]].sum()
        mean = mean[groups.size() >= item["benchmark"]["min_group"]]
        whole = counted[item["numerator"]].sum() / counted[item["denominator"]].sum()
        benchmark = ranked["industry_division"].map(mean).fillna(whole)
        earned[item["id"]] = (value / benchmark.where(benchmark > 0)).clip(item["floor"], item["cap"])
        if item["missing"] == "cohort_mean":
            earned[item["id"]] = earned[item["id"]].fillna(earned[item["id"]].mean())
    weights = pd.Series({item["id"]: float(item["weight"]) for item in indicators})
    ranked["score"] = total_score(earned, weights).round(6)
    for dimension in ("land", "energy"):
        ids = [item["id"] for item in indicators if item["dimension"] == dimension]
        ranked[f"{dimension}_score"] = (100 * (earned[ids] * weights[ids]).sum(axis=1) / weights[ids].sum()).round(6)
        ranked[f"{dimension}_tier"] = tier_by_rank(ranked[f"{dimension}_score"], cohort["tiers"]["cuts"])
    ranked["rank"] = ranked["score"].rank(method="min", ascending=False).astype(int)
    ranked["tier_initial"] = tier_by_rank(ranked["score"], cohort["tiers"]["cuts"])
    ranked["tier"] = overridden(ranked)
    ranked["tier_confidence"] = confidence(ranked, earned, weights, cohort["tiers"]["cuts"], draws) if draws else None
    return pd.concat([ranked, frame[frame["status"] != "ranked"]])


def total_score(earned: pd.DataFrame, weights: pd.Series) -> pd.Series:
    """Σ weight × share earned, the missing ones' weight spread over the others."""
    kept = earned.notna().mul(weights).sum(axis=1)
    return earned.mul(weights).sum(axis=1) * weights.sum() / kept


def tier_by_rank(score: pd.Series, cuts: dict[str, float]) -> pd.Series:
    """The first cut that the share of enterprises with a score at least as high does not exceed."""
    share = score.rank(method="max", ascending=False) / len(score)
    limits = [share <= cuts[t] + 1e-12 for t in "ABC"]
    return pd.Series(np.select(limits, list("ABC"), "D"), index=score.index)


def overridden(frame: pd.DataFrame) -> pd.Series:
    """The policy's two overrides: new enterprises are not D unless vetoed; a veto bars A and B."""
    tier = frame["tier_initial"].copy()
    new = frame["newly_above_scale"] | frame["under_construction"] | (frame["months_since_commissioned"] < 24)
    tier[new & (frame["open_incidents"] == 0) & (tier == "D")] = "C"
    tier[(frame["open_incidents"] > 0) & tier.isin(["A", "B"])] = "C"
    return tier


def confidence(
    frame: pd.DataFrame, earned: pd.DataFrame, weights: pd.Series, cuts: dict[str, float], draws: int
) -> pd.Series:
    """Share of the draws of the weights in which the tier stays."""
    stream = np.random.default_rng(20260101)
    kept = np.zeros(len(frame))
    trial = frame.copy()
    for _ in range(draws):
        drawn = weights * np.exp(0.10 * stream.standard_normal(len(weights)))
        trial["tier_initial"] = tier_by_rank(total_score(earned, drawn * 100 / drawn.sum()).round(6), cuts)
        kept += (overridden(trial) == frame["tier"]).to_numpy()
    return pd.Series(kept / draws, index=frame.index)


def candidate_lists(frame: pd.DataFrame, *, partners: bool = True) -> pd.DataFrame:
    """The first list that fits each enterprise. Conditions and reasons of the policy, written out by hand."""
    tier, land_score = frame["tier"], frame["land_score"]
    streak = pd.Series(
        np.where(tier == "D", 1, 0), index=frame.index
    )  # one month alone: nothing is known of earlier ones
    rules = [
        ("shutdown", frame["incidents_phaseout"] > 0, "存在未整改的淘汰类事项{incidents_phaseout:.0f}项"),
        (
            "partner",
            (frame["tech_level"] == "高") & (frame["willingness"] == "强"),
            "科技含量{tech_level}、发展意愿{willingness},计划总投资{investment}万元,宜对接产业链头部企业",
        ),
        (
            "shutdown",
            (tier == "D")
            & (streak >= 6)
            & (frame["tech_level"].fillna("低") != "高")
            & (frame["willingness"].fillna("弱") != "强"),
            "连续D类,综合得分{score:.2f}",
        ),
        (
            "merger",
            tier.isin(["C", "D"]) & (frame["land"] >= 10) & (land_score < 50),
            "{tier}类,用地{land:.2f}亩,土地效率得分{land_score:.2f},不足基准一半",
        ),
        ("upgrade", frame["energy_level"] == "below", "单位产品能耗低于基准,综合等级{tier}"),
        ("upgrade", frame["energy_tier"] == "D", "能源效率等级{energy_tier},用能{energy:.2f}吨标准煤"),
        ("upgrade", tier.isin(["C", "D"]), "综合等级{tier},综合得分{score:.2f}"),
    ]
    chosen = pd.Series(pd.NA, index=frame.index, dtype=object)
    reason = pd.Series(pd.NA, index=frame.index, dtype=object)
    for name, fits, text in rules:
        fresh = fits.fillna(value=False).astype(bool) & chosen.isna()
        chosen[fresh] = name
        reason[fresh] = [text.format(**row) for row in frame[fresh].to_dict("records")]
    lists = frame.assign(list=chosen, reason=reason).dropna(subset=["list"])
    lists = lists.sort_values(["list", "score"])
    strong = frame[frame["tier"].isin(["A", "B"])]
    seeking = lists[lists["list"] == "merger"] if partners else lists[:0]
    for uscc, row in seeking.iterrows():
        near = np.select(
            [
                strong["industry"] == row["industry"],
                strong["industry_division"] == row["industry_division"],
                strong["chain"] == row["chain"],
            ],
            [0, 1, 2],
            3,
        )
        order = strong.assign(near=near, away=strong["town"] != row["town"])
        order = order[order["near"] < 3].sort_values(["near", "away", "score"], ascending=[True, True, False])
        for place, partner in enumerate(order.index[:3], start=1):
            lists.loc[uscc, f"partner_{place}"] = partner
    return lists


def write(scores: pd.DataFrame, lists: pd.DataFrame, period: str, output: Path) -> None:
    """The officials' workbook, the public one, and CSV files for comparison."""
    folder = output / period
    folder.mkdir(parents=True, exist_ok=True)
    shown = [
        "name",
        "town",
        "industry",
        "land",
        "energy",
        "score",
        "rank",
        "land_tier",
        "energy_tier",
        "tier",
        "tier_confidence",
    ]
    with pd.ExcelWriter(folder / f"能耗产出效益评价_{period}.xlsx", engine="openpyxl") as book:
        scores["tier"].value_counts().to_frame("家数").to_excel(book, sheet_name="概览")
        for name, title in TITLES.items():
            lists[lists["list"] == name][[*shown, "reason"]].to_excel(book, sheet_name=title)
        scores[shown].sort_values("rank").to_excel(book, sheet_name="全部分级")
        scores.to_excel(book, sheet_name="评分明细")
        scores.loc[scores["status"] != "ranked", ["name", "town", "status"]].to_excel(
            book, sheet_name="未参评与数据不足"
        )
    scores.loc[scores["tier"].notna(), ["name", "town", "tier"]].to_excel(
        folder / f"公示名单_{period}.xlsx", index=False
    )
    scores.to_csv(output / "scores.csv", index_label="uscc")
    lists[["list", "tier"]].to_csv(output / "candidates.csv", index_label="uscc")
