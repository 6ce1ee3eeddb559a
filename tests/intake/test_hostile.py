"""Hostile files: bounded in memory and time, one plain problem each, and the other files go on.

What could exhaust memory or never end runs in a process of its own with a limited address space and a time limit: an
allocation that fails inside the reader would end the process, tests and all.
"""

import hashlib
import html
import io
import os
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from builders.alone import read_alone
from builders.formulas import OURS
from builders.mutants import CODES, encrypted, record, xlsb, zipped
from builders.xls import biff, compound, one_at
from conftest import efficiency_process

from efficiency.intake.files import InboxFile, inbox_file, list_inbox
from efficiency.intake.read import read_file
from efficiency.intake.read_result import ReadResult

EXTRA_KILOBYTES = 300 << 10

SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEAD = ("统一社会信用代码", "企业名称", "营业收入(万元)")
ROW = (CODES[0], "甲公司", 1.5)


def sheet_xml(rows: str, *, before: str = "", after: str = "") -> bytes:
    return f'<?xml version="1.0"?>{before}<worksheet xmlns="{SPREADSHEET}">{rows}{after}</worksheet>'.encode()


def workbook(**changed: bytes | None) -> bytes:
    """A small sound workbook, whose parts (sheet1, sharedStrings, workbook, …) are replaced or, with None, left out."""
    memory = io.BytesIO()
    book = xlsxwriter.Workbook(memory)
    sheet = book.add_worksheet("2026年10月")
    sheet.write_row(0, 0, HEAD)
    sheet.write_row(1, 0, ROW)
    book.close()
    with zipfile.ZipFile(memory) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for key, data in changed.items():
        name = next((name for name in parts if name.endswith(f"/{key}.xml")), key)
        if data is None:
            del parts[name]
        else:
            parts[name] = data
    return zipped(list(parts.items()))


def cells(*addresses: str) -> bytes:
    """A sheet of the number 1 at each of `addresses`, each in a row of its own."""
    rows = "".join(f'<row r="{address.lstrip("ABCDFX")}"><c r="{address}"><v>1</v></c></row>' for address in addresses)
    return sheet_xml(f"<sheetData>{rows}</sheetData>")


def put(path: Path, data: bytes) -> InboxFile:
    path.write_bytes(data)
    return InboxFile(path, path.name, hashlib.sha256(data).hexdigest(), 0.0)


def reported(parsed: ReadResult) -> list[tuple[str, str]]:
    """(rule, message) of each problem but notes on assumed units."""
    return [row for row in parsed.problems.select("rule", "message").iter_rows() if row[0] != "unit_assumed"]


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str, bytes], ReadResult]:
    return lambda name, data: read_file(put(tmp_path / name, data))


# --- bombs -----------------------------------------------------------------------------------------------------------


def deflated_zeros(megabytes: int) -> bytes:
    return b" " * (megabytes << 20)


def lying(data: bytes, part: str, size: int) -> bytes:
    """`data` with both headers of `part` declaring `size` bytes."""
    changed, place = bytearray(data), 0
    while (place := data.find(b"PK\x01\x02", place)) >= 0:
        length = struct.unpack_from("<H", data, place + 28)[0]
        if data[place + 46 : place + 46 + length].decode() == part:
            local = struct.unpack_from("<I", data, place + 42)[0]
            changed[place + 24 : place + 28] = changed[local + 22 : local + 26] = struct.pack("<I", size)
        place += 4
    return bytes(changed)


LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {name} "{f"&{of};" * 10}">' for of, name in zip("abcdefghi", "bcdefghij", strict=True))
    + "]>"
)
FAR_CELLS = cells("A1", "F500000", "XFD1048576")
CONTENT = (
    '<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x"><office:body><office:spreadsheet>'
    '<table:table table:name="表">{}</table:table></office:spreadsheet></office:body></office:document-content>'
)
ODS_CELL = '<table:table-cell office:value-type="float" office:value="1"{}><text:p>1</text:p></table:table-cell>'


def ods(rows: str) -> bytes:
    manifest = b'<manifest:manifest xmlns:manifest="m"/>'
    return zipped(
        [
            ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
            ("META-INF/manifest.xml", manifest),
            ("content.xml", CONTENT.format(rows).encode()),
        ]
    )


