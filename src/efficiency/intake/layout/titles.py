"""The context of a table: titles, unit line, date of filing, the one enterprise that it is about."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.layout.header_cells import IDENTITY, interpret, piece
from efficiency.intake.layout.row_kinds import odd_row
from efficiency.intake.parsing import (
    NO_UNITS,
    NOTHING,
    Plan,
    StatedUnits,
    Timing,
    canonical,
    conversion,
    find_unit,
    is_water,
    planned,
    planned_by_note,
    says_reached,
    split_units,
    timing_in,
    timing_of_sheet,
    units_above,
    units_in_title,
)
from efficiency.reference.tables import carrier_form_unit, normalise_name
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from efficiency.intake.formats import Grid
    from efficiency.intake.layout.header_cells import ColumnMatch, Header

ABOVE = 60
"""Rows above a header that are searched for titles."""


BLANK_UNIT = "空白"
"""What is said of a unit that is not there."""
TITLE_CELLS = 3
"""Texts of a row that is a title: what is reported, by whom, in which unit."""


BELOW = 30
"""Rows at the foot of a sheet that are searched for the date of filing, and for notes about units."""
HEADER_ROWS = 3
"""Rows from a header's first on that are searched for a unit between them."""
TITLE_LENGTH = 60
"""A longer line above a table is an explanation, not a title."""

_FILLED_ON = re.compile(r"(?:填报|填表|报送|上报|报出)(?:日期|时间)[:]?(\d{4})[-年./](\d{1,2})[-月./](\d{1,2})")
_AS_OF = re.compile(r"(?:截止(?:日期|时间)?|截-)[:]?(\d{4})[-年./](\d{1,2})[-月./](\d{1,2})")
_FIRST_DAY = re.compile(r"(20\d\d)-(\d\d)-01")
_DAY_LABEL = re.compile(r"日期|时间|填|印|[报制]于")
_UNIT_NOTE = re.compile(
    r"^(?=\(?(?:填报|填表)?(?:注|说明|备注)|\(?以|\(?(?:本表|表中|以上|上述|计量|金额|货币|数量|面积|单位)).*(?:单位|以.{1,8}计)"
)
"""A note that may state units: 注:金额单位为万元, (金额均以万元计)."""
_UNIT_CELL = re.compile(r"\(?(?:计量|金额|货币|数量|面积)?单位:\s*\S{1,20}|\(?(?:金额|面积|数量):\S{1,8}")
_UNIT_COLUMNS = {"单位", "计量单位", "金额单位", "货币单位", "数量单位", "面积单位"}
"""Headers of columns that state the unit of figures."""
_NOTE = re.compile(r"^[(*※\s]*(?:填报|填表)?(?:注|说明|备注|本表|以上|上述|表[中内]|其中)")
_EXPLANATION = re.compile(r"^(?:填报|填表)?(?:说明|要求|须知)|^备?注\d*:|^\d+[、.](?!\d)")


@dataclass(frozen=True)
class PlannedBy:
    """What says that the figures of a table are planned, or may be."""

    plan: Plan
    text: str
    where: str
    """标题, 工作表名, 文件名 or 说明."""
    cell: tuple[int, str] | None = None
    """Row of the grid and letters of the column, where it is a cell."""


@dataclass(frozen=True)
class TableContext:
    """What the texts above and below a table state of it."""

    titles: tuple[str, ...] = ()
    """Lines above the table, top-down: the non-blank cells of each row; explanations left out."""
    units: StatedUnits = NO_UNITS
    timing: Timing = NOTHING
    filled_on: date | None = None
    as_of: date | None = None
    """Date on which the figures held (截止日期)."""
    uscc: str | None = None
    name: str | None = None
    planned_note: PlannedBy | None = None
    """A note above or below that says that figures are planned."""


