"""What it would take is said in changes that an official can ask for: nobody is told to earn or invest less."""

import pytest
from builders.profiles import code, indicator, policy, profile

from efficiency.evaluation.evaluate import evaluate
from efficiency.evaluation.targets import Search, supposing, what_it_takes

CUTS = '  [cohort.tiers]\n  by = "score"\n  cuts = { A = 100, B = 80, C = 60 }\n'


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
    rules = policy(indicators=indicator("one", top, bottom, better=better), tiers=CUTS)
    names = ("revenue", "tax") if top == "revenue - tax" else (top,)
    frame = profile({**dict.fromkeys(names, 0.0), names[0]: figures[0], bottom: figures[1]})
    base = supposing(frame, rules, rules.cohort[0])
    assert base is not None
    took = what_it_takes(evaluate(frame, rules).indicators, Search(base, {code(0): "A"}), {}).row(0, named=True)
    assert took["reachable"]
    assert (took["numerator_change"], took["denominator_change"]) == offered
