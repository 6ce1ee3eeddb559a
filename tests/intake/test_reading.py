"""Sheets as departments lay them out read back as the same facts; every row and refused cell is accounted for."""

import tempfile
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from builders.sheets import CODE, DAMAGED, HEAD, Rows, balanced, counts, inbox_file, problems, stated, write
from conftest import Reader
from hypothesis import given
from hypothesis import strategies as st

from efficiency.intake.layout import NO_MAPPING
from efficiency.intake.problems import PARSE_PROBLEMS
from efficiency.intake.read import read_file
from efficiency.intake.read_result import SUBMISSION, concat
from efficiency.job.execution import read_files
from schemas import COLUMN_MAP, FORMS, STATED


def test_a_register_reads_codes_flags_dates_and_lost_zeros(read: Reader) -> None:
    parsed = read(
        [
            [
                "统一社会信用代码",
                "单位详细名称",
                "国民经济行业代码",
                "镇(街道)",
                "企业规模",
                "投产时间",
                "是否在建",
                "资质荣誉",
            ],
            [" 91350100m000100y43 ", "甲公司", 3071, "北郊镇", "规模以上", 2019.5, "否", "高新技术企业、专精特新"],
            [CODE, "乙公司", 6, "南定镇", "规下", 43_586, "√", "-"],
        ]
    )
    assert stated(parsed, "register", "uscc", "industry", "scale", "commissioned", "under_construction", "honours") == [
        (CODE, "3071", "规上", date(2019, 5, 1), False, "高新技术企业、专精特新"),
        (CODE, "06", "规下", date(2019, 5, 1), True, None),
    ]
    assert problems(parsed) == []


@pytest.mark.parametrize(
    ("value", "rule"),
    [("约1200", "not_a_number"), ("#DIV/0!", "error_cell"), ("=A1*2", "formula_uncached"), ("12万", "not_a_number")],
)
def test_a_refused_cell_is_named_and_the_row_s_other_figures_count(read: Reader, value: str, rule: str) -> None:
    parsed = read([["2026年10月"], HEAD, ["甲公司", value, 5]])
    assert problems(parsed) == [("B3", rule, value)]
    assert parsed.problems.filter(pl.col("rule") == rule).select("name", "field", "row").row(0) == (
        "甲公司",
        "revenue",
        3,
    )
    assert stated(parsed, "output", "revenue", "tax") == [(None, 5.0)]


def test_a_percentage_in_an_amount_counts_with_a_warning(read: Reader) -> None:
    parsed = read([["2026年10月"], HEAD, ["甲公司", "12.5%", 5]])
    assert problems(parsed) == [("B3", "percent_in_amount", "12.5%")]
    assert stated(parsed, "output", "revenue") == [(0.125,)]


def test_a_row_without_figures_is_rejected_with_a_reason(read: Reader) -> None:
    parsed = read([["2026年10月"], HEAD, ["甲公司", "-", None], ["乙公司", "x", "y"]])
    assert problems(parsed) == [("B4", "not_a_number", "x"), ("C4", "not_a_number", "y"), ("A3", "row_empty", None)]
    assert counts(parsed) == (2, 0, 0, 0, 2)


def test_a_code_typed_as_a_number_is_damaged_and_the_name_still_counts(read: Reader) -> None:
    parsed = read([["2026年10月"], ["统一社会信用代码", *HEAD], [float(DAMAGED), "甲公司", 1, 2]])
    assert problems(parsed) == [("A3", "uscc_damaged", DAMAGED)]
    assert stated(parsed, "output", "uscc", "name", "revenue") == [(None, "甲公司", 1.0)]


@pytest.mark.parametrize(
    ("head", "cell", "rule"),
    [
        ("行业代码", "ZZ", "industry_invalid"),
        ("企业规模", "中型", "not_a_choice"),
        ("投产日期", "三月份", "not_a_date"),
        ("是否在建", "也许", "not_a_choice"),
    ],
)
def test_refused_attributes_are_null_and_named(read: Reader, head: str, cell: str, rule: str) -> None:
    heads = ["统一社会信用代码", "企业名称", "行业代码", "镇办", "企业规模", "投产日期", "是否在建"]
    values = [CODE, "甲公司", "3071", "北郊镇", "规上", "2019-05", "否"]
    values[heads.index(head)] = cell
    parsed = read([heads, values])
    assert problems(parsed) == [(f"{'ABCDEFG'[heads.index(head)]}2", rule, cell)]
    assert parsed.rows["register"].height == 1


def test_a_unit_may_stand_below_the_table(read: Reader) -> None:
    for line in ("单位：千元", "注：1.单位：千元；2.快报数"):
        parsed = read([["2026年10月"], ["企业名称", "营业收入"], ["甲公司", 50], [], [line, None, "填表人：张三"]])
        assert stated(parsed, "output", "revenue") == [(5.0,)]
        assert parsed.problems.is_empty()
    for line in ("填报单位：千元集团", "2026年11月5日"):
        parsed = read([["2026年10月"], ["企业名称", "营业收入"], ["甲公司", 50], [line]])
        assert (stated(parsed, "output", "revenue"), parsed.problems["rule"].to_list()) == ([(50.0,)], ["unit_assumed"])


