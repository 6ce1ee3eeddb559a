"""Lists are made by column: what stands in the file is what XlsxWriter would have written cell by cell."""

import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from builders.reports import renamed, sample_report

from benchmarks import workbooks
from efficiency.cell_addresses import column_letters
from efficiency.reports.officials import write_officials
from efficiency.reports.workbook import list_rows, sheets

NAMES = ('A<b>&"c" 公司', " 前后有空格 ", "=SUM(A1)", "_x0041_公司", "两\n行", "+1", "@x", "长" * 60)


@pytest.fixture(scope="module")
def report():
    made = sample_report(120, unrated=9)
    return renamed(made, dict(zip(made.scores["uscc"].to_list(), NAMES, strict=False)))


def write_by_cell(sheet, _book, rows) -> None:
    """The rows as XlsxWriter's own methods write them."""
    texts = [i for i, (_, look) in enumerate(rows.columns) if look.plain.text_wrap]
    widths = {column: (sheet.col_info[column].width - 5) / 7 for column in texts}  # kept in pixels
    for offset, values in enumerate(rows.frame.iter_rows(named=True)):
        row = rows.first + offset
        lines = [sheets.wrapped_lines(values[rows.columns[i][0]] or "", widths[i]) for i in texts]
        sheet.set_row(row, min(sheets.LINE_HEIGHT * max(lines) + 5, 409))
        for column, (name, look) in enumerate(rows.columns):
            value, target = values[name], values.get("target") if offset < list_rows.LINKS_PER_SHEET else None
            if value is None:
                sheet.write_blank(row, column, None, look.plain)
            elif isinstance(value, str) and look.linked is not None and target is not None:
                sheet.write_url(row, column, target, look.linked, value)
            elif isinstance(value, str):
                sheet.write_string(row, column, value, dict(look.by_text).get(value, look.plain))
            else:
                small = look.small is not None and abs(value) < 1
                sheet.write_number(row, column, value, look.small if small else look.plain)


def books(tmp_path: Path, report, monkeypatch: pytest.MonkeyPatch, **changes):
    """The workbook as written cell by cell, and as made by column."""
    for name, value in changes.items():
        monkeypatch.setattr(list_rows, name, value)
    write_officials(tmp_path / "columns.xlsx", report)
    monkeypatch.setattr(sheets, "_write_rows", write_by_cell)
    write_officials(tmp_path / "cells.xlsx", report)
    return [openpyxl.load_workbook(tmp_path / name) for name in ("cells.xlsx", "columns.xlsx")]


def rounded(value):
    return float(f"{value:.14g}") if isinstance(value, float) else value


def look(cell):
    fill = cell.fill.fgColor.rgb if cell.fill.fill_type else None
    aligned = cell.alignment.horizontal, cell.alignment.wrap_text
    return cell.number_format, cell.border.left.style, cell.font.b, cell.font.u, cell.font.color.rgb, fill, aligned


@pytest.mark.parametrize("changes", [{}, {"_CHUNK": 7}])
def test_a_list_made_by_column_says_the_same_in_the_same_formats(
    tmp_path: Path, report, monkeypatch: pytest.MonkeyPatch, changes
) -> None:
    by_cell, by_column = books(tmp_path, report, monkeypatch, **changes)
    assert by_cell.sheetnames == by_column.sheetnames
    for one, other in zip(by_cell, by_column, strict=True):
        assert one.dimensions == other.dimensions
        assert one.auto_filter.ref == other.auto_filter.ref
        heights = [{row: at.height for row, at in sheet.row_dimensions.items()} for sheet in (one, other)]
        assert heights[0] == pytest.approx(heights[1], abs=0.75), one.title  # XlsxWriter rounds to pixels
        for cells, others in zip(one.iter_rows(), other.iter_rows(), strict=True):
            # XlsxWriter keeps 16 digits of a figure, made by column it keeps all.
            assert [rounded(cell.value) for cell in cells] == [rounded(cell.value) for cell in others]
            for cell, same in zip(cells, others, strict=True):
                assert cell.data_type == same.data_type
                assert (cell.hyperlink and cell.hyperlink.location) == (same.hyperlink and same.hyperlink.location)
                if one.title != "概览":
                    assert look(cell) == look(same), f"{one.title}!{cell.coordinate}"


def test_links_end_where_excel_would_refuse_the_sheet(tmp_path: Path, report, monkeypatch: pytest.MonkeyPatch) -> None:
    _, book = books(tmp_path, report, monkeypatch, LINKS_PER_SHEET=5)
    sheet = book["全部分级"]
    linked = [cell.row for row in sheet.iter_rows(min_row=4) for cell in row if cell.hyperlink]
    assert linked == [4, 5, 6, 7, 8]
    assert sheet.cell(9, 4).font.u is None


def test_nothing_is_left_beside_the_workbook(tmp_path: Path, report, monkeypatch: pytest.MonkeyPatch) -> None:
    books(tmp_path, report, monkeypatch)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cells.xlsx", "columns.xlsx"]


def test_a_list_is_packed_at_the_declared_level(tmp_path: Path, report) -> None:
    write_officials(tmp_path / "list.xlsx", report)
    packed = {}
    with zipfile.ZipFile(tmp_path / "list.xlsx") as book:
        entry = max(book.infolist(), key=lambda part: part.file_size)
        for level in (list_rows._COMPRESSION, 6):
            packing = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
            packed[level] = len(packing.compress(book.read(entry)) + packing.flush())
    assert packed[list_rows._COMPRESSION] > packed[6]
    assert entry.compress_size == pytest.approx(packed[list_rows._COMPRESSION], rel=0.002)


def test_columns_are_lettered_as_excel_does() -> None:
    assert [column_letters(i + 1) for i in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]


def test_a_figure_keeps_every_digit(tmp_path: Path, report, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = report.scores.with_columns(land=pl.when(pl.col("land").is_not_null()).then(0.1 + 0.2))
    _, book = books(tmp_path, replace(report, scores=exact), monkeypatch)
    header = [str(cell.value).replace("\n", "") for cell in book["全部分级"][3]]
    assert book["全部分级"].cell(4, header.index("用地(亩)") + 1).value == 0.1 + 0.2


def test_the_writers_of_the_benchmark_write_the_same_list(tmp_path: Path) -> None:
    rows = workbooks.listed(300)
    for name, write in workbooks.WRITERS.items():
        write(rows, tmp_path / f"{name}.xlsx")
        assert workbooks.differences(tmp_path / "ours.xlsx", tmp_path / f"{name}.xlsx") == 0
    shorter = tmp_path / "shorter.xlsx"
    workbooks.with_xlsxwriter(rows.head(299), shorter)
    assert workbooks.differences(tmp_path / "ours.xlsx", shorter) > 0
