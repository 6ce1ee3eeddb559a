"""Whether enterprises stand more often on one side close to a threshold than figures spread smoothly would.

Four bins of one width around the threshold: far below, just below, just above, far above. If figures are spread
smoothly, the logarithms of the four counts lie on a line or a parabola, so that just above : just below is the cube
root of far above : far below, whatever the slope. The test holds this against the counts (a comparison of neighbouring
bins, after McCrary 2008). Figures that are all positive are looked at by ratio, whole ones in whole steps. Where many
are rounded, bins are as wide as the step to which the threshold itself is round, so that each has as many round places.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from efficiency.evaluation.checkup.chance import two_sided, with_findings
from efficiency.policy.expressions import PROFILE_COLUMNS, column_names, predicate, scalar
from efficiency.policy.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from efficiency.policy.model import Policy
    from efficiency.policy.thresholds import Threshold

LEAST_NEAR = 20
"""Enterprises just below and just above together, below which a threshold is not judged."""
LEAST_FAR = 5
"""Enterprises far below, and far above, below which there is nothing to compare with."""
NEAREST = 80
"""Enterprises in the four bins at least; of n there are n^0.8."""
WIDEST = 0.75
"""Share of the enterprises that the four bins may hold: beyond, what is near and what is far is the same."""
ROUNDED = 0.10
"""Share of the nearest figures that are multiples of a step, from which they count as rounded to it."""
MORE_OFTEN = 1.5
"""So many times as many multiples of a larger step as of a smaller one would give make the larger one count."""
MATTERS = 0.10
"""Share of those near the threshold that must be on another side than expected for a finding."""
LEAST_STEP = -4
"""Decimals down to which figures are taken for rounded: a power of ten."""
BUNCHING = {
    "rule": pl.String, "condition": pl.String, "expression": pl.String, "value": pl.Float64, "who": pl.String,
    "known": pl.Int64, "low": pl.Float64, "high": pl.Float64, "below": pl.Int64, "above": pl.Int64,
    "expected_above": pl.Float64, "probability": pl.Float64, "adjusted": pl.Float64, "why_not": pl.String,
    "finding": pl.Boolean,
}  # fmt: skip
"""One row per threshold. `condition`: the predicate that holds above it; empty for a cut between tiers. `who`: given
(those who meet the rule's other conditions), plain (of these conditions, those that look at no score and no tier), all,
or the title of a cohort. `low`, `high`: where the bins just below and just above begin and end. `expected_above`: of
below + above, if figures are spread smoothly. `why_not`: absent (no such figure is kept), few, one_side (hardly anybody
far below or far above), within (tiers are cut within groups); null where it is judged."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What is found around a threshold."""

    low: float
    high: float
    below: int
    above: int
    expected_above: float
    probability: float


def bunching(profile: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """One row per threshold of the policy's expressions, then per cut between tiers (shape `BUNCHING`).

    `profile`: results.scores of one evaluation with what expressions may use beside, as far as it is kept.
    """
    ordered = profile.sort("uscc")
    rows = [_of_threshold(ordered, one) for one in thresholds(policy)]
    rows += _of_cuts(ordered, policy)
    near, away = pl.col("below") + pl.col("above"), (pl.col("above") - pl.col("expected_above")).abs()
    return pl.DataFrame(with_findings(rows), schema=BUNCHING).with_columns(
        (pl.col("finding") & (away >= MATTERS * near).fill_null(value=False)).alias("finding")
    )


def _of_threshold(profile: pl.DataFrame, threshold: Threshold) -> dict[str, object]:
    """The row of one threshold: among those for whom it decides, or where they are too few among more."""
    row = {
        "rule": "；".join(threshold.rules), "condition": threshold.condition, "expression": threshold.expression,
        "value": threshold.value, "who": "all", "known": 0, **_NOTHING,
    }  # fmt: skip
    if not column_names(threshold.expression) <= set(profile.columns):
        return {**row, "why_not": "absent"}
    tried: dict[str, object] = {}
    for who, among in _populations(profile, threshold):
        known = among.select(scalar(threshold.expression).alias("figure"))["figure"].drop_nulls().to_numpy()
        tried = {
            **row,
            "who": who,
            "known": len(known),
            **_judged(known, threshold.value, belongs_above=threshold.belongs_above),
        }
        if tried["why_not"] is None:
            break
    return tried


def _populations(profile: pl.DataFrame, threshold: Threshold) -> Iterator[tuple[str, pl.DataFrame]]:
    """For whom the threshold decides, if that can be said; then those whom only scores and tiers keep from that."""
    kept = [text for text in threshold.given if column_names(text) <= set(profile.columns)]
    plain = [text for text in kept if column_names(text) <= PROFILE_COLUMNS.keys()]
    if kept and len(kept) == len(threshold.given):
        yield "given", profile.filter(pl.all_horizontal(predicate(text) for text in kept))
    if plain == kept and len(kept) == len(threshold.given) > 0:
        return
    if plain:
        yield "plain", profile.filter(pl.all_horizontal(predicate(text) for text in plain))
    else:
        yield "all", profile


def _of_cuts(profile: pl.DataFrame, policy: Policy) -> Iterator[dict[str, object]]:
    """The rows of the cuts between tiers: by score where the policy says, by rank half-way between the two scores."""
    for cohort in policy.cohort:
        members = profile.filter(pl.col("cohort") == cohort.id, pl.col("score").is_not_null())
        if cohort.tiers is None or members.is_empty():
            continue
        scores = members["score"].to_numpy()
        for better, worse, cut in zip("ABC", "BCD", cohort.tiers.cuts.model_dump().values(), strict=True):
            row = {
                "rule": f"{better}类与{worse}类的分界", "condition": "", "expression": "score", "value": cut,
                "who": cohort.label, "known": len(scores), **_NOTHING,
            }  # fmt: skip
            if cohort.tiers.by == "rank":
                upper = members.filter(pl.col("tier_initial") <= better)["score"].min()
                lower = members.filter(pl.col("tier_initial") >= worse)["score"].max()
                if cohort.tiers.within:
                    yield {**row, "value": None, "why_not": "within"}
                    continue
                if not isinstance(upper, float) or not isinstance(lower, float):
                    yield {**row, "value": None, "why_not": "one_side"}
                    continue
                at = (upper + lower) / 2
            else:
                at = cut
            yield {**row, "value": at, **_judged(scores, at, belongs_above=True)}


_NOTHING: dict[str, object] = dict.fromkeys(
    ("low", "high", "below", "above", "expected_above", "probability", "why_not")
)


def _judged(figures: NDArray[np.float64], value: float, *, belongs_above: bool) -> dict[str, object]:
    """What of a row follows from the figures."""
    found = around(figures, value, belongs_above=belongs_above)
    if isinstance(found, str):
        return {**_NOTHING, "why_not": found}
    return {name: getattr(found, name) for name in Counts.__slots__} | {"why_not": None}


def around(figures: NDArray[np.float64], value: float, *, belongs_above: bool) -> Counts | str:
    """The counts around `value` and how likely so uneven ones are by chance; or why that is not judged.

    `belongs_above`: whether a figure that is exactly `value` is on the upper side.
    """
    wanted = max(NEAREST, round(len(figures) ** 0.8))
    if wanted > WIDEST * len(figures):
        return "few"
    nearest = figures[np.argsort(np.abs(figures - value), kind="stable")[:wanted]]
    step = _rounded_to(nearest[nearest != value], value)
    by_ratio = step is None and value > 0 and float(figures.min()) > 0
    distance = np.log(figures / value) if by_ratio else figures - value
    farthest = float(np.sort(np.abs(distance))[wanted - 1])
    width = farthest / 2 if step is None else step * math.ceil(farthest / 2 / step - 1e-9)
    if width <= 0:
        return "few"
    if 2 * width > min(-float(distance.min()), float(distance.max())) * (1 + 1e-9):
        return "one_side"  # the bins would reach to where there are no figures
    far_below, below, above, far_above = _counts(distance, width, belongs_above=belongs_above)
    if min(far_below, far_above) < LEAST_FAR:
        return "one_side"
    if below + above < LEAST_NEAR:
        return "few"
    slope = math.log((far_above + 0.5) / (far_below + 0.5)) / 3
    expected = 1 / (1 + math.exp(-slope))
    away = math.log((above + 0.5) / (below + 0.5)) - slope
    # By chance: the variance of the slope, and that of two counts which share what is near as expected.
    near = below + above
    variance = 1 / (near * expected * (1 - expected)) + (1 / far_above + 1 / far_below) / 9
    edges = (value * math.exp(-width), value * math.exp(width)) if by_ratio else (value - width, value + width)
    return Counts(*edges, below, above, near * expected, two_sided(away / math.sqrt(variance)))


def _counts(distance: NDArray[np.float64], width: float, *, belongs_above: bool) -> Sequence[int]:
    """Figures far below, just below, just above and far above, by their distance from the threshold."""
    # The side of an edge's own figures is that of the threshold's, so that each bin has as many round places.
    side = "left" if belongs_above else "right"
    tiny = 1e-9 * width
    edges = np.array([-2 * width, -width, 0.0, width, 2 * width]) + (-tiny if belongs_above else tiny)
    return np.diff(np.searchsorted(np.sort(distance), edges, side=side)).tolist()  # type: ignore[call-overload,no-any-return]


def _rounded_to(figures: NDArray[np.float64], value: float) -> float | None:
    """The largest step to which `value` is round and many of `figures` are rounded; None where they are not.

    Steps are 0.01, 0.05, 0.1, 0.5, 1, 5, 10 …: a larger one counts where more figures are multiples of it than would be
    if they were spread evenly over the multiples of the smaller.
    """
    if not figures.size:
        return None
    highest = math.floor(math.log10(abs(value))) if value else 0
    rounded: float | None = None
    before = 0.0
    for step in (factor * 10.0**power for power in range(LEAST_STEP, highest + 1) for factor in (1, 5)):
        if not _is_multiple(np.array([value]), step).all():
            continue
        part = float(_is_multiple(figures, step).mean())
        evenly = 0.0 if rounded is None else before * rounded / step
        if part >= max(ROUNDED, MORE_OFTEN * evenly):
            rounded, before = step, part
    return rounded


def _is_multiple(figures: NDArray[np.float64], step: float) -> NDArray[np.bool_]:
    """Whether each figure is a multiple of `step`, but for the last bits."""
    parts = figures / step
    return np.abs(parts - np.rint(parts)) < 1e-6
