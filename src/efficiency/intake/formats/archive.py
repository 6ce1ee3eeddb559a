"""What the cell reader does not tell about a zipped workbook: how far it expands, error cells, idle formulas.

The reader allocates a sheet's whole bounding box and returns error cells and uncalculated formulas as blanks, so both
are looked for in the parts themselves, by scanning bytes: nothing is expanded that has not been measured before.
"""

from __future__ import annotations

import html
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Lock
from typing import IO, TYPE_CHECKING, TypeVar
from xml.parsers import expat

from efficiency.cell_addresses import column_number
from efficiency.intake.formats.limits import ods_refusal, text_refusal, xlsx_refusal
from efficiency.intake.formats.ods import scan_content
from efficiency.intake.formats.xlsb import xlsb_sheet, xlsb_sheets
from efficiency.intake.formats.xlsx_fast import PlainSheet, SharedParts, lacks_result, plain_sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_EXPANDED = 512 * 1024 * 1024
"""Bytes to which the parts of a file may expand."""
MAX_ENTRIES = 10_000
MAX_SHEETS = 2_000
MAX_STRINGS = 20_000_000
"""Shared texts of a workbook; each takes several times its bytes in memory."""
DEFLATE_RATIO = 1032
"""The most that deflate can expand."""
CHUNK = 1 << 20
LARGE = 32 << 20
"""Bytes of sheets from which on they are scanned side by side."""

_STRINGS = re.compile(r"xl/sharedstrings\.(?:xml|bin)")
_ERROR_CELL = re.compile(
    rb"<(?:\w+:)?c\s([^<>]*?\bt=[\"']e[\"'][^<>]*)>(?:\s*<(?:\w+:)?f\b[^<>]*?(?:/>|>[^<]*</(?:\w+:)?f>))?"
    rb"\s*(?:<(?:\w+:)?v[^<>]*>([^<]*)<)?"
)
_FORMULA_CELL = re.compile(
    rb"<(?:\w+:)?c\s([^<>]*)>\s*<(?:\w+:)?f\b[^<>]*?(?:/>|>([^<]*)</(?:\w+:)?f>)"
    rb"\s*(?:<(?:\w+:)?v\b[^<>]*?(?:/>|>([^<]*)</))?"
)


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
    merges: tuple[tuple[int, int, int, int], ...] = ()
    """First row, first column, last row, last column, where the reader does not tell them."""
    idle: int = 0
    """Formulas with the result 0 or nothing, where the format does not say whether they were calculated."""
    hidden: bool = False
    """Whether the sheet is known to be hidden; it was not looked at then."""
    cells: PlainSheet | None = None
    """The cells themselves, where the scan could read them."""

    @property
    def complete(self) -> bool:
        """Whether the scan leaves nothing to the reader."""
        return self.hidden or self.refusal is not None or self.cells is not None


def scan_archive(data: bytes) -> dict[str, SheetScan]:
    """Sheet name → scan. A sheet that is not in it must not be read.

    Raises UnreadableError for what is damaged or would expand beyond the bounds.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise UnreadableError(f"压缩包内有 {len(entries)} 个部件，超过 {MAX_ENTRIES} 个的上限")
            if any(entry.flag_bits & 1 for entry in entries):
                raise UnreadableError("文件已加密")
            if sum(entry.file_size for entry in entries) > MAX_EXPANDED:
                raise UnreadableError("解压后超过 512 MiB")
            _check_declared_sizes(archive)
            names = {name.casefold(): name for name in archive.namelist()}
            if len(names) < len(entries):
                raise UnreadableError("压缩包内有重名的部件，文件已损坏")
            if "content.xml" in names:
                content = _read(archive, names["content.xml"])
                if refusal := ods_refusal(content):
                    raise UnreadableError(refusal)
                tables = scan_content(content)
                return defaultdict(
                    SheetScan,
                    {
                        name: SheetScan(errors=t.errors, uncalculated=t.uncalculated, merges=tuple(t.merges))
                        for name, t in tables.items()
                    },
                )
            _check_strings(archive)
            binary = "xl/workbook.bin" in names
            return (_scan_binary_sheets if binary else _scan_sheets)(archive, names)
    except (
        zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, LookupError, NotImplementedError, OSError,
        OverflowError, RuntimeError, ValueError, struct.error, expat.ExpatError,
    ) as error:  # fmt: skip
        raise UnreadableError("文件已损坏或不完整") from error


def _check_declared_sizes(archive: zipfile.ZipFile) -> None:
    """Reads through every part that could hold more than it declares; its checksum fails where it does."""
    for entry in archive.infolist():
        if entry.compress_size * DEFLATE_RATIO > MAX_EXPANDED and not entry.filename.startswith("xl/worksheets/"):
            with archive.open(entry) as part:
                while part.read(CHUNK):
                    continue


def _read(archive: zipfile.ZipFile, part: str | zipfile.ZipInfo) -> bytes:
    """A part's bytes, never more than it declares: `ZipFile.read` expands everything before it looks at the size."""
    entry = part if isinstance(part, zipfile.ZipInfo) else archive.getinfo(part)
    with archive.open(entry) as opened:
        return opened.read(entry.file_size + 1)


