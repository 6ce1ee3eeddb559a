"""Publication by rename: the published file is always whole, readers and runs stay apart, nothing is left over."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from builders.warehouse_files import contents, names, published, python, versions

from efficiency.warehouse.errors import WarehouseError
from efficiency.warehouse.publish import publish, staged_warehouse
from efficiency.warehouse.read import load


def dead_process() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warehouse" / "efficiency.duckdb"


@pytest.fixture(scope="module")
def published_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("published") / "efficiency.duckdb"
    publish(path, contents(1))
    return path


@pytest.fixture
def first(published_once: Path, path: Path) -> None:
    """`contents(1)` are published at `path`."""
    path.parent.mkdir()
    shutil.copy(published_once, path)


def test_first_publication_leaves_the_file_and_nothing_else(path: Path) -> None:
    publish(path, contents(1))
    assert names(path) == ["efficiency.duckdb"]
    assert published(path) == (1, 1)


def test_tables_that_are_begun_early_are_written_once_beside_the_rest(path: Path) -> None:
    whole = contents(1, rows=3)
    with staged_warehouse(path) as staged:
        staged.begin({name: whole.frames[name] for name in list(whole.frames)[:1]})
        staged.write(whole)
        staged.put_in_place()
    assert names(path) == ["efficiency.duckdb"]
    found = load(path)
    assert all(found[name].equals(whole[name]) for name in whole.frames)


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("written", [False, True])
def test_a_file_that_is_begun_and_not_put_in_place_leaves_nothing(path: Path, written: bool) -> None:
    with staged_warehouse(path) as staged:
        staged.begin(contents(2).frames)
        if written:
            staged.write(contents(2))
    assert names(path) == ["efficiency.duckdb"]
    assert published(path) == (1, 1)


def test_what_stops_a_file_that_is_begun_is_raised_when_it_is_to_be_put_in_place(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("no database", encoding="utf-8")
    with staged_warehouse(path) as staged:
        staged.begin(contents(1).frames)
        staged.write(contents(1))
        with pytest.raises(WarehouseError, match=path.name):
            staged.put_in_place()
    assert names(path) == ["efficiency.duckdb"]
    assert path.read_text(encoding="utf-8") == "no database"


@pytest.mark.usefixtures("first")
def test_the_file_before_is_kept_as_a_version_that_opens(path: Path) -> None:
    publish(path, contents(2))
    assert names(path) == ["efficiency.duckdb", "versions"]
    assert published(path)[0] == 2
    assert [published(version)[0] for version in versions(path)] == [1]


@pytest.mark.usefixtures("first")
def test_rollback_is_copying_a_version_back(path: Path) -> None:
    publish(path, contents(2))
    path.write_bytes(versions(path)[0].read_bytes())
    assert published(path)[0] == 1
    publish(path, contents(3))
    assert published(path)[0] == 3


@pytest.mark.long
def test_only_the_last_versions_are_kept_and_only_ours_removed(path: Path) -> None:
    (path.parent / "versions").mkdir(parents=True)
    theirs = path.parent / "versions" / "efficiency-before-audit.duckdb"
    theirs.write_text("kept by hand")
    for number in range(1, 7):
        publish(path, contents(number), keep=3)
    assert theirs.exists()
    theirs.unlink()
    assert [published(version)[0] for version in versions(path)] == [3, 4, 5]


def test_twelve_versions_are_kept_unless_told_otherwise(path: Path) -> None:
    publish(path, contents(0))
    (path.parent / "versions").mkdir()
    for day in range(1, 20):
        (path.parent / "versions" / f"efficiency-202601{day:02d}T000000.000000Z-0123abcd.duckdb").write_text("")
    publish(path, contents(1))
    assert len(versions(path)) == 12
    assert published(versions(path)[-1])[0] == 0


@pytest.mark.long
def test_versions_are_ordered_by_number_when_the_clock_is_set_back(path: Path) -> None:
    for number in range(1, 7):
        publish(path, contents(number), keep=3)
        os.utime(path, (1e9 - 86_400 * number,) * 2)
    assert [published(version)[0] for version in versions(path)] == [3, 4, 5]


@pytest.mark.usefixtures("first")
def test_versions_without_a_number_come_before_those_with_one(path: Path) -> None:
    publish(path, contents(2))
    (one,) = versions(path)
    one.rename(one.with_name(one.name.replace("-000001-", "-")))
    publish(path, contents(3))
    assert [published(version)[0] for version in versions(path)] == [1, 2]


def test_no_version_is_kept_when_none_is_wanted(path: Path) -> None:
    publish(path, contents(1), keep=0)
    publish(path, contents(2), keep=0)
    assert names(path) == ["efficiency.duckdb"]


READER = """
import sys, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    print("open", flush=True)
    sys.stdin.readline()
    print(connection.sql("SELECT run_id FROM results.evaluations").fetchall()[0][0], flush=True)
