"""What batches of files state, staged as Parquet files, so that many machines can read and one can publish."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING
from uuid import uuid4

import polars as pl

from efficiency.intake.read_result import ReadResult, concat
from efficiency.job.execution.reading import in_batches, read_one_by_one
from efficiency.partitions import BOUNDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from efficiency.intake.files import InboxFile
    from efficiency.intake.layout import MappingFile

BATCH_FILES, BATCH_BYTES = 16, 32 << 20
"""A batch is full with so many files, or so much to read: a few seconds of work, worth handing over."""

_ROWS = "rows-"


def split_into_batches(files: Sequence[InboxFile]) -> list[tuple[InboxFile, ...]]:
    """`files` in their order, in batches that are worth handing to another machine."""
    return in_batches(files, BATCH_FILES, BATCH_BYTES)


def is_staged(folder: Path, number: int) -> bool:
    """Whether batch number `number` is in `folder`; it is there whole or not at all."""
    return _batch_folder(folder, number).exists()


def stage_batch(folder: Path, number: int, batch: Sequence[InboxFile], mapping: MappingFile) -> None:
    """Read a batch and put what it states into `folder`. Doing it again, even at the same time, changes nothing."""
    if is_staged(folder, number):
        return
    parsed = read_one_by_one(batch, mapping)
    partial = folder / f"partial-{number}-{uuid4().hex}"
    partial.mkdir(parents=True)
    try:
        for name, frame in _frames(parsed).items():
            frame.write_parquet(partial / f"{name}.parquet")
        partial.rename(_batch_folder(folder, number))
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        if not is_staged(folder, number):
            raise


def collect(folder: Path, count: int, scratch: Path) -> ReadResult:
    """What the first `count` batches in `folder` state, in their order; too many rows are spilled to `scratch`.

    Raises OSError when a batch is not there, EfficiencyError when the disk is full.
    """
    parts: list[ReadResult] = []
    held = 0
    for number in range(count):
        part = _read(_batch_folder(folder, number))
        kept = part if held + part.held <= BOUNDS.held else part.spill(scratch)
        held += kept.held
        parts.append(kept)
    return concat(parts)


def _frames(parsed: ReadResult) -> dict[str, pl.DataFrame]:
    """Name → frame, of forms only those that are stated."""
    sheets = {"submissions": parsed.submissions, "problems": parsed.problems, "columns": parsed.columns}
    return sheets | {f"{_ROWS}{form}": rows for form, rows in parsed.rows.items() if rows.height}


def _read(folder: Path) -> ReadResult:
    frames = {path.stem: pl.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
    rows = {name.removeprefix(_ROWS): frames.pop(name) for name in list(frames) if name.startswith(_ROWS)}
    return ReadResult.of_frames(**frames, rows=rows)


def _batch_folder(folder: Path, number: int) -> Path:
    return folder / f"batch-{number:06}"
