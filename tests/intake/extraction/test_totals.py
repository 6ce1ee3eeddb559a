"""Sums among the rows and rows without data: totals held against their rows, subtotals, headings, notes, blanks."""

import pytest
from builders.sheets import HEAD, counts, problems, stated
from conftest import Reader


def test_a_header_printed_again_is_a_note_row(read: Reader) -> None:
    head = ["企业名称", "营业收入(万元)"]
    parsed = read([["2026年10月"], head, ["甲公司", 1], head, ["乙公司", 2]])
    assert stated(parsed, "output", "name", "revenue") == [("甲公司", 1.0), ("乙公司", 2.0)]
    assert counts(parsed) == (3, 0, 1, 0, 0)


@pytest.mark.parametrize(
    ("total", "found"), [(300, []), (301, []), (310, [("B5", "control_total", "310")]), ("=SUM(B3:B4)", []), (None, [])]
)
def test_a_total_that_differs_by_more_than_half_a_percent_is_a_warning(
    read: Reader, total: object, found: list[object]
) -> None:
    parsed = read([["2026年10月"], HEAD, ["甲公司", 100, 1], ["乙公司", 200, 2], ["合  计", total, 3]])
    assert problems(parsed) == found
    assert counts(parsed) == (3, 1, 0, 0, 0)


def test_a_quarter_s_sum_among_the_months_is_not_their_sum(read: Reader) -> None:
    head = ["企业名称", "1月", "2月", "3月", "一季度小计", "4月", "合计"]
    parsed = read([["2026年用电量(度)"], head, ["甲公司", 1, 2, 3, 6, 4, 10]])
    assert parsed.rows["energy"].height == 4
    assert problems(parsed) == []


def test_headings_of_groups_and_marks_of_need_are_no_data(read: Reader) -> None:
    parsed = read(
        [
            ["2026年10月"],
            HEAD,
            ["必填", "选填", "*"],
            ["一、规上企业"],
            ["甲公司", 1, 2],
            ["(二)规下企业", None, None],
            ["乙公司", 3, 4],
            ["三、戊公司", 5, 6],
            ["*丙五金", 7, 8],
            ["*为新增企业"],
        ]
    )
    assert stated(parsed, "output", "name") == [("甲公司",), ("乙公司",), ("三、戊公司",), ("*丙五金",)]
    assert problems(parsed) == []
    assert counts(parsed) == (7, 0, 3, 0, 0)


def test_subtotals_sum_their_own_rows(read: Reader) -> None:
    parsed = read(
        [
            ["2026年10月"],
            HEAD,
            ["甲公司", 100, 1],
            ["北郊镇小计", 100, 1],
            ["乙公司", 200, 2],
            ["南定镇小计", 250, 2],
            ["合计", 300, 3],
        ]
    )
    assert problems(parsed) == [("B6", "control_total", "250")]


@pytest.mark.parametrize(
    "text",
    ["注:快报数", "备注", "填表人:张三", "审核人(签字):", "说明:口径为规上", "以下空白", "单位负责人:李四 填表人:张三"],
)
def test_rows_of_notes_are_no_data(read: Reader, text: str) -> None:
    parsed = read([["2026年10月"], HEAD, ["甲公司", 1, 2], [text], ["2.数据来源于统计快报。"]])
    assert counts(parsed) == (3, 0, 2, 0, 0)
    assert problems(parsed) == []


def test_serial_numbers_alone_are_blank_rows(read: Reader) -> None:
    parsed = read([["2026年10月"], ["序号", *HEAD], [1, "甲公司", 1, 2], [2], ["3"]])
    assert counts(parsed) == (3, 0, 0, 2, 0)
