"""Files read by several processes say what they say when one process reads them."""

from importlib import import_module
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from benchmarks.province import write
from efficiency.intake import read
from efficiency.intake.files import list_inbox
from efficiency.intake.formats import xlsx
from efficiency.intake.layout import NO_MAPPING
from efficiency.intake.read import read_file
from efficiency.intake.read_result import concat
from efficiency.job.execution import read_files, workers
from efficiency.job.execution.workers import Worker

readers = import_module("efficiency.job.execution.read_files")  # the package gives a function of this name


@pytest.fixture
def files(tmp_path: Path):
    """More small files than one process is left alone with."""
    for number in range(30):
        (tmp_path / f"{number}月.csv").write_text(
            "企业名称,年份,月份,营业收入(万元)\n"
            f"甲厂,2026,{number % 12 + 1},{number}\n"
            f"乙厂,2026,{number % 12 + 1},不详\n",
            encoding="utf-8",
        )
    return list_inbox(tmp_path)[0]


def assert_same(parsed, expected) -> None:
    assert_frame_equal(parsed.submissions, expected.submissions)
    assert_frame_equal(parsed.columns, expected.columns)
    assert_frame_equal(parsed.problems, expected.problems)
    assert parsed.rows.keys() == expected.rows.keys()
    for form, rows in expected.rows.items():
        assert_frame_equal(parsed.rows[form], rows)


def test_who_reads_a_file_changes_nothing(files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers.os, "cpu_count", lambda: 3)
    asked = []
    ask = Worker.ask
    monkeypatch.setattr(Worker, "ask", lambda self, *work: asked.append(work) or ask(self, *work))
    monkeypatch.setattr(readers, "WORTH_FILES", 10)
    told = []
    parsed = read_files(files, NO_MAPPING, lambda done, total: told.append((done, total)))
    assert_same(parsed, concat([read_file(file) for file in files]))
    assert max(told) == (30, 30)
    assert asked, "no other process was given anything to read"


def test_a_reader_that_breaks_down_loses_no_file(files, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(self, *work):
        self._process.kill()
        self._process.wait()
        return ask(self, *work)

    ask = Worker.ask
    monkeypatch.setattr(readers.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(Worker, "ask", break_down)
    assert_same(read_files(files, NO_MAPPING, lambda *_: None), concat([read_file(file) for file in files]))


def test_few_small_files_are_read_by_this_process_alone(files) -> None:
    assert readers._others(files[:5]) == 0


def test_a_worker_that_is_there_already_reads_few_files_too(files, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    ask = Worker.ask
    monkeypatch.setattr(Worker, "ask", lambda self, *work: asked.append(work) or ask(self, *work))
    monkeypatch.setattr(workers.os, "cpu_count", lambda: 2)
    with workers.worker_ready("efficiency.job.execution.read_files"):
        # So many batches that this process, which begins at once, cannot have read them all before it is asked.
        parsed = read_files(files[:20], NO_MAPPING, lambda *_: None)
        assert workers.ready() == 1, "it does not wait for more"
    assert_same(parsed, concat([read_file(file) for file in files[:20]]))
    assert asked, "it was given nothing to read"
    assert workers.ready() == 0


def test_nothing_to_read_is_no_rows() -> None:
    assert read_files([], NO_MAPPING, lambda *_: None).submissions.is_empty()


def test_sheets_read_side_by_side_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(40, "xlsx", tmp_path / "inbox")
    (workbook,) = list_inbox(tmp_path / "inbox")[0]
    one_by_one = read_file(workbook)
    assert one_by_one.submissions.height > 2
    monkeypatch.setattr(xlsx, "LARGE", 0)
    monkeypatch.setattr(read, "LARGE_ROWS", 0)
    assert_same(read_file(workbook), one_by_one)
