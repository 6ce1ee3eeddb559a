"""How the work of a run is distributed: files over processes or machines, enterprises over partitions."""

from __future__ import annotations

from efficiency.job.execution.batches import collect, is_staged, split_into_batches, stage_batch
from efficiency.job.execution.partitions import partition_count, resolve_in_partitions
from efficiency.job.execution.reading import ReadFiles, read_files, read_one_by_one, within_limits

__all__ = [
    "ReadFiles",
    "collect",
    "is_staged",
    "partition_count",
    "read_files",
    "read_one_by_one",
    "resolve_in_partitions",
    "split_into_batches",
    "stage_batch",
    "within_limits",
]
