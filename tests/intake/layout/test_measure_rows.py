"""Tables whose rows name measures, with months or enterprises across, read as the same facts at their true cells."""

from typing import Any

import polars as pl
import pytest
from builders.sent import A, B, C, sent, told
from builders.sheets import CODE, MONTH, TO_DATE, Rows, counts, problems, stated
from conftest import Reader
from hypothesis import given
from hypothesis import strategies as st

from efficiency.intake.read_result import ReadResult

MEASURES = {"营业收入": "revenue", "实缴税金": "tax", "研发费用": "rd_expense"}


def cells(parsed: ReadResult, form: str, field: str) -> dict[Any, str]:
    """Figure → its cell, as row and column map give it."""
    rows = parsed.rows[form].join(
        parsed.columns.filter(pl.col("field") == field), on=["submission_id", "block"], how="inner"
    )
    return dict(rows.select(pl.col(field), pl.col("column") + pl.col("row").cast(pl.String)).drop_nulls().iter_rows())


def test_enterprises_across_and_measures_down(read: Reader) -> None:
    parsed = read(
        [
            ["2026年10月主要经济指标"],
            ["指标名称", "计量单位", "甲公司", "乙公司", "合计"],
            ["统一社会信用代码", None, CODE, None],
            ["营业收入", "千元", 1000, 2000, 3000],
            ["实缴税金", "万元", 5, "约6", 11],
            ["利润总额", "万元", 1, 2, 3],
            ["用电量", "千瓦时", 10_000, 20_000, 30_000],
            ["自有用地面积", "亩", 7, 8, 15],
            ["制表人:李某"],
        ]
    )
    assert stated(parsed, "output", "uscc", "name", "revenue", "tax", "span_start", "span_end") == [
        (CODE, "甲公司", 100.0, None, *MONTH),
        (None, "乙公司", 200.0, None, *MONTH),
        (CODE, "甲公司", None, 5.0, *MONTH),
    ]
    assert stated(parsed, "energy", "name", "carrier", "consumption") == [
        ("甲公司", "电力", 1.0),
        ("乙公司", "电力", 2.0),
    ]
    assert stated(parsed, "land", "name", "owned") == [("甲公司", 7.0), ("乙公司", 8.0)]
    assert cells(parsed, "output", "revenue") == {100.0: "C4", 200.0: "D4"}
    assert cells(parsed, "land", "owned") == {7.0: "C8", 8.0: "D8"}
    above = parsed.columns.filter(pl.col("row").is_not_null()).select("column", "row", "field").unique()
    assert sorted(above.rows()) == sorted((c, 2, field) for c in "CD" for field in ("uscc", "name"))
    assert problems(parsed) == [("A6", "row_unread", "利润总额"), ("D5", "not_a_number", "约6")]


@pytest.mark.parametrize("corner", [None, "企业名称", "能源名称", "项目"])
def test_enterprises_across_under_whatever_stands_in_the_corner(read: Reader, corner: str | None) -> None:
    rows: Rows = [[corner, "甲公司", "乙公司"], ["原煤(吨)", 1, 2], ["电力(千瓦时)", 10_000, 20_000]]
    parsed = read([["2026年10月"], *rows])
    assert stated(parsed, "energy", "name", "carrier", "consumption") == [
        *(("甲公司", "原煤", 1.0), ("乙公司", "原煤", 2.0), ("甲公司", "电力", 1.0), ("乙公司", "电力", 2.0))
    ]
    assert problems(parsed) == []


def test_this_month_and_the_year_to_date_below_each_enterprise(read: Reader) -> None:
    head: Rows = [["项目", "单位", "甲公司", None, "乙公司", None], [None, None, "本月", "累计", "本月", "累计"]]
    rows: Rows = [["2026年10月"], *head, ["营业收入", "万元", 1, 10, 2, 20]]
    for merges in ([(1, 2, 1, 3), (1, 4, 1, 5)], []):
        parsed = read(rows, merges=merges)
        assert stated(parsed, "output", "name", "revenue", "span_start", "span_end") == [
            ("甲公司", 1.0, *MONTH),
            ("甲公司", 10.0, *TO_DATE),
            ("乙公司", 2.0, *MONTH),
            ("乙公司", 20.0, *TO_DATE),
        ]


