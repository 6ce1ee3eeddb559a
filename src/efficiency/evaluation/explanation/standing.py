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
    """uscc, cohort, industry, own_industry and, for each key c of COMPARED, c_first, c_last and c_of; industry is null
    where the whole cohort is compared."""
    scores: dict[tuple[object, ...], tuple[float, ...]]
    """Cohort, or cohort and industry → the scores of its enterprises, the highest first."""
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
        key = (row["cohort"],) if row["industry"] is None else (row["cohort"], row["industry"])
        return Standing(row["industry"], row["own_industry"], self.scores[key], places)


def standings(ranked: pl.DataFrame, values: pl.DataFrame, policy: Policy) -> Standings:
    """The standings of the `ranked` (rows of results.scores).

    `values`: uscc, cohort, indicator and value, not null, of their rows of results.indicators.
    """
    of_industry = ("cohort", "industry_division")
    grouped = ranked.with_columns(
        pl.len().over(of_industry).cast(pl.Int64).alias("own_industry"),
        *(pl.coalesce(columns).round(DECIMALS).alias(f"compared_{name}") for name, columns in COMPARED.items()),
    )
    enough = pl.col("industry_division").is_not_null() & (pl.col("own_industry") >= FEWEST)
    placed = grouped.with_columns(pl.when(enough).then("industry_division").alias("industry")).with_columns(
        pl.when(pl.col("industry").is_not_null()).then(one).otherwise(other).cast(pl.Int64).alias(f"{name}_{part}")
        for name in COMPARED
        for (part, one), other in zip(
            _places(pl.col(f"compared_{name}"), *of_industry).items(),
            _places(pl.col(f"compared_{name}"), "cohort").values(),
            strict=True,
        )
    )
    placed = placed.select(
        "uscc", "cohort", "industry", "own_industry",
        *(f"{name}_{part}" for name in COMPARED for part in ("first", "last", "of")),
    )  # fmt: skip
    groups = [
        *grouped.partition_by("cohort", as_dict=True).items(),
        *grouped.partition_by(of_industry, as_dict=True).items(),
    ]
    scores = {key: tuple(rows["score"].drop_nulls().sort(descending=True)) for key, rows in groups}
    industries = ranked.select("uscc", "industry_division").join(
        placed.select("uscc", "industry"), on="uscc", how="left", validate="1:1", maintain_order="left"
    )
    return Standings(placed, scores, _of_indicators(values, industries, policy))


def _of_indicators(values: pl.DataFrame, industries: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """`Standings.indicators`. `industries`: uscc, industry_division, and industry, null where all are compared."""
    lower = [(cohort.id, i.id) for cohort in policy.cohort for i in cohort.indicator if i.better == "lower"]
    sign = pl.DataFrame(lower, schema={"cohort": pl.String, "indicator": pl.String}, orient="row")
    goodness = pl.when(pl.col("sign").is_null()).then("value").otherwise(-pl.col("value"))
    in_cohort = _places(goodness, "cohort", "indicator")
    in_industry = _places(goodness, "cohort", "indicator", "industry_division")
    by_industry = pl.col("industry").is_not_null()
    in_group = {part: pl.when(by_industry).then(made).otherwise(in_cohort[part]) for part, made in in_industry.items()}
    return (
        values.join(sign.with_columns(pl.lit(-1).alias("sign")), on=["cohort", "indicator"], how="left", validate="m:1")
        .join(industries, on="uscc", how="left", validate="m:1")
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
