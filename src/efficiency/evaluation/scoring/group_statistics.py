"""Mean, weighted mean, median and quantile of groups of enterprises, for one evaluation or for many draws at once.

In numpy, in the order of the rows: polars adds up in an order that depends on the number of threads, so that the last
digits of a benchmark would too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from efficiency.policy.formulas import Formula, PeerStatistic
from efficiency.policy.model import Benchmark

Floats = NDArray[np.float64]
"""Draws × enterprises unless said otherwise; not a number where there is none."""
Counts = NDArray[np.int64]

_PEERS: dict[PeerStatistic, np.ufunc] = {"min": np.fmin, "max": np.fmax}
"""Both pass over what is not a number."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Enterprises by group: who is in which, and the same as runs of neighbours."""

    keys: pl.DataFrame
    """One row per group: what its enterprises have in common. Those who lack it form a group of their own."""
    of: Counts
    """The group of each enterprise, its row in `keys`."""
    order: Counts
    """The enterprises group by group, each group in the order of the rows."""
    starts: Counts
    """Where in `order` each group begins."""

    def lengths(self) -> Counts:
        """How many enterprises each group has."""
        return np.diff(self.starts, append=len(self.order))


def groups_by(frame: pl.DataFrame, keys: Sequence[str]) -> Groups:
    """The groups of `frame` by equal `keys`; without keys everybody is one group."""
    if not keys:
        nobody = np.zeros(frame.height, dtype=np.int64)
        return Groups(pl.DataFrame(), nobody, np.arange(frame.height), nobody[:1])
    found = frame.select(keys).unique(maintain_order=True)
    numbered = found.with_row_index("__group")
    of = (
        frame.select(keys)
        .join(numbered, on=list(keys), how="left", nulls_equal=True, validate="m:1", maintain_order="left")["__group"]
        .to_numpy()
        .astype(np.int64)
    )
    # Numbers of few digits are sorted by counting.
    order = np.argsort(of.astype(np.int16) if found.height < 2**15 else of, kind="stable")
    return Groups(found, of, order, np.searchsorted(of[order], np.arange(found.height)))


def counts(value: Floats, groups: Groups) -> Counts:
    """Draws × groups: how many enterprises have a value."""
    return _added((~np.isnan(value)).astype(np.float64), groups).astype(np.int64)


def statistic(spec: Benchmark, top: Floats, bottom: Floats, value: Floats, groups: Groups) -> Floats:
    """Draws × groups: the statistic over the enterprises that have a value; not a number where it has none.

    `top`, `bottom`: numerators and denominators. Quantiles interpolate in a straight line between neighbours.
    """
    if spec.stat in ("median", "quantile"):
        found = _quantiles(value, 0.5 if spec.q is None else spec.q, groups)
    else:
        known = ~np.isnan(value)
        summed = (top, bottom) if spec.stat == "weighted_mean" else (value, np.ones_like(value))
        upper, lower = (_added(np.where(known, part, 0.0), groups) for part in summed)
        found = quotient(upper, lower)
    found = found * spec.times
    return np.where(np.isfinite(found), found, np.nan)


def peer_statistics(names: Sequence[PeerStatistic], value: Floats) -> tuple[Floats, ...]:
    """The statistics that a formula names, over each row of `value`: draws × 1 each; not a number without values."""
    return tuple(_PEERS[name].reduce(value, axis=1, keepdims=True, initial=np.nan) for name in names)


def peers_of(formula: Formula, values: pl.Series) -> list[float]:
    """The statistics that `formula` names, over `values` of ranked enterprises; not a number without values."""
    if not formula.peers:
        return []
    return [float(one.item()) for one in peer_statistics(formula.peers, values.to_numpy()[None, :])]


def mean(value: Floats) -> Floats:
    """Draws × 1: the mean of what is known of each row."""
    known = ~np.isnan(value)
    return quotient(
        np.where(known, value, 0.0).sum(axis=1, keepdims=True), known.sum(axis=1, keepdims=True).astype(np.float64)
    )


def quotient(top: Floats, bottom: Floats) -> Floats:
    """`top` ÷ `bottom`; not a number where `bottom` is 0."""
    with np.errstate(all="ignore"):
        return np.where(bottom == 0, np.nan, top / bottom)


def _added(figures: Floats, groups: Groups) -> Floats:
    if not figures.shape[1]:
        return np.zeros((len(figures), 0))
    together = figures if len(groups.starts) == 1 else figures[:, groups.order]
    return np.asarray(np.add.reduceat(together, groups.starts, axis=1))


def _quantiles(value: Floats, q: float, groups: Groups) -> Floats:
    found = np.full((len(value), len(groups.starts)), np.nan)
    for number, (start, length) in enumerate(zip(groups.starts, groups.lengths(), strict=True)):
        own = value[:, groups.order[start : start + length]]
        known = (~np.isnan(own)).sum(axis=1, keepdims=True)
        place = q * np.maximum(known - 1, 0)
        low, high = np.floor(place).astype(np.int64), np.ceil(place).astype(np.int64)
        # What is not a number goes to the end, behind every place that is asked for.
        ordered = np.partition(own, np.unique([low, high]), axis=1)
        below, above = (np.take_along_axis(ordered, at, axis=1) for at in (low, high))
        found[:, number] = (below + (above - below) * (place - low))[:, 0]
    return found
