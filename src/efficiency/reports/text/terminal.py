"""Lines for a terminal: figures, and Chinese text aligned by the columns that it takes there."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def labelled_lines(labelled: Iterable[tuple[str, str]]) -> list[str]:
    """A line for each label and its text, the texts beginning at the same column."""
    listed = list(labelled)
    width = max(cell_len(label) for label, _ in listed)
    return [f"{set_cell_size(label, width)}  {text}" for label, text in listed]


def table_lines(head: Sequence[str], rows: Sequence[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """Lines of a table: the head, unless it is empty, and the rows; the columns numbered in `right` are flush right."""
    flush = set(right)
    shown = [head, *rows] if head else rows
    widths = [max(cell_len(row[i]) for row in shown) for i in range(len(shown[0]))] if shown else []

    def aligned(text: str, column: int) -> str:
        width = widths[column]
        return " " * (width - cell_len(text)) + text if column in flush else set_cell_size(text, width)

    return ["  " + "  ".join(aligned(cell, i) for i, cell in enumerate(row)).rstrip() for row in shown]


def format_figure(value: float | None, cuts: Iterable[float] = ()) -> str:
    """A figure with up to two decimals from 100 on and up to four below; a missing one is a dash.

    One that would look as if it were not below one of `cuts` has six, as scores have.
    """
    if value is None:
        return "—"
    places = _decimals(value)
    if any(value < cut <= round(value, places) for cut in cuts):
        places = 6
    return _without_final_zeros(f"{value:,.{places}f}")


def format_to_reach(value: float, *, upward: bool) -> str:
    """A figure to be reached, rounded up or down so that reaching what is printed suffices."""
    digits = _decimals(value)
    scaled = value * 10**digits
    # A figure that is exact but for its last bit must not be pushed a whole step further.
    whole = math.ceil(scaled - 1e-9 * abs(scaled)) if upward else math.floor(scaled + 1e-9 * abs(scaled))
    return _without_final_zeros(f"{whole / 10**digits:,.{digits}f}")


def _decimals(value: float) -> int:
    """Decimals that a figure is shown with."""
    return 2 if abs(value) >= 100 else 4


def _without_final_zeros(text: str) -> str:
    """`text` of a number without the zeros that end its decimals."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def on_one_line(text: str) -> str:
    """`text` on one line, without characters that steer a terminal or turn the reading direction."""
    return "".join(
        " " if character in "\n\r\t" else character
        for character in text
        if character in "\n\r\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
    )
