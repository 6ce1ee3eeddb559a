"""The check-up finds what is planted, finds nothing in chance at more than the stated rate, and judges no few."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from builders.examples import examples
from builders.profiles import code, indicator, policy, profile
from builders.random_policies import policies, rows
from hypothesis import given
from numpy.typing import NDArray

from efficiency.evaluation.checkup import FACTS_READ, LEVEL, SHOWN_DECIMALS, CheckUp, around, check_up, groups
from efficiency.evaluation.evaluate import evaluate
from efficiency.policy.model import Policy
from efficiency.reports.checkup import check_up_as_dict, check_up_as_text, sections
from schemas import FACTS

PERIOD = "2026-10"
RNG = np.random.default_rng
TWO = indicator("heavy", "tax", "land", 80) + indicator("light", "revenue", "energy", 20)
ONE = indicator(benchmark="{ fixed = 100.0 }")
BY_SCORE = '[cohort.tiers]\nby = "score"\ncuts = { A = 90, B = 75, C = 60 }'


def facts(**rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The tables of facts, empty but for `rows` by the name of the table."""
    empty = {table.qualified: table.empty() for table in FACTS.values() if table.qualified in FACTS_READ}
    return {**empty, **{f"facts.{name}": frame for name, frame in rows.items()}}


def register(*commissioned: date | None, towns: tuple[str, ...] = ()) -> pl.DataFrame:
    """facts.enterprises of as many enterprises, in order of code."""
    table = next(table for table in FACTS.values() if table.qualified == "facts.enterprises")
    rows = [
        {**dict.fromkeys(table.names), "uscc": code(i), "name": f"企业{i}", "commissioned": day, "submission_id": "s",
         "sheet": "x", "row": i, "block": 0, "superseded": False}
        for i, day in enumerate(commissioned)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=table.polars_schema)


def land(*rows: tuple[int, float, float, float, str]) -> pl.DataFrame:
    """facts.land: number of the enterprise, owned, leased in, leased out, date."""
    table = next(table for table in FACTS.values() if table.qualified == "facts.land")
    full = [
        {**dict.fromkeys(table.names), "uscc": code(i), "owned": owned, "leased_in": leased_in,
         "leased_out": leased_out, "as_of": date.fromisoformat(day), "submission_id": f"s{day}", "sheet": "x", "row": i,
         "block": 0, "superseded": False}
        for i, owned, leased_in, leased_out, day in rows
    ]  # fmt: skip
    return pl.DataFrame(full, schema=table.polars_schema)


def checked(rows: pl.DataFrame, by: Policy, **tables: pl.DataFrame) -> CheckUp:
    """The check-up of `rows` evaluated by a policy."""
    judged = evaluate(rows, by)
    own = [
        pl.lit(value).alias(name) for name, value in (("evaluation_id", "e"), ("period", PERIOD), ("policy_id", by.id))
    ]
    scores, items = judged.scores.select(*own, pl.all()), judged.indicators.select(*own, pl.all())
    return check_up(by, PERIOD, scores, items, facts(**tables))


def told(found: CheckUp, by: Policy, section: str) -> str:
    """All sentences of one section."""
    return "".join(next(one for one in sections(found, by) if one.id == section).sentences)


def enterprises(count: int, seed: int = 1, **columns: Any) -> pl.DataFrame:
    """So many enterprises with figures spread at random; `columns` take the place of some."""
    rng = RNG(seed)
    drawn: dict[str, Any] = {
        name: rng.lognormal(middle, 0.5, count) for name, middle in
        (("tax", 4), ("land", 2), ("revenue", 7), ("energy", 5), ("employees", 4))
    } | {"town": rng.choice(["甲镇", "乙镇", "丙镇"], count)} | columns  # fmt: skip
    return profile(*pl.DataFrame(drawn).iter_rows(named=True))


def test_an_indicator_without_influence_is_found() -> None:
    by = policy(indicators=TWO)
    rng = RNG(2)
    rows = enterprises(200, revenue=rng.uniform(9.9, 10.1, 200), energy=np.ones(200))
    found = checked(rows, by)
    light = found.influences.filter(indicator="light").row(0, named=True)
    assert light["without"]
    assert light["influence"] < 0.02
    assert not found.influences.filter(indicator="heavy")["without"][0]
    assert "“light”权重20%，只能解释综合得分差异的" in told(found, by, "influence")