def _check_strings(archive: zipfile.ZipFile) -> None:
    for entry in archive.infolist():
        if entry.file_size > MAX_STRINGS and _STRINGS.fullmatch(entry.filename.casefold()):
            texts = _read(archive, entry)
            if max(texts.count(b"<si"), texts.count(b":si")) > MAX_STRINGS:
                raise UnreadableError(f"文本过多，超过 {MAX_STRINGS} 个")


def _scan_sheets(archive: zipfile.ZipFile, names: dict[str, str]) -> dict[str, SheetScan]:
    workbook = _read(archive, names["xl/workbook.xml"])
    recalculates = b'fullCalcOnLoad="1"' in workbook
    about = _elements(workbook, "sheet")
    sheets = [
        (attributes.get("name", ""), next((value for key, value in attributes.items() if key.endswith(":id")), ""))
        for attributes in about
    ]
    targets = _targets(archive, names["xl/_rels/workbook.xml.rels"])
    parts = _sheet_parts(archive, names, sheets, targets)
    states = {attributes.get("name", ""): attributes.get("state", "visible") for attributes in about}
    # Of sheets of another kind, and of those without a part, the reader knows the position.
    known = len(parts) == len(sheets) and all(part.startswith("xl/worksheets/") for _, part in parts)
    opening = Lock()  # an archive counts its open parts, and threads would miscount

    def read(part: str) -> bytes:
        with opening:
            return _read(archive, part)

    shared = SharedParts(
        lambda part: read(names[part.casefold()]) if part.casefold() in names else None,
        recalculates=recalculates,
        since_1904=b"date1904" in workbook,
    )

    def scan(sheet: tuple[str, str, IO[bytes]]) -> SheetScan:
        name, part, xml = sheet
        if known and states[name] in ("hidden", "veryHidden"):
            return SheetScan(hidden=True)
        cells = plain_sheet(xml, shared) if known and states[name] == "visible" else None
        if cells is None:
            return _scan_sheet(read(part), shared)
        return SheetScan(cells.refusal, cells.errors, cells.uncalculated, cells.merges, cells=cells)

    large = sum(archive.getinfo(part).file_size for _, part in parts) > LARGE
    with ExitStack() as opened:
        sheets_open = [(name, part, opened.enter_context(archive.open(part))) for name, part in parts]
        return dict(zip(dict(parts), each(scan, sheets_open, large=large), strict=True))


def _scan_binary_sheets(archive: zipfile.ZipFile, names: dict[str, str]) -> dict[str, SheetScan]:
    sheets = [(name, relation) for relation, name in xlsb_sheets(_read(archive, names["xl/workbook.bin"]))]
    scans: dict[str, SheetScan] = {}
    targets = _targets(archive, names["xl/_rels/workbook.bin.rels"])
    if not all(targets.get(relation) for _, relation in sheets):  # the reader would panic
        raise UnreadableError("文件已损坏：工作表没有内容")
    for name, part in _sheet_parts(archive, names, sheets, targets):
        found = xlsb_sheet(_read(archive, part))
        scans[name] = SheetScan(
            refusal=found.extent.refusal(), errors=found.errors, merges=tuple(found.merges), idle=found.idle
        )
    return scans


