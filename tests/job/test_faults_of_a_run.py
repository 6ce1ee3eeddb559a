"""A run whose workers are killed, that is ended, that meets another run or a damaged warehouse: whole, in a line."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from builders.small_inbox import PERIOD, run, small_inbox, warehouse
from conftest import efficiency

from efficiency.warehouse.read import load

COMMAND = [sys.executable, "-m", "efficiency", "run", "--inbox", "inbox", "--period", PERIOD]
SEED = 20260102


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    small_inbox(folder / "inbox")
    run(folder)
    return folder


@pytest.fixture
def month(published: Path, tmp_path: Path) -> Path:
    """A copy of a folder with its published month."""
    return Path(shutil.copytree(published, tmp_path / "month"))


def started(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        COMMAND, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )


def assert_whole(folder: Path) -> None:
    """What is published can be read, and the next run leaves it alone beside its documents."""
    efficiency("run", "--inbox", "inbox", "--period", PERIOD, cwd=folder)
    assert load(warehouse(folder))["results.evaluations"].height == 1
    efficiency("audit", cwd=folder)
    found = {path.name for place in ("warehouse", "output") for path in (folder / place).iterdir()}
    assert found == {"efficiency.duckdb", "versions", PERIOD}


def children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children")
    try:
        return [int(number) for number in listed.read_text().split()]
    except OSError:
        return []


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for children in /proc")
@pytest.mark.parametrize("runs", [1, pytest.param(6, marks=pytest.mark.long)])
def test_a_worker_that_is_killed_at_any_moment_costs_no_month_and_no_file(tmp_path: Path, runs: int) -> None:
    chance = random.Random(SEED)
    small_inbox(tmp_path / "inbox")
    killed = 0
    for _ in range(runs):
        shutil.rmtree(tmp_path / "warehouse", ignore_errors=True)
        process, spared = started(tmp_path), True
        while process.poll() is None:
            for child in children(process.pid):
                if spared and chance.random() < 0.2:
                    os.kill(child, signal.SIGKILL)
                    spared = False
                    killed += 1
            time.sleep(0.05)
        _, said = process.communicate()
        assert (process.returncode, said) == (0, "")
    assert killed
    assert_whole(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_ended_at_any_moment_leaves_the_month_whole(month: Path, number: signal.Signals) -> None:
    chance = random.Random(SEED + number)
    for _ in range(5):
        process = started(month)
        time.sleep(chance.uniform(0.3, 4))
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
        assert process.returncode in (0, 1, -number)
        assert "Traceback" not in said
        assert len(said.splitlines()) <= 1
        assert load(warehouse(month))["results.evaluations"].height == 1
    assert_whole(month)


@pytest.mark.long
def test_of_two_runs_at_once_one_publishes_and_the_other_waits_or_is_told(tmp_path: Path) -> None:
    small_inbox(tmp_path / "inbox")
    both = [started(tmp_path), started(tmp_path)]
    said = [process.communicate(timeout=120)[1] for process in both]
    statuses = sorted(process.returncode for process in both)
    assert statuses in ([0, 1], [0, 0]), said
    for process, line in zip(both, said, strict=True):
        if process.returncode:
            assert "another run holds the warehouse" in line
            assert len(line.splitlines()) == 1
    assert_whole(tmp_path)


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def without_head(data: bytes) -> bytes:
    return bytes(8192) + data[8192:]


def scratched(data: bytes) -> bytes:
    """Every page of it with bytes that were not written."""
    damaged = bytearray(data)
    for at in range(12_288 + 100, len(damaged), 4_096):
        damaged[at : at + 8] = b"\xff" * 8
    return bytes(damaged)


def emptied(_: bytes) -> bytes:
    return b""


def of_another_kind(_: bytes) -> bytes:
    return b"<html>no database</html>"


DAMAGES = [
    scratched,
    *(pytest.param(one, marks=pytest.mark.long) for one in (cut, without_head, emptied, of_another_kind)),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_warehouse_is_named_and_kept_and_a_version_takes_its_place(
    month: Path, damage: Callable[[bytes], bytes]
) -> None:
    good = warehouse(month).read_bytes()
    damaged = damage(good)
    warehouse(month).write_bytes(damaged)
    before = sorted(path.name for path in (month / "output" / PERIOD).rglob("*"))
    done = efficiency("run", "--inbox", "inbox", "--period", PERIOD, cwd=month, check=False)
    assert done.returncode == 1, done.stderr
    assert str(warehouse(month)) in done.stderr or "warehouse/efficiency.duckdb" in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert "fault of the program" not in done.stderr
    assert warehouse(month).read_bytes() == damaged
    assert sorted(path.name for path in (month / "output" / PERIOD).rglob("*")) == before
    warehouse(month).write_bytes(good)
    assert_whole(month)
