"""Work for another core comes to what it would have come to here, and nothing of it outlives who asked."""

import importlib
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from builders.warehouse_files import ROOT, python

from efficiency.job import workers
from efficiency.job.workers import Limits, Worker, WorkerError, in_background, ready, worker_ready

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def alive(pid: int) -> bool:
    """Whether the process is there and has not ended; waits a while for one that is about to."""
    for _ in range(200):
        state = Path(f"/proc/{pid}/stat")
        try:
            if state.read_text().rpartition(")")[2].split()[0] == "Z":
                return False
        except OSError:
            return False
        time.sleep(0.05)
    return True


def test_work_in_the_background_is_done_by_another_process() -> None:
    with worker_ready(), in_background(os.getpid) as result:
        assert result() != os.getpid()


def test_without_a_worker_the_work_is_done_here_when_it_is_asked_for() -> None:
    with in_background(os.getpid) as result:
        assert result() == os.getpid()


def test_a_machine_with_one_core_has_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    with worker_ready():
        assert ready() == 0


def test_a_machine_that_allows_no_more_processes_has_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refused)
    with worker_ready(), in_background(os.getpid) as result:
        assert result() == os.getpid()


def test_a_worker_serves_one_after_the_other_and_ends_with_its_block() -> None:
    with worker_ready():
        found = set()
        for _ in range(2):
            with in_background(os.getpid) as result:
                found.add(result())
        assert len(found) == 1
        assert os.getpid() not in found
    assert not alive(found.pop())


def test_what_a_worker_cannot_do_is_done_here_which_shows_why(capfd: pytest.CaptureFixture[str]) -> None:
    with worker_ready():
        with in_background(math.sqrt, -1.0) as result, pytest.raises(ValueError, match="math domain"):
            result()
        with in_background(os.getpid) as another:
            assert another() != os.getpid(), "a worker whose work failed serves on"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_worker_that_is_killed_over_its_work_is_no_worker_any_more(number: int) -> None:
    worker = Worker()
    try:
        assert worker.run(os.getpid) != os.getpid()
        with pytest.raises(WorkerError):
            worker.run(signal.raise_signal, number)
        with pytest.raises(WorkerError):
            worker.run(os.getpid)
    finally:
        worker.stop()


HALF_SENT = """
import os, signal
class Killed:
    def __reduce__(self):
        os.kill(os.getpid(), signal.SIGKILL)
def whole():
    return b"x" * (1 << 24)
def half_sent():
    return whole(), Killed()
"""


def test_a_worker_that_is_killed_while_its_result_is_sent_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half.py").write_text(HALF_SENT)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.syspath_prepend(tmp_path)
    half = importlib.import_module("half")
    worker = Worker()
    try:
        assert len(worker.run(half.whole)) == 1 << 24
        with pytest.raises(WorkerError):
            worker.run(half.half_sent)
    finally:
        worker.stop()


def test_a_block_that_fails_ends_the_work_before_it_is_done() -> None:
    began = time.monotonic()

    def fails() -> None:
        with in_background(time.sleep, 600.0):
            raise ZeroDivisionError

    with worker_ready():
        with pytest.raises(ZeroDivisionError):
            fails()
        assert ready() == 0, "one that was stopped at its work is not asked again"
    assert time.monotonic() - began < 300


def test_what_a_worker_prints_does_not_come_between_its_answers(capfd: pytest.CaptureFixture[str]) -> None:
    with worker_ready(), in_background(print, "said aloud") as result:
        assert result() is None
    assert capfd.readouterr() == ("", "said aloud\n")


PARENT = """
import os, sys, time
os.cpu_count = lambda: 2
from efficiency.job.workers import in_background, worker_ready
with worker_ready():
    with in_background(os.getpid) as result:
        print(result(), flush=True)
    with in_background(time.sleep, float(sys.argv[1])):
        print("at work", flush=True)
        sys.stdin.readline()
"""


@pytest.mark.parametrize("seconds", [0, 600], ids=["idle", "at work"])
def test_no_worker_outlives_a_parent_that_is_killed(seconds: int) -> None:
    parent = python(PARENT, seconds, stdin=subprocess.PIPE)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    assert worker != parent.pid
    assert parent.stdout.readline() == "at work\n"
    parent.kill()
    parent.communicate(timeout=60)
    assert not alive(worker)


def test_an_interrupt_from_the_keyboard_is_the_parents_affair() -> None:
    parent = python(PARENT, 600, stdin=subprocess.PIPE, start_new_session=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    assert parent.stdout.readline() == "at work\n"
    os.killpg(parent.pid, signal.SIGINT)  # as a terminal does to all processes in its foreground
    _, trouble = parent.communicate(timeout=60)
    assert trouble.count("KeyboardInterrupt") == 1, trouble
    assert not alive(worker)


def test_nothing_is_imported_from_the_working_folder(tmp_path: Path) -> None:
    for name in ("polars", "pickle", "select", "efficiency"):
        (tmp_path / f"{name}.py").write_text("print('planted', flush=True); import os; os._exit(3)")
    code = "import sys; sys.path.remove(''); " + PARENT.replace("result()", "result() != os.getpid()")
    parent = python(code, 0, stdin=subprocess.PIPE, cwd=tmp_path)
    assert parent.communicate("\n", timeout=120) == ("True\nat work\n", "")


def test_a_program_read_from_standard_input_has_workers_too() -> None:
    code = PARENT.replace("result()", "result() != os.getpid()").replace("sys.stdin.readline()", "pass")
    places = os.pathsep.join(str(ROOT / place) for place in ("src", ""))
    environment = {**os.environ, "PYTHONPATH": places}
    done = subprocess.run(
        [sys.executable, "-", "0"], input=code, env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    assert (done.stdout, done.stderr) == ("True\nat work\n", "")


def test_a_worker_can_be_started_before_anything_heavy_is_imported() -> None:
    code = "import sys; import efficiency.job.workers; print({'polars', 'duckdb', 'pandera'} & set(sys.modules))"
    said, trouble = python(code).communicate(timeout=60)
    assert (said.strip(), trouble) == ("set()", "")
    assert workers.__name__ == "efficiency.job.workers"


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="elsewhere the system limits nothing")
@pytest.mark.parametrize(
    ("cause", "work", "argument"),
    [("memory", bytearray, 3 << 30), ("time", math.factorial, 3_000_000), ("ended", os._exit, 3)],
)
def test_work_beyond_its_limits_costs_that_work_alone(cause: str, work: Any, argument: int) -> None:
    worker = Worker()
    try:
        with pytest.raises(WorkerError) as caught:
            worker.run_within(Limits(1 << 30, 1), work, argument)
        assert caught.value.cause == cause
        assert worker.run_within(Limits(1 << 30, 20), math.isqrt, 81) == 9, "the worker has been started anew"
    finally:
        worker.stop()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="elsewhere the system limits nothing")
def test_limits_end_with_the_work_for_which_they_are() -> None:
    import resource

    worker = Worker()
    try:
        before = worker.run(resource.getrlimit, resource.RLIMIT_AS)
        within = worker.run_within(Limits(1 << 30, 20), resource.getrlimit, resource.RLIMIT_AS)
        assert within != before
        assert worker.run(resource.getrlimit, resource.RLIMIT_AS) == before
    finally:
        worker.stop()
