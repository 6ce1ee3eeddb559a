"""The number formats of the workbooks, and the cell formats made from them and the palette."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from efficiency.reports.palette import ACCENT, FONT, HEADER, INK, MUTED, RULE, TIER_FILL, TIER_INK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook

NUMBERS = {
    "text": "General",
    "code": "@",
    "ordinal": "0",
    "integer": "#,##0_ ",
    "amount": "#,##0.00_ ",
    "ratio": "#,##0.00_ ",
    "fraction": "0.0000_ ",
    "score": "0.00_ ",
    "exact": "0.000000_ ",
    "percent": "0%_ ",
    "confidence": "0.0##%_ ",
}
"""Kind of a cell → Excel number format; `_ ` keeps a figure from touching the text of the next column."""

TYPE_SIZE = 10.2
"""Points of what lists are set in: LibreOffice shrinks some of them to 89 %, which leaves nine."""
EXACT_WIDTH = 11
"""Characters that a column takes in which a score is shown with all its decimals."""


def just_below(score: pl.Expr, cuts: Iterable[float]) -> pl.Expr:
    """True where two decimals would show a score below one of `cuts` as that cut."""
    # A score exactly between two shown figures is shown as the higher one.
    near = (score.is_between(cut - 0.005 - 1e-9, cut, closed="left") for cut in cuts)
    return pl.any_horizontal(pl.lit(value=False), *near).fill_null(value=False)


def score_kind(score: float | None, cuts: Iterable[float]) -> str:
    """How a single score is shown (a key of NUMBERS): so that it never looks better than its tier."""
    return "exact" if score is not None and pl.select(just_below(pl.lit(score), cuts)).item() else "score"


Properties = dict[str, object]
"""XlsxWriter's format properties; values are text, numbers or flags."""

GRID: Properties = {"border": 1, "border_color": RULE, "valign": "vcenter", "font_size": TYPE_SIZE, "font_color": INK}


@dataclass(frozen=True)
class Styles:
    """Makes each distinct cell format once per workbook."""

    workbook: Workbook
    made: dict[tuple[tuple[str, object], ...], Format] = field(default_factory=dict)

    def get(self, **properties: object) -> Format:
        """The format with these XlsxWriter properties, in the workbook's font unless they name another."""
        # With a scheme Excel would take the theme's font for the one that is named.
        complete = {"font_name": FONT, "font_scheme": "none", "font_size": TYPE_SIZE, "font_color": INK, **properties}
        key = tuple(sorted(complete.items()))
        if key not in self.made:
            self.made[key] = self.workbook.add_format(complete)
        return self.made[key]

    def cell(self, kind: str, **properties: object) -> Format:
        """The format of a table cell of `kind` (a key of NUMBERS)."""
        align = "left" if kind == "text" else "center" if kind in ("code", "ordinal") else "right"
        return self.get(**{**GRID, "num_format": NUMBERS[kind], "align": align, **properties})

    def tier(self, tier: str, **properties: object) -> Format:
        """The format of a cell that shows `tier`: its fill, a bold letter in the middle."""
        return self.cell(
            "text", align="center", bold=True, bg_color=TIER_FILL[tier], font_color=TIER_INK[tier], **properties
        )

    def header(self, **properties: object) -> Format:
        """The format of a column header."""
        fixed = {"bold": True, "bg_color": HEADER, "align": "center", "text_wrap": True}
        return self.get(**{**GRID, **fixed, **properties})

    def title(self, size: int = 20) -> Format:
        """The format of a sheet's title row."""
        return self.get(bold=True, font_size=size, align="center", valign="vcenter", font_color=ACCENT)

    def note(self, **properties: object) -> Format:
        """The format of small print."""
        return self.get(**{"font_size": 9, "font_color": MUTED, "valign": "vcenter", **properties})
