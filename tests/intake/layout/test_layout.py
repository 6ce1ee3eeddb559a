"""Tables wherever and however they stand in a sheet: titles, tall and merged headers, several tables in one sheet."""

import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from builders.sheets import CODE, DAMAGED, HEAD, MONTH, TO_DATE, Rows, balanced, counts, problems, stated, write
from conftest import Reader
from hypothesis import given
from hypothesis import strategies as st

from efficiency.intake.read import read_file
from schemas.energy import TOTAL_CARRIER

FIGURES = [("甲公司", 1000.5, 25.0), ("乙公司", 2000.0, -3.5), ("丙公司", 0.0, 7.25)]


@given(
    down=st.integers(0, 4),
    right=st.integers(0, 3),
    title=st.sampled_from(["title", "sheet", "file", "column"]),
    header=st.sampled_from(["one", "merged", "unmerged", "unit row"]),
    unit=st.sampled_from(["bracket", "line", "title"]),
    gap=st.booleans(),
    serial=st.booleans(),
    foot=st.booleans(),
    dashes=st.sampled_from("-—~至"),
)
def test_a_table_reads_the_same_however_it_is_laid_out(  # noqa: PLR0917  # hypothesis names its arguments
    down: int, right: int, title: str, header: str, unit: str, gap: bool, serial: bool, foot: bool, dashes: str
) -> None:
    period = f"2026年1{dashes}10月"
    rows: list[list[Any]] = [[] for _ in range(down)]
    if title == "title" or unit == "title":
        rows.append(
            [(period if title == "title" else "") + "工业企业产出情况表" + ("(单位：千元)" if unit == "title" else "")]
        )
    if unit == "line":
        rows.append(["填报单位:统计局", None, "单位:千元"])
    head = ["企业名称", "营业收入", "实缴税金"]
    if unit == "bracket" and header != "unit row":
        head = ["*企业名称", "营业收入（千元）", "实缴税金\n(千元)"]
    lead = ["序号"] if serial else []
    first = len(rows)
    merges: list[tuple[int, int, int, int]] = []
    if header in ("merged", "unmerged"):
        rows += [
            [*lead, head[0], "经济指标", None if header == "merged" else ""],
            [*([None] * len(lead)), None, *head[1:]],
        ]
        if header == "merged":
            places = range(right, right + len(lead) + 1)
            merges = [(first, place, first + 1, place) for place in places]
            merges.append((first, right + len(lead) + 1, first, right + len(lead) + 2))
    else:
        rows.append([*lead, *head])
    if header == "unit row":
        rows.append([*([None] * len(lead)), None, "千元", "千元"])
    if title == "column":
        rows[first] = [*rows[first], "报告期"]
        if header == "merged":
            merges.append((first, right + len(lead) + 3, first + 1, right + len(lead) + 3))
    for number, (name, revenue, tax) in enumerate(FIGURES, 1):
        period_cell = [period] if title == "column" else []
        rows.append([*([number] if serial else []), name, revenue, f"{tax:,.2f}", *period_cell])
        if gap:
            rows.append([])
    if foot:
        rows += [
            [*([None] * len(lead)), "合计", sum(f[1] for f in FIGURES), sum(f[2] for f in FIGURES)],
            [],
            ["注:本表为快报数。"],
            ["填报日期：2026-11-03"],
        ]
    shifted = [[*([None] * right), *row] for row in rows]
    sheet = period if title == "sheet" else "Sheet1"
    name = f"{period}产出.xlsx" if title == "file" else "产出.xlsx"
    with tempfile.TemporaryDirectory() as folder:
        parsed = balanced(read_file(write(Path(folder) / name, {sheet: shifted}, merges)))
    assert stated(parsed, "output", "name", "revenue", "tax", "span_start", "span_end") == [
        (name, revenue / 10, tax / 10, *TO_DATE) for name, revenue, tax in FIGURES
    ]
    assert parsed.problems.filter(pl.col("rule") != "unit_assumed").is_empty()
    expected_rows = first + down * 0 + (2 if header != "one" else 1)
    assert parsed.rows["output"]["row"].to_list() == [
        expected_rows + 1 + place * (2 if gap else 1) for place in range(len(FIGURES))
    ]


