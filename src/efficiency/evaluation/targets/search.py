"""What it would take to reach the next better tier: the score, and the change of each figure that alone reaches it.

A change is looked for by judging the cohort again with it (`supposed`): the benchmark of which the enterprise is a
part moves, and so do the other indicators that use the figure, and the scores of others. A change that does not reach
the tier is not offered.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from efficiency.evaluation.scoring import DECIMALS, SHARE, Floats, cut_shares
from efficiency.evaluation.targets.supposed import Rows, Supposing
from efficiency.policy.formulas import formula_of
from efficiency.policy.model import Cohort, Indicator, Tiers
from schemas.profile import TIERS, TOTALS

_STEP = 10.0**-DECIMALS

TAKES = pl.Schema(
    {
        "indicator": pl.String(), "title": pl.String(), "unit": pl.String(), "value": pl.Float64(),
        "value_needed": pl.Float64(), "reachable": pl.Boolean(),
        "numerator": pl.String(), "numerator_unit": pl.String(), "numerator_change": pl.Float64(),
        "denominator": pl.String(), "denominator_unit": pl.String(), "denominator_change": pl.Float64(),
        "note": pl.String(),
    }
)  # fmt: skip
"""Shape of `what_it_takes`. The changes are alternatives: the numerator's at the same denominator, or the other way."""

_WORDS = {column.name: column for column in TOTALS}
_YIELDS = {"revenue", "gross_output", "value_added", "tax", "rd_expense"}
"""Measures of which more is better; of the others (land, staff, energy, water, discharge) less is."""


PARTS = ("numerator", "denominator")
OUT_OF_REACH = "单改此项数据(增加16倍、减少90%以内)不能达到：基准、名次和其他指标随之变化"
_RISING = 4.0 ** np.arange(-5, 3)
"""Steps in which more of a figure is tried, in shares of it; no more than sixteenfold is advised."""
_FALLING = np.array([4.0**-6, 4.0**-4, 0.02, 0.06, 0.15, 0.35, 0.6, 0.9])
"""Steps in which less of a figure is tried, in shares of it."""
MOST_MEMBERS = 2_000
"""Enterprises of a cohort for all of whom changes are looked for at once: the work grows with the square."""


def next_better(tier: str | None) -> str | None:
    """The tier above `tier`; None for A and for none."""
    return TIERS[TIERS.index(tier) - 1] if tier in TIERS[1:] else None


def score_needed(tiers: Tiers, target: str, others: Sequence[float], counted: int = 0) -> float | None:
    """The lowest score, to 6 decimals, with which an enterprise is in `target` or better, before overrides.

    By score it is the cut. By rank, with n enterprises including itself, the first k ranks are in the tier: the
    largest k with k ÷ n ≤ cut (in whole numbers, as in `scoring.tiers`). Ties share the worse rank, so the score must
    exceed that of the k-th best of the `others`, by the smallest step that counts. `counted` are those that are not
    ranked but count in n. None when the group is too small for any enterprise to be in the tier.
    """
    if tiers.by == "score":
        return float(getattr(tiers.cuts, target))
    n = len(others) + 1 + counted
    places = n * cut_shares(tiers.cuts)[TIERS.index(target)] // SHARE
    if places == 0:
        return None
    if places > len(others):
        return -math.inf
    kth_best = sorted((round(score, DECIMALS) for score in others), reverse=True)[places - 1]
    return round(kth_best + _STEP, DECIMALS)


