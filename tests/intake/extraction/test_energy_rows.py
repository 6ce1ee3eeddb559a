"""Energy as sheets state it: carriers as columns or rows, units, coefficients; refused figures poison the total."""

from datetime import date

import pytest
from builders.sheets import MONTH, TO_DATE, Rows, counts, problems, stated
from conftest import Reader

from schemas.energy import TOTAL_CARRIER


def test_a_wide_energy_sheet_gives_one_row_for_each_carrier_that_is_not_blank(read: Reader) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "用电量(度)", "天然气(立方米)", "原煤(吨)", "综合能耗(千克标准煤)"],
            ["甲公司", 20_000, 5000, None, 9000],
            ["乙公司", 0, "-", 3, "/"],
        ]
    )
    assert stated(parsed, "energy", "name", "carrier", "unit", "consumption", "row") == [
        ("甲公司", "电力", "度", 2.0, 3),
        ("甲公司", "天然气", "立方米", 0.5, 3),
        ("甲公司", TOTAL_CARRIER, "千克标准煤", 9.0, 3),
        ("乙公司", "电力", "度", 0.0, 4),
        ("乙公司", "原煤", "吨", 3.0, 4),
    ]


def test_a_long_energy_sheet_reads_merged_names_carriers_units_and_own_coefficients(read: Reader) -> None:
    parsed = read(
        [
            ["能源购进、消费与库存(2026年1-10月)"],
            ["单位详细名称", "能源名称", "计量单位", "代码", "消费量", None, "采用折标系数"],
            [None, None, None, None, "合计", "其中:用于原材料"],
            ["甲", "乙", "丙", "丁", 1, 2, 3],
            ["甲公司", "煤炭", "千克", 1, 5000, 1000, 0.7],
            [None, "电力", "万千瓦时", 2, 3],
            [None, "汽油", "吨", 3],
            [None, "能源合计", "吨标准煤", 40, 7.2],
        ],
        merges=[(1, 0, 2, 0), (1, 1, 2, 1), (1, 2, 2, 2), (1, 3, 2, 3), (1, 4, 1, 5), (1, 6, 2, 6), (4, 0, 7, 0)],
    )
    assert stated(parsed, "energy", "name", "carrier", "consumption", "feedstock", "coefficient", "span_end") == [
        ("甲公司", "原煤", 5.0, 1.0, 0.7, TO_DATE[1]),
        ("甲公司", "电力", 3.0, None, None, TO_DATE[1]),
        ("甲公司", TOTAL_CARRIER, 7.2, None, None, TO_DATE[1]),
    ]
    assert counts(parsed) == (4, 0, 0, 1, 0)  # the pre-printed carrier without a figure is blank
    assert problems(parsed) == []


def test_carriers_and_products_by_rows_may_have_a_month_and_a_cumulative_column(read: Reader) -> None:
    energy = read(
        [
            ["2026年10月"],
            ["企业名称", "能源名称", "计量单位", "消费量", None, "采用折标系数"],
            [None, None, None, "本月", "累计"],
            ["甲公司", "原煤", "吨", 5, 50, 0.7],
            ["甲公司", "神油", "吨", 1, 1],
        ],
        merges=[(1, 0, 2, 0), (1, 1, 2, 1), (1, 2, 2, 2), (1, 3, 1, 4), (1, 5, 2, 5)],
    )
    figures = stated(energy, "energy", "carrier", "consumption", "coefficient", "span_start", "span_end")
    assert figures[:2] == [("原煤", 5.0, 0.7, *MONTH), ("原煤", 50.0, 0.7, *TO_DATE)]
    assert set(problems(energy)) == {("B5", "carrier_unknown", "神油")}
    products = read(
        [
            ["2026年10月"],
            ["企业名称", "产品名称", "产量(吨)", None, "产品能耗(吨标准煤)", None],
            [None, None, "本月", "累计", "本月", "累计"],
            ["甲公司", "水泥熟料", 5, 50, 1, 10],
        ],
        merges=[(1, 0, 2, 0), (1, 1, 2, 1), (1, 2, 1, 3), (1, 4, 1, 5)],
    )
    assert stated(products, "products", "product", "quantity", "energy_tce", "span_start") == [
        ("水泥熟料", 5.0, 1.0, MONTH[0]),
        ("水泥熟料", 50.0, 10.0, TO_DATE[0]),
    ]


