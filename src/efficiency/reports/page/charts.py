"""The page's charts as Vega-Lite specifications; their data are the page's own, put in by its script."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.reports.content import charts as charted
from efficiency.reports.content import totals
from efficiency.reports.palette import BACKGROUND_POINTS, INK, LIST_COLOURS, MUTED, RULE, TIER_FILL, TIER_INK
from efficiency.reports.text import clean_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from efficiency.reports.report import Report

Spec = dict[str, Any]

FONTS = '"Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei", sans-serif'
OTHERS = "其他参评企业"
_CROSS = "M-0.7,-0.9L0,-0.2L0.7,-0.9L0.9,-0.7L0.2,0L0.9,0.7L0.7,0.9L0,0.2L-0.7,0.9L-0.9,0.7L-0.2,0L-0.9,-0.7Z"
_SHAPES = ("diamond", _CROSS, "triangle-up", "circle", "square", "cross", "triangle-down", "stroke")
"""Shapes of the lists' points, in the order of LIST_COLOURS; the same as in the workbook's chart."""
NAMED_FROM = (640.0, 400.0)
"""Width and height of the quadrant between its axes from which on enterprises are named, in pixels."""
NAMES, NAME_SIZE = 18, 12
_BESIDE: dict[str, Spec] = {
    "right": {"align": "left", "baseline": "middle", "dx": 8},
    "left": {"align": "right", "baseline": "middle", "dx": -8},
    "above": {"align": "center", "baseline": "bottom", "dy": -8},
    "below": {"align": "center", "baseline": "top", "dy": 8},
}
"""Side of a mark → how text stands there."""
_CORNERS = (("费地省能", 0.0, 1.0), ("省地省能", 1.0, 1.0), ("费地费能", 0.0, 0.0), ("省地费能", 1.0, 0.0))
"""What each quadrant is called and its corner, as shares of both axes."""


def charts(report: Report, lists: Sequence[str]) -> dict[str, Any]:
    """Vega-Lite specifications by name, and the look they share; `lists` are the lists' titles.

    `quadrant` is absent when no enterprise has both scores. Data sets: points, chosen (of the quadrant),
    rows (of the bars: label, tier, value, order).
    """
    spec = _quadrant(report, lists)
    return {
        "config": _config(),
        **({} if spec is None else {"quadrant": spec}),
        "shares": {**_bars(normalised=True), "description": clean_text(f"{charted.tier_words(report)}数据见下表。")},
        "bars": _bars(normalised=False),
    }


def _config() -> Spec:
    return {
        "font": FONTS,
        "background": "transparent",
        "view": {"stroke": RULE},
        "axis": {
            "labelColor": MUTED, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 13,
            "titleFontWeight": "normal", "gridColor": "#E9EDF0", "domainColor": RULE, "tickColor": RULE,
            "labelLimit": 190,
        },
    }  # fmt: skip


def legend(lists: Sequence[str]) -> list[dict[str, str]]:
    """Title, colour and shape of each kind of point: the lists, then everybody else."""
    marks = [
        {"title": title, "colour": LIST_COLOURS[i % len(LIST_COLOURS)], "shape": _SHAPES[i % len(_SHAPES)]}
        for i, title in enumerate(lists)
    ]
    return [*marks, {"title": OTHERS, "colour": BACKGROUND_POINTS, "shape": "circle"}]


def _quadrant(report: Report, lists: Sequence[str]) -> Spec | None:
    both = totals.ranked(report.scores).select("land_score", "energy_score").drop_nulls()
    if both.is_empty():
        return None
    lines = charted.dividing_lines(report, both)
    marks = legend(lists)
    titles = [mark["title"] for mark in marks]
    reach = [_reach(both[name], line) for name, line in zip(both.columns, lines, strict=True)]
    axes = [
        {"type": "quantitative", "title": title, "scale": {"domain": [0, end], "clamp": True, "nice": False},
         "axis": {"grid": False, "tickCount": 6}}
        for title, end in zip(("土地效率得分", "能源效率得分"), reach, strict=True)
    ]  # fmt: skip
    x, y = ({"field": name, **axis} for name, axis in zip(both.columns, axes, strict=True))
    rule = {"type": "rule", "color": INK, "strokeDash": [5, 4], "opacity": 0.7}
    corners = [
        {
            "mark": {"type": "text", "color": MUTED, "fontSize": 13, "fontWeight": "bold", "opacity": 0.8,
                     "align": "right" if right else "left", "baseline": "top" if top else "bottom",
                     "dx": -8 if right else 8, "dy": 8 if top else -8},
            "data": {"values": [{"words": words}]},
            "encoding": {"text": {"field": "words"}, "x": {"datum": right * reach[0]}, "y": {"datum": top * reach[1]}},
        }
        for words, right, top in _CORNERS
    ]  # fmt: skip
    points = {
        "data": {"name": "points"},
        "mark": {"type": "point", "filled": True, "tooltip": {"content": "data"}, "cursor": "pointer", "aria": False},
        "encoding": {
            "x": x, "y": y,
            "color": {"field": "mark", "type": "nominal", "legend": None,
                      "scale": {"domain": titles, "range": [mark["colour"] for mark in marks]}},
            "shape": {"field": "mark", "type": "nominal", "legend": None,
                      "scale": {"domain": titles, "range": [mark["shape"] for mark in marks]}},
            "size": {"condition": {"test": f"datum.mark === '{OTHERS}'", "value": 34}, "value": 80},
            # Marks of others that cover each other are darker where more of them are.
            "opacity": {"condition": [{"test": "!datum.hit", "value": 0.1},
                                      {"test": f"datum.mark === '{OTHERS}'", "value": 0.6}], "value": 0.9},
        },
    }  # fmt: skip
    ring = {
        "data": {"name": "chosen"},
        "mark": {"type": "point", "shape": "circle", "size": 420, "stroke": INK, "strokeWidth": 2.5, "fill": None},
        "encoding": {"x": x, "y": y},
    }
    dividers = [
        {"mark": rule, "data": {"values": [{}]}, "encoding": {axis: {"datum": line}}}
        for axis, line in zip("xy", lines, strict=True)
    ]
    return {
        "width": "container",
        "height": 460,
        "autosize": {"type": "fit", "contains": "padding"},
        "description": _words(report, lists),
        "layer": [*dividers, *corners, points, *_names(report, reach, x, y), ring],
        "usermeta": {"lines": lines, "corners": _CORNERS},
    }


def _words(report: Report, lists: Sequence[str]) -> str:
    """What the quadrant says, as in the workbook, and where its figures stand."""
    counts = dict(report.candidates.group_by("title").len().iter_rows())
    words = charted.quadrant_words(report, [(title, counts.get(title, 0)) for title in lists])
    return clean_text(f"{words}各企业的得分见下方名单。")


def _names(report: Report, reach: Sequence[float], x: Spec, y: Spec) -> list[Spec]:
    """Names beside marks of enterprises on lists, as many as do not cover each other on a screen of `NAMED_FROM`.

    On a narrower one there are none; who is filtered out has none.
    """
    width, height = NAMED_FROM
    plot = charted.Plot(width, height, x_max=reach[0], y_max=reach[1], type_size=NAME_SIZE, mark=12)
    corners = [
        charted.Label(words, right * reach[0], top * reach[1], "left" if right else "right")
        for words, right, top in _CORNERS
    ]
    labels = charted.placed_labels(charted.listed_marks(report), plot, NAMES, kept_free=corners)
    layers: list[Spec] = []
    for side, look in _BESIDE.items():
        values = [{"uscc": one.code, "label": clean_text(one.text)} for one in labels if one.side == side]
        if values:
            mark: Spec = {"type": "text", "fontSize": NAME_SIZE, "color": INK, "tooltip": None, **look}
            found = {"data": {"values": values}, "key": "uscc", "fields": ["label"]}
            layers.append(
                {
                    "data": {"name": "points"},
                    "transform": [{"lookup": "uscc", "from": found}, {"filter": "isValid(datum.label) && datum.hit"}],
                    "mark": mark,
                    "encoding": {
                        "x": x, "y": y, "text": {"field": "label"},
                        "opacity": {"condition": {"test": f"width < {NAMED_FROM[0]}", "value": 0}, "value": 1},
                    },
                }
            )  # fmt: skip
    return layers


def _reach(scores: pl.Series, line: float) -> float:
    """End of an axis: a round number past its extent; the few farther out are shown at the edge."""
    end = charted.axis_extent(scores, line) * 1.08
    step = 10.0 ** math.floor(math.log10(end)) / 10
    return math.ceil(end / step) * step


def _bars(*, normalised: bool) -> Spec:
    """Horizontal bars stacked by tier, in the order in which their rows come; `step` pixels for each."""
    tiers = list(TIER_FILL)
    x = {
        "field": "value", "type": "quantitative", "stack": "normalize" if normalised else "zero",
        "title": None, "axis": {"format": "%"} if normalised else {"tickMinStep": 1},
    }  # fmt: skip
    y = {"field": "label", "type": "nominal", "sort": None, "title": None,
         "axis": {"labelColor": INK, "ticks": False, "domain": False}}  # fmt: skip
    order = {"field": "order", "type": "quantitative"}
    return {
        "width": "container",
        "usermeta": {"step": 44 if normalised else 26},
        "autosize": {"type": "fit-x", "contains": "padding"},
        "data": {"name": "rows"},
        "encoding": {"y": y, "order": order},
        "layer": [
            {
                "mark": {"type": "bar", "tooltip": {"content": "data"}, "stroke": "#FFFFFF", "strokeWidth": 1,
                         "cursor": "default" if normalised else "pointer"},
                "encoding": {
                    "x": x,
                    "color": {"field": "tier", "type": "nominal", "legend": None,
                              "scale": {"domain": tiers, "range": [TIER_FILL[tier] for tier in tiers]}},
                    "description": {"field": "words", "type": "nominal"},
                },
            },
            {
                "mark": {"type": "text", "fontSize": 11, "aria": False, "tooltip": None},
                "encoding": {
                    "x": {**x, "bandPosition": 0.5},
                    "text": {"field": "inside", "type": "nominal"},
                    "color": {"field": "tier", "type": "nominal", "legend": None,
                              "scale": {"domain": tiers, "range": [TIER_INK[tier] for tier in tiers]}},
                },
            },
        ],
        "resolve": {"scale": {"color": "independent"}},
    }  # fmt: skip


def tier_legend(names: Mapping[str, str]) -> list[dict[str, str]]:
    """Tier, what it is called in `names`, fill and ink, for the page's own legend and badges."""
    return [{"tier": tier, "name": names[tier], "fill": TIER_FILL[tier], "ink": TIER_INK[tier]} for tier in TIER_FILL]
