"""The fairness check-up (体检) of a published evaluation: what in its results a committee should look at again.

Nothing of it changes a score, a tier or a list. A difference that it finds is no proof of unfairness, and what it does
not find is no proof of fairness.
"""

from __future__ import annotations

from efficiency.evaluation.checkup.chance import LEVEL
from efficiency.evaluation.checkup.check_up import FACTS_READ, CheckUp, check_up

__all__ = ["FACTS_READ", "LEVEL", "CheckUp", "check_up"]
