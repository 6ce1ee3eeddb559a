"""Whatever happens to a run, what was published before stays whole, and the next run needs no cleaning by hand."""

import os
import random
import resource
import shutil
import signal
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from unittest.mock import Mock

import pytest
from builders.small_inbox import CODES, PERIOD, ledger, run, small_inbox, tax, warehouse
from conftest import ROOT, efficiency

from efficiency.errors import EfficiencyError
from efficiency.job.contracts import RunRequest
from efficiency.job.run import Steps, run_month
from efficiency.processes import keep_private, process_mark
from efficiency.reports.delivery import RETURNED
from efficiency.warehouse.read import load

KILLS = 4
LAST = 15
"""Changes of the disk with which warehouse and documents are put in place."""
SEED = 20260101


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month that ran, with a workbook to give back."""
    folder = tmp_path_factory.mktemp("published")
    inbox = small_inbox(folder / "inbox")
    ledger(inbox / "更正.csv", (CODES[1], "2026年1-10月", "企业形象", 1, 2, "", "王局", "2026-11-06"))
    run(folder)
    return folder


@pytest.fixture
def month(published: Path, tmp_path: Path) -> Path:
    """A copy of it, with a correction waiting in the inbox."""
    shutil.copytree(published, tmp_path / "month")
    folder = tmp_path / "month"
    new = (CODES[3], "2026年1-10月", "实缴税金", 1, tax(3, 10) * 2, "", "王局", "2026-11-06")
    ledger(folder / "inbox" / "更正2.csv", new)
    return folder


def evaluations(folder: Path) -> int:
    return load(warehouse(folder))["results.evaluations"].height


def documents(folder: Path) -> dict[str, bytes]:
    """Bytes of every document that people can see, each of which must be whole."""
    found = {}
    for path in sorted((folder / "output" / PERIOD).rglob("*")):
        if path.is_file():
            found[path.relative_to(folder / "output").as_posix()] = path.read_bytes()
            if path.suffix == ".xlsx":
                assert zipfile.ZipFile(path).testzip() is None
            elif path.suffix == ".html":
                assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
    return found


def named(found: Iterable[str], *, returned: bool) -> set[str]:
    """Names of the documents in the folder of returned workbooks, or of the others."""
    return {name for name in found if (RETURNED in name) == returned}


def left(folder: Path) -> set[str]:
    """Everything else than warehouse and documents."""
    return {path.name for place in ("warehouse", "output") for path in (folder / place).iterdir()} - {
        "efficiency.duckdb",
        "versions",
        PERIOD,
    }


KILLED = """
import os, pathlib, random, signal, sys
from efficiency.reports.delivery import staged as delivery
from builders.small_inbox import run
folder, at = pathlib.Path(sys.argv[1]), int(sys.argv[2])
met = 0
def count(owner, name):
    real = getattr(owner, name)
    def counted(*arguments, **options):
        global met
        met += 1
        if met == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)
    setattr(owner, name, counted)
# Every call by which a run changes the disk.
for name in ("replace", "rename", "link", "unlink", "rmdir", "mkdir", "fsync", "symlink"):
    count(os, name)
