"""Rows of a table that names a carrier in each row: carriers known, figures in the unit of the carrier's form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.extraction.columns import cell_texts
from efficiency.intake.layout import ROW_UNIT
from efficiency.intake.parsing import carrier_conversion, find_unit
from efficiency.intake.problems import number_text
from efficiency.reference.tables import carrier_aliases, carrier_form_unit, normalise_name
from schemas.energy import TOTAL_CARRIER

if TYPE_CHECKING:
    from efficiency.intake.extraction.table import Table
    from efficiency.intake.layout import ColumnBinding, ColumnGroup

_MISFITS = {
    ("volume", "mass"): "体积须按密度折算为重量。",
    ("mass", "volume"): "重量须按密度折算为体积。",
    ("mass", "heat"): "蒸汽等的重量须按焓值折算为热量。",
}
"""Dimension as stated and as wanted → what it takes to convert a figure."""
_PAIR = {
    "carrier_stated": pl.String(),
    "unit_stated": pl.String(),
    "carrier": pl.String(),
    "unit": pl.String(),
    "numerator": pl.Float64(),
    "denominator": pl.Float64(),
    "assumed": pl.Boolean(),
    "fault": pl.String(),
    "hint": pl.String(),
}


def long_rows(table: Table, group: ColumnGroup, frame: pl.DataFrame) -> pl.DataFrame:
    """One raw row for each source row that names a carrier and a figure; unknown carriers keep their stated name."""
    bindings = {binding.field: binding for binding in group.columns}
    read = {name: table.read(binding) for name, binding in bindings.items()}
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)
    stated = frame.with_columns(
        read["carrier"].values.alias("carrier_stated"),
        (read["unit"].values if "unit" in read else nothing).alias("unit_stated"),
        *(read[name].values.alias(name) for name in (*ROW_UNIT, "coefficient") if name in read),
    )
    figures = [name for name in ROW_UNIT if name in read]
    refused = pl.Series([False], dtype=pl.Boolean).new_from_index(0, frame.height)
    for name in figures:
        refused = refused | read[name].refused_at(frame["row_index"])
    if "transformed" in read and "consumption" in read:
        # A boiler house that sells all its heat states what it made and leaves 消费量 blank: none was consumed.
        made_only = pl.col("consumption").is_null() & (pl.col("transformed") > 0) & ~refused
        stated = stated.with_columns(pl.when(made_only).then(0.0).otherwise("consumption").alias("consumption"))
    # A list of carriers and coefficients alone has no figures.
    stated = stated.filter(pl.any_horizontal(*(pl.col(name).is_not_null() for name in figures), refused))
    pairs = stated.select("carrier_stated", "unit_stated").unique(maintain_order=True)
    known = pl.DataFrame(
        [_pair(carrier, unit, bindings, table) for carrier, unit in pairs.iter_rows()],
        schema=_PAIR,
        orient="row",
    )
    joined = stated.join(
        known, on=["carrier_stated", "unit_stated"], how="left", nulls_equal=True, maintain_order="left"
    )
    _report(table, joined, bindings)
    if group.only:
        joined = _of_its_carriers(table, joined, group.only, bindings)
    joined = joined.with_columns(
        (pl.col(name) * pl.col("numerator") / pl.col("denominator")).alias(name) for name in figures
    )
    for name in figures:
        if bindings[name].unit_column is not None:
            joined = _in_unit_of_its_own(table, joined, bindings, name)
    return joined.drop("carrier_stated", "unit_stated", "numerator", "denominator", "assumed", "fault", "hint")


def _in_unit_of_its_own(
    table: Table, joined: pl.DataFrame, bindings: dict[str, ColumnBinding], name: str
) -> pl.DataFrame:
    """`joined` with the figures `name`, whose unit is stated in a column of their own, converted from that unit.

    A figure whose unit does not fit is refused, at its cell.
    """
    column = bindings[name].unit_column
    assert column is not None
    texts = pl.DataFrame(
        {
            "row_index": table.cells["row_index"],
            "own_unit": cell_texts(table.cells.select(number=f"n{column}", text=f"t{column}")),
        }
    )
    stated = joined.join(texts, on="row_index", how="left", maintain_order="left")
    pairs = stated.select("carrier_stated", "own_unit", "unit_stated").unique(maintain_order=True)
    ratios = [
        (carrier, own, row, _pair(carrier, own or row, bindings, table)) for carrier, own, row in pairs.iter_rows()
    ]
    known = pl.DataFrame(
        [
            (c, own, row, pair.get("numerator"), pair.get("denominator"), pair.get("hint"))
            for c, own, row, pair in ratios
        ],
        schema={"carrier_stated": pl.String, "own_unit": pl.String, "unit_stated": pl.String,
                "own_numerator": pl.Float64, "own_denominator": pl.Float64, "own_hint": pl.String},
        orient="row",
    )  # fmt: skip
    keys = ["carrier_stated", "own_unit", "unit_stated"]
    converted = stated.join(known, on=keys, how="left", nulls_equal=True, maintain_order="left")
    canonical = pl.col(name) * pl.col("denominator") / pl.col("numerator")
    own = canonical * pl.col("own_numerator") / pl.col("own_denominator")
    misfit = converted.filter(
        pl.col(name).is_not_null() & pl.col("own_unit").is_not_null() & pl.col("own_numerator").is_null()
        & pl.col("numerator").is_not_null()
    )  # fmt: skip
    table.cell_problems(
        "unit_unknown",
        misfit.select("row_index", "carrier", pl.col("own_unit").alias("value"), pl.col("own_hint").alias("hint")),
        column,
        "unit",
        title=pl.col("carrier"),
        expected=pl.lit("与该能源品种相符的单位"),
        hint=pl.col("hint").fill_null(""),
    )
    return converted.with_columns(own.alias(name)).select(joined.columns)


def _of_its_carriers(
    table: Table, joined: pl.DataFrame, only: frozenset[str], bindings: dict[str, ColumnBinding]
) -> pl.DataFrame:
    """`joined` without the consumption of rows of other carriers than the column is called after, and their problems.

    Without it the enterprise's energy is unknown, not smaller. A zero there states nothing.
    """
    known = pl.col("carrier").is_in([*carrier_form_unit(), TOTAL_CARRIER])
    other = (known & ~pl.col("carrier").is_in(list(only))).fill_null(value=False)
    joined = joined.filter(~(other & (pl.col("consumption") == 0).fill_null(value=False)))
    other &= pl.col("consumption").is_not_null()
    misplaced = joined.filter(other).select(
        "row_index", number_text(pl.col("consumption")).alias("value"), pl.col("carrier_stated").alias("carrier")
    )
    binding = bindings["consumption"]
    table.cell_problems(
        "carrier_mismatch", misplaced, binding.column, "consumption",
        title=pl.lit(binding.header), carrier=pl.col("carrier"),
    )  # fmt: skip
    return joined.with_columns(pl.when(~other).then(pl.col("consumption")).alias("consumption"))


def _pair(
    carrier_text: str | None, unit_text: str | None, bindings: dict[str, ColumnBinding], table: Table
) -> dict[str, object]:
    """Carrier, unit and ratio for a carrier and a unit as stated; no ratio where they do not fit each other."""
    row: dict[str, object] = {"carrier_stated": carrier_text, "unit_stated": unit_text}
    carrier = carrier_aliases().get(normalise_name(carrier_text)) if carrier_text else None
    if carrier is None:
        return {**row, "carrier": carrier_text, "unit": unit_text}
    form_unit = carrier_form_unit()[carrier]
    fitting = table.context.units.fitting(form_unit)
    of_headers = [bindings[name].unit for name in ("unit", "consumption") if name in bindings]
    stated = unit_text or next(filter(None, of_headers), None) or (fitting[0] if len(fitting) == 1 else None)
    conversion = carrier_conversion(stated or form_unit, carrier)
    if conversion is None:
        fault = "unit_mismatch" if stated and find_unit(stated) else "unit_unknown"
        hint = misfit_hint(stated or "", form_unit)
        return {**row, "carrier": carrier, "unit": stated, "fault": fault, "hint": hint}
    return {
        **row,
        "carrier": carrier,
        "unit": conversion.unit,
        "numerator": conversion.numerator,
        "denominator": conversion.denominator,
        "assumed": stated is None,
    }


def misfit_hint(stated: str, target: str) -> str:
    """How figures in the unit `stated` come to be in `target`, in Chinese, where that takes a figure of one's own."""
    unit, aim = find_unit(stated), find_unit(target)
    if unit is None or aim is None:
        return ""
    return _MISFITS.get((unit.dimension, aim.dimension), "")


