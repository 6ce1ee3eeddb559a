"""Files and sheets that state nothing, each with what is to be said of it: nothing is passed over in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.parsed import SUBMISSION, Parsed, blank_submission, without_rows
from efficiency.intake.problems import problem, problems_frame
from efficiency.intake.rowkinds import last_used_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efficiency.intake.files import InboxFile
    from efficiency.intake.grid import Grid
    from efficiency.intake.layout import Header


def refused_file(file: InboxFile, identifier: str, reason: str) -> Parsed:
    """A file that cannot be read, for the `reason` given."""
    found = problem("unreadable", submission_id=identifier, file_name=file.name, reason=reason)
    return one_submission(file, identifier, "", found)


def one_submission(file: InboxFile, identifier: str, sheet: str, found: dict[str, object] | None) -> Parsed:
    """A file or sheet without rows, and what is to be said of it."""
    submission = pl.DataFrame([blank_submission(file, identifier, sheet)], schema=SUBMISSION, orient="row")
    return without_rows(submission, problems_frame([found] if found else []))


def idle_formulas(file: InboxFile, grids: Sequence[Grid]) -> list[Parsed]:
    """One note on the file, where it cannot be told whether formulas were calculated."""
    idle = sum(grid.idle for grid in grids)
    if not idle:
        return []
    found = problem(
        "formula_idle",
        submission_id=file.sha256[:12],
        file_name=file.name,
        value=str(idle),
        ending=file.path.suffix.lower(),
    )
    return [without_rows(pl.DataFrame(schema=SUBMISSION), problems_frame([found]))]


def only_problem(file: InboxFile, rule: str, identifier: str, grid: Grid) -> Parsed:
    """A sheet that is no submission, and why."""
    found = problem(rule, submission_id=identifier, file_name=file.name, sheet=grid.sheet)
    return without_rows(pl.DataFrame(schema=SUBMISSION), problems_frame([found]))


def is_data(grid: Grid) -> bool:
    """Whether a sheet that is no form of ours looks like data: a table with figures, or a name and a figure each.

    Numbered notes have two columns too; the numbers of their lines are no figures.
    """
    stated = [numbers.drop_nulls() for numbers in grid.numbers]
    figures = [len(n) for n in stated if (n != pl.int_range(1, len(n) + 1, eager=True)).any()]
    wide = int((grid.filled >= 3).sum()) >= 3 and sum(map(len, stated)) >= 3
    narrow = int((grid.filled >= 2).sum()) >= 3 and sum(figures) >= 3
    return wide or narrow or _mostly_uncalculated(grid)


def _mostly_uncalculated(grid: Grid) -> bool:
    """Whether formulas without a result are most of what stands in the sheet, as where another sheet is summed up."""
    return 2 * len(grid.marked) > int(grid.filled.sum())


def unrecognised(file: InboxFile, grid: Grid, hint: str, *, decoy: bool) -> Parsed:
    """A sheet that is no form of ours: an error where it looks like data or is all there is, else a note."""
    sheet_id = f"{file.sha256[:12]}-{grid.position}"
    if _mostly_uncalculated(grid):
        hint = "该表多为尚未计算的公式，请用 Excel 或 WPS 打开文件，待计算完成并保存。"
    used = grid.filled > 0
    first = int(used.arg_true()[0])
    body = grid.filled[first + 1 : last_used_row(grid, grid.height)]
    filled = int((body > 0).sum())
    if decoy:
        found = problem("sheet_empty", submission_id=sheet_id, file_name=file.name, sheet=grid.sheet)
        counts = {"rows_notes": filled}
    else:
        found = problem("form_unknown", submission_id=sheet_id, file_name=file.name, sheet=grid.sheet, hint=hint)
        counts = {"rows_rejected": filled}
    submission = {
        **blank_submission(file, sheet_id, grid.sheet),
        "rows_total": len(body),
        "rows_blank": len(body) - filled,
        **counts,
    }
    return without_rows(pl.DataFrame([submission], schema=SUBMISSION, orient="row"), problems_frame([found]))


def unrecognised_table(file: InboxFile, grid: Grid, sheet_id: str, header: Header, *, end: int, hint: str) -> Parsed:
    """A table of a sheet, with its `header` but no form of ours; its rows, to before `end`, are rejected."""
    row = grid.row_number(header.top)
    cell = f"{grid.letters(min(header.identity.values()))}{row}"
    found = problem(
        "form_unknown", submission_id=sheet_id, file_name=file.name, sheet=grid.sheet, cell=cell, row=row, hint=hint
    )
    body = grid.filled[header.bottom + 1 : end]
    filled = int((body > 0).sum())
    counts = {"rows_total": len(body), "rows_blank": len(body) - filled, "rows_rejected": filled}
    submission = {**blank_submission(file, sheet_id, grid.sheet), **counts}
    return without_rows(pl.DataFrame([submission], schema=SUBMISSION, orient="row"), problems_frame([found]))
