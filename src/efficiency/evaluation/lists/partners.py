"""Merger partners (并转对象): for each enterprise that should merge, the best enterprises that could take it over.

Enterprises are matched only within the same class, division or chain. A partner is named for a few enterprises at
most, so that one good firm is not the answer for half a zone: those first on the list choose first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from efficiency.policy.expressions import predicate
from efficiency.policy.model import Partners

PARTNERS = 3
"""How many partners an enterprise is given."""

_READ = ["uscc", "name", "town", "score", "industry", "industry_division", "chain", "revenue", "land"]
_KEYS = ("class", "division", "chain")
"""What partner and enterprise have in common, the nearest first."""


def find_partners(candidates: pl.DataFrame, profile: pl.DataFrame, rule: Partners) -> pl.DataFrame:
    """One row per candidate with a partner: uscc, partner_1 … partner_3, partner_1_name … partner_3_name.

    Of `candidates` uscc alone is read; each is served in their order. Partners are enterprises of `profile`
    (`Evaluation.profile`, by code) of which `rule.where` holds, and whose revenue and land are at least
    `rule.min_size` times those of the candidate; a size that is not known is none. Best first: same 4-digit class,
    then same division, then same chain; same town before other towns; higher score first; then by code. None is named
    for more than `rule.most` candidates. There can be fewer than three, or none.
    """
    seeking = _described(
        candidates.select("uscc").join(
            profile.select(_READ), on="uscc", how="left", validate="m:1", maintain_order="left"
        )
    )
    # The sort is stable and the profile is in order of codes: of equal scores the lower code comes first.
    pool = _described(
        profile.filter(predicate(rule.where))
        .select(_READ)
        .sort("score", descending=True, nulls_last=True, maintain_order=True)
    )
    chosen = list(_chosen(seeking, pool, rule))
    rows = [[found[i] if i < len(found) else None for found in chosen] for i in range(PARTNERS)]
    named = [
        pool[column].gather(pl.Series(rows[i], dtype=pl.UInt32)).alias(f"partner_{i + 1}{suffix}")
        for column, suffix in (("uscc", ""), ("name", "_name"))
        for i in range(PARTNERS)
    ]
    return pl.DataFrame([seeking["uscc"], *named]).filter(pl.col("partner_1").is_not_null())


def _described(profile: pl.DataFrame) -> pl.DataFrame:
    """The columns that matching reads: an industry of four digits as class, the chain without blanks around it."""
    chain = pl.col("chain").str.strip_chars()
    return profile.select(
        "uscc",
        "name",
        "town",
        pl.when(pl.col("industry").str.len_chars() == 4).then("industry").alias("class"),
        pl.col("industry_division").alias("division"),
        pl.when(chain != "").then(chain).alias("chain"),
        pl.col("revenue", "land").fill_null(float("nan")),
    )


def _chosen(seeking: pl.DataFrame, pool: pl.DataFrame, rule: Partners) -> Iterator[list[int]]:
    """For each row of `seeking` the rows of `pool` that are its partners, the best first.

    One candidate after the other, since each takes from what is left; what is looked at for one is its division and
    its chain as arrays.
    """
    left = np.full(pool.height, rule.most)
    free = left > 0
    sizes = pool.select("revenue", "land").to_numpy()
    towns = _numbers([pool["town"], seeking["town"]])
    in_town, own_town = towns[: pool.height], towns[pool.height :]
    of_key = {key: _rows_by(pool[key]) for key in _KEYS}
    own_row = dict(zip(pool["uscc"], range(pool.height), strict=True))
    for at, row in enumerate(seeking.iter_rows(named=True)):
        asked = rule.min_size * np.array([row["revenue"], row["land"]])
        taken = [own_row.get(row["uscc"], -1)]
        for key in _KEYS:
            members = of_key[key].get(row[key])
            if members is None or len(taken) > PARTNERS:
                continue
            fit = members[free[members]]
            fit = fit[~np.isin(fit, taken)]
            if rule.min_size > 0:
                # A size that is not known is NaN, which compares as false.
                fit = fit[(sizes[fit] >= asked).all(axis=1)]
            near = in_town[fit] == own_town[at]
            for some in (fit[near], fit[~near]):
                taken += some[: PARTNERS + 1 - len(taken)].tolist()
        found = taken[1:]
        left[found] -= 1
        free[found] = left[found] > 0
        yield found


def _rows_by(keys: pl.Series) -> dict[str, NDArray[np.int64]]:
    """Key → the rows that have it, ascending."""
    rows = keys.to_frame("key").with_row_index("row").drop_nulls("key").group_by("key").agg("row")
    return {key: found.to_numpy().astype(np.int64) for key, found in zip(rows["key"], rows["row"], strict=True)}


def _numbers(texts: Sequence[pl.Series]) -> NDArray[np.int64]:
    """A number for each text, the same for the same text; that of a missing one is that of no other."""
    joined = pl.concat(texts)
    numbers = joined.rank("dense").cast(pl.Int64)
    missing = -1 - pl.int_range(joined.len(), eager=True)
    return numbers.fill_null(missing).to_numpy()
