"""What each indicator earns, what missing figures do to it, and how the parts make the score."""

from collections.abc import Mapping

import pytest
from builders.profiles import indicator, policy, profile

from efficiency.evaluation.evaluate import evaluate
from efficiency.policy.model import Policy

FULL = {"tax": 10.0, "land": 1.0, "revenue": 20.0, "energy": 2.0, "rd_expense": 1.0, "employees": 1.0}


def three(missing: str) -> str:
    return (
        indicator("a", "tax", "land", 50, dimension="land", missing="insufficient")
        + indicator("b", "revenue", "energy", 30, dimension="energy", missing="insufficient")
        + indicator("c", "rd_expense", "employees", 20, dimension="land", benchmark="{ fixed = 2.0 }", missing=missing)
    )


def scores(rules: Policy, *rows: Mapping[str, object]) -> list[float | None]:
    return evaluate(profile(*rows), rules).scores["score"].to_list()


@pytest.mark.parametrize(
    ("better", "more", "tax", "expected"),
    [
        ("higher", "", 25.0, 250.0),
        ("higher", "cap = 1.5", 25.0, 150.0),
        ("higher", "cap = 1.5\n  floor = 0.0", -4.0, 0.0),
        ("higher", "", -4.0, -40.0),
        ("lower", "", 20.0, 50.0),
        ("lower", "cap = 1.5", 1.0, 150.0),
        ("lower", "cap = 1.5", 0.0, 150.0),
        ("lower", "cap = 1.5\n  floor = 0.2", -1.0, 20.0),
    ],
)
def test_a_ratio_is_cut_at_cap_and_floor_and_turned_round_where_lower_is_better(
    better: str, more: str, tax: float, expected: float
) -> None:
    assert scores(policy(indicators=indicator(better=better, more=more)), {"tax": tax, "land": 1.0}) == pytest.approx(
        [expected]
    )


def test_zero_where_lower_is_better_has_no_score_without_a_cap() -> None:
    assert scores(policy(indicators=indicator(better="lower")), {"tax": 0.0, "land": 1.0}) == [None]


@pytest.mark.parametrize(("better", "expected"), [("higher", [20.0, 60.0, 100.0]), ("lower", [100.0, 60.0, 20.0])])
def test_min_max_gives_twenty_to_the_least_and_the_full_weight_to_the_best(better: str, expected: list[float]) -> None:
    rules = policy(cohort='formula = "minmax"', indicators=indicator(better=better))
    assert scores(rules, *({"tax": t, "land": 1.0} for t in (1.0, 3.0, 5.0))) == pytest.approx(expected)


def test_min_max_of_equal_values_is_undefined_and_never_a_tier() -> None:
    found = evaluate(
        profile({"tax": 1.0, "land": 1.0}, {"tax": 2.0, "land": 2.0}),
        policy(cohort='formula = "minmax"', indicators=indicator()),
    )
    assert found.scores["tier"].to_list() == [None, None]
    assert "最大值等于最小值" in found.warnings[0]


@pytest.mark.parametrize(
    ("missing", "score", "land_score", "item"),
    [
        ("zero", 80.0, 100 * 50 / 70, 0.0),
        ("cohort_mean", 90.0, 100 * 60 / 70, 10.0),
        ("reweight", 100.0, 100.0, None),
        ("insufficient", None, None, None),
    ],
)
def test_each_rule_for_a_missing_figure(missing: str, score: float, land_score: float, item: float | None) -> None:
    found = evaluate(profile(FULL, {**FULL, "rd_expense": None}), policy(indicators=three(missing)))
    assert found.scores["score"].to_list() == pytest.approx([90.0, score])
    assert found.scores["land_score"].to_list()[1] == pytest.approx(land_score)
    last = found.indicators.row(-1, named=True)
    assert last["score"] == pytest.approx(item)
    assert (last["score_note"] is None) == (missing == "insufficient")


def test_reweighted_items_sum_to_the_score_and_say_so() -> None:
    found = evaluate(profile({**FULL, "rd_expense": None}), policy(indicators=three("reweight")))
    assert found.indicators["score"].to_list() == pytest.approx([62.5, 37.5, None])
    assert found.indicators["score_note"].to_list() == ["其他指标缺项，得分按1.25倍折算"] * 2 + [
        "缺少指标值，不计分，权重分摊到其他指标"
    ]


def test_the_mean_of_the_cohort_is_over_ranked_enterprises_that_have_a_score() -> None:
    rows: list[Mapping[str, object]] = [
        FULL,
        {**FULL, "rd_expense": 3.0},
        {**FULL, "rd_expense": None},
        {"rd_expense": 99.0, "employees": 1.0},
    ]
    assert scores(policy(indicators=three("cohort_mean")), *rows) == pytest.approx([90.0, 110.0, 100.0, None])


def test_score_is_factor_times_items_plus_adjustments_in_order() -> None:
    tail = '[[adjustment]]\nwhen = "honours LIKE \'%专精特新%\'"\npoints = 2\nlabel = "专精特新"\n'
    tail += '[[adjustment]]\nwhen = "tax > 5"\npoints = -0.5\nlabel = "扣分"\n'
    rules = policy(cohort="factor = \"CASE WHEN town = '甲镇' THEN 1.2 END\"", indicators=indicator(), tail=tail)
    found = evaluate(
        profile({"tax": 10.0, "land": 1.0, "town": "甲镇", "honours": "专精特新"}, {"tax": 1.0, "land": 1.0}), rules
    )
    assert found.scores.select("score", "factor", "adjustments", "adjustment_labels").rows() == [
        (121.5, 1.2, 1.5, "专精特新、扣分"), (10.0, 1.0, 0.0, None),
    ]  # fmt: skip
    assert "修正系数无法计算" in found.warnings[0]


def test_dimension_scores_are_hundred_at_the_benchmark_and_null_without_indicators() -> None:
    found = evaluate(profile(FULL), policy(indicators=indicator("a", dimension="land"))).scores.row(0, named=True)
    assert (found["land_score"], found["energy_score"], found["energy_tier"]) == (100.0, None, None)


def test_items_of_weight_zero_alone_make_no_score() -> None:
    items = indicator("a", weight=100, missing="reweight") + indicator("b", "revenue", "energy", 0, missing="reweight")
    found = evaluate(profile({"revenue": 1.0, "energy": 1.0}), policy(indicators=items)).scores
    assert found.select("status", "score", "tier").rows() == [("insufficient", None, None)]
