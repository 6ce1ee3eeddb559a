"""Unit energy of products against the limits table: 标杆/level 1 and 基准/level 3 (sources: limits.csv)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.facts.windows import Window, complete_sum, window_totals
from efficiency.reference.tables import limits, normalise_name, normalise_unit, units

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

KGCE_PER = "kgce/"
"""How the unit of a limit begins that 吨标准煤 can be compared with; limits in kWh/t or kgoe/t are not applied."""
KEY = ("uscc", "limit")
FIGURES = ("quantity", "energy_tce")


@dataclass(frozen=True)
class EnergyLevels:
    """`frame`: uscc, energy_level (advanced, standard, below), undetermined ones absent; of those below also
    below_baseline, renovate_by and months_past_renovate_by (see `schemas.profile`).
    """

    frame: pl.DataFrame
    unconfirmed: pl.DataFrame
    """`name_zh`, `users`: products judged by levels that no text confirms, and how many enterprises so."""
    unjudged: list[str]
    """A warning in Chinese for each enterprise and product that cannot be judged."""

    @property
    def warnings(self) -> list[str]:
        """All warnings, in Chinese."""
        return [*unconfirmed_warnings(self.unconfirmed), *self.unjudged]


def energy_levels(rows: pl.DataFrame, window: Window) -> EnergyLevels:
    """The level of the worst product of each enterprise in `rows` (shape of facts.products, only rows that count).

    A product counts when it is in the limits table and was reported for a span that ends in the window. Its
    unit energy is energy ÷ quantity of the window where the figures determine both, else of the year to
    date, else of the latest span. It is `advanced` up to and including level 1 or 标杆, `below` above
    level 3 or 基准, else `standard`. Where a product cannot be judged, the enterprise has a level only if
    another product is `below` anyway.
    """
    limit = _limits_in_force(window.end_of_period)
    stated = _with_limits(rows, limit)
    reported = stated.filter(pl.col("span_end").is_between(window.first, window.last))
    judged = (
        reported.select(KEY)
        .drop_nulls()
        .unique()
        .join(_unit_energy(stated, window), on=KEY, how="left", validate="1:1")
        .filter((pl.col("quantity") != 0).fill_null(value=True))
        .join(limit, on="limit", how="left", validate="m:1")
        .with_columns(_level().alias("level"))
    )
    level = pl.col("level")
    worst = (
        judged.group_by("uscc")
        .agg(
            pl.when((level == "below").any())
            .then(pl.lit("below"))
            .when(level.is_null().any())
            .then(None)
            .when((level == "standard").any())
            .then(pl.lit("standard"))
            .otherwise(pl.lit("advanced"))
            .alias("energy_level")
        )
        .drop_nulls()
        .join(_shortfalls(judged, window.period), on="uscc", how="left", validate="1:1")
    )
    return EnergyLevels(worst, _unconfirmed(judged), _warnings(reported))


def _shortfalls(judged: pl.DataFrame, period: date) -> pl.DataFrame:
    """uscc, below_baseline, renovate_by, months_past_renovate_by of every enterprise with a product below its baseline.

    The product is that furthest above its baseline, by share of it; the deadline is the earliest of all such products.
    """
    below = judged.filter(pl.col("level") == "below")
    excess = (pl.col("unit_energy") - pl.col("bad")) / pl.col("bad").abs()
    deadline = pl.col("renovate_by")
    months = (period.year - deadline.dt.year()) * 12 + period.month - deadline.dt.month().cast(pl.Int32)
    unit = pl.col("limit_unit").str.replace_many(["kgce/", "m2", "t"], ["千克标准煤/", "平方米", "吨"])
    product = pl.format(
        "{}：单位产品能耗{}{}，{}为{}（{}）",
        "name_zh",
        _number("unit_energy"),
        unit,
        pl.when("of_standard").then(pl.lit("3级限额")).otherwise(pl.lit("基准水平")),
        _number("bad"),
        "standard",
    )
    return (
        below.with_columns(product.alias("below_baseline"), excess.fill_nan(None).alias("excess"))
        .sort("uscc", "excess", "name_zh", descending=[False, True, False], nulls_last=True)
        .group_by("uscc", maintain_order=True)
        .agg(pl.col("below_baseline").first(), deadline.min())
        .with_columns(
            deadline.dt.strftime("%Y-%m-%d"),
            pl.when(months > 0).then(months).when(months <= 0).then(0).cast(pl.Int64).alias("months_past_renovate_by"),
        )
    )


def _number(column: str) -> pl.Expr:
    """The figure in `column` as people write it, to three decimals."""
    return pl.col(column).round(3).cast(pl.String).str.strip_suffix(".0")


def _limits_in_force(day: date) -> pl.DataFrame:
    """One row per product in force on `day`: `limit` (its name as compared), `limit_unit`, and the levels good and bad.

    Of several entries of one name the latest holds. One without a date is in force and older than a dated
    one; among those the first of the table holds, which puts standards before 标杆/基准.
    """
    return (
        limits()
        .filter(pl.col("valid_from").is_null() | (pl.col("valid_from") <= day))
        .sort("valid_from", descending=True, nulls_last=True, maintain_order=True)
        .with_columns(_mapped(limits(), "name_zh", normalise_name).alias("limit"))
        .unique("limit", keep="first", maintain_order=True)
        .select(
            "limit",
            pl.col("unit").alias("limit_unit"),
            pl.coalesce("level1", "benchmark").alias("good"),
            pl.coalesce("level3", "baseline").alias("bad"),
            "name_zh",
            "standard",
            pl.col("level3").is_not_null().alias("of_standard"),
            "renovate_by",
            (pl.col("confidence") == "unverified").alias("unverified"),
        )
    )


def _with_limits(rows: pl.DataFrame, limit: pl.DataFrame) -> pl.DataFrame:
    """`rows` with `limit` (null: not in the table), `in_force`, and `quantity` in the limit's unit or null."""
    table = limits().with_columns(_mapped(limits(), "name_zh", normalise_name).alias("limit"))
    identifiers = table.select(_mapped(table, "product", normalise_name).alias("known_as"), "limit")
    names = table.select(pl.col("limit").alias("known_as"), "limit")
    synonyms = pl.concat([names, identifiers]).unique("known_as", keep="first", maintain_order=True)
    return (
        rows.with_columns(
            _mapped(rows, "product", normalise_name).alias("known_as"),
            _mapped(rows, "unit", normalise_unit).alias("quantity_unit"),
        )
        .join(synonyms, on="known_as", how="left", validate="m:1")
        .join(
            limit.select("limit", "limit_unit", pl.lit(value=True).alias("in_force")),
            on="limit",
            how="left",
            validate="m:1",
        )
        .join(_conversions(), on=["quantity_unit", "limit_unit"], how="left", validate="m:1")
        .with_columns(pl.col("quantity") * pl.col("factor"))
    )


