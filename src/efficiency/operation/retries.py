"""What a run does at night when a share does not answer or another run is at work: it waits and tries again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from efficiency.errors import may_pass

if TYPE_CHECKING:
    from efficiency.month import Finished

log = logging.getLogger("efficiency")

PATIENCE_S = (60, 300, 900)
"""How long a scheduled run waits before it tries again: a share may be back, another run may have ended."""


def patiently(walk: Callable[[], Finished], inbox: Path, waits: Sequence[float]) -> Finished:
    """What `walk` returns; where its failure may pass by itself (`may_pass`) it is tried again after each of `waits`.

    A run that failed has published nothing or all, and one that is repeated publishes the same: the whole of it is
    tried again rather than one step, since what a step left beside its place went with it. An inbox that is not
    there may be on a share that is not mounted yet.
    """
    for wait in waits:
        try:
            return walk()
        except Exception as error:
            if not may_pass(error) and inbox.is_dir():
                raise
            log.warning("%s: %s Trying again in %g seconds.", type(error).__name__, error, wait)
            time.sleep(wait)
    return walk()
