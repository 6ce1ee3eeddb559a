"""The value that earns the full weight is taken over the ranked enterprises of the right group."""

from typing import Any

import pytest
from builders.profiles import indicator, policy, profile

from efficiency.evaluation.evaluate import evaluate

ROWS = [
    {"tax": 10.0, "land": 1.0}, {"tax": 10.0, "land": 4.0}, {"tax": 40.0, "land": 5.0},
    {"tax": 90.0, "land": 1.0, "industry_division": "13"},
]  # fmt: skip


def benchmarks(benchmark: str, *rows: dict[str, Any], more: str = "") -> list[tuple[Any, ...]]:
    rules = policy(indicators=indicator(benchmark=benchmark, more=more))
    return (
        evaluate(profile(*(rows or ROWS)), rules)
        .indicators.select("benchmark", "benchmark_scope", "benchmark_members")
        .rows()
    )


@pytest.mark.parametrize(
    ("benchmark", "expected"),
    [
        ('{ stat = "weighted_mean" }', 150 / 11),
        ('{ stat = "mean" }', (10 + 2.5 + 8 + 90) / 4),
        ('{ stat = "median" }', 9.0),
        ('{ stat = "quantile", q = 0.75 }', 30.0),
        ('{ stat = "quantile", q = 0.0 }', 2.5),
        ('{ stat = "mean", times = 2.0 }', 2 * (10 + 2.5 + 8 + 90) / 4),
        ("{ fixed = 7.5 }", 7.5),
    ],
)
def test_each_statistic_is_over_the_cohort(benchmark: str, expected: float) -> None:
    assert [b for b, _, _ in benchmarks(benchmark)] == pytest.approx([expected] * 4)


def test_within_takes_the_own_group_and_small_groups_the_whole_cohort() -> None:
    found = benchmarks('{ stat = "weighted_mean", within = ["industry_division"], min_group = 2 }')
    assert found[0] == (6.0, "行业大类30", 3)
    assert found[3] == (pytest.approx(150 / 11), "评价组(行业大类13不足2家)", 4)


def test_enterprises_that_are_not_ranked_or_lack_the_value_do_not_count() -> None:
    found = benchmarks(
        '{ stat = "weighted_mean" }',
        {"tax": 10.0, "land": 1.0},
        {"tax": 99.0},
        {"tax": 80.0, "land": 1.0, "scale": "规下"},
    )
    assert [row[0] for row in found] == [10.0, 10.0]


def test_enterprises_without_a_group_form_their_own() -> None:
    rows: list[dict[str, Any]] = [
        {"tax": 10.0, "land": 1.0, "town": None},
        {"tax": 20.0, "land": 1.0, "town": None},
        {"tax": 90.0, "land": 1.0, "town": "甲镇"},
    ]
    found = benchmarks('{ stat = "mean", within = ["town"], min_group = 1 }', *rows)
    assert [row[:2] for row in found] == [(15.0, "镇办未填"), (15.0, "镇办未填"), (90.0, "镇办甲镇")]


@pytest.mark.parametrize("tax", [-5.0, 0.0])
def test_a_benchmark_that_is_not_positive_scores_nobody_and_warns(tax: float) -> None:
    rules = policy(
        indicators=indicator("a", weight=50, benchmark='{ stat = "mean" }') + indicator("b", "revenue", "energy", 50)
    )
    found = evaluate(profile({"tax": tax, "land": 1.0, "revenue": 10.0, "energy": 1.0}), rules)
    assert found.indicators["score"].to_list() == [None, 100.0]
    assert found.indicators["benchmark"].to_list() == [None, 10.0]
    assert "不是正数" in found.warnings[0]
    assert found.scores["status"].to_list() == ["ranked"]


def test_denominators_that_cancel_out_leave_no_benchmark() -> None:
    rules = policy(indicators=indicator(benchmark='{ stat = "weighted_mean" }'))
    found = evaluate(profile({"tax": 5.0, "land": 1.0}, {"tax": 5.0, "land": -1.0}), rules)
    assert "无法计算" in found.warnings[0]
    assert found.scores["tier"].to_list() == [None, None]
    assert found.scores["status"].to_list() == ["insufficient", "insufficient"]
