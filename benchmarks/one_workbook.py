"""One workbook of 100 000 enterprises × twelve months in, all lists out: ours against pandas + openpyxl.

    python benchmarks/one_workbook.py --enterprises 100000

Nothing is shown unless both come to the same score (to 1e-6), tiers and list for each enterprise.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from benchmarks.compare import UnlikeError, cold, require_same
from benchmarks.measure import HEADER, footer, in_turns, line, measure, python
from benchmarks.province import write


def main() -> int:
    """Command line; 1 when the results differ."""
    parser = argparse.ArgumentParser(description="A province in one workbook: this project against pandas + openpyxl.")
    parser.add_argument("--enterprises", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inbox = folder / "inbox"
        write(arguments.enterprises, "xlsx", inbox)
        plain = python("plain_province.py", "--workbook", inbox / "全省.xlsx", "--output", folder / "plain")
        works = {"ours": cold(inbox, "2026-10", folder / "ours"), "plain": lambda: measure(plain, folder / "log")}
        took = in_turns(works, arguments.rounds)
        try:
            count = require_same(folder / "ours/efficiency.duckdb", folder / "plain", "2026-10")
        except UnlikeError as error:
            print(error)
            return 1
    print(HEADER)
    print(line(f"one workbook of {arguments.enterprises:,} enterprises", took["plain"], took["ours"], ">= 10"))
    print(f"{count} enterprises with equal score, tiers and list; {footer(arguments.rounds)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
