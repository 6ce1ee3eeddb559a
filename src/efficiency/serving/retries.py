"""When a scheduled run that failed is worth another attempt: a share does not answer, another run is at work."""

from __future__ import annotations

from pathlib import Path

from efficiency.errors import may_pass

WAITS_S = (60.0, 300.0, 900.0)
"""Seconds that a scheduled run waits before each further attempt."""


def worth_another(error: BaseException, inbox: Path) -> bool:
    """Whether a run on `inbox` that failed with `error` may succeed later.

    An inbox that does not exist counts as passing: its share may not be mounted yet. Wrong data stays wrong.
    """
    return may_pass(error) or not inbox.is_dir()
