"""Periods as users write them, `2026-10` or a range `2025-11..2026-10`, and months counted from a date."""

from __future__ import annotations

import re
from datetime import date, timedelta

from efficiency.errors import UsageError
from efficiency.language import say

_PERIOD = re.compile(r"(\d{4})-(\d{2})")


def as_period(text: str) -> str:
    """`text` with months as a program writes them: 2026年9月 is 2026-09; all else stays as it is."""
    return re.sub(r"(\d{4})年(\d{1,2})月", lambda month: f"{month[1]}-{int(month[2]):02d}", text.strip())


def period_start(period: str) -> date:
    """First day of `period` (YYYY-MM). Raises UsageError for any other text."""
    match = _PERIOD.fullmatch(period)
    if not match or not 1 <= int(match[2]) <= 12 or int(match[1]) < 1:
        raise UsageError(
            say("{period!r} is not a period. Write the month as YYYY-MM, for example 2026-10.", period=period)
        )
    return date(int(match[1]), int(match[2]), 1)


def period_end(period: str) -> date:
    """Last day of the month `period` (YYYY-MM)."""
    return shifted(period_start(period), 1) - timedelta(days=1)


def period_range(text: str) -> tuple[str, ...]:
    """Every month (YYYY-MM) of `text`, a period or a range first..last. Raises UsageError when it is neither."""
    first, separator, last = text.partition("..")
    start = period_start(first)
    end = period_start(last) if separator else start
    if end < start:
        raise UsageError(
            say(
                "The range {text!r} runs backwards. Write the earlier month first: {last}..{first}.",
                text=text,
                last=last,
                first=first,
            )
        )
    months = range(start.year * 12 + start.month - 1, end.year * 12 + end.month)
    return tuple(f"{month // 12:04d}-{month % 12 + 1:02d}" for month in months)


def shifted(month: date, months: int) -> date:
    """First day of the month that is `months` after that of `month`, or before it where `months` is negative."""
    number = month.year * 12 + month.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
