"""Which charts 概览 has, from which cells, where they are inserted, and what each says in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.reports.content import charts, totals
from efficiency.reports.officials.charts import (
    LABEL_SIZE,
    QUADRANT_PLOT,
    Named,
    Points,
    Quadrant,
    Range,
    movement_bars,
    quadrant_chart,
    tier_bars,
)
from efficiency.reports.text import clean_text
from schemas.profile import TIERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xlsxwriter.chart import Chart
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from efficiency.reports.report import Report
    from efficiency.reports.workbook import Extent, Styles

CHART_GROUPS = 12
"""Towns or industries that a chart shows: those with the most evaluated enterprises."""
NAMES = 18
"""Enterprises that the quadrant names at most."""
WIDTH, HEIGHT, GAP = 434, 318, 8
"""Size of a chart and the space between two, in pixels."""
WIDE = 2 * WIDTH + GAP
ROW_PIXELS = 22
DATA_TITLE = "图表数据(不打印)"
_CORNERS: tuple[tuple[float, float, charts.Side], ...] = (
    (0.985, 0.965, "left"),
    (0.015, 0.965, "right"),
    (0.985, 0.05, "left"),
    (0.015, 0.05, "right"),
)
"""Where each of `charts.CORNERS` is named: shares of the axes, and the side on which its text stands."""


@dataclass(frozen=True, slots=True)
class ChartArea:
    """The area of the sheet that holds the charts, from row `top` and column `left` on: one wide, two below it."""

    workbook: Workbook
    sheet: Worksheet
    top: int
    left: int

    @property
    def bottom(self) -> int:
        """First row below the charts."""
        return self.top + math.ceil((2 * HEIGHT + GAP) / ROW_PIXELS)

    def place(self, chart: Chart, words: str, column: int, line: int, *, wide: bool = False) -> None:
        """Puts `chart`, which `words` describe, into one of the four quarters, or across two."""
        chart.set_size({"width": WIDE if wide else WIDTH, "height": HEIGHT})
        offset = {"x_offset": GAP * 2 + column * (WIDTH + GAP), "y_offset": line * (HEIGHT + GAP)}
        options = {**offset, "object_position": 1, "description": clean_text(words)}
        self.sheet.insert_chart(self.top, self.left, chart, options)


class ChartData:
    """Cells below the printed part of the sheet that only charts look at; written from the top down."""

    def __init__(self, sheet: Worksheet, styles: Styles, row: int) -> None:
        self.sheet, self.style = sheet, styles.note()
        self.row = row
        self._write((DATA_TITLE,))

    def column_pair(self, title: str, rows: Sequence[tuple[str | float | None, ...]]) -> tuple[Range, Range]:
        """Writes `rows` of two values and more below `title`; returns the cells of the first and of the second."""
        self._write((title,))
        first = self.row
        for values in rows:
            self._write(values)
        name = self.sheet.get_name()
        return [name, first, 0, self.row - 1, 0], [name, first, 1, self.row - 1, 1]

    def _write(self, values: Sequence[str | float | None]) -> None:
        for column, value in enumerate(values):
            if isinstance(value, str):
                self.sheet.write_string(self.row, column, clean_text(value), self.style)
            elif value is not None:
                self.sheet.write_number(self.row, column, value, self.style)
        self.row += 1


def insert_charts(
    area: ChartArea,
    data: ChartData,
    report: Report,
    *,
    listed: Sequence[tuple[str, pl.DataFrame, Extent]],
    towns: Extent,
    industries: Extent,
) -> None:
    """Inserts the charts that this period's figures support; without tiers there is only the quadrant."""
    lines = _quadrant(report)
    if lines is not None:
        on_lists = [(title, rows.height) for title, rows, _ in listed]
        words = charts.quadrant_words(report, on_lists)
        area.place(_quadrant_chart(area, data, report, listed, lines), words, 0, 0, wide=True)
    if report.scores["tier"].count() == 0:
        return
    for column, (by, extent) in enumerate((("town", towns), ("industry_division", industries))):
        title = f"各{charts.GROUPS[by]}等级分布(户)"
        shown = extent.last - extent.first + 1
        area.place(_bars(area, report.letter_names, title, extent), charts.group_words(report, by, shown), column, 1)


