"""Enterprises across and months down, of the measure that the title or a second header row names."""

from typing import Any

import pytest
from builders.sent import A, B, C, cells, sent, told
from builders.sheets import Rows
from builders.stated import CODES, Resolved
from hypothesis import given
from hypothesis import strategies as st

POWER = ["2026年企业用电量(万千瓦时)"]


def power(result: Resolved) -> list[tuple[Any, ...]]:
    return [
        (name, start.month, value)
        for name, start, value in cells(result, "energy", "name", "span_start", "consumption")
    ]


@given(
    names=st.lists(st.sampled_from([A, B, C]), min_size=2, max_size=3, unique=True),
    # January beside December alone may be those of two years.
    months=st.lists(st.integers(1, 12), min_size=2, max_size=6, unique=True).map(sorted).filter(lambda m: m != [1, 12]),
    header=st.sampled_from([None, "月份", "时间", "企业名称", "项目"]),
    year=st.booleans(),
)
def test_months_down_state_what_months_across_do(
    names: list[str], months: list[int], header: str | None, *, year: bool
) -> None:
    figures = {(name, month): 10 * at + month for at, name in enumerate(names, 1) for month in months}
    of_year = "2026年" if year else ""
    down: Rows = [POWER, [header, *names], *([f"{of_year}{m}月", *(figures[n, m] for n in names)] for m in months)]
    across: Rows = [
        POWER,
        ["企业名称", *(f"{m}月" for m in months)],
        *([n, *(figures[n, m] for m in months)] for n in names),
    ]
    for table in (down, across):
        result = sent(table)
        assert told(result) == []
        assert {(name, month): value for name, month, value in power(result)} == figures


def test_each_figure_keeps_its_cell_and_its_enterprise_the_header_s() -> None:
    result = sent([POWER, ["月份", A, B], ["1月", 1, "约2"], ["2月", 4, 5]])
    assert told(result) == [("1.xlsx", "C3", "not_a_number")]
    known = result.columns.filter(field="name", submission_id=result.submissions["submission_id"][-1])
    assert known.select("column", "row").rows() == [("B", 2), ("C", 2)]
    unknown = sent([POWER, ["月份", A, "淄博某某新材料有限公司"], ["1月", 1, 2], ["2月", 4, 5]])
    assert [(cell, rule) for _, cell, rule in told(unknown)] == [("C2", "enterprise_unknown")]


def test_totals_of_months_and_of_enterprises_are_checked() -> None:
    rows: Rows = [
        ["月份", A, B, "合计"],
        ["1月", 1, 2, 3],
        ["2月", 4, 5, 10],
        ["合计", 5, 8, 13],
        ["1-2月累计", 5, 7, 12],
    ]
    result = sent([POWER, *rows])
    assert sorted(told(result)) == [("1.xlsx", "C5", "control_total"), ("1.xlsx", "D4", "control_total")]


def test_measures_below_each_enterprise() -> None:
    measures = ["营业收入(万元)", "实缴税金(千元)"]
    head: Rows = [["月份", A, None, B, None], [None, *measures, *measures]]
    result = sent([["2026年"], *head, ["1月", 100, 20, 300, 40], ["2月", 400, 50, 600, 70]])
    assert told(result) == []
    assert cells(result, "output", "name", "revenue", "tax") == [(A, 100, 2), (B, 300, 4), (A, 400, 5), (B, 600, 7)]


def test_codes_may_stand_for_names_and_rates_are_no_months() -> None:
    rows: Rows = [
        ["月份", CODES["A"], CODES["B"]],
        ["1月", 1, 2],
        ["2月", 4, 5],
        ["平均", 2, 3],
        ["同比增长", 0.1, 0.2],
    ]
    result = sent([POWER, *rows])
    assert told(result) == []
    assert [value for _, _, value in power(result)] == [1, 2, 4, 5]


def test_a_row_of_figures_that_is_no_month_is_told() -> None:
    result = sent([POWER, ["月份", A, B], ["1月", 1, 2], ["2月", 4, 5], ["其中光伏", 1, 1]])
    assert told(result) == [("1.xlsx", "A5", "row_unread")]


def test_a_wrong_unit_is_one_problem() -> None:
    result = sent([["2026年企业用电量(兆瓦)"], ["月份", A, B, C], ["1月", 1, 2, 3], ["2月", 4, 5, 6]])
    assert [rule for _, _, rule in told(result)] == ["unit_unknown"]


@pytest.mark.parametrize("title", ["2026年企业情况", "2026年用电量计划(万千瓦时)", "2026年企业用电量、用气量"])
def test_without_one_measure_in_the_title_nothing_is_read(title: str) -> None:
    result = sent([[title], ["月份", A, B], ["1月", 1, 2], ["2月", 4, 5]])
    assert told(result) == [("1.xlsx", None, "form_unknown")]
    assert "请在标题中写明是哪项指标" in result.problems["message"].item()
