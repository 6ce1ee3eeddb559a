"""How much each indicator really moves the score, beside its nominal weight.

Influence is the first-order share of the score's variance (squared correlation ratio, Paruolo, Saisana and Saltelli
2013): how much of the differences in score between the ranked enterprises of a cohort goes with the indicator's score.
Enterprises are put into bins by the indicator's score, equal scores always together; the ratio of the variance between
bins to all of it is adjusted for the number of bins (epsilon squared), since bins filled at random would explain some.
The square of the linear correlation stands beside it as a check.

An indicator may explain nothing because its scores hardly differ, or because others fall where it rises (R&D per
revenue beside revenue per energy). These are told apart by the score without it: how much of that varies otherwise.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from efficiency.evaluation.scoring import Floats
    from efficiency.policy.model import Cohort, Policy

LEAST_RANKED = 50
"""Ranked enterprises of a cohort below which influences are not judged."""
MOST_BINS = 20
LEAST_WEIGHT = 0.05
"""Share of the cohort's weights from which an indicator is expected to have an influence."""
NO_INFLUENCE = 0.02
"""Share of the score's variance below which an indicator explains nearly nothing."""
OUTSIZED = 2.0
OUTSIZED_BY = 0.15
"""An indicator moves far more than its weight says when its share of the influences is at least so many times its share
of the weights, and by so much more."""
INFLUENCE = {
    "cohort": pl.String, "cohort_title": pl.String, "indicator": pl.String, "title": pl.String,
    "ranked": pl.Int64, "weight": pl.Float64, "influence": pl.Float64, "linear": pl.Float64, "share": pl.Float64,
    "apart": pl.Float64, "judged": pl.Boolean, "without": pl.Boolean, "offset": pl.Boolean, "opposite": pl.Boolean,
    "outsized": pl.Boolean,
}  # fmt: skip
"""`weight`: of the sum of the cohort's weights. `influence`, `linear`: of the score's variance. `share`: influence of
the sum of the cohort's influences; null: not judged. `apart`: of the variance of the score, what the score without the
indicator does not explain by a line. `without`: it has a weight, explains nearly nothing, and without it the scores
would lie as they do; `offset`: it explains nearly nothing, since others fall where it rises; `opposite`: who scores
higher in it scores lower in total; `outsized`: it moves far more than its weight says."""


def influences(scores: pl.DataFrame, indicators: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """One row per cohort and indicator (shape `INFLUENCE`), in the policy's order.

    `scores`, `indicators`: results.scores and results.indicators of one evaluation.
    """
    ranked = scores.filter(pl.col("status") == "ranked", pl.col("score").is_not_null()).select(
        "uscc", "cohort", "score"
    )
    items = indicators.select("uscc", "indicator", pl.col("score").alias("earned"))
    rows = [row for cohort in policy.cohort for row in _of_cohort(ranked, items, cohort)]
    return pl.DataFrame(rows, schema=INFLUENCE, orient="row")


def _of_cohort(ranked: pl.DataFrame, items: pl.DataFrame, cohort: Cohort) -> list[tuple[object, ...]]:
    """The rows of `INFLUENCE` of one cohort."""
    members = ranked.filter(pl.col("cohort") == cohort.id)
    total = members["score"]
    judged = members.height >= LEAST_RANKED and total.max() != total.min()
    weights = sum(indicator.weight for indicator in cohort.indicator)
    found: list[tuple[float, float, float, bool] | None] = []
    for indicator in cohort.indicator:
        both = members.join(
            items.filter(pl.col("indicator") == indicator.id, pl.col("earned").is_not_null()), on="uscc", how="inner"
        ).sort("uscc")
        enough = judged and both.height >= LEAST_RANKED
        found.append(variance_explained(both["earned"].to_numpy(), both["score"].to_numpy()) if enough else None)
    whole = math.fsum(one[0] for one in found if one)
    return [
        (cohort.id, cohort.label, indicator.id, indicator.title, members.height, indicator.weight / weights,
         *_judgement(one, whole, indicator.weight / weights))
        for indicator, one in zip(cohort.indicator, found, strict=True)
    ]  # fmt: skip


def _judgement(explained: tuple[float, float, float, bool] | None, whole: float, weight: float) -> tuple[object, ...]:
    """The columns of `INFLUENCE` from influence on; `whole`: sum of the cohort's influences."""
    if explained is None:
        return None, None, None, None, False, False, False, False, False
    influence, linear, apart, falls = explained
    share = influence / whole if whole else None
    nothing = weight >= LEAST_WEIGHT and max(influence, linear) < NO_INFLUENCE
    without, offset = nothing and apart < NO_INFLUENCE, nothing and apart >= NO_INFLUENCE
    outsized = share is not None and share >= OUTSIZED * weight and share >= weight + OUTSIZED_BY
    return influence, linear, share, apart, True, without, offset, falls and linear >= NO_INFLUENCE, outsized


def variance_explained(part: Floats, whole: Floats) -> tuple[float, float, float, bool]:
    """Shares of the variance of `whole`: what goes with `part` by bins and by a line, and what does not go with the
    rest by a line; and whether the line of `part` falls.
    """
    n = len(part)
    deviation = whole - whole.mean()
    # Not the product of vectors: the order in which that adds up depends on the number of threads.
    variance = float((deviation * deviation).sum())
    if variance == 0 or part.max() == part.min():
        return 0.0, 0.0, 0.0, False
    bins = _bins(part, min(MOST_BINS, math.isqrt(n)))
    counts = np.bincount(bins)
    sums = np.bincount(bins, weights=deviation)
    between = float((sums[counts > 0] ** 2 / counts[counts > 0]).sum())
    used = int((counts > 0).sum())
    ratio = 1 - (1 - between / variance) * (n - 1) / (n - used) if n > used else 0.0
    own = part - part.mean()
    rest = deviation - own
    covariance = float((own * deviation).sum())
    apart = 1.0 - _along(rest, deviation)
    return max(0.0, ratio), _along(own, deviation), apart, covariance < 0


def _along(one: Floats, other: Floats) -> float:
    """The squared correlation of two deviations from a mean, of which `other` is not 0 throughout."""
    squares = float((one * one).sum())
    return float((one * other).sum()) ** 2 / (squares * float((other * other).sum())) if squares else 0.0


def _bins(figures: Floats, most: int) -> NDArray[np.int64]:
    """The bin of each figure, by its mean place in the order: equal figures are in one bin."""
    _, inverse, counts = np.unique(figures, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    return np.minimum((middle / len(figures) * most).astype(np.int64), most - 1)[inverse]
