"""Figures as their number format shows them: divided by a power of ten, in the unit that the format names.

The value of a cell is the stored number at full precision; a format that scales it or names a unit says what it means.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.parsing import conversion, find_unit, looks_like_unit
from efficiency.intake.problems import number_text, written_number

if TYPE_CHECKING:
    from efficiency.intake.extraction.columns import Extracted
    from efficiency.intake.formats import Grid, NumberFormat
    from efficiency.intake.layout import ColumnBinding

YUAN, MONEY_SIGNS = "元", "¥￥"
"""The sign of money says which currency a figure is in; 万 or 元 only where nothing else says it."""


@dataclass(frozen=True)
class Shown:
    """What a column's formats make of its figures."""

    values: pl.Series
    """In the unit of the column's binding."""
    refused: pl.DataFrame
    """As `Extracted.refused`: figures in a unit that is not known or does not fit; `value` is that unit."""
    percents: pl.DataFrame | None
    """As `Extracted.percents`: figures shown in per cent."""
    changed: NumberFormat | None = None
    """The first format by which a figure means something else than the number that is stored."""
    example: tuple[str, str] = ("", "")
    """A figure as stored, and as it counts, in the unit of the binding."""


def as_shown(grid: Grid) -> Grid:
    """`grid` with its figures divided by the power of ten by which their formats show them."""
    powers = [one.power for one in grid.number_formats]
    if not any(powers):
        return grid
    numbers = list(grid.numbers)
    for column, places in grid.formats.items():
        divisors = pl.Series([10.0**power for power in powers]).gather(places.fill_null(0))
        scaled = places.is_not_null() & (divisors != 1)
        if scaled.any():
            frame = pl.DataFrame({"value": numbers[column], "divisor": divisors, "scaled": scaled})
            value = pl.when("scaled").then(pl.col("value") / pl.col("divisor")).otherwise("value")
            numbers[column] = frame.select(value).to_series()
    return replace(grid, numbers=numbers)


def names_its_unit(grid: Grid, binding: ColumnBinding, rows: pl.Series) -> bool:
    """Whether the formats of all figures of a column in these rows name a unit that fits it."""
    places = _places(grid, binding.column, rows)
    if places is None or binding.conversion is None:
        return False
    numbers = grid.numbers[binding.column].gather(rows)
    fitting = [place for place, shown in enumerate(grid.number_formats) if _unit_of(shown, binding)]
    return bool((places.is_in(fitting).fill_null(value=False) | numbers.is_null()).all()) and len(fitting) > 0


def shown_figures(found: Extracted, grid: Grid, binding: ColumnBinding, rows: pl.Series) -> Shown | None:
    """The figures `found` in a column at `rows` of a grid that is `as_shown`; None where no format changes them."""
    places = _places(grid, binding.column, rows)
    if places is None or places.null_count() == len(places):
        return None
    values = found.values
    refused: list[pl.DataFrame] = []
    percents: list[pl.DataFrame] = []
    changed: NumberFormat | None = None
    example = ("", "")
    for place in places.unique(maintain_order=True).drop_nulls():
        shown = grid.number_formats[place]
        here = (places == place).fill_null(value=False) & values.is_not_null()
        if not here.any():
            continue
        stated = values.filter(here)
        cells = pl.DataFrame({"row_index": rows.filter(here), "number": stated})
        if shown.percent:
            percents.append(
                cells.select("row_index", (number_text(pl.col("number") * 100) + "%").alias("value"), "number")
            )
        unit = _unit_of(shown, binding)
        rule = _fault_of(shown, binding) if unit is None else None
        if rule is not None:
            refused.append(cells.select("row_index", rule=pl.lit(rule), value=pl.lit(shown.unit)))
            values = values.set(here, None)
            continue
        into = conversion(unit, binding.conversion.unit) if unit and binding.conversion else None
        if into is not None and into.factor != 1:
            converted = pl.DataFrame({"value": values}).select(into.apply(pl.col("value"))).to_series()
            values = converted.zip_with(here, values)
        if changed is None and (shown.power or (into is not None and (into.factor != 1 or binding.assumed))):
            first = here.arg_true()[0]
            changed = shown
            example = (written_number(stated[0] * 10.0**shown.power), written_number(values[int(first)]))
    return Shown(
        values,
        pl.concat([found.refused, *refused]),
        pl.concat([frame for frame in (found.percents, *percents) if frame is not None]) if percents else None,
        changed,
        example,
    )


def _places(grid: Grid, column: int, rows: pl.Series) -> pl.Series | None:
    """The places in `grid.number_formats` of the formats of a column's figures at `rows`."""
    places = grid.formats.get(column)
    return None if places is None else places.gather(rows)


def _unit_of(shown: NumberFormat, binding: ColumnBinding) -> str | None:
    """The unit that a format names for a figure of the column; None where it names none that fits.

    A sign of money says 元 only where no unit is stated.
    """
    if binding.conversion is None:
        return None
    unit = shown.unit
    if unit in MONEY_SIGNS and unit:
        unit = YUAN if binding.assumed else ""
    return unit if unit and find_unit(unit) and conversion(unit, binding.conversion.unit) else None


def _fault_of(shown: NumberFormat, binding: ColumnBinding) -> str | None:
    """The rule that a format's unit breaks: one of another kind, or one that is not known; None where it is no unit."""
    if binding.conversion is None or not shown.unit or shown.unit in MONEY_SIGNS:
        return None
    if find_unit(shown.unit):
        return "unit_mismatch"
    return "unit_unknown" if looks_like_unit(shown.unit) or shown.unit in "$€£" else None
