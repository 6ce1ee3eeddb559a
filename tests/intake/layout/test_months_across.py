"""累计 in a title, the sheet's name or a heading makes columns of months run from January on."""

from datetime import date

import pytest
from builders.sheets import Rows, problems, stated
from conftest import Reader
from hypothesis import given
from hypothesis import strategies as st

from efficiency.intake.layout import says_cumulative
from efficiency.intake.read_result import ReadResult

HEAD = ["企业名称", "1月", "2月", "3月"]
RUNNING = [(10.0, 1, 1), (30.0, 1, 2), (60.0, 1, 3)]
SINGLE = [(10.0, 1, 1), (30.0, 2, 2), (60.0, 3, 3)]


def spans(parsed: ReadResult, form: str = "output", measure: str = "tax") -> list[tuple[float, int, int]]:
    """Figure, first and last month of each row."""
    rows = stated(parsed, form, measure, "span_start", "span_end")
    return [(figure, first.month, last.month) for figure, first, last in rows]


@pytest.mark.parametrize(
    ("title", "sheet"),
    [
        ("2026年各月累计入库税收(万元)", "Sheet1"),
        ("2026年1-3月累计入库税收(万元)", "Sheet1"),
        ("2026年入库税收(万元)（1月起累计）", "Sheet1"),
        ("2026年本年累计入库税收(万元)", "Sheet1"),
        ("2026年自年初累计入库税收(万元)", "Sheet1"),
        ("2026年入库税收(万元)", "累计"),
    ],
)
def test_months_run_from_january_where_title_or_sheet_say_so(read: Reader, title: str, sheet: str) -> None:
    parsed = read([[title], HEAD, ["甲公司", 10, 30, 60]], sheet=sheet)
    assert (spans(parsed), problems(parsed)) == (RUNNING, [])


@pytest.mark.parametrize("heading", ["累计", "本年累计", "自年初累计", "各月累计", "累计数"])
def test_a_heading_makes_only_the_columns_below_it_cumulative(read: Reader, heading: str) -> None:
    heads = [["企业名称", "本月", None, heading, None], [None, "1月", "2月", "1月", "2月"]]
    merges = [(1, 0, 2, 0), (1, 1, 1, 2), (1, 3, 1, 4)]
    parsed = read([["2026年入库税收(万元)"], *heads, ["甲公司", 10, 20, 10, 30]], merges=merges)
    assert spans(parsed) == [(10.0, 1, 1), (20.0, 2, 2), (10.0, 1, 1), (30.0, 1, 2)]


def test_pairs_of_a_month_and_its_running_total_keep_their_marks_under_a_title(read: Reader) -> None:
    heads = [["企业名称", "1月", None, "2月", None], [None, "本月", "累计", "本月", "累计"]]
    merges = [(1, 0, 2, 0), (1, 1, 1, 2), (1, 3, 1, 4)]
    parsed = read([["2026年累计入库税收(万元)"], *heads, ["甲公司", 10, 10, 20, 30]], merges=merges)
    assert spans(parsed) == [(10.0, 1, 1), (10.0, 1, 1), (20.0, 2, 2), (30.0, 1, 2)]
    beside = read([["2026年3月累计入库税收(万元)"], ["企业名称", "3月", "1-3月"], ["甲公司", 30, 60]])
    assert spans(beside) == [(30.0, 3, 3), (60.0, 1, 3)]


def test_it_holds_for_measures_and_carriers_side_by_side(read: Reader) -> None:
    head = ["企业名称", "1月用电量(万千瓦时)", "2月用电量(万千瓦时)", "1月天然气(万立方米)", "2月天然气(万立方米)"]
    parsed = read([["2026年累计"], head, ["甲公司", 10, 30, 1, 3]])
    assert spans(parsed, "energy", "consumption") == [(10.0, 1, 1), (30.0, 1, 2), (1.0, 1, 1), (3.0, 1, 2)]
    output = read([["2026年累计 单位:万元"], ["企业名称", "1月营业收入", "2月营业收入"], ["甲公司", 10, 30]])
    assert spans(output, measure="revenue") == [(10.0, 1, 1), (30.0, 1, 2)]
    carriers = ["企业名称", "能源名称", "计量单位", "1月", "2月"]
    long = read([["2026年能源消费量(各月累计)"], carriers, ["甲公司", "电力", "度", 10_000, 30_000]])
    assert spans(long, "energy", "consumption") == [(1.0, 1, 1), (3.0, 1, 2)]


