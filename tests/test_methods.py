"""The built-in policies compute what their sources publish, and claim no more than their sources."""

import pytest
from profiles import profile

from efficiency.evaluation.evaluate import evaluate
from efficiency.policy.load import builtin_policies, builtin_text, load_policy

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
def test_worked_examples_of_the_published_methods(policy, rows, expected):
    found = evaluate(profile(*rows), load_policy(policy)).scores
    assert found["score"][0] == pytest.approx(expected, abs=5e-5)


def test_huangyan_2022_gives_the_average_score_where_discharge_is_missing():
    found = evaluate(profile(HUANGYAN, {**HUANGYAN, "emissions": None}), load_policy("huangyan-fy2022")).scores
    assert found["score"][1] == pytest.approx(found["score"][0])


def test_methods_without_published_cuts_give_scores_and_ranks_only():
    for name in ("huangyan-fy2022", "huangyan-fy2021", "linhai-2014"):
        assert all(cohort.tiers is None for cohort in load_policy(name).cohort)


def test_linhai_divides_at_three_mu():
    found = evaluate(profile({**LINHAI, "land": 3.0}, {**LINHAI, "land": 2.99}, {}), load_policy("linhai-2014")).scores
    assert found["cohort"].to_list() == ["ge_3mu", "lt_3mu", None]


def test_huaian_puts_suppliers_and_the_newly_started_apart():
    rows = [{"utility": True}, {"months_since_commissioned": 23}, {"months_since_commissioned": 24}]
    assert evaluate(profile(*rows), load_policy("huaian-2024")).scores["status"].to_list() == [
        "excluded",
        "excluded",
        "insufficient",
    ]


def judged(**changed) -> dict:
    """The last of forty enterprises under the default policy, which is D unless protected."""
    rows = [{"tax": 10.0 + i, "land": 5.0, "revenue": 100.0, "energy": 10.0} for i in range(39)]
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
def test_the_default_policy_protects_the_new_and_vetoes_open_incidents(changed, tier):
    assert judged(**changed)["tier"] == tier


def test_the_default_policy_compares_within_the_industry_division():
    rows = [{"tax": 10.0, "land": 1.0, "revenue": 100.0, "energy": 1.0, "industry_division": "13"} for _ in range(5)]
    rows += [{"tax": 1.0, "land": 1.0, "revenue": 10.0, "energy": 1.0, "industry_division": "30"} for _ in range(5)]
    assert set(evaluate(profile(*rows), load_policy("zibo-jkq")).scores["land_score"]) == {100.0}


def test_below_scale_takes_part_from_three_mu_and_unknown_land_is_no_reason_to_be_out():
    rows = [{"scale": "规下", "land": land} for land in (2.9, 3.0, None)]
    assert evaluate(profile(*rows), load_policy("zibo-jkq")).scores["status"].to_list() == [
        "out_of_scope",
        "insufficient",
        "insufficient",
    ]


def test_every_built_in_policy_names_its_source_and_the_default_claims_nothing_official():
    for name, title in builtin_policies():
        assert load_policy(name).source
        assert builtin_text(name).startswith("#")
        assert title
    assert "非官方" in load_policy("zibo-jkq").title
    assert "NOT AN OFFICIAL METHOD" in builtin_text("zibo-jkq")


@pytest.mark.parametrize("name", ["huangyan-fy2022", "huangyan-fy2021"])
def test_the_unknown_electricity_factor_is_said_to_be_unknown(name):
    line = next(line for line in builtin_text(name).splitlines() if line.startswith("equivalent_kgce_per_kwh"))
    assert "UNVERIFIED" in line
