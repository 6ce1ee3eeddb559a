"""The facts that the warehouse keeps, a share of the enterprises at a time, for those who look at them once more."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from efficiency.job.execution import SHARE_ROWS
from efficiency.partitions import Chunks, Partitions
from efficiency.warehouse.read import Codes, Contents, height, load
from schemas import FACTS

if TYPE_CHECKING:
    from pathlib import Path

EVERYBODY: Codes = (None, None)


def kept_facts(warehouse: Path, folder: Path) -> Partitions:
    """All facts of `warehouse`, which is there: in memory or, where that is too much, in shares put into `folder`."""
    count = max(1, -(-height(warehouse, FACTS.values()) // SHARE_ROWS))
    if count == 1:
        return Partitions((facts_between(warehouse, EVERYBODY),))
    known = load(warehouse, [FACTS["register"].qualified]) or Contents()
    codes = known[FACTS["register"].qualified]["uscc"].unique().sort()
    bounds = [codes[len(codes) * number // count] for number in range(1, count)] if len(codes) else []
    return Partitions(
        tuple(
            {form: pieces.put_down(folder) for form, pieces in facts_between(warehouse, between).items()}
            for between in pairwise((None, *bounds, None))
        )
    )


def facts_between(warehouse: Path, codes: Codes) -> dict[str, Chunks]:
    """Form id → the facts of the enterprises with these codes, in memory."""
    kept = load(warehouse, [table.qualified for table in FACTS.values()], codes=codes) or Contents()
    return {form: Chunks(table.empty(), (kept[table.qualified],)) for form, table in FACTS.items()}
