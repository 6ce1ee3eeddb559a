"""The surcharge on electricity that follows from time in D, as 山东 charges it: by consecutive years.

The rule counts years; evaluations here are made by the period. A year in D is `periods_per_year` consecutive evaluated
periods in D, begun or full: with twelve periods a year, the 1st to 12th period in D are the first year, the 13th to
24th the second, and so on. A period that is evaluated and not in D ends the count, as a year outside D does in the
rule; a period that was never evaluated neither counts nor interrupts (as in `d_streak`). Where each year is evaluated
once, periods_per_year = 1 and the two are the same. What the zone charges follows from its yearly verdict: between
verdicts the figure is what would be due if the period's tier were it.
"""

from __future__ import annotations

import polars as pl

from efficiency.policy.expressions import predicate
from efficiency.policy.model import Surcharge


def surcharge(rule: Surcharge | None) -> pl.Expr:
    """`surcharge_yuan_per_kwh` from tier, d_streak and what conditions may use.

    The highest of the surcharges that apply, 0 where none does; null where the policy has none or there is no tier.
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
    # The greatest of what is not null: who is not in D and meets nothing pays 0.
    return pl.when(pl.col("tier").is_not_null()).then(pl.max_horizontal(pl.lit(0.0), *due)).alias(name)


def _by_year(rule: Surcharge) -> dict[int, float]:
    """Year in D → yuan per kWh."""
    return dict(enumerate(rule.steps, start=1))
