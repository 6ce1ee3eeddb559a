"""How often groups of enterprises (by size, age, town, industry, scale) have the first and the last tier, and what
chance alone would give.

Chance: the tiers are given anew at random among the enterprises that are cut among themselves (a cohort, or a group
within it), each tier as often as it is. So many of a group's enterprises then have the tier as a draw without
replacement gives: the counts are drawn from the multivariate hypergeometric distribution, which is that of shuffled
labels without shuffling them one by one. A group's probability is the share of draws at least as far from the mean as
the count is; Holm's method takes account of how many groups are looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from efficiency.evaluation.checkup.chance import with_findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from efficiency.policy.model import Policy

DRAWS = 9_999
"""Times that the tiers are given anew."""
LEAST_DRAWS = 1_999
MOST_COUNTS = 20_000_000
"""Counts drawn for one way of grouping: beyond, there are fewer draws, down to LEAST_DRAWS."""
LEAST_MEMBERS = 10
"""Enterprises of a group below which it is not judged."""
MATTERS = 0.10
"""Share of the count by chance by which a count must differ to be a finding: among very many, chance gives less."""
MOST_GROUPS = 60
"""Groups that are judged in one way of grouping, the largest; the others are taken together and are not."""
JUDGED_TIERS = ("A", "D")
"""The first tier and the last: what is gained, and what is lost."""
QUARTERS = ("最小的四分之一", "较小的四分之一", "较大的四分之一", "最大的四分之一")
AGES = ("投产最晚的四分之一", "投产较晚的四分之一", "投产较早的四分之一", "投产最早的四分之一")
UNKNOWN = "未填报"
OTHERS = "其余(户数较少的各组)"
GROUPINGS = {
    "size": ("规模(用工人数)", "employees", QUARTERS),
    "turnover": ("规模(营业收入)", "revenue", QUARTERS),
    "age": ("投产时间", "months_since_commissioned", AGES),
    "town": ("镇办", "town", None),
    "industry": ("行业大类", "industry_division", None),
    "scale": ("规上规下", "scale", None),
}
"""Way of grouping → its name, the column of the profile, and what the quarters of a figure are called."""
GROUPS = {
    "grouping": pl.String, "grouping_title": pl.String, "group": pl.String, "tier": pl.String, "members": pl.Int64,
    "count": pl.Int64, "initial": pl.Int64, "expected": pl.Float64, "low": pl.Float64, "high": pl.Float64,
    "probability": pl.Float64, "adjusted": pl.Float64, "draws": pl.Int64, "why_not": pl.String,
    "finding": pl.Boolean,
}  # fmt: skip
"""One row per group and judged tier. `count`: enterprises of the group with the tier, `initial`: before overrides;
`expected`, `low`, `high`: mean count by chance and the range that holds 95 % of the draws. `why_not`: few (too few
members), fixed (each is cut by itself, so chance has no part) or others; null where it is judged."""


def groups(profile: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The tiers of each group (shape `GROUPS`), in the order of `GROUPINGS`, the largest group first.

    `profile`: results.scores of one evaluation with months_since_commissioned and the columns by which tiers are cut.
    """
    tiered = profile.filter(pl.col("tier").is_not_null()).sort("uscc")
    if tiered.is_empty():
        return pl.DataFrame(schema=GROUPS)
    strata = tiered.select("cohort", _stratum(policy).alias("stratum"))["stratum"]
    ranked = tiered.with_columns(strata.rank("dense").alias("stratum") - 1)
    rows: list[dict[str, object]] = []
    for number, name in enumerate(GROUPINGS):
        rows += _grouped(ranked, policy, name, number)
    away = (pl.col("count") - pl.col("expected")).abs()
    return pl.DataFrame(with_findings(rows), schema=GROUPS).with_columns(
        pl.col("finding") & (away >= MATTERS * pl.col("expected"))
    )


def _stratum(policy: Policy) -> pl.Expr:
    """A text that is the same for enterprises that are cut among themselves."""
    texts = [
        pl.when(pl.col("cohort") == cohort.id).then(
            pl.concat_str(
                pl.lit(cohort.id),
                *(pl.col(name).cast(pl.String).fill_null("") for name in _within(cohort.tiers)),
                separator="\x1f",
            )
        )
        for cohort in policy.cohort
    ]
    return pl.coalesce(*texts, "cohort")


def _within(tiers: object) -> tuple[str, ...]:
    """The columns within which tiers are cut by rank."""
    by_rank = getattr(tiers, "by", None) == "rank"
    return tuple(getattr(tiers, "within", ())) if by_rank else ()


