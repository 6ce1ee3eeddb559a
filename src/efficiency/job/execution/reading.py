"""Files read in batches by this process and, where there is enough to read, by worker processes at the same time."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from efficiency.intake.read import read_file
from efficiency.intake.read_result import ReadResult, concat
from efficiency.job.workers import Worker, WorkerError, ready, workers
from efficiency.partitions import BOUNDS

if TYPE_CHECKING:
    from pathlib import Path

    from efficiency.intake.files import InboxFile
    from efficiency.intake.layout import MappingFile

BATCH, BATCH_BYTES = 4, 8 << 20
"""Files that make a batch at most, and bytes to read."""
WORTH_FILES, WORTH_BYTES = 24, 4 << 20
"""Files, or bytes to read, for each of which a new worker repays its start (0.3 s)."""

Batch = tuple["InboxFile", ...]
ReadFiles = Callable[[Sequence["InboxFile"], "MappingFile", Callable[[int, int], None], "Path"], ReadResult]
"""Whoever reads files as `read_files` does."""


def read_files(
    files: Sequence[InboxFile],
    mapping: MappingFile,
    progress: Callable[[int, int], None],
    folder: Path | None = None,
) -> ReadResult:
    """What `files` state, in their order; `progress` is called with how many are read and how many there are.

    Rows that are more than memory should hold are spilled to `folder`; without one, all stay in memory. Raises
    EfficiencyError when the disk is full.
    """
    batches = in_batches(files, BATCH, BATCH_BYTES)
    unread = deque(range(len(batches)))
    results: dict[int, ReadResult] = {}
    held = 0

    def read_here(batch: Batch) -> ReadResult:
        return _read_batch(batch, mapping, folder)

    def read_by(worker: Worker, batch: Batch) -> ReadResult:
        return worker.run(_read_batch, batch, mapping, folder)

    def take_batches(read: Callable[[Batch], ReadResult]) -> None:
        """Read batches until none is left; one that a worker could not read is left to this process."""
        nonlocal held
        while unread:
            try:
                number = unread.popleft()
            except IndexError:  # another reader took the last one
                return
            try:
                result = read(batches[number])
            except WorkerError:
                unread.appendleft(number)
                return
            held += result.held
            results[number] = result if folder is None or held <= BOUNDS.held else result.spill(folder)
            progress(sum(len(batches[done]) for done in list(results)), len(files))

    count = max(_workers_worth(files), min(ready(), len(batches) - 1))
    with ThreadPoolExecutor(max(count, 1)) as executor, workers(count) as others:
        at_work = [executor.submit(take_batches, partial(read_by, worker)) for worker in others]
        take_batches(read_here)
        for one in at_work:
            one.result()
        take_batches(read_here)  # what a worker left after this process had done the rest
    return concat([results[number] for number in range(len(batches))])


def _workers_worth(files: Sequence[InboxFile]) -> int:
    """How many new workers repay their start."""
    size = sum(_size(file) for file in files)
    worth = max(len(files) // WORTH_FILES, min(len(files) - 1, size // WORTH_BYTES))
    return max(0, min((os.cpu_count() or 1) - 1, worth))


def in_batches(files: Sequence[InboxFile], most: int, most_bytes: int) -> list[Batch]:
    """`files` in their order, in batches of at most `most` files and, unless one file is larger, `most_bytes`."""
    batches: list[list[InboxFile]] = []
    size = 0
    for file in files:
        own = _size(file)
        if not batches or len(batches[-1]) == most or size + own > most_bytes:
            batches.append([])
            size = 0
        batches[-1].append(file)
        size += own
    return [tuple(batch) for batch in batches]


def _size(file: InboxFile) -> int:
    """Bytes of the file; 0 where it has gone since it was listed, which reading it reports."""
    return file.path.stat().st_size if file.path.exists() else 0


def _read_batch(batch: Batch, mapping: MappingFile, folder: Path | None) -> ReadResult:
    """What the files of `batch` state, with the rows of large files spilled to `folder`."""
    parts: list[ReadResult] = []
    for file in batch:
        read = read_file(file, mapping)
        parts.append(read if folder is None or read.height < BOUNDS.held_of_file else read.spill(folder))
    return concat(parts)