"""


@pytest.mark.usefixtures("first")
def test_an_open_reader_neither_blocks_a_publication_nor_sees_it(path: Path) -> None:
    reader = python(READER, path, stdin=subprocess.PIPE)
    assert reader.stdout.readline().strip() == "open"
    publish(path, contents(2))
    assert published(path)[0] == 2
    seen, trouble = reader.communicate("\n", timeout=60)
    assert (seen.strip(), reader.returncode) == ("1", 0), trouble


@pytest.mark.usefixtures("first")
def test_a_handle_left_open_in_this_process_does_not_show_us_the_old_file(path: Path) -> None:
    with duckdb.connect(path, read_only=True) as handle:
        publish(path, contents(2))
        assert published(path)[0] == 2
        assert handle.sql("SELECT run_id FROM results.evaluations").fetchall() == [("1",)]


PUBLISHER = """
import sys
from pathlib import Path
from builders.warehouse_files import contents
from efficiency.warehouse.publish import publish, staged_warehouse
made = contents(int(sys.argv[2]), rows=60_000)
print("ready", flush=True)
publish(Path(sys.argv[1]), made)
"""


@pytest.mark.parametrize("kills", [2, pytest.param(10, marks=pytest.mark.long)])
@pytest.mark.long
def test_a_publication_killed_at_any_moment_leaves_the_last_file_whole(path: Path, kills: int) -> None:
    publish(path, contents(1, rows=60_000))
    started = time.monotonic()
    publish(path, contents(1, rows=60_000))
    length = time.monotonic() - started
    moments = random.Random(20260101)
    for number in range(2, 2 + kills):
        before = published(path)[0]
        process = python(PUBLISHER, path, number)
        assert process.stdout.readline().strip() == "ready"
        time.sleep(moments.uniform(0, length))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        now, rows = published(path)
        assert now in (before, number)
        assert rows == 60_000
    publish(path, contents(99))
    assert published(path)[0] == 99
    assert names(path) == ["efficiency.duckdb", "versions"]
    assert all(published(version)[1] == 60_000 for version in versions(path))


def test_what_a_dead_run_left_is_removed_and_what_a_living_one_makes_is_not(path: Path) -> None:
    path.parent.mkdir()
    host = socket.gethostname()
    dead = path.with_name(f"{path.name}.staging-{host}-{dead_process()}.duckdb")
    spilled = dead.with_name(f"{dead.name}.spill")
    living = path.with_name(f"{path.name}.staging-{host}-{os.getppid()}.duckdb")
    elsewhere = path.with_name(f"{path.name}.staging-another.host-1.duckdb")
    for file in (dead, dead.with_name(f"{dead.name}.wal"), living, elsewhere):
        file.write_text("half a file")
    spilled.mkdir()
    (spilled / "block").write_text("spilled")
    publish(path, contents(1))
    assert names(path) == sorted(["efficiency.duckdb", living.name, elsewhere.name])


@pytest.mark.usefixtures("first")
def test_a_write_ahead_log_left_by_somebody_is_not_taken_for_the_new_files(path: Path) -> None:
    log = path.with_name(f"{path.name}.wal")
    code = "import sys, os, duckdb; c = duckdb.connect(sys.argv[1]); c.execute('CREATE TABLE note(a INT)'); os._exit(1)"
    python(code, path).communicate(timeout=60)
    assert log.exists()
    publish(path, contents(2))
    assert not log.exists()
    assert published(path)[0] == 2


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"is a folder.*name the DuckDB file"):
        publish(tmp_path, contents(1))
    with pytest.raises(WarehouseError, match="is a folder"):
        load(tmp_path)


def test_a_file_that_is_no_database_is_refused_and_kept(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("统一社会信用代码,企业名称\n" * 1000)
    attempts: tuple[Callable[[], object], ...] = (lambda: publish(path, contents(1)), lambda: load(path))
    for attempt in attempts:
        with pytest.raises(WarehouseError, match="not a DuckDB database"):
            attempt()
    assert path.read_text().startswith("统一社会信用代码")
    assert names(path) == ["efficiency.duckdb"]


WRITER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
"""


