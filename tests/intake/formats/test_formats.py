"""What each file format records and drops: merged cells, formulas without a result, texts in place of numbers."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from builders.mutants import xlsb
from builders.sheets import MONTH, Rows, balanced, counts, inbox_file, problems, stated, write

from efficiency.intake.files import InboxFile
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


def test_rows_without_a_name_that_are_not_merged_belong_to_nobody(tmp_path: Path) -> None:
    path = tmp_path / "表.csv"
    path.write_text("\n".join(",".join(str(cell or "") for cell in row) for row in LONG), encoding="utf-8")
    for file in (inbox_file(path), ods(tmp_path / "表.ods", LONG)):
        parsed = balanced(read_file(file))
        assert stated(parsed, "energy", "name", "carrier", "consumption") == [
            (None if carrier in ("原煤", "汽油") else name, carrier, figure) for name, carrier, figure in OF_LONG
        ]


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
