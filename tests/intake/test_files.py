"""What lies in the inbox is listed in order of arrival, and nothing is passed over in silence."""

import errno
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency.errors import UsageError
from efficiency.intake.files import list_inbox, natural_order
from efficiency.job.ingest import named_file, require_spreadsheets


def put(directory: Path, name: str, modified: float, text: str = "x") -> Path:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (modified, modified))
    return path


def test_files_arrive_by_time_of_modification_then_in_natural_order_of_names(tmp_path: Path) -> None:
    put(tmp_path, "b/10月.xlsx", 100.0)
    put(tmp_path, "b/2月.XLSX", 100.0)
    put(tmp_path, "a.csv", 200.0)
    put(tmp_path, "z.ods", 50.0)
    files, problems = list_inbox(tmp_path)
    assert [file.name for file in files] == ["z.ods", "b/2月.XLSX", "b/10月.xlsx", "a.csv"]
    assert problems.is_empty()
    assert len({file.sha256 for file in files}) == 1


def test_folders_lock_files_and_dotfiles_are_no_spreadsheets_whatever_they_are_called(tmp_path: Path) -> None:
    (tmp_path / "产出.xlsx").mkdir()
    (tmp_path / "链接.xlsx").symlink_to(tmp_path / "产出.xlsx")
    put(tmp_path, "~$产出.xlsx", 1.0)
    put(tmp_path, ".git/产出.xlsx", 1.0)
    with pytest.raises(UsageError, match="holds no spreadsheet"):
        require_spreadsheets(tmp_path)
    put(tmp_path, "产出.xlsx/2026年10月.xlsx", 1.0)
    require_spreadsheets(tmp_path)


def test_lock_files_and_dotfiles_are_passed_over_and_other_files_are_each_noted(tmp_path: Path) -> None:
    for name in ("~$产出.xlsx", ".hidden.xlsx", ".git/config.xlsx", "README.md", "通知.docx", "产出.xlsx"):
        put(tmp_path, name, 1.0)
    files, problems = list_inbox(tmp_path)
    assert [file.name for file in files] == ["产出.xlsx"]
    assert sorted(problems.select("file_name", "rule", "severity").rows()) == [
        ("README.md", "not_a_spreadsheet", "note"),
        ("通知.docx", "not_a_spreadsheet", "note"),
    ]


def test_a_link_out_of_the_inbox_is_not_followed_but_reported(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    put(inbox, "产出.xlsx", 1.0)
    put(tmp_path, "outside/secret.xlsx", 1.0)
    (inbox / "link.xlsx").symlink_to(tmp_path / "outside" / "secret.xlsx")
    (inbox / "folder").symlink_to(tmp_path / "outside")
    files, problems = list_inbox(inbox)
    assert [file.name for file in files] == ["产出.xlsx"]
    assert set(problems.select("file_name", "rule").rows()) == {("link.xlsx", "unreadable"), ("folder", "unreadable")}


@pytest.mark.parametrize(
    ("earlier", "later"), [("2月", "10月"), ("a1b2", "a1b10"), ("1", "a"), ("产出9.xlsx", "产出10.xlsx")]
)
def test_numbers_in_names_count_as_numbers(earlier: str, later: str) -> None:
    assert natural_order(earlier) < natural_order(later)


@given(st.lists(st.text(max_size=12)))
def test_any_names_can_be_put_in_order(names: list[str]) -> None:
    turned = names[::-1]
    backwards = sorted(turned, key=natural_order)
    assert [natural_order(name) for name in backwards] == sorted(map(natural_order, names))


def raw(folder: Path, name: bytes, text: str) -> None:
    (folder / os.fsdecode(name)).write_text(text)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is text")
def test_names_that_are_no_utf_8_are_read_as_what_they_were_and_stop_nobody(tmp_path: Path) -> None:
    """Archives made on Windows come unpacked with names in GB18030."""
    raw(tmp_path, "2026年10月产出.csv".encode("gb18030"), "as it was")
    raw(tmp_path, b"\xff\xfe.csv", "no text in any encoding")
    raw(tmp_path, "2026年10月产出.csv".encode(), "the same name")
    raw(tmp_path, "收件说明.txt".encode("gbk"), "none of ours")
    files, problems = list_inbox(tmp_path)
    said = {file.name: file.path.read_text() for file in files}
    assert said.pop("2026年10月产出.csv") == "the same name"
    assert said.pop("%FF%FE.csv") == "no text in any encoding"
    assert [(name[:5], text) for name, text in said.items()] == [("2026%", "as it was")]
    assert problems["file_name"].to_list() == ["收件说明.txt"]
    (tmp_path / "2026年10月产出.csv").unlink()
    assert {file.name for file in list_inbox(tmp_path)[0]} == {"2026年10月产出.csv", "%FF%FE.csv"}


@pytest.mark.skipif(os.name == "nt", reason="such names cannot be given there")
def test_a_name_cannot_steer_the_terminal(tmp_path: Path) -> None:
    put(tmp_path, "a\n\x1b[31m\x9b.csv", 1.0)
    assert [file.name for file in list_inbox(tmp_path)[0]] == ["a%0A%1B[31m%9B.csv"]


def test_a_folder_that_cannot_be_looked_into_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "产出.xlsx", 1.0)
    put(tmp_path, "税务局/产出.xlsx", 1.0)
    scandir = os.scandir

    def refused(path: str) -> Any:
        if str(path).endswith("税务局"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    files, problems = list_inbox(tmp_path)
    assert [file.name for file in files] == ["产出.xlsx"]
    assert problems.select("file_name", "rule", "severity").rows() == [("税务局", "unreadable", "error")]
    with pytest.raises(UsageError, match="cannot be looked into"):
        require_spreadsheets(tmp_path / "税务局")


def test_a_named_file_that_cannot_be_opened_is_told_with_the_remedy(tmp_path: Path) -> None:
    """No fault of the program."""
    with pytest.raises(UsageError, match=r"cannot be opened .*Let this user read it"):
        named_file(tmp_path / "走了.xlsx")
