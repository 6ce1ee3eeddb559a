"""What states nothing (files, sheets, tables, rows, columns), each with the problem that says why."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.extraction.columns import numbers_of
from efficiency.intake.formats import filled_cells
from efficiency.intake.layout import hint_at_form, interpret, is_another_quantity, last_used_row, piece
from efficiency.intake.parsing import find_unit
from efficiency.intake.problems import EMPTY, problem, problem_rows, problems_frame
from efficiency.intake.read_result import NO_SUBMISSIONS, ReadResult, submission
from efficiency.reference.tables import carrier_aliases, normalise_name
from schemas import FORMS
from schemas.energy import TOTAL_CARRIER

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from efficiency.intake.extraction.table import Table
    from efficiency.intake.files import InboxFile
    from efficiency.intake.formats import Grid
    from efficiency.intake.layout import FoundTable


def without_rows(
    file: InboxFile,
    identifier: str,
    sheet: str,
    rule: str | None = None,
    *,
    body: pl.Series | None = None,
    **words: str | int,
) -> ReadResult:
    """A submission without raw rows, and the problem `rule` that says why (`words`: its location and its message).

    `body` is how many cells are filled in each row of the sheet or table: the blank ones are counted as blank, the
    others as rejected where the problem is an error, else as notes.
    """
    found = [_problem(rule, file, identifier, sheet, **words)] if rule else []
    counts = {}
    if body is not None:
        filled = int((body > 0).sum())
        rejected = any(one["severity"] == "error" for one in found)
        counts = {"rows_total": len(body), "rows_blank": len(body) - filled}
        counts["rows_rejected" if rejected else "rows_notes"] = filled
    return ReadResult(submission(file, identifier, sheet, **counts), problems_frame(found))


def only_problem(file: InboxFile, identifier: str, sheet: str, rule: str, **words: str) -> ReadResult:
    """A problem of a file or sheet that is no submission."""
    return ReadResult(NO_SUBMISSIONS, problems_frame([_problem(rule, file, identifier, sheet, **words)]))


def _problem(rule: str, file: InboxFile, identifier: str, sheet: str, **words: str | int) -> dict[str, object]:
    return problem(rule, submission_id=identifier, file_name=file.name, sheet=sheet, **words)  # type: ignore[arg-type]  # row is the only int


def is_data(grid: Grid) -> bool:
    """Whether a sheet that is no form of ours looks like data: a table with figures, or names with a figure each.

    Numbered notes have two columns too; the numbers of their lines are no figures.
    """
    stated = [numbers.drop_nulls() for numbers in grid.numbers]
    figures = [len(n) for n in stated if (n != pl.int_range(1, len(n) + 1, eager=True)).any()]
    wide = int((grid.filled >= 3).sum()) >= 3 and sum(map(len, stated)) >= 3
    narrow = int((grid.filled >= 2).sum()) >= 3 and sum(figures) >= 3
    return wide or narrow or _mostly_uncalculated(grid)


def _mostly_uncalculated(grid: Grid) -> bool:
    """Whether most filled cells are formulas without a cached value, as in a summary of another sheet."""
    return 2 * len(grid.marked) > int(grid.filled.sum())


def unrecognised_sheet(file: InboxFile, identifier: str, grid: Grid, hint: str, *, decoy: bool) -> ReadResult:
    """A sheet that is no form of ours: an error with the `hint`; a note where it is a `decoy` (a cover, a guide)."""
    first = int((grid.filled > 0).arg_true()[0])
    body = grid.filled[first + 1 : last_used_row(grid, grid.height)]
    if decoy:
        return without_rows(file, identifier, grid.sheet, "sheet_empty", body=body)
    if _mostly_uncalculated(grid):
        hint = "该表多为尚未计算的公式，请用 Excel 或 WPS 打开文件，待计算完成并保存。"
    return without_rows(file, identifier, grid.sheet, "form_unknown", body=body, hint=hint)


def unrecognised_table(file: InboxFile, identifier: str, grid: Grid, table: FoundTable) -> ReadResult:
    """A table that is no form of ours, in a sheet with one that is; its rows are rejected."""
    header = table.header
    row = grid.row_number(header.top)
    cell = f"{grid.letters(min(header.identity.values()))}{row}"
    body = grid.filled[header.bottom + 1 : table.end]
    hint = hint_at_form(header)
    return without_rows(file, identifier, grid.sheet, "form_unknown", body=body, cell=cell, row=row, hint=hint)


def unread_rows(
    table: Table, problems: pl.DataFrame, stated: pl.Series, stated_by_any: pl.Series, *, own: bool
) -> tuple[int, int, pl.DataFrame]:
    """The data rows of `table` that state nothing: how many are blank, how many rejected, and their `row_empty`.

    `problems` are those of the table; `stated` the indexes of the rows that it states, `stated_by_any` those that any
    form of the same table states. With `own`, only rows that another form states are blank; otherwise (a further form
    of a table, pre-printed carriers without a figure) a row may be blank without being stated anywhere.
    """
    index = pl.col("row_index")
    rows = table.cells.select("row_index").filter(~index.is_in(stated.implode()))
    if not rows.height:
        return 0, 0, EMPTY
    if table.is_refused(stated):
        return 0, rows.height, EMPTY
    errors = problems.filter(pl.col("severity") == "error")["row"] - (table.grid.first_row + 1)
    rows = rows.with_columns(
        index.is_in(errors.implode()).alias("named"),
        (index.is_in(stated_by_any.implode()) if own else pl.lit(value=True)).alias("excused"),
        index.is_in(_with_unknown_unit(table).implode()).alias("explained"),
        (pl.lit(value=True) if table.cut is None else index < table.cut).alias("before_cut"),
    )
    blank = pl.col("excused") & pl.col("before_cut") & ~pl.col("named")
    rejected = rows.filter(~blank)
    unexplained = rejected.filter(pl.col("before_cut") & ~pl.col("named") & ~pl.col("explained"))["row_index"]
    return rows.height - rejected.height, rejected.height, _empty_rows(table, unexplained)


def _with_unknown_unit(table: Table) -> pl.Series:
    """Rows that state figures only in columns whose unit was refused; the header's problem explains them."""
    bindings = [binding for group in table.layout.groups for binding in group.columns]
    columns = [binding.column for binding in bindings if binding.unknown_unit is not None]
    if not columns:
        return pl.Series([], dtype=pl.Int64)
    return table.cells.filter(filled_cells(columns) > 0)["row_index"]


