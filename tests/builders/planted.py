"""Modules as a hostile sender could leave them in the folder where the program is started: each says when it ran."""

import importlib.metadata
import sys
from pathlib import Path

MARK = "ran.txt"
_PLANTED = "import os\nwith open(os.path.join({folder!r}, {mark!r}), 'a') as ran:\n    ran.write(__name__ + '\\n')\n"


def plant_modules(folder: Path, *, without: frozenset[str] = frozenset()) -> None:
    """Put a module into `folder` for each name that an import could look for: installed, standard, or our own.

    Each writes its name into `ran_in(folder)` when it is imported; `without` names those that are left out.
    """
    names = {*importlib.metadata.packages_distributions(), *sys.stdlib_module_names}
    names |= {"efficiency", "schemas", "flows", "sitecustomize", "usercustomize", "prefect_dask"}
    for name in sorted(names - without):
        if name.isidentifier():
            text = _PLANTED.format(folder=str(folder), mark=MARK)
            (folder / f"{name}.py").write_text(text, encoding="utf-8")


def ran_in(folder: Path) -> list[str]:
    """Names of the planted modules of `folder` that ran."""
    mark = folder / MARK
    return mark.read_text(encoding="utf-8").splitlines() if mark.exists() else []
