"""What reading a file gives: its submissions, raw rows, column map and problems, keyed by submission_id."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.problems import EMPTY
from efficiency.partitions import Chunks
from schemas import COLUMN_MAP, STATED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from efficiency.intake.files import InboxFile

SUBMISSION = {
    "submission_id": pl.String(),
    "file_name": pl.String(),
    "sha256": pl.String(),
    "form": pl.String(),
    "sheet": pl.String(),
    "period_label": pl.String(),
    "filled_on": pl.Date(),
    "rows_total": pl.Int64(),
    "rows_totals": pl.Int64(),
    "rows_notes": pl.Int64(),
    "rows_blank": pl.Int64(),
    "rows_rejected": pl.Int64(),
    "order": pl.Int64(),
}
"""What is known of a submission when it has been read; `order` is that of arrival, from 1."""

NO_COLUMNS = COLUMN_MAP.empty()
NO_ROWS = {form: table.empty() for form, table in STATED.items()}


@dataclass(frozen=True)
class Parsed:
    """What files say, before enterprises are matched; everything is keyed by submission_id."""

    submissions: pl.DataFrame
    """Shape SUBMISSION."""
    columns: pl.DataFrame
    """Shape schemas.COLUMN_MAP."""
    problems: pl.DataFrame
    """Shape problems.PARSE_PROBLEMS: what is visible in the sheet alone."""
    rows: dict[str, pl.DataFrame]
    """Form id → raw rows in the shape of schemas.STATED; every form is there."""


def concat(parts: Sequence[Parsed]) -> Parsed:
    """The parts as one, their submissions numbered on."""
    if len(parts) == 1 and parts[0].submissions.height <= 1:
        return parts[0]
    submissions = pl.concat([part.submissions for part in parts]) if parts else pl.DataFrame(schema=SUBMISSION)
    return Parsed(
        submissions.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("order")),
        pl.concat([NO_COLUMNS, *(part.columns for part in parts if part.columns.height)]),
        pl.concat([EMPTY, *(part.problems for part in parts if part.problems.height)]),
        {
            form: pl.concat([empty, *(part.rows[form] for part in parts if part.rows[form].height)])
            for form, empty in NO_ROWS.items()
        },
    )


@dataclass(frozen=True)
class ChunkedTables:
    """What files say, with their rows in pieces: so that they need not stand in memory together."""

    said: Parsed
    """Without rows."""
    rows: dict[str, Chunks]
    """Form id → raw rows in the shape of schemas.STATED; every form is there."""

    @property
    def held(self) -> int:
        """How many rows stand in memory."""
        return sum(pieces.held for pieces in self.rows.values())

    def put_down(self, folder: Path) -> ChunkedTables:
        """The same with no row in memory. Raises EfficiencyError when the disk is full."""
        return replace(self, rows={form: pieces.put_down(folder) for form, pieces in self.rows.items()})


def in_pieces(parsed: Parsed) -> ChunkedTables:
    """`parsed` as it stands in memory."""
    rows = {form: Chunks(NO_ROWS[form], (rows,) if rows.height else ()) for form, rows in parsed.rows.items()}
    return ChunkedTables(replace(parsed, rows=dict(NO_ROWS)), rows)


def in_memory(read: ChunkedTables) -> Parsed:
    """`read` with all its rows in memory."""
    return replace(read.said, rows={form: pieces.whole() for form, pieces in read.rows.items()})


def together(parts: Sequence[ChunkedTables]) -> ChunkedTables:
    """The parts as one, their submissions numbered on."""
    return ChunkedTables(
        concat([part.said for part in parts]),
        {
            form: Chunks(empty, tuple(piece for part in parts for piece in part.rows[form].parts))
            for form, empty in NO_ROWS.items()
        },
    )


def without_rows(submissions: pl.DataFrame, problems: pl.DataFrame) -> Parsed:
    """What is said where nothing is stated."""
    return Parsed(submissions, NO_COLUMNS, problems, dict(NO_ROWS))


def blank_submission(file: InboxFile, identifier: str, sheet: str) -> dict[str, object]:
    """A submission (shape SUBMISSION) of which nothing is known but where it is."""
    return {
        "submission_id": identifier,
        "file_name": file.name,
        "sha256": file.sha256,
        "form": None,
        "sheet": sheet,
        "period_label": None,
        "filled_on": None,
        "rows_total": 0,
        "rows_totals": 0,
        "rows_notes": 0,
        "rows_blank": 0,
        "rows_rejected": 0,
        "order": 1,
    }
