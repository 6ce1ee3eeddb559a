"""Window totals: what the figures reported for months, years to date and full years determine for a window, exactly.

The month boundaries of the period's year and the year before are 25 nodes, 0 to 24; node 12 lies between
the years. A figure of a span is the difference of the potentials at its two ends, so a window's total is
known exactly when reported spans connect the window's ends: it is never partial. The potentials of all
enterprises are computed at once, one vector per node.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

WindowKind = Literal["rolling_12m", "year_to_date", "calendar_year"]
NODES = 25
NEW_YEAR = 12
"""The node between the two years, whose potential is 0."""
ROUNDING = 1e-11
"""A total smaller than this share of the figures it was made from is what rounding left of zero."""

Edges = dict[tuple[int, int], pl.Series]
"""(first node, last node) → one figure per enterprise, null where that span was not reported."""


@dataclass(frozen=True, slots=True)
class Window:
    """The months that an evaluation of `period` (any day of its month) looks at."""

    kind: WindowKind
    period: date

    @property
    def ends(self) -> tuple[int, int]:
        """The nodes between which the window lies."""
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
    """`rows` whose span lies within the window's two years, with `start` and `end` (Int16), the nodes of the span.

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
    found = figures.lazy().select("entity", "start", "end", value).filter(pl.col(value).is_not_null()).collect()
    made: Edges = {}
    for span, part in found.partition_by(["start", "end"], as_dict=True, include_key=False).items():
        vector = pl.repeat(None, size, dtype=pl.Float64, eager=True)
        made[span[0], span[1]] = vector.scatter(part["entity"], part[value])
    return made


def window_total(figures: Edges, window: Window, size: int) -> pl.Series:
    """The window's total of each of `size` enterprises; null where the figures do not determine it.

    Where figures contradict each other: this year to date is its cumulative figure, else the latest one
    and the months after it; the rest of last year is the sum of its months, else full year − year to date.
    """
    first, last = window.ends
    total = _difference(_potentials(figures, NEW_YEAR, size), first, last)
    if any(start < NEW_YEAR < end for start, end in figures) and total.null_count():
        # Only a span across the turn of the year can connect the window's ends without touching that turn.
        total = total.fill_null(_difference(_potentials(figures, first, size), first, last))
    return total


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
        window_total(edges(placed, measure, size), window, size).alias(measure) for measure in measures
    )


def enumerate_keys(rows: pl.DataFrame, key: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The distinct keys of `rows` with their position `entity`, and `rows` with it."""
    entities = rows.select(key).unique(maintain_order=True).with_row_index("entity")
    return entities, rows.join(entities, on=list(key), how="left", validate="m:1")


def complete_sum(column: str) -> pl.Expr:
    """The sum of `column`, null where one of its values is missing (polars adds nulls up as zero)."""
    return pl.when(pl.col(column).is_null().any()).then(None).otherwise(pl.col(column).sum()).alias(column)


def latest_in_window(rows: pl.DataFrame, measure: str, window: Window) -> pl.DataFrame:
    """`uscc` and `measure` as last reported for a month of the window: for levels, which do not add up.

    Of two figures that end with the same month the one of the shorter span is the month's own.
    """
    return (
        rows.lazy()
        .filter(pl.col(measure).is_not_null() & pl.col("span_end").is_between(window.first, window.last))
        .group_by("uscc")
        .agg(pl.col(measure).sort_by("span_end", "span_start").last())
        .collect()
    )


def _month_number(column: str, window: Window) -> pl.Expr:
    """Months from January of the window's earlier year."""
    year = pl.col(column).dt.year() - (window.period.year - 1)
    return (year * 12 + pl.col(column).dt.month() - 1).cast(pl.Int16)


def _potentials(figures: Edges, root: int, size: int) -> list[pl.Series]:
    """The potential of each node relative to `root`, null where no chain of spans leads there."""
    known = [pl.repeat(None, size, dtype=pl.Float64, eager=True) for _ in range(NODES)]
    known[root] = pl.zeros(size, dtype=pl.Float64, eager=True)
    # Sweeps repeat until one adds nothing; months and cumulative figures need two or three.
    missing, before = _missing(known), -1
    while missing != before:
        before = missing
        for start, end in sorted(figures, key=_upwards):
            if known[end].null_count():
                known[end] = known[end].fill_null(known[start] + figures[start, end])
        for start, end in sorted(figures, key=_downwards):
            if known[start].null_count():
                known[start] = known[start].fill_null(known[end] - figures[start, end])
        missing = _missing(known)
    return known


def _missing(vectors: Iterable[pl.Series]) -> int:
    return sum(vector.null_count() for vector in vectors)


def _upwards(edge: tuple[int, int]) -> tuple[int, int]:
    """Order of an upward sweep: by the span's end, the longest first."""
    return edge[1], edge[0]


def _downwards(edge: tuple[int, int]) -> tuple[int, int]:
    """Order of a downward sweep: shortest span first, but the start of the earlier year by its longest."""
    start, end = edge
    return -start, (end if start else -end)


def _difference(known: Iterable[pl.Series], first: int, last: int) -> pl.Series:
    """Potential at `last` − potential at `first`, with what rounding left of an exact zero removed."""
    frame = pl.DataFrame({str(node): vector for node, vector in enumerate(known)})
    scale = pl.max_horizontal(pl.all().abs())
    total = pl.col(str(last)) - pl.col(str(first))
    return frame.select(
        pl.when(total.is_null()).then(None).when(total.abs() <= scale * ROUNDING).then(0.0).otherwise(total)
    ).to_series()
