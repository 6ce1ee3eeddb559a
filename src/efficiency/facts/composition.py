"""What one enterprise's window totals are made of: the stated figures that count, each with its sign.

The same rules as `window_totals` and `energy_totals`, for one enterprise and without summing: the signed sum of what is
returned is the total that those give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.facts.energy import EnergyBasis, convert, filled_spans, whole_spans
from efficiency.facts.windows import NODES, Window, edges, used_spans, with_nodes
from efficiency.parts import has_parts, sum_of_parts
from schemas.energy import TOTAL_CARRIER

if TYPE_CHECKING:
    from efficiency.facts.windows import Edges

Span = tuple[int, int]
_SIGNS = {"start": pl.Int16, "end": pl.Int16, "sign": pl.Int64}


def flow_composition(rows: pl.DataFrame, measure: str, window: Window) -> pl.DataFrame | None:
    """The rows whose `measure` makes up the window's total, with `sign`; None where they do not determine it.

    `rows`: one enterprise's of facts.output, only those that count. Σ sign × measure is the total.
    """
    placed = with_nodes(rows.filter(pl.col(measure).is_not_null()), window)
    used = used_spans(_spans(placed), window)
    return None if used is None else placed.join(_signs(used), on=["start", "end"])


def electricity_composition(rows: pl.DataFrame, basis: EnergyBasis, window: Window) -> pl.DataFrame | None:
    """Like `energy_composition`, for electricity: Σ sign × consumption is the total, in 万千瓦时."""
    named = with_nodes(convert(rows, basis), window).filter(pl.col("carrier") != TOTAL_CARRIER)
    electric = named.filter(pl.col("kind") == "electricity")
    if electric.is_empty():
        # Whoever names carriers for the whole window, none of them electric, used none.
        return (
            None
            if used_spans(_spans(named), window) is None
            else electric.with_columns(pl.lit(None, dtype=pl.Int64).alias("sign"), pl.lit(value=True).alias("stated"))
        )
    return _carriers(electric, _zeros(named), window, "consumption")


def energy_composition(rows: pl.DataFrame, basis: EnergyBasis, window: Window) -> pl.DataFrame | None:
    """The rows that make up the window's energy, with `sign` and how each became 吨标准煤 (see `convert`).

    `rows`: one enterprise's of facts.energy, only those that count. Σ sign × tce is the total; None where it is not
    determined. `stated` is false for a carrier that a span does not name and that counts zero there.
    """
    placed = with_nodes(convert(rows, basis), window)
    is_total = pl.col("carrier") == TOTAL_CARRIER
    named, direct = placed.filter(~is_total), placed.filter(is_total)
    by_carrier = _carriers(named, _zeros(named), window, "tce") if named.height else None
    if by_carrier is not None or direct.is_empty():
        return by_carrier
    entity = pl.lit(0, dtype=pl.UInt32).alias("entity")
    _, whole = whole_spans(_added_up(named, "tce").with_columns(entity), _added_up(direct, "tce").with_columns(entity))
    used = used_spans(_known(whole), window)
    if used is None:
        return None
    reported = _spans(named)
    signs = _signs(used)
    spans = pl.DataFrame(sorted(reported), schema={"start": pl.Int16, "end": pl.Int16}, orient="row")
    others = direct.join(spans, on=["start", "end"], how="anti")
    return (
        pl.concat([named, others])
        .join(signs, on=["start", "end"])
        .filter(pl.col("tce").is_not_null())
        .with_columns(pl.lit(value=True).alias("stated"))
    )


def _carriers(named: pl.DataFrame, reported: Edges, window: Window, value: str) -> pl.DataFrame | None:
    """The rows that make up each carrier's total; None where one is not determined."""
    parts = []
    for carrier, rows in sorted(named.partition_by("carrier", as_dict=True).items()):
        added_up = _added_up(rows, value)
        used = used_spans(_spans(added_up.filter(pl.col(value).is_not_null())), window)
        if used is None:
            entity = added_up.select(pl.lit(0, dtype=pl.UInt32).alias("entity"), "start", "end", value)
            used = used_spans(_known(filled_spans(entity, reported, value, 1)), window)
        if used is None:
            return None
        signs = _signs(used)
        stated = signs.join(rows, on=["start", "end"], how="left", maintain_order="left")
        unnamed = pl.col("carrier").is_null()
        last = _month("end", window).dt.offset_by("-1mo")
        parts.append(
            stated.with_columns(
                pl.lit(carrier[0]).alias("carrier"),
                pl.when(unnamed).then(0.0).otherwise(value).alias(value),
                pl.when(unnamed).then(_month("start", window)).otherwise("span_start").alias("span_start"),
                pl.when(unnamed).then(last).otherwise("span_end").alias("span_end"),
                (~unnamed).alias("stated"),
            ).select(*rows.columns, "sign", "stated")
        )
    return pl.concat(parts)


def _added_up(rows: pl.DataFrame, value: str) -> pl.DataFrame:
    """`rows` with the parts of each carrier and span added up in `value`, null where one is missing."""
    return sum_of_parts(rows, ["carrier", "start", "end"], [value]) if has_parts(rows) else rows


def _zeros(named: pl.DataFrame) -> Edges:
    """Zero for every span for which the enterprise names any carrier."""
    spans = named.select(pl.lit(0, dtype=pl.UInt32).alias("entity"), "start", "end", pl.lit(0.0).alias("zero"))
    return edges(spans.unique(), "zero", 1)


def _spans(placed: pl.DataFrame) -> set[Span]:
    return set(placed.select("start", "end").unique().iter_rows())


def _known(figures: Edges) -> set[Span]:
    return {span for span, vector in figures.items() if vector[0] == vector[0]}  # NaN is no figure


def _signs(used: dict[Span, int]) -> pl.DataFrame:
    return pl.DataFrame([(*span, sign) for span, sign in used.items()], schema=_SIGNS, orient="row")


def _month(node: str, window: Window) -> pl.Expr:
    """First day of the month that begins at the node."""
    return pl.col(node).replace_strict({n: window.month(n) for n in range(NODES)}, return_dtype=pl.Date)