def test_an_indicator_that_others_make_up_for_is_not_said_to_have_no_effect() -> None:
    """Where it rises the other falls by as much, so that the sum goes with neither; without it the order is another."""
    rng = RNG(12)
    half, noise = rng.uniform(5, 10, 200), rng.uniform(0, 10, 200)
    by = policy(
        indicators="".join(
            indicator(*of, benchmark="{ fixed = 10.0 }")
            for of in (("up", "tax", "land", 30), ("down", "revenue", "energy", 30), ("other", "employees", "land", 40))
        )
    )
    ones = np.ones(200)
    rows = enterprises(200, tax=half, land=ones, revenue=15 - half, energy=ones, employees=noise)
    found = checked(rows, by)
    assert found.influences.select("indicator", "without", "offset").rows() == [
        ("up", False, True), ("down", False, True), ("other", False, False)
    ]  # fmt: skip
    said = told(found, by, "influence")
    assert "相互抵消" in said
    assert "几乎不影响结果" not in said


def test_everybody_at_the_cap_is_an_indicator_without_influence_and_many_at_the_cap() -> None:
    by = policy(
        indicators=indicator("heavy", "tax", "land", 80) + indicator("light", "revenue", "energy", 20, more="cap = 1.5")
    )
    rows = enterprises(100, revenue=np.full(100, 500.0), energy=np.ones(100))
    found = checked(rows, by)
    assert found.influences.filter(indicator="light")["without"][0]
    assert found.caps.filter(indicator="light").select("at_cap", "with_value", "many_at_cap").row(0) == (100, 100, True)
    assert "100户达到封顶(100%)" in told(found, by, "caps")


def test_an_indicator_that_moves_more_than_its_weight_is_found() -> None:
    rng = RNG(3)
    rows = enterprises(200, tax=rng.uniform(99, 101, 200), land=np.full(200, 10.0), revenue=rng.lognormal(3, 2, 200))
    found = checked(rows, policy(indicators=TWO))
    assert found.influences.filter(indicator="light")["outsized"][0]


def test_indicators_alike_and_of_one_weight_have_one_influence() -> None:
    by = policy(indicators=indicator("one", "tax", "land", 50) + indicator("other", "tax", "land", 50))
    assert checked(enterprises(100), by).influences.select("share", "linear").rows() == [
        pytest.approx((0.5, 1.0)), pytest.approx((0.5, 1.0))
    ]  # fmt: skip


def test_influence_of_few_is_not_judged() -> None:
    by = policy()
    found = checked(enterprises(40), by)
    assert not found.influences["judged"].any()
    assert "未判断：all参评40户" in told(found, by, "influence")


def test_floor_and_missing_figures_are_counted() -> None:
    by = policy(indicators=indicator(missing="zero", more="floor = 0.5"))
    rows = enterprises(40, tax=[1.0] * 15 + [None] * 10 + [500.0] * 15, land=np.ones(40))
    row = checked(rows, by).caps.row(0, named=True)
    assert (row["at_floor"], row["missing"], row["with_value"], row["at_cap"]) == (15, 10, 30, None)
    assert row["many_at_floor"]
    assert row["many_missing"]


def test_a_group_that_fares_otherwise_is_found() -> None:
    by = policy(indicators=ONE)
    towns = ["甲镇"] * 60 + ["乙镇"] * 140
    rows = enterprises(200, tax=[*np.linspace(50, 60, 60), *np.linspace(61, 200, 140)], land=np.ones(200), town=towns)
    found = checked(rows, by)
    worst = found.groups.filter(grouping="town", group="甲镇", tier="D").row(0, named=True)
    assert worst["finding"]
    assert worst["count"] == 10
    assert worst["expected"] == pytest.approx(3.0)
    assert "镇办“甲镇”的60户中有D类10户，多于偶然应有的约3户" in told(found, by, "groups")


@pytest.mark.parametrize("rounds", [25, pytest.param(300, marks=pytest.mark.long)])
def test_shuffled_labels_find_nothing_at_more_than_the_stated_rate(rounds: int) -> None:
    by = policy()
    rng = RNG(4)
    wrong = 0
    tiers = np.array(["A"] * 30 + ["B"] * 75 + ["C"] * 37 + ["D"] * 8)
    for number in range(rounds):
        shuffled = rng.permutation(tiers)
        rows = enterprises(len(tiers), seed=number).with_columns(
            pl.lit("all").alias("cohort"), pl.Series("tier", shuffled), pl.Series("tier_initial", shuffled)
        )
        wrong += bool(groups(rows, by)["finding"].any())
    # Three standard deviations beyond the rate that is stated.
    assert wrong <= rounds * LEVEL + 3 * (rounds * LEVEL * (1 - LEVEL)) ** 0.5