def table_context(
    grid: Grid, file_name: str, top: int, start: int = 0, before: TableContext | None = None
) -> TableContext:
    """What rows `start` to before `top` (and the sheet's foot, for the date of filing) state of the table at `top`.

    What they leave open is as in the table `before` it.
    """
    above = _standard_width(grid.rows(max(start, top - ABOVE), top))
    lines = _lines(above)
    titles = tuple(line for line in lines if len(line) <= TITLE_LENGTH and not _EXPLANATION.search(line))
    below = _standard_width(grid.rows(max(top, grid.height - BELOW), grid.height))
    foot = _lines(below)
    cells = [cell for row in above for cell in row if cell and not _EXPLANATION.search(cell)]
    notes = [cell for row in (*above, *below) for cell in row if _UNIT_NOTE.search(cell)]
    units = units_above([*cells, *(line for line in titles if _split_label(line))])
    for text in () if before else (" ".join(titles), grid.sheet, stem_of(file_name)):
        # 营业收入情况表(千元): what is nearest the table goes first, a 单位: before all.
        units = units_in_title(text) if units == NO_UNITS else units
    units += _units_beside(units, [*_unit_cells(grid, top), *notes])
    named = [named_in(row) for row in above]
    own = TableContext(
        titles=titles,
        units=units,
        timing=_with_typed_month(timing_of_sheet(titles, grid.sheet, file_name), above),
        filled_on=_latest(_FILLED_ON, [line for line in (*lines, *foot) if "期" in line or "间" in line]),
        as_of=_latest(_AS_OF, [line for line in lines if "截" in line]),
        uscc=next((code for code, _ in named if code), None),
        name=next((name for _, name in named if name), None),
        planned_note=_planned_note(grid, (*lines, *foot), top),
    )
    if before is None:
        return own
    untimed = all(timing_in(line) == NOTHING for line in titles)
    return TableContext(
        # The title of the sheet also names the measure of months without a name.
        titles=(*titles, *(line for line in before.titles if line not in titles)) if untimed else titles,
        units=before.units if own.units == NO_UNITS else own.units,
        timing=before.timing if untimed else own.timing,
        filled_on=own.filled_on or before.filled_on,
        as_of=own.as_of or before.as_of,
        uscc=own.uscc or (None if own.name else before.uscc),
        name=own.name or (None if own.uscc else before.name),
        planned_note=own.planned_note,
    )


def stem_of(file_name: str) -> str:
    """The name of a file of the inbox without its folders and its ending."""
    return file_name.rsplit("/", 1)[-1].rsplit(".", 1)[0]


def planned_by(grid: Grid, header: Header, context: TableContext, file_stem: str) -> PlannedBy | None:
    """What says that the figures below `header` are planned: a title, the sheet's or the file's name, or a note.

    The titles go first: where one of them is of what was reached (完成情况), the names say nothing.
    """
    said = {line: plan for line in context.titles if (plan := planned(line))}
    reached = any(says_reached(line) for line in context.titles if line not in said)
    for line, plan in sorted(said.items(), key=lambda item: ("both", "plan", "doubt").index(item[1])):
        if not (reached and plan == "doubt"):
            return PlannedBy("both" if reached else plan, line, "标题", _cell_within(grid, header.top, line))
    names = () if reached else ((grid.sheet, "工作表名"), (file_stem, "文件名"))
    of_names = (PlannedBy(plan, text, where) for text, where in names if (plan := planned(text)))
    return next(of_names, context.planned_note)


def _planned_note(grid: Grid, lines: Sequence[str], top: int) -> PlannedBy | None:
    """The first note that says that figures are planned, of `lines` above and below the table at `top`."""
    if not any("计" in line and planned_by_note(line) for line in lines):
        return None
    rows = dict.fromkeys((*range(max(0, top - ABOVE), top), *range(max(top, grid.height - BELOW), grid.height)))
    for row in rows:
        for column, cell in enumerate(_standard_width(grid.rows(row, row + 1))[0]):
            if _NOTE.search(cell) and (plan := planned_by_note(cell)):
                return PlannedBy(plan, cell, "说明", (row, grid.letters(column)))
    return None


def _cell_within(grid: Grid, top: int, line: str) -> tuple[int, str] | None:
    """The lowest cell above `top` that is part of `line` and says that figures are planned."""
    first = max(0, top - ABOVE)
    for row, cells in reversed(list(enumerate(_standard_width(grid.rows(first, top)), first))):
        for column, cell in enumerate(cells):
            if cell and " ".join(cell.split()) in line and planned(cell):
                return row, grid.letters(column)
    return None


def units_of_rows(grid: Grid, header: Header, end: int) -> tuple[Grid, Header, StatedUnits]:
    """The units in columns 计量单位 of a table that has no such field, down to before row `end`.

    One column holds for all columns without a unit of their own; of several, each for the column before it, whose
    meaning in the returned header then has that unit. A column without a header counts if it holds nothing but units.
    Where the unit differs between rows, the returned grid is a view in which a column of figures is one for each unit.
    """
    if any(m.field("energy") == "carrier" or m.field("products") == "product" for m in header.meanings.values()):
        return grid, header, NO_UNITS
    found: dict[int, StatedUnits] = {}
    for column, heads in enumerate(zip(*grid.rows(header.top, header.bottom + 1), strict=True)):
        names = {normalise_name(head) for head in heads if head}
        if not names & _UNIT_COLUMNS and (names or column in header.meanings):
            continue
        words = {text.strip() for text in grid.texts[column][header.bottom + 1 : end].drop_nulls().unique().to_list()}
        units = sum((split_units(word) for word in sorted(words)), NO_UNITS)
        if units.known and (names or all(map(find_unit, words))):  # a column 单位 may name organisations
            found[column] = units
    meanings = dict(header.meanings)
    for column, units in found.items():
        meaning = meanings.get(column - 1)
        of_one = len(found) > 1 and len(set(units.known)) == 1 and not units.unknown
        if of_one and meaning is not None and meaning.unit is None:
            meanings[column - 1] = replace(meaning, unit=units.known[0])
    header = replace(header, meanings=meanings)
    for column, units in list(found.items()):
        if len({*units.known, *units.unknown}) > 1:
            width = grid.width
            grid, header = _by_unit(grid, header, end, column, [column - 1] if len(found) > 1 else [*meanings])
            found[column] = NO_UNITS if grid.width > width else units
    return grid, header, sum(found.values(), NO_UNITS)


