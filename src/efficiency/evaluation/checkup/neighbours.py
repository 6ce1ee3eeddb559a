"""Enterprises on both sides of a cut whose scores differ by no more than a list shows."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from efficiency.evaluation.scoring import DECIMALS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efficiency.policy.model import Cohort, Policy

SHOWN_DECIMALS = 2
"""Decimals with which lists show a score."""
CUTS = {
    "cohort": pl.String, "cohort_title": pl.String, "group": pl.String, "better": pl.String, "worse": pl.String,
    "lowest_above": pl.Float64, "highest_below": pl.Float64, "gap": pl.Float64,
}  # fmt: skip
"""One row per cut: the tiers that it parts, the score next to it on either side, and the difference of the two."""
NEIGHBOURS = {
    "cohort_title": pl.String, "group": pl.String, "better": pl.String, "worse": pl.String, "uscc": pl.String,
    "name": pl.String, "tier_initial": pl.String, "tier": pl.String, "score": pl.Float64, "above": pl.Boolean,
}  # fmt: skip
"""One row per enterprise and cut that it stands at, the higher score first."""


def cuts_and_neighbours(profile: pl.DataFrame, policy: Policy) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cuts between tiers (shape `CUTS`), and the enterprises within rounding of them (shape `NEIGHBOURS`).

    `profile`: results.scores of one evaluation, with the columns by which tiers are cut within groups. Tiers are those
    by the score, before overrides.
    """
    ranked = profile.filter(pl.col("tier_initial").is_not_null(), pl.col("score").is_not_null()).sort("uscc")
    step = 10.0**-SHOWN_DECIMALS + 0.5 * 10.0**-DECIMALS
    cuts: list[tuple[object, ...]] = []
    near = [pl.DataFrame(schema=NEIGHBOURS)]
    for cohort, group, members in _groups(ranked, policy):
        of_tier = members.group_by("tier_initial").agg(
            pl.col("score").min().alias("least"), pl.col("score").max().alias("most")
        )
        for upper, lower in pairwise(of_tier.sort("tier_initial").iter_rows(named=True)):
            better, worse, least, most = upper["tier_initial"], lower["tier_initial"], upper["least"], lower["most"]
            cuts.append((cohort.id, cohort.label, group, better, worse, least, most, round(least - most, DECIMALS)))
            above, below = pl.col("tier_initial") <= better, pl.col("tier_initial") >= worse
            close = (above & (pl.col("score") <= most + step)) | (below & (pl.col("score") >= least - step))
            near.append(
                members.filter(close).select(
                    pl.lit(cohort.label).alias("cohort_title"), pl.lit(group).alias("group"),
                    pl.lit(better).alias("better"), pl.lit(worse).alias("worse"),
                    "uscc", "name", "tier_initial", "tier", "score", above.alias("above"),
                ).sort("score", "uscc", descending=[True, False])
            )  # fmt: skip
    return pl.DataFrame(cuts, schema=CUTS, orient="row"), pl.concat(near)


def _groups(ranked: pl.DataFrame, policy: Policy) -> Iterator[tuple[Cohort, str, pl.DataFrame]]:
    """Each cohort with tiers, the name of the group within it (empty for all of it), and the enterprises that are cut
    among themselves.
    """
    for cohort in policy.cohort:
        members = ranked.filter(pl.col("cohort") == cohort.id)
        if cohort.tiers is None or members.is_empty():
            continue
        if cohort.tiers.by == "score" or not cohort.tiers.within:
            yield cohort, "", members
            continue
        ordered = members.sort(*cohort.tiers.within, "uscc")
        for key, rows in ordered.partition_by(cohort.tiers.within, as_dict=True, maintain_order=True).items():
            yield cohort, "、".join("未填报" if part is None else str(part) for part in key), rows
