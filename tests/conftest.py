"""What several subjects share: the command line, and one run of the month on the sample inbox."""

import contextlib
import gc
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from builders.sheets import Rows, balanced, write
from filelock import FileLock
from hypothesis import HealthCheck, settings

from efficiency.cli import main
from efficiency.intake.read import read_file
from efficiency.intake.read_result import ReadResult

# What is printed is in the language of the system; here in English, whatever that of the machine is.
os.environ |= {"LC_ALL": "C.UTF-8"}

CHECKS = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
# Without deadlines, since a busy machine is no fault of what is tested; speed is measured in benchmarks/.
settings.register_profile("short", max_examples=6, deadline=None, suppress_health_check=CHECKS)
settings.register_profile("long", settings.get_profile("short"), max_examples=100)
settings.load_profile("short")

# As in a run: nearly every object is in use to the end, and searching all of them for cycles takes long.
gc.set_threshold(100_000, 50, 50)

ROOT = Path(__file__).parents[1]
INBOX = ROOT / "sample_data" / "inbox"


SLOWEST = (
    "flows/test_flow.py", "job/test_monthly_run.py", "review/test_audit.py", "intake/test_parts.py",
    "intake/test_hostile.py", "intake/resolution/test_plausibility.py", "reports/officials/test_officials.py",
    "review/test_reissue.py", "job/test_whole_or_not.py", "warehouse/test_publication.py", "flows/test_serving.py",
    "flows/test_cluster.py", "review/test_histories.py", "reports/card/test_card_workbook.py",
)  # fmt: skip
"""Files that take longest: they are begun first, so that at the end no process works on one alone."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--share", metavar="N/M", help="only the N-th of M shares of the test files, all about as many")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps the share that is asked for, and puts the tests of the slowest files in front."""
    if share := config.getoption("--share"):
        number, of = map(int, share.split("/"))
        if not 1 <= number <= of:
            raise pytest.UsageError(f"--share {share}: the first number is from 1 to the second")
        files = sorted({item.path for item in items})
        kept = set(files[number - 1 :: of])
        config.hook.pytest_deselected(items=[item for item in items if item.path not in kept])
        items[:] = [item for item in items if item.path in kept]
    order = {ROOT / "tests" / name: place for place, name in enumerate(SLOWEST)}
    items.sort(key=lambda item: order.get(item.path, len(order)))


def efficiency(*arguments: object, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """The command line in this process, in the folder `cwd`: what it prints, and with which status it ends.

    A process of its own would load polars and the rest anew, which takes longer than most commands. What is of the
    process alone (a signal, a limit, what is loaded at the start) is tested with `efficiency_process`.
    """
    words = [str(argument) for argument in arguments]
    printed, told = io.StringIO(), io.StringIO()
    with _own_state(), contextlib.chdir(cwd), redirect_stdout(printed), redirect_stderr(told):
        try:
            status = main(words)
        except SystemExit as error:  # argparse: help, wrong usage
            status = int(error.code or 0)
    done = subprocess.CompletedProcess(words, status, printed.getvalue(), told.getvalue())
    if check:
        assert status == 0, done.stderr
    return done


@contextlib.contextmanager
def _own_state() -> Iterator[None]:
    """Gives back what the command line changes of its process: handlers and level of the log, and the umask."""
    log = logging.getLogger()
    handlers, level, umask = log.handlers[:], log.level, os.umask(0o022)
    log.handlers.clear()
    try:
        yield
    finally:
        log.handlers[:] = handlers
        log.setLevel(level)
        os.umask(umask)


def efficiency_process(*arguments: object, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """The command as its user runs it, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "efficiency", *map(str, arguments)],
        cwd=cwd,
        check=check,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )


@dataclass(frozen=True)
class SampleRun:
    """The published results of the sample's last period."""

    folder: Path
    told: dict[str, Any]

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse" / "efficiency.duckdb"

    @property
    def reports(self) -> Path:
        return self.folder / "output" / "2026-10"


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> SampleRun:
    """`efficiency run --by town` on the sample inbox for 2026-10, in an empty folder; nobody writes into it.

    The processes among which the tests are distributed share it: the first that asks for it makes it.
    """
    shared = "PYTEST_XDIST_WORKER" in os.environ
    folder = tmp_path_factory.getbasetemp().parent / "month" if shared else tmp_path_factory.mktemp("month")
    printed = folder / "printed.json"
    with FileLock(folder.with_suffix(".lock")):
        if not printed.exists():
            folder.mkdir(exist_ok=True)
            run = ("run", "--inbox", INBOX, "--period", "2026-10", "--by", "town", "--json")
            printed.write_text(efficiency_process(*run, cwd=folder).stdout, encoding="utf-8")
    return SampleRun(folder, json.loads(printed.read_text(encoding="utf-8")))


class _Faults(logging.Handler):
    """Collects what the fence around each sheet would keep from a test."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.getMessage().endswith("a fault of the program"):
            self.found.append(logging.Formatter().formatException(record.exc_info))


@pytest.fixture(autouse=True)
def _faults_are_seen(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test in which the program fails over a sheet fails, unless it is marked to plant the fault."""
    handler = _Faults()
    logging.getLogger("efficiency").addHandler(handler)
    yield
    logging.getLogger("efficiency").removeHandler(handler)
    assert request.node.get_closest_marker("plants_fault") or not handler.found, "\n".join(handler.found)


class Reader(Protocol):
    """What the fixture `read` gives."""

    def __call__(
        self,
        rows: Rows,
        *,
        merges: Sequence[tuple[int, int, int, int]] = (),
        sheet: str = "Sheet1",
        name: str = "表.xlsx",
    ) -> ReadResult: ...


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Reads one sheet of `rows`, every row of which must be accounted for (see `sheet_builder`)."""

    def reader(
        rows: Rows, *, merges: Sequence[tuple[int, int, int, int]] = (), sheet: str = "Sheet1", name: str = "表.xlsx"
    ) -> ReadResult:
        return balanced(read_file(write(tmp_path / name, {sheet: rows}, merges)))

    return reader
