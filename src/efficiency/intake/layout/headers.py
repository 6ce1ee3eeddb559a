"""The headers of a sheet's tables: their rows, and the meaning of each column's header.

A header is found by a column that names the enterprise (or the carrier, where a sheet is about one enterprise); the one
to three rows around it that make the most columns understood are the header.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.layout.header_cells import IDENTITY, ColumnMatch, Header, interpret, is_of_another_time, piece
from efficiency.intake.layout.titles import ABOVE, TITLE_CELLS, named_in
from efficiency.intake.parsing import (
    NO_UNITS,
    NOTHING,
    find_unit,
    looks_like_unit,
    marker,
    timing_in,
    units_above,
    written_out,
)
from efficiency.reference.tables import normalise_name
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efficiency.intake.formats import Grid

SEARCHED = 60
"""Rows of a sheet that are searched for its first header."""
HEADER_ROWS = 3
TALLEST = 6
"""Rows of a header whose identifying cell is merged over all of them."""
LONGEST_NAME = 40
"""A longer cell is an explanation, no header."""
_LABEL = re.compile(
    r"(?:单位|日期|时间|期|部门|人|名称|代码|表号|文号|机关):|^(?:填报|填表|报送|上报|报出|制表)(?:日期|时间|单位|部门|人)$"
)
"""A label such as 填报单位: or 单位: is above a header, never in it."""
_LAST_YEAR, _THIS_MONTH = re.compile(r"上年|去年|同期"), re.compile(r"[本当]月")
_THIS_YEAR = re.compile(r"^(?:本年度?|今年)(?![累止至本当\d])")
_REQUIRED = re.compile(r"[*※]?(?:非?必填|选填|可不填)项?[*※]?|[*※]")
"""A mark that may fill a row of its own below the header."""
_NO_FIGURE = {"-", "—", "–", "/", "无"}
"""What stands where a figure would."""
_FIGURE = re.compile(r"[-+¥￥]?[\d.,]+%?|[-—–/]+|无")
_SIGNED = re.compile(r"[盖签]章|签[字名]|公章")
_CONTINUED = re.compile(
    r"[(]?(?:接上页|接前页|续表|续)[\d一二三四五六七八九十]*[)]?$|^续表?\d*:?|[(]?第\d+页[,、]?(?:共\d+页)?[)]?|共\d+页"
)
"""Marks of a page after the first."""
_ORDINAL = re.compile(r"[甲乙丙丁戊己庚辛壬癸]|[(]?\d{1,2}[)]?|[(]?\d{1,2}=[\d+\-×*/÷()]+[)]?")

_OF_ORDINALS = re.compile(r"栏[次目号]?|列[次号]|编号|序号|代码")


def find_headers(grid: Grid, anchors: Sequence[int] | None = None) -> list[Header]:
    """Every header of the sheet, top-down; one that is printed again above further rows is not a new one.

    Unless a title above it states the time or the unit of the rows below it. `anchors` are its `anchor_rows`.
    """
    found: list[Header] = []
    for row in anchor_rows(grid) if anchors is None else anchors:
        if not found and row >= SEARCHED:
            break
        start = found[-1].bottom + 1 if found else 0
        if found and row >= start:
            start = _rows_end(grid, found[-1], row)
        header = _best_window(grid, row, start) if row >= start else None
        if header is None:
            continue
        again = _printed_again(grid, header, found) if found else range(0)
        if again:
            found[-1] = replace(found[-1], again=found[-1].again | frozenset(again))
        else:
            found.append(header)
    return found


def _rows_end(grid: Grid, header: Header, anchor: int) -> int:
    """The row after the last one above `anchor` that states figures of an enterprise in the table of `header`.

    Its carrier and unit would be taken for headings of the columns below them.
    """
    identity = set(header.identity.values())
    figures = [column for column in header.meanings if column not in identity]
    for row in range(anchor - 1, max(header.bottom, anchor - TALLEST), -1):
        (cells,) = grid.rows(row, row + 1)
        named = any(cells[column] for column in identity)
        if named and any(grid.numbers[c][row] is not None or normalise_name(cells[c]) in _NO_FIGURE for c in figures):
            return row + 1
    return header.bottom + 1


def _printed_again(grid: Grid, header: Header, found: Sequence[Header]) -> range:
    """The rows of `header` and its titles where it is the last one `found`, printed again on another page; else none.

    Titles that state another time or unit, or that are not those of the table, make it another table.
    """
    last = found[-1]
    if [(c, m.header) for c, m in header.meanings.items()] != [(c, m.header) for c, m in last.meanings.items()]:
        return range(0)
    begin = titles_begin(grid, header.top, last.bottom + 1)
    own = _title_lines(grid, titles_begin(grid, last.top, found[-2].bottom + 1) if found[1:] else 0, last.top)
    again = _title_lines(grid, begin, header.top)
    continued = any(_CONTINUED.search(line) for line in again)
    plain, plain_own = ({_CONTINUED.sub("", line) for line in lines} - {""} for lines in (again, own))
    times, own_times = ({timing_in(line) for line in lines} - {NOTHING} for lines in (plain, plain_own))
    units_, own_units = (units_above(sorted(lines)) for lines in (plain, plain_own))
    same = plain <= plain_own or (continued and times <= own_times and units_ in (NO_UNITS, own_units))
    return range(begin, header.bottom + 1) if same else range(0)


def _title_lines(grid: Grid, first: int, end: int) -> list[str]:
    """The texts above a table, each by itself, in standard width and without white space."""
    return [normalise_name(cell) for row in grid.rows(first, end) for cell in dict.fromkeys(row) if cell]


def titles_begin(grid: Grid, top: int, start: int) -> int:
    """The row where the titles of the table at `top` begin, below another table whose rows begin at `start`.

    They are directly above the header, up to three texts a row, and begin where a time, a unit or the enterprise of
    the table is stated; `top` where there are none.
    """
    begin = top
    for row_index in range(top - 1, max(start, top - ABOVE) - 1, -1):
        (cells,) = grid.rows(row_index, row_index + 1)
        if names_one(cells):
            begin = row_index
            continue
        texts = list(dict.fromkeys(cell for cell in cells if cell))
        if len(texts) > TITLE_CELLS or any(numbers[row_index] is not None for numbers in grid.numbers):
            break
        line = unicodedata.normalize("NFKC", " ".join(texts))
        if line and (timing_in(line) != NOTHING or units_above([*texts, line]) != NO_UNITS):
            begin = row_index
    return begin


def names_one(cells: Sequence[str]) -> bool:
    """Whether a row names the one enterprise that a table is about (企业名称 | 甲公司), so that it is no header."""
    return any(named_in([unicodedata.normalize("NFKC", cell) for cell in cells]))


def anchor_rows(grid: Grid) -> list[int]:
    """Rows with a cell that is the header of an identifying column (see `_is_anchor`), ascending."""
    texts = [f"t{column}" for column, cells in enumerate(grid.texts) if cells.null_count() < len(cells)]
    if not texts:
        return []
    # The cells of a row as one text: setting up an expression for each column costs more than most tables' rows.
    row = pl.concat_str(texts, separator="\n", ignore_nulls=True)
    likely = grid.frame.select(pl.arg_where(row.str.contains(_anchor_pattern())))
    return [row for row in likely.to_series().to_list() if anchors_of(grid.rows(row, row + 1)[0])]


def anchors_of(cells: Sequence[str]) -> list[int]:
    """The columns of `cells` that are headers of identifying columns."""
    return [column for column, cell in enumerate(cells) if _is_anchor(cell)]


def _is_anchor(cell: str) -> bool:
    """Whether a cell is the header of a column that identifies a row: 企业名称(必填), ※企业名称, 一、企业名称.

    企业名称(盖章) at the foot of a sheet is none: the enterprise signs there.
    """
    return 0 < len(cell) < LONGEST_NAME and piece(cell).name in _anchor_names() and not _SIGNED.search(cell)


@cache
def _anchor_names() -> frozenset[str]:
    form = FORMS["energy"]
    columns = [form.column(name) for name in (*IDENTITY, "carrier")]
    return frozenset(normalise_name(header) for column in columns for header in (*column.headers, column.name))


@cache
def _anchor_pattern() -> str:
    """A regular expression that every anchor matches and few other texts do: the last two characters of a name.

    White space and marks may be between them; Latin letters are matched in either case and width.
    """

    def letter(sign: str) -> str:
        if not sign.isascii():
            return sign
        return f"[{sign}{sign.lower()}{chr(ord(sign) + 0xFEE0)}{chr(ord(sign.lower()) + 0xFEE0)}]"

    return "|".join(sorted({rf"{letter(name[-2])}\W*{letter(name[-1])}" for name in _anchor_names()}))


def _best_window(grid: Grid, anchor: int, start: int) -> Header | None:
    """The header around `anchor`: the rows by which most columns are understood; of several, the fewest."""
    best: tuple[tuple[int, int, int, int], int, int, dict[int, ColumnMatch]] | None = None
    if names_one(*grid.rows(anchor, anchor + 1)):
        return None
    most = _most_rows(grid, anchor)
    for top in range(max(start, anchor - most + 1), anchor + 1):
        for bottom in range(anchor, min(top + most, grid.height)):
            meanings = _meanings(grid, top, bottom, anchor)
            if not any(_identifies(meaning) for meaning in meanings.values()):
                continue
            details = sum((meaning.timing is not None) + (meaning.unit is not None) for meaning in meanings.values())
            # Different meanings, not columns: under a merged heading alone all its columns mean the same. A heading
            # 1-本月 alone is a mark of time, and less than the 消费量 below it.
            understood = {(m.fields, m.carrier, m.role, m.timing) for m in meanings.values()}
            named = {meaning for meaning in understood if any(meaning[:3])}
            score = (len(named), len(understood), details, top - bottom)
            if best is None or score > best[0]:
                best = (score, top, bottom, meanings)
    if best is None:
        return None
    _, top, understood_to, meanings = best
    bottom = understood_to
    if top > start and (wider := _with_heading_above(grid, top - 1, bottom, anchor)):
        top, meanings = top - 1, wider
    for first, column, last, _ in grid.merges:
        if top <= first <= bottom < last < first + HEADER_ROWS and column in meanings:
            bottom = last
    if bottom > understood_to and (whole := _meanings(grid, top, bottom, anchor)):
        meanings = _with_subheadings(meanings, whole)
    elif _parts_a_heading(grid, Header(top, bottom, meanings)):
        bottom += 1
        meanings = _meanings(grid, top, bottom, anchor)
    return _with_rows_below(grid, Header(top, bottom, meanings))


def _with_heading_above(grid: Grid, top: int, bottom: int, anchor: int) -> dict[int, ColumnMatch] | None:
    """The meanings under a header and the row `top` above it, whose headings make columns another quantity (上年同期).

    More columns are understood without such a row. One that is a title, or leaves no figure, is none.
    """
    (cells,) = grid.rows(top, top + 1)
    if not any(cell and len(cell) < LONGEST_NAME and is_of_another_time(cell) for cell in cells):
        return None
    meanings = _meanings(grid, top, bottom, anchor)
    figures = any((meaning.fields and not meaning.identity) or meaning.carrier for meaning in meanings.values())
    return meanings if figures and any(_identifies(meaning) for meaning in meanings.values()) else None


def _with_subheadings(meanings: dict[int, ColumnMatch], whole: dict[int, ColumnMatch]) -> dict[int, ColumnMatch]:
    """`meanings` corrected by the `whole` header, which is merged further down: 营业收入|上年同期 is not ours.

    合计 below a heading is the whole of what it names.
    """
    return {
        column: meaning if whole[column].role == "sum" else whole[column]
        for column, meaning in meanings.items()
        if column in whole
    }


def _most_rows(grid: Grid, anchor: int) -> int:
    """How many rows the header may have: three, or as many as 企业名称 is merged over."""
    (cells,) = grid.rows(anchor, anchor + 1)
    merged = [
        last - first + 1
        for first, left, last, _ in grid.merges
        if first == anchor and piece(cells[left]).name in _anchor_names()
    ]
    return max(HEADER_ROWS, min(max(merged, default=0), TALLEST))


def _identifies(meaning: ColumnMatch) -> bool:
    return meaning.identity is not None or meaning.field("energy") == "carrier"


def _meanings(grid: Grid, top: int, bottom: int, anchor: int) -> dict[int, ColumnMatch]:
    """Column → meaning under the header rows `top` to `bottom`."""
    rows = [_with_months(grid, top + offset, line) for offset, line in enumerate(grid.rows(top, bottom + 1))]
    merged: set[tuple[int, int]] = set()
    for first, left, last, right in grid.merges:
        if last < top or first > bottom:
            continue
        text = rows[first - top][left] if first >= top else grid.rows(first, first + 1)[0][left]
        for row in range(max(first, top), min(last, bottom) + 1):
            for column in range(left, min(right, grid.width - 1) + 1):
                rows[row - top][column] = text
                merged.add((row - top, column))
    identifying = {column for column in range(grid.width) if piece(rows[anchor - top][column]).name in _anchor_names()}
    for row, line in enumerate(rows):
        again = (column for column in identifying if line[column] and (row, column) not in merged)
        repeated = [line[column] for column in again]
        if row != anchor - top and any(piece(cell).name in _anchor_names() for cell in repeated):
            return {}  # the header of another table
        if row > anchor - top and any(marker(cell) is not None for cell in repeated):
            return {}  # the month of the rows below it
    for row in range(anchor - top):
        if _is_title(rows[row], {column for line, column in merged if line == row}, identifying):
            return {}
    rows = [_this_year_beside_last(line) for line in rows]
    for row in range(len(rows) - 1):
        _spread_headings(rows[row], rows[row + 1], {column for line, column in merged if line == row})
    found: dict[int, ColumnMatch] = {}
    headings: dict[int, tuple[str, ...]] = {}
    for column in range(grid.width):
        cells = [line[column] for line in rows if line[column]]
        distinct_cells = tuple(cell for level, cell in enumerate(cells) if level == 0 or cell != cells[level - 1])
        if distinct_cells and (meaning := interpret(distinct_cells)) is not None:
            found[column] = meaning
        headings[column] = distinct_cells[:-1]
    # The sum next to months or rented land is no figure of its own.
    summed = {
        headings[column]
        for column, meaning in found.items()
        if meaning.timing is not None or meaning.field("land") in ("leased_in", "leased_out")
    }
    return {
        column: _whole(meaning, headings[column]) if headings[column] not in summed else meaning
        for column, meaning in found.items()
    }


def _whole(meaning: ColumnMatch, headings: tuple[str, ...]) -> ColumnMatch:
    """合计 below `headings` as the whole of what they name (入库税收 | 合计)."""
    whole = interpret(headings) if meaning.role == "sum" else None
    if whole is None or not (whole.fields or whole.carrier):
        return meaning
    return replace(
        whole,
        header=meaning.header,
        unit=meaning.unit or whole.unit,
        unknown_unit=whole.unknown_unit if meaning.unit is None else None,
    )


def labels_of(grid: Grid, header: Header | None) -> dict[int, str]:
    """Column → the distinct cells of its header, top-down, headings that are merged over it included."""
    if header is None:
        return {}
    rows = grid.rows(header.top, header.bottom + 1)
    for first, left, last, right in grid.merges:
        if first >= header.top and first <= header.bottom and right > left:
            for row in range(first - header.top, min(last, header.bottom) - header.top + 1):
                for column in range(left, min(right, grid.width - 1) + 1):
                    rows[row][column] = rows[first - header.top][left]
    columns = (
        dict.fromkeys(" ".join(cell.split()) for cell in cells if cell and not _ORDINAL.fullmatch(cell))
        for cells in zip(*rows, strict=True)
    )
    return {column: "|".join(cells) for column, cells in enumerate(columns) if cells}


def _this_year_beside_last(cells: Sequence[str]) -> list[str]:
    """A header row's cells, with 本年 next to 上年同期 as 本期: this year's figure of the time that is stated above.

    Next to 本月 it is the year to date, as everywhere else.
    """
    if not any("年" in cell for cell in cells):
        return list(cells)
    plain = [normalise_name(cell) for cell in cells]
    if not any(_LAST_YEAR.search(cell) for cell in plain) or any(_THIS_MONTH.match(cell) for cell in plain):
        return list(cells)
    return [_THIS_YEAR.sub("本期", cell.strip()) for cell in cells]


def _is_date(cells: set[str]) -> bool:
    """Whether a row is a date in several cells (2026 | 年 | 10 | 月)."""
    return "年" in cells and any(re.fullmatch(r"20\d\d", cell) for cell in cells)


def _with_months(grid: Grid, row: int, cells: list[str]) -> list[str]:
    """A row's cells with numbers such as 2026.1 as the month that their neighbours show them to be."""
    if not any(cell.endswith(".1") for cell in cells):
        return cells
    as_text = [grid.typed and texts[row] is not None for texts in grid.texts]
    return [cell or "" for cell in written_out(cells, as_text)]