@pytest.mark.usefixtures("first")
def test_a_file_open_for_writing_elsewhere_is_refused_with_the_remedy(path: Path) -> None:
    writer = python(WRITER, path, stdin=subprocess.PIPE)
    assert writer.stdout.readline().strip() == "open"
    try:
        attempts: tuple[Callable[[], object], ...] = (lambda: publish(path, contents(2)), lambda: load(path))
        for attempt in attempts:
            with pytest.raises(WarehouseError, match=r"open for writing elsewhere.*read_only=True"):
                attempt()
    finally:
        writer.communicate("\n", timeout=60)
    publish(path, contents(3))
    assert published(path)[0] == 3


SMALL_DISK = """
import resource, signal, sys
from pathlib import Path
from builders.warehouse_files import contents
from efficiency.warehouse.errors import WarehouseError
from efficiency.warehouse.publish import publish, staged_warehouse
made = contents(2, rows=60_000)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    publish(Path(sys.argv[1]), made)
except WarehouseError as error:
    print(error)
"""


@pytest.mark.usefixtures("first")
def test_a_full_disk_leaves_the_published_file_and_nothing_else(path: Path) -> None:
    said, trouble = python(SMALL_DISK, path).communicate(timeout=120)
    assert "publishing" in said, trouble
    assert "To do:" in said
    assert published(path) == (1, 1)
    assert names(path) == ["efficiency.duckdb"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied"), "may not be written"),
        (OSError(30, "Read-only file system"), "may not be written"),
        (OSError(28, "No space left on device"), "disk is full"),
    ],
)
@pytest.mark.usefixtures("first")
def test_errors_of_the_system_are_told_with_their_remedy(
    path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, said: str
) -> None:

    def refuse(_: Path, target: Path) -> None:
        raise error

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(WarehouseError, match=said) as raised:
        publish(path, contents(2))
    assert str(path) in str(raised.value)
    assert "To do:" in str(raised.value)
    assert published(path)[0] == 1
    assert "efficiency.duckdb.staging" not in " ".join(names(path))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.usefixtures("first")
def test_a_read_only_folder_is_told(path: Path) -> None:
    path.parent.chmod(0o500)
    try:
        with pytest.raises(WarehouseError, match="may not be written"):
            publish(path, contents(2))
    finally:
        path.parent.chmod(0o700)
    assert published(path)[0] == 1


@pytest.mark.usefixtures("first")
def test_a_link_to_the_file_stays_a_link(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.duckdb"
    link.symlink_to(path)
    publish(link, contents(2))
    assert link.is_symlink()
    assert published(path)[0] == 2


@pytest.mark.usefixtures("first")
def test_readers_of_the_old_file_may_read_the_new_one(path: Path) -> None:
    path.chmod(0o664)
    publish(path, contents(2))
    assert path.stat().st_mode & 0o777 == 0o664
