"""The lists as tables and on paper: headers, totals, ways into the details, what is printed and how large."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from builders.office import converted, needs_office, printed, uncalculated
from builders.reports import renamed, sample_report
from conftest import SampleRun
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.worksheet import Worksheet

from efficiency.reports.officials import write_officials
from efficiency.reports.report import Report
from efficiency.reports.workbook import Field, unique_headers
from efficiency.reports.workbook.widths import fitted, lines_taken, measured

LISTS = ("升级改造", "关停", "并转", "对接头部企业", "全部分级", "评分明细", "未参评与数据不足")
MARGINS = 0.6
"""Inches that a page of a list leaves blank left and right together."""
WIDEST_DIGIT = 7.42
"""Pixels of a digit of the font by which columns are measured, in size 10 at 96 dots an inch, before it is rounded."""
NAMES = ("=1+1", "<r>公司</r>", "甲" * 200, "🏭工厂", '"引号"&公司')


@pytest.fixture(scope="module")
def report() -> Report:
    made = sample_report(120, unrated=9)
    return renamed(made, dict(zip(made.scores["uscc"].to_list(), NAMES, strict=False)))


@pytest.fixture(scope="module")
def path(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("paper") / "能耗产出效益评价_2026-10.xlsx"
    write_officials(path, report)
    return path


@pytest.fixture(scope="module")
def book(path: Path) -> Workbook:
    return openpyxl.load_workbook(path)


def shown(sheet: Worksheet) -> dict[int, float]:
    """Number of each column that is not folded away → its width."""
    columns = {at: sheet.column_dimensions[get_column_letter(at)] for at in range(1, sheet.max_column + 1)}
    return {at: column.width for at, column in columns.items() if not column.hidden}


def on_paper(sheet: Worksheet) -> dict[int, float]:
    """Number of each column that is printed → its width."""
    _, _, last, _ = range_boundaries(str(sheet.print_area).split("!")[1].replace("$", ""))
    return {at: width for at, width in shown(sheet).items() if at <= last}


@pytest.mark.parametrize("title", LISTS)
def test_a_list_is_a_table_whose_columns_are_called_what_its_headers_say(book: Workbook, title: str) -> None:
    sheet = book[title]
    headers = [cell.value for cell in sheet[3]]
    assert all(isinstance(header, str) and header for header in headers)
    assert max(Counter(str(header).casefold() for header in headers).values()) == 1
    (table,) = sheet.tables.values()
    assert [column.name for column in table.tableColumns] == headers
    assert table.tableStyleInfo.showRowStripes
    first_column, first_row, last_column, _ = range_boundaries(table.ref)
    assert (first_column, first_row, last_column) == (1, 3, len(headers))
    assert not [merged for merged in sheet.merged_cells.ranges if not merged.isdisjoint(CellRange(table.ref))]


def test_no_two_tables_of_the_workbook_have_one_name(book: Workbook) -> None:
    names = [name.casefold() for sheet in book for name in sheet.tables]
    assert len(names) == len(set(names)) >= len(LISTS)


@pytest.mark.parametrize("title", LISTS)
def test_every_header_has_a_note_that_says_what_it_means(book: Workbook, title: str) -> None:
    assert [cell.value for cell in book[title][3] if cell.comment is None or not cell.comment.text] == []


@pytest.mark.parametrize("title", LISTS)
def test_what_is_not_for_paper_is_grouped_and_folded_away(book: Workbook, title: str) -> None:
    sheet = book[title]
    assert 5 <= len(on_paper(sheet)) <= 14
    hidden = {letter for letter, column in sheet.column_dimensions.items() if column.hidden}
    assert hidden
    assert {sheet.column_dimensions[letter].outlineLevel for letter in hidden} == {1}
    # The way into the details is seen, and not printed.
    if title != "评分明细":
        way = next(cell.column for cell in sheet[3] if cell.value == "明细")
        assert way in shown(sheet)
        assert way not in on_paper(sheet)


@pytest.mark.parametrize("title", LISTS)
def test_letters_of_lists_are_nine_points_on_paper(book: Workbook, title: str) -> None:
    sheet = book[title]
    width = sum(on_paper(sheet).values()) * WIDEST_DIGIT / 96
    scale = min(1.0, (297 / 25.4 - MARGINS) / width)
    sizes = {cell.font.sz for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert min(sizes) * scale >= 9


@pytest.mark.parametrize("title", LISTS)
def test_a_bar_shows_a_figure_only_where_the_column_holds_figures(book: Workbook, title: str) -> None:
    sheet = book[title]
    for formats in sheet.conditional_formatting:
        column, first, _, last = range_boundaries(str(formats.sqref))
        values = [sheet.cell(row, column).value for row in range(first, last + 1)]
        assert all(value is None or isinstance(value, int | float) for value in values)


def test_an_empty_list_has_no_table_and_is_not_printed(tmp_path: Path, report: Report) -> None:
    none = report.candidates.filter(pl.col("list") != "shutdown")
    write_officials(tmp_path / "out.xlsx", replace(report, candidates=none))
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["关停"]
    assert not sheet.tables
    first, _, last, _ = range_boundaries(str(sheet.print_area).split("!")[1].replace("$", ""))
    assert all(sheet.column_dimensions[get_column_letter(column)].hidden for column in range(first, last + 1))


@pytest.mark.long
@needs_office
@pytest.mark.filterwarnings("ignore:Unknown extension", "ignore:Conditional Formatting extension")
def test_a_spreadsheet_program_calculates_the_stored_totals_and_finds_every_detail(path: Path, tmp_path: Path) -> None:
    calculated = converted(uncalculated(path, tmp_path / "again.xlsx"), "xlsx", tmp_path)
    stored = openpyxl.load_workbook(path, data_only=True)
    formulas, found = openpyxl.load_workbook(path), openpyxl.load_workbook(calculated, data_only=True)
    compared: Counter[str] = Counter()
    for sheet in formulas:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    value = found[sheet.title][cell.coordinate].value
                    expected = stored[sheet.title][cell.coordinate].value
                    assert value == (pytest.approx(expected) if isinstance(expected, float) else expected)
                    compared[re.split(r"[(,]", str(cell.value))[0]] += 1
    assert compared["=SUBTOTAL"] >= 10
    assert compared["=HYPERLINK"] >= 120


@pytest.mark.long
@needs_office
@pytest.mark.filterwarnings("ignore:Unknown extension", "ignore:Conditional Formatting extension")
def test_the_way_into_the_details_holds_when_they_are_sorted_otherwise(path: Path, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(path)
    sheet, details = book["全部分级"], book["评分明细"]
    rows = range(4, 4 + 120)
    before = [[details.cell(row, column).value for column in (1, 2)] for row in rows]
    for row, values in zip(rows, reversed(before), strict=True):
        for column, value in enumerate(values, start=1):
            details.cell(row, column).value = value
    at = {str(cell.value): cell.column for cell in sheet[3]}
    for row in rows:
        formula = str(sheet.cell(row, at["明细"]).value)
        sheet.cell(row, at["明细"]).value = "=" + formula.removeprefix("=HYPERLINK(").removesuffix(',"查看")')
    book.save(tmp_path / "sorted.xlsx")
    found = openpyxl.load_workbook(converted(tmp_path / "sorted.xlsx", "xlsx", tmp_path), data_only=True)
    for row in rows:
        line = str(found["全部分级"].cell(row, at["明细"]).value).removeprefix("#'评分明细'!A")
        code = found["全部分级"].cell(row, at["统一社会信用代码"]).value
        assert details.cell(int(line), 2).value == code


@needs_office
def test_the_sample_is_printed_on_few_pages_and_none_is_empty_or_small(sample_run: SampleRun, tmp_path: Path) -> None:
    pages = printed(sample_run.reports / "能耗产出效益评价_2026-10.xlsx", tmp_path)
    # With an earlier month there is one page more, that of 得分变动.
    assert len(pages) <= 29
    assert min(len(page.words) for page in pages) > 20
    ours = [page for page in pages if re.search("建议名单|分级结果|评分明细|不足企业名单|方法说明", page.text)]
    assert len(ours) > 20
    assert min(page.least for page in ours if page.least is not None) >= 8.95


@given(st.lists(st.text(max_size=300), max_size=12))
def test_headers_are_unique_and_never_empty_for_all_titles(titles: list[str]) -> None:
    headers = unique_headers(titles)
    assert len({header.casefold() for header in headers}) == len(titles)
    assert all(header and "\n" not in header and len(header) <= 255 for header in headers)


@given(
    st.lists(st.text(alphabet="长a1，(", max_size=120), min_size=1, max_size=8), st.floats(20, 80), st.floats(20, 80)
)
def test_texts_share_the_page_and_a_share_never_costs_lines(texts: list[str], one: float, other: float) -> None:
    frame = pl.DataFrame({"a": texts, "b": texts[::-1]})
    fields = [Field("a", "甲", "text", one), Field("b", "乙", "text", other)]
    widths = measured(frame, fields)
    made = fitted(fields, widths)
    assert sum(field.width for field in made) == pytest.approx(
        sum(field.width for field in fitted(fields, widths.clear())), abs=0.1
    )
    assert lines_taken(widths, made).sum() <= lines_taken(widths, fitted(fields, widths.clear())).sum()
