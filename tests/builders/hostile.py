"""Files that cost more to read than they look: a few bytes that stand for much, for every format that is read.

Each is a function that writes one file, within 100 MB and mostly within a few kilobytes; `HOSTILE` names them all.
"""

import io
import struct
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl
from builders.mutants import CODES, record, xlsb, zipped
from builders.xls import compound, one_at

SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
HEAD = "统一社会信用代码,企业名称,营业收入(万元),实缴税金(万元),工业增加值(万元)"
MEBIBYTE = 1 << 20

Written = str | bytes
Maker = Callable[[Path], None]


def package(path: Path, parts: Iterable[tuple[str, Iterable[Written]]]) -> None:
    """A zipped file whose parts are written bit by bit, so that what they expand to need not be held here."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts:
            with archive.open(name, "w") as part:
                for written in content:
                    part.write(written.encode() if isinstance(written, str) else written)


def book(
    path: Path,
    sheets: Iterable[Iterable[Written]],
    *,
    strings: Iterable[Written] = (),
    styles: Iterable[Written] = (),
) -> None:
    """An .xlsx of these worksheets, each all of its XML."""
    known = list(sheets)
    named = "".join(f'<sheet name="表{at}" sheetId="{at}" r:id="rId{at}"/>' for at in range(1, len(known) + 1))
    kind = RELATIONS + "/{}"
    related = "".join(
        f'<Relationship Id="rId{at}" Type="{kind.format("worksheet")}" Target="worksheets/sheet{at}.xml"/>'
        for at in range(1, len(known) + 1)
    )
    related += f'<Relationship Id="s" Type="{kind.format("sharedStrings")}" Target="sharedStrings.xml"/>'
    related += f'<Relationship Id="t" Type="{kind.format("styles")}" Target="styles.xml"/>'
    root = f'<Relationship Id="r" Type="{kind.format("officeDocument")}" Target="xl/workbook.xml"/>'
    package(
        path,
        [
            ("_rels/.rels", [f'<Relationships xmlns="{PACKAGE}">{root}</Relationships>']),
            (
                "xl/workbook.xml",
                [f'<workbook xmlns="{SPREADSHEET}" xmlns:r="{RELATIONS}"><sheets>{named}</sheets></workbook>'],
            ),
            ("xl/_rels/workbook.xml.rels", [f'<Relationships xmlns="{PACKAGE}">{related}</Relationships>']),
            ("xl/sharedStrings.xml", _around(f'<sst xmlns="{SPREADSHEET}">', strings, "</sst>")),
            ("xl/styles.xml", styles or [f'<styleSheet xmlns="{SPREADSHEET}"><cellXfs><xf numFmtId="0"/></cellXfs>'
                                         "</styleSheet>"]),
            *((f"xl/worksheets/sheet{at}.xml", xml) for at, xml in enumerate(known, start=1)),
        ],
    )  # fmt: skip


def sheet(rows: Iterable[Written], *, after: Iterable[Written] = ()) -> Iterable[Written]:
    """The XML of a worksheet of these rows."""
    return _around(f'<worksheet xmlns="{SPREADSHEET}"><sheetData>', rows, "</sheetData>", after, "</worksheet>")


def _around(*parts: Written | Iterable[Written]) -> Iterable[Written]:
    for part in parts:
        if isinstance(part, str | bytes):
            yield part
        else:
            yield from part


def repeated(written: str, times: int) -> Iterable[bytes]:
    """The same, so many times, a mebibyte at a time."""
    once = written.encode()
    at_once = max(1, MEBIBYTE // len(once))
    for _ in range(times // at_once):
        yield once * at_once
    yield once * (times % at_once)


def row(number: int, *cells: str) -> str:
    """A row whose cells are `A1=1`: an address and a number, or `A1` and a text in quotation marks."""
    written = ""
    for cell in cells:
        address, _, value = cell.partition("=")
        written += (
            f'<c r="{address}" t="inlineStr"><is><t>{value[1:]}</t></is></c>'
            if value.startswith("'")
            else f'<c r="{address}"><v>{value or 1}</v></c>'
        )
    return f'<row r="{number}">{written}</row>'


def far() -> Iterable[Written]:
    """A worksheet of four cells far apart, within five million places."""
    return sheet([row(1, "A1", "D1"), row(1_048_576, "A1048576", "D1048576")])


def far_sheets(path: Path, count: int = 40) -> None:
    book(path, [far() for _ in range(count)])


def far_from_one_address(path: Path) -> None:
    """Two million cells at one address, which allow a rectangle of forty million to the cell that is far."""
    book(path, [sheet(_around(repeated(row(1, "A1"), 2_000_000), [row(1_000_000, "AN1000000")]))])


def shared_texts(path: Path, item: str = "<si/>", count: int = 19_000_000) -> None:
    cells = row(1, "A1") + '<row r="2"><c r="A2" t="s"><v>0</v></c></row>'
    book(path, [sheet([cells])], strings=repeated(item, count))


def rows_without_cells(path: Path) -> None:
    book(path, [sheet(repeated("<row/>", 85_000_000))])


def numbered_rows_without_cells(path: Path) -> None:
    book(path, [sheet(repeated('<row r="1"></row>', 25_000_000))])


def cells_without_value(path: Path) -> None:
    book(path, [sheet(_around('<row r="1">', repeated('<c r="A1"/>', 40_000_000), "</row>"))])


def rows_of_empty_cells(path: Path) -> None:
    book(path, [sheet(repeated('<row><c r="A1"/></row>', 20_000_000))])


def cells_without_address(path: Path) -> None:
    book(path, [sheet(repeated("<row><c><v>1</v></c></row>", 15_000_000))])


def dense(path: Path, rows: int = 700_000, columns: int = 20) -> None:
    """A worksheet as programs write them, of the figure 1: some 500 MB of XML."""
    letters = [chr(ord("A") + at) for at in range(columns)]
    book(path, [sheet(row(at, *(f"{letter}{at}" for letter in letters)) for at in range(1, rows + 1))])


def dense_odd(path: Path) -> None:
    """Likewise, as only the readers behind the fast one take it."""
    dense_rows = (row(at, *(f"{c}{at}" for c in "ABCDEFGHIJKLMNOPQRST")) for at in range(1, 60_000))
    book(path, [sheet(written.replace("<v>", "<v >") for written in dense_rows)])


def merges(path: Path) -> None:
    ranges = repeated('<mergeCell ref="A1:B2"/>', 12_000_000)
    book(path, [sheet([row(1, "A1", "B1")], after=_around("<mergeCells>", ranges, "</mergeCells>"))])


def styles(path: Path) -> None:
    begun = f'<styleSheet xmlns="{SPREADSHEET}"><numFmts><numFmt numFmtId="200" formatCode="0.0,"/></numFmts><cellXfs>'
    formats = _around(begun, repeated('<xf numFmtId="200"/>', 20_000_000), "</cellXfs></styleSheet>")
    cell = '<row r="1"><c r="A1" s="1"><v>1</v></c><c r="B1" t="n" s="2"><v>1</v></c></row>'
    book(path, [sheet([cell])], styles=formats)


def relations(path: Path) -> None:
    book(path, [sheet([row(1, "A1")])])
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/worksheets/_rels/sheet1.xml.rels", "w") as part,
    ):
        for chunk in _around(f'<Relationships xmlns="{PACKAGE}">', repeated("<Relationship/>", 20_000_000)):
            part.write(chunk.encode() if isinstance(chunk, str) else chunk)


def workbook_part(path: Path) -> None:
    """A workbook part of half a gigabyte of elements."""
    root = f'<Relationship Id="r" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/>'
    package(
        path,
        [
            ("_rels/.rels", [f'<Relationships xmlns="{PACKAGE}">{root}</Relationships>']),
            ("xl/workbook.xml", _around("<workbook><sheets>", repeated("<sheet/>", 60_000_000), "</sheets>")),
        ],
    )


def bad_cells(path: Path) -> None:
    """100 000 rows of three cells each that are no figures."""
    lines = (f"{CODES[0]},甲公司,约{at},不详{at},见附表{at}\n" for at in range(100_000))
    path.write_text("2026年10月产出\n" + HEAD + "\n" + "".join(lines), encoding="utf-8")


def many_bad_cells(path: Path) -> None:
    """Likewise in 100 MB."""
    lines = "".join(f"甲{at % 100},约{at % 10},不,见,无此数\n" for at in range(1000))
    with path.open("w", encoding="utf-8") as file:
        file.write("2026年10月产出\n企业名称,营业收入(万元),实缴税金(万元),工业增加值(万元),研发费用(万元)\n")
        while file.tell() < 95 * MEBIBYTE:
            file.write(lines)


def headers_down(path: Path) -> None:
    """20 000 tables one below another."""
    path.write_text(("2026年10月产出\n" + HEAD + f"\n{CODES[0]},甲公司,1,2,3\n\n") * 20_000, encoding="utf-8")


def headers_across(path: Path) -> None:
    """As many columns as a sheet has, all of one header."""
    path.write_text("企业名称" + ",营业收入(万元)" * 16_000 + "\n" + "甲公司" + ",1" * 16_000 + "\n", encoding="utf-8")


def panes_across(path: Path) -> None:
    """3 000 tables side by side."""
    path.write_text(
        ("企业名称,营业收入(万元),实缴税金(万元),,," * 3_000 + "\n") + "甲公司,1,2,,," * 3_000 + "\n", encoding="utf-8"
    )


def wide_names(path: Path) -> None:
    """As many columns as a sheet has, no two of one header, and 1 000 rows."""
    head = "企业名称,报告期," + ",".join(f"指标{at}(万元)" for at in range(16_000))
    line = "甲公司,2026年10月" + ",1" * 16_000 + "\n"
    path.write_text(head + "\n" + line * 1_000, encoding="utf-8")


def blank_cells(path: Path) -> None:
    """150 million blank cells."""
    path.write_bytes(b"a,b\n" + (b"," * 15 + b"\n") * 6_000_000)


def blank_lines(path: Path) -> None:
    path.write_bytes((HEAD + "\n").encode() + b"\n" * (95 * MEBIBYTE))


def short_lines(path: Path) -> None:
    path.write_bytes(b"a,b\n" * (24 * MEBIBYTE))


def one_letter_lines(path: Path) -> None:
    path.write_bytes(b"1\n" * (48 * MEBIBYTE))


def open_quote(path: Path) -> None:
    line = f"{CODES[0]},甲公司,1,2,3\n".encode()
    path.write_bytes((HEAD + "\n").encode() + b'x,"' + line * (95 * MEBIBYTE // len(line)))


def open_quotes(path: Path) -> None:
    line = f'"{CODES[0]},甲公司",1,"2,3\n'.encode()
    path.write_bytes((HEAD + "\n").encode() + line * (95 * MEBIBYTE // len(line)))


def honest_lines(path: Path) -> None:
    lines = "".join(f"{CODES[at % 3]},企业{at},{at}.5,{at % 97},{at % 89}.25\n" for at in range(100_000))
    with path.open("w", encoding="utf-8") as file:
        file.write("2026年10月产出,,,,\n" + HEAD + "\n")
        while file.tell() < 90 * MEBIBYTE:
            file.write(lines)


def utf_16_lines(path: Path) -> None:
    lines = "".join(f"{CODES[at % 3]}\t企业{at}\t{at}.5\t{at % 97}\n" for at in range(100_000)).encode("utf-16-le")
    head = "统一社会信用代码\t企业名称\t营业收入(万元)\t实缴税金(万元)\n".encode("utf-16")
    path.write_bytes(head + lines * (90 * MEBIBYTE // len(lines)))


def gb_lines(path: Path) -> None:
    lines = "".join(f"{CODES[at % 3]},企业{at},{at}.5,{at % 97},{at % 89}.25\n" for at in range(100_000)).encode("gbk")
    path.write_bytes(HEAD.encode("gbk") + b"\n" + lines * (90 * MEBIBYTE // len(lines)))


def constant_parquet(path: Path) -> None:
    """150 million rows of one figure in a few kilobytes."""
    pl.select(pl.repeat(1.0, 150_000_000).alias("revenue")).write_parquet(path)


def constant_texts(path: Path) -> None:
    name = pl.Series("企业名称", ["甲公司有限责任"], dtype=pl.String).new_from_index(0, 30_000_000)
    pl.DataFrame([name, name.alias("营业收入(万元)")]).write_parquet(path)


def wide_parquet(path: Path) -> None:
    pl.DataFrame({f"c{at}": pl.repeat(1.0, 10_000, eager=True) for at in range(4_000)}).write_parquet(path)


def far_xls(path: Path, count: int = 60) -> None:
    """An .xls of sheets of four cells, as far apart as 76 columns of all rows are."""
    corners = [one_at(0, 0), one_at(0, 75), one_at(65_535, 0), one_at(65_535, 75)]
    path.write_bytes(compound_of(sheets_of_records([corners] * count)))


def dense_xls(path: Path) -> None:
    """95 MB of cells of the figure 1."""
    pack = struct.Struct("<HHHHHi")
    cells = b"".join(pack.pack(0x27E, 10, at // 100, at % 100, 0, 6) for at in range(5_500_000))
    path.write_bytes(compound_of(sheets_of_bodies([cells])))


def compound_of(stream: bytes) -> bytes:
    """A compound file of one stream, of any length."""
    stream = stream.ljust(4096, b"\0")
    stream = stream.ljust(-(-len(stream) // 512) * 512, b"\0")
    count = len(stream) // 512
    if count < 120:
        return compound(stream)
    tables = 1
    while tables * 128 < count + 1 + tables + 8 or tables < 1:
        tables += 1
    extra = -(-max(0, tables - 109) // 127)
    first = 1 + tables + extra  # after the directory
    links = [0xFFFFFFFE, *[0xFFFFFFFD] * tables, *[0xFFFFFFFC] * extra]
    links += [*range(first + 1, first + count), 0xFFFFFFFE]
    table = struct.pack(f"<{len(links)}I", *links).ljust(tables * 512, b"\xff")[: tables * 512]
    header = bytearray(compound(b"")[:512])
    struct.pack_into("<II", header, 44, tables, 0)
    struct.pack_into("<II", header, 68, 1 + tables if extra else 0xFFFFFFFE, extra)
    places = [*range(1, tables + 1)]
    struct.pack_into("<109I", header, 76, *(places[:109] + [0xFFFFFFFF] * (109 - len(places[:109]))))
    more = b""
    for at in range(extra):
        own = places[109 + 127 * at : 109 + 127 * (at + 1)]
        following = 2 + tables + at if at + 1 < extra else 0xFFFFFFFE
        more += struct.pack("<128I", *own, *([0xFFFFFFFF] * (127 - len(own))), following)
    directory = bytearray(compound(b"")[1024:1536])
    struct.pack_into("<Ii", directory, 128 + 116, first, len(stream))
    return bytes(header) + bytes(directory) + table + more + stream


def sheets_of_records(sheets: Iterable[Iterable[tuple[int, bytes]]]) -> bytes:
    """The stream of an .xls of these sheets."""
    return sheets_of_bodies(
        b"".join(struct.pack("<HH", kind, len(body)) + body for kind, body in records) for records in sheets
    )


def sheets_of_bodies(sheets: Iterable[bytes]) -> bytes:
    known = list(sheets)

    def one(kind: int, body: bytes = b"") -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    begin, end = one(0x809, struct.pack("<HH", 0x600, 5) + bytes(12)), one(0x0A)

    def head(starts: Iterable[int]) -> bytes:
        names = (f"S{at}".encode() for at in range(len(known)))
        bound = (
            one(0x85, struct.pack("<IHBB", start, 0, len(name), 0) + name)
            for start, name in zip(starts, names, strict=True)
        )
        return begin + b"".join(bound) + end

    place = len(head([0] * len(known)))
    starts = []
    for body in known:
        starts.append(place)
        place += len(begin) + len(body) + len(end)
    return head(starts) + b"".join(begin + body + end for body in known)


def many_texts_xls(path: Path) -> None:
    """A table of a few million texts of no length."""
    count = 30_000_000
    bodies = []
    first = struct.pack("<II", count, count)
    left = count
    while left:
        now = min(left, (8_200 - len(first)) // 3)
        bodies.append(first + b"\0\0\0" * now)
        left, first = left - now, b""
    begin = struct.pack("<HH", 0x809, 16) + struct.pack("<HH", 0x600, 5) + bytes(12)
    texts = b"".join(struct.pack("<HH", 0xFC if not at else 0x3C, len(body)) + body for at, body in enumerate(bodies))
    bound = struct.pack("<HH", 0x85, 10)
    end = struct.pack("<HH", 0x0A, 0)
    start = len(begin) + 14 + len(texts) + 4
    head = begin + bound + struct.pack("<IHBB", start, 0, 2, 0) + b"S0" + texts + end
    cell = struct.pack("<HHHHHI", 0xFD, 10, 0, 0, 0, 0)
    path.write_bytes(compound_of(head + begin + cell + end))


def far_xlsb(path: Path, count: int = 60) -> None:
    """A binary workbook of sheets of four cells far apart."""
    with zipfile.ZipFile(io.BytesIO(xlsb({f"表{at}": [[1]] for at in range(1, count + 1)}))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    corner = record(0, struct.pack("<I", 1_048_575) + bytes(13)) + record(5, struct.pack("<IId", 3, 0, 1.0))
    far = {name: part.replace(record(146), corner + record(146)) for name, part in parts.items() if "sheets/" in name}
    path.write_bytes(zipped(list({**parts, **far}.items())))


def dense_xlsb(path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(xlsb({"表": [[1]]}))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    one = b"".join(record(5, struct.pack("<IId", at, 0, 1.0)) for at in range(100))
    rows = b"".join(record(0, struct.pack("<I", at) + bytes(13)) + one for at in range(1, 250_000))
    name = next(name for name in parts if "worksheets/" in name)
    parts[name] = parts[name].replace(record(146), rows + record(146))
    path.write_bytes(zipped(list(parts.items())))


CONTENT = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
)
ODS_CELL = '<table:table-cell office:value-type="float" office:value="1"{}><text:p>1</text:p></table:table-cell>'
REPEATED_TABLE = (
    '<table:table table:name="T{}"><table:table-row table:number-rows-repeated="1000000">'
    + ODS_CELL.format(' table:number-columns-repeated="5"')
    + "</table:table-row></table:table>"
)


def ods(path: Path, tables: Iterable[Written]) -> None:
    """An .ods of these tables."""
    package(
        path,
        [
            ("mimetype", ["application/vnd.oasis.opendocument.spreadsheet"]),
            ("META-INF/manifest.xml", ['<manifest:manifest xmlns:manifest="m"/>']),
            (
                "content.xml",
                _around(CONTENT, tables, "</office:spreadsheet></office:body></office:document-content>"),
            ),
        ],
    )


def repeated_tables(path: Path) -> None:
    ods(path, (REPEATED_TABLE.format(at) for at in range(10)))


def dense_ods(path: Path) -> None:
    line = f"<table:table-row>{ODS_CELL.format('') * 20}</table:table-row>"
    ods(path, _around('<table:table table:name="T">', repeated(line, 240_000), "</table:table>"))


def rows_ods(path: Path) -> None:
    ods(path, _around('<table:table table:name="T">', repeated("<table:table-row/>", 25_000_000), "</table:table>"))


def page(path: Path) -> None:
    path.write_bytes(b"<html><table>" + (b"<tr>" + b"<td>1" * 20) * 1_000_000)


def page_of_little(path: Path) -> None:
    """Two million cells, each with another text."""
    rows = ("<tr>" + "".join(f"<td>{at}.{column}" for column in range(20)) for at in range(99_000))
    path.write_text("<html><table>" + "".join(rows), encoding="utf-8")


def page_of_rows(path: Path) -> None:
    path.write_bytes(b"<html><table>" + b"<tr>" * (24 * MEBIBYTE))


def page_of_tables(path: Path) -> None:
    path.write_bytes(b"<html>" + b"<table><tr><td>1</table>" * (4 * MEBIBYTE))


def page_of_lines(path: Path) -> None:
    path.write_bytes(b"<html><table><tr><td>1</table>" + b"1<br>" * (19 * MEBIBYTE))


def page_of_attributes(path: Path) -> None:
    path.write_bytes(b"<html><table><tr><td " + b"".join(b'a%d="" ' % at for at in range(8_000_000)) + b">1</table>")


def far_page(path: Path) -> None:
    path.write_bytes(b"<html><table>" + (b"<tr><td colspan=1000>1" + b"<td>1") * 5_000 + b"<tr>" * 1_000_000)


XML_HEAD = '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">'


def xml_far(path: Path) -> None:
    corner = '<Row Index="{0}"><Cell><Data>a</Data></Cell><Cell Index="5"><Data>a</Data></Cell></Row>'
    table = f"<Table>{corner.format(1)}{corner.format(1_000_000)}</Table>"
    sheets = "".join(f'<Worksheet Name="T{at}">{table}</Worksheet>' for at in range(60))
    path.write_text(XML_HEAD + sheets + "</Workbook>", encoding="utf-8")


def xml_cells(path: Path) -> None:
    line = "<Row>" + '<Cell><Data Type="Number">1</Data></Cell>' * 20 + "</Row>"
    path.write_text(
        XML_HEAD + '<Worksheet Name="T"><Table>' + line * 100_000 + "</Table></Worksheet></Workbook>", encoding="utf-8"
    )


def xml_rows(path: Path) -> None:
    path.write_text(
        XML_HEAD + '<Worksheet Name="T"><Table>' + "<Row/>" * 16_000_000 + "</Table></Worksheet></Workbook>",
        encoding="utf-8",
    )


def mht_parts(path: Path) -> None:
    head = b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
    path.write_bytes(head + b"--b\n\nx\n" * (12 * MEBIBYTE))


def mht_page(path: Path) -> None:
    head = b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n"
    path.write_bytes(head + b"<html><table>\n" + (b"<tr>" + b"<td>1" * 20 + b"\n") * 900_000 + b"\n--b--\n")


def zip_of_far(path: Path) -> None:
    """500 workbooks of forty sheets far apart."""
    inner = path.with_suffix(".inner")
    far_sheets(inner, 40)
    data = inner.read_bytes()
    inner.unlink()
    path.write_bytes(zipped([(f"{at}.xlsx", data + str(at).encode()) for at in range(500)]))


def zip_of_blanks(path: Path) -> None:
    """Five tables of 95 MB of blank lines in one archive."""
    package(path, [(f"{at}.csv", _around(HEAD + "\n", repeated(",\n", 47 * MEBIBYTE))) for at in range(5)])


HOSTILE: dict[str, Maker] = {
    "远处.xlsx": far_sheets,
    "两千张远处.xlsx": lambda path: far_sheets(path, 2_000),
    "同址.xlsx": far_from_one_address,
    "空文本.xlsx": shared_texts,
    "短文本.xlsx": lambda path: shared_texts(path, "<si><t>a</t></si>", 19_000_000),
    "格式文本.xlsx": lambda path: shared_texts(path, "<si><r><t>a</t></r></si>", 15_000_000),
    "空行.xlsx": rows_without_cells,
    "有号空行.xlsx": numbered_rows_without_cells,
    "空格.xlsx": cells_without_value,
    "行内空格.xlsx": rows_of_empty_cells,
    "无址.xlsx": cells_without_address,
    "满.xlsx": dense,
    "满而异.xlsx": dense_odd,
    "合并.xlsx": merges,
    "样式.xlsx": styles,
    "关系.xlsx": relations,
    "工作簿.xlsx": workbook_part,
    "坏格.csv": bad_cells,
    "许多坏格.csv": many_bad_cells,
    "表头往下.csv": headers_down,
    "表头往右.csv": headers_across,
    "表格往右.csv": panes_across,
    "名目往右.csv": wide_names,
    "空白.csv": blank_cells,
    "空行.csv": blank_lines,
    "短行.csv": short_lines,
    "单字行.csv": one_letter_lines,
    "引号.csv": open_quote,
    "许多引号.csv": open_quotes,
    "老实.csv": honest_lines,
    "双字节.txt": utf_16_lines,
    "国标.tsv": gb_lines,
    "常数.parquet": constant_parquet,
    "同文.parquet": constant_texts,
    "宽.parquet": wide_parquet,
    "远处.xls": far_xls,
    "远处.et": far_xls,
    "满.xls": dense_xls,
    "文本.xls": many_texts_xls,
    "远处.xlsb": far_xlsb,
    "满.xlsb": dense_xlsb,
    "重复.ods": repeated_tables,
    "满.ods": dense_ods,
    "空行.ods": rows_ods,
    "网页.xls": page,
    "网页异文.xls": page_of_little,
    "网页行.xls": page_of_rows,
    "网页表.xls": page_of_tables,
    "网页文.xls": page_of_lines,
    "网页属性.xls": page_of_attributes,
    "网页远处.html": far_page,
    "远处.xml": xml_far,
    "满.xml": xml_cells,
    "空行.xml": xml_rows,
    "部分.mht": mht_parts,
    "网页.mht": mht_page,
    "远处.zip": zip_of_far,
    "空白.zip": zip_of_blanks,
}
"""File name → who writes it."""
