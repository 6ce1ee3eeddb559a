"""Files read side by side: by this process and, where there is enough to read, by others beside it, in batches."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from efficiency.intake.read import read_file
from efficiency.intake.read_result import ReadResult, concat
from efficiency.job.execution.workers import GoneError, Worker, ready, workers
from efficiency.partitions import BOUNDS

if TYPE_CHECKING:
    from pathlib import Path

    from efficiency.intake.files import InboxFile
    from efficiency.intake.layout import MappingFile

BATCH, BATCH_BYTES = 4, 8 << 20
"""Files that are handed over at a time: so many, or so much to read."""
WORTH_FILES, WORTH_BYTES = 24, 4 << 20
"""From this many files, or this much to read, a worker that is not there yet repays its start (0.3 s)."""

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
    waiting = deque(enumerate(batches))
    read: dict[int, ReadResult] = {}
    held = 0

    def work(read_batch: Callable[[Batch], ReadResult | None]) -> None:
        nonlocal held
        while waiting:
            try:
                place, batch = waiting.popleft()
            except IndexError:  # another reader took the last one
                return
            parsed = read_batch(batch)
            if parsed is None:
                waiting.appendleft((place, batch))
                return
            held += parsed.held
            read[place] = parsed if folder is None or held <= BOUNDS.held else parsed.spill(folder)
            progress(sum(len(batches[done]) for done in list(read)), len(files))

    def ask(other: Worker, batch: Batch) -> ReadResult | None:
        try:
            return other.ask(_read_batch, batch, mapping, folder)
        except GoneError:
            return None

    count = max(_others(files), min(ready(), len(batches) - 1))
    with workers(count) as others, ThreadPoolExecutor(max(len(others), 1)) as beside:
        at_work = [beside.submit(work, partial(ask, other)) for other in others]
        try:
            work(lambda batch: _read_batch(batch, mapping, folder))
        except BaseException:
            waiting.clear()
            raise
        for one in at_work:
            one.result()
        # What a worker that broke down gave back when this process was done already.
        work(lambda batch: _read_batch(batch, mapping, folder))
    return concat([read[place] for place in range(len(batches))])


def _others(files: Sequence[InboxFile]) -> int:
    """How many workers are worth their start."""
    size = sum(file.path.stat().st_size for file in files if file.path.exists())
    worth = max(len(files) // WORTH_FILES, min(len(files) - 1, size // WORTH_BYTES))
    return max(0, min((os.cpu_count() or 1) - 1, worth))


def in_batches(files: Sequence[InboxFile], most: int, most_bytes: int) -> list[Batch]:
    """`files` in their order, in batches that are full with `most` files or so many bytes to read."""
    made: list[list[InboxFile]] = []
    size = 0
    for file in files:
        own = file.path.stat().st_size if file.path.exists() else 0
        if not made or len(made[-1]) == most or size + own > most_bytes:
            made.append([])
            size = 0
        made[-1].append(file)
        size += own
    return [tuple(batch) for batch in made]


def _read_batch(batch: Batch, mapping: MappingFile, folder: Path | None) -> ReadResult:
    parts: list[ReadResult] = []
    for file in batch:
        read = read_file(file, mapping)
        parts.append(read if folder is None or read.height < BOUNDS.held_of_file else read.spill(folder))
    return concat(parts)
