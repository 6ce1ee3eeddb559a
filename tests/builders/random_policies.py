"""Any profile and any policy, as strategies of hypothesis, and what the expressions of these policies mean."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any

from builders.profiles import indicator
from hypothesis import strategies as st

from efficiency.policy.load import parse_policy
from efficiency.policy.model import Policy

few = st.sampled_from([None, 0.0, -20.0])
figure = st.one_of(st.integers(1, 6).map(float), st.floats(1, 500).map(lambda x: round(x, 3)))
# Mostly there and positive, often equal to a neighbour's, sometimes missing, zero or negative.
amount = st.integers(0, 9).flatmap(lambda lot: few if lot == 0 else figure)
positive = st.floats(0.1, 500).map(lambda x: round(x, 3))
row = st.fixed_dictionaries(
    {
        "scale": st.sampled_from(["规上", "规上", "规下", None]),
        "industry_division": st.sampled_from(["13", "30", None]),
        "town": st.sampled_from(["甲镇", "乙镇"]),
        "utility": st.sampled_from([False, False, False, True, None]),
        "honours": st.sampled_from([None, "专精特新", "高新技术企业、专精特新"]),
        "open_incidents": st.sampled_from([0, 0, 0, 1]),
        "d_streak_before": st.integers(0, 3),
        "tax": amount,
        "land": amount,
        "revenue": amount,
        "energy": amount,
        "rd_expense": amount,
    }
)
rows = st.integers(1, 16).flatmap(lambda n: st.lists(row, min_size=n, max_size=n))

MEANING: dict[str, Callable[[dict[str, Any]], object]] = {
    "utility": lambda r: bool(r["utility"]),
    "scale = '规上'": lambda r: r["scale"] == "规上",
    "scale = '规下' AND (land < 100 OR tax > 5)": lambda r: (
        r["scale"] == "规下"
        and ((r["land"] is not None and r["land"] < 100) or (r["tax"] is not None and r["tax"] > 5))
    ),
    "honours LIKE '%专精特新%'": lambda r: "专精特新" in (r["honours"] or ""),
    "open_incidents > 0": lambda r: r["open_incidents"] > 0,
    "land_score < 50 OR tier = 'A'": lambda r: (
        (r["land_score"] is not None and r["land_score"] < 50) or r["tier"] == "A"
    ),
    "value_one > 1": lambda r: r.get("value_one") is not None and r["value_one"] > 1,
    "1.0": lambda _: 1.0,
    "CASE WHEN town = '甲镇' THEN 1.1 ELSE 0.9 END": lambda r: 1.1 if r["town"] == "甲镇" else 0.9,
    "revenue - tax": lambda r: None if r["revenue"] is None or r["tax"] is None else r["revenue"] - r["tax"],
    **{name: itemgetter(name) for name in ("tax", "land", "revenue", "energy", "rd_expense")},
}
benchmark = st.sampled_from(
    [
        "{ fixed = 2.5 }",
        '{ stat = "weighted_mean", within = ["industry_division"], min_group = 2 }',
        '{ stat = "mean", times = 2.0 }',
        '{ stat = "median", within = ["industry_division", "town"], min_group = 3 }',
        '{ stat = "quantile", q = 0.75 }',
        '{ stat = "weighted_mean", within = ["town"], min_group = 2, leave_one_out = true }',
        '{ stat = "mean", leave_one_out = true }',
        '{ stat = "quantile", q = 0.3, within = ["industry_division"], leave_one_out = true }',
    ]
)
missing = st.sampled_from(["zero", "cohort_mean", "reweight", "insufficient"])


@st.composite
def cohort_text(draw: st.DrawFn, name: str, where: str) -> str:
    weights = draw(st.sampled_from([(50, 30, 20), (33.3, 33.3, 33.4), (100, 0, 0)]))
    parts = [
        ("one", "tax", "land", "land"),
        ("two", "revenue", "energy", "energy"),
        ("three", "revenue - tax", "rd_expense", "land"),
    ]
    formula = draw(st.sampled_from(["ratio", "ratio", "minmax"]))
    factor = draw(st.sampled_from(["1.0", "CASE WHEN town = '甲镇' THEN 1.1 ELSE 0.9 END"]))
    text = f'[[cohort]]\nid = "{name}"\nwhere = "{where}"\nformula = "{formula}"\nfactor = "{factor}"\n'
    for (name_, top, bottom, dimension), weight in zip(parts, weights, strict=True):
        text += indicator(
            name_,
            top,
            bottom,
            weight,
            dimension=dimension,
            better=draw(st.sampled_from(["higher", "higher", "lower"])),
            benchmark=draw(benchmark),
            missing=draw(missing),
            more=draw(st.sampled_from(["cap = 1.5\n  floor = 0.0", "cap = 2.0", "cap = 1.2\n  floor = 0.3"])),
        )
    by, cuts = draw(
        st.sampled_from(
            [
                ("rank", "{ A = 0.20, B = 0.75, C = 0.95 }"),
                ("rank", "{ A = 0.3, B = 0.6, C = 0.9 }"),
                ("score", "{ A = 90, B = 60, C = 30 }"),
            ]
        )
    )
    within = draw(st.sampled_from(["[]", '["industry_division"]', '["town", "industry_division"]']))
    return text + f'\n  [cohort.tiers]\n  by = "{by}"\n  within = {within}\n  cuts = {cuts}\n'


effects = st.sampled_from(['tier = "D"', 'tier = "A"', 'at_most = "C"', 'at_least = "B"'])


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    text = 'id = "random"\ntitle = "随机办法"\n[[excluded]]\nwhen = "utility"\nlabel = "公用事业"\n'
    text += draw(st.sampled_from(["", 'letter = "T"\n', 'letter = "T"\ncounts_in_n = true\n']))
    text += draw(cohort_text("above", "scale = '规上'"))
    text += draw(cohort_text("below", "scale = '规下' AND (land < 100 OR tax > 5)"))
    text += '[[adjustment]]\nwhen = "honours LIKE \'%专精特新%\'"\npoints = 2.5\nlabel = "专精特新"\n'
    for when in draw(st.permutations(["open_incidents > 0", "land_score < 50 OR tier = 'A'", "value_one > 1"])):
        text += f'[[override]]\nwhen = "{when}"\n{draw(effects)}\nlabel = "调档"\n'
    moved = draw(st.sampled_from(["", "data_sd = 0.2\n", "data_sd = 0.3\nbenchmarks = true\n"]))
    return parse_policy(text + "[robustness]\ndraws = 8\nweight_sd = 0.3\nseed = 5\n" + moved)