def xlsb_far() -> bytes:
    """A binary workbook whose sheet has a cell in the last row and column of all."""
    with zipfile.ZipFile(io.BytesIO(xlsb({"表": [[1]]}))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    far = record(0, struct.pack("<I", 1_048_575) + bytes(13)) + record(5, struct.pack("<IId", 16_383, 0, 1.0))
    parts["xl/worksheets/rId1.bin"] = parts["xl/worksheets/rId1.bin"].replace(record(146), far + record(146))
    return zipped(list(parts.items()))


BOMBS: dict[str, Callable[[], bytes]] = {
    "一个大部件.xlsx": lambda: workbook(sharedStrings=deflated_zeros(530)),
    "许多部件.xlsx": lambda: zipped([(f"xl/{number}.xml", b"") for number in range(10_001)]),
    "少报大小.xlsx": lambda: lying(workbook(sharedStrings=deflated_zeros(530)), "xl/sharedStrings.xml", 100),
    "少报工作表.xlsx": lambda: lying(workbook(sheet1=deflated_zeros(530)), "xl/worksheets/sheet1.xml", 100),
    "套娃.xlsx": lambda: workbook(**{"xl/内层.zip": zipped([("0", deflated_zeros(100))])}, sheet1=None),
    "三个远处的值.xlsx": lambda: workbook(sheet1=FAR_CELLS),
    "写法不同的远处.xlsx": lambda: workbook(sheet1=FAR_CELLS.replace(b'r="XFD1048576"', b"r='XFD1048576'")),
    "谎报行号.xlsx": lambda: workbook(sheet1=FAR_CELLS.replace(b'row r="1048576"', b'row r="2"')),
    "小写地址.xlsx": lambda: workbook(sheet1=FAR_CELLS.replace(b"XFD", b"xfd")),
    "前缀.xlsx": lambda: workbook(sheet1=FAR_CELLS.replace(b"<c ", b"<x:c ").replace(b"</c>", b"</x:c>")),
    "没有地址.xlsx": lambda: workbook(sheet1=FAR_CELLS.replace(b'<c r="XFD1048576">', b"<c>" + b"</c><c>" * 16_383)),
    "行号溢出.xlsx": lambda: workbook(sheet1=cells("A1", "A4294967295")),
    "地址溢出.xlsx": lambda: workbook(sheet1=cells("A1").replace(b'"A1"', b'"ZZZZZZ99999999999"')),
    "只差一列.xlsx": lambda: workbook(sheet1=cells("A1", "AX1000000")),
    "远处.xlsb": xlsb_far,
    "远处.xls": lambda: compound(biff(one_at(0, 0), one_at(65_535, 65_535))),
    "谎报范围.xls": lambda: compound(biff((0x200, struct.pack("<IIHHH", 0, 0x7FFFFFFF, 0, 65_535, 0)), one_at(0, 0))),
    "倒置范围.xls": lambda: compound(biff((0x200, struct.pack("<IIHHH", 9, 1, 0, 2, 0)), one_at(0, 0))),
    "扇区成环.xls": lambda: compound(biff(one_at(0, 0)), fat=[0xFFFFFFFD, 0xFFFFFFFE, *range(3, 9), 2]),
    "目录成环.xls": lambda: compound(biff(one_at(0, 0)), fat=[0xFFFFFFFD, 1, *range(3, 9), 0xFFFFFFFE]),
    "扇区在外.xls": lambda: compound(biff(one_at(0, 0)), fat=[0xFFFFFFFD, 0xFFFFFFFE, 0x70000000]),
    "流长溢出.xls": lambda: compound(biff(one_at(0, 0)), length=0x7FFFFFFF),
    "重复列.ods": lambda: ods(
        f"<table:table-row>{ODS_CELL}</table:table-row>".replace("{}", ' table:number-columns-repeated="99999999"')
    ),
    "空列后的值.ods": lambda: ods(
        '<table:table-row><table:table-cell table:number-columns-repeated="4000000000"/>'
        f"{ODS_CELL.format('')}</table:table-row>"
    ),
    "空行后的值.ods": lambda: ods(
        f"<table:table-row>{ODS_CELL.format('')}</table:table-row>"
        '<table:table-row table:number-rows-repeated="4000000000"><table:table-cell/></table:table-row>'
        f"<table:table-row>{ODS_CELL.format('')}</table:table-row>"
    ),
    "重复行.ods": lambda: ods(
        f'<table:table-row table:number-rows-repeated="4000000000">{ODS_CELL.format("")}</table:table-row>'
    ),
    "万张工作表.xlsx": lambda: many_sheets(10_000),
    "反复引用的长文.xlsx": lambda: repeated_text("<t>{}</t>"),
    "反复引用的格式文.xlsx": lambda: repeated_text("<r><t>{}</t></r>"),
    "反复的长文.ods": lambda: ods(
        '<table:table-row table:number-rows-repeated="3000">'
        + ODS_CELL.format(' table:number-columns-repeated="1000"').replace("<text:p>1", f"<text:p>{'长' * 20_000}")
        + "</table:table-row>"
    ),
    "十亿空格.ods": lambda: ods(
        "<table:table-row>"
        + ODS_CELL.format("").replace("<text:p>", '<text:p><text:s text:c="999999999"/>')
        + "</table:table-row>"
    ),
    "一行.csv": lambda: b"x" * (50 << 20),
    "一行很宽.csv": lambda: b"," * 16_000 + b"\na" * 100_000,
    "十万列.csv": lambda: b"a" + b",1" * 100_000 + b"\n" + b"b" + b",2" * 100_000,
}  # fmt: skip


def repeated_text(item: str) -> bytes:
    """A workbook of one shared text of 32 000 characters to which 100 000 cells refer; 3 GB once written out."""
    text = item.format("ab" * 16_000)
    cell = '<c r="A{0}" t="s"><v>0</v></c>'
    rows = "".join(f'<row r="{row}">{cell.format(row)}</row>' for row in range(1, 100_001))
    return workbook(
        sheet1=sheet_xml(f"<sheetData>{rows}</sheetData>"),
        sharedStrings=f'<?xml version="1.0"?><sst xmlns="{SPREADSHEET}"><si>{text}</si></sst>'.encode(),
    )


def many_sheets(count: int) -> bytes:
    """A workbook that names its one sheet's part `count` times over."""
    names = "".join(f'<sheet name="表{number}" sheetId="{number}" r:id="rId1"/>' for number in range(1, count + 1))
    return workbook(
        workbook=f'<workbook xmlns="{SPREADSHEET}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/'
        f'relationships"><sheets>{names}</sheets></workbook>'.encode()
    )


@pytest.mark.long
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_one_plain_problem_in_little_memory(tmp_path: Path, name: str) -> None:
    found = read_alone(tmp_path / name, BOMBS[name]())
    assert [rule for rule, _ in found["problems"]] == ["unreadable"], found["problems"]
    assert found["extra"] < EXTRA_KILOBYTES


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("网页.xls", b"<table>" + (b"<tr>" + b"<td>1234.5" * 20) * 5_000),
        ("深.xls", b"<table><tr><td>" * 20_000),
        ("宽.xls", b"<table><tr>" + b"<td rowspan=60000 colspan=1000>1" * 3_000),
        ("文.txt", "企业名称\t营业收入\n".encode("utf-16") + "甲公司\t1,234.5\n".encode("utf-16-le") * 300_000),
        (
            "旧.xls",
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet Name="a">'
            + b"<Table>" + (b"<Row>" + b'<Cell><Data Type="Number">1</Data></Cell>' * 20 + b"</Row>") * 10_000
            + b"</Table></Worksheet></Workbook>",
        ),
    ],
)  # fmt: skip
def test_markup_and_text_of_many_cells_take_little_memory(tmp_path: Path, name: str, data: bytes) -> None:
    """No tree is made of them, and what is spanned or nested is bounded."""
    found = read_alone(tmp_path / name, data)
    assert found["extra"] < EXTRA_KILOBYTES, found


