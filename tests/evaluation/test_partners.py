"""Merger partners: class before division before chain, own town first, then the better score, never oneself."""

from typing import Any

import polars as pl
from builders.profiles import code
from hypothesis import given
from hypothesis import strategies as st

from efficiency.evaluation.lists import PARTNERS, find_partners
from efficiency.policy.model import Partners

Firm = tuple[str | None, str | None, str | None, str | None, float | None]
"""Industry, chain, town, tier, score."""
SCHEMA = {
    "uscc": pl.String, "name": pl.String, "town": pl.String, "tier": pl.String, "score": pl.Float64,
    "industry": pl.String, "industry_division": pl.String, "chain": pl.String, "protected": pl.Boolean,
    "revenue": pl.Float64, "land": pl.Float64,
}  # fmt: skip


def zone(*rows: Firm) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"uscc": code(i), "name": f"企业{i}", "town": town, "tier": tier, "score": score, "industry": industry,
             "industry_division": industry and industry[:2], "chain": chain, "protected": False, "revenue": 100.0,
             "land": 10.0}
            for i, (industry, chain, town, tier, score) in enumerate(rows)
        ],
        schema=SCHEMA,
    )  # fmt: skip


def partners(frame: pl.DataFrame, of: int = 0) -> list[str]:
    found = find_partners(frame.filter(pl.col("uscc") == code(of)).select("uscc"), frame, Partners())
    return [] if found.is_empty() else [p for p in found.select("partner_1", "partner_2", "partner_3").row(0) if p]


def test_class_then_division_then_chain() -> None:
    frame = zone(
        ("3011", "建材", "甲", "D", 1.0),
        ("2611", "建材", "甲", "A", 99.0),
        ("3021", "", "甲", "A", 90.0),
        ("3011", None, "乙", "B", 60.0),
    )
    assert partners(frame) == [code(3), code(2), code(1)]


def test_own_town_before_others_and_higher_score_first() -> None:
    frame = zone(
        ("3011", None, "甲", "D", 1.0),
        ("3011", None, "乙", "A", 99.0),
        ("3011", None, "甲", "B", 60.0),
        ("3011", None, "甲", "A", 90.0),
        ("3011", None, None, "A", 98.0),
    )
    assert partners(frame) == [code(3), code(2), code(1)]


def test_only_a_and_b_take_in_others_and_nobody_takes_in_oneself() -> None:
    frame = zone(
        ("3011", None, "甲", "B", 50.0),
        ("3011", None, "甲", "C", 40.0),
        ("3011", None, "甲", None, None),
        ("3011", None, "甲", "D", 1.0),
    )
    assert partners(frame) == []


def test_a_code_of_less_than_four_digits_is_no_class() -> None:
    frame = zone(("301", None, "甲", "D", 1.0), ("301", None, "甲", "B", 50.0), ("3021", None, "甲", "B", 60.0))
    assert partners(frame) == [code(2), code(1)]


def test_without_industry_and_chain_there_is_no_partner() -> None:
    assert partners(zone((None, "", "甲", "D", 1.0), (None, "", "甲", "A", 90.0))) == []


def test_names_stand_beside_the_codes() -> None:
    frame = zone(("3011", None, "甲", "D", 1.0), ("3011", None, "甲", "A", 90.0))
    found = find_partners(frame.head(1).select("uscc"), frame, Partners()).row(0, named=True)
    assert (found["partner_1"], found["partner_1_name"], found["partner_2"]) == (code(1), "企业1", None)


row = st.tuples(
    st.sampled_from(["3011", "3021", "301", "2611", None]), st.sampled_from(["建材", "化工", "", None]),
    st.sampled_from(["甲", "乙", None]), st.sampled_from(["A", "B", "C", "D"]), st.integers(0, 5).map(float),
)  # fmt: skip


@given(rows=st.lists(row, min_size=1, max_size=25))
def test_they_are_the_best_of_all_pairs(rows: list[Firm]) -> None:
    frame = zone(*rows)
    everyone = frame.to_dicts()
    for me in everyone:

        def place(other: dict[str, Any], me: dict[str, Any] = me) -> tuple[int, bool, float, str] | None:
            level = (
                0 if other["industry"] == me["industry"] and len(me["industry"] or "") == 4
                else 1 if me["industry_division"] and other["industry_division"] == me["industry_division"]
                else 2 if me["chain"] and other["chain"] == me["chain"]
                else None
            )  # fmt: skip
            elsewhere = me["town"] is None or me["town"] != other["town"]
            return None if level is None else (level, elsewhere, -other["score"], other["uscc"])

        fit = sorted(
            p for o in everyone if o["tier"] in "AB" and o["uscc"] != me["uscc"] and (p := place(o)) is not None
        )
        assert partners(frame, everyone.index(me)) == [p[-1] for p in fit[:PARTNERS]]


def sized(*rows: tuple[float | None, float | None, float]) -> pl.DataFrame:
    """Enterprises of one class with revenue, land and score: the first is the one that merges, the rest are tier A."""
    frame = zone(("3011", None, "甲", "D", 1.0), *(("3011", None, "甲", "A", score) for _, _, score in rows[1:]))
    sizes = [pl.Series(name, [row[at] for row in rows], pl.Float64) for at, name in enumerate(("revenue", "land"))]
    return frame.with_columns(sizes)


def test_a_small_firm_does_not_take_in_a_large_one() -> None:
    frame = sized(
        (100.0, 118.0, 1.0), (500.0, 4.4, 99.0), (50.0, 200.0, 98.0), (None, 200.0, 97.0), (100.0, 118.0, 50.0)
    )
    found = find_partners(frame.head(1).select("uscc"), frame, Partners(min_size=1.0))
    assert found.select("partner_1", "partner_2").row(0) == (code(4), None)


def test_a_partner_is_named_for_a_few_at_most_and_the_first_on_the_list_choose_first() -> None:
    frame = zone(*[("3011", None, "甲", "D", float(i)) for i in range(4)], ("3011", None, "甲", "A", 90.0))
    found = find_partners(frame.head(4).select("uscc").reverse(), frame, Partners(most=2))
    assert found.select("uscc", "partner_1").rows() == [(code(3), code(4)), (code(2), code(4))]


def test_the_policy_says_who_may_take_others_in() -> None:
    frame = zone(("3011", None, "甲", "D", 1.0), ("3011", None, "甲", "A", 90.0), ("3011", None, "甲", "C", 50.0))
    protected = frame.with_columns(pl.Series("protected", [False, True, False]))
    assert find_partners(frame.head(1).select("uscc"), protected, Partners()).is_empty()
    rule = Partners(where="tier = 'C'")
    assert find_partners(frame.head(1).select("uscc"), protected, rule)["partner_1"].to_list() == [code(2)]
