"""Tables whose rows name what they state: months or enterprises across, measures down.

Such a table is shown as one with a column for each measure: a view of the grid in which every column holds the cells
of one column of the sheet in the rows of one measure. It is then read as any other table, and its cells keep their
addresses.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.layout.header_cells import ColumnMatch, Header, NamedAbove, interpret, is_of_another_time, piece
from efficiency.intake.layout.headers import titles_begin
from efficiency.intake.layout.row_kinds import ENTERPRISE, last_used_row, named_throughout, odd_row
from efficiency.intake.layout.titles import named_in
from efficiency.intake.parsing import find_unit, looks_like_unit, marker
from efficiency.reference.tables import normalise_name
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from efficiency.intake.formats import Grid

SEARCHED = 60
"""Rows of a sheet that are searched for the header."""
LABELS_AT = 6
"""Columns from the left that are searched for the names of the measures."""
MOST_ROWS = 5000
MOST_COLUMNS = 4000
"""Of the view. A larger table is none that people fill in."""
SHOWN = 2
"""Rows that name a measure, from which on a column is taken for one of measures."""
_LABEL_WORDS = re.compile("指标|项目|数据项|内容")
_LABEL_HEADERS = frozenset(
    normalise_name(word)
    for word in (
        *(
            "指标",
            "指标名称",
            "项目",
            "项目名称",
            "经济指标",
            "主要指标",
            "主要经济指标",
            "统计指标",
            "指标项目",
            "指标项",
        ),
        *("企业指标", "数据项", "数据项目", "内容", "指标/企业", "项目/企业", "指标\\企业", "项目\\企业"),
    )
)
_UNIT_HEADERS = frozenset(("单位", "计量单位"))
_VALUES = re.compile(
    r"(?:本期|实际|完成|填报|上报)?(?:数[值据额量]?|数额|金额|值|完成[数值]?|实际[数值]?|指标数?值)|本期|报告期"
)
"""A column of figures of the table's time."""
_ENTERPRISE = re.compile(rf"{ENTERPRISE.pattern}|有限|股份")
_ENUMERATED = re.compile(r"^[(（]?[一二三四五六七八九十\d]{1,3}[)）、.．]\s*")
_NUMBER = re.compile(r"\s*[-+]?[\d,，.．]*\d%?\s*")
_NUMBERED = re.compile(r"[甲乙丙]|栏次|列次")
"""Labels of the row that numbers the columns of a form."""
_CODE = re.compile(r"[0-9A-Z]{18}")
_ROLES = ("year", "quarter", "month", "period", "span_start", "span_end")
_MEASURED = frozenset(("output", "land", "energy"))


