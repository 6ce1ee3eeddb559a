"""What states nothing (files, sheets, tables, rows, columns), each with the problem that says why.

So does a row of delimited text with more cells than the header: a comma within a figure or a text has parted a cell,
and which cell belongs to which column is not known.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from efficiency.cell_addresses import column_letters
from efficiency.intake.formats import filled_cells
from efficiency.intake.layout import SUMS, hint_at_form, labels_of, last_used_row
from efficiency.intake.parsing import is_planned_row, parse_number
from efficiency.intake.problems import EMPTY, MOST_LISTED, problem, problem_rows, problems_frame, with_more
from efficiency.intake.read_result import NO_SUBMISSIONS, ReadResult, submission

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from efficiency.intake.extraction.table import Table
    from efficiency.intake.files import InboxFile
    from efficiency.intake.formats import Grid
    from efficiency.intake.layout import FoundTable, Header


MOST_BEYOND = 0.8
"""Share of the rows from which on cells beyond the header are a column without a name, unless they part a figure."""
MOST_SHEETS = {"unreadable": 3, "marks_unread": 3, "form_unknown": 20}
"""Rule → sheets of a file that each have their own problem with one cause. Of a sheet that is not recognised, `check`
drafts a mapping file, so that a year's twelve have their own."""
MOST_NAMED = 20
"""Names of further sheets that one problem for all of them lists."""
_ALSO = "同一文件中另有 {} 张工作表原因相同，不再逐一列出：{}等。"
NO_HEADER = "无表头"
_PLANNED = "计划|预|目标|任务|估"
"""Part of every text of which `is_planned_row` may be true."""
_REMARK = re.compile(r"备\s*注|说明|附注")
_FIRST, _REST = r"^\s*[-+¥￥(（]?\d{1,3}\s*$", r"^\s*\d{3}(?:\.\d*)?\s*[)）]?$"
"""The two halves of a figure that is written with a comma, 1,100.5, and parted there."""


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


def one_for_all_sheets(problems: pl.DataFrame) -> pl.DataFrame:
    """`problems` of one file; where more than `MOST_SHEETS` are left aside for one cause, one for all of them.

    It stands at the first of them, counts the others and names the first ones. The cause is the message without the
    name and the extent of the sheet.
    """
    fewest = min(MOST_SHEETS.values())
    if problems.height <= fewest:
        return problems
    left = problems.with_row_index("_at").filter(pl.col("rule").is_in(list(MOST_SHEETS)), pl.col("cell").is_null())
    if left.height <= fewest:
        return problems
    quoted = pl.concat_str(pl.lit("“"), "sheet", pl.lit("”"))
    cause = pl.col("message").str.replace(r"^工作表“.*?”", "").str.replace_all(r"\d+", "")
    key = ["rule", "_cause"]
    alike = (
        left.with_columns(cause.alias("_cause"), quoted.alias("_quoted"))
        .filter(pl.len().over(key) > pl.col("rule").replace_strict(MOST_SHEETS, return_dtype=pl.Int64))
        .group_by(key, maintain_order=True)
        .agg(
            pl.col("_at").first(),
            pl.col("_at").alias("_all"),
            (pl.len() - 1).cast(pl.String).alias("_others"),
            pl.col("_quoted").slice(1, MOST_NAMED).str.join("、").alias("_names"),
        )
    )
    if alike.is_empty():
        return problems
    pieces = _ALSO.split("{}")
    more = pl.concat_str(pl.lit(pieces[0]), "_others", pl.lit(pieces[1]), "_names", pl.lit(pieces[2]))
    counted = alike.select(pl.col("_at").cast(pl.UInt32), more.alias("_more"))
    others = set(alike["_all"].explode()) - set(alike["_at"])
    return (
        problems.with_row_index("_at")
        .filter(~pl.col("_at").is_in(list(others)))
        .join(counted, on="_at", how="left", maintain_order="left")
        .with_columns(pl.concat_str("message", pl.col("_more").fill_null("")).alias("message"))
        .drop("_at", "_more")
    )


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


