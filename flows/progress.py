"""How far a flow run has come, as a progress artifact of Prefect: one bar over the six steps."""

from __future__ import annotations

import logging
import time
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from efficiency.job.contracts import Progress

log = logging.getLogger("efficiency")

STEPS = {
    "ingest": "读取",
    "validate": "核对",
    "evaluate": "评价",
    "select": "列清单",
    "report": "写文件",
    "publish": "发布",
}
"""Each step in turn → what officials read for it."""
EVERY_S = 2.0
"""Seconds between two messages to the server within a step."""


def progress_artifact(what: str) -> Progress:
    """Create the artifact of a run for `what`; returns what to call with each step's progress.

    A server that does not take it is a warning, and is not asked again.
    """
    steps = list(STEPS)
    told = (-1.0, 0.0)  # percent, and when
    artifact: UUID | None = None
    refused = False

    def progress(step: str, done: int, total: int) -> None:
        nonlocal artifact, told, refused
        percent = 100 * (steps.index(step) + (done / total if total else 0)) / len(steps)
        at_once = done in (0, total)
        if refused or percent <= told[0] or (not at_once and time.monotonic() - told[1] < EVERY_S):
            return
        told = (percent, time.monotonic())
        description = f"{what}：{STEPS[step]}"
        try:
            if artifact is None:
                made = create_progress_artifact(progress=percent, key="progress", description=description)
                assert isinstance(made, UUID)
                artifact = made
            else:
                update_progress_artifact(artifact, progress=percent, description=description)
        except Exception as error:
            refused = True
            why = " ".join(str(error).split())
            log.warning("the server takes no progress (%s: %s); the run goes on", type(error).__name__, why)

    return progress
