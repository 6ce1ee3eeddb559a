"""How wide columns are, so that together they fill an A4 page in letters that can be read, and what text takes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product
from math import ceil
from typing import TYPE_CHECKING

import polars as pl

from efficiency.reports.text import columnar_width, display_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from efficiency.reports.workbook.fields import Field

MARGIN = 0.3
"""Inches of paper left and right of a list."""
SCALE = 0.965
"""A page is shrunk to this at least: size 10 is 9.6 points on paper, and 9.1 where digits are 7.4 pixels wide."""
PAGE = {False: (297 / 25.4 - 2 * MARGIN) * 72, True: (210 / 25.4 - 2 * MARGIN) * 72}
"""Points between the margins of A4, by portrait."""
FLEXIBLE = 20.0
"""Text columns from this width on give and take."""
LEAST = 12.0
"""What they keep at least."""
STEPS = (4.0, 1.0, 0.3)
SHIFTS = 4
"""Characters, and how many times as many either way, by which text columns are tried wider and narrower."""
SAMPLE = 120
"""Rows by which that is judged."""
_WIDE = 1.905
"""What a Chinese character takes, as many points as its size, in characters of column width."""
_ROW = "\0row"
"""A column beside those of the texts: one line for each row."""
WRAPPED = ("text", "alert", "tier")
"""Kinds whose text is wrapped."""


def points(width: float) -> float:
    """The points that a column of `width` characters takes, at 96 pixels to the inch."""
    return 0.75 * pixels(width)


def pixels(width: float) -> int:
    """The pixels that a column of `width` characters takes: 7 each and 5 around them."""
    return int(7 * width + 0.5) + 5


def text_width(text: pl.Expr) -> pl.Expr:
    """The characters of column width that a line of text in size 10 takes: 1.9 for a Chinese character, 1.03 else."""
    characters = text.str.len_chars()
    return 1.03 * characters + 0.875 * (columnar_width(text) - characters)


def measured(frame: pl.DataFrame, fields: Iterable[Field]) -> pl.DataFrame:
    """What the texts of those fields take that are on paper, by field: one width, or a list of one for each line."""
    widths = [pl.repeat(1, pl.len(), dtype=pl.Int64).alias(_ROW)]
    for field in fields:
        if field.paper and field.kind in WRAPPED:
            text = pl.col(field.name)
            if frame[field.name].str.contains("\n", literal=True).any():
                text = text.str.split("\n").list.eval(text_width(pl.element()))
            else:
                text = text_width(text)
            widths.append(text.alias(field.name))
    return frame.select(widths)


def lines_taken(widths: pl.DataFrame, fields: Sequence[Field]) -> pl.Series:
    """Lines that each row takes, of what `measured` gives: those of its longest text in its column, at least one."""
    lines = [_lines(widths, field) for field in fields if field.name in widths.columns]
    return widths.select(pl.max_horizontal(_ROW, *lines).alias("lines"))["lines"]


def lines_in(text: str, width: float) -> int:
    """Lines that one text takes in a column, as `lines_taken` has it."""
    return sum(
        _lines_of(1.03 * len(part) + 0.875 * (display_width(part) - len(part)), width) for part in text.split("\n")
    )


def header_lines(title: str, width: float) -> int:
    """Lines that a header takes, which is Chinese for the most part: whole characters in each."""
    needed = 1.03 * len(title) + 0.875 * (display_width(title) - len(title))
    return ceil(needed / max(_WIDE * (_room(width) // _WIDE), _WIDE))


def _room(width: float) -> float:
    return max(width - 0.2, 2.0)


def _usable(width: float) -> float:
    """What a line of several holds: whole Chinese characters, or all but most of one where other letters are among."""
    room = _room(width)
    return max(_WIDE * (room // _WIDE), room - 1.5)


def _lines(widths: pl.DataFrame, field: Field) -> pl.Expr:
    """Lines of a column; each but the last may lack a character at its end."""
    room, usable = _room(field.width), _usable(field.width)

    def wrapped(needed: pl.Expr) -> pl.Expr:
        return pl.when(needed <= room).then(1).otherwise((needed / usable).ceil().cast(pl.Int64))

    needed = pl.col(field.name)
    return (
        needed.list.eval(wrapped(pl.element())).list.sum() if widths.schema[field.name] == pl.List else wrapped(needed)
    )


def number_width(largest: float, *, decimals: int) -> float:
    """The width in which a figure of this size is shown with its thousands set apart, in wide digits too."""
    return 1.05 * len(f"{largest:,.{decimals}f}") + 1.4


def fitted(fields: Sequence[Field], widths: pl.DataFrame, *, portrait: bool = False) -> list[Field]:
    """`fields` with those for paper as wide as the page, text columns so that rows take few lines.

    `widths` is what `measured` gives of their rows. Columns of figures stay as they are. In portrait a narrow list is
    not drawn out.
    """
    spare = PAGE[portrait] / SCALE - sum(points(field.width) for field in fields if field.paper)
    flexible = [position for position, field in enumerate(fields) if _flexible(field)]
    if not flexible or (portrait and spare > 0):
        return list(fields)
    total = sum(fields[position].width for position in flexible)
    characters = total + spare / 0.75 / 7
    given = [characters * fields[position].width / total for position in flexible]
    texts = [_sampled(widths, fields[position].name) for position in flexible]
    made = list(fields)
    for position, width in zip(flexible, _shared(texts, given), strict=True):
        made[position] = replace(made[position], width=max(LEAST, round(width, 2)))
    return made


def _sampled(widths: pl.DataFrame, name: str) -> list[list[float]]:
    """What the texts of a column take in some of the rows, line by line."""
    values = widths[name].gather_every(-(-max(widths.height, 1) // SAMPLE)).to_list()
    return [value if isinstance(value, list) else [value or 0.0] for value in values]


def _shared(texts: Sequence[Sequence[Sequence[float]]], given: Sequence[float]) -> list[float]:
    """`given` widths of the columns, shifted among them as long as the rows of `texts` then take fewer lines."""

    @cache
    def lines(column: int, width: float) -> tuple[int, ...]:
        return tuple(sum(_lines_of(line, width) for line in cell if line is not None) for cell in texts[column])

    def taken(tried: Sequence[float]) -> int:
        columns = [lines(column, width) for column, width in enumerate(tried)]
        return sum(map(max, zip(*columns, strict=True))) if len(columns) > 1 else sum(columns[0])

    best, fewest = list(given), taken(given)
    for step in STEPS:
        for shifts in product(range(-SHIFTS, SHIFTS + 1), repeat=min(len(given), 3) - 1):
            tried = [width + step * shift for width, shift in zip(best, (*shifts, -sum(shifts)), strict=False)]
            tried += best[len(tried) :]
            if min(tried) >= LEAST and (found := taken(tried)) < fewest:
                best, fewest = tried, found
    return best


def _lines_of(needed: float, width: float) -> int:
    """Lines of a text; each but the last may lack a character at its end."""
    return 1 if needed <= _room(width) else ceil(needed / _usable(width))


def _flexible(field: Field) -> bool:
    return field.paper and field.kind in ("text", "alert") and field.width >= FLEXIBLE