def test_month_and_cumulative_columns_side_by_side_are_two_spans(read: Reader) -> None:
    parsed = read(
        [
            ["2026年10月产出表"],
            ["企业名称", "营业收入(千元)", None, "平均用工人数(人)"],
            [None, "本月", "本月止累计"],
            ["甲公司", 10, 100, 5],
        ],
        merges=[(1, 0, 2, 0), (1, 1, 1, 2), (1, 3, 2, 3)],
    )
    assert stated(parsed, "output", "revenue", "employees", "span_start", "span_end", "block") == [
        (1.0, None, *MONTH, 0),
        (10.0, None, *TO_DATE, 1),
        (None, 5.0, *MONTH, 2),
    ]
    places = parsed.columns.select("block", "field", "column", "unit", "factor").rows()
    assert (0, "revenue", "B", "千元", 0.1) in places
    assert (1, "revenue", "C", "千元", 0.1) in places
    assert (1, "name", "A", None, None) in places


def test_the_statistical_form_205_1_is_read_as_it_is_printed(read: Reader) -> None:
    head: Rows = [
        ["能源购进、消费与库存"],
        [f"统一社会信用代码:{CODE}", None, "205-1表"],
        ["单位详细名称:甲公司", None, None, None, "2026年1—10月"],
        ["能源名称", "计量单位", "代码", "年初库存量", "1—本月", None, None, None, None],
        [None, None, None, None, "购进量", None, "消费量", None, None],
        [None, None, None, None, "实物量", "金额(千元)", "合计", "工业生产消费", "#用于原材料"],
        ["甲", "乙", "丙", 1, 2, 3, 4, 5, 6],
    ]
    merges = [*((3, column, 5, column) for column in range(4)), (3, 4, 3, 8), (4, 4, 4, 5), (4, 6, 4, 8)]
    rows: Rows = [["原煤", "吨", "01", 0, 100, 50, 90, 80, 10], ["电力", "万千瓦时", "35", None, None, None, 20, 20]]
    for layout in (merges, []):
        parsed = read([*head, *rows, ["单位负责人：", "王", "填表人：", "李"]], merges=layout)
        assert stated(parsed, "energy", "uscc", "carrier", "consumption", "feedstock", "span_start", "span_end") == [
            (CODE, "原煤", 90.0, 10.0, *TO_DATE),
            (CODE, "电力", 20.0, None, *TO_DATE),
        ]
        assert problems(parsed) == []


def test_a_subheading_makes_a_column_another_quantity_or_the_whole_of_it(read: Reader) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "营业收入(万元)", "税收(万元)", None, "研发费用(万元)", "平均用工人数"],
            [None, "上年同期", "合计", "增值税", "(快报数)", None],
            ["甲公司", 1, 3, 2, 4, 5],
        ],
        merges=[(1, 0, 2, 0), (1, 2, 1, 3), (1, 5, 2, 5)],
    )
    assert stated(parsed, "output", "revenue", "tax", "rd_expense", "employees") == [(None, 3.0, 4.0, 5.0)]
    assert problems(parsed) == []


def test_a_header_is_as_tall_as_the_name_is_merged(read: Reader) -> None:
    parsed = read(
        [
            ["2026年10月工业企业主要经济指标"],
            ["企业名称", "主要经济指标", None, None, None],
            [None, "营业收入", None, "实缴税金", None],
            [None, "(千元)", None, "(万元)", None],
            [None, "本月", "1-10月", "上年同期", "1-10月"],
            ["甲公司", 120, 1200, 8, 9],
        ],
        merges=[(1, 0, 4, 0), (1, 1, 1, 4), (2, 1, 2, 2), (2, 3, 2, 4), (3, 1, 3, 2), (3, 3, 3, 4)],
    )
    assert stated(parsed, "output", "revenue", "tax", "span_start", "span_end") == [
        (12.0, None, *MONTH),
        (120.0, 9.0, *TO_DATE),
    ]
    assert problems(parsed) == []


