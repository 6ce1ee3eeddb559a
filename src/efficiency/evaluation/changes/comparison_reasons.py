"""Why two policies disagree about an enterprise, in Chinese: scope, override, cuts, or the items that differ most.

The first of these that explains the difference is named. Scores under two policies have no common scale, and a tier
by rank depends on the distance to the others: so an item is compared by what it earns beyond the mean of the
ranked enterprises of the cohort; only where both policies cut by score is it compared as it is.
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
"""Items that a reason names at most."""

_SIDE = ("title", "points", "mean", "value", "benchmark", "weight")
PARTS = pl.Schema(
    {
        "uscc": pl.String(), "part": pl.String(), "title": pl.String(), "relative": pl.Boolean(),
        **{f"{name}_{side}": pl.Float64() for side in "ab" for name in _SIDE[1:]}, "shift": pl.Float64(),
    }
)  # fmt: skip
"""Shape of `score_parts`: `points` are what an item adds to the score (× factor), `mean` those of the cohort's ranked
enterprises on average, `shift` how much more of it the second policy gives, `relative` whether beyond the mean."""


def score_parts(a: Side, b: Side) -> pl.DataFrame:
    """Every item of the score of each enterprise that is ranked under both policies (shape `PARTS`).

    An item is an indicator, told by what it divides by what and not by its id, or the adjustments taken together.
    Where `relative`, the shifts of an enterprise add up to what its distance to its cohort's mean score changes by;
    else to what its score changes by.
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
    # Two indicators of a cohort may divide the same by the same: the first is compared with the first.
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
    """Uscc and `reason` of everybody whose tier or list differs. `paired` is as `compare` makes it."""
    differs = pl.col("movement").is_not_null()
    changed = paired.filter(differs | pl.col("list_movement"))
    told = changed
    for found in (_items_named(changed, parts), _by_cuts_alone(a, b)):
        told = told.join(found, on="uscc", how="left", validate="1:1", maintain_order="left")
    both = (pl.col("status_a") == "ranked") & (pl.col("status_b") == "ranked")
    same_verdict = pl.col("tier_initial_a").eq_missing(pl.col("tier_initial_b"))
    score = (
        pl.when(~both)
        .then(_scope())
        .when(pl.col("tier_initial_a").is_null() | pl.col("tier_initial_b").is_null())
        .then(pl.lit("其中一个办法对该评价组不划分等级"))
        .when(same_verdict)
        .then(_overrides("调档不同"))
        .when(pl.col("tier_by_cuts") == pl.col("tier_initial_b"))
        .then(pl.lit("分级界线不同：按甲办法得分，用乙办法的界线即为") + pl.col("tier_by_cuts") + pl.lit("类"))
        .otherwise(pl.concat_str(_places(), "named", separator="；", ignore_nulls=True))
    )
    # Overrides that acted on one side alone are said beside the scores that differ.
    acted = both & ~same_verdict & pl.col("override_labels_a").ne_missing(pl.col("override_labels_b"))
    tier = pl.concat_str(score, pl.when(acted).then(_overrides("另有调档")), separator="；", ignore_nulls=True)
    listed = pl.when("list_movement").then(_lists(a.policy, b.policy))
    return told.select(
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


def _overrides(said: str) -> pl.Expr:
    sides = [
        pl.format(
            f"{called}办法{{}}(初评{{}})",
            pl.col(f"override_labels_{side}").fill_null("未调档"),
            pl.col(f"tier_initial_{side}").fill_null("无"),
        )
        for side, called in (("a", "甲"), ("b", "乙"))
    ]
    return pl.concat_str(pl.lit(f"{said}："), sides[0], pl.lit("，"), sides[1])


def _places() -> pl.Expr:
    return (
        pl.when(pl.col("rank_a") == pl.col("rank_b"))
        .then(pl.format("名次均为第{}名", "rank_a"))
        .otherwise(pl.format("名次由第{}名变为第{}名", "rank_a", "rank_b"))
    )


def _by_cuts_alone(a: Side, b: Side) -> pl.DataFrame:
    """Uscc and `tier_by_cuts`: the initial tier that the scores under the first policy have by the second's cuts.

    Within the cohorts of the first policy; an enterprise is cut as its cohort under the second policy is.
    """
    ranked = a.evaluation.profile.filter(pl.col("status") == "ranked")
    second = b.evaluation.scores.select("uscc", pl.col("cohort").alias("cohort_b"))
    parts = [pl.DataFrame(schema={"uscc": pl.String, "tier_by_cuts": pl.String})]
    for first in a.policy.cohort:
        members = ranked.filter(pl.col("cohort") == first.id).join(
            second, on="uscc", how="left", validate="1:1", maintain_order="left"
        )
        for cohort in b.policy.cohort:
            cut = add_tiers(members, cohort).filter(pl.col("cohort_b") == cohort.id)
            parts.append(cut.select("uscc", pl.col("tier_initial").alias("tier_by_cuts")))
    return pl.concat(parts)


def _items_named(changed: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """Uscc and `named`: the items that pull the tier the way it went, the strongest first, in words."""
    way = pl.when(pl.col("movement") == "up").then(1.0).when(pl.col("movement") == "down").then(-1.0)
    return (
        parts.join(changed.select("uscc", way.alias("way")), on="uscc", validate="m:1")
        .with_columns((pl.col("shift") * pl.col("way")).alias("pull"))
        .filter(pl.col("pull") > 0.005)
        .sort("uscc", "pull", "part", descending=[False, True, False])
        .group_by("uscc", maintain_order=True)
        .head(NAMED)
        .group_by("uscc", maintain_order=True)
        .agg(_item().alias("said"))
        .select("uscc", pl.col("said").list.join("；").alias("named"))
    )


def _item() -> pl.Expr:
    """亩均税收:甲得30分(权重30,基准15),乙得12.5分(权重20,基准8.3),相对同组平均少9.1分."""
    beyond = pl.when("relative").then(pl.lit("相对同组平均")).otherwise(pl.lit(""))
    more = pl.when(pl.col("shift") > 0).then(pl.lit("多")).otherwise(pl.lit("少"))
    return pl.concat_str(
        "title", pl.lit("："), _stood("a", "甲"), pl.lit("，"), _stood("b", "乙"), pl.lit("，"),
        beyond, more, number(pl.col("shift").abs()), pl.lit("分"),
    )  # fmt: skip


def _stood(side: str, called: str) -> pl.Expr:
    points, weight, benchmark = (pl.col(f"{name}_{side}") for name in ("points", "weight", "benchmark"))
    made = pl.concat_str(
        pl.lit("(权重"), number(weight),
        pl.when(benchmark.is_not_null()).then(pl.lit("，基准") + number(benchmark)).otherwise(pl.lit("")), pl.lit(")"),
    )  # fmt: skip
    return (
        pl.when(pl.col("part") == ADJUSTMENTS)
        .then(pl.concat_str(pl.lit(called), number(points), pl.lit("分")))
        .when(weight.is_null())
        .then(pl.lit(f"{called}办法未设"))
        .otherwise(pl.concat_str(pl.lit(f"{called}得"), number(points), pl.lit("分"), made))
    )


def number(value: pl.Expr) -> pl.Expr:
    """A figure in words: two decimals, four below 1, no idle zeros."""
    rounded = pl.when(value.abs() >= 1).then(value.round(2)).otherwise(value.round(4)) + 0.0
    return rounded.cast(pl.String).str.replace(r"\.0$", "")


def _lists(a: Policy, b: Policy) -> pl.Expr:
    """Which list is left and which is entered, and by what rule."""
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
