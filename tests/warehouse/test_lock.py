"""One run at a time for a warehouse: the second is told who holds it, and nothing that a dead run leaves blocks one."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from builders.warehouse_files import names, python

from efficiency.errors import UsageError
from efficiency.warehouse.errors import WarehouseBusyError, WarehouseError
from efficiency.warehouse.lock import holder, lock

HOLDER = """
import sys
from pathlib import Path
from efficiency.warehouse.lock import lock
with lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warehouse" / "efficiency.duckdb"


def another_run(path: Path) -> subprocess.Popen[str]:
    """A process that holds the lock until it is told to end."""
    process = python(HOLDER, path, stdin=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "held"
    return process


def test_a_second_run_is_refused_and_told_who_holds_the_lock_and_since_when(path: Path) -> None:
    said = rf"process {os.getpid()} of .* on {socket.gethostname()} since 20"
    with lock(path):
        with pytest.raises(WarehouseBusyError, match=said), lock(path):
            pytest.fail("two runs at once")
        assert str(os.getpid()) in (holder(path) or "")
    assert holder(path) is None
    assert names(path) == []


def test_the_lock_goes_when_the_run_fails(path: Path) -> None:
    with pytest.raises(RuntimeError, match="the run"), lock(path):
        raise RuntimeError("the run")
    with lock(path):
        pass
    assert names(path) == []


@pytest.mark.parametrize("killed", [True, False], ids=["killed", "ended"])
def test_the_lock_goes_with_its_process(path: Path, *, killed: bool) -> None:
    run = another_run(path)
    with pytest.raises(WarehouseBusyError, match=f"process {run.pid}"), lock(path):
        pytest.fail("two runs at once")
    assert f"process {run.pid}" in (holder(path) or "")
    if killed:
        run.kill()
    run.communicate("\n" if not killed else None, timeout=60)
    assert holder(path) is None
    with lock(path):
        pass
    assert names(path) == []


@pytest.mark.skipif(
    not Path("/proc/self/ns").exists() or subprocess.run(["unshare", "-pfu", "true"], check=False).returncode != 0,
    reason="no container can be made here",
)
def test_the_lock_of_another_container_is_seen_and_goes_with_its_run(path: Path) -> None:
    script = f"hostname 3f1c; exec {sys.executable} -c '{HOLDER}' {path}"
    run = subprocess.Popen(
        ["unshare", "-pfu", "--kill-child", "sh", "-c", script],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert run.stdout is not None
    assert run.stdout.readline().strip() == "held"
    with pytest.raises(WarehouseBusyError, match=r"process 1 of .* on 3f1c"), lock(path):
        pytest.fail("two runs at once")
    run.kill()
    run.communicate(timeout=60)
    with lock(path):
        pass
    assert names(path) == []


@pytest.mark.parametrize("text", ["", "not ours", '{"host": "elsewhere", "pid": 1}'])
def test_what_a_power_failure_or_an_older_version_leaves_blocks_nobody(path: Path, text: str) -> None:
    path.parent.mkdir()
    for name in ("efficiency.duckdb.lock", "efficiency.duckdb.lock-holder"):
        (path.parent / name).write_text(text)
    assert holder(path) is None
    with lock(path):
        pass
    assert names(path) == []


def test_a_holder_that_has_not_said_who_it_is_is_a_holder(path: Path) -> None:
    with lock(path):
        (path.parent / "efficiency.duckdb.lock-holder").unlink()
        with pytest.raises(WarehouseBusyError, match=r"another run holds.*cannot be read"), lock(path):
            pytest.fail("two runs at once")


def test_a_place_that_cannot_be_a_folder_is_told_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(WarehouseError, match=r"locking the warehouse with .* failed.*To do:"),
        lock(tmp_path / "file" / "w.duckdb"),
    ):
        pytest.fail("there is no such folder")


def test_a_path_that_duckdb_cannot_take_is_refused_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "what?"
    with pytest.raises(UsageError, match="question mark"), lock(folder / "efficiency.duckdb"):
        pytest.fail("held")
    assert not folder.exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_told_plainly(path: Path) -> None:
    path.parent.mkdir()
    path.parent.chmod(0o500)
    try:
        with pytest.raises(WarehouseError, match="may not be written"), lock(path):
            pytest.fail("the lock cannot have been taken")
    finally:
        path.parent.chmod(0o700)
