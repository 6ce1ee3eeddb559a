"""What it would take is said in changes that an official can ask for: nobody is told to earn or invest less."""

import pytest
from builders.profiles import indicator, policy, profile

from efficiency.evaluation.evaluate import evaluate
from efficiency.evaluation.targets import what_it_takes


@pytest.mark.parametrize(
    ("top", "bottom", "better", "figures", "offered"),
    [
        ("tax", "land", "higher", (5.0, 1.0), (5.0, -0.5)),
        ("rd_expense", "revenue", "higher", (5.0, 1.0), (5.0, None)),
        ("energy", "revenue", "lower", (20.0, 1.0), (-10.0, 1.0)),
        ("energy", "land", "lower", (20.0, 1.0), (-10.0, None)),
        ("revenue - tax", "land", "higher", (5.0, 1.0), (None, -0.5)),
    ],
)
def test_only_changes_for_the_better_are_offered(
    top: str, bottom: str, better: str, figures: tuple[float, float], offered: tuple[float | None, float | None]
) -> None:
    rules = policy(indicators=indicator("one", top, bottom, better=better))
    names = ("revenue", "tax") if top == "revenue - tax" else (top,)
    row = {**dict.fromkeys(names, 0.0), names[0]: figures[0], bottom: figures[1]}
    found = evaluate(profile(row), rules)
    took = what_it_takes(found.indicators, rules.cohort[0], found.scores.row(0, named=True), 100.0, {"one": ()}).row(
        0, named=True
    )
    assert took["reachable"]
    assert (took["numerator_change"], took["denominator_change"]) == offered
