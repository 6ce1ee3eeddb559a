"""Which months a scheduled run is to evaluate: the one before its date, and those that were missed since the last."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from efficiency.errors import UsageError
from efficiency.periods import period_start, shifted

CRON = "0 6 5 * *"
"""The fifth of each month at six in the morning: the departments have reported, the officials are not yet at work."""
TIMEZONE = "Asia/Shanghai"


def zone(name: str) -> ZoneInfo:
    """The time zone called `name`. Raises UsageError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"{name!r} is not a time zone. Name one as Asia/Shanghai with --timezone.") from error


def due_periods(scheduled: datetime, timezone: str, published: Collection[str]) -> tuple[str, ...]:
    """The months (YYYY-MM, in order) that a run scheduled for `scheduled` (with its zone) has to evaluate.

    They end with the month before the scheduled date as the clock in `timezone` shows it, and begin after the last of
    the `published` periods; where nothing is published, or that month already is, it is that month alone: a late
    file may have come. Months after it count as not published: nobody can have closed them.
    """
    if scheduled.tzinfo is None:
        raise ValueError("a scheduled time must say its zone")
    here = scheduled.astimezone(zone(timezone)).date()
    last = f"{shifted(here, -1):%Y-%m}"
    past = [period for period in published if period <= last]
    if not past or max(past) == last:
        return (last,)
    first = shifted(period_start(max(past)), 1)
    count = (int(last[:4]) - first.year) * 12 + int(last[5:]) - first.month + 1
    return tuple(f"{shifted(first, months):%Y-%m}" for months in range(count))


def published_periods(warehouse: Path, policy_id: str) -> tuple[str, ...]:
    """The periods that have a current evaluation under the policy, in order; none where there is no warehouse yet."""
    import polars as pl

    from efficiency.warehouse.read import load
    from schemas import EVALUATIONS

    contents = load(warehouse, only=[EVALUATIONS.qualified])
    if contents is None:
        return ()
    own = contents[EVALUATIONS.qualified].filter(pl.col("current"), pl.col("policy_id") == policy_id)
    return tuple(own["period"].unique().sort())
