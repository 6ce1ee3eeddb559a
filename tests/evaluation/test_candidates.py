"""Lists: the first entry that fits, one list each, the reason with its figures, and a stable order."""

import polars as pl
import pytest
from builders.profiles import SCORE_ONLY, TIERS, code, policy, profile, scored

from efficiency.evaluation.evaluate import evaluate
from efficiency.evaluation.lists import select
from efficiency.policy.load import load_policy


def entry(name: str, when: str, reason: str = "理由", more: str = "") -> str:
    return f'[[candidate]]\nlist = "{name}"\ntitle = "{name}"\nwhen = "{when}"\nreason = "{reason}"\n{more}\n'


def lists(frame: pl.DataFrame, tail: str) -> pl.DataFrame:
    rules = policy(indicators=SCORE_ONLY, tail=tail)
    return select(evaluate(frame, rules), rules)


def test_the_first_entry_that_fits_takes_the_enterprise_and_no_other_does() -> None:
    found = lists(
        scored([1.0, 50.0, 90.0]),
        entry("shutdown", "score < 10") + entry("upgrade", "score < 60") + entry("rest", "TRUE"),
    )
    assert found.select("list", "uscc").rows() == [("shutdown", code(0)), ("upgrade", code(1)), ("rest", code(2))]


def test_the_worst_come_first_but_the_best_head_the_partners() -> None:
    frame = scored([5.0, 1.0, 9.0, 1.0])
    assert lists(frame, entry("upgrade", "TRUE"))["uscc"].to_list() == [code(1), code(3), code(0), code(2)]
    assert lists(frame, entry("partner", "TRUE"))["uscc"].to_list() == [code(2), code(0), code(1), code(3)]
    assert lists(frame, entry("upgrade", "TRUE", more='order = "best"'))["priority"].to_list() == [1, 2, 3, 4]


def test_two_entries_of_one_list_share_one_order() -> None:
    found = lists(scored([5.0, 1.0, 9.0]), entry("a", "score > 8") + entry("b", "score > 4") + entry("a", "TRUE"))
    assert found.select("list", "uscc", "priority").rows() == [("a", code(1), 1), ("a", code(2), 2), ("b", code(0), 1)]


def test_two_entries_of_one_list_share_its_title() -> None:
    second = entry("a", "TRUE").replace('title = "a"', 'title = "另一名称"')
    assert lists(scored([5.0, 9.0]), entry("a", "score > 8") + second)["title"].to_list() == ["a", "a"]


def test_who_has_no_score_comes_last_and_who_has_no_cohort_not_at_all() -> None:
    frame = profile({"tax": 1.0}, {"tax": 9.0, "land": 1.0}, {"scale": "规下"})
    assert lists(frame, entry("upgrade", "TRUE"))["uscc"].to_list() == [code(1), code(0)]


def test_a_condition_that_is_null_puts_nobody_on_a_list() -> None:
    assert lists(scored([1.0]), entry("upgrade", "investment > 1 OR tech_level = '高'")).is_empty()


def test_a_policy_without_lists_gives_an_empty_frame_of_the_same_shape() -> None:
    assert lists(scored([1.0]), "").schema == lists(scored([1.0]), entry("upgrade", "TRUE")).schema


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("land", 12.0, "12"), ("land", 12.346, "12.35"), ("land", 1234567.5, "1234567.5"), ("land", -0.001, "0"),
        ("investment", None, "无数据"), ("open_incidents", 3, "3"),
        ("utility", True, "是"), ("utility", None, "无数据"),
        ("energy_level", "below", "低于基准水平"), ("energy_level", None, "无数据"), ("willingness", "弱", "弱"),
    ],
)  # fmt: skip
def test_the_reason_writes_figures_as_a_reader_does(column: str, value: object, text: str) -> None:
    frame = profile({"tax": 1.0, "land": 1.0, column: value})
    assert lists(frame, entry("upgrade", "TRUE", f"甲{{{column}}}乙"))["reason"].to_list() == [f"甲{text}乙"]


@pytest.mark.parametrize(("score", "told"), [(49.997, "49.997"), (49.99, "49.99"), (49.9999996, "50"), (20.0, "20")])
def test_a_figure_in_a_reason_never_looks_as_if_the_rule_did_not_hold(score: float, told: str) -> None:
    assert lists(scored([score]), entry("upgrade", "score <= 50", "得分{score}"))["reason"].item() == f"得分{told}"


def test_a_score_in_a_reason_never_looks_better_than_its_tier() -> None:
    cuts = TIERS.replace("rank", "score").replace("0.20", "90").replace("0.75", "60").replace("0.95", "30")
    rules = policy(indicators=SCORE_ONLY, tiers=cuts, tail=entry("upgrade", "tier = 'C'", "{tier}类,得分{score}"))
    assert select(evaluate(scored([59.996]), rules), rules)["reason"].item() == "C类,得分59.996"


def test_the_streak_and_the_value_of_an_indicator_can_be_told() -> None:
    frame = profile({"tax": 1.5, "land": 2.0, "d_streak_before": 1})
    assert lists(frame, entry("shutdown", "d_streak >= 2", "连续{d_streak}期,{value_tax_per_mu}"))[
        "reason"
    ].to_list() == ["连续2期,0.75"]


def test_the_default_lists_send_each_kind_of_enterprise_where_the_funnel_says() -> None:
    common: dict[str, object] = {"land": 20.0, "revenue": 100.0, "energy": 10.0, "emissions": 1.0}
    rows = [{**common, "tax": 100.0 + i} for i in range(40)]
    rows += [
        {**common, "tax": 1.0, "d_streak_before": 5, "willingness": "弱"},
        {**common, "tax": 2.0, "d_streak_before": 5, "willingness": "强"},
        {**common, "tax": 130.0, "incidents_phaseout": 1, "open_incidents": 1},
        {**common, "tax": 3.0, "tech_level": "高", "willingness": "强"},
        {**common, "tax": 120.0, "energy_level": "below"},
        {**common, "tax": 1.5, "d_streak_before": 4, "willingness": "弱"},
    ]
    rules = load_policy("zibo-jkq")
    found: dict[str, str] = dict(select(evaluate(profile(*rows), rules), rules).select("uscc", "list").rows())
    assert [found[code(i)] for i in range(40, 46)] == [
        "shutdown", "merger", "shutdown", "partner", "upgrade", "merger",
    ]  # fmt: skip
