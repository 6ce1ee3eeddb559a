"""One figure of one enterprise changed, and its cohort judged again, with every benchmark and rank that moves with it.

Many such changes are judged at once, by the functions of the evaluation itself (`efficiency.evaluation.scoring`): the
tier found for a change is the one that `evaluate` gives for the profile with that change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from efficiency.evaluation.evaluate import score_cohort
from efficiency.evaluation.scope import assign
from efficiency.evaluation.scoring import (
    DECIMALS,
    UNIT,
    Floats,
    Levels,
    adjustment_points,
    apply_overrides,
    benchmark_in_cases,
    earned_shares,
    filled_shares,
    grade_data,
    groups_by,
    levels_of,
    measure,
    move_levels,
    peer_statistics,
    quotient,
    runs,
    sizes_of,
    with_gaps,
)
from efficiency.facts.gaps import GAPS
from efficiency.policy.expressions import column_names, scalar
from efficiency.policy.formulas import formula_of
from efficiency.policy.model import Cohort, Dimension, Indicator, Policy, Tiers
from schemas.profile import PROFILE, TIERS

CELLS = 1_000_000
"""Cases × enterprises in memory at a time."""
_OF_DIMENSIONS = ("land_score", "land_tier", "energy_score", "energy_tier")

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Supposing:
    """A cohort with cuts, ready to be judged again with one figure changed."""

    policy: Policy
    cohort: Cohort
    tiers: Tiers
    members: pl.DataFrame
    """One row per enterprise of the cohort, by code: the profile, and the columns that scoring adds."""
    with_values: NDArray[np.bool_]
    """Of each member whether its values are part of benchmarks."""
    counted: pl.DataFrame
    """Who is not ranked but counts in n, with the columns of `within` and uscc."""
    looked_at: frozenset[str]
    """The columns by which enterprises are placed in cohorts, and overrides hold."""

    def judged(self, rows: Rows, column: str, values: Floats) -> pl.DataFrame:
        """Tier and score (null without one) of the members `rows`, each with the value of `values` for `column`.

        Each row with its value is a case of its own, in which all other figures are as they are.
        """
        portion = max(1, CELLS // max(1, self.members.height))
        parts = [
            _Cases(self, rows[first : first + portion], column, values[first : first + portion]).judged()
            for first in range(0, len(rows), portion)
        ]
        return pl.concat([pl.DataFrame(schema={"tier": pl.String, "score": pl.Float64}), *parts])


def supposing(profile: pl.DataFrame, policy: Policy, cohort: Cohort) -> Supposing | None:
    """`cohort` of the enterprises of `profile` (shape `schemas.PROFILE`); None where it has no cuts."""
    if cohort.tiers is None:
        return None
    assigned = with_gaps(assign(PROFILE.conform(profile).sort("uscc"), policy), GAPS.to_frame(), policy)
    counted = assigned.filter(pl.col("counted_in") == cohort.id).select("uscc", *cohort.tiers.within)
    members = assigned.filter(pl.col("cohort") == cohort.id).rechunk()
    graded = grade_data(measure(members, cohort), cohort)
    scored, _ = score_cohort(members, cohort, policy, counted)
    conditions = [rule.when for rule in policy.excluded] + [rule.when for rule in policy.override]
    conditions += [one.where for one in policy.cohort]
    return Supposing(
        policy,
        cohort,
        cohort.tiers,
        apply_overrides(scored, policy.override),
        graded["is_ranked"].to_numpy(),
        counted,
        frozenset(name for text in conditions for name in column_names(text)),
    )


class _Cases:
    """Some cases: arrays are cases × members, or of one row where no case differs from the evaluation."""

    def __init__(self, base: Supposing, rows: Rows, column: str, values: Floats) -> None:
        self.base, self.rows, self.column = base, rows, column
        self.changed = base.members[rows].select(PROFILE.names).with_columns(pl.Series(column, values))
        self.case = np.arange(len(rows))
        self.is_ranked = base.members["is_ranked"].to_numpy()
        """No figure of another enterprise changes who is ranked."""
        self.figures = {indicator.id: self._figures(indicator) for indicator in base.cohort.indicator}

    def judged(self) -> pl.DataFrame:
        """Tier and score of the changed enterprise of each case."""
        base, cohort = self.base, self.base.cohort
        shares = {i.id: self._shares(i, uncapped=False) for i in cohort.indicator}
        points = self._points(shares)
        score = self._score(points)
        own = self._own(score)
        if self.column not in base.looked_at and base.looked_at.issubset(PROFILE.names):
            return self._by_level(score, own)
        above = score[:, self.is_ranked] > own[:, None]
        supposed = assign(self.changed, base.policy).with_columns(
            *(self._series(f"value_{i.id}", self._own(self.figures[i.id][2])) for i in cohort.indicator),
            *(self._series(f"score_{i.id}", self._own(points[i.id])) for i in cohort.indicator),
            self._series("score", own),
            pl.Series("rank", above.sum(axis=1) + 1, dtype=pl.Int64),
            self._tier(score).alias("tier_initial"),
            *self._of_dimensions(shares),
        )
        lacking = pl.any_horizontal(
            pl.lit(value=False),
            *(pl.col(f"value_{i.id}").is_null() for i in cohort.indicator if i.missing == "insufficient"),
        )
        stays = (pl.col("cohort") == cohort.id).fill_null(value=False) & ~lacking & pl.col("score").is_not_null()
        tiered = supposed.with_columns(pl.when(stays).then("tier_initial").alias("tier"))
        return apply_overrides(tiered, base.policy.override).select("tier", pl.when(stays).then("score").alias("score"))

    def _by_level(self, score: Floats, own: Floats) -> pl.DataFrame:
        """As `judged` where scope and overrides do not look at what changes: they hold as in the evaluation."""
        absent = np.isnan(own)
        for item in self.base.cohort.indicator:
            if item.missing == "insufficient":
                absent = absent | np.isnan(self._own(self.figures[item.id][2]))
        levels = self._levels(score)
        for i, override in enumerate(self.base.policy.override):
            move_levels(levels, override, np.flatnonzero(self.base.members[f"override_{i}"].to_numpy()[self.rows]))
        found = pl.Series(TIERS).gather(pl.Series(levels))
        stays = pl.Series(~absent)
        return pl.select(pl.when(stays).then(found).alias("tier"), pl.when(stays).then(pl.Series(own)).alias("score"))

    def _base(self, name: str) -> Floats:
        """1 × members: a column of the evaluation."""
        return self.base.members[name].to_numpy().astype(np.float64)[None, :]

    def _own(self, array: Floats) -> Floats:
        """One figure per case: that of the changed enterprise."""
        found: Floats = array[self.case if len(array) > 1 else 0, self.rows]
        return found

    def _with_own(self, array: Floats, own: Floats) -> Floats:
        """`array` (1 × members) for each case, with the figure `own` of the changed enterprise."""
        found = np.repeat(array, len(self.rows), axis=0)
        found[self.case, self.rows] = own
        return found

    def _series(self, name: str, own: Floats) -> pl.Series:
        return pl.Series(name, own, dtype=pl.Float64, nan_to_null=True)

    def _computed(self, expression: pl.Expr) -> Floats:
        """One figure per case: `expression` over the changed profile; NaN for null."""
        found: Floats = self.changed.select(expression.cast(pl.Float64).alias("found"))["found"].to_numpy()
        return found

    def _figures(self, indicator: Indicator) -> tuple[Floats, Floats, Floats]:
        """Numerator, denominator and value."""
        top, bottom = (
            self._with_own(self._base(f"{part}_{indicator.id}"), self._computed(scalar(text)))
            if self.column in column_names(text)
            else self._base(f"{part}_{indicator.id}")
            for part, text in (("numerator", indicator.numerator), ("denominator", indicator.denominator))
        )
        value = quotient(top, bottom)
        return top, bottom, np.where(np.isfinite(value), value, np.nan)

    def _shares(self, indicator: Indicator, *, uncapped: bool) -> Floats:
        """The share that each member earns; NaN where it has no score."""
        if self.column not in column_names(indicator.numerator) | column_names(indicator.denominator):
            return self._base(f"{'uncapped' if uncapped else 'earned'}_{indicator.id}")
        formula = formula_of(self.base.cohort)
        top, bottom, value = self.figures[indicator.id]
        known = np.where(self.base.with_values, value, np.nan)
        spec, evaluated = formula.benchmark_of(indicator), self._base(f"benchmark_{indicator.id}")
        benchmark = benchmark_in_cases(spec, top, bottom, known, members=self.base.members, evaluated=evaluated)
        peers = peer_statistics(formula.peers, known)
        earned = earned_shares(formula, indicator, known, benchmark, peers)
        filled = filled_shares(indicator, earned, earned)
        if not uncapped:
            return filled
        beyond = earned_shares(formula, indicator, known, benchmark, peers, uncapped=True)
        return np.where(np.isnan(earned), filled, beyond)

    def _points(self, shares: dict[str, Floats]) -> dict[str, Floats]:
        """The score of each indicator; NaN where it was left out."""
        items = self.base.cohort.indicator
        total = sum(item.weight for item in items)
        held = np.zeros((1, self.base.members.height))
        lacking = np.zeros((1, self.base.members.height), dtype=bool)
        for item in items:
            absent = np.isnan(shares[item.id])
            held, lacking = held + np.where(absent, 0.0, item.weight), lacking | absent
        with np.errstate(all="ignore"):
            stretch = np.where(lacking, total / held, 1.0)
            # In the order of the evaluation, so that the last digit is the same.
            return {item.id: shares[item.id] * item.weight * stretch for item in items}

    def _score(self, points: dict[str, Floats]) -> Floats:
        """Cases × members: the score, to 6 decimals; NaN for who is not ranked."""
        cohort, base = self.base.cohort, self.base
        items = np.zeros((1, base.members.height))
        for found in points.values():
            items = items + np.nan_to_num(found)
        factor = np.nan_to_num(self._base("factor"), nan=1.0)
        if self.column in column_names(cohort.factor):
            factor = self._with_own(factor, np.nan_to_num(self._computed(scalar(cohort.factor)), nan=1.0))
        adjusted = self._base("adjustments")
        if any(self.column in column_names(rule.when) for rule in base.policy.adjustment):
            adjusted = self._with_own(adjusted, self._computed(adjustment_points(base.policy.adjustment)))
        return self._of_ranked(factor * items + adjusted)

    def _of_ranked(self, score: Floats) -> Floats:
        """Cases × members: `score` to 6 decimals; NaN for who is not ranked."""
        whole = np.broadcast_to(score, (len(self.rows), self.base.members.height))
        rounded = pl.Series(whole.ravel()).round(DECIMALS).to_numpy().reshape(whole.shape)
        return np.where(self.is_ranked, rounded, np.nan)

    def _tier(self, score: Floats) -> pl.Series:
        """The tier of the changed enterprise of each case by `score` (cases × members); null without a score."""
        found = pl.Series(TIERS).gather(pl.Series(self._levels(score)))
        return pl.select(pl.when(pl.Series(~np.isnan(self._own(score)))).then(found)).to_series()

    def _levels(self, score: Floats) -> Levels:
        """The level of the changed enterprise of each case by `score`; without meaning where it has none."""
        base, tiers = self.base, self.base.tiers
        known = np.flatnonzero(~np.isnan(score).all(axis=0))
        if not known.size:
            return np.zeros(len(self.rows), dtype=np.int8)
        groups = groups_by(
            base.members[known].select("uscc", *tiers.within), () if tiers.by == "score" else tiers.within
        )
        lengths = groups.lengths().tolist()
        whole = np.rint(np.where(np.isnan(score[:, known]), -np.inf, score[:, known]) * UNIT)
        levels = np.empty(whole.shape, dtype=np.int8)
        sizes = sizes_of(groups.keys, lengths, base.counted)
        levels[:, groups.order] = levels_of(whole[:, groups.order], tiers, runs(lengths), sizes)
        place = np.full(base.members.height, -1, dtype=np.int64)
        place[known] = np.arange(len(known))
        own: Levels = levels[self.case, place[self.rows]]
        return own

    def _of_dimensions(self, shares: dict[str, Floats]) -> list[pl.Series]:
        """Scores and tiers of land and energy, null unless an override looks at them."""
        if not self.base.looked_at.intersection(_OF_DIMENSIONS):
            none = pl.repeat(None, len(self.rows), dtype=pl.String, eager=True)
            return [(none.cast(pl.Float64) if name.endswith("score") else none).alias(name) for name in _OF_DIMENSIONS]
        found = []
        dimensions: tuple[Dimension, ...] = ("land", "energy")
        for dimension in dimensions:
            items = [i for i in self.base.cohort.indicator if i.dimension == dimension]
            shown = self._dimension(items, shares)
            uncapped = {i.id: self._shares(i, uncapped=True) for i in items}
            ranked_by = self._dimension(items, uncapped) if self.base.tiers.by == "rank" else shown
            found += [
                self._series(f"{dimension}_score", self._own(shown)),
                self._tier(ranked_by).alias(f"{dimension}_tier"),
            ]
        return found

    def _dimension(self, items: list[Indicator], shares: dict[str, Floats]) -> Floats:
        """Cases × members: 100 × Σ points ÷ Σ weights of `items` that have a score; NaN where none has."""
        earned, weights = np.zeros((1, self.base.members.height)), np.zeros((1, self.base.members.height))
        for item in items:
            absent = np.isnan(shares[item.id])
            if item.weight:
                earned = earned + np.where(absent, 0.0, shares[item.id]) * item.weight
            weights = weights + np.where(absent, 0.0, item.weight)
        return self._of_ranked(quotient(100 * earned, weights))
