"""The reason for which an enterprise is on a list, in Chinese: what decided it, and the policy's text filled in."""

from __future__ import annotations

from collections.abc import Sequence
from string import Formatter

import polars as pl

from efficiency.evaluation.scoring import DECIMALS
from efficiency.policy.expressions import column_names, numbers
from efficiency.policy.model import Candidate
from schemas.profile import ENERGY_LEVELS

NO_DATA = "无数据"
NOT_RATED = "未评定"
NOT_KNOWN = "未掌握"

_MEANINGS = {"energy_level": ENERGY_LEVELS}
"""Column of the profile → its codes → the Chinese words of the lists."""
_TIERS = ("tier", "tier_initial", "land_tier", "energy_tier", "previous_tier")
_UNKNOWN = {
    **dict.fromkeys(_TIERS, NOT_RATED),
    "tech_level": NOT_KNOWN,
    "willingness": NOT_KNOWN,
    "renovate_by": "未载明",
}
"""Column → what is written where it is null."""
UNSTATED = tuple(dict.fromkeys((NO_DATA, *_UNKNOWN.values())))
"""Everything that is written for null."""
_DECIDED = (
    "tier", "tier_initial", "override_labels", "open_incidents", "incident_documents", "protected", "vetoed",
)  # fmt: skip
"""The columns from which a reason says that an override decided the tier."""


def columns_in(candidate: Candidate) -> set[str]:
    """The columns that the reason of an entry is made of."""
    return _named(candidate.reason) | (set(_DECIDED) if _is_decided(candidate) else set())


def reason(candidate: Candidate, schema: pl.Schema, cuts: Sequence[float]) -> pl.Expr:
    """The reason of an entry with every {column} filled in, behind what decided it (`_decided`).

    Figures are compared with the numbers of the entry's condition and with `cuts`, the scores at which a tier ends.
    """
    text = _filled(candidate.reason, schema, (*numbers(candidate.when), *cuts))
    if not _is_decided(candidate):
        return text
    return pl.concat_str(_decided(candidate).fill_null(pl.lit("")), text)


def _decided(candidate: Candidate) -> pl.Expr:
    """The override that decided the tier, and the open incidents with their documents; null where there are none.

    An open incident also lets a protected enterprise onto a list, and bars others from a better tier.
    """
    documents = pl.col("incident_documents").fill_null(pl.lit(NO_DATA))
    is_open = pl.col("open_incidents") > 0
    moved = (pl.col("tier") != pl.col("tier_initial")).fill_null(value=False)
    override = pl.format("{}(由{}类调为{}类", "override_labels", "tier_initial", "tier")
    incidents: pl.Expr = pl.when(is_open).then(pl.format("存在未整改事项：{}；", documents))
    if _named(candidate.reason) & {"incident_documents", "phaseout_items"}:
        incidents = pl.lit(None, dtype=pl.String)
    if not _goes_by_tier(candidate):
        return pl.when(pl.col("protected")).then(incidents)
    vetoed = pl.format("{}，未整改：{})：", override, documents)
    plain = pl.concat_str(override, pl.lit(")："), incidents.fill_null(pl.lit("")))
    return pl.when(moved & pl.col("vetoed") & is_open).then(vetoed).when(moved).then(plain).otherwise(incidents)


def _is_decided(candidate: Candidate) -> bool:
    """Whether an override or an incident may be why an enterprise is on the list."""
    return _goes_by_tier(candidate) or candidate.spares_protected


def _goes_by_tier(candidate: Candidate) -> bool:
    """Whether the tier is part of the condition or of the reason."""
    return "tier" in column_names(candidate.when) | _named(candidate.reason)


def _named(template: str) -> set[str]:
    """The columns that `template` names in braces."""
    return {column for _, column, _, _ in Formatter().parse(template) if column}


def _filled(template: str, schema: pl.Schema, limits: Sequence[float]) -> pl.Expr:
    """`template` with every {column} filled in; `limits` are the numbers with which its figures are compared."""
    parts: list[pl.Expr] = []
    for literal, column, _, _ in Formatter().parse(template):
        if literal:
            parts.append(pl.lit(literal))
        if column:
            parts.append(as_text(column, schema[column], limits))
    return pl.concat_str(parts)


def as_text(column: str, dtype: pl.DataType, limits: Sequence[float]) -> pl.Expr:
    """A value as a reader writes it: up to two decimals, 是 or 否, dates as 2026-10-31, words for null.

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
    return text.fill_null(_UNKNOWN.get(column, NO_DATA))
