"""Energy of the window in tonnes of standard coal (吨标准煤), and electricity in 万千瓦时.

Each carrier's consumption is converted row by row and totalled over its own spans. Where those do not
determine its total, a span for which the enterprise reported other carriers but not this one counts zero,
unless the carrier's own figures contradict it: twelve months of a power company's list do not mean that no coal was
used which the full year names. A figure that is known to be missing is never taken for zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from efficiency.facts.windows import (
    Edges,
    Vector,
    Window,
    as_column,
    complete_sum,
    edges,
    enumerate_keys,
    known_or,
    months_of,
    unknown,
    window_total,
    with_nodes,
)
from efficiency.parts import has_parts, sum_of_parts
from efficiency.reference.tables import calorific_tce, carriers
from schemas.energy import TOTAL_CARRIER, TOTAL_DEVIATION

if TYPE_CHECKING:
    from collections.abc import Mapping

GREEN_POWER = "green_power"
AT_ONCE = 200_000
"""Enterprises whose totals are computed at a time: for each month boundary and span a vector of them is in memory."""


@dataclass(frozen=True, slots=True)
class EnergyBasis:
    """How a policy counts energy. `equivalent_kgce_per_kwh` is needed where electricity is counted 等价."""

    electricity: Literal["calorific", "equivalent"] = "calorific"
    equivalent_kgce_per_kwh: float | None = None
    exclude: frozenset[str] = frozenset()
    """Of `feedstock` (用于原材料) and `green_power` (绿电)."""
    coefficients: Mapping[str, float] = field(default_factory=dict)
    """Standard carrier name → tce per form unit, in place of the carriers table's."""

    @property
    def electricity_tce(self) -> float:
        """Coefficient of electricity, tce per 万千瓦时. Raises ValueError if the equivalent basis lacks its figure."""
        if self.electricity == "calorific":
            return calorific_tce()
        if self.equivalent_kgce_per_kwh is None:
            raise ValueError("electricity 'equivalent' needs equivalent_kgce_per_kwh, the official figure of the year")
        return self.equivalent_kgce_per_kwh * 10


@dataclass(frozen=True)
class EnergyTotals:
    """`frame`: uscc, energy (吨标准煤), electricity (万千瓦时), null where not determined; `warnings` in Chinese."""

    frame: pl.DataFrame
    warnings: list[str]


def energy_totals(rows: pl.DataFrame, basis: EnergyBasis, window: Window) -> EnergyTotals:
    """Window totals of each enterprise in `rows` (shape of facts.energy, only rows that count; not annualised)."""
    return totals_of(in_standard_coal(rows, basis), window)


def totals_of(converted: pl.DataFrame, window: Window, *, warned: bool = True) -> EnergyTotals:
    """The same of rows that `in_standard_coal` has `converted`; without warnings where nobody is to be `warned`.

    Directly stated totals count where the carriers alone do not determine the total, and then for the spans
    that state no carrier. Electricity is what was consumed, whatever of it the basis excludes.
    """
    entities, placed = enumerate_keys(with_nodes(converted, window), ["uscc"])
    parts = [pl.DataFrame(schema={"uscc": pl.String, "energy": pl.Float64, "electricity": pl.Float64})]
    for first in range(0, entities.height, AT_ONCE):
        some = entities[first : first + AT_ONCE]
        theirs = (
            placed
            if some.height == entities.height
            else placed.filter(pl.col("entity").is_between(first, first + AT_ONCE - 1)).with_columns(
                pl.col("entity") - first
            )
        )
        energy, electricity = _totals(theirs, window, some.height)
        parts.append(some.select("uscc", as_column(energy, "energy"), as_column(electricity, "electricity")))
    return EnergyTotals(pl.concat(parts), _disagreements(placed, window) if warned else [])


