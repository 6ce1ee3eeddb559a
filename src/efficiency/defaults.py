"""What a command takes where neither a flag nor a project file says otherwise."""

from __future__ import annotations

from pathlib import Path

DEFAULT_POLICY = "zibo-jkq"
DEFAULT_WAREHOUSE = Path("warehouse/efficiency.duckdb")
DEFAULT_OUTPUT = Path("output")
