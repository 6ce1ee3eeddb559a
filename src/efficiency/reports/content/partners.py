"""What a merger would make of both: the land and the energy efficiency of an enterprise and a partner together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.evaluation.changes import short_figure
from efficiency.reports.content.efficiencies import DIMENSION_NAMES, DIMENSIONS, headline_indicators

if TYPE_CHECKING:
    from efficiency.policy.model import Policy

NUMBERS = (1, 2, 3)
_SAME = ("indicator", "numerator_expression", "denominator_expression")
"""Figures of two enterprises may be added up only where these are the same of both."""


def partner_words(
    candidates: pl.DataFrame, indicators: pl.DataFrame, tiers: pl.DataFrame, policy: Policy
) -> pl.DataFrame:
    """One row per enterprise and partner in order: uscc, number, partner (code or null), words, short, name.

    `candidates` has uscc, partner_1 … and partner_1_name …; `indicators` the rows (shape schemas.INDICATORS) of
    enterprises and partners, `tiers` the partners' uscc and tier. The words name the partner with its tier, and of the
    first land and energy indicator of the enterprise's cohort what both have together: Σ numerators ÷ Σ denominators,
    against the enterprise's benchmark as it is. Where the partner is measured by another indicator, they say so.
    `short` leaves out what a list has in columns of its own: indicator, unit, own value and benchmark; `name` is
    the partner's alone.
    """
    pairs = pl.concat(
        candidates.select(
            "uscc",
            pl.lit(number, dtype=pl.Int64).alias("number"),
            pl.col(f"partner_{number}").alias("partner"),
            pl.col(f"partner_{number}_name").alias("name"),
        )
        for number in NUMBERS
    ).filter(pl.col("name").is_not_null())
    headline = indicators.join(headline_indicators(policy), on=["cohort", "dimension", "indicator"], how="inner")
    own = pairs.join(headline, on="uscc", how="inner")
    theirs = indicators.join(pairs.select("partner").unique(), left_on="uscc", right_on="partner", how="semi").select(
        pl.col("uscc").alias("partner"),
        *_SAME,
        *(pl.col(name).alias(f"their_{name}") for name in ("numerator", "denominator", "value")),
        alike=pl.lit(value=True),
    )
    # A partner without a code is not to be told of (in a town's copy one of another town).
    together = (
        own.filter(pl.col("partner").is_not_null())
        .join(theirs, on=["partner", *_SAME], how="left")
        .select(
            "uscc",
            "number",
            pl.col("dimension").replace_strict({name: i for i, name in enumerate(DIMENSIONS)}).alias("place"),
            *_together(),
        )
    )
    said = (
        together.sort("uscc", "number", "place")
        .group_by("uscc", "number", maintain_order=True)
        .agg(pl.col("said", "said_short").str.join("；"))
    )
    order = candidates.select("uscc", pl.int_range(pl.len()).alias("at"))
    return (
        pairs.join(tiers.select(pl.col("uscc").alias("partner"), "tier"), on="partner", how="left", validate="m:1")
        .join(said, on=["uscc", "number"], how="left", validate="1:1")
        .join(order, on="uscc", how="left", validate="m:1")
        .sort("at", "number")
        .select(
            "uscc",
            "number",
            "partner",
            _named("said").alias("words"),
            _named("said_short").alias("short"),
            "name",
        )
    )  # fmt: skip


def _named(said: str) -> pl.Expr:
    """甲公司(A类)：what is said of it."""
    tier = pl.concat_str(pl.lit("("), "tier", pl.lit("类)")).fill_null("")
    return pl.concat_str("name", tier, pl.concat_str(pl.lit("："), said).fill_null(""))


def _together() -> tuple[pl.Expr, pl.Expr]:
    """合并后单位用地税收5.2万元/亩(本企业2.1、对方8)，仍低于本企业基准6.1; and 合并后土地效率5.2(对方8)未达基准."""
    denominator = pl.col("denominator") + pl.col("their_denominator")
    value = pl.when(denominator > 0).then((pl.col("numerator") + pl.col("their_numerator")) / denominator)
    higher, benchmark = pl.col("better") == "higher", pl.col("benchmark")
    reached = pl.when(higher).then(value >= benchmark).otherwise(value <= benchmark)
    missed = pl.when(higher).then(pl.lit("，仍低于本企业基准")).otherwise(pl.lit("，仍高于本企业基准"))
    against = pl.concat_str(
        pl.when(reached).then(pl.lit("，达到本企业基准")).when(~reached).then(missed), short_figure(benchmark)
    ).fill_null("")
    theirs = short_figure(pl.col("their_value"))
    figures = pl.concat_str(
        short_figure(value), pl.col("unit").fill_null(""), pl.lit("(本企业"), short_figure(pl.col("value")),
        pl.lit("、对方"), theirs, pl.lit(")"), against,
    )  # fmt: skip
    whole = (
        pl.when(pl.col("alike").is_null())
        .then(pl.concat_str("title", pl.lit("双方评价指标不同，不合并计算")))
        .otherwise(pl.concat_str(pl.lit("合并后"), "title", figures.fill_null("无法测算")))
    )
    side = pl.col("dimension").replace_strict(DIMENSION_NAMES)
    verdict = pl.when(reached).then(pl.lit("达基准")).when(~reached).then(pl.lit("未达基准")).otherwise(pl.lit(""))
    brief = pl.concat_str(short_figure(value), pl.lit("(对方"), theirs, pl.lit(")"), verdict)
    short = (
        pl.when(pl.col("alike").is_null())
        .then(pl.concat_str(side, pl.lit("指标不同")))
        .otherwise(pl.concat_str(pl.lit("合并后"), side, pl.lit("效率"), brief.fill_null("无法测算")))
    )
    return whole.alias("said"), short.alias("said_short")
