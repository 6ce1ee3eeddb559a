"""What cannot be printed changes neither what is done nor the exit status of a month that is published."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from builders.small_inbox import CODES, PERIOD, quick_policy, small_inbox
from conftest import efficiency

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")

PROGRAM = Path(sys.executable).parent / "efficiency"
RUN = f"run --inbox inbox --period {PERIOD} --policy quick.toml"
FULL = "[Errno 28] No space left on device"
EXPLAIN = f"explain {CODES[0]} --period {PERIOD}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an inbox and its published month."""
    folder = tmp_path_factory.mktemp("printed")
    small_inbox(folder / "inbox")
    quick_policy(folder / "quick.toml")
    assert shell(RUN, folder).returncode == 0
    return folder


def shell(command: str, folder: Path, redirected: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    printed = environment.get("PYTHONIOENCODING", "utf-8").partition(":")[0]
    return subprocess.run(
        ["sh", "-c", f"exec {PROGRAM} {command} {redirected}"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        encoding=printed,
        timeout=300,
        check=False,
    )


LESS = [pytest.param(one, marks=pytest.mark.long) for one in ("2>/dev/full", ">/dev/full 2>&1", ">&-", "2>&-")]


@pytest.mark.long
@pytest.mark.parametrize("redirected", [">/dev/full", "<&- >&- 2>&-", *LESS])
def test_a_published_month_ends_with_status_0_wherever_its_summary_goes(redirected: str, folder: Path) -> None:
    (folder / "warehouse" / "efficiency.duckdb").unlink(missing_ok=True)
    done = shell(RUN, folder, redirected)
    assert done.returncode == 0, done.stderr
    assert "Nothing was published" not in done.stderr
    assert "Traceback" not in done.stderr
    if redirected == ">/dev/full":
        assert done.stderr.splitlines() == [
            f"efficiency: the output could not be written: {FULL}. What was asked for is done."
        ]
    assert (folder / "warehouse" / "efficiency.duckdb").is_file()
    efficiency("audit", cwd=folder)


@pytest.mark.long
def test_a_locale_without_chinese_names_its_files_all_the_same(folder: Path) -> None:
    (folder / "warehouse" / "efficiency.duckdb").unlink(missing_ok=True)
    done = shell(f"{RUN} --output named", folder, LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert (folder / "named" / PERIOD / f"公示名单_{PERIOD}.xlsx").is_file()


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"mkdir gone && cd gone && rmdir ../gone && exec {PROGRAM} status"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "efficiency: the current folder has been removed. Change to another and run again.\n"


@pytest.mark.long
@pytest.mark.parametrize("encoding", ["ascii", "latin-1:strict"])
def test_an_encoding_without_chinese_gets_its_numbers(encoding: str, folder: Path) -> None:
    shown = shell(EXPLAIN, folder, PYTHONIOENCODING=encoding)
    assert shown.returncode == 0, shown.stderr
    assert "\\u6dc4\\u535a" in shown.stdout
    counts = shell(f"{EXPLAIN} --json", folder, PYTHONIOENCODING=encoding)
    assert "淄博" in json.dumps(json.loads(counts.stdout), ensure_ascii=False)


def test_an_answer_that_cannot_be_printed_is_a_failure(folder: Path) -> None:
    done = shell(EXPLAIN, folder, ">/dev/full")
    assert (done.returncode, done.stderr) == (
        1,
        f"efficiency: the output could not be written: {FULL}.\n",
    )


def test_a_reader_that_has_seen_enough_is_no_news(folder: Path) -> None:
    done = shell("policies show zibo-jkq", folder, "| true")
    assert (done.returncode, done.stderr) == (0, "")


NATIVE = """
import os, subprocess, sys
from efficiency.streams import make_streams_lenient
make_streams_lenient(native=sys.argv[1] == "--debug")
os.write(2, b"thread '<unnamed>' panicked at src/lib.rs:1\\n")
subprocess.run([sys.executable, "-c", "raise OSError('no place left')"])
print("efficiency: one plain line", file=sys.stderr, flush=True)
"""


@pytest.mark.parametrize("asked", ["", "--debug"])
def test_traces_of_native_code_and_of_workers_reach_the_terminal_only_when_asked_for(asked: str) -> None:
    done = subprocess.run([sys.executable, "-c", NATIVE, asked], capture_output=True, text=True, check=True)
    assert ("panicked" in done.stderr, "Traceback" in done.stderr) == (bool(asked), bool(asked))
    assert done.stderr.endswith("efficiency: one plain line\n")
