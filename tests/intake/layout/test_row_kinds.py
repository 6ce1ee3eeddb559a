"""Which rows of a table are no enterprise's: sums above and below their rows, comparisons, stamps, prepared zeros."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from builders.sent import A, B, cells, sent, told
from builders.sheets import balanced, counts, problems, stated, write

from efficiency.intake.read import read_file
from efficiency.intake.read_result import ReadResult

HEAD = ["企业名称", "营业收入(万元)", "实缴税金(万元)"]
FIRST = ["甲公司", 1, 0.5]


def read(
    folder: Path, *rows: list[Any], head: list[Any] | None = None, merges: Sequence[tuple[int, int, int, int]] = ()
) -> ReadResult:
    sheets: dict[str, Sequence[Sequence[object]]] = {"Sheet1": [["2026年10月"], head or HEAD, *rows]}
    return balanced(read_file(write(folder / "表.xlsx", sheets, merges)))


def names(parsed: ReadResult) -> list[Any]:
    return [name for (name,) in stated(parsed, "output", "name")]


@pytest.mark.parametrize(
    "headings", [["一、规上工业", "二、规下工业"], ["张店镇:", "南定镇："], ["(一)规上", "(二)规下"]]
)
def test_the_sums_beside_the_heading_of_a_group_are_those_of_its_rows(tmp_path: Path, headings: list[str]) -> None:
    rows: list[list[Any]] = [["总计", 10, 5], [headings[0], 3, 1.5], FIRST, ["乙公司", 2, 1]]
    rows += [[headings[1], 7, 3.5], ["丙公司", 7, 3.5]]
    parsed = read(tmp_path, *rows)
    assert names(parsed) == ["甲公司", "乙公司", "丙公司"]
    assert problems(parsed) == []
    assert counts(parsed) == (6, 3, 0, 0, 0)
    wrong = read(tmp_path, *rows[:1], [headings[0], 30, 1.5], *rows[2:])
    assert problems(wrong) == [("B4", "control_total", "30")]


def test_a_group_may_be_numbered_in_the_column_of_serials(tmp_path: Path) -> None:
    rows = [["一", "规上工业", 3, 1.5], [1, *FIRST], [2, "乙公司", 2, 1], ["二", "规下工业", 7, 3], [1, "丙公司", 7, 3]]
    parsed = read(tmp_path, *rows, head=["序号", *HEAD])
    assert (names(parsed), problems(parsed)) == (["甲公司", "乙公司", "丙公司"], [])
    numbered = read(tmp_path, ["一", *FIRST], ["二", "乙公司", 2, 1], head=["序号", *HEAD])
    assert names(numbered) == ["甲公司", "乙公司"]


def test_the_heading_of_a_group_may_stand_in_the_column_of_codes(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["一", "规上企业(1家)"],
        [1, "91350100M000100Y43", *FIRST],
        ["合计", "1家", None, 1, 0.5],
    ]
    parsed = read(tmp_path, *rows, head=["序号", "统一社会信用代码", *HEAD])
    assert (names(parsed), problems(parsed), counts(parsed)) == (["甲公司"], [], (3, 1, 1, 0, 0))


def test_a_subtotal_may_stand_above_its_rows(tmp_path: Path) -> None:
    rows = [["北郊镇小计", 3, 1.5], FIRST, ["乙公司", 2, 1], ["南定镇小计", 7, 3], ["丙公司", 7, 3], ["总计", 10, 4.5]]
    assert problems(read(tmp_path, *rows)) == []


def test_groups_within_groups_are_summed_to_a_later_heading(tmp_path: Path) -> None:
    rows = [["一、规上", 3, 1.5], ["(一)陶瓷", 1, 0.5], FIRST, ["(二)化工", 2, 1], ["乙公司", 2, 1], ["二、规下", 7, 3]]
    parsed = read(tmp_path, *rows, ["丙公司", 7, 3], ["合计", 10, 4.5])
    assert (len(names(parsed)), problems(parsed)) == (3, [])


@pytest.mark.parametrize(
    "places",
    [
        ["马尚镇", "四宝山街道办事处"],
        ["马尚镇(2家)", "高端装备产业园区"],
        ["规上工业企业", "化工行业"],
        ["石桥工业园", "先创片区"],
    ],
)
def test_a_place_alone_in_its_row_is_a_heading_and_an_enterprise_without_figures_is_told(
    tmp_path: Path, places: list[str]
) -> None:
    rows: list[list[Any]] = [[places[0]], FIRST, ["乙公司", 2, 1], ["小计", 3, 1.5], [places[1]], ["丙公司", 7, 3.5]]
    parsed = read(tmp_path, *rows, ["合计", 10, 5])
    assert (names(parsed), problems(parsed), counts(parsed)) == (["甲公司", "乙公司", "丙公司"], [], (7, 2, 2, 0, 0))
    merged = read(tmp_path, *rows, merges=[(2, 0, 2, 2)])
    assert (names(merged), problems(merged)) == (["甲公司", "乙公司", "丙公司"], [])
    lacking = read(tmp_path, *rows[:2], ["乙化工厂"], ["马尚镇农业公司"], *rows[4:], ["己镇"])
    assert problems(lacking) == [("A5", "row_empty", None), ("A6", "row_empty", None)]
    with_figures = read(tmp_path, [places[0], 3, 1.5], *rows[1:])
    assert with_figures.problems.filter(rule="row_empty").is_empty()
    assert places[0] in names(with_figures)


@pytest.mark.parametrize(
    "text",
    [
        "上年同期",
        "同比增长(%)",
        "环比增减",
        "比上年增长%",
        "同比±%",
        "平均",
        "户均",
        "最大值",
        "校验",
        "其中：规上工业",
        "上月合计",
    ],
)
def test_what_is_said_of_the_rows_above_is_no_enterprise(tmp_path: Path, text: str) -> None:
    parsed = read(tmp_path, FIRST, ["合计", 1, 0.5], [text, 7, 8])
    assert (names(parsed), problems(parsed), counts(parsed)) == (["甲公司"], [], (3, 1, 1, 0, 0))


@pytest.mark.parametrize(
    "name", ["增长极科技有限公司", "比一五金", "其中：乙公司", "同比加工部", "均益商行", "增值服务部"]
)
def test_a_name_that_begins_like_a_comparison_is_a_name(tmp_path: Path, name: str) -> None:
    assert names(read(tmp_path, FIRST, [name, 7, 8])) == ["甲公司", name]


@pytest.mark.parametrize("text", ["合计：1户", "总计（1家）", "TOTAL", "总数", "合 计："])
def test_a_sum_is_a_sum_however_it_is_called(tmp_path: Path, text: str) -> None:
    assert counts(read(tmp_path, FIRST, [text, 1, 0.5])) == (2, 1, 0, 0, 0)


@pytest.mark.parametrize(
    "foot",
    [
        [["2026年11月5日"]],
        [[date(2026, 11, 5).isoformat()]],
        [["2026年11月"]],
        [[None, None, "2026年11月5日"]],
        [["淄博市张店区税务局"], ["2026.11.5"]],
        [[None, None, "淄博市张店区税务局"], [None, None, "2026年11月5日"]],
        [["本期共计1户，较上月增加0户"]],
        [["第 1 页，共 1 页"]],
        [["抄送：区政府办"], ["（完）"]],
        [["走访人：张三、李四"], ["2026年10月20日"]],
        [["单位：万元"]],
    ],
)
def test_who_signs_and_when_is_no_row_of_data(tmp_path: Path, foot: list[list[Any]]) -> None:
    parsed = read(tmp_path, FIRST, *foot)
    assert (names(parsed), problems(parsed)) == (["甲公司"], [])
    assert counts(parsed) == (1 + len(foot), 0, len(foot), 0, 0)


def test_an_enterprise_at_the_foot_that_states_no_figure_is_told(tmp_path: Path) -> None:
    assert problems(read(tmp_path, FIRST, ["乙公司", None, None])) == [("A4", "row_empty", None)]
    assert problems(read(tmp_path, FIRST, ["乙公司", "停产", None])) == [("B4", "not_a_number", "停产")]


def test_figures_of_nobody_are_told_and_zeros_of_nobody_are_blank(tmp_path: Path) -> None:
    parsed = read(tmp_path, FIRST, [None, 0, 0], ["——", "——", 0], [None, 7, None], [None, "7", None])
    assert counts(parsed) == (5, 0, 0, 2, 0)
    assert names(parsed) == ["甲公司", None, None]  # for which the stage that knows enterprises finds none
    merged = read(tmp_path, ["甲公司", 1, 1], [None, 0, 0], merges=[(2, 0, 3, 0)])
    assert names(merged) == ["甲公司", "甲公司"]
    numbered = read(tmp_path, [1, *FIRST], [2, None, 0, 0], [3, None, None, None], head=["序号", *HEAD])
    assert counts(numbered) == (3, 0, 0, 2, 0)


def test_a_date_between_rows_parts_them_and_at_the_foot_does_not(tmp_path: Path) -> None:
    parsed = read(tmp_path, FIRST, ["2026年9月30日"], ["乙公司", 2, 1])
    assert names(parsed) == ["甲公司"]
    assert problems(parsed) == [("A4", "period_unknown", "2026年9月30日")]


def test_the_sum_of_an_enterprise_s_months_is_a_subtotal(tmp_path: Path) -> None:
    head = ["企业名称", "月份", "营业收入(万元)"]
    rows = [
        ["甲公司", "9月", 1],
        ["甲公司", "10月", 2],
        ["甲公司", "合计", 3],
        ["乙公司", "10月", 5],
        ["乙公司", "合计", 6],
    ]
    parsed = balanced(read_file(write(tmp_path / "表.xlsx", {"Sheet1": [["2026年"], head, *rows]})))
    assert stated(parsed, "output", "revenue") == [(1.0,), (2.0,), (5.0,)]
    assert problems(parsed) == [("C7", "control_total", "6")]


def test_the_name_of_a_group_or_a_town_alone_in_a_row_is_no_enterprise() -> None:
    for group in ("规下", "规上企业", "规模以下工业企业", "南定镇", "张店街道办事处"):
        result = sent([["2026年10月"], ["企业名称", "实缴税金(万元)"], [group], [A, 5], [B, 6]])
        assert told(result) == [], group
        assert cells(result, "output", "tax") == [(5,), (6,)]
