"""Lists: the first entry that fits, one list each, the reason with its figures, and a stable order."""

from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest
from builders.examples import examples
from builders.profiles import SCORE_ONLY, TIERS, code, policy, profile, scored
from hypothesis import given
from hypothesis import strategies as st

from efficiency.evaluation.evaluate import evaluate
from efficiency.evaluation.lists import select, verifications
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


def zone(*rows: Mapping[str, object]) -> dict[str, dict[str, Any]]:
    """Code → row of the lists of zibo-jkq, for `rows` after forty good enterprises."""
    common: dict[str, object] = {"land": 20.0, "revenue": 100.0, "energy": 10.0, "emissions": 1.0}
    good = [{**common, "tax": 100.0 + i} for i in range(40)]
    rules = load_policy("zibo-jkq")
    # In so small a zone hardly a tier is firm where figures have an error.
    rules = rules.model_copy(update={"robustness": rules.robustness.model_copy(update={"data_sd": 0.0})})
    found = select(evaluate(profile(*good, *({**common, **row} for row in rows)), rules), rules)
    return {row["uscc"]: row for row in found.to_dicts()}


KNOWN = {"visited": True, "tech_level": "低", "willingness": "弱"}
PERSISTENT = {"tax": 1.0, "d_streak_before": 5}


def test_the_default_lists_send_each_kind_of_enterprise_where_the_funnel_says() -> None:
    found = zone(
        {**PERSISTENT, **KNOWN},
        {**PERSISTENT, **KNOWN, "tax": 2.0, "willingness": "强"},
        {
            "tax": 130.0,
            "incidents_phaseout": 1,
            "open_incidents": 1,
            "phaseout_items": "2026-03-01认定(甲号)",
        },
        {**KNOWN, "tax": 3.0, "tech_level": "高", "willingness": "强"},
        {"tax": 120.0, "energy_level": "below"},
        {**PERSISTENT, **KNOWN, "tax": 1.5, "d_streak_before": 4},
        {"tax": 125.0, "incidents_phaseout": 1, "open_incidents": 1, "phaseout_overdue": 1, **KNOWN},
        {**KNOWN, "tax": 1.2, "months_without_revenue": 7, "months_without_electricity": 6},
    )
    lists = [found[code(i)]["list"] for i in range(40, 48)]
    assert lists == ["shutdown", "merger", "phaseout", "partner", "upgrade", "merger", "shutdown", "shutdown"]
    assert found[code(42)]["reason"] == "未完成的淘汰类事项1项：2026-03-01认定(甲号)"
    assert found[code(47)]["reason"].startswith("连续7个月无营业收入、6个月无用电")


@pytest.mark.parametrize(
    ("unknown", "lacking"),
    [
        ("visited", "已走访"),
        ("tech_level", "科技含量已核实为低"),
        ("willingness", "发展意愿已核实为弱"),
    ],
)
def test_who_is_not_known_well_enough_is_verified_and_not_shut(unknown: str, lacking: str) -> None:
    row = zone({**PERSISTENT, **KNOWN, unknown: False if unknown == "visited" else None})[code(40)]
    assert (row["list"], row["would_be"], row["missing"], row["title"]) == ("verify", "shutdown", lacking, "待核实")


def test_an_open_objection_holds_the_verdict_back() -> None:
    row = zone({**PERSISTENT, **KNOWN, "open_objection": True})[code(40)]
    assert (row["list"], row["missing"]) == ("verify", "无待审批的申诉")


@pytest.mark.parametrize("why", ["newly_above_scale", "under_construction"])
def test_a_protected_enterprise_is_on_no_negative_list(why: str) -> None:
    worst = {
        **PERSISTENT,
        **KNOWN,
        "energy_level": "below",
        "months_without_revenue": 24,
        "months_without_electricity": 24,
    }
    assert code(40) not in zone({**worst, why: True})
    assert zone({**worst, why: True, "open_incidents": 1})[code(40)]["list"] == "shutdown"


@examples(short=6, long=150)
@given(
    row=st.fixed_dictionaries(
        {
            "tax": st.sampled_from([None, 0.0, 1.0, 90.0, 130.0]),
            "revenue": st.sampled_from([None, 0.0, 1.0, 100.0]),
            "energy": st.sampled_from([None, 10.0, 900.0]),
            "d_streak_before": st.integers(0, 9),
            "energy_level": st.sampled_from([None, "below", "standard"]),
            "tech_level": st.sampled_from([None, "低", "中", "高"]),
            "willingness": st.sampled_from([None, "弱", "中", "强"]),
            "visited": st.booleans(),
            "months_without_revenue": st.sampled_from([None, 0, 12]),
            "months_without_electricity": st.sampled_from([None, 0, 12]),
            "newly_above_scale": st.booleans(),
        }
    )
)
def test_no_verdict_claims_more_than_is_known(row: dict[str, object]) -> None:
    listed = zone(row).get(code(40), {})
    if row["newly_above_scale"]:
        assert listed.get("would_be") is None
        assert listed.get("list") in (None, "partner")
    if listed.get("list") in ("shutdown", "merger"):
        assert row["visited"]
    if listed.get("list") == "shutdown":
        assert (row["tech_level"], row["willingness"]) == ("低", "弱")
    # What is not known never puts anybody onto a list to shut.
    for name in ("tech_level", "willingness", "visited"):
        unknown = {**row, name: False if name == "visited" else None}
        assert zone(unknown).get(code(40), {}).get("list") != "shutdown"


VERIFIED = """
[[verification]]
lists = ["shutdown"]
when = "tier_confidence >= 2"
label = "等级稳健"
[[verification]]
lists = ["shutdown", "merger"]
when = "visited"
label = "已走访"
"""


