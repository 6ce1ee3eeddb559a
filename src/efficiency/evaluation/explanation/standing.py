"""Where an enterprise stands: among the ranked of its cohort, and among those of its own industry in the cohort."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.evaluation.scoring import DECIMALS

if TYPE_CHECKING:
    from efficiency.policy.model import Policy

FEWEST = 5
"""Enterprises of an industry that are compared with each other; where there are fewer the whole cohort is, so that a
mark in a chart without names is nobody's in particular."""
COMPARED = {
    "score": ("score",),
    "land": ("land_score_uncapped", "land_score"),
    "energy": ("energy_score_uncapped", "energy_score"),
}
"""What is compared → the columns of the scores by which it is, the first that is there: dimensions are ranked without
caps, which evaluations of earlier versions lack."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place among `of`; the enterprises that are as good share it."""

    first: int
    """1 + how many are better."""
    last: int
    """How many are as good or better."""
    of: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A ranked enterprise among those that it is compared with."""

    industry: str | None
    """The two-digit code of the industry whose enterprises of the cohort these are; None: the whole cohort."""
    own_industry: int
    """Ranked enterprises of the cohort in its industry, itself included."""
    scores: tuple[float, ...]
    """The scores of all of them, its own among them, the highest first."""
    places: dict[str, Place]
    """By the keys of COMPARED; without those that the enterprise has no score of."""


@dataclass(frozen=True)
class Standings:
    """The standing of every ranked enterprise of an evaluation."""

    ranked: pl.DataFrame
    """uscc, group, industry, own_industry and, for each key c of COMPARED, c_first, c_last and c_of."""
    scores: dict[str, tuple[float, ...]]
    """Group → the scores of its enterprises, the highest first."""
    indicators: pl.DataFrame
    """uscc, indicator; place and places in the cohort (see `Explanation.indicators`), and group_first, group_last and
    group_places among the enterprises that it is compared with."""

    def of(self, uscc: str) -> Standing | None:
        """Of one enterprise; None where it is not ranked."""
        rows = self.ranked.filter(pl.col("uscc") == uscc)
        if rows.is_empty():
            return None
        row = rows.row(0, named=True)
        places = {
            name: Place(row[f"{name}_first"], row[f"{name}_last"], row[f"{name}_of"])
            for name in COMPARED
            if row[f"{name}_first"] is not None
        }
        return Standing(row["industry"], row["own_industry"], self.scores.get(row["group"], ()), places)


def standings(ranked: pl.DataFrame, values: pl.DataFrame, policy: Policy) -> Standings:
    """The standings of the `ranked` (rows of results.scores).

    `values`: uscc, cohort, indicator and value, not null, of their rows of results.indicators.
    """
    count = pl.len().over("cohort", "industry_division").cast(pl.Int64)
    enough = pl.col("industry_division").is_not_null() & (pl.col("own_industry") >= FEWEST)
    grouped = ranked.with_columns(count.alias("own_industry")).with_columns(
        pl.when(enough).then("industry_division").alias("industry"),
        *(pl.coalesce(columns).round(DECIMALS).alias(f"compared_{name}") for name, columns in COMPARED.items()),
    )
    grouped = grouped.with_columns(
        pl.concat_str("cohort", pl.col("industry").fill_null(""), separator="/").alias("group")
    )
    placed = grouped.select(
        "uscc", "group", "industry", "own_industry", "score",
        *(
            made.cast(pl.Int64).alias(f"{name}_{part}")
            for name in COMPARED
            for part, made in _places(pl.col(f"compared_{name}"), "group").items()
        ),
    )  # fmt: skip
    scores = {
        group: tuple(rows["score"].drop_nulls().sort(descending=True))
        for (group,), rows in placed.partition_by("group", as_dict=True).items()
    }
    return Standings(placed.drop("score"), scores, _of_indicators(values, placed.select("uscc", "group"), policy))


def _of_indicators(values: pl.DataFrame, groups: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """`Standings.indicators`."""
    lower = [(cohort.id, i.id) for cohort in policy.cohort for i in cohort.indicator if i.better == "lower"]
    sign = pl.DataFrame(lower, schema={"cohort": pl.String, "indicator": pl.String}, orient="row")
    goodness = pl.when(pl.col("sign").is_null()).then("value").otherwise(-pl.col("value"))
    in_cohort = _places(goodness, "cohort", "indicator")
    in_group = _places(goodness, "group", "indicator")
    return (
        values.join(sign.with_columns(pl.lit(-1).alias("sign")), on=["cohort", "indicator"], how="left", validate="m:1")
        .join(groups, on="uscc", how="left", validate="m:1")
        .select(
            "uscc",
            "indicator",
            in_cohort["first"].cast(pl.Int64).alias("place"),
            in_cohort["of"].cast(pl.Int64).alias("places"),
            in_group["first"].cast(pl.Int64).alias("group_first"),
            in_group["last"].cast(pl.Int64).alias("group_last"),
            in_group["of"].cast(pl.Int64).alias("group_places"),
        )
    )


def _places(goodness: pl.Expr, *over: str) -> dict[str, pl.Expr]:
    """First and last place of each value among those `over` the same columns, and how many there are."""
    return {
        "first": goodness.rank("min", descending=True).over(*over),
        "last": goodness.rank("max", descending=True).over(*over),
        "of": goodness.count().over(*over),
    }
