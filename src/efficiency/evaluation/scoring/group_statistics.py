"""Statistics of groups of enterprises, for one evaluation or for many draws at once: benchmarks and peers.

Computed by numpy in the order of the rows: polars adds up in an order that depends on the number of threads, so that
the last digits of a benchmark would depend on it too.
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
"""Draws × enterprises unless the docstring names another shape; NaN where there is no figure."""
Counts = NDArray[np.int64]

_PEERS: dict[PeerStatistic, np.ufunc] = {"min": np.fmin, "max": np.fmax}
"""Each ignores NaN."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Enterprises by group: the group of each, and an order in which each group is contiguous."""

    keys: pl.DataFrame
    """One row per group with the values of its keys; null is a value like any other."""
    of: Counts
    """The group of each enterprise, its row in `keys`."""
    order: Counts
    """Row numbers of the enterprises group by group, each group in the order of the rows."""
    starts: Counts
    """The position in `order` at which each group begins."""

    def lengths(self) -> Counts:
        """The number of enterprises in each group."""
        return np.diff(self.starts, append=len(self.order))


def groups_by(frame: pl.DataFrame, keys: Sequence[str]) -> Groups:
    """The groups of `frame` by equal `keys`; without keys one group of all rows, and no group of no rows."""
    if not keys:
        all_first = np.zeros(frame.height, dtype=np.int64)
        return Groups(pl.DataFrame(), all_first, np.arange(frame.height), all_first[:1])
    found = frame.select(keys).unique(maintain_order=True)
    numbered = found.with_row_index("__group")
    of = (
        frame.select(keys)
        .join(numbered, on=list(keys), how="left", nulls_equal=True, validate="m:1", maintain_order="left")["__group"]
        .to_numpy()
        .astype(np.int64)
    )
    # numpy sorts 16-bit integers by counting, which is faster.
    order = np.argsort(of.astype(np.int16) if found.height < 2**15 else of, kind="stable")
    return Groups(found, of, order, np.searchsorted(of[order], np.arange(found.height)))


def counts(value: Floats, groups: Groups) -> Counts:
    """Draws × groups: the number of enterprises with a value."""
    return sums((~np.isnan(value)).astype(np.float64), groups).astype(np.int64)


def statistic(spec: Benchmark, top: Floats, bottom: Floats, value: Floats, groups: Groups) -> Floats:
    """Draws × groups: the statistic of `spec` over the enterprises with a value; NaN where no enterprise has one.

    `top`, `bottom`: numerators and denominators. Quantiles are interpolated linearly.
    """
    if spec.stat in ("median", "quantile"):
        found = _quantiles(value, 0.5 if spec.q is None else spec.q, groups)
    else:
        known = ~np.isnan(value)
        summed = (top, bottom) if spec.stat == "weighted_mean" else (value, np.ones_like(value))
        upper, lower = (sums(np.where(known, part, 0.0), groups) for part in summed)
        found = quotient(upper, lower)
    found = found * spec.times
    return np.where(np.isfinite(found), found, np.nan)


def statistic_of_others(spec: Benchmark, top: Floats, bottom: Floats, value: Floats, groups: Groups) -> Floats:
    """Draws × enterprises: as `statistic`, over the group of each enterprise without the enterprise itself."""
    known = ~np.isnan(value)
    if spec.stat in ("median", "quantile"):
        found = _quantiles_of_others(value, 0.5 if spec.q is None else spec.q, groups)
    else:
        summed = (top, bottom) if spec.stat == "weighted_mean" else (value, np.ones_like(value))
        of_all = [(np.where(known, part, 0.0), groups) for part in summed]
        upper, lower = (sums(*part)[:, groups.of] - part[0] for part in of_all)
        # What subtraction leaves of a sum over nobody is not exactly 0.
        alone = counts_of_others(value, groups) == 0
        found = quotient(upper, np.where(alone, 0.0, lower))
    found = found * spec.times
    return np.where(np.isfinite(found), found, np.nan)


def counts_of_others(value: Floats, groups: Groups) -> Counts:
    """Draws × enterprises: the number of others of the group that have a value."""
    return counts(value, groups)[:, groups.of] - ~np.isnan(value)


def peer_statistics(names: Sequence[PeerStatistic], value: Floats) -> tuple[Floats, ...]:
    """The statistics `names` over each row of `value`: draws × 1 each; NaN for a row without values."""
    return tuple(_PEERS[name].reduce(value, axis=1, keepdims=True, initial=np.nan) for name in names)


def peers_of(formula: Formula, values: pl.Series) -> list[float]:
    """The statistics that `formula` names, over the `values` of ranked enterprises; NaN without values."""
    if not formula.peers:
        return []
    return [float(one.item()) for one in peer_statistics(formula.peers, values.to_numpy()[None, :])]


def mean(value: Floats) -> Floats:
    """Draws × 1: the mean of each row over the figures that are not NaN."""
    known = ~np.isnan(value)
    return quotient(
        np.where(known, value, 0.0).sum(axis=1, keepdims=True), known.sum(axis=1, keepdims=True).astype(np.float64)
    )


def quotient(top: Floats, bottom: Floats) -> Floats:
    """`top` ÷ `bottom`; NaN where `bottom` is 0."""
    with np.errstate(all="ignore"):
        return np.where(bottom == 0, np.nan, top / bottom)


def sums(figures: Floats, groups: Groups) -> Floats:
    """Draws × groups: the sum of `figures` over each group."""
    if not figures.shape[1]:
        return np.zeros((len(figures), 0))
    contiguous = figures if len(groups.starts) == 1 else figures[:, groups.order]
    return np.asarray(np.add.reduceat(contiguous, groups.starts, axis=1))


def _quantiles_of_others(value: Floats, q: float, groups: Groups) -> Floats:
    """Draws × enterprises: the quantile `q` of the values of the others of the group."""
    found = np.full(value.shape, np.nan)
    for start, length in zip(groups.starts, groups.lengths(), strict=True):
        members = groups.order[start : start + length]
        own = value[:, members]
        # NaN is sorted to the end. The place of each in that order, and the others' order without it.
        order = np.argsort(own, axis=1, kind="stable")
        ordered = np.take_along_axis(own, order, axis=1)
        place = np.argsort(order, axis=1, kind="stable")
        known = ~np.isnan(own)
        others = known.sum(axis=1, keepdims=True) - known
        position = q * np.maximum(others - 1, 0)
        low, high = np.floor(position).astype(np.int64), np.ceil(position).astype(np.int64)
        last = own.shape[1] - 1
        below, above = (
            np.take_along_axis(ordered, np.minimum(at + (known & (at >= place)), last), axis=1) for at in (low, high)
        )
        between = below + (above - below) * (position - low)
        found[:, members] = np.where(others > 0, between, np.nan)
    return found


def _quantiles(value: Floats, q: float, groups: Groups) -> Floats:
    """Draws × groups: the quantile `q` of the values of each group."""
    found = np.full((len(value), len(groups.starts)), np.nan)
    for number, (start, length) in enumerate(zip(groups.starts, groups.lengths(), strict=True)):
        own = value[:, groups.order[start : start + length]]
        known = (~np.isnan(own)).sum(axis=1, keepdims=True)
        position = q * np.maximum(known - 1, 0)
        low, high = np.floor(position).astype(np.int64), np.ceil(position).astype(np.int64)
        # NaN is sorted to the end, behind both positions.
        ordered = np.partition(own, np.unique([low, high]), axis=1)
        below, above = (np.take_along_axis(ordered, at, axis=1) for at in (low, high))
        found[:, number] = (below + (above - below) * (position - low))[:, 0]
    return found