count(delivery, "exchange")
run(folder)
print(met)
"""


def run_until(folder: Path, at: int) -> int | None:
    """A run that is killed just before its `at`-th change of the disk; 0 lets it end and counts them."""
    places = os.pathsep.join(str(ROOT / place) for place in ("src", "", "tests"))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), str(at)],
        env={**os.environ, "PYTHONPATH": places},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return int(done.stdout.split()[-1]) if done.returncode == 0 else None


@pytest.mark.long
def test_a_run_killed_at_any_change_of_the_disk_leaves_everything_whole(month: Path, tmp_path: Path) -> None:
    """At random points of all of them, and as many from the last ones, which put everything in place."""
    rehearsal = shutil.copytree(month, tmp_path / "rehearsal")
    changes = run_until(rehearsal, 0)
    assert changes > 20
    chance = random.Random(SEED)
    places = chance.sample(range(1, changes - LAST), KILLS) + chance.sample(range(changes - LAST, changes + 1), KILLS)
    for at in sorted(places):
        before, count = documents(month), evaluations(month)
        assert run_until(month, at) is None, f"the run was to die at change {at} of {changes}"
        assert evaluations(month) in (count, 2), f"killed at change {at}"
        after = documents(month)
        assert named(after, returned=False) == named(before, returned=False)
        assert named(after, returned=True) in (named(before, returned=True), named(documents(rehearsal), returned=True))
    run(month)
    assert evaluations(month) == 2
    assert left(month) == set()
    assert documents(month).keys() == documents(rehearsal).keys()
    efficiency("audit", "--all", cwd=month)


@pytest.mark.long
def test_a_run_on_a_full_disk_publishes_nothing_and_says_so(month: Path) -> None:
    before = documents(month), evaluations(month), warehouse(month).read_bytes()
    limit = 400_000  # bytes a file: the page is larger

    def small_disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-m", "efficiency", "run", "--inbox", "inbox", "--period", PERIOD],
        cwd=month,
        preexec_fn=small_disk,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
    assert "disk is full or a size limit is reached" in done.stderr
    assert (documents(month), evaluations(month), warehouse(month).read_bytes()) == before
    assert left(month) == set()
    run(month)
    assert left(month) == set()


@pytest.mark.long
def test_a_run_that_fails_or_is_stopped_leaves_nothing_beside_the_documents(
    month: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in (ValueError("a fault"), KeyboardInterrupt()):
        monkeypatch.setattr("efficiency.warehouse.publish.StagedWarehouse.put_in_place", Mock(side_effect=error))
        with pytest.raises(type(error)):
            run(month)
        assert left(month) == set()


@pytest.mark.long
@pytest.mark.parametrize("step", ["validate", "evaluate", "select", "report", "publish"])
def test_a_step_that_fails_publishes_nothing(month: Path, step: str) -> None:
    def fails(*_: object) -> None:
        raise EfficiencyError("no")

    before = documents(month), evaluations(month), warehouse(month).read_bytes()
    request = RunRequest(month / "inbox", (PERIOD,), "zibo-jkq", warehouse(month), month / "output")
    with pytest.raises(EfficiencyError, match="no"):
        run_month(request, Steps(**{step: fails}))
    assert (documents(month), evaluations(month), warehouse(month).read_bytes()) == before
    assert left(month) == set()


@pytest.mark.parametrize("place", [PERIOD, f"{PERIOD}/{RETURNED}"])
def test_a_file_where_a_folder_of_reports_goes_is_found_before_anything_is_read(month: Path, place: str) -> None:
    obstacle = month / "output" / place
    shutil.rmtree(obstacle)
    obstacle.write_text("of somebody else")
    before = warehouse(month).read_bytes()
    read = Mock()
    request = RunRequest(month / "inbox", (PERIOD,), "zibo-jkq", warehouse(month), month / "output")
    with pytest.raises(EfficiencyError, match="is a file") as caught:
        run_month(request, Steps(ingest=read))
    assert str(obstacle) in str(caught.value)
    assert not read.called
    assert obstacle.read_text() == "of somebody else"
    assert warehouse(month).read_bytes() == before


def test_a_folder_where_a_report_goes_is_found_before_anything_is_published(month: Path) -> None:
    obstacle = next((month / "output" / PERIOD).glob("能耗产出效益评价_*.xlsx"))
    obstacle.unlink()
    obstacle.mkdir()
    before = documents(month), warehouse(month).read_bytes()
    with pytest.raises(EfficiencyError, match="is a folder"):
        run(month)
    assert (documents(month), warehouse(month).read_bytes()) == before
    assert left(month) == set()


@pytest.mark.long
def test_what_a_dead_run_left_of_another_period_goes_and_what_a_living_one_draws_up_stays(month: Path) -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    mark = process_mark().rpartition("-")[0]
    for number in (int(dead.stdout), os.getppid()):
        (month / "output" / f".2025-01.{mark}-{number}" / RETURNED).mkdir(parents=True)
    run(month)
    assert left(month) == {f".2025-01.{mark}-{os.getppid()}"}


@pytest.mark.long
def test_a_workbook_that_somebody_has_open_is_replaced_and_stays_readable_for_them(month: Path) -> None:
    path = next((month / "output" / PERIOD).glob("能耗产出效益评价_*.xlsx"))
    with path.open("rb") as theirs:
        run(month)
        assert zipfile.ZipFile(theirs).testzip() is None
    assert zipfile.ZipFile(path).testzip() is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("place", ["output", "warehouse"])
def test_a_read_only_folder_is_told_and_nothing_is_published(month: Path, place: str) -> None:
    before = evaluations(month)
    (month / place).chmod(0o500)
    try:
        done = efficiency("run", "--inbox", "inbox", "--period", PERIOD, cwd=month, check=False)
    finally:
        (month / place).chmod(0o750)
    assert done.returncode == 1
    assert place in done.stderr
    assert "Traceback" not in done.stderr
    assert evaluations(month) == before


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="file modes are those of POSIX")
def test_what_a_run_writes_is_private(published: Path, tmp_path: Path) -> None:
    shutil.copytree(published / "inbox", tmp_path / "inbox")
    command = [sys.executable, "-m", "efficiency", "run", "--inbox", "inbox", "--period", PERIOD]
    for _ in range(2):  # the second keeps a version
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, umask=0o022)
    made = [path for place in ("warehouse", "output") for path in [tmp_path / place, *(tmp_path / place).rglob("*")]]
    modes = {path.relative_to(tmp_path): stat.S_IMODE(path.stat().st_mode) for path in made}
    assert len(modes) > 8
    expected = {path.relative_to(tmp_path): 0o750 if path.is_dir() else 0o640 for path in made}
    assert modes == expected


@pytest.mark.parametrize(("own", "kept"), [(0o022, 0o027), (0o077, 0o077), (0o000, 0o027)])
def test_the_user_s_umask_is_narrowed_and_never_widened(own: int, kept: int) -> None:
    before = os.umask(own)
    try:
        keep_private()
        assert os.umask(own) == kept
    finally:
        os.umask(before)
