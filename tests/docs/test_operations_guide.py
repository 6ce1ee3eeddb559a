"""docs/operations.md and docs/security.md: every command runs in its order, and the program says what they quote."""

import re
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest
from builders.small_inbox import CODES, ledger, small_inbox, tax
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from efficiency.cli import _parser
from efficiency.intake.formats import MAX_EXPANDED
from efficiency.intake.formats.limits import MAX_ENTRIES, MAX_SHEETS, MAX_TEXTS
from efficiency.intake.formats.markup import html, spreadsheetml
from efficiency.policy.limits import LONGEST_EXPRESSION, MOST_BYTES, MOST_RULES
from efficiency.serving.schedule import CRON, TIMEZONE

GUIDE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
SERVE = re.compile(r"^\.venv/bin/efficiency (serve .*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation as the guide finds it: the source under version control, with its environment ready."""
    folder = tmp_path_factory.mktemp("srv")
    origin, here = folder / "origin", folder / "efficiency"
    origin.mkdir()
    for name in ("Makefile", "install.py", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, origin)
    (origin / ".gitignore").write_text("*\n", encoding="utf-8")
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
    for command in (("init", "-q"), ("add", "-f", "."), ("commit", "-q", "-m", "as delivered")):
        subprocess.run(["git", *identity, *command], cwd=origin, check=True)
    subprocess.run(["git", "clone", "-q", str(origin), str(here)], check=True)
    program = here / ".venv" / "bin" / "efficiency"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m efficiency "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    (here / ".venv" / ".ready").touch()
    small_inbox(here / "inbox")
    asked = (CODES[3], "2026年1-10月", "实缴税金", "", tax(3, 10) * 1.6, "完税证明", "王局", "2026-11-06")
    ledger(here / "申诉更正.csv", asked)
    return here


@pytest.mark.long
def test_every_command_of_the_guide_runs_in_its_order(installation: Path) -> None:
    """Serving goes on until it is stopped and has a test of its own; here only its arguments are taken."""
    script = "set -eux\n" + SERVE.sub("", "\n".join(BLOCKS))
    done = subprocess.run(["bash", "-c", script], cwd=installation, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-1000:]
    assert "DIFFERS" not in done.stdout
    assert "Issued again: 2026-10-zibo-jkq-" in done.stdout
    assert done.stdout.count("Published again: ") == 4
    assert (installation / "moved" / "warehouse" / "efficiency.duckdb").exists()


def test_serving_takes_the_arguments_of_the_guide() -> None:
    served = [*SERVE.findall("\n".join(BLOCKS)), *re.findall(r"^ExecStart=\S+/efficiency (.*)$", GUIDE, re.MULTILINE)]
    assert len(served) == 2
    for line in served:
        words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', line)]
        options = _parser().parse_args(words)
        assert (options.cron or CRON, options.timezone or TIMEZONE) == ("0 6 5 * *", "Asia/Shanghai")


def messages() -> list[str]:
    """The first column of the table of what to do."""
    table = GUIDE.partition("## What to do when")[2]
    return [row.split("|")[1].strip() for row in table.splitlines() if row.startswith("| ")][1:]


@pytest.fixture(scope="module")
def texts() -> str:
    """Every text in the source, adjacent strings concatenated."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "src").rglob("*.py")))
    return re.sub(r'"\s*\n\s*f?"', "", source)


@pytest.mark.parametrize("message", messages())
def test_what_the_guide_says_the_program_says_is_what_it_says(message: str, texts: str) -> None:
    assert message in texts


def test_the_bounds_in_the_guide_are_those_of_the_program() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    bounds = [int(number.replace(" ", "")) for number in re.findall(r"(\d[\d ]*\d) (?:MiB|parts|sheets)", text)]
    of_markup = [html.MOST_BYTES // 2**20, spreadsheetml.MOST_BYTES // 2**20]
    whole = MAX_EXPANDED // 2**20  # of a package, and of an archive
    assert bounds == [whole, MAX_ENTRIES, MAX_SHEETS, MAX_TEXTS // 2**20, *of_markup, whole]
    assert f"{LONGEST_EXPRESSION:,} characters".replace(",", " ") in text
    assert f"{MOST_BYTES // 1024} kB" in text
    assert f"{MOST_RULES} rules" in text


def test_every_dependency_is_locked_by_hash() -> None:
    """A requirement without a hash would let the index hand out something else."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    locked = [line for line in lines if line.strip() and not line.startswith("#")]
    assert len(locked) > 50
    assert all(re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", line) for line in locked)
    assert '"--require-hashes", "-r", "requirements.txt"' in (ROOT / "install.py").read_text(encoding="utf-8")


WINDOWS = {
    "sys_platform": "win32",
    "platform_system": "Windows",
    "os_name": "nt",
    "platform_machine": "AMD64",
    "extra": "",
}
WITHOUT = {"pywin32"}
"""Not locked, as the guide says."""


def locked() -> set[str]:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    return {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)}


def test_the_lock_has_what_windows_needs_besides() -> None:
    """It is made on Linux, where what is needed on Windows alone would be left out without a word."""
    missing = {
        name
        for package in distributions()
        if canonicalize_name(package.metadata["Name"]) in locked()
        for needed in map(Requirement, package.requires or [])
        if (needed.marker is None or needed.marker.evaluate(dict(WINDOWS)))
        if (name := canonicalize_name(needed.name)) not in locked()
    }
    assert missing == WITHOUT
    assert all(f"`{name}`" in GUIDE for name in WITHOUT)


def test_a_wheelhouse_takes_wheels_of_the_platform_by_hash_alone() -> None:
    asked = ["make", "-n", "wheelhouse", "PLATFORM=win_amd64", "PYTHON_VERSION=3.12", f"VENV={ROOT / '.venv'}"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    words = done.stdout.split()
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:"} <= set(words)
    assert words[words.index("--platform") + 1] == "win_amd64"
    assert words[words.index("--python-version") + 1] == "3.12"


def test_the_image_is_built_from_what_the_context_holds_and_runs_without_rights() -> None:
    steps = [
        line.split() for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines() if line[:1].isalpha()
    ]
    context = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = {
        word.rstrip("*") for step in steps if step[0] == "COPY" and "--from" not in step[1] for word in step[1:-1]
    }
    assert copied == {line.removeprefix("!") for line in context if line.startswith("!")}
    assert all((ROOT / name).exists() for name in copied - {"wheelhouse"})
    assert [step[1] for step in steps if step[0] == "USER"] == ["10001:10001"]
    assert ["ENTRYPOINT", '["efficiency"]'] in steps
