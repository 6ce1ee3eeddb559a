"""For how many months an enterprise had no revenue or used no electricity: only what its figures determine exactly."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency.facts.energy import EnergyBasis, in_standard_coal
from efficiency.facts.months_without import months_without, months_without_electricity
from schemas import FACTS

OCTOBER = date(2026, 10, 1)
BASIS = EnergyBasis()


def month(back: int) -> date:
    """First day of the month so many months before October 2026."""
    number = OCTOBER.year * 12 + OCTOBER.month - 1 - back
    return date(number // 12, number % 12 + 1, 1)


def stated(*figures: tuple[int, int, float | None], who: str = "甲") -> pl.DataFrame:
    """Revenue of spans: how many months before October the first and the last month are, and the figure."""
    rows = [
        {"uscc": who, "span_start": month(first), "span_end": month(last), "revenue": figure}
        for first, last, figure in figures
    ]
    return pl.DataFrame(rows, schema={"uscc": pl.String, "span_start": pl.Date, "span_end": pl.Date, "revenue": float})


def singles(*figures: float | None) -> pl.DataFrame:
    """The figures of single months, October first and then back."""
    return stated(*((back, back, figure) for back, figure in enumerate(figures)))


def count(rows: pl.DataFrame, period: date = OCTOBER) -> int | None:
    frame = months_without(rows, "revenue", period)
    return frame["months_without_revenue"].item() if frame.height else None


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ((5.0, 0.0), 0),
        ((0.0, 0.0, 5.0), 2),
        ((-1.0, 0.0), 0),
        ((0.0, 0.0, None, 5.0), None),  # a gap between figures: unknown
        ((None, 0.0, 0.0), None),  # the period's month itself is not stated
        ((0.0, 0.0, 0.0), 3),  # nothing is stated before: the least that it can be
        ((0.0, *[None] * 30, 0.0), None),
    ],
)
def test_trailing_zeros_are_counted_up_to_the_first_month_that_is_none(
    figures: tuple[float | None, ...], expected: int | None
) -> None:
    assert count(singles(*figures)) == expected


def test_months_are_differences_of_cumulative_figures_too() -> None:
    year_to_date = stated((9, 0, 80.0), (9, 1, 80.0), (9, 2, 80.0), (9, 3, 70.0))
    assert count(year_to_date) == 2
    assert count(stated((9, 0, 80.0), (9, 2, 80.0))) is None, "September and October are zero together, not each"
    assert count(stated((9, 0, 0.0))) is None, "ten months that add up to zero are not ten months of zero"


def test_zeros_are_counted_over_years() -> None:
    assert count(singles(*[0.0] * 45, 3.0)) == 45
    assert count(singles(*[0.0] * 45)) == 45
    assert count(singles(*[0.0] * 22, None, 3.0)) is None


def test_figures_from_after_the_period_say_nothing_about_it() -> None:
    later = stated((-1, -1, 0.0), (-2, -2, 0.0))
    assert count(later) is None
    assert count(pl.concat([later, singles(0.0, 4.0)])) == 1


def test_nobody_is_counted_by_anothers_figures() -> None:
    rows = pl.concat(
        [singles(0.0, 0.0, 5.0), stated((0, 0, 0.0), (2, 2, 1.0), who="乙"), stated((0, 0, 1.0), who="丙")]
    )
    found = months_without(rows, "revenue", OCTOBER).sort("uscc")
    assert dict(found.iter_rows()) == {"甲": 2, "乙": None, "丙": 0}


def oracle(figures: dict[tuple[int, int], int], oldest: int) -> int | None:
    """The count from `figures` (months back: first, last) of months that are consistent, by connected month ends."""
    potentials: list[dict[int, int]] = []
    nodes = {node for first, last in figures for node in (-first, -last + 1)}
    while nodes:
        component = {nodes.pop(): 0}
        grown = True
        while grown:
            grown = False
            for (first, last), figure in figures.items():
                start, end = -first, -last + 1
                if (start in component) != (end in component):
                    if start in component:
                        component[end] = component[start] + figure
                    else:
                        component[start] = component[end] - figure
                    grown = True
        nodes -= component.keys()
        potentials.append(component)
    for back in range(oldest + 1):
        known = [p[-back + 1] - p[-back] for p in potentials if -back in p and -back + 1 in p]
        if not known:
            return None
        if known[0]:
            return back
    return oldest + 1


@given(st.data())
def test_the_count_is_that_of_an_independent_computation(data: st.DataObject) -> None:
    truth = data.draw(st.lists(st.sampled_from([0, 0, 0, 7]), min_size=22, max_size=22))
    spans = data.draw(
        st.sets(
            st.one_of(
                st.integers(0, 21).map(lambda back: (back, back)),
                st.integers(0, 9).map(lambda back: (9, back)),
                st.integers(10, 21).map(lambda back: (21, back)),
            ),
            min_size=1,
        )
    )
    figures = {(first, last): sum(truth[last : first + 1]) for first, last in spans}
    rows = stated(*((first, last, float(figure)) for (first, last), figure in figures.items()))
    assert count(rows) == oracle(figures, max(first for first, _ in spans))


def energy(*figures: tuple[int, int, str, float | None]) -> pl.DataFrame:
    rows = [
        {"uscc": "甲", "name": "甲公司", "span_start": month(first), "span_end": month(last), "carrier": carrier,
         "consumption": figure, "superseded": False}
        for first, last, carrier, figure in figures
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=FACTS["energy"].polars_schema)


def without_electricity(*figures: tuple[int, int, str, float | None]) -> int | None:
    frame = months_without_electricity(in_standard_coal(energy(*figures), BASIS), OCTOBER)
    return frame["months_without_electricity"].item() if frame.height else None


def test_electricity_is_counted_as_its_total_is_determined() -> None:
    assert without_electricity((0, 0, "电力", 0.0), (1, 1, "电力", 0.0), (2, 2, "电力", 9.0)) == 2
    assert without_electricity((0, 0, "电力", 0.0), (1, 1, "绿电", 3.0), (1, 1, "电力", 0.0)) == 1
    unnamed = (0, 0, "原煤", 4.0)
    assert without_electricity(unnamed, (1, 1, "电力", 9.0)) == 1, "a month that names other carriers used none"
    assert without_electricity(unnamed, (1, 1, "原煤", 4.0)) == 2
    assert without_electricity(unnamed, (9, 0, "电力", 50.0), (9, 1, "电力", 50.0), (9, 2, "电力", 40.0)) == 1
    assert without_electricity((0, 0, "电力", None), (1, 1, "电力", 0.0)) is None, "a refused figure is not zero"
    assert without_electricity((0, 0, "综合能源消费量", 0.0)) is None, "a total names no carrier"
    assert without_electricity((0, 0, "电力", 0.0), (2, 2, "电力", 9.0)) is None
    assert without_electricity((0, 0, "电力", 0.5)) == 0