def changes_that_reach(
    supposing: Supposing, rows: Rows, targets: Sequence[str], column: str, *, parts: int = 16, rounds: int = 7
) -> Floats:
    """For each of the members `rows` the least change of `column` that puts it into its target tier or a better one.

    More of what is a yield, less of what is not. Rounded away from zero to the decimals that are shown, and judged
    again so; NaN where there is no such change, or the figure is not known. The change is found to a share of
    parts⁻ʳᵒᵘⁿᵈˢ of the step in which it lies.
    """
    base = supposing.members[column].cast(pl.Float64).to_numpy()
    own = base[rows]
    if column in _YIELDS:
        typical = np.nanmedian(np.where(base > 0, base, np.nan)) if (base > 0).any() else 1.0
        steps = np.maximum(np.abs(own), typical)[:, None] * _RISING
    else:
        steps = -np.where(own > 0, own, np.nan)[:, None] * _FALLING
    wanted = pl.Series(targets).replace_strict(TIERS, range(len(TIERS)), return_dtype=pl.Int64).to_numpy()

    def reach(changes: Floats, of: Rows) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
        """Whether each change (problems × tries) of the problems `of` reaches the tier."""
        known = ~np.isnan(changes)
        tier = supposing.judged(
            np.repeat(rows[of], changes.shape[1]), column, (own[of][:, None] + np.nan_to_num(changes)).ravel()
        )["tier"]
        level = tier.replace_strict(TIERS, range(len(TIERS)), default=len(TIERS), return_dtype=pl.Int64)
        return (level.to_numpy().reshape(changes.shape) <= wanted[of][:, None]) & known

    everybody = np.arange(len(rows))
    reached = reach(steps, everybody)
    found = np.flatnonzero(reached.any(axis=1))
    first = reached[found].argmax(axis=1)
    high = steps[found, first]
    low = np.where(first > 0, steps[found, np.maximum(first - 1, 0)], 0.0)
    for _ in range(rounds if len(found) else 0):
        tries = low[:, None] + (high - low)[:, None] * np.arange(1, parts + 1) / parts
        tries[:, -1] = high
        first = reach(tries, found).argmax(axis=1)
        at = np.arange(len(found))
        high, low = tries[at, first], np.where(first > 0, tries[at, np.maximum(first - 1, 0)], low)
    changes = np.full(len(rows), np.nan)
    if len(found):
        tries = np.stack([_outward(high), _outward(high, more=1)], axis=1)
        good = reach(tries, found)
        best = np.where(good[:, 0], tries[:, 0], np.where(good[:, 1], tries[:, 1], np.nan))
        changes[found] = best
    return changes


@dataclass
class Search:
    """The changes that put some enterprises of a cohort into a better tier, looked for when first asked for."""

    supposing: Supposing
    targets: Mapping[str, str]
    """Code of an enterprise → the tier that it is to reach."""
    parts: int = 16
    rounds: int = 7
    found: dict[str, dict[str, float]] = field(default_factory=dict)

    def change(self, uscc: str, column: str) -> float | None:
        """The change of `column` that alone takes the enterprise to its tier or a better one; None where none does."""
        if column not in self.found:
            codes = self.supposing.members["uscc"]
            rows = codes.is_in(list(self.targets)).arg_true()
            asked = codes.gather(rows).to_list()
            changes = changes_that_reach(
                self.supposing,
                rows.cast(pl.Int64).to_numpy(),
                [self.targets[code] for code in asked],
                column,
                parts=self.parts,
                rounds=self.rounds,
            )
            self.found[column] = dict(zip(asked, changes.tolist(), strict=True))
        change = self.found[column].get(uscc, math.nan)
        return None if math.isnan(change) else change


def _outward(changes: Floats, more: int = 0) -> Floats:
    """`changes` rounded away from zero: 2 decimals from 100 on, else 4; `more` further units of the last decimal."""
    unit = np.where(np.abs(changes) >= 100, 100.0, 10_000.0)
    scaled = np.abs(changes) * unit
    # A figure that is exact but for its last bit must not be pushed a whole step further.
    whole = np.ceil(scaled - 1e-9 * scaled) + more
    return np.asarray(np.sign(changes) * whole / unit)


