"""Rows of all submissions to facts: identity, precedence, corrections, checks, reconciliation."""

from __future__ import annotations

from efficiency.intake.resolution.corrections import DECLINED, Target, find_target
from efficiency.intake.resolution.identity import PAIR, match, stated_pairs
from efficiency.intake.resolution.partition import LookupTables, Share, resolve_share
from efficiency.intake.resolution.reconcile import receipts, unbalanced
from efficiency.intake.resolution.resolve import ResolutionResult, Resolved, Sheets, Stated, resolve, survey, unite
from efficiency.intake.resolution.succession import remembered, standing, succession
from efficiency.intake.resolution.validate import validate

__all__ = [
    "DECLINED",
    "PAIR",
    "LookupTables",
    "ResolutionResult",
    "Resolved",
    "Share",
    "Sheets",
    "Stated",
    "Target",
    "find_target",
    "match",
    "receipts",
    "remembered",
    "resolve",
    "resolve_share",
    "standing",
    "stated_pairs",
    "succession",
    "survey",
    "unbalanced",
    "unite",
    "validate",
]
