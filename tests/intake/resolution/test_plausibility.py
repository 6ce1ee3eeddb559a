"""Figures that count but look wrong."""

from datetime import date

import polars as pl
import pytest
from builders.examples import examples
from builders.stated import (
    CODES,
    Resolved,
    Row,
    Sheet,
    counting,
    message,
    month,
    problem_cells,
    refused,
    register,
    resolved,
    year_to_date,
)
from hypothesis import given
from hypothesis import strategies as st


def of(form: str, *rows: Row, **factors: float) -> Resolved:
    sheet = Sheet(form, [{"uscc": CODES["A"], **row} for row in rows], id=form, factors=factors)
    return resolved(register("A", "B"), sheet)


def months(measure: str, *figures: float | None) -> list[Row]:
    return [{measure: figure, **month(2026, number)} for number, figure in enumerate(figures, start=1)]


def cumulative(measure: str, *figures: float | None) -> list[Row]:
    return [{measure: figure, **year_to_date(2026, number)} for number, figure in enumerate(figures, start=1)]


def energy(carrier: str, consumption: float | None, **more: object) -> Row:
    return {"carrier": carrier, "unit": "吨", "consumption": consumption, **month(2026, 10), **more}


def test_a_negative_figure_is_reported_in_the_unit_of_its_cell_and_counts() -> None:
    result = of("output", {"revenue": -3.0, **month(2026, 10)}, revenue=0.0001)
    assert problem_cells(result, "negative") == [("output.xlsx", "C2")]
    assert "-30000" in message(result, "negative")
    assert counting(result, "output")["revenue"].to_list() == [-3.0]


def test_value_added_and_tax_may_be_negative() -> None:
    assert of("output", {"value_added": -3.0, "tax": -1.0, **month(2026, 10)}).problems.is_empty()


def test_negative_energy_land_and_investment_are_reported() -> None:
    assert problem_cells(of("energy", energy("原煤", -1.0)), "negative") == [("energy.xlsx", "E2")]
    assert problem_cells(of("land", {"owned": -1.0}), "negative") == [("land.xlsx", "C2")]
    assert problem_cells(of("survey", {"investment": -1.0}), "negative") == [("survey.xlsx", "H2")]


def test_tax_over_revenue_is_found_across_the_departments_that_state_them() -> None:
    result = resolved(
        register("A"),
        Sheet("output", [{"uscc": CODES["A"], "revenue": 5.0, **month(2026, 10)}], id="statistics"),
        Sheet("output", [{"uscc": CODES["A"], "tax": 6.0, **month(2026, 10)}], id="tax"),
    )
    assert problem_cells(result, "tax_exceeds_revenue") == [("tax.xlsx", "F2")]
    assert not problem_cells(of("output", {"tax": 6.0, **month(2026, 10)}), "tax_exceeds_revenue")
    assert not problem_cells(of("output", {"tax": 6.0, "revenue": 6.0, **month(2026, 10)}), "tax_exceeds_revenue")


def test_more_land_let_than_held_and_a_rectification_before_the_event_are_reported() -> None:
    assert problem_cells(of("land", {"owned": 5.0, "leased_out": 6.0}), "leased_out_exceeds") == [("land.xlsx", "E2")]
    assert not problem_cells(of("land", {"owned": 5.0, "leased_in": 2.0, "leased_out": 6.0}), "leased_out_exceeds")
    incident = {"date": date(2026, 5, 2), "kind": "安全", "resolved": date(2026, 5, 1)}
    result = of("incidents", incident)
    assert problem_cells(result, "resolved_before_event") == [("incidents.xlsx", "F2")]
    assert result.problems["value"].to_list() == ["2026-05-01"]


def test_a_cumulative_figure_that_falls_is_reported_at_the_later_cell() -> None:
    result = of("output", *cumulative("revenue", 10.0, 20.0, 19.0, 30.0))
    assert problem_cells(result, "cumulative_falls") == [("output.xlsx", "C4")]
    assert "20" in message(result, "cumulative_falls")