@pytest.mark.parametrize("control", ["合计", "全年", "累计"])
def test_the_total_of_cumulative_months_is_the_last_of_them(read: Reader, control: str) -> None:
    rows = [["甲公司", 10, 30, 60, 60], ["乙公司", 10, 30, None, 30], ["丙公司", 10, 30, 60, 70]]
    parsed = read([["2026年各月累计入库税收(万元)"], [*HEAD, control], *rows])
    assert problems(parsed) == [("E5", "control_total", "70")]
    assert spans(parsed)[:3] == RUNNING


def test_months_that_their_total_sums_are_months_whatever_the_title_says(read: Reader) -> None:
    rows = [["甲公司", 10, 30, 60, 100], ["乙公司", 1, 3, 6, 10]]
    parsed = read([["2026年1-3月累计入库税收(万元)"], [*HEAD, "合计"], *rows])
    assert spans(parsed)[:3] == SINGLE
    assert [(cell, rule) for cell, rule, _ in problems(parsed)] == [("E2", "cumulative_doubt")]


def test_headers_that_say_it_themselves_are_cumulative(read: Reader) -> None:
    parsed = read([["2026年入库税收(万元)"], ["企业名称", "1月", "1-2月", "1-3月", "合计"], ["甲公司", 10, 30, 60, 60]])
    assert (spans(parsed), problems(parsed)) == (RUNNING, [])


def test_the_name_of_a_file_alone_decides_nothing_and_is_told_where_figures_rise(read: Reader) -> None:
    title = ["2026年入库税收(万元)"]
    rising = read([title, HEAD, ["甲公司", 10, 30, 60]], name="2026年累计.xlsx")
    assert spans(rising) == SINGLE
    assert problems(rising) == [("B2", "cumulative_doubt", "2026年累计.xlsx")]
    falling = read([title, HEAD, ["甲公司", 10, 30, 6]], name="2026年累计.xlsx")
    assert problems(falling) == []


@given(st.sampled_from(["各月累计", "本年累计", "自年初累计", "1月起累计", "1-10月累计"]), st.integers(2020, 2026))
def test_a_title_says_it_in_any_width(words: str, year: int) -> None:
    wide = "".join(chr(ord(sign) + 0xFEE0) if sign.isascii() and sign.isalnum() else sign for sign in words)
    assert says_cumulative([f"{year}年{words}"])
    assert says_cumulative([f"{year} 年 {wide}"])
    assert not says_cumulative([f"{year}年各月用电量"])


def test_a_year_to_date_is_stated_by_its_last_month(read: Reader) -> None:
    parsed = read([["2026年各月累计入库税收(万元)"], HEAD, ["甲公司", 10, 30, 60]])
    assert parsed.rows["output"]["span_end"].max() == date(2026, 3, 1)
    assert parsed.submissions["period_label"].to_list() == ["2026-01..2026-03"]


@pytest.mark.parametrize("note", ["注:各月均为累计数", "各月数据为自年初累计数。", "※本表按累计填报"])
def test_a_note_below_the_table_decides_nothing_and_is_told_where_figures_rise(read: Reader, note: str) -> None:
    head: Rows = [["2026年企业营业收入(万元)"], ["企业名称", "1月", "2月", "3月"]]
    rising = read([*head, ["甲公司", 10, 20, 30], ["乙公司", 1, 2, 3], [note]])
    assert [(cell, rule) for cell, rule, _ in problems(rising)] == [("B2", "cumulative_doubt")]
    assert problems(read([*head, ["甲公司", 10, 20, 15], ["乙公司", 1, 2, 1], [note]])) == []
    further = read(
        [*head, ["甲公司", 10, 20, 30], [], ["2026年企业实缴税金各月累计(万元)"], *head[1:], ["甲公司", 1, 2, 3]]
    )
    assert problems(further) == []
