"""Whatever happens to a file on its way, reading ends in rows and problems that account for it, never in a crash."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from builders.mutants import mutants, seeds
from builders.stated import whole

from efficiency.intake.files import InboxFile
from efficiency.intake.problems import PARSE_PROBLEMS
from efficiency.intake.read import read_file
from efficiency.intake.read_result import SUBMISSION, ReadResult, concat
from efficiency.intake.resolution import Stated, resolve, unbalanced, violations
from efficiency.job.ingest import arrived
from efficiency.reports.submitters import write_all_returned
from schemas import COLUMN_MAP, STATED

LONG = range(1, 20)
"""Batches of mutants that are tried by `make test-long` alone."""
CASES = 100
"""Mutants of a batch: read one by one, then resolved together as one inbox."""


def inbox_file(path: Path, data: bytes) -> InboxFile:
    path.write_bytes(data)
    return InboxFile(path, path.name, hashlib.sha256(data).hexdigest(), 0.0)


def accounted(file: InboxFile, parsed: ReadResult) -> ReadResult:
    """`parsed`, which has its declared shapes, speaks of the file, and whose counts balance with what is stated."""
    assert dict(parsed.submissions.schema) == SUBMISSION
    assert dict(parsed.problems.schema) == PARSE_PROBLEMS
    assert parsed.columns.schema == COLUMN_MAP.polars_schema
    assert {form: rows.schema for form, rows in parsed.rows.items()} == {
        form: table.polars_schema for form, table in STATED.items()
    }
    assert parsed.submissions.height + parsed.problems.height > 0
    assert parsed.submissions["submission_id"].is_unique().all()
    named = pl.concat([parsed.submissions["submission_id"], parsed.problems["submission_id"]])
    assert named.str.starts_with(file.sha256[:12]).all()
    assert (parsed.problems["message"].str.len_chars() > 0).all()
    refused = parsed.submissions.filter(pl.col("form").is_null())["submission_id"]
    assert refused.is_in(parsed.problems["submission_id"].implode()).all()
    stated = pl.concat([rows.select("submission_id", "row") for rows in parsed.rows.values()]).unique()
    counts = parsed.submissions.join(stated.group_by("submission_id").len("stated"), on="submission_id", how="left")
    open_accounts = counts.filter(
        pl.col("rows_total") != pl.sum_horizontal("stated", "rows_totals", "rows_notes", "rows_blank", "rows_rejected")
    )
    assert open_accounts.is_empty(), open_accounts
    return parsed


def resolved_soundly(parts: list[ReadResult]) -> None:
    """What `parts` state is resolved to facts that balance and keep their declarations."""
    parsed = concat(parts)
    stated = Stated(arrived(parsed, 0, "fuzz", datetime.now(UTC)), parsed.columns, parsed.problems, parsed.chunks)
    resolved = whole(resolve(stated))
    assert unbalanced(resolved.submissions).is_empty()
    assert violations(resolved.facts).is_empty()


def test_sound_seeds_are_read_whole(tmp_path: Path) -> None:
    for name, data in seeds(tmp_path).items():
        file = inbox_file(tmp_path / name, data)
        parsed = accounted(file, read_file(file))
        assert parsed.submissions["form"].null_count() == 0, (name, parsed.problems)
        assert sum(rows.height for rows in parsed.rows.values()) >= 3, name


@pytest.mark.parametrize("batch", [0, *(pytest.param(n, marks=pytest.mark.long) for n in LONG)])
def test_mutated_files_are_accounted_for(tmp_path: Path, batch: int) -> None:
    originals = seeds(tmp_path)
    # One sound file in front, so that the others' enterprises are known.
    files = {hashlib.sha256(originals["a.xlsx"]).hexdigest(): ("a.xlsx", originals["a.xlsx"])}
    for name, data in mutants(originals, batch, CASES):
        files.setdefault(hashlib.sha256(data).hexdigest(), (name, data))
    parts: list[ReadResult] = []
    for name, data in files.values():
        file = inbox_file(tmp_path / name, data)
        parts.append(accounted(file, read_file(file)))
    resolved_soundly(parts)


@pytest.mark.long
@pytest.mark.parametrize("batch", [5, 11])
def test_mutated_workbooks_are_given_back_marked_or_as_a_list(tmp_path: Path, batch: int) -> None:
    """A member whose bytes lie outside its file once ended a run."""
    originals = {name: data for name, data in seeds(tmp_path).items() if name.endswith((".xlsx", ".xlsm"))}
    for name, data in mutants(originals, batch, 100):
        file = inbox_file(tmp_path / name, data)
        problems = read_file(file).problems
        returned = write_all_returned([(file.path, file.name)], problems, tmp_path / "退回")
        wrong = problems.filter(pl.col("severity") != "note").height > 0
        assert [one.path.is_file() for one in returned] == [True] * wrong