def test_each_verification_of_a_candidate_is_ticked_or_not() -> None:
    frame = profile({"tax": 1.0, "land": 1.0, "visited": True}, {"tax": 9.0, "land": 1.0})
    rules = policy(indicators=SCORE_ONLY, tail=entry("shutdown", "score < 5") + entry("merger", "TRUE") + VERIFIED)
    evaluation = evaluate(frame, rules)
    listed = select(evaluation, rules)
    assert listed.select("uscc", "list", "would_be", "missing").rows() == [
        (code(0), "verify", "shutdown", "等级稳健"),
        (code(1), "verify", "merger", "已走访"),
    ]
    assert verifications(evaluation, rules, listed).select("uscc", "list", "label", "passed", "columns").rows() == [
        (code(0), "shutdown", "等级稳健", False, "tier_confidence"),
        (code(0), "shutdown", "已走访", True, "visited"),
        (code(1), "merger", "已走访", False, "visited"),
    ]


def test_what_the_policy_does_not_compute_is_no_failed_tick() -> None:
    frame = profile({"tax": 1.0, "land": 1.0, "visited": True})
    tail = entry("shutdown", "TRUE") + VERIFIED.replace('"shutdown", "merger"', '"shutdown"')
    rules = policy(indicators=SCORE_ONLY, tail=tail + "[robustness]\ndraws = 0\n")
    evaluation = evaluate(frame, rules)
    listed = select(evaluation, rules)
    assert listed["list"].to_list() == ["shutdown"]
    assert verifications(evaluation, rules, listed)["passed"].to_list() == [None, True]


def test_a_list_that_proposes_nothing_bad_takes_protected_enterprises_too() -> None:
    protects = '[[override]]\nwhen = "newly_above_scale"\nprotects = true\nlabel = "新升规"\n'
    frame = profile({"tax": 1.0, "land": 1.0, "newly_above_scale": True})
    for proposes, taken in (("close", False), ("merge", False), ("renovate", False), ("support", True)):
        tail = protects + entry("own", "TRUE", more=f'proposes = "{proposes}"')
        assert (lists(frame, tail).height == 1) is taken
    assert lists(frame, protects + entry("own", "TRUE")).height == 1
    assert lists(frame, protects + entry("upgrade", "TRUE") + entry("own", "TRUE"))["list"].to_list() == ["own"]


def test_the_reason_names_the_veto_before_the_tier() -> None:
    veto = '[[override]]\nwhen = "open_incidents > 0"\nat_most = "C"\nlabel = "一票否决"\n'
    frame = profile(
        {"tax": 9.0, "land": 1.0, "open_incidents": 1, "incident_documents": "2026-08-12环保(淄环罚〔2026〕12号)"},
        *({"tax": float(i), "land": 1.0} for i in range(4)),
    )
    found = lists(frame, veto + entry("upgrade", "tier = 'C'", "综合等级{tier}"))
    assert found.filter(uscc=code(0))["reason"].item() == (
        "一票否决(由A类调为C类，未整改：2026-08-12环保(淄环罚〔2026〕12号))：综合等级C"
    )
    assert (
        found.filter(uscc=code(1))["reason"].is_empty() or "一票否决" not in found.filter(uscc=code(1))["reason"].item()
    )


def test_the_reason_names_the_incident_that_lets_a_protected_enterprise_onto_a_list() -> None:
    rules = '[[override]]\nwhen = "newly_above_scale"\nat_least = "C"\nprotects = true\nlabel = "新升规保护"\n'
    rules += '[[override]]\nwhen = "open_incidents > 0"\nat_most = "C"\nlabel = "一票否决"\n'
    row = {"tax": 1.0, "land": 1.0, "newly_above_scale": True}
    other = [{"tax": 9.0 + i, "land": 1.0} for i in range(19)]
    incident = {"open_incidents": 1, "incident_documents": "2026-08-12安全(甲号)"}
    entries = entry("merger", "tier = 'C'", "用地{land}亩")
    assert lists(profile(row, *other), rules + entries).filter(uscc=code(0)).is_empty()
    found = lists(profile({**row, **incident}, *other), rules + entries).filter(uscc=code(0))["reason"].item()
    assert found == "新升规保护(由D类调为C类)：存在未整改事项：2026-08-12安全(甲号)；用地1亩"
    # What the override did not move is named too.
    plain = lists(profile({"tax": 1.0, "land": 1.0, **incident}, *other), rules + entry("merger", "tier = 'D'", "理由"))
    assert plain["reason"].item() == "存在未整改事项：2026-08-12安全(甲号)；理由"


def test_who_is_in_c_for_a_veto_alone_is_not_told_to_renovate() -> None:
    assert code(40) not in zone({"tax": 150.0, "revenue": 300.0, "open_incidents": 1})


@pytest.mark.parametrize(
    ("revenue", "listed"), [(0.0, ("verify", "在产(本期营业收入不为零)")), (1.0, ("merger", None))]
)
def test_who_sells_nothing_is_looked_at_first(revenue: float, listed: tuple[str, str | None]) -> None:
    row = zone({**KNOWN, "tax": 1.0, "willingness": "强", "revenue": revenue})[code(40)]
    assert (row["list"], row["missing"]) == listed


def test_an_enterprise_without_a_tier_is_never_called_a_tier() -> None:
    frame = profile({"land": 1.0, "energy_level": "below"})
    found = lists(frame, entry("upgrade", "energy_level = 'below'", "综合等级{tier}，科技含量{tech_level}"))
    assert found["reason"].item() == "综合等级未评定，科技含量未掌握"
