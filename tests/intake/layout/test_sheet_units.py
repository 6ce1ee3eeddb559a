"""The unit of each column: wherever the sheet states it, noted where it is assumed, refused where it is unknown."""

import polars as pl
import pytest
from builders.sheets import counts, problems, stated
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


def test_rows_in_different_units_refuse_a_column_without_one(read: Reader) -> None:
    parsed = read([["2026年10月"], ["企业名称", "营业收入", "单位"], ["甲公司", 50, "千元"], ["乙公司", 5, "万元"]])
    assert stated(parsed, "output", "revenue") == []
    assert [rule for _, rule, _ in problems(parsed)] == ["unit_unknown"]


def test_an_assumed_unit_is_noted(read: Reader) -> None:
    parsed = read([["2026年10月"], ["企业名称", "营业收入"], ["甲公司", 1]])
    note = parsed.problems.row(0, named=True)
    assert (note["rule"], note["severity"], note["cell"], note["field"]) == ("unit_assumed", "note", "B2", "revenue")
    assert parsed.columns.filter(pl.col("field") == "revenue").select("unit", "unit_assumed").row(0) == ("万元", True)