def _empty_rows(table: Table, row_indexes: pl.Series) -> pl.DataFrame:
    """`row_empty` for each of these rows."""
    if not len(row_indexes):
        return EMPTY
    column = min((binding.column for binding in table.layout.identity), default=min(table.layout.columns))
    located = table.base.filter(pl.col("row_index").is_in(row_indexes.implode())).with_columns(
        (pl.lit(table.grid.letters(column)) + pl.col("row").cast(pl.String)).alias("cell"),
        pl.lit(table.submission_id).alias("submission_id"),
        pl.lit(table.file_name).alias("file_name"),
        pl.lit(table.grid.sheet).alias("sheet"),
    )
    return problem_rows("row_empty", located)


LEAST = 4
"""Characters of a name below which one other makes it another word."""
_OF_ENERGY = ("electricity", "volume", "mass", "heat", "coal_equivalent")
"""Dimensions in which carriers are stated."""
_NO_CARRIER = re.compile(r"产量|产品|产出|产能|水|排放|废|原料|碳|库|运|销|货|重量|等价|当量")
_CARRIER_WORD = re.compile(r"电|气|煤|油|热|汽|焦|炭|燃料|能源|光伏|生物质")
"""What a carrier is called where its column has no unit of its own."""


def report_unread_columns(table: Table, read: Collection[int], cells: pl.DataFrame) -> None:
    """`header_near` for each column of `cells` that is filled, not `read`, and nearly called like what is missing.

    `carrier_unread` for one that may be a further carrier of a wide energy sheet.
    """
    grid, header, layout = table.grid, table.header, table.layout
    bindings = (*layout.identity, *(binding for group in layout.groups for binding in group.columns))
    stated = {FORMS[layout.form].column(binding.field).title for binding in bindings}
    stated |= {group.carrier for group in layout.groups if group.carrier}
    known = {name: what for name, what in _names(layout.form).items() if what[1] not in stated}
    heads = grid.rows(header.top, header.bottom + 1)
    by_carrier = any(group.carrier not in (None, TOTAL_CARRIER) for group in layout.groups)
    for column in range(grid.width):
        meaning = header.meanings.get(column)
        if column in read or column in table.labels or (meaning is not None and meaning.named):
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
        units = list(table.context.units.known)
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
        longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer))
    )
