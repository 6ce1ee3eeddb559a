"""Window totals: exact combinations of reported spans, or nothing."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency.facts.windows import Window, WindowKind, latest_in_window, used_spans, window_totals

OCTOBER = date(2026, 10, 1)
Span = tuple[int, int]
"""(first month, last month), months counted from 1 = January of the year before the period's."""

LAST_YEAR = [(month, month) for month in range(1, 13)]
THIS_YEAR = [(month, month) for month in range(13, 25)]


def month(number: int, year: int = 2025) -> date:
    return date(year + (number - 1) // 12, (number - 1) % 12 + 1, 1)


def rows(figures: dict[Span, float | None], uscc: str = "甲", year: int = 2025) -> pl.DataFrame:
    return pl.DataFrame(
        [(uscc, month(first, year), month(last, year), value) for (first, last), value in figures.items()],
        schema={"uscc": pl.String, "span_start": pl.Date, "span_end": pl.Date, "tax": pl.Float64},
        orient="row",
    )


def total(figures: dict[Span, float | None], kind: WindowKind = "rolling_12m", period: date = OCTOBER) -> float | None:
    frame = window_totals(rows(figures, year=period.year - 1), ["tax"], Window(kind, period))
    return frame["tax"].item() if frame.height else None


def flat(spans: list[Span], per_month: float = 1.0) -> dict[Span, float | None]:
    return {(first, last): per_month * (last - first + 1) for first, last in spans}


def oracle(figures: dict[Span, float | None], kind: WindowKind, period: date) -> float | None:
    """Search from the window's first boundary along reported spans, forwards adding and backwards subtracting."""
    m = period.month
    first, last = {
        "rolling_12m": (m, 12 + m),
        "year_to_date": (12, 12 + m),
        "calendar_year": (12, 24) if m == 12 else (0, 12),
    }[kind]
    reached = {first: 0.0}
    queue = [first]
    while queue:
        node = queue.pop(0)
        for (start, end), value in figures.items():
            if value is None:
                continue
            for here, there, change in ((start - 1, end, value), (end, start - 1, -value)):
                if here == node and there not in reached:
                    reached[there] = reached[node] + change
                    queue.append(there)
    return reached.get(last)


def test_twelve_months_add_up() -> None:
    assert total(flat(LAST_YEAR[10:] + THIS_YEAR[:10])) == 12


def test_full_year_less_year_to_date_gives_the_rest_of_last_year() -> None:
    assert total({(1, 12): 120.0, (1, 10): 95.0, (13, 22): 70.0}) == 95.0


def test_a_year_that_starts_with_months_and_goes_on_cumulatively() -> None:
    assert total({**flat(LAST_YEAR[10:]), **flat(THIS_YEAR[:3]), (13, 22): 40.0}) == 42.0


def test_quarters_add_up_where_they_meet_the_window_s_ends_and_else_only_with_the_months_that_do() -> None:
    quarters = [(first, first + 2) for first in range(1, 25, 3)]
    assert total(flat(quarters[4:]), "calendar_year", date(2026, 12, 1)) == 12
    assert total(flat(quarters[3:7])) is None
    assert total(flat([*quarters[4:7], (22, 22), (11, 11), (12, 12)])) == 12
    assert total({**flat(quarters[3:7]), (10, 10): 1.0, (22, 22): 1.0}) == 12


def test_january_and_february_may_come_in_one_cumulative_figure() -> None:
    assert total(flat([*LAST_YEAR[10:], (13, 14), *THIS_YEAR[2:10]])) == 12


def test_without_january_and_february_there_is_no_total() -> None:
    assert total(flat(LAST_YEAR[10:] + THIS_YEAR[2:10])) is None


def test_a_later_cumulative_figure_repairs_a_missing_month() -> None:
    missing_may = [span for span in THIS_YEAR[:10] if span != (17, 17)]
    assert total(flat(LAST_YEAR[10:] + missing_may)) is None
    assert total(flat([*LAST_YEAR[10:], *missing_may, (13, 20)])) == 12


def test_a_cumulative_figure_of_a_later_month_is_led_back_by_the_months_between() -> None:
    assert total({**flat(LAST_YEAR[10:]), (13, 23): 110.0, (23, 23): 10.0}) == 102.0


@pytest.mark.parametrize("absent", range(12))
def test_one_missing_month_makes_the_total_missing_never_partial(absent: int) -> None:
    spans = LAST_YEAR[10:] + THIS_YEAR[:10]
    assert total(flat(spans[:absent] + spans[absent + 1 :])) is None
    assert total({**flat(spans), spans[absent]: None}) is None


def test_nothing_but_refused_figures_is_not_zero() -> None:
    assert total(dict.fromkeys(LAST_YEAR + THIS_YEAR, None)) is None


def test_a_period_of_december_is_the_whole_year() -> None:
    december = date(2026, 12, 1)
    for kind in ("rolling_12m", "year_to_date", "calendar_year"):
        assert total({(13, 24): 77.0}, kind, december) == 77.0
        assert total(flat(THIS_YEAR), kind, december) == 12
        assert total(flat(THIS_YEAR[:11]), kind, december) is None


def test_a_calendar_year_is_the_latest_complete_one() -> None:
    assert total({(1, 12): 120.0, (13, 22): 1.0}, "calendar_year") == 120.0
    assert total({(1, 11): 110.0, (12, 12): 9.0}, "calendar_year") == 119.0
    assert total({(13, 22): 1.0}, "calendar_year") is None


def test_year_to_date_needs_only_this_year() -> None:
    assert total({(13, 22): 50.0}, "year_to_date") == 50.0
    assert total({(13, 21): 50.0, (22, 22): 5.0}, "year_to_date") == 55.0
    assert total({(13, 21): 50.0}, "year_to_date") is None


def test_quarters_are_spans_like_any_other() -> None:
    assert total(flat([(11, 12), (13, 15), (16, 18), (19, 21), (22, 22)])) == 12


def test_one_span_across_the_turn_of_the_year_may_be_the_window() -> None:
    assert total({(11, 22): 33.0}) == 33.0


def test_years_before_the_two_do_not_matter() -> None:
    spans = flat(LAST_YEAR[10:] + THIS_YEAR[:10])
    assert total({**spans, (-11, 0): 99.0, (-3, 5): 8.0}) == 12


def test_of_contradicting_figures_this_years_cumulative_and_last_years_months_count() -> None:
    assert total({**flat(LAST_YEAR), (1, 12): 100.0, (1, 10): 50.0, **flat(THIS_YEAR[:10]), (13, 22): 40.0}) == 42.0
    # The cumulative figure of September and the month after it go before ten single months.
    assert total({**flat(LAST_YEAR[10:] + THIS_YEAR[:10]), (13, 21): 30.0}) == 33.0


def test_what_rounding_leaves_of_zero_is_zero() -> None:
    assert total({(1, 12): 0.1 + 0.2, (1, 10): 0.3, (13, 22): 0.0}) == 0.0


def test_a_refund_makes_a_negative_total() -> None:
    assert total({**flat(LAST_YEAR[10:]), (13, 22): -30.0}) == -28.0


def test_measures_may_stand_in_different_rows_and_enterprises_do_not_mix() -> None:
    spans = flat(LAST_YEAR[10:] + THIS_YEAR[:10])
    tax = rows(spans).with_columns(water=pl.lit(None, pl.Float64))
    water = rows(spans).with_columns(water=pl.col("tax") * 5, tax=pl.lit(None, pl.Float64))
    other = rows({(13, 22): 1.0}, "乙").with_columns(water=pl.lit(None, pl.Float64))
    frame = window_totals(pl.concat([other, tax, water]), ["tax", "water"], Window("rolling_12m", OCTOBER))
    assert {row["uscc"]: (row["tax"], row["water"]) for row in frame.iter_rows(named=True)} == {
        "甲": (12.0, 60.0),
        "乙": (None, None),
    }


def test_no_rows_give_no_totals() -> None:
    frame = window_totals(rows({}), ["tax"], Window("rolling_12m", OCTOBER))
    assert frame.schema == {"uscc": pl.String, "tax": pl.Float64}
    assert frame.is_empty()


def test_a_level_is_that_of_the_latest_month_in_the_window() -> None:
    window = Window("rolling_12m", OCTOBER)
    figures: dict[Span, float | None] = {
        (10, 10): 1.0,
        (12, 12): 5.0,
        (13, 20): 7.0,
        (20, 20): 8.0,
        (21, 21): None,
        (23, 23): 9.0,
    }
    assert latest_in_window(rows(figures), "tax", window)["tax"].to_list() == [8.0]
    assert latest_in_window(rows({(10, 10): 1.0, (23, 23): 9.0}), "tax", window).is_empty()


def test_windows_name_their_months() -> None:
    window = Window("rolling_12m", OCTOBER)
    assert (window.first, window.last, window.end_of_period) == (date(2025, 11, 1), OCTOBER, date(2026, 10, 31))
    assert Window("calendar_year", OCTOBER).first == date(2025, 1, 1)
    assert Window("year_to_date", date(2024, 2, 1)).end_of_period == date(2024, 2, 29)
    assert Window("rolling_12m", date(2026, 12, 1)).end_of_period == date(2026, 12, 31)


KINDS = st.sampled_from(["rolling_12m", "year_to_date", "calendar_year"])
PERIODS = st.integers(1, 12).map(lambda number: date(2026, number, 1))
MONTHLY = st.lists(st.integers(-1000, 100_000), min_size=24, max_size=24)


@given(monthly=MONTHLY, kind=KINDS, period=PERIODS, cumulative=st.sets(st.integers(1, 24)))
def test_months_given_as_cumulative_figures_give_the_same_total(
    monthly: list[int], kind: WindowKind, period: date, cumulative: set[int]
) -> None:
    months: dict[Span, float | None] = {(m, m): float(monthly[m - 1]) for m in range(1, 25)}
    mixed: dict[Span, float | None] = {}
    for m in range(1, 25):
        first = 1 if m <= 12 else 13
        start = first if m in cumulative else m
        mixed[start, m] = float(sum(monthly[start - 1 : m]))
    assert total(mixed, kind, period) == total(months, kind, period) is not None


@st.composite
def reported_spans(draw: st.DrawFn) -> list[Span]:
    """Months, years to date, full years, and now and then any span at all."""
    any_span = st.tuples(st.integers(1, 24), st.integers(1, 24)).map(lambda pair: (min(pair), max(pair)))
    usual = st.integers(1, 24).flatmap(lambda m: st.sampled_from([(m, m), (1 if m <= 12 else 13, m)]))
    return draw(st.lists(st.one_of(usual, usual, usual, any_span), max_size=40, unique=True))


@given(monthly=MONTHLY, kind=KINDS, period=PERIODS, spans=reported_spans())
def test_a_total_is_there_exactly_when_reported_spans_lead_through_the_window(
    monthly: list[int], kind: WindowKind, period: date, spans: list[Span]
) -> None:
    figures: dict[Span, float | None] = {(first, last): float(sum(monthly[first - 1 : last])) for first, last in spans}
    assert total(figures, kind, period) == oracle(figures, kind, period)


def used(
    figures: dict[Span, float | None], kind: WindowKind = "rolling_12m", period: date = OCTOBER
) -> dict[Span, int] | None:
    """The spans that count, in the months of this file, with their sign."""
    nodes = [(first - 1, last) for (first, last), value in figures.items() if value is not None]
    found = used_spans(nodes, Window(kind, period))
    return None if found is None else {(start + 1, end): sign for (start, end), sign in found.items()}


def test_a_total_names_the_year_to_date_the_full_year_and_what_is_taken_off_it() -> None:
    assert used({(1, 12): 120.0, (1, 10): 95.0, (13, 22): 70.0}) == {(1, 10): -1, (1, 12): 1, (13, 22): 1}


def test_a_figure_that_is_not_needed_is_not_named() -> None:
    reported = {**flat(LAST_YEAR[10:]), **flat(THIS_YEAR[:10]), (13, 22): 10.0}
    assert used(reported) == {(11, 11): 1, (12, 12): 1, (13, 22): 1}


@given(
    spans=st.lists(st.tuples(st.integers(1, 24), st.integers(1, 24)).map(sorted).map(tuple), unique=True, max_size=30),
    amounts=st.lists(st.integers(-1000, 1000), min_size=30, max_size=30),
    kind=st.sampled_from(["rolling_12m", "year_to_date", "calendar_year"]),
    last=st.integers(1, 12),
)
def test_the_used_spans_always_add_up_to_the_total(
    spans: list[Span], amounts: list[int], kind: WindowKind, last: int
) -> None:
    """Also where figures contradict each other: those that are named are those that were counted."""
    period = date(2026, last, 1)
    figures: dict[Span, float | None] = {span: float(amount) for span, amount in zip(spans, amounts, strict=False)}
    named, expected = used(figures, kind, period), total(figures, kind, period)
    assert (named is None) == (expected is None)
    if named is not None:
        assert sum(sign * (figures[span] or 0.0) for span, sign in named.items()) == pytest.approx(expected, abs=1e-6)
