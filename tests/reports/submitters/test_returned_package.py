"""What is given back is the submitter's own package: every part that need not change is there byte for byte."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from efficiency.intake.problems import PARSE_PROBLEMS
from efficiency.reports.submitters.package.cells import ORDER
from efficiency.reports.submitters.package.comments import HEADING
from efficiency.reports.submitters.package.marking import MARK_FILL
from efficiency.reports.submitters.package.xml import MAIN, children, root_of
from efficiency.reports.submitters.returned import write_returned

# openpyxl says of such workbooks that it would lose something.
pytestmark = pytest.mark.filterwarnings("ignore:.*will be removed:UserWarning")

NAME = "丰富.xlsx"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000000030001"
    "5c2ce9d70000000049454e44ae426082"
)
TOUCHED = {
    "[Content_Types].xml",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/styles.xml",
    "xl/worksheets/sheet1.xml",
    "xl/comments1.xml",
    "xl/drawings/vmlDrawing1.vml",
}


def problems(*cells: str, sheet: str = "产出") -> pl.DataFrame:
    items = [
        {
            "submission_id": "abc",
            "file_name": NAME,
            "sheet": sheet,
            "cell": cell,
            "uscc": None,
            "name": "甲公司",
            "field": "revenue",
            "value": "约300",
            "rule": "not_a_number",
            "severity": "error",
            "message": "应填数字。",
            "row": None,
        }
        for cell in cells
    ]
    return pl.DataFrame(items, schema=PARSE_PROBLEMS)


def rich(path: Path, *, comments: bool = True) -> Path:
    """A workbook with what openpyxl would lose or write differently."""
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("产出")
    bold = book.add_format({"bold": True, "bg_color": "#CCFFCC", "num_format": "0.000"})
    sheet.merge_range("A1:D1", "标题", bold)
    sheet.write_rich_string("A2", "企业", bold, "名称")
    sheet.write("B3", "约300")
    sheet.write("C3", 2.5, bold)
    sheet.write_formula("D3", "=C3*2", None, 5)
    sheet.set_column("F:F", 12, bold)
    sheet.set_row(8, 20, bold)
    sheet.write("B20", "末")
    sheet.insert_image("H2", "p.png", {"image_data": io.BytesIO(PIXEL)})
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "=产出!$C$3:$D$3"})
    sheet.insert_chart("H5", chart)
    sheet.data_validation(
        "B5:B9",
        {
            "validate": "list",
            "source": ["a>b", "c"],
            "input_title": "选",
            "input_message": "<x>",
        },
    )
    sheet.conditional_format("C3:C9", {"type": "data_bar", "data_bar_2010": True})
    sheet.conditional_format("D3:D9", {"type": "cell", "criteria": ">", "value": 3, "format": bold})
    sheet.add_sparkline("E3", {"range": "产出!C3:D3"})
    sheet.write_url("A4", "internal:底稿!A1", string="去")
    sheet.autofilter("A2:D9")
    sheet.set_header("&L表")
    sheet.set_landscape()
    sheet.add_table("J20:K22")
    if comments:
        sheet.write_comment("B3", "待核", {"author": "李四"})
        sheet.write_comment("C9", "留", {"author": "李四"})
    hidden = book.add_worksheet("底稿")
    hidden.hide()
    hidden.write("A1", "留存")
    hidden.repeat_rows(0)
    book.define_name("税率", "=产出!$C$3")
    book.define_name("底稿!本表", "=底稿!$A$1")
    book.close()
    return path


def prefixed(source: Path, target: Path) -> Path:
    """The workbook as programs write it that put a prefix on every tag of the main namespace."""
    with zipfile.ZipFile(source) as package, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        for part in package.namelist():
            content = package.read(part)
            if b'xmlns="' + MAIN + b'"' in content and not part.startswith("xl/tables/"):
                content = content.replace(b'xmlns="' + MAIN, b'xmlns:x="' + MAIN)
                content = re.sub(rb"<(/?)(?![\w]+:)(\w)", rb"<\1x:\2", content)
            copy.writestr(part, content)
    return target


def parts_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        assert package.testzip() is None
        return {part: package.read(part) for part in package.namelist()}


def order_of(content: bytes) -> list[bytes]:
    root = root_of(content)
    return [element.name for element in children(content, root.inner, root.inner_end)]


def seen(path: Path, but: set[str]) -> dict[tuple[str, str], tuple[Any, ...]]:
    book = openpyxl.load_workbook(path, rich_text=True)
    return {
        (sheet.title, cell.coordinate): (
            cell.value,
            cell.number_format,
            *map(repr, (cell.font, cell.fill, cell.border, cell.alignment)),
            cell.comment.text if cell.comment else None,
        )
        for sheet in book.worksheets
        if sheet.title != "问题清单"
        for row in sheet.iter_rows()
        for cell in row
        if cell.coordinate not in but
    }


MARKED = ("B3", "C3", "D3", "E7", "F30", "B9")


@pytest.fixture(params=["plain", "prefixed"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    made = rich(tmp_path / "in.xlsx")
    return prefixed(made, tmp_path / "prefixed.xlsx") if request.param == "prefixed" else made


def test_every_other_part_is_there_byte_for_byte(source: Path, tmp_path: Path) -> None:
    made = write_returned(source, NAME, problems(*MARKED), tmp_path / "out.xlsx")
    assert (made.kind, made.losses) == ("workbook", ())
    before, after = parts_of(source), parts_of(made.path)
    assert {part for part in before if before[part] != after.get(part)} == TOUCHED
    assert set(after) - set(before) == {"xl/worksheets/sheet3.xml"}
    assert any("chart" in part for part in before)
    assert any("media" in part for part in before)


def test_cells_and_formats_outside_the_marks_are_as_they_were(source: Path, tmp_path: Path) -> None:
    made = write_returned(source, NAME, problems(*MARKED), tmp_path / "out.xlsx")
    before, after = seen(source, set(MARKED)), seen(made.path, set(MARKED))
    assert {place: after[place] for place in before} == before
    kept, new = (openpyxl.load_workbook(path)["产出"] for path in (source, made.path))
    assert [one.sqref for one in new.conditional_formatting] == [one.sqref for one in kept.conditional_formatting]
    assert new.data_validations.dataValidation == kept.data_validations.dataValidation
    assert (new.auto_filter.ref, list(new.tables)) == (kept.auto_filter.ref, list(kept.tables))
    charts: list[Any] = getattr(new, "_charts")  # noqa: B009  # openpyxl's types have no name for them
    assert len(charts) == 1
    sparkline = b"x14:sparkline"
    assert sparkline in parts_of(made.path)["xl/worksheets/sheet1.xml"]


def test_marks_are_seen_and_keep_the_rest_of_the_format(source: Path, tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(write_returned(source, NAME, problems(*MARKED), tmp_path / "out.xlsx").path)["产出"]
    for cell in MARKED:
        assert sheet[cell].fill.fgColor.rgb == MARK_FILL["error"]
        assert sheet[cell].border.left.style == "medium"
        assert HEADING in sheet[cell].comment.text
    assert sheet["B3"].comment.text == f"待核\n\n{HEADING}\n错误：应填数字。"
    assert sheet["C9"].comment.text == "留"
    # Of an absent cell the format of its row or column shows.
    assert [sheet[cell].number_format for cell in ("C3", "E7", "F30", "B9")] == ["0.000", "General", "0.000", "0.000"]
    assert sheet["C3"].font.b


def test_formulas_keep_their_last_results(source: Path, tmp_path: Path) -> None:
    made = write_returned(source, NAME, problems("D3"), tmp_path / "out.xlsx")
    assert openpyxl.load_workbook(made.path, data_only=True)["产出"]["D3"].value == 5


def test_absent_rows_and_cells_are_inserted_in_order(source: Path, tmp_path: Path) -> None:
    cells = (*MARKED, "A3", "XFD3", "A1048576", "D20", "A20")
    made = write_returned(source, NAME, problems(*cells), tmp_path / "out.xlsx")
    content = parts_of(made.path)["xl/worksheets/sheet1.xml"]
    rows = [int(row) for row in re.findall(rb'<(?:x:)?row r="(\d+)"', content)]
    assert rows == sorted(set(rows))
    assert {7, 30, 1048576} <= set(rows)
    for row in re.findall(rb"<(?:x:)?row .*?</(?:x:)?row>", content):
        letters = [(len(cell), cell) for cell in re.findall(rb'<(?:x:)?c r="([A-Z]+)', row)]
        assert letters == sorted(set(letters))


@pytest.mark.parametrize("comments", [True, False])
def test_elements_of_each_sheet_follow_the_schema(tmp_path: Path, *, comments: bool) -> None:
    source = rich(tmp_path / "in.xlsx", comments=comments)
    after = parts_of(write_returned(source, NAME, problems(*MARKED), tmp_path / "out.xlsx").path)
    sheets = [part for part in after if part.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 3
    for part in sheets:
        found = order_of(after[part])
        assert found == sorted(found, key=ORDER.index)
    assert b"legacyDrawing" in order_of(after["xl/worksheets/sheet1.xml"])


def test_defined_names_follow_their_sheets(source: Path, tmp_path: Path) -> None:
    made = write_returned(source, NAME, problems("B3"), tmp_path / "out.xlsx")
    again = write_returned(made.path, NAME, problems("C3"), tmp_path / "again.xlsx")
    for path in (made.path, again.path):
        book = openpyxl.load_workbook(path)
        assert book.sheetnames == ["问题清单", "产出", "底稿"]
        assert book.defined_names["税率"].value == "产出!$C$3"
        assert book["底稿"].defined_names["本表"].value == "底稿!$A$1"
        assert book["底稿"].print_title_rows == "$1:$1"
        assert book["问题清单"].print_title_rows == "$5:$5"
        assert book.active.title == "问题清单"


def test_a_mended_file_is_as_it_was_before_the_first_return(source: Path, tmp_path: Path) -> None:
    first = write_returned(source, NAME, problems(*MARKED), tmp_path / "first.xlsx")
    again = write_returned(first.path, NAME, problems("A2"), tmp_path / "again.xlsx")
    # B9 did not exist: it stays, empty, in the format of its row.
    before, after = seen(source, {"A2", "B9"}), seen(again.path, {"A2", "B9"})
    assert {place: after[place] for place in before} == before
    vml = parts_of(again.path)["xl/drawings/vmlDrawing1.vml"]
    assert vml.count(b'ObjectType="Note"') == 3


def test_a_changed_memory_of_formats_is_not_trusted(tmp_path: Path) -> None:
    first = write_returned(rich(tmp_path / "in.xlsx"), NAME, problems("C3"), tmp_path / "first.xlsx")
    odd = ("<fill><evil/></fill><border/>", "<fill/>", "&x;", "<fill><patternFill a='&#34;'/></fill><border/>")
    for number, planted in enumerate(odd):
        book = openpyxl.load_workbook(first.path)
        book["问题清单"]["J6"] = planted
        book.save(tmp_path / f"{number}.xlsx")
        again = write_returned(tmp_path / f"{number}.xlsx", NAME, problems("A2"), tmp_path / f"out{number}.xlsx")
        assert openpyxl.load_workbook(again.path)["产出"]["C3"].fill.fill_type is None


def test_a_cell_with_a_conversation_is_coloured_and_the_list_says_so(tmp_path: Path) -> None:
    source = rich(tmp_path / "in.xlsx")
    talked = tmp_path / "talk.xlsx"
    with zipfile.ZipFile(source) as package, zipfile.ZipFile(talked, "w") as copy:
        for part in package.namelist():
            copy.writestr(part, package.read(part).replace("<author>李四".encode(), b"<author>tc={1}"))
    made = write_returned(talked, NAME, problems("B3"), tmp_path / "out.xlsx")
    book = openpyxl.load_workbook(made.path)
    assert book["产出"]["B3"].comment.text == "待核"
    assert book["产出"]["B3"].fill.fgColor.rgb == MARK_FILL["error"]
    assert "批注对话" in "".join(str(book["问题清单"].cell(row, 1).value) for row in range(1, 7))


def test_a_workbook_without_formats_is_marked(tmp_path: Path) -> None:
    source = rich(tmp_path / "in.xlsx")
    bare = tmp_path / "bare.xlsx"
    with zipfile.ZipFile(source) as package, zipfile.ZipFile(bare, "w") as copy:
        for part in package.namelist():
            content = package.read(part)
            if part == "xl/styles.xml":
                continue
            content = re.sub(rb"<(?:Override|Relationship) [^<>]*styles[^<>]*>", b"", content)
            content = re.sub(rb"<conditionalFormatting.*?</conditionalFormatting>", b"", content)
            copy.writestr(part, re.sub(rb' (?:s|style)="\d+"', b"", content) if "sheet1.xml" in part else content)
    made = write_returned(bare, NAME, problems("B3"), tmp_path / "out.xlsx")
    assert made.kind == "workbook"
    assert openpyxl.load_workbook(made.path)["产出"]["B3"].fill.fgColor.rgb == MARK_FILL["error"]


def test_only_one_sheet_is_selected(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "in.xlsx")
    sheets: list[Worksheet] = [book.add_worksheet(title) for title in ("产出", "二", "三")]
    for sheet in sheets:
        sheet.select()
    sheets[2].activate()
    sheets[1].set_first_sheet()
    book.close()
    made = openpyxl.load_workbook(
        write_returned(tmp_path / "in.xlsx", NAME, problems("B3"), tmp_path / "out.xlsx").path
    )
    assert [sheet.title for sheet in made.worksheets if sheet.sheet_view.tabSelected] == ["问题清单"]
    assert (made.active.title, made.views[0].firstSheet) == ("问题清单", 0)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.long
def test_libreoffice_opens_what_is_given_back(source: Path, tmp_path: Path) -> None:
    made = write_returned(source, NAME, problems(*MARKED), tmp_path / "out.xlsx")
    home = f"-env:UserInstallation=file://{tmp_path}/home"
    subprocess.run(
        ["soffice", home, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(made.path)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert (tmp_path / "out.pdf").stat().st_size > 1000