@pytest.mark.parametrize("part", ["sheet1", "sharedStrings", "workbook", "styles"])
def test_entities_are_never_expanded(tmp_path: Path, part: str) -> None:
    with zipfile.ZipFile(io.BytesIO(workbook())) as archive:
        name = next(name for name in archive.namelist() if name.endswith(f"/{part}.xml"))
        xml = archive.read(name).decode()
    # Declared, and used wherever there is text or a name.
    xml = (
        xml.replace("?>", f"?>{LAUGHS}", 1)
        .replace("<v>", "<v>&j;")
        .replace("<t>", "<t>&j;")
        .replace('"2026', '"&j;2026')
    )
    found = read_alone(tmp_path / "实体.xlsx", workbook(**{part: xml.encode()}))
    assert found["extra"] < EXTRA_KILOBYTES
    assert not any("haha" in message for _, message in found["problems"])


@pytest.mark.long
def test_long_runs_of_broken_markup_are_scanned_in_linear_time(tmp_path: Path) -> None:
    for number, run in enumerate(("<c ", "row row ", "<sheet ", "<c t='e' ", "<c r='A1'><f>", ' r="A')):
        read_alone(tmp_path / f"{number}.xlsx", workbook(sheet1=sheet_xml("<sheetData>", after=run * 1_000_000)))
    for number, run in enumerate(
        ("<table:table-row table:number-rows-repeated='9999'>", '<table:table-cell value-type="error">')
    ):
        read_alone(tmp_path / f"{number}.ods", ods(run * 200_000))


