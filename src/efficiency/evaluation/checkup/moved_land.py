"""Land that was let out, given back or given up in the months before a period, by so much that it matters.

Less land makes every figure per mu better. Whether the tier would be another with the land of before is judged by
judging the cohort again, and is known only where that gives everybody the score that was published.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.evaluation.targets import supposing
from efficiency.facts.land import land_at
from efficiency.periods import period_end, period_start, shifted
from efficiency.policy.expressions import column_names

if TYPE_CHECKING:
    from datetime import date

    from efficiency.policy.model import Cohort, Policy

WINDOW = 12
"""Months before the period's end in which land must have become less."""
MATTERS_SHARE = 0.10
MATTERS_MU = 1.0
"""By so much of the land of before, and by so many 亩, it must have become less to be looked at."""
MOST_JUDGED = 300
MOST_CELLS = 10_000_000
"""Enterprises of a cohort that are judged again, those with the largest part of their land gone: so many, and so many
times the cohort's enterprises, at most."""
SAME_LAND = 1e-6
_OTHER_LAND = frozenset({"land_owned", "land_leased_in", "land_leased_out", "land_idle"})
"""Words that would change with the land, of which judging again knows nothing."""
MOVED = {
    "uscc": pl.String, "name": pl.String, "town": pl.String, "tier": pl.String, "score": pl.Float64,
    "dated": pl.Date, "land_before": pl.Float64, "land_after": pl.Float64, "less": pl.Float64,
    "let_out": pl.Float64, "given_back": pl.Float64, "given_up": pl.Float64,
    "tier_with": pl.String, "score_with": pl.Float64, "known": pl.Boolean,
}  # fmt: skip
"""One row per enterprise, in order of how large a part of its land is gone. `dated`: date of the land before, null
where it states none. `let_out`: more let than then, `given_back`: less rented, `given_up`: less owned, in 亩.
`tier_with`, `score_with`: with the land of before, all else as it is; `known`: whether that could be judged."""


def stated_twice(land: pl.DataFrame, period: str) -> int:
    """Enterprises whose land is known both before the window, or within it, and at a later date up to its end."""
    dated = land.filter(pl.col("as_of").is_null() | (pl.col("as_of") <= period_end(period)))
    return dated.group_by("uscc").agg(pl.col("as_of").n_unique().alias("dates")).filter(pl.col("dates") > 1).height


def moved_land(
    land: pl.DataFrame, scores: pl.DataFrame, profile: pl.DataFrame, policy: Policy, period: str
) -> pl.DataFrame:
    """The enterprises of `scores` whose land became less by an amount that matters (shape `MOVED`).

    `land`: facts.land, only rows that count, parts added up. `scores`: results.scores of the evaluation of `period`;
    `profile`: what it read of every enterprise (shape `schemas.PROFILE`).
    """
    before = _most_land(land, shifted(period_start(period), 1 - WINDOW), period_end(period))
    after = land_at(land, period_end(period))
    both = before.join(after, on="uscc", how="inner", suffix="_after", validate="1:1")
    less = pl.col("land") - pl.col("land_after")
    moved = (
        both.filter(less >= MATTERS_MU, less >= MATTERS_SHARE * pl.col("land"))
        .select(
            "uscc",
            "dated",
            pl.col("land").alias("land_before"),
            "land_after",
            less.alias("less"),
            (pl.col("land_leased_out_after") - pl.col("land_leased_out")).clip(0).alias("let_out"),
            (pl.col("land_leased_in") - pl.col("land_leased_in_after")).clip(0).alias("given_back"),
            (pl.col("land_owned") - pl.col("land_owned_after")).clip(0).alias("given_up"),
        )
        .join(
            scores.select("uscc", "name", "town", "tier", "score", "cohort", pl.col("land").alias("judged_by")),
            on="uscc",
            how="inner",
            validate="1:1",
        )
        .sort(pl.col("less") / pl.col("land_before"), "uscc", descending=[True, False])
    )
    judged = _with_land_of_before(moved, scores, profile, policy)
    return moved.join(judged, on="uscc", how="left", maintain_order="left").select(
        pl.col(name).cast(dtype) if name != "known" else pl.col(name).fill_null(value=False)
        for name, dtype in MOVED.items()
    )


