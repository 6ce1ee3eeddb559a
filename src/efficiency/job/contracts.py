"""What passes from step to step of a month: read this page first.

RunRequest  → begin    → RunContext            what is asked for; who answers it, when, by which policy and mapping
→ ingest   → Ingested              everything stated so far, in this inbox and in earlier ones
→ validate → Validated             the facts, every problem, and what was noticed before scoring
→ evaluate → PeriodEvaluation      of each period: scores, tiers, and why they changed
→ select   → PeriodEvaluation      of each period: the same with the candidate lists
→ report   → StagedOutputs         reports and the next warehouse, written but not yet in place
→ publish  → CompletedRun          what the summary and the notices are made from
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import polars as pl

from efficiency.evaluation.evaluate import Evaluation
from efficiency.evaluation.variants import VariantMode
from efficiency.intake.files import InboxFile
from efficiency.intake.layout import MappingFile
from efficiency.intake.resolution import ResolutionResult, Stated, open_problems
from efficiency.policy.model import Policy
from efficiency.reports.delivery import Delivery
from efficiency.warehouse.publish import StagedWarehouse
from efficiency.warehouse.schema import Contents

Progress = Callable[[str, int, int], None]
"""Called with the step's name, how much of it is done, and how much there is."""


def silent(step: str, done: int, total: int) -> None:
    """The `Progress` of a run that nobody watches."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What the operator asks for."""

    inbox: Path
    periods: tuple[str, ...]
    """YYYY-MM, ascending."""
    policy: str
    """Id of a built-in policy, or path of a policy file."""
    warehouse: Path
    output: Path
    strict: bool = False
    """Publish nothing when this inbox has error-level problems."""
    mapping: Path | None = None
    """Mapping file for layouts that are not recognised by themselves."""
    by: Literal["town"] | None = None
    """"town": also a copy of the lists for each town."""
    variants: VariantMode = "all"
    """Whose evaluation under the policy's method variants is kept; "none": it is not evaluated under them."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """The run that answers a request; what was loaded and checked when it began is what all steps use."""

    request: RunRequest
    policy: Policy
    """With `text` and its digest `sha256`."""
    mapping: MappingFile
    """Empty where none is asked for; with its digest `sha256`."""
    run_id: str
    started: datetime
    operator: str
    """user@machine"""
    log_sha256: str | None = None
    """Digest of its first entry in the log of runs."""


@dataclass(frozen=True)
class Ingested:
    """What the warehouse keeps, and what this inbox adds."""

    files: tuple[InboxFile, ...]
    """The spreadsheets of the inbox, in order of arrival."""
    fresh: int
    """How many of the files no earlier run has read."""
    stored: Contents
    """What the warehouse keeps, without stated rows, which are in `stated`, and facts, which are made anew."""
    stated: Stated
    """Everything stated so far; its rows are all in memory, or all spilled."""


@dataclass(frozen=True)
class Validated:
    """The facts that count, every problem, and what became of every row."""

    ingested: Ingested
    resolved: ResolutionResult
    successors: pl.DataFrame
    """One row per file that came back mended; shape of `efficiency.intake.resolution.succession.SUCCESSION`."""
    watch: pl.DataFrame
    """What was noticed before scoring, of every period watched so far; shape `schemas.WATCH`."""

    @property
    def open_problems(self) -> pl.DataFrame:
        """The problems that are still to be mended, without those of files that have been succeeded by others."""
        return open_problems(self.resolved.problems, self.resolved.submissions)


@dataclass(frozen=True)
class PeriodEvaluation:
    """One period evaluated under the policy of the run."""

    period: str
    """YYYY-MM."""
    evaluation: Evaluation
    previous: pl.DataFrame | None
    """Scores (shape `schemas.SCORES`) of the policy's last current evaluation of an earlier period, if there is one."""
    movements: pl.DataFrame | None
    """Why scores are not those of `previous`: `schemas.MOVEMENTS` without evaluation_id, period and policy_id."""
    candidates: pl.DataFrame
    """The candidate lists (shape `schemas.CANDIDATES`); empty until they are selected."""
    verifications: pl.DataFrame
    """What is known of each candidate (shape `schemas.VERIFICATIONS`); empty until they are selected."""


@dataclass(frozen=True)
class StagedOutputs:
    """The reports and the warehouse while they are written, before they are published."""

    deliveries: tuple[Delivery, ...]
    """One a period, in the order of the request."""
    wait_for_returned: Callable[[], object]
    """Waits until the workbooks that go back to the submitters are written, into the last period's folder."""
    warehouse: StagedWarehouse
    """The next file of the warehouse."""


@dataclass(frozen=True)
class CompletedRun:
    """A month that is published, or that a dry run has made."""

    run: RunContext
    validated: Validated
    evaluations: tuple[PeriodEvaluation, ...]
    """One a period, in the order of the request."""
    files: tuple[Path, ...]
    """Every report where it was published."""
    folders: tuple[Path, ...]
    """Of the reports of each period, in the order of the request."""
    published: bool = True
    """False after a dry run."""