@pytest.mark.long
@pytest.mark.parametrize("place", [(0, 0), (1, 3), (2, 0), (2, 2), (3, 0)])
def test_long_texts_are_looked_through_in_linear_time(tmp_path: Path, place: tuple[int, int]) -> None:
    """A text of figures and letters once cost the square of its length: an hour for a cell."""
    head = ["统一社会信用代码", "企业名称", "所属期", "营业收入(万元)"]
    rows = [["2026年10月产出", "", "", ""], head, [CODES[0], "甲公司", "2026年10月", "1"], ["合计", "", "", "1"]]
    for number, run in enumerate(("m2", "1-", "2026年", "(", "〇", "±")):
        rows[place[0]][place[1]] = run * (400_000 // len(run))
        read_alone(tmp_path / f"{number}.csv", "\n".join(map(",".join, rows)).encode())


# --- what describes itself wrongly but can be read -------------------------------------------------------------------


@pytest.mark.parametrize("dimension", ["A1:XFD1048576", "A1", "ZZZ9:A0", "", "B2:C9999999999"])
def test_the_dimension_tag_is_not_believed(read: Callable[[str, bytes], ReadResult], dimension: str) -> None:
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>企业名称</t></is></c>'
        '<c r="B1" t="inlineStr"><is><t>营业收入(万元)</t></is></c></row>'
        '<row r="2"><c r="A2" t="inlineStr"><is><t>甲公司</t></is></c><c r="B2"><v>7</v></c></row>'
    )
    parsed = read(
        "2026年10月.xlsx", workbook(sheet1=sheet_xml(f'<dimension ref="{dimension}"/><sheetData>{rows}</sheetData>'))
    )
    stated = parsed.rows["output"]["revenue"].to_list()
    assert stated == [7.0] or [rule for rule, _ in reported(parsed)] == ["unreadable"]


def test_cells_out_of_order_and_twice_are_read_or_refused_but_never_lost(
    read: Callable[[str, bytes], ReadResult],
) -> None:
    shuffled = (
        '<row r="3"><c r="B3"><v>3</v></c><c r="A3" t="inlineStr"><is><t>乙公司</t></is></c></row>'
        '<row r="2"><c r="B2"><v>7</v></c><c r="A2" t="inlineStr"><is><t>甲公司</t></is></c>'
        '<c r="B2"><v>8</v></c></row>'
        '<row r="1"><c r="B1" t="inlineStr"><is><t>营业收入(万元)</t></is></c>'
        '<c r="A1" t="inlineStr"><is><t>企业名称</t></is></c></row>'
    )
    parsed = read("2026年10月.xlsx", workbook(sheet1=sheet_xml(f"<sheetData>{shuffled}</sheetData>")))
    assert parsed.submissions["rows_total"].to_list() == [2]
    assert dict(parsed.rows["output"].select("name", "revenue").iter_rows()) == {"甲公司": 8.0, "乙公司": 3.0}


