"""Merger partners (并转对象): for each enterprise that should merge, the best enterprises that could take it in.

Only enterprises of the same class, division or chain are ever brought together, and of those only the
best few of each town, so the work grows with the number of candidates and not with its square.
"""

from __future__ import annotations

import polars as pl

PARTNERS = 3
"""How many partners are named."""

_READ = ["uscc", "name", "town", "tier", "score", "industry", "industry_division", "chain"]
_ALIKE = ["class", "division", "chain", "town"]
"""What a seeker is brought together by."""


def find_partners(candidates: pl.DataFrame, profile: pl.DataFrame) -> pl.DataFrame:
    """`uscc` and partner_1 … partner_3, partner_1_name … partner_3_name of the `candidates` (uscc alone is read).

    Partners are enterprises of tier A or B in `profile` (the scored profile, by code), best first: same 4-digit
    class, then same division, then same chain; same town before other towns; higher score first; then by
    code. Fewer than three, or none, are possible.
    """
    seeking = _described(profile.select(_READ).join(candidates.select("uscc"), on="uscc", how="semi"))
    # Of equal scores the lesser code comes first: codes are in order already.
    pool = (
        _described(profile.select(_READ).filter(pl.col("tier").is_in(["A", "B"])))
        .sort("score", descending=True, maintain_order=True)
        .with_row_index("place")
    )
    # Who is of one class, division, chain and town is offered the same enterprises: they are looked for once.
    alike = seeking.select(_ALIKE).unique(maintain_order=True).with_row_index("of")
    found = pl.concat(_of_level(alike, pool, key, level) for level, key in enumerate(("class", "division", "chain")))
    best = (
        found.sort("of", "level", "elsewhere", "place")
        .group_by("of", maintain_order=True)
        .agg("place")
        .with_columns(pl.col("place").list.unique(maintain_order=True))
        .select("of", *(pl.col("place").list.get(i, null_on_oob=True).alias(f"place_{i}") for i in range(PARTNERS + 1)))
    )
    offered = (
        seeking.select("uscc", *_ALIKE)
        .join(alike, on=_ALIKE, how="left", nulls_equal=True, validate="m:1", maintain_order="left")
        .join(best, on="of", how="inner", validate="m:1", maintain_order="left")
        .join(pool.select("uscc", pl.col("place").alias("own")), on="uscc", how="left", validate="1:1")
    )
    # One was found to spare: from oneself on, the next one stands in.
    is_self = [pl.col(f"place_{i}").eq_missing(pl.col("own")) & pl.col("own").is_not_null() for i in range(PARTNERS)]
    places = offered.select(
        pl.when(pl.any_horizontal(is_self[: i + 1])).then(f"place_{i + 1}").otherwise(f"place_{i}").alias(str(i))
        for i in range(PARTNERS)
    )
    named = [
        pool[column].gather(places[str(i)]).alias(f"partner_{i + 1}{suffix}")
        for column, suffix in (("uscc", ""), ("name", "_name"))
        for i in range(PARTNERS)
    ]
    return pl.DataFrame([offered["uscc"], *named]).filter(pl.col("partner_1").is_not_null())


def _described(profile: pl.DataFrame) -> pl.DataFrame:
    """What is said of an enterprise when partners are looked for; its chain without blanks around it."""
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


def _of_level(alike: pl.DataFrame, pool: pl.DataFrame, key: str, level: int) -> pl.DataFrame:
    """For each kind of seeker those who share `key`: the best few of its town, and the best few of other towns.

    One more of each than is named, should the seeker be one of them.
    """
    enough = PARTNERS + 1
    of_town = (
        pool.filter(pl.col(key).is_not_null())
        .group_by(key, "town", maintain_order=True)
        .agg(pl.col("place").head(enough))
        .explode("place")
    )
    # Of twice as many at least half are not of one's own town, if there are any: each town has only so many in it.
    of_all = of_town.sort("place").group_by(key, maintain_order=True).agg(pl.col("place", "town").head(2 * enough))
    seekers = alike.select("of", "town", key)
    near = seekers.join(of_town, on=[key, "town"], how="inner").select("of", "place", elsewhere=pl.lit(value=False))
    far = (
        seekers.join(of_all.explode("place", "town"), on=key, how="inner", suffix="_of")
        .filter((pl.col("town") != pl.col("town_of")).fill_null(value=True))
        .select("of", "place", elsewhere=pl.lit(value=True))
    )
    return pl.concat([near, far]).with_columns(pl.lit(level).alias("level"))
