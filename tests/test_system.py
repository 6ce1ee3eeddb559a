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


def declared(module: ModuleType) -> dict[str, object]:
    """Each name that `module` offers → its parameters, of a function."""
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
