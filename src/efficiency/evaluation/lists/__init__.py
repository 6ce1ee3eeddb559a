"""The candidate lists of an evaluation: who is on which and why, what is known of each, who could take it in."""

from __future__ import annotations

from efficiency.evaluation.lists.candidates import columns_read, lists_met, select
from efficiency.evaluation.lists.next_tier import NO_REVENUE
from efficiency.evaluation.lists.partners import PARTNERS, find_partners
from efficiency.evaluation.lists.reasons import UNSTATED
from efficiency.evaluation.lists.verification import verifications
from efficiency.evaluation.lists.verification_cells import forms_looked_at, with_source_cells

__all__ = [
    "NO_REVENUE",
    "PARTNERS",
    "UNSTATED",
    "columns_read",
    "find_partners",
    "forms_looked_at",
    "lists_met",
    "select",
    "verifications",
    "with_source_cells",
]
