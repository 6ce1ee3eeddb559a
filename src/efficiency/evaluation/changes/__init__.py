"""What differs between two evaluations, and why: two periods, two policies, a correction."""

from __future__ import annotations

from efficiency.evaluation.changes.comparison import STATES, UNRATED, Comparison, compare
from efficiency.evaluation.changes.comparison_reasons import Side
from efficiency.evaluation.changes.effect import ASKED, Trial, effects
from efficiency.evaluation.changes.movement import Standing, movement

__all__ = [
    "ASKED",
    "STATES",
    "UNRATED",
    "Comparison",
    "Side",
    "Standing",
    "Trial",
    "compare",
    "effects",
    "movement",
]
