"""The program itself: Python, the packages beside what the lock says, and whether Chinese can be printed."""

from __future__ import annotations

import platform
import re
import sys
from importlib import metadata
from pathlib import Path

from efficiency.doctor.check import Check
from efficiency.language import say
from efficiency.version import code_version

LOCK = "requirements.txt"
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)")
_NAME = re.compile(r"^[A-Za-z0-9._-]+")
NAMED = 5
"""Packages that are named before it is said how many more there are."""


def python() -> Check:
    """Which Python runs which version of the program, where."""
    return Check(
        "python",
        say("program"),
        say(
            "version {version}, Python {python} on {system}: {path}",
            version=code_version(),
            python=platform.python_version(),
            system=platform.system(),
            path=sys.executable,
        ),
    )


def packages() -> Check:
    """Whether each needed package is there, in the version of the lock where the lock is there."""
    subject = say("packages")
    needed = [_NAME.match(line) for line in metadata.requires("efficiency") or () if "extra ==" not in line]
    missing = [found.group() for found in needed if found and _installed(found.group()) is None]
    lock = _lock()
    locked = _versions(lock) if lock else {}
    own = {name: version for name in locked if (version := _installed(name))}
    other = [f"{name} {version} ({locked[name]})" for name, version in own.items() if version != locked[name]]
    remedy = say("Make the environment anew: {command}", command="python install.py")
    if missing:
        return Check("packages", subject, say("not installed: {names}", names=missing), remedy)
    if other:
        more = say(" and {number} more", number=len(other) - NAMED) if len(other) > NAMED else ""
        differ = say(
            "other versions than the lock ({lock}) says: {names}{more}", lock=lock, names=other[:NAMED], more=more
        )
        return Check("packages", subject, differ, remedy)
    if lock is None:
        complete = say("{number} needed, all installed; no lock is beside the program", number=len(needed))
        return Check("packages", subject, complete)
    return Check("packages", subject, say("{number} as the lock says ({lock})", number=len(own), lock=lock))


def printing() -> Check:
    """Whether the terminal takes the Chinese names of enterprises."""
    subject, encoding = say("terminal"), sys.stdout.encoding or "utf-8"
    try:
        "企业✓".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        remedy = say("Set PYTHONUTF8=1, on Windows after `chcp 65001`.")
        return Check("terminal", subject, say("{encoding}, without Chinese signs", encoding=encoding), remedy)
    return Check("terminal", subject, say("{encoding}, Chinese can be printed", encoding=encoding))


def _installed(name: str) -> str | None:
    """The version that is installed; None where there is none."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _lock() -> Path | None:
    """The lock beside the sources, where the program is installed from them."""
    file = Path(__file__).resolve().parents[3] / LOCK
    return file if file.is_file() else None


def _versions(lock: Path) -> dict[str, str]:
    lines = lock.read_text(encoding="utf-8").splitlines()
    return {found[1]: found[2] for line in lines if (found := _LOCKED.match(line))}
