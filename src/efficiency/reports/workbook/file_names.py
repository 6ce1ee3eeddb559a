"""File names made of what people typed: a town or an enterprise may be called anything, a file may not."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

STEM_BYTES = 120
"""Bytes of UTF-8 that a part made of a name may take; file systems end at 255 for the whole name."""
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\s]+')
"""What Windows forbids in a name, `/` among it, and blanks and line breaks of every kind."""
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
"""Unicode categories that nobody sees in a name: control and direction marks, surrogates, unassigned."""


def unique_parts(labels: Iterable[str]) -> list[str]:
    """One part of a file name for each label, in order: never empty, never a path, no two alike on any file system.

    Two labels that would give names equal but for case or width get (2), (3) … behind them; the parts are meant to
    follow a fixed beginning, so that none is a name reserved by Windows or begins with a dot.
    """
    taken: set[str] = set()
    parts: list[str] = []
    for label in labels:
        plain = _plain(label)
        part, number = plain, 2
        while _folded(part) in taken:
            part, number = f"{plain}({number})", number + 1
        taken.add(_folded(part))
        parts.append(part)
    return parts


def _plain(label: str) -> str:
    """`label` without what a file name may not hold, cut to STEM_BYTES at a whole character."""
    visible = "".join(
        c if unicodedata.category(c) not in _INVISIBLE else " " for c in unicodedata.normalize("NFC", label)
    )
    safe = _FORBIDDEN.sub("_", visible.strip())
    # Windows drops dots and blanks at the end, so that two names would become one.
    return safe.encode()[:STEM_BYTES].decode(errors="ignore").rstrip(". ") or "_"


def _folded(part: str) -> str:
    """The key under which file systems that ignore case or width take two names for the same."""
    return unicodedata.normalize("NFKC", part).casefold()
