"""The marks in a workbook that is given back: colour, border and comment of each cell with a problem.

A returned workbook is corrected and sent again. So that a cell which is right by then is not still
marked, the list sheet keeps what each cell looked like before (`before`), and the marks of the round
before are undone in the same pass that sets the new ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

import polars as pl

from efficiency.reports.submitters.package import (
    HEADING,
    comment_cells,
    edited,
    headed_places,
    layout_of,
    place_of,
    restyled,
    shown_place,
)
from efficiency.reports.submitters.problem_list import MARK_FILL, NO_BORDER, NO_FILL, Place, frame, solid_fill
from efficiency.reports.text import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from efficiency.reports.submitters.package import Layout, Package, Styles
    from efficiency.reports.submitters.package import Place as Cell

MARK_BORDER: Final = {"error": ("medium", "FFB00000"), "warning": ("mediumDashed", "FF8A6100")}
"""Severity → line style and colour: a solid and a dashed frame, so that a grey print tells them apart."""
MAX_COMMENTS: Final = 5_000
"""Comments that one workbook is given; further cells are coloured and listed only (Excel opens slowly else)."""

_MAX_BEFORE: Final = 4_000
_SIDES: Final = ("start", "end", "left", "right", "top", "bottom", "diagonal", "vertical", "horizontal")
_WITHIN: Final[dict[str, tuple[str, ...]]] = {
    "before": ("fill", "border"),
    "fill": ("patternFill", "gradientFill"),
    "patternFill": ("fgColor", "bgColor"),
    "gradientFill": ("stop",),
    "stop": ("color",),
    "border": _SIDES,
    **dict.fromkeys(_SIDES, ("color",)),
}
"""What may stand within what, in this order, in the fill and border of a cell."""
_VALUE = re.compile(r"[A-Za-z0-9.+-]{0,32}")


@dataclass(frozen=True)
class Marked:
    """What marking did: how each marked cell looked before, and how many cells got no comment."""

    before: dict[Place, str]
    uncommented: int
    """Beyond the limit."""
    refused: int
    """Because a conversation stands there."""


@dataclass
class _Mark:
    severity: str
    addresses: list[str]
    said: list[str]


def mark_cells(
    package: Package,
    worksheets: Mapping[str, str],
    styles: Styles,
    problems: pl.DataFrame,
    earlier: Mapping[Place, str],
) -> Marked:
    """Colours and comments the cells of `problems` (severities error and warning), and undoes earlier marks.

    `worksheets` names the part of each title. `problems` has sheet, cell, severity and message, gravest first.
    Several problems of one cell become one comment in that order, and the gravest gives the colour. A comment
    that the cell has already stays above ours. Within a merged range the first cell is marked, which is the one
    shown. `earlier` is how cells looked before the round before; one that moved since is found by its comment
    and left without colour.
    """
    layouts: dict[str, Layout] = {}
    marks: dict[str, dict[Cell, _Mark]] = {}
    order: dict[tuple[str, Cell], None] = {}
    for title, address, severities, messages in _by_cell(problems).iter_rows():
        place = place_of(address)
        if title not in worksheets or place is None:
            continue
        if title not in layouts:
            layouts[title] = layout_of(package.read(worksheets[title]))
        said = [f"{SEVERITIES[severity]}：{message}" for severity, message in zip(severities, messages, strict=True)]
        if len(said) > 1:
            said = [f"{number}. {text}" for number, text in enumerate(said, 1)]
        shown = shown_place(place, layouts[title].merged)
        order.setdefault((title, shown))
        mark = marks.setdefault(title, {}).setdefault(shown, _Mark(severities[0], [], []))
        mark.addresses.append(address)
        mark.said += said
    before: dict[Place, str] = {}
    gravest = {place: rank for rank, place in enumerate(order)}
    over, refused = max(0, len(order) - MAX_COMMENTS), 0
    for title, part in worksheets.items():
        known = {place_of(address): look for (sheet, address), look in earlier.items() if sheet == title}
        stale: dict[Cell, str] = dict.fromkeys(headed_places(package, part), "")
        if not known and not stale and title not in marks:
            continue
        layout = layouts.pop(title, None) or layout_of(package.read(part))
        stale |= {shown_place(place, layout.merged): look for place, look in known.items() if place is not None}
        here = marks.get(title, {})
        looks: dict[Cell, str] = {}
        edits = restyled(layout, {*here, *stale}, _restyle(styles, here, stale, looks))
        for place, mark in here.items():
            before[title, mark.addresses[0]] = looks[place]
        texts = {
            place: "\n".join([HEADING, *mark.said])
            for place, mark in here.items()
            if gravest[title, place] < MAX_COMMENTS
        }
        comments = comment_cells(package, part, layout, texts)
        refused += comments.refused
        package.write(part, edited(layout.content, [*edits, *comments.edits]))
    return Marked(before, over, refused)


def _by_cell(problems: pl.DataFrame) -> pl.DataFrame:
    return (
        problems.filter(pl.col("severity").is_in(list(MARK_FILL)), pl.col("cell").is_not_null())
        .group_by("sheet", "cell", maintain_order=True)
        .agg("severity", "message")
    )


def _restyle(
    styles: Styles, marks: Mapping[Cell, _Mark], stale: Mapping[Cell, str], looks: dict[Cell, str]
) -> Callable[[Cell, int, bool], int | None]:
    """Gives each cell its format: the look it had before an earlier mark, then that of the new one.

    What a marked cell looked like is noted in `looks`.
    """
    marked: dict[tuple[int, str], int] = {}

    def restyle(place: Cell, style: int, present: bool) -> int | None:
        fill, _ = styles.parts(style)
        if place in stale and present and any(colour.encode() in fill for colour in MARK_FILL.values()):
            style = styles.with_look(style, *_look(stale[place]))
        elif place not in marks:
            return None
        if place not in marks:
            return style
        severity = marks[place].severity
        look = b"".join(styles.parts(style)).decode()
        looks[place] = look if len(look) <= _MAX_BEFORE else ""
        if (style, severity) not in marked:
            line, colour = MARK_BORDER[severity]
            marked[style, severity] = styles.with_look(style, solid_fill(MARK_FILL[severity]), frame(line, colour))
        return marked[style, severity]

    return restyle


def _look(kept: str) -> tuple[bytes, bytes]:
    """Fill and border as the earlier list kept them; plain ones where it did not or the submitter changed them."""
    if not kept or len(kept) > _MAX_BEFORE or "<!" in kept or "<?" in kept:
        return NO_FILL, NO_BORDER
    try:
        root = ET.fromstring(f"<before>{kept}</before>")  # noqa: S314  # short and without DOCTYPE
    except ET.ParseError:
        return NO_FILL, NO_BORDER
    if [part.tag for part in root] != ["fill", "border"] or not _is_sound(root):
        return NO_FILL, NO_BORDER
    fill, end, border = kept.partition("</fill>")
    return (fill + end).encode(), border.encode()


def _is_sound(element: ET.Element) -> bool:
    allowed = _WITHIN.get(element.tag, ())
    tags = [child.tag for child in element]
    return (
        all(tag in allowed for tag in tags)
        and [allowed.index(tag) for tag in tags] == sorted(allowed.index(tag) for tag in tags)
        and (element.tag == "gradientFill" or len(tags) == len(set(tags)))
        and (element.tag != "fill" or len(tags) == 1)
        and all(name.isalnum() and _VALUE.fullmatch(value) for name, value in element.attrib.items())
        and not (element.text or "").strip()
        and all(_is_sound(child) for child in element)
    )
