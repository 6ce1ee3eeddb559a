"""The candidate lists of an evaluation: who is on which and why, what is known of each, who could take it in."""

from __future__ import annotations

from efficiency.evaluation.lists.candidates import select
from efficiency.evaluation.lists.verification import verifications
from efficiency.evaluation.lists.verification_cells import with_source_cells

__all__ = ["select", "verifications", "with_source_cells"]
