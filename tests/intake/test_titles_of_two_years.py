"""Months without a year under a title that spans two years, and headers whose second row names further columns."""

from pathlib import Path

import pytest
from builders.sent import A, B, cells, sent, told
from builders.sheets import Rows, balanced, inbox_file, problems
from builders.stated import Resolved
from hypothesis import given
from hypothesis import strategies as st

from efficiency.intake.read import read_file

SPAN = ["2025年11月至2026年10月税收(万元)"]
TAX = ["企业名称", "实缴税金(万元)"]


def months(result: Resolved) -> list[tuple[str, float]]:
    return [(f"{start:%Y-%m}", value) for start, value in cells(result, "output", "span_start", "tax")]


@given(first=st.integers(2, 12), columns=st.permutations(range(1, 13)))
def test_months_across_are_of_the_year_in_which_the_title_has_them(first: int, columns: list[int]) -> None:
    title = f"2025年{first}月至2026年{first - 1}月税收(万元)"
    result = sent([[title], ["企业名称", *(f"{month}月" for month in columns)], [A, *columns]])
    assert told(result) == []
    right = {f"{2025 if month >= first else 2026}-{month:02}": float(month) for month in columns}
    assert dict(months(result)) == right


def test_months_down_are_of_the_year_in_which_the_title_has_them() -> None:
    for header in ("月份", "报告期"):
        result = sent([SPAN, ["企业名称", header, "实缴税金"], [A, "11月", 5], [A, "10月", 6]])
        assert told(result) == []
        assert months(result) == [("2025-11", 5), ("2026-10", 6)]


@pytest.mark.parametrize("order", [(11, 12, 1, 2), (2, 1, 12, 11)])
def test_months_over_new_year_under_one_year_are_of_no_year(order: tuple[int, ...]) -> None:
    result = sent([["2026年税收(万元)"], ["企业名称", *(f"{month}月" for month in order)], [A, *order]])
    assert months(result) == []
    assert {rule for _, _, rule in told(result)} == {"period_unknown"}
    assert "跨了两年" in result.problems["message"][0]


