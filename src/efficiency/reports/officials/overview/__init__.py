"""The first sheet: figures, charts and the quadrant of land against energy."""

from __future__ import annotations

from efficiency.reports.officials.overview.figures import (
    NOT_STATED,
    UNRATED,
    confidence,
    figure,
    group_table,
    headlines,
    movement,
    moves,
    ranked,
    story,
    tier_table,
    with_previous_tier,
    without_movement,
)
from efficiency.reports.officials.overview.quadrant import dividing_lines, extent, lines_in_words
from efficiency.reports.officials.overview.sheet import GROUP_NOTE, SUBMISSION_STATUSES, write_overview

__all__ = [
    "GROUP_NOTE",
    "NOT_STATED",
    "SUBMISSION_STATUSES",
    "UNRATED",
    "confidence",
    "dividing_lines",
    "extent",
    "figure",
    "group_table",
    "headlines",
    "lines_in_words",
    "movement",
    "moves",
    "ranked",
    "story",
    "tier_table",
    "with_previous_tier",
    "without_movement",
    "write_overview",
]
