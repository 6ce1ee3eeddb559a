"""What each file format records and drops: merged cells, formulas without a result, texts in place of numbers."""

import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from builders.mutants import xlsb
from builders.sheets import MONTH, Rows, balanced, counts, inbox_file, problems, stated, write
from builders.xls import compound

from efficiency.intake.files import InboxFile
from efficiency.intake.formats import UnreadableError, read_grids
from efficiency.intake.read import read_file

LONG: list[list[object]] = [
    ["2026年10月能源消费"],
    ["单位详细名称", "能源名称", "计量单位", "消费量"],
    ["甲公司", "电力", "万千瓦时", 3.0],
    [None, "原煤", "吨", 5.0],
    [None, "汽油", "吨", 7.0],
    ["乙公司", "电力", "万千瓦时", 4.0],
]
OF_LONG = [
    ("甲公司", "电力", 3.0),
    ("甲公司", "原煤", 5.0),
    ("甲公司", "汽油", 7.0),
    ("乙公司", "电力", 4.0),
]


def ods(
    path: Path, rows: Rows, merges: Sequence[tuple[int, int, int, int]] = (), uncached: tuple[int, int] = (-1, -1)
) -> InboxFile:
    """An OpenDocument spreadsheet of one sheet; `uncached` is a formula without a cached value."""

    def cell(row: int, column: int, value: object) -> str:
        spans = [(r1 - r0 + 1, c1 - c0 + 1) for r0, c0, r1, c1 in merges if (r0, c0) == (row, column)]
        merged = "".join(
            f' table:number-rows-spanned="{down}" table:number-columns-spanned="{right}"' for down, right in spans
        )
        if (row, column) == uncached:
            return f'<table:table-cell table:formula="of:=1+1"{merged}/>'
        if isinstance(value, float):
            return f'<table:table-cell office:value-type="float" office:value="{value}"{merged}/>'
        kind = ' office:value-type="string"' if value else ""
        return f"<table:table-cell{kind}{merged}><text:p>{value or ''}</text:p></table:table-cell>"

    body = "".join(
        f"<table:table-row>{''.join(cell(row, column, value) for column, value in enumerate(cells))}</table:table-row>"
        for row, cells in enumerate(rows)
    )
    names = "".join(
        f' xmlns:{kind}="urn:oasis:names:tc:opendocument:xmlns:{kind}:1.0"' for kind in ("office", "table", "text")
    )
    content = (
        f"<office:document-content{names}><office:body><office:spreadsheet>"
        f'<table:table table:name="能源">{body}</table:table>'
        f"</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<manifest:file-entry manifest:full-path="/" '
        'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return inbox_file(path)


@pytest.mark.parametrize("ending", [".xlsx", ".ods", ".xlsb"])
def test_an_enterprise_merged_over_its_carriers_is_read_alike_in_every_format(tmp_path: Path, ending: str) -> None:
    merges, path = [(2, 0, 4, 0)], tmp_path / f"表{ending}"
    if ending == ".xlsx":
        file = write(path, {"能源": LONG}, merges)
    elif ending == ".ods":
        file = ods(path, LONG, merges)
    else:
        path.write_bytes(xlsb({"能源": LONG}, merges))
        file = inbox_file(path)
    parsed = balanced(read_file(file))
    assert stated(parsed, "energy", "name", "carrier", "consumption") == OF_LONG
    assert problems(parsed) == []


def test_rows_without_a_name_belong_to_the_enterprise_above_while_the_carrier_changes(tmp_path: Path) -> None:
    path = tmp_path / "表.csv"
    path.write_text("\n".join(",".join(str(cell or "") for cell in row) for row in LONG), encoding="utf-8")
    for file in (inbox_file(path), ods(tmp_path / "表.ods", LONG)):
        parsed = balanced(read_file(file))
        assert stated(parsed, "energy", "name", "carrier", "consumption") == OF_LONG


def test_an_ods_formula_without_a_result_is_refused(tmp_path: Path) -> None:
    parsed = balanced(read_file(ods(tmp_path / "表.ods", LONG, uncached=(5, 3))))
    assert problems(parsed) == [("D6", "formula_uncached", "=1+1")]


def test_a_format_that_does_not_record_whether_formulas_were_calculated_is_noted_once(tmp_path: Path) -> None:
    path = tmp_path / "表.xlsb"
    path.write_bytes(xlsb({"能源": [*LONG, ["丙公司", "电力", "万千瓦时", "=idle"]], "又": LONG}))
    parsed = read_file(inbox_file(path))
    found = parsed.problems.filter(pl.col("rule") == "formula_idle")
    assert found.select("sheet", "value", "severity").rows() == [("", "1", "note")]
    assert ".xlsb" in found["message"][0]


def test_csv_is_read_like_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "2026-10.csv"
    path.write_bytes('企业名称,用水量(立方米),备注\n甲公司,"1,500",x\n\n合计,1500,\n'.encode("gb18030"))
    parsed = balanced(read_file(inbox_file(path)))
    assert stated(parsed, "output", "water", "span_end", "sheet", "row") == [(1500.0, MONTH[1], "", 2)]
    assert counts(parsed) == (3, 1, 0, 1, 0)


def test_a_name_that_begins_like_a_formula_is_a_name(tmp_path: Path) -> None:
    path = tmp_path / "2026-10.csv"
    path.write_text('企业名称,营业收入(万元)\n"=HYPERLINK(""http://x"")",1\n', encoding="utf-8")
    assert stated(read_file(inbox_file(path)), "output", "name") == [('=HYPERLINK("http://x")',)]


# --- what is written otherwise than programs usually write it --------------------------------------------------------


def records(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def old_workbook(
    version: int, code_page: int, texts: Sequence[bytes], *, number_format: str = "", error: int = 0
) -> bytes:
    """A stream of an .xls: one sheet with `texts` in column A as they are stored, a number and an error in column B."""
    begin = records(0x809, struct.pack("<HH", version, 5) + bytes(12 if version > 0x500 else 4))
    wide = version > 0x500
    code = number_format.encode("utf-16-le") if wide else number_format.encode("gb18030")
    stored = struct.pack("<HHB", 164, len(number_format), 1) if wide else struct.pack("<HB", 164, len(code))
    styles = records(0x41E, stored + code) + b"".join(
        records(0xE0, struct.pack("<HH", 0, identifier) + bytes(16 if wide else 12)) for identifier in (0, 164)
    )

    def head(start: int) -> bytes:
        name = "表".encode("utf-16-le") if wide else "表".encode("gbk")
        bound = struct.pack("<IBBB", start, 0, 0, 1 if wide else 2) + (b"\1" if wide else b"") + name
        return begin + records(0x42, struct.pack("<H", code_page)) + styles + records(0x85, bound) + records(0x0A, b"")

    cells = b"".join(
        records(
            0x204, struct.pack("<HHHH", row, 0, 0, len(text) // (2 if wide else 1)) + (b"\1" if wide else b"") + text
        )
        for row, text in enumerate(texts)
    )
    cells += records(0x203, struct.pack("<HHHd", 0, 1, 1, 1234567.0))
    cells += records(0x205, struct.pack("<HHHBB", 1, 1, 0, error, 1))
    sheet = begin + cells + records(0x0A, b"")
    return head(len(head(0))) + sheet


@pytest.mark.parametrize(
    ("version", "code_page", "codec"),
    [
        *((0x600, page, "utf-16-le") for page in (1200, 1252, 936, 0)),
        *((0x500, page, "gbk") for page in (936, 1252, 32769)),
    ],
)
@pytest.mark.parametrize("stream", ["Workbook", "WORKBOOK", "book"])
def test_an_old_workbook_is_read_by_its_true_code_page_whatever_its_stream_is_called(
    tmp_path: Path, version: int, code_page: int, codec: str, stream: str
) -> None:
    data = old_workbook(version, code_page, ["企业名称".encode(codec), "甲公司".encode(codec)], error=0x2B)
    path = tmp_path / "表.xls"
    name, new = "Workbook".encode("utf-16-le"), stream.encode("utf-16-le")
    # Streams that are called Workbook by a name as long, so that only the name changes.
    path.write_bytes(compound(data).replace(name, new.ljust(len(name), b"\0")))
    (grid,) = read_grids(path)
    assert grid.rows(0, 2) == [["企业名称", "1234567"], ["甲公司", "#GETTING_DATA"]]
    assert grid.marked == {(1, 1)}


@pytest.mark.parametrize("version", [0x500, 0x600])
def test_number_formats_of_an_old_workbook_are_kept(tmp_path: Path, version: int) -> None:
    codec = "gbk" if version == 0x500 else "utf-16-le"
    path = tmp_path / "表.xls"
    path.write_bytes(compound(old_workbook(version, 936, ["列".encode(codec)], number_format='0.00,"万元"')))
    (grid,) = read_grids(path)
    assert [(one.power, one.unit) for one in grid.number_formats] == [(3, "万元")]
    assert grid.formats[1].to_list()[0] == 0


def test_number_formats_of_an_ods_are_kept_by_cell_row_and_column(tmp_path: Path) -> None:
    point = '<number:embedded-text number:position="1">.</number:embedded-text>'
    number = f'<number:number number:display-factor="1000">{point}</number:number><number:text>万元</number:text>'
    names = "office table text number style"
    spaces = "".join(f' xmlns:{kind}="urn:oasis:names:tc:opendocument:xmlns:{kind}:1.0"' for kind in names.split())
    plain = (
        '<table:table-cell office:value-type="float" office:value="1234567"><text:p>123.5</text:p></table:table-cell>'
    )
    styled = plain.replace("cell ", 'cell table:style-name="ce1" ', 1)
    content = (
        f"<office:document-content{spaces}><office:automatic-styles>"
        f'<number:number-style style:name="N1">{number}</number:number-style>'
        f'<style:style style:name="ce1" style:family="table-cell" style:data-style-name="N1"/>'
        f"</office:automatic-styles>"
        f'<office:body><office:spreadsheet><table:table table:name="表"><table:table-column/>'
        f'<table:table-column table:default-cell-style-name="ce1"/>'
        f"<table:table-row>{plain}{plain}</table:table-row><table:table-row>{styled}</table:table-row>"
        f"</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    path = tmp_path / "表.ods"
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {"mimetype": kind, "META-INF/manifest.xml": "<m/>", "content.xml": content}.items():
            archive.writestr(name, text)
    (grid,) = read_grids(path)
    assert [(one.power, one.unit) for one in grid.number_formats] == [(4, "万元")]
    assert {column: places.to_list() for column, places in grid.formats.items()} == {0: [None, 0], 1: [0, None]}


def test_an_ods_behind_a_password_is_called_encrypted(tmp_path: Path) -> None:
    path = tmp_path / "表.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/manifest.xml", "<m:file-entry><m:encryption-data/></m:file-entry>")
        archive.writestr("content.xml", b"\x01\x02\x03")
    with pytest.raises(UnreadableError, match="文件已加密"):
        read_grids(path)


def test_an_xls_that_names_a_password_is_called_encrypted(tmp_path: Path) -> None:
    stream = records(0x809, struct.pack("<HH", 0x600, 5) + bytes(12)) + records(0x2F, bytes(6)) + records(0x0A, b"")
    path = tmp_path / "表.xls"
    path.write_bytes(compound(stream))
    with pytest.raises(UnreadableError, match="文件已加密"):
        read_grids(path)
