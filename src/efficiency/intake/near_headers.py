"""A column that is not read, though its header is one character from a name of the form (营业收人): told, not taken.

Names match by equality only. Where a figure is lost to a slip of the pen, whoever sent it is to know.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from efficiency.intake.header import piece
from efficiency.reference.tables import carrier_aliases, normalise_name
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Collection

    import polars as pl

    from efficiency.intake.rows import Table

LEAST = 4
"""Characters of a name below which one other makes it another word."""


def tell_near_headers(table: Table, read: Collection[int], cells: pl.DataFrame) -> None:
    """`header_near` for each column of `cells` that is filled, not `read`, and nearly called like what is missing."""
    grid, header, plan = table.grid, table.header, table.plan
    bounds = (*plan.identity, *(bound for block in plan.blocks for bound in block.columns))
    stated = {FORMS[plan.form].column(bound.field).title for bound in bounds}
    stated |= {block.carrier for block in plan.blocks if block.carrier}
    known = {name: what for name, what in _names(plan.form).items() if what[1] not in stated}
    heads = grid.rows(header.top, header.bottom + 1)
    for column in range(grid.width):
        meaning = header.meanings.get(column)
        if column in read or (meaning is not None and meaning.named):
            continue
        if not cells[f"n{column}"].count() and not cells[f"t{column}"].count():
            continue
        for text in dict.fromkeys(row[column] for row in heads if row[column]):
            near = next((what for name, what in known.items() if _is_near(piece(text).name, name)), None)
            if near is not None:
                field, title = near
                table.header_problem("header_near", column, field=field, value=text, title=title)


@cache
def _names(form: str) -> dict[str, tuple[str, str]]:
    """Every name of a column of `form` → its field, and its preferred name: that of the carrier where it is one."""
    names = {
        normalise_name(name): (column.name, column.title) for column in FORMS[form].columns for name in column.headers
    }
    if form == "energy":
        names |= {name: ("consumption", carrier) for name, carrier in carrier_aliases().items()}
    return names


def _is_near(text: str, name: str) -> bool:
    """Whether one character is another, too many or missing."""
    if text == name or min(len(text), len(name)) < LEAST:
        return False
    if len(text) == len(name):
        return sum(a != b for a, b in zip(text, name, strict=True)) == 1
    shorter, longer = sorted((text, name), key=len)
    return len(longer) - len(shorter) == 1 and any(
        longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer))
    )
