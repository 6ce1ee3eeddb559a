"""An enterprise that stands on the first row of its block only is that of the rows below it, and of no others."""

import polars as pl
import pytest
from builders.sheets import CODE, Rows, counts, problems, stated
from conftest import Reader
from hypothesis import given
from hypothesis import strategies as st

HEAD = ["序号", "统一社会信用代码", "企业名称", "能源名称", "计量单位", "消费量"]
CARRIERS = ["原煤", "电力", "天然气", "柴油"]


def test_name_and_code_hold_for_the_rows_of_other_carriers(read: Reader) -> None:
    rows: Rows = [
        [1, CODE, "甲公司", "原煤", "吨", 100],
        [None, None, None, "电力", "万千瓦时", 20],
        [None, None, "同上", "天然气", "万立方米", 3],
        [2, None, "乙公司", "原煤", "吨", 101],
        [None, None, None, "电力", "万千瓦时", 21],
    ]
    parsed = read([["2026年10月"], HEAD, *rows])
    assert stated(parsed, "energy", "uscc", "name", "carrier", "row") == [
        (CODE, "甲公司", "原煤", 3),
        (CODE, "甲公司", "电力", 4),
        (CODE, "甲公司", "天然气", 5),
        (None, "乙公司", "原煤", 6),
        (None, "乙公司", "电力", 7),
    ]
    assert problems(parsed) == []


@pytest.mark.parametrize(
    "between",
    [[], [None, None, "小计", None, None, 100], [None, None, None, "原煤", "吨", 7], [None, None, "二、规下企业"]],
    ids=["blank row", "total", "the same carrier again", "heading"],
)
def test_it_holds_for_no_row_below_a_blank_one_a_total_or_a_repeated_carrier(read: Reader, between: list[str]) -> None:
    parsed = read(
        [["2026年10月"], HEAD, [1, None, "甲公司", "原煤", "吨", 100], between, [2, None, None, "电力", "万千瓦时", 20]]
    )
    assert stated(parsed, "energy", "name", "carrier")[-1] == (None, "电力")
    assert stated(parsed, "energy", "name", "carrier")[0] == ("甲公司", "原煤")


def test_it_holds_while_the_month_or_the_product_changes_and_not_otherwise(read: Reader) -> None:
    months = read(
        [["2026年"], ["企业名称", "月份", "营业收入(万元)"], ["甲公司", 1, 5], [None, 2, 6], [None, "3月", 7]]
    )
    assert stated(months, "output", "name")[1:] == [("甲公司",), ("甲公司",)]
    head = ["企业名称", "产品名称", "产量", "单位", "产品能耗(吨标准煤)"]
    products = read([["2026年10月"], head, ["甲公司", "水泥", 1, "吨", 3], [None, "熟料", 2, "吨", 4]])
    assert stated(products, "products", "name") == [("甲公司",), ("甲公司",)]
    plain = read([["2026年10月"], ["企业名称", "营业收入(万元)"], ["甲公司", 5], [None, 6]])
    assert stated(plain, "output", "name") == [("甲公司",), (None,)]


def test_plots_meters_and_taxes_of_an_enterprise_are_its_parts(read: Reader) -> None:
    plots = read([["用地"], ["企业名称", "宗地编号", "自有用地面积(亩)"], ["甲公司", "A1", 1], [None, "A2", 2]])
    assert stated(plots, "land", "name", "owned") == [("甲公司", 1.0), ("甲公司", 2.0)]
    head = ["企业名称", "征收项目", "实缴税金(万元)"]
    taxes = read([["2026年10月"], head, ["甲公司", "增值税", 1], [None, "所得税", 2], [None, "所得税", 3]])
    assert stated(taxes, "output", "name", "tax") == [("甲公司", 1.0), ("甲公司", 2.0), (None, 3.0)]


def test_a_blank_label_does_not_make_a_repeated_carrier_another(read: Reader) -> None:
    head = ["企业名称", "车间", "能源名称", "计量单位", "消费量"]
    rows: Rows = [
        ["甲公司", "一车间", "原煤", "吨", 1],
        [None, None, "原煤", "吨", 2],
        [None, "二车间", "电力", None, 3],
    ]
    parsed = read([["2026年10月"], head, *rows])
    assert stated(parsed, "energy", "name") == [("甲公司",), (None,), (None,)]


@given(blocks=st.lists(st.lists(st.sampled_from(CARRIERS), min_size=1, unique=True), min_size=1, max_size=5))
def test_blocks_read_as_if_the_name_stood_in_every_row(read: Reader, blocks: list[list[str]]) -> None:
    def sheet(*, every: bool) -> Rows:
        rows = [
            [None, None, f"{'甲乙丙丁戊'[number]}公司" if every or place == 0 else None, carrier, None, number + place]
            for number, carriers in enumerate(blocks)
            for place, carrier in enumerate(carriers)
        ]
        return [["2026年10月"], HEAD, *rows]

    whole, first = (read(sheet(every=every)).rows["energy"].drop("submission_id") for every in (True, False))
    assert first.equals(whole.select(pl.all()))


def test_the_rows_below_a_total_are_its_further_carriers_until_one_is_repeated(read: Reader) -> None:
    rows: Rows = [
        [1, None, "甲公司", "原煤", "吨", 100],
        [None, None, None, "电力", "万千瓦时", 20],
        ["合计", None, None, "原煤", "吨", 100],
        [None, None, None, "电力", "万千瓦时", 20],
    ]
    parsed = read([["2026年10月"], HEAD, *rows])
    assert (len(stated(parsed, "energy", "name")), problems(parsed), counts(parsed)) == (2, [], (4, 2, 0, 0, 0))
    repeated = read([["2026年10月"], HEAD, *rows, [None, None, None, "原煤", "吨", 7]])
    assert stated(repeated, "energy", "name", "consumption")[-1] == (None, 7.0)
    apart = read([["2026年10月"], HEAD, *rows[:3], [], [None, None, None, "天然气", "万立方米", 7]])
    assert stated(apart, "energy", "name", "consumption")[-1] == (None, 7.0)
