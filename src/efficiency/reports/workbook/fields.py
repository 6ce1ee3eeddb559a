"""A column of a list as it is declared: what it shows, how, how wide, whether on paper, and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "text", "code", "ordinal", "integer", "amount", "ratio", "mixed", "score", "confidence", "tier", "alert", "link",
    "lookup",
]  # fmt: skip
"""`ratio` shows two decimals, or four where the whole column is below 1; `mixed` decides cell by cell.

A `lookup` cell leads by formula to the row of the same code in the sheet that it names (`Page.lookups`).
"""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a list: the frame's column, its header, how it is shown and how wide (in characters).

    A `link` column shows its own text and links to the frame's column `target`.
    Its text should fit on a line: LibreOffice does not wrap a link.
    """

    name: str
    title: str
    kind: Kind
    width: float
    total: bool = False
    paper: bool = True
    """Whether it is printed; else it stands in a grouped column, folded away until somebody opens it."""
    note: str = ""
    """What the column means: the comment on its header."""
    bar: bool = False
    """Whether a bar in each cell shows how large its figure is."""
