"""How firm tiers and ranks are: the draws that the policy's table [robustness] asks for."""

from __future__ import annotations

from efficiency.evaluation.robustness.confidence import Firmness, firmness
from efficiency.evaluation.robustness.data_error import spreads
from efficiency.evaluation.robustness.own_error import ALL, OWN_ERRORS, own_errors
from efficiency.evaluation.robustness.rank_intervals import LEVEL
from efficiency.evaluation.robustness.restated import CASES, restated

__all__ = ["ALL", "CASES", "LEVEL", "OWN_ERRORS", "Firmness", "firmness", "own_errors", "restated", "spreads"]
