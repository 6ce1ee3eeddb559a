"""Repeats a scheduled run that failed for a reason which may pass: a share does not answer, another run is at work."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from efficiency.errors import may_pass

if TYPE_CHECKING:
    from efficiency.job.contracts import CompletedRun

log = logging.getLogger("efficiency")

WAITS_S = (60, 300, 900)
"""Seconds that a scheduled run waits before each further attempt."""


def with_retries(job: Callable[[], CompletedRun], inbox: Path, waits: Sequence[float]) -> CompletedRun:
    """Run `job`, again after each of `waits` (seconds) while it fails for a reason that may pass (`may_pass`).

    Returns what `job` returns; raises what its last attempt raises. The whole run is repeated rather than one step: a
    run that failed has published nothing or everything and has removed its staged outputs, and publishes the same when
    it is repeated. An `inbox` that does not exist counts as passing: its share may not be mounted yet.
    """
    for wait in waits:
        try:
            return job()
        except Exception as error:
            if not may_pass(error) and inbox.is_dir():
                raise
            log.warning("%s: %s Trying again in %g seconds.", type(error).__name__, error, wait)
            time.sleep(wait)
    return job()
