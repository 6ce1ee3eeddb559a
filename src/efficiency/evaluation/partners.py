"""Merger partners (并转对象): for each enterprise that should merge, the best enterprises that could take it in.

Only enterprises of the same class, division or chain are ever brought together, and of those only the
best few of each town, so the work grows with the number of candidates and not with its square.
"""

from __future__ import annotations

import polars as pl

PARTNERS = 3
"""How many partners are named."""

_COLUMNS = [f"partner_{i}{suffix}" for suffix in ("", "_name") for i in range(1, PARTNERS + 1)]


def find_partners(candidates: pl.DataFrame, profile: pl.DataFrame) -> pl.DataFrame:
    """`uscc` and partner_1 … partner_3, partner_1_name … partner_3_name of the `candidates` (uscc alone is read).

    Partners are enterprises of tier A or B in `profile` (the scored profile), best first: same 4-digit
    class, then same division, then same chain; same town before other towns; higher score first; then by
    code. Fewer than three, or none, are possible.
    """
    described = profile.select(
        "uscc",
        "name",
        "town",
        "tier",
        "score",
        pl.when(pl.col("industry").str.len_chars() == 4).then("industry").alias("class"),
        pl.col("industry_division").alias("division"),
        pl.when(pl.col("chain").str.strip_chars() != "").then(pl.col("chain").str.strip_chars()).alias("chain"),
    )
    seeking = described.join(candidates.select("uscc"), on="uscc", how="semi")
    pool = described.filter(pl.col("tier").is_in(["A", "B"])).sort("score", "uscc", descending=[True, False])
    found = pl.concat(_of_level(seeking, pool, key, level) for level, key in enumerate(("class", "division", "chain")))
    best = (
        found.sort("uscc", "level", "elsewhere", "score", "partner", descending=[False, False, False, True, False])
        .unique(["uscc", "partner"], keep="first", maintain_order=True)
        .group_by("uscc", maintain_order=True)
        .agg(pl.col("partner").head(PARTNERS), pl.col("partner_name").head(PARTNERS))
    )
    listed = best.select(
        "uscc",
        *(
            pl.col(column).list.get(i, null_on_oob=True).alias(f"partner_{i + 1}{suffix}")
            for column, suffix in (("partner", ""), ("partner_name", "_name"))
            for i in range(PARTNERS)
        ),
    )
    return listed.select("uscc", *_COLUMNS)


def _of_level(seeking: pl.DataFrame, pool: pl.DataFrame, key: str, level: int) -> pl.DataFrame:
    """Candidate–partner pairs that share `key`: of each town the best few, and one to spare for oneself."""
    best = (
        pool.filter(pl.col(key).is_not_null())
        .group_by(key, "town", maintain_order=True)
        .agg(pl.col("uscc", "name", "score").head(PARTNERS + 1))
        .explode("uscc", "name", "score")
        .rename({"uscc": "partner", "name": "partner_name", "town": "partner_town"})
    )
    return (
        seeking.select("uscc", "town", key)
        .join(best, on=key, how="inner")
        .filter(pl.col("partner") != pl.col("uscc"))
        .select(
            "uscc",
            pl.lit(level).alias("level"),
            (pl.col("town") != pl.col("partner_town")).fill_null(value=True).alias("elsewhere"),
            "score",
            "partner",
            "partner_name",
        )
    )