def _grouped(ranked: pl.DataFrame, policy: Policy, name: str, number: int) -> Iterator[dict[str, object]]:
    """The rows of one way of grouping, without `adjusted` and `finding`."""
    title, column, called = GROUPINGS[name]
    if column not in ranked.columns or ranked[column].null_count() == ranked.height:
        return
    label = pl.col(column) if called is None else _quarter(column, called)
    labelled = ranked.with_columns(label.fill_null(UNKNOWN).alias("group"))
    sizes = labelled.group_by("group").len("members").sort(["members", "group"], descending=[True, False])
    large = sizes.filter(pl.col("members") >= LEAST_MEMBERS)["group"].to_list()[:MOST_GROUPS]
    labelled = labelled.with_columns(
        pl.when(pl.col("group").is_in(large)).then("group").otherwise(pl.lit(OTHERS)).alias("group")
    )
    order = [*(large if called is None else [one for one in (*called, UNKNOWN) if one in large])]
    if labelled["group"].is_in([OTHERS]).any():
        order.append(OTHERS)
    at = labelled["group"].replace_strict({one: i for i, one in enumerate(order)}, return_dtype=pl.Int64)
    table = labelled.select("stratum", "tier", "tier_initial", at.alias("at"))
    members = np.bincount(at.to_numpy(), minlength=len(order))
    for place, tier in enumerate(JUDGED_TIERS):
        has = (table["tier"] == tier).fill_null(value=False)
        initial = np.bincount(table.filter(pl.col("tier_initial") == tier)["at"].to_numpy(), minlength=len(order))
        count = np.bincount(table.filter(has)["at"].to_numpy(), minlength=len(order))
        seed = np.random.SeedSequence(policy.robustness.seed, spawn_key=(number, place))
        drawn, mean, fixed = _by_chance(table, has, len(order), np.random.Generator(np.random.PCG64(seed)))
        far = np.abs(drawn - mean) >= np.abs(count - mean) - 1e-9
        low, high = np.quantile(drawn, (0.025, 0.975), axis=0, method="inverted_cdf")
        for i, group in enumerate(order):
            why = (
                "others" if group == OTHERS else "few" if members[i] < LEAST_MEMBERS else "fixed" if fixed[i] else None
            )
            yield {
                "grouping": name, "grouping_title": title, "group": group, "tier": tier, "members": int(members[i]),
                "count": int(count[i]), "initial": int(initial[i]), "expected": float(mean[i]),
                "low": float(low[i]), "high": float(high[i]), "draws": len(drawn), "why_not": why,
                "probability": (1 + int(far[:, i].sum())) / (1 + len(drawn)) if why is None else None,
            }  # fmt: skip


def _quarter(column: str, called: tuple[str, ...]) -> pl.Expr:
    """The quarter of its cohort that an enterprise is in by a figure; equal figures are in the same."""
    figure = pl.col(column)
    place = (figure.rank("average") - 0.5) / figure.count()
    quarter = (place.over("cohort") * 4).floor().clip(0, 3).cast(pl.Int64)
    return quarter.replace_strict(dict(enumerate(called)), return_dtype=pl.String)


def _by_chance(
    table: pl.DataFrame, has: pl.Series, groups_count: int, generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Draws × groups: how many of each group would have the tier; the exact mean; and where it cannot vary."""
    counted = (
        table.with_columns(has.alias("has"))
        .group_by("stratum", "at")
        .agg(pl.len().alias("members"), pl.col("has").sum().alias("with"))
        .sort("stratum", "at")
    )
    draws = int(min(DRAWS, max(LEAST_DRAWS, MOST_COUNTS // max(1, counted.height))))
    drawn = np.zeros((draws, groups_count), dtype=np.int64)
    mean, fixed = np.zeros(groups_count), np.ones(groups_count, dtype=bool)
    for part in counted.partition_by("stratum", maintain_order=True):
        at, sizes = part["at"].to_numpy(), part["members"].to_numpy().astype(np.int64)
        taken, whole = int(part["with"].sum()), int(sizes.sum())
        mean[at] += sizes * (taken / whole)
        if part.height == 1 or taken in (0, whole):
            drawn[:, at] += np.asarray(sizes * taken // whole)
            continue
        fixed[at] = False
        drawn[:, at] += generator.multivariate_hypergeometric(sizes, taken, size=draws)
    return drawn, mean, fixed