def _by_unit(grid: Grid, header: Header, end: int, unit: int, columns: Sequence[int]) -> tuple[Grid, Header]:
    """A view of `grid` in which each of `columns` that is a figure of ours is one column for each unit of its rows.

    `unit` is the column that states them. Data without a unit are a column whose unit is unknown. Other columns, and
    figures that none of these units fits, stay as they are.
    """
    body = pl.Series(values=[header.bottom < row < end for row in range(grid.height)])
    texts = grid.texts[unit].str.strip_chars()
    words = texts.filter(body).drop_nulls().unique(maintain_order=True).to_list()
    named = [grid.texts[column] for column in header.identity.values()]
    lacking = body & texts.is_null()
    for names in named[:1]:
        sums = [name for name in names.drop_nulls().unique() if odd_row(normalise_name(name), None, alone=False)]
        lacking &= names.is_not_null() & ~names.is_in(sums)
    rows = {word: body & (texts == word).fill_null(value=False) for word in words}
    meanings = dict(header.meanings)
    numbers, cells = list(grid.numbers), list(grid.texts)
    origin = list(grid.origin) or list(range(grid.width))
    sources = list(range(grid.width))
    for column in columns:
        meaning = header.meanings.get(column)
        target = None if meaning is None or meaning.unit or meaning.unknown_unit else _unit_of(meaning)
        carrier = meaning.carrier if meaning else None
        water = carrier is not None and is_water(carrier)
        water |= meaning is not None and meaning.field("output") == "water"
        if meaning is None or target is None or not any(conversion(word, target, water=water) for word in words):
            continue
        apart = {**rows, BLANK_UNIT: lacking & (numbers[column].is_not_null() | cells[column].is_not_null())}
        whole_numbers, whole_cells = numbers[column], cells[column]
        for variant, (word, inside) in enumerate((word, inside) for word, inside in apart.items() if inside.any()):
            known = find_unit(word)
            own = replace(
                meaning, unit=known.name if known else None, unknown_unit=None if known else word, variant=variant
            )
            outside = body & ~inside
            if variant == 0:
                place = column
                numbers[column], cells[column] = whole_numbers.set(outside, None), whole_cells.set(outside, None)
            else:
                place = len(numbers)
                numbers.append(whole_numbers.set(outside, None))
                cells.append(whole_cells.set(outside, None))
                origin.append(origin[column])
                sources.append(column)
            meanings[place] = own
    if len(numbers) == grid.width:
        return grid, replace(header, meanings=meanings)
    at = {column: [place for place, source in enumerate(sources) if source == column] for column in set(sources)}
    view = replace(
        grid,
        numbers=numbers,
        texts=cells,
        origin=origin,
        marked=frozenset((row, place) for row, column in grid.marked for place in at[column]),
        formats={place: marks for column, marks in grid.formats.items() for place in at[column]},
    )
    return view, replace(header, meanings=meanings)


def _unit_of(meaning: ColumnMatch) -> str | None:
    """The unit in which a figure is kept; None of what is no figure of ours."""
    if meaning.carrier:
        return carrier_form_unit()[meaning.carrier]
    fields = (FORMS[form].column(name) for form, name in meaning.fields)
    return next((column.unit for column in fields if column.kind == "number" and column.unit), None)


def _unit_cells(grid: Grid, top: int) -> list[str]:
    """The cells between the rows of the header at `top` that state a unit and nothing else (单位:万元)."""
    texts: list[str] = []
    for row_index, row in enumerate(_standard_width(grid.rows(top, min(top + HEADER_ROWS, grid.height))), start=top):
        if any(numbers[row_index] is not None for numbers in grid.numbers):
            break
        texts += [cell for cell in row if _UNIT_CELL.fullmatch(cell)]
    return texts


def _units_beside(units: StatedUnits, texts: Sequence[str]) -> StatedUnits:
    """The units of `texts` that are not among `units` already."""
    found = units_above(texts)
    known = {unit.canonical: unit.factor for word in units.known if (unit := find_unit(word))}
    further = (word for word in found.known if (unit := find_unit(word)) and known.get(unit.canonical) != unit.factor)
    return StatedUnits(tuple(further), tuple(word for word in found.unknown if word not in units.unknown))