def test_a_sheet_about_one_enterprise_takes_its_name_from_the_head(read: Reader) -> None:
    parsed = read(
        [
            ["2026年10月能源消费"],
            [f"统一社会信用代码:{CODE}", None, "单位详细名称:甲公司"],
            ["能源名称", "计量单位", "消费量"],
            ["电力", "万千瓦时", 3],
            ["能源合计", "吨标准煤", 4],
        ]
    )
    assert stated(parsed, "energy", "uscc", "name", "carrier") == [
        (CODE, "甲公司", "电力"),
        (CODE, "甲公司", TOTAL_CARRIER),
    ]


def test_a_cell_of_a_table_that_is_read_as_several_forms_is_told_once(read: Reader) -> None:
    parsed = read(
        [
            ["2026年"],
            ["统一社会信用代码", "企业名称", "月份", "营业收入(万元)", "电力(万千瓦时)", "自有用地面积(亩)"],
            [float(DAMAGED), "甲公司", "10月", 1, 2, 3],
            [CODE, "乙公司", "上月", 1, 2, 3],
        ]
    )
    assert set(parsed.submissions["form"]) == {"output", "land", "energy"}
    assert sorted(problems(parsed)) == [("A3", "uscc_damaged", DAMAGED), ("C4", "period_unknown", "上月")]


def test_stacked_tables_and_side_by_side_forms_are_each_read(read: Reader) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "营业收入(万元)", "综合能耗(吨标准煤)"],
            ["甲公司", 1, 2],
            [],
            ["企业名称", "自有用地面积(亩)"],
            ["甲公司", 30],
        ]
    )
    assert stated(parsed, "output", "revenue") == [(1.0,)]
    assert stated(parsed, "energy", "carrier", "consumption") == [(TOTAL_CARRIER, 2.0)]
    assert stated(parsed, "land", "owned", "row") == [(30.0, 6)]
    assert parsed.submissions["submission_id"].n_unique() == 3


def test_the_same_table_below_with_another_title_is_another_month(read: Reader) -> None:
    head = ["企业名称", "营业收入", "实缴税金"]
    parsed = read(
        [
            ["2026年9月产出", None, "单位:千元"],
            head,
            ["甲公司", 10, 20],
            ["乙公司"],
            [],
            ["2026年10月产出"],
            [],
            head,
            ["甲公司", 30, 40],
            ["合计", 30, 40],
            head,
            ["乙公司", 50, 60],
            ["2026年8月(单位:元)"],
            head,
            ["甲公司", 70_000, 80_000],
        ]
    )
    assert stated(parsed, "output", "name", "revenue", "span_end", "row") == [
        ("甲公司", 1.0, date(2026, 9, 1), 3),
        ("甲公司", 3.0, date(2026, 10, 1), 9),
        ("乙公司", 5.0, date(2026, 10, 1), 12),
        ("甲公司", 7.0, date(2026, 8, 1), 15),
    ]
    assert problems(parsed, "control_total") == [("A4", "row_empty", None)]
    assert parsed.submissions["period_label"].to_list() == ["2026-09", "2026-10", "2026-08"]


def test_a_table_below_without_a_title_of_its_own_is_of_the_time_and_unit_of_the_one_above(read: Reader) -> None:
    parsed = read(
        [
            ["2026年10月", None, "单位:千元"],
            ["企业名称", "营业收入"],
            ["甲公司2025", 10],
            [],
            ["企业名称", "实缴税金"],
            ["甲公司2025", 20],
        ],
        sheet="2024年",
    )
    assert stated(parsed, "output", "revenue", "tax", "span_end") == [(1.0, None, MONTH[1]), (None, 2.0, MONTH[1])]


