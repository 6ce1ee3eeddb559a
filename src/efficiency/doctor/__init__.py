"""`efficiency doctor`: whether a run would find what it needs, and what to mend before; changes nothing."""

from efficiency.doctor.check import Check
from efficiency.doctor.examine import examine

__all__ = ["Check", "examine"]