def _is_title(cells: Sequence[str], merged: set[int], identifying: set[int]) -> bool:
    """Whether a row above a header is a title over the table, not one of headings of columns.

    `merged` are its columns in merged cells, `identifying` those that name the enterprise. A time that stands over the
    enterprise's name is that of the table (2026年1-10月 | | (初步核算数)); so is the only month of a row without
    another mark of time, unless it is merged over its columns.
    """
    filled = [column for column, cell in enumerate(cells) if cell]
    distinct = {cell for cell in cells if cell}
    if any(_LABEL.search(normalise_name(cell)) for cell in distinct) or _is_date(distinct):
        return True
    if len(distinct) == 1 and (identifying & set(filled) or filled[0] not in merged):
        return True
    for column in identifying:
        over = next((cells[left] for left in range(column, -1, -1) if cells[left]), "")
        if timing_in(over) != NOTHING:
            return True
    marks = {column: timing for column in filled if (timing := marker(piece(cells[column]).whole))}
    (column, timing) = next(iter(marks.items())) if len(marks) == 1 else (-1, NOTHING)
    return None not in (timing.year, timing.month) and column not in merged


def _spread_headings(headings: list[str], below: Sequence[str], merged: set[int]) -> None:
    """Writes a heading over the columns to its right that have only a sub-heading, as if it were merged over them.

    Centred-across cells and CSV have no merges; a heading spreads only where it has a sub-heading itself.
    """
    current = ""
    for column, heading in enumerate(headings):
        if column in merged:
            current = ""
        elif heading:
            current = heading if below[column] and below[column] != heading else ""
        elif current and below[column]:
            headings[column] = current
        else:
            current = ""


