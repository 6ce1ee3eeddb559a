"""Marks on cells: fill and border set, and what a cell looked like before an earlier mark put back.

A returned workbook is corrected and sent again. So that a cell which is right by then is not still marked, the list
sheet keeps the fill and border that each marked cell had, and the marks of the round before are undone in the same
pass that sets the new ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from efficiency.reports.submitters.package.cells import Position
    from efficiency.reports.submitters.package.styles import Styles

MARK_FILL: Final = {"error": "FFFF9C9C", "warning": "FFFFE08A"}
"""Severity → fill (ARGB); error and warning differ in lightness too."""
MARK_BORDER: Final = {"error": ("medium", "FFB00000"), "warning": ("mediumDashed", "FF8A6100")}
"""Severity → line style and colour: a solid and a dashed border, so that a grey print shows which is which."""
NO_FILL: Final = b'<fill><patternFill patternType="none"/></fill>'
NO_BORDER: Final = b"<border><left/><right/><top/><bottom/><diagonal/></border>"

_LONGEST_LOOK: Final = 4_000
"""Characters of fill and border that are kept; a cell with more is left without colour when it is right again."""
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
"""Which elements a fill and a border may hold, in this order."""
_VALUE = re.compile(r"[A-Za-z0-9.+-]{0,32}")


@dataclass(frozen=True, slots=True)
class CellMark:
    """How a cell is marked: by severity (a key of MARK_FILL), and the comment it gets, if any."""

    severity: str
    comment: str | None


def solid_fill(colour: str) -> bytes:
    """A fill of one colour (ARGB)."""
    return (
        f'<fill><patternFill patternType="solid"><fgColor rgb="{colour}"/><bgColor indexed="64"/></patternFill></fill>'
    ).encode()


def border(line: str, colour: str) -> bytes:
    """A border of this line style and colour (ARGB) on the four sides."""
    sides = (f'<{side} style="{line}"><color rgb="{colour}"/></{side}>' for side in ("left", "right", "top", "bottom"))
    return f"<border>{''.join(sides)}<diagonal/></border>".encode()


def mark_formats(
    styles: Styles, marks: Mapping[Position, CellMark], stale: Mapping[Position, str], looks: dict[Position, str]
) -> Callable[[Position, int, bool], int | None]:
    """A function that gives each cell its format: the look it had before an earlier mark, then that of the new one.

    `stale` has the look that each cell with an earlier mark had before it ("" where that is not known). What each cell
    of `marks` looks like before the new mark is put into `looks`.
    """
    marked: dict[tuple[int, str], int] = {}

    def restyle(position: Position, style: int, present: bool) -> int | None:
        fill, _ = styles.parts(style)
        if position in stale and present and any(colour.encode() in fill for colour in MARK_FILL.values()):
            style = styles.with_look(style, *_kept_look(stale[position]))
        elif position not in marks:
            return None
        if position not in marks:
            return style
        severity = marks[position].severity
        look = b"".join(styles.parts(style)).decode()
        looks[position] = look if len(look) <= _LONGEST_LOOK else ""
        if (style, severity) not in marked:
            line = border(*MARK_BORDER[severity])
            marked[style, severity] = styles.with_look(style, solid_fill(MARK_FILL[severity]), line)
        return marked[style, severity]

    return restyle


def _kept_look(kept: str) -> tuple[bytes, bytes]:
    """Fill and border as the earlier list kept them; plain ones where it did not or the submitter changed them."""
    if not kept or len(kept) > _LONGEST_LOOK or "<!" in kept or "<?" in kept:
        return NO_FILL, NO_BORDER
    try:
        root = ET.fromstring(f"<before>{kept}</before>")  # noqa: S314  # short and without DOCTYPE
    except ET.ParseError:
        return NO_FILL, NO_BORDER
    if [part.tag for part in root] != ["fill", "border"] or not _is_sound(root):
        return NO_FILL, NO_BORDER
    fill, end, rest = kept.partition("</fill>")
    return (fill + end).encode(), rest.encode()


def _is_sound(element: ET.Element) -> bool:
    """Whether an element holds only what Excel accepts in a fill or a border."""
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
