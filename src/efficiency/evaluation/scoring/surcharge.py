"""The surcharge on electricity by consecutive years in tier D, as 山东 charges it.

The rule counts years; an evaluation covers a period. `periods_per_year` consecutive evaluated periods in D make a year
in D, and a year that has begun counts in full: with twelve periods a year, the 1st to 12th period in D are the first
year, the 13th to 24th the second, and so on. An evaluated period outside D ends the count, as a year outside D does in
the rule; a period without evaluation neither counts nor interrupts (as in `d_streak`). The zone charges by its yearly
evaluation: the figure of any other period is what would be due if its tier were that of the year.
"""

from __future__ import annotations

import polars as pl

from efficiency.policy.expressions import predicate
from efficiency.policy.model import Surcharge


def surcharge(rule: Surcharge | None) -> pl.Expr:
    """`surcharge_yuan_per_kwh`, computed from tier, d_streak and the columns of the conditions.

    The highest of the surcharges that apply, 0 where none does; null without a rule and for who has no tier.
    """
    name = "surcharge_yuan_per_kwh"
    if rule is None:
        return pl.lit(None, dtype=pl.Float64).alias(name)
    periods, last = rule.periods_per_year, len(rule.steps)
    years = ((pl.col("d_streak") + periods - 1) // periods).clip(upper_bound=last)
    due = [
        pl.when(pl.col("tier") == "D").then(years.replace_strict(_by_year(rule), default=0.0, return_dtype=pl.Float64)),
        *(pl.when(predicate(other.when)).then(other.yuan_per_kwh) for other in rule.other),
    ]
    # max_horizontal ignores null: an enterprise outside D that meets no condition pays 0.
    return pl.when(pl.col("tier").is_not_null()).then(pl.max_horizontal(pl.lit(0.0), *due)).alias(name)


def _by_year(rule: Surcharge) -> dict[int, float]:
    """Year in D → yuan per kWh."""
    return dict(enumerate(rule.steps, start=1))
