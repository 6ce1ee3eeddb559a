"""A recognised table → raw rows (one for each row and block that states something), column map and problems."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.energy_rows import long_rows, wide_rows
from efficiency.intake.extract import Extracted, extract, filled_down
from efficiency.intake.named_above import named_within
from efficiency.intake.periods import TENTH_DOUBT
from efficiency.intake.problems import number_text, problem, problem_rows
from efficiency.intake.spans import row_timings
from efficiency.reference.tables import carrier_form_unit
from schemas import COLUMN_MAP, FORMS, STATED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efficiency.intake.blocks import Block, Bound, Plan
    from efficiency.intake.grid import Grid
    from efficiency.intake.layout import Header
    from efficiency.intake.spans import RowTimings
    from efficiency.intake.surroundings import Surroundings


@dataclass
class Table:
    """A table while it is read as one form: where it stands, what it is, and what is found wrong with it."""

    grid: Grid
    header: Header
    plan: Plan
    around: Surroundings
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

    def refuse(self, found: Extracted, bound: Bound, **words: pl.Expr) -> None:
        """One problem for each refused cell of a column."""
        for rule in found.refused["rule"].unique(maintain_order=True) if found.refused.height else ():
            self.cell_problems(rule, found.refused.filter(pl.col("rule") == rule), bound.column, bound.field, **words)

    def read(self, bound: Bound) -> Extracted:
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


def read_rows(table: Table) -> pl.DataFrame:
    """The table's raw rows: `place` and the shape of schemas.STATED; problems are left in the table."""
    plan = table.plan
    for column in (*(bound.column for bound in plan.identity), *plan.periods.values()):
        table.cells = filled_down(table.cells, table.grid, column)
    _identify(table)
    assumed: set[tuple[str, str | None]] = set()
    for carrier, bound in ((block.carrier, bound) for block in plan.blocks for bound in block.columns):
        title = FORMS[plan.form].column(bound.field).title
        if bound.unknown_unit is not None:
            target = carrier_form_unit()[carrier] if carrier else FORMS[plan.form].column(bound.field).unit
            table.header_problem(
                "unit_unknown",
                bound.column,
                field=bound.field,
                title=bound.header,
                value=bound.unknown_unit,
                expected=f"{target}或可换算为它的单位",
            )
        # One of twelve months stands for all.
        elif bound.assumed and (bound.field, carrier) not in assumed:
            assumed.add((bound.field, carrier))
            words = {"title": bound.header} if plan.form == "energy" else {"title": title}
            table.header_problem("unit_assumed", bound.column, field=bound.field, unit=bound.unit or "", **words)
    timings = None
    if FORMS[plan.form].flow:
        timings = row_timings(table.cells, plan, table.around, typed=table.grid.typed)
    base = table.base.with_columns(
        pl.lit(table.submission_id).alias("submission_id"), pl.lit(table.grid.sheet).alias("sheet")
    )
    parts = [part for block in plan.blocks if (part := _block_rows(table, block, base, timings)).height]
    stated = STATED[plan.form]
    if not parts:
        return stated.empty().insert_column(0, pl.Series("place", [], dtype=pl.Int64))
    places = [part.drop_in_place("place") for part in parts]
    shaped = [stated.conform(part).insert_column(0, place) for part, place in zip(parts, places, strict=True)]
    return pl.concat(shaped).sort("place", "block", maintain_order=True) if len(shaped) > 1 else shaped[0]


def column_map(table: Table) -> pl.DataFrame:
    """Where each field of each block stands, in the shape of COLUMN_MAP."""
    rows: list[dict[str, object]] = []
    for block in table.plan.blocks:
        for bound in (*table.plan.identity, *block.columns):
            rows.append(
                {
                    "submission_id": table.submission_id,
                    "block": block.index,
                    "field": bound.field,
                    "column": table.grid.letters(bound.column),
                    "header": bound.header,
                    "unit": bound.unit,
                    "factor": bound.conversion.factor if bound.conversion else None,
                    "unit_assumed": bound.assumed,
                }
            )
            if block.carrier is not None and bound.field == "consumption":
                rows.append({**rows[-1], "field": "carrier", "unit": None, "factor": None, "unit_assumed": False})
    return pl.DataFrame(rows, schema=COLUMN_MAP.polars_schema, orient="row")


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


