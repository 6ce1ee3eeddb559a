"""Shares, ties, groups and overrides: who gets which tier."""

import polars as pl
import pytest
from builders.profiles import SCORE_ONLY, TIERS, code, indicator, policy, profile, scored

from efficiency.evaluation.evaluate import evaluate


def tiers_of(
    frame: pl.DataFrame, cuts: str, *, by: str = "rank", within: str = "[]", tail: str = ""
) -> list[str | None]:
    section = f'[cohort.tiers]\nby = "{by}"\nwithin = {within}\ncuts = {cuts}\n'
    return evaluate(frame, policy(indicators=SCORE_ONLY, tiers=section, tail=tail)).scores["tier"].to_list()


@pytest.mark.parametrize(
    ("n", "cuts", "counts"),
    [
        (120, "{ A = 0.20, B = 0.65, C = 0.95 }", (24, 54, 36, 6)),
        (458, "{ A = 0.20, B = 0.60, C = 0.95 }", (91, 183, 161, 23)),
        (458, "{ A = 0.20, B = 0.65, C = 0.95 }", (91, 206, 138, 23)),
        (458, "{ A = 0.20, B = 0.75, C = 0.95 }", (91, 252, 92, 23)),
        (755, "{ A = 0.20, B = 0.65, C = 0.95 }", (151, 339, 227, 38)),
        (1, "{ A = 0.20, B = 0.75, C = 0.95 }", (0, 0, 0, 1)),
        (10, "{ A = 0.1, B = 0.7, C = 1.0 }", (1, 6, 3, 0)),
    ],
)
def test_counts_of_the_published_cuts(n: int, cuts: str, counts: tuple[int, int, int, int]) -> None:
    found = tiers_of(scored([float(i) for i in range(n)]), cuts)
    assert tuple(found.count(tier) for tier in "ABCD") == counts


def test_ties_share_the_worse_place_but_the_better_rank() -> None:
    rules = policy(indicators=SCORE_ONLY)
    found = evaluate(scored([9.0, 9.0, 5.0, 1.0, 1.0]), rules).scores
    assert found["rank"].to_list() == [1, 1, 3, 4, 4]
    assert found["tier"].to_list() == ["B", "B", "B", "D", "D"]


def test_scores_equal_to_six_decimals_are_equal() -> None:
    found = evaluate(scored([50.00000001, 50.0, 1.0]), policy(indicators=SCORE_ONLY)).scores
    assert found["rank"].to_list() == [1, 1, 3]


@pytest.mark.parametrize(
    ("score", "tier"), [(90.0, "A"), (89.999999, "B"), (89.9999999, "A"), (75.0, "B"), (60.0, "C"), (59.0, "D")]
)
def test_by_score_a_cut_is_reached_at_the_cut(score: float, tier: str) -> None:
    assert tiers_of(scored([score]), "{ A = 90, B = 75, C = 60 }", by="score") == [tier]


def test_within_ranks_each_group_by_itself() -> None:
    rows = [{"tax": float(10 * (i < 5) + i), "land": 1.0, "town": "甲镇" if i < 5 else "乙镇"} for i in range(10)]
    found = tiers_of(profile(*rows), "{ A = 0.20, B = 0.75, C = 0.95 }", within='["town"]')
    assert found == ["D", "C", "B", "B", "A"] * 2


def test_without_cuts_there_are_scores_and_ranks_only() -> None:
    """Another cohort has tiers and overrides: they do not reach over."""
    tail = '[[cohort]]\nid = "tiered"\nwhere = "TRUE"\n' + SCORE_ONLY
    tail += '[cohort.tiers]\nby = "score"\ncuts = { A = 90, B = 75, C = 60 }\n'
    tail += '[[override]]\nwhen = "TRUE"\ntier = "D"\nlabel = "x"\n'
    frame = profile(*({"tax": t, "land": 1.0, "scale": s} for t, s in ((1.0, "规上"), (2.0, "规上"), (95.0, "规下"))))
    found = evaluate(frame, policy(indicators=SCORE_ONLY, tiers="", tail=tail)).scores
    assert found.select("rank", "tier_initial", "tier", "tier_confidence", "override_labels").rows() == [
        (2, *[None] * 4),
        (1, *[None] * 4),
        (1, "A", "D", 1.0, "x"),
    ]


def test_dimension_tiers_use_the_same_cuts_on_the_dimension_score() -> None:
    items = indicator("a", weight=50, dimension="land") + indicator(
        "b", "revenue", "energy", 50, dimension="energy", missing="reweight"
    )
    rows = [{"tax": float(i), "land": 1.0, "revenue": None if i == 0 else 9.0 - i, "energy": 1.0} for i in range(5)]
    found = evaluate(profile(*rows), policy(indicators=items)).scores
    assert found["land_tier"].to_list() == ["D", "C", "B", "B", "A"]
    assert found["energy_tier"].to_list() == [None, "B", "B", "B", "D"]


def override(effect: str, when: str = "TRUE", label: str = "调档") -> str:
    return f'[[override]]\nwhen = "{when}"\n{effect}\nlabel = "{label}"\n'


