"""A second, slow evaluation in plain Python, written from the rules and sharing no code with the real one.

It reads the policy's model and, instead of SQL, a Python function for each predicate.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction
from statistics import fmean, median
from typing import Any

import numpy as np

from efficiency.policy.model import Cohort, Indicator, Override, Policy
from schemas.profile import TOTALS

Row = dict[str, Any]
Meaning = dict[str, Callable[[Row], Any]]
"""Expression of the policy → the same in Python."""


def oracle(rows: list[Row], policy: Policy, meaning: Meaning) -> dict[str, Row]:
    """uscc → status, cohort, values, scores, rank, tiers, confidence."""
    results: dict[str, Row] = {}
    for row in rows:
        rule = next((rule for rule in policy.excluded if meaning[rule.when](row)), None)
        excluded = rule is not None
        own = next((c.id for c in policy.cohort if meaning[c.where](row)), None)
        status = "excluded" if excluded else "out_of_scope" if own is None else "ranked"
        counted_in = own if rule is not None and rule.counts_in_n else None
        letter = None if rule is None else rule.letter
        results[str(row["uscc"])] = {
            **row, "cohort": None if excluded else own, "status": status, "counted_in": counted_in, "letter": letter,
        }  # fmt: skip
    for cohort in policy.cohort:
        members = [r for r in results.values() if r["cohort"] == cohort.id]
        counted = [r for r in results.values() if r["counted_in"] == cohort.id]
        _judge(members, cohort, policy, meaning, counted)
    for result in results.values():
        before = result["d_streak_before"]
        result["d_streak"] = before + 1 if result.get("tier") == "D" else 0
    return results


def _judge(  # noqa: PLR0912  # the whole rule book
    members: list[Row], cohort: Cohort, policy: Policy, meaning: Meaning, counted: list[Row]
) -> None:
    items = cohort.indicator
    for m in members:
        for i in items:
            top, bottom = meaning[i.numerator](m), meaning[i.denominator](m)
            m[f"value_{i.id}"] = None if top is None or not bottom else top / bottom
        absent = [i for i in items if m[f"value_{i.id}"] is None]
        if len(absent) == len(items) or any(i.missing == "insufficient" for i in absent):
            m["status"] = "insufficient"
    ranked = [m for m in members if m["status"] == "ranked"]
    shares = {i.id: [_share(m, i, cohort, ranked, meaning) for m in ranked] for i in items}
    beyond = {i.id: [_share(m, i, cohort, ranked, meaning, capped=False) for m in ranked] for i in items}
    for i in items:
        known = [s for s in shares[i.id] if s is not None]
        for k, s in enumerate(shares[i.id]):
            if s is None and i.missing == "zero":
                shares[i.id][k] = 0.0
            elif s is None and i.missing == "cohort_mean" and known:
                shares[i.id][k] = fmean(known)
    for k, m in enumerate(ranked):
        m["shares"] = {i.id: shares[i.id][k] for i in items}
        m["uncapped"] = {i.id: shares[i.id][k] if (b := beyond[i.id][k]) is None else b for i in items}
        m["adjustments"] = sum(a.points for a in policy.adjustment if meaning[a.when](m))
        m["factor"] = meaning[cohort.factor](m)
        if not any(m["shares"][i.id] is not None and i.weight for i in items):
            m["status"] = "insufficient"
            m["was_ranked"] = True
    ranked = [m for m in ranked if m["status"] == "ranked"]
    weights = {i.id: i.weight for i in items}
    for m in ranked:
        for i in items:
            held = None if cohort.formula == "minmax" else _benchmark(m, i, [*ranked, *_unscored(members)], meaning)
            m[f"benchmark_{i.id}"] = held if held is not None and held > 0 else None
        m["score"] = _score(m, weights)
        kept = [i.id for i in items if m["shares"][i.id] is not None]
        stretch = sum(weights.values()) / sum(weights[j] for j in kept)
        for j in kept:
            m[f"score_{j}"] = m["shares"][j] * weights[j] * stretch
        for dimension in ("land", "energy"):
            own = [i for i in items if i.dimension == dimension and i.id in kept]
            total = sum(i.weight for i in own)
            for name, kind in ((f"{dimension}_score", "shares"), (f"{dimension}_uncapped", "uncapped")):
                earned = sum(m[kind][i.id] * i.weight for i in own if i.weight)
                m[name] = (earned if math.isinf(earned) else round(100 * earned / total, 6)) if total else None
    for m in ranked:
        m["rank"] = 1 + sum(other["score"] > m["score"] for other in ranked)
    if cohort.tiers is None:
        return
    kind = "uncapped" if cohort.tiers.by == "rank" else "score"
    for name, tier in (("score", "tier_initial"), (f"land_{kind}", "land_tier"), (f"energy_{kind}", "energy_tier")):
        _tiers(ranked, cohort, name, tier, counted)
    for m in ranked:
        m["tier"] = m["tier_initial"]
        m["met"] = []
        for o in policy.override:
            met = bool(meaning[o.when](m))
            m["met"].append(met)
            if met:
                m["tier"] = _moved(m["tier"], o)
    _confidence(ranked, cohort, policy, meaning, counted, unscored=_unscored(members))


def _unscored(members: list[Row]) -> list[Row]:
    """Who was ranked while benchmarks were taken, and then could not be scored."""
    return [m for m in members if m.get("was_ranked")]


def _share(
    m: Row, i: Indicator, cohort: Cohort, ranked: list[Row], meaning: Meaning, *, capped: bool = True
) -> float | None:
    value: float | None = m[f"value_{i.id}"]
    if value is None:
        return None
    if cohort.formula == "minmax":
        values: list[float] = [r[f"value_{i.id}"] for r in ranked if r[f"value_{i.id}"] is not None]
        low, high = min(values), max(values)
        if high == low:
            return None
        gained = high - value if i.better == "lower" else value - low
        return (20 + 80 * gained / (high - low)) / 100
    benchmark = _benchmark(m, i, ranked, meaning)
    if benchmark is None or benchmark <= 0:
        return None
    if i.better == "lower" and value == 0:
        return i.cap if capped or i.cap is None else math.inf
    share = benchmark / value if i.better == "lower" else value / benchmark
    if i.floor is not None:
        share = max(share, i.floor)
    if i.cap is not None and capped:
        share = min(share, i.cap)
    return share


def _benchmark(m: Row, i: Indicator, ranked: list[Row], meaning: Meaning) -> float | None:
    b = i.benchmark
    assert b is not None
    if b.fixed is not None:
        return b.fixed
    have = [r for r in ranked if r[f"value_{i.id}"] is not None and not (b.leave_one_out and r["uscc"] == m["uscc"])]
    group = [r for r in have if all(r[key] == m[key] for key in b.within)]
    if len(group) < b.min_group:
        group = have
    bottom = sum(meaning[i.denominator](r) for r in group) if b.stat == "weighted_mean" else len(group)
    if not bottom:
        return None
    values: list[float] = sorted(r[f"value_{i.id}"] for r in group)
    at = b.q * (len(values) - 1) if b.q is not None else 0.0
    low, high = values[math.floor(at)], values[math.ceil(at)]
    statistics: dict[str | None, float] = {
        "weighted_mean": sum(meaning[i.numerator](r) for r in group) / bottom,
        "mean": fmean(values),
        "median": median(values),
        "quantile": low + (high - low) * (at - math.floor(at)),
    }
    return b.times * statistics[b.stat]


def _score(m: Row, weights: dict[str, float]) -> float:
    kept = [j for j, share in m["shares"].items() if share is not None]
    stretch = sum(weights.values()) / sum(weights[j] for j in kept)
    items: float = sum(m["shares"][j] * weights[j] for j in kept)
    score: float = round(m["factor"] * stretch * items + m["adjustments"], 6)
    return score


def _tiers(ranked: list[Row], cohort: Cohort, name: str, tier: str, counted: list[Row]) -> None:
    assert cohort.tiers is not None
    cuts = cohort.tiers.cuts
    for m in ranked:
        if m[name] is None:
            m[tier] = None
            continue
        if cohort.tiers.by == "score":
            m[tier] = next((t for t in "ABC" if m[name] >= getattr(cuts, t)), "D")
            continue
        group = [r for r in ranked if r[name] is not None and all(r[k] == m[k] for k in cohort.tiers.within)]
        also = sum(all(r[k] == m[k] for k in cohort.tiers.within) for r in counted)
        position = Fraction(sum(r[name] >= m[name] for r in group), len(group) + also)
        m[tier] = next((t for t in "ABC" if position <= Fraction(str(getattr(cuts, t)))), "D")


def _moved(tier: str, o: Override) -> str:
    if o.tier:
        return o.tier
    return max(tier, o.at_most) if o.at_most else min(tier, o.at_least or "D")


def _confidence(
    ranked: list[Row], cohort: Cohort, policy: Policy, meaning: Meaning, counted: list[Row], *, unscored: list[Row]
) -> None:
    r = policy.robustness
    base = np.array([i.weight for i in cohort.indicator])
    drawn = base * np.random.Generator(np.random.PCG64(r.seed)).lognormal(0, r.weight_sd, (r.draws, len(base)))
    drawn = drawn * (base.sum() / drawn.sum(axis=1))[:, None]
    kept = dict.fromkeys((m["uscc"] for m in ranked), 0)
    for number, draw in enumerate(drawn):
        weights = {i.id: w for i, w in zip(cohort.indicator, draw, strict=True)}
        members = _moved_figures(ranked, cohort, policy, meaning, number, unscored=unscored) if r.data_sd else ranked
        # Without a score of any weight there is none to keep.
        scored = [m for m in members if any(share is not None and weights[j] for j, share in m["shares"].items())]
        again = [{**m, "drawn": _score(m, weights)} for m in scored]
        _tiers(again, cohort, "drawn", "drawn_tier", counted)
        for m in again:
            tier = m["drawn_tier"]
            for met, o in zip(m["met"], policy.override, strict=True):
                tier = _moved(tier, o) if met else tier
            kept[m["uscc"]] += tier == m["tier"]
    for m in ranked:
        m["tier_confidence"] = kept[m["uscc"]] / r.draws


def _moved_figures(
    ranked: list[Row], cohort: Cohort, policy: Policy, meaning: Meaning, draw: int, *, unscored: list[Row]
) -> list[Row]:
    """The ranked enterprises with every figure that an indicator uses moved, and what they earn by that.

    Benchmarks that stay as evaluated are those over the `unscored` too.
    """
    r = policy.robustness
    words = {word for i in cohort.indicator for word in re.findall(r"\w+", f"{i.numerator} {i.denominator}")}
    names = sorted(words & {column.name for column in TOTALS})
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(r.seed, spawn_key=(draw,))))
    assert not isinstance(r.data_sd, str)
    factors = generator.lognormal(0, r.data_sd, (len(names), len(ranked)))
    moved = []
    for k, m in enumerate(sorted(ranked, key=lambda m: m["uscc"])):
        own = {name: None if m[name] is None else m[name] * factors[j, k] for j, name in enumerate(names)}
        row = {**m, **own}
        for i in cohort.indicator:
            top, bottom = meaning[i.numerator](row), meaning[i.denominator](row)
            row[f"value_{i.id}"] = None if top is None or not bottom else top / bottom
        moved.append(row)
    peers = moved if r.benchmarks else [*ranked, *unscored]
    for m in moved:
        m["before"], m["shares"] = m["shares"], {i.id: _share(m, i, cohort, peers, meaning) for i in cohort.indicator}
    for i in cohort.indicator:
        known = [s for m in moved if (s := m["shares" if r.benchmarks else "before"][i.id]) is not None]
        filling = {"zero": 0.0, "cohort_mean": fmean(known) if known else None}.get(i.missing)
        for m in moved:
            if m["shares"][i.id] is None:
                m["shares"][i.id] = filling
    return moved
