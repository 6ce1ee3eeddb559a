"""How the work of a run is spread: files read in parallel, partitions of the enterprises, batches."""

from __future__ import annotations

from efficiency.job.execution.batches import batches, collect, is_staged, stage_batch
from efficiency.job.execution.partitions import SHARE_ROWS, resolve_in_shares
from efficiency.job.execution.read_files import HELD_ROWS, ReadFiles, read_files
from efficiency.job.execution.workers import in_background, worker_ready

__all__ = [
    "HELD_ROWS",
    "SHARE_ROWS",
    "ReadFiles",
    "batches",
    "collect",
    "in_background",
    "is_staged",
    "read_files",
    "resolve_in_shares",
    "stage_batch",
    "worker_ready",
]
