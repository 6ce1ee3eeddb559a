"""What reading files gives: submissions, column map, problems and raw rows, all keyed by submission_id."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from itertools import groupby
from typing import TYPE_CHECKING, cast

import polars as pl

from efficiency.intake.problems import EMPTY
from efficiency.partitions import Chunks
from schemas import COLUMN_MAP, STATED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from efficiency.intake.files import InboxFile
    from efficiency.partitions import ParquetChunk

SUBMISSION = {
    "submission_id": pl.String(),
    "file_name": pl.String(),
    "sha256": pl.String(),
    "form": pl.String(),
    "sheet": pl.String(),
    "period_label": pl.String(),
    "filled_on": pl.Date(),
    "file_date": pl.Date(),
    "rows_total": pl.Int64(),
    "rows_totals": pl.Int64(),
    "rows_notes": pl.Int64(),
    "rows_blank": pl.Int64(),
    "rows_rejected": pl.Int64(),
    "order": pl.Int64(),
}
"""What is known of a submission when it has been read; `order` is that of arrival, from 1."""

CHINA = timezone(timedelta(hours=8))
NO_SUBMISSIONS = pl.DataFrame(schema=SUBMISSION)
NO_COLUMNS = COLUMN_MAP.empty()
NO_CHUNKS = {form: Chunks(table.empty()) for form, table in STATED.items()}


@dataclass(frozen=True)
class ReadResult:
    """What one table, one file or many files state, before enterprises are matched."""

    submissions: pl.DataFrame
    """Shape SUBMISSION, one row per table of a sheet and form."""
    problems: pl.DataFrame
    """Shape problems.PARSE_PROBLEMS: what is visible in the sheet alone."""
    columns: pl.DataFrame = field(default_factory=lambda: NO_COLUMNS)
    """Shape schemas.COLUMN_MAP."""
    chunks: Mapping[str, Chunks] = field(default_factory=lambda: NO_CHUNKS)
    """Form id → raw rows in the shape of schemas.STATED, in memory or spilled to Parquet; every form is a key."""

    @classmethod
    def of_frames(
        cls, submissions: pl.DataFrame, problems: pl.DataFrame, columns: pl.DataFrame, rows: Mapping[str, pl.DataFrame]
    ) -> ReadResult:
        """The result with these `rows` (form id → frame); a form that is not named has none."""
        filled = {form: replace(NO_CHUNKS[form], parts=(frame,)) for form, frame in rows.items() if frame.height}
        return cls(submissions, problems, columns, {**NO_CHUNKS, **filled})

    @property
    def rows(self) -> dict[str, pl.DataFrame]:
        """Form id → raw rows as one frame; rows that are spilled are read into memory."""
        return {form: chunks.whole() for form, chunks in self.chunks.items()}

    @property
    def height(self) -> int:
        """How many raw rows there are."""
        return sum(chunks.height for chunks in self.chunks.values())

    @property
    def held(self) -> int:
        """How many of the raw rows are in memory."""
        return sum(chunks.held for chunks in self.chunks.values())

    def spill(self, folder: Path) -> ReadResult:
        """The same result with its raw rows as Parquet in `folder`. Raises EfficiencyError when the disk is full."""
        return replace(self, chunks={form: chunks.spill(folder) for form, chunks in self.chunks.items()})


def concat(results: Sequence[ReadResult]) -> ReadResult:
    """The results one after another, their submissions numbered in that order."""
    if len(results) == 1 and results[0].submissions.height <= 1:
        return results[0]
    return ReadResult(
        pl.concat([NO_SUBMISSIONS, *(result.submissions for result in results)]).with_columns(
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("order")
        ),
        pl.concat([EMPTY, *(result.problems for result in results if result.problems.height)]),
        pl.concat([NO_COLUMNS, *(result.columns for result in results if result.columns.height)]),
        {
            form: replace(none, parts=_concat_frames(part for result in results for part in result.chunks[form].parts))
            for form, none in NO_CHUNKS.items()
        },
    )


def submission(file: InboxFile, identifier: str, sheet: str, **known: object) -> pl.DataFrame:
    """One row of shape SUBMISSION: where the submission is, and what else is `known` of it; counts default to 0."""
    located = {
        "submission_id": identifier,
        "file_name": file.name,
        "sha256": file.sha256,
        "sheet": sheet,
        "file_date": datetime.fromtimestamp(file.modified, CHINA).date(),
        "order": 1,
    }
    counts = {name: 0 for name in SUBMISSION if name.startswith("rows_")}
    return pl.DataFrame([{**dict.fromkeys(SUBMISSION), **located, **counts, **known}], schema=SUBMISSION, orient="row")


def _concat_frames(parts: Iterable[pl.DataFrame | ParquetChunk]) -> tuple[pl.DataFrame | ParquetChunk, ...]:
    """`parts` in their order, neighbours that are in memory as one frame: few frames go from process to process."""
    joined: list[pl.DataFrame | ParquetChunk] = []
    for in_memory, run in groupby(parts, key=lambda part: isinstance(part, pl.DataFrame)):
        same = list(run)
        joined += [pl.concat(cast("list[pl.DataFrame]", same))] if in_memory else same
    return tuple(joined)
