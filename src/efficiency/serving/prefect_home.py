"""The folder in which Prefect works: one of the operator's own, never one where others put files.

Prefect takes settings from `.env`, `prefect.toml` and `pyproject.toml` of the current folder, a setting can name code
to run, and its server imports modules from there. So a command that uses Prefect first leaves for PREFECT_HOME.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from efficiency.errors import EfficiencyError, UsageError
from efficiency.language import say
from efficiency.processes import temporary_folder
from efficiency.project import CONFIG, keep_project_file

HOME = "PREFECT_HOME"
_PATHS = (HOME, CONFIG, "PREFECT_PROFILES_PATH", "PREFECT_LOGGING_SETTINGS_PATH")
"""Variables that name files; relative ones mean the folder in which the command was started."""


def enter_prefect_home(inbox: Path, *, keep: bool = False) -> None:
    """Make PREFECT_HOME (default: `.prefect` of the current folder) the current folder; makes it where it is missing.

    Where that default is inside `inbox`, a temporary folder takes its place, or with `keep`, where the history must
    last, UsageError is raised. Raises EfficiencyError when the folder cannot be made.
    """
    keep_project_file(Path.cwd())
    for name in _PATHS:
        if os.environ.get(name):
            os.environ[name] = str(Path(os.environ[name]).expanduser().resolve())
    if not os.environ.get(HOME):
        home = Path.cwd() / ".prefect"
        if home.resolve().is_relative_to(inbox.resolve()):
            if keep:
                raise UsageError(
                    say(
                        "Prefect would keep its settings and history in {home}, inside the inbox, where others put "
                        "files. Start in another folder, or set {variable} to one.",
                        home=home,
                        variable=HOME,
                    )
                )
            home = temporary_folder() / "prefect"
        os.environ[HOME] = str(home)
    home = Path(os.environ[HOME])
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o750)
        os.chdir(home)
    except OSError as error:
        raise EfficiencyError(
            say(
                "{home} cannot be used ({error}). Make it a writable folder, or set {variable}.",
                home=home,
                error=error,
                variable=HOME,
            )
        ) from error


def with_absolute_paths(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """`parameters` of the flow with their paths, that of a policy file too, as absolute ones."""
    absolute = {name: value.resolve() if isinstance(value, Path) else value for name, value in parameters.items()}
    policy = Path(parameters["policy"])
    if policy.suffix and policy.is_file():  # a built-in policy goes by its id
        absolute["policy"] = str(policy.resolve())
    return absolute
