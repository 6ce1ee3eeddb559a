"""What one page consists of, and the words that its sections share: figures, short names, enumerations."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from efficiency.reports.text import display_width

Kind = Literal["text", "figure", "name", "tier", "integer", "extent"]
"""How a column is shown: `name` says which row it is, `tier` is that with the tier's letter first, `figure` a figure
within text, `extent` a sum that a bar may show."""
WIDTHS = (17, 9, 27, 21, 26)
"""Parts of the page's width that the columns of every table take, in hundredths."""
Value = str | int | float | None

NAME_WIDTH = 30
"""Half-width characters of an enterprise's name: fifteen Chinese ones, more than most names have."""
LINE_WIDTH = 110
"""Half-width characters of a line across the page."""
TOWN_WIDTH = 12
TITLE_WIDTH = 16


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its header and how it is shown."""

    title: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a section; each row has a value for each of the five columns, None for what is not known.

    All tables of the page stand in the same five columns, so that none of their cells need be merged.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One of the five questions: its title, what is said before its table, the table, what is said after it."""

    id: str
    title: str
    sentences: tuple[str, ...] = ()
    table: Table | None = None
    after: tuple[str, ...] = ()

    @property
    def lines(self) -> int:
        """About how many lines of the page it takes, title and header aside."""
        said = sum(-(-display_width(text) // LINE_WIDTH) for text in self.texts)
        return said + (sum(_row_lines(row) for row in self.table.rows) if self.table else 0)

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything that is said in sentences, in order."""
        return (*self.sentences, *self.after)


@dataclass(frozen=True, slots=True)
class OnePage:
    """The page: title, where it comes from, the five sections, what holds for all of it."""

    title: str
    origin: str
    sections: tuple[Section, ...]
    statement: str

    def section(self, own: str) -> Section:
        """The section with this id."""
        return next(section for section in self.sections if section.id == own)


def _row_lines(row: tuple[Value, ...]) -> int:
    """Lines of the text that takes most in its column."""
    rooms = (LINE_WIDTH * width / sum(WIDTHS) for width in WIDTHS)
    return max(math.ceil(display_width(str(value)) / room) for value, room in zip(row, rooms, strict=True))