def _totals(placed: pl.DataFrame, window: Window, size: int) -> tuple[Vector, Vector]:
    """Energy and electricity of the window, of each entity from 0 to `size` − 1 in `placed`."""
    direct = placed.filter(pl.col("carrier") == TOTAL_CARRIER)
    named = placed.filter(pl.col("carrier") != TOTAL_CARRIER)
    reported = edges(named.select("entity", "start", "end", pl.lit(0.0).alias("reported")), "reported", size)

    users, totals = _carrier_totals(named, reported, window, "tce")
    energy = _sum_if_complete(users, totals, size)
    if direct.height:
        energy = known_or(energy, _mixed_total(named, direct, window, size))

    users, totals = _carrier_totals(named.filter(pl.col("kind") == "electricity"), reported, window, "consumption")
    electricity = _sum_if_complete(users, totals, size)
    # An enterprise that reports carriers for the whole window, none of them electric, used no electricity.
    uses_none = np.bincount(users, minlength=size) == 0
    return energy, np.where(uses_none, window_total(reported, window, size), electricity)


def in_standard_coal(rows: pl.DataFrame, basis: EnergyBasis) -> pl.DataFrame:
    """`rows` with `tce` (吨标准煤, null where the figure or its coefficient is missing) and the carrier's `kind`.

    Parts of one consumption are added up: null where one is missing.
    """
    converted = convert(rows, basis).select(
        "uscc", "name", "span_start", "span_end", "carrier", "kind", "consumption", "tce"
    )
    if not has_parts(rows):
        return converted
    return sum_of_parts(converted, ["uscc", "carrier", "span_start", "span_end"], ["consumption", "tce"])


def convert(rows: pl.DataFrame, basis: EnergyBasis) -> pl.DataFrame:
    """`rows` with what standard coal is made of: tce = net × applied, and the carrier's `kind`.

    `net`: the consumption less what the basis leaves out, in the carrier's form unit. `applied`: the coefficient,
    tce per form unit, 0 for what does not count. Null where the figure or its coefficient is missing.
    """
    table = carriers().select(pl.col("name").alias("carrier"), "carrier_id", "kind", "tce_per_form_unit")
    policy = pl.DataFrame(
        {"carrier": list(basis.coefficients), "policy": list(basis.coefficients.values())},
        schema={"carrier": pl.String, "policy": pl.Float64},
    )
    kind, consumption = pl.col("kind"), pl.col("consumption")
    feedstock = pl.col("feedstock").fill_null(0.0) if "feedstock" in basis.exclude else pl.lit(0.0)
    net = consumption - feedstock - pl.col("transformed").fill_null(0.0)
    green_is_out = pl.lit(GREEN_POWER in basis.exclude) & (pl.col("carrier_id") == GREEN_POWER).fill_null(value=False)
    coefficient = (
        # One basis holds for the electricity of everybody, so that no row's own coefficient goes before it.
        pl.when(kind == "electricity")
        .then(pl.lit(basis.electricity_tce))
        # 耗能工质 are not part of 综合能源消费量 unless the policy names them.
        .when(kind == "medium")
        .then(pl.col("policy"))
        .when(pl.col("carrier") == TOTAL_CARRIER)
        .then(1.0)
        .otherwise(pl.coalesce("coefficient", "policy", "tce_per_form_unit"))
    )
    left_out = green_is_out | ((kind == "medium") & pl.col("policy").is_null()).fill_null(value=False)
    return (
        rows.join(table, on="carrier", how="left", validate="m:1")
        .join(policy, on="carrier", how="left", validate="m:1")
        .with_columns(
            net.alias("net"),
            pl.when(left_out).then(0.0).otherwise(coefficient).alias("applied"),
            pl.when(left_out | (net == 0)).then(0.0).otherwise(net * coefficient).alias("tce"),
        )
    )


