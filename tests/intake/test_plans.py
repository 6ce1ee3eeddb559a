"""Figures that are planned or expected never count as figures that were reached, wherever it is said."""

import pytest
from builders.sent import A, B, cells, sent, told
from builders.sheets import Rows, inbox_file, problems
from builders.sheets import write as workbook
from conftest import Reader

from efficiency.intake.parsing import planned
from efficiency.intake.read import read_file

TAX = ["企业名称", "实缴税金(万元)"]
BOTH = ["企业名称", "营业收入(万元)", "实缴税金(万元)"]


@pytest.mark.parametrize(
    "title",
    [
        "2026年10月预计税收(万元)",
        "2026年10月税收计划",
        "2026年税收目标任务分解表",
        "2026年度预算",
        "2026年10月税收预测",
        "关于下达2026年税收计划指标的通知",
        "2026年10月经济指标预计数(快报)",
        "2026年10月预计完成情况",
        "2026年1-9月实际及10-12月预计",
        "2026年税收计划完成数",
    ],
)
def test_a_title_of_a_plan_refuses_the_figures_at_its_cell(title: str) -> None:
    result = sent([["淄博市"], [title], TAX, [A, 5]])
    assert told(result) == [("1.xlsx", "A2", "figures_planned")]
    assert result.problems["severity"].to_list()[-1] == "error"
    assert title in result.problems["message"][-1]
    assert cells(result, "output", "tax") == []
    assert result.submissions["rows_rejected"].to_list() == [0, 1]


@pytest.mark.parametrize(
    "title",
    [
        "2026年10月税收计划完成情况",
        "2026年10月税收任务完成表",
        "2026年10月各项指标完成情况",
        "2026年10月一般公共预算收入重点企业",
        "2026年10月计划用水户用水量",
        "发展计划局 2026年10月产出",
        "2026年10月目标责任企业产出",
        "三年倍增计划企业2026年10月产出",
        "拟建项目企业2026年10月税收",
        "2026年10月快报",
        "2026年10月主要经济指标",
    ],
)
def test_a_name_with_such_a_word_and_a_report_on_a_plan_are_no_plan(title: str) -> None:
    result = sent([[title], TAX, [A, 5]])
    assert told(result) == []
    assert cells(result, "output", "tax") == [(5,)]


def test_a_word_that_may_be_part_of_a_name_counts_and_is_told() -> None:
    result = sent([["2026年10月减排任务企业产出"], TAX, [A, 5]])
    assert told(result) == [("1.xlsx", "A1", "plan_doubt")]
    assert cells(result, "output", "tax") == [(5,)]


@pytest.mark.parametrize(("sheet", "name"), [("预计", "1.xlsx"), ("Sheet1", "2026年10月税收预计.xlsx")])
def test_the_name_of_a_sheet_or_a_file_says_so_too(read: Reader, sheet: str, name: str) -> None:
    parsed = read([["2026年10月"], TAX, ["甲公司", 5]], sheet=sheet, name=name)
    assert [rule for _, rule, _ in problems(parsed)] == ["figures_planned"]
    assert parsed.rows["output"].is_empty()


def test_a_sheet_of_plans_leaves_the_one_of_facts(read: Reader, tmp_path_factory: pytest.TempPathFactory) -> None:
    rows: Rows = [["2026年10月"], TAX, ["甲公司", 5]]
    path = tmp_path_factory.mktemp("plans") / "1.xlsx"
    parsed = read_file(inbox_file(workbook(path, {"实际": rows, "计划": rows}).path))
    assert parsed.rows["output"].select("sheet", "tax").rows() == [("实际", 5)]
    assert [rule for _, rule, _ in problems(parsed)] == ["figures_planned"]


