"""Every column with figures that no form reads is told once, at its header, and no other is."""

import pytest
from builders.sheets import CODE, Rows, stated
from conftest import Reader

from efficiency.intake.read_result import ReadResult
from schemas import FORMS


def told(parsed: ReadResult) -> list[tuple[str, str, str]]:
    """Cell, severity and value of each column that is told."""
    rules = ["column_unread", "column_passed", "header_loose"]
    found = parsed.problems.filter(parsed.problems["rule"].is_in(rules))
    return found.select("cell", "severity", "value").rows()


@pytest.mark.parametrize(
    "header",
    ["应交税金", "增值税", "营收总额", "工业产值合计", "研发人员数", "高级职工人数", "用电负荷", "闲置厂房", "COD浓度"],
)
def test_a_column_with_the_words_of_a_measure_is_a_warning_at_its_header(read: Reader, header: str) -> None:
    parsed = read([["2026年10月"], ["企业名称", "工业增加值(万元)", header], ["甲公司", 10, 3], ["乙公司", 7, 0]])
    assert told(parsed) == [("C2", "warning", header)]
    assert "相近的表头有“" in parsed.problems["message"][-1]
    assert stated(parsed, "output", "value_added") == [(10.0,), (7.0,)]


@pytest.mark.parametrize(
    "header",
    [
        "利润总额",
        "资产总计",
        "增加值率(%)",
        "税收增速",
        "营业收入占比",
        "其中:出口收入",
        "上年同期收入",
        "注册资本",
        "合计",
        "税收排名",
    ],
)
def test_another_column_with_figures_is_a_note(read: Reader, header: str) -> None:
    parsed = read([["2026年10月"], ["企业名称", "工业增加值(万元)", header], ["甲公司", 10, 3], ["乙公司", 7, 2]])
    assert told(parsed) == [("C2", "note", header)]


@pytest.mark.parametrize(
    "header",
    ["序号", "备注", "联系电话", "联系人", "邮编", "填报日期", "户号", "电表编号", "宗地号", "合同号码", "经度"],
)
def test_numbers_that_are_no_figures_are_not_told(read: Reader, header: str) -> None:
    parsed = read([["2026年10月"], ["企业名称", "营业收入(万元)", header], ["甲公司", 10, 3], ["乙公司", 7, 4]])
    assert told(parsed) == []


@pytest.mark.parametrize("cells", [(None, None), (0, 0), ("甲级", "乙级"), ("-", "无"), (13800001111, 13800002222)])
def test_a_column_without_figures_is_not_told(read: Reader, cells: tuple[object, object]) -> None:
    rows: Rows = [["甲公司", 10, cells[0]], ["乙公司", 7, cells[1]]]
    assert told(read([["2026年10月"], ["企业名称", "营业收入(万元)", "税控"], *rows])) == []


def test_a_column_of_a_measure_that_the_table_states_is_a_note(read: Reader) -> None:
    head = ["企业名称", "税收合计(万元)", "增值税(万元)", "企业所得税(万元)"]
    parsed = read([["2026年10月"], head, ["甲公司", 10, 6, 4]])
    assert told(parsed) == [("C2", "note", "增值税(万元)"), ("D2", "note", "企业所得税(万元)")]
    assert "本表已有“实缴税金”" in parsed.problems["message"][0]


def test_figures_without_a_header_are_told(read: Reader) -> None:
    parsed = read([["2026年10月"], ["企业名称", "营业收入(万元)", None], ["甲公司", 10, 3], ["乙公司", 7, 2]])
    assert told(parsed) == [("C2", "warning", "无表头")]
    few: Rows = [["甲公司", 10, 3], ["乙公司", 7], ["丙公司", 7]]
    assert told(read([["2026年10月"], ["企业名称", "营业收入(万元)"], *few])) == [("C2", "note", "无表头")]


def test_a_column_is_told_once_in_a_table_of_several_forms(read: Reader) -> None:
    head = ["企业名称", "营业收入(万元)", "电力(万千瓦时)", "登记用地面积(亩)", "利润"]
    parsed = read([["2026年10月"], head, ["甲公司", 10, 3, 4, 5]])
    assert sorted(parsed.submissions["form"]) == ["energy", "land", "output"]
    assert told(parsed) == [("E2", "note", "利润")]


