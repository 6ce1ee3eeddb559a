""".ods workbooks: read by calamine, with the metadata that it drops from content.xml.

Metadata are error cells, formulas without a cached value, merged ranges and number formats. A cell, a row or a run of
blanks may be repeated any number of times, so the size is worked out first. Source of the layout: OpenDocument 1.3 part
3 (table:number-rows-repeated, table:number-rows-spanned, table:formula, number:display-factor).
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from xml.parsers import expat

from efficiency.intake.formats.calamine import SheetMetadata, calamine_grids
from efficiency.intake.formats.grid import position_of, positions_of
from efficiency.intake.formats.limits import Extent, UnreadableError, element_parser, native_budget
from efficiency.intake.formats.number_formats import FormatSections, format_sections

if TYPE_CHECKING:
    from efficiency.intake.formats.archive import Archive
    from efficiency.intake.formats.grid import Grid

_CELLS = ("table:table-cell", "table:covered-table-cell")
_TOKEN = re.compile(
    rb"<table:table\s[^<>]*>|<table:table-column\b[^<>]*>|<table:table-row\b[^<>]*>|</table:table-row>"
    rb"|<table:(?:covered-)?table-cell\b[^<>]*/>|<table:(?:covered-)?table-cell\b[^<>]*>"
)
_ERROR = b'value-type="error"'
_SPANNED = b"-spanned="
_FORMULA = re.compile(rb"""table:formula=(?:"([^"]*)"|'([^']*)')""")
_REPEATED = re.compile(rb'number-(?:rows|columns)-repeated="(\d+)"')
_ROWS_SPANNED = re.compile(rb'number-rows-spanned="(\d+)"')
_COLUMNS_SPANNED = re.compile(rb'number-columns-spanned="(\d+)"')
_NUMBER_STYLE = re.compile(rb"<number:(?:number|currency|percentage)-style\b([^<>]*)>|</number:\w{1,12}-style>")
_FORMAT_PART = re.compile(rb"<number:(number|text|currency-symbol|embedded-text)\b([^<>]*)>([^<]*)")
_LONGEST_STYLE = 4_000
"""Bytes of a number style that are looked at."""
_FACTOR = re.compile(rb'display-factor="1(0{1,30})"')
_POINT = re.compile(rb'number:position="(\d{1,2})"')
_CELL_STYLE = re.compile(rb"<style:style\b([^<>]*)>")
_STYLE_NAME = re.compile(rb'style:name="([^"]*)"')
_DATA_STYLE = re.compile(rb'style:data-style-name="([^"]*)"')
_CELL_STYLE_NAME = re.compile(rb'table:style-name="([^"]*)"')
_DEFAULT_STYLE = re.compile(rb'table:default-cell-style-name="([^"]*)"')
_FIGURE = re.compile(rb'value-type="(?:float|currency|percentage)"')
_TEXT = re.compile(rb"\s{0,200}<text:p[^<>]*>([^<]*)")


def ods_grids(archive: Archive) -> list[Grid]:
    """The worksheets of an .ods file. Raises UnreadableError where a table is too large once it is written out."""
    content = archive.read("content.xml")
    budget = native_budget()
    try:
        for extent in _extents(content):  # calamine reads all tables at once, each cell as often as it is repeated
            budget.take(extent)
    except (expat.ExpatError, LookupError, ValueError) as error:  # LookupError: an encoding nobody knows
        raise UnreadableError("文件内容不合规范，无法读取；请另存后重新报送") from error
    metadata = ods_metadata(content, archive.find("styles.xml") or b"")
    return calamine_grids(archive.data, metadata, unnamed=SheetMetadata())


def _extents(content: bytes) -> list[Extent]:
    """The rectangle of each table, with what it repeats. Raises ExpatError, or ValueError for an entity or number."""
    extents = [Extent()]
    row = column = rows = columns = begun = blanks = 0
    inside = empty = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, rows, columns, begun, blanks, inside, empty
        if name == "table:table":
            extents.append(Extent())
            row = 0
        elif name == "table:table-row":
            rows, column = int(attributes.get("table:number-rows-repeated", 1)), 0
        elif name in _CELLS:
            columns = int(attributes.get("table:number-columns-repeated", 1))
            begun = blanks = 0
            inside, empty = True, not any("value" in key or "formula" in key for key in attributes)
            if not empty:
                extents[-1].add(row, column, rows, columns)
        elif inside:
            begun = begun or parser.CurrentByteIndex
            if name == "text:s":
                blanks += int(attributes.get("text:c", 1))
            if empty:
                empty = False
                extents[-1].add(row, column, rows, columns)

    def end(name: str) -> None:
        nonlocal row, column, inside
        if name == "table:table-row":
            row += rows
        elif name in _CELLS:
            if begun:
                extents[-1].text += abs((parser.CurrentByteIndex - begun + blanks) * rows * columns)
            column += columns
            inside = False

    parser = element_parser(start, end)
    parser.Parse(content, True)
    return extents


