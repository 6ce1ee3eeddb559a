"""The yardstick of scoring: the rules of scoring_policy.toml as a competent analyst would vectorise them with pandas.

Weights, caps and cuts are read from the file; conditions and rules are written out by hand. No row is looped over.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

PARTNERS = 3
OUT_OF_SCOPE = "不在本办法任何评价组的范围内"
TITLES = {
    "tax": "实缴税金", "land": "用地面积", "revenue": "营业收入", "energy": "综合能耗", "value_added": "工业增加值",
    "emissions": "主要污染物排放量", "rd_expense": "研发费用", "employees": "平均用工人数",
}  # fmt: skip


def evaluate(profile: pd.DataFrame, policy: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Scores by code, indicators in long form, and lists."""
    rules = tomllib.loads(policy.read_text(encoding="utf-8"))
    cohort = rules["cohort"][0]
    frame = profile.sort_values("uscc").reset_index(drop=True)
    frame["status"] = np.select([frame["utility"], frame["scale"] != "规上"], ["excluded", "out_of_scope"], "ranked")
    for item in cohort["indicator"]:
        denominator = frame[item["denominator"]]
        frame[f"value_{item['id']}"] = frame[item["numerator"]] / denominator.where(denominator != 0)
    needed = [f"value_{item['id']}" for item in cohort["indicator"] if item["missing"] == "insufficient"]
    lacking = (frame["status"] == "ranked") & frame[needed].isna().any(axis=1)
    frame.loc[lacking, "status"] = "insufficient"
    frame["status_reason"] = _first(
        [frame["status"] == "excluded", frame["status"] == "out_of_scope"], ["公用事业", OUT_OF_SCOPE]
    )
    frame.loc[lacking, "status_reason"] = _gaps(frame[lacking], cohort)
    inside = frame[frame["status"].isin(["ranked", "insufficient"])]
    ranked = frame[frame["status"] == "ranked"].copy()
    benchmarks = _score(ranked, cohort)
    _tier(ranked, cohort["tiers"]["cuts"], [override["label"] for override in rules["override"]])
    results = [
        "score",
        "rank",
        "tier_initial",
        "tier",
        "land_score",
        "land_tier",
        "energy_score",
        "energy_tier",
        "override_labels",
    ]
    points = [f"{part}_{item['id']}" for item in cohort["indicator"] for part in ("score", "note")]
    scores = frame.join(ranked[[*results, *points]])
    scores["d_streak"] = np.where(scores["tier"] == "D", scores["d_streak_before"] + 1, 0)
    return scores, _long(scores.loc[inside.index], cohort, benchmarks), _lists(scores)


def _first(conditions: list[Any], choices: list[str]) -> np.ndarray:
    """The first of `choices` whose condition holds, None where none does."""
    found: np.ndarray = np.select(conditions, choices, "").astype(object)
    found[found == ""] = None
    return found


def _gaps(frame: pd.DataFrame, cohort: dict[str, Any]) -> list[str]:
    """What each enterprise lacks of the indicators that must be there; of all where it has none."""
    nothing = frame[[f"value_{item['id']}" for item in cohort["indicator"]]].isna().all(axis=1)
    told = []
    for item in cohort["indicator"]:
        asked = nothing | (item["missing"] == "insufficient")
        upper, lower = asked & frame[item["numerator"]].isna(), asked & frame[item["denominator"]].isna()
        top, bottom = TITLES[item["numerator"]], TITLES[item["denominator"]]
        gaps = [f"缺{top}和{bottom}", f"缺{top}", f"缺{bottom}"]
        told.append(np.select([upper & lower, upper, lower], [item["title"] + gap for gap in gaps], ""))
    return ["数据不足：" + "；".join(filter(None, gaps)) for gaps in zip(*told, strict=True)]