def test_a_shared_text_that_is_not_there_is_no_crash(read: Callable[[str, bytes], ReadResult]) -> None:
    parsed = read("a.xlsx", workbook(sheet1=cells("A1").replace(b"<c ", b'<c t="s" ').replace(b"<v>1", b"<v>999999")))
    assert parsed.problems.height == 1


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "xl/../../x", "C:\\x"])
def test_member_names_that_lead_elsewhere_write_nothing(tmp_path: Path, name: str) -> None:
    box = tmp_path / "里"
    box.mkdir()
    parsed = read_file(put(box / "2026年10月.xlsx", workbook(**{name: b"x"})))
    assert parsed.rows["output"].height == 1
    assert [path.name for path in tmp_path.rglob("*")] == ["里", "2026年10月.xlsx"]


def test_macros_and_outside_links_are_passed_over(read: Callable[[str, bytes], ReadResult]) -> None:
    link = b'<externalLink><externalBook r:id="rId1"/></externalLink>'
    place = b'Id="rId1" Target="http://127.0.0.1:9/x.xlsx" TargetMode="External"'
    target = b"<Relationships><Relationship " + place + b"/></Relationships>"
    parts = {
        "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0" + bytes(600),
        "xl/externalLinks/externalLink1.xml": link,
        "xl/externalLinks/_rels/externalLink1.xml.rels": target,
    }
    data = workbook(**parts)
    assert read("2026年10月.xlsm", data).rows["output"].height == 1


def test_a_very_long_text_is_kept_and_its_problem_stays_readable(read: Callable[[str, bytes], ReadResult]) -> None:
    long = "长" * 100_000
    with zipfile.ZipFile(io.BytesIO(workbook())) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    text = f'<c r="C2" t="inlineStr"><is><t>{long}</t></is></c>'.encode()
    parsed = read("2026年10月.xlsx", workbook(sheet1=sheet.replace(b'<c r="C2"><v>1.5</v></c>', text)))
    assert "not_a_number" in [rule for rule, _ in reported(parsed)]


# --- not what they are called ----------------------------------------------------------------------------------------

NOT_SPREADSHEETS = {
    "空.xlsx": (b"", "0 字节"),
    "空.csv": (b"", "0 字节"),
    "网页.xls": (b"<html><body><p>1</p></body></html>", "网页"),
    "标记.xlsx": (b'<?xml version="1.0"?><Workbook/>', "XML"),
    "文本.xls": ("企业名称 营业收入\n甲公司 1\n".encode(), "电子表格"),
    "文档.xlsx": (zipped([("word/document.xml", b"<w/>"), ("[Content_Types].xml", b"<Types/>")]), "Word"),
    "加密.xlsx": (encrypted(), "加密"),
    "密码.xls": (compound(biff()[:20] + struct.pack("<HHHHH", 0x2F, 6, 1, 1, 1)), "加密"),
    "零.csv": (b"a,b\0\n1,2\n" * 9, "编码"),
    "零零.csv": (b"a,b\0\n1,2\n" * 10, "编码"),
    "乱码.csv": (b"\xff\xff\x81\xff" * 99, "编码"),
}  # fmt: skip


