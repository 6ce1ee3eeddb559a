"""The version is that of the newest entry of the changelog, and its digest that of the code that runs."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from efficiency import __version__
from efficiency.version import code_version

ROOT = Path(__file__).parents[1]


def test_the_version_is_that_of_the_newest_entry_of_the_changelog() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == __version__
    assert re.fullmatch(r"20\d\d\.(1[0-2]|[1-9])\.\d+", __version__)
    assert len(set(headings)) == len(headings)


def test_the_code_version_is_the_version_and_twelve_digits() -> None:
    assert re.fullmatch(re.escape(__version__) + r"\+[0-9a-f]{12}", code_version())


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of the package, to be changed."""
    folder = tmp_path_factory.mktemp("sources")
    for place in ("src/efficiency", "schemas", "flows"):
        shutil.copytree(ROOT / place, folder / Path(place).name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def version_in(folder: Path) -> str:
    """What the package in `folder` says its version is."""
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); from efficiency.version import *; print(code_version())"
    return subprocess.run([sys.executable, "-Bc", code], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize(
    "name",
    ["efficiency/periods.py", "efficiency/policy/builtin/zibo-jkq.toml", "schemas/results.py", "flows/monthly.py"],
)
def test_any_change_of_the_sources_is_another_code(copy: Path, name: str) -> None:
    path = copy / name
    before = path.read_bytes()
    path.write_bytes(before + b"# changed\n")
    assert version_in(copy) != code_version()
    path.write_bytes(before)
    assert version_in(copy) == code_version()


def test_line_ends_of_windows_and_what_is_no_source_are_the_same_code(copy: Path) -> None:
    path = copy / "efficiency" / "periods.py"
    before = path.read_bytes()
    path.write_bytes(before.replace(b"\n", b"\r\n"))
    (copy / "efficiency" / "notes.txt").write_text("no source")
    assert version_in(copy) == code_version()
    path.write_bytes(before)
