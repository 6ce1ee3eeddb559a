"""A table while it is read as one form: its cells, its layout, and the problems found so far.

The other modules of extraction work on a `Table`: they read its columns with `Table.read`, which reports refused
cells, and report what else is wrong with the `*_problem` methods, which fill in file, sheet, cell and enterprise.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.extraction.columns import Extracted, extract, numbers_of_columns
from efficiency.intake.extraction.shown_figures import shown_figures
from efficiency.intake.parsing import TENTH_DOUBT
from efficiency.intake.problems import MOST_LISTED, RULES, number_text, problem, problem_rows, problems_frame, with_more
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from efficiency.intake.formats import Grid
    from efficiency.intake.layout import ColumnBinding, Header, PlannedBy, TableContext, TableLayout


@dataclass
class Table:
    """A table while it is read as one form."""

    grid: Grid
    header: Header
    context: TableContext
    layout: TableLayout
    submission_id: str
    file_name: str
    cells: pl.DataFrame
    """The rows that are data: `row_index` (of the grid) and their cells as in `Grid.frame`."""
    cut: int | None = None
    """The grid's row from which on the table's rows may be of another time."""
    base: pl.DataFrame = field(default_factory=pl.DataFrame)
    """`row_index`, `row` (as the spreadsheet numbers it), `uscc` and `name` of each data row."""
    labels: frozenset[int] = frozenset()
    """Columns that tell the parts of a figure apart (`efficiency.intake.extraction.parts`)."""
    counted_once: frozenset[tuple[int, str]] = frozenset()
    """(block, field) of the columns that state one figure of the whole on each of its parts."""
    planned: PlannedBy | None = None
    """What says that figures of the table are planned, or may be."""
    overlong: frozenset[int] = frozenset()
    """Rows of the grid with more cells than the header (`efficiency.intake.extraction.unread`)."""
    named_at: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    """Column → row and letters of the cell that is its header, where that is not in the header's rows."""
    _of_table: list[dict[str, object]] = field(default_factory=list)
    """Problems of the table and its headers."""
    _of_cells: list[pl.DataFrame] = field(default_factory=list)
    _refused: list[pl.DataFrame] = field(default_factory=list)
    """`row_index` and `letters` of every cell with an error, those that are only counted too."""
    _noted_formats: set[int] = field(default_factory=set)
    """Columns whose number format is told."""
    _read_at_once: tuple[pl.DataFrame, dict[int, Extracted]] = field(default_factory=lambda: (pl.DataFrame(), {}))
    """`cells` as they were when their numbers were read, and the numbers by column."""

    @property
    def problems(self) -> pl.DataFrame:
        """Everything reported so far, in the shape of PARSE_PROBLEMS: the table and its headers first, then cells."""
        return pl.concat([problems_frame(self._of_table), *self._of_cells])

    @property
    def refused_cells(self) -> pl.DataFrame:
        """`row_index` and column `letters` of every cell with an error, those that `problems` only counts too."""
        of_table = [
            (int(str(found["row"])) - self.grid.first_row - 1, str(found["cell"]).rstrip("0123456789"))
            for found in self._of_table
            if found["severity"] == "error" and found["row"] is not None
        ]
        schema = {"row_index": pl.Int64, "letters": pl.String}
        return pl.concat([pl.DataFrame(of_table, schema=schema, orient="row"), *self._refused])

    def is_refused(self, stated: pl.Series) -> bool:
        """Whether the table as a whole is refused: columns that compete, or no row `stated` for want of a period."""
        return self.layout.refused or (not len(stated) and self._lacks_period())

    def _lacks_period(self) -> bool:
        """Whether the period of the table, or of one of its columns, is reported as unknown."""
        body = self.grid.row_number(self.header.bottom)
        named = {f"{letters}{self.grid.row_number(row)}" for row, letters in self.named_at.values()}
        return any(
            found["rule"] == "period_unknown"
            and (found["row"] is None or found["row"] <= body or found["cell"] in named)  # type: ignore[operator]
            for found in self._of_table
        )

    def header_problem(self, rule: str, column: int, level: int = 0, /, **words: str) -> None:
        """A problem of the column's header, in its row `level` from the top."""
        at, letters = self.named_at.get(column, (self.header.top + level, self.grid.letters(column)))
        row = self.grid.row_number(at)
        cell = f"{letters}{row}"
        if column in self.named_at and any((known["rule"], known["cell"]) == (rule, cell) for known in self._of_table):
            return  # one name for the columns of several enterprises
        self.table_problem(rule, cell=cell, row=row, **words)

    def table_problem(self, rule: str, *, cell: str | None = None, row: int | None = None, **words: str) -> None:
        """A problem of the table as a whole, or of one of its header cells."""
        self._of_table.append(
            problem(
                rule,
                submission_id=self.submission_id,
                file_name=self.file_name,
                sheet=self.grid.sheet,
                cell=cell,
                row=row,
                **words,
            )
        )

    def cell_problems(self, rule: str, cells: pl.DataFrame, column: int, field_: str, **words: pl.Expr) -> None:
        """One problem for each row of `cells` (`row_index`, `value`), all in one column; `words` are over `cells`.

        Beyond `MOST_LISTED` they are counted.
        """
        if cells.height:
            if RULES[rule].severity == "error":
                letters = pl.lit(self.grid.letters(column)).alias("letters")
                self._refused.append(cells.select(pl.col("row_index").cast(pl.Int64), letters))
            located = (
                cells.head(MOST_LISTED + 1)
                .join(self.base, on="row_index", how="left", maintain_order="left")
                .with_columns(
                    pl.lit(self.submission_id).alias("submission_id"),
                    pl.lit(self.file_name).alias("file_name"),
                    pl.lit(self.grid.sheet).alias("sheet"),
                    pl.lit(field_).alias("field"),
                    (pl.lit(self.grid.letters(column)) + pl.col("row").cast(pl.String)).alias("cell"),
                )
            )
            found = problem_rows(rule, located, words)
            if (more := cells.height - MOST_LISTED) > 1:
                found = with_more(found, more, self.grid.row_number(int(cells["row_index"][-1])))
            self._of_cells.append(found)

    def figure_problems(
        self, rule: str, field_: str, rows: pl.DataFrame, figures: Sequence[str], **words: pl.Expr
    ) -> None:
        """One problem for each of `rows` (`row_index`, `block`) at its cell of the form's `field_`.

        `figures` are columns of `rows` in the canonical unit: each becomes text in the unit of the cell, for `words`.
        """
        for group in self.layout.groups:
            for binding in group.columns:
                if binding.field == field_:
                    factor = binding.conversion.factor if binding.conversion else 1.0
                    cells = rows.filter(pl.col("block") == group.index).with_columns(
                        number_text(pl.col(name) / factor).alias(name) for name in figures
                    )
                    self.cell_problems(rule, cells, binding.column, field_, **words)

    def refuse(self, found: Extracted, binding: ColumnBinding, **words: pl.Expr) -> None:
        """One problem for each refused cell of a column."""
        for rule in found.refused["rule"].unique(maintain_order=True) if found.refused.height else ():
            self.cell_problems(
                rule, found.refused.filter(pl.col("rule") == rule), binding.column, binding.field, **words
            )

    def read(self, binding: ColumnBinding) -> Extracted:
        """The values of a column; refused cells become problems, which name a column of one carrier by its header."""
        if binding.rivals:
            return self._read_rivals(binding.rivals)
        declared = FORMS[self.layout.form].column(binding.field)
        if declared.kind == "number":
            found = self._numbers(binding.column)
        else:
            found = extract(self.cells, binding.column, declared, self.grid.marked)
        shared = self._shared_figures(binding.column) if declared.kind == "number" else {}
        found = _without_shared(found, self.cells["row_index"], shared)
        if declared.kind == "number" and self.grid.formats:
            found = self._as_shown(found, binding)
        if not found.refused.height and found.percents is None:
            return found
        expected = "是或否" if declared.kind == "flag" else "、".join(declared.choices) or f"{declared.unit}等单位"
        words = {"expected": pl.lit(expected)}
        if declared.kind == "date":
            half_written = pl.col("value").str.contains(r"^\d{4}\.1$")
            words["hint"] = pl.when(half_written).then(pl.format(TENTH_DOUBT, "value")).otherwise(pl.lit(""))
        if binding.conversion is not None and self.layout.form == "energy":
            words["title"] = pl.lit(binding.header)
        if shared:
            last = pl.col("row_index").replace_strict(shared, default=None) + (self.grid.first_row + 1)
            words["last"] = last.cast(pl.String)
        self.refuse(found, binding, **words)
        if found.percents is not None:
            words["number"] = pl.col("number")
            self.cell_problems("percent_in_amount", found.percents, binding.column, binding.field, **words)
        return found

    def _numbers(self, column: int) -> Extracted:
        """The numbers of a column; those of the layout's other columns of figures are read with the first."""
        cells, read = self._read_at_once
        if cells is not self.cells:
            cells, read = self._read_at_once = self.cells, numbers_of_columns(self.cells, self.layout.figure_columns)
        if column not in read:
            read |= numbers_of_columns(cells, [column])
        return read[column]

    def _as_shown(self, found: Extracted, binding: ColumnBinding) -> Extracted:
        """`found` as the number formats of its cells show it, with a note at the column where that changes a figure."""
        shown = shown_figures(found, self.grid, binding, self.cells["row_index"])
        if shown is None:
            return found
        if shown.changed is not None and binding.column not in self._noted_formats:
            self._noted_formats.add(binding.column)
            stored, number = shown.example
            words = {"title": binding.header, "stored": stored, "number": number, "unit": binding.unit or ""}
            code = shown.changed.code
            self.header_problem("format_scaled", binding.column, field=binding.field, value=code, **words)
        return replace(found, values=shown.values, refused=shown.refused, percents=shown.percents)

    def _read_rivals(self, columns: Sequence[int]) -> Extracted:
        """Columns of which none is to be preferred: zero where they hold nothing else, refused where they do.

        What is wrong is reported once, at the headers.
        """
        found = [self._numbers(column) for column in columns]
        row_indexes = self.cells["row_index"]
        zero = pl.any_horizontal(pl.all() == 0.0).fill_null(value=False)
        values = pl.DataFrame([one.values.alias(str(number)) for number, one in enumerate(found)])
        filled = values.select(pl.any_horizontal((pl.all() != 0.0).fill_null(value=False))).to_series()
        for one in found:
            filled = filled | one.refused_at(row_indexes)
        refused = pl.DataFrame({"row_index": row_indexes.filter(filled)}, schema={"row_index": pl.Int64})
        return Extracted(
            values.select(pl.when(zero & ~filled).then(0.0).alias("value")).to_series(),
            refused.with_columns(rule=pl.lit("header_duplicate"), value=pl.lit(None, dtype=pl.String)),
        )

    def _shared_figures(self, column: int) -> dict[int, int]:
        """First → last row of each merged cell of `column` that covers rows of several enterprises."""
        found: dict[int, int] = {}
        for top, left, bottom, _ in self.grid.merges:
            if left == column and bottom > top:
                named = pl.any_horizontal(pl.col("uscc", "name").is_not_null())
                rows = self.base.filter(pl.col("row_index").is_between(top, bottom) & named)
                if rows.select("uscc", "name").n_unique() > 1:
                    found[top] = bottom
        return found


def _without_shared(found: Extracted, row_indexes: pl.Series, shared: dict[int, int]) -> Extracted:
    """`found` without the figures of the merged cells `shared` (first row → last) over several enterprises."""
    if not shared:
        return found
    hit = row_indexes.is_in(list(shared)) & found.values.is_not_null()
    if not hit.any():
        return found
    shared_cells = pl.DataFrame({"row_index": row_indexes, "value": found.values}).filter(hit)
    refused = shared_cells.select(
        "row_index", pl.lit("merged_figure").alias("rule"), number_text(pl.col("value")).alias("value")
    )
    return replace(found, values=found.values.set(hit, None), refused=pl.concat([found.refused, refused]))
