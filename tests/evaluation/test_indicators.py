"""A value is a quotient of two known figures, or it is missing; and whoever lacks too much gets no verdict."""

from collections.abc import Mapping

import polars as pl
import pytest
from builders.profiles import code, indicator, policy, profile

from efficiency.evaluation.evaluate import evaluate
from efficiency.evaluation.scope import OUT_OF_SCOPE
from efficiency.facts.gaps import GAPS

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


MARCH = pl.DataFrame(
    [
        (code(0), "tax", 1 << 14, "缺2026年3月"),
        (code(0), "revenue", 1 << 14, "缺2026年3月"),
        (code(0), "energy", 1 << 14, "中电力缺2026年3月"),
        (code(0), "land", 0, "未报送"),
        (code(0), "gross_output", 1 << 14, "缺2026年3月"),
    ],
    schema=GAPS,
    orient="row",
)


def test_the_reason_names_the_missing_months_by_form_and_the_words_that_lack_the_same_together() -> None:
    rules = policy(indicators=TWO.replace("{}", "insufficient"))
    reason = evaluate(profile({}, {"tax": 1.0, "land": 1.0}), rules, gaps=MARCH).scores["status_reason"]
    assert reason.to_list() == [
        "数据不足：a缺实缴税金和用地面积；b缺营业收入和综合能耗。"
        "能源消费：综合能耗中电力缺2026年3月；用地：用地面积未报送；产出：营业收入、实缴税金缺2026年3月",
        "数据不足：b缺营业收入和综合能耗",
    ]


def test_what_is_not_needed_is_not_named() -> None:
    rules = policy(indicators=TWO.replace("{}", "insufficient"))
    row = {"land": 1.0, "energy": 2.0, "tax": 1.0}
    reason = (
        evaluate(profile(row), rules, gaps=MARCH.filter(pl.col("word").is_in(["revenue", "gross_output"])))
        .scores["status_reason"]
        .item()
    )
    assert reason == "数据不足：b缺营业收入。产出：营业收入缺2026年3月"


def test_the_note_of_an_indicator_without_value_names_the_months() -> None:
    row = {"land": 1.0, "revenue": 1.0, "energy": 2.0}
    found = evaluate(profile(row), policy(indicators=TWO.replace("{}", "zero")), gaps=MARCH.head(1))
    assert found.scores["status"].to_list() == ["ranked"]
    assert found.indicators["score_note"][0] == "缺少指标值(实缴税金缺2026年3月)，按0分计"


def test_what_is_missing_is_part_of_the_inputs() -> None:
    rules = policy(indicators=TWO.replace("{}", "insufficient"))
    plain, named = evaluate(profile({}), rules), evaluate(profile({}), rules, gaps=MARCH)
    assert plain.inputs_sha256 != named.inputs_sha256


def test_a_gap_in_the_register_is_named_where_no_group_fits() -> None:
    found = evaluate(profile({"scale": None}, {"scale": "规下"}), policy(indicators=indicator()))
    assert found.scores["status_reason"].to_list() == [f"{OUT_OF_SCOPE}（缺规模）", OUT_OF_SCOPE]


def test_an_insufficient_enterprise_keeps_its_values_but_has_no_scores() -> None:
    rules = policy(indicators=TWO.replace("{}", "insufficient"))
    rows = evaluate(profile({"tax": 3.0, "land": 1.0}), rules).indicators
    assert rows["value"].to_list() == [3.0, None]
    assert rows["score"].null_count() == 2
