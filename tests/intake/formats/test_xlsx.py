"""Worksheets that the fast reader declines: openpyxl reads them within bounds, calamine what it can beyond them."""

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import openpyxl
import openpyxl.utils
import pytest
from builders.mutants import zipped

from efficiency.intake.files import inbox_file
from efficiency.intake.formats import Grid, read_grids, xlsx
from efficiency.intake.read import read_file

HEAD = ("企业名称", "营业收入(万元)", "实缴税金(万元)")


def changed(change: Callable[[str, str], str], sheets: int = 1) -> bytes:
    """A sound workbook of forms, each of its parts replaced by what `change` makes of its name and text."""
    book, memory = openpyxl.Workbook(), io.BytesIO()
    for number in range(sheets):
        sheet = book.active if number == 0 else book.create_sheet()
        sheet.title = f"2026年{10 - number}月"
        for cells in (HEAD, ("甲公司", 1.5, 2.5), ("乙公司", 3.5, 4.5)):
            sheet.append(cells)
    book.save(memory)
    with zipfile.ZipFile(memory) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    return zipped([(name, change(name, text).encode()) for name, text in parts.items()])


def in_sheet(old: str, new: str, part: str = "sheet1.xml") -> Callable[[str, str], str]:
    """A change of one text of a part, and of the dimension, so that the fast reader declines the worksheet."""

    def change(name: str, text: str) -> str:
        if not name.endswith(part):
            return text
        assert old in text
        return text.replace(old, new).replace('<row r="1"', "<row r='1'")

    return change


def grids(tmp_path: Path, data: bytes) -> list[Grid]:
    (tmp_path / "表.xlsx").write_bytes(data)
    return read_grids(tmp_path / "表.xlsx")


def shown(grid: Grid, row: int, column: int) -> float | str | None:
    number = grid.numbers[column][row]
    return grid.texts[column][row] if number is None else number


B2 = '<c r="B2" t="n"><v>1.5</v></c>'


@pytest.mark.parametrize(
    ("cell", "value", "marked"),
    [
        (B2, 1.5, False),
        ("<c r='B2' t='e'><f>1/0</f><v>#DIV/0!</v></c>", "#DIV/0!", True),
        ('<c r="B2" t="e"><v>#GETTING_DATA</v></c>', "#GETTING_DATA", True),
        ('<c r="B2"><f>A1+1</f></c>', "=A1+1", True),
        ('<c r="B2"><f>A1+1</f><v></v></c>', "=A1+1", True),
        ('<c r="B2" t="str"><f>A1</f><v></v></c>', None, False),
        ('<c t="n"><v>7</v></c>', 7.0, False),
        ('<c t="e"><v>#REF!</v></c>', "#REF!", True),
        ('<c r="B2" t="s"><v>999</v></c>', "#REF!", True),
        ('<c r="B2"><v>1_0</v></c>', "1_0", False),
        ('<c r="B2"><v>１０</v></c>', "１０", False),
        ('<c r="B2" t="b"><v>1</v></c>', "TRUE", False),
        ('<c r="B2" t="str"><v>a_x000D_b</v></c>', "a\rb", False),
        ('<c r="B2" t="str"><v>_x005F_x000D_</v></c>', "_x000D_", False),
        ('<c r="B2" t="d"><v>2026-10-31</v></c>', "2026-10-31", False),
        ('<c r="B2" t="inlineStr"><is><r><t>富</t></r><r><t>文本</t></r></is></c>', "富文本", False),
    ],
)
def test_openpyxl_reads_what_the_fast_reader_declines(
    tmp_path: Path, cell: str, value: float | str | None, marked: bool
) -> None:
    (grid,) = grids(tmp_path, changed(in_sheet(B2, cell)))
    assert (shown(grid, 1, 1), grid.marked == {(1, 1)}, grid.marks_unknown) == (value, marked, False)


def test_durations_are_as_exact_as_they_are_stored_and_negative_dates_are_numbers(tmp_path: Path) -> None:
    book, memory = openpyxl.Workbook(), io.BytesIO()
    for row, (value, code) in enumerate(
        [(123.456789012, "[h]:mm"), (-3.5, "yyyy-mm-dd"), (3e6, "yyyy-mm-dd")], start=1
    ):
        book.active.cell(row, 1, value).number_format = code
    book.active.cell(4, 1, timedelta(hours=36))
    book.save(memory)
    (grid,) = grids(tmp_path, memory.getvalue())
    assert grid.numbers[0].to_list() == [123.456789012, -3.5, 3e6, 1.5]


def test_shared_texts_are_found_where_the_relations_say(tmp_path: Path) -> None:
    data = changed(lambda name, text: text.replace("sharedStrings.xml", "texts.xml"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [(name.replace("sharedStrings", "texts"), archive.read(name)) for name in archive.namelist()]
    (grid,) = grids(tmp_path, zipped(parts))
    assert grid.rows(0, 1) == [list(HEAD)]


def test_a_workbook_counted_from_1904_has_its_dates(tmp_path: Path) -> None:
    book, memory = openpyxl.Workbook(), io.BytesIO()
    book.epoch = openpyxl.utils.datetime.MAC_EPOCH
    book.active["A1"] = 45_000
    book.active["A1"].number_format = "yyyy-mm-dd"
    book.save(memory)
    (grid,) = grids(tmp_path, memory.getvalue())
    assert grid.texts[0].to_list() == ["2027-03-16"]


def test_beyond_the_bound_values_are_read_and_the_submission_says_what_is_not_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "MAX_TAGS", 10)
    path = tmp_path / "表.xlsx"
    path.write_bytes(changed(in_sheet(B2, '<c r="B2"><f>A1+1</f></c>')))
    (grid,) = read_grids(path)
    assert (grid.marks_unknown, shown(grid, 1, 1), shown(grid, 1, 2)) == (True, None, 2.5)
    parsed = read_file(inbox_file(path))
    assert parsed.problems["rule"].to_list() == ["marks_unread"]
    assert "2026年10月" in parsed.problems["message"][0]


@pytest.mark.parametrize(
    "change",
    [
        in_sheet("<worksheet ", '<!DOCTYPE x [<!ENTITY a "1">]><worksheet '),
        in_sheet("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "urn:other"),
        in_sheet("</sheetData>", "</sheetData><mergeCells><mergeCell ref='x'/></mergeCells>"),
    ],
    ids=["entities", "namespace", "merge"],
)
def test_what_openpyxl_may_not_or_cannot_read_calamine_reads(tmp_path: Path, change: Callable[[str, str], str]) -> None:
    (grid,) = grids(tmp_path, changed(change))
    assert grid.refusal is not None or (grid.marks_unknown and shown(grid, 1, 1) == 1.5)


def test_a_worksheet_that_nobody_can_read_is_refused_and_the_others_are_read(tmp_path: Path) -> None:
    broken = in_sheet(B2, "<c r='ZZZZ9999999'><v>1</v></c><c r='B2'><v></c>")
    first, second = grids(tmp_path, changed(broken, sheets=2))
    assert first.refusal is not None
    assert (second.refusal, shown(second, 1, 1)) == (None, 1.5)


def test_a_worksheet_without_its_part_is_refused_and_the_others_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(changed(lambda name, text: text, sheets=2))) as archive:
        parts = [(name, archive.read(name)) for name in archive.namelist() if not name.endswith("sheet2.xml")]
    path = tmp_path / "表.xlsx"
    path.write_bytes(zipped(parts))
    first, second = read_grids(path)
    assert (first.refusal, first.height > 0, second.refusal) == (None, True, "文件已损坏：工作表没有内容")