def _report(table: Table, joined: pl.DataFrame, bindings: dict[str, ColumnBinding]) -> None:
    """Problems of carriers and units that are unknown, or do not fit each other."""
    known = pl.col("carrier").is_in([*carrier_form_unit(), TOTAL_CARRIER])
    unknown = joined.filter(~known.fill_null(value=False)).select("row_index", pl.col("carrier_stated").alias("value"))
    table.cell_problems("carrier_unknown", unknown, bindings["carrier"].column, "carrier")
    for rule in ("unit_mismatch", "unit_unknown"):
        misfit = joined.filter(pl.col("fault") == rule).select(
            "row_index",
            "carrier",
            "hint",
            pl.col("unit_stated").alias("value"),
            pl.col("carrier").replace_strict(carrier_form_unit(), default=None).alias("form_unit"),
        )
        table.cell_problems(
            rule,
            misfit,
            (bindings.get("unit") or bindings["carrier"]).column,
            "unit",
            title=pl.col("carrier"),
            expected=pl.lit("与该能源品种相符的单位(") + pl.col("form_unit") + pl.lit("等)"),
            hint=pl.col("hint"),
        )
    assumed = joined.filter(pl.col("assumed")).select(
        "row_index", pl.lit(None, dtype=pl.String).alias("value"), pl.col("unit").alias("assumed_unit")
    )
    table.cell_problems(
        "unit_assumed",
        assumed,
        (bindings.get("unit") or bindings["carrier"]).column,
        "unit",
        unit=pl.col("assumed_unit"),
    )
