"""A shell offers what the commands declare: bash is asked as it asks itself, the other scripts are read."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import efficiency

ASK = """
eval "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_efficiency
printf '%s\\n' "${COMPREPLY[@]}"
complete -p efficiency
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    return efficiency("completion", "bash", cwd=tmp_path_factory.mktemp("empty")).stdout


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    """A folder with an inbox, whose name has a blank, and a policy."""
    (tmp_path / "我的 收表").mkdir()
    (tmp_path / "ours.toml").write_text("")
    return tmp_path


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not on this machine")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("",), {"run", "check", "export", "completion", "--version"}),
        (("ex",), {"explain", "export"}),
        (("run", "--dr"), {"--dry-run"}),
        (("run", "--inbox", ""), {"我的 收表"}),
        (("run", "--by", ""), {"town"}),
        (("run", "--period", ""), {""}),
        (("run", "--policy", "o"), {"ours.toml"}),
        (("run", "--policy", "zi"), {"zibo-jkq"}),
        (("export", "tier"), {"tiers", "tier_changes"}),
        (("check", ""), {"ours.toml", "我的 收表"}),
        (("policies", "s"), {"show", "sichuan-2020"}),
        (("run", "--inbox", "我的 收表", "--st"), {"--strict"}),
    ],
)
def test_bash_offers_what_may_stand_there(script: str, zone: Path, words: tuple[str, ...], offered: set[str]) -> None:
    done = subprocess.run(
        ["bash", "--norc", "-c", ASK, "bash", script, "efficiency", *words],
        cwd=zone,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    *found, registered = done.stdout.splitlines()
    assert registered == "complete -F _efficiency efficiency"
    assert offered <= set(found) if words == ("",) else offered == set(found)


@pytest.mark.parametrize("shell", ["bash", "zsh", "powershell"])
def test_every_command_and_option_is_in_each_script(tmp_path: Path, shell: str) -> None:
    script = efficiency("completion", shell, cwd=tmp_path).stdout
    listed = efficiency("--help", cwd=tmp_path).stdout
    commands = re.findall(r"^    (\w+)(?: |$)", listed, re.MULTILINE)
    assert len(commands) > 15
    for command in commands:
        options = re.findall(r"^  (--[a-z-]+)", efficiency(command, "--help", cwd=tmp_path).stdout, re.MULTILINE)
        own = re.search(rf"""["']{command}["'](\) options=| = @)(.*)""", script)[2]
        assert [option for option in options if option not in own] == [], command
    assert script.count("{") == script.count("}")


def test_an_unknown_shell_is_refused_with_those_there_are(tmp_path: Path) -> None:
    done = efficiency("completion", "fish", cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "bash" in done.stderr
    assert "powershell" in done.stderr