def coefficients(basis: EnergyBasis) -> pl.DataFrame:
    """How `convert` counts each carrier: carrier, coefficient (tce per form unit), own, excluded, less_feedstock.

    `coefficient` is null where no table has one; `own`: a row's own goes before it. `excluded`: it counts zero.
    `less_feedstock`: what is used as raw material does not count.
    """
    names = list(dict.fromkeys([*carriers()["name"], *basis.coefficients, TOTAL_CARRIER]))
    stated = 1e9
    rows = pl.DataFrame(
        {"carrier": names, "consumption": 1.0, "feedstock": 1.0, "transformed": 0.0},
        schema={"carrier": pl.String, "consumption": pl.Float64, "feedstock": pl.Float64, "transformed": pl.Float64},
    )
    plain = convert(rows.with_columns(pl.lit(None, dtype=pl.Float64).alias("coefficient")), basis)
    own = convert(rows.with_columns(pl.lit(stated).alias("coefficient")), basis)["applied"]
    return plain.select(
        "carrier",
        pl.when(own == 0).then(None).otherwise("applied").alias("coefficient"),
        (own == stated).fill_null(value=False).alias("own"),
        (own == 0).fill_null(value=False).alias("excluded"),
        (pl.col("net") == 0).alias("less_feedstock"),
    )


def _carrier_totals(
    named: pl.DataFrame, reported: Edges, window: Window, value: str
) -> tuple[NDArray[np.intp], Vector]:
    """For each pair of entity and carrier in `named`, the entity and the window's total of `value`.

    `reported` is zero for all spans for which an entity names any carrier. The pairs are in the order of entity
    and carrier, so that sums over them do not depend on the order of files.
    """
    pairs, rows = pairs_of(named.select("entity", "carrier", "start", "end", value))
    users = as_indices(pairs["user"])
    total = window_total(edges(rows, value, len(users)), window, len(users))
    unknown_totals = np.flatnonzero(np.isnan(total))
    if unknown_totals.size:
        rest = pl.DataFrame({"entity": unknown_totals}, schema={"entity": pl.UInt32}).with_row_index("position")
        rows = rows.join(rest, on="entity").with_columns(pl.col("position").alias("entity"))
        spans = {span: vector[users[unknown_totals]] for span, vector in reported.items()}
        filled = filled_spans(rows, spans, value, unknown_totals.size)
        total[unknown_totals] = window_total(filled, window, unknown_totals.size)
    return users, total


