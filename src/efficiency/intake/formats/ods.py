"""What the cell reader does not tell about .ods workbooks: error cells, uncalculated formulas, merged cells.

Source of the layout: OpenDocument 1.3 part 3 (table:number-rows-repeated, table:number-rows-spanned, table:formula).
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

Marks = dict[tuple[int, int], str]
"""(row, column) from 0 → what the cell shows, or its formula."""

_TOKEN = re.compile(
    rb"<table:table\s[^<>]*>|<table:table-row\b[^<>]*>|</table:table-row>"
    rb"|<table:(?:covered-)?table-cell\b[^<>]*/>|<table:(?:covered-)?table-cell\b[^<>]*>"
)
_ERROR = b'value-type="error"'
_SPANNED = b"-spanned="
_FORMULA = re.compile(rb"""table:formula=(?:"([^"]*)"|'([^']*)')""")
_REPEATED = re.compile(rb'number-(?:rows|columns)-repeated="(\d+)"')
_ROWS_SPANNED = re.compile(rb'number-rows-spanned="(\d+)"')
_COLUMNS_SPANNED = re.compile(rb'number-columns-spanned="(\d+)"')
_TEXT = re.compile(rb"\s*<text:p[^<>]*>([^<]*)")


@dataclass(frozen=True)
class OdsTable:
    """What was found in one table, by absolute position from 0."""

    errors: Marks = field(default_factory=dict)
    """Error cells and what they show (#DIV/0!)."""
    uncalculated: Marks = field(default_factory=dict)
    """Formulas without a result, as `=…`."""
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    """First row, first column, last row, last column."""


def scan_content(content: bytes) -> dict[str, OdsTable]:
    """Table name → what was found in it, of an OpenDocument spreadsheet's content.xml."""
    found: dict[str, OdsTable] = {}
    if not any(sign in content for sign in (_ERROR, _SPANNED, b"table:formula")):
        return found
    table = OdsTable()
    row = column = 0
    rows = 1
    for match in _TOKEN.finditer(content):
        token = match[0]
        if token.startswith(b"<table:table "):
            name = re.search(rb'table:name="([^"]*)"', token)
            table = found.setdefault(html.unescape(name[1].decode("utf-8", "replace")) if name else "", OdsTable())
            row = 0
        elif token.startswith(b"<table:table-row"):
            column, rows = 0, _times(_REPEATED, token)
            if token.endswith(b"/>"):
                row += rows
        elif token.startswith(b"</table:table-row"):
            row += rows
        else:
            _look_at(token, content, match.end(), (row, column), table)
            column += _times(_REPEATED, token)
    return found


def _look_at(token: bytes, content: bytes, end: int, place: tuple[int, int], table: OdsTable) -> None:
    """Put what the cell at `place` is into `table`; `end` is the place in `content` after its tag."""
    if _ERROR in token:
        shown = _TEXT.match(content, end)
        table.errors[place] = html.unescape(shown[1].decode("utf-8", "replace")) if shown else "#ERROR!"
    elif (
        b"value" not in token
        and (formula := _FORMULA.search(token))
        # A text formula that honestly yields nothing shows an empty paragraph.
        and (token.endswith(b"/>") or not _TEXT.match(content, end))
    ):
        text = html.unescape((formula[1] or formula[2] or b"").decode("utf-8", "replace"))
        table.uncalculated[place] = "=" + text.partition("=")[2]
    if _SPANNED in token:
        down, right = _times(_ROWS_SPANNED, token), _times(_COLUMNS_SPANNED, token)
        if down > 1 or right > 1:
            table.merges.append((*place, place[0] + down - 1, place[1] + right - 1))


def _times(pattern: re.Pattern[bytes], tag: bytes) -> int:
    match = pattern.search(tag)
    return int(match[1]) if match else 1
