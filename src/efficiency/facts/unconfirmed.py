"""Coefficients of the reference table that energy rests on although no text confirms them: a warning for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.reference.tables import carriers

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