@pytest.mark.parametrize(
    ("title", "sheet"), [("2026年企业用电量(万千瓦时)", "Sheet1"), ("", "2026年企业用电量(万千瓦时)")]
)
def test_twelve_months_of_one_carrier_are_twelve_spans(read: Reader, title: str, sheet: str) -> None:
    months = [f"{month}月" for month in range(1, 13)]
    parsed = read(
        [
            [title],
            ["企业名称", *months, "合计"],
            ["甲公司", *range(1, 11), None, None, 55],
            ["乙公司", *range(1, 11), None, "—", 66],
        ],
        sheet=sheet,
    )
    assert stated(parsed, "energy", "name", "carrier", "consumption", "span_start", "span_end")[:10] == [
        ("甲公司", "电力", float(month), date(2026, month, 1), date(2026, month, 1)) for month in range(1, 11)
    ]
    assert parsed.rows["energy"].height == 20
    assert problems(parsed) == [("N4", "control_total", "66")]


def test_who_sells_all_that_it_makes_consumes_none_of_it(read: Reader) -> None:
    head = ["企业名称", "能源名称", "计量单位", "消费量", "加工转换产出"]
    heat = [["甲公司", "原煤", "吨", 1000, None], ["甲公司", "热力", "百万千焦", None, 3000]]
    refused = [["乙公司", "热力", "百万千焦", "待报", 3000]]
    parsed = read([["2026年1-10月"], head, *heat, *refused])
    assert stated(parsed, "energy", "name", "carrier", "consumption", "transformed") == [
        ("甲公司", "原煤", 1000.0, None),
        ("甲公司", "热力", 0.0, 3000.0),
        ("乙公司", "热力", None, 3000.0),
    ]
    assert problems(parsed) == [("D5", "not_a_number", "待报")]


def test_steam_by_weight_and_refused_energy_cells_poison_the_total(read: Reader) -> None:
    parsed = read([["2026年10月"], ["企业名称", "蒸汽(吨)", "电力(万千瓦时)"], ["甲公司", 5, "待定"]])
    assert {rule for _, rule, _ in problems(parsed)} == {"unit_mismatch", "not_a_number"}
    assert stated(parsed, "energy", "carrier", "consumption") == [("热力", None), ("电力", None)]


def test_unknown_carriers_and_units_that_do_not_fit_stay_as_poison(read: Reader) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "能源名称", "计量单位", "消费量"],
            ["甲公司", "生物质颗粒", "吨", 5],
            ["甲公司", "天然气", "吨", 5],
            ["甲公司", "汽油", "车", 5],
        ]
    )
    assert problems(parsed) == [
        ("B3", "carrier_unknown", "生物质颗粒"),
        ("C4", "unit_mismatch", "吨"),
        ("C5", "unit_unknown", "车"),
    ]
    assert stated(parsed, "energy", "carrier", "consumption") == [
        ("生物质颗粒", None),
        ("天然气", None),
        ("汽油", None),
    ]


def test_a_line_of_coal_equivalent_over_carriers_is_not_overruled_by_their_form_units(read: Reader) -> None:
    parsed = read([["2026年10月 单位:吨标准煤"], ["企业名称", "电力", "天然气"], ["甲公司", 5, 6]])
    assert [rule for _, rule, _ in problems(parsed)] == ["unit_mismatch", "unit_mismatch"]


@pytest.mark.parametrize(
    "head", ["石油焦(吨)", "其他能源(吨标准煤)", "自发电(万千瓦时)", "光伏发电自用", "生物质气(万立方米)"]
)
def test_a_carrier_that_is_not_in_the_catalogue_is_told_and_not_taken(read: Reader, head: str) -> None:
    parsed = read([["2026年10月 单位:万千瓦时"], ["企业名称", "电力", head], ["甲公司", 10, 3]])
    assert stated(parsed, "energy", "carrier", "consumption") == [("电力", 10.0)]
    assert problems(parsed) == [("C2", "carrier_unread", head)]


