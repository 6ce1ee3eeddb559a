"""The check character of the unified social credit code."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as second_opinion

from efficiency.intake.parsing import uscc

characters = st.sampled_from(uscc.ALPHABET)
bodies = st.text(characters, min_size=17, max_size=17)


def valid(code: str | None) -> bool:
    return bool(pl.select(uscc.is_valid(pl.lit(code, dtype=pl.String))).item())


def check(body: str) -> str:
    found = pl.select(uscc.check_character(pl.lit(body))).item()
    assert isinstance(found, str)
    return found


def test_the_published_example_is_valid_and_its_neighbour_is_not() -> None:
    assert check("91350100M000100Y4") == "3"
    assert valid("91350100M000100Y43")
    assert not valid("91350100M000100Y4Z")
    assert not valid("91350100M000100Y44")


def test_wrong_lengths_foreign_letters_and_nothing_are_invalid() -> None:
    for code in ("91350100M000100Y4", "91350100M000100Y433", "9135010OM000100Y43", "91350100m000100y43", "", None):
        assert not valid(code)


def test_a_sum_divisible_by_31_has_check_character_zero() -> None:
    assert check("0" * 17) == "0"
    assert valid("0" * 18)


@given(bodies)
def test_each_body_has_exactly_one_valid_check_character(body: str) -> None:
    codes = pl.DataFrame({"code": [body + character for character in uscc.ALPHABET]})
    assert codes.filter(uscc.is_valid(pl.col("code")))["code"].to_list() == [body + check(body)]


@given(st.from_regex("[0-9]{8}", fullmatch=True), st.text(characters, min_size=9, max_size=9), characters)
def test_an_independent_implementation_finds_the_same_codes_valid(region: str, rest: str, last: str) -> None:
    assert second_opinion.calc_check_digit(region + rest) == check(region + rest)
    assert second_opinion.is_valid(region + rest + last) == valid(region + rest + last)


@given(bodies, st.integers(0, 17), characters)
def test_a_single_wrong_character_is_always_detected(body: str, position: int, other: str) -> None:
    code = body + check(body)
    damaged = code[:position] + other + code[position + 1 :]
    assert valid(damaged) == (damaged == code)


def test_codes_are_normalised_in_width_case_and_spaces() -> None:
    stated = pl.DataFrame({"code": [" ９１３５０１００ｍ０００１００ｙ４３ ", "9135 0100 M000 100Y 43", "  "]})
    assert stated.select(uscc.normalise(pl.col("code")))["code"].to_list() == [
        "91350100M000100Y43",
        "91350100M000100Y43",
        None,
    ]


def test_the_flaw_names_length_letter_or_check_character() -> None:
    codes = pl.DataFrame({"code": ["9135", "9135010OM000100Y43", "91350100M000100Y44"]})
    length, letter, last = codes.select(uscc.flaw(pl.col("code")))["code"].to_list()
    assert "现为 4 位" in length
    assert "I、O、S、V、Z" in letter
    assert "校验码应为“3”" in last
