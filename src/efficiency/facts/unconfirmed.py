"""What energy rests on although no text confirms it: coefficients of the reference table, and feedstock.

A warning for each carrier whose coefficient is doubtful, and for each enterprise that claims feedstock although its
division of industry makes none of the products that feedstock is meant for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.reference.tables import carriers, feedstock_divisions

if TYPE_CHECKING:
    from efficiency.facts.energy import EnergyBasis
    from efficiency.facts.windows import Window


def users(rows: pl.DataFrame, window: Window) -> pl.DataFrame:
    """`carrier`, `users`: how many enterprises used it in the window without a coefficient of their own.

    `rows`: shape of facts.energy, only rows that count.
    """
    return (
        rows.filter(
            pl.col("coefficient").is_null(),
            pl.col("consumption") != 0,
            pl.col("span_end").is_between(window.first, window.last),
        )
        .group_by("carrier")
        .agg(pl.col("uscc").n_unique().alias("users"))
    )


def unconfirmed_warnings(users: pl.DataFrame, basis: EnergyBasis) -> list[str]:
    """A line in Chinese for each carrier that someone's energy rests on by an unverified or contested coefficient.

    `users`: see the function of that name. A coefficient of the policy's goes before the table's, so that its carrier
    is not named; nor are 耗能工质, which do not count at all.
    """
    other = pl.col("alt_kgce_per_base_unit").cast(pl.Float64) / pl.col("kgce_per_base_unit")
    doubtful = (
        carriers()
        .filter(
            pl.col("tce_per_form_unit").is_not_null(),
            pl.col("kind").is_in(["fuel", "heat"]),
            ~pl.col("name").is_in(list(basis.coefficients)),
            (pl.col("confidence") == "unverified") | (pl.col("status") == "contested"),
        )
        .select(
            pl.col("name").alias("carrier"),
            "tce_per_form_unit",
            "form_unit",
            pl.when(pl.col("confidence") == "unverified")
            .then(pl.lit("未经文件核实"))
            .otherwise(pl.format("各方口径不一(另有{})", (other * pl.col("tce_per_form_unit")).round(6)))
            .alias("doubt"),
        )
    )
    sentence = pl.format(
        "{}：{}家企业未填报采用折标系数，按参考折标系数{}吨标准煤/{}折算，该系数{}，请在办法中明确或由企业填报",
        "carrier", "users", "tce_per_form_unit", "form_unit", "doubt",
    )  # fmt: skip
    return doubtful.join(users, on="carrier", maintain_order="left").select(sentence).to_series().to_list()


def feedstock_warnings(rows: pl.DataFrame, profile: pl.DataFrame, basis: EnergyBasis, window: Window) -> list[str]:
    """A line in Chinese for each enterprise whose feedstock is left out although its division makes no such products.

    `rows`: shape of facts.energy, only rows that count; `profile`: uscc, name, industry_division. An enterprise whose
    division is not known is not named.
    """
    if "feedstock" not in basis.exclude:
        return []
    division = pl.col("industry_division")
    claims = (
        rows.filter((pl.col("feedstock") > 0) & pl.col("span_end").is_between(window.first, window.last))
        .group_by("uscc")
        .agg(pl.col("carrier").unique().sort().str.join("、"))
        .join(profile.select("uscc", "name", "industry_division"), on="uscc", how="inner", validate="1:1")
        .filter(division.is_not_null() & ~division.is_in(feedstock_divisions()["industry_division"].implode()))
        .sort("uscc")
    )
    sentence = pl.format(
        "{}({})：行业大类{}填报了用于原材料的能源（{}），已按办法从能耗中扣除。原料用能限于生产烯烃、芳烃、炔烃、醇类、合成氨等"
        "非能源产品所用的能源，请核实是否属实",
        "name", "uscc", "industry_division", "carrier",
    )  # fmt: skip
    return claims.select(sentence).to_series().to_list()
