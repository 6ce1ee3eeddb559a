"""The surcharge on electricity goes by consecutive years in D, and only the highest that applies is charged."""

from collections.abc import Mapping

import polars as pl
import pytest
from builders.profiles import SCORE_ONLY, policy, policy_text, profile

from efficiency.evaluation.evaluate import evaluate
from efficiency.policy.load import PolicyError, parse_policy
from efficiency.policy.words import surcharge as said

CUTS = '[cohort.tiers]\nby = "score"\ncuts = { A = 80, B = 60, C = 40 }\n'
SURCHARGE = '[surcharge]\nsteps = [0.05, 0.10, 0.15]\nperiods_per_year = {}\nsource = "济南日报 2022-03-03"\n'
OTHER = '[[surcharge.other]]\nwhen = "incidents_energy > 0"\nyuan_per_kwh = 0.10\nlabel = "差别电价"\n'


def due(periods: int, *rows: Mapping[str, object], other: str = "") -> list[float | None]:
    rules = policy(indicators=SCORE_ONLY, tiers=CUTS, tail=SURCHARGE.format(periods) + other)
    return evaluate(profile(*rows), rules).scores["surcharge_yuan_per_kwh"].to_list()


def in_d(before: int, **more: object) -> dict[str, object]:
    return {"tax": 10.0, "land": 1.0, "d_streak_before": before, **more}


def test_each_further_year_in_d_costs_more_and_the_third_is_the_last_step() -> None:
    assert due(1, *map(in_d, range(5))) == [0.05, 0.10, 0.15, 0.15, 0.15]


def test_a_year_outside_d_starts_the_count_again() -> None:
    """D, C, D: nothing in the second year, the first step in the third."""
    assert due(1, in_d(0), {"tax": 50.0, "land": 1.0, "d_streak_before": 1}, in_d(0)) == [0.05, 0.0, 0.05]


def test_twelve_months_in_d_are_one_year() -> None:
    assert due(12, *map(in_d, (0, 11, 12, 23, 24, 99))) == [0.05, 0.05, 0.10, 0.10, 0.15, 0.15]


def test_only_the_highest_of_several_is_charged() -> None:
    rows = (in_d(0, incidents_energy=1), in_d(2, incidents_energy=1), {"tax": 90.0, "land": 1.0, "incidents_energy": 1})
    assert due(1, *rows, other=OTHER) == [0.10, 0.15, 0.10]


def test_who_has_no_tier_pays_nothing_that_follows_from_it() -> None:
    assert due(1, {"tax": 10.0}, {"scale": "规下", "incidents_energy": 1}, other=OTHER) == [None, None]


def test_without_a_surcharge_in_the_policy_nothing_is_said() -> None:
    found = evaluate(profile(in_d(3)), policy(indicators=SCORE_ONLY, tiers=CUTS)).scores
    assert found.select("tier", "surcharge_yuan_per_kwh").rows() == [("D", None)]
    assert found.schema["surcharge_yuan_per_kwh"] == pl.Float64


@pytest.mark.parametrize(
    ("old", "new", "remedy"),
    [
        ("[0.05, 0.10, 0.15]", "[0.15, 0.10]", "steps out of order"),
        ("[0.05, 0.10, 0.15]", "[]", "steps"),
        ("[0.05, 0.10, 0.15]", "[0.05, -0.1]", "greater than 0"),
        ("periods_per_year = 12", "periods_per_year = 0", "at least 1"),
        ("periods_per_year = 12\n", "", "lacks the key 'periods_per_year'"),
        ('source = "济南日报 2022-03-03"\n', "", "lacks the key 'source'"),
        ("incidents_energy > 0", "incidents_power > 0", "no column of the profile"),
        ("yuan_per_kwh", "yuan_per_kw", "did you mean 'yuan_per_kwh'"),
    ],
)
def test_a_broken_surcharge_is_refused(old: str, new: str, remedy: str) -> None:
    text = policy_text(indicators=SCORE_ONLY, tiers=CUTS, tail=SURCHARGE.format(12) + OTHER)
    assert old in text
    with pytest.raises(PolicyError, match=r"line \d+: ") as caught:
        parse_policy(text.replace(old, new, 1))
    assert remedy in str(caught.value)


def test_a_surcharge_without_tiers_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"no cohort has \[cohort.tiers\]"):
        policy(indicators=SCORE_ONLY, tiers="", tail=SURCHARGE.format(12))


def test_the_method_sheet_says_steps_count_and_source() -> None:
    rules = policy(indicators=SCORE_ONLY, tiers=CUTS, tail=SURCHARGE.format(12) + OTHER)
    assert rules.surcharge is not None
    words = said(rules.surcharge, rules)
    assert "第1年0.05元、第2年0.1元、第3年及以后0.15元；差别电价0.1元(未整改能耗事项大于0)" in words
    assert "连续12个评价期计为一年" in words
    assert "依据：济南日报 2022-03-03。" in words
