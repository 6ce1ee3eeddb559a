"""The native Excel charts of 概览; their data are cells that the reader can see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from efficiency.reports.palette import (
    ACCENT,
    ALERT,
    BACKGROUND_POINTS,
    FONT,
    INK,
    LIST_COLOURS,
    MUTED,
    RULE,
    TIER_FILL,
)
from efficiency.reports.text import clean_text

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
class Named:
    """Texts at places of the quadrant, all on one side of their marks: the cells of the places, and the texts."""

    land: Range
    energy: Range
    texts: tuple[str, ...]
    side: str
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Quadrant:
    """Where the quadrant's lines cross, what they are, and how far each axis reaches."""

    land: float
    energy: float
    lines: str
    land_max: float
    energy_max: float


QUADRANT_PLOT = {"x": 0.06, "y": 0.12, "width": 0.92, "height": 0.6}
"""The area between the axes, as shares of the quadrant's width and height."""
LABEL_SIZE = 8
"""Points of a name in the quadrant."""
_BACKGROUND = ((3, BACKGROUND_POINTS), (6, "#98A5B0"), (9, "#6E7C89"))
"""Size and colour of the background marks by the number of enterprises that they stand for: CLASSES."""


def quadrant_chart(
    workbook: Workbook,
    everyone: Sequence[tuple[int, Points]],
    lists: Sequence[Points],
    named: Sequence[Named],
    quadrant: Quadrant,
) -> Chart:
    """Land against energy score: `everyone` in the background by class, each list with a colour and a marker.

    `named` are the names of marks and of the quadrants. The axes cross at the dividing lines.
    """
    chart = workbook.add_chart({"type": "scatter"})
    # Its figures stand in folded columns of the lists.
    chart.show_hidden_data()
    for position, points in everyone:
        size, colour = _BACKGROUND[position]
        circle = {"type": "circle", "size": size, "fill": {"color": colour}, "border": {"none": True}}
        chart.add_series({"name": points.name, "categories": points.land, "values": points.energy, "marker": circle})
    for i, points in enumerate(lists):
        colour = LIST_COLOURS[i % len(LIST_COLOURS)]
        chart.add_series(
            {
                "name": plain(points.name),
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
    for one in named:
        font = {**_font(LABEL_SIZE, MUTED if one.bold else INK), "bold": one.bold}
        chart.add_series(
            {
                "name": "名称",
                "categories": one.land,
                "values": one.energy,
                "marker": {"type": "none"},
                "data_labels": {
                    "value": True,
                    "position": one.side,
                    "font": font,
                    "custom": [{"value": plain(text), "font": font} for text in one.texts],
                },
            }
        )
    _frame(chart, f"土地效率与能源效率(分界线：{quadrant.lines})")
    # The names are no series to a reader.
    shown = len(everyone) + len(lists)
    hidden = list(range(shown, shown + len(named)))
    chart.set_legend({"position": "bottom", "font": _font(9, INK), "delete_series": hidden})
    plot = {"border": {"color": RULE, "width": 0.75}, "fill": {"none": True}, "layout": QUADRANT_PLOT}
    chart.set_plotarea(plot)
    chart.set_x_axis(_axis("土地效率得分", quadrant.land_max, quadrant.land))
    chart.set_y_axis(_axis("能源效率得分", quadrant.energy_max, quadrant.energy))
    return chart


def plain(text: str) -> str:
    """`text` as a chart takes it for text: with = before it, or ! within, it could be the address of a cell."""
    text = clean_text(text).replace("!", "！")
    return f"＝{text[1:]}" if text.startswith("=") else text


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


def movement_bars(workbook: Workbook, title: str, labels: Range, changes: Range, rising: Sequence[bool]) -> Chart:
    """The change of score of each enterprise that moved between tiers, a bar each; the first is on top."""
    chart = workbook.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": "得分变化",
            "categories": labels,
            "values": changes,
            "gap": 40,
            "points": [{"fill": {"color": ACCENT if up else ALERT}} for up in rising],
            "data_labels": {"value": True, "num_format": "+0.00;-0.00;0.00", "font": _font(8, INK)},
        }
    )
    _frame(chart, title)
    chart.set_legend({"none": True})
    chart.set_y_axis(
        {
            "reverse": True,
            "num_font": _font(8, INK),
            "line": {"color": RULE},
            "major_tick_mark": "none",
            "label_position": "low",
        }
    )
    chart.set_x_axis(
        {
            "num_font": _font(8, MUTED),
            "num_format": "+0.0;-0.0;0",
            "line": {"none": True},
            "major_gridlines": {"visible": True, "line": {"color": "#E4E8EB", "width": 0.5}},
            "label_position": "high",
        }
    )
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