def what_it_takes(own: pl.DataFrame, search: Search, notes: Mapping[str, str]) -> pl.DataFrame:
    """For each indicator, the change of its numerator or denominator that alone reaches the tier (shape `TAKES`).

    `own`: one enterprise's rows of results.indicators; `notes`: of an indicator why no change of it alone would do,
    where the formula says so.
    """
    declared = {indicator.id: indicator for indicator in search.supposing.cohort.indicator}
    rows = []
    for line in own.iter_rows(named=True):
        indicator = declared[line["indicator"]]
        if line["score"] is None:
            rows.append(_line(line, note="指标缺少数据，未计分；补报数据后重新计算"))
        elif line["weight"] <= 0:
            rows.append(_line(line, note="指标权重为零，不影响得分"))
        else:
            words = [advisable(indicator, part) for part in PARTS]
            changes = [search.change(line["uscc"], word) if word else None for word in words]
            rows.append(_line(line, indicator, changes, notes.get(indicator.id)))
    return pl.DataFrame(rows, schema=TAKES)


def why_out_of_reach(
    own: pl.DataFrame, cohort: Cohort, score: Mapping[str, float], needed: float, peers: Mapping[str, Sequence[float]]
) -> dict[str, str]:
    """Of each indicator why the formula lets no value of it alone reach the score `needed`, in Chinese.

    `own`: the enterprise's rows of results.indicators. `score`: its `factor` and `adjustments`. `peers`: of each
    indicator, the statistics of the cohort's ranked enterprises that its formula names. Benchmarks are as evaluated.
    """
    if score["factor"] <= 0:
        return dict.fromkeys(own["indicator"], "修正系数不为正数，提高指标不能提高得分")
    formula = formula_of(cohort)
    declared = {indicator.id: indicator for indicator in cohort.indicator}
    # Where missing indicators were left out, the others carry their weight too.
    total, kept, items = own.select(
        pl.col("weight").sum(),
        pl.col("weight").filter(pl.col("score").is_not_null()).sum().alias("kept"),
        pl.col("score").sum(),
    ).row(0)
    lift = (needed - score["adjustments"]) / score["factor"] - items
    found = {}
    for row in own.filter(pl.col("score").is_not_null(), pl.col("weight") > 0).iter_rows(named=True):
        indicator = declared[row["indicator"]]
        share = (row["score"] + lift) * kept / total / row["weight"]
        note = formula.value_needed(indicator, share, row["benchmark"], peers[indicator.id]).note
        if note:
            found[indicator.id] = note
    return found


def advisable(indicator: Indicator, part: str) -> str | None:
    """The measure that is the whole numerator or denominator, where the indicator gains by the change that is advised.

    Less revenue or more land can raise a score by arithmetic (R&D ÷ revenue), but no enterprise is advised so.
    """
    word = str(getattr(indicator, part)).strip()
    if word not in _WORDS:
        return None
    gains_by_more = (part == "numerator") == (indicator.better == "higher")
    return word if gains_by_more == (word in _YIELDS) else None


def _line(
    row: Mapping[str, object],
    indicator: Indicator | None = None,
    changes: Sequence[float | None] = (None, None),
    note: str | None = None,
) -> dict[str, object]:
    """A row of `TAKES`; reachable where one of `changes`, of numerator and denominator, is there."""
    line: dict[str, object] = {name: row.get(name) for name in ("indicator", "title", "unit", "value")}
    reachable = any(change is not None for change in changes)
    line |= {"value_needed": None, "reachable": reachable, "note": None if reachable else note or OUT_OF_REACH}
    if indicator is None or not reachable:
        return line
    top, bottom = row["numerator"], row["denominator"]
    for part, change in zip(PARTS, changes, strict=True):
        word = getattr(indicator, part).strip()
        column = _WORDS.get(word)
        line |= {part: column.title if column else word, f"{part}_unit": column.unit if column else None}
        line[f"{part}_change"] = change
        if change is not None and line["value_needed"] is None and isinstance(top, float) and isinstance(bottom, float):
            changed = (top + change, bottom) if part == "numerator" else (top, bottom + change)
            line["value_needed"] = changed[0] / changed[1]
    return line