def _parts_a_heading(grid: Grid, header: Header) -> bool:
    """Whether the row below a header names further columns: 年度计划 | 完成 below 营业收入 and a blank cell.

    What stands below the heading is then not the heading's figure. The row holds nothing but texts, and names no
    enterprise; one that is nothing but units or numbers of columns is none.
    """
    row = header.bottom + 1
    if row >= grid.height or not header.identity:
        return False
    above = [list(filter(None, cells)) for cells in zip(*grid.rows(header.top, row), strict=True)]
    for first, left, last, right in grid.merges:
        if first <= header.bottom and last >= row - 1:
            above[left : right + 1] = [cells or [""] for cells in above[left : right + 1]]
    (cells,) = grid.rows(row, row + 1)
    below = {column: normalise_name(cell).strip("()") for column, cell in enumerate(cells) if cell}
    if any(column in below for column in header.identity.values()) or any(n[row] is not None for n in grid.numbers):
        return False
    if any(len(cell) >= LONGEST_NAME or _FIGURE.fullmatch(cell) for cell in below.values()):
        return False
    if all(find_unit(cell) or looks_like_unit(cell) or _ORDINAL.fullmatch(cell) for cell in below.values()):
        return False
    figures = (column for column, meaning in header.meanings.items() if meaning.fields or meaning.carrier)
    return any(column in below and column + 1 in below and not above[column + 1] for column in figures)


