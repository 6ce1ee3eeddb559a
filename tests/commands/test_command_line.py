"""The command line as its users meet it: help, exit statuses, plain errors."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from builders.small_inbox import CODES, small_inbox, write
from conftest import INBOX, ROOT, SampleRun, efficiency, efficiency_process

from efficiency import cli
from efficiency.cli import _parser
from efficiency.commands.arguments import fill_in

COMMANDS = tuple(module.__name__.rpartition(".")[2] for module in cli.COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, tmp_path: Path) -> None:
    text = efficiency(command, "--help", cwd=tmp_path).stdout
    assert f"Example: efficiency {command}" in text


def test_help_names_every_command(tmp_path: Path) -> None:
    text = efficiency_process("--help", cwd=tmp_path).stdout
    assert all(re.search(rf"^    {command}\s", text, re.MULTILINE) for command in COMMANDS)


def test_readme_names_only_commands_that_exist() -> None:
    named = set(
        re.findall(r"^\.venv/bin/efficiency (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert named == set(COMMANDS)


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys, efficiency.cli\ntry: efficiency.cli.main(['--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('polars','duckdb','pandera','prefect','openpyxl','numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--inbox", "nowhere", "--period", "2026-10"], "nowhere is not a folder"),
        (["run", "--inbox", ".", "--period", "2026-10"], "holds no spreadsheet"),
        (["run", "--inbox", ".", "--period", "2026-13"], "YYYY-MM"),
        (["run", "--inbox", str(INBOX), "--period", "2026-10", "--policy", "no-such"], "no-such"),
        (["run", "--period", "2026-10"], "--inbox"),
        (["explain", "某企业", "--period", "2026-10"], "no warehouse"),
        (["compare", "--period", "2026-10", "--policy", "zibo-jkq"], "exactly two policies and was given 1"),
        (["compare", "--period", "2026-10", *["--policy", "zibo-jkq"] * 3], "exactly two policies and was given 3"),
        (["compare", "--period", "2026-10", "--policy", "zibo-jkq", "--policy", "no-such"], "no-such"),
        (["compare", "--period", "2026-10", *["--policy", "zibo-jkq"] * 2], "no warehouse"),
        (["checkup", "--period", "2026-10"], "no warehouse"),
        (["checkup", "--period", "2026-13"], "YYYY-MM"),
        (["check", "missing.xlsx"], "missing.xlsx"),
        (["policies", "show", "no-such"], "no-such"),
        (["policies", "show"], "Name the policy"),
        (["juggle"], "juggle"),
    ],
)
def test_wrong_usage_ends_with_status_2_and_plain_lines(arguments: list[Any], says: str, tmp_path: Path) -> None:
    done = efficiency(*arguments, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_broken_policy_ends_with_status_2_and_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('id = "own"\ntitle = "x"\nwindwo = "rolling_12m"\n', encoding="utf-8")
    done = efficiency("run", "--inbox", INBOX, "--period", "2026-10", "--policy", "own.toml", cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "windwo" in done.stderr
    assert re.search(r"line 3|own\.toml:3", done.stderr)


def test_strict_run_with_errors_ends_with_status_3_and_publishes_nothing(tmp_path: Path) -> None:
    inbox = small_inbox(tmp_path / "inbox")
    write(inbox / "坏.csv", [("统一社会信用代码", "所属期", "实缴税金(万元)"), (CODES[0], "2026年10月", "十")])
    done = efficiency_process("run", "--inbox", inbox, "--period", "2026-10", "--strict", cwd=tmp_path, check=False)
    assert done.returncode == 3
    assert "--strict publishes nothing" in done.stderr
    assert not (tmp_path / "output").exists()
    assert not (tmp_path / "warehouse" / "efficiency.duckdb").exists()


def test_policies_are_listed_and_shown_as_commented_toml(tmp_path: Path) -> None:
    listed = efficiency("policies", cwd=tmp_path).stdout
    assert [line.split()[0] for line in listed.splitlines()] >= ["huaian-2024"]
    shown = efficiency("policies", "show", "zibo-jkq", cwd=tmp_path).stdout
    assert 'id = "zibo-jkq"' in shown
    assert "# THIS IS NOT AN OFFICIAL METHOD" in shown


def test_json_is_one_object_and_nothing_else(sample_run: SampleRun) -> None:
    assert {"counts", "tiers", "lists", "paths", "evaluation_id"} <= set(sample_run.told)


def test_check_touches_no_warehouse_and_writes_the_marked_workbook(tmp_path: Path) -> None:
    with (ROOT / "sample_data" / "mistakes.csv").open(encoding="utf-8", newline="") as file:
        planted = next(row for row in csv.DictReader(file) if row["rule"] == "not_a_number")
    done = efficiency("check", INBOX / planted["file"], "--output", "returns", "--json", cwd=tmp_path)
    printed = json.loads(done.stdout)
    assert planted["cell"] in {problem["cell"] for problem in printed["problems"] if problem["rule"] == "not_a_number"}
    assert not printed["enterprises_looked_up"]
    assert [path.name for path in tmp_path.rglob("*.xlsx")] == [planted["file"].rpartition("/")[2]]
    assert not (tmp_path / "warehouse").exists()


@pytest.mark.long
def test_a_sheet_is_not_called_refused_because_there_is_no_register(tmp_path: Path) -> None:
    for name, tax in (("好", "1"), ("坏", "无法识别")):
        rows = ["统一社会信用代码,所属期,实缴税金(万元)", f"91370303MA3D000010,2026年1-10月,{tax}"]
        (tmp_path / f"{name}.csv").write_text("\n".join(rows), encoding="utf-8")
    printed = json.loads(efficiency("check", "好.csv", "坏.csv", "--json", cwd=tmp_path).stdout)
    good, bad = printed["submissions"]
    assert (good["rows_total"], good["rows_rejected"], good["status"]) == (1, None, None)
    assert (bad["rows_total"], bad["rows_rejected"], bad["status"]) == (1, 1, "refused")


@pytest.mark.parametrize("arguments", [("template", "file/below"), ("check", "file", "--output", "file")])
def test_a_folder_that_cannot_be_made_is_named_and_is_no_fault_of_the_program(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("in the way")
    done = efficiency(*arguments, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert re.search(r"cannot be written .*(Not a directory|File exists)", done.stderr)
    assert "fault of the program" not in done.stderr


def test_parser_defaults_are_those_of_the_interface() -> None:
    options = _parser().parse_args(["run", "--inbox", "x", "--period", "2026-10"])
    fill_in(options)
    assert (options.policy, str(options.warehouse), str(options.output)) == (
        "zibo-jkq",
        "warehouse/efficiency.duckdb",
        "output",
    )
