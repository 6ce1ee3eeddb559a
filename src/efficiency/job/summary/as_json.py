"""The summary of a completed run as the JSON object of `--json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from efficiency.facts.gaps import missing_together, runs_of_months
from efficiency.facts.windows import Window
from efficiency.intake.resolution import receipts
from efficiency.job.contracts import CompletedRun, PeriodEvaluation
from efficiency.job.outputs import as_published
from efficiency.periods import period_start, shifted
from schemas.profile import TIERS


def as_json(completed: CompletedRun) -> dict[str, Any]:
    """Counts, tiers, lists, paths and evaluation_id of the last period, and of every period under `evaluations`."""
    resolved = completed.validated.resolved
    submissions = resolved.submissions
    evaluations = [_evaluation(one, completed) for one in completed.evaluations]
    problems = completed.validated.open_problems
    by_severity = counted(problems, "severity")
    return {
        **evaluations[-1],
        "counts": {
            "files": len(completed.validated.ingested.files),
            "files_new": completed.validated.ingested.fresh,
            "submissions": submissions.height,
            **{name: int(submissions[name].sum()) for name in submissions.columns if name.startswith("rows_")},
            "problems": problems.height,
            **{f"problems_{severity}": by_severity.get(severity, 0) for severity in ("error", "warning", "note")},
            "enterprises": completed.evaluations[-1].evaluation.scores.height,
            **counted(completed.evaluations[-1].evaluation.scores, "status"),
        },
        "submissions": receipts(submissions),
        "corrected": completed.validated.successors.to_dicts(),
        "watch": watched(completed).drop("period").to_dicts(),
        "evaluations": evaluations,
        "run_id": completed.run.run_id,
        "warehouse": str(completed.run.request.warehouse),
        "paths": {"warehouse": str(completed.run.request.warehouse), "files": [str(path) for path in completed.files]},
    }


def watched(completed: CompletedRun) -> pl.DataFrame:
    """What was noticed before the last period was scored (shape `schemas.WATCH`)."""
    return completed.validated.watch.filter(pl.col("period") == completed.run.request.periods[-1])


def _evaluation(one: PeriodEvaluation, completed: CompletedRun) -> dict[str, Any]:
    new = as_published(one, completed.run)
    tiers = counted(one.evaluation.scores, "tier")
    return {
        "period": one.period,
        "policy_id": completed.run.policy.id,
        "folder": str(folder_of(completed, one.period)),
        "evaluation_id": new.evaluation_id,
        "inputs_sha256": one.evaluation.inputs_sha256,
        "tiers": {tier: tiers.get(tier, 0) for tier in TIERS},
        "statuses": counted(one.evaluation.scores, "status"),
        "lists": {
            **dict.fromkeys((entry.list for entry in completed.run.policy.candidate), 0),
            **counted(one.candidates, "list"),
        },
        "missing": _missing(one, completed),
        "warnings": list(one.evaluation.warnings),
    }


def folder_of(completed: CompletedRun, period: str) -> Path:
    """The folder of the reports of `period`."""
    return completed.folders[completed.run.request.periods.index(period)]


def _missing(one: PeriodEvaluation, completed: CompletedRun) -> list[dict[str, Any]]:
    """What totals lack: form, words (of the profile), months (YYYY-MM; none for land, coefficients), enterprises."""
    window = Window(completed.run.policy.window, period_start(one.period))
    return [
        row
        | {
            "months": [
                f"{shifted(first, ahead):%Y-%m}"
                for first, last in runs_of_months(row["months"], window)
                for ahead in range((last.year - first.year) * 12 + last.month - first.month + 1)
            ]
        }
        for row in missing_together(one.evaluation.gaps).to_dicts()
    ]


def counted(frame: pl.DataFrame, column: str) -> dict[str, int]:
    """How often each value of `column` occurs, nulls left out, in order of the value."""
    counts = frame.drop_nulls(column).group_by(column).len().sort(column)
    return dict(counts.iter_rows())
