"""Rows that state their own units: each figure counts in the unit of its row, at its own cell."""

import polars as pl
import pytest
from builders.sent import A, B, C, cells, sent, told
from builders.sheets import Rows
from hypothesis import given
from hypothesis import strategies as st

LONG = ["企业名称", "指标", "单位", "数值"]
WIDE = ["企业名称", "营业收入", "单位"]
MONTH = ["2026年10月"]
FACTORS = {"元": 1e-4, "千元": 0.1, "万元": 1, "亿元": 1e4}
PLACES = st.lists(st.tuples(st.sampled_from([*FACTORS]), st.integers(1, 9)), min_size=3, max_size=3)


@given(PLACES, st.booleans())
def test_each_figure_counts_in_the_unit_of_its_row(stated: list[tuple[str, int]], long: bool) -> None:
    who = dict(zip((A, B, C), stated, strict=True))
    if long:
        table: Rows = [LONG, *([name, "营业收入", unit, value] for name, (unit, value) in who.items())]
    else:
        table = [WIDE, *([name, value, unit] for name, (unit, value) in who.items())]
    result = sent([MONTH, *table])
    assert told(result) == []
    assert cells(result, "output", "name", "revenue", "row") == [
        (name, pytest.approx(value * FACTORS[unit]), row) for row, (name, (unit, value)) in enumerate(who.items(), 3)
    ]


@pytest.mark.parametrize(("total", "unit", "wrong"), [(107, "万元", 0), (1070, "千元", 0), (100, "万元", 1)])
def test_a_total_is_checked_in_the_unit_of_its_row(total: int, unit: str, wrong: int) -> None:
    long = sent(
        [MONTH, LONG, [A, "营业收入", "千元", 1000], [B, "营业收入", "万元", 7], ["合计", "营业收入", unit, total]]
    )
    wide = sent([MONTH, WIDE, [A, 1000, "千元"], [B, 7, "万元"], ["合计", total, unit]])
    for result, cell in ((long, "D5"), (wide, "B5")):
        assert told(result) == [("1.xlsx", cell, "control_total")] * wrong


def test_the_cells_of_figures_in_different_units_are_those_of_the_sheet() -> None:
    result = sent([MONTH, WIDE, [A, 1000, "千元"], [B, 7, "万元"], [C, "约8", "万元"]])
    assert told(result) == [("1.xlsx", "B5", "not_a_number")]
    columns = result.columns.filter(field="revenue").select("column", "unit", "factor").sort("factor").rows()
    assert columns == [("B", "千元", 0.1), ("B", "万元", 1.0)]


def test_a_row_without_a_unit_or_with_an_unknown_one_is_not_guessed() -> None:
    result = sent([MONTH, WIDE, [A, 1000, "千元"], [B, 7, "万元"], [C, 8, None], ["合计", 115, None]])
    assert told(result) == [("1.xlsx", "B2", "unit_unknown")]
    assert cells(result, "output", "revenue") == [(100,), (7,)]
    dollars = sent([MONTH, LONG, [A, "营业收入", "千元", 1000], [B, "营业收入", "美元", 7]])
    assert told(dollars) == [("1.xlsx", "B4", "unit_unknown")]
    assert cells(dollars, "output", "revenue") == [(100,)]


def test_one_figure_in_two_units_is_a_repetition_or_a_conflict() -> None:
    rows: Rows = [[A, "营业收入", "千元", 1000], [A, "营业收入", "万元", 100]]
    rows = [*rows, [B, "营业收入", "千元", 70], [B, "营业收入", "万元", 8]]
    result = sent([MONTH, LONG, *rows])
    assert [(cell, rule) for _, cell, rule in told(result)] == [
        ("D4", "repeated_figure"),
        ("D5", "conflict"),
        ("D6", "conflict"),
    ]


def test_a_column_of_units_holds_for_the_figures_that_it_fits() -> None:
    head = ["企业名称", "营业收入", "实缴税金", "平均用工人数", "单位"]
    result = sent([MONTH, head, [A, 1000, 50, 7, "千元"], [B, 7, 1, 8, "万元"]])
    assert told(result) == []
    facts = result.facts["output"].filter(~pl.col("superseded")).select("name", "revenue", "tax", "employees")
    stated = facts.unpivot(index="name").drop_nulls().sort("name", "variable").rows()
    right = {A: {"employees": 7, "revenue": 100, "tax": 5}, B: {"employees": 8, "revenue": 7, "tax": 1}}
    assert stated == sorted((name, field, value) for name, fields in right.items() for field, value in fields.items())


def test_land_water_and_energy_have_units_by_row_too() -> None:
    land = sent([["企业用地"], ["企业名称", "登记用地面积", "单位"], [A, 20010, "平方米"], [B, 7, "亩"]])
    water = sent([MONTH, ["企业名称", "用水量", "计量单位"], [A, 20000, "立方米"], [B, 7, "万立方米"]])
    power = sent([MONTH, ["企业名称", "用电量", "计量单位"], [A, 20000, "千瓦时"], [B, 7, "万千瓦时"]])
    tax = sent([MONTH, ["企业名称", "税种", "单位", "入库税收"], [A, "增值税", "元", 10000], [A, "所得税", "万元", 5]])
    for result in (land, water, power, tax):
        assert told(result) == []
    assert cells(land, "land", "owned") == [(pytest.approx(30.015),), (7,)]
    assert cells(water, "output", "water") == [(20000,), (70000,)]
    assert cells(power, "energy", "consumption") == [(2,), (7,)]
    assert cells(tax, "output", "part", "tax") == [("增值税", 1), ("所得税", 5)]


def test_months_of_one_measure_in_units_by_row_are_summed_row_by_row() -> None:
    head = ["企业名称", "指标", "单位", "1月", "2月", "合计"]
    rows = [[A, "营业收入", "千元", 1000, 2000, 3000], [B, "营业收入", "万元", 7, 8, 16]]
    result = sent([["2026年"], head, *rows])
    assert told(result) == [("1.xlsx", "F4", "control_total")]
    assert cells(result, "output", "revenue") == [(100,), (200,), (7,), (8,)]
