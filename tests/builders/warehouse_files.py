"""Warehouse contents that can be told apart, what a published file holds, and processes that use the warehouse."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from efficiency.warehouse.read import load
from efficiency.warehouse.schema import TABLES, Contents
from efficiency.warehouse.versions import version_files

ROOT = Path(__file__).parents[2]
EVALUATIONS = TABLES["results.evaluations"]


def contents(number: int, rows: int = 1) -> Contents:
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


def published(path: Path) -> tuple[int, int]:
    """Number and rows of the contents in the file, which must be whole."""
    held = load(path)
    assert held is not None
    frame = held[EVALUATIONS.qualified]
    assert frame["run_id"].n_unique() == 1
    return int(frame["run_id"][0]), frame.height


def names(path: Path) -> list[str]:
    """Names of everything in the folder of `path`."""
    return sorted(entry.name for entry in path.parent.iterdir())


def versions(path: Path) -> list[Path]:
    """The earlier files of the warehouse `path`, oldest first."""
    return version_files(path)


def python(code: str, *arguments: object, **options: Any) -> subprocess.Popen[str]:
    """A process that runs `code` with the project importable."""
    places = os.pathsep.join(str(ROOT / place) for place in ("src", "", "tests"))
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": places},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )
