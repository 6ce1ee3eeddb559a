"""Which charts 概览 has, from which cells, and where they are inserted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.reports.content import charts, totals
from efficiency.reports.officials.charts import Points, Quadrant, movement_columns, quadrant_chart, tier_bars
from efficiency.reports.palette import FONT, MUTED
from schemas.profile import TIERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xlsxwriter.chart import Chart
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from efficiency.reports.report import Report
    from efficiency.reports.workbook import Extent

CHART_GROUPS = 12
"""Towns or industries that a chart shows: those with the most evaluated enterprises."""
CHART_POINTS = 5_000
"""Enterprises that the quadrant shows in the background; more make Excel slow and the picture a blot."""
SCORES = ("land_score", "energy_score")
WIDTH, HEIGHT, GAP = 434, 318, 8
"""Size of a chart and the space between two, in pixels."""
ROW_PIXELS = 22
_QUADRANTS = (
    (0.09, 0.115, "费地省能", "left"),
    (0.75, 0.115, "省地省能", "right"),
    (0.09, 0.775, "费地费能", "left"),
    (0.75, 0.775, "省地费能", "right"),
)
"""Where each quadrant is named, outside the plot so as to cover no point: shares of width and height, words, side."""


@dataclass(frozen=True, slots=True)
class ChartArea:
    """The area of the sheet that holds the charts: two by two, from row `top` and column `left` on."""

    workbook: Workbook
    sheet: Worksheet
    top: int
    left: int

    @property
    def bottom(self) -> int:
        """First row below the charts."""
        return self.top + math.ceil((2 * HEIGHT + GAP) / ROW_PIXELS)

    def place(self, chart: Chart, column: int, line: int, *, wide: bool = False) -> None:
        """Puts `chart` into one of the four quarters, or across two."""
        width = 2 * WIDTH + GAP if wide else WIDTH
        chart.set_size({"width": width, "height": HEIGHT})
        self.sheet.insert_chart(self.top, self.left, chart, self._offset(column, line))

    def note(self, text: str, at: tuple[float, float], side: str) -> None:
        """Writes `text` over the first chart, `at` being shares of its width and height."""
        offset = self._offset(0, 0)
        self.sheet.insert_textbox(
            self.top,
            self.left,
            text,
            {
                "x_offset": offset["x_offset"] + int(at[0] * WIDTH),
                "y_offset": offset["y_offset"] + int(at[1] * HEIGHT),
                "width": 90,
                "height": 20,
                "fill": {"none": True},
                "line": {"none": True},
                "object_position": 1,
                "font": {"name": FONT, "size": 9, "color": MUTED, "bold": True},
                "align": {"vertical": "middle", "horizontal": side},
            },
        )

    def _offset(self, column: int, line: int) -> dict[str, int]:
        return {"x_offset": GAP * 2 + column * (WIDTH + GAP), "y_offset": line * (HEIGHT + GAP), "object_position": 1}


def insert_charts(
    area: ChartArea,
    report: Report,
    *,
    ranking: Extent | None,
    lists: Sequence[tuple[str, pl.DataFrame, Extent]],
    towns: Extent,
    industries: Extent,
    matrix: Extent | None,
) -> None:
    """Inserts the charts that this period's figures support; without tiers there is only the quadrant."""
    rated = report.scores["tier"].count() > 0
    lines = _quadrant(report)
    listed = any(not rows.is_empty() for _, rows, _ in lists)
    if lines is not None and (ranking is not None or listed):
        everyone = None
        if ranking is not None:
            everyone = Points(_everyone(ranking), *(ranking.range(name, CHART_POINTS) for name in SCORES))
        series = [
            Points(f"{title} {rows.height}户", *(extent.range(name) for name in SCORES))
            for title, rows, extent in lists
            if not rows.is_empty()
        ]
        area.place(quadrant_chart(area.workbook, everyone, series, lines), 0, 0)
        for x, y, words, side in _QUADRANTS:
            area.note(words, (x, y), side)
    if not rated:
        return
    area.place(_bars(area, report.letter_names, "各镇办等级分布(户)", towns), 1, 0)
    area.place(_bars(area, report.letter_names, "各行业等级分布(户)", industries), 0, 1, wide=matrix is None)
    if matrix is not None:
        states = [(state, matrix.range(state)) for state in (*TIERS, totals.UNRATED)]
        area.place(movement_columns(area.workbook, matrix.range("before"), states), 1, 1)


def _everyone(ranking: Extent) -> str:
    enterprises = ranking.last - ranking.first + 1
    return f"参评企业 {enterprises}户" if enterprises <= CHART_POINTS else f"参评企业(前{CHART_POINTS}行)"


def _bars(area: ChartArea, names: Mapping[str, str], title: str, extent: Extent) -> Chart:
    shown = extent.last - extent.first + 1
    words = f"{title}，参评最多的{shown}个" if shown == CHART_GROUPS else title
    tiers = [(tier, f"{tier} {names[tier]}", extent.range(tier)) for tier in TIERS]
    return tier_bars(area.workbook, words, extent.range("label"), tiers)


def _quadrant(report: Report) -> Quadrant | None:
    """The quadrant's lines and reach; None when no enterprise has both scores."""
    both = totals.ranked(report.scores).select(SCORES).drop_nulls()
    if both.is_empty():
        return None
    land, energy = charts.dividing_lines(report, both)
    reach = (_reach(both["land_score"], land), _reach(both["energy_score"], energy))
    return Quadrant(land, energy, charts.lines_in_words(report), *reach)


def _reach(scores: pl.Series, line: float) -> float:
    """End of an axis: a round number past its extent."""
    end = charts.axis_extent(scores, line)
    # A point on the edge would be cut in half.
    step = 10.0 ** math.floor(math.log10(end)) / 5
    return math.ceil(end * 1.03 / step) * step
