"""The rows of results.indicators, one per enterprise and indicator, from columns <name>_<id> of the scored frame."""

from __future__ import annotations

import numpy as np
import polars as pl

from efficiency.policy.model import Policy

_COMPUTED = {
    "numerator": "numerator", "denominator": "denominator", "value": "value", "benchmark": "benchmark",
    "benchmark_scope": "scope", "benchmark_members": "members", "score": "score", "score_note": "note",
    "benchmark_own_share": "own_share",
}  # fmt: skip
"""Column of results.indicators → the <name> of the columns <name>_<id> that it is made of."""


def indicator_rows(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """One row per enterprise of a cohort and indicator of that cohort, in the order of `frame` and of the policy.

    The columns are those of results.indicators without evaluation_id, period and policy_id. Each is gathered from
    `frame` in one step: there is no copy of the frame per indicator, and no sort.
    """
    declared, first, count = _declared(policy)
    of_cohort = frame["cohort"].fill_null("")
    counts, firsts = (
        of_cohort.replace_strict(known, default=0, return_dtype=pl.UInt32).to_numpy() for known in (count, first)
    )
    enterprise = np.repeat(np.arange(frame.height, dtype=np.uint32), counts)
    ends = np.cumsum(counts, dtype=np.uint32)
    item = np.arange(len(enterprise), dtype=np.uint32) - np.repeat(ends - counts - firsts, counts)

    ids = policy.indicator_ids
    number = np.array([ids.index(id_) for id_ in declared["indicator"]], dtype=np.uint64)
    cell = pl.Series(number[item] * np.uint64(frame.height) + enterprise)
    computed = [
        pl.concat([frame[f"{name}_{id_}"] for id_ in ids], rechunk=True).gather(cell).alias(column)
        for column, name in _COMPUTED.items()
    ]
    return pl.DataFrame(
        [
            frame["uscc"].gather(pl.Series(enterprise)),
            *declared.select(pl.all().gather(pl.lit(pl.Series(item)))),
            *computed,
        ]
    )


def _declared(policy: Policy) -> tuple[pl.DataFrame, dict[str, int], dict[str, int]]:
    """The policy's indicators, cohort by cohort; and by cohort, the row of its first one and the number of them."""
    rows = [
        (c.id, i.id, i.title, i.unit, i.dimension, i.numerator, i.denominator, i.weight)
        for c in policy.cohort
        for i in c.indicator
    ]
    text = ("cohort", "indicator", "title", "unit", "dimension", "numerator_expression", "denominator_expression")
    schema = {**dict.fromkeys(text, pl.String), "weight": pl.Float64}
    count = {cohort.id: len(cohort.indicator) for cohort in policy.cohort}
    ends = np.cumsum(list(count.values())).tolist()
    first = {id_: end - count[id_] for id_, end in zip(count, ends, strict=True)}
    return pl.DataFrame(rows, schema=schema, orient="row"), first, count
