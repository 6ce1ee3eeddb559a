"""Record anew what the sample month decides: `python tests/golden/record.py`, then look at the difference."""

import csv
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from conftest import INBOX, efficiency_process  # noqa: E402
from job.test_monthly_run import decided  # noqa: E402

with tempfile.TemporaryDirectory() as folder:
    efficiency_process("run", "--inbox", INBOX, "--period", "2026-10", cwd=Path(folder))
    decisions = decided(Path(folder) / "warehouse" / "efficiency.duckdb")
with (HERE / "decisions_2026-10.csv").open("w", encoding="utf-8", newline="") as file:
    csv.writer(file, lineterminator="\n").writerows(decisions)