@dataclass(frozen=True)
class MeasureRows:
    """A table whose rows name measures, shown with a column for each."""

    view: Grid
    header: Header
    kinds: pl.DataFrame
    """As `row_kinds.classify` gives."""
    unread: tuple[tuple[int, int, str], ...] = ()
    """Row, column and text of each label that is none of our measures, beside a figure."""
    within: tuple[tuple[int, int], ...] = ()
    """Row and column of each label 其中: of a part of what another row states."""
    labels: dict[int, str] = field(default_factory=dict)
    """Row → the name of its measure."""
    named_at: dict[int, tuple[int, str]] = field(default_factory=dict)
    """Column of the view → row and letters of the cell that names its measure, the first of several."""
    source: Grid | None = None
    """The sheet of which `view` is a view; `sums` are its columns."""
    sums: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Column 合计 → the columns of enterprises, or of single months, that it may sum, from left to right."""


@dataclass
class _Places:
    """Where in a sheet the parts of such a table are."""

    top: int
    bottom: int
    labels: int
    unit: int | None = None
    kept: dict[int, ColumnMatch] = field(default_factory=dict)
    """Columns of the enterprise and of the period."""
    values: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Columns of figures with their header cells; none for one of the table's time."""
    owners: dict[int, NamedAbove] = field(default_factory=dict)
    """Columns of figures of one enterprise."""
    sums: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Columns 合计 of enterprises or months, with the header cells below."""


def find_measure_rows(grid: Grid) -> list[MeasureRows]:
    """The tables of `grid` whose rows name measures under a header that no form has: 指标, 项目."""
    heads = grid.rows(0, min(grid.height, SEARCHED))
    if not _LABEL_WORDS.search("\n".join(cell for cells in heads for cell in cells[:LABELS_AT])):
        return []
    candidates = [(row, at) for row, cells in enumerate(heads) for at in _label_headers(cells)]
    if not candidates or grid.height > MOST_ROWS:
        return []
    rows = grid.rows(0, grid.height)
    for first, labels in candidates:
        tops = [row for row in range(first, grid.height) if labels in _label_headers(rows[row])]
        ends = [*(titles_begin(grid, top, above + 1) for above, top in pairwise(tops)), grid.height]
        tables = [_table(grid, rows, top, labels, end) for top, end in zip(tops, ends, strict=True)]
        if tables[0] is not None:
            return [table for table in tables if table is not None]
    return []


def find_transposed(grid: Grid) -> list[MeasureRows]:
    """The table of `grid` that has enterprises across and measures down, under whatever header."""
    rows = grid.rows(0, min(grid.height, SEARCHED))
    for labels in range(min(grid.width, LABELS_AT)):
        named = [row for row, cells in enumerate(rows) if _measure(cells[labels]) and any(cells[labels + 1 :])]
        if not named or grid.height > MOST_ROWS:
            continue
        names = [row for row in range(named[0]) if _names_several(rows[row], labels)]
        if len(named) < SHOWN and not any(_is_identity(rows[row], labels) for row in names):
            continue
        top = next((row for row in names if row + len(names) - names.index(row) - 1 == names[-1]), None)
        table = None if top is None else _table(grid, grid.rows(0, grid.height), top, labels, grid.height)
        if table is not None:
            return [table]
    return []


def _label_headers(cells: Sequence[str]) -> list[int]:
    """The columns of a row that may be the header of measures, with columns beside them."""
    if not _LABEL_WORDS.search("\n".join(cells[:LABELS_AT])):
        return []
    return [
        column
        for column, cell in enumerate(cells[:LABELS_AT])
        if normalise_name(piece(cell).name) in _LABEL_HEADERS and any(cells[column + 1 :])
    ]


def is_enterprise(cell: str) -> bool:
    """Whether a header cell is the name or the code of an enterprise."""
    return _ENTERPRISE.search(cell) is not None or is_code(cell)


def is_code(cell: str) -> bool:
    """Whether a cell is the code of an enterprise."""
    return _CODE.fullmatch(cell.upper()) is not None


def is_measure(cell: str) -> bool:
    """Whether a cell names a measure or a carrier."""
    return _measure(cell) is not None


def _names_several(cells: Sequence[str], labels: int) -> bool:
    """Whether a row names enterprises in columns beside that of the labels."""
    return any(map(is_enterprise, cells[labels + 1 :]))


def _is_identity(cells: Sequence[str], labels: int) -> bool:
    """Whether a row is labelled 企业名称 and names several enterprises: one measure below it is enough to know it."""
    meaning = interpret((cells[labels],)) if cells[labels] else None
    several = sum(map(is_enterprise, cells[labels + 1 :]))
    return meaning is not None and meaning.identity is not None and several >= SHOWN


def _table(grid: Grid, rows: Sequence[Sequence[str]], top: int, labels: int, end: int) -> MeasureRows | None:
    """The table whose header is at `top`, down to before row `end`."""
    first = next((row for row in range(top + 1, end) if _measure(rows[row][labels])), None)
    places = None if first is None else _places(grid, rows, top, first, labels)
    return None if places is None else _view(grid, rows, places, last_used_row(grid, end))


@lru_cache(maxsize=4096)
def _measure(text: str) -> ColumnMatch | None:
    """The measure or carrier that the label of a row names; None for other words."""
    meaning = interpret((text,)) if text else None
    if meaning is None or meaning.identity or meaning.role:
        return None
    figures = [(form, name) for form, name in meaning.fields if _is_figure(form, name)]
    return meaning if meaning.carrier or figures else None


def _is_figure(form: str, name: str) -> bool:
    return form in _MEASURED and FORMS[form].column(name).kind == "number" and (form, name) != ("energy", "coefficient")


def _places(grid: Grid, rows: Sequence[Sequence[str]], top: int, first: int, labels: int) -> _Places | None:
    """Where the columns of the table are whose header is at `top` and whose first measure is at `first`."""
    heads = _headings(grid, rows, top, first)
    bottom = top
    while bottom + 1 < first and rows[bottom + 1][labels] in ("", rows[top][labels]) and _are_marks(rows[bottom + 1]):
        bottom += 1
    places = _Places(top, bottom, labels)
    labelled = {row: interpret((rows[row][labels],)) for row in range(top, min(len(rows), top + SEARCHED))}
    identified = {
        row: meaning.identity for row, meaning in labelled.items() if meaning is not None and meaning.identity
    }
    across = _names_several(rows[top], labels) or bool(identified)
    for column in range(grid.width):
        cells = tuple(heads[row][column] for row in range(top, bottom + 1) if heads[row][column])
        meaning = interpret(cells[-1:]) if cells else None
        if column == labels or not cells:
            continue
        if normalise_name(cells[-1]) in _UNIT_HEADERS:
            places.unit = column
        elif meaning is not None and (meaning.identity or meaning.role in _ROLES):
            places.kept[column] = meaning
        elif column < labels or any(is_of_another_time(cell) for cell in cells):
            continue
        elif across and marker(cells[0]) is None and odd_row(normalise_name(cells[0]), None, alone=False) is None:
            places.owners[column] = _owner(rows, column, top, cells[0], identified)
            places.values[column] = cells[1:]
        elif odd_row(normalise_name(cells[0]), None, alone=False) in ("total", "subtotal"):
            places.sums[column] = cells[1:]
        elif not across and all(marker(cell) is not None for cell in cells):
            places.values[column] = cells
        elif not across and (_VALUES.fullmatch(cells[-1]) or (meaning is not None and _is_consumption(meaning))):
            places.values[column] = cells[:-1] if all(marker(cell) is not None for cell in cells[:-1]) else ()
    return places if places.values else None


def _is_consumption(meaning: ColumnMatch) -> bool:
    return meaning.field("energy") == "consumption" and meaning.timing is None and meaning.carrier is None


def _owner(rows: Sequence[Sequence[str]], column: int, top: int, name: str, identified: dict[int, str]) -> NamedAbove:
    """The enterprise of a column: the name in the header, its code there or in a row 统一社会信用代码."""
    codes = [rows[row][column] for row, kind in identified.items() if kind == "uscc" and rows[row][column]]
    names = [(row, rows[row][column]) for row, kind in identified.items() if kind == "name" and rows[row][column]]
    if _CODE.fullmatch(name.upper()):
        return NamedAbove(name, names[0][1] if names else None, names[0][0] if names else top)
    row, name = names[0] if names else (top, name)
    return NamedAbove(codes[0] if codes else None, name, row)


def _headings(grid: Grid, rows: Sequence[Sequence[str]], top: int, first: int) -> dict[int, list[str]]:
    """The header rows with merged cells, and unmerged headings, written over the columns that they are for."""
    found = {row: list(rows[row]) for row in range(top, first)}
    for r0, c0, r1, c1 in grid.merges:
        for row in range(max(r0, top), min(r1, first - 1) + 1):
            for column in range(c0, min(c1, grid.width - 1) + 1):
                found[row][column] = rows[r0][c0] if r0 < len(rows) else ""
    if top + 1 < first and _are_marks(rows[top + 1]):
        current = ""
        for column, cell in enumerate(found[top]):
            current = cell or (current if rows[top + 1][column] else "")
            found[top][column] = current
    return found


def _are_marks(cells: Sequence[str]) -> bool:
    """Whether a row holds nothing but marks of time (本月, 累计), two at least."""
    filled = [cell for cell in cells if cell]
    return len(filled) > 1 and all(marker(cell) is not None or is_of_another_time(cell) for cell in filled)


def _view(grid: Grid, rows: Sequence[Sequence[str]], places: _Places, end: int) -> MeasureRows | None:
    """The table at `places`, down to before row `end`, with a column for each of its measures."""
    first = places.bottom + 1
    body = [
        (row, rows[row][places.labels], "" if places.unit is None else rows[row][places.unit])
        for row in range(first, end)
    ]
    measures = dict.fromkeys((label, unit) for _, label, unit in body if _measure(label))
    if not measures or len(measures) * len(places.values) > MOST_COLUMNS:
        return None
    parts = _parts(measures)
    measures = {key: None for key in measures if key not in parts}
    kinds, unread = _kinds(grid, places, body, parts)
    within = tuple(
        (row, places.labels)
        for (row, label, unit), kind in zip(body, kinds["kind"], strict=True)
        if (label, unit) in parts and kind == "note"
    )
    named = _named(grid, places, kinds)
    above = _named_above(rows, places, kinds) if not named and not places.owners else {}
    columns: list[int] = []
    meanings: dict[int, ColumnMatch] = {}
    numbers: list[pl.Series] = []
    texts: list[pl.Series] = []
    for column, (kept_numbers, kept_texts, kept) in (named | above).items():
        meanings[len(columns)] = kept
        columns.append(places.labels if column < 0 else column)
        numbers.append(kept_numbers)
        texts.append(kept_texts)
    stated = {
        row: (label, unit) for (row, label, unit), kind in zip(body, kinds["kind"], strict=True) if kind != "note"
    }
    named_at: dict[int, tuple[int, str]] = {}
    names = [piece(label).whole for label, _ in measures]
    for place, (label, unit) in enumerate(measures):
        variant = names[:place].count(names[place])
        at_row = next((row for row, known in stated.items() if known == (label, unit)), places.top)
        outside = pl.Series(values=[stated.get(row) != (label, unit) for row in range(grid.height)], dtype=pl.Boolean)
        for column, heads in places.values.items():
            meaning = _with_unit(label, unit, heads)
            if meaning is None:
                continue
            meanings[len(columns)] = replace(meaning, owner=places.owners.get(column), variant=variant)
            named_at[len(columns)] = (at_row, grid.letters(places.labels))
            columns.append(column)
            numbers.append(grid.numbers[column].set(outside, None))
            texts.append(grid.texts[column].set(outside, None).scatter(places.top, label))
    at: dict[int, list[int]] = {}
    for place, column in enumerate(columns):
        at.setdefault(column, []).append(place)
    view = replace(
        grid,
        numbers=numbers,
        texts=texts,
        origin=[grid.origin[column] if grid.origin else column for column in columns],
        merges=[],
        marked=frozenset((row, place) for row, column in grid.marked for place in at.get(column, ())),
        formats={place: marks for column, marks in grid.formats.items() for place in at.get(column, ())},
    )
    labels = {row: label for row, (label, _) in stated.items()}
    return MeasureRows(
        view,
        Header(places.top, places.bottom, meanings),
        kinds,
        tuple(unread),
        within,
        labels,
        named_at,
        grid,
        _summed(places),
    )


def _summed(places: _Places) -> dict[int, tuple[int, ...]]:
    """Each column 合计 → the columns of figures under the same header cells, where they are of enterprises, months."""
    found: dict[int, tuple[int, ...]] = {}
    for column, heads in places.sums.items():
        if places.owners:
            columns = [c for c, cells in places.values.items() if c in places.owners and cells == heads]
        else:
            columns = list(places.values)
            marks = [marker(cell) for cells in places.values.values() for cell in cells]
            if not all(mark is not None and mark.kind == "month" and mark.month is not None for mark in marks):
                continue
        if len(columns) > 1:
            found[column] = tuple(columns)
    return found


def _parts(measures: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of `measures` (label, unit) that are 其中: parts of another one."""
    found = {key: meaning for key in measures if (meaning := _measure(key[0]))}
    wholes = {(meaning.fields, meaning.carrier) for meaning in found.values() if not meaning.subordinate}
    return {key for key, m in found.items() if m.subordinate and (m.fields, m.carrier) in wholes}


