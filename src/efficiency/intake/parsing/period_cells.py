"""The timing of the cells of period columns (年份, 季度, 月份, 报告期), each by itself and next to its neighbours."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.parsing.periods import (
    ISO,
    TENTH,
    UNSURE,
    YEAR_MARKER,
    Timing,
    canonical,
    from_to,
    tenth,
    timing_in,
)
from efficiency.intake.parsing.plans import is_planned

if TYPE_CHECKING:
    from collections.abc import Sequence

_SERIAL = re.compile(r"3[7-9]\d{3}|[4-6]\d{4}")
_EPOCH = date(1899, 12, 30)
"""Day 0 of a spreadsheet: a date that lost its format shows as the number of days since."""
_DAY = re.compile(r"(20\d\d)(?:年(?=\d+月)|-(?=\d+-)|\.(?=\d+\.)|/(?=\d+/))(\d{1,2})[-./月](\d{1,2})日?")
_PARTS = ("month", "quarter")
"""Columns that state a part of a year that another column names."""


def timing_of_cell(text: str, role: str) -> Timing:
    """The timing of a period column's cell; `role` is year, quarter, month or period. Unsure when not understood."""
    plain = canonical(text).strip("'")
    if is_planned(plain):
        return replace(
            UNSURE, doubt="该时期写明是计划或预计，不是实际完成数，该行未采用；确为实际完成数的，请去掉该字样。"
        )
    if _SERIAL.fullmatch(plain) and role != "year":
        text = (_EPOCH + timedelta(days=int(plain))).isoformat()
    if match := ISO.fullmatch(text.strip()) or _DAY.fullmatch(plain):
        # A spreadsheet makes 1-10, typed for January to October, the 10th of January.
        if role == "month" and int(match[3]) not in (1, 28, 29, 30, 31):
            return replace(UNSURE, doubt="该单元格是日期；如指月份区间（如 1-10 月），请先把单元格设为文本格式再填。")
        return Timing(int(match[1]), None if role == "year" else int(match[2]), None)
    if role == "year":
        match = YEAR_MARKER.fullmatch(plain)
        return Timing(int(match[1])) if match else UNSURE
    timing = (_part_of_year(plain, role) if role in _PARTS else None) or _period(plain)
    # 1月 leaves its year to the title.
    complete = timing.year is not None or timing.month is not None
    return timing if timing.unsure or complete else UNSURE


def _part_of_year(plain: str, role: str) -> Timing | None:
    """The timing of a bare number or range in a column 月份 or 季度; None for other texts."""
    if role == "quarter":
        return timing_in(canonical(f"{plain}季度")) if re.fullmatch(r"[1-4一二三四]", plain) else None
    if match := re.fullmatch(r"0?(1[0-2]|[1-9])月?份?", plain):
        return Timing(month=int(match[1]))
    match = re.fullmatch(r"0?(1[0-2]|[1-9])月?-0?(1[0-2]|[1-9])月?份?(?:累计)?", plain)
    return from_to(int(match[1]), int(match[2]), None) if match else None


def _period(plain: str) -> Timing:
    if match := re.fullmatch(r"(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", plain):
        return Timing(int(match[1]), int(match[2]))
    if TENTH.fullmatch(plain):
        return tenth(plain)
    timing = timing_in(plain)
    # A year next to something that is not understood (Oct-2026, 2026年(预计)) is not the full year.
    only_year = timing.year is not None and timing.month is None and timing.kind != "several"
    return UNSURE if only_year and not YEAR_MARKER.fullmatch(plain) else timing


def written_out(texts: Sequence[str | None], as_text: Sequence[bool]) -> list[str | None]:
    """`texts` of one column (or one header) with 2026.1 written as the month that its neighbours show it to be.

    A number next to 2026.01 is what a spreadsheet leaves of 2026.10; next to a text 2026.10 it is January, and so is a
    cell that holds it `as_text`, unless the others are padded.
    """
    stated = {text for text in texts if text is not None}
    if not any(TENTH.fullmatch(text) for text in stated):
        return list(texts)
    padded = any(re.fullmatch(r"20\d\d\.0[1-9]", text) for text in stated)
    ten = any(re.fullmatch(r"20\d\d\.10", text) for text in stated)
    single = any(re.fullmatch(r"20\d\d\.[2-9]", text) for text in stated)

    def month(text: str, *, is_text: bool) -> str:
        if padded and not (ten or single or is_text):
            return f"{text}0"
        return text.replace(".1", ".01") if not padded and (ten or is_text) else text

    return [
        month(text, is_text=is_text) if text and TENTH.fullmatch(text) else text
        for text, is_text in zip(texts, as_text, strict=True)
    ]


def span_labels(first: pl.Expr, last: pl.Expr) -> pl.Expr:
    """`span_label` of days in columns."""
    begins, ends = first.dt.strftime("%Y-%m"), last.dt.strftime("%Y-%m")
    return pl.when(begins == ends).then(ends).otherwise(pl.format("{}..{}", begins, ends))


def months_in_span() -> pl.Expr:
    """How many months there are from `span_start` to `span_end`, both included."""
    first, last = pl.col("span_start").dt, pl.col("span_end").dt
    return (last.year() - first.year()) * 12 + (last.month() - first.month()) + 1
