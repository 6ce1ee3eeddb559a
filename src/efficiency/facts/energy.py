"""Energy of the window in tonnes of standard coal (吨标准煤), and electricity in 万千瓦时.

Each carrier's consumption is converted row by row and totalled over its own spans. Where those do not
determine its total, a span for which the enterprise reported other carriers but not this one counts zero,
unless the carrier's own figures contradict it: twelve months of a power company's list say nothing of coal
that the full year names. A figure that is known to be missing is never taken for zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import polars as pl

from efficiency.facts.spans import Edges, Window, complete_sum, edges, enumerate_keys, window_total, with_nodes
from efficiency.reference.tables import carriers
from schemas.energy import TOTAL_CARRIER

if TYPE_CHECKING:
    from collections.abc import Mapping

CALORIFIC_TCE = 1.229
"""tce per 万千瓦时 on the calorific basis (当量值, 0.1229 kgce/kWh; carriers.csv)."""
GREEN_POWER = "green_power"
TOLERANCE = 0.05
"""Share by which a directly stated total may differ from its carriers before it is reported."""


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
            return CALORIFIC_TCE
        if self.equivalent_kgce_per_kwh is None:
            raise ValueError("electricity 'equivalent' needs equivalent_kgce_per_kwh, the official figure of the year")
        return self.equivalent_kgce_per_kwh * 10


@dataclass(frozen=True)
class EnergyTotals:
    """`frame`: uscc, energy (吨标准煤), electricity (万千瓦时), null where not determined; `warnings` in Chinese."""

    frame: pl.DataFrame
    warnings: list[str]


def energy_totals(rows: pl.DataFrame, basis: EnergyBasis, window: Window) -> EnergyTotals:
    """Window totals of each enterprise in `rows` (shape of facts.energy, only rows that count; not annualised).

    Directly stated totals count where the carriers alone do not determine the total, and then for the spans
    that state no carrier. Electricity is what was consumed, whatever of it the basis excludes.
    """
    placed = with_nodes(in_standard_coal(rows, basis), window)
    entities, placed = enumerate_keys(placed, ["uscc"])
    direct = placed.filter(pl.col("carrier") == TOTAL_CARRIER)
    named = placed.filter(pl.col("carrier") != TOTAL_CARRIER)
    size = entities.height
    reported = edges(named.select("entity", "start", "end", pl.lit(0.0).alias("reported")), "reported", size)

    energy = _sum_if_complete(_carrier_totals(named, reported, window, "tce"), "tce", size)
    energy = energy.fill_null(_mixed_total(named, direct, window, size))

    electric = _carrier_totals(named.filter(pl.col("kind") == "electricity"), reported, window, "consumption")
    electricity = _sum_if_complete(electric, "consumption", size)
    # An enterprise that reports carriers for the whole window, none of them electric, used no electricity.
    uses_some = pl.zeros(size, dtype=pl.Boolean, eager=True).scatter(electric["entity"], values=True)
    electricity = electricity.zip_with(uses_some, window_total(reported, window, size))

    frame = entities.select("uscc").with_columns(energy.alias("energy"), electricity.alias("electricity"))
    return EnergyTotals(frame, _disagreements(placed, window))


def in_standard_coal(rows: pl.DataFrame, basis: EnergyBasis) -> pl.DataFrame:
    """`rows` with `tce` (吨标准煤, null where the figure or its coefficient is missing) and the carrier's `kind`."""
    return convert(rows, basis).select(
        "uscc", "name", "span_start", "span_end", "carrier", "kind", "consumption", "tce"
    )


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
        pl.when(kind == "electricity").then(pl.lit(basis.electricity_tce))
        # 耗能工质 are not part of 综合能源消费量 unless the policy names them.
        .when(kind == "medium").then(pl.col("policy"))
        .when(pl.col("carrier") == TOTAL_CARRIER).then(1.0)
        .otherwise(pl.coalesce("coefficient", "policy", "tce_per_form_unit"))
    )
    idle = green_is_out | ((kind == "medium") & pl.col("policy").is_null()).fill_null(value=False)
    return (
        rows.join(table, on="carrier", how="left", validate="m:1")
        .join(policy, on="carrier", how="left", validate="m:1")
        .with_columns(
            net.alias("net"),
            pl.when(idle).then(0.0).otherwise(coefficient).alias("applied"),
            pl.when(idle | (net == 0)).then(0.0).otherwise(net * coefficient).alias("tce"),
        )
    )


def _carrier_totals(named: pl.DataFrame, reported: Edges, window: Window, value: str) -> pl.DataFrame:
    """One row per entity and carrier that occurs in `named`: its window total of `value`, null if not determined.

    `reported` is zero for all spans for which an entity names any carrier.
    """
    totals = [pl.DataFrame(schema={"entity": pl.UInt32, value: pl.Float64})]
    for part in named.select("entity", "carrier", "start", "end", value).partition_by("carrier", include_key=False):
        users, rows = enumerate_keys(part.rename({"entity": "user"}), ["user"])
        total = window_total(edges(rows, value, users.height), window, users.height)
        if total.null_count():
            spans = {span: vector.gather(users["user"]) for span, vector in reported.items()}
            total = total.fill_null(window_total(filled_spans(rows, spans, value, users.height), window, users.height))
        totals.append(users.select(pl.col("user").alias("entity"), total.alias(value)))
    return pl.concat(totals)


