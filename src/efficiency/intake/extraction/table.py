"""TODO doc."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.extraction.columns import Extracted, extract
from efficiency.intake.parsing import TENTH_DOUBT
from efficiency.intake.problems import number_text, problem, problem_rows
from schemas import FORMS

if TYPE_CHECKING:
    from efficiency.intake.formats import Grid
    from efficiency.intake.layout import ColumnBinding, Header, TableContext, TableLayout


@dataclass
class Table:
    """A table while it is read as one form: where it stands, what it is, and what is found wrong with it."""

    grid: Grid
    header: Header
    plan: TableLayout
    around: TableContext
    submission_id: str
    file_name: str
    cells: pl.DataFrame
    """`place` (row of the grid) and cells (as `Grid.frame`) of the rows that are data."""
    found: list[dict[str, object]] = field(default_factory=list)
    """Problems of the table and its headers."""
    problems: list[pl.DataFrame] = field(default_factory=list)
    """Problems of cells."""
    cut: int | None = None
    """The row from which on the table's rows may be of another time."""
    base: pl.DataFrame = field(default_factory=pl.DataFrame)
    """`place`, `row`, `uscc`, `name` of each data row."""

    def header_problem(self, rule: str, column: int, **words: str) -> None:
        """A problem of the column's header."""
        row = self.grid.row_number(self.header.top)
        cell = f"{self.grid.letters(column)}{row}"
        self.table_problem(rule, cell=cell, row=row, **words)

    def table_problem(self, rule: str, *, cell: str | None = None, row: int | None = None, **words: str) -> None:
        """A problem of the table as a whole, or of one of its header cells."""
        self.found.append(
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
        """One problem for each row of `cells` (`place`, `value`), all of one column."""
        if cells.height:
            located = cells.join(self.base, on="place", how="left", maintain_order="left").with_columns(
                pl.lit(self.submission_id).alias("submission_id"),
                pl.lit(self.file_name).alias("file_name"),
                pl.lit(self.grid.sheet).alias("sheet"),
                pl.lit(field_).alias("field"),
                (pl.lit(self.grid.letters(column)) + pl.col("row").cast(pl.String)).alias("cell"),
            )
            self.problems.append(problem_rows(rule, located, words))

    def refuse(self, found: Extracted, bound: ColumnBinding, **words: pl.Expr) -> None:
        """One problem for each refused cell of a column."""
        for rule in found.refused["rule"].unique(maintain_order=True) if found.refused.height else ():
            self.cell_problems(rule, found.refused.filter(pl.col("rule") == rule), bound.column, bound.field, **words)

    def read(self, bound: ColumnBinding) -> Extracted:
        """The cells of a column; the refused ones become problems. A column of one carrier is called by its header."""
        declared = FORMS[self.plan.form].column(bound.field)
        found = extract(self.cells, bound.column, declared, self.grid.marked)
        shared = self._shared_figures(bound.column) if declared.kind == "number" else {}
        found = _without_shared(found, self.cells["place"], shared)
        if not found.refused.height and found.percents is None:
            return found
        words = {"expected": pl.lit("是或否" if declared.kind == "flag" else "、".join(declared.choices))}
        if declared.kind == "date":
            half_written = pl.col("value").str.contains(r"^\d{4}\.1$")
            words["hint"] = pl.when(half_written).then(pl.format(TENTH_DOUBT, "value")).otherwise(pl.lit(""))
        if bound.conversion is not None and self.plan.form == "energy":
            words["title"] = pl.lit(bound.header)
        if shared:
            last = pl.col("place").replace_strict(shared, default=None) + (self.grid.first_row + 1)
            words["last"] = last.cast(pl.String)
        self.refuse(found, bound, **words)
        if found.percents is not None:
            words["number"] = pl.col("number")
            self.cell_problems("percent_in_amount", found.percents, bound.column, bound.field, **words)
        return found

    def _shared_figures(self, column: int) -> dict[int, int]:
        """First → last row of each merged cell of `column` that covers rows of several enterprises."""
        found: dict[int, int] = {}
        for top, left, bottom, _ in self.grid.merges:
            if left == column and bottom > top:
                named = pl.any_horizontal(pl.col("uscc", "name").is_not_null())
                rows = self.base.filter(pl.col("place").is_between(top, bottom) & named)
                if rows.select("uscc", "name").n_unique() > 1:
                    found[top] = bottom
        return found


def _without_shared(found: Extracted, places: pl.Series, shared: dict[int, int]) -> Extracted:
    """`found` without the figures of the merged cells `shared` (first row → last) over several enterprises."""
    if not shared:
        return found
    hit = places.is_in(list(shared)) & found.values.is_not_null()
    if not hit.any():
        return found
    told = pl.DataFrame({"place": places, "value": found.values}).filter(hit)
    refused = told.select("place", pl.lit("merged_figure").alias("rule"), number_text(pl.col("value")).alias("value"))
    return replace(found, values=found.values.set(hit, None), refused=pl.concat([found.refused, refused]))
