"""Ranks and tiers from scores, and tiers after overrides: here a tier is cut (`levels_of`).

An enterprise without a score has no tier: missing data are never D. Cuts by rank are compared in whole numbers, since
a binary fraction such as 0.2 × 5 can differ from the whole number that the rule means.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from efficiency.evaluation.scoring.group_statistics import Floats, groups_by
from efficiency.evaluation.scoring.scores import DECIMALS
from efficiency.policy.expressions import column_names, predicate
from efficiency.policy.model import Cohort, Cuts, Override, Tiers
from schemas.profile import INCIDENTS, TIERS

Levels = NDArray[np.int8]
"""Tiers as numbers, A = 0 to D = 3."""
UNIT = 10.0**DECIMALS
"""Scores are compared as whole numbers of their last decimal, so that equal after rounding is equal."""
SHARE = 1_000_000_000
"""Cuts by rank are taken in units of 1 / SHARE."""


def add_tiers(frame: pl.DataFrame, cohort: Cohort, counted: pl.DataFrame) -> pl.DataFrame:
    """`frame` (one cohort, scores rounded) with rank, tier_initial, tier, land_tier and energy_tier.

    rank = 1 + enterprises of the cohort with a higher score. Without [cohort.tiers] the tiers are null. By rank the
    tiers of a dimension are cut by its uncapped score, so that a cap which many reach leaves an order among them.
    `counted`: the enterprises that are not ranked but count in n, with the columns of `within` and uscc.
    """
    tiers = cohort.tiers
    ranked = frame.with_columns(pl.col("score").rank("min", descending=True).cast(pl.Int64).alias("rank"))
    uncapped = "_uncapped" if tiers and tiers.by == "rank" else ""
    return ranked.with_columns(
        _tier(frame, "score", tiers, counted).alias("tier_initial"),
        _tier(frame, f"land_score{uncapped}", tiers, counted).alias("land_tier"),
        _tier(frame, f"energy_score{uncapped}", tiers, counted).alias("energy_tier"),
    ).with_columns(pl.col("tier_initial").alias("tier"))


def apply_overrides(frame: pl.DataFrame, overrides: Sequence[Override]) -> pl.DataFrame:
    """`frame` with `tier` after the overrides in their order, `override_labels`, override_<i> (met), and two flags.

    A later override is applied to the tier after the earlier ones. `at_most` = no better than, `at_least` = no worse
    than. Enterprises without a tier keep none. Labels are those of the overrides that changed the tier. `protected`:
    an override that protects is met, with or without a tier. `vetoed`: one that looks at incidents changed the tier.
    """
    frame = frame.with_columns(
        pl.lit(None, dtype=pl.String).alias("override_labels"),
        pl.lit(value=False).alias("protected"),
        pl.lit(value=False).alias("vetoed"),
    )
    for i, override in enumerate(overrides):
        if override.protects:
            frame = frame.with_columns((pl.col("protected") | predicate(override.when)).alias("protected"))
        met = predicate(override.when) & pl.col("tier").is_not_null()
        frame = frame.with_columns(met.alias(f"override_{i}")).with_columns(_overridden(i, override).alias("__tier"))
        changed = pl.col("__tier") != pl.col("tier")
        frame = frame.with_columns(
            pl.when(changed)
            .then(pl.concat_str("override_labels", pl.lit(override.label), separator="、", ignore_nulls=True))
            .otherwise("override_labels")
            .alias("override_labels"),
            pl.col("__tier").alias("tier"),
            (pl.col("vetoed") | (changed.fill_null(value=False) & pl.lit(_of_incidents(override)))).alias("vetoed"),
        ).drop("__tier")
    return frame


def _of_incidents(override: Override) -> bool:
    """Whether the override looks at incidents: then it is a veto."""
    return bool(column_names(override.when) & {"open_incidents", "phaseout_overdue", *INCIDENTS})


def move_levels(levels: Levels, override: Override, who: NDArray[np.intp]) -> None:
    """Applies `override` in place to the enterprises `who`, which meet it: positions on the last axis of `levels`."""
    if not who.size or override.effect is None:
        return
    level = np.int8(TIERS.index(override.effect))
    if override.tier is not None:
        levels[..., who] = level
    elif override.at_most is not None:
        levels[..., who] = np.maximum(levels[..., who], level)
    else:
        levels[..., who] = np.minimum(levels[..., who], level)


def d_streak() -> pl.Expr:
    """Consecutive evaluated periods in D up to and including this one; 0 for any other tier and for none."""
    return (
        pl.when(pl.col("tier") == "D").then(pl.col("d_streak_before") + 1).otherwise(0).cast(pl.Int64).alias("d_streak")
    )


def cut_shares(cuts: Cuts) -> tuple[int, int, int]:
    """The cuts by rank as whole numbers of 1 / SHARE."""
    return round(cuts.A * SHARE), round(cuts.B * SHARE), round(cuts.C * SHARE)


def levels_of(scores: Floats, tiers: Tiers, groups: Sequence[slice], sizes: Sequence[int]) -> Levels:
    """Draws × enterprises: the tiers of `scores`, which are whole numbers of 1 / `UNIT` points.

    Each of `groups` is a run of neighbours that are ranked among themselves, each of `sizes` the n of which the cuts
    are shares; by score they do not matter. By rank an enterprise is within a cut when at most k = ⌊n × cut⌋ scores,
    its own included, are at least as high as its own: exactly when its own is higher than the (k + 1)-th highest. So
    a partial sort at three positions is enough; one after the other, each among the scores below the one before,
    which numpy does many times faster than all at once.
    """
    levels = np.zeros(scores.shape, dtype=np.int8)
    if tiers.by == "score":
        for cut in (tiers.cuts.A, tiers.cuts.B, tiers.cuts.C):
            levels += scores < np.rint(cut * UNIT)
        return levels
    for group, n in zip(groups, sizes, strict=True):
        part = scores[:, group]
        ranked = part.shape[1]
        positions = [ranked - 1 - n * share // SHARE for share in cut_shares(tiers.cuts)]
        ordered, end = part.copy(), ranked
        # Descending, as the cuts ascend.
        for position in positions:
            if 0 <= position < end:
                ordered[:, :end].partition(position, axis=1)
                end = position
            if position >= 0:
                levels[:, group] += part <= ordered[:, position, None]
    return levels


def sizes_of(keys: pl.DataFrame, ranked: Sequence[int], counted: pl.DataFrame) -> list[int]:
    """The n of each group: its `ranked` enterprises, and those of `counted` with the same `keys`.

    `keys`: one row per group with its values of `within`, no columns for one group of all.
    """
    if counted.is_empty():
        return list(ranked)
    if not keys.columns:
        return [n + counted.height for n in ranked]
    also = counted.group_by(keys.columns).agg(pl.len().alias("also"))
    found = keys.join(also, on=keys.columns, how="left", nulls_equal=True, validate="1:1", maintain_order="left")
    return [n + more for n, more in zip(ranked, found["also"].fill_null(0), strict=True)]


def runs(lengths: Sequence[int]) -> list[slice]:
    """Consecutive slices of these lengths, from 0."""
    ends = np.cumsum(lengths, dtype=np.int64).tolist()
    return [slice(end - length, end) for end, length in zip(ends, lengths, strict=True)]


def _tier(frame: pl.DataFrame, score: str, tiers: Tiers | None, counted: pl.DataFrame) -> pl.Series:
    """The tier of each row by `tiers` among the rows with that score; null without a score or without cuts."""
    tier = pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    known = frame[score].is_not_null().arg_true()
    if tiers is None or known.is_empty():
        return tier
    scores = np.rint(frame[score].gather(known).to_numpy() * UNIT)
    groups = groups_by(frame.select(score, *tiers.within)[known], () if tiers.by == "score" else tiers.within)
    lengths = groups.lengths().tolist()
    sizes = sizes_of(groups.keys, lengths, counted)
    levels = np.empty(len(scores), dtype=np.int8)
    levels[groups.order] = levels_of(scores[groups.order][None, :], tiers, runs(lengths), sizes)[0]
    return tier.scatter(known, pl.Series(TIERS).gather(pl.Series(levels)))


def _overridden(i: int, override: Override) -> pl.Expr:
    """The tier after override `i`; letters compare as tiers do, A first."""
    tier, met = pl.col("tier"), pl.col(f"override_{i}")
    if override.tier is not None:
        return pl.when(met).then(pl.lit(override.tier)).otherwise(tier)
    if override.at_most is not None:
        return pl.when(met & (tier < override.at_most)).then(pl.lit(override.at_most)).otherwise(tier)
    if override.at_least is not None:
        return pl.when(met & (tier > override.at_least)).then(pl.lit(override.at_least)).otherwise(tier)
    return tier