def _score(ranked: pd.DataFrame, cohort: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Adds scores and notes to `ranked`; returns for each division whose benchmark counts, of how many, and which."""
    earned, benchmarks = pd.DataFrame(index=ranked.index), {}
    for item in cohort["indicator"]:
        value = ranked[f"value_{item['id']}"]
        counted = ranked.loc[value.notna(), ["industry_division", item["numerator"], item["denominator"]]]
        groups = counted.groupby("industry_division")
        size, least = groups.size(), item["benchmark"]["min_group"]
        mean = groups[item["numerator"]].sum() / groups[item["denominator"]].sum()
        whole = counted[item["numerator"]].sum() / counted[item["denominator"]].sum()
        division = pd.DataFrame({"benchmark": mean.where(size >= least, whole), "members": size})
        division["members"] = division["members"].where(size >= least, len(counted))
        label = "行业大类" + division.index
        division["scope"] = np.where(size >= least, label, "评价组(" + label + f"不足{least}家)")
        benchmarks[item["id"]] = division
        benchmark = ranked["industry_division"].map(division["benchmark"])
        share = value / benchmark.where(benchmark > 0)
        treatment = {"zero": "按0分计", "cohort_mean": "按评价组平均得分计"}.get(
            item["missing"], "不计分，权重分摊到其他指标"
        )
        ranked[f"note_{item['id']}"] = _first(
            [value.isna(), share > item["cap"], share < item["floor"]],
            [f"缺少指标值，{treatment}", f"达到上限{item['cap']:g}倍", f"按下限{item['floor']:g}倍计"],
        )
        share = share.clip(item["floor"], item["cap"])
        if item["missing"] == "zero":
            share = share.fillna(0.0)
        elif item["missing"] == "cohort_mean":
            share = share.fillna(share.mean())
        earned[item["id"]] = share
    weights = pd.Series({item["id"]: float(item["weight"]) for item in cohort["indicator"]})
    stretch = weights.sum() / earned.notna().mul(weights).sum(axis=1)
    points = earned.mul(weights).mul(stretch, axis=0)
    ranked["score"] = points.sum(axis=1).round(6)
    scaled = pd.Series(None, index=ranked.index, dtype=object)
    moved = earned.isna().any(axis=1)
    scaled[moved] = [f"其他指标缺项，得分按{factor}倍折算" for factor in stretch[moved].round(4)]
    for item in cohort["indicator"]:
        ranked[f"score_{item['id']}"] = points[item["id"]]
        note, held = ranked[f"note_{item['id']}"], moved & earned[item["id"]].notna()
        both = held & note.notna()
        ranked[f"note_{item['id']}"] = note.where(~held, scaled)
        ranked.loc[both, f"note_{item['id']}"] = note[both] + "；" + scaled[both]
    for dimension in ("land", "energy"):
        ids = [item["id"] for item in cohort["indicator"] if item.get("dimension") == dimension]
        ranked[f"{dimension}_score"] = (100 * (earned[ids] * weights[ids]).sum(axis=1) / weights[ids].sum()).round(6)
    return benchmarks


def _tier(ranked: pd.DataFrame, cuts: dict[str, float], labels: list[str]) -> None:
    """Adds ranks, tiers and what the two overrides leave of them."""

    def by_rank(score: pd.Series) -> np.ndarray:
        place = score.rank(method="max", ascending=False)
        return np.select([place <= cuts[t] * len(score) + 1e-9 for t in "ABC"], list("ABC"), "D")

    ranked["rank"] = ranked["score"].rank(method="min", ascending=False).astype(int)
    ranked["tier_initial"] = by_rank(ranked["score"])
    ranked["land_tier"], ranked["energy_tier"] = by_rank(ranked["land_score"]), by_rank(ranked["energy_score"])
    tier, vetoed = ranked["tier_initial"].copy(), ranked["open_incidents"] > 0
    kept = (ranked["months_since_commissioned"] < 24) & ~vetoed & (tier == "D")
    barred = vetoed & tier.isin(["A", "B"])
    ranked["tier"] = tier.where(~(kept | barred), "C")
    ranked["override_labels"] = _first([kept, barred], labels)


def _long(scores: pd.DataFrame, cohort: dict[str, Any], benchmarks: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per enterprise and indicator."""
    parts = []
    for order, item in enumerate(cohort["indicator"]):
        division = scores["industry_division"].map
        of = benchmarks[item["id"]]
        parts.append(
            pd.DataFrame(
                {
                    "uscc": scores["uscc"], "order": order, "cohort": cohort["id"], "indicator": item["id"],
                    "title": item["title"], "unit": None, "dimension": item.get("dimension", "other"),
                    "numerator_expression": item["numerator"], "denominator_expression": item["denominator"],
                    "numerator": scores[item["numerator"]], "denominator": scores[item["denominator"]],
                    "value": scores[f"value_{item['id']}"],
                    "benchmark": division(of["benchmark"]), "benchmark_scope": division(of["scope"]),
                    "benchmark_members": division(of["members"]),
                    "weight": float(item["weight"]), "score": scores[f"score_{item['id']}"],
                    "score_note": scores[f"note_{item['id']}"],
                }
            )
        )  # fmt: skip
    return pd.concat(parts).sort_values(["uscc", "order"], ignore_index=True).drop(columns="order")


def _lists(scores: pd.DataFrame) -> pd.DataFrame:
    """The first list that fits each enterprise, in order, with reasons and merger partners."""
    tier, weak = scores["tier"], scores["tier"].isin(["C", "D"])
    # Lists are made of the cohort; the policy's conditions in their order.
    inside = scores["status"].isin(["ranked", "insufficient"])
    fits = {
        "shutdown": (tier == "D") & (scores["d_streak"] >= 6),
        "partner": (scores["tech_level"] == "高") & (scores["willingness"] == "强"),
        "merger": weak & (scores["land"] >= 10) & (scores["land_score"] < 50),
        "upgrade": weak,
    }
    chosen = np.select([inside & which for which in fits.values()], list(fits), "")
    lists = scores.assign(list=chosen)[chosen != ""]
    land, score = _shown(lists["land"], (10, 50)), _shown(lists["score"])  # the numbers of the condition for merger
    reasons = {
        "shutdown": "连续" + lists["d_streak"].astype(str) + "期D类",
        "partner": "科技含量" + lists["tech_level"] + "、发展意愿" + lists["willingness"],
        "merger": lists["tier"] + "类,用地" + land + "亩",
        "upgrade": "综合等级" + lists["tier"] + ",综合得分" + score,
    }
    lists["reason"] = np.select([lists["list"] == name for name in reasons], list(reasons.values()), "")
    lists["order"] = np.where(lists["list"] == "partner", -lists["score"], lists["score"])
    lists = lists.sort_values(["list", "order", "uscc"], na_position="last")
    lists["priority"] = lists.groupby("list").cumcount() + 1
    partners = _partners(lists[lists["list"] == "merger"], scores)
    return lists[["list", "uscc", "tier", "reason", "priority"]].merge(partners, on="uscc", how="left")


def _shown(values: pd.Series, limits: tuple[float, ...] = ()) -> pd.Series:
    """Figures with up to two decimals; those that these would move onto or across one of the `limits` with six."""
    short = values.round(2)
    crosses = (
        np.any([np.sign(values - limit) != np.sign(short - limit) for limit in limits], axis=0) if limits else False
    )
    text = pd.Series(np.where(crosses, values.round(6), short), index=values.index).astype(str)
    return text.str.replace(r"\.0$", "", regex=True)


def _partners(seeking: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Up to three of tier A or B of the same class, division or chain, those of the town first, then by score."""
    pool = scores[scores["tier"].isin(["A", "B"])].sort_values(["score", "uscc"], ascending=[False, True])
    seeking, pool = (part.assign(chain=part["chain"].replace("", np.nan)) for part in (seeking, pool))
    found, order = [], ["level", "away", "score", "partner"]
    for level, key in enumerate(("industry", "industry_division", "chain")):
        best = pool.dropna(subset=[key]).groupby([key, "town"], dropna=False).head(PARTNERS + 1)
        best = best[[key, "town", "uscc", "score"]].rename(columns={"uscc": "partner", "town": "place"})
        kinds = seeking[[key, "town"]].drop_duplicates()
        offered = kinds.merge(best, on=key)
        offered["away"] = offered["town"] != offered["place"]
        offered = offered.sort_values([key, "town", "away", "score", "partner"], ascending=[True] * 3 + [False, True])
        offered = offered.groupby([key, "town"]).head(PARTNERS + 1)[[key, "town", "away", "partner", "score"]]
        own = seeking[["uscc", key, "town"]].merge(offered, on=[key, "town"])
        found.append(own[own["uscc"] != own["partner"]].assign(level=level)[["uscc", *order]])
    pairs = pd.concat(found).sort_values(["uscc", *order], ascending=[True, True, True, False, True])
    pairs = pairs.drop_duplicates(["uscc", "partner"])
    pairs["place"] = pairs.groupby("uscc").cumcount() + 1
    wide = pairs[pairs["place"] <= PARTNERS].pivot(index="uscc", columns="place", values="partner")
    names = scores.set_index("uscc")["name"]
    named = wide.apply(lambda partner: partner.map(names)).rename(columns=lambda place: f"partner_{place}_name")
    return wide.rename(columns=lambda place: f"partner_{place}").join(named).reset_index()
