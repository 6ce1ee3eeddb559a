"""The texts of a sheet that is read tag by tag: each is kept once, within the bounds of markup."""

from __future__ import annotations

import polars as pl

from efficiency.intake.formats.grid import NO_TEXT
from efficiency.intake.formats.limits import MAX_TEXT, UnreadableError

MOST_CELLS = 2_000_000
"""Cells of a page or of an XML spreadsheet; each takes some fifty bytes while it is read."""
_KNOWN = 1 << 16
"""Texts that are kept once however often they occur; of later ones each occurrence is kept."""


def check_length(text: str) -> None:
    """Raise UnreadableError for the text of a cell that is too long."""
    if len(text) > MAX_TEXT:
        raise UnreadableError(f"有一格长达 {len(text)} 字")


class TextPool:
    """Texts by their place, as `SheetCells.pool` has them."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._places: dict[str, int] = {}

    def place(self, text: str) -> int:
        """The place of `text`, which is added where it is new. Raises UnreadableError for one that is too long."""
        place = self._places.get(text)
        if place is None:
            check_length(text)
            self._texts.append(text)
            place = len(self._texts)
            if len(self._places) < _KNOWN:
                self._places[text] = place
        return place

    def series(self) -> pl.Series:
        """All texts, the first `NO_TEXT`."""
        return pl.concat([NO_TEXT, pl.Series(values=self._texts, dtype=pl.String)])
