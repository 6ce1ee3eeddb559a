"""Rows of a table that names a carrier in each row: carriers known, figures in the unit of the carrier's form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.extraction.columns import cell_texts, numbers_of
from efficiency.intake.layout import ROW_UNIT, piece
from efficiency.intake.parsing import COAL_EQUIVALENT, carrier_conversion, conversion, find_unit
from efficiency.intake.problems import number_text
from efficiency.reference.tables import carrier_aliases, carrier_form_unit, carriers, normalise_name
from schemas.energy import COEFFICIENT_DEVIATION, TOTAL_CARRIER, TOTAL_DEVIATION

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


_COEFFICIENT = re.compile(r"折(?:算)?标(?:准)?煤?系数|折算系数")
_EQUIVALENT = re.compile(
    r"综合能耗|综合能源消费量|综合能源消耗量|折(?:合|算)?标(?:准)?煤(?:量|合计)?|能耗折标|标准煤量?"
)
"""Columns of a table with a carrier in each row that are no fields of ours: by them each row can be checked."""
_SCALES = (1.0, 10.0, 0.1, 1000.0, 0.001)
"""How many times the reference a coefficient may be that is stated in another unit (千克标准煤/千瓦时)."""
_OTHER_BASIS = (2.2, 3.5)
"""How many times the calorific value of electricity its equivalent (等价) value is, at least and at most."""
MANY, MOST = 5, 0.8
"""Rows that differ, and their share of those that are compared, from which on they are one problem."""


def check_rows_by_their_energy(table: Table, rows: pl.DataFrame) -> None:
    """Warnings at cells 综合能耗 and 折标系数 beside a consumption that do not agree with it, or with its carrier.

    `rows` are what `read_rows` gives. The columns are evidence alone: energy is computed from the consumption.
    """
    if not table.layout.long_energy or not rows.height:
        return
    found = _unread_names(table)
    coefficients = [column for column, (name, _) in found.items() if _COEFFICIENT.fullmatch(name)]
    totals = [(column, unit) for column, (name, unit) in found.items() if _EQUIVALENT.fullmatch(name)]
    if len(coefficients) > 1 or len(totals) > 1:
        return  # of which of several carriers or months they are is not known
    known = rows.filter(pl.col("block") == 0).join(
        carriers().select(pl.col("name").alias("carrier"), "kind", "tce_per_form_unit", "form_unit"), on="carrier"
    )
    if known["row_index"].is_duplicated().any():
        return
    for column in coefficients:
        stated = _beside(table, known, column).filter(pl.col("kind").is_in(["fuel", "heat"]))
        ratio = pl.col("number") / pl.col("tce_per_form_unit")
        fits = pl.any_horizontal((ratio / scale - 1).abs() <= COEFFICIENT_DEVIATION for scale in _SCALES)
        off = stated.filter((pl.col("number") > 0) & (~fits).fill_null(value=False))
        table.cell_problems(
            "coefficient_unlike", off, column, "coefficient",
            carrier=pl.col("carrier"), reference=number_text(pl.col("tce_per_form_unit")), unit=pl.col("form_unit"),
        )  # fmt: skip
    for column, unit in totals:
        factor = conversion(unit or COAL_EQUIVALENT, COAL_EQUIVALENT)
        if factor is None:
            continue
        gross = pl.col("consumption")
        net = gross - pl.col("transformed").fill_null(0.0)
        own = pl.coalesce("coefficient", "tce_per_form_unit")
        tce = pl.col("number") * factor.factor
        sums = [amount * own for amount in (gross, net, gross - pl.col("feedstock").fill_null(0.0))]
        agrees = pl.any_horizontal((tce - one).abs() <= TOTAL_DEVIATION * one.abs() for one in sums)
        agrees |= (pl.col("kind") == "electricity") & (tce / sums[0]).is_between(*_OTHER_BASIS)
        beside = _beside(table, known, column)
        off = beside.filter((~agrees).fill_null(value=False)).with_columns(sums[0].alias("sum"))
        # A column in another unit is one mistake.
        all_off = off.height >= MANY and off.height >= MOST * beside.height
        others = pl.lit(f"等 {off.height} 行" if all_off else "一行")
        table.cell_problems(
            "energy_unlike", off.head(1) if all_off else off, column, "consumption",
            carrier=pl.col("carrier"), rows=others, unit=pl.lit(unit or COAL_EQUIVALENT),
            sum=number_text((pl.col("sum") / factor.factor).round_sig_figs(6)),
        )  # fmt: skip


def _unread_names(table: Table) -> dict[int, tuple[str, str | None]]:
    """Column → name and unit in its header, of the columns that the table does not read."""
    heads = table.grid.rows(table.header.top, table.header.bottom + 1)
    found: dict[int, tuple[str, str | None]] = {}
    for column in range(table.grid.width):
        texts = [row[column] for row in heads if row[column]]
        if column not in table.layout.columns and texts:
            pieces = [piece(text) for text in texts]
            name = normalise_name(pieces[-1].name)
            found[column] = (
                name,
                next((p.unit or p.unknown_unit for p in reversed(pieces) if p.unit or p.unknown_unit), None),
            )
    return found


def _beside(table: Table, rows: pl.DataFrame, column: int) -> pl.DataFrame:
    """`rows` with `number` and `value` (as stated) of their cells in `column`, where these hold a number."""
    numbers = pl.DataFrame({"row_index": table.cells["row_index"], "number": numbers_of(table.cells, column).values})
    return (
        rows.join(numbers, on="row_index")
        .filter(pl.col("number").is_not_null())
        .with_columns(number_text(pl.col("number")).alias("value"))
    )
