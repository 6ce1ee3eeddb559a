"""The change of scores since the policy's previous evaluation, split into parts that add up to it.

Scores are computed step by step, each step from the one before, always in this order:

1. corrections: the previous period evaluated on the facts as they are now (`restated`);
2. own: the enterprise's own figures of this period, with the earlier benchmarks, factor and adjustments;
3. peers: the benchmarks of this period (and the peers and the mean of the cohort, where an item is scored by those);
4. adjustments: the factor and the points of this period;
5. policy: the present text of the policy on the same facts (`unrevised` is this period under the earlier text).

Another order would give other parts of the same sum. Scores are not compared across cohorts: an enterprise that is
in another cohort than before has steps 2 to 4 in one part, `scope`, and one that is not ranked at some step has its
whole change there. An enterprise without a score in one of the two evaluations has no change; `note` gives the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.evaluation.scoring import peers_of
from efficiency.policy.formulas import formula_of
from schemas.results import MOVEMENT_PARTS, STATUS_NAMES

if TYPE_CHECKING:
    from efficiency.policy.model import Cohort, Indicator, Policy

MOVEMENT = pl.Schema(
    {"uscc": pl.String(), "score_before": pl.Float64(), "change": pl.Float64(),
     **dict.fromkeys(MOVEMENT_PARTS, pl.Float64()), "note": pl.String()}
)  # fmt: skip
"""Shape of `movement`: one row per enterprise of either evaluation, by code; figures in points."""


@dataclass(frozen=True, slots=True)
class Results:
    """The results of one evaluation: rows of results.scores and results.indicators, and the policy that was applied."""

    scores: pl.DataFrame
    indicators: pl.DataFrame
    policy: Policy


def movement(
    before: Results, after: Results, *, restated: Results | None = None, unrevised: Results | None = None
) -> pl.DataFrame:
    """The change of every enterprise's score from `before` to `after`, in parts that add up to it (shape `MOVEMENT`).

    `restated`: the earlier period under the earlier policy, evaluated on the facts as they are now; left out when
    the facts of that period are unchanged. `unrevised`: the later period under the earlier policy; left out when its
    text is unchanged.
    """
    base, same_rules = restated or before, unrevised or after
    steps = {"before": before, "restated": base, "unrevised": same_rules, "after": after}
    frame = pl.concat([before.scores.select("uscc"), after.scores.select("uscc")]).unique().sort("uscc")
    for name, results in steps.items():
        columns = results.scores.select(
            "uscc", *(pl.col(column).alias(f"{column}_{name}") for column in ("score", "status", "cohort"))
        )
        frame = frame.join(columns, on="uscc", how="left", validate="1:1")
    frame = frame.join(_figures_and_peers(base, same_rules), on="uscc", how="left", validate="1:1")

    score = {name: pl.col(f"score_{name}") for name in steps}
    change = score["after"] - score["before"]
    known = change.is_not_null()
    unbroken = known & score["restated"].is_not_null() & score["unrevised"].is_not_null()
    alike = unbroken & (pl.col("cohort_restated") == pl.col("cohort_unrevised"))

    def where(holds: pl.Expr, amount: pl.Expr) -> pl.Expr:
        return pl.when(known).then(pl.when(holds).then(amount).otherwise(0.0))

    scope = pl.when(~unbroken).then(change).when(~alike).then(score["unrevised"] - score["restated"]).otherwise(0.0)
    split = frame.select(
        "uscc",
        score["before"].alias("score_before"),
        change.alias("change"),
        where(alike, pl.col("own")).alias("own"),
        where(alike, pl.col("peers")).alias("peers"),
        where(alike, pl.col("adjusted")).alias("adjustments"),
        where(unbroken, score["after"] - score["unrevised"]).alias("policy"),
        where(unbroken, score["restated"] - score["before"]).alias("corrections"),
        pl.when(known).then(scope).alias("scope"),
        _note(known, unbroken, alike).alias("note"),
    )
    return _with_rounding(split).cast(MOVEMENT)


def _with_rounding(split: pl.DataFrame) -> pl.DataFrame:
    """`split` with the remainder from the rounding of published scores (at most 1e-6) added to the largest part."""
    parts = list(MOVEMENT_PARTS)
    largest = pl.concat_list(pl.col(part).abs() for part in parts).list.arg_max()
    left = pl.col("change") - pl.sum_horizontal(parts)
    return split.with_columns(
        (pl.col(part) + pl.when(largest == i).then(left).otherwise(0.0)).alias(part) for i, part in enumerate(parts)
    )


def _note(known: pl.Expr, unbroken: pl.Expr, alike: pl.Expr) -> pl.Expr:
    """Why there is no change, or why it is not split, in Chinese; null otherwise."""
    was, is_ = (
        pl.col(f"status_{name}").replace_strict(STATUS_NAMES, return_dtype=pl.String).fill_null(pl.lit("不在名录"))
        for name in ("before", "after")
    )
    return (
        pl.when(~known)
        .then(pl.format("上期{}，本期{}，得分不可比", was, is_))
        .when(~unbroken)
        .then(pl.lit("更正或修订前后参评状态不同，变化计入范围调整"))
        .when(~alike)
        .then(pl.lit("评价组变化，变化计入范围调整"))
    )


def _figures_and_peers(base: Results, later: Results) -> pl.DataFrame:
    """One row per enterprise ranked in the same cohort in both: uscc, and in points own, peers, adjusted."""
    parts = [pl.DataFrame(schema={"uscc": pl.String, **dict.fromkeys(("own", "peers", "adjusted"), pl.Float64)})]
    for cohort in base.policy.cohort:
        of_cohort = (pl.col("status") == "ranked") & (pl.col("cohort") == cohort.id)
        totals = ("uscc", "factor", "adjustments")
        both = (
            base.scores.filter(of_cohort)
            .select(totals)
            .join(later.scores.filter(of_cohort).select(totals), on="uscc", validate="1:1", suffix="_later")
        )
        if both.is_empty():
            continue
        mixed = _rescored(base, later, cohort)
        items = {
            name: results.indicators.group_by("uscc").agg(pl.col("score").sum().alias(name))
            for name, results in (("items", base), ("items_later", later))
        }
        frame = both.join(mixed, on="uscc", how="left", validate="1:1")
        for found in items.values():
            frame = frame.join(found, on="uscc", how="left", validate="1:1")
        # Where the later figures have no score by the earlier benchmarks, the whole change of the items is `own`.
        between = pl.coalesce("mixed", "items_later")
        factor, factor_later = pl.col("factor"), pl.col("factor_later")
        parts.append(
            frame.select(
                "uscc",
                (factor * (between - pl.col("items"))).alias("own"),
                (factor * (pl.col("items_later") - between)).alias("peers"),
                (
                    (factor_later - factor) * pl.col("items_later")
                    + pl.col("adjustments_later")
                    - pl.col("adjustments")
                ).alias("adjusted"),
            )
        )
    return pl.concat(parts)


def _rescored(base: Results, later: Results, cohort: Cohort) -> pl.DataFrame:
    """Uscc, mixed: the sum of the indicator scores of the later figures by the earlier benchmarks, in points.

    A missing value is scored by the indicator's `missing` rule with the earlier mean; items without a score are left
    out and the others scaled, as in `efficiency.evaluation.scoring`. Null where no item has a score.
    """
    wide = later.scores.filter(pl.col("status") == "ranked", pl.col("cohort") == cohort.id).select("uscc")
    ranked = base.scores.filter(pl.col("status") == "ranked", pl.col("cohort") == cohort.id).select("uscc")
    earlier = base.indicators.join(ranked, on="uscc", how="semi")
    kept = pl.col("weight").filter(pl.col("score").is_not_null()).sum().over("uscc")
    earlier = earlier.with_columns((pl.col("score") * kept / pl.col("weight").sum().over("uscc")).alias("unscaled"))
    for indicator in cohort.indicator:
        own = pl.col("indicator") == indicator.id
        of_earlier, of_later = earlier.filter(own), later.indicators.filter(own)
        wide = (
            wide.join(of_later.select("uscc", "value"), on="uscc", how="left", validate="1:1")
            .join(of_earlier.select("uscc", "benchmark"), on="uscc", how="left", validate="1:1")
            .with_columns(_points(indicator, cohort, of_earlier).alias(f"points_{indicator.id}"))
            .drop("value", "benchmark")
        )
    points = {indicator: pl.col(f"points_{indicator.id}") for indicator in cohort.indicator}
    kept_weight = pl.sum_horizontal(
        pl.when(one.is_not_null()).then(indicator.weight).otherwise(0.0) for indicator, one in points.items()
    )
    every_weight = sum(indicator.weight for indicator in cohort.indicator)
    scaled = pl.sum_horizontal(points.values()) * every_weight / kept_weight
    return wide.select("uscc", pl.when(kept_weight > 0).then(scaled).alias("mixed"))


def _points(indicator: Indicator, cohort: Cohort, earlier: pl.DataFrame) -> pl.Expr:
    """Points of the column value by the column benchmark and the peers in `earlier`, not scaled for missing items."""
    formula = formula_of(cohort)
    peers = [pl.lit(one) for one in peers_of(formula, earlier["value"])]
    earned = formula.earned(indicator, pl.col("value"), pl.col("benchmark"), peers)
    points = earned * indicator.weight
    if indicator.missing == "zero":
        return points.fill_null(0.0)
    if indicator.missing == "cohort_mean":
        # Filling gaps with the mean does not change it: the mean of the earlier scores is the one that filled them.
        return points.fill_null(pl.lit(earlier["unscaled"].mean(), dtype=pl.Float64))
    return points
