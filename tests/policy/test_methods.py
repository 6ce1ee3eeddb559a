"""The built-in policies compute what their sources publish, and claim no more than their sources."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from builders.profiles import profile

from efficiency.evaluation.evaluate import evaluate
from efficiency.policy.load import builtin_policies, builtin_text, load_policy

Row = Mapping[str, object]
HUANGYAN = {
    "tax": 20.0, "land": 1.0, "value_added": 100.0, "energy": 100 / 3.0, "emissions": 100 / 5000, "employees": 100 / 20,
    "rd_expense": 0.025, "revenue": 1.0,
}  # fmt: skip
AT_BENCHMARK = {
    "tax": 24.097, "land": 1.0, "value_added": 136.16, "energy": 136.16 / 2.694, "emissions": 136.16 / 4929.81,
    "employees": 136.16 / 18.14, "rd_expense": 0.0302, "revenue": 1.0,
}  # fmt: skip
LINHAI = {
    "tax": 12.0, "land": 1.0, "revenue": 240.0, "value_added": 100.0, "energy": 100 / 2.4, "cod": 100 / 500,
    "water": 100 / 0.05, "employees": 100 / 12,
}  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "rows", "expected"),
    [
        ("huangyan-fy2022", [AT_BENCHMARK], 100.0),
        ("huangyan-fy2022", [HUANGYAN], 91.3056),
        ("huangyan-fy2021", [HUANGYAN], 91.7545),
        ("linhai-2014", [{**LINHAI, "land": 10.0, "tax": 120.0, "revenue": 2400.0}], 81.5),
        ("linhai-2014", [{"tax": 15.0, "land": 1.0, "revenue": 300.0, "electricity": 7.5}], 100.0),
        ("huangyan-fy2022", [{"scale": "规下", "tax": 11.5932, "land": 1.0, "electricity": 11.5932 / 0.2352}], 100.0),
        ("huaian-2024", [{"tax": 9.0, "land": 2.0, "revenue": 90.0, "energy": 3.0}], 50.0),
    ],
)
def test_published_methods_give_their_own_worked_examples(policy: str, rows: list[Row], expected: float) -> None:
    found = evaluate(profile(*rows), load_policy(policy)).scores
    assert found["score"][0] == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("policy", "row", "items"),
    [
        ("huangyan-fy2022", HUANGYAN, [24.8994, 14.6886, 22.2717, 10.1424, 11.0254, 8.2781]),
        ("huangyan-fy2021", HUANGYAN, [23.0681, 15.1206, 23.6220, 10.2858, 11.4613, 8.1967]),
        ("linhai-2014", {**LINHAI, "land": 10.0, "tax": 120.0, "revenue": 2400.0}, [32.0, 8.0, 16.0, 15.0, 2.5, 8.0]),
    ],
)
def test_every_item_of_a_worked_example_is_as_computed_by_hand(policy: str, row: Row, items: list[float]) -> None:
    found = evaluate(profile(row), load_policy(policy)).indicators
    assert found["score"].to_list() == pytest.approx(items, abs=5e-5)


def test_huangyan_2022_gives_the_average_score_where_discharge_is_missing() -> None:
    found = evaluate(profile(HUANGYAN, {**HUANGYAN, "emissions": None}), load_policy("huangyan-fy2022")).scores
    assert found["score"][1] == pytest.approx(found["score"][0])


def test_huangyan_2021_states_no_such_rule_and_gives_no_score() -> None:
    found = evaluate(profile(HUANGYAN, {**HUANGYAN, "emissions": None}), load_policy("huangyan-fy2021")).scores
    assert found["status"].to_list() == ["ranked", "insufficient"]


FULL = {
    "tax": 10.0, "land": 10.0, "revenue": 100.0, "value_added": 30.0, "energy": 20.0, "rd_expense": 3.0,
    "employees": 50.0, "emissions": 2.0, "months_since_commissioned": 100,
}  # fmt: skip


def test_jingde_gives_a_fifth_at_the_minimum_three_fifths_halfway_and_all_at_the_maximum() -> None:
    rows = [{**FULL, "scale": "规下", "tax": tax} for tax in (20.0, 60.0, 100.0)]
    found = evaluate(profile(*rows), load_policy("jingde-2022"))
    assert found.scores["score"].to_list() == [20.0, 60.0, 100.0]
    assert found.warnings == []


def test_jingde_cannot_score_an_item_in_which_all_are_equal_and_says_so() -> None:
    found = evaluate(profile(FULL, {**FULL, "tax": 20.0}), load_policy("jingde-2022"))
    assert found.scores["score"].to_list() == [20.0, 100.0]  # 亩均税收 alone tells them apart and takes all the weight
    assert sum("最大值等于最小值" in line for line in found.warnings) == 4


def test_jingde_leaves_utilities_out_and_takes_small_enterprises_from_five_mu() -> None:
    rows: list[Row] = [
        {**FULL, "utility": True},
        {**FULL, "scale": "规下", "land": 4.99},
        {**FULL, "scale": "规下", "land": 5.0},
    ]
    found = evaluate(profile(*rows), load_policy("jingde-2022")).scores
    assert found["status"].to_list()[:2] == ["excluded", "out_of_scope"]
    assert found["cohort"].to_list() == [None, None, "below_scale"]


@pytest.mark.parametrize(
    ("policy", "counts"),
    [("anhui-city", (25, 45, 25, 5)), ("changle-2023", (20, 55, 20, 5)), ("huaian-2024", (20, 40, 35, 5))],
)
def test_a_hundred_enterprises_fall_into_the_published_shares(policy: str, counts: tuple[int, int, int, int]) -> None:
    rows = [{**FULL, "tax": 1.0 + i} for i in range(100)]
    tiers = evaluate(profile(*rows), load_policy(policy)).scores["tier"].to_list()
    assert tuple(tiers.count(tier) for tier in "ABCD") == counts


@pytest.mark.parametrize(("scale", "counts"), [("规上", (55, 97, 99, 14)), ("规下", (20, 40, 35, 5))])
def test_jining_gives_its_published_numbers_again(scale: str, counts: tuple[int, int, int, int]) -> None:
    utilities = [{**FULL, "scale": scale, "utility": True}] * (10 if scale == "规上" else 0)
    rows = [{**FULL, "scale": scale, "tax": 1.0 + i} for i in range(sum(counts))]
    tiers = evaluate(profile(*rows, *utilities), load_policy("jining-gxq-fy2023")).scores["tier"].to_list()
    assert tuple(tiers.count(tier) for tier in "ABCD") == counts
    assert tiers.count(None) == len(utilities)


@pytest.mark.parametrize(("policy", "average"), [("anhui-city", 100.0), ("wujin-draft", 100.0), ("sichuan-2020", 70.0)])
def test_who_is_average_earns_the_published_weights(policy: str, average: float) -> None:
    found = evaluate(profile(FULL, FULL), load_policy(policy)).scores
    assert found["score"].to_list() == pytest.approx([average, average])


@pytest.mark.parametrize(
    ("changed", "cohort"),
    [
        ({"scale": "规上", "land": 0.5}, "above_scale"),
        ({"land": 5.0}, "below_scale"),
        ({"land": 4.99}, None),
        ({"land": 4.5, "land_leased_in": 4.5, "months_since_commissioned": 48}, "below_scale"),  # 3000 m²
        ({"land": 4.5, "land_leased_in": 4.49, "months_since_commissioned": 48}, None),
        ({"land": 4.5, "land_leased_in": 4.5, "months_since_commissioned": 47}, None),
    ],
)
def test_the_anhui_city_takes_small_enterprises_by_land_or_as_tenants_of_some_standing(
    changed: Row, cohort: str | None
) -> None:
    row = {**FULL, "scale": "规下", **changed}
    assert evaluate(profile(row), load_policy("anhui-city")).scores["cohort"][0] == cohort


@pytest.mark.parametrize("kind", [{"utility": True}, {"under_construction": True}, {"months_since_commissioned": 23}])
@pytest.mark.parametrize("tax", [0.5, 500.0])
def test_the_anhui_city_manages_as_b_whom_it_gives_no_grade(kind: Row, tax: float) -> None:
    rows = [{**FULL, "tax": 1.0 + i} for i in range(20)]
    found = evaluate(profile(*rows, {**FULL, "tax": tax, **kind}), load_policy("anhui-city")).scores.row(-1, named=True)
    assert (found["status"], found["tier"]) == ("ranked", "B")
    assert found["tier_initial"] == ("D" if tax < 1 else "A")
    assert "不定等级" in found["override_labels"]


@pytest.mark.parametrize(
    ("changed", "tier"),
    [
        ({"tax": 0.5}, "D"),
        ({"tax": 0.5, "newly_above_scale": True}, "C"),
        ({"tax": 0.5, "newly_above_scale": True, "open_incidents": 1}, "D"),
        ({"tax": 500.0}, "A"),
        ({"tax": 500.0, "open_incidents": 1}, "C"),
    ],
)
def test_changle_protects_the_new_unless_vetoed_and_bars_the_vetoed_from_a_and_b(changed: Row, tier: str) -> None:
    rows = [{**FULL, "tax": 1.0 + i} for i in range(39)]
    assert evaluate(profile(*rows, {**FULL, **changed}), load_policy("changle-2023")).scores["tier"][-1] == tier


@pytest.mark.parametrize(("years_before", "surcharge"), [(0, 0.05), (1, 0.10), (2, 0.15), (7, 0.15)])
def test_shandong_charges_by_consecutive_years_in_d(years_before: int, surcharge: float) -> None:
    rows = [{**FULL, "tax": 1.0 + i, "d_streak_before": 1} for i in range(19)]
    last = {**FULL, "tax": 0.5, "d_streak_before": years_before}
    found = evaluate(profile(*rows, last), load_policy("changle-2023")).scores
    assert found["surcharge_yuan_per_kwh"].to_list() == [0.0] * 19 + [surcharge]


def test_what_is_borrowed_from_elsewhere_is_said_in_the_title_that_officials_read() -> None:
    for name in ("jingde-2022", "changle-2023"):
        assert "示例" in load_policy(name).title
        assert "借用" in load_policy(name).source
    assert "是否施行不详" in load_policy("wujin-draft").title


def test_methods_without_published_cuts_give_scores_and_ranks_only() -> None:
    for name in ("huangyan-fy2022", "huangyan-fy2021", "linhai-2014", "jingde-2022", "sichuan-2020", "wujin-draft"):
        assert all(cohort.tiers is None for cohort in load_policy(name).cohort)


def test_linhai_divides_at_three_mu() -> None:
    found = evaluate(profile({**LINHAI, "land": 3.0}, {**LINHAI, "land": 2.99}, {}), load_policy("linhai-2014")).scores
    assert found["cohort"].to_list()[:2] == ["ge_3mu", "lt_3mu"]


WITH_SMALL = [name for name, _ in builtin_policies() if name not in ("sichuan-2020", "wujin-draft")]


@pytest.mark.parametrize("policy", WITH_SMALL)
def test_who_has_not_reported_land_lacks_data_and_is_not_out_of_scope(policy: str) -> None:
    found = evaluate(profile({**FULL, "scale": "规下", "land": None}), load_policy(policy)).scores.row(0, named=True)
    assert found["status"] == "insufficient"
    assert "缺用地面积" in found["status_reason"]


def test_huaian_puts_suppliers_and_the_newly_started_apart() -> None:
    rows: list[Row] = [{"utility": True}, {"months_since_commissioned": 23}, {"months_since_commissioned": 24}]
    assert evaluate(profile(*rows), load_policy("huaian-2024")).scores["status"].to_list() == [
        "excluded",
        "excluded",
        "insufficient",
    ]


def judged(**changed: object) -> dict[str, Any]:
    """The last of forty enterprises under the default policy, which is D unless protected."""
    rows: list[Row] = [{"tax": 10.0 + i, "land": 5.0, "revenue": 100.0, "energy": 10.0} for i in range(39)]
    rows.append({"tax": 1.0, "land": 5.0, "revenue": 100.0, "energy": 10.0, **changed})
    return evaluate(profile(*rows), load_policy("zibo-jkq")).scores.row(-1, named=True)


@pytest.mark.parametrize(
    ("changed", "tier"),
    [
        ({}, "D"),
        ({"newly_above_scale": True}, "C"),
        ({"under_construction": True}, "C"),
        ({"months_since_commissioned": 23}, "C"),
        ({"months_since_commissioned": 24}, "D"),
        ({"newly_above_scale": True, "open_incidents": 1}, "D"),
        ({"tax": 900.0}, "A"),
        ({"tax": 900.0, "open_incidents": 1}, "C"),
    ],
)
def test_the_default_policy_protects_the_new_and_vetoes_open_incidents(changed: Row, tier: str) -> None:
    assert judged(**changed)["tier"] == tier


def test_the_default_policy_compares_within_the_industry_division() -> None:
    rows = [{"tax": 10.0, "land": 1.0, "revenue": 100.0, "energy": 1.0, "industry_division": "13"} for _ in range(5)]
    rows += [{"tax": 1.0, "land": 1.0, "revenue": 10.0, "energy": 1.0, "industry_division": "30"} for _ in range(5)]
    assert set(evaluate(profile(*rows), load_policy("zibo-jkq")).scores["land_score"]) == {100.0}


def test_below_scale_takes_part_from_three_mu_and_unknown_land_is_no_reason_to_be_out() -> None:
    rows = [{"scale": "规下", "land": land} for land in (2.9, 3.0, None)]
    assert evaluate(profile(*rows), load_policy("zibo-jkq")).scores["status"].to_list() == [
        "out_of_scope",
        "insufficient",
        "insufficient",
    ]


def test_every_built_in_policy_names_its_source_and_the_default_claims_nothing_official() -> None:
    for name, title in builtin_policies():
        assert load_policy(name).source
        assert builtin_text(name).startswith("#")
        assert re.search("^# (Source: |From sources)", builtin_text(name), re.MULTILINE), name
        assert re.search("leaves open|own choices", builtin_text(name)), name
        assert title
    assert "非官方" in load_policy("zibo-jkq").title
    assert "NOT AN OFFICIAL METHOD" in builtin_text("zibo-jkq")


@pytest.mark.parametrize("name", ["huangyan-fy2022", "huangyan-fy2021"])
def test_the_unknown_electricity_factor_is_said_to_be_unknown(name: str) -> None:
    line = next(line for line in builtin_text(name).splitlines() if line.startswith("equivalent_kgce_per_kwh"))
    assert "UNVERIFIED" in line
