"""The evaluation as a whole: against a second one in plain Python, and what must hold for any input."""

import polars as pl
import pytest
from builders.examples import examples
from builders.oracle_evaluation import Row, oracle
from builders.profiles import SCORE_ONLY, code, indicator, policy, profile, scored
from builders.random_policies import MEANING, policies, positive, rows
from hypothesis import given
from hypothesis import strategies as st

from efficiency.evaluation.evaluate import evaluate
from efficiency.policy.load import load_policy
from efficiency.policy.model import Policy
from schemas.checks import failures
from schemas.column import Column, Table
from schemas.results import IDENTITY, INDICATORS, SCORES


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
        own: tuple[Column, ...] = tuple(c for c in table.columns if c.name not in IDENTITY)
        key = tuple(k for k in table.key if k != "evaluation_id")
        assert failures(frame, Table(table.schema, table.name, table.meaning, own, key)).is_empty()


def test_no_enterprise_at_all_gives_an_empty_evaluation() -> None:
    evaluation = evaluate(profile({"tax": 1.0}).clear(), load_policy("zibo-jkq"))
    assert evaluation.scores.is_empty()
    assert evaluation.warnings == []


def test_an_enterprise_twice_in_the_profile_is_refused() -> None:
    with pytest.raises(ValueError, match="more than once"):
        evaluate(profile({"uscc": code(1)}, {"uscc": code(1)}), load_policy("zibo-jkq"))
