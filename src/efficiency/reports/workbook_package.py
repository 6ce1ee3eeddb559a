"""What a submitted workbook holds beside its cells, seen in the zip package without opening the workbook.

Two questions are answered before openpyxl is let near an untrusted file: would opening it exhaust
memory, and what would be lost or changed when it is written again.
"""

from __future__ import annotations

import re
import zipfile
from typing import IO, TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from openpyxl.utils import range_boundaries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_FILE_BYTES: Final = 40 * 1024 * 1024
MAX_EXPANDED_BYTES: Final = 256 * 1024 * 1024
MAX_CELLS: Final = 2_000_000
MAX_ROW: Final = 1_048_576
MAX_COLUMN: Final = 16_384
"""Rows and columns of a sheet in Excel."""

_CHUNK: Final = 1 << 20
_OVERLAP: Final = 512
"""Bytes kept from one chunk to the next; no tag that is looked for is longer."""

_CELL = re.compile(rb"<(?:\w+:)?c[ />]")
_RANGE = re.compile(rb"<(?:\w+:)?(?:mergeCell|hyperlink)\s[^<>]*?\bref=[\"']([^\"'<>]{1,64})[\"']")
_NOT_UTF8 = (b"\xff\xfe", b"\xfe\xff")

_LOST_PARTS: Final[tuple[tuple[str, str], ...]] = (
    (r"/charts?/|/chartsheets/", "图表（样式可能与原件不同）"),
    (r"/media/", "图片"),
    (r"/ctrlProps/|/activeX/", "按钮、复选框等控件"),
    (r"/threadedComments/", "批注的回复对话"),
    (r"/slicers/|/timelines/", "切片器"),
    (r"/diagrams/", "SmartArt 图形"),
    (r"/externalLinks/", "引用其他文件的公式（不会更新，保留上次计算的数值）"),
    (r"/queryTables/|/connections\.xml$", "外部数据连接"),
)
"""Pattern of a part's path → what of it openpyxl drops or changes, measured with openpyxl 3.1.5."""
_LOST_TAGS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"x14:dataValidations", "来源在其他工作表的下拉列表"),
    (b"x14:conditionalFormattings", "数据条、图标集等扩展条件格式"),
    (b"x14:sparklineGroups", "迷你图"),
    (b"xdr:sp>", "文本框和图形"),
)


def too_large(file: Path) -> str | None:
    """Why `file` is too large to be given back as a marked workbook, in Chinese; None when it is not.

    Cells are counted as they stand in the package (each merged or linked range with its area,
    because openpyxl makes a cell of every place in it); the declared dimension is not trusted
    either way. Raises OSError or zipfile.BadZipFile for what is no zip package, ValueError for one
    whose XML is not written as workbooks write it.
    """
    size = file.stat().st_size
    if size > MAX_FILE_BYTES:
        return f"文件较大（{size / 1024 / 1024:.0f} MB，超过 {MAX_FILE_BYTES // 1024 // 1024} MB）"
    with zipfile.ZipFile(file) as package:
        expanded = sum(part.file_size for part in package.infolist())
        if expanded > MAX_EXPANDED_BYTES:
            return f"文件解压后较大（{expanded / 1024 / 1024:.0f} MB，超过 {MAX_EXPANDED_BYTES // 1024 // 1024} MB）"
        cells = 0
        # Every part is counted: what a worksheet's part is called is the file's own choice.
        for name in package.namelist():
            with package.open(name) as part:
                for chunk, fresh in _chunks(part):
                    cells += sum(match.end() > fresh for match in _CELL.finditer(chunk))
                    cells += sum(_area(match) for match in _RANGE.finditer(chunk) if match.end() > fresh)
            if cells > MAX_CELLS:
                return f"文件的单元格过多（超过 {MAX_CELLS // 10_000} 万个）"
    return None


def losses(file: Path) -> tuple[str, ...]:
    """What of `file` a rewritten copy may lack or show differently, each in Chinese, without repeats."""
    with zipfile.ZipFile(file) as package:
        names = package.namelist()
        found = [words for pattern, words in _LOST_PARTS if any(re.search(pattern, f"/{name}") for name in names)]
        tags = dict(_LOST_TAGS)
        for name in names:
            if not re.search(r"(worksheets|drawings)/[^/]+\.xml$", name):
                continue
            with package.open(name) as part:
                for chunk, _ in _chunks(part):
                    found += [tags.pop(tag) for tag in tuple(tags) if tag in chunk]
    return tuple(dict.fromkeys(found))


def sheet_parts(package: zipfile.ZipFile) -> dict[str, str]:
    """Worksheet title → path of its XML within the package. Raises KeyError when the package has no workbook."""
    root = next(iter(_targets(package, "_rels/.rels", "", ("officeDocument",)).values()), None)
    if root is None:
        raise KeyError("the package names no workbook part")
    folder, _, name = root.rpartition("/")
    paths = _targets(package, f"{folder}/_rels/{name}.rels".lstrip("/"), folder, ("worksheet",))
    sheets: dict[str, str] = {}
    for element in ET.fromstring(package.read(root)).iter():  # noqa: S314 - expat >= 2.4 bounds entity expansion
        if element.tag.rpartition("}")[2] == "sheet":
            link = next((text for key, text in element.attrib.items() if key.endswith("}id")), "")
            if link in paths:
                sheets[element.attrib.get("name", "")] = paths[link]
    return sheets


def _targets(package: zipfile.ZipFile, rels: str, folder: str, kinds: tuple[str, ...]) -> dict[str, str]:
    """Relationship id → path of the part it points at, for relationships of these kinds."""
    found: dict[str, str] = {}
    for element in ET.fromstring(package.read(rels)):  # noqa: S314 - as above
        if element.attrib.get("Type", "").rpartition("/")[2] in kinds:
            target = element.attrib.get("Target", "")
            path = target[1:] if target.startswith("/") else f"{folder}/{target}".lstrip("/")
            found[element.attrib.get("Id", "")] = path
    return found


def _chunks(part: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Pieces of a part, each with the end of the piece before it, and where the new bytes begin."""
    tail = b""
    while block := part.read(_CHUNK):
        if not tail and block.startswith(_NOT_UTF8):
            raise ValueError(f"{part.name} is UTF-16, in which cells cannot be counted")
        yield tail + block, len(tail)
        tail = (tail + block)[-_OVERLAP:]


def _area(match: re.Match[bytes]) -> int:
    """Cells of the range that a tag names. Raises ValueError for what is no range."""
    left, top, right, bottom = range_boundaries(match[1].decode())
    columns = (right or MAX_COLUMN) - (left or 1) + 1
    rows = (bottom or MAX_ROW) - (top or 1) + 1
    return max(0, columns) * max(0, rows)