def _format_code(style: bytes) -> str:
    """The code that Excel would write for a number style of OpenDocument, as far as it scales or names a unit."""
    code, places, commas = "", "", ""
    for kind, attributes, text in _FORMAT_PART.findall(style):
        if kind == b"number":
            factor = _FACTOR.search(attributes)
            places, commas = "0", "," * (len(factor[1]) // 3 if factor else 0)
            code += "\0"
        elif kind == b"embedded-text":
            if text == b"." and (point := _POINT.search(attributes)):
                places = "0!." + "0" * int(point[1])
        else:
            shown = _text(text)
            code += "%" if shown.strip() == "%" else f'"{shown}"'
    return code.replace("\0", places + commas)


def _styles(every: bytes) -> dict[bytes, FormatSections]:
    """Cell style → what it shows of a number where it is something else than the stored figure."""
    shown: dict[bytes, FormatSections] = {}
    begun: re.Match[bytes] | None = None
    for tag in _NUMBER_STYLE.finditer(every):
        name = _STYLE_NAME.search(begun[1]) if tag[1] is None and begun is not None else None
        if name and begun:
            code = _format_code(every[begun.end() : tag.start()][:_LONGEST_STYLE])
            shown |= {name[1]: sections} if (sections := format_sections(code)) else {}
        begun = tag if tag[1] is not None else None
    found: dict[bytes, FormatSections] = {}
    for attributes in _CELL_STYLE.findall(every) if shown else ():
        name, data = _STYLE_NAME.search(attributes), _DATA_STYLE.search(attributes)
        if b'family="table-cell"' in attributes and name and data and data[1] in shown:
            found[name[1]] = shown[data[1]]
    return found


def ods_metadata(content: bytes, styles: bytes = b"") -> dict[str, SheetMetadata]:
    """Table name → metadata, of an OpenDocument spreadsheet's content.xml and its styles.xml."""
    found: dict[str, SheetMetadata] = {}
    shown = _styles(styles + content)
    if not shown and not any(sign in content for sign in (_ERROR, _SPANNED, b"table:formula")):
        return found
    table = SheetMetadata()
    row = column = 0
    rows = 1
    defaults: list[tuple[int, bytes]] = []  # of columns: the first after it, and its style
    of_row = b""
    for match in _TOKEN.finditer(content):
        token = match[0]
        if token.startswith(b"<table:table "):
            name = re.search(rb'table:name="([^"]*)"', token)
            table = found.setdefault(_text(name[1]) if name else "", SheetMetadata())
            row, defaults = 0, []
        elif token.startswith(b"<table:table-column"):
            if shown:
                before = defaults[-1][0] if defaults else 0
                defaults.append((before + _times(_REPEATED, token), _default_style(token)))
        elif token.startswith(b"<table:table-row"):
            column, rows, of_row = 0, _times(_REPEATED, token), _default_style(token)
            if token.endswith(b"/>"):
                row += rows
        elif token.startswith(b"</table:table-row"):
            row += rows
        else:
            _add_mark_and_span(table, token, _mark(token, content, match.end()), row, column)
            columns = _times(_REPEATED, token)
            if shown and _FIGURE.search(token):
                own = _CELL_STYLE_NAME.search(token)
                style = own[1] if own else of_row or next((one for end, one in defaults if column < end), b"")
                if style in shown:
                    table.formats.append((positions_of(row, column, rows, columns), shown[style]))
            column += columns
    return found


def _add_mark_and_span(table: SheetMetadata, token: bytes, mark: str | None, row: int, column: int) -> None:
    """Adds to a table what the cell whose tag is `token` is marked with, and what it merges."""
    if mark:
        table.marked[position_of(row, column)] = mark
    down, right = _times(_ROWS_SPANNED, token), _times(_COLUMNS_SPANNED, token)
    if down > 1 or right > 1:
        table.merges.append((row, column, row + down - 1, column + right - 1))


def _default_style(token: bytes) -> bytes:
    """The cell style that a row or column gives to its cells without one."""
    found = _DEFAULT_STYLE.search(token)
    return found[1] if found else b""


def _mark(token: bytes, content: bytes, end: int) -> str | None:
    """What an error cell shows, or `=…` for a formula without a cached value; None for any other cell.

    `token` is the tag of the cell, `end` the offset in `content` after it.
    """
    shown = _TEXT.match(content, end)
    if _ERROR in token:
        return _text(shown[1]) if shown else "#ERROR!"
    # A text formula that honestly yields nothing shows an empty paragraph.
    calculated = b"value" in token or (shown is not None and not token.endswith(b"/>"))
    formula = None if calculated else _FORMULA.search(token)
    return "=" + _text(formula[1] or formula[2] or b"").partition("=")[2] if formula else None


def _text(xml: bytes) -> str:
    return html.unescape(xml.decode("utf-8", "replace"))


def _times(pattern: re.Pattern[bytes], tag: bytes) -> int:
    match = pattern.search(tag)
    return int(match[1]) if match else 1
