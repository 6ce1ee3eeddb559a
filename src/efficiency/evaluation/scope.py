"""Which enterprises are evaluated, and in which cohort: excluded ones first, then the first cohort that matches."""

from __future__ import annotations

import polars as pl

from efficiency.policy.expressions import column_names, predicate
from efficiency.policy.model import Policy
from schemas.profile import PROFILE_TITLES

OUT_OF_SCOPE = "不在本办法任何评价组的范围内"


def assign(profile: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """`profile` with `cohort` (id or null), `status` (excluded, out_of_scope or null) and `status_reason`.

    [[excluded]] goes before cohorts: an excluded enterprise has no cohort. A condition that is null does not hold; the
    reason names what is unknown of an enterprise that no cohort's condition fits.
    """
    excluded = pl.coalesce(
        *(pl.when(predicate(rule.when)).then(pl.lit(rule.label)) for rule in policy.excluded),
        pl.lit(None, dtype=pl.String),
    )
    cohort = pl.coalesce(*(pl.when(predicate(cohort.where)).then(pl.lit(cohort.id)) for cohort in policy.cohort))
    judged_by = sorted({name for cohort in policy.cohort for name in column_names(cohort.where)})
    unknown = pl.concat_str(
        [
            pl.lit(None, dtype=pl.String),
            *(pl.when(pl.col(n).is_null()).then(pl.lit(PROFILE_TITLES[n])) for n in judged_by),
        ],
        separator="、",
        ignore_nulls=True,
    )
    outside = (
        pl.when(unknown != "")
        .then(pl.format("{}（缺{}）", pl.lit(OUT_OF_SCOPE), unknown))
        .otherwise(pl.lit(OUT_OF_SCOPE))
    )
    return (
        profile.with_columns(excluded.alias("status_reason"))
        .with_columns(pl.when(pl.col("status_reason").is_null()).then(cohort).alias("cohort"))
        .with_columns(
            pl.when(pl.col("status_reason").is_not_null())
            .then(pl.lit("excluded"))
            .when(pl.col("cohort").is_null())
            .then(pl.lit("out_of_scope"))
            .alias("status"),
            pl.when(pl.col("status_reason").is_null() & pl.col("cohort").is_null())
            .then(outside)
            .otherwise(pl.col("status_reason"))
            .alias("status_reason"),
        )
    )