def test_the_range_by_chance_is_that_of_shuffled_labels() -> None:
    rng = RNG(5)
    tiers = np.array(["A"] * 40 + ["B"] * 110 + ["C"] * 40 + ["D"] * 10)
    towns = np.array(["甲镇"] * 50 + ["乙镇"] * 150)
    rows = enterprises(200, town=towns).with_columns(
        pl.lit("all").alias("cohort"), pl.Series("tier", tiers), pl.Series("tier_initial", tiers)
    )
    row = groups(rows, policy()).filter(grouping="town", group="甲镇", tier="A").row(0, named=True)
    shuffled = [int((rng.permutation(tiers)[:50] == "A").sum()) for _ in range(4_000)]
    assert row["expected"] == pytest.approx(10.0)
    assert abs(row["low"] - np.quantile(shuffled, 0.025)) <= 1
    assert abs(row["high"] - np.quantile(shuffled, 0.975)) <= 1


def test_a_group_that_is_cut_by_itself_is_not_judged() -> None:
    tiers = '[cohort.tiers]\nby = "rank"\nwithin = ["town"]\ncuts = { A = 0.2, B = 0.75, C = 0.95 }'
    by = policy(indicators=ONE, tiers=tiers)
    found = checked(enterprises(90), by)
    assert set(found.groups.filter(grouping="town")["why_not"]) == {"fixed"}
    assert "未判断：按镇办" in told(found, by, "groups")


def test_a_group_of_few_and_one_without_a_town_are_said() -> None:
    rows = enterprises(60, town=["甲镇"] * 40 + ["乙镇"] * 5 + [None] * 15)
    found = checked(rows, policy(indicators=ONE)).groups.filter(grouping="town", tier="A")
    assert found.select("group", "members", "why_not").rows() == [
        ("甲镇", 40, None), ("未填报", 15, None), ("其余(户数较少的各组)", 5, "others")
    ]  # fmt: skip


def some_rounded(figures: NDArray[np.float64]) -> NDArray[np.float64]:
    """`figures`, two of five of them rounded to whole ones."""
    return np.where(np.arange(len(figures)) % 5 < 2, np.round(figures), figures)


SMOOTH: dict[str, tuple[Callable[[np.random.Generator], NDArray[np.float64]], float]] = {
    "right-skewed": (lambda rng: rng.lognormal(2, 1, 500), 3.0),
    "falling": (lambda rng: rng.exponential(100, 500), 24.0),
    "steep": (lambda rng: rng.normal(90, 20, 500), 110.0),
    "whole months": (lambda rng: np.floor(rng.exponential(80, 500)), 24.0),
    "half mu": (lambda rng: np.round(rng.lognormal(2, 1, 500) * 2) / 2, 3.0),
    "some rounded": (lambda rng: some_rounded(rng.lognormal(2, 1, 500)), 10.0),
}


@pytest.mark.parametrize("kind", SMOOTH)
def test_smooth_figures_are_taken_for_bunched_at_the_stated_rate(kind: str) -> None:
    draw, threshold = SMOOTH[kind]
    rng = RNG(6)
    found = [around(draw(rng), threshold, belongs_above=True) for _ in range(400)]
    judged = [one.probability for one in found if not isinstance(one, str)]
    assert len(judged) > 300
    assert sum(p <= LEVEL for p in judged) <= (LEVEL + 0.035) * len(judged)


@pytest.mark.parametrize("at", [3.0, 3.05])
def test_planted_bunching_is_found(at: float) -> None:
    by = policy(tail='[[adjustment]]\nwhen = "land >= 3"\npoints = 1\nlabel = "加分"')
    figures = RNG(7).lognormal(1.5, 0.8, 400)
    near = (figures > 2.4) & (figures < 3)
    found = checked(enterprises(400, land=np.where(near, at, figures)), by)
    row = found.bunching.filter(condition="land >= 3").row(0, named=True)
    assert row["finding"]
    assert row["above"] > row["expected_above"]
    assert "门槛“用地面积不小于3亩”(加减分：加分)附近，紧挨门槛的上侧企业偏多" in told(found, by, "bunching")


