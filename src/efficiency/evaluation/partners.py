"""Merger partners (并转对象): for each enterprise that should merge, the best enterprises that could take it over.

Enterprises are matched only within the same class, division or chain, and of those only with the best few of each
town, so that the work grows with the number of candidates and not with its square.
"""

from __future__ import annotations

import polars as pl

PARTNERS = 3
"""How many partners are named."""

_READ = ["uscc", "name", "town", "tier", "score", "industry", "industry_division", "chain"]
_MATCHED_BY = ["class", "division", "chain", "town"]
"""The columns by which partners are chosen: candidates with equal ones have the same partners."""


def find_partners(candidates: pl.DataFrame, profile: pl.DataFrame) -> pl.DataFrame:
    """One row per candidate with a partner: uscc, partner_1 … partner_3, partner_1_name … partner_3_name.

    Of `candidates` uscc alone is read. Partners are enterprises of tier A or B in `profile` (`Evaluation.profile`, by
    code), best first: same 4-digit class, then same division, then same chain; same town before other towns; higher
    score first; then by code. There can be fewer than three, or none.
    """
    seeking = _described(profile.select(_READ).join(candidates.select("uscc"), on="uscc", how="semi"))
    # The sort is stable and the profile is in order of codes: of equal scores the lower code comes first.
    pool = (
        _described(profile.select(_READ).filter(pl.col("tier").is_in(["A", "B"])))
        .sort("score", descending=True, maintain_order=True)
        .with_row_index("row")
    )
    # Candidates of one class, division, chain and town have the same partners: these are searched once.
    kinds = seeking.select(_MATCHED_BY).unique(maintain_order=True).with_row_index("kind")
    found = pl.concat(_matches(kinds, pool, key, level) for level, key in enumerate(("class", "division", "chain")))
    best = (
        found.sort("kind", "level", "elsewhere", "row")
        .group_by("kind", maintain_order=True)
        .agg("row")
        .with_columns(pl.col("row").list.unique(maintain_order=True))
        .select("kind", *(pl.col("row").list.get(i, null_on_oob=True).alias(f"row_{i}") for i in range(PARTNERS + 1)))
    )
    matched = (
        seeking.select("uscc", *_MATCHED_BY)
        .join(kinds, on=_MATCHED_BY, how="left", nulls_equal=True, validate="m:1", maintain_order="left")
        .join(best, on="kind", how="inner", validate="m:1", maintain_order="left")
        .join(pool.select("uscc", pl.col("row").alias("own")), on="uscc", how="left", validate="1:1")
    )
    # A candidate can be its own match: from there on the next one is taken, of which there is one more than needed.
    is_self = [pl.col(f"row_{i}").eq_missing(pl.col("own")) & pl.col("own").is_not_null() for i in range(PARTNERS)]
    rows = matched.select(
        pl.when(pl.any_horizontal(is_self[: i + 1])).then(f"row_{i + 1}").otherwise(f"row_{i}").alias(str(i))
        for i in range(PARTNERS)
    )
    named = [
        pool[column].gather(rows[str(i)]).alias(f"partner_{i + 1}{suffix}")
        for column, suffix in (("uscc", ""), ("name", "_name"))
        for i in range(PARTNERS)
    ]
    return pl.DataFrame([matched["uscc"], *named]).filter(pl.col("partner_1").is_not_null())


def _described(profile: pl.DataFrame) -> pl.DataFrame:
    """The columns that matching reads: an industry of four digits as class, the chain without blanks around it."""
    chain = pl.col("chain").str.strip_chars()
    return profile.select(
        "uscc",
        "name",
        "town",
        "score",
        pl.when(pl.col("industry").str.len_chars() == 4).then("industry").alias("class"),
        pl.col("industry_division").alias("division"),
        pl.when(chain != "").then(chain).alias("chain"),
    )


def _matches(kinds: pl.DataFrame, pool: pl.DataFrame, key: str, level: int) -> pl.DataFrame:
    """For each of `kinds`, the rows of `pool` that share `key`: the best few of its town, the best few of other towns.

    One row per match: kind, row, elsewhere, level. One match more of each than is named, since a candidate may be
    one of them itself.
    """
    enough = PARTNERS + 1
    of_town = (
        pool.filter(pl.col(key).is_not_null())
        .group_by(key, "town", maintain_order=True)
        .agg(pl.col("row").head(enough))
        .explode("row")
    )
    # Each town has at most `enough` of them: of twice as many at least half are of another town, if there are any.
    of_all = of_town.sort("row").group_by(key, maintain_order=True).agg(pl.col("row", "town").head(2 * enough))
    seekers = kinds.select("kind", "town", key)
    near = seekers.join(of_town, on=[key, "town"], how="inner").select("kind", "row", elsewhere=pl.lit(value=False))
    far = (
        seekers.join(of_all.explode("row", "town"), on=key, how="inner", suffix="_of")
        .filter((pl.col("town") != pl.col("town_of")).fill_null(value=True))
        .select("kind", "row", elsewhere=pl.lit(value=True))
    )
    return pl.concat([near, far]).with_columns(pl.lit(level).alias("level"))
