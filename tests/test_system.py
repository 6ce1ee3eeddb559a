"""What differs on Windows, as far as it can be tried elsewhere: with fakes in place of what only Windows has."""

import ctypes
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from unittest.mock import Mock

import pytest
from builders.small_inbox import PERIOD, quick_policy, small_inbox
from conftest import ROOT, SampleRun

from efficiency import system
from efficiency.system import windows
from efficiency.warehouse import publish
from efficiency.warehouse.errors import WarehouseError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="compares with what other systems do")


OFFERED = {
    name
    for name, one in vars(system).items()
    if one is getattr(system._own, name, None) and name[0] != "_" and name not in {"annotations", "sys"}
}
"""What callers take from the twin that is chosen."""


def declared(module: ModuleType) -> dict[str, object]:
    """Each name that `module` offers → its parameters, of a function."""
    names = {name: getattr(module, name) for name in OFFERED}
    return {name: inspect.signature(one) if callable(one) else type(one) for name, one in names.items()}


def test_both_systems_offer_the_same_names_with_the_same_parameters() -> None:
    from efficiency.system import posix

    assert {"ALONE", "alive", "held_open", "limited", "swapped"} <= OFFERED
    assert declared(windows) == declared(posix)


def test_nothing_else_asks_which_system_runs() -> None:
    asks = re.compile(r"os\.name|sys\.platform|import (?:fcntl|msvcrt|resource|winreg|pwd)\b|/proc/")
    own = ROOT / "src" / "efficiency" / "system"
    sources = [path for folder in ("src", "flows", "schemas") for path in (ROOT / folder).rglob("*.py")]
    assert [path for path in sources if asks.search(path.read_text("utf-8")) and own not in path.parents] == []


ACTIVE, ENDED, DENIED = 259, 0, 5


@pytest.mark.parametrize(
    ("handle", "status", "error", "expected"),
    [(7, ACTIVE, 0, True), (7, ENDED, 0, False), (0, None, DENIED, True), (0, None, 87, False)],
)
def test_a_process_of_windows_lives_until_it_has_ended(
    monkeypatch: pytest.MonkeyPatch, handle: int, status: int | None, error: int, expected: bool
) -> None:
    kernel = Mock()
    kernel.OpenProcess.return_value, kernel.GetLastError.return_value = handle, error

    def answer(_: int, into: object) -> int:
        into._obj.value = status  # type: ignore[attr-defined]  # what byref holds
        return 1

    kernel.GetExitCodeProcess.side_effect = answer
    monkeypatch.setattr(ctypes, "windll", Mock(kernel32=kernel), raising=False)
    assert windows.alive(4711) is expected
    assert kernel.CloseHandle.called is bool(handle)


def test_a_file_that_a_program_holds_open_is_waited_for_and_then_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    staging, target = tmp_path / "staging", tmp_path / "efficiency.duckdb"
    staging.write_bytes(b"new")
    rename, tried = Path.replace, []

    def held(self: Path, to: Path) -> Path:
        tried.append(to)
        if len(tried) < opened_until:
            raise PermissionError(13, "used by another process")
        return rename(self, to)

    monkeypatch.setattr(publish, "held_open", windows.held_open)
    monkeypatch.setattr("time.sleep", Mock())
    monkeypatch.setattr(Path, "replace", held)
    opened_until = 3
    publish._replace(staging, target)
    assert target.read_bytes() == b"new"
    staging.write_bytes(b"newer")
    tried.clear()
    opened_until = 100
    with pytest.raises(WarehouseError, match="close it there"):
        publish._replace(staging, target)
    assert target.read_bytes() == b"new"


def test_every_file_that_is_written_has_a_name_that_windows_takes(sample_run: SampleRun) -> None:
    output = sample_run.folder / "output"
    names = {part for path in output.rglob("*") for part in path.relative_to(output).parts}
    assert len(names) > 20
    wrong = re.compile(r'[<>:"/\\|?*\x00-\x1f]|[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)', re.IGNORECASE)
    assert [name for name in names if wrong.search(name)] == []


def test_no_text_file_is_read_or_written_in_the_encoding_of_the_machine(tmp_path: Path) -> None:
    """On a Chinese Windows that is GBK: what was written elsewhere would be read as other signs."""
    inbox = small_inbox(tmp_path / "inbox")
    policy = quick_policy(tmp_path / "quick.toml")
    done = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", "-W", "error::EncodingWarning", "-m", "efficiency", "run",
         "--inbox", inbox, "--period", PERIOD, "--policy", policy],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "gbk"},
        capture_output=True,
        timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode("gbk", "replace")
    assert "Workbook: " in done.stdout.decode("gbk")
