"""Which months a column or a row is of, where only its neighbours tell."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from builders.sheets import MONTH, TO_DATE, balanced, problems, stated, write

from efficiency.intake.read import read_file
from efficiency.intake.read_result import ReadResult

Rows = list[list[Any]]
Span = tuple[date, date]


def read(
    folder: Path,
    rows: Rows,
    *,
    name: str = "表.xlsx",
    sheet: str = "Sheet1",
    merges: Sequence[tuple[int, int, int, int]] = (),
) -> ReadResult:
    return balanced(read_file(write(folder / name, {sheet: rows}, merges)))


def spans(parsed: ReadResult) -> dict[float, Span]:
    """Figure → span."""
    return {
        figure: (first, last) for figure, first, last in stated(parsed, "output", "revenue", "span_start", "span_end")
    }


@pytest.mark.parametrize(
    ("this", "last"),
    [
        ("本年", "上年同期"),
        ("本年实际", "上年"),
        ("今年", "去年"),
        ("本年数", "上年数"),
        ("本年营业收入", "上年营业收入"),
    ],
)
@pytest.mark.parametrize(("title", "span"), [("2026年10月", MONTH), ("2026年1-10月", TO_DATE)])
def test_this_year_beside_last_is_of_the_title_s_time(
    tmp_path: Path, this: str, last: str, title: str, span: Span
) -> None:
    heads = [["企业名称", this, last]] if "营业" in this else [["企业名称", "营业收入", None], [None, this, last]]
    merges = [] if "营业" in this else [(1, 0, 2, 0), (1, 1, 1, 2)]
    parsed = read(tmp_path, [[f"{title}主要指标(万元)"], *heads, ["甲公司", 100, 90]], merges=merges)
    assert spans(parsed) == {100.0: span}


def test_this_year_below_a_heading_of_time_is_of_that_time(tmp_path: Path) -> None:
    heads: Rows = [
        ["企业名称", "本月", None, None, "1-本月累计", None, None],
        [None, "本年实际", "上年同期", "同比±%", "本年实际", "上年同期", "同比±%"],
    ]
    rows = [["2026年10月营业收入(万元)"], *heads, ["甲公司", 100, 90, 11.1, 900, 850, 5.9]]
    assert spans(read(tmp_path, rows, merges=[(1, 0, 2, 0), (1, 1, 1, 3), (1, 4, 1, 6)])) == {
        100.0: MONTH,
        900.0: TO_DATE,
    }


@pytest.mark.parametrize(
    "heads", [["本月", "本年", "上年同期"], ["本年本月", "本年累计", "上年累计"], ["本月", "本年1-10月", "上年1-10月"]]
)
def test_this_year_beside_this_month_is_the_year_to_date(tmp_path: Path, heads: list[str]) -> None:
    rows: Rows = [["2026年10月(万元)"], ["企业名称", "营业收入", None, None], [None, *heads], ["甲公司", 1, 9, 8]]
    parsed = read(tmp_path, rows, merges=[(1, 0, 2, 0), (1, 1, 1, 3)])
    assert spans(parsed) == {1.0: MONTH, 9.0: TO_DATE}


@pytest.mark.parametrize("heads", [["本月", "累计"], ["绝对额", "增速(%)"], ["实际", "计划"]])
def test_a_figure_without_a_mark_of_its_own_time_is_of_the_title_s(tmp_path: Path, heads: list[str]) -> None:
    rows: Rows = [["2026年10月(万元)"], ["企业名称", "营业收入", None], [None, *heads], ["甲公司", 1, 9]]
    parsed = read(tmp_path, rows, merges=[(1, 0, 2, 0), (1, 1, 1, 2)])
    assert spans(parsed)[1.0] == MONTH


@pytest.mark.parametrize("heads", [["本月", "累计"], ["本月营业收入", "累计营业收入"]])
def test_a_sum_beside_a_month_that_is_not_said_is_no_full_year(tmp_path: Path, heads: list[str]) -> None:
    rows: Rows = [["2026年营业收入(万元)"], ["企业名称", *heads], ["甲公司", 1, 10]]
    parsed = read(tmp_path, rows)
    assert spans(parsed) == {}
    assert [(cell, rule) for cell, rule, _ in problems(parsed)] == [("B2", "period_unknown"), ("C2", "period_unknown")]
    assert spans(read(tmp_path, rows, sheet="10月")) == {1.0: MONTH, 10.0: TO_DATE}


@pytest.mark.parametrize("last", ["累计", "全年"])
@pytest.mark.parametrize("name", ["2026年.xlsx", "x.xlsx"])
def test_a_sum_beside_months_is_their_control_and_no_full_year(tmp_path: Path, last: str, name: str) -> None:
    year = "" if name == "2026年.xlsx" else "2026年"
    months = [f"{year}{month}月" for month in range(1, 13)]
    so_far = [*(2**month for month in range(10)), None, None]
    rows: Rows = [["营业收入(万元)"], ["企业名称", *months, last], ["甲公司", *so_far, 1023], ["乙公司", *so_far, 1033]]
    parsed = read(tmp_path, rows, name=name)
    assert spans(parsed)[512.0] == MONTH
    assert len(spans(parsed)) == 10
    assert problems(parsed) == [("N4", "control_total", "1033")]


def test_a_sum_beside_months_that_are_not_all_of_it_is_no_control(tmp_path: Path) -> None:
    def of(title: str, *heads: str) -> dict[float, Span]:
        figures = [2.0**place for place in range(len(heads))]
        parsed = read(tmp_path, [[f"{title}营业收入(万元)"], ["企业名称", *heads], ["甲公司", *figures]])
        assert not [rule for _, rule, _ in problems(parsed) if rule == "control_total"]
        return spans(parsed)

    year, half = (date(2025, 1, 1), date(2025, 12, 1)), (date(2025, 1, 1), date(2025, 6, 1))
    assert of("2025年", "上半年", "全年") == {1.0: half, 2.0: year}
    assert of("2025年", "1-6月", "全年") == {1.0: half, 2.0: year}
    assert of("2025年", "9月", "10月", "全年")[4.0] == year
    assert 4.0 not in of("2026年", "9月", "10月", "累计")  # to which month is not said
    assert 4.0 not in of("2026年", "2026年9月", "2026年10月", "累计")
    assert of("2026年10月", "9月", "10月", "累计")[4.0] == TO_DATE


def test_a_blank_period_is_not_filled_from_a_title_of_another_time(tmp_path: Path) -> None:
    rows: Rows = [["所属期", "企业名称", "营业收入(万元)"], ["2026年10月", "甲公司", 1], [None, "乙公司", 2]]
    parsed = read(tmp_path, rows, name="2026年9月.xlsx")
    assert spans(parsed) == {1.0: MONTH}
    assert problems(parsed) == [("A3", "period_unknown", None)]
    assert "其他行的时期" in parsed.problems["message"][0]
    assert spans(read(tmp_path, rows, name="2026年10月.xlsx")) == {1.0: MONTH, 2.0: MONTH}


def test_a_blank_month_under_a_year_is_no_full_year(tmp_path: Path) -> None:
    rows: Rows = [["2026年"], ["企业名称", "月份", "营业收入(万元)"], ["甲公司", "10月", 1], ["乙公司", None, 2]]
    parsed = read(tmp_path, rows)
    assert spans(parsed) == {1.0: MONTH}
    assert problems(parsed) == [("B4", "period_unknown", None)]


def test_sheets_called_by_bare_numbers_are_of_no_full_year(tmp_path: Path) -> None:
    rows: Rows = [["企业名称", "营业收入(万元)"], ["甲公司", 1]]
    for sheet in ("8", "10", "08"):
        parsed = read(tmp_path, rows, name="2026年营业收入.xlsx", sheet=sheet)
        assert spans(parsed) == {}
        assert "可能是月份" in parsed.problems.filter(parsed.problems["rule"] == "period_unknown")["message"][0]
    assert spans(read(tmp_path, rows, name="2026年10月.xlsx", sheet="1")) == {1.0: MONTH}
    assert spans(read(tmp_path, rows, name="2026年1-10月.xlsx", sheet="1")) == {1.0: TO_DATE}
    year = (date(2025, 1, 1), date(2025, 12, 1))
    assert spans(read(tmp_path, rows, name="2025年度.xlsx", sheet="1")) == {1.0: year}
    assert spans(read(tmp_path, rows, name="2025年.xlsx", sheet="Sheet1")) == {1.0: year}
    twelve: Rows = [["企业名称", "9月", "10月"], ["甲公司", 3, 4]]
    assert len(spans(read(tmp_path, [["营业收入(万元)"], *twelve], name="2026年.xlsx", sheet="1"))) == 2


@pytest.mark.parametrize("head", ["本月累计", "当月累计数"])
def test_a_sum_of_which_nobody_says_from_when_is_told_and_not_taken(tmp_path: Path, head: str) -> None:
    rows: Rows = [["2026年10月(万元)"], ["企业名称", "营业收入", None], [None, "本月", head], ["甲公司", 100, 900]]
    parsed = read(tmp_path, rows, merges=[(1, 0, 2, 0), (1, 1, 1, 2)])
    assert spans(parsed) == {100.0: MONTH}
    assert [(cell, rule) for cell, rule, _ in problems(parsed)] == [("C2", "period_unknown")]