@pytest.mark.parametrize(
    "head",
    ["产量(吨)", "用水量(吨)", "其中:光伏", "折标煤(吨标准煤)", "电费(万元)", "上年同期(万千瓦时)", "上网电量", "户数"],
)
def test_what_is_no_carrier_beside_carriers_is_passed_over(read: Reader, head: str) -> None:
    parsed = read([["2026年10月 单位:万千瓦时"], ["企业名称", "电力", head], ["甲公司", 10, 3], ["乙公司", 7, 0]])
    assert problems(parsed) == []


def test_parts_of_a_carrier_and_blank_columns_are_no_carriers_of_their_own(read: Reader) -> None:
    heads: Rows = [["企业名称", "用电量", None, None, "石油焦(吨)"], [None, "尖峰", "谷", "合计", None]]
    parsed = read([["2026年10月(万千瓦时)"], *heads, ["甲公司", 4, 6, 10, 0]], merges=[(1, 0, 2, 0), (1, 1, 1, 3)])
    assert (stated(parsed, "energy", "consumption"), problems(parsed)) == ([(10.0,)], [])


def test_the_amount_of_a_carrier_is_its_consumption(read: Reader) -> None:
    for amount, rest in (("实物量", "折标量(tce)"), ("数量", "金额"), ("消费量", "金额(万元)")):
        heads: Rows = [["企业名称", "电力(万千瓦时)", None], [None, amount, rest]]
        parsed = read([["2026年10月"], *heads, ["甲公司", 12, 14.7]], merges=[(1, 0, 2, 0), (1, 1, 1, 2)])
        assert (stated(parsed, "energy", "carrier", "consumption"), problems(parsed)) == ([("电力", 12.0)], [])


def test_months_of_carriers_by_rows_are_consumption_where_the_title_says_so(read: Reader) -> None:
    table: Rows = [
        ["企业名称", "能源名称", "计量单位", "9月", "10月", "合计"],
        ["甲公司", "电力", "度", 10_000, 20_000, 30_000],
    ]
    parsed = read([["2026年企业分品种能源消费量"], *table])
    assert stated(parsed, "energy", "carrier", "consumption", "span_end") == [
        ("电力", 1.0, date(2026, 9, 1)),
        ("电力", 2.0, MONTH[1]),
    ]
    assert problems(parsed) == []
    for title in ("2026年能源购进、消费与库存", "2026年能源消费计划", "2026年企业能源统计表"):
        assert [rule for _, rule, _ in problems(read([[title], *table]))] == ["form_unknown"]


@pytest.mark.parametrize("word", ["用电量", "使用量", "用量", "消耗量", "耗用量", "本月用电量", "用电量(千瓦时)"])
def test_rows_that_name_their_carrier_state_its_consumption_under_the_usual_words(read: Reader, word: str) -> None:
    head = ["企业名称", "能源名称", "计量单位", word, "折标系数", "综合能耗(吨标准煤)"]
    parsed = read([["2026年10月"], head, ["甲公司", "电力", "千瓦时", 120_000, 1.229, 14.7]])
    assert stated(parsed, "energy", "carrier", "consumption") == [("电力", 12.0)]
    assert parsed.submissions["period_label"].to_list() == ["2026-10"]
    assert problems(parsed) == []


def test_a_column_of_one_carrier_counts_on_rows_of_that_carrier_alone(read: Reader) -> None:
    head = ["企业名称", "能源名称", "计量单位", "用电量", "用气量"]
    rows = [["甲公司", "电力", "千瓦时", 10_000, 0], ["甲公司", "天然气", "立方米", None, 5000]]
    parsed = read([["2026年10月"], head, *rows, ["乙公司", "天然气", "立方米", 77, None]])
    assert stated(parsed, "energy", "name", "carrier", "consumption") == [
        ("甲公司", "电力", 1.0),
        ("甲公司", "天然气", 0.5),
        ("乙公司", "天然气", None),  # refused, so that the month's energy is unknown and not too small
    ]
    assert problems(parsed) == [("D5", "carrier_mismatch", "77")]


def test_a_unit_in_the_header_stands_for_a_column_of_units(read: Reader) -> None:
    parsed = read([["2026年10月"], ["企业名称", "能源名称", "用电量(千瓦时)"], ["甲公司", "电力", 120_000]])
    assert stated(parsed, "energy", "unit", "consumption") == [("千瓦时", 12.0)]


