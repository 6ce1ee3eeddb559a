"""What the operator asks for, who runs the month, and what passes from one step to the next."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import polars as pl

from efficiency.evaluation.evaluate import Evaluation
from efficiency.intake.resolution import ResolutionResult, open_problems
from efficiency.job.ingest import Ingested
from efficiency.policy.model import Policy
from efficiency.processes import operator

Progress = Callable[[str, int, int], None]
"""Called with the step's name, how much of it is done, and how much there is."""


def silent(step: str, done: int, total: int) -> None:
    """The `Progress` of a run that nobody watches."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What the operator asks for."""

    inbox: Path
    periods: tuple[str, ...]
    policy: str
    warehouse: Path
    output: Path
    strict: bool = False
    mapping: Path | None = None
    """Mapping file for layouts that are not recognised by themselves."""
    by: Literal["town"] | None = None
    """"town": also a copy of the lists for each town."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """Who runs the month, and when: the only place that looks at the clock."""

    run_id: str
    started: datetime
    operator: str
    log_sha256: str | None = None
    """Digest of its first entry in the log of runs."""

    @classmethod
    def begin(cls) -> RunContext:
        """A run that starts now."""
        now = datetime.now(UTC)
        return cls(f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}", now, operator())


@dataclass(frozen=True)
class Validated:
    """Facts that count, every problem, the reconciliation of every sheet, and what came back mended."""

    ingested: Ingested
    resolved: ResolutionResult
    successors: pl.DataFrame
    """Shape of `efficiency.intake.resolution.succession.SUCCESSION`."""
    watch: pl.DataFrame
    """What was noticed before scoring, of every period watched so far; shape schemas.WATCH."""

    @property
    def standing(self) -> pl.DataFrame:
        """The problems that are still to be mended: those of files that have been succeeded are history."""
        return open_problems(self.resolved.problems, self.successors)


@dataclass(frozen=True)
class PeriodEvaluation:
    """One period judged under the policy; `candidates` is empty until they are selected."""

    period: str
    policy: Policy
    evaluation: Evaluation
    inputs_sha256: str
    previous: pl.DataFrame | None
    """Scores of the last current evaluation of an earlier period, for the movement."""
    candidates: pl.DataFrame
    movements: pl.DataFrame | None = None
    """Why scores are not those of the previous evaluation; None when there is none."""


@dataclass(frozen=True)
class CompletedRun:
    """A month that is published: what the summary is made from."""

    run: RunContext
    order: RunRequest
    validated: Validated
    judged: tuple[PeriodEvaluation, ...]
    files: tuple[Path, ...]
    """Every report, where it stands."""
