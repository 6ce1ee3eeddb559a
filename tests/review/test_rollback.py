"""Going back to a file that was published before, or to a copy: whole, logged, and undone as easily."""

import shutil
from pathlib import Path

import duckdb
import pytest
from builders.warehouse_files import contents, names, published, versions
from conftest import efficiency

from efficiency.errors import UsageError
from efficiency.review.rollback import rollback
from efficiency.review.rollback import versions as listed
from efficiency.warehouse.errors import WarehouseError
from efficiency.warehouse.lock import lock
from efficiency.warehouse.publish import publish
from efficiency.warehouse.run_log import chain_errors, read_log


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse published four times."""
    path = tmp_path_factory.mktemp("four") / "warehouse" / "efficiency.duckdb"
    for number in range(1, 5):
        publish(path, contents(number))
    return path


@pytest.fixture
def path(four: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(four.parent, tmp_path / "warehouse") / four.name


def numbers(path: Path) -> list[int]:
    return [published(version.path)[0] for version in listed(path)]


@pytest.mark.long
def test_versions_are_listed_newest_first(path: Path) -> None:
    assert numbers(path) == [3, 2, 1]
    assert [version.evaluations for version in listed(path)] == [("e000000",)] * 3


def test_without_a_name_the_newest_version_is_published_again_and_the_replaced_one_kept(path: Path) -> None:
    done = rollback(path, None)
    assert published(path)[0] == 3
    assert published(done.before.path)[0] == 4
    assert sorted(numbers(path)) == [1, 2, 3, 4]


def test_going_back_is_undone_by_going_to_what_was_kept(path: Path) -> None:
    done = rollback(path, "2")
    assert published(path)[0] == 2
    rollback(path, done.before.path.stem)
    assert published(path)[0] == 4


def test_a_version_is_named_by_its_number_a_part_of_its_name_or_the_path_of_a_copy(path: Path, tmp_path: Path) -> None:
    rollback(path, "3")
    assert published(path)[0] == 1
    rollback(path, versions(path)[1].stem[-8:])
    assert published(path)[0] == 2
    copy = shutil.copy(versions(path)[2], tmp_path / "copy.duckdb")
    rollback(path, str(copy))
    assert published(path)[0] == 3


def test_a_copy_becomes_the_warehouse_where_there_is_none(path: Path, tmp_path: Path) -> None:
    moved = tmp_path / "another machine" / "efficiency.duckdb"
    assert rollback(moved, str(path)).before is None
    assert published(moved)[0] == 4


def test_at_most_twelve_versions_are_kept(path: Path) -> None:
    for day in range(1, 10):
        shutil.copy(path, path.parent / "versions" / f"efficiency-202601{day:02d}T000000.000000Z-0123abcd.duckdb")
    rollback(path, None)
    assert len(list((path.parent / "versions").glob("*.duckdb"))) == 12


@pytest.mark.long
def test_a_run_after_going_back_keeps_what_it_replaces(path: Path) -> None:
    rollback(path, "3")
    publish(path, contents(9))
    assert published(path)[0] == 9
    assert sorted(numbers(path)) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("asked", "message"),
    [("99", "names none of the 3 versions"), ("efficiency", "names 3 of the 3"), ("./none.duckdb", "no file")],
)
def test_a_name_that_fits_none_or_several_is_refused(path: Path, asked: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        rollback(path, asked)
    assert published(path)[0] == 4


def test_without_versions_there_is_nothing_to_go_back_to(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no earlier versions yet"):
        rollback(tmp_path / "w.duckdb", None)


def test_a_file_that_is_no_warehouse_is_refused_and_nothing_is_left(path: Path, tmp_path: Path) -> None:
    strange = tmp_path / "strange.duckdb"
    with duckdb.connect(strange) as connection:
        connection.execute("CREATE TABLE a(b INT)")
    broken = tmp_path / "broken.duckdb"
    broken.write_bytes(path.read_bytes()[:5000])
    before = names(path)
    for file, message in ((strange, "no warehouse of this software"), (broken, "To do:")):
        with pytest.raises(WarehouseError, match=message):
            rollback(path, str(file))
    assert names(path) == before
    assert published(path)[0] == 4


def test_no_way_back_while_a_run_is_at_work(path: Path) -> None:
    with lock(path), pytest.raises(WarehouseError, match="another run holds the warehouse"):
        rollback(path, None)
    assert published(path)[0] == 4


def test_going_back_is_logged(path: Path) -> None:
    rollback(path, "2")
    (entry,) = read_log(path)
    assert entry["event"] == "rollback"
    assert entry["operator"]
    assert versions(path)[1].name in entry["file"]
    assert chain_errors(read_log(path)) == []


def test_the_command_prints_what_it_did_and_how_to_undo_it(path: Path, tmp_path: Path) -> None:
    shown = efficiency("rollback", "--list", cwd=tmp_path).stdout
    assert [line.split()[0] for line in shown.splitlines()[::2]] == ["1", "2", "3"]
    printed = efficiency("rollback", "1", cwd=tmp_path).stdout
    undo = printed.partition("To undo this: efficiency ")[2].splitlines()[0].split()
    assert published(path)[0] == 3
    efficiency(*undo, cwd=tmp_path)
    assert published(path)[0] == 4
