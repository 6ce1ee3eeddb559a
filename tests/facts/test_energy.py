"""Standard coal: coefficients, bases, exclusions, and that energy which is not known is never taken for zero."""

import random
from collections.abc import Iterable
from datetime import date

import polars as pl
import pytest
from builders import oracle_energy
from builders.profiles import policy
from hypothesis import given
from hypothesis import strategies as st

from efficiency.facts.energy import EnergyBasis, EnergyTotals, energy_totals
from efficiency.facts.unconfirmed import unconfirmed_warnings, users
from efficiency.facts.windows import Window, WindowKind
from efficiency.policy.load import PolicyError
from schemas import FACTS
from schemas.energy import TOTAL_CARRIER

OCTOBER = date(2026, 10, 1)
WINDOW = Window("rolling_12m", OCTOBER)
YEAR = Window("year_to_date", OCTOBER)
CALORIFIC = EnergyBasis()
TAIL = [(11, 11), (12, 12)]
MONTHS = [*TAIL, *((m, m) for m in range(13, 23))]
THIS_YEAR = (13, 22)
"""January to October 2026; months are counted from 1 = January 2025."""

Figure = tuple[tuple[int, int], str, float | None]


def month(number: int) -> date:
    return date(2025 + (number - 1) // 12, (number - 1) % 12 + 1, 1)


def energy(figures: Iterable[Figure], uscc: str = "甲", **columns: float) -> pl.DataFrame:
    made = pl.DataFrame(
        [(uscc, f"{uscc}公司", month(span[0]), month(span[1]), carrier, value) for span, carrier, value in figures],
        schema={
            "uscc": pl.String,
            "name": pl.String,
            "span_start": pl.Date,
            "span_end": pl.Date,
            "carrier": pl.String,
            "consumption": pl.Float64,
        },
        orient="row",
    )
    return FACTS["energy"].conform(made.with_columns(pl.lit(value).alias(name) for name, value in columns.items()))


def totals(*parts: pl.DataFrame, basis: EnergyBasis = CALORIFIC, window: Window = WINDOW) -> EnergyTotals:
    return energy_totals(pl.concat(parts), basis, window)


def total(*parts: pl.DataFrame, basis: EnergyBasis = CALORIFIC, window: Window = WINDOW) -> float | None:
    frame = totals(*parts, basis=basis, window=window).frame
    return frame["energy"].item()


def electricity(*parts: pl.DataFrame, basis: EnergyBasis = CALORIFIC, window: Window = WINDOW) -> float | None:
    return totals(*parts, basis=basis, window=window).frame["electricity"].item()


def named(spans: Iterable[tuple[int, int]], carrier: str, value: float | None) -> list[Figure]:
    return [(span, carrier, value) for span in spans]


THREE = energy([(THIS_YEAR, "原煤", 100.0), (THIS_YEAR, "电力", 50.0), (THIS_YEAR, "天然气", 10.0)])


@pytest.mark.parametrize(
    ("basis", "expected"),
    [
        (EnergyBasis(coefficients={"天然气": 13.3}), 265.88),
        (EnergyBasis(), 254.31),
        (EnergyBasis("equivalent", 0.300, coefficients={"天然气": 13.3}), 354.43),
    ],
)
def test_standard_coal_equals_the_published_examples(basis: EnergyBasis, expected: float) -> None:
    """100 t of raw coal, 50 万千瓦时 and 10 万立方米 of gas, on the bases that docs/methods.md names."""
    assert total(THREE, basis=basis, window=YEAR) == pytest.approx(expected, abs=1e-9)


def test_the_equivalent_basis_needs_its_figure() -> None:
    with pytest.raises(ValueError, match="equivalent_kgce_per_kwh"):
        total(THREE, basis=EnergyBasis("equivalent"), window=YEAR)


def test_an_own_coefficient_goes_before_the_policys_and_that_before_the_tables() -> None:
    gas = [(THIS_YEAR, "天然气", 10.0)]
    policy = EnergyBasis(coefficients={"天然气": 13.3})
    assert total(energy(gas, coefficient=11.0), basis=policy, window=YEAR) == pytest.approx(110.0)
    assert total(energy(gas), basis=policy, window=YEAR) == pytest.approx(133.0)
    assert total(energy(gas), window=YEAR) == pytest.approx(121.43)


def test_one_electricity_basis_holds_for_everybody() -> None:
    own = energy([(THIS_YEAR, "电力", 10.0), (THIS_YEAR, "绿电", 10.0)], coefficient=4.04)
    assert total(own, window=YEAR) == pytest.approx(24.58)
    assert total(own, basis=EnergyBasis("equivalent", 0.3), window=YEAR) == pytest.approx(60.0)


def test_excluded_green_power_costs_nothing_but_is_electricity() -> None:
    rows = energy([(THIS_YEAR, "电力", 10.0), (THIS_YEAR, "绿电", 4.0)])
    basis = EnergyBasis(exclude=frozenset({"green_power"}))
    assert total(rows, basis=basis, window=YEAR) == pytest.approx(12.29)
    assert electricity(rows, basis=basis, window=YEAR) == pytest.approx(14.0)


def test_feedstock_is_taken_off_only_where_the_policy_excludes_it_and_transformed_output_always() -> None:
    rows = energy([(THIS_YEAR, "原煤", 100.0)], feedstock=30.0, transformed=20.0)
    assert total(rows, window=YEAR) == pytest.approx(80 * 0.7143)
    assert total(rows, basis=EnergyBasis(exclude=frozenset({"feedstock"})), window=YEAR) == pytest.approx(50 * 0.7143)


def test_energy_sold_may_exceed_energy_bought() -> None:
    assert total(energy([(THIS_YEAR, "热力", 100.0)], transformed=300.0), window=YEAR) == pytest.approx(-6.824)


def test_energy_media_do_not_count_unless_the_policy_names_them() -> None:
    rows = energy([(THIS_YEAR, "原煤", 100.0), (THIS_YEAR, "压缩空气", 50.0)])
    assert total(rows, window=YEAR) == pytest.approx(71.43)
    assert total(rows, basis=EnergyBasis(coefficients={"压缩空气": 0.4}), window=YEAR) == pytest.approx(91.43)


def test_a_policy_cannot_give_electricity_a_coefficient_beside_its_basis() -> None:
    with pytest.raises(PolicyError, match="'绿电' is electricity, of which one basis holds for all"):
        policy(tail='[energy.coefficients]\n"绿电" = 3.0\n')


def test_what_a_power_station_makes_for_itself_is_counted_once() -> None:
    """It burns coal, states all power and heat that it used, and what it made of them: the coal is the energy."""
    coal = energy([(THIS_YEAR, "原煤", 1000.0)])
    power = energy([(THIS_YEAR, "电力", 50.0)], transformed=20.0)
    heat = energy([(THIS_YEAR, "热力", 3000.0)], transformed=3000.0)
    assert total(coal, power, heat, window=YEAR) == pytest.approx(714.3 + 30 * 1.229)
    assert electricity(coal, power, heat, window=YEAR) == pytest.approx(50.0)


def test_coefficients_that_no_text_confirms_are_reported_once_for_each_carrier() -> None:
    gas = [energy([(THIS_YEAR, "天然气", 10.0)], name) for name in ("甲", "乙")]
    own = energy([(THIS_YEAR, "天然气", 10.0)], "丙", coefficient=12.9)
    tar = energy([(THIS_YEAR, "煤焦油", 10.0), (THIS_YEAR, "原煤", 10.0), (THIS_YEAR, "除氧水", 10.0)])
    rows = pl.concat([*gas, own, tar])
    assert unconfirmed_warnings(users(rows, YEAR), CALORIFIC) == [
        "煤焦油：1家企业未填报采用折标系数，按参考折标系数1.1429吨标准煤/吨折算，该系数未经文件核实，请在办法中明确或由企业填报",
        "天然气：2家企业未填报采用折标系数，按参考折标系数12.143吨标准煤/万立方米折算，该系数各方口径不一(另有13.3)，"
        "请在办法中明确或由企业填报",
    ]
    decided = EnergyBasis(coefficients={"天然气": 13.3, "煤焦油": 1.14})
    assert unconfirmed_warnings(users(rows, YEAR), decided) == []


def test_a_carrier_without_a_coefficient_makes_the_total_missing() -> None:
    slime = [(THIS_YEAR, "煤泥", 10.0)]
    coal = energy([(THIS_YEAR, "原煤", 100.0)])
    assert total(coal, energy(slime), window=YEAR) is None
    assert total(coal, energy(slime, coefficient=0.4), window=YEAR) == pytest.approx(75.43)
    assert total(coal, energy([(THIS_YEAR, "煤泥", 0.0)]), window=YEAR) == pytest.approx(71.43)


def test_an_unknown_carrier_makes_the_total_missing() -> None:
    assert total(energy([(THIS_YEAR, "原煤", 100.0), (THIS_YEAR, "天然汽", None)]), window=YEAR) is None


def test_a_refused_figure_makes_the_total_missing_not_smaller() -> None:
    coal = named(MONTHS, "原煤", 10.0)
    refused = [*named(MONTHS[:5], "柴油", 1.0), (MONTHS[5], "柴油", None), *named(MONTHS[6:], "柴油", 1.0)]
    assert total(energy([*coal, *refused])) is None
    assert electricity(energy([*coal, *refused])) == 0.0


def test_a_cumulative_figure_repairs_a_refused_month() -> None:
    diesel = [*named(TAIL, "柴油", 1.0), ((17, 17), "柴油", None), (THIS_YEAR, "柴油", 10.0)]
    coal = named([*TAIL, THIS_YEAR, (17, 17)], "原煤", 10.0)
    assert total(energy([*coal, *diesel])) == pytest.approx(12 * 1.4571 + 30 * 0.7143)


def test_a_carrier_that_a_reported_month_does_not_name_counts_zero() -> None:
    rows = energy([*named(MONTHS, "电力", 10.0), *named(MONTHS[3:5], "柴油", 1.0)])
    assert total(rows) == pytest.approx(120 * 1.229 + 2 * 1.4571)
    assert electricity(rows) == pytest.approx(120.0)


def test_who_names_no_electric_carrier_used_no_electricity() -> None:
    rows = energy(named(MONTHS, "原煤", 10.0))
    assert electricity(rows) == 0.0


@pytest.mark.parametrize("absent", range(12))
def test_a_month_without_any_energy_row_makes_both_totals_missing(absent: int) -> None:
    spans = MONTHS[:absent] + MONTHS[absent + 1 :]
    for carrier in ("电力", "原煤"):
        rows = energy(named(spans, carrier, 10.0))
        assert total(rows) is None
        assert electricity(rows) is None


def test_carriers_from_two_sources_keep_their_own_spans() -> None:
    """The power company reports months, the statistics office the year to date and the full year without power."""
    power = energy(named(MONTHS, "电力", 10.0))
    coal = energy([((1, 12), "原煤", 120.0), ((1, 10), "原煤", 100.0), (THIS_YEAR, "原煤", 90.0)])
    assert total(power, coal) == pytest.approx(120 * 1.229 + 110 * 0.7143)


def test_twelve_months_of_the_power_company_are_not_twelve_months_without_the_coal_of_the_full_year() -> None:
    power = energy(named([(m, m) for m in range(1, 23)], "电力", 10.0))
    coal = energy([((1, 12), "原煤", 120.0), (THIS_YEAR, "原煤", 90.0)])
    assert total(power, coal) is None
    assert electricity(power, coal) == pytest.approx(120.0)


def test_a_carrier_that_begins_late_in_the_year_was_not_used_before() -> None:
    """Cumulative forms name coal from November on."""
    power = energy([((1, m), "电力", 10.0 * m) for m in range(1, 13)] + [(THIS_YEAR, "电力", 100.0)])
    coal = energy([((1, 11), "原煤", 5.0), ((1, 12), "原煤", 9.0), (THIS_YEAR, "原煤", 20.0)])
    assert total(power, coal) == pytest.approx(120 * 1.229 + 29 * 0.7143)


def test_a_carrier_that_later_cumulative_forms_drop_is_not_unused() -> None:
    """Diesel was used by March; a form of January to October without it contradicts that."""
    power = energy([*named(TAIL, "电力", 10.0), ((13, 15), "电力", 30.0), (THIS_YEAR, "电力", 100.0)])
    diesel = energy([((13, 15), "柴油", 5.0)])
    assert total(power, diesel) is None
    months = energy(named([(m, m) for m in range(16, 23)], "电力", 10.0))
    assert total(power, months, diesel) == pytest.approx(120 * 1.229 + 5 * 1.4571)


def test_direct_totals_stand_beside_cumulative_forms_that_name_a_carrier_late() -> None:
    carriers = energy([((1, 10), "电力", 100.0), ((1, 12), "电力", 120.0), ((1, 12), "原煤", 9.0)])
    assert total(carriers, energy([(THIS_YEAR, TOTAL_CARRIER, 80.0)])) == pytest.approx(20 * 1.229 + 9 * 0.7143 + 80)


def test_beside_direct_totals_a_span_that_names_carriers_still_counts_by_them() -> None:
    direct = named([*TAIL, THIS_YEAR], TOTAL_CARRIER, 50.0)
    assert total(energy([*direct, (THIS_YEAR, "原煤", 100.0)])) == pytest.approx(100 + 71.43)


def test_a_form_without_the_carrier_that_months_show_to_be_used_is_no_total() -> None:
    power = energy(named([(m, m) for m in range(13, 23)], "电力", 10.0))
    gas = energy([(THIS_YEAR, "天然气", 1.0)])
    direct = energy([*named(TAIL, TOTAL_CARRIER, 50.0)])
    assert total(power, gas, direct) is None


def test_a_direct_total_is_the_energy_of_months_that_name_no_carrier() -> None:
    rows = energy([*named(MONTHS[:6], TOTAL_CARRIER, 100.0), *named(MONTHS[6:], "原煤", 10.0)])
    assert total(rows) == pytest.approx(600 + 60 * 0.7143)
    assert electricity(rows) is None


def test_direct_totals_alone_are_enough_for_energy_but_say_nothing_of_electricity() -> None:
    figures = {(1, 12): 1200.0, (1, 10): 900.0, THIS_YEAR: 800.0}
    rows = energy([(span, TOTAL_CARRIER, value) for span, value in figures.items()])
    assert total(rows) == pytest.approx(1100.0)
    assert electricity(rows) is None


def test_a_refused_direct_total_makes_the_total_missing() -> None:
    assert total(energy([*named(MONTHS[1:], TOTAL_CARRIER, 100.0), (MONTHS[0], TOTAL_CARRIER, None)])) is None


def test_energy_is_not_counted_twice_where_the_same_months_have_carriers_and_a_cumulative_total() -> None:
    carriers = energy(named(MONTHS, "原煤", 100.0))
    figures = {(1, 12): 900.0, (1, 10): 750.0, THIS_YEAR: 700.0}
    direct = energy([(span, TOTAL_CARRIER, value) for span, value in figures.items()])
    assert total(carriers, direct) == pytest.approx(1200 * 0.7143)


def test_a_direct_total_of_the_year_to_date_stands_for_carriers_that_stop_before() -> None:
    rows = energy([*named(TAIL, "原煤", 10.0), ((13, 21), "原煤", 90.0), (THIS_YEAR, TOTAL_CARRIER, 80.0)])
    assert total(rows) == pytest.approx(20 * 0.7143 + 80.0)


def test_where_both_are_given_the_carriers_count_and_a_gap_over_five_percent_is_reported() -> None:
    coal = named([*TAIL, THIS_YEAR], "原煤", 100.0)
    near = totals(energy([*coal, (THIS_YEAR, TOTAL_CARRIER, 75.0)]))
    assert near.frame["energy"].item() == pytest.approx(300 * 0.7143)
    assert near.warnings == []
    far = totals(energy([*coal, (THIS_YEAR, TOTAL_CARRIER, 76.0)]))
    assert far.frame["energy"].item() == pytest.approx(300 * 0.7143)
    assert far.warnings == [
        "甲公司(甲)2026-01至2026-10：分品种折标合计71.43吨标准煤，与直接填报的综合能源消费量76.0吨标准煤相差超过5%，按分品种计算"
    ]


def test_a_refused_carrier_is_not_compared_with_the_direct_total() -> None:
    assert totals(energy([(THIS_YEAR, "原煤", None), (THIS_YEAR, TOTAL_CARRIER, 75.0)])).warnings == []


def test_enterprises_do_not_lend_each_other_months_or_carriers() -> None:
    first = energy([*named(MONTHS, "电力", 10.0), *named(MONTHS[:1], "柴油", 1.0)])
    second = energy(named(MONTHS[1:], "电力", 10.0), "乙")
    third = energy(named(MONTHS, TOTAL_CARRIER, 1.0), "丙")
    frame = totals(second, first, third).frame.sort("uscc")
    found = {row["uscc"]: (row["energy"], row["electricity"]) for row in frame.iter_rows(named=True)}
    assert found == {
        "甲": (pytest.approx(120 * 1.229 + 1.4571), 120.0),
        "乙": (None, None),
        "丙": (pytest.approx(12.0), None),
    }


def test_no_rows_give_no_totals() -> None:
    assert totals(FACTS["energy"].empty()).frame.schema == {
        "uscc": pl.String,
        "energy": pl.Float64,
        "electricity": pl.Float64,
    }


@given(
    coal=st.lists(st.integers(0, 1000), min_size=22, max_size=22),
    power=st.lists(st.integers(0, 1000), min_size=22, max_size=22),
    cumulative=st.sets(st.integers(1, 22)),
)
def test_mixing_months_and_cumulative_forms_gives_the_same_energy(
    coal: list[int], power: list[int], cumulative: set[int]
) -> None:
    """A form that leaves out a carrier which was not used in its span says the same as one that states zero."""
    figures: list[Figure] = []
    for m in range(1, 23):
        first = m if m not in cumulative else 1 if m <= 12 else 13
        for carrier, amounts in (("原煤", coal), ("电力", power)):
            amount = float(sum(amounts[first - 1 : m]))
            if amount or carrier == "电力":
                figures.append(((first, m), carrier, amount))
    expected = sum(coal[10:]) * 0.7143 + sum(power[10:]) * 1.229
    assert total(energy(figures)) == pytest.approx(expected, abs=1e-6)
    assert electricity(energy(figures)) == pytest.approx(sum(power[10:]), abs=1e-6)


ORACLE_BASES = [
    (oracle_energy.Basis(), EnergyBasis()),
    (
        oracle_energy.Basis(3.15, True, True, {"天然气": 13.3, "压缩空气": 0.4, "煤泥": 0.36}),
        EnergyBasis(
            "equivalent", 0.315, frozenset({"feedstock", "green_power"}),
            {"天然气": 13.3, "压缩空气": 0.4, "煤泥": 0.36},
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize("window", oracle_energy.WINDOWS)
@pytest.mark.parametrize(("by_hand", "basis"), ORACLE_BASES, ids=["as the table", "as a policy decides"])
def test_the_engine_agrees_with_plain_python_on_made_up_forms(
    window: WindowKind, by_hand: oracle_energy.Basis, basis: EnergyBasis
) -> None:
    draw = random.Random(window + str(basis.electricity))
    stated = [oracle_energy.made_up(draw, f"企业{i:03d}") for i in range(150)]
    rows = pl.DataFrame(
        [(u, u, month(first), month(last), *rest) for made in stated for u, first, last, *rest in made],
        schema=["uscc", "name", "span_start", "span_end", "carrier", "consumption", "feedstock", "transformed",
                "coefficient"],
        orient="row", infer_schema_length=None,
    )  # fmt: skip
    found = energy_totals(FACTS["energy"].conform(rows), basis, Window(window, OCTOBER)).frame
    expected = {made[0][0]: oracle_energy.energy(made, by_hand, window) for made in stated}
    outcomes = {"energy": [0, 0], "electricity": [0, 0]}
    for row in found.iter_rows(named=True):
        for name, value in zip(("energy", "electricity"), expected[row["uscc"]], strict=True):
            assert row[name] == (None if value is None else pytest.approx(value, abs=1e-6)), (row, value)
            outcomes[name][value is None] += 1
    assert min(outcomes["energy"] + outcomes["electricity"]) > 5  # both outcomes occur, so that the claim can fail