def filled_spans(rows: pl.DataFrame, reported: Edges, value: str, size: int) -> Edges:
    """A carrier's own figures, and zero for reported spans that do not name it and may be taken to say that."""
    own = edges(rows, value, size)
    # A refused figure names the carrier, and is not known to be zero.
    named = edges(rows.select("entity", "start", "end", pl.col(value).fill_null(1.0)), value, size)
    unnamed = {
        span: zero.is_not_null() & named[span].is_null() if span in named else zero.is_not_null()
        for span, zero in reported.items()
    }
    # Sets of months are bits: the months of unnamed spans, and those of figures that such spans cover entirely.
    quiet = _no_months(size)
    for (start, end), holds in unnamed.items():
        quiet = quiet | holds.cast(pl.Int64) * _months(start, end)
    contradicted = _no_months(size)
    for (start, end), figure in named.items():
        covered = (figure != 0).fill_null(value=False) & ((quiet & _months(start, end)) == _months(start, end))
        contradicted = contradicted | covered.cast(pl.Int64) * _months(start, end)
    filled = dict(own)
    nothing = pl.repeat(None, size, dtype=pl.Float64, eager=True)
    for (start, end), holds in unnamed.items():
        zero = reported[start, end].zip_with(holds & ((contradicted & _months(start, end)) == 0), nothing)
        filled[start, end] = own.get((start, end), nothing).fill_null(zero)
    return filled


def _no_months(size: int) -> pl.Series:
    return pl.zeros(size, dtype=pl.Int64, eager=True)


def _months(start: int, end: int) -> int:
    """The months between two nodes as bits: bit i is the month between nodes i and i + 1."""
    return (1 << end) - (1 << start)


def _mixed_total(named: pl.DataFrame, direct: pl.DataFrame, window: Window, size: int) -> pl.Series:
    """Energy from whole spans, for enterprises that state carriers for some spans and only the total for others."""
    users, whole = whole_spans(named, direct)
    result = pl.repeat(None, size, dtype=pl.Float64, eager=True)
    return result.scatter(users["user"], window_total(whole, window, users.height))


def whole_spans(named: pl.DataFrame, direct: pl.DataFrame) -> tuple[pl.DataFrame, Edges]:
    """Those who state a direct total (column `user`, their entity), and all energy of each of their spans in tce.

    It is the sum of a span's carriers, or its direct total where it names no carrier. A span that does not name
    a carrier which was used in it does not state all energy of that span, and is no figure.
    """
    users, stated = enumerate_keys(direct.rename({"entity": "user"}), ["user"])
    beside = named.rename({"entity": "user"}).join(users, on="user", validate="m:1")
    reported = edges(beside.select("entity", "start", "end", pl.lit(0.0).alias("tce")), "tce", users.height)
    whole = dict(reported)
    for part in beside.rename({"entity": "among_users"}).partition_by("carrier", include_key=False):
        owners, rows = enumerate_keys(part, ["among_users"])
        own_spans = {span: vector.gather(owners["among_users"]) for span, vector in reported.items()}
        for span, figures in filled_spans(rows, own_spans, "tce", owners.height).items():
            share = pl.zeros(users.height, dtype=pl.Float64, eager=True).scatter(owners["among_users"], figures)
            whole[span] = whole[span] + share
    for span, total in edges(stated, "tce", users.height).items():
        whole[span] = total.zip_with(reported[span].is_null(), whole[span]) if span in reported else total
    return users, whole


def _sum_if_complete(totals: pl.DataFrame, value: str, size: int) -> pl.Series:
    """Per entity the sum over its carriers, null where one is missing or there is none."""
    summed = totals.group_by("entity").agg(complete_sum(value))
    return pl.repeat(None, size, dtype=pl.Float64, eager=True).scatter(summed["entity"], summed[value])


def _disagreements(placed: pl.DataFrame, window: Window) -> list[str]:
    """A warning for each span ending in the window whose carriers and direct total differ by more than 5 %."""
    key = ["uscc", "span_start", "span_end"]
    rows = placed.filter(pl.col("span_end").is_between(window.first, window.last))
    is_total = pl.col("carrier") == TOTAL_CARRIER
    stated = rows.filter(is_total).select(*key, "name", pl.col("tce").alias("stated"))
    computed = (
        rows.filter(~is_total)
        .join(stated, on=key, how="semi")
        .group_by(key)
        .agg(complete_sum("tce").alias("computed"))
    )
    far_apart = (pl.col("computed") - pl.col("stated")).abs() > TOLERANCE * pl.col("stated").abs()
    both = stated.join(computed, on=key, validate="1:1").filter(far_apart).sort(key)
    message = pl.format(
        "{}({}){}至{}:分品种折标合计{}吨标准煤,与直接填报的综合能源消费量{}吨标准煤相差超过5%,按分品种计算",
        pl.col("name").fill_null(""), pl.col("uscc"),
        pl.col("span_start").dt.strftime("%Y-%m"), pl.col("span_end").dt.strftime("%Y-%m"),
        pl.col("computed").round(2), pl.col("stated").round(2),
    )
    return both.select(message).to_series().to_list()
