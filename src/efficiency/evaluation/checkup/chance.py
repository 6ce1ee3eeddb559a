"""What chance alone would give: probabilities of a normal figure, and of the least of several tests (Holm)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVEL = 0.05
"""The chance that a section finds anything at all where there is nothing to be found."""


def two_sided(z: float) -> float:
    """The probability that a standard normal figure is at least as far from 0 as `z`."""
    return math.erfc(abs(z) / math.sqrt(2))


def with_findings(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """`rows` with a `probability` each (None: not judged), with `adjusted` and `finding` after all of them."""
    adjusted = holm([row["probability"] for row in rows])
    return [
        {**row, "adjusted": p, "finding": p is not None and p <= LEVEL} for row, p in zip(rows, adjusted, strict=True)
    ]


def holm(probabilities: Sequence[float | None]) -> list[float | None]:
    """Each probability as it stands after so many tests (Holm 1979): under LEVEL it is a finding.

    None is no test: it stays None and does not count.
    """
    order = sorted((p, i) for i, p in enumerate(probabilities) if p is not None)
    adjusted: list[float | None] = [None] * len(probabilities)
    least = 0.0
    for done, (p, i) in enumerate(order):
        least = max(least, min(1.0, p * (len(order) - done)))
        adjusted[i] = least
    return adjusted