def test_damage_that_makes_the_cell_reader_panic_is_found_before_it_shouts(
    read: Callable[[str, bytes], ReadResult], capfd: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(io.BytesIO(xlsb({"表": [[1]]}))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    relations = "xl/_rels/workbook.bin.rels"
    for damaged in (b"<Relationships/>", parts[relations].replace(b"Target=", b"Tarjet=")):
        assert reported(read("表.xlsb", zipped(list({**parts, relations: damaged}.items()))))[0][0] == "unreadable"
    short = compound(biff())
    directory = short[:1024] + short[1024 : 1024 + 200]
    assert reported(read("表.xls", directory))[0][0] == "unreadable"
    assert "panicked" not in capfd.readouterr().err


@pytest.mark.parametrize("name", NOT_SPREADSHEETS)
def test_what_is_no_spreadsheet_says_so_once(read: Callable[[str, bytes], ReadResult], name: str) -> None:
    data, reason = NOT_SPREADSHEETS[name]
    ((rule, message),) = reported(read(name, data))
    assert rule == "unreadable"
    assert reason in message


@pytest.mark.parametrize(
    "text",
    [
        "企业名称,营业收入(万元)\r\n甲公司,1\n乙公司,2\r丙公司,3\r\n",
        '企业名称,营业收入(万元)\n"甲公司,1\n乙公司,2\n',
        '企业名称,营业收入(万元)\n甲"公"司,1\n"乙公司",2\n',
    ],
)
def test_odd_line_ends_and_quotes_lose_no_row_in_silence(read: Callable[[str, bytes], ReadResult], text: str) -> None:
    parsed = read("2026年10月.csv", text.encode())
    counts = parsed.submissions.row(0, named=True)
    assert counts["rows_total"] == parsed.rows["output"]["row"].n_unique() + sum(
        counts[f"rows_{kind}"] for kind in ("totals", "notes", "blank", "rejected")
    )
    assert counts["rows_total"] >= 1


# --- the inbox -------------------------------------------------------------------------------------------------------


def test_links_pipes_and_unreadable_files_are_told_and_never_waited_for(tmp_path: Path) -> None:
    inbox, outside = tmp_path / "inbox", tmp_path / "outside"
    inbox.mkdir()
    outside.mkdir()
    (outside / "secret.xlsx").write_bytes(workbook())
    (inbox / "好.xlsx").write_bytes(workbook())
    (inbox / "外面.xlsx").symlink_to(outside / "secret.xlsx")
    (inbox / "绝对").symlink_to("/")
    (inbox / "环.xlsx").symlink_to(inbox / "环.xlsx")
    (inbox / "上级").symlink_to(inbox)
    (inbox / "断.xlsx").symlink_to(inbox / "没有.xlsx")
    (inbox / "设备.csv").symlink_to("/dev/zero")
    (inbox / "文件夹.xlsx").mkdir()
    (inbox / "文件夹.xlsx" / "里面.csv").write_text("企业名称\n甲\n")
    os.mkfifo(inbox / "管道.csv")
    files, problems = list_inbox(inbox)
    assert sorted(file.name for file in files) == ["好.xlsx", "文件夹.xlsx/里面.csv"]
    assert dict(problems.select("file_name", "rule").iter_rows()) == dict.fromkeys(
        ("外面.xlsx", "绝对", "环.xlsx", "上级", "断.xlsx", "设备.csv", "管道.csv"), "unreadable"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_told(tmp_path: Path) -> None:
    (tmp_path / "锁.xlsx").write_bytes(workbook())
    (tmp_path / "锁.xlsx").chmod(0)
    files, problems = list_inbox(tmp_path)
    assert not files
    assert problems["rule"].to_list() == ["unreadable"]


def test_a_file_that_vanishes_or_may_not_be_opened_after_listing_is_one_problem(tmp_path: Path) -> None:
    path = tmp_path / "走了.xlsx"
    path.write_bytes(workbook())
    file = inbox_file(path, path.name)
    path.unlink()
    assert [rule for rule, _ in reported(read_file(file))] == ["unreadable"]
    path.mkdir()
    assert [rule for rule, _ in reported(read_file(file))] == ["unreadable"]


# --- the whole run ---------------------------------------------------------------------------------------------------

FORMULAS = ('=HYPERLINK("http://x","点")', "+1+1公司", "-2+3公司", "@SUM(A1)公司", "\t=1+1公司", "=cmd|' /C calc'!A0")


def code(number: int) -> str:
    """A valid 统一社会信用代码."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = f"9137030000000{number:04d}"
    total = sum(alphabet.index(sign) * pow(3, place, 31) for place, sign in enumerate(body))
    return body + alphabet[(31 - total % 31) % 31]


@pytest.fixture(scope="module")
def hostile_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over an inbox of enterprises called like formulas, with some of the worst files beside."""
    folder = tmp_path_factory.mktemp("hostile")
    inbox = folder / "inbox"
    inbox.mkdir()
    names = [*FORMULAS, *(f"常规{number}公司" for number in range(10))]
    codes = [code(number) for number in range(1, len(names) + 1)]
    book = xlsxwriter.Workbook(inbox / "报表.xlsx", {"strings_to_formulas": False, "strings_to_urls": False})
    register = book.add_worksheet("企业名录")
    register.write_row(0, 0, ["统一社会信用代码", "企业名称", "行业代码", "镇办", "规模", "资质荣誉"])
    land = book.add_worksheet("用地")
    land.write_row(0, 0, ["统一社会信用代码", "企业名称", "自有用地面积(亩)"])
    output = book.add_worksheet("2026年1-10月产出")
    output.write_row(0, 0, ["统一社会信用代码", "企业名称", "营业收入(万元)", "实缴税金(万元)", "工业增加值(万元)"])
    last_year = book.add_worksheet("2025年1-10月产出")
    last_year.write_row(0, 0, ["统一社会信用代码", "企业名称", "营业收入(万元)", "实缴税金(万元)", "工业增加值(万元)"])
    whole_year = book.add_worksheet("2025年产出")
    whole_year.write_row(0, 0, ["统一社会信用代码", "企业名称", "营业收入(万元)", "实缴税金(万元)", "工业增加值(万元)"])
    for row, (number_, name) in enumerate(zip(codes, names, strict=True), start=1):
        for column, text in enumerate([number_, name, "3071", "=镇", "规上", "+高新技术企业"]):
            register.write_string(row, column, text)
        land.write_string(row, 0, number_)
        land.write_string(row, 1, name)
        land.write_number(row, 2, 10 + row)
        for sheet, factor in ((output, 10), (last_year, 9), (whole_year, 11)):
            sheet.write_string(row, 0, number_)
            sheet.write_string(row, 1, name)
            sheet.write_number(row, 2, 100.0 * factor + row)
            sheet.write_number(row, 3, 5.0 * factor + row)
            sheet.write_number(row, 4, 20.0 * factor + row)
    # A figure that is none, so that the workbook is given back with comments and a list.
    output.write_string(1, 2, "=1+1|cmd")
    output.write_string(2, 2, "@坏")
    book.close()
    (inbox / "远处.xlsx").write_bytes(workbook(sheet1=FAR_CELLS))
    (inbox / "万张.xlsx").write_bytes(many_sheets(3_000))
    (inbox / "=cmd.csv").write_text("企业名称,=营业收入\n=1+1,@x\n")
    (inbox / "空.xls").write_bytes(b"")
    os.mkfifo(inbox / "管道.csv")
    (inbox / "环.xlsx").symlink_to(inbox / "环.xlsx")
    efficiency_process("run", "--inbox", inbox, "--period", "2026-10", "--json", cwd=folder)
    return folder


def test_the_run_goes_on_and_tells_each_hostile_file_once(hostile_run: Path) -> None:
    import duckdb

    with duckdb.connect(str(hostile_run / "warehouse" / "efficiency.duckdb"), read_only=True) as connection:
        unreadable = connection.sql("SELECT file_name FROM intake.problems WHERE rule = 'unreadable'").fetchall()
        names = connection.sql("SELECT name FROM results.scores").fetchall()
    assert sorted(name for (name,) in unreadable) == sorted(["远处.xlsx", "万张.xlsx", "空.xls", "管道.csv", "环.xlsx"])
    assert {name.strip() for name in FORMULAS} <= {name for (name,) in names}


def test_no_text_becomes_a_formula_in_anything_that_is_written(hostile_run: Path) -> None:
    written = sorted((hostile_run / "output").rglob("*.xlsx"))
    assert {"退回", "2026-10"} <= {path.parent.name for path in written}
    seen: list[str] = []
    for path in written:
        book = openpyxl.load_workbook(path)
        for sheet in book.worksheets:
            # Not iter_rows: a workbook that is given back may hold a cell in the last row and column of all.
            for cell in sheet._cells.values():
                assert cell.data_type != "f" or OURS.fullmatch(str(cell.value)), (
                    path.name,
                    cell.coordinate,
                    cell.value,
                )
                assert cell.hyperlink is None or not re.match("[a-z]+:", cell.hyperlink.target or "")
                seen.append(str(cell.value))
        with zipfile.ZipFile(path) as archive:
            for part in archive.namelist():
                if "worksheets/sheet" in part:
                    found = re.findall(r"<f[^>]*>([^<]*)<", archive.read(part).decode())
                    assert all(OURS.fullmatch(f"={html.unescape(formula)}") for formula in found), (path.name, part)
    for name in FORMULAS:
        assert any(name.strip() in text for text in seen)
