"""Window totals: what the figures reported for months, years to date and full years determine for a window, exactly.

The month boundaries of the period's year and the year before are 25 nodes, 0 to 24; node 12 is between
the years. A figure of a span is the difference of the potentials at its two ends, so a window's total is
known exactly when reported spans connect the window's ends: it is never partial. The potentials of all
enterprises are computed at once, one numpy vector per node: a hundred small vectors cost a tenth of what they
cost as polars series. In a vector NaN stands for a figure that is not known (facts hold finite numbers only).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from efficiency.partitions import runs_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

WindowKind = Literal["rolling_12m", "year_to_date", "calendar_year"]
NODES = 25
NEW_YEAR = 12
"""The node between the two years, whose potential is 0."""
ROUNDING = 1e-11
"""A total smaller than this share of the figures it was made from is a rounding error of zero."""

_NO_WAY = np.int64(1 << 60)
_MOST_BITS = 62
"""Spans of which a set fits into one number."""

Vector = NDArray[np.float64]
"""One figure per enterprise, NaN where it is not known."""
Months = NDArray[np.int64]
"""A set of months per enterprise, as bits; see `months_of`."""
Edges = dict[tuple[int, int], Vector]
"""(first node, last node) → the figures reported for that span."""


@dataclass(frozen=True, slots=True)
class Window:
    """The months that an evaluation of `period` (any day of its month) looks at."""

    kind: WindowKind
    period: date

    @property
    def ends(self) -> tuple[int, int]:
        """First and last node of the window."""
        month = self.period.month
        if self.kind == "rolling_12m":
            return month, NEW_YEAR + month
        if self.kind == "year_to_date":
            return NEW_YEAR, NEW_YEAR + month
        # The latest calendar year that is complete at the period's end.
        return (NEW_YEAR, 24) if month == 12 else (0, NEW_YEAR)

    @property
    def first(self) -> date:
        """First day of the window's first month."""
        return self.month(self.ends[0])

    @property
    def last(self) -> date:
        """First day of the window's last month."""
        return self.month(self.ends[1] - 1)

    @property
    def end_of_period(self) -> date:
        """Last day of the period's month: what is dated later is not known yet."""
        following = date(self.period.year + self.period.month // 12, self.period.month % 12 + 1, 1)
        return date.fromordinal(following.toordinal() - 1)

    def month(self, node: int) -> date:
        """First day of the month that begins at `node`."""
        return date(self.period.year - 1 + node // 12, node % 12 + 1, 1)


def with_nodes(rows: pl.DataFrame, window: Window) -> pl.DataFrame:
    """`rows` whose span is within the window's two years, with `start` and `end` (Int16), the nodes of the span.

    Spans that begin before the earlier year or end after the later one are left out: no window needs them.
    """
    start, end = (_month_number(name, window) for name in ("span_start", "span_end"))
    return rows.with_columns(start.alias("start"), (end + 1).alias("end")).filter(
        (pl.col("start") >= 0) & (pl.col("start") < pl.col("end")) & (pl.col("end") < NODES)
    )


def edges(figures: pl.DataFrame, value: str, size: int) -> Edges:
    """The figures in column `value`, one vector of `size` enterprises for each span that occurs.

    `figures` has `entity` (position of the enterprise, 0 to size − 1), `start`, `end` and `value`; a pair
    of entity and span occurs at most once. Rows whose value is null are no figures.
    """
    known = figures.lazy().select("entity", "start", "end", value).filter(pl.col(value).is_not_null()).collect()
    entity, values = known["entity"].to_numpy(), known[value].to_numpy()
    span = known["start"].to_numpy().astype(np.int16) * NODES + known["end"].to_numpy()
    order = np.argsort(span, kind="stable")
    spans, begins = np.unique(span[order], return_index=True)
    made: Edges = {}
    for code, places in zip(spans.tolist(), np.split(order, begins)[1:], strict=True):
        vector = unknown(size)
        vector[entity[places]] = values[places]
        made[divmod(code, NODES)] = vector
    return made


def unknown(size: int) -> Vector:
    """A vector in which nothing is known."""
    return np.full(size, np.nan)


def as_column(vector: Vector, name: str) -> pl.Series:
    """`vector` as a column of a frame, null where it is not known."""
    return pl.Series(name, vector, nan_to_null=True)


def window_total(figures: Edges, window: Window, size: int) -> Vector:
    """The window's total of each of `size` enterprises; NaN where the figures do not determine it.

    Where figures contradict each other: this year to date is its cumulative figure, else the latest one
    and the months after it; the rest of last year is the sum of its months, else full year − year to date.
    """
    first, last = window.ends
    total = _difference(_potentials(figures, NEW_YEAR, size), first, last)
    if any(start < NEW_YEAR < end for start, end in figures) and np.isnan(total).any():
        # Only a span across the turn of the year can connect the window's ends without touching that turn.
        total = known_or(total, _difference(_potentials(figures, first, size), first, last))
    return total


def month_figure(figures: Edges, node: int, size: int) -> Vector:
    """The figure of the month that begins at `node` of each of `size` enterprises; NaN where it is not determined.

    By the rule of `window_total`; figures that no chain of spans connects with the turn of the year determine it too.
    """
    figure = _difference(_potentials(figures, NEW_YEAR, size), node, node + 1)
    rest = np.flatnonzero(np.isnan(figure))
    if rest.size:
        theirs = {span: vector[rest] for span, vector in figures.items()}
        figure[rest] = _difference(_potentials(theirs, node, rest.size), node, node + 1)
    return figure


def known_or(vector: Vector, other: Vector) -> Vector:
    """`vector`, and `other` where it is not known."""
    return np.where(np.isnan(vector), other, vector)


def months_of(start: int, end: int) -> int:
    """The months between two nodes as bits: bit i is the month between nodes i and i + 1."""
    return (1 << end) - (1 << start)


def missing_months(figures: Edges, window: Window, size: int) -> Months:
    """The fewest months of the window whose figures would determine its total, of each of `size` enterprises, as bits.

    None (0) where the total is determined, by the rule of `window_total`. Where several sets are as small, the one of
    the earliest months.
    """
    known = [(start, end, ~np.isnan(figure)) for (start, end), figure in figures.items()]
    if size <= 1 or len(known) > _MOST_BITS:
        return _fewest_months(known, window, size)
    # Most enterprises state the same spans as many others: what is missing is found once for each such set.
    stated = np.zeros(size, dtype=np.int64)
    for position, (_, _, holds) in enumerate(known):
        stated |= holds.astype(np.int64) << position
    sets, own = np.unique(stated, return_inverse=True)
    of_sets = [(start, end, (sets >> position & 1).astype(np.bool_)) for position, (start, end, _) in enumerate(known)]
    months: Months = _fewest_months(of_sets, window, len(sets))[own]
    return months


def _fewest_months(known: Sequence[tuple[int, int, NDArray[np.bool_]]], window: Window, size: int) -> Months:
    """`missing_months` of spans: first node, last node, and who states a figure of it."""
    # The shortest way between the window's ends: reported spans cost nothing, a month that is to be stated costs one.
    # One number holds the count of such months and, below it, their bits, so that the least one is the answer.
    first, last = window.ends
    ways = [np.full(size, _NO_WAY) for _ in range(NODES)]
    ways[first] = np.zeros(size, dtype=np.int64)
    before: list[Months] = []
    while not before or any((one != other).any() for one, other in zip(ways, before, strict=True)):
        before = list(ways)
        for start, end, holds in known:
            ways[end] = np.where(holds, np.minimum(ways[end], ways[start]), ways[end])
            ways[start] = np.where(holds, np.minimum(ways[start], ways[end]), ways[start])
        for month in range(first, last):
            step = (1 << NODES) | months_of(month, month + 1)
            ways[month + 1] = np.minimum(ways[month + 1], ways[month] + step)
            ways[month] = np.minimum(ways[month], ways[month + 1] + step)
    months: Months = ways[last] & ((1 << NODES) - 1)
    return months


def used_spans(spans: Collection[tuple[int, int]], window: Window) -> dict[tuple[int, int], int] | None:
    """Which of one enterprise's reported spans make up the window's total: span → how often it counts, +1 or −1.

    By the rule of `window_total`, so that the signed sum of their figures is that total; None where the spans do
    not determine it. `spans` are (first node, last node) of the figures that are not missing.
    """
    first, last = window.ends
    roots = [NEW_YEAR]
    if any(start < NEW_YEAR < end for start, end in spans):
        roots.append(first)
    for root in roots:
        known = _chains(spans, root)
        if first in known and last in known:
            counts = Counter(known[last])
            counts.subtract(known[first])
            return {span: counts[span] for span in sorted(counts) if counts[span]}
    return None


def _chains(spans: Collection[tuple[int, int]], root: int) -> dict[int, dict[tuple[int, int], int]]:
    """Each node that a chain of spans leads to from `root`, with the signed spans of that chain (see `_potentials`)."""
    known: dict[int, dict[tuple[int, int], int]] = {root: {}}
    before = 0
    while before != len(known):
        before = len(known)
        for start, end in sorted(spans, key=_upwards):
            if end not in known and start in known:
                known[end] = {**known[start], (start, end): 1}
        for start, end in sorted(spans, key=_downwards):
            if start not in known and end in known:
                known[start] = {**known[end], (start, end): -1}
    return known


def window_totals(
    rows: pl.DataFrame, measures: Sequence[str], window: Window, key: Sequence[str] = ("uscc",)
) -> pl.DataFrame:
    """One row per `key` that occurs in `rows`, with the window's total of each of `measures`.

    `rows` has the key, `span_start`, `span_end` (first days of the first and last month) and the measures;
    a measure has at most one value per key and span, spread over several rows or not.
    """
    placed = with_nodes(rows.select(*key, "span_start", "span_end", *measures), window)
    entities, placed = enumerate_keys(placed, key)
    size = entities.height
    return entities.select(*key).with_columns(
        as_column(window_total(edges(placed, measure, size), window, size), measure) for measure in measures
    )


def enumerate_keys(rows: pl.DataFrame, key: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The distinct keys of `rows` in their own order with their position `entity`, and `rows` with it."""
    runs, run = runs_of(rows, key)
    entities = runs.unique().sort(key).with_row_index("entity")
    entity = runs.join(entities, on=list(key), how="left", validate="m:1", nulls_equal=True, maintain_order="left")[
        "entity"
    ]
    return entities, rows.with_columns(entity.gather(run).alias("entity"))


def complete_sum(column: str) -> pl.Expr:
    """The sum of `column`, null where one of its values is missing (polars adds nulls up as zero)."""
    return pl.when(pl.col(column).is_null().any()).then(None).otherwise(pl.col(column).sum()).alias(column)


def latest_in_window(rows: pl.DataFrame, measure: str, window: Window, *, also: Sequence[str] = ()) -> pl.DataFrame:
    """`uscc` and `measure` as last reported for a month of the window: for levels, which do not add up.

    With the columns `also` of that figure. Of two figures that end with the same month the one of the shorter span is
    the month's own.
    """
    return (
        rows.lazy()
        .filter(pl.col(measure).is_not_null() & pl.col("span_end").is_between(window.first, window.last))
        .group_by("uscc")
        .agg(pl.col(measure, *also).sort_by("span_end", "span_start").last())
        .collect()
    )


def _month_number(column: str, window: Window) -> pl.Expr:
    """Months from January of the window's earlier year; null where they are thousands of years."""
    year = pl.col(column).dt.year() - (window.period.year - 1)
    return (year * 12 + pl.col(column).dt.month() - 1).cast(pl.Int16, strict=False)


def _potentials(figures: Edges, root: int, size: int) -> list[Vector]:
    """The potential of each node relative to `root`, NaN where no chain of spans leads there."""
    known = [unknown(size) for _ in range(NODES)]
    known[root] = np.zeros(size)
    upwards, downwards = sorted(figures, key=_upwards), sorted(figures, key=_downwards)
    # Sweeps repeat until one adds nothing; months and cumulative figures need two or three.
    missing, before = _missing(known), -1
    while missing != before:
        before = missing
        for start, end in upwards:
            if np.isnan(known[end]).any():
                known[end] = known_or(known[end], known[start] + figures[start, end])
        for start, end in downwards:
            if np.isnan(known[start]).any():
                known[start] = known_or(known[start], known[end] - figures[start, end])
        missing = _missing(known)
    return known


def _missing(vectors: Sequence[Vector]) -> int:
    return sum(int(np.count_nonzero(np.isnan(vector))) for vector in vectors)


def _upwards(edge: tuple[int, int]) -> tuple[int, int]:
    """Order of an upward sweep: by the span's end, the longest first."""
    return edge[1], edge[0]


def _downwards(edge: tuple[int, int]) -> tuple[int, int]:
    """Order of a downward sweep: shortest span first, but the start of the earlier year by its longest."""
    start, end = edge
    return -start, (end if start else -end)


def _difference(known: Sequence[Vector], first: int, last: int) -> Vector:
    """Potential at `last` − potential at `first`, with what rounding left of an exact zero removed."""
    scale = np.abs(known[NEW_YEAR])
    for vector in known:
        np.fmax(scale, np.abs(vector), out=scale)
    total = known[last] - known[first]
    total[np.abs(total) <= scale * ROUNDING] = 0.0
    return total
