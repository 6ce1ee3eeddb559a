"""一页纸 as it comes out of the printer: one upright page, type of nine points, what looks like a formula is text."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from builders.reports import renamed, sample_report, verdict_report
from openpyxl.worksheet.worksheet import Worksheet

from efficiency.reports.content import one_page
from efficiency.reports.officials import write_officials
from efficiency.reports.officials.one_page import HEIGHT, PIXELS, write_one_page
from efficiency.reports.report import Report
from efficiency.reports.text import shortened
from efficiency.reports.workbook import new_workbook

SMALLEST = 9
"""Points of the smallest type."""


def many_lists(report: Report) -> Report:
    number = pl.int_range(pl.len()) % 9
    titles = pl.format("一个名字很长的清单第{}种清单名称", number)
    return replace(
        report,
        candidates=report.candidates.with_columns(list=pl.format("own_{}", number), title=titles),
        warnings=("很长的提示" * 60,) * 5,
    )


def long_names(report: Report) -> Report:
    named = renamed(report, dict.fromkeys(report.scores["uscc"], "名称很长的企业" * 28))
    return replace(named, scores=named.scores.with_columns(town=pl.col("town") + "很长的街道名称" * 20))


CASES: dict[str, Callable[[], Report]] = {
    "plain": lambda: sample_report(120, unrated=9),
    "with verifications": verdict_report,
    "one enterprise": lambda: sample_report(1, unrated=0),
    "many lists": lambda: many_lists(sample_report(120, unrated=9)),
    "long names": lambda: long_names(sample_report(120, unrated=9)),
    "no town": lambda: replace(
        made := sample_report(60), scores=made.scores.with_columns(town=pl.lit(None, pl.String))
    ),
}


def written(path: Path, report: Report, links: dict[str, str] | None = None) -> tuple[Worksheet, float]:
    with new_workbook(path, report.created_at, title="一页纸", enterprises=report.scores.height) as book:
        sheet = book.workbook.add_worksheet("一页纸")
        height = write_one_page(sheet, book.styles, one_page.one_page(report), running="&测试", links=links or {})
        for name in (links or {}).values():
            book.workbook.add_worksheet(name)
    return openpyxl.load_workbook(path)["一页纸"], height


@pytest.mark.parametrize("case", CASES)
def test_the_page_prints_on_one_page_at_full_size(tmp_path: Path, case: str) -> None:
    sheet, height = written(tmp_path / "out.xlsx", CASES[case]())
    assert height <= HEIGHT
    assert height == pytest.approx(sum(sheet.row_dimensions[row].height for row in range(1, sheet.max_row + 1)), abs=15)
    assert (sheet.page_setup.paperSize, sheet.page_setup.orientation or "portrait") == (9, "portrait")
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    # 7.4 pixels a character is what LibreOffice takes where Excel takes 7: the page holds that, too.
    characters = sum(column.width for column in sheet.column_dimensions.values())
    assert characters * 7.4 <= (210 / 25.4 - 0.6) * 96
    assert characters * 7 == pytest.approx(PIXELS, rel=0.01)
    sizes = {cell.font.size for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert min(sizes) >= SMALLEST


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed here")
def test_a_printer_gets_one_sheet_of_paper(tmp_path: Path) -> None:
    written(tmp_path / "out.xlsx", verdict_report(200))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), "out.xlsx"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=180)
    pdf = (tmp_path / "out.pdf").read_bytes()
    assert pdf.count(b"/Type/Page/") + pdf.count(b"/Type /Page ") + pdf.count(b"/Type/Page\n") == 1


def test_no_cells_are_merged_within_a_table(tmp_path: Path) -> None:
    report = verdict_report()
    sheet, _ = written(tmp_path / "out.xlsx", report)
    merged = {area.min_row for area in sheet.merged_cells.ranges}
    assert all((area.min_col, area.max_col, area.size["rows"]) == (1, 5, 1) for area in sheet.merged_cells.ranges)
    headers = [row for row in range(1, sheet.max_row + 1) if sheet.cell(row, 2).value in ("户数", "全部", "建议")]
    assert len(headers) == 4
    for section, header in zip(("overall", "lists", "standing_out", "decisions"), headers, strict=True):
        table = one_page.one_page(report).section(section).table
        assert merged.isdisjoint(range(header, header + len(table.rows) + 1))
        shown = [[sheet.cell(header + 1 + at, column).value for column in range(1, 6)] for at in range(len(table.rows))]
        assert shown == [[one if isinstance(one, str) else pytest.approx(one) for one in row] for row in table.rows]


def test_the_extent_of_the_sheet_is_true(tmp_path: Path) -> None:
    sheet, _ = written(tmp_path / "out.xlsx", verdict_report())
    used = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert sheet.max_row == max(cell.row for cell in used)
    assert sheet.max_column == 5


def test_a_list_leads_to_its_sheet(tmp_path: Path) -> None:
    sheet, _ = written(tmp_path / "out.xlsx", verdict_report(), links={"并转": "并'转"})
    linked = [cell for row in sheet.iter_rows() for cell in row if cell.hyperlink]
    assert [(cell.value, cell.hyperlink.location) for cell in linked] == [("并转", "'并''转'!A1")]


def test_a_list_with_a_long_title_is_reached_and_two_of_one_title_lead_nowhere(tmp_path: Path) -> None:
    made = sample_report(60, unrated=3)
    titles = {"upgrade": "需要整体搬迁改造提升的企业", "merger": "同名", "shutdown": "同名"}
    candidates = made.candidates.with_columns(
        title=pl.col("list").replace(titles), list=pl.col("list").replace({own: f"own_{own}" for own in titles})
    )
    write_officials(tmp_path / "out.xlsx", replace(made, candidates=candidates))
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["一页纸"]
    linked = {str(cell.value): cell.hyperlink.location for row in sheet.iter_rows() for cell in row if cell.hyperlink}
    assert linked[shortened(titles["upgrade"], one_page.TITLE_WIDTH)] == f"'{titles['upgrade']}'!A1"
    assert "同名" not in linked


NASTY = ('=HYPERLINK("http://x","y")', "+1+1", "-2", "@SUM(A1)", "<r><b>x</b></r>", "甲\x00\x0b乙")


def test_names_that_look_like_formulas_stay_text(tmp_path: Path) -> None:
    report = sample_report(60, unrated=3)
    names = {uscc: NASTY[at % len(NASTY)] for at, uscc in enumerate(report.scores["uscc"])}
    moved = renamed(report, names)
    moved = replace(moved, scores=moved.scores.with_columns(town=pl.lit("=1+1")))
    sheet, _ = written(tmp_path / "out.xlsx", moved)
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert not [cell for cell in cells if isinstance(cell.value, str) and "\x00" in cell.value]