def _is_subheading(row: Sequence[str], header: Header) -> bool:
    """Whether a row below a header names no enterprise and holds nothing but marks of time."""
    texts = [cell for cell in row if cell]
    return (
        not any(row[column] for column in header.identity.values())
        and any(is_of_another_time(cell) for cell in texts)
        and all(len(cell) < LONGEST_NAME and (is_of_another_time(cell) or marker(cell) is not None) for cell in texts)
    )


def _are_ordinals(cells: Sequence[str]) -> bool:
    """Whether a row numbers the columns: 甲 | 乙 | 1 | 2, or 栏次 | 1 | 2 | 3."""
    numbers = cells[1:] if cells and _OF_ORDINALS.fullmatch(cells[0]) else cells
    return len(cells) > 2 and all(_ORDINAL.fullmatch(cell) for cell in numbers)


def _with_rows_below(grid: Grid, header: Header) -> Header:
    """The header with the rows of units, of 必填 marks and of numbers (甲 乙 1 2 …) directly below it."""
    meanings, bottom = dict(header.meanings), header.bottom
    for row in grid.rows(bottom + 1, bottom + 3):
        cells = {column: normalise_name(cell).strip("()") for column, cell in enumerate(row) if cell}
        units = {column: found for column, cell in cells.items() if (found := find_unit(cell))}
        others = {column: cell for column, cell in cells.items() if column not in units}
        unknown = {column: cell for column, cell in others.items() if looks_like_unit(cell)}
        blank = {"-", "—", "/", "单位", "计量单位"}
        if any(column in meanings for column in units) and set(others.values()) - set(unknown.values()) <= blank:
            for column in units.keys() | unknown.keys():
                if column in meanings and meanings[column].unit is None:
                    unit = units[column].name if column in units else None
                    meanings[column] = replace(meanings[column], unit=unit, unknown_unit=unknown.get(column))
        elif _is_subheading(row, header):
            # 上年同期 below 营业收入, unmerged: the figures below are not ours.
            meanings = {column: m for column, m in meanings.items() if not is_of_another_time(row[column])}
        elif not (
            _are_ordinals(list(cells.values())) or (cells and all(_REQUIRED.fullmatch(cell) for cell in cells.values()))
        ):
            break
        bottom += 1
    return Header(header.top, bottom, meanings)