def _with_typed_month(timing: Timing, rows: Sequence[Sequence[str]]) -> Timing:
    """`timing`, completed by a cell that is only the first day of a month where no month is stated otherwise.

    A spreadsheet makes that of 2026年10月 when it is typed into a cell of its own, and goes on showing 2026年10月.
    """
    typed = {
        (int(match[1]), int(match[2]))
        for row in rows
        if not any(_DAY_LABEL.search(cell) for cell in row)  # 填报日期 | 2026-11-01
        for cell in row
        if (match := _FIRST_DAY.fullmatch(cell))
    }
    if timing.unsure or timing.month is not None or timing.kind == "year" or len(typed) != 1:
        return timing
    ((year, month),) = typed
    return replace(timing, year=year, month=month) if timing.year in (None, year) else timing


def _standard_width(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """The cells with full-width colons, brackets and digits as plain ones."""
    return [[unicodedata.normalize("NFKC", cell) for cell in row] for row in rows]


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Each row's distinct non-blank cells as one line."""
    return [line for row in rows if (line := " ".join(dict.fromkeys(" ".join(cell.split()) for cell in row if cell)))]


def _split_label(line: str) -> bool:
    """Whether a unit's label and the unit are in two cells (`单位:` | `千元`), so that only the line holds both."""
    return re.search(r"单位: \S", line) is not None


def _latest(pattern: re.Pattern[str], lines: Sequence[str]) -> date | None:
    """The latest date that a line states after the label of `pattern`."""
    dates: list[date] = []
    for line in lines:
        for match in pattern.finditer(canonical(line)):
            try:
                dates.append(date(int(match[1]), int(match[2]), int(match[3])))
            except ValueError:  # 2026-02-30 is no date, so nothing is stated
                continue
    return max(dates, default=None)


_NAME = re.compile(rf"(?:{'|'.join(FORMS['energy'].column('name').headers)}|企业详细名称)\s*:\s*(\S+)")
_USCC = re.compile(rf"(?:{'|'.join(FORMS['energy'].column('uscc').headers)})[^:]{{0,12}}:\s*([0-9A-Za-z]{{15,18}})")
_LABELLED = re.compile(r"名\s*称|代\s*码|全\s*称|识\s*别\s*号")
_CODE = re.compile(r"[0-9A-Za-z]{15,18}")
_ENTERPRISE = r"^[^:]+(?:公司|厂|集团|合作社)(?:\([^()]*\))?$"
_NO_ENTERPRISE = re.compile(r"^(?:所属|上级|主管|隶属|控股|母|总|分|子)")
"""所属集团 and 母公司 are headers."""
_LABELS = {normalise_name(header): field for field in IDENTITY for header in FORMS["energy"].column(field).headers}


def named_in(cells: Sequence[str]) -> tuple[str | None, str | None]:
    """Code and name that a row's cells (standard width, blank ones included) state of one enterprise."""
    if not any(_LABELLED.search(cell) for cell in cells):
        return None, None
    filled = [text for cell in cells if (text := " ".join(cell.split()))]
    line = " ".join(dict.fromkeys(filled))
    code, name = (match[1] if (match := pattern.search(line)) else None for pattern in (_USCC, _NAME))
    if name is not None and (meaning := interpret((name,))) is not None and meaning.named:
        name = None  # 企业名称: | 实缴税金(万元) is a header
    for label, value in pairwise(filled):
        field = _LABELS.get(piece(label).name)
        if field == "uscc" and code is None and _CODE.fullmatch(value):
            code = value
        elif field == "name" and name is None and _is_enterprise(value):
            name = value
    return code, name


def named_within(grid: Grid, first: int, end: int) -> Iterator[tuple[int, str | None, str | None]]:
    """Row, code and name of each line from `first` to before `end` that names an enterprise and states no figure."""
    texts = [f"t{column}" for column, cells in enumerate(grid.texts) if cells[first:end].null_count() < end - first]
    if not texts:
        return
    telling = pl.any_horizontal(pl.col(texts).str.contains(rf"{_LABELLED.pattern}|{_ENTERPRISE}")).fill_null(
        value=False
    )
    for row in grid.frame[first:end].select(telling.alias("telling")).to_series().arg_true():
        row_index = first + int(row)
        (cells,) = grid.rows(row_index, row_index + 1)
        plain = [unicodedata.normalize("NFKC", cell) for cell in cells]
        filled = [cell for cell in plain if cell]
        code, name = named_in(plain)
        if not code and not name and len(filled) == 1 and _is_enterprise(filled[0]):
            name = filled[0]
        if code or name:
            yield row_index, code, name


def _is_enterprise(text: str) -> bool:
    return re.search(_ENTERPRISE, text) is not None and _NO_ENTERPRISE.search(text) is None
