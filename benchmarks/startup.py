"""Start `efficiency run` and end when it opens the first file of the inbox: what a run costs before its work begins."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """`startup.py --inbox DIR --period P`; ends with status 0 at the first file opened, 1 where none is."""
    inbox = os.path.realpath(sys.argv[sys.argv.index("--inbox") + 1])

    def heard(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str | os.PathLike):
            opened = os.path.realpath(arguments[0])
            if opened.startswith(inbox + os.sep) and Path(opened).suffix:
                os._exit(0)

    from efficiency.cli import main as efficiency

    sys.addaudithook(heard)
    with tempfile.TemporaryDirectory() as folder:
        places = ["--warehouse", f"{folder}/efficiency.duckdb", "--output", f"{folder}/output"]
        sys.argv = ["efficiency", "run", *sys.argv[1:], *places]
        efficiency()
    return 1


if __name__ == "__main__":
    sys.exit(main())
