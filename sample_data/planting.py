"""Means to plant a mistake in a sheet and to note where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sample_data.enterprises import Enterprise, draw
from sample_data.sheets import Book, Cell, ErrorValue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sample_data.zone import World


@dataclass(frozen=True)
class Mistake:
    """A planted mistake: where it stands, which rule must find it, which others may notice it as well."""

    rule: str
    file: str
    sheet: str
    cell: str
    value: str
    note: str
    also: str = ""


def steady(zone: World) -> Iterator[Enterprise]:
    """Enterprises without anything else special about them; each mistake takes its own."""
    gaps = zone.late_statistics | zone.without_land | zone.without_power
    steady = [
        e
        for e in zone.enterprises
        if e.sector.id in ("chemicals", "synthetics", "medicine", "metal")
        and e.above_scale
        and e.discharges
        and not (e.loss or e.former_name or e.newly_above_scale or e.leased_in or e.leased_out)
        and e.commissioned
        and e.commissioned.year < 2024
        and e.number not in gaps
    ]
    draw("mistakes").shuffle(steady)
    return iter(steady)


def number(cell: Cell | ErrorValue) -> float:
    """Give the number in a cell that must hold one."""
    if not isinstance(cell, int | float):
        raise TypeError(f"a number was expected where the sample has {cell!r}")
    return cell


def set_cell(
    books: dict[str, Book],
    file: str,
    key: str,
    label: str,
    value: Cell | ErrorValue,
    *,
    rule: str,
    note: str,
    also: str = "",
) -> Mistake:
    """Puts `value` into one cell of the file's first sheet."""
    sheet = books[file].sheet
    sheet.rows[sheet.position(key)].cells[sheet.column(label)] = value
    shown = value.shown if isinstance(value, ErrorValue) else str(value)
    return Mistake(rule, file, sheet.name, sheet.address(key, label), shown, note, also)


def get_cell(books: dict[str, Book], file: str, key: str, label: str) -> Cell | ErrorValue:
    """Give what a cell of the file's first sheet holds."""
    sheet = books[file].sheet
    return sheet.rows[sheet.position(key)].cells[sheet.column(label)]
