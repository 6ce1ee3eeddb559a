"""Makes `data/published.tar.xz`: a warehouse and its workbooks as the commit 12ce324 published them.

It is run with the sources of that commit, in an empty folder (its path goes into the record of runs). That commit had
`small_inbox.py` in tests/, so it is put where this script looks for it:

    git worktree add /tmp/then 12ce324
    mkdir -p /tmp/then/tests/builders /tmp/published
    cp /tmp/then/tests/small_inbox.py /tmp/then/tests/builders/
    here=$PWD; cd /tmp/published
    PYTHONPATH=/tmp/then/src:/tmp/then:/tmp/then/tests "$here/.venv/bin/python" "$here/tests/builders/published.py"

The small inbox is run for three months; gets a correction, and a resubmission with a cell that is no figure, and is run
for two months again; gets a renamed enterprise and is run once more. The archive holds the warehouse (warehouse/), the
record of runs (warehouse/versions/*.jsonl), and the workbooks of each evaluation (documents/<evaluation id>/).
"""

from __future__ import annotations

import os
import shutil
import socket
import tarfile
from pathlib import Path

from builders.small_inbox import CODES, NAMES, PERIOD, ledger, run, small_inbox, tax, write

SPAN = "2026年1-10月"


def set_aside(folder: Path) -> None:
    """Copy the workbooks of the current evaluations to documents/."""
    from efficiency.warehouse.read import load

    contents = load(folder / "warehouse" / "efficiency.duckdb")
    assert contents is not None
    current = contents["results.evaluations"].filter(current=True)
    for period, evaluation_id in current.select("period", "evaluation_id").iter_rows():
        target = folder / "documents" / evaluation_id
        if not target.exists():
            target.mkdir(parents=True)
            for workbook in (folder / "output" / period).glob("*.xlsx"):
                shutil.copy(workbook, target)


def publish(folder: Path) -> None:
    """Publish five evaluations in `folder`, of which two are overtaken by later ones."""
    inbox = small_inbox(folder / "inbox")
    run(folder, "2026-08..2026-10")
    set_aside(folder)
    correction = (CODES[3], SPAN, "实缴税金", tax(3, 10), tax(3, 10) * 2, "完税证明", "王局", "2026-11-06")
    ledger(inbox / "更正.csv", correction)
    columns: tuple[str, ...] = ("统一社会信用代码", "所属期", "营业收入(万元)", "实缴税金(万元)")
    write(inbox / "产出" / "补报.csv", [columns, (CODES[5], SPAN, "abc", 999)])
    run(folder, "2026-09..2026-10")
    set_aside(folder)
    columns = ("统一社会信用代码", "企业名称", "曾用名", "行业代码", "镇办", "规模")
    write(inbox / "新名录.csv", [columns, (CODES[7], "淄博新名陶瓷有限公司", NAMES[7], "3071", "傅家镇", "规下")])
    run(folder, PERIOD)
    set_aside(folder)


def pack(folder: Path) -> None:
    """Write published.tar.xz with the warehouse, the record of runs and the workbooks."""
    with tarfile.open(folder / "published.tar.xz", "w:xz", preset=9) as archive:
        for path in sorted(
            [
                folder / "warehouse" / "efficiency.duckdb",
                *folder.glob("warehouse/versions/*.jsonl"),
                *folder.glob("documents/*/*.xlsx"),
            ]
        ):
            archive.add(path, path.relative_to(folder))


if __name__ == "__main__":
    os.environ["LOGNAME"] = "clerk"
    socket.gethostname = lambda: "office"
    publish(Path.cwd())
    pack(Path.cwd())
