"""Cells of a worksheet given other formats in the bytes of its part, and absent ones inserted where they belong.

Only the rows that hold such cells are looked into; a sheet of 100 MB is searched for row tags and no more.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from efficiency.cell_addresses import column_letters, column_number
from efficiency.reports.submitters.package.xml import (
    Edit,
    Element,
    UnusualWorkbookError,
    attribute,
    children,
    edited,
    inserted_within,
    number_of,
    prefix_of,
    root_of,
    text_of,
    with_attribute,
    without_attribute,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_ROW: Final = 1_048_576
MAX_COLUMN: Final = 16_384
"""Rows and columns of a sheet in Excel."""

ORDER: Final = (
    b"sheetPr",
    b"dimension",
    b"sheetViews",
    b"sheetFormatPr",
    b"cols",
    b"sheetData",
    b"sheetCalcPr",
    b"sheetProtection",
    b"protectedRanges",
    b"scenarios",
    b"autoFilter",
    b"sortState",
    b"dataConsolidate",
    b"customSheetViews",
    b"mergeCells",
    b"phoneticPr",
    b"conditionalFormatting",
    b"dataValidations",
    b"hyperlinks",
    b"printOptions",
    b"pageMargins",
    b"pageSetup",
    b"headerFooter",
    b"rowBreaks",
    b"colBreaks",
    b"customProperties",
    b"cellWatches",
    b"ignoredErrors",
    b"smartTags",
    b"drawing",
    b"legacyDrawing",
    b"legacyDrawingHF",
    b"drawingHF",
    b"picture",
    b"oleObjects",
    b"controls",
    b"webPublishItems",
    b"tableParts",
    b"extLst",
)
"""Elements of a worksheet in the schema's order (CT_Worksheet, ECMA-376 part 1, 18.3.1.99); Excel refuses another."""

_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")

Position = tuple[int, int]
"""Row and column, each from 1."""
Merged = dict[int, list[tuple[Position, Position]]]
"""Row → first and last cell of each merged range that covers it; those of very many rows are under `_TALL`."""
_TALL: Final = 0
_MOST_ROWS: Final = 64
Restyle = Callable[[Position, int, bool], "int | None"]
"""From a cell's position, its format's number and whether it is present, the number of its new format."""


def position_of(address: str) -> Position | None:
    """Row and column of the address of a single cell; None for what is none within Excel's bounds."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        return None
    position = int(match[2]), column_number(match[1])
    return position if position[0] <= MAX_ROW and position[1] <= MAX_COLUMN else None


def address_of(position: Position) -> str:
    """The address of a cell, such as F17."""
    return column_letters(position[1]) + str(position[0])


def shown_position(position: Position, merged: Merged) -> Position:
    """The cell itself, or the first cell of the merged range that hides it."""
    for (top, left), (bottom, right) in (*merged.get(position[0], ()), *merged.get(_TALL, ())):
        if top <= position[0] <= bottom and left <= position[1] <= right:
            return top, left
    return position


@dataclass(frozen=True)
class Layout:
    """A worksheet part, and the elements before, around and after its cells."""

    content: bytes
    prefix: bytes
    """Prefix of its tags with the colon, or empty."""
    before: tuple[Element, ...]
    data: Element
    after: tuple[Element, ...]
    """The elements before and behind the cells, in order."""
    merged: Merged


def layout_of(content: bytes) -> Layout:
    """Finds the cells of a worksheet part without looking at each. Raises UnusualWorkbookError without sheetData."""
    prefix = prefix_of(content)
    root = root_of(content)
    opening = re.compile(rb"<%bsheetData(?=[\s/>])[^<>]*>" % prefix).search(content, root.inner)
    if root.name != b"worksheet" or opening is None:
        raise UnusualWorkbookError("工作表的结构不完整")
    inner = inner_end = end = opening.end()
    if not opening[0].endswith(b"/>"):
        closing = b"</%bsheetData" % prefix
        inner_end = content.rfind(closing, inner)
        end = content.find(b">", inner_end) + 1
        if inner_end < 0 or not end:
            raise UnusualWorkbookError("工作表的结构不完整")
    after = tuple(children(content, end, root.inner_end))
    return Layout(
        content,
        prefix,
        tuple(children(content, root.inner, opening.start())),
        Element(b"sheetData", opening.start(), inner, inner_end, end),
        after,
        _by_row(_merged(content, after)),
    )


def insertion_point(layout: Layout, name: bytes) -> int:
    """Where, behind the cells, a new element of this name belongs by the schema's order."""
    earlier = frozenset(ORDER[: ORDER.index(name)])
    return max((element.end for element in layout.after if element.name in earlier), default=layout.data.end)


