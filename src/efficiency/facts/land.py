"""Land of each enterprise at the period's end: owned, rented, let, idle, in 亩."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from datetime import date


def land_at(rows: pl.DataFrame, day: date) -> pl.DataFrame:
    """One row per enterprise: land, land_owned, land_leased_in, land_leased_out, land_idle of its latest row.

    `rows` has the shape of facts.land, only rows that count; `day` is the last day of the period. A row
    without a date is taken for the oldest. Land that is not stated as rented or let is none; idle land
    that is not stated is unknown (null).
    """
    latest = (
        rows.filter(pl.col("as_of").is_null() | (pl.col("as_of") <= day))
        .sort("uscc", "as_of", "submission_id", "row", nulls_last=False)
        .group_by("uscc", maintain_order=True)
        .last()
    )
    leased_in, leased_out = pl.col("leased_in").fill_null(0.0), pl.col("leased_out").fill_null(0.0)
    return latest.select(
        "uscc",
        (pl.col("owned") + leased_in - leased_out).alias("land"),
        pl.col("owned").alias("land_owned"),
        leased_in.alias("land_leased_in"),
        leased_out.alias("land_leased_out"),
        pl.col("idle").alias("land_idle"),
    )
