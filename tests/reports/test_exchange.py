"""Two folders exchange their places, whether or not the system can do it in one step."""

import ctypes
import errno
from pathlib import Path

import pytest

from efficiency.reports.delivery import exchange


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    return tmp_path / "new", tmp_path / "old"


def assert_exchanged(new: Path, old: Path) -> None:
    assert (old / "file").read_text() == "new"
    assert (new / "file").read_text() == "old"
    assert {path.name for path in new.parent.iterdir()} == {"new", "old"}


def test_folders_exchange_their_places(folders: tuple[Path, Path]) -> None:
    exchange(*folders)
    assert_exchanged(*folders)


def test_they_do_where_the_system_cannot_do_it_in_one_step(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Library:
        def renameat2(self, *_: object) -> int:
            ctypes.set_errno(errno.EINVAL)
            return -1

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Library())
    exchange(*folders)
    assert_exchanged(*folders)


def test_a_folder_that_is_not_there_is_named(folders: tuple[Path, Path]) -> None:
    new, old = folders
    with pytest.raises(FileNotFoundError) as refused:
        exchange(new, old.with_name("nowhere"))
    assert "nowhere" in str(refused.value)
    assert (new / "file").read_text() == "new"
