"""How time and memory grow with the number of enterprises: made-up provinces of twelve months, everything new.

    python benchmarks/growth.py --sizes 458,10000,100000 --endings csv,parquet

Each size is a cold process with output, six carriers, land and register (`province.py`), evaluated, published, all
lists out. The exponent between two sizes is log(time ratio) ÷ log(size ratio): at most 1 means that an enterprise costs
no more than before. CSV and Parquet of one size must come to the same tiers and lists.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from benchmarks.measure import Run, footer, measure, python
from benchmarks.province import write

STEPS = ("ingest", "validate", "evaluate", "select", "report", "publish")


def one(size: int, ending: str, folder: Path) -> tuple[Run, dict[str, Any]]:
    """A province of `size` enterprises: the whole run, and what `stages.py` prints of it."""
    inbox, log = folder / f"{size}.{ending}", folder / f"{size}.{ending}.log"
    write(size, ending, inbox)
    run = measure(python("stages.py", inbox, "2026-10", folder / f"{size}.{ending}.out"), log)
    return run, json.loads(log.read_text(encoding="utf-8").splitlines()[-1])


def exponent(first: float, second: float, sizes: tuple[int, int]) -> float:
    """By which power of the size something grows."""
    return math.log(second / first) / math.log(sizes[1] / sizes[0])


def main() -> int:
    """Command line; 1 when the formats do not come to the same results."""
    parser = argparse.ArgumentParser(description="Growth of time and memory with the number of enterprises.")
    parser.add_argument("--sizes", default="458,10000,100000")
    parser.add_argument("--endings", default="csv,parquet")
    parser.add_argument("--folder", type=Path, help="where the provinces are written (default: a temporary folder)")
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    columns = {"enterprises": 12, "file": 9, "s": 9, "peak MiB": 10, "ms each": 9, "KiB each": 9, "time^": 7, "mem^": 6}
    print("".join(f"{name:>{width}}" for name, width in columns.items()) + "  by step, s")
    results: dict[int, list[Any]] = {}
    for ending in arguments.endings.split(","):
        before: tuple[int, Run] | None = None
        for size in sizes:
            with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
                run, result = one(size, ending, Path(name))
            powers = f"{'':>13}"
            if before is not None:
                both = (before[0], size)
                powers = (
                    f"{exponent(before[1].seconds, run.seconds, both):>7.2f}"
                    f"{exponent(before[1].peak_mib, run.peak_mib, both):>6.2f}"
                )
            steps = " ".join(f"{step} {result['stages'][step]['seconds']:.1f}" for step in STEPS)
            print(
                f"{size:>12,}{ending:>9}{run.seconds:>9.1f}{run.peak_mib:>10.0f}{run.seconds / size * 1000:>9.2f}"
                f"{run.peak_mib * 1024 / size:>9.1f}{powers}  {steps}",
                flush=True,
            )
            before = size, run
            results.setdefault(size, []).append((result["tiers"], result["lists"]))
    print(footer(1))
    if unlike := [size for size, found in results.items() if any(each != found[0] for each in found)]:
        print(f"The formats do not come to the same tiers and lists at {unlike}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
