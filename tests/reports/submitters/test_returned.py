"""A submitter gets the own workbook back: marked where it is wrong, unchanged elsewhere, and safe to open."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.comments import Comment
from openpyxl.styles import Border, Font, PatternFill, Side
from openpyxl.worksheet.datavalidation import DataValidation
from rich.cells import cell_len

from efficiency.errors import EfficiencyError
from efficiency.intake.problems import PARSE_PROBLEMS
from efficiency.reports.submitters import problem_table, write_all_returned
from efficiency.reports.submitters.package import zip as workbook_package
from efficiency.reports.submitters.package.comments import HEADING
from efficiency.reports.submitters.package.marking import MARK_BORDER, MARK_FILL
from efficiency.reports.submitters.package.xml import MAIN, STRICT
from efficiency.reports.submitters.returned import target_below, write_returned

NAME = "税务局/2026年10月.xlsx"


def problem(
    cell: str | None, severity: str = "error", message: str = "应填数字，请改正。", **more: Any
) -> dict[str, Any]:
    return {
        "submission_id": "abc",
        "file_name": NAME,
        "sheet": "产出",
        "cell": cell,
        "uscc": "91370303MA3C00001X",
        "name": "甲公司",
        "field": "revenue",
        "value": "约300",
        "rule": "not_a_number",
        "severity": severity,
        "message": message,
        "row": None,
        **more,
    }


def problems(*items: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(items), schema=PARSE_PROBLEMS)


def submitted(path: Path) -> Path:
    """A workbook with merged headers, formats, widths, a hidden sheet, a drop-down, a comment and a formula."""
    path.parent.mkdir(parents=True, exist_ok=True)
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "产出"
    sheet.append(["2026年10月产出", None, None, None])
    sheet.merge_cells("A1:D1")
    sheet.append(["企业名称", "营业收入(万元)", "实缴税金", "合计"])
    sheet.append(["甲公司", "约300", 20.5, "=SUM(C3:C4)"])
    sheet.append(["乙公司", 1234.5, -3, "=B4*2"])
    sheet["A1"].font = Font(size=18, bold=True)
    sheet["B4"].number_format = "#,##0.00"
    sheet["C4"].fill = PatternFill("solid", fgColor="FF00B0F0")
    sheet["C4"].border = Border(left=Side(style="thin"))
    sheet["B3"].comment = Comment("财务科：待核", "李四")
    sheet.column_dimensions["A"].width = 33
    sheet.row_dimensions[2].height = 40
    sheet.freeze_panes = "B3"
    choice = DataValidation(type="list", formula1='"是,否"')
    choice.add("A3:A10")
    sheet.add_data_validation(choice)
    hidden = book.create_sheet("底稿")
    hidden.sheet_state = "hidden"
    hidden["A1"] = "留存"
    book.save(path)
    return with_results(path, {"D3": "17.5", "D4": "2469"})


def with_results(path: Path, results: dict[str, str]) -> Path:
    """The workbook as Excel would have saved it: formulas with their last results."""
    with zipfile.ZipFile(path) as package:
        parts = {part: package.read(part) for part in package.namelist()}
    name = "xl/worksheets/sheet1.xml"
    text = parts[name].decode()
    for cell, value in results.items():
        head, tail = text.split(f'<c r="{cell}"', 1)
        text = f'{head}<c r="{cell}"{re.sub("<v ?/>|<v></v>", f"<v>{value}</v>", tail, count=1)}'
    parts[name] = text.encode()
    with zipfile.ZipFile(path, "w") as package:
        for part, content in parts.items():
            package.writestr(part, content)
    return path


def parts_of(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as package:
        return package.namelist()


def contents(path: Path) -> dict[str, dict[str, tuple[Any, ...]]]:
    book = openpyxl.load_workbook(path)
    return {
        sheet.title: {
            cell.coordinate: (
                cell.value,
                cell.number_format,
                cell.font.sz,
                cell.font.b,
                cell.fill.fgColor.rgb,
                cell.border.left.style,
            )
            for row in sheet.iter_rows()
            for cell in row
        }
        for sheet in book.worksheets
        if sheet.title != "问题清单"
    }


def list_rows(path: Path) -> list[tuple[Any, ...]]:
    rows = list(openpyxl.load_workbook(path)["问题清单"].iter_rows(values_only=True))
    heads = next(number for number, row in enumerate(rows) if row[0] == "序号")
    return [row[:9] for row in rows[heads + 1 :]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return submitted(tmp_path / "inbox" / NAME)


def test_nothing_but_the_problem_cells_changes(file: Path, tmp_path: Path) -> None:
    made = write_returned(file, NAME, problems(problem("B3"), problem("C4", "warning")), tmp_path / "out.xlsx")
    before, after = contents(file), contents(made.path)
    changed = {(title, cell) for title in before for cell in before[title] if before[title][cell] != after[title][cell]}
    assert changed == {("产出", "B3"), ("产出", "C4")}
    assert set(before) == set(after)
    assert after["产出"]["B3"][0] == "约300"
    sheet = openpyxl.load_workbook(made.path)["产出"]
    assert [str(merged) for merged in sheet.merged_cells.ranges] == ["A1:D1"]
    assert sheet.column_dimensions["A"].width == 33
    assert sheet.row_dimensions[2].height == 40
    assert sheet.freeze_panes == "B3"
    assert [(v.formula1, str(v.sqref)) for v in sheet.data_validations.dataValidation] == [('"是,否"', "A3:A10")]
    assert openpyxl.load_workbook(made.path)["底稿"].sheet_state == "hidden"


def test_formula_results_survive(file: Path, tmp_path: Path) -> None:
    made = write_returned(file, NAME, problems(problem("B3"), problem("D4")), tmp_path / "out.xlsx")
    computed = openpyxl.load_workbook(made.path, data_only=True)["产出"]
    assert (computed["D3"].value, computed["D4"].value) == (17.5, 2469)
    assert openpyxl.load_workbook(made.path)["产出"]["D3"].value == "=SUM(C3:C4)"


def test_error_and_warning_differ_in_fill_and_in_line(file: Path, tmp_path: Path) -> None:
    made = write_returned(file, NAME, problems(problem("B3"), problem("C4", "warning")), tmp_path / "out.xlsx")
    sheet = openpyxl.load_workbook(made.path)["产出"]
    for cell, severity in (("B3", "error"), ("C4", "warning")):
        assert sheet[cell].fill.fgColor.rgb == MARK_FILL[severity]
        assert sheet[cell].border.top.style == MARK_BORDER[severity][0]
    assert MARK_BORDER["error"][0] != MARK_BORDER["warning"][0]


def test_several_problems_of_a_cell_are_one_comment_below_the_submitters_own(file: Path, tmp_path: Path) -> None:
    found = problems(
        problem("B3", "warning", "偏大，请核对。"),
        problem("B3", "error", "应填数字。"),
        problem("C4", message="为负。"),
    )
    sheet = openpyxl.load_workbook(write_returned(file, NAME, found, tmp_path / "out.xlsx").path)["产出"]
    assert sheet["B3"].comment.text == f"财务科：待核\n\n{HEADING}\n1. 错误：应填数字。\n2. 警告：偏大，请核对。"
    assert sheet["C4"].comment.text == f"{HEADING}\n错误：为负。"
    assert sheet["B3"].fill.fgColor.rgb == MARK_FILL["error"]


def test_a_problem_within_a_merged_range_marks_the_cell_that_shows(file: Path, tmp_path: Path) -> None:
    made = write_returned(file, NAME, problems(problem("C1"), problem("D1", "warning")), tmp_path / "out.xlsx")
    sheet = openpyxl.load_workbook(made.path)["产出"]
    assert sheet["A1"].fill.fgColor.rgb == MARK_FILL["error"]
    assert sheet["A1"].comment.text.count("应填数字") == 2


def test_list_comes_first_and_links_to_the_cells(file: Path, tmp_path: Path) -> None:
    found = problems(
        problem("C4", "warning"), problem("B3"), problem(None, row=4), problem(None), problem("A2", "note")
    )
    book = openpyxl.load_workbook(write_returned(file, NAME, found, tmp_path / "out.xlsx").path)
    sheet = book.worksheets[0]
    assert sheet.title == "问题清单"
    assert book.active is sheet
    assert not any(other.sheet_view.tabSelected for other in book.worksheets[1:])
    rows = list_rows(tmp_path / "out.xlsx")
    assert [(row[1], row[3]) for row in rows] == [
        ("错误", "整表"),
        ("错误", "B3"),
        ("错误", "第4行"),
        ("警告", "C4"),
        ("提示", "A2"),
    ]
    links = {cell.value: cell.hyperlink.location for row in sheet.iter_rows() for cell in row if cell.hyperlink}
    assert links["B3"] == "'产出'!B3"
    assert links["第4行"] == "'产出'!A4"
    assert sheet.auto_filter.ref
    assert sheet.freeze_panes
    assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize)) == ("landscape", 9)
    above = "\n".join(str(sheet.cell(row, 1).value) for row in range(1, 5))
    assert NAME in above
    assert "错误 3 处" in above
    assert "警告 1 处" in above
    assert "改正标色单元格后按原文件名重新报送" in above


def test_a_file_sent_again_gets_a_new_list_and_loses_marks_that_no_longer_hold(file: Path, tmp_path: Path) -> None:
    first = write_returned(file, NAME, problems(problem("B3"), problem("C4", "warning")), tmp_path / "first.xlsx")
    again = write_returned(first.path, NAME, problems(problem("A4")), tmp_path / "again.xlsx")
    book = openpyxl.load_workbook(again.path)
    assert book.sheetnames.count("问题清单") == 1
    assert [row[3] for row in list_rows(again.path)] == ["A4"]
    sheet = book["产出"]
    assert sheet["B3"].comment.text == "财务科：待核"
    assert sheet["C4"].comment is None
    assert sheet["C4"].fill.fgColor.rgb == "FF00B0F0"
    assert repr(sheet["C4"].border) == repr(openpyxl.load_workbook(file)["产出"]["C4"].border)
    assert sheet["B3"].fill.fill_type is None
    assert {k: v for k, v in contents(again.path)["产出"].items() if k != "A4"} == {
        k: v for k, v in contents(file)["产出"].items() if k != "A4"
    }


def test_a_mark_is_undone_even_without_the_earlier_list(file: Path, tmp_path: Path) -> None:
    first = write_returned(file, NAME, problems(problem("C4")), tmp_path / "first.xlsx")
    book = openpyxl.load_workbook(first.path)
    del book["问题清单"]
    book.save(first.path)
    sheet = openpyxl.load_workbook(
        write_returned(first.path, NAME, problems(problem("A4")), tmp_path / "again.xlsx").path
    )["产出"]
    assert sheet["C4"].comment is None
    assert sheet["C4"].fill.fill_type is None


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(A1)", " =1+1"])
def test_text_that_looks_like_a_formula_stays_text(file: Path, tmp_path: Path, text: str) -> None:
    made = write_returned(file, NAME, problems(problem("B3", name=text, value=text, message=text)), tmp_path / "o.xlsx")
    sheet = openpyxl.load_workbook(made.path)["问题清单"]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value == text]
    assert len(cells) == 3
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in cells)


def test_formula_like_text_of_the_submitter_stays_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "产出"
    book.active["A1"] = "=1+1"
    book.active["A1"].data_type = "s"
    book.save(tmp_path / "in.xlsx")
    made = write_returned(tmp_path / "in.xlsx", NAME, problems(problem("B3")), tmp_path / "out.xlsx")
    assert openpyxl.load_workbook(made.path)["产出"]["A1"].data_type == "s"


@pytest.mark.parametrize("ending", [".csv", ".xls", ".xlsb", ".ods", ".CSV"])
def test_formats_that_cannot_be_marked_get_the_list_alone(tmp_path: Path, ending: str) -> None:
    source = tmp_path / f"表{ending}"
    source.write_bytes(b"a,b\n1,2\n")
    made = write_returned(source, NAME, problems(problem("B3", sheet="")), tmp_path / "退回" / source.name)
    assert made.kind == "list"
    assert made.path == tmp_path / "退回" / f"表{ending}.问题清单.xlsx"
    assert ending.lower() in (made.reason or "")
    assert [row[3] for row in list_rows(made.path)] == ["B3"]
    assert [path.name for path in (tmp_path / "退回").iterdir()] == [made.path.name]


def test_a_file_that_cannot_be_opened_gets_the_list_alone(tmp_path: Path) -> None:
    for name, content in (("坏.xlsx", b"PK\x03\x04 truncated"), ("空.xlsx", b""), ("假.xlsx", b"<html>")):
        (tmp_path / name).write_bytes(content)
        assert write_returned(tmp_path / name, NAME, problems(problem(None)), tmp_path / "out" / name).kind == "list"
    with zipfile.ZipFile(tmp_path / "无表.xlsx", "w") as package:
        package.writestr("hello.txt", "no workbook")
    assert write_returned(tmp_path / "无表.xlsx", NAME, problems(problem(None)), tmp_path / "o.xlsx").kind == "list"
    assert write_returned(tmp_path / "没有.xlsx", NAME, problems(problem(None)), tmp_path / "n.xlsx").kind == "list"


def rewritten(source: Path, target: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """A copy of a workbook with its parts changed."""
    with zipfile.ZipFile(source) as package, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        for part in package.namelist():
            copy.writestr(part, change(part, package.read(part)))
    return target


@pytest.mark.parametrize(
    "tag",
    [
        b'<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>',
        b'<hyperlinks><hyperlink ref="A:XFD" location="A1"/></hyperlinks>',
    ],
)
def test_a_range_of_the_whole_sheet_costs_nothing(tmp_path: Path, tag: bytes) -> None:
    book = openpyxl.Workbook()
    book.active.title = "产出"
    book.active["A1"] = 1
    book.save(tmp_path / "in.xlsx")
    swollen = rewritten(
        tmp_path / "in.xlsx",
        tmp_path / "swollen.xlsx",
        lambda _, content: content.replace(b"</sheetData>", b"</sheetData>" + tag),
    )
    assert write_returned(swollen, NAME, problems(problem("A1")), tmp_path / "out.xlsx").kind == "workbook"


def test_a_file_too_large_to_be_safe_is_not_opened(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_package, "MAX_FILE_BYTES", 1000)
    made = write_returned(file, NAME, problems(problem("A1")), tmp_path / "o.xlsx")
    assert "文件较大" in (made.reason or "")
    monkeypatch.undo()
    monkeypatch.setattr(workbook_package, "MAX_EXPANDED_BYTES", 1000)
    made = write_returned(file, NAME, problems(problem("A1")), tmp_path / "o.xlsx")
    assert "解压" in (made.reason or "")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (MAIN, STRICT),
        (b"<sheetData>", b"<!-- x --><sheetData>"),
        (b"<sheetData>", b'<!DOCTYPE a [<!ENTITY b "c">]><sheetData>'),
        (b'<row r="4"', b'<row r="2"'),
        (b'<c r="C4"', b'<c r="A4"'),
        (b"</sheetData>", b""),
        (b' s="3"', b' s="99999"'),
    ],
)
def test_what_cannot_be_edited_safely_gets_the_list_alone(file: Path, tmp_path: Path, old: bytes, new: bytes) -> None:
    odd = rewritten(
        file,
        tmp_path / "odd.xlsx",
        lambda part, content: (
            content.replace(old, new) if part in ("xl/worksheets/sheet1.xml", "xl/workbook.xml") else content
        ),
    )
    made = write_returned(odd, NAME, problems(problem("C4"), problem("D4")), tmp_path / "out.xlsx")
    assert made.kind == "list"
    assert made.reason
    assert len(list_rows(made.path)) == 2


def test_a_signature_that_no_longer_holds_is_taken_out_and_that_is_said(file: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(file, "a") as package:
        package.writestr("_xmlsignatures/origin.sigs", b"")
        package.writestr("_xmlsignatures/sig1.xml", b"<Signature/>")
    made = write_returned(file, NAME, problems(problem("B3")), tmp_path / "out.xlsx")
    assert len(made.losses) == 1
    assert not any("signature" in part for part in parts_of(made.path))
    sheet = openpyxl.load_workbook(made.path)["问题清单"]
    assert made.losses[0] in "\n".join(str(sheet.cell(row, 1).value) for row in range(1, 7))


def test_macros_are_carried_along(file: Path, tmp_path: Path) -> None:
    source = tmp_path / "宏.xlsm"
    with zipfile.ZipFile(file) as package, zipfile.ZipFile(source, "w") as copy:
        for part in package.namelist():
            content = package.read(part)
            if part == "[Content_Types].xml":
                content = content.replace(
                    b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
                    b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
                )
            copy.writestr(part, content)
        copy.writestr("xl/vbaProject.bin", b"macro")
    made = write_returned(source, NAME, problems(problem("B3")), tmp_path / "out.xlsm")
    assert made.kind == "workbook"
    with zipfile.ZipFile(made.path) as package:
        assert package.read("xl/vbaProject.bin") == b"macro"
        assert b"macroEnabled" in package.read("[Content_Types].xml")


def test_only_files_with_errors_or_warnings_are_given_back(file: Path, tmp_path: Path) -> None:
    other = submitted(tmp_path / "inbox" / "好.xlsx")
    found = problems(problem("B3"), problem("A1", "note", file_name="好.xlsx"))
    made = write_all_returned([(file, NAME), (other, "好.xlsx")], found, tmp_path / "退回")
    assert [(one.name, one.path, one.errors, one.warnings) for one in made] == [
        (NAME, tmp_path / "退回" / "税务局" / "2026年10月.xlsx", 1, 0)
    ]
    assert sorted(path.name for path in (tmp_path / "退回").rglob("*") if path.is_file()) == ["2026年10月.xlsx"]


def test_a_list_alone_does_not_stay_beside_the_marked_workbook(file: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.xlsx").write_bytes(b"")
    write_returned(tmp_path / "bad.xlsx", NAME, problems(problem(None)), tmp_path / "out" / "a.xlsx")
    write_returned(file, NAME, problems(problem("B3")), tmp_path / "out" / "a.xlsx")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.xlsx"]


STEPS = ["..", ".", "/", "\\", "C:", "a", "表.xlsx", "", "~", "\x00", "..\\..", "?"]


@given(st.lists(st.sampled_from(STEPS), min_size=1))
def test_no_name_leaves_the_folder(steps: list[str]) -> None:
    directory = Path("/srv/output/退回")
    for joint in ("/", "\\", ""):
        target = target_below(directory, joint.join(steps))
        assert target != directory
        assert target.is_relative_to(directory)
        assert ".." not in target.parts


def test_names_that_meet_in_one_place_do_not_overwrite_each_other(file: Path, tmp_path: Path) -> None:
    names = ("../a.xlsx", "a.xlsx", "/a.xlsx")
    found = problems(*(problem("B3", file_name=name) for name in names))
    made = write_all_returned([(file, name) for name in names], found, tmp_path / "退回")
    assert len({one.path for one in made}) == 3
    assert all(one.path.parent == tmp_path / "退回" for one in made)


def test_a_link_within_the_folder_is_not_followed_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "退回").mkdir()
    (tmp_path / "退回" / "税务局").symlink_to(tmp_path)
    with pytest.raises(EfficiencyError, match="symbolic link"):
        target_below(tmp_path / "退回", NAME)


def test_a_name_at_the_length_limit_still_gets_its_list(tmp_path: Path) -> None:
    name = "长" * 83 + ".csv"
    (tmp_path / name).write_text("x")
    made = write_returned(tmp_path / name, name, problems(problem("A1", file_name=name)), tmp_path / "out" / name)
    assert made.path.exists()
    assert made.path.name.endswith(".csv.问题清单.xlsx")


def test_an_odd_cell_address_is_listed_and_not_marked(file: Path, tmp_path: Path) -> None:
    odd = ("XFE1", "A1048577", "A0", "A1:B2", "$B$3", "nonsense")
    made = write_returned(file, NAME, problems(*(problem(cell) for cell in odd)), tmp_path / "out.xlsx")
    assert made.kind == "workbook"
    assert {row[3] for row in list_rows(made.path)} == set(odd)
    assert contents(made.path) == contents(file)


def test_characters_that_no_workbook_may_hold_are_left_out(file: Path, tmp_path: Path) -> None:
    name = "\x0b坏\x00名.xlsx"
    found = problems(problem("B3", file_name=name, value="\x1b[31m约", message="含\x07控制符"))
    assert write_returned(file, name, found, tmp_path / "out.xlsx").kind == "workbook"


def test_a_failed_write_leaves_the_earlier_return_and_no_scraps(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = write_returned(file, NAME, problems(problem("B3")), tmp_path / "out" / "a.xlsx")
    before = made.path.read_bytes()

    def locked(self: Path, target: Path) -> Path:
        raise PermissionError("in use")

    monkeypatch.setattr(Path, "replace", locked)
    with pytest.raises(EfficiencyError, match="Close it in Excel"):
        write_returned(file, NAME, problems(problem("C4")), made.path)
    assert made.path.read_bytes() == before
    assert [path.name for path in made.path.parent.iterdir()] == ["a.xlsx"]


def test_beyond_the_limit_cells_are_coloured_and_the_list_says_so(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("efficiency.reports.submitters.marks.MAX_COMMENTS", 1)
    monkeypatch.setattr("efficiency.reports.submitters.problem_list.MAX_LISTED", 1)
    made = write_returned(file, NAME, problems(problem("B3"), problem("C4")), tmp_path / "out.xlsx")
    book = openpyxl.load_workbook(made.path)
    assert book["产出"]["C4"].fill.fgColor.rgb == MARK_FILL["error"]
    assert book["产出"]["C4"].comment is None
    assert len(list_rows(made.path)) == 1
    above = "\n".join(str(book["问题清单"].cell(row, 1).value) for row in range(1, 8))
    assert "问题共 2 处" in above
    assert "其余 1 个只标色" in above


def test_the_table_lists_each_file_with_its_counts_and_says_what_it_leaves_out() -> None:
    found = problems(*(problem(f"B{row}") for row in range(3, 10)), problem("A1", "note", file_name="b.csv", sheet=""))
    text = problem_table(found, rows_per_file=2)
    assert f"{NAME}  错误7个" in text
    assert "…另有5个问题未列出" in text
    assert "b.csv  提示1个" in text
    assert problem_table(problems()) == ""


def test_the_columns_of_the_table_line_up_in_a_terminal() -> None:
    text = problem_table(problems(problem("B3", name="甲"), problem("AA10", name="甲乙丙丁有限公司")), width=200)
    lines = text.splitlines()[1:]
    words = ("说明", "应", "应")
    assert len({cell_len(line[: line.index(word)]) for line, word in zip(lines, words, strict=True)}) == 1


def test_a_long_message_is_wrapped_and_never_cut() -> None:
    message = "请核对数值和计量单位。" * 20
    text = problem_table(problems(problem("B3", message=message)), width=100)
    assert all(cell_len(line) <= 100 for line in text.splitlines())
    assert "".join(line.split("  ")[-1].strip() for line in text.splitlines()[2:]) == message


def test_a_value_cannot_steer_the_terminal() -> None:
    text = problem_table(problems(problem("B3", message="\x1b[2J清屏\n换行", sheet="\x07表", name="\u202e倒")))
    assert not set(text) & {"\x1b", "\x07", "\u202e"}


def test_a_path_at_the_length_limit_still_gets_its_list(tmp_path: Path) -> None:
    name = "/".join(["深" * 60] * 22 + ["表.csv"])
    (tmp_path / "表.csv").write_text("x")
    found = problems(problem("A1", file_name=name))
    (made,) = write_all_returned([(tmp_path / "表.csv", name)], found, tmp_path / "退回")
    assert made.path.is_file()
    assert made.path.name == "表.csv.问题清单.xlsx"


def test_no_return_takes_the_place_of_anothers_folder_or_list(file: Path, tmp_path: Path) -> None:
    long = "长" * 73
    names: tuple[str, ...] = ("a?.xlsx", "a_.xlsx/b.xlsx", "x/y.xlsx", "x", "c.csv", "c.csv.问题清单.xlsx")
    names += (f"{long}甲.csv", f"{long}乙.csv")
    found = problems(*(problem("B3", file_name=name) for name in names))
    made = write_all_returned([(file, name) for name in names], found, tmp_path / "退回")
    assert len({one.path for one in made}) == len(names)
    assert all(one.path.is_file() for one in made)
