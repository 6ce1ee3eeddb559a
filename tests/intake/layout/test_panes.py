"""Tables side by side in one sheet are read as if each had a sheet of its own, at their true cells."""

from datetime import date

import pytest
from builders.sheets import MONTH, TO_DATE, Rows, problems, stated
from conftest import Reader
from hypothesis import given
from hypothesis import strategies as st

HEAD = ["序号", "企业名称", "实缴税金"]
NAMES = [f"{sign}公司" for sign in "甲乙丙丁戊己庚辛壬癸"]


@given(sizes=st.lists(st.integers(1, 4), min_size=2, max_size=3), gap=st.booleans(), total=st.booleans())
def test_a_list_in_two_or_three_columns_is_one_list(read: Reader, sizes: list[int], gap: bool, total: bool) -> None:
    names = iter(NAMES * 2)
    halves: list[Rows] = [[[number, next(names), 100 + number] for number in range(size)] for size in sizes]
    if total:
        halves[-1] = [*halves[-1], [None, "合计", sum(row[2] for half in halves for row in half)]]
    space = [None] if gap else []
    rows = [
        [cell for half in halves for cell in [*(half[line] if line < len(half) else [None] * 3), *space]]
        for line in range(max(map(len, halves)))
    ]
    title: Rows = [["2026年1-10月税收情况", None, None, None, "单位:千元"], [*HEAD, *space] * len(sizes)]
    parsed = read([*title, *rows])
    assert sorted(stated(parsed, "output", "name", "tax", "span_start", "span_end")) == sorted(
        (name, tax / 10, *TO_DATE) for half in halves for _, name, tax in half if name != "合计"
    )
    assert problems(parsed) == []
    columns = dict(parsed.columns.filter(field="tax").select("submission_id", "column").iter_rows())
    assert sorted(columns.values()) == sorted("CGK" if gap else "CFI")[: len(sizes)]


def test_each_has_its_own_title_time_unit_and_form(read: Reader) -> None:
    rows: Rows = [
        ["2026年9月税收", None, None, "2026年10月用电量", None, None, "2026年用地"],
        ["单位:千元", None, None, "单位:千瓦时", None, None, "单位:平方米"],
        ["企业名称", "实缴税金", None, "企业名称", "用电量", None, "企业名称", "自有用地面积"],
        ["甲公司", 1000, None, "乙公司", 20_000, None, "丙公司", 2000],
    ]
    parsed = read(rows)
    september = (date(2026, 9, 1), date(2026, 9, 1))
    assert stated(parsed, "output", "name", "tax", "span_start", "span_end") == [("甲公司", 100.0, *september)]
    assert stated(parsed, "energy", "name", "consumption", "span_start", "span_end") == [("乙公司", 2.0, *MONTH)]
    assert stated(parsed, "land", "name", "owned") == [("丙公司", 3.0)]
    assert problems(parsed) == []


def test_a_table_of_no_form_leaves_the_one_beside_it(read: Reader) -> None:
    head = ["企业名称", "实缴税金(万元)", None, "企业名称", "设备台数"]
    parsed = read([["2026年10月"], head, ["甲公司", 1, None, "乙公司", 2]])
    assert stated(parsed, "output", "name", "tax") == [("甲公司", 1.0)]
    assert problems(parsed) == [("D2", "form_unknown", None)]


def test_refused_cells_are_named_where_they_are(read: Reader) -> None:
    head = ["企业名称", "实缴税金(万元)", None, "企业名称", "实缴税金(万元)"]
    parsed = read([["2026年10月"], head, ["甲公司", "约1", None, "乙公司", "约2"], ["丙公司", 1, None, "丁公司", 2]])
    assert problems(parsed) == [("B3", "not_a_number", "约1"), ("E3", "not_a_number", "约2")]


@pytest.mark.parametrize(
    "head",
    [
        ["统一社会信用代码", None, "企业名称", "实缴税金(万元)"],
        ["企业名称", None, "实缴税金(万元)", "营业收入(万元)"],
        ["企业名称", "实缴税金(万元)", "单位名称", "营业收入(万元)"],
    ],
    ids=["code and name apart", "a blank column", "two kinds of names"],
)
def test_one_table_is_not_split(read: Reader, head: list[str | None]) -> None:
    parsed = read([["2026年10月"], head, ["甲公司" if name == "企业名称" else None for name in head]])
    assert parsed.submissions.height == 1


def test_a_table_over_the_width_of_both_is_not_split(read: Reader) -> None:
    wide = ["企业名称", "营业收入(万元)", "研发费用(万元)", "工业总产值(万元)", "用水量(吨)"]
    pair = ["企业名称", "实缴税金(万元)", None, "企业名称", "实缴税金(万元)"]
    rows: Rows = [["2026年10月"], pair, ["甲公司", 1, None, "乙公司", 2], [], wide, ["丙公司", 3, 4, 5, 6]]
    parsed = read(rows)
    assert ("丙公司", 3.0, 6.0) in stated(parsed, "output", "name", "revenue", "water")
    assert "header_duplicate" in parsed.problems["rule"]  # the two above are told