def _conversions() -> pl.DataFrame:
    """`quantity_unit` (as compared), `limit_unit`, `factor`: how many of the limit's units one quantity unit is."""
    made: list[tuple[str, str, float]] = []
    for limit_unit in limits()["unit"].drop_nulls().unique(maintain_order=True).to_list():
        base = units().get(normalise_unit(limit_unit.removeprefix(KGCE_PER)))
        if base is None or not limit_unit.startswith(KGCE_PER):
            continue
        made += [
            (key, limit_unit, unit.numerator * base.denominator / (unit.denominator * base.numerator))
            for key, unit in units().items()
            if unit.dimension == base.dimension
        ]
    return pl.DataFrame(made, schema=["quantity_unit", "limit_unit", "factor"], orient="row")


def _unit_energy(stated: pl.DataFrame, window: Window) -> pl.DataFrame:
    """`uscc`, `limit`, `quantity`, `unit_energy` (kgce per unit of the limit) where some span determines them."""
    # One product under its Chinese name and under its identifier is one product.
    rows = (
        stated.drop_nulls("limit").group_by(*KEY, "span_start", "span_end").agg(complete_sum(name) for name in FIGURES)
    )
    latest = (
        rows.filter((pl.col("quantity") > 0) & pl.col("span_end").is_between(window.first, window.last))
        .sort("span_end", "span_start", descending=[True, False])
        .select(*KEY, *FIGURES)
    )
    choices = [window_totals(rows, FIGURES, window, KEY)]
    if window.kind == "rolling_12m":
        choices.append(window_totals(rows, FIGURES, Window("year_to_date", window.period), KEY))
    return (
        pl.concat([*choices, latest])
        .drop_nulls()
        .unique(KEY, keep="first", maintain_order=True)
        .with_columns(
            pl.when(pl.col("quantity") > 0).then(pl.col("energy_tce") * 1000 / pl.col("quantity")).alias("unit_energy")
        )
    )


