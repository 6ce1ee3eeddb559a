"""Workbooks as departments send them, written cell by cell, and what reading them gives: for the tests of reading."""

import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from efficiency.intake.files import InboxFile
from efficiency.intake.read_result import ReadResult

Rows = Sequence[Sequence[Any]]
MONTH = (date(2026, 10, 1), date(2026, 10, 1))
TO_DATE = (date(2026, 1, 1), date(2026, 10, 1))
CODE = "91350100M000100Y43"
DAMAGED = "913501000000100000"


def write(
    path: Path, sheets: dict[str, Rows], merges: Sequence[tuple[int, int, int, int]] = (), hidden: str = ""
) -> InboxFile:
    """A workbook; a text that begins with `=` is a formula without a cached value, with `#` an error cell."""
    book = xlsxwriter.Workbook(path)
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for row, cells in enumerate(rows):
            for column, value in enumerate(cells):
                if isinstance(value, str) and value.startswith("#"):
                    sheet.write_formula(row, column, "=1/0", None, value)
                elif isinstance(value, str) and value.startswith("="):
                    sheet.write_formula(row, column, value, None, "")
                elif value is not None:
                    sheet.write(row, column, value)
        for merge in merges:
            sheet.merge_range(*merge, rows[merge[0]][merge[1]])
        if name == hidden:
            sheet.hide()
    book.close()
    return inbox_file(path)


def inbox_file(path: Path, name: str = "") -> InboxFile:
    return InboxFile(path, name or path.name, hashlib.sha256(path.read_bytes()).hexdigest(), 0.0)


def balanced(parsed: ReadResult) -> ReadResult:
    """`parsed`, whose every source row is exactly one of: stated, rejected, total, note, blank."""
    for row in parsed.submissions.iter_rows(named=True):
        stated = {
            number
            for rows in parsed.rows.values()
            for number in rows.filter(pl.col("submission_id") == row["submission_id"])["row"]
        }
        counted = sum(row[f"rows_{kind}"] for kind in ("totals", "notes", "blank", "rejected"))
        assert row["rows_total"] == len(stated) + counted, row
    return parsed


def problems(parsed: ReadResult, *leave_out: str) -> list[tuple[str | None, str, str | None]]:
    """Cell, rule and value of each problem, without notes of units assumed and of columns passed over."""
    kept = parsed.problems.filter(~pl.col("rule").is_in(["unit_assumed", "column_passed", *leave_out]))
    return kept.select("cell", "rule", "value").rows()


def stated(parsed: ReadResult, form: str, *columns: str) -> list[tuple[Any, ...]]:
    return parsed.rows[form].select(columns).rows()


def counts(parsed: ReadResult) -> tuple[int, ...]:
    return parsed.submissions.select("rows_total", "rows_totals", "rows_notes", "rows_blank", "rows_rejected").row(0)


HEAD = ["企业名称", "营业收入(万元)", "实缴税金(万元)"]
