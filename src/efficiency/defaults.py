"""Values of the options that several commands share, where the user gives none."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Language = Literal["zh", "en"]
"""That of what a command prints."""
DEFAULT_POLICY = "zibo-jkq"
DEFAULT_WAREHOUSE = Path("warehouse/efficiency.duckdb")
DEFAULT_OUTPUT = Path("output")
