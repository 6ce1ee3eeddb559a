"""Makes the environment `.venv` from requirements.txt, every package checked by its hash, and says what it does.

`python install.py` needs Python 3.11 or newer and nothing else; `make` and `run.cmd` call it. It is quick the second
time: the environment is remade only when requirements.txt or pyproject.toml has changed. A folder `wheelhouse/`
(`make wheelhouse`) is installed from instead of the network; `uv` is used where it is installed.
"""

from __future__ import annotations

import locale
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
DECLARED = ("requirements.txt", "pyproject.toml")
"""What decides which packages are installed."""
LEAST = (3, 11)

ENGLISH = {
    "begin": "Setting up {folder}, once. This takes one to three minutes.",
    "environment": "an environment of its own",
    "packages": "{number} packages, each checked by its hash, from {source}",
    "network": "the network",
    "own": "this project, and compiled for a quick start",
    "done": "Ready after {seconds:.0f} s.",
    "old": "Python {least} or newer is needed; this is {found} ({path}). Install a newer one and call that.",
    "failed": "This step failed. What it said stands above. Mend that (network? disk? proxy?) and start again; "
    "what is half done is made anew.",
}
CHINESE = {
    "begin": "首次使用，正在准备运行环境 {folder}，大约一至三分钟。",
    "environment": "建立独立的运行环境",
    "packages": "安装{number}个软件包（来自{source}，逐个核对校验值）",
    "network": "网络",
    "own": "安装本软件并预先编译",
    "done": "准备完毕，用时{seconds:.0f}秒。",
    "old": "需要Python {least}或更高版本；现在是{found}（{path}）。请安装新版本后再运行。",
    "failed": "这一步没有成功，原因见上。请检查网络、磁盘空间或代理设置后重新运行；没做完的部分会重新做。",
}


def words() -> dict[str, str]:
    """The messages in the language of this machine."""
    named = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or _of_windows()
    return CHINESE if named.lower().startswith(("zh", "chinese")) else ENGLISH


def _of_windows() -> str:
    """The language that Windows is set to; empty elsewhere."""
    return (locale.getlocale()[0] or "") if sys.platform == "win32" else ""


def up_to_date(ready: Path) -> bool:
    """Whether what is declared has not changed since `ready` was written."""
    return ready.is_file() and all((ROOT / name).stat().st_mtime <= ready.stat().st_mtime for name in DECLARED)


def packages() -> int:
    """How many packages are locked."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return sum(bool(line[:1].strip()) and line[:1] not in "#-" for line in lines)


def tools(venv: Path, python: Path) -> tuple[list[str], list[str]]:
    """The command that makes the environment `venv`, and the one that installs packages for its `python`."""
    if uv := shutil.which("uv"):
        made = [uv, "venv", "--quiet", "--python", sys.executable, "--allow-existing", str(venv)]
        return made, [uv, "pip", "install", "--quiet", "--python", str(python)]
    # Twice quiet: errors alone, none of pip's notes about itself and this machine.
    installed = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    return [sys.executable, "-m", "venv", str(venv)], installed


def step(number: int, of: int, what: str, *commands: Sequence[str]) -> None:
    """Say `what` is done, run `commands`, and say how long it took. Raises CalledProcessError when one fails."""
    began = time.monotonic()
    print(f"  {number}/{of} {what} ... ", end="", flush=True)
    for command in commands:
        subprocess.run(command, cwd=ROOT, check=True)
    print(f"{time.monotonic() - began:.0f} s", flush=True)


def main() -> int:
    """Make the environment where it is missing or out of date; returns the exit status."""
    say = words()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal's own encoding may lack a sign
    if sys.version_info < LEAST:
        found, least = (".".join(map(str, version)) for version in (sys.version_info[:2], LEAST))
        print(say["old"].format(least=least, found=found, path=sys.executable), file=sys.stderr)
        return 1
    venv = ROOT / os.environ.get("VENV", ".venv")
    ready = venv / ".ready"
    if up_to_date(ready):
        return 0
    began = time.monotonic()
    python = venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    wheels = ROOT / "wheelhouse"
    make, install = tools(venv, python)
    source = ["--no-index", "--find-links", str(wheels)] if wheels.is_dir() else []
    print(say["begin"].format(folder=venv), flush=True)
    try:
        step(1, 3, say["environment"], make)
        # The lock is whole; what a package would want besides on another system is not looked for.
        named = say["packages"].format(number=packages(), source=wheels.name if source else say["network"])
        step(2, 3, named, [*install, *source, "--no-deps", "--require-hashes", "-r", "requirements.txt"])
        # Compiled here, since where Python is told not to write what it compiles it would be done at every start.
        compiled = [str(python), "-m", "compileall", "-q", "src", "schemas", "flows"]
        step(3, 3, say["own"], [*install, *source, "--no-deps", "--no-build-isolation", "-e", "."], compiled)
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"\n{error}\n{say['failed']}", file=sys.stderr)
        return 1
    ready.touch()
    print(say["done"].format(seconds=time.monotonic() - began), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
