"""What an enterprise would have to change to reach a better tier, judged again with everything that moves."""

from __future__ import annotations

from efficiency.evaluation.targets.search import (
    MOST_MEMBERS,
    PARTS,
    TAKES,
    Search,
    advisable,
    next_better,
    score_needed,
    what_it_takes,
    why_out_of_reach,
)
from efficiency.evaluation.targets.supposed import Supposing, supposing

__all__ = [
    "MOST_MEMBERS",
    "PARTS",
    "TAKES",
    "Search",
    "Supposing",
    "advisable",
    "next_better",
    "score_needed",
    "supposing",
    "what_it_takes",
    "why_out_of_reach",
]
