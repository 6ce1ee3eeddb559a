"""What the charts of workbook and page have alike: the quadrant, who moved, tiers by group, and their sentences.

The sentence of a chart is its alternative text in the page and in the workbook's drawing.
"""

from __future__ import annotations

from efficiency.reports.content.charts.groups import GROUPS, group_words, tier_words
from efficiency.reports.content.charts.labels import SIDES, Label, Plot, Side, box_of, of_side, overlap, placed_labels
from efficiency.reports.content.charts.movement import movement_words, movers, movers_shown, why_moved
from efficiency.reports.content.charts.quadrant import (
    CLASSES,
    CORNERS,
    SCORES,
    axis_extent,
    density,
    dividing_lines,
    lines_in_words,
    listed_marks,
    quadrant_counts,
    quadrant_words,
    with_both_scores,
)

__all__ = [
    "CLASSES",
    "CORNERS",
    "GROUPS",
    "SCORES",
    "SIDES",
    "Label",
    "Plot",
    "Side",
    "axis_extent",
    "box_of",
    "density",
    "dividing_lines",
    "group_words",
    "lines_in_words",
    "listed_marks",
    "movement_words",
    "movers",
    "movers_shown",
    "of_side",
    "overlap",
    "placed_labels",
    "quadrant_counts",
    "quadrant_words",
    "tier_words",
    "why_moved",
    "with_both_scores",
]
