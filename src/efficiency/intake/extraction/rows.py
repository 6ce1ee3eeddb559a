"""A recognised table → raw rows (one for each row and block that states something), column map and problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.extraction.columns import Extracted, extract, filled_down
from efficiency.intake.extraction.row_periods import row_timings
from efficiency.intake.extraction.table import Table
from efficiency.intake.layout import ROW_UNIT, named_within
from efficiency.intake.parsing import carrier_conversion
from efficiency.reference.tables import carrier_aliases, carrier_form_unit, normalise_name
from schemas import COLUMN_MAP, FORMS, STATED
from schemas.energy import TOTAL_CARRIER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efficiency.intake.extraction.row_periods import RowTimings
    from efficiency.intake.layout import ColumnBinding, ColumnGroup


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


def period_problems(table: Table, spans: pl.DataFrame, block: ColumnGroup, timings: RowTimings) -> None:
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


def _block_rows(table: Table, block: ColumnGroup, base: pl.DataFrame, timings: RowTimings | None) -> pl.DataFrame:
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


def _plain_rows(table: Table, columns: Sequence[ColumnBinding], frame: pl.DataFrame) -> pl.DataFrame:
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
    since = FORMS[table.plan.form].in_force_from
    if since and table.around.as_of and not any(bound.field == since for bound in columns):
        stated.append(pl.lit(table.around.as_of).alias(since))
    return rows.with_columns(*converted, *stated)


_PAIR = {
    "carrier_stated": pl.String(),
    "unit_stated": pl.String(),
    "carrier": pl.String(),
    "unit": pl.String(),
    "numerator": pl.Float64(),
    "denominator": pl.Float64(),
    "assumed": pl.Boolean(),
}


def wide_rows(table: Table, block: ColumnGroup, frame: pl.DataFrame) -> pl.DataFrame:
    """One raw row for each source row whose cell in the carrier's column is not blank."""
    bound = block.columns[0]
    found = table.read(bound)
    refused = found.refused_at(frame["place"])
    conversion = bound.conversion
    value = pl.col("consumption")
    return (
        frame.with_columns(
            found.values.alias("consumption"), pl.lit(block.carrier).alias("carrier"), pl.lit(bound.unit).alias("unit")
        )
        .filter(value.is_not_null() | refused)
        .with_columns(conversion.apply(value) if conversion else pl.lit(None, dtype=pl.Float64).alias("consumption"))
    )


def long_rows(table: Table, block: ColumnGroup, frame: pl.DataFrame) -> pl.DataFrame:
    """One raw row for each source row that names a carrier and a figure; unknown carriers keep their stated name."""
    bounds = {bound.field: bound for bound in block.columns}
    read = {name: table.read(bound) for name, bound in bounds.items()}
    stated = frame.with_columns(
        read["carrier"].values.alias("carrier_stated"),
        read["unit"].values.alias("unit_stated"),
        *(read[name].values.alias(name) for name in (*ROW_UNIT, "coefficient") if name in read),
    )
    figures = [name for name in (*ROW_UNIT, "coefficient") if name in read and name != "coefficient"]
    refused = pl.Series([False], dtype=pl.Boolean).new_from_index(0, frame.height)
    for name in figures:
        refused = refused | read[name].refused_at(frame["place"])
    if "transformed" in read:
        # A boiler house that sells all its heat states what it made and leaves 消费量 blank: none was consumed.
        made_only = pl.col("consumption").is_null() & (pl.col("transformed") > 0) & ~refused
        stated = stated.with_columns(pl.when(made_only).then(0.0).otherwise("consumption").alias("consumption"))
    stated = stated.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in figures) | refused)
    pairs = stated.select("carrier_stated", "unit_stated").unique(maintain_order=True)
    known = pl.DataFrame(
        [_pair(carrier, unit, bounds["unit"], table) for carrier, unit in pairs.iter_rows()], schema=_PAIR, orient="row"
    )
    joined = stated.join(
        known, on=["carrier_stated", "unit_stated"], how="left", nulls_equal=True, maintain_order="left"
    )
    _report(table, joined, bounds)
    return joined.with_columns(
        (pl.col(name) * pl.col("numerator") / pl.col("denominator")).alias(name) for name in figures
    ).drop("carrier_stated", "unit_stated", "numerator", "denominator", "assumed")


def _pair(carrier_text: str | None, unit_text: str | None, unit: ColumnBinding, table: Table) -> dict[str, object]:
    """What a carrier and a unit as stated stand for; no ratio where they do not go together."""
    row: dict[str, object] = {"carrier_stated": carrier_text, "unit_stated": unit_text}
    carrier = carrier_aliases().get(normalise_name(carrier_text)) if carrier_text else None
    if carrier is None:
        return {**row, "carrier": carrier_text, "unit": unit_text}
    form_unit = carrier_form_unit()[carrier]
    fitting = table.around.units.fitting(form_unit)
    stated = unit_text or unit.unit or (fitting[0] if len(fitting) == 1 else None)
    conversion = carrier_conversion(stated or form_unit, carrier)
    if conversion is None:
        return {**row, "carrier": carrier, "unit": stated}
    return {
        **row,
        "carrier": carrier,
        "unit": conversion.unit,
        "numerator": conversion.numerator,
        "denominator": conversion.denominator,
        "assumed": stated is None,
    }


def _report(table: Table, joined: pl.DataFrame, bounds: dict[str, ColumnBinding]) -> None:
    """Problems of carriers and units that are not known, or do not go together."""
    known = pl.col("carrier").is_in([*carrier_form_unit(), TOTAL_CARRIER])
    unknown = joined.filter(~known.fill_null(value=False)).select("place", pl.col("carrier_stated").alias("value"))
    table.cell_problems("carrier_unknown", unknown, bounds["carrier"].column, "carrier")
    misfit = joined.filter(known & pl.col("numerator").is_null())
    expected = pl.lit("与该能源品种相符的单位(") + pl.col("form_unit") + pl.lit("等)")
    table.cell_problems(
        "unit_unknown",
        misfit.select(
            "place",
            pl.col("unit_stated").alias("value"),
            pl.col("carrier").replace_strict(carrier_form_unit(), default=None).alias("form_unit"),
        ),
        bounds["unit"].column,
        "unit",
        expected=expected,
    )
    assumed = joined.filter(pl.col("assumed")).select(
        "place", pl.lit(None, dtype=pl.String).alias("value"), pl.col("unit").alias("assumed_unit")
    )
    table.cell_problems("unit_assumed", assumed, bounds["unit"].column, "unit", unit=pl.col("assumed_unit"))
