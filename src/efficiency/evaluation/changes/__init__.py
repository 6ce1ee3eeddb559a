"""What differs between two evaluations, and why: of two periods, under two policies, before and after a correction."""

from __future__ import annotations

from efficiency.evaluation.changes.between_periods import MOVEMENT, Results, movement
from efficiency.evaluation.changes.between_policies import STATES, UNRATED, Comparison, compare
from efficiency.evaluation.changes.by_corrections import ASKED, Trial, effects
from efficiency.evaluation.changes.policy_reasons import Side, short_figure

__all__ = [
    "ASKED",
    "MOVEMENT",
    "STATES",
    "UNRATED",
    "Comparison",
    "Results",
    "Side",
    "Trial",
    "compare",
    "effects",
    "movement",
    "short_figure",
]