def insert_movers(area: ChartArea, data: ChartData, report: Report, *, row: int, column: int, height: int) -> None:
    """Inserts the chart of who moved at `row` and `column`, `height` pixels high; nothing where no change is known."""
    shown = charts.movers_shown(report).drop_nulls("change")
    if shown.is_empty():
        return
    labels, changes = data.column_pair("等级变动企业、得分变化", shown.select("label", "change").rows())
    chart = movement_bars(
        area.workbook, "等级变动企业的得分变化(分)", labels, changes, (shown["direction"] == totals.UP).to_list()
    )
    chart.set_size({"width": 610, "height": max(height, 140)})
    options = {"x_offset": GAP, "object_position": 1, "description": clean_text(charts.movement_words(report))}
    area.sheet.insert_chart(row, column, chart, options)


def _quadrant_chart(
    area: ChartArea,
    data: ChartData,
    report: Report,
    listed: Sequence[tuple[str, pl.DataFrame, Extent]],
    lines: Quadrant,
) -> Chart:
    density = charts.density(report, (lines.land_max, lines.energy_max))
    everyone = []
    for position, (words, _) in enumerate(charts.CLASSES):
        own = density.filter(pl.col("class") == position)
        if own.height:
            cells = data.column_pair(f"参评企业：土地得分、能源得分、户数({words})", own.drop("class").rows())
            everyone.append((position, Points(f"参评企业({words})", *cells)))
    series = [
        Points(f"{title} {rows.height}户", *(extent.range(name) for name in charts.SCORES))
        for title, rows, extent in listed
        if not rows.is_empty()
    ]
    named = _names(data, report, listed, lines, density)
    return quadrant_chart(area.workbook, everyone, series, named, lines)


def quadrant_plot(lines: Quadrant) -> charts.Plot:
    """The quadrant's area between the axes, in pixels."""
    return charts.Plot(
        width=WIDE * QUADRANT_PLOT["width"],
        height=HEIGHT * QUADRANT_PLOT["height"],
        x_max=lines.land_max,
        y_max=lines.energy_max,
        type_size=LABEL_SIZE / 0.75,
    )


def quadrant_labels(
    report: Report, lines: Quadrant, density: pl.DataFrame
) -> tuple[list[charts.Label], list[charts.Label]]:
    """The quadrants' names, and those of the enterprises on lists that there is room for, the gravest lists first."""
    plot = quadrant_plot(lines)
    counts = charts.quadrant_counts(report)
    corners = [
        charts.Label(f"{name} {counts[name]:,}户", plot.x_max * across, plot.y_max * up, side)
        for name, (across, up, side) in zip(charts.CORNERS, _CORNERS, strict=True)
    ]
    crowded = density.filter(pl.col("class") > 0).select(charts.SCORES).rows()
    return corners, charts.placed_labels(charts.listed_marks(report), plot, NAMES, kept_free=corners, others=crowded)


def _names(
    data: ChartData,
    report: Report,
    listed: Sequence[tuple[str, pl.DataFrame, Extent]],
    lines: Quadrant,
    density: pl.DataFrame,
) -> list[Named]:
    """The series of names: the quadrants' in bold, those of enterprises on lists side by side."""
    corners, labels = quadrant_labels(report, lines, density)
    named = []
    for words, found, bold in (("象限", corners, True), ("清单企业", labels if listed else [], False)):
        for side in charts.SIDES:
            own = charts.of_side(found, side)
            if own:
                rows = [(label.x, label.y, label.text) for label in own]
                cells = data.column_pair(f"{words}名称：土地得分、能源得分、名称", rows)
                named.append(Named(*cells, tuple(label.text for label in own), side, bold))
    return named


def _bars(area: ChartArea, names: Mapping[str, str], title: str, extent: Extent) -> Chart:
    shown = extent.last - extent.first + 1
    words = f"{title}，参评最多的{shown}个" if shown == CHART_GROUPS else title
    tiers = [(tier, f"{tier} {names[tier]}", extent.range(tier)) for tier in TIERS]
    return tier_bars(area.workbook, words, extent.range("label"), tiers)


def _quadrant(report: Report) -> Quadrant | None:
    """The quadrant's lines and reach; None when no enterprise has both scores."""
    both = charts.with_both_scores(report).select(charts.SCORES)
    if both.is_empty():
        return None
    land, energy = charts.dividing_lines(report, both)
    # Above the highest mark there is room for the quadrants' names.
    reach = (_reach(both["land_score"], land), _reach(both["energy_score"] * 1.08, energy))
    return Quadrant(land, energy, charts.lines_in_words(report), *reach)


def _reach(scores: pl.Series, line: float) -> float:
    """End of an axis: a round number past its extent."""
    end = charts.axis_extent(scores, line)
    # A point on the edge would be cut in half.
    step = 10.0 ** math.floor(math.log10(end)) / 5
    return math.ceil(end * 1.03 / step) * step
