"""Every kind of file is read with its exact figures at their exact places; what cannot be read is one plain reason."""

import io
import struct
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from builders.mutants import encrypted
from builders.xls import compound

from efficiency.cell_addresses import column_letters, column_number
from efficiency.intake.formats import MAX_EXPANDED, Grid, UnreadableError, cells_of_rows, grid_of_cells, read_grids
from efficiency.intake.formats.binary.xls import xls_metadata
from efficiency.intake.formats.binary.xlsb import xlsb_metadata, xlsb_sheets
from efficiency.intake.formats.csv import as_utf8, delimited_columns
from efficiency.intake.formats.grid import position_of
from efficiency.intake.formats.limits import MAX_ENTRIES
from efficiency.intake.formats.markup.ods import ods_metadata


def workbook(path: Path, fill: Callable[[Any, Any], object]) -> Path:
    book = xlsxwriter.Workbook(path)
    fill(book, book.add_worksheet("表"))
    book.close()
    return path


def cell(grid: Grid, row: int, column: int) -> object:
    number, text = grid.numbers[column][row], grid.texts[column][row]
    return text if number is None else number


def test_figures_are_exact_and_positions_absolute(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write(4, 2, 0.1 + 0.2)
        sheet.write(4, 3, 1 / 3)
        sheet.write_datetime(5, 2, date(2026, 11, 3), book.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_boolean(5, 3, True)
        sheet.write_string(6, 2, "0100")
        sheet.write_string(6, 3, "  ")
        sheet.merge_range(8, 2, 9, 3, "合并")

    grid = read_grids(workbook(tmp_path / "a.xlsx", fill))[0]
    assert (grid.first_row, grid.first_column, grid.row_number(0), grid.letters(0)) == (4, 2, 5, "C")
    assert [cell(grid, 0, 1), cell(grid, 1, 0), cell(grid, 1, 1)] == [
        pytest.approx(1 / 3, abs=1e-15),
        "2026-11-03",
        "TRUE",
    ]
    assert [cell(grid, 2, 0), cell(grid, 2, 1)] == ["0100", None]
    assert list(grid.merges) == [(4, 0, 5, 1)]


def test_error_cells_and_formulas_without_a_cached_value_are_never_blank(tmp_path: Path) -> None:
    def fill(_: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write(0, 0, "x")
        sheet.write_formula(1, 0, "=1/0", None, "#DIV/0!")
        sheet.write_formula(2, 0, "=A1&B1", None, "")
        sheet.write_formula(3, 0, "=SUM(B1:B9)")
        sheet.write_formula(4, 0, "=1+1", None, 2)

    grid = read_grids(workbook(tmp_path / "a.xlsx", fill))[0]
    assert [cell(grid, row, 0) for row in range(1, 5)] == ["#DIV/0!", "=A1&B1", "=SUM(B1:B9)", 2.0]
    assert grid.marked == {(1, 0), (2, 0), (3, 0)}


@pytest.mark.parametrize("plain", [True, False])
def test_formulas_without_a_result_beside_and_below_the_last_value_are_not_lost(tmp_path: Path, plain: bool) -> None:
    def fill(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write(1, 1, "x")
        sheet.write_formula(1, 2, "=1+1", None, "")
        sheet.write_formula(3, 0, "=2+2", None, "")
        book.add_worksheet("汇总").write_formula(4, 4, "=表!B2", None, "")
        if not plain:
            sheet.write_datetime(1, 1, datetime(2026, 10, 1, 12), book.add_format({"num_format": "yyyy-mm-dd hh:mm"}))

    first, second = read_grids(workbook(tmp_path / "a.xlsx", fill))
    assert (first.first_row, first.first_column, first.height, first.width) == (1, 0, 3, 3)
    assert (cell(first, 0, 2), cell(first, 2, 0), cell(first, 1, 1)) == ("=1+1", "=2+2", None)
    assert first.marked == {(0, 2), (2, 0)}
    assert (second.first_row, second.first_column, cell(second, 0, 0)) == (4, 4, "=表!B2")


def test_a_far_formula_without_a_result_refuses_its_sheet(tmp_path: Path) -> None:
    def fill(_: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write(0, 0, "x")
        sheet.write_formula(1_000_000, 16_000, "=1+1", None, "")

    assert "1000001 行" in (read_grids(workbook(tmp_path / "a.xlsx", fill))[0].refusal or "")


def test_a_text_formula_that_yields_nothing_is_blank(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", lambda _, sheet: (sheet.write(0, 0, "x"), sheet.write(1, 1, 1)))
    changed = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith("sheet1.xml"):
                data = data.replace(b'<c r="B2"><v>1</v></c>', b'<c r="B2" t="str"><f>IF(A1="","",1)</f><v></v></c>')
            target.writestr(name, data)
    path.write_bytes(changed.getvalue())
    assert not read_grids(path)[0].marked


def test_hidden_sheets_are_named_and_not_read(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write(0, 0, "x")
        hidden = book.add_worksheet("底稿")
        hidden.write(0, 0, "y")
        hidden.hide()

    assert [(grid.sheet, grid.hidden, grid.height) for grid in read_grids(workbook(tmp_path / "a.xlsx", fill))] == [
        ("表", False, 1),
        ("底稿", True, 0),
    ]


def test_a_far_stray_cell_refuses_its_sheet_and_no_other(tmp_path: Path) -> None:
    def fill(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.write(0, 0, "x")
        sheet.write(1_048_575, 16_383, 1)
        book.add_worksheet("好").write(0, 0, "y")

    first, second = read_grids(workbook(tmp_path / "a.xlsx", fill))
    assert first.refusal is not None
    assert "1048576 行" in first.refusal
    assert (second.refusal, second.height) == (None, 1)


def test_a_long_narrow_sheet_is_not_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", lambda _, sheet: (sheet.write(0, 0, "x"), sheet.write(300_000, 1, 1)))
    assert read_grids(path)[0].height == 300_001


def zipped(entries: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return target.getvalue()


def declaring(size: int) -> bytes:
    """A zip whose one part declares to expand to `size` bytes."""
    data = bytearray(zipped({"xl/workbook.xml": b"x" * 10}))
    central = data.find(b"PK\x01\x02")
    data[central + 24 : central + 28] = struct.pack("<I", size)
    return bytes(data)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("空.xlsx", b"", "0 字节"),
        ("截断.xlsx", zipped({"xl/workbook.xml": b"<workbook/>" * 50})[:120], "已损坏"),
        ("网页.xls", b"\n<html><p>1</p></html>", "网页"),
        ("加密.xlsx", encrypted(), "加密"),
        ("坏.xls", b"\xd0\xcf\x11\xe0" + bytes(3000), "已损坏"),
        ("图片.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(100), "实际是图片"),
        ("炸弹.xlsx", declaring(MAX_EXPANDED + 1), "512 MiB"),
        ("别的.xlsx", zipped({"word/document.xml": b"<w/>"}), "实际是Word 文档"),
        ("打包.xlsx", zipped({"表.csv": b"a,b"}), "实际是zip 压缩包"),
        ("程序.xls", b"MZ\x90\0" + bytes(100), "实际是程序"),
        ("乱.xls", b"\x05\x06" * 50, "已损坏"),
        ("多.xlsx", zipped({f"{number}": b"" for number in range(MAX_ENTRIES + 1)}), "部件"),
        ("二进制.csv", b"\x00\x01\x02\xff\xfe\x00" * 10, "编码"),
        (
            "重复.ods",
            zipped(
                {
                    "content.xml": b'<table:table-row><table:table-cell office:value-type="float" '
                    b'table:number-columns-repeated="99999999"/></table:table-row>'
                }
            ),
            "过大",
        ),
    ],
)
def test_what_cannot_be_read_is_one_plain_reason(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(UnreadableError, match=reason):
        read_grids(path)


def test_a_part_that_holds_more_than_it_declares_is_refused(tmp_path: Path) -> None:
    data = bytearray(zipped({"xl/workbook.xml": b"<workbook/>" * 1000}))
    central = data.find(b"PK\x01\x02")
    data[central + 24 : central + 28] = struct.pack("<I", 5)
    (tmp_path / "谎.xlsx").write_bytes(bytes(data))
    with pytest.raises(UnreadableError):
        read_grids(tmp_path / "谎.xlsx")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_is_read_in_every_usual_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes('标题\r\n\r\n企业名称,营业收入\r\n"甲,公司",1.5\r\n乙公司,2,多\r\n'.encode(encoding))
    grid = read_grids(path)[0]
    assert grid.rows(0, 5) == [
        ["标题", "", ""],
        ["", "", ""],
        ["企业名称", "营业收入", ""],
        ["甲,公司", "1.5", ""],
        ["乙公司", "2", "多"],
    ]


@pytest.mark.parametrize(
    ("text", "width"), [("a;b\n1;2", 2), ("a\tb\tc", 3), ('a,"x\ny"\n1,2', 2), ("", 1), ('a,b\n3" 管,2', 2)]
)
def test_separators_quotes_and_line_breaks_within_cells(text: str, width: int) -> None:
    assert len(delimited_columns(text.encode())) == width


def test_a_code_kept_as_text_by_an_equals_sign_is_that_code() -> None:
    first, second = delimited_columns(b'="0371",x\n"=""91A""",="a"b\n')
    assert (first.to_list(), second.to_list()) == (["0371", "91A"], ["x", '="a"b'])


def test_decoding_names_what_is_no_text() -> None:
    with pytest.raises(UnreadableError, match="编码"):
        as_utf8(b"\xff\xff\xff\xff\x00")


@pytest.mark.parametrize(
    ("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")]
)
def test_columns_are_named_as_the_spreadsheet_does(index: int, letters: str) -> None:
    assert column_letters(index + 1) == letters
    assert column_number(letters) == index + 1


def test_ods_error_cells_are_found_behind_repeated_rows_and_columns() -> None:
    blank = "<table:table-cell/>"
    error = '<table:table-cell calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>'
    content = (
        f'<table:table table:name="表"><table:table-row table:number-rows-repeated="3">{blank}</table:table-row>'
        f'<table:table-row><table:table-cell table:number-columns-repeated="2"/>{error}</table:table-row></table:table>'
    )
    assert ods_metadata(content.encode())["表"].marked == {position_of(3, 2): "#DIV/0!"}


def test_ods_formulas_without_a_result_are_found_and_those_that_yield_nothing_are_not() -> None:
    formula = 'table:formula="of:=[.A1]&amp;2"'
    cells = (
        f"<table:table-cell {formula}/>"
        f"<table:table-cell {formula}><text:p/></table:table-cell>"
        f'<table:table-cell {formula} office:value-type="float" office:value="3"><text:p>3</text:p></table:table-cell>'
    )
    content = f'<table:table table:name="表"><table:table-row>{cells}</table:table-row></table:table>'
    assert ods_metadata(content.encode())["表"].marked == {position_of(0, 0): "=[.A1]&2"}


def test_ods_merged_cells_are_found() -> None:
    merged = '<table:table-cell table:number-columns-spanned="2" table:number-rows-spanned="3"/>'
    single = '<table:table-cell table:number-columns-spanned="1" table:number-rows-spanned="1"/>'
    row = "<table:table-row><table:table-cell/></table:table-row>"
    content = (
        f'<table:table table:name="表">{row}<table:table-row>{single}{merged}<table:covered-table-cell/>'
        f"</table:table-row></table:table>"
    )
    assert ods_metadata(content.encode())["表"].merges == [(1, 1, 3, 2)]


def test_xls_error_cells_are_found_in_the_records() -> None:
    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def sheet_head(start: int) -> bytes:
        return record(0x85, struct.pack("<IHBB", start, 0, 1, 1) + "表".encode("utf-16-le"))

    begin, end = record(0x809, bytes(16)), record(0x0A, b"")
    start = len(begin + sheet_head(0) + end)
    formula = struct.pack("<HHH", 6, 3, 0) + b"\x02\0\x07\0\0\0\xff\xff" + bytes(8)
    value = struct.pack("<HHH", 7, 4, 0) + b"\x2a\x01"
    empty = struct.pack("<HHH", 8, 3, 0) + b"\x03\0\0\0\0\0\xff\xff" + bytes(8)
    zero, one = (struct.pack("<HHHd", 9, column, 0, column) + bytes(8) for column in (0, 1))
    formulas = record(6, formula) + record(6, empty) + record(6, zero) + record(6, one)
    stream = begin + sheet_head(start) + end + begin + formulas + record(0x205, value) + end
    found = xls_metadata(compound(stream))["表"]
    assert found.marked == {position_of(6, 3): "#DIV/0!", position_of(7, 4): "#N/A"}
    assert found.doubtful_formulas == 2  # the empty text and zero: what an uncalculated formula would show
    with pytest.raises(UnreadableError):
        xls_metadata(b"\xd0\xcf\x11\xe0 no compound file")


def test_xlsb_error_cells_are_found_in_the_records() -> None:
    def record(kind: int, body: bytes) -> bytes:
        head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
        return head + bytes([len(body)]) + body

    sheet = (
        record(0, struct.pack("<I", 6) + bytes(13))
        + record(11, struct.pack("<II", 3, 0) + b"\x07")
        + record(3, struct.pack("<II", 4, 0) + b"\x2a")
        + record(9, struct.pack("<IId", 5, 0, 0.0))
        + record(9, struct.pack("<IId", 6, 0, 7.5))
        + record(8, struct.pack("<III", 7, 0, 0))
        + record(176, struct.pack("<IIII", 6, 8, 0, 1))
    )
    text = [struct.pack("<I", len(word)) + word.encode("utf-16-le") for word in ("rId1", "表")]
    found, _ = xlsb_metadata(sheet)
    assert found.marked == {position_of(6, 3): "#DIV/0!", position_of(6, 4): "#N/A"}
    assert (found.merges, found.doubtful_formulas) == ([(6, 0, 8, 1)], 2)
    assert xlsb_sheets(record(156, bytes(8) + b"".join(text))) == [("rId1", "表")]


def test_a_grid_of_rows_counts_what_is_filled() -> None:
    grid = grid_of_cells(cells_of_rows([["a", 1.0, None], ["", " ", None], ["-", 2, "x"]]), "", 1)
    assert grid.filled.to_list() == [2, 0, 3]
    assert (grid.height, grid.width) == (3, 3)
