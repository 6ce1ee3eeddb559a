"""A section of the check-up as people read it: what was looked at, what was found, what that does not prove."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from efficiency.reports.text import count, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMED = 5
"""Enterprises that a sentence names; of more it gives the number."""
NAME_WIDTH = 40
"""Half-width characters of a name in a sentence or a cell."""
ROWS = 60
"""Rows of a table of enterprises; of more the last row gives the number."""
FOUND, NOT_FOUND, NOT_JUDGED = "发现", "未发现", "未判断"


@dataclass(frozen=True)
class Grid:
    """A table of a section: texts, and the columns of the sheet's ten that each takes."""

    head: tuple[str, ...]
    spans: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()
    """The rows that are a finding."""
    last: str = ""
    """What stands below the rows: how many are left out."""


@dataclass(frozen=True)
class Section:
    """One section, in plain Chinese."""

    id: str
    title: str
    looked_at: str
    findings: tuple[str, ...]
    """A sentence for each finding."""
    nothing: str
    """What is said where nothing is found; empty where nothing could be judged."""
    not_judged: tuple[str, ...]
    proves_not: str
    grids: tuple[Grid, ...]

    @property
    def outcome(self) -> str:
        """发现, 未发现 or 未判断."""
        return FOUND if self.findings else NOT_FOUND if self.nothing else NOT_JUDGED

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was found, or that nothing was; then what was not judged."""
        said = self.findings or ((self.nothing,) if self.nothing else ())
        return (*said, *self.not_judged)


def named(names: Sequence[str | None]) -> str:
    """The first NAMED of `names`, and of how many: 甲、乙等8户."""
    listed = "、".join(shortened(name or "未填名称", NAME_WIDTH) for name in names[:NAMED])
    return f"{listed}等{count(len(names))}" if len(names) > NAMED else listed


def share(part: float) -> str:
    """37%; below 10 % with a decimal."""
    if 0 < part < 0.001:
        return "不到0.1%"
    return f"{100 * part:.0f}%" if part >= 0.095 else f"{100 * part:.1f}%"


def chance(probability: float) -> str:
    """How often chance alone would give as much: 2.3%, at least 0.1%."""
    return "不到0.1%" if probability < 0.001 else f"{100 * probability:.1f}%"
