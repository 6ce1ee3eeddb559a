"""A table without a column for the enterprise is about the one that the line above its rows names."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from builders.sheets import balanced, write

from efficiency.intake.layout.titles import named_in
from efficiency.intake.read import read_file
from efficiency.intake.read_result import ReadResult

TO_DATE = (date(2026, 1, 1), date(2026, 10, 1))
CODE, OTHER_CODE = "91350100M000100Y43", "91370303MA3C000017"


def read(folder: Path, rows: list[list[Any]]) -> ReadResult:
    return balanced(read_file(write(folder / "表.xlsx", {"Sheet1": rows})))


def who(parsed: ReadResult) -> list[tuple[Any, ...]]:
    assert parsed.problems.filter(parsed.problems["severity"] == "error").is_empty(), parsed.problems["message"]
    return parsed.rows["energy"].select("uscc", "name", "carrier", "consumption").rows()


def block(above: list[list[Any]], carrier: str, figure: float) -> list[list[Any]]:
    unit = "吨" if carrier == "原煤" else "万千瓦时"
    return [*above, ["能源名称", "计量单位", "代码", "消费量合计"], [carrier, unit, "26", figure], ["填表人:王五"], []]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["企业名称:山东甲公司"], (None, "山东甲公司")),
        (["单位详细名称: 山东甲公司", "", "2026年1-10月"], (None, "山东甲公司")),
        (["企业名称", "山东甲公司", "统一社会信用代码", CODE], (CODE, "山东甲公司")),
        (["统一社会信用代码", "", CODE], (CODE, None)),
        (["企业名称", "营业收入", "所属集团"], (None, None)),
        (["企业名称", "集团公司", "税收"], (None, "集团公司")),
        (["企业名称", "所属集团公司", "税收"], (None, None)),
        (["统一社会信用代码", "企业名称", "营业收入"], (None, None)),
    ],
)
def test_a_label_and_its_value_name_an_enterprise_and_a_header_does_not(
    cells: list[str], expected: tuple[str | None, str | None]
) -> None:
    assert named_in(cells) == expected


@pytest.mark.parametrize("label", ["企业名称:{}", "单位详细名称：{}"])
def test_each_of_several_sheets_printed_below_one_another_is_its_own_enterprise_s(tmp_path: Path, label: str) -> None:
    for head in (["2026年1—10月"], ["能源购进、消费与库存"]):
        rows = [["2026年1-10月能源消费表"]]
        rows += block([head, [label.format("山东甲公司")]], "电力", 50)
        rows += block([head, [label.format("山东乙公司")]], "原煤", 60)
        expected = [(None, "山东甲公司", "电力", 50.0), (None, "山东乙公司", "原煤", 60.0)]
        assert who(read(tmp_path, rows)) == expected


def test_the_line_with_code_name_and_period_is_no_row_of_the_header(tmp_path: Path) -> None:
    above = [["统一社会信用代码:" + CODE], ["单位详细名称:山东甲公司", None, "2026年1—10月"]]
    below = [["统一社会信用代码:" + OTHER_CODE], ["单位详细名称:山东乙公司", None, "2026年1—10月"]]
    parsed = read(tmp_path, block(above, "电力", 50) + block(below, "电力", 60))
    assert who(parsed) == [(CODE, "山东甲公司", "电力", 50.0), (OTHER_CODE, "山东乙公司", "电力", 60.0)]
    assert set(parsed.rows["energy"].select("span_start", "span_end").rows()) == {TO_DATE}


def test_a_label_and_its_value_in_two_cells_say_whose_table_it_is(tmp_path: Path) -> None:
    rows = [["2026年1-10月能源消费表"]]
    rows += block([["企业名称", "山东甲公司", "统一社会信用代码", CODE]], "电力", 50)
    rows += block([["企业名称", "山东乙公司", "统一社会信用代码", OTHER_CODE]], "电力", 60)
    parsed = read(tmp_path, rows)
    assert who(parsed) == [(CODE, "山东甲公司", "电力", 50.0), (OTHER_CODE, "山东乙公司", "电力", 60.0)]


@pytest.mark.parametrize("line", ["企业名称:山东乙公司", "山东乙公司"])
def test_rows_below_a_line_that_names_another_enterprise_are_that_one_s(tmp_path: Path, line: str) -> None:
    table: list[list[object]] = [
        ["企业名称:山东甲公司"],
        ["能源名称", "计量单位", "消费量合计"],
        ["电力", "万千瓦时", 50],
    ]
    headers: list[list[object]] = [["能源名称", "计量单位", "消费量合计"]]
    for again in (headers[:0], headers):
        parsed = read(tmp_path, [["2026年1-10月能源消费表"], *table, [line], *again, ["原煤", "吨", 60]])
        assert who(parsed) == [(None, "山东甲公司", "电力", 50.0), (None, "山东乙公司", "原煤", 60.0)]
