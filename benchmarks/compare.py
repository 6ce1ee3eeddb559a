"""The whole month, ours against the plain pandas script: the same results first, then time and memory.

    python benchmarks/compare.py --inbox sample_data/inbox --period 2026-10 --rounds 3

Each run is a cold subprocess; the two take turns. Peak memory is that of the child process (wait4). Nothing is shown
unless both come to the same score (to 1e-6), tiers and list for each enterprise.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import duckdb
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = ("score", "tier", "land_tier", "energy_tier", "list")


@dataclass(frozen=True)
class Run:
    """One finished subprocess."""

    seconds: float
    peak_mib: float


def measure(command: Sequence[str], log: Path) -> Run:
    """Runs `command` to its end; raises RuntimeError with the end of its output if it fails."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
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


def ours(inbox: Path, period: str, folder: Path) -> tuple[list[str], Path]:
    """Command of the project's own run, and the warehouse it publishes."""
    warehouse = folder / "efficiency.duckdb"
    command = [
        sys.executable,
        "-m",
        "efficiency",
        "run",
        "--inbox",
        str(inbox),
        "--period",
        period,
        "--warehouse",
        str(warehouse),
        "--output",
        str(folder / "output"),
    ]
    return command, warehouse


def plain(inbox: Path, period: str, folder: Path) -> list[str]:
    """Command of the plain script."""
    return [
        sys.executable,
        str(ROOT / "benchmarks/plain_pandas.py"),
        "--inbox",
        str(inbox),
        "--period",
        period,
        "--output",
        str(folder),
    ]


def our_results(warehouse: Path, period: str) -> pl.DataFrame:
    """Uscc, name, COLUMNS of the published evaluation."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found: pl.DataFrame = connection.sql(
            """
            SELECT s.uscc, s.name, s.score, s.tier, s.land_tier, s.energy_tier, c.list
            FROM results.scores s
            JOIN results.evaluations e USING (evaluation_id)
            LEFT JOIN results.candidates c USING (evaluation_id, uscc)
            WHERE e.current AND e.period = $period
            ORDER BY s.uscc
            """,
            params={"period": period},
        ).pl()
    return found


def plain_results(folder: Path) -> pl.DataFrame:
    """Uscc, COLUMNS as the plain script wrote them."""
    text = {
        "uscc": pl.String,
        "tier": pl.String,
        "land_tier": pl.String,
        "energy_tier": pl.String,
        "industry": pl.String,
    }
    scores = pl.read_csv(
        folder / "scores.csv", schema_overrides={**text, "score": pl.Float64}, infer_schema_length=None
    )
    lists = pl.read_csv(folder / "candidates.csv").select("uscc", "list")
    return scores.join(lists, on="uscc", how="left", validate="1:1").select("uscc", *COLUMNS)


def differences(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Enterprises on which the two do not agree: uscc, name, what, ours, plain."""
    both = left.join(right, on="uscc", how="full", coalesce=True, suffix="_plain", validate="1:1")
    found = []
    for column in COLUMNS:
        a, b = pl.col(column), pl.col(f"{column}_plain")
        # Rounded at the sixth decimal by both: one unit there is the same score.
        same = ((a - b).abs() <= 1e-6) | (a.is_null() & b.is_null()) if column == "score" else a.eq_missing(b)
        found.append(
            both.filter(~same.fill_null(value=False)).select(
                "uscc",
                "name",
                pl.lit(column).alias("what"),
                a.cast(pl.String).alias("ours"),
                b.cast(pl.String).alias("plain"),
            )
        )
    return pl.concat(found)


def report(runs: dict[str, list[Run]], count: int) -> str:
    """The table of medians."""
    seconds = {name: median(run.seconds for run in done) for name, done in runs.items()}
    memory = {name: median(run.peak_mib for run in done) for name, done in runs.items()}
    lines = [f"{'':<22}{'median s':>10}{'peak MiB':>10}"]
    lines += [f"{name:<22}{seconds[name]:>10.2f}{memory[name]:>10.0f}" for name in runs]
    lines += [
        f"{'plain ÷ ours':<22}{seconds['plain pandas'] / seconds['efficiency']:>10.2f}"
        f"{memory['plain pandas'] / memory['efficiency']:>10.2f}",
        f"{count} enterprises, equal score, tiers and list; {len(runs['efficiency'])} rounds, cold, in turns; "
        f"Python {platform.python_version()}, {os.cpu_count()} cores",
    ]
    return "\n".join(lines)


def main() -> int:
    """Command line; 1 when the results differ."""
    parser = argparse.ArgumentParser(description="The month's work: this project against a plain pandas script.")
    parser.add_argument("--inbox", type=Path, default=ROOT / "sample_data/inbox")
    parser.add_argument("--period", default="2026-10")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    runs: dict[str, list[Run]] = {"efficiency": [], "plain pandas": []}
    agreed = 0
    inbox = arguments.inbox.resolve()
    for _ in range(arguments.rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            command, warehouse = ours(inbox, arguments.period, folder)
            runs["efficiency"].append(measure(command, folder / "ours.log"))
            runs["plain pandas"].append(measure(plain(inbox, arguments.period, folder), folder / "plain.log"))
            results = our_results(warehouse, arguments.period)
            unlike = differences(results, plain_results(folder))
            agreed = results.height
        if not unlike.is_empty():
            with pl.Config(tbl_rows=40, fmt_str_lengths=30):
                print(f"The results differ in {unlike.height} places:\n{unlike}")
            return 1
    print(report(runs, agreed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