@given(st.data())
def test_the_year_named_where_it_changes_holds_for_the_months_that_run_on(data: st.DataObject) -> None:
    first, count = data.draw(st.integers(0, 23)), data.draw(st.integers(2, 14))
    true = [(2025 + at // 12, at % 12 + 1) for at in range(first, first + count)]
    if data.draw(st.booleans()):
        true.reverse()
    changes = [0, *(at for at in range(1, count) if true[at][0] != true[at - 1][0])]
    named = {*changes, *data.draw(st.sets(st.integers(0, count - 1)))}
    heads = [f"{year}年{month}月" if at in named else f"{month}月" for at, (year, month) in enumerate(true)]
    title = data.draw(st.sampled_from(["税收(万元)", "2026年税收(万元)", "2025年税收(万元)"]))
    result = sent([[title], ["企业名称", *heads], [A, *range(count)]])
    assert told(result) == []
    assert months(result) == [(f"{year}-{month:02}", float(at)) for at, (year, month) in enumerate(true)]


@pytest.mark.parametrize(
    ("title", "heads", "right"),
    [
        ("税收", ["11月", "12月", "2026年1月"], ["2025-11", "2025-12", "2026-01"]),
        ("2026年税收", ["2025年三季度", "四季度", "2026年一季度"], ["2025-07", "2025-10", "2026-01"]),
        ("税收", ["2025年1月", "3月", "5月"], ["2025-01", "2025-03", "2025-05"]),
        ("2026年税收", ["2025年10月", "10月"], ["2025-10", "2026-10"]),
        ("2026年税收", ["2025年1-10月", "11月", "12月", "2026年1-2月"], ["2025-01", "2025-11", "2025-12", "2026-01"]),
        ("2026年税收", ["2025年1-11月", "1-12月", "2026年1月", "1-2月"], ["2025-01", "2025-01", "2026-01", "2026-01"]),
        ("2026年", ["2025年12月税收", "1月税收", "2月税收"], ["2025-12", "2026-01", "2026-02"]),
    ],
)
def test_what_follows_from_the_columns_beside_goes_before_the_title(
    title: str, heads: list[str], right: list[str]
) -> None:
    result = sent([[f"{title}(万元)"], ["企业名称", *heads], [A, *range(1, len(heads) + 1)]])
    assert told(result, "cumulative_falls") == []
    assert [month for month, _ in months(result)] == right


@pytest.mark.parametrize(
    ("title", "heads", "unknown"),
    [
        ("税收", ["2025年11月", "2月"], ["C2"]),
        ("2026年税收", ["2025年1月", "3月", "5月"], ["C2", "D2"]),
        ("税收", ["9月", "11月", "2026年1月"], ["B2", "C2"]),
    ],
)
def test_a_month_whose_year_the_columns_leave_open_is_unknown(title: str, heads: list[str], unknown: list[str]) -> None:
    result = sent([[f"{title}(万元)"], ["企业名称", *heads], [A, *range(1, len(heads) + 1)]])
    assert told(result) == [("1.xlsx", cell, "period_unknown") for cell in unknown]


def test_a_month_below_one_of_another_year_than_the_title_is_unknown() -> None:
    rows = [[A, "2025年11月", 1], [A, "12月", 2], [A, "2026年1月", 3]]
    result = sent([["2026年税收(万元)"], ["企业名称", "报告期", "实缴税金"], *rows])
    assert told(result) == [("1.xlsx", "B4", "period_unknown")]
    assert months(result) == [("2025-11", 1), ("2026-01", 3)]
    of_the_year = sent([["2026年税收(万元)"], ["企业名称", "报告期", "实缴税金"], [A, "2026年1月", 3], [A, "2月", 4]])
    assert told(of_the_year) == []
    assert months(of_the_year) == [("2026-01", 3), ("2026-02", 4)]


def test_months_in_falling_order_are_of_the_year_that_is_stated() -> None:
    falling = range(12, 0, -1)
    result = sent([["2025年税收(万元)"], ["企业名称", *(f"{month}月" for month in falling)], [A, *falling]])
    assert told(result) == []
    assert dict(months(result)) == {f"2025-{month:02}": float(month) for month in falling}


def test_a_month_that_the_title_has_twice_is_unknown() -> None:
    result = sent([["2025年10月至2026年10月税收(万元)"], ["企业名称", "10月", "12月"], [A, 1, 2]])
    assert told(result) == [("1.xlsx", "B2", "period_unknown")]
    assert months(result) == [("2025-12", 2)]


def test_a_month_in_the_column_of_the_time_takes_its_year_from_the_title() -> None:
    result = sent([["2026年税收(万元)"], ["企业名称", "报告期", "实缴税金"], [A, "1月", 5], [A, "一季度", 7]])
    assert told(result) == []
    assert months(result) == [("2026-01", 5), ("2026-01", 7)]
    without = sent([["税收(万元)"], ["企业名称", "报告期", "实缴税金"], [A, "1月", 5]])
    assert told(without) == [("1.xlsx", "B3", "period_unknown")]


def test_a_plan_below_a_heading_is_not_its_figure() -> None:
    header = [["企业名称", "营业收入(万元)", None], [None, "年度计划", "完成"]]
    result = sent([["2026年10月"], *header, [A, 1000, 90]])
    assert told(result) == [("1.xlsx", None, "form_unknown")]
    assert cells(result, "output", "revenue") == []


def test_the_whole_below_a_heading_counts_and_its_parts_do_not() -> None:
    result = sent([["2026年10月"], ["企业名称", "实缴税金(万元)", None], [None, "增值税", "合计"], [A, 8, 20]])
    assert told(result, "column_passed") == []
    assert cells(result, "output", "tax") == [(20,)]
    energy = ["企业名称", "用电量(万千瓦时)", None, None]
    split = sent([["2026年10月"], energy, [None, "外购", "自发自用", "合计"], [A, 9, 1, 10]])
    assert told(split, "column_passed") == []
    assert cells(split, "energy", "carrier", "consumption") == [("电力", 10)]


def test_electricity_by_the_time_of_day_is_no_unknown_carrier() -> None:
    result = sent([["2026年10月用电(千瓦时)"], ["企业名称", "峰电量", "谷电量", "总电量"], [A, 30000, 60000, 90000]])
    assert told(result, "column_passed") == []
    assert cells(result, "energy", "consumption") == [(9,)]


def test_rows_of_column_numbers_and_of_how_many_there_are_state_nothing() -> None:
    header = ["序号", *TAX]
    result = sent([["2026年10月"], header, ["栏次", "1", "2"], [1, A, 5], [2, B, 7], ["合计", "2户", 13]])
    assert told(result) == [("1.xlsx", "C6", "control_total")]
    assert cells(result, "output", "tax") == [(5,), (7,)]


def test_grades_of_fuel_are_the_fuel() -> None:
    rows: Rows = [["企业名称", "能源名称", "计量单位", "消费量"], [A, "0#柴油", "吨", 3], [A, "92#汽油", "吨", 4]]
    result = sent([["2026年10月"], *rows])
    assert told(result) == []
    assert cells(result, "energy", "carrier", "consumption") == [("柴油", 3), ("汽油", 4)]


def test_a_total_with_a_comma_that_parts_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "1.csv"
    path.write_text(f"2026年10月\n{','.join(TAX)}\n{A},600\n{B},700\n合计,1,200\n", encoding="utf-8")
    result = balanced(read_file(inbox_file(path)))
    assert problems(result) == [("C5", "total_overlong", "合计,1,200")]
    assert result.rows["output"]["tax"].to_list() == [600, 700]
