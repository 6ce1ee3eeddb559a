"""`install.py`: what is shown while the environment is made, and what is left when a step fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT


def install(venv: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "install.py"],
        env={**os.environ, "VENV": str(venv), "LC_ALL": "en_US.UTF-8", "PYTHONUTF8": "1", **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.fixture
def uv(tmp_path: Path) -> Path:
    """A folder with a program `uv` that writes down what it is asked, and fails where a file `broken` stands."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "uv"
    program.write_text(
        f"#!/bin/sh\necho \"$@\" >> {tmp_path}/asked\ntest ! -e {tmp_path}/broken || {{ echo 'no route'; exit 2; }}\n"
        f'test "$1" != venv || {{ mkdir -p {tmp_path}/venv/bin && '
        f"ln -sf {sys.executable} {tmp_path}/venv/bin/python; }}\n"
    )
    program.chmod(0o755)
    return tmp_path / "bin"


@pytest.mark.skipif(sys.platform == "win32", reason="the planted program is a shell script")
def test_each_step_is_shown_with_its_time_and_the_second_time_says_nothing(uv: Path, tmp_path: Path) -> None:
    path = f"{uv}{os.pathsep}{os.environ['PATH']}"
    first = install(tmp_path / "venv", PATH=path)
    assert first.returncode == 0, first.stderr
    begin, *steps, done = first.stdout.splitlines()
    assert "once" in begin
    assert [line.split()[0] for line in steps] == ["1/3", "2/3", "3/3"]
    assert all(line.endswith(" s") for line in steps)
    assert done.startswith("Ready after")
    assert "--require-hashes" in (tmp_path / "asked").read_text()
    again = install(tmp_path / "venv", PATH=path)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="the planted program is a shell script")
def test_a_step_that_fails_says_what_to_mend_in_the_readers_language_and_is_done_again(
    uv: Path, tmp_path: Path
) -> None:
    path = f"{uv}{os.pathsep}{os.environ['PATH']}"
    (tmp_path / "broken").touch()
    failed = install(tmp_path / "venv", PATH=path, LC_ALL="zh_CN.UTF-8")
    assert failed.returncode == 1
    assert "no route" in failed.stdout
    assert "请检查网络" in failed.stderr
    assert "Traceback" not in failed.stderr
    (tmp_path / "broken").unlink()
    assert install(tmp_path / "venv", PATH=path).returncode == 0


def test_windows_gets_the_same_steps_without_make() -> None:
    lines = (ROOT / "run.cmd").read_bytes().split(b"\r\n")
    assert b"%PYTHON% install.py || goto end" in lines
    assert any(line.startswith(rb".venv\Scripts\python.exe flows\monthly.py --period") for line in lines)
    assert all(line.isascii() for line in lines)  # cmd reads it in the machine's own code page
