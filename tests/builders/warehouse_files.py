"""Warehouse contents that can be told apart, and what stands in a published file."""

from datetime import UTC, datetime

import polars as pl

from efficiency.warehouse.read import load
from efficiency.warehouse.schema import TABLES, Contents

EVALUATIONS = TABLES["results.evaluations"]


def contents(number, rows=1):
    """Contents that can be told apart: `rows` evaluations whose run is `number`."""
    frame = pl.DataFrame(
        {
            "evaluation_id": [f"e{i:06d}" for i in range(rows)],
            "period": "2026-10",
            "policy_id": "p",
            "policy_sha256": "s",
            "policy_toml": "t" * 200,
            "run_id": str(number),
            "code_version": "1",
            "inputs_sha256": "i",
            "created_at": datetime(2026, 11, 5, tzinfo=UTC),
            "current": True,
            "stale": False,
        }
    )
    return Contents({EVALUATIONS.qualified: EVALUATIONS.conform(frame)})


def published(path):
    """Number and rows of the contents in the file, which must be whole."""
    frame = load(path)[EVALUATIONS.qualified]
    assert frame["run_id"].n_unique() == 1
    return int(frame["run_id"][0]), frame.height


def names(path):
    return sorted(entry.name for entry in path.parent.iterdir())


def versions(path):
    return sorted((path.parent / "versions").iterdir())
