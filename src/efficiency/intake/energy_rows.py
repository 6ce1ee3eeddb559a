"""Energy figures → raw rows in the carrier's form unit. A refused figure stays as null: it poisons the total."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.blocks import ROW_UNIT
from efficiency.intake.units import carrier_conversion
from efficiency.reference.tables import carrier_aliases, carrier_form_unit, normalise_name
from schemas.energy import TOTAL_CARRIER

if TYPE_CHECKING:
    from efficiency.intake.blocks import Block, Bound
    from efficiency.intake.rows import Table

_PAIR = {
    "carrier_stated": pl.String(),
    "unit_stated": pl.String(),
    "carrier": pl.String(),
    "unit": pl.String(),
    "numerator": pl.Float64(),
    "denominator": pl.Float64(),
    "assumed": pl.Boolean(),
}


def wide_rows(table: Table, block: Block, frame: pl.DataFrame) -> pl.DataFrame:
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


def long_rows(table: Table, block: Block, frame: pl.DataFrame) -> pl.DataFrame:
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


def _pair(carrier_text: str | None, unit_text: str | None, unit: Bound, table: Table) -> dict[str, object]:
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


def _report(table: Table, joined: pl.DataFrame, bounds: dict[str, Bound]) -> None:
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