CUTS = "{ A = 80, B = 60, C = 40 }"
EACH = [90.0, 70.0, 50.0, 10.0]


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        ('tier = "D"', "DDDD"),
        ('at_most = "C"', "CCCD"),
        ('at_least = "C"', "ABCC"),
        ('at_most = "A"', "ABCD"),
        ('at_least = "D"', "ABCD"),
    ],
)
def test_each_kind_of_override_moves_tiers_its_own_way(effect: str, expected: str) -> None:
    assert tiers_of(scored(EACH), CUTS, by="score", tail=override(effect)) == list(expected)


def test_later_overrides_see_what_earlier_ones_left() -> None:
    both = (
        override('at_least = "C"', "tier = 'D'", "保护")
        + override('at_most = "C"', "tier = 'C'", "否决")
        + override('tier = "B"', "tier = 'C'", "提档")
    )
    rules = policy(indicators=SCORE_ONLY, tiers=f'[cohort.tiers]\nby = "score"\ncuts = {CUTS}\n', tail=both)
    found = evaluate(scored(EACH), rules).scores
    assert found["tier_initial"].to_list() == ["A", "B", "C", "D"]
    assert found["tier"].to_list() == ["A", "B", "B", "B"]
    assert found["override_labels"].to_list() == [None, None, "提档", "保护、提档"]


def test_no_override_gives_a_tier_to_who_has_none() -> None:
    frame = profile({"tax": 1.0, "land": 1.0}, {"tax": 1.0}, {"scale": "规下"})
    assert tiers_of(frame, CUTS, by="score", tail=override('tier = "D"')) == ["D", None, None]


def test_an_override_may_use_scores_of_another_cohorts_indicator() -> None:
    second = (
        '[[cohort]]\nid = "rest"\nwhere = "TRUE"\n'
        + indicator("other", "revenue", "energy")
        + '[cohort.tiers]\nby = "score"\ncuts = '
        + CUTS
    )
    frame = profile({"tax": 90.0, "land": 1.0}, {"revenue": 9.0, "energy": 1.0, "scale": "规下", "uscc": code(7)})
    rules = policy(
        indicators=SCORE_ONLY,
        tiers=f'[cohort.tiers]\nby = "score"\ncuts = {CUTS}\n',
        tail=second + "\n" + override('tier = "C"', "value_other > 8"),
    )
    assert evaluate(frame, rules).scores["tier"].to_list() == ["A", "C"]


CAPPED = indicator("tax_per_mu", dimension="land", more="cap = 1.5") + indicator(
    "revenue_per_energy", "revenue", "energy", 0, dimension="energy", missing="zero"
)


def test_a_cap_that_many_reach_leaves_an_order_among_them() -> None:
    rules = policy(indicators=CAPPED)
    found = evaluate(profile(*({"tax": 20.0 + i, "land": 1.0} for i in range(20))), rules).scores
    assert found["land_score"].unique().to_list() == [150.0]
    assert found["land_tier"].to_list() == ["D"] + ["C"] * 4 + ["B"] * 11 + ["A"] * 4
    assert found["tier"].unique().to_list() == ["D"]  # the total score stays capped, ties share the worse place
    assert found["land_score_uncapped"].to_list() == [200.0 + 10 * i for i in range(20)]


def test_dimension_tiers_by_score_go_by_the_shown_score() -> None:
    cuts = TIERS.replace("rank", "score").replace("0.20", "160").replace("0.75", "140").replace("0.95", "30")
    rules = policy(indicators=CAPPED, tiers=cuts)
    assert evaluate(profile({"tax": 99.0, "land": 1.0}), rules).scores["land_tier"].to_list() == ["B"]


def test_nothing_where_lower_is_better_is_ahead_of_every_figure() -> None:
    rules = policy(
        indicators=indicator("energy_per_mu", "energy", "land", dimension="energy", better="lower", more="cap = 2")
    )
    found = evaluate(profile(*({"energy": float(i), "land": 1.0} for i in range(10))), rules).scores
    assert found["energy_tier"].to_list()[:3] == ["A", "A", "B"]
    assert found["energy_score_uncapped"].to_list()[:2] == [None, 1000.0]


def test_excluded_enterprises_count_in_n_where_the_policy_says_so() -> None:
    frame = profile(
        *({"tax": float(i), "land": 1.0} for i in range(10)),
        *({"tax": 1.0, "land": 1.0, "utility": True} for _ in range(10)),
    )
    head = '[[excluded]]\nwhen = "utility"\nlabel = "暂不评价"\nletter = "T"\n'

    def tiers(more: str) -> list[str]:
        found = evaluate(frame, policy(indicators=SCORE_ONLY, head=head + more)).scores
        assert found["letter"].to_list() == [None] * 10 + ["T"] * 10
        assert found["tier"].to_list()[10:] == [None] * 10
        return found["tier"].to_list()[:10][::-1]

    assert tiers("") == ["A"] * 2 + ["B"] * 5 + ["C"] * 2 + ["D"]
    # n = 20: four are within 20 %, all ten within 75 %.
    assert tiers("counts_in_n = true\n") == ["A"] * 4 + ["B"] * 6