def unrecognised_table(file: InboxFile, identifier: str, table: FoundTable) -> ReadResult:
    """A table that is no form of ours, in a sheet with one that is; its rows are rejected."""
    grid, header = table.grid, table.header
    row = grid.row_number(header.top)
    cell = f"{grid.letters(min(header.identity.values(), default=min(header.meanings)))}{row}"
    body = grid.filled[header.bottom + 1 : table.end]
    hint = hint_at_form(header, labels_of(grid, header))
    return without_rows(file, identifier, grid.sheet, "form_unknown", body=body, cell=cell, row=row, hint=hint)


def unread_rows(
    table: Table, stated: pl.Series, stated_by_any: pl.Series, *, own: bool
) -> tuple[int, int, pl.DataFrame]:
    """The data rows of `table` that state nothing: how many are blank, how many rejected, and their `row_empty`.

    `stated` are the indexes of the rows that it states, `stated_by_any` those that any form of the same table states.
    With `own`, only rows that another form states are blank; otherwise (a further form of a table, pre-printed carriers
    without a figure) a row may be blank without being stated anywhere.
    """
    index = pl.col("row_index")
    if stated.n_unique() == table.cells.height:
        return 0, 0, EMPTY
    rows = table.cells.select("row_index").filter(~index.is_in(stated.implode()))
    if table.is_refused(stated):
        return 0, rows.height, EMPTY
    errors = table.refused_cells["row_index"]
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
    """Rows that state figures only in columns that were refused for their unit or a rival; the header's problem
    explains them.
    """
    bindings = [binding for group in table.layout.groups for binding in group.columns]
    columns = [binding.column for binding in bindings if binding.unknown_unit is not None and not binding.rivals]
    columns += [column for binding in bindings for column in binding.rivals]
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
    found = problem_rows("row_empty", located.head(MOST_LISTED + 1))
    if (more := located.height - MOST_LISTED) > 1:
        return with_more(found, more, int(located["row"][-1]))
    return found


def report_unread_rows(table: Table, found: FoundTable) -> None:
    """`row_unread` at the label of a row of figures that is none of our measures, `part_within` at that of a part."""
    if found.measured is None:
        return

    def place(row: int, column: int) -> tuple[str, int]:
        number = table.grid.row_number(row)
        return f"{column_letters(table.grid.first_column + column + 1)}{number}", number

    for row, column, text in found.measured.unread:
        cell, number = place(row, column)
        table.table_problem("row_unread", cell=cell, row=number, value=text)
    for row, column in found.measured.within:
        cell, number = place(row, column)
        table.table_problem("part_within", cell=cell, row=number)


def planned_rows(grid: Grid, header: Header, kinds: pl.DataFrame, read: Collection[int]) -> dict[int, list[int]]:
    """Column → the data rows of which it says that their figures are planned (计划, 预计数), of those not in `read`."""
    if not kinds.height:
        return {}
    first = int(kinds["row_index"][0])
    rows = grid.frame[first : first + kinds.height]
    others = [c for c in range(grid.width) if c not in read and grid.texts[c].null_count() < grid.height]
    if not others:
        return {}
    row = pl.concat_str([f"t{column}" for column in others], separator="\n", ignore_nulls=True)
    if not rows.select(row.str.contains(_PLANNED).any()).item():
        return {}
    body = rows.hstack([kinds["row_index"]]).filter(kinds["kind"] == "data")
    found: dict[int, list[int]] = {}
    for column in others:
        texts = body[f"t{column}"]
        words = [text for text in texts.drop_nulls().unique() if is_planned_row(text)]
        if planned := body.filter(texts.is_in(words))["row_index"].to_list():
            found[column] = planned
    return found


def report_planned_rows(table: Table, rows: Mapping[int, Sequence[int]]) -> None:
    """`rows_planned` once for each column that says so of some rows, at the first of these cells."""
    labels = labels_of(table.grid, table.header)
    for column, found in rows.items():
        row = table.grid.row_number(found[0])
        words = {"title": labels.get(column, NO_HEADER), "value": str(len(found))}
        table.table_problem("rows_planned", cell=f"{table.grid.letters(column)}{row}", row=row, **words)


