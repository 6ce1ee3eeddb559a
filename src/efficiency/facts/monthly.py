"""The figure of each month of two years that the stated figures determine, cumulative ones taken apart.

By the rule of the window totals: a month is the difference of what is known at its two ends, and unknown (null) where
the figures do not connect them. It is never spread evenly over the months of a longer span.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from efficiency.facts.energy import as_indices, filled_spans, in_standard_coal, pairs_of, whole_spans
from efficiency.facts.windows import as_column, edges, enumerate_keys, known_or, month_figure, with_nodes
from schemas.energy import TOTAL_CARRIER

if TYPE_CHECKING:
    from collections.abc import Callable

    from efficiency.facts.energy import EnergyBasis
    from efficiency.facts.windows import Edges, Vector, Window

MONTHLY = pl.Schema({"uscc": pl.String(), "month": pl.Date(), "value": pl.Float64()})
"""One row per enterprise that states anything of the measure and month of the window; `month` is its first day."""


def monthly_flow(rows: pl.DataFrame, measure: str, window: Window) -> pl.DataFrame:
    """The months of `window` of a measure (shape MONTHLY).

    `rows` has uscc, span_start, span_end and the measure, of which a span has at most one figure.
    """
    stated = rows.filter(pl.col(measure).is_not_null()).select("uscc", "span_start", "span_end", measure)
    entities, placed = enumerate_keys(with_nodes(stated, window), ["uscc"])
    figures = edges(placed, measure, entities.height)
    return _frame(entities, window, lambda node: month_figure(figures, node, entities.height))


def monthly_energy(rows: pl.DataFrame, basis: EnergyBasis, window: Window) -> pl.DataFrame:
    """The months of `window` of all energy in 吨标准煤 (shape MONTHLY); `rows` as `energy.energy_totals` takes them.

    A month whose carriers are not all known counts with its directly stated total, as in the window's.
    """
    entities, placed = enumerate_keys(with_nodes(in_standard_coal(rows, basis), window), ["uscc"])
    named = placed.filter(pl.col("carrier") != TOTAL_CARRIER)
    direct = placed.filter(pl.col("carrier") == TOTAL_CARRIER)
    carriers = _Carriers.of(named, named, "tce", entities.height)
    users, whole = whole_spans(named, direct)
    places = as_indices(users["user"])

    def figure(node: int) -> Vector:
        total = carriers.figure(node)
        if places.size:
            total[places] = known_or(total[places], month_figure(whole, node, places.size))
        return total

    return _frame(entities, window, figure)


def monthly_electricity(rows: pl.DataFrame, basis: EnergyBasis, window: Window) -> pl.DataFrame:
    """The months of `window` of electricity in 万千瓦时 (shape MONTHLY).

    Who names carriers for a month of which none is electric used none.
    """
    placed = with_nodes(in_standard_coal(rows, basis), window).filter(pl.col("carrier") != TOTAL_CARRIER)
    entities, named = enumerate_keys(placed, ["uscc"])
    size = entities.height
    carriers = _Carriers.of(named, named.filter(pl.col("kind") == "electricity"), "consumption", size)
    uses_none = np.bincount(carriers.users, minlength=size) == 0
    return _frame(
        entities,
        window,
        lambda node: np.where(uses_none, month_figure(carriers.reported, node, size), carriers.figure(node)),
    )


@dataclass(frozen=True, slots=True)
class _Carriers:
    """The figures of some carriers of enterprises that are numbered from 0 to `size` − 1."""

    size: int
    users: NDArray[np.intp]
    """The enterprise of each pair of enterprise and carrier."""
    own: Edges
    """The figures of those pairs."""
    filled: Edges
    """The same, and zero for spans that do not name the carrier and may be read so."""
    reported: Edges
    """Zero for each span for which an enterprise names any carrier."""

    @classmethod
    def of(cls, named: pl.DataFrame, rows: pl.DataFrame, value: str, size: int) -> _Carriers:
        reported = edges(named.select("entity", "start", "end", pl.lit(0.0).alias("zero")), "zero", size)
        pairs, placed = pairs_of(rows.select("entity", "carrier", "start", "end", value))
        users = as_indices(pairs["user"])
        of_pairs = {span: vector[users] for span, vector in reported.items()}
        filled = filled_spans(placed, of_pairs, value, users.size)
        return cls(size, users, edges(placed, value, users.size), filled, reported)

    def figure(self, node: int) -> Vector:
        """The sum over an enterprise's carriers of the month that begins at `node`; NaN where one is not determined."""
        pairs = self.users.size
        figure = month_figure(self.own, node, pairs)
        if np.isnan(figure).any():
            figure = known_or(figure, month_figure(self.filled, node, pairs))
        total = np.bincount(self.users, weights=figure, minlength=self.size).astype(np.float64)
        total[np.bincount(self.users, minlength=self.size) == 0] = np.nan
        return total


def _frame(entities: pl.DataFrame, window: Window, figure: Callable[[int], Vector]) -> pl.DataFrame:
    """The `figure` of each month of `window`, given by the node at which it begins."""
    parts = [
        entities.select("uscc", pl.lit(window.month(node)).alias("month"), as_column(figure(node), "value"))
        for node in range(*window.ends)
    ]
    return pl.concat([MONTHLY.to_frame(), *parts]).sort("uscc", "month")
