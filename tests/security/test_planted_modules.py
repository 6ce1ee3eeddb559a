"""Nothing that lies in the current folder is run: it may be the inbox, where others put files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from builders.planted import plant_modules, ran_in
from builders.small_inbox import CODES, PERIOD, small_inbox
from conftest import ROOT

from efficiency.serving.prefect_home import enter_prefect_home

PROGRAM = Path(sys.executable).parent / "efficiency"
COMMANDS: dict[str, tuple[str, ...]] = {
    "run": ("run", "--inbox", ".", "--period", PERIOD),
    "check": ("check", ".", "--output", "returns"),
    "status": ("status", "--period", PERIOD),
    "explain": ("explain", CODES[0], "--period", PERIOD),
    "compare": ("compare", "--period", PERIOD, "--policy", "zibo-jkq", "--policy", "zhejiang-2020"),
    "checkup": ("checkup", "--period", PERIOD),
    "template": ("template", "blank"),
    "policies": ("policies", "show", "zibo-jkq"),
    "objection": ("objection", "--period", PERIOD),
    "withdraw": ("withdraw", "用地.csv", "--reason", "误报"),
    "reissue": ("reissue", "--period", PERIOD),
    "rollback": ("rollback", "--list"),
    "audit": ("audit",),
}


def started(folder: Path, *command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={**outside, "XDG_CACHE_HOME": str(folder / "empty-cache"), **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An inbox with a published month in it and a module of every name that an import could look for."""
    folder = tmp_path_factory.mktemp("planted")
    small_inbox(folder)
    plant_modules(folder)
    done = started(folder, PROGRAM, *COMMANDS["run"])
    assert done.returncode == 0, done.stderr
    return folder


def test_charts_are_bundled_from_the_installed_package(inbox: Path) -> None:
    """The cache was empty, so a process of its own was started in a folder that holds a `vl_convert.py`."""
    assert ran_in(inbox) == []
    assert "vegaEmbed" in next(inbox.glob("output/*/报告_*.html")).read_text(encoding="utf-8")
    assert len(list((inbox / "empty-cache" / "efficiency").glob("*.js"))) == 1


IN_TURN = """
import contextlib, json, sys
from efficiency.interpreter import import_installed_only, write_chinese_names
import_installed_only()
write_chinese_names()
from efficiency.cli import main
for words in json.loads(sys.argv[1]):
    with contextlib.suppress(SystemExit):
        assert main(words) in (0, 2), words
"""
"""What the command `efficiency` does at its start, then one command after the other."""


def test_commands_run_no_module_of_the_current_folder(inbox: Path, tmp_path: Path) -> None:
    (tmp_path / "in_turn.py").write_text(IN_TURN, encoding="utf-8")
    words = json.dumps([words for name, words in COMMANDS.items() if name != "run"])
    done = started(inbox, sys.executable, tmp_path / "in_turn.py", words)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert ran_in(inbox) == []


EACH = [pytest.param(name, marks=[] if name == "status" else [pytest.mark.long]) for name in COMMANDS]


@pytest.mark.parametrize("command", EACH)
def test_no_command_runs_a_module_of_the_current_folder(command: str, inbox: Path) -> None:
    done = started(inbox, PROGRAM, *COMMANDS[command])
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 2), done.stderr
    assert ran_in(inbox) == []


@pytest.mark.long
def test_python_m_runs_no_module_but_those_that_start_it(tmp_path: Path) -> None:
    """Python's own start of `-m`, and the package that it is asked for, come before anything can be done about them."""
    own_start = started(tmp_path, sys.executable, "-c", "import runpy, sys; print(*sys.modules)").stdout.split()
    small_inbox(tmp_path)
    plant_modules(tmp_path, without=frozenset({"efficiency", *own_start}))
    assert not {"polars", "logging", "argparse", "vl_convert", "duckdb"} & set(own_start)
    done = started(tmp_path, sys.executable, "-m", "efficiency", *COMMANDS["run"])
    assert done.returncode == 0, done.stderr
    assert ran_in(tmp_path) == []


@pytest.mark.server
@pytest.mark.long
@pytest.mark.parametrize("how", ["run --prefect", "flows/monthly.py"])
def test_no_flow_runs_a_module_or_takes_a_setting_of_the_current_folder(how: str, tmp_path: Path) -> None:
    small_inbox(tmp_path)
    plant_modules(tmp_path)
    (tmp_path / "logging.yml").write_text("version: 1\nhandlers: {h: {'()': planted.Handler}}\nroot: {handlers: [h]}\n")
    (tmp_path / "prefect.toml").write_text('[logging]\nconfig_path = "logging.yml"\n')
    (tmp_path / ".env").write_text("PREFECT_API_URL=http://127.0.0.1:9/api\n")
    (tmp_path / ".prefect").mkdir()
    (tmp_path / ".prefect" / "prefect.toml").write_text("not TOML")
    plant_modules(tmp_path / ".prefect")
    program = (
        (PROGRAM, "run", "--prefect") if how == "run --prefect" else (sys.executable, ROOT / "flows" / "monthly.py")
    )
    done = started(tmp_path, *program, "--inbox", ".", "--period", PERIOD)
    assert done.returncode == 0, done.stderr
    assert ran_in(tmp_path) == []
    assert ran_in(tmp_path / ".prefect") == []
    assert (tmp_path / "warehouse" / "efficiency.duckdb").is_file()


def test_prefect_works_in_its_home_and_not_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inbox").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EFFICIENCY_CONFIG", "job.toml")
    monkeypatch.setenv("PREFECT_HOME", "")  # put back afterwards, as it is set below
    enter_prefect_home(Path("inbox"))
    assert Path.cwd() == tmp_path / ".prefect" == Path(os.environ["PREFECT_HOME"])
    assert os.environ["EFFICIENCY_CONFIG"] == str(tmp_path / "job.toml")


def test_prefect_keeps_no_home_in_the_inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "department").mkdir()
    monkeypatch.chdir(tmp_path / "department")
    monkeypatch.setenv("PREFECT_HOME", "")  # put back afterwards, as it is set below
    enter_prefect_home(tmp_path)
    assert not Path.cwd().is_relative_to(tmp_path)
    assert Path(os.environ["PREFECT_HOME"]) == Path.cwd()


def test_serve_does_not_start_in_the_inbox(tmp_path: Path) -> None:
    small_inbox(tmp_path)
    plant_modules(tmp_path)
    done = started(tmp_path, PROGRAM, "serve", "--inbox", ".")
    assert done.returncode == 2
    assert "PREFECT_HOME" in done.stderr
    assert ran_in(tmp_path) == []
