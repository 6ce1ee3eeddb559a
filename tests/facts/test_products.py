"""Unit energy of products against the limits table."""

from datetime import date

import polars as pl
import pytest

from efficiency.facts.products import EnergyLevels, energy_levels
from efficiency.facts.windows import Window
from schemas import FACTS

OCTOBER = date(2026, 10, 1)
ROLLING = Window("rolling_12m", OCTOBER)
SPAN = (date(2026, 1, 1), OCTOBER)


def product(
    name: str, quantity: float | None, unit: str | None, tce: float | None, span: tuple[date, date] = SPAN
) -> pl.DataFrame:
    row = {
        "uscc": "甲",
        "name": "甲公司",
        "span_start": span[0],
        "span_end": span[1],
        "product": name,
        "quantity": quantity,
        "unit": unit,
        "energy_tce": tce,
        "superseded": False,
    }
    return pl.DataFrame([row], schema=FACTS["products"].polars_schema)


def levels(*parts: pl.DataFrame, window: Window = ROLLING) -> EnergyLevels:
    return energy_levels(pl.concat(parts), window)


def level(*parts: pl.DataFrame, window: Window = ROLLING) -> str | None:
    frame = levels(*parts, window=window).frame
    return frame["energy_level"].item() if frame.height else None


@pytest.mark.parametrize(
    ("tce", "expected"),
    [(350.0, "advanced"), (350.001, "standard"), (630.0, "standard"), (630.001, "below"), (-5.0, "advanced")],
)
def test_levels_include_their_limit(tce: float, expected: str) -> None:
    """GB 21252-2023, 卫生陶瓷 吸水率≤0.3%: level 1 350, level 3 630 kgce/t."""
    assert level(product("卫生陶瓷 吸水率≤0.3%", 1000.0, "吨", tce)) == expected


def test_quantities_are_converted_to_the_limits_unit() -> None:
    assert level(product("陶瓷板", 100.0, "万平方米", 6000.0)) == "advanced"  # 6.0 kgce/m²
    assert level(product("陶瓷板", 1_000_000.0, "㎡", 8700.0)) == "standard"  # 8.7 kgce/m²
    assert level(product("平板玻璃 500–800 t/d", 10.0, "万重量箱", 1351.0)) == "below"  # 13.51 kgce/重量箱
    assert level(product("水泥", 1.0, "万吨", 800.0)) == "advanced"  # 80 kgce/t


def test_a_product_is_found_by_name_however_written_and_by_identifier() -> None:
    for name in ("干挂空心板、挤压瓦", " 干挂空心板、 挤压瓦", "hollow_panel_extruded_tile"):
        assert level(product(name, 1000.0, "t", 253.0)) == "standard"


def test_limits_may_be_negative() -> None:
    assert level(product("转炉", 1000.0, "吨", -30.0)) == "advanced"
    assert level(product("转炉", 1000.0, "吨", -20.0)) == "standard"
    assert level(product("转炉", 1000.0, "吨", -11.0)) == "below"


def test_the_worst_product_decides() -> None:
    good, fair, bad = (product("水泥", 1000.0, "吨", tce) for tce in (80.0, 90.0, 95.0))
    sanitary = product("卫生陶瓷", 1000.0, "吨", 300.0)
    assert level(good, sanitary) == "advanced"
    assert level(fair, sanitary) == "standard"
    assert level(bad, sanitary) == "below"


def test_a_product_that_cannot_be_judged_leaves_the_level_open_unless_another_is_below() -> None:
    unknown_quantity = product("卫生陶瓷", None, "吨", 300.0)
    assert level(product("水泥", 1000.0, "吨", 80.0), unknown_quantity) is None
    assert level(product("水泥", 1000.0, "吨", 95.0), unknown_quantity) == "below"


def test_a_product_that_was_not_made_does_not_matter() -> None:
    assert level(product("水泥", 1000.0, "吨", 80.0), product("卫生陶瓷", 0.0, "吨", 0.0)) == "advanced"
    assert level(product("卫生陶瓷", 0.0, "吨", 0.0)) is None


def test_the_entry_in_force_at_the_periods_end_holds() -> None:
    """GB 21256-2025 (烧结) is in force from 2026-07-01 and no earlier entry is known."""
    rows = product("烧结", 1000.0, "吨", 43.0, (date(2026, 5, 1), date(2026, 5, 1)))
    assert level(rows) == "advanced"
    may = levels(rows, window=Window("rolling_12m", date(2026, 5, 1)))
    assert may.frame.is_empty()
    assert may.warnings == ["甲公司(甲)产品“烧结”的限额标准在评价期末尚未实施，未评定其能耗水平"]


