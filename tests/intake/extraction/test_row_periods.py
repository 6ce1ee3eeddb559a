"""The span of each row: from its own cells, the headers, the title, the names of sheet and file; never guessed."""

from datetime import date
from typing import Any

import pytest
from builders.sheets import HEAD, MONTH, TO_DATE, Rows, counts, problems, stated
from conftest import Reader


def test_rows_without_a_period_that_are_not_merged_are_of_no_month(read: Reader) -> None:
    rows: Rows = [["报告期", "企业名称", "营业收入(万元)"], ["2026年10月", "甲公司", 1], [None, "乙公司", 2]]
    assert stated(read(rows, merges=[(1, 0, 2, 0)]), "output", "name", "span_end") == [
        ("甲公司", MONTH[1]),
        ("乙公司", MONTH[1]),
    ]
    apart = read(rows)
    assert stated(apart, "output", "name") == [("甲公司",)]
    assert problems(apart) == [("A3", "period_unknown", None)]
    assert "空白" in apart.problems["message"][0]


def test_twelve_months_of_a_measure_go_into_output(read: Reader) -> None:
    months = [f"{month}月份" for month in range(1, 13)]
    parsed = read([["2026年实缴税金(单位:元)"], ["企业名称", *months], ["甲公司", *([10_000] * 12)]])
    assert stated(parsed, "output", "tax") == [(1.0,)] * 12


@pytest.mark.parametrize(
    ("heads", "cells", "span"),
    [
        (["年份", "月份"], [2026, 10], MONTH),
        (["年份", "月份"], ["2026年", "1-10月"], TO_DATE),
        (["报告期"], [202610], MONTH),
        (["所属期"], ["2026年1—10月"], TO_DATE),
        (["年份"], [2026], (date(2026, 1, 1), date(2026, 12, 1))),
        (["税款所属期起", "税款所属期止"], ["2026-01-01", "2026-10-31"], TO_DATE),
        (["月份"], ["10月"], MONTH),
        (["年份", "季度"], [2026, 2], (date(2026, 4, 1), date(2026, 6, 1))),
        (["年份", "季度"], ["2026年", "第一季度"], (date(2026, 1, 1), date(2026, 3, 1))),
        (["报告期"], ["2026年前三季度"], (date(2026, 1, 1), date(2026, 9, 1))),
        (["报告期"], ["2026年下半年"], (date(2026, 7, 1), date(2026, 12, 1))),
        (["所属期"], ["2026.10"], MONTH),
        (["税款所属期起", "税款所属期止"], ["2026-04-01", "2026-06-30"], (date(2026, 4, 1), date(2026, 6, 1))),
        (["税款所属期起", "税款所属期止"], ["2025-11", "2026-10"], (date(2025, 11, 1), MONTH[1])),
    ],
)
def test_period_columns_go_before_the_title(
    read: Reader, heads: list[str], cells: list[Any], span: tuple[date, date]
) -> None:
    title = "2026年产出" if heads == ["月份"] else "2025年3月产出"
    parsed = read([[title], ["企业名称", *heads, "营业收入(万元)"], ["甲公司", *cells, 1]])
    assert stated(parsed, "output", "span_start", "span_end") == [span]
    assert parsed.submissions["period_label"].to_list() == [None]


@pytest.mark.parametrize(
    ("title", "sheet", "name"),
    [
        ("2026年二季度产出", "Sheet1", "表.xlsx"),
        ("产出", "2026年4-6月", "表.xlsx"),
        ("产出", "Sheet1", "2026年第二季度.xlsx"),
        ("产出", "二季度", "2026年.xlsx"),
    ],
)
def test_a_quarter_is_read_wherever_it_is_said(read: Reader, title: str, sheet: str, name: str) -> None:
    parsed = read([[title], ["企业名称", "营业收入(万元)"], ["甲公司", 1]], sheet=sheet, name=name)
    assert stated(parsed, "output", "span_start", "span_end") == [(date(2026, 4, 1), date(2026, 6, 1))]


def test_four_quarters_side_by_side_are_four_spans(read: Reader) -> None:
    quarters = ["一季度", "二季度", "三季度", "四季度"]
    parsed = read([["2026年营业收入(万元)"], ["企业名称", *quarters, "合计"], ["甲公司", 1, 2, 3, 4, 11]])
    spans = [(date(2026, first, 1), date(2026, first + 2, 1)) for first in (1, 4, 7, 10)]
    assert stated(parsed, "output", "revenue", "span_start", "span_end") == [
        (float(number), *span) for number, span in enumerate(spans, 1)
    ]
    assert problems(parsed) == [("F3", "control_total", "11")]
    part = read([["2026年营业收入(万元)"], ["企业名称", *quarters[:3]], ["甲公司", 1, 2, 3]])
    assert part.submissions["period_label"].to_list() == ["2026-01..2026-09"]


