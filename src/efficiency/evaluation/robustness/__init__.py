"""How firm a tier is: the draws that the policy's table [robustness] asks for."""

from __future__ import annotations

from efficiency.evaluation.robustness.confidence import tier_confidence

__all__ = ["tier_confidence"]