def _with_unit(label: str, unit: str, heads: tuple[str, ...]) -> ColumnMatch | None:
    """The meaning of a column of the measure `label` under `heads`, in the unit of its row."""
    meaning = interpret((*heads, label))
    if meaning is None or meaning.unit is not None or not unit:
        return meaning
    found = find_unit(unit)
    unknown = None if found is not None or not looks_like_unit(unit) else unit
    return replace(meaning, unit=found.name if found else None, unknown_unit=unknown)


def _kinds(
    grid: Grid, places: _Places, body: Sequence[tuple[int, str, str]], parts: Collection[tuple[str, str]]
) -> tuple[pl.DataFrame, list[tuple[int, int, str]]]:
    """The kind of each row, and the labels with figures that are none of our measures; `parts` are notes."""
    filled = grid.filled_in(places.values)
    names = [column for column, meaning in places.kept.items() if meaning.identity == "name"]
    kinds: list[str] = []
    unread: list[tuple[int, int, str]] = []
    block: list[str] = []
    """The measures of the total whose name, 合计, is on the first of its rows only."""
    for row, label, unit in body:
        name = next((text for column in names if (text := grid.texts[column][row])), None)
        if name is None and block and label not in block and _measure(label):
            block.append(label)
            kinds.append(kinds[-1])
            continue
        odd = odd_row(normalise_name(name or label), None, alone=False) if name or label else None
        block = [label] if name and odd in ("total", "subtotal") and _measure(label) else []
        if not grid.filled[row]:
            kinds.append("blank")
        elif (label, unit) in parts:
            kinds.append("note" if filled[row] else "blank")
        elif _measure(label):
            kinds.append(odd if name and odd in ("total", "subtotal", "page") else "data" if filled[row] else "blank")
        elif odd in ("total", "subtotal", "page"):
            kinds.append(odd)
        else:
            kinds.append("note")
            meaning = interpret((label,)) if label else None
            figures = any(
                grid.numbers[column][row] is not None or _NUMBER.fullmatch(grid.texts[column][row] or "")
                for column in places.values
            )
            if figures and not _NUMBERED.fullmatch(label) and not (meaning is not None and meaning.identity):
                unread.append((row, places.labels, label))
    schema = {"row_index": pl.Int64, "kind": pl.String}
    return pl.DataFrame({"row_index": [row for row, _, _ in body], "kind": kinds}, schema=schema), unread


