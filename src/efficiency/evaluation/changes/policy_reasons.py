"""Why an enterprise has another tier or list under another policy, in Chinese, for `between_policies`.

The reason is the first of these that explains the difference: scope, override, cuts, the items that differ most.
Scores under two policies have no common scale, and a tier by rank depends on the distance to the others: so the
points of an item are compared after subtracting the mean of the cohort's ranked enterprises. Only where both policies
cut by score are they compared as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.evaluation.scoring import add_tiers
from schemas.results import STATUS_NAMES

if TYPE_CHECKING:
    from efficiency.evaluation.evaluate import Evaluation
    from efficiency.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Side:
    """One policy, its evaluation of the facts, and its lists (`efficiency.evaluation.candidates.select`)."""

    policy: Policy
    evaluation: Evaluation
    candidates: pl.DataFrame


ADJUSTMENTS = "加减分"
NAMED = 2
"""The most items that a reason names."""

_SIDE = ("title", "points", "mean", "value", "benchmark", "weight")
PARTS = pl.Schema(
    {
        "uscc": pl.String(), "part": pl.String(), "title": pl.String(), "relative": pl.Boolean(),
        **{f"{name}_{side}": pl.Float64() for side in "ab" for name in _SIDE[1:]}, "shift": pl.Float64(),
    }
)  # fmt: skip
"""Shape of `score_parts`: `points` are those of an item in the score (× factor), `mean` the average over the cohort's
ranked enterprises, `shift` the points under the second policy minus those under the first, each minus its mean where
`relative`."""


def score_parts(a: Side, b: Side) -> pl.DataFrame:
    """Every item of the score of each enterprise that is ranked under both policies (shape `PARTS`).

    An item is an indicator, identified by its numerator and denominator and not by its id, or the sum of the
    adjustments. Where `relative`, the shifts of an enterprise add up to the change of its distance to its cohort's
    mean score; else to the change of its score.
    """
    ranked = pl.col("status") == "ranked"
    both = (
        a.evaluation.scores.filter(ranked)
        .select("uscc", pl.col("cohort").alias("cohort_a"))
        .join(
            b.evaluation.scores.filter(ranked).select("uscc", pl.col("cohort").alias("cohort_b")),
            on="uscc",
            validate="1:1",
        )
    )
    items = _items(a, "a").join(_items(b, "b"), on=["uscc", "part"], how="full", coalesce=True, validate="1:1")
    by_score_a, by_score_b = (
        pl.col(f"cohort_{name}").is_in([c.id for c in side.policy.cohort if c.tiers and c.tiers.by == "score"])
        for name, side in (("a", a), ("b", b))
    )
    gained = {side: pl.col(f"points_{side}") - pl.when("relative").then(f"mean_{side}").otherwise(0.0) for side in "ab"}
    return (
        items.join(both, on="uscc", validate="m:1")
        .with_columns(
            (~(by_score_a & by_score_b)).alias("relative"),
            pl.coalesce("title_a", "title_b").alias("title"),
            pl.col("points_a", "points_b", "mean_a", "mean_b").fill_null(0.0),
        )
        .with_columns((gained["b"] - gained["a"]).alias("shift"))
        .select(PARTS.names())
        .sort("uscc", "part")
    )


def _items(side: Side, suffix: str) -> pl.DataFrame:
    """One row per ranked enterprise and item of its score under one policy."""
    scores = side.evaluation.scores.filter(pl.col("status") == "ranked")
    key = ("numerator_expression", "denominator_expression")
    squeezed = [pl.col(name).str.replace_all(r"\s+", " ") for name in key]
    # Indicators of one cohort can have equal expressions: the first is compared with the first, and so on.
    nth = pl.int_range(pl.len()).over("uscc", *key).cast(pl.String)
    indicators = side.evaluation.indicators.join(
        scores.select("uscc", "factor"), on="uscc", validate="m:1", maintain_order="left"
    ).select(
        "uscc", "cohort", "title", pl.concat_str(*squeezed, nth, separator="/").alias("part"),
        (pl.col("score").fill_null(0.0) * pl.col("factor")).alias("points"), "value", "benchmark", "weight",
    )  # fmt: skip
    adjustments = scores.select(
        "uscc", "cohort", pl.lit(ADJUSTMENTS).alias("title"), pl.lit(ADJUSTMENTS).alias("part"),
        pl.col("adjustments").alias("points"),
    )  # fmt: skip
    items = pl.concat([indicators, adjustments], how="diagonal").with_columns(
        pl.col("points").mean().over("cohort", "part").alias("mean")
    )
    return items.select("uscc", "part", *(pl.col(name).alias(f"{name}_{suffix}") for name in _SIDE))


def reasons(a: Side, b: Side, paired: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """One row per enterprise whose tier or list differs: uscc, reason.

    `paired`: `Comparison.enterprises` without the reason, with list_id_a and list_id_b. `parts`: shape `PARTS`.
    """
    differs = pl.col("movement").is_not_null()
    changed = paired.filter(differs | pl.col("list_movement"))
    with_causes = changed
    for found in (_items_named(changed, parts), _by_cuts_alone(a, b)):
        with_causes = with_causes.join(found, on="uscc", how="left", validate="1:1", maintain_order="left")
    both = (pl.col("status_a") == "ranked") & (pl.col("status_b") == "ranked")
    same_initial = pl.col("tier_initial_a").eq_missing(pl.col("tier_initial_b"))
    score = (
        pl.when(~both)
        .then(_scope())
        .when(pl.col("tier_initial_a").is_null() | pl.col("tier_initial_b").is_null())
        .then(pl.lit("其中一个办法对该评价组不划分等级"))
        .when(same_initial)
        .then(_overrides("调档不同"))
        .when(pl.col("tier_by_cuts") == pl.col("tier_initial_b"))
        .then(pl.lit("分级界线不同：按甲办法得分，用乙办法的界线即为") + pl.col("tier_by_cuts") + pl.lit("类"))
        .otherwise(pl.concat_str(_ranks(), "named", separator="；", ignore_nulls=True))
    )
    # Overrides that changed the tier on one side alone are named after the difference of the scores.
    acted = both & ~same_initial & pl.col("override_labels_a").ne_missing(pl.col("override_labels_b"))
    tier = pl.concat_str(score, pl.when(acted).then(_overrides("另有调档")), separator="；", ignore_nulls=True)
    listed = pl.when("list_movement").then(_lists(a.policy, b.policy))
    return with_causes.select(
        "uscc", pl.concat_str(pl.when(differs).then(tier), listed, separator="。", ignore_nulls=True).alias("reason")
    )


def _scope() -> pl.Expr:
    """甲办法参评,乙办法不纳入排名(公用事业)."""
    sides = [
        pl.concat_str(
            pl.lit(f"{called}办法"),
            pl.col(f"status_{side}").replace_strict(STATUS_NAMES, return_dtype=pl.String),
            pl.when(pl.col(f"status_reason_{side}").is_not_null())
            .then(pl.format("({})", pl.col(f"status_reason_{side}").str.strip_prefix("数据不足：")))
            .otherwise(pl.lit("")),
        )
        for side, called in (("a", "甲"), ("b", "乙"))
    ]
    return pl.concat_str(pl.lit("评价状态不同："), sides[0], pl.lit("，"), sides[1])


def _overrides(heading: str) -> pl.Expr:
    """调档不同:甲办法未调档(初评B),乙办法一票否决(初评B); the words before the colon are `heading`."""
    sides = [
        pl.format(
            f"{called}办法{{}}(初评{{}})",
            pl.col(f"override_labels_{side}").fill_null("未调档"),
            pl.col(f"tier_initial_{side}").fill_null("无"),
        )
        for side, called in (("a", "甲"), ("b", "乙"))
    ]
    return pl.concat_str(pl.lit(f"{heading}："), sides[0], pl.lit("，"), sides[1])


def _ranks() -> pl.Expr:
    """名次由第3名变为第8名."""
    return (
        pl.when(pl.col("rank_a") == pl.col("rank_b"))
        .then(pl.format("名次均为第{}名", "rank_a"))
        .otherwise(pl.format("名次由第{}名变为第{}名", "rank_a", "rank_b"))
    )


def _by_cuts_alone(a: Side, b: Side) -> pl.DataFrame:
    """Uscc, tier_by_cuts: the initial tier of the scores under the first policy by the cuts of the second.

    Enterprises are ranked within the cohorts of the first policy; the cuts are those of the enterprise's cohort under
    the second.
    """
    ranked = a.evaluation.profile.filter(pl.col("status") == "ranked")
    excluded = a.evaluation.profile.filter(pl.col("counted_in").is_not_null())
    second = b.evaluation.scores.select("uscc", pl.col("cohort").alias("cohort_b"))
    parts = [pl.DataFrame(schema={"uscc": pl.String, "tier_by_cuts": pl.String})]
    for first in a.policy.cohort:
        members = ranked.filter(pl.col("cohort") == first.id).join(
            second, on="uscc", how="left", validate="1:1", maintain_order="left"
        )
        for cohort in b.policy.cohort:
            within = cohort.tiers.within if cohort.tiers else ()
            counted = excluded.filter(pl.col("counted_in") == first.id).select("uscc", *within)
            cut = add_tiers(members, cohort, counted).filter(pl.col("cohort_b") == cohort.id)
            parts.append(cut.select("uscc", pl.col("tier_initial").alias("tier_by_cuts")))
    return pl.concat(parts)


def _items_named(changed: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """Uscc, named: the items whose shift has the direction of the tier's change, the largest first, in Chinese."""
    direction = pl.when(pl.col("movement") == "up").then(1.0).when(pl.col("movement") == "down").then(-1.0)
    return (
        parts.join(changed.select("uscc", direction.alias("direction")), on="uscc", validate="m:1")
        .with_columns((pl.col("shift") * pl.col("direction")).alias("pull"))
        .filter(pl.col("pull") > 0.005)
        .sort("uscc", "pull", "part", descending=[False, True, False])
        .group_by("uscc", maintain_order=True)
        .head(NAMED)
        .group_by("uscc", maintain_order=True)
        .agg(_item().alias("items"))
        .select("uscc", pl.col("items").list.join("；").alias("named"))
    )


