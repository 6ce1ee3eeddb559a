"""Candidate lists (关停, 并转, 升级改造, 对接头部企业 …): who is on which, why, and in what order.

A list is a proposal until a person confirms it; an enterprise is on one list at most. Who meets a list's rule but not
all its verifications is on the list 待核实 instead.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from efficiency.evaluation.evaluate import Evaluation
from efficiency.evaluation.lists.next_tier import next_tier_needs
from efficiency.evaluation.lists.partners import find_partners
from efficiency.evaluation.lists.reasons import columns_in, reason
from efficiency.evaluation.lists.verification import missing_labels
from efficiency.policy.expressions import column_names, predicate
from efficiency.policy.model import VERIFY, VERIFY_TITLE, Candidate, Policy
from schemas.results import CANDIDATES, own_schema

MERGER = "merger"


def select(evaluation: Evaluation, policy: Policy) -> pl.DataFrame:
    """The rows of all lists, by list in file order and priority: results.candidates without evaluation_id and the like.

    Enterprises of a cohort, ranked or with insufficient data, go to the first entry whose condition holds; a protected
    one without an open incident passes over those that would shut, merge or renovate it. Who fails a verification of
    the list goes to `verify`, the last one, with the list as `would_be` and the labels that fail as `missing`. The
    worst score comes first (best for `partner`), those without a score last, then by code.
    """
    if not policy.candidate:
        return pl.DataFrame(schema=own_schema(CANDIDATES))
    # Only columns that a reason names are kept: a profile has many columns and many enterprises.
    named = {column for candidate in policy.candidate for column in columns_in(candidate)}
    matched = (
        evaluation.profile.filter(pl.col("cohort").is_not_null())
        .with_columns(_entry(policy).alias("entry"))
        .filter(pl.col("entry").is_not_null())
        .with_columns(missing_labels(evaluation, policy).alias("missing"))
        .select(sorted(named | {"uscc", "name", "tier", "tier_confidence", "score", "entry", "missing"}))
    )
    parts = [
        _entries(matched.filter(pl.col("entry") == i), candidate, policy.score_cuts)
        for i, candidate in enumerate(policy.candidate)
    ]
    lists = dict.fromkeys(candidate.list for candidate in policy.candidate)
    rows = pl.concat([*(_listed(parts, policy, name) for name in lists), _to_verify(parts)])
    merging = rows.filter(pl.coalesce("would_be", "list") == MERGER)
    partners = find_partners(merging, evaluation.profile, policy.partners)
    renovating = [candidate.list for candidate in policy.candidate if candidate.proposal == "renovate"]
    needs = next_tier_needs(evaluation, policy, rows.filter(pl.coalesce("would_be", "list").is_in(renovating)))
    for found in (partners, needs):
        rows = rows.join(found, on="uscc", how="left", validate="m:1", maintain_order="left")
    return rows.select(pl.col(name).cast(dtype) for name, dtype in own_schema(CANDIDATES).items())


def lists_met(profile: pl.DataFrame, policy: Policy) -> pl.Series:
    """The list that each enterprise of a scored `profile` is on before verification; null for none."""
    of_entry = {i: candidate.list for i, candidate in enumerate(policy.candidate)}
    entry = pl.when(pl.col("cohort").is_not_null()).then(_entry(policy))
    listed = entry.replace_strict(of_entry, default=None, return_dtype=pl.String)
    return profile.select(listed.alias("list")).to_series()


def columns_read(policy: Policy) -> set[str]:
    """The columns of the scored profile by which `lists_met` decides."""
    spares = {"protected", "open_incidents"} if any(one.spares_protected for one in policy.candidate) else set[str]()
    return spares.union(*(column_names(candidate.when) for candidate in policy.candidate))


def _entry(policy: Policy) -> pl.Expr:
    """The position of the first [[candidate]] entry that an enterprise meets; null for none."""
    met = (pl.when(_met(candidate)).then(i) for i, candidate in enumerate(policy.candidate))
    return pl.coalesce(*met, pl.lit(None, dtype=pl.Int32)).cast(pl.Int64)


def _met(candidate: Candidate) -> pl.Expr:
    """Whether the entry's condition holds of an enterprise that it may be about."""
    holds = predicate(candidate.when)
    if not candidate.spares_protected:
        return holds
    return holds & (~pl.col("protected") | (pl.col("open_incidents") > 0))


def _entries(matched: pl.DataFrame, candidate: Candidate, cuts: Sequence[float]) -> pl.DataFrame:
    """The rows of one [[candidate]] entry, not yet in order; `cuts` are scores at which a tier ends."""
    fails = pl.col("missing").is_not_null()
    return matched.select(
        pl.when(fails).then(pl.lit(VERIFY)).otherwise(pl.lit(candidate.list)).alias("list"),
        pl.lit(candidate.title).alias("title"),
        "uscc",
        "name",
        "tier",
        reason(candidate, matched.schema, cuts).alias("reason"),
        "tier_confidence",
        pl.when(fails).then(pl.lit(candidate.list)).alias("would_be"),
        "missing",
        "score",
    )


def _listed(parts: list[pl.DataFrame], policy: Policy, name: str) -> pl.DataFrame:
    """One list with `priority` from 1; its order and its title are those of its first entry."""
    entries = [
        (part, candidate) for part, candidate in zip(parts, policy.candidate, strict=True) if candidate.list == name
    ]
    first = entries[0][1]
    verified = pl.concat(part for part, _ in entries).filter(pl.col("would_be").is_null())
    return _in_order(verified, first.title, best_first=first.best_first)


def _to_verify(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """The list of those who fail a verification."""
    return _in_order(pl.concat(parts).filter(pl.col("would_be").is_not_null()), VERIFY_TITLE, best_first=False)


def _in_order(rows: pl.DataFrame, title: str, *, best_first: bool) -> pl.DataFrame:
    """The rows of one list under its title, with `priority` from 1."""
    return (
        rows.with_columns(pl.lit(title).alias("title"))
        .sort("score", "uscc", descending=[best_first, False], nulls_last=True)
        .with_row_index("priority", offset=1)
    )
