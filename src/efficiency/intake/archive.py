"""What the cell reader does not tell about a zipped workbook: how far it expands, error cells, idle formulas.

The reader allocates a sheet's whole bounding box and returns error cells and uncalculated formulas as blanks, so both
are looked for in the parts themselves, by scanning bytes: nothing is expanded that has not been measured before.
"""

from __future__ import annotations

import html
import io
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass, field

from efficiency.intake.error_cells import ods_errors, xlsb_errors, xlsb_sheets

MAX_EXPANDED = 512 * 1024 * 1024
"""Bytes to which the parts of a file may expand."""
MAX_ENTRIES = 10_000
MAX_CELLS = 40_000_000
"""Cells of a sheet's bounding box: a million rows of forty columns."""
DEFLATE_RATIO = 1032
"""The most that deflate can expand."""
CHUNK = 1 << 20

_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^>]*>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^>]*>")
_ROW_NUMBER = re.compile(rb'row (?:[^>]*? )?r="(\d+)"')
_TWO_LETTERS = re.compile(rb' r="[A-Z]{2,3}\d')
_THREE_LETTERS = re.compile(rb' r="[A-Z]{3}\d')
_VALUED_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})(\d+)"[^>]*(?<!/)>')
_ERROR_CELL = re.compile(
    rb"<(?:\w+:)?c\s([^>]*?\bt=[\"']e[\"'][^>]*)>(?:\s*<(?:\w+:)?f\b[^>]*?(?:/>|>[^<]*</(?:\w+:)?f>))?"
    rb"\s*(?:<(?:\w+:)?v[^>]*>([^<]*)<)?"
)
_FORMULA_CELL = re.compile(
    rb"<(?:\w+:)?c\s([^>]*)>\s*<(?:\w+:)?f\b[^>]*?(?:/>|>([^<]*)</(?:\w+:)?f>)"
    rb"\s*(?:<(?:\w+:)?v\b[^>]*?(?:/>|>([^<]*)</))?"
)
_ODS_REPEAT = re.compile(
    rb'<table:table-row(?=[^>]*number-rows-repeated="(\d{4,})")[^>]*>(.*?)</table:table-row>', re.DOTALL
)
_ODS_WIDE = re.compile(rb'<table:table-cell(?=[^>]*office:value-type)[^>]*number-columns-repeated="(\d{4,})"')
_XLSB_DIMENSION = b"\x94\x01\x10"


class UnreadableError(Exception):
    """A file or a sheet that cannot be read; the text is the plain reason, in Chinese, for its `unreadable` problem."""


@dataclass(frozen=True)
class SheetScan:
    """What the scan of one sheet found, by absolute position (row, column) from 0."""

    refusal: str | None = None
    """Why the sheet must not be handed to the reader."""
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    """Error cells and what they show (#DIV/0!)."""
    uncalculated: dict[tuple[int, int], str] = field(default_factory=dict)
    """Formulas without a result, as `=…`."""