@pytest.mark.parametrize("title", ["2026年10月税收计划与实际对比", "2026年10月", "2026年10月税收计划"])
def test_beside_a_plan_what_was_reached_counts_and_the_plan_is_told(title: str) -> None:
    result = sent([[title], ["企业名称", "税收(万元)", None, None], [None, "计划", "实际", "完成率"], [A, 7, 5, 70]])
    assert told(result) == [("1.xlsx", "B3", "column_passed"), ("1.xlsx", "D3", "column_passed")]
    assert "计划数或预计数" in result.problems.filter(cell="B3")["message"].item()
    assert cells(result, "output", "tax") == [(5,)]


def test_a_column_of_a_plan_without_the_figure_itself_is_a_warning() -> None:
    result = sent([["2026年10月"], ["企业名称", "营业收入(万元)", "预计税收(万元)"], [A, 9, 5]])
    assert told(result) == [("1.xlsx", "C2", "column_unread")]


@pytest.mark.parametrize("header", ["11月(预计)", "11月预计", "预计11月", "11月（计划数）"])
def test_a_month_that_is_expected_is_no_month_of_facts(header: str) -> None:
    result = sent([["2026年企业税收(万元)"], ["企业名称", "9月", "10月", header], [A, 1, 2, 3]])
    assert told(result) == [("1.xlsx", "D2", "column_passed")]
    assert cells(result, "output", "tax") == [(1,), (2,)]


@pytest.mark.parametrize("other", ["预计", "上年同期", "年度计划"])
def test_a_heading_above_the_row_of_the_names_is_seen(other: str) -> None:
    head = [[None, "本期", None, other, None], ["企业名称", *BOTH[1:], *BOTH[1:]]]
    result = sent([["2026年10月"], *head, [A, 9, 5, 8, 4]])
    assert told(result, "column_passed") == []
    assert cells(result, "output", "revenue", "tax") == [(9, 5)]
    alone = sent([["2026年10月"], [None, "本期", other], BOTH, [A, 9, 5]])
    assert cells(alone, "output", "revenue", "tax") == [(9, None)]
    assert [cell for _, cell, _ in told(alone)] == ["C3"]


def test_one_heading_of_a_plan_over_all_columns_refuses_them() -> None:
    result = sent([["2026年10月"], [None, "预计", None], BOTH, [A, 9, 5]])
    assert told(result) == [("1.xlsx", "B2", "figures_planned")]
    assert cells(result, "output", "tax") == []


@pytest.mark.parametrize(("header", "word"), [("类型", "计划"), ("数据性质", "预计数"), ("备注", "10月为预计数")])
def test_a_row_that_says_that_it_is_planned_is_left_out_and_told(header: str, word: str) -> None:
    result = sent([["2026年10月"], [*TAX, header], [A, 9, word], [A, 5, "实际"], [B, 7, word]])
    assert told(result) == [("1.xlsx", "C3", "rows_planned")]
    assert result.problems.filter(rule="rows_planned")["value"].item() == "2"
    assert cells(result, "output", "tax") == [(5,)]


@pytest.mark.parametrize("cell", ["2026年10月(预计)", "10月预计", "2026年10月计划"])
def test_a_time_that_is_planned_is_no_time(cell: str) -> None:
    result = sent([["2026年税收(万元)"], ["企业名称", "报告期", "实缴税金"], [A, "9月", 4], [A, cell, 5]])
    assert told(result) == [("1.xlsx", "B4", "period_unknown")]
    assert "计划或预计" in result.problems["message"][-1]
    assert cells(result, "output", "tax") == [(4,)]


@pytest.mark.parametrize(
    ("note", "rule", "count"), [("注：本表为预计数", "figures_planned", 0), ("注：9月按预计数填报", "plan_doubt", 1)]
)
def test_a_note_says_so_too(note: str, rule: str, count: int) -> None:
    below: Rows = [["2026年10月"], TAX, [A, 5], [note]]
    above: Rows = [["2026年10月"], [note], TAX, [A, 5]]
    for rows in (below, above):
        result = sent(rows)
        assert [found for _, _, found in told(result)] == [rule]
        assert len(cells(result, "output", "tax")) == count


