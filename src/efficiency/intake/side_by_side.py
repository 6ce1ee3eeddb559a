"""The sheets of a large workbook, two at a time: most of the work releases the interpreter's lock for the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = TypeVar("Item")
Made = TypeVar("Made")

AT_ONCE = 2
"""More would wait for one another: the Python part of the work is done by one thread at a time."""


def each(work: Callable[[Item], Made], items: Sequence[Item], *, large: bool) -> list[Made]:
    """What `work` makes of each item, in order; several at a time where they are `large` enough to be worth it."""
    if not large or len(items) < AT_ONCE:
        return [work(item) for item in items]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, items))
