"""Why an enterprise has its tier, from which cells, and what the next tier would take."""

from __future__ import annotations

from efficiency.evaluation.explanation.explain import FIGURES, JUDGED, Explanation, Target, explain, explain_all

__all__ = [
    "FIGURES",
    "JUDGED",
    "Explanation",
    "Target",
    "explain",
    "explain_all",
]