@pytest.mark.parametrize("layout", ["every row", "first row", "merged", "line above", "title"])
def test_months_across_and_measures_of_an_enterprise_down(read: Reader, layout: str) -> None:
    blocks: dict[str, dict[str, list[int | None]]] = {
        "甲公司": {"营业收入": [1, 2], "实缴税金": [10, 20]},
        "乙公司": {"营业收入": [3, 4], "实缴税金": [30, None]},
    }
    if layout == "title":
        blocks = {"甲公司": blocks["甲公司"]}
    rows: list[list[Any]] = [["企业名称:甲公司" if layout == "title" else "经济指标", None, "2026年"]]
    named = layout in ("every row", "first row", "merged")
    rows.append([*(["企业名称"] if named else []), "指标", "计量单位", "9月", "10月", "合计"])
    merges = []
    for name, measures in blocks.items():
        if layout == "merged":
            merges.append((len(rows), 0, len(rows) + 1, 0))
        if layout == "line above":
            rows.append([f"一、{name}"])
        for place, (measure, figures) in enumerate(measures.items()):
            lead = [name if layout == "every row" or place == 0 else None] if named else []
            rows.append([*lead, measure, "万元", *figures, sum(figure or 0 for figure in figures)])
    parsed = read(rows, merges=merges)
    found = {
        (name, field, start.month): value
        for name, start, *values in stated(parsed, "output", "name", "span_start", "revenue", "tax")
        for field, value in zip(("营业收入", "实缴税金"), values, strict=True)
        if value is not None
    }
    assert found == {
        (name, measure, month): figure
        for name, measures in blocks.items()
        for measure, figures in measures.items()
        for month, figure in zip((9, 10), figures, strict=True)
        if figure is not None
    }
    assert problems(parsed) == []


def test_one_block_below_another_with_a_header_of_its_own(read: Reader) -> None:
    head = ["指标", "单位", "数值"]
    first: Rows = [["2026年10月"], ["企业名称:甲公司"], head, ["营业收入", "万元", 1], ["实缴税金", "万元", 2]]
    parsed = read([*first, [], ["企业名称:乙公司"], head, ["营业收入", "万元", 3]])
    assert stated(parsed, "output", "name", "revenue", "tax") == [
        ("甲公司", 1.0, None),
        ("甲公司", None, 2.0),
        ("乙公司", 3.0, None),
    ]


def test_totals_of_several_enterprises_are_no_data(read: Reader) -> None:
    rows: Rows = [["甲公司", "营业收入", 1], ["乙公司", "营业收入", 2], ["合计", "营业收入", 5]]
    parsed = read([["2026年10月(万元)"], ["企业名称", "指标", "数值"], *rows])
    assert counts(parsed) == (3, 1, 0, 0, 0)
    assert problems(parsed) == [("C5", "control_total", "5")]


@given(
    names=st.lists(st.sampled_from(["甲公司", "乙工厂", "丙集团", "丁合作社"]), min_size=1, max_size=4, unique=True),
    measures=st.lists(st.sampled_from([*MEASURES]), min_size=2, max_size=3, unique=True),
    across=st.booleans(),
)
def test_across_and_down_state_the_same(read: Reader, names: list[str], measures: list[str], across: bool) -> None:
    figures = {(name, m): 10 * row + column + 1 for row, name in enumerate(names) for column, m in enumerate(measures)}
    if across:
        table: Rows = [["项目", *names], *([m, *(figures[name, m] for name in names)] for m in measures)]
    else:
        table = [["企业名称", *measures], *([name, *(figures[name, m] for m in measures)] for name in names)]
    parsed = read([["2026年10月 单位:万元"], *table])
    found = {
        (row["name"], measure): row[field]
        for row in parsed.rows["output"].iter_rows(named=True)
        for measure, field in MEASURES.items()
        if row[field] is not None
    }
    assert found == figures
    assert problems(parsed) == []


