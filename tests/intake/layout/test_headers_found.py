"""Headers below titles in several cells and below other tables are found as they are alone."""

import pytest
from builders.sheets import Rows, problems, stated
from conftest import Reader


@pytest.mark.parametrize(
    "title",
    [
        ["2026年10月", None, "(初步核算数)"],
        ["2026年10月", "(初步核算数)"],
        [None, "2026年10月", None, "(初步核算数)"],
        ["经济指标", None, "2026年10月"],
        ["经济指标", "快报", None, "2026年10月"],
    ],
)
def test_a_title_in_several_cells_hides_no_column(read: Reader, title: list[str | None]) -> None:
    head = ["企业名称", "工业增加值(亿元)", "研发费用(千元)", "用水量(万吨)"]
    parsed = read([title, head, ["甲公司", 1.5, 3500, 2.5]])
    assert stated(parsed, "output", "value_added", "rd_expense", "water") == [(15_000.0, 350.0, 25_000.0)]
    assert parsed.submissions["period_label"].to_list() == ["2026-10"]


def test_columns_whose_time_is_not_stated_are_told_beside_those_whose_is(read: Reader) -> None:
    rows: Rows = [["企业名称", "营业收入(万元)", "2026年10月", None], [None, None, "实缴税金(万元)", "研发费用(万元)"]]
    parsed = read([*rows, ["甲公司", 1, 2, 3]], merges=[(0, 2, 0, 3)])
    assert stated(parsed, "output", "revenue", "tax") == [(None, 2.0)]
    assert [(cell, rule) for cell, rule, _ in problems(parsed)] == [("B1", "period_unknown")]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "企业名称（必填）",
            "※企业名称",
            "*企业名称",
            "企业 名称",
            "企业\n名称",
            "企 业 名 称",
            "一、企业名称",
            "1.企业名称",
        ),
        *("（1）企业名称", "★企业名称", "企业名称:", "企业名称：", "企业名称 *", "单位名称(全称)"),
    ],
)
@pytest.mark.parametrize("before", [[], [["企业名称", "营业收入(万元)"], ["甲公司", 1.0], []]], ids=["first", "second"])
def test_a_header_is_seen_below_another_table_as_it_is_alone(read: Reader, before: Rows, name: str) -> None:
    parsed = read([["2026年10月"], *before, [name, "实缴税金(万元)"], ["甲公司", 2.0]])
    assert parsed.rows["output"]["tax"].drop_nulls().to_list() == [2.0]
    assert problems(parsed) == []


def test_a_list_of_carriers_below_a_form_is_told_and_leaves_the_form(read: Reader) -> None:
    rows: Rows = [
        ["企业名称", "营业收入(万元)"],
        ["甲公司", 1.0],
        [],
        ["能源名称", "计量单位", "折标系数"],
        ["原煤", "吨", 0.7],
    ]
    parsed = read([["2026年10月"], *rows])
    assert stated(parsed, "output", "revenue") == [(1.0,)]
    assert [(cell, rule) for cell, rule, _ in problems(parsed)] == [("A5", "form_unknown")]
