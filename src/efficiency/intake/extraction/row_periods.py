"""The span of each row: its period columns, completed by the context of the table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Literal

import polars as pl

from efficiency.intake.extraction.columns import cell_texts
from efficiency.intake.parsing import NOTHING, UNSURE, Timing, from_to, timing_in, timing_of_cell, written_out
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efficiency.intake.extraction.table import Table
    from efficiency.intake.layout import ColumnGroup, TableContext, TableLayout


NO_PERIOD = replace(UNSURE, doubt="该行没有填写时期，而其他行的时期与标题、工作表名、文件名所写的不同。")


MIXED_YEARS = replace(UNSURE, doubt="同一列有的写明了年份，有的没有，看不出该行是哪一年的；请逐行写明年份。")


@dataclass(frozen=True)
class RowTimings:
    """The timing of each row, as an `index` into `timings`, and the text of its period cells, `stated`."""

    index: pl.Series
    timings: tuple[Timing, ...]
    stated: tuple[str, ...]

    def spans(self, group: ColumnGroup) -> pl.DataFrame:
        """`span_start` and `span_end` of each row under the mark of time of `group`; null where not determined."""
        found = [group.timed(timing).span() for timing in self.timings]
        starts: list[date | None] = [span[0] if span else None for span in found]
        ends: list[date | None] = [span[1] if span else None for span in found]
        first, last = pl.Series("span_start", starts, dtype=pl.Date), pl.Series("span_end", ends, dtype=pl.Date)
        if len(found) == 1:
            return pl.DataFrame([days.new_from_index(0, len(self.index)) for days in (first, last)])
        return pl.DataFrame([first.gather(self.index), last.gather(self.index)])


def row_timings(cells: pl.DataFrame, layout: TableLayout, context: TableContext, *, typed: bool = True) -> RowTimings:
    """The timing of each row of `cells`: of its period columns, else of the table's context.

    `typed` is false where every cell is a text, so that a text 2026.1 may be what is left of 2026.10.
    """
    if not layout.periods:
        return RowTimings(pl.Series([0], dtype=pl.UInt32).new_from_index(0, cells.height), (context.timing,), ("",))
    keys = [f"{kind}{column}" for column in layout.periods.values() for kind in "nt"]
    distinct = cells.select(keys).unique(maintain_order=True).with_row_index("index")
    index = cells.select(keys).join(distinct, on=keys, how="left", nulls_equal=True, maintain_order="left")["index"]
    stated: dict[str, list[str | None]] = {}
    for role, column in layout.periods.items():
        texts = cell_texts(distinct.select(number=f"n{column}", text=f"t{column}")).to_list()
        as_text = distinct[f"t{column}"].is_not_null().to_list() if typed else [False] * len(texts)
        stated[role] = written_out(texts, as_text)
    rows = [dict(zip(stated, texts, strict=True)) for texts in zip(*stated.values(), strict=True)]
    timings = [_timing(row, context) for row in rows]
    timings = _without_years_of_others(timings, rows, context.timing.year)
    if set(layout.periods) == {"year"}:
        timings = _with_months_of_title(timings, context)
    blanks = [not any(row.values()) for row in rows]
    others = {timing.span() for timing, blank in zip(timings, blanks, strict=True) if not blank}
    if others and context.timing.span() not in others:
        # The context names another time than the rows do, so that it cannot complete a row without one.
        timings = [NO_PERIOD if blank else timing for timing, blank in zip(timings, blanks, strict=True)]
    return RowTimings(
        index,
        tuple(timings),
        tuple(" ".join(text for text in row.values() if text) for row in rows),
    )


def rows_before_marks(table: Table, rows: pl.DataFrame, kinds: pl.DataFrame) -> pl.DataFrame:
    """The raw `rows` above the first row of kind time (2026年10月 alone in a row), and `period_unknown` there.

    Whether the rows below it are of that time is not stated. `kinds` is what `layout.classify` gives.
    """
    marks = kinds["row_index"].filter(kinds["kind"] == "time")
    if not len(marks) or not (rows["row_index"] > marks[0]).any():
        return rows
    if not FORMS[table.layout.form].flow or table.layout.periods:
        return rows
    table.cut = int(marks[0])
    (cells,) = table.grid.rows(table.cut, table.cut + 1)
    column, word = next((column, cell) for column, cell in enumerate(cells) if cell)
    row = table.grid.row_number(table.cut)
    table.table_problem(
        "period_unknown",
        cell=f"{table.grid.letters(column)}{row}",
        row=row,
        field="span_end",
        value=word,
        hint="该行只写了时期，以下各行未采用：请为每一期重复表头，或增加“报告期”列。",
    )
    return rows.filter(pl.col("row_index") < table.cut)


def _timing(cells: dict[str, str | None], context: TableContext) -> Timing:
    """The timing of one combination of period cells."""
    if not any(cells.values()):
        return context.timing
    stated = {
        role: timing_of_cell(text, "period" if role.startswith("span") else role)
        for role, text in cells.items()
        if text
    }
    unsure = next((timing for timing in stated.values() if timing.unsure), None)
    if unsure is not None:
        return unsure
    if "span_start" in cells and "span_end" in cells:
        return _between(stated.get("span_start", UNSURE), stated.get("span_end", UNSURE))
    if "year" in cells and ("month" in cells or "quarter" in cells) and len(stated) < len(cells):
        return UNSURE
    timing = NOTHING
    for role in ("period", "span_start", "span_end", "month", "quarter", "year"):
        timing = timing.over(stated.get(role, NOTHING))
    cumulative = context.timing.kind == "to_date" and any(
        "累计" in title or "本月止" in title for title in context.titles
    )
    kind: Literal["to_date"] | None = "to_date" if cumulative else None
    if timing.year is not None:
        return timing.over(Timing(kind=kind))
    completed = timing.over(context.timing)
    return completed if completed.unsure else timing.over(Timing(completed.year, kind=kind))


def _without_years_of_others(
    timings: list[Timing], rows: Sequence[dict[str, str | None]], year: int | None
) -> list[Timing]:
    """`timings`, unsure where 12月 stands in one column with 2025年11月, of another year than `year` of the titles."""
    own = [
        {timing_of_cell(text, role).year for role, text in row.items() if text and role in ("period", "month")}
        for row in rows
    ]
    if year is None or not {known for years in own for known in years} - {None, year}:
        return timings
    return [
        MIXED_YEARS if years == {None} and not row.get("year") and not timing.unsure else timing
        for timing, years, row in zip(timings, own, rows, strict=True)
    ]


def _with_months_of_title(timings: list[Timing], context: TableContext) -> list[Timing]:
    """`timings` of a lone column 年份, as the months of a title such as 2026年1-10月 where one of them is its year."""
    stated = next((timing for line in context.titles if (timing := timing_in(line)).month is not None), None)
    if stated is None or stated.year not in {None, *(timing.year for timing in timings)}:
        return timings
    doubt = "“年份”列与标题的年份不一致，看不出是哪几个月。"
    return [
        replace(stated, year=timing.year)
        if stated.year in (None, timing.year)
        else Timing(timing.year, kind="several", doubt=doubt)
        for timing in timings
    ]


def _between(first: Timing, last: Timing) -> Timing:
    """From one month to another."""
    if first.unsure or last.unsure or first.month is None or last.month is None:
        return UNSURE
    if (first.year is None) != (last.year is None):
        return UNSURE
    return from_to(first.month, last.month, first.year, last.year)