@pytest.mark.parametrize(
    "table",
    [
        [["企业名称", "征收项目", "实缴税金(万元)"], ["甲公司", "增值税", 1]],
        [["企业名称", "项目", "实缴税金(万元)"], ["甲公司", "增值税", 1]],
        [["项目", "企业名称", "实缴税金(万元)"], ["一期", "甲公司", 1]],
    ],
)
def test_a_column_of_other_things_than_measures_does_not_make_one(read: Reader, table: list[list[Any]]) -> None:
    parsed = read([["2026年10月"], *table])
    assert stated(parsed, "output", "name", "tax") == [("甲公司", 1.0)]
    assert "row_unread" not in parsed.problems["rule"]


def test_a_problem_of_a_measure_is_told_once_at_the_cell_that_names_it() -> None:
    across = sent([["2026年10月"], ["指标", A, B, C], ["营业收入(万美元)", 9, 8, 7], ["实缴税金(万元)", 1, 2, 3]])
    down = sent([["2026年10月"], ["企业名称", "指标", "数值"], [A, "实缴税金", 1], [A, "营业收入(万美元)", 9]])
    assert told(across) == [("1.xlsx", "A3", "unit_unknown")]
    assert told(down) == [("1.xlsx", "B4", "unit_unknown")]
    assert down.problems.filter(rule="unit_assumed")["cell"].to_list() == ["B3"]


@pytest.mark.parametrize("title", ["2026年10月能源消费量", "2026年10月电力、原煤消费情况"])
@pytest.mark.parametrize(
    "head", [["能源品种", "单位", "甲公司", "乙公司", "合计"], ["能源名称", None, "甲公司", "乙公司"]]
)
def test_a_title_that_names_a_measure_is_no_row_of_it(read: Reader, title: str, head: list[str | None]) -> None:
    parsed = read([[title], head, ["原煤", "吨", 1, 2], ["电力", "万千瓦时", 3, 4]])
    assert stated(parsed, "energy", "name", "carrier", "consumption") == [
        ("甲公司", "原煤", 1.0),
        ("乙公司", "原煤", 2.0),
        ("甲公司", "电力", 3.0),
        ("乙公司", "电力", 4.0),
    ]
    assert problems(parsed) == []


def test_a_part_of_another_row_is_told_as_that_and_not_added(read: Reader) -> None:
    parsed = read(
        [
            ["2026年10月"],
            ["指标", "甲公司", "乙公司"],
            ["营业收入(万元)", 10, 20],
            ["其中:主营业务收入(万元)", 8, 18],
            ["其中:税收", 1, 2],
        ]
    )
    assert stated(parsed, "output", "name", "revenue", "tax") == [
        ("甲公司", 10.0, None),
        ("乙公司", 20.0, None),
        ("甲公司", None, 1.0),
        ("乙公司", None, 2.0),
    ]
    assert problems(parsed) == [("A4", "part_within", None)]
    assert counts(parsed) == (3, 0, 1, 0, 0)


def test_a_row_of_another_quantity_is_told_where_its_figures_are_texts(read: Reader) -> None:
    rows: Rows = [
        ["指标名称", "代码", "本期"],
        ["甲", "乙", 1],
        ["营业收入", "301", "1000"],
        ["利润总额", "302", "1,010.5"],
    ]
    parsed = read([["企业名称：甲公司", None, "2026年10月"], *rows])
    assert stated(parsed, "output", "name", "revenue") == [("甲公司", 1000.0)]
    assert problems(parsed) == [("A5", "row_unread", "利润总额")]


def test_a_total_on_the_first_of_its_rows_is_that_of_its_further_measures(read: Reader) -> None:
    rows: Rows = [
        ["甲公司", "营业收入(万元)", 1, 2],
        [None, "实缴税金(万元)", 0.1, 0.2],
        ["合计", "营业收入(万元)", 1, 2],
        [None, "实缴税金(万元)", 0.1, 0.9],
    ]
    parsed = read([["2026年"], ["企业名称", "指标", "9月", "10月"], *rows])
    assert problems(parsed) == [("D6", "control_total", "0.9")]
    assert counts(parsed) == (4, 2, 0, 0, 0)
    again = read([["2026年"], ["企业名称", "指标", "9月", "10月"], *rows, [None, "营业收入(万元)", 5, 6]])
    assert stated(again, "output", "name", "revenue")[-1] == (None, 6.0)
