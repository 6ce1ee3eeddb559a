"""The unit of each column: wherever the sheet states it, noted where it is assumed, refused where it is unknown."""

import polars as pl
import pytest
from builders.sheets import Rows, counts, problems, stated
from conftest import Reader


def test_twelve_months_without_a_unit_are_noted_once(read: Reader) -> None:
    parsed = read([["2026年入库税收"], ["企业名称", *(f"{month}月" for month in range(1, 13))], ["甲公司", *[1] * 12]])
    assert parsed.problems.select("cell", "rule").rows() == [("B2", "unit_assumed")]


def test_an_unknown_unit_refuses_the_column_and_is_never_guessed(read: Reader) -> None:
    parsed = read(
        [["2026年10月"], ["企业名称", "营业收入(万美元)", "实缴税金(万元)"], ["甲公司", 1, 2], ["乙公司", 3, None]]
    )
    assert problems(parsed) == [("B2", "unit_unknown", "万美元")]
    assert stated(parsed, "output", "name", "revenue", "tax") == [("甲公司", None, 2.0)]
    assert counts(parsed) == (2, 0, 0, 0, 1)


@pytest.mark.parametrize("unit", ["亿", "万", "百万", "L", "瓶", "元/年", "千元不含税", "10万元"], ids=str)
def test_a_magnitude_a_rate_and_a_single_letter_are_units_that_are_not_known(read: Reader, unit: str) -> None:
    parsed = read([["2026年10月"], ["企业名称", f"营业收入({unit})"], ["甲公司", 5]])
    assert stated(parsed, "output", "revenue") == []
    assert [(cell, rule) for cell, rule, _ in problems(parsed)] == [("B2", "unit_unknown")]


def test_an_unknown_unit_in_the_unit_row_does_not_hide_the_others(read: Reader) -> None:
    parsed = read(
        [["2026年10月"], ["企业名称", "电力", "柴油", "原煤"], [None, "千瓦时", "升", "吨"], ["甲公司", 10_000, 5, 7]]
    )
    assert stated(parsed, "energy", "carrier", "consumption") == [("电力", 1.0), ("柴油", None), ("原煤", 7.0)]
    assert problems(parsed) == [("C2", "unit_mismatch", "升")]
    assert "改按吨或" in parsed.problems["message"][0]


@pytest.mark.parametrize("where", ["title", "no colon", "sheet", "file", "column"])
def test_a_unit_is_found_wherever_it_is_said(read: Reader, where: str) -> None:
    title = {"title": "2026年10月营业收入(千元)", "no colon": "2026年10月 单位 千元"}.get(where, "2026年10月营业收入")
    parsed = read(
        [
            [title],
            ["企业名称", "营业收入", *(["计量单位"] if where == "column" else [])],
            ["甲公司", 50, *(["千元"] if where == "column" else [])],
        ],
        sheet="收入(千元)" if where == "sheet" else "Sheet1",
        name="收入（千元）.xlsx" if where == "file" else "表.xlsx",
    )
    assert stated(parsed, "output", "revenue") == [(5.0,)]
    assert parsed.problems.is_empty()


def test_rows_in_different_units_are_each_in_their_own(read: Reader) -> None:
    parsed = read([["2026年10月"], ["企业名称", "营业收入", "单位"], ["甲公司", 50, "千元"], ["乙公司", 5, "万元"]])
    assert stated(parsed, "output", "revenue") == [(5,), (5,)]
    assert problems(parsed) == []


def test_an_assumed_unit_is_noted(read: Reader) -> None:
    parsed = read([["2026年10月"], ["企业名称", "营业收入"], ["甲公司", 1]])
    note = parsed.problems.row(0, named=True)
    assert (note["rule"], note["severity"], note["cell"], note["field"]) == ("unit_assumed", "note", "B2", "revenue")
    assert parsed.columns.filter(pl.col("field") == "revenue").select("unit", "unit_assumed").row(0) == ("万元", True)


@pytest.mark.parametrize(
    "above",
    [
        ["金额单位:人民币元(列至角分)"],
        ["金额：元"],
        ["货币单位：元"],
        ["单位：人民币（元）"],
        ["币种:人民币  单位:元"],
        ["（单位：元、人）"],
        ["（金额均以元为单位）"],
        [None, None, "计量单位：元"],
        ["说明：1.由税务局填报；2.金额单位为元"],
    ],
)
def test_a_unit_above_the_table_is_found_under_its_usual_labels(read: Reader, above: list[str | None]) -> None:
    parsed = read([["2026年10月"], above, ["企业名称", "入库税收"], ["甲公司", 345_678]])
    assert (stated(parsed, "output", "tax"), parsed.problems.height) == ([(34.5678,)], 0)


@pytest.mark.parametrize(
    "note", ["注：金额单位为元", "说明:本表金额均以元计。", "备注：1.金额单位：元", "金额单位：元"]
)
def test_a_unit_in_a_note_below_the_table_holds(read: Reader, note: str) -> None:
    signed = ["填表人：张三", "审核人：李四", "电话：05331234567", "2026-11-05"]
    parsed = read([["2026年10月"], ["企业名称", "入库税收"], ["甲公司", 345_678], [note], signed])
    assert (stated(parsed, "output", "tax"), parsed.problems.height) == ([(34.5678,)], 0)


def test_a_note_that_contradicts_the_unit_above_refuses_the_column(read: Reader) -> None:
    parsed = read([["2026年10月 单位:元"], ["企业名称", "入库税收"], ["甲公司", 5], ["注:金额单位为万元"]])
    assert problems(parsed) == [("B2", "unit_unknown", "元、万元")]
    assert "不同的计量单位" in parsed.problems["message"][0]


def test_a_unit_between_the_rows_of_a_header_holds(read: Reader) -> None:
    heads: Rows = [["企业名称", "经济指标"], [None, "单位:元"], [None, "入库税收"]]
    parsed = read([["2026年10月"], *heads, ["甲公司", 345_678]], merges=[(1, 0, 3, 0)])
    assert stated(parsed, "output", "tax") == [(34.5678,)]


def test_a_column_of_units_beside_each_measure_holds_for_it(read: Reader) -> None:
    head = ["企业名称", "营业收入", "单位", "入库税收", "单位"]
    parsed = read([["2026年10月"], head, ["甲公司", 345_678, "元", 3, "万元"], ["乙公司", 5, "元", 4, "万元"]])
    assert stated(parsed, "output", "revenue", "tax") == [(34.5678, 3.0), (0.0005, 4.0)]
    bare = read([["2026年10月"], ["企业名称", "入库税收"], ["甲公司", 345_678, "元"], ["乙公司", 5, "元"]])
    assert stated(bare, "output", "tax") == [(34.5678,), (0.0005,)]
    assert bare.problems.is_empty()


@pytest.mark.parametrize(
    "header", ["入库税收（金额单位：元）", "入库税收\n单位：元", "入库税收(人民币元)", "入库税收（元，保留两位小数）"]
)
def test_a_unit_behind_a_label_in_the_header_is_the_columns(read: Reader, header: str) -> None:
    parsed = read([["2026年10月"], ["企业名称", header], ["甲公司", 345_678]])
    assert (stated(parsed, "output", "tax"), parsed.problems.height) == ([(34.5678,)], 0)
