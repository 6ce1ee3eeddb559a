"""Rows of all submissions to facts: identity, precedence, corrections, checks, reconciliation."""

from __future__ import annotations

from efficiency.intake.fact_checks import FactsInvalid, validate, violations
from efficiency.intake.resolution.corrections import DECLINED, Target, find_target
from efficiency.intake.resolution.identity import PAIR, match, stated_pairs
from efficiency.intake.resolution.partition import LookupTables, PartitionResult, resolve_partition
from efficiency.intake.resolution.reconcile import receipts, unbalanced
from efficiency.intake.resolution.resolve import ResolutionResult, Stated, combine, prepare_lookups, resolve
from efficiency.intake.resolution.succession import (
    SEEN,
    SUCCESSION,
    open_problems,
    periods,
    places,
    standing,
    succession,
    with_kept_problems,
)

__all__ = [
    "DECLINED",
    "PAIR",
    "SEEN",
    "SUCCESSION",
    "FactsInvalid",
    "LookupTables",
    "PartitionResult",
    "ResolutionResult",
    "Stated",
    "Target",
    "combine",
    "find_target",
    "match",
    "open_problems",
    "periods",
    "places",
    "prepare_lookups",
    "receipts",
    "resolve",
    "resolve_partition",
    "standing",
    "stated_pairs",
    "succession",
    "unbalanced",
    "validate",
    "violations",
    "with_kept_problems",
]
