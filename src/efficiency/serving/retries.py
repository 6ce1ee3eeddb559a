"""A scheduled run that fails because a share does not answer or another run is at work waits and tries again."""

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
"""Seconds that a scheduled run waits before each further try: a share may be back, another run may have ended."""


def with_retries(job: Callable[[], CompletedRun], inbox: Path, waits: Sequence[float]) -> CompletedRun:
    """What `job` returns; where its failure may pass by itself (`may_pass`) it is tried again after each of `waits`.

    The whole run is tried again rather than one step: a run that failed has published nothing or everything, has
    removed what its steps had left beside their places, and publishes the same when it is repeated. An `inbox` that is
    not there may be on a share that is not mounted yet.
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
