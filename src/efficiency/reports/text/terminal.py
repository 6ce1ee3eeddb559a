"""Chinese text aligned for a terminal: a Chinese character takes the place of two others."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from efficiency.reports.text.cells import display_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def pairs(labelled: Iterable[tuple[str, str]]) -> list[str]:
    """Label and text, the texts beginning at the same column."""
    listed = list(labelled)
    width = max(display_width(label) for label, _ in listed)
    return [f"{padded(label, width)}  {text}" for label, text in listed]


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """Rows under their head, if there is one, aligned by display width; columns in `right` end flush."""
    flush = set(right)
    shown = [head, *rows] if head else rows
    widths = [max(display_width(row[i]) for row in shown) for i in range(len(shown[0]))] if shown else []
    return [
        "  " + "  ".join(padded(cell, widths[i], right=i in flush) for i, cell in enumerate(row)).rstrip()
        for row in shown
    ]


def padded(text: str, width: int, *, right: bool = False) -> str:
    """`text` filled up with blanks to `width` half-width characters."""
    blank = " " * (width - display_width(text))
    return blank + text if right else text + blank


def figure(value: float | None, cuts: Iterable[float] = ()) -> str:
    """A figure with up to two decimals from 100 on and up to four below; a missing one is a dash.

    One that would look as if it were not below one of `cuts` has six, as scores have.
    """
    if value is None:
        return "—"
    places = decimals(value)
    return trimmed(f"{value:,.{6 if any(value < cut <= round(value, places) for cut in cuts) else places}f}")


def decimals(value: float) -> int:
    """Decimals that a figure is shown with."""
    return 2 if abs(value) >= 100 else 4


def trimmed(text: str) -> str:
    """`text` of a number without idle zeros."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def on_one_line(text: str) -> str:
    """`text` on one line, without characters that steer a terminal or turn the reading direction."""
    return "".join(
        " " if character in "\n\r\t" else character
        for character in text
        if character in "\n\r\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
    )
