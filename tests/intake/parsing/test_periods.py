"""The months that figures belong to are read from what people write, and left open where they wrote too little."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency.intake.parsing import (
    NOTHING,
    Timing,
    marker,
    span_label,
    split_marker,
    timing_in,
    timing_of_cell,
    timing_of_sheet,
    written_out,
)

OCTOBER = (date(2026, 10, 1), date(2026, 10, 1))
TO_OCTOBER = (date(2026, 1, 1), date(2026, 10, 1))
YEAR = (date(2026, 1, 1), date(2026, 12, 1))


@pytest.mark.parametrize(
    "text",
    [
        "2026年10月",
        "2026年10月份产出表",
        "２０２６年１０月",
        "二〇二六年十月",
        "产出_2026-10",
        "202610",
        "2026.10",
        "2026_10",
        "报告期:2026年10月 填报日期:2026-11-03",
        "报告期: 2026-10-31",
        "淄统〔2025〕12号 2026年10月",
        "2026年10月(本月数)",
    ],
)
def test_a_month_is_found_however_it_is_written(text: str) -> None:
    assert timing_in(text).span() == OCTOBER


@pytest.mark.parametrize(
    "text",
    [
        "2026年1-10月",
        "2026年1—10月",
        "2026年1–10月份",
        "2026年1至10月",
        "2026年1月至10月",
        "2026年1月～2026年10月",
        "202601-202610",
        "2026年10月(本月止累计)",
        "2026年10月累计",
        "2026年10月 年初至本月",
        "2026年1-10月累计",
    ],
)
def test_a_year_to_date_is_found_however_it_is_written(text: str) -> None:
    assert timing_in(text).span() == TO_OCTOBER


@pytest.mark.parametrize(
    ("text", "last"),
    [
        *((text, 3) for text in ("2026年一季度", "2026年第一季度", "2026年1季度", "2026年首季", "2026Q1", "2026年Q1")),
        *((text, 6) for text in ("2026年上半年", "2026年1-2季度", "2026年一至二季度", "2026年上半年累计")),
        *((text, 9) for text in ("2026年前三季度", "2026年1-3季度", "2026年一至三季度", "2026年1—9月")),
    ],
)
def test_quarters_and_halves_from_january_on_are_years_to_date(text: str, last: int) -> None:
    assert timing_in(text).span() == (date(2026, 1, 1), date(2026, last, 1))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        *((text, 4, 6) for text in ("2026年二季度", "2026年第二季度", "2026Q2", "2026年4-6月", "202604-202606")),
        ("2026年第三季度", 7, 9),
        ("2026年四季度", 10, 12),
        ("2026年2-3季度", 4, 9),
        ("2026年下半年", 7, 12),
        ("2026年7至12月", 7, 12),
        ("2026年4-6月累计", 4, 6),
    ],
)
def test_quarters_and_halves_that_begin_later_are_spans_of_their_own(text: str, first: int, last: int) -> None:
    assert timing_in(text).span() == (date(2026, first, 1), date(2026, last, 1))


def test_a_span_may_cross_the_year() -> None:
    assert timing_in("2025年11月-2026年10月").span() == (date(2025, 11, 1), date(2026, 10, 1))


@given(st.integers(2001, 2098), st.integers(1, 12), st.integers(1, 12), st.integers(0, 1))
def test_every_range_of_months_is_read_as_it_is_written(year: int, first: int, last: int, later: int) -> None:
    if later or first <= last:
        text = f"{year}年{first}月-{year + later}年{last}月"
        assert timing_in(text).span() == (date(year, first, 1), date(year + later, last, 1))
    else:
        assert timing_in(f"{year}年{first}-{last}月").span() is None


@pytest.mark.parametrize("text", ["2026年二季度累计", "2026年三季度末累计", "2026年10月上旬", "2026年一季度、三季度"])
def test_a_span_whose_beginning_is_not_said_is_never_guessed(text: str) -> None:
    assert timing_in(text).span() is None


@pytest.mark.parametrize(
    "text", ["四季青街道", "单季合金公司", "氢气(H2)", "FAQ2", "第4季青"], ids=["town", "name", "gas", "word", "odd"]
)
def test_words_that_hold_a_quarter_by_chance_say_nothing_of_the_time(text: str) -> None:
    assert timing_in(text) == NOTHING


@pytest.mark.parametrize("text", ["2026年", "2026年度", "2026年全年", "2026年1-12月", "企业产出2026"])
def test_a_full_year_is_found_however_it_is_written(text: str) -> None:
    assert timing_in(text).span() == YEAR


@pytest.mark.parametrize(
    "text",
    [
        "产出表",
        "填报日期:2026-11-03",
        "2026年11月3日",
        "二季度",
        "2026年10-4月",
        "11月-2026年10月",
        "2026年10月与2025年10月",
        "产出20261103",
        "10月",
        "2026年13月",
        "累计",
    ],
)
def test_what_is_no_span_is_never_guessed(text: str) -> None:
    assert timing_in(text).span() is None


@pytest.mark.parametrize(
    "text",
    [
        "2026年9月、10月产出",
        "2026年1、2月产出",
        "2026年三、四季度",
        "2026年11月份报表(10月数据)",
        "Output Oct 2026",
        "2026 Dec.",
        "10/2026",
        "2026年1-10",
        "2026年10",
        "2026年10个月",
        "2026年第10期",
        "2026年1月至今",
        "附件2-10月用电量(2026年)",
    ],
)
def test_months_that_are_not_read_make_no_full_year_and_no_single_month(text: str) -> None:
    said = timing_in(text)
    assert (said.year, said.span()) == (2026, None)
    assert said.doubt
    months = marker("9月")
    assert months is not None
    assert months.over(said).span() == (date(2026, 9, 1), date(2026, 9, 1))  # a column that says which is believed


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("关于报送2026年10月工业数据的通知(2026年11月印发)", OCTOBER),
        ("上报2026年1-10月产出", TO_OCTOBER),
        ("2026年10月 有效期至:2027年1月", OCTOBER),
        ("有效期至：2027年1月", None),
        ("报送日期:2026年11月", None),
        ("2026年前10个月", TO_OCTOBER),
        ("截至2026年10月底累计营业收入", TO_OCTOBER),
        ("截止2026年10月营业收入", TO_OCTOBER),
        ("2026年前十月", TO_OCTOBER),
        ("2026年一至十月", TO_OCTOBER),
        ("2026.1-2026.10", TO_OCTOBER),
        ("2026/1-2026/10", TO_OCTOBER),
    ],
)
def test_a_month_of_issue_or_validity_is_not_that_of_the_figures(text: str, span: tuple[date, date] | None) -> None:
    assert timing_in(text).span() == span


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("税款所属期:2026年1月1日至2026年10月31日", TO_OCTOBER),
        ("2026年1月1日至10月31日产出", TO_OCTOBER),
        ("2026-10-01至2026-10-31", OCTOBER),
        ("2026年10月1日至31日", OCTOBER),
        ("20260101-20261031", TO_OCTOBER),
        ("2026年10月用电量(抄表2026年9月26日至10月25日)", OCTOBER),
        ("所属期:2026年9月26日至10月25日", None),
        ("2026年10月1日至30日", None),
        ("有效期:2026年1月1日至2026年12月31日", None),
        ("填报时间:2026年11月1日至30日", None),
    ],
)
def test_days_from_the_first_to_the_last_of_a_month_are_its_months(text: str, span: tuple[date, date] | None) -> None:
    assert timing_in(text).span() == span


@given(
    st.integers(2000, 2099),
    st.integers(1, 12),
    st.sampled_from(["{y}年{m}月", "{y}-{m:02}", "{y}{m:02}", "{y} 年 {m} 月份"]),
)
def test_every_month_of_every_year_is_read(year: int, month: int, form: str) -> None:
    assert timing_in(form.format(y=year, m=month)).span() == (date(year, month, 1), date(year, month, 1))


@given(st.integers(2000, 2099), st.integers(2, 12), st.sampled_from("-—–~至"))
def test_every_year_to_date_is_read(year: int, month: int, dash: str) -> None:
    assert timing_in(f"{year}年1{dash}{month}月").span() == (date(year, 1, 1), date(year, month, 1))


@pytest.mark.parametrize(
    ("title", "sheet", "file", "span"),
    [
        (["2026年10月产出"], "2025年9月", "2024-08/x.xlsx", OCTOBER),
        (["产出"], "2026年10月", "2024-08/x.xlsx", OCTOBER),
        (["产出"], "Sheet1", "统计局/2026年1-10月产出.xlsx", TO_OCTOBER),
        (["产出"], "Sheet1", "2026-10/统计局/产出.xlsx", OCTOBER),
        (["10月份产出"], "Sheet1", "2026/产出.xlsx", OCTOBER),
        (["2026年产出"], "10月", "2025-01.xlsx", OCTOBER),
        (["2026年度产出"], "10月", "2025-01.xlsx", YEAR),
        (["2026年10月产出", "本月止累计"], "Sheet1", "x.xlsx", TO_OCTOBER),
        (["产出"], "Sheet1", "x.xlsx", None),
        (["2026年三季度"], "2026年10月", "x.xlsx", (date(2026, 7, 1), date(2026, 9, 1))),
        (["产出"], "二季度", "2026/产出.xlsx", (date(2026, 4, 1), date(2026, 6, 1))),
        (["2026年产出"], "4-6月", "x.xlsx", (date(2026, 4, 1), date(2026, 6, 1))),
        (["产出"], "Sheet1", "2026年前三季度.xlsx", (date(2026, 1, 1), date(2026, 9, 1))),
        (["2026年10月上旬"], "2026年10月", "x.xlsx", None),
        (["2026年产出"], "9月、10月", "x.xlsx", None),
        (["2026年度评价数据", "2026年1-10月"], "Sheet1", "x.xlsx", TO_OCTOBER),
        (["2026年度评价数据", "10月"], "Sheet1", "x.xlsx", OCTOBER),
        (["2026年10月月报", "2026年1-10月"], "Sheet1", "x.xlsx", TO_OCTOBER),
        (["2026年1-10月产出", "统计局 2026年11月"], "Sheet1", "x.xlsx", TO_OCTOBER),
        (["依据2025年度办法", "2026年1-10月产出"], "Sheet1", "x.xlsx", None),
        (["二○二六年十月"], "Sheet1", "x.xlsx", OCTOBER),
        (["2026年9月、10月产出"], "10月", "x.xlsx", OCTOBER),
    ],
)
def test_the_title_goes_before_sheet_file_and_folder(
    title: list[str], sheet: str, file: str, span: tuple[date, date] | None
) -> None:
    assert timing_of_sheet(title, sheet, file).span() == span


@pytest.mark.parametrize(
    ("said", "base", "span"),
    [
        ("本月", "2026年1-10月", OCTOBER),
        ("累计", "2026年10月", TO_OCTOBER),
        ("本月止累计", "2026年10月", TO_OCTOBER),
        ("1-本月", "2026年10月", TO_OCTOBER),
        ("1—10月", "2026年", TO_OCTOBER),
        ("10月", "2026年", OCTOBER),
        ("本期", "2026年1-10月", TO_OCTOBER),
        ("全年", "2026年10月", YEAR),
        ("累计", "2026年", YEAR),
        ("本月", "2026年", None),
        ("2025年", "2026年1-10月", (date(2025, 1, 1), date(2025, 10, 1))),
        ("2026-10-01", "2025年", OCTOBER),
        ("4月", "2026年二季度", (date(2026, 4, 1), date(2026, 4, 1))),
        ("全年", "2026年二季度", YEAR),
        ("累计", "2026年二季度", None),
        ("本月", "2026年4-6月", None),
        ("一季度", "2026年", (date(2026, 1, 1), date(2026, 3, 1))),
        ("二季度", "2026年", (date(2026, 4, 1), date(2026, 6, 1))),
        ("4—6月", "2026年", (date(2026, 4, 1), date(2026, 6, 1))),
        ("2026.1", "2026年", None),
    ],
)
def test_a_column_s_mark_of_time_is_completed_by_the_title(
    said: str, base: str, span: tuple[date, date] | None
) -> None:
    timing = marker(said)
    assert timing is not None
    assert timing.over(timing_in(base)).span() == span


@pytest.mark.parametrize("text", ["营业收入", "月均", "上年同期", "本月营业收入", "季度", "合计"])
def test_other_headers_are_no_marks_of_time(text: str) -> None:
    assert marker(text) is None


def test_a_mark_of_time_is_taken_off_a_name() -> None:
    assert split_marker("本年累计实缴税金")[0] == "实缴税金"
    assert split_marker("营业收入本月止累计") == ("营业收入", Timing(kind="to_date"))
    assert split_marker("二季度营业收入") == ("营业收入", timing_in("二季度"))
    assert split_marker("营业收入4-6月") == ("营业收入", timing_in("4-6月"))
    assert split_marker("营业收入") == ("营业收入", None)


@pytest.mark.parametrize(
    ("text", "role", "expected"),
    [
        ("2026", "year", Timing(2026)),
        ("2026年度", "year", Timing(2026)),
        ("10", "month", Timing(month=10)),
        ("10月份", "month", Timing(month=10)),
        ("1-10", "month", Timing(month=10, kind="to_date")),
        ("4-6", "month", Timing(month=6, kind="several", months=3)),
        ("2026-10-31", "month", Timing(2026, 10)),
        ("2", "quarter", Timing(month=6, kind="several", months=3)),
        ("一季度", "quarter", Timing(month=3, kind="to_date")),
        ("2026年二季度", "period", Timing(2026, 6, "several", 3)),
        ("202610", "period", Timing(2026, 10)),
        ("2026-10-31", "period", Timing(2026, 10)),
        ("20261031", "period", Timing(2026, 10)),
        ("2026.10.31", "period", Timing(2026, 10)),
        ("2026年10月31日", "period", Timing(2026, 10)),
        ("46296", "period", Timing(2026, 10)),  # 2026-10-01 without its format
    ],
)
def test_a_cell_of_a_period_column_is_read_by_the_kind_of_its_column(text: str, role: str, expected: Timing) -> None:
    assert timing_of_cell(text, role) == expected


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("2026.1", "period"),
        ("上月", "month"),
        ("13", "month"),
        ("2026-01-10", "month"),  # 1-10, which the spreadsheet took for a day
        ("5", "quarter"),
        ("去年", "year"),
        ("x", "period"),
        ("2026年(预计)", "period"),
        ("2026年上", "period"),
        ("2026-H1", "period"),
        ("2026-9/10", "period"),
    ],
)
def test_a_period_cell_that_is_ambiguous_or_no_period_is_not_understood(text: str, role: str) -> None:
    assert timing_of_cell(text, role).unsure


@pytest.mark.parametrize(
    ("numbers", "texts", "month"),
    [
        (["2026.1"], [], None),
        (["2026.1", "2026.2", "2026.9"], [], None),
        (["2026.1", "2026.01", "2026.09"], [], "2026.10"),
        (["2026.1", "2026.01", "2026.2"], [], None),
        (["2026.1"], ["2026.10"], "2026.01"),
        ([], ["2026.1", "2026.10"], "2026.01"),
        ([], ["2026.1"], "2026.01"),
        ([], ["2026.1", "2026.02"], None),
    ],
)
def test_a_lost_zero_is_put_back_only_where_the_neighbours_show_it(
    numbers: list[str], texts: list[str], month: str | None
) -> None:
    cells = [*numbers, *texts]
    read = written_out(cells, [False] * len(numbers) + [True] * len(texts))
    assert read == [month if month and cell == "2026.1" else cell for cell in cells]


def test_a_doubt_says_why() -> None:
    assert "10 月" in timing_of_cell("2026.1", "period").doubt
    assert "文本格式" in timing_of_cell("2026-01-10", "month").doubt
    assert "累计" in timing_in("2026年三季度累计").doubt


def test_spans_are_labelled_by_their_months() -> None:
    assert (span_label(OCTOBER), span_label(TO_OCTOBER)) == ("2026-10", "2026-01..2026-10")
    assert NOTHING.span() is None


@pytest.mark.parametrize(
    "text",
    [
        *("截至2026年10月底税收", "截止2026年10月末", "截至2026年10月31日", "截止到2026年10月份", "至2026年10月底"),
        *(
            "2026年税收(截至10月底)",
            "2026年年初至10月",
            "2026年1月起至10月",
            "2026年累计至10月",
            "26年1-10月",
            "’26年1~10月",
        ),
        *(
            "2026年元月至十月",
            "2026年元至十月",
            "2026.1-10",
            "2026.01-10",
            "2026/1-10",
            "202601-10",
            "2026年1月份-10月份",
        ),
        *("2026年截至10月", "2026年前十个月"),
    ],
)
def test_every_way_of_writing_january_to_october_is_read(text: str) -> None:
    assert timing_in(text).span() == TO_OCTOBER


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026年元月", 1, 1),
        ("26年十月份", 10, 10),
        ("截至2026年三季度末", 1, 9),
        ("26年第三季度", 7, 9),
        ("26年上半年", 1, 6),
        ("2026年四至六月", 4, 6),
        ("26年度", 1, 12),
        ("2026年10月用电量(截至10月31日)", 10, 10),
    ],
)
def test_further_words_for_spans(text: str, first: int, last: int) -> None:
    assert timing_in(text).span() == (date(2026, first, 1), date(2026, last, 1))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "截至2026年10月20日",
            "截至目前",
            "2026年10月税收(截至10月底)",
            "26.10",
            "单位:万元月报",
            "15年以上企业",
            "共26年",
        ),
        "截止日期:2026年10月31日",
    ],
)
def test_what_may_be_meant_otherwise_is_no_span(text: str) -> None:
    assert timing_in(text).span() is None


def test_an_end_of_month_beside_the_month_itself_is_left_open() -> None:
    """The figures may be the month's own or those since January."""
    for titles in (("2026年10月税收", "截至2026年10月底"), ("截至2026年10月底", "2026年10月税收")):
        timing = timing_of_sheet(titles, "Sheet1", "表.xlsx")
        assert timing.span() is None
        assert "截至2026年10月底" in timing.doubt
    drawn = timing_of_sheet(("2026年10月用电量", "截至2026年10月31日"), "Sheet1", "表.xlsx")
    assert drawn.span() == OCTOBER


def test_short_years_and_first_months_are_read_in_cells_and_headers() -> None:
    assert timing_of_cell("26年", "year") == Timing(2026)
    assert timing_of_cell("元月", "month") == Timing(month=1)
    assert timing_of_cell("26年10月", "period").span() == OCTOBER
    assert timing_of_cell("截至2026年10月底", "period").span() == TO_OCTOBER
    assert marker("元月") == Timing(month=1, kind="month")
    assert marker("截至10月底") == Timing(month=10, kind="to_date")
