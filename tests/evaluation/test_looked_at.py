"""A verification keeps the values that it looked at, so that a tick can be judged without looking elsewhere."""

from builders.profiles import SCORE_ONLY, code, policy, profile

from efficiency.evaluation.evaluate import evaluate
from efficiency.evaluation.lists import select, verifications

TAIL = """
[[candidate]]
list = "shutdown"
title = "关停"
when = "TRUE"
reason = "理由"
[[verification]]
lists = ["shutdown"]
when = "visited AND tech_level = '低' AND land < 7.35"
label = "查看"
[[verification]]
lists = ["shutdown"]
when = "TRUE"
label = "恒真"
"""


def test_a_verification_keeps_the_values_that_it_looked_at() -> None:
    rules = policy(indicators=SCORE_ONLY, tail=TAIL)
    seen = {"tax": 1.0, "land": 7.3499, "tech_level": "低", "visited": True}
    evaluation = evaluate(profile(seen, {"tax": 2.0, "land": 3.0}), rules)
    rows = verifications(evaluation, rules, select(evaluation, rules)).filter(label="查看").sort("uscc")
    assert rows["uscc"].to_list() == [code(0), code(1)]
    assert rows["columns"].to_list() == ["land、tech_level、visited"] * 2
    # With two decimals the first would look as if it were not below what it is compared with.
    assert rows["looked_at"].to_list() == ["7.3499；低；是", "3；未掌握；否"]
    assert rows["passed"].to_list() == [True, False]


def test_a_verification_that_looks_at_nothing_has_no_values() -> None:
    rules = policy(indicators=SCORE_ONLY, tail=TAIL)
    evaluation = evaluate(profile({"tax": 1.0, "land": 3.0}), rules)
    rows = verifications(evaluation, rules, select(evaluation, rules)).filter(label="恒真")
    assert rows["looked_at"].to_list() == [None]
