"""What lies in the inbox is listed in order of arrival, and nothing is passed over in silence."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency.errors import UsageError
from efficiency.inbox import require_spreadsheets
from efficiency.intake.files import list_inbox, natural_order


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
