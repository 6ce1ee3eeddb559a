"""What one page consists of, and the words that its sections share: figures, short names, enumerations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from efficiency.reports.text import clean_text, display_width, on_one_line

Kind = Literal["text", "name", "tier", "integer"]
"""How a column is shown; `name` is text that says which row it is."""
Value = str | int | float | None

NAME_WIDTH = 36
"""Half-width characters of an enterprise's name: eighteen Chinese ones, more than nearly all names have."""
TOWN_WIDTH = 16
TITLE_WIDTH = 20


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its header, how it is shown, and its part of the page's width."""

    title: str
    kind: Kind
    width: float


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a section; each row has a value for each column, None for what is not known."""

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


def shortened(text: str, width: int) -> str:
    """`text` on one line of at most `width` half-width characters, with … where something is left out."""
    line = clean_text(on_one_line(text)).strip()
    if display_width(line) <= width:
        return line
    # Each character takes one or two: so many are looked at as could fit at most.
    kept = line[:width]
    while display_width(kept) > width - 2:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def count(number: int) -> str:
    """1,234户."""
    return f"{number:,}户"


def amount(value: float, unit: str) -> str:
    """12,345亩: whole units from ten on, two decimals below."""
    return f"{value:,.0f}{unit}" if abs(value) >= 10 or value == 0 else f"{value:,.2f}{unit}"


def enumerated(parts: Iterable[str], most: int, of: int | None = None) -> str:
    """The first `most` of `parts`, joined by 、, with 等 where there are more (`of`: how many there are in all)."""
    listed = list(parts)
    more = (len(listed) if of is None else of) > min(len(listed), most)
    return "、".join(listed[:most]) + ("等" if more and listed else "")
