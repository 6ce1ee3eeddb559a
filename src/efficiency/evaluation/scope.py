"""Which enterprises are evaluated, and in which cohort: excluded ones first, then the first cohort that matches."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from efficiency.policy.expressions import column_names, predicate
from efficiency.policy.model import Policy
from schemas.profile import PROFILE_TITLES

OUT_OF_SCOPE = "不在本办法任何评价组的范围内"


def assign(profile: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """`profile` with `cohort` (id or null), `status` (excluded, out_of_scope or null), `status_reason` and `letter`.

    [[excluded]] goes before cohorts: an excluded enterprise has no cohort. `letter` is the one that its rule gives it,
    and `counted_in` the cohort that it would be in, where the rule counts it in n. A condition that is null does not
    hold; the reason names what is unknown of an enterprise that no cohort's condition fits.
    """
    rule = pl.coalesce(
        *(pl.when(predicate(rule.when)).then(pl.lit(i)) for i, rule in enumerate(policy.excluded)),
        pl.lit(None, dtype=pl.Int32),
    )
    cohort = pl.coalesce(*(pl.when(predicate(cohort.where)).then(pl.lit(cohort.id)) for cohort in policy.cohort))
    placed = profile.with_columns(rule.alias("__rule"), cohort.alias("__cohort"))
    excluded = pl.col("__rule").is_not_null()
    outside = ~excluded & pl.col("__cohort").is_null()
    return placed.with_columns(
        pl.when(~excluded).then("__cohort").alias("cohort"),
        pl.when(excluded).then(pl.lit("excluded")).when(outside).then(pl.lit("out_of_scope")).alias("status"),
        pl.when(excluded)
        .then(_of_rule([rule.label for rule in policy.excluded]))
        .when(outside)
        .then(_outside(policy))
        .alias("status_reason"),
        _of_rule([rule.letter for rule in policy.excluded]).alias("letter"),
        pl.when(_of_rule(["n" if rule.counts_in_n else None for rule in policy.excluded]).is_not_null())
        .then("__cohort")
        .alias("counted_in"),
    ).drop("__rule", "__cohort")


def _of_rule(texts: Sequence[str | None]) -> pl.Expr:
    """Of the [[excluded]] entry that holds, its text; null where it has none or none holds."""
    known = {i: text for i, text in enumerate(texts) if text is not None}
    return pl.col("__rule").replace_strict(known, default=None, return_dtype=pl.String)


def _outside(policy: Policy) -> pl.Expr:
    """Why no cohort's condition fits, with what is unknown of the enterprise."""
    judged_by = sorted({name for cohort in policy.cohort for name in column_names(cohort.where)})
    unknown = pl.concat_str(
        [
            pl.lit(None, dtype=pl.String),
            *(pl.when(pl.col(n).is_null()).then(pl.lit(PROFILE_TITLES[n])) for n in judged_by),
        ],
        separator="、",
        ignore_nulls=True,
    )
    return (
        pl.when(unknown != "")
        .then(pl.format("{}（缺{}）", pl.lit(OUT_OF_SCOPE), unknown))
        .otherwise(pl.lit(OUT_OF_SCOPE))
    )
