"""Sums among the rows and rows without data: totals held against their rows, subtotals, headings, notes, blanks."""

import pytest
from builders.sent import A, B, C
from builders.sheets import HEAD, Rows, counts, problems, stated
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


PAGES: Rows = [
    ["本页小计", None, 201],
    ["过次页", None, 201],
    ["2026年1-10月税收(续)"],
    ["单位:万元"],
    ["序号", "企业名称", "实缴税金"],
    ["承前页", None, 201],
    [3, "丙公司", 102],
    ["本页合计", None, 102],
    ["转下页", None, 303],
    ["序号", "企业名称", "实缴税金"],
    ["接上页", None, 303],
    [4, "丁公司", 103],
    ["本页合计", None, 103],
    ["累计", None, 406],
    ["总  计", None, 406],
    [None, "(以下空白)"],
    ["单位负责人:张某  制表人:李某  审核:王某"],
]


def test_sums_headers_and_titles_of_each_page_are_no_data_and_no_problem(read: Reader) -> None:
    head: Rows = [["2026年1-10月税收"], ["单位:万元"], ["序号", "企业名称", "实缴税金"]]
    parsed = read([*head, [1, "甲公司", 100], [2, "乙公司", 101], *PAGES])
    assert stated(parsed, "output", "name", "tax", "row") == [
        *(("甲公司", 100.0, 4), ("乙公司", 101.0, 5), ("丙公司", 102.0, 12), ("丁公司", 103.0, 17))
    ]
    assert problems(parsed) == []
    assert counts(parsed) == (19, 9, 6, 0, 0)


def test_the_total_of_a_group_of_groups_is_the_sum_of_them(read: Reader) -> None:
    rows: Rows = [
        ["甲公司", 100],
        ["乙公司", 101],
        ["张店镇小计", 201],
        ["丙公司", 102],
        ["马尚镇小计", 102],
        ["规上合计", 303],
        ["丁公司", 103],
        ["傅家镇小计", 103],
        ["规下合计", 103],
    ]
    head: Rows = [["2026年1-10月"], ["企业名称", "实缴税金(万元)"]]
    assert problems(read([*head, *rows, ["合计", 406]])) == []
    # A grand total that leaves out the first group is wrong, though it is the sum of the others.
    assert problems(read([*head, *rows, ["合计", 205]])) == [("B12", "control_total", "205")]


@pytest.mark.parametrize("label", ["其中:一分厂", "其中：烧成车间", "平均", "其中:规上工业", "户均值"])
def test_a_part_of_a_row_and_an_average_of_rows_are_no_rows_of_their_own(read: Reader, label: str) -> None:
    parsed = read([["2026年10月"], HEAD, ["甲公司", 100, 1], [label, 60, 1], ["乙公司", 200, 2], ["合计", 300, 3]])
    assert stated(parsed, "output", "name", "revenue") == [("甲公司", 100.0), ("乙公司", 200.0)]
    assert problems(parsed) == []


@pytest.mark.parametrize("title", ["2026年1-9月税收", "2026年1-10月税收(单位:千元)"])
def test_a_header_below_a_title_of_another_time_or_unit_begins_another_table(read: Reader, title: str) -> None:
    head = ["企业名称", "实缴税金"]
    parsed = read([["2026年1-10月税收(单位:万元)"], head, ["甲公司", 100], [title], head, ["乙公司", 90]])
    assert parsed.submissions.height == 2


def totals_wrong(read: Reader, rows: Rows) -> list[tuple[str | None, str | None]]:
    result = read(rows)
    return [(cell, value) for cell, rule, value in problems(result) if rule == "control_total"]


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ([["指标", A, B, "合计"], ["营业收入", 100, 200, 400], ["实缴税金", 10, 20, 30]], [("D3", "400")]),
        ([["指标", "合计", A, B], ["营业收入", 300, 100, 200], ["实缴税金", 31, 10, 20]], [("B4", "31")]),
        ([["指标", A, B, "小计", C, "小计", "合计"], ["营业收入", 1, 2, 3, 4, 5, 7]], [("F3", "5")]),
        ([["指标", A, B, "合计"], ["营业收入", "a", 200, 400]], []),
    ],
    ids=["last", "first", "subtotals", "a refused figure"],
)
def test_a_column_of_totals_beside_enterprises_across_is_checked(
    read: Reader, rows: Rows, wrong: list[tuple[str, str]]
) -> None:
    assert totals_wrong(read, [["2026年10月(万元)"], *rows, ["研发费用"]]) == wrong


def test_a_column_of_totals_beside_months_across_is_checked(read: Reader) -> None:
    rows: Rows = [
        ["2026年(万元)"],
        [f"企业名称:{A}"],
        ["指标", "1月", "2月", "合计"],
        ["营业收入", 1, 2, 4],
        ["实缴税金", 1, 1, 2],
    ]
    assert totals_wrong(read, rows) == [("D4", "4")]


@pytest.mark.parametrize(
    ("totals", "wrong"),
    [
        ([["合计", "电力", "万千瓦时", 25], ["合计", "原煤", "吨", 150]], [("D6", "25")]),
        ([["合计", "电力", "千瓦时", 200000], [None, "原煤", "吨", 170]], [("D7", "170")]),
        ([["合计", "电力", "万千瓦时", 20], ["合计", "柴油", "吨", 3]], [("D7", "3")]),
        ([["合计", None, None, 220]], []),
    ],
    ids=["a carrier", "another unit", "a carrier of nobody", "a mixture"],
)
def test_total_rows_of_carriers_are_checked_each_by_its_carrier(
    read: Reader, totals: Rows, wrong: list[tuple[str, str]]
) -> None:
    rows: Rows = [[A, "电力", "万千瓦时", 12], [A, "原煤", "吨", 150], [B, "电力", "万千瓦时", 8]]
    head: Rows = [["2026年10月"], ["企业名称", "能源名称", "计量单位", "消费量"]]
    assert totals_wrong(read, [*head, *rows, *totals]) == wrong


def test_total_rows_of_a_carrier_may_be_of_a_month(read: Reader) -> None:
    rows: Rows = [
        ["2026年"],
        ["企业名称", "月份", "能源名称", "计量单位", "消费量"],
        [A, "1月", "电力", "万千瓦时", 12],
        [A, "2月", "电力", "万千瓦时", 13],
        [B, "1月", "电力", "万千瓦时", 1],
        ["1月合计", "1月", "电力", "万千瓦时", 13],
        ["2月合计", "2月", "电力", "万千瓦时", 14],
    ]
    assert totals_wrong(read, rows) == [("E7", "14")]


@pytest.mark.parametrize("word", ["一季度小计", "一季度", "1-3月"])
def test_a_quarter_beside_its_months_is_checked(read: Reader, word: str) -> None:
    across: Rows = [["2026年企业用电量(万千瓦时)"], ["企业名称", "1月", "2月", "3月", word, "4月"], [A, 1, 2, 3, 7, 4]]
    assert totals_wrong(read, [*across, [B, 1, 1, 1, 3, 9]]) == [("E3", "7")]
    down: Rows = [
        ["2026年"],
        ["企业名称", "月份", "营业收入(万元)"],
        [A, "1月", 1],
        [A, "2月", 2],
        [A, "3月", 3],
        [A, word, 7],
    ]
    assert totals_wrong(read, down) == [("C6", "7")]