def test_figures_of_another_year_or_kind_beside_ours_keep_apart(read: Reader) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "营业收入(万元)", None, None, None],
            [None, "本月", "上年同期", "增长(%)", "1—本月"],
            ["甲公司", 10, 9, 11.1, 100],
        ],
        merges=[(1, 0, 2, 0), (1, 1, 1, 4)],
    )
    assert stated(parsed, "output", "revenue", "span_start") == [(10.0, MONTH[0]), (100.0, TO_DATE[0])]
    years = read([["1-10月产出 单位:万元"], ["企业名称", "2026年营业收入", "2025年营业收入"], ["甲公司", 10, 9]])
    assert stated(years, "output", "revenue", "span_end") == [(10.0, MONTH[1]), (9.0, date(2025, 10, 1))]


def test_rows_of_a_table_that_is_none_of_ours_are_not_those_of_the_table_above(read: Reader) -> None:
    parsed = read(
        [
            ["表一 2026年10月营业收入(万元)"],
            ["企业名称", "营业收入"],
            ["甲公司", 100],
            [],
            ["表二 2026年10月利润(万元)"],
            ["企业名称", "利润总额"],
            ["乙公司", 9],
            [],
            ["丙公司", 8],
            ["表三 2026年10月税收(万元)"],
            ["企业名称", "税收"],
            ["乙公司", 3],
        ]
    )
    assert stated(parsed, "output", "name", "revenue", "tax", "row") == [
        ("甲公司", 100.0, None, 3),
        ("乙公司", None, 3.0, 12),
    ]
    assert problems(parsed) == [("A6", "form_unknown", None)]
    assert parsed.submissions.select("form", "rows_total", "rows_rejected", "rows_blank").rows() == [
        ("output", 1, 0, 0),
        ("output", 1, 0, 0),
        (None, 3, 2, 1),
    ]


def test_a_table_that_is_none_of_ours_is_told_above_one_of_ours_too(read: Reader) -> None:
    parsed = read([["2026年10月"], ["企业名称", "利润总额"], ["甲公司", 9], HEAD[:2], ["乙公司", 1]])
    assert stated(parsed, "output", "name", "revenue") == [("乙公司", 1.0)]
    assert problems(parsed) == [("A2", "form_unknown", None)]
    head = ["能源名称", "计量单位", "消费量"]
    about_one = read([["2026年10月"], ["企业名称", "甲公司"], ["企业名称:甲公司"], [*head], ["原煤", "吨", 1]])
    assert problems(about_one) == []


def test_a_figure_merged_over_several_enterprises_is_nobody_s(read: Reader) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "营业收入(万元)", "实缴税金(万元)"],
            ["甲公司", 100, 1],
            ["乙公司", None, 2],
            ["丙公司", 5, 6],
            ["丙公司", None, None],
        ],
        merges=[(2, 1, 3, 1), (4, 1, 5, 1)],
    )
    assert stated(parsed, "output", "name", "revenue", "tax") == [
        ("甲公司", None, 1.0),
        ("乙公司", None, 2.0),
        ("丙公司", 5.0, 6.0),
    ]
    assert problems(parsed) == [("B3", "merged_figure", "100"), ("A6", "row_empty", None)]
    assert "第 4 行" in parsed.problems["message"][0]


def test_a_department_s_table_with_code_industry_and_town_is_no_register(read: Reader) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["统一社会信用代码", "企业名称", "行业代码", "镇办", "实缴税金(万元)"],
            [CODE, "甲公司", "3071", "北郊镇", 5],
        ]
    )
    assert parsed.submissions["form"].to_list() == ["output"]
    assert stated(parsed, "output", "tax") == [(5.0,)]


def test_a_name_that_occurs_twice_refuses_the_table_unless_a_code_says_who_is_meant(read: Reader) -> None:
    parsed = read([["2026年10月"], ["企业名称", "企业名称", "营业收入(万元)"], ["甲公司", "乙公司", 2]])
    assert problems(parsed) == [("A2", "header_duplicate", None), ("B2", "header_duplicate", None)]
    assert all(rows.is_empty() for rows in parsed.rows.values())
    assert counts(parsed) == (1, 0, 0, 0, 1)
    head = ["统一社会信用代码", "企业名称", "企业名称", "营业收入(万元)"]
    coded = read([["2026年10月"], head, [CODE, "甲公司", "甲公司一期", 2]])
    assert problems(coded) == [("B2", "header_duplicate", None), ("C2", "header_duplicate", None)]
    assert stated(coded, "output", "uscc", "name", "revenue") == [(CODE, None, 2.0)]


