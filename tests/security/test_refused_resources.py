"""Where the system refuses memory, threads or processes, one line says so, and no sheet is blamed for it."""

import errno
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from builders.small_inbox import PERIOD, small_inbox
from conftest import efficiency

from efficiency.errors import exhausted


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not hold the limit")
@pytest.mark.parametrize("mebibytes", [600, 2_500])
def test_too_little_address_space_is_told_before_anything_is_loaded(mebibytes: int, tmp_path: Path) -> None:
    inbox = small_inbox(tmp_path / "inbox")
    done = subprocess.run(
        [sys.executable, "-m", "efficiency", "run", "--inbox", inbox, "--period", PERIOD],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (mebibytes << 20,) * 2),
    )  # fmt: skip
    assert done.returncode == 1
    assert f"{mebibytes} MiB of address space" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "warehouse").exists()


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (MemoryError(), "memory"),
        (OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)), "memory"),
        (RuntimeError("can't start new thread"), "thread"),
        (BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)), "thread"),
    ],
    ids=["memory", "no memory", "thread", "fork"],
)
def test_what_the_system_refuses_is_named_with_the_limit_to_raise(error: Exception, word: str) -> None:
    told = exhausted(error)
    assert told is not None
    assert word in str(told)
    assert "ulimit" in str(told)


@pytest.mark.parametrize("error", [ValueError("wrong"), OSError(errno.ENOSPC, "full"), KeyError("retry")])
def test_other_errors_are_not_taken_for_refused_resources(error: Exception) -> None:
    assert exhausted(error) is None


def test_a_refused_thread_is_no_fault_of_a_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    small_inbox(tmp_path / "inbox")
    with monkeypatch.context() as no_threads:
        no_threads.setattr(threading.Thread, "start", refused)
        done = efficiency("run", "--inbox", "inbox", "--period", PERIOD, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert "refused another thread" in done.stderr
    assert "fault of the program" not in done.stderr
    assert not (tmp_path / "warehouse" / "efficiency.duckdb").exists()