def _sheet_parts(
    archive: zipfile.ZipFile, names: dict[str, str], sheets: list[tuple[str, str]], targets: dict[str, str]
) -> list[tuple[str, str]]:
    """(name, part) of each sheet of `sheets` (name, relation). Parts are found as the reader finds them, case aside.

    Raises UnreadableError where two sheets share a name or there are too many: a workbook may name one part a thousand
    times over.
    """
    if len(sheets) > MAX_SHEETS:
        raise UnreadableError(f"工作表过多({len(sheets)} 张，超过 {MAX_SHEETS} 张)")
    if len({name for name, _ in sheets}) < len(sheets):
        raise UnreadableError("工作表重名，文件已损坏")
    found = [
        (name, names.get((target if target.startswith("xl/") else f"xl/{target}").casefold(), ""))
        for name, relation in sheets
        if (target := targets.get(relation, ""))
    ]
    parts = [(name, part) for name, part in found if part]
    if sum(archive.getinfo(part).file_size for _, part in parts) > MAX_EXPANDED:
        raise UnreadableError("解压后超过 512 MiB")
    return parts


def _targets(archive: zipfile.ZipFile, relations: str) -> dict[str, str]:
    """Relation → part, as the part `relations` names them."""
    return {
        attributes.get("Id", ""): attributes.get("Target", "").removeprefix("/")
        for attributes in _elements(_read(archive, relations), "Relationship")
    }


def _elements(xml: bytes, kind: str) -> list[dict[str, str]]:
    """The attributes of each element of `kind`, whatever its namespace. Raises ExpatError for malformed XML."""
    found: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == kind:
            found.append(attributes)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.Parse(xml, True)
    return found


def _scan_sheet(xml: bytes, shared: SharedParts) -> SheetScan:
    if refusal := xlsx_refusal(xml) or text_refusal(shared.text_bytes(xml)):
        return SheetScan(refusal=refusal)
    errors: dict[tuple[int, int], str] = {}
    if b't="e"' in xml or b"t='e'" in xml:
        for match in _ERROR_CELL.finditer(xml):
            if position := _position(_attributes(match[1]).get("r", "")):
                errors[position] = html.unescape((match[2] or b"#ERROR!").decode("utf-8", "replace"))
    uncalculated: dict[tuple[int, int], str] = {}
    if b"<f" in xml or b":f>" in xml or b":f " in xml:
        for match in _FORMULA_CELL.finditer(xml):
            attributes = _attributes(match[1])
            position = _position(attributes.get("r", ""))
            is_text = attributes.get("t") == "str"
            if position and lacks_result(match[3], is_text=is_text, recalculates=shared.recalculates):
                uncalculated[position] = "=" + html.unescape((match[2] or b"").decode("utf-8", "replace"))
    return SheetScan(errors=errors, uncalculated=uncalculated)


def _attributes(tag: bytes) -> dict[str, str]:
    pairs = re.findall(rb"([\w:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", tag)
    return {key.decode(): html.unescape((double or single).decode("utf-8", "replace")) for key, double, single in pairs}


def _position(reference: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"([A-Z]{1,3})(\d+)", reference)
    return (int(match[2]) - 1, column_number(match[1]) - 1) if match else None


Item = TypeVar("Item")
Made = TypeVar("Made")

AT_ONCE = 2
"""More would wait for one another: the Python part of the work is done by one thread at a time."""


def each(work: Callable[[Item], Made], items: Sequence[Item], *, large: bool) -> list[Made]:
    """What `work` makes of each item, in order; several at a time where they are `large` enough to be worth it."""
    if not large or len(items) < AT_ONCE:
        return [work(item) for item in items]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, items))
