"""Rows that state parts of a figure: what tells them apart, what a total says of them, and that they add up."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl
import pytest
from builders.examples import examples
from builders.sent import A, B, C, cells, profile, sent, told, totals
from builders.sheets import Rows
from builders.stated import CODES, Resolved
from hypothesis import given
from hypothesis import strategies as st

LAND = ["企业名称", "登记用地面积"]
PLOTS = ["企业名称", "宗地编号", "登记用地面积"]
POWER = ["户号", "企业名称", "电力(千瓦时)"]
TAX = ["企业名称", "征收项目", "入库税收"]
SHOPS = ["企业名称", "车间", "营业收入(万元)", "平均用工人数", "用水量(吨)"]
JANUARY = date(2026, 1, 1)


def land(*rows: list[Any], header: list[str] = PLOTS) -> Resolved:
    return sent([["企业用地(单位:亩)"], header, *rows])


def january(title: str, *rows: Sequence[Any]) -> Resolved:
    return sent([[title], *rows])


def test_plots_of_equal_size_add_up_and_each_keeps_its_cell() -> None:
    result = land([A, "GB1", 20], [A, "GB2", 20], [B, "GB3", 35], ["合计", None, 75])
    assert told(result) == []
    assert totals(result, "land")[:2] == [40, 35]
    assert cells(result, "land", "owned", "part", "row") == [(20, "GB1", 3), (20, "GB2", 4), (35, "GB3", 5)]


def test_meters_of_a_wide_sheet_add_up_also_where_their_figures_are_equal() -> None:
    result = january("2026年1月用电", POWER, ["H1", A, 120000], ["H2", A, 80000], ["H3", B, 50000], ["H4", B, 50000])
    assert told(result) == []
    assert totals(result, "electricity", JANUARY)[:2] == [20, 10]


def test_numbers_of_meters_may_be_stored_as_numbers_and_follow_one_another() -> None:
    head = ["序号", *POWER]
    result = january("2026年1月用电", head, [1, 3701, A, 120000], [2, 3702, A, 80000], [3, 3703, B, 50000])
    assert told(result) == []
    assert totals(result, "electricity", JANUARY)[:2] == [20, 5]


def test_kinds_of_tax_add_up() -> None:
    rows = [[A, "增值税", 100], [A, "企业所得税", 50], [A, "城建税", 7], [B, "增值税", 30], [B, "企业所得税", 30]]
    result = january("2026年1-10月分税种入库情况(单位:万元)", TAX, *rows)
    assert told(result) == []
    assert totals(result, "tax")[:2] == [157, 60]


def test_rows_of_a_long_energy_table_that_a_use_tells_apart_add_up_each_by_its_own_coefficient() -> None:
    head = ["企业名称", "能源名称", "计量单位", "用途", "消费量", "采用折标系数"]
    rows = [
        [A, "原煤", "吨", "锅炉", 100, 0.7],
        [A, "原煤", "吨", "窑炉", 50, 0.6],
        [A, "电力", "万千瓦时", "", 10, None],
    ]
    result = january("2026年1月能源消费", head, *rows)
    assert told(result) == []
    assert totals(result, "energy", JANUARY)[0] == pytest.approx(100 * 0.7 + 50 * 0.6 + 10 * 1.229)


def test_lines_of_a_product_add_up() -> None:
    head = ["企业名称", "生产线", "产品名称", "产量", "计量单位", "产品能耗(吨标准煤)"]
    result = january(
        "2026年1月", head, [A, "一线", "平板玻璃", 100, "重量箱", 9], [A, "二线", "平板玻璃", 60, "重量箱", 6]
    )
    assert told(result, "product_unknown") == []
    assert cells(result, "products", "quantity", "energy_tce", "part") == [(100, 9, "一线"), (60, 6, "二线")]


def test_twelve_months_of_several_meters_add_up_month_by_month() -> None:
    head = ["企业名称", "户号", *(f"{number}月" for number in range(1, 11))]
    result = january("2026年企业用电量(万千瓦时)", head, [A, "H1", *range(1, 11)], [A, "H2", *range(11, 21)])
    assert told(result) == []
    assert totals(result, "electricity")[0] == 55 + 155


@pytest.mark.parametrize("header", ["备注", "联系电话", "联系人", "填报日期", "增长率(%)", "利润总额", "序号", ""])
def test_what_is_no_label_tells_nothing_apart(header: str) -> None:
    values = {"联系人": ("张三", "李四"), "填报日期": ("2026-10-01", "2026-10-02"), "备注": ("甲", "乙")}
    first, second = values.get(header, (13800000001, 13800000005))
    result = land([A, first, 20], [A, second, 15], header=["企业名称", header, "登记用地面积"])
    assert [rule for _, _, rule in told(result) if rule != "column_unread"][:2] == ["conflict", "conflict"]


def test_equal_rows_that_nothing_tells_apart_are_a_repetition_told_at_its_cell() -> None:
    result = land([A, 20], [A, 20], [B, 35], header=LAND)
    assert told(result) == [("1.xlsx", "B4", "repeated_figure")]
    assert result.problems.filter(rule="repeated_figure")["severity"].to_list() == ["warning"]
    assert totals(result, "land")[:2] == [20, 35]


def test_unlike_rows_that_nothing_tells_apart_are_a_conflict_told_at_both_cells() -> None:
    result = land([A, 20], [A, 15], [B, 35], header=LAND)
    assert told(result) == [("1.xlsx", "B3", "conflict"), ("1.xlsx", "B4", "conflict")]
    assert totals(result, "land")[:2] == [None, 35]


@pytest.mark.parametrize("second", [20, 15])
def test_rows_that_only_the_total_shows_to_be_added_are_parts_with_a_note(second: float) -> None:
    result = land([A, 20], [A, second], [B, 35], ["合计", 55 + second], header=LAND)
    assert told(result) == [("1.xlsx", "B4", "parts_by_total")]
    assert totals(result, "land")[:2] == [20 + second, 35]


def test_a_row_that_was_typed_twice_and_changed_is_a_conflict_though_a_formula_adds_up_both() -> None:
    head = ["企业名称", "登记用地面积", "闲置面积"]
    rows = [[A, 20, 283.4], [A, 15, 283.4], [B, 35, 1], ["合计", 70, 567.8]]
    typed_twice = ["conflict", "conflict", "repeated_figure"]
    assert [rule for _, _, rule in told(land(*rows, header=head))] == typed_twice
    rows = [[A, 20, 5], [A, 15, 5], [B, 35, 1], ["合计", 70, 11]]
    assert [rule for _, _, rule in told(land(*rows, header=head))] == ["parts_by_total"]


def test_a_subtotal_of_one_enterprise_is_evidence_too() -> None:
    result = land([A, 20], [A, 15], ["小计", 35], [B, 30], [B, 5], ["小计", 30], header=LAND)
    assert totals(result, "land")[:2] == [35, None]
    assert [rule for _, _, rule in told(result)] == ["parts_by_total", "conflict", "conflict", "control_total"]


def test_a_row_that_sums_the_parts_of_an_enterprise_is_no_part() -> None:
    rows = [
        [A, "增值税", 100],
        [A, "城建税", 7],
        [A, "合计", 107],
        [B, "增值税", 30],
        [B, "城建税", 2],
        [B, "小 计", 32],
    ]
    for some in (rows, [rows[2], *rows[:2], rows[5], *rows[3:5]], [*rows, ["总计", None, 139]]):
        result = january("2026年1月入库税收(单位:万元)", TAX, *some)
        assert told(result) == []
        assert totals(result, "tax", JANUARY)[:2] == [107, 32]


def test_a_row_that_is_within_another_part_is_not_added() -> None:
    rows = [[A, "增值税", 100], [A, "其中:留抵退税", 30], [A, "城建税", 7], [B, "增值税", 3]]
    result = january("2026年1月入库税收(单位:万元)", TAX, *rows)
    assert totals(result, "tax", JANUARY)[:2] == [107, 3]
    assert result.submissions["rows_notes"].to_list() == [0, 1]
    assert told(result) == [("1.xlsx", "A4", "part_within")]


def test_totals_alone_are_the_figures() -> None:
    result = january("2026年1月入库税收(单位:万元)", TAX, [A, "合计", 107], [B, "合计", 32])
    assert told(result) == []
    assert totals(result, "tax", JANUARY)[:2] == [107, 32]


def test_a_row_without_a_label_that_may_sum_the_others_is_added_to_nothing() -> None:
    result = january(
        "2026年1月入库税收(单位:万元)", TAX, [A, None, 107], [A, "增值税", 100], [A, "城建税", 7], [B, "增值税", 3]
    )
    assert {rule for _, _, rule in told(result)} == {"conflict"}
    assert totals(result, "tax", JANUARY)[:2] == [None, 3]
    other = january("2026年1月入库税收(单位:万元)", TAX, [A, None, 5], [A, "增值税", 100], [A, "城建税", 7])
    assert totals(other, "tax", JANUARY)[0] == 112


def test_a_total_that_counts_repeated_rows_once_goes_before_a_label() -> None:
    head = ["企业名称", "片区", "登记用地面积"]
    result = land([A, "东", 20], [A, "西", 20], [B, "东", 35], ["合计", None, 55], header=head)
    assert totals(result, "land")[:2] == [20, 35]
    assert ("1.xlsx", "C4", "repeated_figure") in told(result)


def test_a_total_that_agrees_with_neither_says_nothing() -> None:
    result = land([A, 20], [A, 15], [B, 35], ["合计", 60], header=LAND)
    assert [rule for _, _, rule in told(result)] == ["conflict", "conflict", "control_total"]


def test_unlike_figures_under_an_equal_label_conflict_and_the_whole_is_not_known() -> None:
    rows: Rows = [["H1", A, 12], ["H1", A, 8], ["H2", A, 5], ["H3", B, 5]]
    result = january("2026年1月用电", POWER, *rows)
    assert told(result) == [("1.xlsx", "C3", "conflict"), ("1.xlsx", "C4", "conflict")]
    assert totals(result, "electricity", JANUARY)[0] is None

    plots = land([A, "G1", 12], [A, "G1", 8], [A, "G2", 5])
    assert told(plots)[:2] == [("1.xlsx", "C3", "conflict"), ("1.xlsx", "C4", "conflict")]
    assert told(plots)[2] == ("1.xlsx", "C5", "part_missing")
    assert totals(plots, "land")[0] is None


def test_equal_rows_with_an_equal_label_are_a_repetition() -> None:
    rows: Rows = [["H1", A, 120000], ["H1", A, 120000], ["H2", A, 50000]]
    result = january("2026年1月用电", POWER, *rows, ["合计", None, 290000])
    assert told(result) == [("1.xlsx", "C4", "repeated_figure")]
    assert totals(result, "electricity", JANUARY)[0] == 17


def test_staff_and_what_is_the_same_on_every_part_count_once_with_a_note() -> None:
    rows = [[A, "一车间", 100, 50, 7], [A, "二车间", 120, 50, 7], [B, "一车间", 10, 5, 2]]
    result = january("2026年1月", SHOPS, *rows)
    assert told(result) == [("1.xlsx", "D4", "counted_once"), ("1.xlsx", "E4", "counted_once")]
    of_a = profile(result, JANUARY).row(0, named=True)
    assert (of_a["revenue"], of_a["employees"], of_a["water"]) == (220, 50, 7)


def test_a_measure_that_differs_on_the_parts_of_anybody_adds_up_for_everybody() -> None:
    rows = [[A, "一车间", 100, 50, 7], [A, "二车间", 120, 50, 7], [B, "一车间", 10, 5, 2], [B, "二车间", 20, 5, 3]]
    result = january("2026年1月", SHOPS, *rows)
    assert totals(result, "water", JANUARY)[:2] == [14, 5]
    assert totals(result, "employees", JANUARY)[:2] == [50, 5]


def test_staff_of_parts_add_up_where_the_total_says_so() -> None:
    rows = [[A, "一车间", 100, 50, 7], [A, "二车间", 120, 40, 9], ["合计", None, 220, 90, 16]]
    assert totals(january("2026年1月", SHOPS, *rows), "employees", JANUARY)[0] == 90


def test_a_measure_stated_on_one_part_only_is_that_figure() -> None:
    rows = [[A, "一车间", 100, 50, None], [A, "二车间", 120, None, 9]]
    result = january("2026年1月", SHOPS, *rows)
    assert told(result) == []
    of_a = profile(result, JANUARY).row(0, named=True)
    assert (of_a["revenue"], of_a["employees"], of_a["water"]) == (220, 50, 9)


def test_a_part_that_is_refused_leaves_the_whole_unknown_and_each_part_says_so() -> None:
    result = january("2026年1月", TAX, [A, "增值税", 100], [A, "城建税", "约7"], [B, "增值税", 30])
    assert told(result) == [("1.xlsx", "C3", "part_unread"), ("1.xlsx", "C4", "not_a_number")]
    assert totals(result, "tax", JANUARY)[:2] == [None, 30]

    power = january("2026年1月用电", POWER, ["H1", A, 120000], ["H2", A, "约8"])
    assert told(power) == [("1.xlsx", "C4", "not_a_number")]
    assert totals(power, "electricity", JANUARY)[0] is None


def test_a_later_sheet_replaces_all_parts_of_an_earlier_one_never_some() -> None:
    title = ["2026年1月用电"]
    first: Rows = [title, POWER, ["H1", A, 120000], ["H2", A, 80000], ["H3", A, 10000], ["H4", B, 50000]]
    second: Rows = [title, POWER, ["H1", A, 130000], ["H2", A, 90000]]
    assert totals(sent(first, second), "electricity", JANUARY)[:2] == [22, 5]
    assert totals(sent(second, first), "electricity", JANUARY)[:2] == [21, 5]
    whole: Rows = [title, ["企业名称", "电力(千瓦时)"], [A, 70000]]
    assert totals(sent(first, whole), "electricity", JANUARY)[:2] == [7, 5]
    assert totals(sent(whole, first), "electricity", JANUARY)[:2] == [21, 5]


def test_a_later_sheet_with_a_part_that_is_refused_leaves_the_earlier_whole_standing() -> None:
    title = ["2026年1月用电"]
    first: Rows = [title, POWER, ["H1", A, 120000], ["H2", A, 80000]]
    second: Rows = [title, POWER, ["H1", A, 130000], ["H2", A, "约9"]]
    assert totals(sent(first, second), "electricity", JANUARY)[0] == 20


def test_a_correction_replaces_the_total_of_the_parts() -> None:
    ledger = ["企业名称", "所属期", "更正指标", "更正值", "更正依据", "审批人", "审批日期"]
    approved = ["核实", "王五", "2026-11-01"]
    plots: Rows = [["企业用地(单位:亩)"], [*PLOTS, "租入面积"], [A, "G1", 20, 1], [A, "G2", 30, 2]]
    taxes: Rows = [["2026年1月"], TAX, [A, "增值税", 100], [A, "城建税", 7]]
    power: Rows = [["2026年1月用电"], POWER, ["H1", A, 120000], ["H2", A, 80000]]
    fixes: Rows = [
        ledger,
        [A, "2026年1月", "自有用地面积", 60, *approved],
        [A, "2026年1月", "实缴税金", 90, *approved],
        [A, "2026年1月", "电力", 25, *approved],
    ]
    result = sent(plots, taxes, power, fixes)
    of_a = profile(result, JANUARY).row(0, named=True)
    assert (of_a["land_owned"], of_a["land_leased_in"]) == (60, 3)
    assert {row[0] for row in cells(result, "land", "leased_in") if row[0] is not None} == {1, 2}, "at their cells"
    assert (of_a["tax"], of_a["electricity"]) == (90, 25)


def test_plausibility_looks_at_totals() -> None:
    head = ["企业名称", "宗地编号", "登记用地面积", "租出面积"]
    assert told(land([A, "G1", 20, None], [A, "G2", 30, 40], header=head)) == []
    assert told(land([A, "G1", 20, None], [A, "G2", 30, 60], header=head)) == [("1.xlsx", "D4", "leased_out_exceeds")]


def test_an_enterprise_by_name_in_one_row_and_by_code_in_another_is_one() -> None:
    head = ["统一社会信用代码", *PLOTS]
    result = land([CODES["A"], A, "G1", 20], [None, A, "G2", 15], header=head)
    assert told(result) == []
    assert totals(result, "land")[0] == 35


@st.composite
def splits(draw: st.DrawFn) -> tuple[list[list[Any]], list[list[Any]]]:
    """The rows of a sheet, and the same figures split into labelled parts over rows in any order."""
    plain: list[list[Any]] = []
    parts: list[list[Any]] = []
    for name in (A, B, C):
        tax, revenue = draw(st.integers(0, 400)), draw(st.integers(0, 4000))
        plain.append([name, None, tax / 4, revenue])
        count = draw(st.integers(1, 4))
        cuts = sorted(draw(st.lists(st.integers(0, tax), min_size=count - 1, max_size=count - 1)))
        pieces = [last - first for first, last in zip([0, *cuts], [*cuts, tax], strict=True)]
        rests = [revenue - (count - 1) * (revenue // count), *[revenue // count] * (count - 1)]
        # A column that says the same on every part would be one of the whole.
        if count > 1 and len(set(rests)) == 1 and revenue:
            rests[0], rests[1] = rests[0] - 1, rests[1] + 1
        if count > 1 and len(set(pieces)) == 1 and tax:
            pieces[0], pieces[1] = pieces[0] - 1, pieces[1] + 1
        parts += [[name, f"{n}号", piece / 4, rest] for n, (piece, rest) in enumerate(zip(pieces, rests, strict=True))]
    return plain, draw(st.permutations(parts))


@examples(short=4, long=30)
@given(splits(), st.booleans())
def test_any_split_of_a_figure_into_labelled_parts_gives_the_same_profile(
    rows: tuple[list[list[Any]], list[list[Any]]], total: bool
) -> None:
    plain, parts = rows
    head = ["企业名称", "厂区", "实缴税金(万元)", "营业收入(万元)"]
    last = [["合计", None, *(sum(row[column] for row in plain) for column in (2, 3))]] if total else []
    taken = [sent([["2026年1-10月"], head, *some, *last]) for some in (plain, parts)]
    assert profile(taken[1]).equals(profile(taken[0]))
    assert told(taken[1], "tax_exceeds_revenue") == []
    counting = taken[1].facts["output"].filter(~pl.col("superseded"))
    assert counting.height == len(parts)
