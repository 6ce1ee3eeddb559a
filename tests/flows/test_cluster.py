"""Reading on a Dask cluster: what its workers stage is what one process reads, also when one of them is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from conftest import INBOX, ROOT, SampleRun

from efficiency.intake.files import InboxFile, inbox_file, list_inbox
from efficiency.intake.layout import NO_MAPPING
from efficiency.intake.read import read_file
from efficiency.intake.read_result import ReadResult, concat
from efficiency.job.execution import batches as staged_batches


def same(one: ReadResult, other: ReadResult) -> None:
    for name in ("submissions", "columns", "problems"):
        assert getattr(one, name).equals(getattr(other, name)), name
    assert list(one.rows) == list(other.rows)
    for form, rows in one.rows.items():
        assert rows.schema == other.rows[form].schema
        assert rows.equals(other.rows[form]), form


@pytest.fixture(scope="module")
def some_files() -> list[InboxFile]:
    files, _ = list_inbox(INBOX)
    return files[:20]


def test_staged_batches_state_what_one_process_reads(tmp_path: Path, some_files: list[InboxFile]) -> None:
    work = staged_batches.split_into_batches(some_files)
    assert [file for batch in work for file in batch] == some_files
    assert len(work) > 1
    # The last one first, and one of them twice: as a cluster may.
    for place, batch in [*reversed(list(enumerate(work))), (0, work[0])]:
        staged_batches.stage_batch(tmp_path / "shared", place, batch, NO_MAPPING)
    read = staged_batches.collect(tmp_path / "shared", len(work), tmp_path / "scratch")
    same(read, concat([read_file(file, NO_MAPPING) for file in some_files]))


def test_a_batch_is_full_with_many_files_or_much_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staged_batches, "BATCH_BYTES", 10)
    monkeypatch.setattr(staged_batches, "BATCH_FILES", 3)
    files = []
    for number, size in enumerate([1, 1, 1, 1, 8, 9, 30, 1]):
        (tmp_path / f"{number}.csv").write_bytes(b"x" * size)
        files.append(inbox_file(tmp_path / f"{number}.csv", f"{number}.csv"))
    assert [[int(file.name[0]) for file in batch] for batch in staged_batches.split_into_batches(files)] == [
        [0, 1, 2], [3, 4], [5], [6], [7],
    ]  # fmt: skip
    assert staged_batches.split_into_batches([]) == []


def test_an_inbox_without_anything_new_states_nothing(tmp_path: Path) -> None:
    same(staged_batches.collect(tmp_path, 0, tmp_path), concat([]))


def test_a_batch_that_breaks_down_leaves_nothing_behind(
    tmp_path: Path, some_files: list[InboxFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(OSError, match="No space"):
        staged_batches.stage_batch(tmp_path, 0, some_files[:1], NO_MAPPING)
    assert list(tmp_path.iterdir()) == []


def until(happened: Callable[[], bool], what: str, process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until it has happened; five minutes, since a new Prefect server on a busy machine takes more than one."""
    for _ in range(6000):
        if happened():
            return
        assert process is None or process.poll() is None, f"ended before {what}"
        time.sleep(0.05)
    raise AssertionError(f"waited five minutes for {what}")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, each a process of its own that nobody starts again: address, workers."""
    about = tmp_path / "scheduler.json"
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path / ".prefect")}
    common: dict[str, Any] = {
        "cwd": tmp_path,
        "env": environment,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(about), "--no-nanny"]
    processes = [subprocess.Popen([*scheduler, "--no-dashboard", "--scheduler-file", str(about)], **common)]
    try:
        until(about.exists, "the scheduler", processes[0])
        processes += [
            subprocess.Popen([*worker, "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1"], **common)
            for _ in range(2)
        ]
        yield pl.read_json(about)["address"][0], processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.mark.server
@pytest.mark.long
def test_a_worker_killed_in_the_middle_costs_a_retry_and_changes_no_result(
    cluster: tuple[str, list[subprocess.Popen[bytes]]], sample_run: SampleRun, tmp_path: Path
) -> None:
    address, workers = cluster
    command = [
        sys.executable,
        "-m",
        "efficiency",
        "run",
        "--inbox",
        str(INBOX),
        "--period",
        "2026-10",
        "--dask",
        address,
    ]
    log = (tmp_path / "log.txt").open("w+")
    run = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=subprocess.STDOUT)
    try:
        until(lambda: any(tmp_path.glob("warehouse/*reading*/batch-*")), "the first batch", run)
        os.kill(workers[0].pid, signal.SIGKILL)
        assert run.wait(timeout=240) == 0, Path(log.name).read_text()
    finally:
        run.kill()
        run.wait()
        log.close()
    assert not any(tmp_path.glob("warehouse/*reading*"))
    assert "is read here" not in Path(log.name).read_text()
    assert_same_warehouse(tmp_path / "warehouse" / "efficiency.duckdb", sample_run.warehouse)


def assert_same_warehouse(one: Path, other: Path) -> None:
    """Every fact, stated row and result alike; only what names the run may differ."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{one}' AS one (READ_ONLY)")
        connection.execute(f"ATTACH '{other}' AS other (READ_ONLY)")
        tables = connection.sql(
            "SELECT table_schema || '.' || table_name, list(column_name) FROM information_schema.columns "
            "WHERE table_catalog = 'one' AND table_schema IN ('intake', 'facts', 'results') AND column_name NOT IN "
            "('run_id', 'received_at', 'received', 'created_at') GROUP BY ALL ORDER BY 1"
        ).fetchall()
        assert len(tables) > 15
        for table, columns in tables:
            chosen = ", ".join(f'"{column}"' for column in columns)
            for left, right in (("one", "other"), ("other", "one")):
                unlike = connection.sql(
                    f"SELECT {chosen} FROM {left}.{table} EXCEPT ALL SELECT {chosen} FROM {right}.{table}"
                ).fetchall()
                assert unlike == [], table


@pytest.mark.long
def test_a_scheduler_that_does_not_answer_is_named() -> None:
    addresses = ["tcp://127.0.0.1:9", "127.0.0.1", "tcp://127.0.0.1:port"]
    ask = (
        f"import sys; sys.path.append({str(ROOT)!r})\n"
        "from efficiency.errors import UsageError\nfrom flows.cluster import ingest_on\n"
        "for address in sys.argv[1:]:\n    try: ingest_on(address)\n    except UsageError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", ask, *addresses], capture_output=True, text=True, check=True)
    for address, line in zip(addresses, done.stdout.splitlines(), strict=True):
        assert line.startswith(f"No Dask scheduler answers at {address} (")
