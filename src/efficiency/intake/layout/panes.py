"""Tables that stand side by side in one sheet: where each begins and ends, and what is stated above all of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.layout.header_cells import IDENTITY, interpret, piece
from efficiency.intake.layout.headers import anchors_of, names_one
from efficiency.intake.layout.titles import TableContext, table_context
from efficiency.intake.parsing import NO_UNITS, NOTHING, timing_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efficiency.intake.formats import Grid

NEAR = 2
"""Rows by which the identifying headers of two tables side by side may lie apart where sub-headers are in the same."""


def panes(grid: Grid, anchor_rows: Sequence[int]) -> list[range]:
    """The columns of each table that stands beside another, from left to right; all columns where none does.

    `anchor_rows` are those of `headers.anchor_rows`. Tables stand side by side where the column of the enterprise is
    there twice: in parts of the sheet that a blank column separates, or under the same header. Where a table below
    takes the width of both, none is split.
    """
    whole = [range(grid.width)]
    anchors = {row: found for row in anchor_rows if (found := _identifying(grid, row))}
    places = {(kind, column) for found in anchors.values() for column, kind in found.items()}
    if len(places) == len({kind for kind, _ in places}):
        return whole
    top = min(anchors)
    blank = [
        column
        for column, (numbers, texts) in enumerate(zip(grid.numbers, grid.texts, strict=True))
        if not numbers[top:].count() and not texts[top:].count()
    ]
    apart = _between_gaps(grid.width, blank, anchors)
    if apart and _are_apart(grid, anchors, apart):
        return apart
    return _under_repeated_headers(grid, anchors) or whole


def _identifying(grid: Grid, row: int) -> dict[int, str]:
    """Column → uscc or name, of the headers in `row` that name the enterprise."""
    (cells,) = grid.rows(row, row + 1)
    if names_one(cells):
        return {}
    found = {column: interpret((cells[column],)) for column in anchors_of(cells)}
    return {column: m.identity for column, m in found.items() if m is not None and m.identity in IDENTITY}


def _between_gaps(width: int, blank: Sequence[int], anchors: dict[int, dict[int, str]]) -> list[range]:
    """The parts that blank columns separate, if more than one has a column of the same kind (name, code)."""
    edges = [-1, *blank, width]
    parts = [range(left + 1, right) for left, right in pairwise(edges) if right > left + 1]
    kinds = [{kind for found in anchors.values() for at, kind in found.items() if at in part} for part in parts]
    joined: list[tuple[range, set[str]]] = []
    for part, kind in zip(parts, kinds, strict=True):
        if joined and (not kind or not joined[-1][1] or not kind & joined[-1][1]):
            last, before = joined[-1]
            joined[-1] = (range(last.start, part.stop), before | kind)
        else:
            joined.append((part, kind))
    return [part for part, _ in joined] if len(joined) > 1 else []


def _under_repeated_headers(grid: Grid, anchors: dict[int, dict[int, str]]) -> list[range]:
    """The parts of a header row that begin with the same header, or with the enterprise, and name something more."""
    for row, found in anchors.items():
        (cells,) = grid.rows(row, row + 1)
        names = [piece(cell).name for cell in cells]
        first = min(found)
        again = [at for at, kind in found.items() if kind == found[first] and names[at] == names[first]]
        if len(again) < 2:
            continue
        lead = _lead(names, first, 0)
        begins = [0]
        for last, at in pairwise(again):
            alike = at - lead > last and names[at - lead : at] == names[first - lead : first]
            begins.append(at - (lead if alike else _lead(names, at, last + 1)))
        parts = [range(begin, end) for begin, end in zip(begins, [*begins[1:], grid.width], strict=True)]
        measured = all(any(_is_figure(cells[column]) for column in part) for part in parts)
        # A header below that has the enterprise once is of a table over all of them.
        every = all(any(column in part for column in at) for at in anchors.values() for part in parts)
        return parts if measured and every else []
    return []


def _lead(names: Sequence[str], at: int, first: int) -> int:
    """How many columns before `at`, not before `first`, belong to it: its number, code, town."""
    lead = 0
    while at - lead - 1 >= first and _is_lead(names[at - lead - 1]):
        lead += 1
    return lead


def _is_lead(name: str) -> bool:
    meaning = interpret((name,)) if name else None
    if meaning is None:
        return False
    return meaning.role == "serial" or meaning.identity is not None or meaning.field("register") is not None


def _is_figure(cell: str) -> bool:
    meaning = interpret((cell,)) if cell else None
    return meaning is not None and meaning.named and not meaning.identity and meaning.role != "serial"


def _are_apart(grid: Grid, anchors: dict[int, dict[int, str]], found: Sequence[range]) -> bool:
    """Whether every header lies in one part: where a row has one in a part, the others have theirs near it, or end."""
    for row, at in anchors.items():
        (cells,) = grid.rows(row, row + 1)
        with_header = [any(column in part for column in at) for part in found]
        for part, has in zip(found, with_header, strict=True):
            near = any(abs(other - row) <= NEAR and any(c in part for c in anchors[other]) for other in anchors)
            if not has and not near and any(_is_figure(cells[column]) for column in part):
                return False
    return True


def shared_context(grid: Grid, file_name: str, found: Sequence[range], top: int) -> TableContext:
    """What the rows above `top` state of all tables side by side.

    A row that has a text above one of them, or between them, is about all; what several state is about each alone. A
    time or a unit that one alone states, in a row with the titles of others, is about all as well.
    """
    texts = [cells[:top] for cells in grid.texts]
    counts = [
        pl.any_horizontal(pl.lit(value=False), *(texts[column].is_not_null() for column in part)).alias(str(number))
        for number, part in enumerate(found)
    ]
    of_several = pl.select(pl.sum_horizontal(pl.repeat(0, top, dtype=pl.UInt32), *counts) > 1).to_series()
    of_several = of_several.extend_constant(False, grid.height - top)
    common = replace(grid, texts=[cells.set(of_several, None) for cells in grid.texts])
    shared = table_context(common, file_name, top)
    own = [table_context(grid.part(part.start, part.stop), file_name, top) for part in found]
    units = [context.units for context in own if context.units != NO_UNITS]
    times = {context.timing for context in own if any(timing_in(line) != NOTHING for line in context.titles)}
    if shared.units == NO_UNITS and len(units) == 1:
        shared = replace(shared, units=units[0])
    if all(timing_in(line) == NOTHING for line in shared.titles) and len(times) == 1:
        shared = replace(shared, timing=times.pop())
    return shared
