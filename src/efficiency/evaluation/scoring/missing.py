"""What an enterprise's figures lack, in words: the months, carriers or dates behind an indicator without a value.

Each word of the profile that indicators read has a column missing_<word> with what is missing where the word is null,
e.g. 缺2026年3月 (see `efficiency.facts.gaps`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.policy.expressions import column_names
from schemas import FED_BY, FEEDS, FORMS
from schemas.profile import PROFILE_TITLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efficiency.policy.model import Cohort, Indicator, Policy


_FORM_TITLES = {word: FORMS[form].title for word, form in FED_BY.items()}


def words_of_indicators(policy: Policy) -> list[str]:
    """The words made of figures that any indicator of `policy` reads, in alphabetical order."""
    return words_by_cohort(policy)["word"].unique().sort().to_list()


def words_by_cohort(policy: Policy) -> pl.DataFrame:
    """cohort, word, needed: the words made of figures that a cohort's indicators read.

    `needed`: one of those indicators is treated as insufficient where it has no value, so that there is no tier.
    """
    rows = [
        (cohort.id, word, any(word in _words_of(one) for one in cohort.indicator if one.missing == "insufficient"))
        for cohort in policy.cohort
        for word in sorted({word for one in cohort.indicator for word in _words_of(one)})
    ]
    return pl.DataFrame(rows, schema={"cohort": pl.String, "word": pl.String, "needed": pl.Boolean}, orient="row")


def words_missing(cohort: Cohort) -> list[str]:
    """The columns that `with_gaps` adds for the indicators of `cohort`."""
    return [f"missing_{word}" for word in sorted({word for one in cohort.indicator for word in _words_of(one)})]


def _words_of(indicator: Indicator) -> list[str]:
    """The words made of figures that `indicator` reads, in alphabetical order."""
    return sorted((column_names(indicator.numerator) | column_names(indicator.denominator)) & FEEDS.keys())


def with_gaps(profile: pl.DataFrame, gaps: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """`profile` with a column missing_<word> for each word of the policy's indicators, from `gaps` (`gaps.GAPS`)."""
    for word in words_of_indicators(policy):
        own = gaps.filter(pl.col("word") == word).select("uscc", pl.col("text").alias(f"missing_{word}"))
        if own.is_empty():
            profile = profile.with_columns(pl.lit(None, dtype=pl.String).alias(f"missing_{word}"))
        else:
            profile = profile.join(own, on="uscc", how="left", validate="1:1", maintain_order="left")
    return profile


def missing_of(indicator: Indicator) -> pl.Expr:
    """What the figures of one indicator lack, e.g. 实缴税金缺2026年3月; null where nothing is known to be missing."""
    words = _words_of(indicator)
    text = pl.concat_str(
        [pl.lit(None, dtype=pl.String), *(pl.lit(PROFILE_TITLES[word]) + pl.col(f"missing_{word}") for word in words)],
        separator="，",
        ignore_nulls=True,
    )
    return pl.when(text != "").then(text)


def missing_in_words(members: pl.DataFrame, indicators: Sequence[Indicator], lacking: pl.Expr) -> pl.Series:
    """What the figures of the `indicators` without a value lack, for each row of `members` where `lacking` holds.

    Words that lack the same stand together with the form that they come from, e.g. 产出：实缴税金、营业收入缺2026年3月.
    Null in the other rows, and where nothing is known to be missing.
    """
    found = members.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("at"), lacking.alias("lacking"), pl.all()
    ).filter("lacking")
    parts = [pl.DataFrame(schema={"at": pl.UInt32, "word": pl.String, "text": pl.String})]
    for word in sorted({word for one in indicators for word in _words_of(one)}):
        users = [one for one in indicators if word in _words_of(one)]
        without = pl.any_horizontal(pl.col(f"value_{one.id}").is_null() for one in users)
        own = found.filter(without & pl.col(f"missing_{word}").is_not_null())
        parts.append(own.select("at", pl.lit(word).alias("word"), pl.col(f"missing_{word}").alias("text")))
    sentences = (
        pl.concat(parts)
        .with_columns(pl.col("word").replace(_FORM_TITLES).alias("form"), pl.col("word").replace(PROFILE_TITLES))
        .group_by("at", "form", "text", maintain_order=True)
        .agg(pl.col("word").str.join("、"))
        .group_by("at", "form", maintain_order=True)
        .agg(pl.concat_str("word", "text").str.join("，").alias("text"))
        .group_by("at", maintain_order=True)
        .agg(pl.concat_str("form", pl.lit("："), "text").str.join("；").alias("text"))
    )
    return pl.repeat(None, members.height, dtype=pl.String, eager=True).scatter(sentences["at"], sentences["text"])