def restyled(layout: Layout, positions: Iterable[Position], style: Restyle) -> list[Edit]:
    """The edits that give the cells at `positions` other formats.

    `style` is asked for each with the number of the format that shows there now (an absent cell's is that
    of its row or column) and whether the cell is present; None leaves the cell as it is.
    Raises UnusualWorkbookError for rows or cells out of order.
    """
    wanted: dict[int, list[int]] = {}
    for row, column in sorted(set(positions)):
        wanted.setdefault(row, []).append(column)
    rows, data, prefix = list(wanted), layout.data, layout.prefix
    columns = _column_styles(layout)
    edits: list[Edit] = []

    def new_row(row: int) -> bytes:
        cells = b"".join(_new_cell(prefix, (row, column), columns.get(column, 0), style) for column in wanted[row])
        return b'<%brow r="%d">%b</%brow>' % (prefix, row, cells, prefix) if cells else b""

    number = at = 0
    for tag in re.compile(rb"<%brow(?=[\s/>])[^<>]*>" % prefix).finditer(layout.content, data.inner, data.inner_end):
        number = _following(tag, number)
        while at < len(rows) and rows[at] < number:
            edits.append((tag.start(), tag.start(), new_row(rows[at])))
            at += 1
        if at == len(rows):
            break
        if rows[at] == number:
            edits += _restyled_row(layout, tag, number, wanted[number], columns, style=style)
            at += 1
    missing = b"".join(new_row(row) for row in rows[at:])
    return [*edits, inserted_within(layout.content, data, missing)] if missing else edits


def _restyled_row(
    layout: Layout, tag: re.Match[bytes], row: int, wanted: list[int], columns: dict[int, int], *, style: Restyle
) -> list[Edit]:
    content, prefix = layout.content, layout.prefix
    own = number_of(tag[0], b"s") if attribute(tag[0], b"customFormat") in (b"1", b"true") else None
    end = tag.end()
    if not tag[0].endswith(b"/>"):
        end = content.find(b"</%brow" % prefix, end, layout.data.inner_end)
        if end < 0:
            raise UnusualWorkbookError("工作表的结构不完整")
    edits: list[Edit] = []

    def new(column: int) -> bytes:
        return _new_cell(prefix, (row, column), columns.get(column, 0) if own is None else own, style)

    number = at = 0
    for cell in re.compile(rb"<%bc(?=[\s/>])[^<>]*>" % prefix).finditer(content, tag.end(), end):
        number = _following(cell, number)
        while at < len(wanted) and wanted[at] < number:
            edits.append((cell.start(), cell.start(), new(wanted[at])))
            at += 1
        if at == len(wanted):
            break
        if wanted[at] == number:
            changed = style((row, number), number_of(cell[0], b"s"), True)
            if changed is not None:
                edits.append((cell.start(), cell.end(), with_attribute(cell[0], b"s", b"%d" % changed)))
            at += 1
    missing = b"".join(new(column) for column in wanted[at:])
    # `spans` names the columns in use and would not hold any more; it is only a hint.
    opening = without_attribute(tag[0], b"spans") if missing or any(a == b for a, b, _ in edits) else tag[0]
    if missing and end == tag.end() and tag[0].endswith(b"/>"):
        whole = Element(b"row", 0, len(opening), len(opening), len(opening))
        return [(tag.start(), tag.end(), edited(opening, [inserted_within(opening, whole, missing)]))]
    return [(tag.start(), tag.end(), opening), *edits, (end, end, missing)]


def _new_cell(prefix: bytes, position: Position, base: int, style: Restyle) -> bytes:
    new = style(position, base, False)
    return b"" if new is None else b'<%bc r="%b" s="%d"/>' % (prefix, address_of(position).encode(), new)


def _following(tag: re.Match[bytes], number: int) -> int:
    """Number of the row or column that a tag begins: the one it states, or the one after `number`."""
    stated = attribute(tag[0], b"r")
    if stated is None:
        return number + 1
    digits = stated.lstrip(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    following = column_number(stated[: -len(digits)].decode()) if digits != stated else int(stated)
    if following <= number:
        raise UnusualWorkbookError("工作表中的行或单元格次序错乱")
    return following


def _merged(content: bytes, after: Iterable[Element]) -> Iterator[tuple[Position, Position]]:
    for element in after:
        if element.name == b"mergeCells":
            for merged in children(content, element.inner, element.inner_end):
                range_ = text_of(attribute(content[merged.start : merged.end], b"ref") or b"").upper().replace("$", "")
                first, _, last = range_.partition(":")
                corners = position_of(first), position_of(last or first)
                if corners[0] and corners[1]:
                    yield corners[0], corners[1]


def _by_row(ranges: Iterable[tuple[Position, Position]]) -> Merged:
    found: Merged = {}
    for range_ in ranges:
        (top, _), (bottom, _) = range_
        for row in range(top, bottom + 1) if bottom - top < _MOST_ROWS else (_TALL,):
            found.setdefault(row, []).append(range_)
    return found


def _column_styles(layout: Layout) -> dict[int, int]:
    """Formats that whole columns have."""
    found: dict[int, int] = {}
    for element in layout.before:
        if element.name == b"cols":
            for column in children(layout.content, element.inner, element.inner_end):
                tag = layout.content[column.start : column.end]
                style = number_of(tag, b"style")
                last = min(number_of(tag, b"max"), MAX_COLUMN)
                if style:
                    found.update(dict.fromkeys(range(number_of(tag, b"min"), last + 1), style))
    return found
