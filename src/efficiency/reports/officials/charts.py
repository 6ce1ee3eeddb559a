"""The native Excel charts of 概览; their data are cells that the reader can see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from efficiency.reports.palette import BACKGROUND_POINTS, FONT, INK, LIST_COLOURS, MUTED, RULE, TIER_FILL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter.chart import Chart
    from xlsxwriter.workbook import Workbook

LIST_MARKERS = ("diamond", "x", "triangle", "circle", "square", "plus", "star", "long_dash")
"""Markers of the lists, in the order of LIST_COLOURS."""

Range = list[Any]
"""[sheet name, first row, first column, last row, last column], counted from 0."""


@dataclass(frozen=True, slots=True)
class Points:
    """One series of the quadrant: its name and the cells of its land and energy scores."""

    name: str
    land: Range
    energy: Range


@dataclass(frozen=True, slots=True)
class Quadrant:
    """Where the quadrant's lines cross, what they are, and how far each axis reaches."""

    land: float
    energy: float
    lines: str
    land_max: float
    energy_max: float


def quadrant_chart(workbook: Workbook, everyone: Points | None, lists: Sequence[Points], quadrant: Quadrant) -> Chart:
    """Land against energy score, `everyone` in the background where it is given; each list has a colour and a marker.

    The axes cross at the dividing lines.
    """
    chart = workbook.add_chart({"type": "scatter"})
    # Its figures stand in folded columns of the lists.
    chart.show_hidden_data()
    if everyone is not None:
        circle = {"type": "circle", "size": 4, "fill": {"color": BACKGROUND_POINTS}, "border": {"none": True}}
        chart.add_series(
            {"name": everyone.name, "categories": everyone.land, "values": everyone.energy, "marker": circle}
        )
    for i, points in enumerate(lists):
        colour = LIST_COLOURS[i % len(LIST_COLOURS)]
        chart.add_series(
            {
                "name": points.name,
                "categories": points.land,
                "values": points.energy,
                "marker": {
                    "type": LIST_MARKERS[i % len(LIST_MARKERS)],
                    "size": 6,
                    "fill": {"color": colour},
                    "border": {"color": colour, "width": 1},
                },
            }
        )
    _frame(chart, f"土地效率与能源效率(分界线：{quadrant.lines})")
    chart.set_plotarea(
        {
            "border": {"color": RULE, "width": 0.75},
            "fill": {"none": True},
            "layout": {"x": 0.10, "y": 0.185, "width": 0.86, "height": 0.53},
        }
    )
    chart.set_x_axis(_axis("土地效率得分", quadrant.land_max, quadrant.land))
    chart.set_y_axis(_axis("能源效率得分", quadrant.energy_max, quadrant.energy))
    return chart


def _axis(name: str, maximum: float, crossing: float) -> dict[str, Any]:
    # The other axis crosses here, so this axis's own labels are put at the edge of the plot.
    return {
        "name": name,
        "name_font": _font(9, MUTED),
        "num_font": _font(8, MUTED),
        "num_format": "0",
        "min": 0,
        "max": maximum,
        "crossing": crossing,
        "label_position": "low",
        "major_gridlines": {"visible": False},
        "line": {"color": INK, "width": 1, "dash_type": "dash"},
        "major_tick_mark": "none",
    }


def tier_bars(workbook: Workbook, title: str, categories: Range, tiers: Sequence[tuple[str, str, Range]]) -> Chart:
    """Enterprises by group, a bar each, stacked by tier (letter, its words, its cells); the first group is on top."""
    chart = workbook.add_chart({"type": "bar", "subtype": "stacked"})
    _stack(chart, categories, [(words, tier, values) for tier, words, values in tiers])
    _frame(chart, title)
    chart.set_y_axis({"reverse": True, "num_font": _font(8, INK), "line": {"color": RULE}, "major_tick_mark": "none"})
    chart.set_x_axis({**_counts(), "label_position": "high"})
    return chart


def movement_columns(workbook: Workbook, categories: Range, states: Sequence[tuple[str, Range]]) -> Chart:
    """Enterprises by tier before, a column each, stacked by tier now."""
    chart = workbook.add_chart({"type": "column", "subtype": "stacked"})
    _stack(
        chart,
        categories,
        [(f"本期{state}" if state not in TIER_FILL else f"本期{state}类", state, values) for state, values in states],
    )
    _frame(chart, "等级变动(横轴为上期等级，颜色为本期等级)")
    chart.set_x_axis({"num_font": _font(9, INK), "line": {"color": RULE}, "major_tick_mark": "none"})
    chart.set_y_axis(_counts())
    return chart


def _stack(chart: Chart, categories: Range, series: Sequence[tuple[str, str, Range]]) -> None:
    for name, state, values in series:
        colour = TIER_FILL.get(state, "#FFFFFF")
        chart.add_series(
            {
                "name": name,
                "categories": categories,
                "values": values,
                "gap": 45,
                "fill": {"color": colour},
                "border": {"color": MUTED, "width": 0.5},
            }
        )


def _counts() -> dict[str, Any]:
    return {
        "num_font": _font(8, MUTED),
        "num_format": "0",
        "line": {"none": True},
        "major_gridlines": {"visible": True, "line": {"color": "#E4E8EB", "width": 0.5}},
        "min": 0,
    }


def _frame(chart: Chart, title: str) -> None:
    chart.set_title({"name": title, "name_font": {**_font(11, INK), "bold": True}, "overlay": False})
    chart.set_legend({"position": "bottom", "font": _font(8, INK)})
    chart.set_chartarea({"border": {"color": RULE}, "fill": {"color": "#FFFFFF"}})
    chart.set_plotarea({"fill": {"none": True}})


def _font(size: float, colour: str) -> dict[str, Any]:
    return {"name": FONT, "size": size, "color": colour, "bold": False}