def _most_land(land: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """The most land that each enterprise had in force on a day from `first` to `last`: as `land_at`, and `dated`."""
    within = land.filter(pl.col("as_of").is_between(first, last))
    days = [first, *within["as_of"].unique().sort().to_list()]
    dates = land.select("uscc", "as_of")
    stood = [
        land_at(land if day == first else land.join(within.filter(pl.col("as_of") == day), on="uscc", how="semi"), day)
        .join(
            dates.filter(pl.col("as_of") <= day).group_by("uscc").agg(pl.col("as_of").max().alias("dated")),
            on="uscc",
            how="left",
        )
        for day in days
    ]  # fmt: skip
    return (
        pl.concat(stood)
        .filter(pl.col("land").is_not_null())
        .sort("uscc", "land", "dated", nulls_last=False)
        .group_by("uscc", maintain_order=True)
        .last()
    )


def _with_land_of_before(
    moved: pl.DataFrame, scores: pl.DataFrame, profile: pl.DataFrame, policy: Policy
) -> pl.DataFrame:
    """uscc, tier_with, score_with and known of the enterprises of `moved` that could be judged again."""
    schema = {"uscc": pl.String, "tier_with": pl.String, "score_with": pl.Float64, "known": pl.Boolean}
    parts = [pl.DataFrame(schema=schema)]
    for cohort in policy.cohort:
        # Where the land has been stated anew since the evaluation, nothing is known of what it was then.
        as_judged = (pl.col("land_after") - pl.col("judged_by")).abs() < SAME_LAND
        asked = moved.filter(pl.col("cohort") == cohort.id, pl.col("tier").is_not_null(), as_judged)
        if asked.is_empty() or _OTHER_LAND & _words_of(cohort, policy):
            continue
        base = supposing(profile, policy, cohort)
        if base is None or not _as_published(base.members, scores, cohort):
            continue
        asked = asked.head(min(MOST_JUDGED, max(1, MOST_CELLS // base.members.height)))
        places = base.members.select("uscc", pl.int_range(pl.len(), dtype=pl.Int64).alias("at"))
        at = asked.join(places, on="uscc", how="left", maintain_order="left", validate="1:1")["at"].to_numpy()
        found = base.judged(at, "land", asked["land_before"].to_numpy())
        parts.append(
            pl.DataFrame([asked["uscc"], found["tier"].alias("tier_with"), found["score"].alias("score_with")])
            .with_columns(pl.lit(value=True).alias("known"))
            .filter(pl.col("tier_with").is_not_null())
        )
    return pl.concat(parts)


def _words_of(cohort: Cohort, policy: Policy) -> set[str]:
    """The words of the profile that score and tier of the cohort's enterprises go by."""
    texts = [cohort.factor, *(one.where for one in policy.cohort)]
    texts += [text for item in cohort.indicator for text in (item.numerator, item.denominator)]
    texts += [rule.when for rule in policy.excluded] + [rule.when for rule in policy.override]
    texts += [rule.when for rule in policy.adjustment]
    return {name for text in texts for name in column_names(text)}


def _as_published(members: pl.DataFrame, scores: pl.DataFrame, cohort: Cohort) -> bool:
    """Whether judging again gives everybody of the cohort the score and the tier that were published."""
    published = scores.filter(pl.col("cohort") == cohort.id).select("uscc", "score", "tier")
    both = members.select("uscc", "score", "tier").join(published, on="uscc", how="full", suffix="_published")
    same = (pl.col("score") - pl.col("score_published")).abs() < 1e-6
    alike = same.fill_null(pl.col("score").is_null() & pl.col("score_published").is_null()) & pl.col("tier").eq_missing(
        pl.col("tier_published")
    )
    return bool(both.select(alike.all()).item())