def test_plans_of_land_energy_and_measures_down_are_refused() -> None:
    land = sent([["2027年用地规划(亩)"], ["企业名称", "登记用地面积"], [A, 5]])
    down = sent([["2026年10月税收预计"], ["指标", A, B], ["营业收入(万元)", 5, 4], ["实缴税金(万元)", 4, 3]])
    energy = sent([["2026年10月用能计划"], ["企业名称", "能源名称", "计量单位", "消费量"], [A, "电力", "万千瓦时", 5]])
    for result in (land, down, energy):
        assert told(result) == [("1.xlsx", "A1", "figures_planned")]
        assert all(cells(result, form, "row") == [] for form in ("land", "output", "energy"))


def test_what_an_enterprise_plans_to_invest_counts() -> None:
    head = ["企业名称", "走访日期", "科技含量", "发展意愿", "拟建项目", "计划总投资(万元)"]
    result = sent([["2026年10月拟建项目计划表"], head, [A, "2026-10-08", "高", "强", "扩产", 900]])
    assert told(result) == []
    assert cells(result, "survey", "investment") == [(900,)]


def test_a_series_whose_title_is_a_plan_is_told_as_that() -> None:
    result = sent([["2026年用电量计划(万千瓦时)"], ["企业名称", "1月", "2月"], [A, 5, 6]])
    assert told(result) == [("1.xlsx", None, "form_unknown")]
    assert "计划数或预计数" in result.problems["message"].item()


def test_a_long_text_without_such_words_is_no_plan() -> None:
    assert planned("计" * 100_000) is None
    assert planned("下达" * 100_000) is None


@pytest.mark.parametrize("title", ["2026年10月企业欠税情况表", "2026年10月应缴税金", "2026年10月税费减免统计"])
def test_a_title_of_tax_that_was_not_paid_is_told_at_the_column(title: str) -> None:
    result = sent([[title], ["企业名称", "税收(万元)"], [A, 5]])
    assert ("1.xlsx", "B2", "title_doubt") in told(result)
    assert title in result.problems.filter(rule="title_doubt")["message"].item()


@pytest.mark.parametrize(
    ("title", "header"),
    [
        ("2026年10月应缴实缴税金", "税收(万元)"),
        ("2026年10月税金入库及减免", "税收(万元)"),
        ("2026年10月企业欠税情况表", "实缴税金(万元)"),
        ("2026年10月企业税收", "税收(万元)"),
    ],
)
def test_a_title_or_header_that_says_paid_is_believed(title: str, header: str) -> None:
    assert "title_doubt" not in [rule for _, _, rule in told(sent([[title], ["企业名称", header], [A, 5]]))]


@pytest.mark.parametrize("title", ["2026年10月企业税收同比增减情况表", "2026年10月税收增长额"])
def test_a_title_of_changes_is_told_at_the_first_column_of_figures(title: str) -> None:
    result = sent([[title], ["企业名称", "税收(万元)", "营业收入(万元)"], [A, 5, 6]])
    assert [(cell, rule) for _, cell, rule in told(result) if rule == "change_doubt"] == [("B2", "change_doubt")]
    assert title in result.problems.filter(rule="change_doubt")["message"].item()


@pytest.mark.parametrize(
    "rows",
    [
        [["2026年10月税收增减情况表"], ["企业名称", "本期税收(万元)", "增减额(万元)"], [A, 5, 1]],
        [["2026年10月税收及同比增长情况"], ["企业名称", "税收(万元)", "同比增长(%)"], [A, 5, 1]],
        [["2026年10月企业税收"], ["企业名称", "税收(万元)"], [A, 5]],
    ],
)
def test_a_table_that_states_figures_beside_their_changes_is_not_doubted(rows: list[list[object]]) -> None:
    assert "change_doubt" not in [rule for _, _, rule in told(sent(rows))]
