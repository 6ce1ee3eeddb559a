"""The language that the user's system is set to: the variables that gettext goes by, on Windows its own setting."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from efficiency.system import language_of_menus

if TYPE_CHECKING:
    from efficiency.language.messages import Language

_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The first that is not empty says the locale."""


def language_of_system() -> Language:
    """Chinese where the system is set to it, English otherwise.

    As for gettext, LANGUAGE lists languages in the order of preference and holds unless the locale is C.
    """
    named = next((value for name in _VARIABLES if (value := os.environ.get(name))), None)
    if named is None:
        named = language_of_menus()
    if named.partition(".")[0] in ("", "C", "POSIX"):
        return "en"
    wanted = os.environ.get("LANGUAGE") or named
    for one in wanted.split(":"):
        if one.lower().startswith(("zh", "chinese")):
            return "zh"
        if one.lower().startswith("en"):
            return "en"
    return "en"
