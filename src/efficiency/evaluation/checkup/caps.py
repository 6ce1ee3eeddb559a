"""How many enterprises stand at the cap or at the floor of an indicator, where nothing tells them apart, or lack it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.policy.formulas import formula_of

if TYPE_CHECKING:
    from efficiency.policy.model import Cohort, Indicator, Policy

MANY = 0.20
"""Share of the enterprises from which so many at one point, or without a figure, are a finding."""
LEAST = 20
"""Enterprises of a cohort below which shares are shown and not judged."""
CAPS = {
    "cohort": pl.String, "cohort_title": pl.String, "indicator": pl.String, "title": pl.String,
    "cap": pl.Float64, "floor": pl.Float64, "members": pl.Int64, "missing": pl.Int64, "with_value": pl.Int64,
    "at_cap": pl.Int64, "at_floor": pl.Int64, "judged": pl.Boolean,
    "many_at_cap": pl.Boolean, "many_at_floor": pl.Boolean, "many_missing": pl.Boolean,
}  # fmt: skip
"""`members`: ranked and insufficient; `missing`: of them, without a value. `with_value`: ranked, with a value that is
held against the benchmark; `at_cap`, `at_floor`: of them; null where the policy has no such bound."""


def caps(scores: pl.DataFrame, indicators: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """One row per cohort and indicator (shape `CAPS`), in the policy's order.

    `scores`, `indicators`: results.scores and results.indicators of one evaluation.
    """
    rows = indicators.join(scores.select("uscc", "status"), on="uscc", how="inner")
    of = rows.partition_by("cohort", "indicator", as_dict=True)
    found = [
        _row(cohort, indicator, of.get((cohort.id, indicator.id), rows.clear()))
        for cohort in policy.cohort
        for indicator in cohort.indicator
    ]
    return pl.DataFrame(found, schema=CAPS, orient="row")


def _row(cohort: Cohort, indicator: Indicator, rows: pl.DataFrame) -> tuple[object, ...]:
    """The row of `CAPS` of one indicator."""
    formula = formula_of(cohort)
    bounded = formula.uses_benchmark
    share = formula.uncapped(indicator, pl.col("value"), pl.col("benchmark"), ()) if bounded else pl.lit(None)
    held = rows.filter(pl.col("status") == "ranked").select(share.cast(pl.Float64).alias("share")).drop_nulls()
    missing = rows["value"].null_count()
    with_value = held.height if bounded else rows.filter(pl.col("status") == "ranked")["value"].count()
    cap, floor = (indicator.cap, indicator.floor) if bounded else (None, None)
    at_cap = None if cap is None else held.filter(pl.col("share") >= cap).height
    at_floor = None if floor is None else held.filter(pl.col("share") <= floor).height
    judged = rows.height >= LEAST
    return (
        cohort.id, cohort.label, indicator.id, indicator.title, cap, floor, rows.height, missing, with_value,
        at_cap, at_floor, judged,
        judged and (at_cap or 0) > MANY * with_value, judged and (at_floor or 0) > MANY * with_value,
        judged and missing > MANY * rows.height,
    )  # fmt: skip
