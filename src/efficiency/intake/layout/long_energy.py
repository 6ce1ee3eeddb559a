"""The consumption of an energy table whose rows name their carriers, where its column is called after one: 用电量."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from efficiency.intake.layout.header_cells import piece
from efficiency.intake.parsing import split_marker
from efficiency.reference.tables import carrier_aliases
from schemas.energy import TOTAL_CARRIER

if TYPE_CHECKING:
    from efficiency.intake.layout.header_cells import ColumnMatch

_OF_A_KIND = re.compile(r"(?:总|合计)?用(.)量")
"""用气量, 用煤量: consumption of the carriers that are called so (天然气, 焦炉煤气)."""
_CONSUMPTION = (("energy", "consumption"),)


def with_consumption(meanings: dict[int, ColumnMatch]) -> dict[int, ColumnMatch]:
    """`meanings`, in which columns called after a carrier (用电量) are the consumption of rows that name it.

    Only in a table whose rows name their carriers; beside a column 消费量 they are parts of it or controls, as a total
    in standard coal always is.
    """
    if all(meaning.field("energy") != "carrier" for meaning in meanings.values()):
        return meanings
    if any(m.field("energy") == "consumption" and not is_of_a_kind(m) for m in meanings.values()):
        return {column: meaning for column, meaning in meanings.items() if not is_of_a_kind(meaning)}
    return {
        column: replace(meaning, fields=_CONSUMPTION)
        if meaning.carrier not in (None, TOTAL_CARRIER) and not meaning.subordinate
        else meaning
        for column, meaning in meanings.items()
    }


def carriers_of(meaning: ColumnMatch) -> frozenset[str]:
    """The carriers whose consumption a column states beside a column of carriers; empty where it may be any."""
    if meaning.carrier is not None:
        return frozenset((meaning.carrier,))
    kind = _kind(meaning)
    return frozenset(carrier for alias, carrier in carrier_aliases().items() if kind and kind in alias)


def is_of_a_kind(meaning: ColumnMatch) -> bool:
    """Whether a column states consumption of carriers of one kind (用气量), which only its rows can name."""
    return meaning.carrier is None and bool(_kind(meaning))


def _kind(meaning: ColumnMatch) -> str:
    """气 of 用气量; empty where the column is not called so."""
    if meaning.field("energy") != "consumption":
        return ""
    found = (_OF_A_KIND.fullmatch(split_marker(piece(cell).name)[0]) for cell in meaning.header.split("|"))
    return next((match[1] for match in found if match), "")
