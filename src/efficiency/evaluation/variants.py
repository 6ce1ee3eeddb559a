"""方法稳健: the evaluation repeated under the policy's method variants, on the same facts.

Each variant is evaluated by the stages of the evaluation itself, so that it is to the last digit what a plain run under
the changed policy gives, with the enterprise's earlier tiers as they are. Draws are repeated only where a list asks for
tier_confidence; targets, partners and verifications are left out, since no tier and no list depends on them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Literal

import polars as pl

from efficiency.evaluation.energy_basis import energy_basis
from efficiency.evaluation.evaluate import Evaluation, VariantResults, firm, judged
from efficiency.evaluation.lists import columns_read, lists_met
from efficiency.facts.profile import inputs_sha256
from efficiency.policy.model import Policy
from schemas.profile import TIERS
from schemas.results import STATUSES, VARIANT_EFFECTS, own_schema

VariantMode = Literal["none", "lists", "all"]
"""How far variants are evaluated and kept; `schemas.results.VARIANT_MODES`."""
_STATUS, _TIER = pl.Enum(STATUSES), pl.Enum(TIERS)
_COMPACT = {"status": _STATUS, "score": pl.Float64(), "rank": pl.Int64(), "tier": _TIER}


def with_variants(
    evaluation: Evaluation, policy: Policy, profile_under: Callable[[Policy], pl.DataFrame], mode: VariantMode
) -> Evaluation:
    """`evaluation` with what the variants of `policy` give: of everybody, or of those on `lists` alone (`mode`).

    `profile_under` makes the profile of a variant with another window or energy basis (shape `schemas.PROFILE`, of the
    same enterprises by uscc). As it is where the policy has no variants or `mode` is none.
    """
    if not policy.variant or mode == "none":
        return evaluation
    inputs = evaluation.inputs
    results: dict[str, pl.DataFrame] = {}
    digest = sha256(mode.encode())
    # With one profile after the other there are never more than two in memory.
    for alike in _by_inputs(policy):
        of_own = _basis(alike[0][1]) != _basis(policy)
        profile = profile_under(alike[0][1]) if of_own else inputs
        if of_own:
            digest.update(inputs_sha256(profile).encode())
        if not profile["uscc"].equals(inputs["uscc"]):
            raise ValueError("the profile of a variant must have the enterprises of the evaluation, by uscc")
        for id_, changed in alike:
            results[id_] = _under(profile, changed, None, evaluation.data_errors)
    ordered = [results[variant.id] for variant in policy.variant]
    tier = evaluation.profile["tier"].cast(_TIER)
    agreement = _agreement(tier, [frame["tier"] for frame in ordered]).set(tier.is_null(), None)
    known = evaluation.profile.with_columns(agreement.alias("agreement"))
    if any("agreement" in columns_read(changed) for changed in (policy, *(own for _, own in policy.varied))):
        # The lists go by what is known only now: once more, with it.
        for alike in _by_inputs(policy):
            profile = profile_under(alike[0][1]) if _basis(alike[0][1]) != _basis(policy) else inputs
            for id_, changed in alike:
                results[id_] = _under(profile, changed, agreement, evaluation.data_errors)
        ordered = [results[variant.id] for variant in policy.variant]
    listed = lists_met(known, policy)
    list_agreement = _agreement(listed, [frame["list"] for frame in ordered])
    added = [agreement.alias("agreement"), list_agreement.alias("list_agreement")]
    kept = listed.is_not_null() if mode == "lists" else pl.repeat(value=True, n=len(listed), eager=True)
    rows = pl.concat(
        frame.select(pl.lit(variant.id).alias("variant"), inputs["uscc"], *_COMPACT, "list").filter(kept)
        for variant, frame in zip(policy.variant, ordered, strict=True)
    )
    return replace(
        evaluation,
        scores=evaluation.scores.with_columns(added),
        profile=known.with_columns(added),
        variants=VariantResults(rows, _effects(policy, tier, listed, ordered), digest.hexdigest()),
    )


def _basis(policy: Policy) -> tuple[object, ...]:
    """What of a policy the profile depends on."""
    energy = energy_basis(policy)
    coefficients = tuple(sorted(energy.coefficients.items()))
    basis = (energy.electricity, energy.equivalent_kgce_per_kwh, energy.exclude, coefficients)
    return policy.window, policy.annualise, *basis


def _by_inputs(policy: Policy) -> list[list[tuple[str, Policy]]]:
    """Id and policy of each variant, those together that read the same profile."""
    groups: dict[tuple[object, ...], list[tuple[str, Policy]]] = {}
    for variant, changed in policy.varied:
        groups.setdefault(_basis(changed), []).append((variant.id, changed))
    return list(groups.values())


def _under(
    profile: pl.DataFrame, policy: Policy, agreement: pl.Series | None, data_errors: pl.DataFrame | None
) -> pl.DataFrame:
    """status, score, rank, tier and list of every enterprise of `profile` under `policy`, in its order."""
    frame, _ = judged(profile, policy)
    read = columns_read(policy)
    added = [pl.lit(agreement, dtype=pl.Float64).alias("agreement")]
    if "tier_confidence" in read:
        added += firm(frame, policy, data_errors)
    listed = lists_met(frame.with_columns(added), policy)
    return frame.select(pl.col(name).cast(dtype) for name, dtype in _COMPACT.items()).with_columns(listed)


def _agreement(base: pl.Series, others: list[pl.Series]) -> pl.Series:
    """Share of the methods, the base among them, that give each enterprise what the base gives it."""
    same = [other.eq_missing(base).cast(pl.Int64) for other in others]
    agreeing = sum(same, start=pl.repeat(1, len(base), dtype=pl.Int64, eager=True))
    # Divided by a column: by a constant polars multiplies with its inverse, and 7 of 10 were more than 0.7.
    return agreeing / pl.repeat(len(others) + 1, len(base), dtype=pl.Int64, eager=True)


def _effects(policy: Policy, tier: pl.Series, listed: pl.Series, frames: list[pl.DataFrame]) -> pl.DataFrame:
    """One row per variant: how many tiers and lists it moves."""
    tiered, in_d, named = tier.is_not_null(), (tier == "D").fill_null(value=False), listed.is_not_null()
    rows = []
    for number, (variant, frame) in enumerate(zip(policy.variant, frames, strict=True), start=1):
        other_tier, other_list = frame["tier"].ne_missing(tier), frame["list"].ne_missing(listed)
        rows.append(
            {
                "variant": variant.id,
                "number": number,
                "title": variant.title,
                "why": variant.why,
                "tiered": tiered.sum(),
                "tiers_moved": (tiered & other_tier).sum(),
                "tier_d": in_d.sum(),
                "d_moved": (in_d & other_tier).sum(),
                "listed": named.sum(),
                "lists_moved": (named & other_list).sum(),
                "newly_listed": (~named & other_list).sum(),
            }
        )
    return pl.DataFrame(rows, schema=own_schema(VARIANT_EFFECTS))
