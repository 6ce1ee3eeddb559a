"""Files read in batches by this process and, where there is enough to read, by worker processes at the same time."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

from efficiency.intake.formats import is_costly
from efficiency.intake.read import over_limit, read_file, read_file_or_raise
from efficiency.intake.read_result import ReadResult, concat
from efficiency.job.workers import Limits, Worker, WorkerError, ready, workers
from efficiency.partitions import BOUNDS

if TYPE_CHECKING:
    from pathlib import Path

    from efficiency.intake.files import InboxFile
    from efficiency.intake.layout import MappingFile

BATCH, BATCH_BYTES = 4, 8 << 20
"""Files that make a batch at most, and bytes to read."""
WORTH_FILES, WORTH_BYTES = 24, 4 << 20
"""Files, or bytes to read, for each of which a new worker repays its start (0.3 s)."""
LARGEST = 100_000_000
"""Bytes of the largest file for which the limits below hold; those of a larger one grow with it."""
MEMORY, SECONDS = 1 << 30, 24
"""Bytes that a process may have while it reads one file, and seconds of the processor's time that it may take."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
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

    Rows that are more than memory should hold are spilled to `folder`; without one, all stay in memory. A file that may
    be costly is read by a worker within limits, at which it becomes an `unreadable` problem. Raises EfficiencyError
    when the disk is full.
    """
    batches, costly = _in_batches(files)
    light = deque(number for number in range(len(batches)) if number not in costly)
    careful = deque(sorted(costly))
    results: dict[int, ReadResult] = {}
    held = 0

    def done(number: int, result: ReadResult) -> None:
        nonlocal held
        held += result.held
        results[number] = result if folder is None or held <= BOUNDS.held else result.spill(folder)
        progress(sum(len(batches[done]) for done in list(results)), len(files))

    def read_here() -> None:
        """Read light batches until none is left."""
        while (number := _next(light)) is not None:
            done(number, _read_batch(batches[number], mapping, folder))

    def read_by(worker: Worker) -> None:
        """Have batches read by a worker until none is left, costly files first; stops where it cannot be started."""
        while (number := _next(careful)) is not None:
            try:
                done(number, concat([_read_within(worker, file, mapping, folder) for file in batches[number]]))
            except OSError:
                careful.appendleft(number)
                return
        while (number := _next(light)) is not None:
            try:
                done(number, worker.run(_read_batch, batches[number], mapping, folder))
            except WorkerError as error:
                # What has ended a worker would end this process too.
                (careful if error.cause in ("ended", "memory") else light).appendleft(number)
                return

    count = max(_workers_worth(files, costly), min(ready(), len(batches) - 1), min(1, len(costly)))
    with ThreadPoolExecutor(max(count, 1)) as executor, workers(count) as others:
        at_work = [executor.submit(read_by, worker) for worker in others]
        read_here()
        for one in at_work:
            one.result()
        read_here()  # what a worker left after this process had done the rest
    if careful:
        with workers(1) as last:
            for worker in last:
                worker.restart()
                read_by(worker)
    while (number := _next(careful)) is not None:  # on a machine that allows no other process
        done(number, _read_batch(batches[number], mapping, folder))
    return concat([results[number] for number in range(len(batches))])


def read_one_by_one(files: Sequence[InboxFile], mapping: MappingFile) -> ReadResult:
    """What `files` state, in memory, read by this process one after the other; a costly one by a worker within limits.

    For a process that is one of several which read, or that reads one file.
    """
    parts: list[ReadResult] = []
    with workers(int(any(map(_is_costly, files)))) as found:
        for file in files:
            if found and _is_costly(file):
                with suppress(OSError):  # no worker can be started anew: it is read here
                    parts.append(_read_within(found[0], file, mapping, None))
                    continue
            parts.append(read_file(file, mapping))
    return concat(parts)


def _next(waiting: deque[int]) -> int | None:
    """The next of what is waiting, None where another reader took the last one."""
    try:
        return waiting.popleft()
    except IndexError:
        return None


def _in_batches(files: Sequence[InboxFile]) -> tuple[list[Batch], set[int]]:
    """`files` in their order in batches, and the numbers of those of one costly file."""
    batches: list[Batch] = []
    costly: set[int] = set()
    for alone, run in groupby(files, key=_is_costly):
        if alone:
            own: list[Batch] = [(file,) for file in run]
            costly |= set(range(len(batches), len(batches) + len(own)))
            batches += own
        else:
            batches += in_batches(list(run), BATCH, BATCH_BYTES)
    return batches, costly


def _is_costly(file: InboxFile) -> bool:
    try:
        return not file.refusal and is_costly(file.path)
    except OSError:  # reading it reports that
        return False


def _read_within(worker: Worker, file: InboxFile, mapping: MappingFile, folder: Path | None) -> ReadResult:
    """What a file states, or the problem that it is beyond what reading may take. Raises OSError without a worker."""
    limits = _limits(file)
    try:
        return worker.run_within(limits, _read_alone, file, mapping, folder)
    except WorkerError as error:
        if error.cause == "failed":  # as where the disk is full: it is met here
            return _read_batch((file,), mapping, folder)
        return over_limit(file, error.cause, limits.memory, limits.seconds)


def _limits(file: InboxFile) -> Limits:
    times = max(1.0, _size(file) / LARGEST)
    return Limits(int(MEMORY * times), int(SECONDS * times))


def within_limits(file: InboxFile, work: Callable[[InboxFile, *Ts], T], *arguments: *Ts) -> T | None:
    """What `work`, a function of a module, makes of a file; None where a costly one is beyond what it may take."""
    if not _is_costly(file):
        return work(file, *arguments)
    with workers(1) as found, suppress(WorkerError, OSError):
        for worker in found:
            return worker.run_within(_limits(file), work, file, *arguments)
    return None


def _workers_worth(files: Sequence[InboxFile], costly: Collection[int]) -> int:
    """How many new workers repay their start. This process reads none of the `costly` batches."""
    size = sum(_size(file) for file in files)
    here = 0 if len(costly) == len(files) else 1
    worth = max(len(files) // WORTH_FILES, min(len(files) - here, size // WORTH_BYTES))
    return max(0, min((os.cpu_count() or 1) - here, worth))


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


def _read_alone(file: InboxFile, mapping: MappingFile, folder: Path | None) -> ReadResult:
    """What a file states. Raises MemoryError where there is not enough memory for it."""
    return _spilled(read_file_or_raise(file, mapping), folder)


def _read_batch(batch: Batch, mapping: MappingFile, folder: Path | None) -> ReadResult:
    """What the files of `batch` state, with the rows of large files spilled to `folder`."""
    return concat([_spilled(read_file(file, mapping), folder) for file in batch])


def _spilled(read: ReadResult, folder: Path | None) -> ReadResult:
    """What is `read` of one file, in `folder` where it has more rows than one file may hold in memory."""
    return read if folder is None or read.height < BOUNDS.held_of_file else read.spill(folder)