def test_gas_in_a_wide_table_is_told_as_a_carrier_that_is_not_named(read: Reader) -> None:
    parsed = read([["2026年10月"], ["企业名称", "用电量(万千瓦时)", "用气量(万立方米)"], ["甲公司", 12, 3]])
    assert problems(parsed) == [("C2", "carrier_unread", "用气量(万立方米)")]


@pytest.mark.parametrize("unit", ["单位", "计量单位", "能源单位"])
@pytest.mark.parametrize("consumption", ["消费量", "用量"])
def test_a_column_of_units_may_be_called_unit_alone(read: Reader, unit: str, consumption: str) -> None:
    rows: Rows = [["甲公司", "原煤", "千克", 1000], ["甲公司", "电力", "度", 20_000]]
    parsed = read([["2026年10月"], ["企业名称", "能源品种", unit, consumption], *rows])
    assert stated(parsed, "energy", "carrier", "unit", "consumption") == [("原煤", "千克", 1.0), ("电力", "度", 2.0)]
    assert problems(parsed) == []
    head = ["企业名称", "产品名称", unit.replace("能源", "产品"), "产量", "产品能耗(吨标准煤)"]
    products = read([["2026年10月"], head, ["甲公司", "水泥", "万吨", 2, 3]])
    assert stated(products, "products", "quantity", "unit") == [(2.0, "万吨")]


@pytest.mark.parametrize(
    ("head", "rows", "stated_"),
    [
        (
            ["企业名称", "能源名称", "计量单位", "消费量", "计量单位", "加工转换产出"],
            [["甲公司", "原煤", "吨", 12, "吨", 1], ["乙公司", "天然气", "万立方米", 3, "立方米", 500]],
            [(12, 1), (3, 0.05)],
        ),
        (
            ["企业名称", "能源名称", "单位", "消费量", "单位", "采用折标系数"],
            [["甲公司", "原煤", "吨", 12, "吨标准煤/吨", 0.7], ["乙公司", "天然气", "立方米", 50000, None, 12]],
            [(12, None), (5, None)],
        ),
        (
            ["企业名称", "能源名称", "计量单位", "消费量", "计量单位", "加工转换产出"],
            [["甲公司", "原煤", "吨", 12, "车", 1]],
            [(12, None)],
        ),
    ],
    ids=["each its own", "of the coefficient", "unknown"],
)
def test_of_several_columns_of_units_each_holds_for_the_figures_behind_it(
    read: Reader, head: list[str], rows: Rows, stated_: list[tuple[float, float | None]]
) -> None:
    parsed = read([["2026年10月"], head, *rows])
    assert stated(parsed, "energy", "consumption", "transformed") == stated_
    expected = [("E3", "unit_unknown", "车")] if "车" in rows[0] else []
    assert problems(parsed) == expected


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([["甲公司", "电力", "万千瓦时", 12, 1.229, 14.75], ["乙公司", "原煤", "吨", 100, 0.7143, 71.43]], []),
        ([["甲公司", "天然气", "万立方米", 3, 1.2143, 36.4], ["乙公司", "电力", "千瓦时", 120000, 3, 36]], []),
        ([["甲公司", "电力", "万千瓦时", 120000, 1.229, 14.75]], [("F3", "energy_unlike", "14.75")]),
        ([["甲公司", "天然气", "万立方米", 3, 0.7143, 36.4]], [("E3", "coefficient_unlike", "0.7143")]),
        ([["甲公司", "原煤", "吨", None, 0.7143, 71], ["乙公司", "原煤", "吨", 1, None, None]], []),
        (
            [[f"{n}公司", "电力", "万千瓦时", 120000, None, 14.75] for n in "甲乙丙丁戊"],
            [("F3", "energy_unlike", "14.75")],
        ),
    ],
    ids=["agree", "other units and basis", "unit", "coefficient", "nothing to compare", "a whole column"],
)
def test_a_row_s_standard_coal_and_coefficient_are_evidence(
    read: Reader, rows: Rows, found: list[tuple[str, str, str]]
) -> None:
    head = ["企业名称", "能源名称", "计量单位", "使用量", "折标系数", "综合能耗(吨标准煤)"]
    parsed = read([["2026年10月"], head, *rows])
    assert problems(parsed, "row_empty") == found
    assert not parsed.rows["energy"]["coefficient"].count()
