"""Thresholds are found in the policy's own expressions, whatever their form."""

import pytest
from builders.profiles import policy

from efficiency.policy.load import load_policy
from efficiency.policy.thresholds import thresholds


def found(when: str) -> list[tuple[str, float, bool]]:
    """Figure, constant and its side of each threshold of an adjustment."""
    tail = f'[[adjustment]]\nwhen = "{when}"\npoints = 1\nlabel = "加分"'
    return [(one.expression, one.value, one.belongs_above) for one in thresholds(policy(tail=tail))]


@pytest.mark.parametrize(
    ("when", "threshold"),
    [
        ("land >= 3", ("land", 3.0, True)),
        ("land > 3", ("land", 3.0, False)),
        ("land < 3", ("land", 3.0, True)),
        ("land <= 3", ("land", 3.0, False)),
        ("3 <= land", ("land", 3.0, True)),
        ("3 > land", ("land", 3.0, True)),
        ("COALESCE(land, 3) >= 3", ("land", 3.0, True)),
        ("NOT (land < 3)", ("land", 3.0, True)),
        ("months_since_commissioned > -1", ("months_since_commissioned", -1.0, False)),
        ("tax / land > 5.5", ("tax / land", 5.5, False)),
    ],
)
def test_a_comparison_with_a_constant_is_a_threshold(when: str, threshold: tuple[str, float, bool]) -> None:
    assert found(when) == [threshold]


def test_between_has_two_thresholds() -> None:
    assert found("land BETWEEN 3 AND 10") == [("land", 3.0, True), ("land", 10.0, False)]


@pytest.mark.parametrize(
    "when", ["utility", "scale = '规上'", "tax > land", "land = 3", "name LIKE '%3%'", "name > 'a'"]
)
def test_what_has_no_below_and_above_is_no_threshold(when: str) -> None:
    assert found(when) == []


def test_conditions_joined_by_and_say_for_whom_it_decides() -> None:
    when = "scale = '规下' AND (land >= 3 OR land_idle > 1) AND utility"
    tail = f'[[adjustment]]\nwhen = "{when}"\npoints = 1\nlabel = "加分"'
    decided = thresholds(policy(tail=tail))
    assert [one.given for one in decided] == [("scale = '规下'", "utility")] * 2


def test_one_threshold_of_several_rules_names_them_all() -> None:
    tail = "".join(f'[[adjustment]]\nwhen = "land >= 3"\npoints = 1\nlabel = "{label}"\n' for label in ("甲", "乙"))
    (threshold,) = thresholds(policy(tail=tail))
    assert threshold.rules == ("加减分：甲", "加减分：乙")


def test_the_built_in_policy_has_its_scope_protection_and_lists() -> None:
    conditions = {one.condition for one in thresholds(load_policy("zibo-jkq"))}
    assert {"land >= 3", "months_since_commissioned >= 24", "d_streak >= 6", "land >= 10"} <= conditions