def test_figures_that_are_exactly_the_threshold_stand_on_the_side_of_the_comparison() -> None:
    figures = RNG(8).lognormal(1.5, 0.8, 400)
    figures[(figures > 2.4) & (figures < 3)] = 3.0
    upper, lower = (around(figures, 3.0, belongs_above=side) for side in (True, False))
    assert not isinstance(upper, str)
    assert not isinstance(lower, str)
    exactly = int((figures == 3.0).sum())
    assert upper.above - lower.above == lower.below - upper.below == exactly
    assert upper.probability < LEVEL


def test_commissioning_dates_moved_under_two_years_are_found() -> None:
    by = policy(
        tail='[[override]]\nwhen = "months_since_commissioned < 24"\nat_least = "C"\nlabel = "新投产"\nprotects = true'
    )
    months = np.floor(RNG(9).exponential(40, 500)).astype(int)
    months[(months >= 24) & (months < 30)] = 23
    days = [date(2026 - (m + 2) // 12, 12 - (m + 2) % 12, 1) for m in months]
    found = checked(enterprises(500), by, enterprises=register(*days))
    row = found.bunching.filter(expression="months_since_commissioned").row(0, named=True)
    assert row["finding"]
    assert row["below"] > row["above"]


def test_a_threshold_that_nobody_is_near_is_not_judged() -> None:
    by = policy(tail='[[adjustment]]\nwhen = "land >= 1000 OR open_incidents > 0"\npoints = 1\nlabel = "加分"')
    found = checked(enterprises(200), by)
    assert found.bunching.filter(pl.col("rule") == "加减分：加分")["why_not"].null_count() == 0
    assert "未判断" in told(found, by, "bunching")


@pytest.mark.parametrize("tiers", ['[cohort.tiers]\nby = "rank"\ncuts = { A = 0.2, B = 0.75, C = 0.95 }', BY_SCORE])
def test_firms_on_both_sides_of_a_cut_within_rounding_are_named(tiers: str) -> None:
    by = policy(indicators=ONE, tiers=tiers)
    scores = [
        *np.linspace(95, 130, 19),
        90.004,
        89.996,
        *np.linspace(76, 85, 60),
        *np.linspace(61, 70, 15),
        50,
        40,
        30,
        20,
    ]
    found = checked(profile(*({"tax": score, "land": 1.0} for score in scores)), by)
    at_cut = found.neighbours.filter(better="A", worse="B")
    assert at_cut["name"].to_list() == ["企业19", "企业20"]
    assert at_cut["tier_initial"].to_list() == ["A", "B"]
    assert "划入A类的有企业19，划入B类的有企业20" in told(found, by, "neighbours")


def test_firms_farther_apart_than_rounding_are_not_named() -> None:
    by = policy(indicators=ONE, tiers=BY_SCORE)
    found = checked(profile(*({"tax": score, "land": 1.0} for score in (90.006, 89.994, 80, 70, 50))), by)
    assert found.neighbours.is_empty()
    assert found.cuts["gap"].to_list() == pytest.approx([0.012, 10, 20])
    assert "未发现" in told(found, by, "neighbours")


def test_rounding_is_what_lists_show() -> None:
    from efficiency.reports.workbook.styles import NUMBERS

    assert NUMBERS["score"].startswith("0." + "0" * SHOWN_DECIMALS + "_")


def test_land_let_out_before_the_period_is_found_with_the_tier_of_before() -> None:
    by = policy(indicators=ONE)
    rows = [{"tax": 10.0 * (i + 1), "land": 10.0} for i in range(20)]
    rows[18]["land"] = 5.0
    stated = [(i, 10.0, 0.0, 0.0, "2025-06-30") for i in range(20)] + [(18, 10.0, 0.0, 5.0, "2026-06-30")]
    found = checked(profile(*rows), by, land=land(*stated))
    (moved,) = found.moved.to_dicts()
    assert (moved["uscc"], moved["land_before"], moved["land_after"], moved["let_out"]) == (code(18), 10.0, 5.0, 5.0)
    assert moved["known"]
    # With 10 mu it would have 19 points, as many as rank 2 of 20 needs.
    with_all = (
        evaluate(profile(*[{**row, "land": 10.0} for row in rows]), by).scores.filter(uscc=code(18)).row(0, named=True)
    )
    assert (moved["tier_with"], moved["score_with"]) == (with_all["tier"], with_all["score"])
    assert "1户的用地在评价期末以前12个月内减少了10%以上且不少于1亩：企业18" in told(found, by, "land")


def test_the_tier_of_before_is_said_where_it_is_another() -> None:
    by = policy(indicators=ONE)
    rows = [{"tax": 10.0 * (i + 1), "land": 10.0} for i in range(20)]
    rows[10]["land"] = 5.0
    stated = [(10, 4.0, 6.0, 0.0, "2025-12-31"), (10, 4.0, 1.0, 0.0, "2026-09-30")]
    found = checked(profile(*rows), by, land=land(*stated))
    (moved,) = found.moved.to_dicts()
    assert (moved["tier"], moved["tier_with"], moved["given_back"]) == ("A", "B", 5.0)
    assert "企业10(A类，按减少前的用地为B类)" in told(found, by, "land")


def test_land_stated_anew_since_the_evaluation_leaves_the_tier_of_before_unknown() -> None:
    by = policy(indicators=ONE)
    rows = [{"tax": 10.0 * (i + 1), "land": 10.0} for i in range(20)]
    found = checked(profile(*rows), by, land=land((3, 10.0, 0.0, 0.0, "2025-12-31"), (3, 4.0, 0.0, 0.0, "2026-09-30")))
    assert found.moved.select("tier_with", "known").rows() == [(None, False)]
    assert "没有测算" in told(found, by, "land")


@pytest.mark.parametrize(
    "rows",
    [
        [(3, 10.0, 0.0, 0.0, "2024-12-31"), (3, 4.0, 0.0, 0.0, "2025-09-30")],  # long before
        [(3, 10.0, 0.0, 0.0, "2026-06-30"), (3, 4.0, 0.0, 0.0, "2026-11-30")],  # after the period
        [(3, 10.0, 0.0, 0.0, "2025-12-31"), (3, 9.5, 0.0, 0.0, "2026-06-30")],  # too little
        [(3, 10.0, 0.0, 0.0, "2025-12-31"), (3, 14.0, 0.0, 0.0, "2026-06-30")],  # more
    ],
)
def test_other_changes_of_land_are_not_listed(rows: list[tuple[int, float, float, float, str]]) -> None:
    found = checked(enterprises(20), policy(indicators=ONE), land=land(*rows))
    assert found.moved.is_empty()


def test_land_stated_once_is_not_judged() -> None:
    by = policy(indicators=ONE)
    found = checked(enterprises(20), by, land=land((3, 10.0, 0.0, 0.0, "2025-12-31")))
    assert "未判断：没有企业报过两个日期的用地" in told(found, by, "land")


def test_many_names_are_bounded_and_long_ones_cut() -> None:
    by = policy(indicators=ONE, tiers=BY_SCORE)
    rows = [{"tax": 90.001, "land": 1.0, "name": "=很长的名字" * 40} for _ in range(9)]
    found = checked(profile(*rows, *({"tax": 89.999, "land": 1.0} for _ in range(2))), by)
    sentence = told(found, by, "neighbours")
    assert "等9户" in sentence
    assert len(sentence) < 400


@examples(10, 100)
@given(policies(), rows)
def test_any_evaluation_is_checked_up(by: Policy, some: list[dict[str, Any]]) -> None:
    found = checked(profile(*some), by)
    tiered = evaluate(profile(*some), by).scores.filter(pl.col("tier").is_not_null())
    for (_, tier), group in found.groups.group_by("grouping", "tier"):
        assert group["members"].sum() == tiered.height
        assert group["count"].sum() == tiered.filter(tier=tier).height
        assert group["expected"].sum() == pytest.approx(group["count"].sum())
    assert found.influences.height == found.caps.height == sum(len(cohort.indicator) for cohort in by.cohort)
    assert all(one.sentences for one in sections(found, by))


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_anybody_is_said_as_not_judged(count: int) -> None:
    by = policy(indicators=ONE)
    found = checked(enterprises(count) if count else profile(), by)
    outcomes = [one.outcome for one in sections(found, by)]
    assert set(outcomes) <= {"未判断", "未发现"}
    assert f"6项中有0项有发现；{outcomes.count('未判断')}项无法判断。" in check_up_as_text(sections(found, by), "体检")


def test_a_policy_without_tiers_is_checked_up() -> None:
    by = policy(indicators=TWO, tiers="")
    found = checked(enterprises(100), by)
    text = check_up_as_text(sections(found, by), "体检")
    assert "未判断：本办法不分等级" in text
    assert found.influences["judged"].all()


def test_the_same_evaluation_gives_the_same_check_up_in_any_order() -> None:
    by = policy(indicators=TWO)
    rows = enterprises(120)
    once, again = (check_up_as_dict(one, sections(one, by)) for one in (checked(rows, by), checked(rows[::-1], by)))
    assert once == again
