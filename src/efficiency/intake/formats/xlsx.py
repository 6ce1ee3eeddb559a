""".xlsx workbooks: each worksheet is read by the first of three readers that can take it.

`xlsx_fast` takes worksheets in the form in which spreadsheet programs write them. openpyxl, the reference, takes the
others up to a number of cells. Beyond that, and where openpyxl fails, calamine reads the values; error cells and
formulas without a cached value come as blanks then, and the grid says so (`Grid.marks_unknown`).
"""

from __future__ import annotations

import io
import posixpath
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from xml.etree.ElementTree import Element

import numpy as np
import polars as pl

from efficiency.cell_addresses import column_number
from efficiency.intake.formats.archive import elements
from efficiency.intake.formats.calamine import SheetMetadata, calamine_grids
from efficiency.intake.formats.grid import (
    Grid,
    SheetCells,
    extent_of_cells,
    grid_of_cells,
    lacks_result,
    number_of,
    position_of,
    text_of,
)
from efficiency.intake.formats.limits import (
    MAX_COLUMNS,
    MAX_EXPANDED,
    MAX_ROWS,
    Budget,
    Extent,
    UnreadableError,
    check_sheets,
    check_texts,
    native_budget,
)
from efficiency.intake.formats.number_formats import styles_of
from efficiency.intake.formats.xlsx_fast import fast_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from efficiency.intake.formats.archive import Archive
    from efficiency.intake.formats.grid import Cell, Integers, Merge
    from efficiency.intake.formats.number_formats import FormatSections

