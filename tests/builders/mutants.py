"""Small workbooks of every format, and what accidents and malice make of them: the cases of `test_fuzz`."""

import io
import random
import re
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import openpyxl
import xlsxwriter

DATA = Path(__file__).parent / "data"
CODES = ("913703000000000017", "91370300000000002A", "91370300000000003D")
SHEETS: dict[str, Sequence[Sequence[object]]] = {
    "企业名录": [
        ["统一社会信用代码", "企业名称", "行业代码", "镇办", "规模", "投产日期"],
        *(
            [code, name + "公司", "3071", "东镇", "规上", "2019年5月"]
            for code, name in zip(CODES, "甲乙丙", strict=True)
        ),
    ],
    "产出": [
        ["2026年1-10月工业企业产出情况表(单位:万元)"],
        ["序号", "统一社会信用代码", "企业名称", "营业收入", "实缴税金"],
        [1, CODES[0], "甲公司", 1000.5, 25],
        [2, CODES[1], "乙公司", "1,234.5", -3.5],
        [3, None, "丙公司", "=1/0", "12.5%"],
        [None, None, "合计", 2235, 21.5],
        ["填表人:张三"],
    ],
    "能源": [
        ["企业名称", "年份", "月份", "电力(万千瓦时)", "天然气(万立方米)", "综合能源消费量(吨标准煤)"],
        ["甲公司", 2026, 9, 12.5, 3, None],
        ["乙公司", 2026, 10, "-", 1.5, "约3"],
        ["丙公司", 2026, 10, 7, None, 40],
    ],
    "用电": [
        ["2025年企业用电量(万千瓦时)"],
        ["企业名称", *(f"{month}月" for month in range(1, 13)), "合计"],
        ["甲公司", *range(1, 13), 78],
        ["乙公司", *range(12, 0, -1), 78],
    ],
}
"""Sheet → rows; `=1/0` stands for a formula that failed."""

Mutation = Callable[[random.Random, bytes], bytes]

_TAG = re.compile(rb"<[^<>]+>")
_ATTRIBUTE = re.compile(rb'([\w:-]+)="([^"<]*)"')
_CELL = re.compile(rb"<c\s[^<>]*?(?:/>|>.*?</c>)", re.DOTALL)
_EXTREMES = (
    b"",
    b"0",
    b"-1",
    b"1048576",
    b"16384",
    b"4294967295",
    b"18446744073709551616",
    b"1e308",
    b"1e400",
    b"NaN",
    b"inf",
    b"A1",
    b"XFD1048576",
    b"ZZZ9",
    b"A0",
    b"a1",
    b"A1048577",
    b"A4294967297",
    b"&#65;1",
    b"&lol;",
    b"e",
    b"s",
    b"str",
    b"inlineStr",
    b"d",
    b"b",
    b"n",
    b"x",
    b"true",
    b"hidden",
    b"rId1",
    b"rId999",
    "企业名称".encode(),
    b"=1+1",
    b"_x0000_",
    b"2026-13-45",
    b"float",
    b"percentage",
    b"date",
    b"error",
)
_NUMBERS = (
    0,
    1,
    0x7F,
    0xFF,
    0x100,
    0x7FFF,
    0xFFFF,
    0x10000,
    0x7FFFFFFF,
    0xFFFFFFFA,
    0xFFFFFFFD,
    0xFFFFFFFE,
    0xFFFFFFFF,
)
_FRAGMENTS = (
    b"<c><v>1</v></c>",
    b'<c r="B2" t="s"><v>99999</v></c>',
    b'<c r="C3" t="e"><v>#N/A</v></c>',
    b"<row/>",
    b'<row r="9"/>',
    b'<mergeCell ref="A1:XFD1048576"/>',
    b'<mergeCell ref="B9:C3"/>',
    b"<!-- <c",
    b"-->",
    b"<![CDATA[",
    b"]]>",
    b"&lt;c>",
    b'<dimension ref="A1:ZZZ99999999"/>',
    b"</sheetData>",
    b"<sheetData>",
    b"<si/>",
    b"<f>1+1</f>",
    b"<v/>",
    b"\x00",
    b"\xff",
    b"<!DOCTYPE x [<!ENTITY lol 'lol'>]>",
    "<is><t>合计</t></is>".encode(),
    b"<table:table-row/>",
    b"<text:p>1</text:p>",
    b'<table:table-cell table:number-columns-repeated="16384"/>',
)


def encrypted() -> bytes:
    """A workbook behind a password, as Excel saves it: an OLE container of the zipped file, encrypted."""
    from msoffcrypto.format.ooxml import OOXMLFile

    plain, made = io.BytesIO(), io.BytesIO()
    openpyxl.Workbook().save(plain)
    OOXMLFile(plain).encrypt("密码", made)
    return made.getvalue()


