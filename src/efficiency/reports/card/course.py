"""The twelve months up to the period's, in words and as the lines of a terminal: gaps stay gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from efficiency.reports.text import format_figure, table_lines

if TYPE_CHECKING:
    from datetime import date

    from efficiency.evaluation.explanation import Explanation

_LEVELS = "▁▂▃▄▅▆▇█"
_GAP = "·"


@dataclass(frozen=True, slots=True)
class Line:
    """One measure over the twelve months; None where a month is not determined."""

    title: str
    """With its unit: 综合能耗(吨标准煤)."""
    months: tuple[date, ...]
    values: tuple[float | None, ...]

    @property
    def known(self) -> list[float]:
        """The figures of the months that are determined."""
        return [value for value in self.values if value is not None]


def lines_of(explanation: Explanation) -> list[Line]:
    """What it produced and what it used, month by month; a measure of which no month is determined has only gaps."""
    return [
        Line(
            f"{rows['title'][0]}({rows['unit'][0]})" if rows["unit"][0] else rows["title"][0],
            tuple(rows["month"]),
            tuple(rows["value"]),
        )
        for rows in explanation.course.partition_by("measure", maintain_order=True)
    ]


def course_words(line: Line) -> str:
    """综合能耗(吨标准煤)：12个月中10个月可确定，最高797.3(2025-12)，最低578.72(2026-02); the months that are not."""
    if not line.known:
        return f"{line.title}：填报数不能分出各月"
    pairs = [(value, month) for value, month in zip(line.values, line.months, strict=True) if value is not None]
    (low, at_low), (high, at_high) = min(pairs), max(pairs)
    words = [f"{line.title}：最高{format_figure(high)}({at_high:%Y-%m})", f"最低{format_figure(low)}({at_low:%Y-%m})"]
    gaps = [month for value, month in zip(line.values, line.months, strict=True) if value is None]
    if gaps:
        named = "、".join(f"{month:%Y-%m}" for month in gaps[:3]) + (f"等{len(gaps)}个月" if len(gaps) > 3 else "")
        words.append(f"{named}不能分出，留空")
    return "，".join(words)


def course_lines(explanation: Explanation) -> list[str]:
    """A heading, the figures of each month, and a line of bars for each measure."""
    lines = lines_of(explanation)
    if not any(line.known for line in lines):
        return []
    rows = [
        [f"{month:%Y-%m}", *("—" if line.values[at] is None else format_figure(line.values[at]) for line in lines)]
        for at, month in enumerate(lines[0].months)
    ]
    bars = [["", *(_bars(line) for line in lines)]]
    head = ["月份", *(line.title for line in lines)]
    return ["近十二个月(— 为填报数不能分出的月份)", *table_lines(head, [*rows, *bars], right=range(1, len(head)))]


def _bars(line: Line) -> str:
    """A bar for each month from nothing to the highest; a dot for a gap and for what is negative."""
    highest = max(line.known, default=0.0)
    if highest <= 0:
        return _GAP * len(line.values)
    return "".join(
        _GAP if value is None or value < 0 else _LEVELS[round(value / highest * (len(_LEVELS) - 1))]
        for value in line.values
    )
