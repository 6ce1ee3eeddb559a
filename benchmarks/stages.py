"""One month in this process, step by step: seconds and the highest memory of each step as JSON. Run by `growth.py`."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from efficiency.job import run
from efficiency.job.contracts import RunRequest
from efficiency.job.summary import as_json


def main() -> int:
    """`stages.py INBOX PERIOD FOLDER`."""
    inbox, period, folder = sys.argv[1:4]
    measured: dict[str, Any] = {"stages": {}}

    def timed(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def one(*arguments: object) -> object:
            began = time.perf_counter()
            made = step(*arguments)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            measured["stages"][name] = {"seconds": time.perf_counter() - began, "peak_mib": peak}
            return made

        return one

    steps = {field.name: timed(field.name, getattr(run, field.name)) for field in fields(run.Steps)}
    request = RunRequest(Path(inbox), (period,), "zibo-jkq", Path(folder, "w.duckdb"), Path(folder, "output"))
    completed = run.run_month(request, run.Steps(**steps))
    counts = as_json(completed)
    print(json.dumps({**measured, "counts": counts["counts"], "tiers": counts["tiers"], "lists": counts["lists"]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
