"""Where Python imports from, and how another process of it is started: never from the current folder.

The current folder may be the inbox, where others put files: `python -m` and `python -c` would take a `polars.py` from
there before the installed polars. This module imports nothing that is not part of the interpreter itself.
"""

import os
import sys


def import_installed_only() -> None:
    """Take the current folder from the places of imports, here and in every process of Python that starts from here.

    `python -m efficiency` puts it first. What PYTHONPATH names stays: it is the operator's own.
    """
    if not sys.flags.safe_path and sys.path and sys.path[0] in ("", current_folder()):
        del sys.path[0]
    os.environ["PYTHONSAFEPATH"] = "1"


def write_chinese_names() -> None:
    """Begin anew in UTF-8 where the locale has no Chinese, so that files can have their names; else do nothing."""
    try:
        "能耗".encode(sys.getfilesystemencoding())
    except UnicodeEncodeError:
        if not sys.flags.utf8_mode:
            os.environ["PYTHONUTF8"] = "1"
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # the same words again


def python(*arguments: str) -> list[str]:
    """The command that runs this interpreter with `arguments`; it imports nothing from the current folder."""
    return [sys.executable, "-P", *arguments]


def current_folder() -> str | None:
    """The current folder; None where somebody has removed it."""
    try:
        return os.getcwd()  # noqa: PTH109  # pathlib may not be imported yet
    except OSError:
        return None