def pairs_of(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The distinct pairs of entity (column `user`) and carrier; and `rows` with the pair's position as `entity`."""
    return enumerate_keys(rows.rename({"entity": "user"}), ["user", "carrier"])


def as_indices(positions: pl.Series) -> NDArray[np.intp]:
    """`positions` as indices of a vector."""
    return positions.to_numpy().astype(np.intp)


def filled_spans(rows: pl.DataFrame, reported: Edges, value: str, size: int) -> Edges:
    """A carrier's own figures, and zero for reported spans that do not name it and may be read so."""
    own = edges(rows, value, size)
    unnamed, contradicted = unnamed_spans(rows, reported, value, size)
    filled = dict(own)
    for span, holds in unnamed.items():
        zero = np.where(holds & ((contradicted & months_of(*span)) == 0), reported[span], np.nan)
        filled[span] = known_or(own[span], zero) if span in own else zero
    return filled


def unnamed_spans(
    rows: pl.DataFrame, reported: Edges, value: str, size: int
) -> tuple[dict[tuple[int, int], NDArray[np.bool_]], NDArray[np.int64]]:
    """Reported spans that do not name a carrier: span → for whom; and as bits the months in which it was used all same.

    Those are the months of figures other than zero that unnamed spans cover entirely: each contradicts them.
    """
    # A refused figure names the carrier, and is not known to be zero.
    named = edges(rows.select("entity", "start", "end", pl.col(value).fill_null(1.0)), value, size)
    unnamed = {
        span: ~np.isnan(zero) & np.isnan(named[span]) if span in named else ~np.isnan(zero)
        for span, zero in reported.items()
    }
    # Sets of months are bits: the months of unnamed spans, and those of figures that such spans cover entirely.
    quiet = np.zeros(size, dtype=np.int64)
    for span, holds in unnamed.items():
        quiet |= holds * months_of(*span)
    contradicted = np.zeros(size, dtype=np.int64)
    for span, figure in named.items():
        covered = ~np.isnan(figure) & (figure != 0) & ((quiet & months_of(*span)) == months_of(*span))
        contradicted |= covered * months_of(*span)
    return unnamed, contradicted


def _mixed_total(named: pl.DataFrame, direct: pl.DataFrame, window: Window, size: int) -> Vector:
    """Energy from whole spans, for enterprises that state carriers for some spans and only the total for others."""
    users, whole = whole_spans(named, direct)
    result = unknown(size)
    result[as_indices(users["user"])] = window_total(whole, window, users.height)
    return result


def whole_spans(named: pl.DataFrame, direct: pl.DataFrame) -> tuple[pl.DataFrame, Edges]:
    """Those who state a direct total (column `user`, their entity), and all energy of each of their spans in tce.

    It is the sum of a span's carriers, or its direct total where it names no carrier. A span that does not name
    a carrier which was used in it does not state all energy of that span, and is no figure.
    """
    users, stated = enumerate_keys(direct.rename({"entity": "user"}), ["user"])
    of_users = named.rename({"entity": "user"}).join(users, on="user", validate="m:1")
    reported = edges(of_users.select("entity", "start", "end", pl.lit(0.0).alias("tce")), "tce", users.height)
    pairs, rows = pairs_of(of_users.select("entity", "carrier", "start", "end", "tce"))
    owners = as_indices(pairs["user"])
    whole = dict(reported)
    own_spans = {span: vector[owners] for span, vector in reported.items()}
    for span, figures in filled_spans(rows, own_spans, "tce", len(owners)).items():
        summed = np.bincount(owners, weights=figures, minlength=users.height)
        whole[span] = whole.get(span, unknown(users.height)) + summed
    for span, total in edges(stated, "tce", users.height).items():
        whole[span] = np.where(np.isnan(reported[span]), total, whole[span]) if span in reported else total
    return users, whole


def _sum_if_complete(users: NDArray[np.intp], totals: Vector, size: int) -> Vector:
    """Per entity the sum over its carriers, NaN where one is missing or there is none."""
    summed = np.bincount(users, weights=totals, minlength=size).astype(np.float64)
    summed[np.bincount(users, minlength=size) == 0] = np.nan
    return summed


def _disagreements(placed: pl.DataFrame, window: Window) -> list[str]:
    """A warning for each span ending in the window whose carriers and direct total differ by more than 5 %."""
    key = ["uscc", "span_start", "span_end"]
    rows = placed.filter(pl.col("span_end").is_between(window.first, window.last))
    is_total = pl.col("carrier") == TOTAL_CARRIER
    stated = rows.filter(is_total).select(*key, "name", pl.col("tce").alias("stated"))
    computed = (
        rows.filter(~is_total).join(stated, on=key, how="semi").group_by(key).agg(complete_sum("tce").alias("computed"))
    )
    far_apart = (pl.col("computed") - pl.col("stated")).abs() > TOTAL_DEVIATION * pl.col("stated").abs()
    both = stated.join(computed, on=key, validate="1:1").filter(far_apart).sort(key)
    message = pl.format(
        "{}({}){}至{}：分品种折标合计{}吨标准煤，与直接填报的综合能源消费量{}吨标准煤相差超过5%，按分品种计算",
        pl.col("name").fill_null(""),
        pl.col("uscc"),
        pl.col("span_start").dt.strftime("%Y-%m"),
        pl.col("span_end").dt.strftime("%Y-%m"),
        pl.col("computed").round(2),
        pl.col("stated").round(2),
    )
    return both.select(message).to_series().to_list()