def test_figures_that_occur_twice_are_refused_and_the_others_count(read: Reader) -> None:
    head = ["企业名称", "营业收入(万元)", "入库税收(万元)", "纳税额(万元)"]
    parsed = read([["2026年10月"], head, ["甲公司", 10, 1, 2], ["乙公司", None, 3, None]])
    assert problems(parsed) == [("C2", "header_duplicate", None), ("D2", "header_duplicate", None)]
    assert stated(parsed, "output", "name", "revenue", "tax") == [("甲公司", 10.0, None)]
    assert counts(parsed) == (2, 0, 0, 0, 1)


def test_a_carrier_that_occurs_twice_makes_the_energy_unknown_where_it_is_used(read: Reader) -> None:
    head = ["企业名称", "电力(万千瓦时)", "柴油(吨)", "0号柴油(升)"]
    rows: Rows = [["甲公司", 10, 1, 2], ["乙公司", 20, None, 5], ["丙公司", 30, None, None], ["丁公司", 40, 0, 0]]
    parsed = read([["2026年10月"], head, *rows, ["戊公司", 50, "待报", None]])
    assert problems(parsed) == [("C2", "header_duplicate", None), ("D2", "header_duplicate", None)]
    assert stated(parsed, "energy", "name", "carrier", "consumption") == [
        ("甲公司", "电力", 10.0),
        ("甲公司", "柴油", None),
        ("乙公司", "电力", 20.0),
        ("乙公司", "柴油", None),
        ("丙公司", "电力", 30.0),
        ("丁公司", "电力", 40.0),
        ("丁公司", "柴油", 0.0),
        ("戊公司", "电力", 50.0),
        ("戊公司", "柴油", None),
    ]


def test_a_title_goes_before_its_aliases_and_a_part_is_no_duplicate(read: Reader) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "营业收入(万元)", "其中:主营业务收入(万元)", "销售收入(万元)"],
            ["甲公司", 3, 2, 1],
        ]
    )
    assert stated(parsed, "output", "revenue") == [(3.0,)]
    assert problems(parsed) == []


@pytest.mark.parametrize("below", [["", "上年同期", ""], ["", "上年同期", "本期"], ["", "同比增长", "本月"]])
def test_an_unmerged_subheading_of_another_time_takes_its_column_out(read: Reader, below: list[str]) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["企业名称", "营业收入(万元)", "实缴税金(万元)"],
            below,
            ["甲公司", 90, 5],
            ["乙公司", 150, 6],
        ]
    )
    assert stated(parsed, "output", "name", "revenue", "tax") == [("甲公司", None, 5.0), ("乙公司", None, 6.0)]
    assert problems(parsed) == []


def test_a_heading_and_its_subheading_name_a_field_in_either_order(read: Reader) -> None:
    heads: Rows = [["企业名称", "用地面积(亩)", None, None, None], [None, "自有", "承租", "出租", "合计"]]
    merges = [(0, 0, 1, 0), (0, 1, 0, 4)]
    parsed = read([*heads, ["甲公司", 30, 15, 5, 40]], merges=merges)
    assert stated(parsed, "land", "owned", "leased_in", "leased_out") == [(30.0, 15.0, 5.0)]
    whole = read([heads[0], [None, "合计", "闲置", None, None], ["甲公司", 30, 4]], merges=merges)
    assert stated(whole, "land", "owned", "idle") == [(30.0, 4.0)]


