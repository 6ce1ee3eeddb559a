"""Files read by several processes say what they say when one process reads them."""

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from builders.hostile import HOSTILE
from polars.testing import assert_frame_equal

from benchmarks.province import write
from efficiency.intake import read
from efficiency.intake.files import InboxFile, list_inbox
from efficiency.intake.formats import xlsx
from efficiency.intake.layout import NO_MAPPING
from efficiency.intake.read import read_file
from efficiency.intake.read_result import ReadResult, concat
from efficiency.job.execution import read_files, read_one_by_one
from efficiency.job.workers import Worker, ready, worker_ready

Files = Sequence[InboxFile]


def no_progress(done: int, total: int) -> None:
    """Nobody watches."""


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """More small files than one process is left alone with."""
    for number in range(60):
        (tmp_path / f"{number}月.csv").write_text(
            "企业名称,年份,月份,营业收入(万元)\n"
            f"甲厂,2026,{number % 12 + 1},{number}\n"
            f"乙厂,2026,{number % 12 + 1},不详\n",
            encoding="utf-8",
        )
    return list_inbox(tmp_path)[0]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Work that was given to workers."""
    work: list[Any] = []
    run: Callable[..., object] = Worker.run

    def noted(self: Worker, *given: Any) -> object:
        work.append(given)
        return run(self, *given)

    monkeypatch.setattr(Worker, "run", noted)
    return work


def assert_same(result: ReadResult, expected: ReadResult) -> None:
    assert_frame_equal(result.submissions, expected.submissions)
    assert_frame_equal(result.columns, expected.columns)
    assert_frame_equal(result.problems, expected.problems)
    assert result.rows.keys() == expected.rows.keys()
    for form, rows in expected.rows.items():
        assert_frame_equal(result.rows[form], rows)


def test_who_reads_a_file_changes_nothing(files: Files, asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    calls: list[tuple[int, int]] = []
    result = read_files(files, NO_MAPPING, lambda done, total: calls.append((done, total)))
    assert_same(result, concat([read_file(file) for file in files]))
    assert max(calls) == (60, 60)
    assert asked, "no other process was given anything to read"


@pytest.mark.long
def test_a_worker_that_dies_loses_no_file(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    died: list[Worker] = []

    def dies(self: Worker, *work: object) -> object:
        died.append(self)
        return run(self, signal.raise_signal, signal.SIGKILL)

    run: Callable[..., object] = Worker.run
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    monkeypatch.setattr(Worker, "run", dies)
    assert_same(read_files(files, NO_MAPPING, no_progress), concat([read_file(file) for file in files]))
    assert died


def test_few_small_files_are_read_by_this_process_alone(
    files: Files, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    read_files(files[:5], NO_MAPPING, no_progress)
    assert not asked


def test_a_worker_that_is_there_already_reads_few_files_too(
    files: Files, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with worker_ready("efficiency.job.execution.reading"):
        # So many batches that this process, which begins at once, cannot have read them all before it is asked.
        result = read_files(files[:20], NO_MAPPING, no_progress)
        assert ready() == 1, "it does not wait for more"
    assert_same(result, concat([read_file(file) for file in files[:20]]))
    assert asked, "it was given nothing to read"
    assert ready() == 0


def test_nothing_to_read_is_no_rows() -> None:
    assert read_files([], NO_MAPPING, no_progress).submissions.is_empty()


def test_sheets_read_side_by_side_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(40, "xlsx", tmp_path / "inbox")
    (workbook,) = list_inbox(tmp_path / "inbox")[0]
    one_by_one = read_file(workbook)
    assert one_by_one.submissions.height > 2
    monkeypatch.setattr(xlsx, "LARGE", 0)
    monkeypatch.setattr(read, "LARGE_ROWS", 0)
    assert_same(read_file(workbook), one_by_one)


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="elsewhere the system limits nothing")
def test_a_file_beyond_memory_costs_itself_alone_where_files_are_read_one_by_one(files: Files, tmp_path: Path) -> None:
    """As a machine of a cluster reads its batch, and the ledger of an objection is read."""
    HOSTILE["同文.parquet"](tmp_path / "同文.parquet")
    every = list_inbox(tmp_path)[0]
    result = read_one_by_one(every, NO_MAPPING)
    expected = read_one_by_one(files, NO_MAPPING)
    assert_same(expected, concat([read_file(file) for file in files]))
    beyond = result.problems.filter(file_name="同文.parquet")
    assert beyond["rule"].to_list() == ["unreadable"]
    assert "上限" in beyond["message"].item()
    assert result.rows["output"].height == expected.rows["output"].height > 0
