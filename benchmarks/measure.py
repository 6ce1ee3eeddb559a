"""How all is measured: cold processes in turns, wall time and peak memory of the child, medians, one table."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
HEADER = f"{'':<46}{'yardstick s':>12}{'ours s':>9}{'ratio':>8}{'reach':>9}{'yardstick MiB':>15}{'ours MiB':>10}"


@dataclass(frozen=True)
class Run:
    """One finished subprocess."""

    seconds: float
    peak_mib: float
    """Of the process itself, or of the largest it waited for; processes beside it are not added. Never less than the
    measuring process had when it started the child, some 170 MiB: so Linux counts."""


def measure(command: Sequence[str], log: Path) -> Run:
    """Runs `command` to its end; raises RuntimeError with the end of its output if it fails."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    # As at a user's: modules are compiled once, not at every start.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with log.open("wb") as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=ROOT, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}:\n{tail}")
    # Linux counts ru_maxrss in KiB, macOS in bytes.
    return Run(seconds, usage.ru_maxrss / (1024 if platform.system() == "Linux" else 1024**2))


def python(script: str, *arguments: object) -> list[str]:
    """Command of one of the scripts beside this one."""
    return [sys.executable, str(ROOT / "benchmarks" / script), *map(str, arguments)]


def efficiency_run(inbox: Path, period: str, folder: Path, *more: str) -> list[str]:
    """Command of the project's own run; warehouse `efficiency.duckdb` and output in `folder`."""
    places = ["--warehouse", str(folder / "efficiency.duckdb"), "--output", str(folder / "output")]
    asked = ["run", "--inbox", str(inbox), "--period", period, *places, *more]
    return [sys.executable, "-m", "efficiency", *asked]


def in_turns(works: Mapping[str, Callable[[], Run]], rounds: int) -> dict[str, Run]:
    """The medians of `rounds` of each of `works`, which take turns so that a busy minute meets them all."""
    runs: dict[str, list[Run]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            runs[name].append(work())
    return {
        name: Run(median(run.seconds for run in done), median(run.peak_mib for run in done))
        for name, done in runs.items()
    }


def line(work: str, yardstick: Run | None, ours: Run, reach: str = "") -> str:
    """One line of the table under `HEADER`."""
    theirs = f"{yardstick.seconds:>12.2f}" if yardstick else f"{'':>12}"
    ratio = f"{yardstick.seconds / ours.seconds:>8.2f}" if yardstick else f"{'':>8}"
    memory = f"{yardstick.peak_mib:>15.0f}" if yardstick else f"{'':>15}"
    return f"{work:<46}{theirs}{ours.seconds:>9.2f}{ratio}{reach:>9}{memory}{ours.peak_mib:>10.0f}"


def footer(rounds: int) -> str:
    """What the figures above were measured with."""
    return (
        f"medians of {rounds} rounds, cold processes in turns; {date.today():%Y-%m-%d}, {platform.machine()}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}; load {os.getloadavg()[0]:.1f}"
    )