Kept = dict[int, tuple[pl.Series, pl.Series, "ColumnMatch"]]
"""Column → its numbers and texts, one for each row of the grid, and its meaning."""


def _named(grid: Grid, places: _Places, kinds: pl.DataFrame) -> Kept:
    """The columns of the enterprise and the period, with what holds for several rows written into each of them."""
    if not places.kept:
        return {}
    cells = grid.frame.with_row_index("row_index").with_columns(pl.col("row_index").cast(pl.Int64))
    for top, left, bottom, _ in grid.merges:
        if left in places.kept and bottom > top:
            inside = pl.col("row_index").is_between(top, bottom)
            columns = pl.col(f"n{left}", f"t{left}")
            cells = cells.with_columns(pl.when(inside).then(columns.get(top)).otherwise(columns).name.keep())
    identity = [column for column, meaning in places.kept.items() if meaning.identity]
    keys = {places.labels, *(column for column in places.kept if column not in identity)}
    of_rows = pl.col("row_index").is_in(kinds["row_index"].filter(kinds["kind"] == "data").implode())
    named = pl.concat([cells.filter(~of_rows), named_throughout(cells.filter(of_rows), identity, keys)])
    named = named.sort("row_index")
    return {column: (named[f"n{column}"], named[f"t{column}"], meaning) for column, meaning in places.kept.items()}


def _named_above(rows: Sequence[Sequence[str]], places: _Places, kinds: pl.DataFrame) -> Kept:
    """The enterprise of each row that a line above its block names: 甲公司, or 企业名称:甲公司; none without one."""
    found: dict[str, list[str | None]] = {"uscc": [None] * len(rows), "name": [None] * len(rows)}
    who: tuple[str | None, str | None] = (None, None)
    for row, kind in kinds.iter_rows():
        if kind == "note":
            filled = [cell for cell in rows[row] if cell]
            stated = named_in([unicodedata.normalize("NFKC", cell) for cell in rows[row]])
            alone = filled[0] if len(set(filled)) == 1 and _ENTERPRISE.search(filled[0]) else None
            if any(stated) or alone:
                who = stated if any(stated) else (None, _ENUMERATED.sub("", alone or ""))
        elif kind == "data":
            found["uscc"][row], found["name"][row] = who
    nothing = pl.Series([None], dtype=pl.Float64).new_from_index(0, len(rows))
    return {
        -1 - place: (nothing, pl.Series(texts, dtype=pl.String), ColumnMatch(name, (("output", name),)))
        for place, (name, texts) in enumerate(found.items())
        if any(texts)
    }
