"""A value is a quotient of two known figures, or it is missing; and whoever lacks too much gets no verdict."""

from collections.abc import Mapping

import pytest
from builders.profiles import indicator, policy, profile

from efficiency.evaluation.evaluate import evaluate

TWO = indicator("a", weight=50, missing="zero") + indicator("b", "revenue", "energy", 50, missing="{}")


def judged(missing: str, *rows: Mapping[str, object]) -> list[tuple[str, float | None]]:
    rules = policy(indicators=TWO.replace("{}", missing))
    return evaluate(profile(*rows), rules).scores.select("status", "score").rows()


@pytest.mark.parametrize(
    "row", [{"tax": 1.0}, {"land": 1.0}, {"tax": 1.0, "land": 0.0}, {"tax": 1e308, "land": 1e-308}]
)
def test_what_has_no_finite_quotient_is_missing(row: dict[str, float]) -> None:
    found = evaluate(profile(row), policy(indicators=indicator()))
    assert found.indicators["value"].to_list() == [None]
    assert found.scores["status"].to_list() == ["insufficient"]


def test_zero_tax_is_a_value_and_not_missing() -> None:
    assert judged("insufficient", {"tax": 0.0, "land": 1.0, "revenue": 0.0, "energy": 1.0}) == [("ranked", 0.0)]


def test_a_needed_indicator_without_value_is_insufficient_whatever_else_is_there() -> None:
    assert judged("insufficient", {"tax": 1.0, "land": 1.0}) == [("insufficient", None)]


@pytest.mark.parametrize("missing", ["zero", "cohort_mean", "reweight"])
def test_without_any_value_data_are_insufficient_under_every_rule(missing: str) -> None:
    assert judged(missing, {"tax": 1.0}) == [("insufficient", None)]


def test_the_reason_names_what_is_missing_in_the_words_of_the_forms() -> None:
    rules = policy(indicators=TWO.replace("{}", "insufficient"))
    reasons = evaluate(profile({"tax": 1.0}, {"tax": 1.0, "land": 1.0, "revenue": 1.0, "energy": 0.0}), rules).scores[
        "status_reason"
    ]
    assert reasons.to_list() == ["数据不足：a缺用地面积；b缺营业收入和综合能耗", "数据不足：b的综合能耗为零"]


def test_an_insufficient_enterprise_keeps_its_values_but_has_no_scores() -> None:
    rules = policy(indicators=TWO.replace("{}", "insufficient"))
    rows = evaluate(profile({"tax": 3.0, "land": 1.0}), rules).indicators
    assert rows["value"].to_list() == [3.0, None]
    assert rows["score"].null_count() == 2
