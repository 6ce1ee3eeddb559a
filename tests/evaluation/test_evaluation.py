"""The evaluation as a whole: against a second one in plain Python, and what must hold for any input."""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

import polars as pl
import pytest
from builders.examples import examples
from builders.oracle_evaluation import Row, oracle
from builders.profiles import SCORE_ONLY, code, indicator, policy, profile, scored
from hypothesis import given
from hypothesis import strategies as st

from efficiency.evaluation.evaluate import evaluate
from efficiency.policy.load import load_policy, parse_policy
from efficiency.policy.model import Policy
from schemas.checks import failures
from schemas.column import Column, Table
from schemas.results import INDICATORS, SCORES

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


@given(rows=rows, rules=policies())
def test_agrees_with_the_slow_evaluation_in_plain_python(rows: list[Row], rules: Policy) -> None:
    frame = profile(*rows)
    evaluation = evaluate(frame, rules)
    expected = oracle(frame.to_dicts(), rules, MEANING)
    for found in evaluation.scores.to_dicts():
        wanted = expected[found["uscc"]]
        for name in (
            "cohort", "status", "rank", "tier_initial", "tier", "land_tier", "energy_tier", "d_streak", "letter",
        ):  # fmt: skip
            assert found[name] == wanted.get(name), name
        for name in ("score", "land_score", "energy_score", "factor", "adjustments", "tier_confidence"):
            if name in ("factor", "adjustments") and wanted["status"] != "ranked":
                assert found[name] is None
                continue
            assert found[name] == pytest.approx(wanted.get(name), abs=2e-6), name
    for found in evaluation.indicators.to_dicts():
        wanted = expected[found["uscc"]]
        assert found["value"] == pytest.approx(wanted[f"value_{found['indicator']}"])
        assert found["score"] == pytest.approx(wanted.get(f"score_{found['indicator']}"), abs=1e-6)
        if wanted["status"] == "ranked":
            assert found["benchmark"] == pytest.approx(wanted[f"benchmark_{found['indicator']}"])


@examples(short=8, long=80)
@given(rows=rows, rules=policies(), seed=st.integers(0, 99))
def test_order_of_the_rows_does_not_matter(rows: list[Row], rules: Policy, seed: int) -> None:
    frame = profile(*rows)
    straight, shuffled = evaluate(frame, rules), evaluate(frame.sample(fraction=1, shuffle=True, seed=seed), rules)
    assert straight.scores.equals(shuffled.scores)
    assert straight.indicators.equals(shuffled.indicators)


@given(rows=rows, rules=policies())
def test_tier_belongs_to_exactly_the_ranked_and_missing_is_never_d(rows: list[Row], rules: Policy) -> None:
    scores = evaluate(profile(*rows), rules).scores
    assert scores.filter(pl.col("status") == "ranked")["tier"].null_count() == 0
    others = scores.filter(pl.col("status") != "ranked")
    assert others["tier"].null_count() == others.height
    assert others["score"].null_count() == others.height
    assert others["status_reason"].null_count() == 0


@examples(short=8, long=80)
@given(rows=rows, rules=policies(), extra=rows)
def test_an_enterprise_outside_a_cohort_changes_nothing_inside(
    rows: list[Row], rules: Policy, extra: list[Row]
) -> None:
    inside = [{**r, "scale": "规上", "utility": False} for r in rows]
    outside = [{**r, "uscc": code(900 + i), "scale": "规下" if i % 2 else None} for i, r in enumerate(extra)]
    alone = evaluate(profile(*inside), rules).scores
    together = evaluate(profile(*inside, *outside), rules).scores.filter(pl.col("uscc") < code(900))
    assert alone.equals(together)


@examples(short=8, long=80)
@given(data=st.lists(st.tuples(positive, positive, positive, positive), min_size=2, max_size=14))
def test_ten_times_all_money_changes_no_tier_under_relative_benchmarks(
    data: list[tuple[float, float, float, float]],
) -> None:
    rules = load_policy("zibo-jkq")

    def judged(times: float) -> pl.DataFrame:
        return evaluate(
            profile(*({"tax": t * times, "land": la, "revenue": r * times, "energy": e} for t, la, r, e in data)), rules
        ).scores

    assert judged(1)["tier"].to_list() == judged(10)["tier"].to_list()


