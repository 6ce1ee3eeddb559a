"""How far a zone's figures were off, measure by measure: the spread of ln(now ÷ before) over its cases (`restated`).

The spread is the root of the mean square over all cases, the unchanged ones with 0 among them: as in the draws, every
figure is taken to have an error, and a figure that was looked at and found right is evidence of a small one. The mean
is about 0, since a figure that is always off to one side is off. Gross mistakes are set aside first, or one wrong unit
would count as much as a thousand honest errors: changes by more than a factor of 8 (which intake reports as a suspected
unit), changes of sign and to or from zero, and what lies more than a quarter and more than four times as far off as
three quarters of the changed figures. They are counted and shown, not forgotten. A change of up to a quarter is never
set aside: where most figures only come rounded otherwise, honest errors would look gross beside them.

An unchanged figure is weak evidence, since nobody may have looked at it: how many cases there are is counted in changed
figures. By thirty of them the spread is known to an eighth of itself, by one among thousands it is not known.

Where a department sends only those figures again that were wrong, the spread is that of the wrong ones: rather too
large than too small.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl

from efficiency.evaluation.robustness.restated import CASES
from efficiency.policy.values import OWN
from schemas import DATA_ERRORS
from schemas.results import own_schema

if TYPE_CHECKING:
    from collections.abc import Collection

    from efficiency.policy.model import Robustness

OWN_ERRORS = pl.Schema(own_schema(DATA_ERRORS))
"""Shape of `own_errors`: results.data_errors without evaluation_id, period and policy_id."""
ALL = "全部"
"""In place of the department: the cases of all of them."""
SAME = 1e-9
"""Relative difference up to which a figure was sent again unchanged: the noise of unit conversion."""
GROSS = 8.0
"""Factor beyond which a change is no error of measurement (interface: a month over 8 times is a suspected unit)."""
FAR = 4.0
"""Times the spread that three quarters of the changed figures show, beyond which one may be set aside."""
NEAR = 1.25
"""Factor up to which a change is never set aside."""
_THREE_QUARTERS = 1.1503493803760079
"""Φ⁻¹(0.875): three quarters of normal errors are within so many times their spread."""


def own_errors(cases: pl.DataFrame, measures: Collection[str], robustness: Robustness) -> pl.DataFrame:
    """The spread of each of `measures` over `cases` (shape `CASES`), in all and by department (shape `OWN_ERRORS`).

    `used` is what the draws take, the same for all departments: the spread over all of them where there are at least
    `own_min_cases` that were changed and are not set aside, else the policy's `data_sd_otherwise`: nobody can claim
    that figures have no error at all because they were sent again as they were.
    """
    compared = cases.select(CASES.names()).filter((pl.col("before") != 0) | (pl.col("after") != 0)).with_columns(
        (pl.col("after") / pl.col("before")).alias("_ratio")
    )  # fmt: skip
    comparable = pl.col("_ratio").is_finite() & (pl.col("_ratio") > 0)
    off = compared.with_columns(
        pl.when(comparable)
        .then(pl.when((pl.col("_ratio") - 1).abs() <= SAME).then(0.0).otherwise(pl.col("_ratio").log()))
        .alias("off")
    )
    looked_at = (pl.col("off").is_null() | (pl.col("off") != 0)).any().over("files")
    off = off.filter(looked_at).select("measure", "department", "off")
    everybody = off.with_columns(pl.lit(ALL).alias("department"))
    found = pl.concat([everybody, off]).group_by("measure", "department").agg(_spread())
    wanted = pl.DataFrame({"measure": sorted(measures), "department": ALL}, schema_overrides={"measure": pl.String})
    rows = pl.concat([wanted, found.select("measure", "department")]).unique()
    judged = rows.join(found, on=["measure", "department"], how="left", validate="1:1").with_columns(
        pl.col("cases", "changed", "set_aside").fill_null(0)
    )
    in_all = judged.filter(pl.col("department") == ALL).select(
        "measure",
        (pl.col("changed") - pl.col("set_aside") >= robustness.own_min_cases).alias("_enough"),
        pl.col("sd").alias("_in_all"),
    )
    return (
        judged.join(in_all, on="measure", how="left", validate="m:1")
        .with_columns(
            pl.when("_enough").then("_in_all").otherwise(robustness.data_sd_otherwise).alias("used"),
            pl.when("_enough").then(pl.lit(OWN)).otherwise(pl.lit("policy")).alias("source"),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in OWN_ERRORS.items())
        .sort("measure", pl.col("department") != ALL, "department")
    )


def _spread() -> list[pl.Expr]:
    """cases, changed, set_aside and sd of a group of the column `off`: ln(now ÷ before), null where there is none."""
    # In order of size, so that the sum of floats is the same for any order of rows.
    far = pl.col("off").abs().sort()
    # 0 ÷ 1: unchanged figures have no part in what is far.
    usual = far.filter((far > 0) & (far <= math.log(GROSS)))
    beyond = FAR / _THREE_QUARTERS * usual.quantile(0.75, interpolation="higher")
    bound = pl.min_horizontal(pl.lit(math.log(GROSS)), pl.max_horizontal(pl.lit(math.log(NEAR)), beyond))
    kept = far.filter(far <= bound)
    return [
        pl.len().cast(pl.Int64).alias("cases"),
        (pl.len() - (pl.col("off") == 0).sum()).cast(pl.Int64).alias("changed"),
        (pl.len() - kept.count()).cast(pl.Int64).alias("set_aside"),
        pl.when(kept.count() > 0).then((kept * kept).mean().sqrt()).alias("sd"),
    ]
