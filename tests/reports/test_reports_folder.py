"""One policy's reports never replace another's: which folder they go to, and how a folder is known."""

import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from builders.small_inbox import quick_policy, small_inbox
from conftest import ROOT, efficiency

from efficiency.reports.delivery import PlaceError, reports_folder
from efficiency.reports.workbook import new_workbook

ARCHIVE = ROOT / "tests" / "builders" / "data" / "published.tar.xz"
OFFICIALS, NOTICE = "能耗产出效益评价_2026-10.xlsx", "公示名单_2026-10.xlsx"


def workbook(path: Path, policy_id: str) -> Path:
    """A workbook that shows an evaluation by this policy."""
    evaluation = {"evaluation_id": f"2026-10-{policy_id}-0123abcd", "policy_id": policy_id}
    with new_workbook(path, datetime(2026, 11, 5, tzinfo=UTC), title="表", evaluation=evaluation) as book:
        book.workbook.add_worksheet("表")
    return path


@pytest.fixture(scope="module")
def two_policies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes], str]:
    """A month run by two policies, the second one twice; the first one's reports before, and what was printed last."""
    folder = tmp_path_factory.mktemp("two")
    small_inbox(folder / "inbox")
    policy = quick_policy(folder / "quick.toml")
    month = ("run", "--inbox", "inbox", "--period", "2026-10")
    efficiency(*month, cwd=folder)
    before = {path.name: path.read_bytes() for path in (folder / "output" / "2026-10").iterdir()}
    efficiency(*month, "--policy", policy, cwd=folder)
    return folder, before, efficiency(*month, "--policy", policy, cwd=folder).stdout


def test_a_second_policy_does_not_replace_the_reports_of_the_first(
    two_policies: tuple[Path, dict[str, bytes], str],
) -> None:
    folder, before, printed = two_policies
    output = folder / "output"
    assert {path.name: path.read_bytes() for path in (output / "2026-10").iterdir()} == before
    assert sorted(path.name for path in output.iterdir()) == ["2026-10", "2026-10-quick"]
    assert {path.name for path in (output / "2026-10-quick").iterdir()} == before.keys()
    assert f"Reports of 2026-10: {Path('output', '2026-10-quick')}, since {Path('output', '2026-10')} holds" in printed
    assert f"Workbook: {Path('output', '2026-10-quick', OFFICIALS)}" in printed


@pytest.mark.parametrize(("policy", "place"), [("zibo-jkq", "2026-10"), ("quick", "2026-10-quick")])
def test_the_check_up_stands_beside_the_reports_of_its_policy(
    two_policies: tuple[Path, dict[str, bytes], str], tmp_path: Path, policy: str, place: str
) -> None:
    folder, _, _ = two_policies
    (tmp_path / "output").symlink_to(folder / "output")
    warehouse = folder / "warehouse" / "efficiency.duckdb"
    told = efficiency("checkup", "--policy", policy, "--warehouse", warehouse, "--json", cwd=tmp_path).stdout
    (written,) = json.loads(told)["paths"]["files"]
    assert Path(written) == Path("output", place, "体检_2026-10.xlsx")
    (tmp_path / written).unlink()


def test_reissued_documents_go_beside_those_of_another_policy(
    two_policies: tuple[Path, dict[str, bytes], str], tmp_path: Path
) -> None:
    folder, _, _ = two_policies
    warehouse = folder / "warehouse" / "efficiency.duckdb"
    workbook(tmp_path / "output" / "2026-10" / OFFICIALS, "zibo-jkq")
    done = efficiency("reissue", "2026-10-quick", "--output", "output", "--warehouse", warehouse, cwd=tmp_path)
    assert str(Path("output", "2026-10-quick", OFFICIALS)) in done.stdout
    again = efficiency(
        "reissue", "2026-10-quick", "--output", "output", "--warehouse", warehouse, cwd=tmp_path, check=False
    )
    assert again.returncode == 2
    assert f"{Path('output', '2026-10-quick')} has files already" in again.stderr


