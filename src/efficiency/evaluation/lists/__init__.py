"""The candidate lists of an evaluation: who is on which and why, what is known of each, who could take it in."""

from __future__ import annotations

from efficiency.evaluation.lists.candidates import select
from efficiency.evaluation.lists.partners import PARTNERS, find_partners
from efficiency.evaluation.lists.verification import verifications
from efficiency.evaluation.lists.verification_cells import with_source_cells

__all__ = ["PARTNERS", "find_partners", "select", "verifications", "with_source_cells"]
