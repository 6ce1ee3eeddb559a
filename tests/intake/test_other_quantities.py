"""Figures of another time or of another quantity, and digits that are marks, never count as what the table is of."""

import pytest
from builders.sent import A, B, C, cells, sent, told

MONTH = ["2026年10月"]
TAX = ["企业名称", "实缴税金(万元)"]


@pytest.mark.parametrize("text", ["5.2①", "5²", "2½", "5.2¹"])
def test_a_mark_behind_a_figure_is_none_of_its_digits(text: str) -> None:
    result = sent([MONTH, TAX, [A, text], [B, "５．２"], [C, "1,234.5"]])
    assert told(result) == [("1.xlsx", "B3", "not_a_number")]
    assert cells(result, "output", "tax") == [(5.2,), (1234.5,)]


@pytest.mark.parametrize("first", ["1月", "2026年9月"])
def test_a_month_alone_below_the_header_is_none_of_its_rows(first: str) -> None:
    result = sent([["2026年"], TAX, [first, None], [A, 1], ["2026年10月", None], [A, 2]])
    assert told(result) == [("1.xlsx", "A3", "period_unknown")]
    assert cells(result, "output", "tax") == []


@pytest.mark.parametrize("title", ["2026年10月税收上年同期数", "2026年10月去年同期(万元)"])
def test_a_title_of_last_year_states_no_time(title: str) -> None:
    result = sent([[title], TAX, [A, 5]])
    assert told(result) == [("1.xlsx", None, "period_unknown")]
    assert "上年同期" in result.problems["message"][-1]


@pytest.mark.parametrize("title", ["2026年10月税收与上年同期比较", "2026年10月税收(与上年同期)"])
def test_a_title_that_compares_with_last_year_is_of_its_month(title: str) -> None:
    result = sent([[title], TAX, [A, 5]])
    assert told(result) == []
    assert cells(result, "output", "tax") == [(5,)]


@pytest.mark.parametrize("title", ["2026年减免税收(万元)", "2026年企业应缴税收(万元)", "2026年欠缴税款合计(万元)"])
def test_months_of_tax_that_was_not_paid_are_no_tax_paid(title: str) -> None:
    result = sent([[title], ["企业名称", "1月", "2月"], [A, 5, 6]])
    assert told(result) == [("1.xlsx", None, "form_unknown")]
    assert cells(result, "output", "tax") == []


@pytest.mark.parametrize("header", ["入库月份", "税款所属月份", "抄表月份", "账期"])
def test_a_column_of_months_is_the_time_of_its_rows_whatever_the_office_calls_it(header: str) -> None:
    result = sent([["2026年企业税收(万元)"], ["企业名称", header, "实缴税金"], [A, "10月", 5], [B, "9月", 6]])
    assert told(result) == []
    months = cells(result, "output", "span_start", "span_end")
    assert [(start.month, end.month) for start, end in months] == [(10, 10), (9, 9)]


def test_a_column_of_months_that_may_be_their_time_is_told_and_those_of_other_things_are_not() -> None:
    def of(header: str) -> list[tuple[str, str | None, str]]:
        return told(
            sent([["2026年税收(万元)"], ["企业名称", header, "实缴税金"], [A, "2026-10", 5], [B, "2026-09", 6]])
        )

    assert of("申报月份") == [("1.xlsx", "B2", "column_unread")]
    assert of("投产年月") == of("合同年月") == []
