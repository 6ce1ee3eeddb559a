"""The rows of lists: every text as it is, every figure to the last digit, sheets that say how large they are."""

import math
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from builders.reports import renamed, sample_report
from openpyxl.cell.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

from benchmarks import workbooks
from efficiency.reports.officials import write_officials
from efficiency.reports.report import Report
from efficiency.reports.workbook import Field, Page, new_workbook, rows, write_list

NAMES = (
    'A<b>&"c" 公司', " 前后有空格 ", "=SUM(A1)", "_x0041_公司", "两\n行", "+1", "@x", "长" * 60,
    "<r>公司</r>", "<r><t>公司</t></r>",
)  # fmt: skip


@pytest.fixture(scope="module")
def report() -> Report:
    made = sample_report(120, unrated=9)
    return renamed(made, dict(zip(made.scores["uscc"].to_list(), NAMES, strict=False)))


def ranking(path: Path, report: Report) -> Worksheet:
    """The sheet of all ranked enterprises, as openpyxl reads it."""
    write_officials(path / "list.xlsx", report)
    sheet = openpyxl.load_workbook(path / "list.xlsx")["全部分级"]
    assert isinstance(sheet, Worksheet)
    return sheet


def column(sheet: Worksheet, title: str) -> list[Cell]:
    """The cells of the rows below the header `title`, whose line breaks are left out."""
    header = [str(cell.value).replace("\n", "") for cell in sheet[3]]
    cells = (row[header.index(title)] for row in sheet.iter_rows(min_row=4))
    return [cell for cell in cells if isinstance(cell, Cell)]


def test_every_text_stands_in_its_cell_as_it_is(tmp_path: Path, report: Report) -> None:
    names = column(ranking(tmp_path, report), "企业名称")
    order = report.scores.filter(pl.col("status") == "ranked").sort("rank")["name"].to_list()
    assert set(NAMES) < set(order)
    # _x0041_ would mean the letter A: the file must say that the name only looks like that.
    assert [cell.value for cell in names[: len(order)]] == order
    assert {cell.data_type for cell in names[: len(order)]} == {"s"}


def test_a_figure_keeps_every_digit(tmp_path: Path, report: Report) -> None:
    exact = report.scores.with_columns(land=pl.when(pl.col("land").is_not_null()).then(0.1 + 0.2))
    assert column(ranking(tmp_path, replace(report, scores=exact)), "用地(亩)")[0].value == 0.1 + 0.2


def test_every_sheet_says_where_its_cells_end(tmp_path: Path, report: Report) -> None:
    write_officials(tmp_path / "list.xlsx", report)
    sheets = openpyxl.load_workbook(tmp_path / "list.xlsx").worksheets
    with zipfile.ZipFile(tmp_path / "list.xlsx") as book:
        for position, sheet in enumerate(sheets, start=1):
            xml = book.read(f"xl/worksheets/sheet{position}.xml").decode()
            stated = re.search(r'<dimension ref="([^"]+)"', xml)
            assert stated is not None
            # openpyxl calculates it from the cells themselves.
            assert stated[1].split(":")[-1] == sheet.calculate_dimension().split(":")[-1], sheet.title


def test_a_row_is_as_high_as_its_longest_text_takes(tmp_path: Path, report: Report) -> None:
    sheet = ranking(tmp_path, report)
    names = column(sheet, "企业名称")
    (long,) = (cell for cell in names if cell.value == "长" * 60)
    # A Chinese character takes its size, 10 points; the file's width is in pixels of 7, 5 of them blank.
    points = (sheet.column_dimensions[long.column_letter].width * 7 - 5) * 0.75
    lines = math.ceil(60 / (points // 10))
    assert lines > 1
    height = sheet.row_dimensions[long.row].height
    assert 10 * 1.2 * lines <= height <= 10 * 1.6 * (lines + 1)


def test_links_end_where_excel_would_refuse_the_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "LINKS_PER_SHEET", 5)
    frame = pl.DataFrame({"uscc": [f"{number:018}" for number in range(8)], "target": ["internal:'名单'!A1"] * 8})
    with new_workbook(tmp_path / "list.xlsx", datetime(2026, 11, 5, tzinfo=UTC), title="名单") as book:
        fields = [Field("uscc", "统一社会信用代码", "link", 20)]
        write_list(book.workbook.add_worksheet("名单"), book.styles, frame, fields, Page("名单", "户", "名单"))
    sheet = openpyxl.load_workbook(tmp_path / "list.xlsx")["名单"]
    assert isinstance(sheet, Worksheet)
    codes = column(sheet, "统一社会信用代码")
    assert [cell.row for cell in codes if cell.hyperlink] == [4, 5, 6, 7, 8]
    assert codes[4].font.u == "single"
    assert codes[5].font.u is None


def test_nothing_is_left_beside_the_workbook(tmp_path: Path, report: Report) -> None:
    write_officials(tmp_path / "list.xlsx", report)
    assert [path.name for path in tmp_path.iterdir()] == ["list.xlsx"]


def test_the_writers_of_the_benchmark_write_the_same_list(tmp_path: Path) -> None:
    listed = workbooks.listed(300)
    for name, write in workbooks.WRITERS.items():
        write(listed, tmp_path / f"{name}.xlsx")
        assert workbooks.differences(tmp_path / "ours.xlsx", tmp_path / f"{name}.xlsx") == 0
    shorter = tmp_path / "shorter.xlsx"
    workbooks.with_xlsxwriter(listed.head(299), shorter)
    assert workbooks.differences(tmp_path / "ours.xlsx", shorter) > 0