def test_a_folder_that_a_file_stands_for_is_found_before_anything_is_read(tmp_path: Path) -> None:
    small_inbox(tmp_path / "inbox")
    workbook(tmp_path / "output" / "2026-10" / OFFICIALS, "zibo-jkq")
    (tmp_path / "output" / "2026-10-quick").write_text("a note")
    policy = quick_policy(tmp_path / "quick.toml")
    done = efficiency("run", "--inbox", "inbox", "--period", "2026-10", "--policy", policy, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert f"{Path('output', '2026-10-quick')} is a file" in done.stderr
    assert not (tmp_path / "warehouse" / "efficiency.duckdb").exists()


def test_the_policy_of_a_folder_outlasts_copying_and_saving(tmp_path: Path) -> None:
    path = workbook(tmp_path / "2026-10" / OFFICIALS, "zibo-jkq")
    openpyxl.load_workbook(path).save(path)  # as Excel does, which writes the file anew
    (tmp_path / "2026-10").rename(tmp_path / "copy")
    (tmp_path / "copy").rename(tmp_path / "2026-10")
    assert reports_folder(tmp_path, "2026-10", "zibo-jkq") == tmp_path / "2026-10"
    assert reports_folder(tmp_path, "2026-10", "ours") == tmp_path / "2026-10-ours"


def test_another_workbook_says_it_where_the_first_is_locked_away_or_gone(tmp_path: Path) -> None:
    (tmp_path / "2026-10").mkdir()
    (tmp_path / "2026-10" / OFFICIALS).write_bytes(b"with a password")
    workbook(tmp_path / "2026-10" / NOTICE, "zibo-jkq")
    assert reports_folder(tmp_path, "2026-10", "ours") == tmp_path / "2026-10-ours"
    (tmp_path / "2026-10" / OFFICIALS).unlink()
    assert reports_folder(tmp_path, "2026-10", "ours") == tmp_path / "2026-10-ours"


def test_a_copy_of_another_policys_notice_does_not_take_the_folder_over(tmp_path: Path) -> None:
    workbook(tmp_path / "2026-10" / OFFICIALS, "zibo-jkq")
    workbook(tmp_path / "2026-10" / NOTICE, "ours")
    assert reports_folder(tmp_path, "2026-10", "zibo-jkq") == tmp_path / "2026-10"


def test_officials_own_files_take_no_folder(tmp_path: Path) -> None:
    (tmp_path / "2026-10").mkdir()
    openpyxl.Workbook().save(tmp_path / "2026-10" / "领导批示_2026-10.xlsx")
    assert reports_folder(tmp_path, "2026-10", "ours") == tmp_path / "2026-10"


def test_a_folder_of_an_earlier_version_is_known_by_the_foot_of_its_pages(tmp_path: Path) -> None:
    with tarfile.open(ARCHIVE) as archive:
        for member in archive.getmembers():
            if member.name.startswith("documents/2026-10-zibo-jkq-cfe36b3e/"):
                member.name = f"2026-10/{Path(member.name).name}"
                archive.extract(member, tmp_path, filter="data")
    assert (tmp_path / "2026-10" / OFFICIALS).is_file()
    assert reports_folder(tmp_path, "2026-10", "zibo-jkq") == tmp_path / "2026-10"
    assert reports_folder(tmp_path, "2026-10", "ours") == tmp_path / "2026-10-ours"


def test_neither_of_two_folders_of_other_policies_is_overwritten(tmp_path: Path) -> None:
    workbook(tmp_path / "2026-10" / OFFICIALS, "zibo-jkq")
    workbook(tmp_path / "2026-10-ours" / OFFICIALS, "theirs")
    with pytest.raises(PlaceError, match=r"2026-10-ours .*by theirs.* Rename the second"):
        reports_folder(tmp_path, "2026-10", "ours")