def _level() -> pl.Expr:
    """Level of `unit_energy` against `good` and `bad`; null without the latter. Limits may be negative.

    Where there is no `good`, as of a row of which a standard sets level 3 alone, nothing is `advanced`.
    """
    # Rounded so that a value that is the limit on paper is not above it in binary.
    value = pl.col("unit_energy").round(9)
    return (
        pl.when(pl.any_horizontal(pl.col("unit_energy", "bad").is_null()))
        .then(None)
        .when(value <= pl.col("good"))
        .then(pl.lit("advanced"))
        .when(value <= pl.col("bad"))
        .then(pl.lit("standard"))
        .otherwise(pl.lit("below"))
    )


def unconfirmed_warnings(unconfirmed: pl.DataFrame) -> list[str]:
    """A warning for each product that was judged by levels which no text confirms (`EnergyLevels.unconfirmed`)."""
    sentence = pl.format(
        "产品“{}”的标杆和基准水平未经文件核实，{}家企业据此评定能耗水平，请对照标准原文", "name_zh", "users"
    )
    return unconfirmed.sort("name_zh").select(sentence).to_series().to_list()


def _unconfirmed(judged: pl.DataFrame) -> pl.DataFrame:
    doubtful = judged.filter(pl.col("level").is_not_null() & pl.col("unverified"))
    return doubtful.group_by("name_zh").agg(pl.len().alias("users"))


def _warnings(reported: pl.DataFrame) -> list[str]:
    """A warning for each enterprise and product that cannot be judged, with the reason."""
    reason = (
        pl.when(pl.col("limit").is_null())
        .then(pl.lit("不在单位产品能耗限额表中"))
        .when(pl.col("in_force").is_null())
        .then(pl.lit("的限额标准在评价期末尚未实施"))
        .when(pl.col("limit_unit").is_null() | ~pl.col("limit_unit").str.starts_with(KGCE_PER))
        .then(pl.format("的限额单位({})不能与吨标准煤比较", pl.col("limit_unit").fill_null("不详")))
        .when(pl.col("factor").is_null())
        .then(pl.format("的产量单位({})不能换算为限额单位({})", pl.col("unit").fill_null("未填"), pl.col("limit_unit")))
    )
    message = pl.format("{}({})产品“{}”{}，未评定其能耗水平", pl.col("name").fill_null(""), "uscc", "product", "reason")
    return (
        reported.with_columns(reason.alias("reason"))
        .filter(pl.col("reason").is_not_null())
        .select("uscc", "product", message.alias("warning"))
        .unique()
        .sort("uscc", "product", "warning")["warning"]
        .to_list()
    )


def _mapped(frame: pl.DataFrame, column: str, function: Callable[[str], str]) -> pl.Expr:
    """`function` of the text in `column`, called once per distinct value of `frame`."""
    known = {value: function(value) for value in frame[column].drop_nulls().unique().to_list()}
    return pl.col(column).replace_strict(known, default=None, return_dtype=pl.String)
