"""What the totals of a table say of rows that state the same figure of the same enterprise: were all of them added?

A total over rows of which some repeat one another is either the sum of all of them, or that of each figure once; where
it is nearer to neither than one repetition is large, it says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from efficiency.intake.extraction.totals import cells_at, column_values
from efficiency.parts import SUMS_AGREE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from efficiency.intake.extraction.table import Table

NEAR = 0.1
"""Share of the smallest repetition by which a total may differ from the sum that it is taken for."""
DIGITS = 9
"""Significant digits up to which two figures are compared."""
OVERALL = 3
"""Total rows, from the last, that are compared with the sum of the whole table."""

Floats = NDArray[np.float64]
Verdict = Literal["added", "single"]


@dataclass(frozen=True)
class Evidence:
    """What totals say: rows (of the grid) and columns (block, field) of which all were added, or each figure once."""

    added_rows: set[int] = field(default_factory=set)
    added_columns: set[tuple[int, str]] = field(default_factory=set)
    single_rows: set[int] = field(default_factory=set)
    single_columns: set[tuple[int, str]] = field(default_factory=set)


def evidence(
    table: Table, repeated: pl.DataFrame, key: Sequence[str], kinds: pl.DataFrame, fields: Collection[str]
) -> Evidence:
    """What the totals of `table` say of its `repeated` rows, those that share `key` with another row of the table.

    `kinds` is what `layout.classify` gives; `fields` are those that add up. A table with a carrier in each row has no
    totals that say something.
    """
    found = Evidence()
    kind = kinds["kind"]
    totals = [(int(row), kind[row]) for row in kind.is_in(["total", "subtotal"]).arg_true()]
    if not totals or table.layout.long_energy:
        return found
    row_indexes = kinds["row_index"]
    first = int(row_indexes[0])
    cells = cells_at(table.grid, row_indexes)
    is_data = (kind == "data").to_numpy()
    for group in table.layout.groups:
        places = repeated.filter(pl.col("block") == group.index).select(
            pl.col("row_index") - first, pl.struct(key).rank("dense").cast(pl.Int64).alias("thing")
        )
        things = np.zeros(len(is_data), dtype=np.int64)
        things[places["row_index"].to_numpy()] = places["thing"].to_numpy()
        if not things.any():
            continue
        for binding in group.columns:
            if binding.field not in fields or binding.conversion is None:
                continue
            values, sound = column_values(cells, binding.column)
            is_sound = sound.to_numpy() | ~is_data
            amounts = np.where(is_data, values.fill_null(0.0).to_numpy(), 0.0)
            for total, start, end in _scopes(totals, values):
                if not is_sound[start:end].all():
                    continue
                verdict, decided = _verdict(total, amounts[start:end], things[start:end], things)
                rows = {first + int(at) for at in np.flatnonzero(np.isin(things, decided))} if verdict else set()
                if verdict == "added":
                    found.added_rows.update(rows)
                    found.added_columns.add((group.index, binding.field))
                elif verdict == "single":
                    found.single_rows.update(rows)
                    found.single_columns.add((group.index, binding.field))
    return found


def _scopes(totals: Sequence[tuple[int, str]], values: pl.Series) -> Iterator[tuple[float, int, int]]:
    """Each stated total with the rows that it may sum, from a first to before a last: those since the total before it,
    and for the last totals of all the whole table.
    """
    overall = {row for row, kind in totals if kind == "total"}
    overall = set(sorted(overall)[-OVERALL:]) if overall else ({totals[0][0]} if len(totals) == 1 else set())
    start = 0
    for row, _ in totals:
        total = values[row]
        if total is not None:
            if start:
                yield total, start, row
            if row in overall or not start:
                yield total, 0, len(values) if row in overall else row
        start = row + 1


def _verdict(
    total: float, amounts: Floats, things: NDArray[np.int64], all_things: NDArray[np.int64]
) -> tuple[Verdict | None, NDArray[np.int64]]:
    """Whether `total` is the sum of all `amounts` or that of the figures of each thing once, and of which things.

    `things` says which thing each row repeats, 0 for none; those that are also outside the rows count nothing.
    """
    none = (None, np.empty(0, dtype=np.int64))
    inside, counts = np.unique(things[things > 0], return_counts=True)
    if not inside.size:
        return none
    whole = np.bincount(all_things, minlength=int(inside[-1]) + 1)[inside]
    if (counts != whole).any():
        return none
    everything = float(amounts.sum())
    rows = np.flatnonzero(things > 0)
    position = np.searchsorted(inside, things[rows])
    sizes = np.abs(amounts[rows])
    largest = np.zeros(inside.size)
    np.maximum.at(largest, position, sizes)
    extra = np.bincount(position, weights=sizes, minlength=inside.size) - largest
    repeated = extra > 0
    if not repeated.any():
        return none
    near = min(NEAR * float(extra[repeated].min()), SUMS_AGREE * abs(everything))
    if abs(total - everything) <= near:
        return "added", inside
    distinct = pl.DataFrame({"thing": position, "value": amounts[rows]}).with_columns(
        pl.col("value").round_sig_figs(DIGITS)
    )
    once = everything - float(amounts[rows].sum()) + float(distinct.unique()["value"].sum())
    twice = distinct.filter(pl.struct("thing", "value").is_duplicated() & (pl.col("value") != 0))
    if twice.height and abs(total - once) <= min(NEAR * float(twice["value"].abs().min()), SUMS_AGREE * abs(once)):  # type: ignore[arg-type]  # of a column of numbers
        return "single", inside[twice["thing"].unique().to_numpy()]
    return none
