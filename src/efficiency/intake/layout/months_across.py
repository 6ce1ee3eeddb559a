"""Columns of months: the year of each where it is named only where it changes, and whether they run from January on.

That they are cumulative is said by a title, the sheet's name or a heading.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.parsing import canonical, marker
from efficiency.parts import SUMS_AGREE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from efficiency.intake.formats import Grid
    from efficiency.intake.layout.header_cells import ColumnMatch, Header
    from efficiency.intake.parsing import Timing

_CUMULATIVE = re.compile(r"累计|年初-[今本]|本月止")
_EACH = re.compile(r"(?:[各逐每分]月|1月份?起|年初起?)累计")
"""Of which it is said that each is cumulative, whatever stands beside them."""
_BOTH = re.compile(r"[及和与、,/+](?:本年|全年|当年|年度?)?累计|累计[及和与、,/+](?:当月|本月|各月|月度)|当月|单月")
"""Months as well as cumulative figures: the title leaves open which a column is."""


_CARRIED = "同一行表头有的写明了年份，有的没有，看不出这一列是哪一年的；请逐列写明年份。"


def with_years_carried(header: Header, year: int | None) -> Header:
    """`header` with the year of columns that leave it to those beside them: 2025年11月 | 12月 | 2026年1月 | 2月.

    Months, quarters and spans of one measure each go on from the column before, or to the one behind where they follow
    one another. `year` is that of the titles; where it speaks against the columns beside, no year is known.
    """
    series: dict[object, list[int]] = {}
    for column, meaning in sorted(header.meanings.items()):
        timing = meaning.timing
        if timing is not None and timing.month is not None and not timing.unsure and meaning.role is None:
            series.setdefault((meaning.fields, meaning.carrier, meaning.owner, meaning.subordinate), []).append(column)
    meanings = dict(header.meanings)
    for columns in series.values():
        timings = {column: timing for column in columns if (timing := meanings[column].timing) is not None}
        if len({timing.year is None for timing in timings.values()}) == 1:
            continue
        for length in {_length(timing) for timing in timings.values()}:
            alike = [column for column, timing in timings.items() if _length(timing) == length]
            timings |= dict(zip(alike, _carried([timings[column] for column in alike], year), strict=True))
        for before, column in pairwise(columns):  # 11月 behind 2025年1-10月
            last, own = timings[before], timings[column]
            if own.year is None and not own.unsure and last.year and ((own.month or 0) - (last.month or 0)) % 12 == 1:
                timings[column] = replace(own, year=last.year + (own.month == 1))
        meanings |= {column: replace(meanings[column], timing=timing) for column, timing in timings.items()}
    return replace(header, meanings=meanings) if meanings != header.meanings else header


def _length(timing: Timing) -> int:
    """Months of a column: one of a month, three of a quarter; 0 of what runs from January on."""
    if timing.kind == "several":
        return timing.months or 0
    return 0 if timing.kind == "to_date" else 1


def _carried(timings: Sequence[Timing], year: int | None) -> list[Timing]:
    """`timings`, from left to right, with the years that follow from one another; unsure where `year` is another."""
    step = max(1, *(_length(timing) for timing in timings))
    ends = [timing.month or 0 for timing in timings]
    falling = sum((a - b) % 12 == step for a, b in pairwise(ends)) > sum(
        (b - a) % 12 == step for a, b in pairwise(ends)
    )
    sign = -1 if falling else 1
    years = [timing.year for timing in timings]
    follows = [timing.year is not None for timing in timings]
    """Whether a year is stated, or follows from months that run on."""
    for at in range(1, len(ends)):
        before = years[at - 1]
        if years[at] is None and before is not None:
            runs_on = (ends[at] - ends[at - 1]) * sign % 12 == step
            onward = (ends[at] - ends[at - 1]) * sign > 0
            if runs_on or onward:
                years[at] = before if onward else before + sign
                follows[at] = runs_on and follows[at - 1]
    for at in range(len(ends) - 2, -1, -1):
        behind = years[at + 1]
        if years[at] is None and behind is not None and (ends[at + 1] - ends[at]) * sign % 12 == step:
            years[at] = behind if (ends[at + 1] - ends[at]) * sign > 0 else behind - sign
            follows[at] = True
    known = list(zip(years, ends, strict=True))
    found: list[Timing] = []
    for timing, own, sure, key in zip(timings, years, follows, known, strict=True):
        twice = own is not None and known.count(key) > 1
        against = not sure and own is not None and year not in (None, own)
        unsure = timing.year is None and (twice or against)
        found.append(replace(timing, unsure=True, doubt=_CARRIED) if unsure else replace(timing, year=own))
    return found


def says_cumulative(texts: Iterable[str]) -> bool:
    """Whether a title or a name says that figures are cumulative."""
    return any(_CUMULATIVE.search(canonical(text)) for text in texts)


def with_cumulative_months(header: Header, titles: Iterable[str], grid: Grid, end: int) -> Header:
    """`header` with its columns 1月 … 12月 as January to that month where one of `titles` says 累计.

    Not where the columns say it themselves: beside 1-10月 or below 本月, 10月 is a month. Beside a column of totals the
    figures decide: in the rows from below the header to before `end` it is the sum of months, or the last cumulative
    one.
    """
    months = {column: meaning for column, meaning in header.meanings.items() if _is_bare_month(meaning)}
    cumulative_titles = [plain for text in titles if _CUMULATIVE.search(plain := canonical(text))]
    if not months or not cumulative_titles or any(_BOTH.search(text) for text in cumulative_titles):
        return header
    others = [meaning for column, meaning in header.meanings.items() if column not in months]
    if any(m.timing and (m.timing.kind == "month" or (m.timing.kind == "to_date" and m.timing.month)) for m in others):
        return header
    controls = {column: m for column, m in header.meanings.items() if column not in months and _is_control(m)}
    if controls and not any(_EACH.search(text) for text in cumulative_titles):
        summed, last = _votes(grid, header.bottom + 1, end, months, controls)
        running = any(m.timing is not None and m.timing.kind == "to_date" for m in controls.values())
        if summed > last or (summed == last and running):
            return header
    cumulative = {column: replace(m, timing=replace(m.timing, kind="to_date")) for column, m in months.items()}  # type: ignore[type-var]  # a bare month has one
    return replace(header, meanings={**header.meanings, **cumulative})


def _is_bare_month(meaning: ColumnMatch) -> bool:
    """Whether a column is of a month (10月, 2026年10月) without a mark 本月 or 累计."""
    timing = meaning.timing
    if timing is None or timing.kind != "month" or timing.month is None:
        return False
    marks = [marker(cell) for cell in meaning.header.split("|")]
    return not any(mark is not None and mark.kind == "month" and mark.month is None for mark in marks)


def _is_control(meaning: ColumnMatch) -> bool:
    """Whether a column may total the months beside it: 合计, 全年, 累计."""
    timing = meaning.timing
    return meaning.role == "sum" or (timing is not None and timing.month is None and timing.kind in ("to_date", "year"))


def _votes(
    grid: Grid, first: int, end: int, months: Mapping[int, ColumnMatch], controls: Collection[int]
) -> tuple[int, int]:
    """In how many rows a column of `controls` is the sum of the months, and in how many it is the last of them."""
    ordered = sorted(months, key=lambda column: months[column].timing.month or 0)  # type: ignore[union-attr]  # see above
    frame = pl.DataFrame([grid.numbers[column][first:end].alias(str(column)) for column in ordered])
    about = frame.select(
        pl.sum_horizontal(pl.all()).alias("sum"),
        pl.coalesce(*(str(column) for column in reversed(ordered))).alias("last"),
    )
    summed = last = 0
    for column in controls:
        total = grid.numbers[column][first:end]
        near = about.select(
            ((pl.col(name) - total).abs() <= SUMS_AGREE * total.abs()).alias(name) for name in ("sum", "last")
        ).filter((total != 0) & ((about["sum"] - about["last"]).abs() > SUMS_AGREE * about["sum"].abs()))
        summed += int(near["sum"].sum())
        last += int(near["last"].sum())
    return summed, last
