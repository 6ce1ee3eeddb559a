"""The view monthly: cumulative figures taken apart, whatever spans were stated."""

from datetime import date

import polars as pl
import pytest
from builders.examples import examples
from builders.in_sql import Analyst
from builders.stated import CODES, NAMES, Row, month, year_to_date
from hypothesis import given
from hypothesis import strategies as st

from efficiency.warehouse.schema import Contents
from schemas import FACTS

any_span = st.tuples(st.integers(1, 12), st.integers(1, 12)).map(sorted).map(tuple)
usual_span = st.one_of(
    st.integers(1, 12).map(lambda n: (n, n)),
    st.integers(1, 12).map(lambda n: (1, n)),
    st.sampled_from([(1, 3), (4, 6), (7, 9), (10, 12), (1, 6), (7, 12)]),
)
amounts = st.lists(st.integers(-50, 500), min_size=12, max_size=12)


@pytest.fixture(scope="module")
def analyst() -> Analyst:
    return Analyst()


def fact(row: int, **stated: object) -> Row:
    return {"uscc": CODES["A"], "name": NAMES["A"], "submission_id": "s", "sheet": "表", "row": row, "block": 0,
            "superseded": False, **stated}  # fmt: skip


def facts(form: str, *rows: Row) -> Contents:
    table = FACTS[form]
    made = [fact(number, **row) for number, row in enumerate(rows, 1)]
    return Contents({table.qualified: table.conform(pl.DataFrame(made, infer_schema_length=None))})


def months(analyst: Analyst, contents: Contents, measure: str) -> dict[tuple[int, int], float | None]:
    """Year and month → value; asserts that it is determined where there is one."""
    analyst.take(contents)
    rows = analyst.rows(f"SELECT month, value, determined FROM monthly WHERE measure = '{measure}' ORDER BY month")
    assert all(determined == (value is not None) for _, value, determined in rows)
    return {(day.year, day.month): value for day, value, _ in rows}


def stated_of(analyst: Analyst, true: list[int], stated: list[tuple[int, int]]) -> dict[int, float | None]:
    """Month → value, of a year whose months were `true` and of which these spans were stated."""
    rows = [
        {"span_start": date(2026, a, 1), "span_end": date(2026, b, 1), "tax": float(sum(true[a - 1 : b]))}
        for a, b in stated
    ]
    found = months(analyst, facts("output", *rows), "tax")
    return {number: value for (_, number), value in found.items()}


@examples(short=12, long=150)
@given(amounts, st.lists(any_span, unique=True, min_size=1, max_size=12))
def test_no_month_is_other_than_it_was(analyst: Analyst, true: list[int], stated: list[tuple[int, int]]) -> None:
    found = stated_of(analyst, true, stated)
    assert set(found) == {number for a, b in stated for number in range(a, b + 1)}
    for number, value in found.items():
        assert value is None or value == pytest.approx(true[number - 1])
        assert value is not None or (number, number) not in stated


@examples(short=12, long=150)
@given(amounts, st.lists(usual_span, unique=True, min_size=1, max_size=12))
def test_a_month_is_known_where_usual_spans_lead_to_it_from_january(
    analyst: Analyst, true: list[int], stated: list[tuple[int, int]]
) -> None:
    found = stated_of(analyst, true, stated)
    reached = reached_from_january(stated)
    for number, value in found.items():
        assert (value is not None) == ({number - 1, number} <= reached or (number, number) in stated), number


def reached_from_january(stated: list[tuple[int, int]]) -> set[int]:
    """The months, 0 the beginning of the year, up to which a chain of spans gives the sum."""
    reached, before = {0}, -1
    while before != len(reached):
        before = len(reached)
        for a, b in stated:
            if {a - 1, b} & reached:
                reached |= {a - 1, b}
    return reached


def test_cumulative_figures_are_taken_apart_and_gaps_have_no_value(analyst: Analyst) -> None:
    rows = [{"tax": 10.0, **year_to_date(2026, 1)}, {"tax": 30.0, **year_to_date(2026, 2)},
            {"tax": 90.0, **year_to_date(2026, 4)}, {"tax": 45.0, **month(2025, 12)}]  # fmt: skip
    assert months(analyst, facts("output", *rows), "tax") == {
        (2025, 12): 45, (2026, 1): 10, (2026, 2): 20, (2026, 3): None, (2026, 4): None,
    }  # fmt: skip


def test_a_month_states_itself_before_what_sums_come_to(analyst: Analyst) -> None:
    rows = [
        {"tax": 10.0, **year_to_date(2026, 1)},
        {"tax": 30.0, **year_to_date(2026, 2)},
        {"tax": 19.0, **month(2026, 2)},
    ]
    assert months(analyst, facts("output", *rows), "tax") == {(2026, 1): 10, (2026, 2): 19}


def test_parts_add_up_and_a_refused_one_leaves_the_month_open(analyst: Analyst) -> None:
    stated = ((1, "1号表", 5.0), (1, "2号表", 7.0), (2, "1号表", 5.0), (2, "2号表", None))
    rows = [
        {"carrier": "电力", "part": part, "consumption": figure, **month(2026, number)}
        for number, part, figure in stated
    ]
    expected = {(2026, 1): 12, (2026, 2): None}
    assert months(analyst, facts("energy", *rows), "电力") == expected
    assert months(analyst, facts("energy", *rows), "electricity") == expected


def test_electricity_is_that_of_all_electric_carriers(analyst: Analyst) -> None:
    rows = [{"carrier": carrier, "consumption": 5.0, **month(2026, 1)} for carrier in ("电力", "绿电", "原煤")]
    assert months(analyst, facts("energy", *rows), "electricity") == {(2026, 1): 10}
    assert months(analyst, facts("energy", *rows), "原煤") == {(2026, 1): 5}


def test_staff_are_those_that_the_figure_of_the_month_says(analyst: Analyst) -> None:
    rows = [{"employees": 50.0, **year_to_date(2026, 3)}, {"employees": 52.0, **month(2026, 3)}]
    assert months(analyst, facts("output", *rows), "employees") == {(2026, 3): 52}


def test_what_rounding_leaves_of_nothing_is_nothing(analyst: Analyst) -> None:
    rows = [{"tax": 0.1 + 0.2, **year_to_date(2026, 2)}, {"tax": 0.3, **year_to_date(2026, 3)}]
    assert months(analyst, facts("output", *rows), "tax")[2026, 3] == 0