def test_a_new_year_does_not_fall_from_the_old_one() -> None:
    old = {"revenue": 100.0, **year_to_date(2025, 12)}
    assert not problem_cells(of("output", old, *cumulative("revenue", 10.0)), "cumulative_falls")


def test_what_may_be_negative_may_fall() -> None:
    assert not problem_cells(of("output", *cumulative("value_added", -5.0, -7.0)), "cumulative_falls")
    assert not problem_cells(of("output", *cumulative("tax", 20.0, 12.0)), "cumulative_falls")


def test_cumulative_energy_falls_by_carrier() -> None:
    rows = [energy(c, v) | year_to_date(2026, n) for c, v, n in (("原煤", 5.0, 2), ("柴油", 4.0, 3), ("原煤", 4.0, 3))]
    result = of("energy", *rows)
    assert problem_cells(result, "cumulative_falls") == [("energy.xlsx", "E4")]
    assert message(result, "cumulative_falls").startswith("“原煤”")


@pytest.mark.parametrize(
    ("figure", "hint"),
    [
        (1_000_000.0, "相差 10000 倍"),
        (0.011, "相差 10000 倍"),
        (100_000.0, "相差 1000 倍"),
        (1_000.0, "相差 10 倍"),
        (12.4, "相差 10 倍"),
    ],
)
def test_a_month_far_from_the_median_is_suspect_with_the_factor_that_explains_it(figure: float, hint: str) -> None:
    result = of("output", *months("revenue", 99.0, 100.0, figure, 101.0, 100.0))
    assert problem_cells(result, "unit_suspect") == [("output.xlsx", "C4")]
    assert hint in message(result, "unit_suspect")


def test_no_factor_is_named_where_none_explains_the_month() -> None:
    result = of("output", *months("revenue", 99.0, 100.0, 10_000.0, 101.0, 100.0))
    assert "可能是计量单位" not in message(result, "unit_suspect")


def test_eight_times_the_median_is_not_suspect_and_more_is() -> None:
    assert not problem_cells(of("output", *months("revenue", 100.0, 100.0, 800.0, 100.0, 100.0)), "unit_suspect")
    assert problem_cells(of("output", *months("revenue", 100.0, 100.0, 800.1, 100.0, 100.0)), "unit_suspect")
    assert not problem_cells(of("output", *months("revenue", 100.0, 100.0, 12.5, 100.0, 100.0)), "unit_suspect")


def test_zero_and_missing_months_are_not_considered_and_three_are_too_few() -> None:
    assert of("output", *months("revenue", 100.0, 0.0, None, 100.0, 100.0, 100.0)).problems.is_empty()
    assert of("output", *months("revenue", 100.0, 100.0, 10_000.0)).problems.is_empty()


def test_months_are_derived_from_cumulative_figures() -> None:
    result = of("output", *cumulative("revenue", 100.0, 200.0, 300.0, 400.0, 100_500.0))
    assert problem_cells(result, "unit_suspect") == [("output.xlsx", "C6")]
    assert "单月数值 100100" in message(result, "unit_suspect")


def test_staff_is_a_level_even_where_the_span_is_cumulative() -> None:
    assert of("output", *cumulative("employees", 50.0, 51.0, 50.0, 49.0, 52.0)).problems.is_empty()
    result = of("output", *cumulative("employees", 50.0, 51.0, 50.0, 49.0, 520_000.0))
    assert problem_cells(result, "unit_suspect") == [("output.xlsx", "H6")]


def test_superseded_figures_are_not_looked_at() -> None:
    early = Sheet("output", [{"uscc": CODES["A"], "revenue": -1.0, **month(2026, 10)}], id="one")
    late = Sheet("output", [{"uscc": CODES["A"], "revenue": 1.0, **month(2026, 10)}], id="two")
    assert not problem_cells(resolved(register("A"), early, late), "negative")


def test_a_coefficient_over_30_percent_off_the_reference_is_reported() -> None:
    assert problem_cells(of("energy", energy("原煤", 1.0, coefficient=0.7143 * 1.31)), "coefficient_deviates") == [
        ("energy.xlsx", "H2")
    ]
    assert not problem_cells(of("energy", energy("原煤", 1.0, coefficient=0.7143 * 1.29)), "coefficient_deviates")
    text = message(of("energy", energy("原煤", 1.0, coefficient=714.3)), "coefficient_deviates")
    assert "0.7143" in text
    assert "吨标准煤/吨" in text


