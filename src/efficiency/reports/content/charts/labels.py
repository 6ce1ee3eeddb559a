"""Which marks of a scatter chart are named, and on which side, so that no name covers another or a named mark."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from efficiency.reports.text import display_width, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Side = Literal["right", "left", "above", "below"]
SIDES: tuple[Side, ...] = ("right", "left", "above", "below")

NAME_WIDTH = 14
CONSIDERED, MARKS = 150, 1_000
"""Marks that may be named, and marks that no name covers: the first ones. Where there are more, none can be read."""
_LEGAL_FORM = re.compile(r"(股份|集团|有限责任|有限)*(公司|厂)$")


@dataclass(frozen=True, slots=True)
class Plot:
    """The area of a chart in pixels, the highest value of each axis (the lowest is 0), and the type of its names."""

    width: float
    height: float
    x_max: float
    y_max: float
    type_size: float = 11.0
    """Pixels of a Chinese character."""
    mark: float = 8.0
    """Pixels of a mark."""


@dataclass(frozen=True, slots=True)
class Label:
    """The name of a mark at (x, y), in the axes' units, and the side of the mark on which it stands."""

    text: str
    x: float
    y: float
    side: Side
    code: str = ""
    """Of the enterprise that it names."""


Mark = tuple[str, str, float, float]
"""Code and name of an enterprise, and where it is, in the axes' units."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels from the upper left corner of the plot."""


def short_name(name: str) -> str:
    """A company's name without its legal form, for a label: 淄博湛岳助剂有限公司 → 淄博湛岳助剂."""
    return shortened(_LEGAL_FORM.sub("", name) or name, NAME_WIDTH)


def placed_labels(
    marks: Iterable[Mark],
    plot: Plot,
    most: int,
    *,
    kept_free: Sequence[Label] = (),
    others: Sequence[tuple[float, float]] = (),
) -> list[Label]:
    """Labels for at most `most` of `marks`, the first having the first choice; who finds no room has none.

    None covers one of `kept_free` or the marks at `others`. Marks beyond an axis are not drawn and have no label.
    """
    drawn = [mark for mark in marks if 0 <= mark[2] <= plot.x_max and 0 <= mark[3] <= plot.y_max][:MARKS]
    spots = [_box_of_mark(x, y, plot) for _, _, x, y in drawn]
    crowd = [_box_of_mark(x, y, plot) for x, y in others]
    labels: list[Label] = []
    taken = [box_of(label, plot) for label in kept_free]
    for position, (code, name, x, y) in enumerate(drawn[:CONSIDERED]):
        if len(labels) == most:
            break
        text = short_name(name)
        in_the_way = [*taken, *crowd, *spots[:position], *spots[position + 1 :]]
        for side in SIDES:
            label = Label(text, x, y, side, code)
            box = box_of(label, plot)
            if _inside(box, plot) and not any(overlap(box, other) for other in in_the_way):
                labels.append(label)
                taken.append(box)
                break
    return labels


def box_of(label: Label, plot: Plot) -> Box:
    """Where the text of `label` stands."""
    x, y = _pixels(label.x, label.y, plot)
    width, height = display_width(label.text) * plot.type_size / 2 + 4, plot.type_size * 1.25
    away = plot.mark / 2 + 2
    match label.side:
        case "right":
            return x + away, y - height / 2, x + away + width, y + height / 2
        case "left":
            return x - away - width, y - height / 2, x - away, y + height / 2
        case "above":
            return x - width / 2, y - away - height, x + width / 2, y - away
        case _:
            return x - width / 2, y + away, x + width / 2, y + away + height


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes have some area in common."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _pixels(x: float, y: float, plot: Plot) -> tuple[float, float]:
    return plot.width * x / plot.x_max, plot.height * (1 - y / plot.y_max)


def _box_of_mark(x: float, y: float, plot: Plot) -> Box:
    across, down = _pixels(x, y, plot)
    half = plot.mark / 2
    return across - half, down - half, across + half, down + half


def _inside(box: Box, plot: Plot) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= plot.width and box[3] <= plot.height


def of_side(labels: Sequence[Label], side: Side) -> list[Label]:
    """The labels on one side of their marks."""
    return [label for label in labels if label.side == side]