def test_the_lowest_own_cell_of_a_tall_header_is_named(read: Reader) -> None:
    heads: Rows = [["企业名称", "经济指标(万元)", None, None], [None, "营业收入", "利润", "上年同期"]]
    parsed = read([["2026年10月"], *heads, ["甲公司", 10, 3, 4]], merges=[(1, 0, 2, 0), (1, 1, 1, 3)])
    assert told(parsed) == [("C3", "note", "经济指标(万元)|利润"), ("D3", "note", "经济指标(万元)|上年同期")]


def test_figures_in_passing_in_a_register_are_told_where_no_period_is_stated(read: Reader) -> None:
    head = ["统一社会信用代码", "企业名称", "行业代码", "规模", "营业收入(万元)"]
    parsed = read([["名录"], head, [CODE, "甲公司", "3071", "规上", 500]])
    assert parsed.submissions["form"].to_list() == ["register"]
    assert told(parsed) == [("E2", "warning", "营业收入(万元)")]
    assert "看不出所属期" in parsed.problems["message"][0]


def test_months_without_a_measure_are_told(read: Reader) -> None:
    parsed = read([["2026年"], ["企业名称", "营业收入(万元)", "1月"], ["甲公司", 100, 10]])
    assert told(parsed) == [("C2", "warning", "1月")]


def test_a_field_of_another_form_is_told_as_that(read: Reader) -> None:
    parsed = read([["2026年10月"], ["企业名称", "营业收入(万元)", "产量(吨)"], ["甲公司", 100, 10]])
    assert told(parsed) == [("C2", "note", "产量(吨)")]
    assert "“单位产品能耗”的指标" in parsed.problems["message"][0]


@pytest.mark.parametrize("header", ["从业人数", "职工人数", "员工人数"])
def test_staff_of_which_the_average_is_not_said_counts_with_a_note(read: Reader, header: str) -> None:
    parsed = read([["2026年10月"], ["企业名称", f"{header}(人)"], ["甲公司", 120]])
    assert stated(parsed, "output", "employees") == [(120.0,)]
    assert told(parsed) == [("B2", "note", f"{header}(人)")]
    assert "期末" in parsed.problems["message"][0]


@pytest.mark.parametrize("header", ["占地面积", "土地面积"])
def test_land_that_may_include_rented_land_counts_only_where_none_is_stated(read: Reader, header: str) -> None:
    alone = read([["企业名称", f"{header}(亩)"], ["甲公司", 40]])
    assert stated(alone, "land", "owned") == [(40.0,)]
    assert told(alone) == [("B1", "note", f"{header}(亩)")]
    beside = read([["企业名称", f"{header}(亩)", "承租土地(亩)", "对外出租面积(亩)"], ["甲公司", 40, 10, 2]])
    assert stated(beside, "land", "owned", "leased_in", "leased_out") == [(None, 10.0, 2.0)]
    assert told(beside) == [("B1", "warning", f"{header}(亩)")]
    proper = read([["企业名称", f"{header}(亩)", "自有用地面积(亩)"], ["甲公司", 40, 30]])
    assert stated(proper, "land", "owned") == [(30.0,)]
    assert told(proper) == [("B1", "note", f"{header}(亩)")]


def test_the_words_of_a_measure_are_parts_of_its_names() -> None:
    """Words that no name of the column has would be a list of their own."""
    for form in FORMS.values():
        for column in form.columns:
            names = " ".join((*column.headers, *(name.header for name in column.loose))).upper()
            known = [word for word in column.words if word.upper() in names]
            assert 2 * len(known) >= len(column.words), (form.id, column.name)


def test_a_header_is_never_told_to_be_changed_into_itself(read: Reader) -> None:
    head = ["企业名称", "电力(万千瓦时)", "能源加工转换产出"]
    parsed = read([["2026年10月"], head, ["甲公司", 5, 1], ["乙公司", 6, 2]])
    (message,) = parsed.problems.filter(cell="C2")["message"]
    assert "请按模板另表报送" in message
    assert "相近的表头" not in message
