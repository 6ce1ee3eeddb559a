"""For how many months up to the period's an enterprise had no revenue, or used no electricity.

A month counts when the figures determine it as exactly 0, by the rule of the window totals: as it is stated, or as a
difference of cumulative figures. The count ends at the first month that is not 0; where an undetermined month comes
before that, it is unknown (null). Months before the first that an enterprise states a figure of are no gap between
figures: zeros since then are counted as far as they go, so that the count is then the least that it can be.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from efficiency.facts.energy import as_indices, filled_spans, pairs_of
from efficiency.facts.windows import Window, as_column, edges, enumerate_keys, month_figure, unknown, with_nodes
from schemas.energy import TOTAL_CARRIER

if TYPE_CHECKING:
    from collections.abc import Callable

    from efficiency.facts.windows import Edges, Vector

Places = NDArray[np.intp]
"""Positions of some enterprises, ascending."""


class _Months(Protocol):
    """What is known of the months of two years, of enterprises that are numbered from 0."""

    def figure(self, node: int, who: Places) -> Vector:
        """The figure of the month that begins at `node` of each of `who`; NaN where it is not determined."""


def months_without(rows: pl.DataFrame, measure: str, period: date) -> pl.DataFrame:
    """`uscc`, `months_without_<measure>` of every enterprise that states the measure, a flow.

    `rows` has uscc, span_start, span_end (first days of months) and the measure, of which a span has one figure at
    most. `period` is any day of its month.
    """
    stated = rows.filter(pl.col(measure).is_not_null()).select("uscc", "span_start", "span_end", measure)
    return _counts(stated, period, lambda some, size: _Stated(edges(some, measure, size))).rename(
        {"count": f"months_without_{measure}"}
    )


def months_without_electricity(converted: pl.DataFrame, period: date) -> pl.DataFrame:
    """`uscc`, `months_without_electricity` of every enterprise that names carriers.

    `converted` has the shape of `efficiency.facts.energy.in_standard_coal`. As in the window's total, a span for which
    carriers are named and none of them electric counts zero where no electric figure contradicts that.
    """
    named = converted.lazy().filter(pl.col("carrier") != TOTAL_CARRIER)
    # Most use electricity in the period's month, as their electric figures alone tell: the count of those is 0.
    users = _users(named.filter(pl.col("kind") == "electricity").collect(), period)
    others = (
        named.select(
            "uscc",
            "span_start",
            "span_end",
            "carrier",
            "consumption",
            (pl.col("kind") == "electricity").alias("electric"),
        )
        .join(users.lazy(), on="uscc", how="anti")
        .collect()
    )
    counts = pl.concat(
        [users.with_columns(pl.lit(0, dtype=pl.Int64).alias("count")), _counts(others, period, _Electricity.of)]
    )
    return counts.rename({"count": "months_without_electricity"})


def _users(electric: pl.DataFrame, period: date) -> pl.DataFrame:
    """`uscc` of those whose `electric` figures determine for each carrier the period's month, of which one is not 0."""
    placed = with_nodes(electric.select("uscc", "span_start", "span_end", "carrier", "consumption"), _two_years(period))
    entities, placed = enumerate_keys(placed, ["uscc"])
    pairs, rows = pairs_of(placed.select("entity", "carrier", "start", "end", "consumption"))
    figure = month_figure(edges(rows, "consumption", pairs.height), 12 + period.month - 1, pairs.height)
    total = np.bincount(as_indices(pairs["user"]), weights=figure, minlength=entities.height)
    return entities.filter(pl.Series((total != 0) & ~np.isnan(total), dtype=pl.Boolean)).select("uscc")


def _two_years(period: date) -> Window:
    """A window for the nodes of the year of `period` and the one before."""
    return Window("year_to_date", date(period.year, 12, 1))


def _counts(rows: pl.DataFrame, period: date, months_of: Callable[[pl.DataFrame, int], _Months]) -> pl.DataFrame:
    """`uscc`, `count` of each enterprise of `rows` (uscc, span_start, span_end and what `months_of` reads)."""
    entities, rows = enumerate_keys(rows, ["uscc"])
    year, month = pl.col("span_start").dt.year().cast(pl.Int64), pl.col("span_start").dt.month().cast(pl.Int64)
    begun = rows.group_by("entity").agg((year * 12 + month).min().alias("month")).sort("entity")["month"]
    before = period.year * 12 + period.month - begun.to_numpy()
    """How many months before the period's the data of each enterprise begin."""
    counts = unknown(entities.height)
    going = np.flatnonzero(before >= 0)
    # Two years at a time: the figures of most end the count in its first month.
    first_year, node = period.year - 1, 12 + period.month - 1
    while going.size:
        some = rows
        if going.size < entities.height:
            positions = pl.DataFrame({"entity": going}, schema={"entity": pl.UInt32}).with_row_index("position")
            some = rows.join(positions, on="entity", how="inner").with_columns(pl.col("position").alias("entity"))
        months = months_of(with_nodes(some, _two_years(date(first_year + 1, 1, 1))), going.size)
        who = np.arange(going.size)
        while node >= 0 and who.size:
            back = (period.year - first_year) * 12 + period.month - 1 - node
            states = before[going[who]] >= back
            counts[going[who[~states]]] = back
            who = who[states]
            figure = months.figure(node, who)
            counts[going[who[(figure != 0) & ~np.isnan(figure)]]] = back
            who = who[figure == 0]
            node -= 1
        going = going[who]
        first_year, node = first_year - 2, 23
    return entities.select("uscc", as_column(counts, "count").cast(pl.Int64))


@dataclass(frozen=True, slots=True)
class _Stated:
    """A measure whose months follow from its own figures."""

    figures: Edges

    def figure(self, node: int, who: Places) -> Vector:
        return month_figure(_of(self.figures, who), node, who.size)


@dataclass(frozen=True, slots=True)
class _Electricity:
    """Electricity: each electric carrier by itself, and zero for who names carriers of which none is electric."""

    owners: Places
    """The enterprise of each pair of enterprise and electric carrier."""
    own: Edges
    """The figures of those pairs."""
    filled: Edges
    """The same, and zero for spans that do not name the carrier and may be read so."""
    reported: Edges
    """Zero for each span for which an enterprise names any carrier."""

    @classmethod
    def of(cls, named: pl.DataFrame, size: int) -> _Electricity:
        reported = edges(named.select("entity", "start", "end", pl.lit(0.0).alias("zero")), "zero", size)
        pairs, rows = pairs_of(named.filter("electric").select("entity", "carrier", "start", "end", "consumption"))
        owners = as_indices(pairs["user"])
        filled = filled_spans(rows, _of(reported, owners), "consumption", owners.size)
        return cls(owners, edges(rows, "consumption", owners.size), filled, reported)

    def figure(self, node: int, who: Places) -> Vector:
        pairs = np.flatnonzero(np.isin(self.owners, who))
        figure = month_figure(_of(self.own, pairs), node, pairs.size)
        open_pairs = np.flatnonzero(np.isnan(figure))
        figure[open_pairs] = month_figure(_of(self.filled, pairs[open_pairs]), node, open_pairs.size)
        owner = np.searchsorted(who, self.owners[pairs])
        total = np.bincount(owner, weights=figure, minlength=who.size).astype(np.float64)
        none = np.flatnonzero(np.bincount(owner, minlength=who.size) == 0)
        total[none] = month_figure(_of(self.reported, who[none]), node, none.size)
        return total


def _of(figures: Edges, who: Places) -> Edges:
    """The `figures` of `who`."""
    return {span: vector[who] for span, vector in figures.items()}
