"""A column that is not read, though it may be meant: told, not taken.

Its header is one character from a name of the form (营业收人), or it stands among the carriers of a wide energy sheet,
in a unit of energy (石油焦(吨)). Names match by equality only; whoever sent a figure that is lost is to know.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from efficiency.intake.extract import numbers_of
from efficiency.intake.header import interpret, is_another_quantity, piece
from efficiency.intake.units import find_unit
from efficiency.reference.tables import carrier_aliases, normalise_name
from schemas import FORMS
from schemas.energy import TOTAL_CARRIER

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import polars as pl

    from efficiency.intake.rows import Table

LEAST = 4
"""Characters of a name below which one other makes it another word."""
_OF_ENERGY = ("electricity", "volume", "mass", "heat", "coal_equivalent")
"""Dimensions in which carriers are stated."""
_NO_CARRIER = re.compile(r"产量|产品|产出|产能|水|排放|废|原料|碳|库|运|销|货|重量|等价|当量")
_CARRIER_WORD = re.compile(r"电|气|煤|油|热|汽|焦|炭|燃料|能源|光伏|生物质")
"""What a carrier is called where its column has no unit of its own."""


def tell_unread_columns(table: Table, read: Collection[int], cells: pl.DataFrame) -> None:
    """`header_near` for each column of `cells` that is filled, not `read`, and nearly called like what is missing.

    `carrier_unread` for one that may be a carrier beside those of a wide energy sheet.
    """
    grid, header, plan = table.grid, table.header, table.plan
    bounds = (*plan.identity, *(bound for block in plan.blocks for bound in block.columns))
    stated = {FORMS[plan.form].column(bound.field).title for bound in bounds}
    stated |= {block.carrier for block in plan.blocks if block.carrier}
    known = {name: what for name, what in _names(plan.form).items() if what[1] not in stated}
    heads = grid.rows(header.top, header.bottom + 1)
    by_carrier = any(block.carrier not in (None, TOTAL_CARRIER) for block in plan.blocks)
    for column in range(grid.width):
        meaning = header.meanings.get(column)
        if column in read or (meaning is not None and meaning.named):
            continue
        if not cells[f"n{column}"].count() and not cells[f"t{column}"].count():
            continue
        texts = list(dict.fromkeys(row[column] for row in heads if row[column]))
        near = [(text, name) for text in texts for name in known if _is_near(piece(text).name, name)]
        if near:
            text, name = near[0]
            field, _, title = known[name]
            table.header_problem("header_near", column, field=field, value=text, title=title)
        elif by_carrier and _may_be_carrier(texts, table) and (numbers_of(cells, column).values != 0).any():
            table.header_problem("carrier_unread", column, field="consumption", value=" ".join(texts))


def _may_be_carrier(texts: Sequence[str], table: Table) -> bool:
    """Whether a column under the headers `texts` may state consumption of a carrier that is not in the catalogue.

    Part of another column (其中:光伏), or of a carrier that is in it (用电量 | 峰), it is none.
    """
    pieces = [piece(text) for text in texts]
    name = "".join(p.name for p in pieces)
    if not name or is_another_quantity(name) or any(_NO_CARRIER.search(text) for text in texts):
        return False
    if any(p.subordinate or p.other or p.name in carrier_aliases() or interpret((p.whole,)) for p in pieces):
        return False
    units = [p.unit for p in pieces if p.unit]
    if not units and not any(p.unknown_unit for p in pieces) and _CARRIER_WORD.search(name):
        units = list(table.around.units.known)
    return any((unit := find_unit(word)) is not None and unit.dimension in _OF_ENERGY for word in units)


@cache
def _names(form: str) -> dict[str, tuple[str, str, str]]:
    """Every name of a column of `form` → its field, what it names (a title, a carrier), and the name itself."""
    names = {
        normalise_name(name): (column.name, column.title, name)
        for column in FORMS[form].columns
        for name in column.headers
    }
    if form == "energy":
        names |= {name: ("consumption", carrier, name) for name, carrier in carrier_aliases().items()}
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
