"""Work for another core: what it comes to is what it would have come to here, and nothing of it outlives who asked."""

import math
import os
import time
from pathlib import Path

import pytest

from efficiency.job.execution import in_background, worker_ready, workers
from efficiency.job.execution.workers import GoneError, Worker


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers.os, "cpu_count", lambda: 2)


def test_a_work_begun_in_the_background_is_done_by_another_process() -> None:
    with worker_ready(), in_background(os.getpid) as result:
        assert result() != os.getpid()


def test_without_a_worker_the_work_is_done_here_when_it_is_asked_for() -> None:
    with in_background(os.getpid) as result:
        assert result() == os.getpid()


def test_a_machine_with_one_core_has_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers.os, "cpu_count", lambda: 1)
    with worker_ready():
        assert workers.ready() == 0


def test_a_machine_that_allows_no_more_processes_has_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(workers.subprocess, "Popen", refused)
    with worker_ready(), in_background(os.getpid) as result:
        assert result() == os.getpid()


def test_a_worker_serves_one_after_the_other_and_goes_with_its_block() -> None:
    with worker_ready():
        found = set()
        for _ in range(2):
            with in_background(os.getpid) as result:
                found.add(result())
        assert len(found) == 1
        assert os.getpid() not in found
    with pytest.raises(ProcessLookupError):
        os.kill(found.pop(), 0)


def test_what_a_worker_breaks_down_over_is_done_here_which_shows_why() -> None:
    with worker_ready(), in_background(math.sqrt, -1.0) as result, pytest.raises(ValueError, match="math domain"):
        result()


def test_a_worker_that_has_ended_says_so() -> None:
    worker = Worker()
    worker.dismiss()
    with pytest.raises(GoneError):
        worker.ask(os.getpid)


def test_a_block_that_fails_ends_the_work_before_it_is_done(tmp_path: Path) -> None:
    began = time.monotonic()

    def fails() -> None:
        with in_background(time.sleep, 600.0):
            raise ZeroDivisionError

    with worker_ready():
        with pytest.raises(ZeroDivisionError):
            fails()
        assert workers.ready() == 0, "one that was stopped at its work is not asked again"
    assert time.monotonic() - began < 300


def test_what_a_worker_prints_does_not_come_between_its_answers(capfd: pytest.CaptureFixture[str]) -> None:
    with worker_ready(), in_background(print, "said aloud") as result:
        assert result() is None
    assert "said aloud" in capfd.readouterr().err
