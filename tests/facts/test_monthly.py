"""The twelve months one by one: only what the stated figures determine, never a longer span spread over its months."""

from datetime import date

import polars as pl
import pytest
from builders.examples import examples
from hypothesis import given
from hypothesis import strategies as st

from efficiency.facts.energy import EnergyBasis, energy_totals
from efficiency.facts.monthly import monthly_electricity, monthly_energy, monthly_flow
from efficiency.facts.windows import Window, window_totals
from schemas import FACTS

WINDOW = Window("rolling_12m", date(2026, 10, 31))
BASIS = EnergyBasis()
Span = tuple[str, str]


def day(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def stated(figures: dict[Span, float]) -> pl.DataFrame:
    rows = [
        {"uscc": "甲", "span_start": day(first), "span_end": day(last), "revenue": figure}
        for (first, last), figure in figures.items()
    ]
    return pl.DataFrame(rows, schema={"uscc": pl.String, "span_start": pl.Date, "span_end": pl.Date, "revenue": float})


def months(frame: pl.DataFrame) -> dict[str, float | None]:
    return {f"{month:%Y-%m}": value for month, value in frame.select("month", "value").iter_rows()}


def energy(*rows: tuple[str, Span, float]) -> pl.DataFrame:
    """Facts of energy: carrier, span, consumption in the carrier's form unit."""
    named = [
        {"uscc": "甲", "name": "甲厂", "carrier": carrier, "consumption": figure, "superseded": False,
         "span_start": day(first), "span_end": day(last)}
        for carrier, (first, last), figure in rows
    ]  # fmt: skip
    return pl.DataFrame(named, schema_overrides={"consumption": pl.Float64}).select(
        *(
            pl.col(name).cast(dtype) if name in named[0] else pl.lit(None, dtype=dtype).alias(name)
            for name, dtype in FACTS["energy"].polars_schema.items()
        )
    )


def test_cumulative_figures_are_taken_apart() -> None:
    to_october, to_september = ("2026-01", "2026-10"), ("2026-01", "2026-09")
    found = months(monthly_flow(stated({to_october: 100.0, to_september: 88.0}), "revenue", WINDOW))
    assert found["2026-10"] == 12.0
    assert list(found) == [f"2025-{m}" for m in (11, 12)] + [f"2026-{m:02}" for m in range(1, 11)]
    assert [month for month, value in found.items() if value is not None] == ["2026-10"]


def test_two_months_that_are_known_only_together_are_both_a_gap() -> None:
    found = months(
        monthly_flow(
            stated({("2025-01", "2025-12"): 120.0, ("2025-01", "2025-10"): 95.0, ("2026-01", "2026-02"): 20.0}),
            "revenue",
            WINDOW,
        )
    )
    assert set(found.values()) == {None}


def test_energy_of_a_month_is_that_of_all_its_carriers() -> None:
    october, september = ("2026-10", "2026-10"), ("2026-09", "2026-09")
    rows = energy(("电力", october, 10.0), ("原煤", october, 100.0), ("电力", september, 10.0))
    found = months(monthly_energy(rows, BASIS, WINDOW))
    assert found["2026-10"] == pytest.approx(10 * 1.229 + 100 * 0.7143)
    # September names a carrier, and coal is not among them.
    assert found["2026-09"] == pytest.approx(10 * 1.229)
    assert found["2026-08"] is None
    assert months(monthly_electricity(rows, BASIS, WINDOW))["2026-10"] == 10.0


def test_coal_of_ten_months_that_none_of_them_names_makes_each_of_them_a_gap() -> None:
    each = [(f"2026-{month:02}",) * 2 for month in range(1, 11)]
    rows = energy(*(("电力", span, 10.0) for span in each), ("原煤", ("2026-01", "2026-10"), 100.0))
    assert set(months(monthly_energy(rows, BASIS, WINDOW)).values()) == {None}
    assert months(monthly_electricity(rows, BASIS, WINDOW))["2026-10"] == 10.0


def test_a_total_stated_directly_is_the_energy_of_a_month_without_carriers() -> None:
    rows = energy(("综合能源消费量", ("2026-10", "2026-10"), 50.0), ("原煤", ("2026-09", "2026-09"), 10.0))
    found = months(monthly_energy(rows, BASIS, WINDOW))
    assert found["2026-10"] == 50.0
    assert found["2026-09"] == pytest.approx(7.143)


def test_who_names_carriers_of_which_none_is_electric_used_no_electricity() -> None:
    rows = energy(("原煤", ("2026-10", "2026-10"), 10.0))
    found = months(monthly_electricity(rows, BASIS, WINDOW))
    assert (found["2026-10"], found["2026-09"]) == (0.0, None)


@given(
    figures=st.lists(
        st.tuples(st.integers(0, 23), st.integers(0, 11)).map(lambda span: (span[0], min(span[0] + span[1], 23))),
        max_size=30,
    )
)
@examples(60, long=600)
def test_months_that_are_all_determined_add_up_to_the_total(figures: list[tuple[int, int]]) -> None:
    # Cumulative figures of consistent months: each span is the sum of what its months hold.
    held = [(7 * month) % 11 + 1.0 for month in range(24)]
    named = [f"{2025 + month // 12}-{month % 12 + 1:02}" for month in range(24)]
    within_a_year = [(first, last) for first, last in figures if first // 12 == last // 12]
    rows = stated({(named[first], named[last]): sum(held[first : last + 1]) for first, last in within_a_year})
    values = list(months(monthly_flow(rows, "revenue", WINDOW)).values())
    for value, true in zip(values, held[10:22], strict=False):
        assert value is None or value == pytest.approx(true)
    total = window_totals(rows, ["revenue"], WINDOW)
    if values and None not in values:
        assert total["revenue"].item() == pytest.approx(sum(held[10:22]))


def test_months_of_energy_add_up_to_its_total() -> None:
    spans = [(f"2025-{m:02}",) * 2 for m in (11, 12)] + [(f"2026-{m:02}",) * 2 for m in range(1, 11)]
    rows = energy(*(("电力", span, 3.0) for span in spans), *(("原煤", span, 8.0) for span in spans[::3]))
    summed = monthly_energy(rows, BASIS, WINDOW)["value"]
    assert summed.null_count() == 0
    assert summed.sum() == pytest.approx(energy_totals(rows, BASIS, WINDOW).frame["energy"].item())