def test_a_direct_total_over_5_percent_off_its_carriers_is_reported() -> None:
    def total(figure: float, **more: object) -> Resolved:
        return of("energy", energy("原煤", 100.0, feedstock=50.0, **more), energy("综合能源消费量", figure))

    assert problem_cells(total(80.0), "energy_total") == [("energy.xlsx", "E3")]
    assert "71.43" in message(total(80.0), "energy_total")
    assert not problem_cells(total(72.0), "energy_total")
    assert not problem_cells(total(36.0), "energy_total")
    assert not problem_cells(total(101.0, coefficient=1.0), "energy_total")


def test_a_direct_total_is_not_held_against_carriers_without_a_figure_or_energy_media() -> None:
    total = energy("综合能源消费量", 80.0)
    assert not problem_cells(of("energy", energy("原煤", 100.0), energy("秸秆", 1.0), total), "energy_total")
    assert not problem_cells(of("energy", energy("原煤", 112.0), energy("压缩空气", 100.0), total), "energy_total")


def test_a_carrier_that_nothing_values_is_an_error_on_its_cell() -> None:
    result = of("energy", energy("煤泥", 5.0))
    assert problem_cells(result, "coefficient_missing") == [("energy.xlsx", "E2")]
    assert result.problems["severity"].to_list() == ["error"]
    assert of("energy", energy("煤泥", 5.0, coefficient=0.3)).problems.is_empty()
    assert of("energy", energy("煤泥", 0.0)).problems.is_empty()
    assert of("energy", energy("电力(等价值)", 5.0)).problems.is_empty()


def test_a_product_without_a_limit_is_noted() -> None:
    def product(name: str) -> Resolved:
        return of("products", {"product": name, "quantity": 1.0, "energy_tce": 1.0, **month(2026, 10)})

    assert problem_cells(product("泡泡糖"), "product_unknown") == [("products.xlsx", "C2")]
    assert product("陶瓷砖 吸水率≤0.2%").problems.is_empty()
    assert product("陶瓷砖吸水率≤0.2％").problems.is_empty()


@examples(short=6, long=40)
@given(st.lists(st.floats(20.0, 100.0), min_size=4, max_size=12))
def test_steady_months_are_never_suspect_whether_single_or_cumulative(figures: list[float]) -> None:
    running = [sum(figures[:n]) for n in range(1, len(figures) + 1)]
    assert of("output", *months("revenue", *figures)).problems.is_empty()
    assert of("output", *cumulative("revenue", *running)).problems.is_empty()


def test_every_warning_names_a_cell_and_lets_the_figure_count() -> None:
    result = of("output", *months("revenue", 99.0, -1.0, 10_000_000.0, 101.0, 100.0, 5.0))
    assert result.problems["cell"].null_count() == 0
    assert result.problems["severity"].unique().to_list() == ["warning"]
    assert counting(result, "output").height == 6
    assert result.submissions.filter(pl.col("form") == "output")["status"].item() == "accepted"


def test_feedstock_without_consumption_is_reported_at_the_empty_cell() -> None:
    result = of("energy", energy("原煤", None, feedstock=12.0))
    assert problem_cells(result, "consumption_missing") == [("energy.xlsx", "E2")]
    assert "补填消费量" in message(result, "consumption_missing")
    assert not problem_cells(of("energy", energy("原煤", 12.0, feedstock=12.0)), "consumption_missing")


def test_a_refused_consumption_is_reported_once() -> None:
    sheet = Sheet("energy", [{"uscc": CODES["A"], **energy("原煤", None, feedstock=12.0)}], id="energy")
    result = resolved(register("A"), sheet, problems=[refused("not_a_number", sheet, 2, "consumption")])
    assert problem_cells(result, "not_a_number") == [("energy.xlsx", "E2")]
    assert not problem_cells(result, "consumption_missing")