def _item() -> pl.Expr:
    """亩均税收:甲得30分(权重30,基准15),乙得12.5分(权重20,基准8.3),相对同组平均少9.1分."""
    beyond = pl.when("relative").then(pl.lit("相对同组平均")).otherwise(pl.lit(""))
    more = pl.when(pl.col("shift") > 0).then(pl.lit("多")).otherwise(pl.lit("少"))
    return pl.concat_str(
        "title", pl.lit("："), _points("a", "甲"), pl.lit("，"), _points("b", "乙"), pl.lit("，"),
        beyond, more, short_figure(pl.col("shift").abs()), pl.lit("分"),
    )  # fmt: skip


def _points(side: str, called: str) -> pl.Expr:
    """甲得30分(权重30,基准15); 甲办法未设 where the policy lacks the item."""
    points, weight, benchmark = (pl.col(f"{name}_{side}") for name in ("points", "weight", "benchmark"))
    made = pl.concat_str(
        pl.lit("(权重"), short_figure(weight),
        pl.when(benchmark.is_not_null()).then(pl.lit("，基准") + short_figure(benchmark)).otherwise(pl.lit("")),
        pl.lit(")"),
    )  # fmt: skip
    return (
        pl.when(pl.col("part") == ADJUSTMENTS)
        .then(pl.concat_str(pl.lit(called), short_figure(points), pl.lit("分")))
        .when(weight.is_null())
        .then(pl.lit(f"{called}办法未设"))
        .otherwise(pl.concat_str(pl.lit(f"{called}得"), short_figure(points), pl.lit("分"), made))
    )