@pytest.mark.parametrize(
    ("name", "unit", "reason"),
    [
        ("绿豆糕", "吨", "不在单位产品能耗限额表中"),
        ("铝液交流电耗", "吨", "的限额单位(kWh/t)不能与吨标准煤比较"),
        ("3 mm 平面普通钢化玻璃", "平方米", "的限额单位(kWh/m2)不能与吨标准煤比较"),
        ("水泥", "平方米", "的产量单位(平方米)不能换算为限额单位(kgce/t)"),
        ("水泥", None, "的产量单位(未填)不能换算为限额单位(kgce/t)"),
    ],
)
def test_what_cannot_be_judged_is_reported_with_the_reason(name: str, unit: str | None, reason: str) -> None:
    found = levels(product(name, 1000.0, unit, 1.0))
    assert found.frame.is_empty()
    assert found.warnings == [f"甲公司(甲)产品“{name}”{reason}，未评定其能耗水平"]


def test_the_product_furthest_above_its_baseline_is_named_with_its_figures_and_deadline() -> None:
    worse = product("建筑陶瓷 吸水率≤0.5%", 1000.0, "平方米", 9.1)  # 9.1 kgce/m², baseline 7.0
    bad = product("卫生陶瓷", 1000.0, "吨", 640.0)  # 640 kgce/t, baseline 630
    good = product("水泥", 1000.0, "吨", 80.0)
    row = levels(worse, bad, good).frame.row(0, named=True)
    assert row["below_baseline"] == (
        "建筑陶瓷 吸水率≤0.5%：单位产品能耗9.1千克标准煤/平方米，"
        "基准水平为7（能效标杆水平和基准水平(2021年版)(五部门)）"
    )
    assert (row["renovate_by"], row["months_past_renovate_by"]) == ("2025-12-31", 10)
    assert levels(good).frame.row(0)[1:] == ("advanced", None, None, None)


def test_the_months_past_a_deadline_begin_after_its_month() -> None:
    def months(period: date) -> int | None:
        sold = product("卫生陶瓷", 1000.0, "吨", 640.0, (period, period))
        return levels(sold, window=Window("rolling_12m", period)).frame["months_past_renovate_by"].item()

    assert [months(date(2025, 11, 1)), months(date(2025, 12, 1)), months(date(2026, 1, 1))] == [0, 0, 1]


def test_a_product_without_a_known_deadline_is_not_overdue() -> None:
    row = levels(product("水泥", 1000.0, "吨", 95.0)).frame.row(0, named=True)
    assert row["below_baseline"] == "水泥：单位产品能耗95千克标准煤/吨，3级限额为94（GB 16780-2021）"
    assert (row["renovate_by"], row["months_past_renovate_by"]) == (None, None)


def test_where_a_standard_sets_level_3_alone_nothing_is_advanced() -> None:
    glass = "平板玻璃 ≤500 t/d"
    assert [level(product(glass, 1.0, "万重量箱", tce)) for tce in (1.0, 140.0, 140.1)] == [
        "standard", "standard", "below",
    ]  # fmt: skip


def test_the_windows_total_goes_before_the_year_to_date_and_that_before_the_latest_span() -> None:
    def cement(tce: float, first: date, last: date) -> pl.DataFrame:
        return product("水泥", 1000.0, "吨", tce, (first, last))

    september = cement(95.0, date(2026, 9, 1), date(2026, 9, 1))
    assert level(september) == "below"
    year_to_date = cement(90.0, date(2026, 1, 1), OCTOBER)
    assert level(september, year_to_date) == "standard"
    tail = cement(60.0, date(2025, 11, 1), date(2025, 12, 1))
    assert level(september, year_to_date, tail) == "advanced"


def test_products_reported_for_other_years_only_are_not_judged() -> None:
    rows = product("水泥", 1000.0, "吨", 95.0, (date(2025, 1, 1), date(2025, 3, 1)))
    assert level(rows) is None
    assert level(rows.clear()) is None


def test_a_level_that_no_text_confirms_is_used_and_said_to_be_unconfirmed() -> None:
    """The 标杆 and 基准 levels of 水泥熟料 are `unverified` in the limits table, those of 水泥 are not."""
    found = levels(product("水泥熟料", 1000.0, "吨", 118.0), product("水泥", 1000.0, "吨", 80.0))
    assert found.frame["energy_level"].to_list() == ["below"]
    assert found.warnings == ["产品“水泥熟料”的标杆和基准水平未经文件核实，1家企业据此评定能耗水平，请对照标准原文"]
