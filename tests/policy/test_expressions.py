"""A policy's expressions see one enterprise's columns and nothing else, and null, zero and text behave."""

import polars as pl
import pytest

from efficiency.policy import expressions
from efficiency.policy.expressions import ExpressionError, check_predicate, check_scalar, predicate, scalar

ROW = pl.DataFrame(
    {
        "tax": [3.0, None, -1.0], "land": [2.0, 4.0, 0.0], "open_incidents": [1, 0, 2], "utility": [True, None, False],
        "honours": ["高新技术企业、专精特新", None, "x"], "scale": ["规上", "规下", None],
    }
)  # fmt: skip


def values(expression: pl.Expr) -> list[object]:
    return ROW.select(expression.alias("v"))["v"].to_list()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tax > 2", [True, False, False]),
        ("NOT (tax > 2)", [False, False, True]),
        ("utility", [True, False, False]),
        ("NOT utility", [False, False, True]),
        ("utility OR land > 3", [True, True, False]),
        ("honours LIKE '%专精特新%'", [True, False, False]),
        ("scale IN ('规上', '规下')", [True, True, False]),
        ("scale IS NULL", [False, False, True]),
        ("tax BETWEEN 2 AND 3 AND open_incidents > 0", [True, False, False]),
        ("COALESCE(tax, 9) >= 9", [False, True, False]),
        ("tax / land > 1", [True, False, False]),
        ("TRUE", [True]),
        ("NULL", [False]),
        ("utility IS TRUE", [True, False, False]),
        ("utility IS NOT TRUE", [False, True, True]),
        ("utility IS NOT FALSE", [True, True, False]),
        ("NOT honours LIKE '%专精特新%'", [False, False, True]),
        ("scale NOT IN ('规上')", [False, True, False]),
        ("SUBSTRING(scale, 2, 1) = '上'", [True, False, False]),
        ("CASE WHEN tax > 0 THEN utility ELSE TRUE END", [True, True, True]),
    ],
)
def test_a_condition_that_is_null_does_not_hold(text: str, expected: list[bool]) -> None:
    assert values(predicate(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tax / land", [1.5, None, None]),
        ("tax / (land - 2)", [None, None, 0.5]),
        ("open_incidents / 2", [0.5, 0.0, 1.0]),
        ("tax % land", [1.0, None, None]),
        ("1 / 3", [1 / 3]),
        ("1.5 / 7", [1.5 / 7]),
        ("ROUND(tax / 2)", [2.0, None, -1.0]),
        ("ROUND(open_incidents / 4, 1)", [0.3, 0.0, 0.5]),
        ("ROUND(1250, -2)", [1300.0]),
        ("IF(utility, 0.9, 1)", [0.9, 1.0, 1.0]),
        ("CASE WHEN tax > 0 THEN 1.1 ELSE 1 END", [1.1, 1.0, 1.0]),
        ("GREATEST(tax, 0) * 0.1", [3.0 * 0.1, 0.0, 0.0]),
    ],
)
def test_a_number_is_a_double_and_division_by_zero_is_missing(text: str, expected: list[float | None]) -> None:
    assert values(scalar(text)) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    [
        "tax > (SELECT 1)", "EXISTS (SELECT 1)", "tax IN (SELECT 1)", "SUM(tax) > 1", "COUNT(*) > 1",
        "RANK() OVER () > 1", "read_csv('x') > 1", "getenv('HOME') = 'x'", "scores.tax > 1", "tax AS x", "tax; land",
        "DROP TABLE x", "SELECT tax", "tax > ?", "tax > $1", "*", "", "tax >", "tax > 'x'", "name > 1", "[1, 2]",
        "COLUMNS('.*') > 1", "CAST(tax AS VARCHAR) = '1'", "0 < tax < 10",
        "tax > 0 = TRUE", "ROUND(tax, land) > 1",
        "tax // 2 > 1", "tax IS 5", "name LIKE scale", "TRUE; DROP TABLE x", "x -> x > 1", "tax > 1 UNION SELECT 1",
    ],
)  # fmt: skip
def test_what_an_expression_may_not_say_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        check_predicate(text, expressions.PROFILE_COLUMNS)


@pytest.mark.parametrize("name", ["tax", "land_idle", "d_streak", "value_a", "score_a", "energy_tier", "previous_tier"])
def test_lists_see_every_column_of_the_profile_and_of_the_scoring(name: str) -> None:
    check_predicate(f"{name} IS NULL", expressions.candidate_columns(["a"]))


def test_the_bookkeeping_column_of_the_streak_is_not_public() -> None:
    with pytest.raises(ExpressionError, match="only in"):
        check_predicate("d_streak_before > 1", expressions.candidate_columns([]))


def test_a_condition_is_no_number_and_a_number_no_condition() -> None:
    with pytest.raises(ExpressionError, match="not a number"):
        check_scalar("tax > 1", expressions.PROFILE_COLUMNS)
    with pytest.raises(ExpressionError, match="not a condition"):
        check_predicate("tax", expressions.PROFILE_COLUMNS)


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("open_incidents // 2 > 0", "write FLOOR(a / b)"),
        ("regexp_matches(name, 'a')", "write LIKE"),
        ("CAST(tax AS INT) > 1", "nothing needs conversion"),
        ("0 < tax < 10", "write them apart"),
        ("SUM(tax) > 1", "no sub-query, table or aggregate"),
    ],
)
def test_a_refusal_says_what_to_write_instead(text: str, instead: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        check_predicate(text, expressions.PROFILE_COLUMNS)
    assert instead in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(" * 300 + "tax > 0" + ")" * 300, "nested too deeply"),
        ("NOT " * 1_200 + "utility", "nested too deeply"),
        (" OR ".join(["tax > 1"] * 20_000), "219996 characters"),
        (" AND ".join(["utility"] * 400), "nested too deeply"),
        ("tax" + "/tax" * 1_200 + " > 1", "nested too deeply"),
        ("ROUND(" * 9 + "tax" + ")" * 9 + " > 1", "steps to compute"),
        ("ROUND(tax, 1000000000) > 1", "decimals up to 8"),
        ("ROUND(tax, -9) > 1", "decimals up to 8"),
        (f"ROUND(tax, {'9' * 4_500}) > 1", "decimals up to 8"),
    ],
)
def test_no_expression_ends_the_process_however_long_or_deep(text: str, said: str) -> None:
    with pytest.raises(ExpressionError, match=said):
        check_predicate(text, expressions.PROFILE_COLUMNS)


@pytest.mark.parametrize(("text", "value"), [("ROUND(tax, 8)", 3.0), ("ROUND(tax, -8)", 0.0)])
def test_round_takes_eight_decimals_exactly(text: str, value: float) -> None:
    check_scalar(text, expressions.PROFILE_COLUMNS)
    assert values(scalar(text))[0] == value


def test_a_message_shows_the_beginning_of_a_long_expression() -> None:
    with pytest.raises(ExpressionError) as caught:
        check_predicate("9" * 4_000, expressions.PROFILE_COLUMNS)
    assert len(str(caught.value)) < 1_000
