"""How wide columns are: together they fill an A4 page in letters that can be read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efficiency.reports.workbook.sheets import Field

MARGIN = 0.3
"""Inches of paper left and right of a list."""
SCALE = 0.98
"""A page is shrunk to this at least: size 10 is 9.8 points on paper, and 9.2 where digits are 7.4 pixels wide."""
PAGE = {False: (297 / 25.4 - 2 * MARGIN) * 72, True: (210 / 25.4 - 2 * MARGIN) * 72}
"""Points between the margins of A4, by portrait."""
FLEXIBLE = 12.0
"""Text columns from this width on give and take."""
LEAST = 9.0


def points(width: float) -> float:
    """The points that a column of `width` characters takes: 7 pixels each and 5 around them, 96 to the inch."""
    return 0.75 * (7 * width + 5)


def number_width(largest: float, *, decimals: int) -> float:
    """The width in which a figure of this size is shown with its thousands set apart, in wide digits too."""
    return 1.2 * len(f"{largest:,.{decimals}f}") + 1


def fitted(fields: Sequence[Field], *, portrait: bool = False) -> list[Field]:
    """`fields` with those for paper as wide as the page; text columns give or take what is missing or left.

    In portrait only what is missing: a short list is not drawn out. Columns of figures stay as they are.
    """
    spare = PAGE[portrait] / SCALE - sum(points(field.width) for field in fields if field.paper)
    if portrait and spare > 0:
        return list(fields)
    flexible = [field.width for field in fields if _flexible(field)]
    characters = spare / 0.75 / 7
    return [
        replace(field, width=max(LEAST, round(field.width + characters * field.width / sum(flexible), 2)))
        if _flexible(field)
        else field
        for field in fields
    ]


def _flexible(field: Field) -> bool:
    return field.paper and field.kind in ("text", "alert") and field.width >= FLEXIBLE
