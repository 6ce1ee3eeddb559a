"""The score card of an enterprise: why it has its tier, the cells behind its figures, what the next tier takes."""

from __future__ import annotations

from efficiency.evaluation.explanation.explain import (
    FIGURES,
    JUDGED,
    ExplainError,
    Explanation,
    Target,
    explain,
    explain_all,
)
from efficiency.evaluation.explanation.judged import as_profile, with_profile_columns
from efficiency.evaluation.explanation.standing import FEWEST, Place, Standing

__all__ = [
    "FEWEST",
    "FIGURES",
    "JUDGED",
    "ExplainError",
    "Explanation",
    "Place",
    "Standing",
    "Target",
    "as_profile",
    "explain",
    "explain_all",
    "with_profile_columns",
]