def write_workbook(path: Path, sheets: dict[str, Sequence[Sequence[object]]]) -> Path:
    """`sheets` as XlsxWriter writes them, one of them hidden behind."""
    book = xlsxwriter.Workbook(path)
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for row, cells in enumerate(rows):
            for column, value in enumerate(cells):
                if value == "=1/0":
                    sheet.write_formula(row, column, value, None, "#DIV/0!")
                elif value is not None:
                    sheet.write(row, column, value)
    sheet = book.add_worksheet("底稿")
    sheet.write(0, 0, "x")
    sheet.hide()
    book.close()
    return path


def seeds(directory: Path) -> dict[str, bytes]:
    """Name → bytes of a sound file of each format; .xls and .ods were converted from SHEETS by LibreOffice."""
    found = {"a.xlsx": write_workbook(directory / "seed.xlsx", SHEETS).read_bytes()}
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in SHEETS.items():
        sheet = book.create_sheet(name)
        for cells in rows:
            sheet.append(cells)
        if len(rows[0]) == 1:
            sheet.merge_cells("A1:D1")
    book.save(directory / "seed.xlsm")
    found["b.xlsm"] = (directory / "seed.xlsm").read_bytes()
    for name in ("c.xls", "d.ods"):
        found[name] = (DATA / f"seed{Path(name).suffix}").read_bytes()
    found["e.xlsb"] = xlsb(SHEETS)
    for name, encoding, rows in (
        ("f.csv", "utf-8-sig", SHEETS["产出"]),
        ("g2026年10月.csv", "gb18030", SHEETS["能源"]),
    ):
        lines = [",".join(f'"{c}"' if "," in str(c) else str(c or "") for c in cells) for cells in rows]
        found[name] = "\r\n".join(lines).encode(encoding)
    return found


def xlsb(sheets: dict[str, Sequence[Sequence[object]]], merges: Sequence[tuple[int, int, int, int]] = ()) -> bytes:
    """A binary workbook, record by record ([MS-XLSB] 2.1.7): nothing at hand writes one."""

    def text(value: str) -> bytes:
        return struct.pack("<I", len(value)) + value.encode("utf-16-le")

    names = {f"rId{number}": name for number, name in enumerate(sheets, start=1)}
    bundle = b"".join(record(156, struct.pack("<II", 0, number) + text(relation) + text(name))
                      for number, (relation, name) in enumerate(names.items(), start=1))  # fmt: skip
    parts = {
        "[Content_Types].xml": b"<Types/>",
        "xl/workbook.bin": record(131) + record(143) + bundle + record(144) + record(132),
        "xl/_rels/workbook.bin.rels": (
            "<Relationships>"
            + "".join(f'<Relationship Id="{key}" Type="worksheet" Target="worksheets/{key}.bin"/>' for key in names)
            + "</Relationships>"
        ).encode(),
    }
    for relation, name in names.items():
        rows = sheets[name]
        width = max(map(len, rows))
        body = [record(129), record(148, struct.pack("<IIII", 0, len(rows) - 1, 0, width - 1)), record(145)]
        for row, cells in enumerate(rows):
            body.append(record(0, struct.pack("<I", row) + bytes(13)))
            for column, value in enumerate(cells):
                place = struct.pack("<II", column, 0)
                if value == "=1/0":
                    body.append(record(3, place + b"\x07"))
                elif value == "=idle":
                    body.append(record(9, place + struct.pack("<d", 0)))
                elif isinstance(value, str):
                    body.append(record(6, place + text(value)))
                elif value is not None:
                    body.append(record(5, place + struct.pack("<d", value)))
        merged = [record(176, struct.pack("<IIII", top, bottom, left, right)) for top, left, bottom, right in merges]
        parts[f"xl/worksheets/{relation}.bin"] = b"".join([*body, record(146), *merged, record(130)])
    return zipped(list(parts.items()))


def record(kind: int, body: bytes = b"") -> bytes:
    """A record of a binary workbook: kind and length in seven bits a byte."""
    size, length = len(body), b""
    while True:
        length += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
        size >>= 7
        if not size:
            break
    return (bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])) + length + body