def scan_archive(data: bytes) -> dict[str, SheetScan]:
    """Sheet name → scan; of .ods and .xlsb the error cells alone.

    Raises UnreadableError for what is damaged or would expand beyond the bounds.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise UnreadableError(f"压缩包内有 {len(entries)} 个部件,超过 {MAX_ENTRIES} 个的上限")
            if any(entry.flag_bits & 1 for entry in entries):
                raise UnreadableError("文件已加密")
            if sum(entry.file_size for entry in entries) > MAX_EXPANDED:
                raise UnreadableError("解压后超过 512 MiB")
            _check_declared_sizes(archive)
            names = set(archive.namelist())
            if "content.xml" in names:
                content = archive.read("content.xml")
                _check_repetitions(content)
                return {name: SheetScan(errors=errors) for name, errors in ods_errors(content).items()}
            if "xl/workbook.bin" in names:
                _check_binary_sheets(archive)
                return _scan_binary_sheets(archive)
            return _scan_sheets(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, struct.error) as error:
        raise UnreadableError("文件已损坏或不完整") from error


def _check_declared_sizes(archive: zipfile.ZipFile) -> None:
    """Reads through every part that could hold more than it declares; its checksum fails where it does."""
    for entry in archive.infolist():
        if entry.compress_size * DEFLATE_RATIO > MAX_EXPANDED and not entry.filename.startswith("xl/worksheets/"):
            with archive.open(entry) as part:
                while part.read(CHUNK):
                    continue


def _scan_sheets(archive: zipfile.ZipFile) -> dict[str, SheetScan]:
    workbook = archive.read("xl/workbook.xml")
    targets = _targets(archive, "xl/_rels/workbook.xml.rels")
    recalculates = b'fullCalcOnLoad="1"' in workbook
    scans = {}
    for match in _SHEET.finditer(workbook):
        attributes = _attributes(match[0])
        relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
        part = targets.get(relation, "")
        if part in archive.NameToInfo:
            scans[attributes.get("name", "")] = _scan_sheet(archive.read(part), recalculates=recalculates)
    return scans


def _scan_binary_sheets(archive: zipfile.ZipFile) -> dict[str, SheetScan]:
    targets = _targets(archive, "xl/_rels/workbook.bin.rels")
    return {
        name: SheetScan(errors=xlsb_errors(archive.read(targets[relation])))
        for relation, name in xlsb_sheets(archive.read("xl/workbook.bin"))
        if targets.get(relation) in archive.NameToInfo
    }


def _targets(archive: zipfile.ZipFile, name: str) -> dict[str, str]:
    """Relation → the part it points to."""
    targets: dict[str, str] = {}
    for match in _RELATION.finditer(archive.read(name)):
        attributes = _attributes(match[0])
        target = attributes.get("Target", "")
        targets[attributes.get("Id", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return targets


def _scan_sheet(xml: bytes, *, recalculates: bool) -> SheetScan:
    if refusal := _absurd_extent(xml):
        return SheetScan(refusal=refusal)
    errors: dict[tuple[int, int], str] = {}
    if b't="e"' in xml or b"t='e'" in xml:
        for match in _ERROR_CELL.finditer(xml):
            if position := _position(_attributes(match[1]).get("r", "")):
                errors[position] = html.unescape((match[2] or b"#ERROR!").decode())
    uncalculated: dict[tuple[int, int], str] = {}
    if b"<f" in xml or b":f>" in xml or b":f " in xml:
        for match in _FORMULA_CELL.finditer(xml):
            attributes = _attributes(match[1])
            result = match[3]
            # A text formula may honestly yield nothing. Zero, in a workbook that is to be recalculated on opening, is
            # what programs write for a formula nobody has calculated yet.
            missing = not result and attributes.get("t") != "str"
            position = _position(attributes.get("r", ""))
            if position and (missing or (recalculates and result == b"0")):
                uncalculated[position] = "=" + html.unescape((match[2] or b"").decode("utf-8", "replace"))
    return SheetScan(errors=errors, uncalculated=uncalculated)


def _absurd_extent(xml: bytes) -> str | None:
    """Why the bounding box of the sheet's cells is too large to be read; None when it is not."""
    last_row = max((int(number) for number in _ROW_NUMBER.findall(xml)), default=0)
    if last_row * 16_384 <= MAX_CELLS:
        return None
    if last_row * 26 <= MAX_CELLS and not _TWO_LETTERS.search(xml):
        return None
    if last_row * 702 <= MAX_CELLS and not _THREE_LETTERS.search(xml):
        return None
    cells = {(_column_number(match[1].decode()), int(match[2])) for match in _VALUED_CELL.finditer(xml)}
    if not cells:
        return None
    columns, rows = max(column for column, _ in cells), max(row for _, row in cells)
    if columns * rows <= MAX_CELLS:
        return None
    farthest = max(cells, key=lambda cell: cell[0] * cell[1])
    return (
        f"使用区域过大({rows} 行 × {columns} 列),多因远处有孤立内容,如第 {farthest[1]} 行第 {farthest[0]} 列;"
        "请删除多余的行列"
    )


def _check_binary_sheets(archive: zipfile.ZipFile) -> None:
    """.xlsb: each sheet states its extent near its beginning (BrtWsDim)."""
    for name in archive.namelist():
        if name.startswith("xl/worksheets/") and name.endswith(".bin"):
            head = archive.read(name)[:4096]
            start = head.find(_XLSB_DIMENSION)
            if start >= 0 and len(head) >= start + 19:
                _, last_row, _, last_column = struct.unpack_from("<IIII", head, start + 3)
                if (last_row + 1) * (last_column + 1) > MAX_CELLS:
                    raise UnreadableError(
                        f"工作表使用区域过大({last_row + 1} 行 × {last_column + 1} 列),请删除多余的行列"
                    )


def _check_repetitions(content: bytes) -> None:
    """.ods: a filled cell or row that is repeated thousands of times over would be expanded."""
    cells = sum(int(match[1]) for match in _ODS_WIDE.finditer(content))
    for match in _ODS_REPEAT.finditer(content):
        if b"office:value-type" in match[2]:
            cells += int(match[1]) * match[2].count(b"<table:table-cell")
    if cells > MAX_CELLS:
        raise UnreadableError(f"工作表使用区域过大(约 {cells} 个单元格),请删除多余的行列")


def _attributes(tag: bytes) -> dict[str, str]:
    pairs = re.findall(rb"([\w:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", tag)
    return {key.decode(): html.unescape((double or single).decode("utf-8", "replace")) for key, double, single in pairs}


def _position(reference: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"([A-Z]{1,3})(\d+)", reference)
    return (int(match[2]) - 1, _column_number(match[1]) - 1) if match else None


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
