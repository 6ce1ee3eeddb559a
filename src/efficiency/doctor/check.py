"""One thing that is looked at: what was found, whether a run can go on with it, and what to do where it cannot."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report."""

    key: str
    """Stable name, for `--json`."""
    subject: str
    found: str
    remedy: str | None = None
    """What to do; None where all is right."""
