"""Which `efficiency.toml` holds: the nearest from the current folder upwards, never one that lies inside an inbox.

Whoever may put files into an inbox must not decide where a run reads and writes.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from efficiency.defaults import DEFAULT_INBOX
from efficiency.errors import UsageError
from efficiency.language import reason, say

NAME = "efficiency.toml"
PREFIX = "EFFICIENCY_"
"""Of every variable that sets something."""
VARIABLE = f"{PREFIX}PROJECT"
"""Names the project file to processes that work in another folder, as those of Prefect do."""
CONFIG = f"{PREFIX}CONFIG"
"""Names a further file of settings, which goes before the project's."""
LARGEST = 1 << 20
"""Bytes of a project file; one with every key and a comment on each has two thousand."""


def project_file(start: Path) -> Path | None:
    """The project file that holds in the folder `start`, None where there is none.

    Raises UsageError for one that lies inside the inbox of a project further up, and where the environment names a
    file that is not there.
    """
    if named := os.environ.get(VARIABLE):
        file = Path(named).expanduser().absolute()
        if not file.is_file():
            raise UsageError(
                say(
                    "{variable} names {named}, which is no file. Correct or unset the variable.",
                    variable=VARIABLE,
                    named=named,
                )
            )
        return file
    folder = start.absolute()
    found = [file for parent in (folder, *folder.parents) if (file := parent / NAME).is_file()]
    for number, outer in enumerate(found):
        if inner := [file for file in found[:number] if file.resolve().is_relative_to(_inbox_of(outer))]:
            raise inside_an_inbox(inner[0])
    return found[0] if found else None


def settings_are_stated(start: Path | None = None) -> bool:
    """Whether a project file holds in `start` (the current folder) or a variable sets something."""
    return any(name.upper().startswith(PREFIX) for name in os.environ) or project_file(start or Path.cwd()) is not None


def keep_project_file(start: Path) -> None:
    """Let this process, and those that it starts, go on with the project file of `start` in whatever folder."""
    if (file := project_file(start)) is not None:
        os.environ[VARIABLE] = str(file)


def require_none_inside(inbox: Path) -> None:
    """Raises UsageError where a file of this name lies anywhere inside `inbox`."""
    for folder, _, names in os.walk(inbox.absolute()):  # follows no links
        for name in names:
            if name.casefold() == NAME:
                raise inside_an_inbox(Path(folder) / name)


def inside_an_inbox(file: Path) -> UsageError:
    """The error for a project file in a place where others put files."""
    return UsageError(
        say(
            "{file} lies inside the inbox, where others put files; it must not decide where a run reads and "
            "writes. Remove it, and keep the project file outside of the inbox.",
            file=file,
        )
    )


def settings_files() -> list[Path]:
    """The files that are asked for settings, the first before the others."""
    own, project = os.environ.get(CONFIG), project_file(Path.cwd())
    return [*([Path(own).expanduser()] if own else []), *([project] if project else [])]


def read_table(file: Path) -> dict[str, object]:
    """The keys of a settings file.

    Raises UsageError where it cannot be read; what the parser says is left out, since it may quote a secret.
    """
    try:
        if file.stat().st_size > LARGEST:
            raise UsageError(
                say(
                    "{file} has more than {largest} MiB, which no settings file has. Correct it.",
                    file=file,
                    largest=LARGEST >> 20,
                )
            )
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        why = reason(error) if isinstance(error, OSError) else _place(error)
        raise UsageError(say("{file} cannot be read as TOML ({why}). Correct the file.", file=file, why=why)) from None


def _place(error: ValueError) -> str:
    """What kind of error it is, and where, without a word of the file."""
    found = str(error)
    return f"{type(error).__name__}{found[found.rfind(' (at ') :].rstrip(')') if ' (at ' in found else ''}"


def _inbox_of(file: Path) -> Path:
    """The inbox of the project of `file`, which need not be sound."""
    try:
        stated = read_table(file).get("inbox", str(DEFAULT_INBOX))
    except UsageError:
        stated = str(DEFAULT_INBOX)
    return (file.parent / str(stated)).resolve()
