"""A row of delimited text with more cells than the header states nothing: nobody knows which cell is whose."""

from pathlib import Path

import pytest
from builders.sent import A, B, C
from builders.sheets import balanced, inbox_file, problems

from efficiency.intake.read import read_file
from efficiency.intake.read_result import ReadResult

HEAD = "2026年10月\n企业名称,营业收入(万元),实缴税金(万元)\n"


def read(tmp_path: Path, *lines: str, head: str = HEAD) -> ReadResult:
    path = tmp_path / "1.csv"
    path.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    return balanced(read_file(inbox_file(path)))


@pytest.mark.parametrize(
    "line",
    [
        f"{A},1,100.5,30",
        f"{A},30,1,100",
        f"{A},1,234,567.00,30",
        f"{A},30,-1,100.50",
        f"{A.replace('公司', ',公司')},9,3",
    ],
)
def test_a_row_with_a_figure_beyond_the_header_is_an_error_and_states_nothing(tmp_path: Path, line: str) -> None:
    result = read(tmp_path, line, f"{B},900,20", f'{C},"1,200",20')
    assert [(rule, cell) for cell, rule, _ in problems(result)] == [("row_overlong", f"{'ABCDE'[line.count(',')]}3")]
    assert result.rows["output"].select("name", "revenue", "tax").rows() == [(B, 900, 20), (C, 1200, 20)]
    assert line in result.problems["message"].item()


def test_rows_that_all_part_a_figure_are_all_refused_and_their_total_is_not_checked(tmp_path: Path) -> None:
    result = read(tmp_path, f"{A},1,100.5", f"{B},2,100.5", "合计,3,201", head="2026年10月\n企业名称,营业收入(万元)\n")
    assert [rule for _, rule, _ in problems(result)] == ["total_overlong", "row_overlong", "row_overlong"]
    assert result.rows["output"].is_empty()


@pytest.mark.parametrize(
    ("lines", "rules"),
    [
        ([f"{A},1100,30,5", f"{B},900,20,6"], ["column_unread"]),
        ([f"{A},1100,30,已核", f"{B},900,20"], []),
        ([f"{A},1100,30,,,", f"{B},900,20"], []),
    ],
    ids=["a column without a name", "a remark", "commas at the end"],
)
def test_what_parts_no_figure_leaves_the_rows(tmp_path: Path, lines: list[str], rules: list[str]) -> None:
    result = read(tmp_path, *lines)
    assert [rule for _, rule, _ in problems(result)] == rules
    assert result.rows["output"]["revenue"].to_list() == [1100, 900]


def test_a_figure_that_is_parted_into_the_remarks_is_an_error_too(tmp_path: Path) -> None:
    head = "2026年10月\n企业名称,营业收入(万元),备注\n"
    result = read(tmp_path, f"{A},1,100.5,", f"{B},900,", f"{C},8,已核", head=head)
    assert [(cell, rule) for cell, rule, _ in problems(result)] == [("C3", "row_overlong")]
    assert result.rows["output"]["revenue"].to_list() == [900, 8]


def test_figures_with_commas_are_read_where_another_sign_separates(tmp_path: Path) -> None:
    result = read(tmp_path, f"{A};1,100.5;30", f"{B};900;20", head=HEAD.replace(",", ";"))
    assert problems(result) == []
    assert result.rows["output"]["revenue"].to_list() == [1100.5, 900]
