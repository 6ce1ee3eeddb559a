"""Rank intervals: between which ranks an enterprise lies, at a level of 90 %, from the ranks of all draws.

Where figures have an error the plain 5 % and 95 % quantiles of the drawn ranks do not hold what they promise: a draw
adds an error to a stated figure that already contains one, so that drawn scores lie further apart than the true ones.
Comparing two figures of which each has an error takes √2 times the spread of one (Goldstein and Spiegelhalter 1996);
the interval is therefore taken as wide as √2 times that of 90 %, at the 1 % and 99 % quantiles. For scores that are
normally distributed, whose error is ρ times as wide as the true scores are spread, it then contains the true rank of
an enterprise with probability 0.98 for a small ρ, 0.97 for ρ = 0.5, 0.94 for 1 and 0.90 for 2, on the average over the
enterprises. It is an interval for each enterprise by itself, not for all at once, as Mogstad, Romano, Shaikh and
Wilhelm (2023) construct it. Where weights alone move, there is no such error, and the quantiles are 5 % and 95 %.
"""

from __future__ import annotations

from threading import Lock

import numpy as np
from numpy.typing import NDArray

from efficiency.evaluation.scoring import Floats

LEVEL = 0.90
"""How sure the interval is."""
TAIL_OF_WEIGHTS = 0.05
"""Share of the draws that may lie below the interval, and above it, where weights alone move."""
TAIL_OF_DATA = 0.01
"""The same where figures move: Φ(−√2 × 1.645)."""

Ranks = NDArray[np.int32]


def ranks_of(scores: Floats) -> Ranks:
    """Draws × enterprises: 1 + number of enterprises with a higher score in the draw."""
    count, n = scores.shape
    ranks = np.empty((count, n), dtype=np.int32)
    place = np.arange(1, n + 1, dtype=np.int32)
    last = np.ones(n, dtype=bool)
    for drawn, row in zip(scores, ranks, strict=True):
        order = np.argsort(drawn)
        ascending = drawn[order]
        np.not_equal(ascending[1:], ascending[:-1], out=last[:-1])
        # Of equal scores all have the place of the last of them; n - that many are higher.
        up_to = np.minimum.accumulate(np.where(last, place, n)[::-1])[::-1]
        row[order] = n + 1 - up_to
    return ranks


class RankQuantiles:
    """The least and the greatest ranks of each enterprise over all draws, as many as the quantiles need.

    Whatever order draws come in, what is kept is the same; `add` may be called from several threads. At most twice
    2 × (tail × draws + 1) ranks an enterprise are in memory, whatever the number of draws.
    """

    def __init__(self, enterprises: int, draws: int, tail: float) -> None:
        """For `draws` draws of `enterprises`, of which a share `tail` may lie beyond either end of the interval."""
        self._beyond = int(tail * draws + 1e-9)
        most = np.iinfo(np.int32).max
        self._least: Ranks = np.full((self._beyond + 1, enterprises), most, dtype=np.int32)
        self._greatest: Ranks = np.zeros((self._beyond + 1, enterprises), dtype=np.int32)
        self._waiting: list[Ranks] = []
        self._lock = Lock()

    def add(self, ranks: Ranks) -> None:
        """Take in the `ranks` of some draws: draws × enterprises."""
        with self._lock:
            self._waiting.append(ranks)
            if sum(len(some) for some in self._waiting) > self._beyond:
                self._merge()

    def interval(self) -> tuple[Ranks, Ranks]:
        """(lower, upper end): at most the share `tail` of the draws lies strictly below, and strictly above."""
        with self._lock:
            self._merge()
        return self._least.max(axis=0), self._greatest.min(axis=0)

    def _merge(self) -> None:
        k = self._beyond
        least = np.concatenate([self._least, *self._waiting])
        greatest = np.concatenate([self._greatest, *self._waiting])
        self._waiting = []
        least.partition(k, axis=0)
        self._least = least[: k + 1].copy()
        greatest.partition(len(greatest) - 1 - k, axis=0)
        self._greatest = greatest[-k - 1 :].copy()
