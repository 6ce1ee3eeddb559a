"""Reading spreadsheets, ours against openpyxl read-only on the same files: the same cells first, then time.

    python benchmarks/reading.py --rounds 3

Two tasks: one sheet of 100 000 × 20 of which a quarter of the figures are texts (`1,234.5`), and 458 workbooks of 30
rows. Both sides give every figure as a number with its row and column; nothing is shown unless they agree
on each of them. Seconds are the processor's, those of all threads together, so that other work on the machine counts
little. Beside them bare calamine, which gives values without asking for error cells, formulas without a result and
hidden sheets: the floor. The last column is the whole intake of the same files (form, units, spans, totals, problems),
by the clock and with all processes that it takes; openpyxl has no counterpart for it.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import openpyxl
import polars as pl
import python_calamine
import xlsxwriter

from efficiency.intake.extraction import numbers_of_columns
from efficiency.intake.files import inbox_file
from efficiency.intake.formats import read_grids
from efficiency.intake.layout import NO_MAPPING
from efficiency.job.execution import read_files
from schemas.output import MEASURES

LARGE_ROWS, SMALL_ROWS, WORKBOOKS = 100_000, 30, 458
LEFT = 2
"""Columns before the figures: code and name."""
TEXT_EVERY = 4
"""Every fourth column of figures holds texts."""
HEADER_ROW = 2

Figures = dict[tuple[Path, int], tuple[list[int] | pl.Series, list[float | None] | pl.Series]]
"""(file, column) → the rows of its figures, and the figures; rows and columns count from 1 as the spreadsheet's do."""


@dataclass(frozen=True)
class Task:
    """What is read, and how much faster than openpyxl it is meant to be."""

    title: str
    files: tuple[Path, ...]
    goal: float


def write_workbook(path: Path, rows: int, columns: int, seed: int) -> Path:
    """A monthly sheet of form `output`: code, name and `columns` figures, this month and cumulative in turn."""
    rng = random.Random(seed)  # noqa: S311  # figures, not secrets
    heads = [f"{measure.title}({measure.unit}){span}" for measure in MEASURES for span in ("本月", "累计")][:columns]
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    sheet = book.add_worksheet("产出")
    sheet.write_string(0, 0, "2026年10月工业企业产出")
    sheet.write_row(HEADER_ROW - 1, 0, ["统一社会信用代码", "企业名称", *heads])
    for row in range(HEADER_ROW, HEADER_ROW + rows):
        sheet.write_string(row, 0, f"9137030{seed:04d}{row:07d}")
        sheet.write_string(row, 1, f"示例企业{seed}-{row}")
        for column in range(LEFT, LEFT + columns):
            figure = round(rng.random() * 100_000, 2)
            if column % TEXT_EVERY == 1:
                sheet.write_string(row, column, f"{figure:,.2f}")
            else:
                sheet.write_number(row, column, figure)
    book.close()
    return path


def ours(files: Sequence[Path]) -> Figures:
    """The figures as intake reads them, before it asks what they mean."""
    found: Figures = {}
    for path in files:
        (grid,) = read_grids(path)
        first = HEADER_ROW - grid.first_row
        cells = grid.frame.with_row_index("row_index")[first:]
        sheet_rows = cells["row_index"] + grid.first_row + 1
        for column, read in numbers_of_columns(cells, range(LEFT, grid.width)).items():
            found[path, grid.first_column + column + 1] = sheet_rows, read.values
    return found


def plain(files: Sequence[Path]) -> Figures:
    """The figures as openpyxl gives them, texts made numbers cell by cell."""
    found: dict[tuple[Path, int], tuple[list[int], list[float | None]]] = {}
    for path in files:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        # Any: openpyxl's types allow a cell without a place, and values of every kind.
        rows_of_cells: Iterable[tuple[Any, ...]] = book.worksheets[0].iter_rows(
            min_row=HEADER_ROW + 1, min_col=LEFT + 1
        )
        for cells in rows_of_cells:
            for cell in cells:
                value = cell.value
                number = float(value.replace(",", "")) if isinstance(value, str) else value
                rows, values = found.setdefault((path, cell.column), ([], []))
                rows.append(cell.row)
                values.append(number)
        book.close()
    return dict(found)


def bare(files: Sequence[Path]) -> int:
    """The floor: every value of the first sheet as calamine hands it over, texts as they are: how many rows."""
    return sum(len(python_calamine.load_workbook(str(path)).get_sheet_by_index(0).to_python()) for path in files)


def intake(files: Sequence[Path]) -> int:
    """The whole intake of the files: how many rows it states."""
    listed = [inbox_file(path, path.name) for path in files]
    return read_files(listed, NO_MAPPING, lambda done, total: None).rows["output"].height


def differences(left: Figures, right: Figures) -> list[str]:
    """The columns on which the two do not agree, to the last bit."""
    return [
        f"{path.name} column {column}"
        for path, column in sorted(left.keys() | right.keys())
        if [list(part) for part in left.get((path, column), ())]
        != [list(part) for part in right.get((path, column), ())]
    ]


def timed(work: Callable[[Sequence[Path]], object], files: Sequence[Path], clock: Callable[[], float]) -> float:
    """Seconds of `clock` that one pass over `files` takes."""
    began = clock()
    work(files)
    return clock() - began


def report(task: Task, rounds: int) -> str:
    """One line of the table: medians of `rounds`, in turns."""
    seconds: dict[str, list[float]] = {"ours": [], "openpyxl": [], "calamine": [], "intake": []}
    for _ in range(rounds):
        seconds["ours"].append(timed(ours, task.files, time.process_time))
        seconds["openpyxl"].append(timed(plain, task.files, time.process_time))
        seconds["calamine"].append(timed(bare, task.files, time.process_time))
        seconds["intake"].append(timed(intake, task.files, time.perf_counter))
    middle = {name: median(taken) for name, taken in seconds.items()}
    ratio = f"{middle['openpyxl'] / middle['ours']:.1f}"
    times = "".join(f"{middle[name]:>10.2f}" for name in ("ours", "openpyxl"))
    rest = "".join(f"{middle[name]:>16.2f}" for name in ("calamine", "intake"))
    return f"{task.title:<34}{times}{ratio:>8}{task.goal:>8.0f}{rest}"


def main() -> int:
    """Command line; 1 when the two do not read the same figures."""
    parser = argparse.ArgumentParser(description="Reading spreadsheets: this project against openpyxl read-only.")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        width = 2 * len(MEASURES)
        large = write_workbook(folder / "large.xlsx", LARGE_ROWS, width, 0)
        small = [write_workbook(folder / f"{n:03d}.xlsx", SMALL_ROWS, width, n) for n in range(1, WORKBOOKS + 1)]
        tasks = (
            Task(f"one sheet of {LARGE_ROWS:,} x {LEFT + width}", (large,), 10),
            Task(f"{WORKBOOKS} workbooks of {SMALL_ROWS} rows", tuple(small), 15),
        )
        for task in tasks:
            if unlike := differences(ours(task.files), plain(task.files)):
                print(f"{task.title}: the figures differ in {len(unlike)} columns: {', '.join(unlike[:10])}")
                return 1
        lines = [report(task, arguments.rounds) for task in tasks]
    heads = f"{'ours':>10}{'openpyxl':>10}{'times':>8}{'goal':>8}{'bare calamine':>16}{'intake (clock)':>16}"
    print(f"{'median processor s':<34}{heads}")
    print("\n".join(lines))
    print(
        f"every figure equal, with its row and column; {arguments.rounds} rounds, in turns; "
        f"Python {platform.python_version()}, {os.cpu_count()} cores"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
