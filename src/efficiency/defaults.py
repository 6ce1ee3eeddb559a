"""Values of the options that several commands share, where the user gives none."""

from __future__ import annotations

from pathlib import Path

DEFAULT_POLICY = "zibo-jkq"
DEFAULT_INBOX = Path("inbox")
DEFAULT_WAREHOUSE = Path("warehouse/efficiency.duckdb")
DEFAULT_OUTPUT = Path("output")

DEFAULTS: dict[str, object] = {
    "inbox": DEFAULT_INBOX,
    "warehouse": DEFAULT_WAREHOUSE,
    "output": DEFAULT_OUTPUT,
    "policy": DEFAULT_POLICY,
    "mapping": None,
    "by": None,
    "strict": False,
    "language": None,
}
"""Options that several commands share → their values where neither a project file nor a variable sets any."""
