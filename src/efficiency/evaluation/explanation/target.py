"""The score that reaches the next better tier, and the value of each indicator that alone would reach it.

Everything is computed with the other enterprises unchanged. The effect of the enterprise's own figures on a benchmark
that is a statistic is left out, and so is the effect of a changed figure on other indicators that use it.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import polars as pl

from efficiency.evaluation.scoring import DECIMALS, SHARE, cut_shares
from efficiency.policy.formulas import formula_of
from schemas.profile import TIERS, TOTALS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from efficiency.policy.model import Cohort, Indicator, Tiers

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


def next_better(tier: str | None) -> str | None:
    """The tier above `tier`; None for A and for none."""
    return TIERS[TIERS.index(tier) - 1] if tier in TIERS[1:] else None


def score_needed(tiers: Tiers, target: str, others: Sequence[float]) -> float | None:
    """The lowest score, to 6 decimals, with which an enterprise is in `target` or better, before overrides.

    By score it is the cut. By rank, with n enterprises including itself, the first k ranks are in the tier: the
    largest k with k ÷ n ≤ cut (in whole numbers, as in `scoring.tiers`). Ties share the worse rank, so the score must
    exceed that of the k-th best of the `others`, by the smallest step that counts. None when the group is too small
    for any enterprise to be in the tier.
    """
    if tiers.by == "score":
        return float(getattr(tiers.cuts, target))
    n = len(others) + 1
    places = n * cut_shares(tiers.cuts)[TIERS.index(target)] // SHARE
    if places == 0:
        return None
    if places == n:
        return -math.inf
    kth_best = sorted((round(score, DECIMALS) for score in others), reverse=True)[places - 1]
    return round(kth_best + _STEP, DECIMALS)


def what_it_takes(
    own: pl.DataFrame, cohort: Cohort, score: dict[str, float], needed: float, peers: Mapping[str, Sequence[float]]
) -> pl.DataFrame:
    """For each indicator alone, the value that raises the score to `needed` with the others unchanged (shape `TAKES`).

    `own`: the enterprise's rows of results.indicators. `score`: its `factor` and `adjustments`.
    `peers`: of each indicator, the statistics of the cohort's ranked enterprises that its formula names.
    """
    formula = formula_of(cohort)
    declared = {indicator.id: indicator for indicator in cohort.indicator}
    # Where missing indicators were left out, the others carry their weight too.
    total, kept, items = own.select(
        pl.col("weight").sum(),
        pl.col("weight").filter(pl.col("score").is_not_null()).sum().alias("kept"),
        pl.col("score").sum(),
    ).row(0)
    share = kept / total
    lift = (needed - score["adjustments"]) / score["factor"] - items if score["factor"] > 0 else None
    rows = []
    for row in own.iter_rows(named=True):
        indicator = declared[row["indicator"]]
        if lift is None:
            rows.append(_line(row, note="修正系数不为正数，提高指标不能提高得分"))
        elif row["score"] is None:
            rows.append(_line(row, note="指标缺少数据，未计分；补报数据后重新计算"))
        elif row["weight"] <= 0:
            rows.append(_line(row, note="指标权重为零，不影响得分"))
        else:
            earned = (row["score"] + lift) * share / row["weight"]
            found = formula.value_needed(indicator, earned, row["benchmark"], peers[indicator.id])
            rows.append(_line(row, found.value, indicator, found.note))
    return pl.DataFrame(rows, schema=TAKES)


def _advisable(expression: str, change: float) -> float | None:
    """`change` of a measure; None where `expression` is no single measure, and for a change to the worse.

    Less revenue or more land can raise a score by arithmetic (R&D ÷ revenue), but no enterprise is advised so.
    """
    word = expression.strip()
    if word not in _WORDS or (change < 0 and word in _YIELDS) or (change > 0 and word in _WORDS.keys() - _YIELDS):
        return None
    return change


def _line(
    row: dict[str, object], value: float | None = None, indicator: Indicator | None = None, note: str | None = None
) -> dict[str, object]:
    """A row of `TAKES`; reachable when there is a value to reach."""
    line: dict[str, object] = {name: row.get(name) for name in ("indicator", "title", "unit", "value")}
    line |= {"value_needed": value, "reachable": value is not None, "note": note}
    if value is None or indicator is None:
        return line
    for part in ("numerator", "denominator"):
        word = getattr(indicator, part).strip()
        column = _WORDS.get(word) if re.fullmatch(r"\w+", word) else None
        line |= {part: column.title if column else word, f"{part}_unit": column.unit if column else None}
    top, bottom = row["numerator"], row["denominator"]
    if isinstance(top, float) and isinstance(bottom, float) and row["value"] is not None:
        line["numerator_change"] = _advisable(indicator.numerator, value * bottom - top)
        # With a negative numerator no denominator makes the value positive.
        if top > 0 and value > 0:
            line["denominator_change"] = _advisable(indicator.denominator, top / value - bottom)
    else:
        line["note"] = "指标缺少数据，先补报数据"
    return line
