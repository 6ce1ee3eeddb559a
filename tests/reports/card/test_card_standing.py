"""Place, strengths and weaknesses on a card are what results.indicators and results.scores say, and nothing more."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from builders.ten_cards import ten_cards
from conftest import SampleRun

from efficiency.evaluation.explanation import FEWEST, Explanation
from efficiency.reports.card import card_as_dict, card_as_text
from efficiency.warehouse.read import load
from efficiency.warehouse.schema import Contents


@pytest.fixture(scope="module")
def ten(sample_run: SampleRun) -> dict[str, Explanation]:
    return ten_cards(sample_run.warehouse)


@pytest.fixture(scope="module")
def contents(sample_run: SampleRun) -> Contents:
    return load(sample_run.warehouse)


def standing_of(explanation: Explanation) -> Any:  # as JSON has it
    return card_as_dict(explanation)["standing"]


def test_the_place_is_among_the_ranked_of_its_own_industry(ten: dict[str, Explanation], contents: Contents) -> None:
    ranked = contents["results.scores"].filter(status="ranked")
    compared = 0
    for explanation in ten.values():
        score, said = explanation.score, standing_of(explanation)
        if score["status"] != "ranked":
            assert said is None
            continue
        cohort = ranked.filter(cohort=score["cohort"])
        peers = cohort.filter(industry_division=score["industry_division"])
        group = peers if peers.height >= FEWEST else cohort
        assert (said["industry"] is None) == (peers.height < FEWEST)
        for name, column in (("score", "score"), ("land", "land_score_uncapped"), ("energy", "energy_score_uncapped")):
            values, own = group[column].round(6), round(score[column], 6)
            assert said["places"][name]["first"] == 1 + (values > own).sum()
            assert said["places"][name]["last"] == (values >= own).sum()
            assert said["places"][name]["of"] == values.count()
        compared += 1
    assert compared >= 7


def test_who_is_one_of_few_in_its_industry_is_compared_with_the_whole_cohort(ten: dict[str, Explanation]) -> None:
    explanation = ten["few in its industry"]
    said = card_as_text(explanation)
    assert f"不足{FEWEST}户，与全组比较" in said
    assert standing_of(explanation)["places"]["score"]["of"] == explanation.ranked


def test_strengths_and_weaknesses_are_true_to_the_indicators(ten: dict[str, Explanation], contents: Contents) -> None:
    found = {"strengths": 0, "weaknesses": 0}
    for explanation in ten.values():
        said = standing_of(explanation)
        if said is None:
            continue
        rows = {
            row["indicator"]: row
            for row in contents["results.indicators"].filter(uscc=explanation.score["uscc"]).iter_rows(named=True)
        }
        for name, reached in (("strengths", True), ("weaknesses", False)):
            assert len(said[name]) <= 3
            for mark in said[name]:
                row = rows[mark["indicator"]]
                # All indicators of this policy are the better the higher.
                assert (row["value"] >= row["benchmark"]) is reached
                found[name] += 1
        assert all(rows[i]["value"] is None for i in rows if rows[i]["title"] in said["unknown"])
        named = {mark["indicator"] for name in found for mark in said[name]}
        assert not any(rows[indicator]["value"] is None for indicator in named)
    assert min(found.values()) >= 5


def with_indicators(explanation: Explanation, **columns: object) -> Explanation:
    made = explanation.indicators.with_columns(pl.lit(value).alias(name) for name, value in columns.items())
    return replace(explanation, indicators=made)


@pytest.mark.parametrize(
    ("first", "last", "reached", "expected"),
    [
        (1, 1, True, "strengths"),
        (5, 5, True, "strengths"),
        (6, 6, False, "weaknesses"),
        (10, 10, False, "weaknesses"),
        (6, 6, True, None),  # the benchmark says the one, the place the other
        (1, 1, False, None),
        (4, 7, True, None),  # a place shared across the middle is in neither half
    ],
)
def test_what_benchmark_and_place_do_not_both_say_is_said_of_nobody(
    ten: dict[str, Explanation], first: int, last: int, reached: bool, expected: str | None
) -> None:
    explanation = with_indicators(
        ten["best"], value=2.0 if reached else 0.5, benchmark=1.0, group_first=first, group_last=last, group_places=10
    )
    said = standing_of(explanation)
    assert [name for name in ("strengths", "weaknesses") if said[name]] == ([expected] if expected else [])


def test_nothing_is_said_of_what_is_unknown(ten: dict[str, Explanation]) -> None:
    none = with_indicators(ten["best"], value=None)
    said = standing_of(none)
    assert (said["strengths"], said["weaknesses"]) == ([], [])
    assert said["unknown"] == none.indicators["title"].to_list()
    assert "缺数据，不作判断" in card_as_text(none)


def test_without_a_benchmark_the_place_alone_decides(ten: dict[str, Explanation]) -> None:
    said = standing_of(with_indicators(ten["best"], benchmark=None, group_first=1, group_last=1, group_places=10))
    assert len(said["strengths"]) == 3
    assert all(mark["words"] == "第1/10名" for mark in said["strengths"])


def test_a_figure_of_which_less_is_better_is_held_against_its_benchmark_so(ten: dict[str, Explanation]) -> None:
    explanation = ten["best"]
    cohorts = [
        cohort.model_copy(update={"indicator": [i.model_copy(update={"better": "lower"}) for i in cohort.indicator]})
        for cohort in explanation.policy.cohort
    ]
    lower = replace(
        with_indicators(explanation, value=0.5, benchmark=1.0, group_first=1, group_last=1, group_places=10),
        policy=explanation.policy.model_copy(update={"cohort": cohorts}),
    )
    said = standing_of(lower)
    assert not said["weaknesses"]
    assert said["strengths"][0]["words"].startswith("为基准的50%(越低越好)")


def test_months_on_a_card_add_up_to_the_total_where_all_are_determined(ten: dict[str, Explanation]) -> None:
    whole = 0
    for explanation in ten.values():
        for (measure,), rows in explanation.course.partition_by("measure", as_dict=True).items():
            assert rows.height == 12
            if rows["value"].null_count() == 0 and explanation.score[measure] is not None:
                assert rows["value"].sum() == pytest.approx(explanation.score[measure])
                whole += 1
    assert whole >= 5


def test_a_month_that_is_not_determined_is_a_gap_on_the_card(ten: dict[str, Explanation]) -> None:
    explanation = ten["best"]
    assert explanation.course.filter(measure="revenue")["value"].null_count() == 2
    lines = card_as_text(explanation).split("近十二个月")[1].split("\n\n")[0].splitlines()
    assert sum(" — " in f"{line} " for line in lines) == 2
    assert lines[-1].count("·") == 2
