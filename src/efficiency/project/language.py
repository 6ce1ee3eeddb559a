"""The language in which commands print: as the flag, the variable or the project file says, else the system's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, get_args

from efficiency.errors import UsageError
from efficiency.language import Language, language_of_system
from efficiency.project.file import PREFIX, read_table, settings_files

if TYPE_CHECKING:
    from collections.abc import Sequence

_LANGUAGES: tuple[Language, ...] = get_args(Language)


def chosen_language(arguments: Sequence[str] = ()) -> Language:
    """The language to print in: `--language`, the variable, the project file, else that of the system.

    A value that is no language is left to whoever reads the options and settings, and refuses it.
    """
    stated = _flag(arguments) or os.environ.get(f"{PREFIX}LANGUAGE") or _of_files()
    return next((known for known in _LANGUAGES if known == stated), None) or language_of_system()


def _flag(arguments: Sequence[str]) -> str | None:
    """What `--language` says, before the options are parsed, whose own errors are to be in that language."""
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--language":
            return value if equals else next(iter(arguments[position + 1 : position + 2]), None)
    return None


def _of_files() -> object:
    """What the settings' files say; None where none does, or where one cannot be read."""
    try:
        stated = (read_table(file).get("language") for file in settings_files())
        return next((language for language in stated if language is not None), None)
    except (UsageError, OSError):  # whoever reads the settings says what is wrong with them, or with the folder
        return None