LARGE = 32 << 20
"""Bytes of worksheets from which on they are read side by side."""
AT_ONCE = 2
"""More threads would wait for one another: the Python part of the work is done by one thread at a time."""
MAX_REFERENCE_BYTES = 48 << 20
"""Bytes of all worksheets of a workbook that openpyxl may read: about a million cells, which take it 20 seconds."""
MAX_TAGS = 4_000_000
"""Tags of one part that openpyxl may read: about as many, however short they are written."""
MAX_ROW_BYTES = 4 << 20
"""Bytes of one row that openpyxl reads; it holds the elements of a whole row in memory."""

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ROW, _MERGED = f"{_MAIN}row", f"{_MAIN}mergeCell"
_CELL, _VALUE, _FORMULA, _INLINE, _TEXT, _RUN = (f"{_MAIN}{name}" for name in ("c", "v", "f", "is", "t", "r"))
_WITHIN_ROW = frozenset((_CELL, _VALUE, _FORMULA, _INLINE, _TEXT, _RUN))
_RUNS = (_TEXT, _RUN)
_KINDS = ("b", "d", "e", "inlineStr", "n", "s", "str")
_LAST_DAY = 2_958_466
"""1 January 10000, the first day that no spreadsheet knows."""
_FIGURE = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[Ee][+-]?\d+)?\s*", re.ASCII)
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ADDRESS = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,9})(\d{1,18})""")
_CELL_TAG, _ROW_TAG = re.compile(rb"<(?:\w{1,9}:)?c[\s/>]"), re.compile(rb"<(?:\w{1,9}:)?row[\s/>]")
_ITEM = re.compile(rb"<(?:\w{1,9}:)?si[\s>/]")
_REFERENCE = re.compile(
    rb"""<(?:\w{1,9}:)?c(?=\s[^<>]*?\bt\s*=\s*["']s["'])[^<>]*>\s*<(?:\w{1,9}:)?v[^<>]*>\s*(\d{1,9})\s*<"""
)
"""A cell that refers to a shared text; found from its `<`, so that no part of a tag is looked at again and again."""
_ODD_ERROR = re.compile(
    rb"""(<(?:\w{1,9}:)?c\b[^<>]{0,99}\bt=["']e["'][^<>]{0,99}>\s{0,9}(?:<(?:\w{1,9}:)?f\b[^<>]{0,99}(?:/>|>[^<>]{0,8192}"""
    rb"""</(?:\w{1,9}:)?f>)\s{0,9})?<(?:\w{1,9}:)?v>)(?!#(?:DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!)<)[^<>]{0,99}(?=<)"""
)
"""An error cell up to its value, and a value that calamine does not know: it would refuse the whole workbook."""
_NO_CONTENT = "文件已损坏：工作表没有内容"
_ASIDE = {"chartsheet": "图表", "dialogsheet": "对话框", "macrosheet": "宏"}
"""What the types of relations of sheets without cells of ours contain, and the word for such a sheet."""
_REMEDY = "请用 Excel 打开，删除多余的行列，另存后重新报送，或按月分成多个文件"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")

Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(frozen=True)
class _Sheet:
    """One worksheet as the workbook names it."""

    name: str
    position: int
    """Among all sheets of the workbook, charts included, from 1."""
    part: str
    """`` where the workbook names none that is there."""
    hidden: bool
    aside: str
    """As in `Grid`."""


@dataclass(frozen=True)
class _Workbook:
    """What the worksheets of a workbook share."""

    archive: Archive
    sheets: list[_Sheet]
    strings_part: str
    styles_part: str
    recalculates: bool
    """Whether it is to be calculated anew on opening."""
    mentions_1904: bool
    since_1904: bool
    """Whether days are counted from 1904, as on old Macintoshes."""

    @property
    def size(self) -> int:
        """Bytes to which all worksheets expand."""
        return sum(self.archive.size(sheet.part) for sheet in self.sheets if sheet.part)

    def strings(self) -> bytes:
        """The part of shared texts; nothing where there is none."""
        return self.archive.find(self.strings_part) or b""

    def styles(self) -> bytes:
        """The part of cell formats; nothing where there is none."""
        return self.archive.find(self.styles_part) or b""


def xlsx_grids(archive: Archive, part: str = "xl/workbook.xml") -> list[Grid]:
    """The sheets of an .xlsx file whose workbook is `part`, hidden ones unread.

    Raises UnreadableError for what is wrong with the whole.
    """
    workbook = _workbook(archive, part)
    fast = fast_reader(
        workbook.strings, workbook.styles, recalculates=workbook.recalculates, since_1904=workbook.mentions_1904
    )
    reference = _ReferenceReader(workbook)

    def read(sheet: _Sheet) -> Grid | SheetCells | None:
        if sheet.hidden or sheet.aside:
            return Grid(sheet.name, sheet.position, hidden=sheet.hidden, aside=sheet.aside)
        if not sheet.part:
            return Grid(sheet.name, sheet.position, refusal=_NO_CONTENT)
        with archive.open(sheet.part) as xml:
            cells = fast(xml)
        try:
            if cells is None:
                cells = reference.read(archive.read(sheet.part))
            # What is mostly blank waits for its turn: it is counted in the order of the sheets.
            if cells is None or extent_of_cells(cells).is_sparse:
                return cells
            return grid_of_cells(cells, sheet.name, sheet.position)
        except UnreadableError as error:
            return Grid(sheet.name, sheet.position, refusal=str(error))

    found = dict(zip(workbook.sheets, each(read, workbook.sheets, large=workbook.size > LARGE), strict=True))
    budget = Budget()
    grids: dict[_Sheet, Grid] = {}
    for sheet, read_as in found.items():
        grid = _sparse_grid(read_as, sheet, budget) if isinstance(read_as, SheetCells) else read_as
        if grid is not None:
            grids[sheet] = grid
    grids |= _by_calamine(workbook, [sheet for sheet in workbook.sheets if sheet not in grids])
    return [grids[sheet] for sheet in workbook.sheets]


def _sparse_grid(cells: SheetCells, sheet: _Sheet, budget: Budget) -> Grid:
    """The grid of a sheet that is mostly blank; refused where it is beyond the `budget` of the file."""
    try:
        return grid_of_cells(cells, sheet.name, sheet.position, budget=budget)
    except UnreadableError as error:
        return Grid(sheet.name, sheet.position, refusal=str(error))


def _workbook(archive: Archive, part: str) -> _Workbook:
    xml = archive.read(part)
    relations = archive.relations(part)
    parts = {attributes.get("Type", "").rpartition("/")[2]: attributes["Target"] for attributes in relations.values()}
    every = elements(xml, "sheet")
    check_sheets([attributes.get("name", "") for attributes in every])
    sheets = [_sheet(archive, relations, *numbered) for numbered in enumerate(every, start=1)]
    if every and not any(sheet.part or sheet.aside for sheet in sheets):
        raise UnreadableError(_NO_CONTENT)
    folder = part.rpartition("/")[0]
    workbook = _Workbook(
        archive,
        sheets,
        parts.get("sharedStrings", posixpath.join(folder, "sharedStrings.xml")),
        parts.get("styles", posixpath.join(folder, "styles.xml")),
        recalculates=b'fullCalcOnLoad="1"' in xml,
        mentions_1904=b"date1904" in xml,
        since_1904=any(about.get("date1904") in ("1", "true") for about in elements(xml, "workbookPr")),
    )
    archive.check_strings(workbook.strings_part)
    if workbook.size > MAX_EXPANDED:  # sheets may share a part
        raise UnreadableError("解压后超过 512 MiB")
    return workbook


def _sheet(archive: Archive, relations: dict[str, dict[str, str]], position: int, attributes: dict[str, str]) -> _Sheet:
    """A sheet as the workbook names it."""
    identifier = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")
    relation = relations.get(identifier, {})
    part, kind = relation.get("Target", ""), relation.get("Type", "").rpartition("/")[2]
    hidden = attributes.get("state") in ("hidden", "veryHidden")
    aside = next((word for sign, word in _ASIDE.items() if sign in kind.casefold()), "")
    return _Sheet(attributes.get("name", ""), position, part if part in archive else "", hidden, aside)


class _ReferenceReader:
    """Worksheets of one workbook read by openpyxl, cell by cell: it builds no rectangle and keeps no formats."""

    def __init__(self, workbook: _Workbook) -> None:
        self._workbook = workbook
        self._too_large = workbook.size > MAX_REFERENCE_BYTES

    def read(self, xml: bytes) -> SheetCells | None:
        """The cells of a worksheet; None where it is beyond the bounds or openpyxl cannot read it.

        Raises UnreadableError where a cell lies outside what a spreadsheet has.
        """
        if self._too_large or not _is_within_bounds(xml) or max(map(len, xml.split(b"row>"))) > MAX_ROW_BYTES:
            return None
        try:
            return self._cells(xml)
        except (UnreadableError, MemoryError):
            raise
        except Exception:  # openpyxl raises whatever a malformed value leads to
            return None

    def _cells(self, xml: bytes) -> SheetCells:
        from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH
        from openpyxl.worksheet._reader import WorkSheetParser
        from openpyxl.worksheet.cell_range import CellRange
        from openpyxl.xml.functions import iterparse

        texts = self._texts
        parser: Any = WorkSheetParser(
            io.BytesIO(xml),
            texts,
            data_only=True,
            epoch=MAC_EPOCH if self._workbook.since_1904 else WINDOWS_EPOCH,
            date_formats=self._date_styles,
        )
        found: dict[int, Cell] = {}
        marked: dict[int, str] = {}
        merges: list[Merge] = []
        styled: dict[str, list[int]] = {}
        element = None
        for _, element in iterparse(io.BytesIO(xml)):
            if element.tag == _ROW:
                styles = [written.get("s", "") for written in element]
                for written in element:
                    _prepare(written, len(texts))
                _, cells = parser.parse_row(element)
                for written, cell, style in zip(element, cells, styles, strict=True):
                    position = _checked_position(cell["row"], cell["column"])
                    mark, value = self._mark(written), _value(written, cell["value"])
                    if mark is not None:
                        marked[position] = mark
                    elif value is not None:
                        found[position] = value
                        marked.pop(position, None)
                        styled.setdefault(style, []).append(position)
            elif element.tag == _MERGED:
                try:
                    left, top, right, bottom = CellRange(element.get("ref", "")).bounds
                except ValueError:  # no range: it merges nothing
                    continue
                merges.append((top - 1, left - 1, bottom - 1, right - 1))
            if element.tag not in _WITHIN_ROW:
                element.clear()
        _require_root(element, "worksheet")
        formats = [
            (np.array(positions, dtype=np.int64), shown)
            for style, positions in styled.items()
            if style.isdecimal() and int(style) < len(self._shown)
            if (shown := self._shown[int(style)]) is not None
        ]
        return _sheet_cells(found, marked, merges, formats)

    def _mark(self, written: Element) -> str | None:
        """What an error cell shows, or `=…` for a formula without a cached value; None for any other cell."""
        stored, kind = written.findtext(_VALUE), written.get("t")
        if kind == "e":
            return stored or "#ERROR!"
        formula = written.find(_FORMULA)
        if formula is None or not lacks_result(stored, is_text=kind == "str", recalculates=self._workbook.recalculates):
            return None
        return "=" + (formula.text or "")

    @cached_property
    def _texts(self) -> list[str]:
        """The shared texts, without phonetic guides."""
        from openpyxl.xml.functions import iterparse

        xml = self._workbook.strings()
        if not xml:
            return []
        if not _is_within_bounds(xml):
            raise ValueError("too many shared texts for openpyxl")
        texts: list[str] = []
        element = None
        for _, element in iterparse(io.BytesIO(xml)):
            if element.tag == f"{_MAIN}si":
                runs = [child if child.tag == _TEXT else child.find(_TEXT) for child in element if child.tag in _RUNS]
                texts.append("".join(run.text or "" for run in runs if run is not None))
                element.clear()
        _require_root(element, "sst")
        return texts

    @cached_property
    def _formats(self) -> tuple[dict[int, str], list[int]]:
        """Identifier → code of the number formats that the file declares, and per cell style its identifier."""
        from openpyxl.xml.functions import fromstring

        xml = self._workbook.styles()
        if not xml:
            return {}, []
        if not _is_within_bounds(xml):
            raise ValueError("too many styles for openpyxl")
        root = fromstring(xml)
        declared = root.iterfind(f"{_MAIN}numFmts/{_MAIN}numFmt")
        codes = {int(each.get("numFmtId", "")): each.get("formatCode", "") for each in declared}
        return codes, [int(style.get("numFmtId", "0")) for style in root.iterfind(f"{_MAIN}cellXfs/{_MAIN}xf")]

    @cached_property
    def _date_styles(self) -> set[int]:
        """The cell formats that show a number as a date or a time of day; durations stay numbers of days."""
        from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format

        declared, styles = self._formats
        codes = BUILTIN_FORMATS | declared
        shown = [codes.get(identifier) for identifier in styles]
        return {at for at, code in enumerate(shown) if is_date_format(code) and not is_timedelta_format(code)}

    @cached_property
    def _shown(self) -> list[FormatSections | None]:
        """Per cell style, what it shows of a number where it is something else than the stored figure."""
        return styles_of(*self._formats)


def _require_root(last: Element | None, name: str) -> None:
    """Raises ValueError unless the last element of a part to end, its root, is one that openpyxl knows."""
    if last is None or last.tag != f"{_MAIN}{name}":
        raise ValueError(f"not {name} in the namespace that openpyxl reads")


def _is_within_bounds(xml: bytes) -> bool:
    """Whether a part is small enough for openpyxl and declares no entities, which its parser would expand."""
    declares = xml.startswith(_UTF_16) or b"<!DOCTYPE" in xml or b"<!ENTITY" in xml
    return not declares and xml.count(b"<") <= MAX_TAGS


def _prepare(written: Element, texts: int) -> None:
    """Changes the type of a cell that openpyxl would fail at or misread, of a workbook with so many shared texts."""
    kind, stored = written.get("t", "n"), written.findtext(_VALUE)
    if kind == "n" and stored:
        if not _FIGURE.fullmatch(stored):  # `1_0` would be ten
            written.set("t", "str")
        elif not 0 <= float(stored) < _LAST_DAY:  # a number in the format of a date, which it cannot be
            written.attrib.pop("s", None)
    elif kind == "s" and stored and not (stored.isdecimal() and int(stored) < texts):
        written.set("t", "e")
        written[:] = [Element(_VALUE)]
        written[0].text = "#REF!"
    elif kind not in _KINDS and written.find(_INLINE) is not None:
        written.set("t", "inlineStr")


def _value(written: Element, value: Cell | None) -> Cell | None:
    """A value that openpyxl gives, the escapes of control characters resolved, which it leaves in texts."""
    if value is None and written.get("t") == "str":
        return written.findtext(_VALUE)  # the empty text, to which openpyxl gives no value
    return _ESCAPE.sub(lambda code: chr(int(code[1], 16)), value) if isinstance(value, str) else value


def _checked_position(row: int, column: int) -> int:
    """The position of a row and column from 1. Raises UnreadableError where a spreadsheet has no such cell."""
    if row > MAX_ROWS or column > MAX_COLUMNS:
        Extent(1, row - 1, column - 1, row - 1, column - 1).check()
    return position_of(row - 1, column - 1)


def _sheet_cells(
    values: dict[int, Cell],
    marked: dict[int, str],
    merges: list[Merge],
    formats: list[tuple[Integers, FormatSections]],
) -> SheetCells:
    """Values by position as the columns' parts that make a grid, every text once."""
    places: dict[str | None, int] = {None: 0}
    numbers = {at: number for at, value in values.items() if (number := number_of(value)) is not None}
    texts = {at: places.setdefault(text_of(value), len(places)) for at, value in values.items() if at not in numbers}
    return SheetCells(
        [(np.array(list(numbers), dtype=np.int64), np.array(list(numbers.values()), dtype=np.float64))],
        [(np.array(list(texts), dtype=np.int64), np.array(list(texts.values()), dtype=np.int64))],
        pl.Series(values=list(places), dtype=pl.String),
        marked,
        merges,
        formats,
    )


def _by_calamine(workbook: _Workbook, sheets: list[_Sheet]) -> dict[_Sheet, Grid]:
    """The grids of sheets that nothing else could read; a refusal where calamine cannot either."""
    metadata: dict[str, SheetMetadata] = {}
    changed: dict[str, bytes] = {}
    budget = native_budget(_REMEDY)
    for sheet in sheets:
        try:
            xml = workbook.archive.read(sheet.part)
            _check_for_calamine(xml, workbook.strings(), budget)
            if _ODD_ERROR.search(xml):
                changed[sheet.part] = _ODD_ERROR.sub(rb"\1#N/A", xml)
            metadata[sheet.name] = SheetMetadata(marks_unknown=True)
        except UnreadableError as error:
            metadata[sheet.name] = SheetMetadata(refusal=str(error))
    if not any(known.refusal is None for known in metadata.values()):
        return {sheet: Grid(sheet.name, sheet.position, refusal=metadata[sheet.name].refusal) for sheet in sheets}
    try:
        data = workbook.archive.repacked(changed) if changed else workbook.archive.data
        grids = {grid.sheet: grid for grid in calamine_grids(data, metadata)}
    except UnreadableError as error:
        return {sheet: Grid(sheet.name, sheet.position, refusal=str(error)) for sheet in sheets}
    lost = "工作表内容不合规范，无法读取；请用 Excel 打开另存后重新报送"
    return {sheet: grids.get(sheet.name, Grid(sheet.name, sheet.position, refusal=lost)) for sheet in sheets}


def _check_for_calamine(xml: bytes, strings: bytes, budget: Budget) -> None:
    """Raises UnreadableError for a worksheet that would be too large in calamine, whether it is sound XML or not."""
    budget.take(_largest_extent(xml))
    begins = [match.start() for match in _ITEM.finditer(strings)]
    lengths = np.diff([*begins, len(strings), len(strings)])
    referred = np.array(_REFERENCE.findall(xml), dtype=np.int64)
    check_texts(int(lengths[referred[referred < len(lengths)]].sum()))


def _largest_extent(xml: bytes) -> Extent:
    """The largest rectangle, from the first cell of the sheet on, that the cells can fill: by their own addresses,
    those of rows, and how many cells and rows have none.
    """
    row = addressed = 0
    letters: set[bytes] = set()
    for match in _ADDRESS.finditer(xml):
        row = max(row, int(match[2]))
        letters.add(match[1])
        addressed += bool(match[1])
    cells, rows = len(_CELL_TAG.findall(xml)), len(_ROW_TAG.findall(xml))
    column = max((column_number(letter.decode().upper()) for letter in letters if letter), default=0)
    if addressed < cells:
        column += max(len(_CELL_TAG.findall(part)) for part in _ROW_TAG.split(xml))
        row += rows
    return Extent(cells, 0, 0, row - 1, column - 1)


def each(work: Callable[[Item], Made], items: Sequence[Item], *, large: bool) -> list[Made]:
    """What `work` makes of each item, in order; several at a time where they are `large` enough to be worth it."""
    if not large or len(items) < AT_ONCE:
        return [work(item) for item in items]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, items))
