"""Columns of months whose figures run from January on, because a title, the sheet's name or a heading says so."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.parsing import canonical, marker
from efficiency.parts import SUMS_AGREE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from efficiency.intake.formats import Grid
    from efficiency.intake.layout.header_cells import ColumnMatch, Header

_CUMULATIVE = re.compile(r"累计|年初-[今本]|本月止")
_EACH = re.compile(r"(?:[各逐每分]月|1月份?起|年初起?)累计")
"""Of which it is said that each is cumulative, whatever stands beside them."""
_BOTH = re.compile(r"[及和与、,/+](?:本年|全年|当年|年度?)?累计|累计[及和与、,/+](?:当月|本月|各月|月度)|当月|单月")
"""Months as well as cumulative figures: the title leaves open which a column is."""


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
