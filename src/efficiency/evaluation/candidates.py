"""Candidate lists (关停, 并转, 升级改造, 对接头部企业 …): who is on which, why, and in what order.

A list is a proposal until a person confirms it; an enterprise is on one list at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from string import Formatter

import polars as pl

from efficiency.evaluation.evaluate import Evaluation
from efficiency.evaluation.partners import find_partners
from efficiency.evaluation.scoring import DECIMALS
from efficiency.policy.expressions import numbers, predicate
from efficiency.policy.model import Candidate, Policy
from schemas.profile import ENERGY_LEVELS
from schemas.results import CANDIDATES

NO_DATA = "无数据"
MERGER = "merger"

_MEANINGS = {"energy_level": ENERGY_LEVELS}
"""Column of the profile → its codes → the Chinese words of the lists."""


def select(evaluation: Evaluation, policy: Policy) -> pl.DataFrame:
    """The rows of all lists, by list in file order and priority: results.candidates without evaluation_id and the like.

    Enterprises of a cohort, ranked or with insufficient data, go to the first entry whose condition holds. The
    worst score comes first (best for `partner`), those without a score last, then by code.
    """
    if not policy.candidate:
        return pl.DataFrame(schema=_declared())
    entry = pl.coalesce(
        *(pl.when(predicate(candidate.when)).then(i) for i, candidate in enumerate(policy.candidate)),
        pl.lit(None, dtype=pl.Int32),
    )
    # Only columns that a reason names are kept: a profile has many columns and many enterprises.
    named = {column for candidate in policy.candidate for column in columns_in(candidate.reason)}
    matched = (
        evaluation.profile.with_columns(
            pl.when(pl.col("cohort").is_not_null()).then(entry.cast(pl.Int64)).alias("entry")
        )
        .select(sorted(named | {"uscc", "name", "tier", "tier_confidence", "score", "entry"}))
        .filter(pl.col("entry").is_not_null())
    )
    parts = [
        _entries(matched.filter(pl.col("entry") == i), candidate, policy.score_cuts)
        for i, candidate in enumerate(policy.candidate)
    ]
    lists = dict.fromkeys(candidate.list for candidate in policy.candidate)
    rows = pl.concat([_listed(parts, policy, name) for name in lists])
    partners = find_partners(rows.filter(pl.col("list") == MERGER), evaluation.profile)
    return rows.join(partners, on="uscc", how="left", validate="m:1", maintain_order="left").select(
        pl.col(name).cast(dtype) for name, dtype in _declared().items()
    )


def _declared() -> dict[str, pl.DataType]:
    return {n: t for n, t in CANDIDATES.polars_schema.items() if n not in ("evaluation_id", "period", "policy_id")}


def _entries(matched: pl.DataFrame, candidate: Candidate, cuts: Sequence[float]) -> pl.DataFrame:
    """The rows of one [[candidate]] entry, not yet in order; `cuts` are scores at which a tier ends."""
    return matched.select(
        pl.lit(candidate.list).alias("list"),
        pl.lit(candidate.title).alias("title"),
        "uscc",
        "name",
        "tier",
        _reason(candidate.reason, matched.schema, (*numbers(candidate.when), *cuts)).alias("reason"),
        "tier_confidence",
        "score",
    )


def _listed(parts: list[pl.DataFrame], policy: Policy, name: str) -> pl.DataFrame:
    """One list with `priority` from 1; its order and its title are those of its first entry."""
    entries = [
        (part, candidate) for part, candidate in zip(parts, policy.candidate, strict=True) if candidate.list == name
    ]
    first = entries[0][1]
    best_first = first.best_first
    return (
        pl.concat(part for part, _ in entries)
        .with_columns(pl.lit(first.title).alias("title"))
        .sort("score", "uscc", descending=[best_first, False], nulls_last=True)
        .with_row_index("priority", offset=1)
    )


def columns_in(template: str) -> set[str]:
    """The columns that the reason `template` names in braces."""
    return {column for _, column, _, _ in Formatter().parse(template) if column}


def _reason(template: str, schema: pl.Schema, limits: Sequence[float]) -> pl.Expr:
    """The reason with every {column} filled in; `limits` are the numbers with which its figures are compared."""
    parts: list[pl.Expr] = []
    for literal, column, _, _ in Formatter().parse(template):
        if literal:
            parts.append(pl.lit(literal))
        if column:
            parts.append(_as_text(column, schema[column], limits))
    return pl.concat_str(parts)


def _as_text(column: str, dtype: pl.DataType, limits: Sequence[float]) -> pl.Expr:
    """A value as a reader writes it: up to two decimals, 是 or 否, 无数据 for null.

    A figure that two decimals would move onto or across one of the `limits` has as many decimals as scores have.
    """
    value = pl.col(column)
    text: pl.Expr
    if dtype == pl.Boolean:
        text = pl.when(value).then(pl.lit("是")).when(~value).then(pl.lit("否"))
    elif dtype.is_float():
        short = value.round(2)
        crosses = ((value - limit).sign() != (short - limit).sign() for limit in limits)
        shown = pl.when(pl.any_horizontal(pl.lit(value=False), *crosses)).then(value.round(DECIMALS)).otherwise(short)
        # Adding 0.0 turns a rounded −0.0 into 0.
        text = (shown + 0.0).cast(pl.String).str.replace(r"\.0$", "")
    elif column in _MEANINGS:
        text = value.replace(_MEANINGS[column])
    else:
        text = value.cast(pl.String)
    return text.fill_null(NO_DATA)