def period_problems(table: Table, spans: pl.DataFrame, block: Block, timings: RowTimings) -> None:
    """`period_unknown` for the table, for the block's columns, or for the rows whose period cells say too little."""
    if not spans["span_start"].null_count():
        return
    unknown = spans["span_start"].is_null()
    if table.plan.periods:
        if block.index == 0:
            stated, doubts = (
                pl.Series(said, dtype=pl.String).gather(timings.index)
                for said in ([text or None for text in timings.stated], [timing.doubt for timing in timings.timings])
            )
            cells = pl.DataFrame({"place": table.cells["place"], "value": stated, "hint": doubts}).filter(unknown)
            column = next(iter(table.plan.periods.values()))
            table.cell_problems("period_unknown", cells, column, "span_end", hint=pl.col("hint"))
        return
    doubt = block.timed(table.around.timing).doubt
    if block.timing is not None and len(table.plan.blocks) > 1:
        header = block.columns[0]
        table.header_problem("period_unknown", header.column, field="span_end", value=header.header, hint=doubt)
    elif block.index == 0:
        value = " ".join(table.around.titles)[:80] or table.grid.sheet or table.file_name
        table.table_problem("period_unknown", field="span_end", value=value, hint=doubt)


def _identify(table: Table) -> None:
    """Fills `table.base`; refused codes and names become problems once the rows are known by what is left."""
    read: dict[str, Extracted] = {
        bound.field: extract(table.cells, bound.column, FORMS[table.plan.form].column(bound.field), table.grid.marked)
        for bound in table.plan.identity
    }
    places = table.cells["place"]
    nobody = pl.Series([None], dtype=pl.String).new_from_index(0, len(places))
    who = {key: read[key].values if key in read else nobody for key in ("uscc", "name")} if read else _one_each(table)
    table.base = pl.DataFrame({"place": places, "row": places + (table.grid.first_row + 1), **who})
    for bound in table.plan.identity:
        table.refuse(read[bound.field], bound)


def _one_each(table: Table) -> dict[str, pl.Series]:
    """Code and name of each row of a table about one enterprise, or about one after another."""
    places, around = table.cells["place"], table.around
    bottom = table.header.bottom
    named = [(bottom, around.uscc, around.name)]
    if len(places):
        named += named_within(table.grid, bottom + 1, int(places[-1]))
    lines = pl.DataFrame(named, schema={"place": pl.Int64, "uscc": pl.String, "name": pl.String}, orient="row")
    rows = pl.DataFrame({"place": places}).join_asof(lines, on="place")
    return {key: rows[key] for key in ("uscc", "name")}


def _block_rows(table: Table, block: Block, base: pl.DataFrame, timings: RowTimings | None) -> pl.DataFrame:
    """The raw rows of one block, with `place`; rows that state nothing, or whose span is unknown, are left out."""
    frame = base.with_columns(pl.lit(block.index, dtype=pl.Int64).alias("block"))
    if timings is not None:
        spans = timings.spans(block)
        period_problems(table, spans, block, timings)
        frame = frame.hstack(spans)
    if table.plan.long_energy:
        frame = long_rows(table, block, frame)
    elif block.carrier is not None:
        frame = wide_rows(table, block, frame)
    else:
        frame = _plain_rows(table, block.columns, frame)
    if timings is not None and frame["span_start"].null_count():
        return frame.filter(pl.col("span_start").is_not_null())
    return frame


def _plain_rows(table: Table, columns: Sequence[Bound], frame: pl.DataFrame) -> pl.DataFrame:
    """One raw row for each source row with a value in any of `columns`."""
    usable = [bound for bound in columns if bound.unknown_unit is None]
    values = [table.read(bound).values.alias(bound.field) for bound in usable]
    converted = [
        bound.conversion.apply(pl.col(bound.field)).alias(bound.field)
        for bound in usable
        if bound.conversion and bound.conversion.factor != 1
    ]
    stated = [
        pl.lit(bound.unit).alias("unit")
        for bound in usable
        if bound.field == "quantity" and bound.unit and not any(other.field == "unit" for other in columns)
    ]
    # A date or a unit alone states nothing.
    telling = [pl.col(bound.field).is_not_null() for bound in usable if bound.field not in ("as_of", "unit")]
    rows = frame.hstack(values)
    if not any(rows[bound.field].null_count() == 0 for bound in usable if bound.field not in ("as_of", "unit")):
        rows = rows.filter(pl.any_horizontal(telling) if telling else pl.lit(value=False))
    if table.plan.form == "land" and table.around.as_of and not any(bound.field == "as_of" for bound in columns):
        stated.append(pl.lit(table.around.as_of).alias("as_of"))
    return rows.with_columns(*converted, *stated)