def test_rented_land_is_never_counted_beside_the_sum_that_holds_it(read: Reader) -> None:
    merges = [(0, 0, 1, 0), (0, 1, 0, 2)]
    head = ["企业名称", "用地面积(亩)", None]
    part = read([head, [None, "合计", "其中:租入"], ["甲公司", 35, 5]], merges=merges)
    assert stated(part, "land", "owned", "leased_in") == [(35.0, None)]
    beside = read([head, [None, "合计", "租入"], ["甲公司", 35, 5]], merges=merges)
    assert [rule for _, rule, _ in problems(beside)] == ["form_unknown"]


def test_the_preferred_title_of_an_enterprise_goes_before_other_names_of_it(read: Reader) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["纳税人识别号", "统一社会信用代码", "用户名称", "企业名称", "入库税收(元)"],
            ["X", CODE, "甲公司一期", "甲公司", 10_000],
        ]
    )
    assert stated(parsed, "output", "uscc", "name", "tax") == [(CODE, "甲公司", 1.0)]
    assert problems(parsed) == []
    again = read([["2026年10月"], ["纳税人识别号", "纳税人名称", "入库税收(元)"], [CODE, "甲公司", 10_000]])
    assert stated(again, "output", "uscc", "name", "tax") == [(CODE, "甲公司", 1.0)]


def test_a_sheet_without_a_form_is_told_what_it_lacks(read: Reader) -> None:
    nobody = read([["2026年10月"], ["能源名称", "计量单位", "消费量"], ["电力", "万千瓦时", 5], ["柴油", "吨", 1]])
    assert "未找到“企业名称”" in nobody.problems["message"][0]
    rows: Rows = [["甲公司", 5, 1], ["乙公司", 5, 1], ["丙公司", 5, 1]]
    nothing = read([["2026年10月"], ["企业名称", "网购电量", "户数"], *rows])
    assert "与“网购电量”相近的表头有“用电量”" in nothing.problems["message"][0]
    assert "企业名录" not in nothing.problems["message"][0]
    neither = read([["2026年10月"], ["企业名称", "户数"], *(row[:2] for row in rows)])
    assert "没有一列的表头是" in neither.problems["message"][0]
    tax = read([["2026年10月"], ["纳税人识别号", "纳税人名称", "本期应入库税"], [CODE, "甲公司", 5]])
    assert "最接近“产出”。与“本期应入库税”相近的表头有" in tax.problems["message"][0]
    assert "行业代码" not in tax.problems["message"][0]


@pytest.mark.parametrize(
    "name", ["企业名称（必填）", "※企业名称", "企业 名称", "企业\n名称", "一、企业名称", "*企业名称*", "企业名称"]
)
def test_a_second_table_is_recognised_by_the_rule_of_the_first(read: Reader, name: str) -> None:
    first: list[list[object]] = [["2026年10月", None], ["企业名称", "营业收入(万元)"], ["甲公司", 1.0]]
    second: list[list[object]] = [[None, None], [name, "实缴税金(万元)"], ["乙公司", 2.0]]
    parsed = read([*first, *second])
    assert parsed.rows["output"].select("name", "revenue", "tax").rows() == [
        ("甲公司", 1.0, None),
        ("乙公司", None, 2.0),
    ]
    assert parsed.submissions["form"].to_list() == ["output", "output"]


@pytest.mark.parametrize("name", ["企业名称（盖章）：", "企业名称(公章)", "单位名称（签章）"])
def test_where_an_enterprise_signs_below_a_table_no_second_one_begins(read: Reader, name: str) -> None:
    parsed = read([["2026年10月", None], ["企业名称", "营业收入(万元)"], ["甲公司", 1.0], [None, None], [name, None]])
    assert parsed.rows["output"].select("name", "revenue").rows() == [("甲公司", 1.0)]
    assert parsed.submissions.height == 1


@pytest.mark.parametrize("column", ["采用折标系数", "综合能耗(吨标准煤)"])
def test_rows_of_carriers_without_a_column_of_consumption_are_no_form(read: Reader, column: str) -> None:
    head = ["企业名称", "能源名称", "计量单位", column]
    parsed = read([["2026年10月", None, None, None], head, ["甲公司", "原煤", "吨", 0.7143]])
    assert parsed.problems["rule"].to_list() == ["form_unknown"]