def test_the_date_of_filing_is_read_from_text_or_column(read: Reader) -> None:
    by_text = read([["2026年10月"], HEAD, ["甲公司", 1, 2], ["填报日期：", "2026年11月3日"]])
    by_column = read(
        [["2026年10月"], [*HEAD, "填报日期"], ["甲公司", 1, 2, "2026-11-03"], ["乙公司", 1, 2, "2026-11-01"]]
    )
    assert (
        by_text.submissions["filled_on"].to_list()
        == by_column.submissions["filled_on"].to_list()
        == [date(2026, 11, 3)]
    )


def test_sheets_that_are_no_forms_are_errors_only_where_they_could_be_data(tmp_path: Path) -> None:
    form: Rows = [["2026年10月"], HEAD, ["甲公司", 1, 2]]
    guide: Rows = [["填报说明"], ["1、企业名称请填写全称"]]
    data: Rows = [["名字", "数", "数2"], ["甲", 1, 2], ["乙", 3, 4], ["丙", 5, 6]]
    file = write(tmp_path / "a.xlsx", {"产出": form, "说明": guide, "底稿": data, "空": [], "藏": form}, hidden="藏")
    parsed = balanced(read_file(file))
    assert sorted(parsed.problems.select("sheet", "rule", "severity").rows()) == [
        ("底稿", "form_unknown", "error"),
        ("空", "sheet_empty", "note"),
        ("藏", "hidden_sheet", "note"),
        ("说明", "sheet_empty", "note"),
    ]
    assert stated(parsed, "output", "sheet") == [("产出",)]
    alone = balanced(read_file(write(tmp_path / "b.xlsx", {"说明": guide})))
    assert alone.problems["rule"].to_list() == ["form_unknown"]
    beside = balanced(read_file(write(tmp_path / "d.xlsx", {"说明": guide, "底稿": data})))
    assert sorted(beside.problems.select("sheet", "rule").rows()) == [
        ("底稿", "form_unknown"),
        ("说明", "sheet_empty"),
    ]
    near = balanced(read_file(write(tmp_path / "c.xlsx", {"x": [["企业名称", "科技含量"], ["甲公司", "高"]]})))
    assert "发展意愿" in near.problems["message"][0]


def test_names_with_a_figure_each_are_data_and_numbered_notes_are_none(tmp_path: Path) -> None:
    form: Rows = [["2026年10月"], HEAD, ["甲公司", 1, 2]]
    pairs: Rows = [["户名", "本期量"], ["甲公司", 100.5], ["乙公司", 200], ["丙公司", 300]]
    notes: Rows = [["序号", "说明"], [1, "按表填写"], [2, "单位为万元"], [3, "加盖公章"]]
    parsed = balanced(read_file(write(tmp_path / "a.xlsx", {"产出": form, "用量": pairs, "说明": notes})))
    assert sorted(parsed.problems.select("sheet", "rule").rows()) == [("用量", "form_unknown"), ("说明", "sheet_empty")]
    lost = parsed.submissions.filter(pl.col("sheet") == "用量")
    assert lost["rows_rejected"].to_list() == [3]


def test_a_date_that_could_be_two_months_says_so(read: Reader) -> None:
    parsed = read([["统一社会信用代码", "企业名称", "行业代码", "投产日期"], [CODE, "甲公司", "3071", 2018.1]])
    assert problems(parsed) == [("D2", "not_a_date", "2018.1")]
    assert "可能是 1 月，也可能是 10 月" in parsed.problems["message"][0]


def test_an_unreadable_file_is_one_problem_and_the_others_go_on(tmp_path: Path) -> None:
    broken = tmp_path / "坏.xlsx"
    broken.write_bytes(b"PK\x03\x04 truncated")
    good = write(tmp_path / "好.xlsx", {"2026年10月": [HEAD, ["甲公司", 1, 2]]})
    parsed = balanced(read_files([inbox_file(broken), good], NO_MAPPING, lambda done, total: None))
    assert parsed.problems.filter(pl.col("severity") == "error").select("file_name", "rule").rows() == [
        ("坏.xlsx", "unreadable")
    ]
    assert parsed.submissions.select("file_name", "order").rows() == [("坏.xlsx", 1), ("好.xlsx", 2)]
    assert stated(parsed, "output", "revenue") == [(1.0,)]


def test_every_frame_has_its_declared_shape_even_when_nothing_was_read(tmp_path: Path) -> None:
    for parsed in (concat([]), read_file(write(tmp_path / "a.xlsx", {"2026年10月": [HEAD, ["甲公司", 1, "x"]]}))):
        assert dict(parsed.submissions.schema) == SUBMISSION
        assert dict(parsed.columns.schema) == COLUMN_MAP.polars_schema
        assert dict(parsed.problems.schema) == PARSE_PROBLEMS
        assert {form: dict(rows.schema) for form, rows in parsed.rows.items()} == {
            form: STATED[form].polars_schema for form in FORMS
        }


@given(
    st.lists(
        st.lists(
            st.one_of(
                st.none(),
                st.floats(allow_nan=False, allow_infinity=False),
                st.text(max_size=6),
                st.sampled_from(["企业名称", "营业收入", "2026年10月", "合计", "注:", "电力", "1月", "2月"]),
            ),
            min_size=1,
            max_size=5,
        ),
        max_size=8,
    )
)
def test_whatever_a_sheet_holds_every_row_is_accounted_for(rows: list[list[object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        lines = [
            ",".join('"' + ("" if value is None else str(value)).replace('"', '""') + '"' for value in row)
            for row in rows
        ]
        path.write_text("\n".join(lines), encoding="utf-8", errors="replace", newline="")
        balanced(read_file(inbox_file(path)))
