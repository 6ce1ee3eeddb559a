"""Phrases of sentences: counted enterprises, amounts, enumerations, and names cut to a width."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efficiency.reports.text.cells import clean_text, display_width
from efficiency.reports.text.terminal import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable


def shortened(text: str, width: int) -> str:
    """`text` on one line of at most `width` half-width characters, with … where something is left out."""
    line = clean_text(on_one_line(text)).strip()
    if display_width(line) <= width:
        return line
    # Each character takes one or two: so many are looked at as could fit at most.
    kept = line[:width]
    while display_width(kept) > width - 2:
        kept = kept[:-1]
    # A figure that is cut would be another figure.
    return f"{re.sub(r'[0-9.,]+$', '', kept).rstrip() or kept}…"


def period_title(period: str) -> str:
    """A period (YYYY-MM) as people write it: 2026年10月."""
    year, month = period.split("-")
    return f"{year}年{int(month)}月"


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
