"""What a total is made of: the stated figures with their signs, which always add up to the total itself."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency.facts.composition import electricity_composition, energy_composition, flow_composition
from efficiency.facts.energy import EnergyBasis, energy_totals
from efficiency.facts.windows import Window, WindowKind, window_totals
from schemas import FACTS
from schemas.energy import TOTAL_CARRIER

BASIS = EnergyBasis(exclude=frozenset({"green_power", "feedstock"}))
OCTOBER = Window("rolling_12m", date(2026, 10, 1))
TAIL, THIS_YEAR = [(11, 11), (12, 12)], (13, 22)
CARRIERS = ("原煤", "电力", "绿电", TOTAL_CARRIER)


def month(number: int) -> date:
    return date(2025 + (number - 1) // 12, (number - 1) % 12 + 1, 1)


def energy(figures: dict[tuple[tuple[int, int], str], float | None], **columns: float) -> pl.DataFrame:
    rows = [
        {"uscc": "甲", "name": "甲公司", "span_start": month(first), "span_end": month(last), "carrier": carrier,
         "consumption": value, "row": place, **columns}
        for place, (((first, last), carrier), value) in enumerate(figures.items())
    ]  # fmt: skip
    return FACTS["energy"].conform(pl.DataFrame(rows, infer_schema_length=None))


def added(parts: pl.DataFrame | None, value: str) -> float | None:
    return None if parts is None else float((parts["sign"] * parts[value]).sum())


months = st.one_of(
    st.integers(1, 24).map(lambda m: (m, m)),
    st.integers(1, 24).map(lambda m: (1 if m <= 12 else 13, m)),
    st.just((11, 22)),
)
whole_year = st.lists(st.sampled_from(CARRIERS), min_size=1, max_size=3, unique=True).map(
    lambda carriers: {((m, m), carrier): 10.0 for m in range(1, 25) for carrier in carriers}
)
stated = st.dictionaries(
    st.tuples(months, st.sampled_from(CARRIERS)), st.one_of(st.none(), st.integers(0, 500).map(float)), max_size=30
)


@given(whole_year, stated, st.sampled_from(["rolling_12m", "year_to_date", "calendar_year"]), st.booleans())
def test_the_parts_of_energy_always_add_up_to_the_total(
    base: dict[tuple[tuple[int, int], str], float], figures: dict[tuple[tuple[int, int], str], float | None],
    kind: WindowKind, complete: bool,
) -> None:  # fmt: skip
    rows = energy({**(base if complete else {}), **figures})
    if rows.is_empty():
        return
    window = Window(kind, date(2026, 10, 1))
    frame = energy_totals(rows, BASIS, window).frame
    found = frame.row(0, named=True) if frame.height else {"energy": None, "electricity": None}
    for parts, value, word in (
        (energy_composition(rows, BASIS, window), "tce", "energy"),
        (electricity_composition(rows, BASIS, window), "consumption", "electricity"),
    ):
        assert added(parts, value) == pytest.approx(found[word], abs=1e-6), word


@given(st.dictionaries(months, st.one_of(st.none(), st.integers(0, 500).map(float)), min_size=1, max_size=30))
def test_the_parts_of_a_flow_always_add_up_to_the_total(figures: dict[tuple[int, int], float | None]) -> None:
    rows = FACTS["output"].conform(pl.DataFrame([
        {"uscc": "甲", "span_start": month(first), "span_end": month(last), "tax": value}
        for (first, last), value in figures.items()
    ], infer_schema_length=None))  # fmt: skip
    totals = window_totals(rows, ["tax"], OCTOBER)
    expected = totals["tax"].item() if totals.height else None
    assert added(flow_composition(rows, "tax", OCTOBER), "tax") == pytest.approx(expected, abs=1e-6)


def test_each_carrier_shows_its_quantity_and_its_coefficient() -> None:
    parts = energy_composition(
        energy({((13, 22), "原煤"): 100.0, ((1, 12), "原煤"): 90.0, ((1, 10), "原煤"): 80.0}), BASIS, OCTOBER
    )
    assert parts is not None
    assert sorted(parts.select("row", "sign").rows()) == [(0, 1), (1, 1), (2, -1)]
    assert parts.select((pl.col("net") * pl.col("applied") - pl.col("tce")).abs().max()).item() < 1e-9
    assert set(parts["applied"]) == {0.7143}


def test_a_carrier_that_a_form_leaves_out_is_reported_to_count_zero() -> None:
    rows = energy({**{(span, "电力"): 10.0 for span in [*TAIL, THIS_YEAR]}, (THIS_YEAR, "原煤"): 50.0})
    parts = energy_composition(rows, BASIS, OCTOBER)
    assert parts is not None
    assumed = parts.filter(~pl.col("stated"))
    assert assumed.select("carrier", "span_start", "tce").rows() == [
        ("原煤", month(11), 0.0),
        ("原煤", month(12), 0.0),
    ]


def test_direct_totals_stand_beside_carriers_each_for_its_own_months() -> None:
    figures = {**{(span, TOTAL_CARRIER): 50.0 for span in TAIL}, (THIS_YEAR, "原煤"): 100.0}
    parts = energy_composition(energy(figures), BASIS, OCTOBER)
    assert parts is not None
    assert sorted(parts.select("carrier", "tce").rows()) == [
        ("原煤", pytest.approx(71.43)),
        (TOTAL_CARRIER, 50.0),
        (TOTAL_CARRIER, 50.0),
    ]


def test_an_undetermined_total_has_no_parts() -> None:
    assert energy_composition(energy({(THIS_YEAR, "原煤"): 100.0}), BASIS, OCTOBER) is None
    assert electricity_composition(energy({((1, 22), TOTAL_CARRIER): 9.0}), BASIS, OCTOBER) is None