def test_a_column_of_half_written_octobers_is_read_by_its_neighbours_or_refused(read: Reader) -> None:
    head = ["企业名称", "报告期", "营业收入(万元)"]
    padded = read([head, *(["甲公司", number, 1] for number in (2026.08, 2026.09, 2026.1, 2026.11))])
    assert [span.month for (span,) in stated(padded, "output", "span_end")] == [8, 9, 10, 11]
    open_ = read([head, *(["甲公司", number, 1] for number in (2026.8, 2026.9, 2026.1))])
    assert [span.month for (span,) in stated(open_, "output", "span_end")] == [8, 9]
    assert problems(open_) == [("B4", "period_unknown", "2026.1")]
    assert "可能是 1 月，也可能是 10 月" in open_.problems["message"].str.join("")[0]
    typed = read([head, ["甲公司", "2026.1", 1], ["甲公司", "2026.10", 2]])
    assert [span.month for (span,) in stated(typed, "output", "span_end")] == [1, 10]


def test_headings_that_are_numbers_are_months_only_where_that_is_sure(read: Reader) -> None:
    def months(*numbers: Any) -> list[int]:
        parsed = read([["营业收入(万元)"], ["企业名称", *numbers], ["甲公司", *range(1, len(numbers) + 1)]])
        return [span.month for (span,) in stated(parsed, "output", "span_end")]

    assert months(2026.08, 2026.09, 2026.1, 2026.11) == [8, 9, 10, 11]
    assert months("2026.1", "2026.2", "2026.10") == [1, 2, 10]
    assert months(2026.8, 2026.9, 2026.1) == [8, 9]


def test_a_month_typed_into_a_cell_of_its_own_has_become_a_date_and_is_still_that_month(read: Reader) -> None:
    table: Rows = [["企业名称", "营业收入(万元)"], ["甲公司", 1]]

    def spans(*head: list[Any], name: str = "表.xlsx", sheet: str = "Sheet1") -> list[tuple[Any, ...]]:
        return stated(read([*head, *table], name=name, sheet=sheet), "output", "span_start", "span_end")

    assert spans(["工业产出"], ["2026-10-01"]) == [MONTH]
    assert spans(["工业产出(本月止累计)"], ["2026-10-01"]) == [TO_DATE]
    assert spans(["2026-10-01"], name="2026年产出.xlsx") == [MONTH]
    assert spans(["2026-10-01", None, "单位:万元"]) == [MONTH]
    assert spans(["2026-11-03"]) == []
    assert spans(["填报日期", "2026-11-01"]) == []
    assert spans(["产出"], [2026, "年", 10, "月"]) == [MONTH]
    assert spans(["2026-11-01"], sheet="2026年10月") == [MONTH]


def test_areas_without_a_date_of_their_own_take_the_one_above_the_table(read: Reader) -> None:
    parsed = read(
        [
            ["工业用地(截止日期：2026年9月30日)"],
            ["企业名称", "登记用地面积(平方米)", "承租面积"],
            ["甲公司", 2000, 1],
            ["乙公司"],
        ]
    )
    assert stated(parsed, "land", "owned", "leased_in", "as_of") == [(3.0, 1.0, date(2026, 9, 30))]
    assert problems(parsed) == [("A4", "row_empty", None)]


def test_rows_below_a_lone_mark_of_time_are_not_of_the_title_s_time(read: Reader) -> None:
    head = ["企业名称", "营业收入(万元)"]
    parsed = read([["2026年9月"], head, ["甲公司", 1], ["2026年10月"], ["甲公司", 2], ["乙公司", 3]])
    assert stated(parsed, "output", "revenue", "row") == [(1.0, 3)]
    assert problems(parsed) == [("A4", "period_unknown", "2026年10月")]
    assert counts(parsed) == (4, 0, 1, 0, 2)
    own = read([[*head, "报告期"], ["2026年9月"], ["甲公司", 1, "2026年9月"], ["10月"], ["甲公司", 2, "2026年10月"]])
    assert stated(own, "output", "revenue") == [(1.0,), (2.0,)]
    assert problems(own) == []


def test_a_year_beside_a_title_of_months_is_those_months(read: Reader) -> None:
    rows: list[list[object]] = [["年份", "企业名称", "营业收入(万元)"], [2026, "甲公司", 1], [2025, "甲公司", 2]]
    parsed = read([["2026年1-10月产出"], *rows])
    assert stated(parsed, "output", "revenue", "span_start", "span_end") == [(1.0, *TO_DATE)]
    assert problems(parsed) == [("A4", "period_unknown", "2025")]
    assert "年份" in parsed.problems["message"][0]
    years = read([["产出"], *rows])
    assert {end for _, end in stated(years, "output", "span_start", "span_end")} == {
        date(2026, 12, 1),
        date(2025, 12, 1),
    }


@pytest.mark.parametrize("title", ["产出表", "2026年10月上旬", "2026年三季度累计"])
def test_a_sheet_without_a_period_is_refused(read: Reader, title: str) -> None:
    parsed = read([[title], HEAD, ["甲公司", 1, 2]])
    assert [rule for _, rule, _ in problems(parsed)] == ["period_unknown"]
    assert parsed.rows["output"].is_empty()
    assert counts(parsed)[4] == 1


def test_a_row_whose_period_is_not_understood_is_refused_alone(read: Reader) -> None:
    parsed = read(
        [
            ["产出"],
            ["企业名称", "年份", "月份", "营业收入(万元)"],
            ["甲公司", 2026, 10, 1],
            ["乙公司", 2026, "上月", 1],
            ["丙公司", 2026, None, 1],
        ]
    )
    assert problems(parsed) == [("B4", "period_unknown", "2026 上月"), ("B5", "period_unknown", "2026")]
    assert stated(parsed, "output", "name") == [("甲公司",)]
