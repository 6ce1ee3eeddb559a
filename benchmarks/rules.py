"""pandera on an eager frame against the same rules as bare polars: one million rows of facts.output, all rules.

    python benchmarks/rules.py --rows 1000000

Once sound, as facts are, and once with planted breaches, which both must find; bare polars only counts them. The frame
is in memory; imports are not timed.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from benchmarks.measure import footer
from schemas import FACTS
from schemas.checks import failures

OUTPUT = FACTS["output"]


def facts(rows: int, *, sound: bool) -> pl.DataFrame:
    """Made-up facts; where they are not `sound`, with a breach in each measure every hundred thousand rows."""
    draw = np.random.default_rng(1)
    at = pl.int_range(rows, eager=True)
    columns: dict[str, pl.Series] = {}
    for column in FACTS["output"].columns:
        match column.kind:
            case "number":
                values = draw.random(rows) * 1000
                if not sound:
                    values[::100_000] = np.inf
                columns[column.name] = pl.Series(values)
            case "integer":
                columns[column.name] = at + 1
            case "date":
                columns[column.name] = pl.Series([date(2026, 10, 1)]).new_from_index(0, rows)
            case "flag":
                columns[column.name] = pl.Series([False]).new_from_index(0, rows)
            case _:
                columns[column.name] = "91370300YL" + (at // 12).cast(pl.String).str.zfill(8)
    return FACTS["output"].conform(pl.DataFrame(columns))


def bare(frame: pl.DataFrame) -> int:
    """How many values break a rule: names and types, nulls, vocabularies, finite numbers."""
    if frame.schema != pl.Schema(FACTS["output"].polars_schema):
        raise TypeError("the frame has other columns")
    breaches = []
    for column in FACTS["output"].columns:
        value = pl.col(column.name)
        if not column.nullable:
            breaches.append(value.is_null().sum().alias(f"{column.name} null"))
        if column.choices:
            breaches.append((~value.is_in(column.choices)).sum().alias(f"{column.name} choice"))
        if column.kind == "number":
            breaches.append((~value.is_finite()).sum().alias(f"{column.name} finite"))
    return int(frame.select(breaches).sum_horizontal().item())


def main() -> int:
    """Command line; 1 when the two do not find the same breaches."""
    parser = argparse.ArgumentParser(description="pandera on eager frames against bare polars.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print(f"{'':>29}{'bare ms':>9}{'ours ms':>9}{'times':>8}  (meant: at most 1.5)")
    for sound in (True, False):
        frame = facts(arguments.rows, sound=sound)
        found, expected = failures(frame, FACTS["output"]).height, bare(frame)
        if found != expected:
            print(f"pandera finds {found} breaches, bare polars {expected}")
            return 1
        seconds: dict[str, list[float]] = {"bare": [], "pandera": []}
        for _ in range(arguments.rounds):
            for name, check in (("bare", bare), ("pandera", lambda rows: failures(rows, FACTS["output"]))):
                began = time.perf_counter()
                check(frame)
                seconds[name].append(time.perf_counter() - began)
        took = {name: median(each) * 1e3 for name, each in seconds.items()}
        times = took["pandera"] / took["bare"]
        print(f"{arguments.rows:>9,} rows{found:>6} breaches{took['bare']:>9.1f}{took['pandera']:>9.1f}{times:>8.2f}")
    print(f"all breaches found by both; {footer(arguments.rounds)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
