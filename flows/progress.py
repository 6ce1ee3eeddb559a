"""How far a flow run has come, as a progress artifact of Prefect: one bar over the six steps.

The run itself never waits for the server: it notes how far it is, and the thread that looks at the server sends that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

STEPS = {
    "ingest": "读取",
    "validate": "核对",
    "evaluate": "评价",
    "select": "列清单",
    "report": "写文件",
    "publish": "发布",
}
"""Each step in turn → what officials read for it."""


class ProgressBar:
    """What was noted last of a run for some periods, and what the server knows of it."""

    def __init__(self) -> None:
        self.periods = ""
        """For what the run is, as its bar says."""
        self._now: tuple[float, str] | None = None
        self._sent: tuple[float, str] | None = None
        self._artifact: UUID | None = None

    def note(self, step: str, done: int, total: int) -> None:
        """Note how much of a step is done."""
        percent = 100 * (list(STEPS).index(step) + (done / total if total else 0)) / len(STEPS)
        self._now = round(percent, 1), f"{self.periods}：{STEPS[step]}"

    def send(self, client: SyncPrefectClient, run: UUID) -> None:
        """Tell the server what was noted since the last time. Raises what the client raises."""
        now = self._now
        if now is None or now == self._sent:
            return
        percent, description = now
        if self._artifact is None:
            made = ArtifactCreate(
                key="progress", type="progress", data=percent, description=description, flow_run_id=run
            )
            self._artifact = client.create_artifact(made).id
        else:
            client.update_artifact(self._artifact, ArtifactUpdate(data=percent, description=description))
        self._sent = now
