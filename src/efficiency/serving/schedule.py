"""Which months a scheduled run evaluates: the one before its date, and those that were missed since the last."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from efficiency.errors import UsageError
from efficiency.language import say
from efficiency.periods import period_start, shifted

CRON = "0 6 5 * *"
"""The fifth of each month at six in the morning: after the departments have reported, before officials begin work."""
TIMEZONE = "Asia/Shanghai"


def zone(name: str) -> ZoneInfo:
    """The time zone called `name`. Raises UsageError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            say("{name!r} is not a time zone. Name one as Asia/Shanghai with --timezone.", name=name)
        ) from error


def due_periods(scheduled: datetime, timezone: str, published: Collection[str]) -> tuple[str, ...]:
    """The months (YYYY-MM, in order) that a run scheduled for `scheduled`, a time with zone, evaluates.

    They end with the month before the scheduled date in `timezone` and begin after the last of the `published`
    periods. Where nothing is published, or that month already is, it is that month alone, since a file may have come
    late. Published periods after that month are ignored: they are not over yet.
    """
    if scheduled.tzinfo is None:
        raise ValueError("a scheduled time must say its zone")
    local_date = scheduled.astimezone(zone(timezone)).date()
    last = f"{shifted(local_date, -1):%Y-%m}"
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