def short_figure(value: pl.Expr) -> pl.Expr:
    """A figure as text: two decimals, four below 1, without trailing zeros."""
    rounded = pl.when(value.abs() >= 1).then(value.round(2)).otherwise(value.round(4)) + 0.0
    return rounded.cast(pl.String).str.replace(r"\.0$", "")


def _lists(a: Policy, b: Policy) -> pl.Expr:
    """The list that is left and the list that is entered, with their reasons."""
    has_a, has_b = ([c.list for c in policy.candidate] for policy in (a, b))
    left = (
        pl.when(pl.col("list_id_a").is_in(has_b))
        .then(pl.format("不在乙办法的“{}”清单(甲办法列入理由：{})", "list_a", "list_reason_a"))
        .otherwise(pl.format("乙办法没有“{}”清单", "list_a"))
    )
    entered = pl.concat_str(
        pl.format("列入乙办法的“{}”清单：{}", "list_b", "list_reason_b"),
        pl.when(~pl.col("list_id_b").is_in(has_a)).then(pl.lit("(甲办法没有此清单)")).otherwise(pl.lit("")),
    )
    return pl.concat_str(
        pl.when(pl.col("list_a").is_not_null() & pl.col("list_id_a").ne_missing(pl.col("list_id_b"))).then(left),
        pl.when(pl.col("list_b").is_not_null()).then(entered),
        separator="；", ignore_nulls=True,
    )  # fmt: skip