@given(taxes=st.lists(positive, min_size=1, max_size=10), more=st.floats(0, 1000))
def test_a_higher_value_never_lowers_ones_own_score_under_fixed_benchmarks(taxes: list[float], more: float) -> None:
    rules = policy(indicators=indicator(more="cap = 1.5"))
    base = evaluate(profile(*({"tax": t, "land": 1.0} for t in taxes)), rules).scores
    raised = evaluate(
        profile({"tax": taxes[0] + more, "land": 1.0}, *({"tax": t, "land": 1.0} for t in taxes[1:])), rules
    ).scores
    assert raised["score"][0] >= base["score"][0]
    assert raised["score"].to_list()[1:] == base["score"].to_list()[1:]


@given(scores=st.lists(st.integers(0, 20).map(float), min_size=1, max_size=60))
def test_a_never_exceeds_its_share_and_d_never_falls_below_its_own(scores: list[float]) -> None:
    tiers = evaluate(scored(scores), policy(indicators=SCORE_ONLY)).scores["tier"].to_list()
    assert tiers.count("A") <= 0.20 * len(scores)
    assert tiers.count("D") >= 0.05 * len(scores) - 1e-9
    assert len(tiers) == sum(tiers.count(tier) for tier in "ABCD")


def test_an_excluded_enterprise_has_no_cohort_and_says_why() -> None:
    rules = load_policy("zibo-jkq")
    found = evaluate(profile({"utility": True, "tax": 1.0}, {"scale": None}), rules).scores
    assert found.select("status", "cohort", "tier").rows() == [("excluded", None, None), ("out_of_scope", None, None)]
    assert "公用事业" in found["status_reason"][0]
    assert "评价组" in found["status_reason"][1]


def test_missing_energy_is_never_rated() -> None:
    rules = load_policy("zibo-jkq")
    found = evaluate(profile({"tax": 1.0, "land": 2.0, "revenue": 9.0}), rules).scores.row(0, named=True)
    assert (found["status"], found["tier"], found["score"]) == ("insufficient", None, None)
    assert found["status_reason"] == "数据不足：单位能耗营业收入缺综合能耗"


def test_first_matching_cohort_takes_the_enterprise() -> None:
    second = '[[cohort]]\nid = "rest"\nwhere = "TRUE"\n' + SCORE_ONLY
    found = evaluate(
        profile({"tax": 1.0, "land": 1.0}, {"tax": 1.0, "land": 1.0, "scale": "规下"}),
        policy(tail=second, indicators=SCORE_ONLY),
    ).scores
    assert found["cohort"].to_list() == ["all", "rest"]


def test_d_streak_counts_this_period_and_breaks_otherwise() -> None:
    rows = [{"tax": float(i), "land": 1.0, "d_streak_before": 2} for i in range(4)]
    found = evaluate(profile(*rows), policy(indicators=SCORE_ONLY)).scores
    assert found["tier"].to_list() == ["D", "B", "B", "B"]
    assert found["d_streak"].to_list() == [3, 0, 0, 0]


def test_results_have_the_declared_shapes() -> None:
    evaluation = evaluate(
        profile({"tax": 1.0, "land": 2.0}, {"utility": True}, {"scale": None}, {}), load_policy("zibo-jkq")
    )
    for frame, table in ((evaluation.scores, SCORES), (evaluation.indicators, INDICATORS)):
        own: tuple[Column, ...] = tuple(
            c for c in table.columns if c.name not in ("evaluation_id", "period", "policy_id")
        )
        key = tuple(k for k in table.key if k != "evaluation_id")
        assert failures(frame, Table(table.schema, table.name, table.meaning, own, key)).is_empty()


def test_no_enterprise_at_all_gives_an_empty_evaluation() -> None:
    evaluation = evaluate(profile({"tax": 1.0}).clear(), load_policy("zibo-jkq"))
    assert evaluation.scores.is_empty()
    assert evaluation.warnings == []


def test_an_enterprise_twice_in_the_profile_is_refused() -> None:
    with pytest.raises(ValueError, match="more than once"):
        evaluate(profile({"uscc": code(1)}, {"uscc": code(1)}), load_policy("zibo-jkq"))
