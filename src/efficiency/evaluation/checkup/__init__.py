"""The fairness check-up (体检) of a published evaluation: what in its results a committee should look at again.

Nothing of it changes a score, a tier or a list. A difference that it finds is no proof of unfairness, and what it does
not find is no proof of fairness.
"""

from __future__ import annotations

from efficiency.evaluation.checkup.bunching import around
from efficiency.evaluation.checkup.chance import LEVEL
from efficiency.evaluation.checkup.check_up import FACTS_READ, CheckUp, check_up
from efficiency.evaluation.checkup.groups import groups
from efficiency.evaluation.checkup.neighbours import SHOWN_DECIMALS

__all__ = ["FACTS_READ", "LEVEL", "SHOWN_DECIMALS", "CheckUp", "around", "check_up", "groups"]