def overlong_rows(grid: Grid, header: Header, kinds: pl.DataFrame, read: Collection[int]) -> frozenset[int]:
    """The rows of a table (of the grid, totals too) that have a figure beyond the last column of the header.

    Where most rows have one, it is a column without a name, and only those are meant in which a figure is parted. So
    are rows in which the second half of a figure is in a column of remarks. `kinds` is what `layout.classify` gives,
    `read` are the columns that are read.
    """
    if not grid.delimited or grid.origin or not kinds.height:
        return frozenset()
    heads = grid.rows(header.top, header.bottom + 1)
    named = {column for row in heads for column, text in enumerate(row) if text}
    beyond = range(max(named, default=grid.width - 1) + 1, grid.width)
    remarks = {column for column in range(grid.width) if any(_REMARK.search(row[column]) for row in heads)}
    remarks |= set(range(grid.width)) - named
    into_remarks = [column for column in read if column + 1 in remarks - set(read) and column + 1 < grid.width]
    if not beyond and not into_remarks:
        return frozenset()
    first = int(kinds["row_index"][0])
    stating = kinds.filter(pl.col("kind").is_in(["data", *SUMS]))["row_index"].implode()
    body = grid.frame[first : first + kinds.height].hstack([kinds["row_index"]])
    rows = body.filter(pl.col("row_index").is_in(stating))

    def parted(columns: Iterable[int]) -> pl.Expr:
        pairs = (
            pl.col(f"t{column}").str.contains(_FIRST) & pl.col(f"t{column + 1}").str.contains(_REST)
            for column in columns
        )
        return pl.any_horizontal(pl.lit(value=False), *pairs).fill_null(value=False)

    figures = pl.any_horizontal(
        pl.lit(value=False), *(parse_number(pl.col(f"t{column}")).is_not_null() for column in beyond)
    )
    extra = rows.filter(figures)
    few = pl.lit(extra.height < MOST_BEYOND * rows.height)
    found = [extra.filter(parted(range(grid.width - 1)) | few), rows.filter(parted(into_remarks))]
    return frozenset(pl.concat(found)["row_index"].to_list())


def refuse_overlong_rows(table: Table) -> None:
    """`row_overlong` for each of `Table.overlong`, at its last cell; nothing else of these rows is read."""
    if not table.overlong:
        return
    hit = pl.col("row_index").is_in(list(table.overlong))
    rows = table.cells.filter(hit)
    columns = range(table.grid.width)
    last = pl.max_horizontal(pl.when(pl.col(f"t{column}").is_not_null()).then(column) for column in columns)
    line = pl.concat_str([pl.col(f"t{column}") for column in columns], separator=",", ignore_nulls=True)
    found = rows.select("row_index", line.alias("value"), last.alias("last"))
    field = next((binding.field for group in table.layout.groups for binding in group.columns), "name")
    for (column,), cells in found.group_by("last", maintain_order=True):
        table.cell_problems("row_overlong", cells.drop("last"), int(str(column)), field)
    kept = {binding.column for binding in table.layout.identity}
    blank = [f"{kind}{column}" for column in columns if column not in kept for kind in "nt"]
    table.cells = table.cells.with_columns(pl.when(~hit).then(pl.col(blank)).name.keep())


def report_overlong_totals(table: Table) -> None:
    """`total_overlong` for each of `Table.overlong` that is a total: no total of the table is checked then."""
    totals = sorted(table.overlong - set(table.cells["row_index"].to_list()))
    field = next((binding.field for group in table.layout.groups for binding in group.columns), "name")
    for row_index in totals[:MOST_LISTED]:
        (cells,) = table.grid.rows(row_index, row_index + 1)
        row, last = table.grid.row_number(row_index), max(column for column, cell in enumerate(cells) if cell)
        line = ",".join(filter(None, cells))
        table.table_problem("total_overlong", cell=f"{table.grid.letters(last)}{row}", row=row, field=field, value=line)
