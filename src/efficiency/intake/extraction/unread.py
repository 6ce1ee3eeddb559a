"""Files and sheets that state nothing, each with what is to be said of it: nothing is passed over in silence."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.extraction.columns import numbers_of
from efficiency.intake.layout import interpret, is_another_quantity, last_used_row, piece
from efficiency.intake.parsing import find_unit
from efficiency.intake.problems import problem, problems_frame
from efficiency.intake.read_result import NO_SUBMISSIONS, ReadResult, submission
from efficiency.reference.tables import carrier_aliases, normalise_name
from schemas import FORMS
from schemas.energy import TOTAL_CARRIER

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from efficiency.intake.extraction.table import Table
    from efficiency.intake.files import InboxFile
    from efficiency.intake.formats import Grid
    from efficiency.intake.layout import Header


def refused_file(file: InboxFile, identifier: str, reason: str) -> ReadResult:
    """A file that cannot be read, for the `reason` given."""
    found = problem("unreadable", submission_id=identifier, file_name=file.name, reason=reason)
    return one_submission(file, identifier, "", found)


def one_submission(file: InboxFile, identifier: str, sheet: str, found: dict[str, object] | None) -> ReadResult:
    """A file or sheet without rows, and what is to be said of it."""
    return ReadResult(submission(file, identifier, sheet), problems_frame([found] if found else []))


def idle_formulas(file: InboxFile, grids: Sequence[Grid]) -> list[ReadResult]:
    """One note on the file, where it cannot be told whether formulas were calculated."""
    idle = sum(grid.doubtful_formulas for grid in grids)
    if not idle:
        return []
    found = problem(
        "formula_idle",
        submission_id=file.sha256[:12],
        file_name=file.name,
        value=str(idle),
        ending=file.path.suffix.lower(),
    )
    return [ReadResult(NO_SUBMISSIONS, problems_frame([found]))]


def only_problem(file: InboxFile, rule: str, identifier: str, grid: Grid) -> ReadResult:
    """A sheet that is no submission, and why."""
    found = problem(rule, submission_id=identifier, file_name=file.name, sheet=grid.sheet)
    return ReadResult(NO_SUBMISSIONS, problems_frame([found]))


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


def unrecognised(file: InboxFile, grid: Grid, hint: str, *, decoy: bool) -> ReadResult:
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
    counts |= {"rows_total": len(body), "rows_blank": len(body) - filled}
    return ReadResult(submission(file, sheet_id, grid.sheet, **counts), problems_frame([found]))


def unrecognised_table(
    file: InboxFile, grid: Grid, sheet_id: str, header: Header, *, end: int, hint: str
) -> ReadResult:
    """A table of a sheet, with its `header` but no form of ours; its rows, to before `end`, are rejected."""
    row = grid.row_number(header.top)
    cell = f"{grid.letters(min(header.identity.values()))}{row}"
    found = problem(
        "form_unknown", submission_id=sheet_id, file_name=file.name, sheet=grid.sheet, cell=cell, row=row, hint=hint
    )
    body = grid.filled[header.bottom + 1 : end]
    filled = int((body > 0).sum())
    counts = {"rows_total": len(body), "rows_blank": len(body) - filled, "rows_rejected": filled}
    return ReadResult(submission(file, sheet_id, grid.sheet, **counts), problems_frame([found]))


LEAST = 4
"""Characters of a name below which one other makes it another word."""
_OF_ENERGY = ("electricity", "volume", "mass", "heat", "coal_equivalent")
"""Dimensions in which carriers are stated."""
_NO_CARRIER = re.compile(r"产量|产品|产出|产能|水|排放|废|原料|碳|库|运|销|货|重量|等价|当量")
_CARRIER_WORD = re.compile(r"电|气|煤|油|热|汽|焦|炭|燃料|能源|光伏|生物质")
"""What a carrier is called where its column has no unit of its own."""


def tell_unread_columns(table: Table, read: Collection[int], cells: pl.DataFrame) -> None:
    """`header_near` for each column of `cells` that is filled, not `read`, and nearly called like what is missing.

    `carrier_unread` for one that may be a carrier beside those of a wide energy sheet.
    """
    grid, header, plan = table.grid, table.header, table.plan
    bounds = (*plan.identity, *(bound for block in plan.blocks for bound in block.columns))
    stated = {FORMS[plan.form].column(bound.field).title for bound in bounds}
    stated |= {block.carrier for block in plan.blocks if block.carrier}
    known = {name: what for name, what in _names(plan.form).items() if what[1] not in stated}
    heads = grid.rows(header.top, header.bottom + 1)
    by_carrier = any(block.carrier not in (None, TOTAL_CARRIER) for block in plan.blocks)
    for column in range(grid.width):
        meaning = header.meanings.get(column)
        if column in read or (meaning is not None and meaning.named):
            continue
        if not cells[f"n{column}"].count() and not cells[f"t{column}"].count():
            continue
        texts = list(dict.fromkeys(row[column] for row in heads if row[column]))
        near = [(text, name) for text in texts for name in known if _is_near(piece(text).name, name)]
        if near:
            text, name = near[0]
            field, _, title = known[name]
            table.header_problem("header_near", column, field=field, value=text, title=title)
        elif by_carrier and _may_be_carrier(texts, table) and (numbers_of(cells, column).values != 0).any():
            table.header_problem("carrier_unread", column, field="consumption", value=" ".join(texts))


def _may_be_carrier(texts: Sequence[str], table: Table) -> bool:
    """Whether a column under the headers `texts` may state consumption of a carrier that is not in the catalogue.

    Part of another column (其中:光伏), or of a carrier that is in it (用电量 | 峰), it is none.
    """
    pieces = [piece(text) for text in texts]
    name = "".join(p.name for p in pieces)
    if not name or is_another_quantity(name) or any(_NO_CARRIER.search(text) for text in texts):
        return False
    if any(p.subordinate or p.other or p.name in carrier_aliases() or interpret((p.whole,)) for p in pieces):
        return False
    units = [p.unit for p in pieces if p.unit]
    if not units and not any(p.unknown_unit for p in pieces) and _CARRIER_WORD.search(name):
        units = list(table.around.units.known)
    return any((unit := find_unit(word)) is not None and unit.dimension in _OF_ENERGY for word in units)


@cache
def _names(form: str) -> dict[str, tuple[str, str, str]]:
    """Every name of a column of `form` → its field, what it names (a title, a carrier), and the name itself."""
    names = {
        normalise_name(name): (column.name, column.title, name)
        for column in FORMS[form].columns
        for name in column.headers
    }
    if form == "energy":
        names |= {name: ("consumption", carrier, name) for name, carrier in carrier_aliases().items()}
    return names


def _is_near(text: str, name: str) -> bool:
    """Whether one character is another, too many or missing."""
    if text == name or min(len(text), len(name)) < LEAST:
        return False
    if len(text) == len(name):
        return sum(a != b for a, b in zip(text, name, strict=True)) == 1
    shorter, longer = sorted((text, name), key=len)
    return len(longer) - len(shorter) == 1 and any(
        longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer))
    )
