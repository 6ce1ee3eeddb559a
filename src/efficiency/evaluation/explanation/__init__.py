"""Why an enterprise has its tier, from which cells, and what the next tier would take."""

from __future__ import annotations

from efficiency.evaluation.explanation.explain import FIGURES, JUDGED, Explanation, Target, explain, explain_all
from efficiency.evaluation.explanation.sources import ENERGY_FIELDS, LAND_FEEDS

__all__ = [
    "ENERGY_FIELDS",
    "FIGURES",
    "JUDGED",
    "LAND_FEEDS",
    "Explanation",
    "Target",
    "explain",
    "explain_all",
]