def zipped(parts: Sequence[tuple[str, bytes]]) -> bytes:
    """A zip of `parts` in their order, repeated names and all."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the same name twice is one of the cases
        for name, data in parts:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def mutants(originals: dict[str, bytes], seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """`count` files, each an original with one to three things done to it; the same ones for the same `seed`."""
    rng = random.Random(seed)
    names = sorted(originals)
    for number in range(count):
        name = rng.choice(names)
        data = originals[name]
        for _ in range(rng.choice((1, 1, 2, 3))):
            data = _mutated(rng, name, data)
        yield f"{number:06d}-{name}", data


def _mutated(rng: random.Random, name: str, data: bytes) -> bytes:
    if data.startswith(b"PK") and rng.random() < 0.85:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                parts = [(entry, archive.read(entry)) for entry in archive.namelist()]
        except Exception:  # damaged by the mutation before: zipfile fails in many ways
            parts = []
        if parts:
            return _archive_mutated(rng, parts)
    if name.endswith(".csv") and rng.random() < 0.6:
        return rng.choice((_shuffle_lines, _splice_csv))(rng, data)
    return rng.choice(_BINARY)(rng, data)


def _archive_mutated(rng: random.Random, parts: list[tuple[str, bytes]]) -> bytes:
    first, second = rng.randrange(len(parts)), rng.randrange(len(parts))
    name, data = parts[first]
    kind = rng.random()
    if kind < 0.06:
        parts[first], parts[second] = (name, parts[second][1]), (parts[second][0], data)
    elif kind < 0.1:
        parts.append((rng.choice((name, name.upper(), "../" + name, "/" + name)), parts[second][1]))
    elif kind < 0.15:
        del parts[first]
    else:
        # The sheets matter most.
        sheets = [
            place
            for place, (part, _) in enumerate(parts)
            if re.search(r"sheet\d|rId\d\.|content|Strings|workbook", part)
        ]
        place = rng.choice(sheets or [first]) if rng.random() < 0.8 else first
        part, content = parts[place]
        done = _BINARY if part.endswith(".bin") or rng.random() < 0.15 else _MARKUP
        parts[place] = (part, rng.choice(done)(rng, content))
    return zipped(parts)


def _truncate(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(min(len(data), rng.choice((1, 2, 8, 64)))):
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _overwrite(rng: random.Random, data: bytes) -> bytes:
    place = rng.randrange(len(data) + 1)
    number = struct.pack("<I", rng.choice(_NUMBERS))[: rng.choice((1, 2, 4))]
    return data[:place] + number + data[place + len(number) :]


def _cut(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + rng.choice((1, 4, 100, 1000)) :]


def _repeat(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data) + 1)
    piece = data[start : start + rng.choice((1, 4, 100, 1000))]
    place = rng.randrange(len(data) + 1)
    return data[:place] + piece * rng.choice((1, 2, 50)) + data[place:]


def _splice(rng: random.Random, data: bytes) -> bytes:
    tags = list(_TAG.finditer(data)) or [re.match(b"", data)]
    place = rng.choice(tags).end()
    return data[:place] + rng.choice(_FRAGMENTS) + data[place:]


def _attribute(rng: random.Random, data: bytes) -> bytes:
    found = list(_ATTRIBUTE.finditer(data))
    if not found:
        return data
    match = rng.choice(found)
    changed = rng.choice((b'%b="%b"' % (match[1], rng.choice(_EXTREMES)), b"", match[0] + b" " + match[0],
                          b"%b='%b'" % (match[1], match[2])))  # fmt: skip
    return data[: match.start()] + changed + data[match.end() :]


def _value(rng: random.Random, data: bytes) -> bytes:
    found = list(re.finditer(rb">([^<>]+)<", data))
    if not found:
        return data
    match = rng.choice(found)
    return data[: match.start(1)] + rng.choice(_EXTREMES) + data[match.end(1) :]


def _drop_tag(rng: random.Random, data: bytes) -> bytes:
    found = list(_TAG.finditer(data))
    if not found:
        return data
    match = rng.choice(found)
    return data[: match.start()] + data[match.end() :]


def _shuffle_cells(rng: random.Random, data: bytes) -> bytes:
    cells = _CELL.findall(data)
    order = iter(rng.sample(cells, len(cells)))
    return _CELL.sub(lambda _: next(order), data)


def _splice_csv(rng: random.Random, data: bytes) -> bytes:
    place = rng.randrange(len(data) + 1)
    extra = rng.choice(
        (b'"', b",", b"\r", b"\n", b"\r\n", b"\0", b";" * 40, b"\t", b"\xff\xfe", b"=cmd()", b"1e400", b",,,\n,")
    )
    return data[:place] + extra + data[place:]


def _shuffle_lines(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    return b"\n".join(rng.sample(lines, len(lines)))


_BINARY: tuple[Mutation, ...] = (_truncate, _flip, _flip, _overwrite, _overwrite, _cut, _repeat)
_MARKUP: tuple[Mutation, ...] = (
    _splice, _splice, _attribute, _attribute, _attribute, _value, _value, _drop_tag, _shuffle_cells, _cut, _repeat,
)  # fmt: skip
