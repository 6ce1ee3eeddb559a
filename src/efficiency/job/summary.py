"""The summary of a completed run: the JSON object of `--json`, and the closing lines on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from efficiency.facts.gaps import missing_together, runs_of_months
from efficiency.facts.windows import Window
from efficiency.intake.resolution import receipts
from efficiency.job.contracts import CompletedRun, PeriodEvaluation
from efficiency.job.outputs import as_published
from efficiency.monitoring.late_returns import watch_lines
from efficiency.periods import period_start, shifted
from efficiency.reports.delivery import RETURNED, TOWNS
from schemas.profile import TIERS

NAMED = 5
"""Gaps that the closing lines name for each period before they say how many more there are."""


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
        "folder": str(_folder(completed, one.period)),
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


def _missing_lines(period: str, missing: list[dict[str, Any]]) -> Iterator[str]:
    """What enterprises lack, the most frequent first, e.g. output 2026-03 for 23 enterprises (revenue, tax)."""
    for row in missing[:NAMED]:
        runs: list[list[str]] = []
        for month in row["months"]:
            if runs and f"{shifted(period_start(runs[-1][-1]), 1):%Y-%m}" == month:
                runs[-1].append(month)
            else:
                runs.append([month])
        months = "".join(f" {'..'.join(dict.fromkeys((run[0], run[-1])))}," for run in runs).removesuffix(",")
        who = "1 enterprise" if row["enterprises"] == 1 else f"{row['enterprises']} enterprises"
        yield f"Missing ({period}): {row['form']}{months} for {who} ({', '.join(row['words'])})."
    if len(missing) > NAMED:
        others = sum(row["enterprises"] for row in missing[NAMED:])
        yield f"Missing ({period}): {len(missing) - NAMED} other gaps of {others} enterprises; the workbook names each."


def counted(frame: pl.DataFrame, column: str) -> dict[str, int]:
    """How often each value of `column` occurs, nulls left out, in order of the value."""
    counts = frame.drop_nulls(column).group_by(column).len().sort(column)
    return dict(counts.iter_rows())


def closing_lines(completed: CompletedRun) -> Iterator[str]:
    """The end of a run as an operator reads it: reconciliation, problems, tiers, lists, and where things are."""
    summary = as_json(completed)
    counts = summary["counts"]
    for row in completed.validated.open_problems.filter(pl.col("rule") == "internal").iter_rows(named=True):
        where = f"{row['file_name']}, sheet {row['sheet']}" if row["sheet"] else row["file_name"]
        yield (
            f"A fault of the program: {where} was not read ({row['value']}). Everything else was; "
            "send this line and the file to whoever maintains the program (`efficiency check --debug` shows more)."
        )
    yield (
        f"Read {counts['files_new']} new of {counts['files']} files. Rows on record: {counts['rows_total']} = "
        f"{counts['rows_accepted']} accepted + {counts['rows_rejected']} rejected + "
        f"{counts['rows_superseded']} superseded or repeated + {counts['rows_totals']} totals + "
        f"{counts['rows_notes']} notes + {counts['rows_blank']} blank."
    )
    yield (
        f"Problems: {counts['problems_error']} errors, {counts['problems_warning']} warnings, "
        f"{counts['problems_note']} notes."
    )
    fresh = {file.sha256 for file in completed.validated.ingested.files}
    for one in summary["corrected"]:
        if one["sha256"] in fresh:
            yield (
                f"Came back: {one['file_name']}: {one['before']} problems before, {one['mended']} mended, "
                f"{one['left']} left, {one['new']} new."
            )
    yield from watch_lines(watched(completed))
    for one in summary["evaluations"]:
        tiers = " ".join(f"{tier} {count}" for tier, count in one["tiers"].items())
        if not any(one["tiers"].values()):  # of a method that gives none
            tiers = f"{one['statuses'].get('ranked', 0)} ranked, no tiers"
        lists = ", ".join(f"{name} {count}" for name, count in one["lists"].items()) or "none"
        others = ", ".join(f"{count} {name}" for name, count in one["statuses"].items() if name != "ranked")
        yield f"{one['period']} ({one['policy_id']}): {tiers}; {others or 'all ranked'}. Lists: {lists}."
        yield from _missing_lines(one["period"], one["missing"])
    if completed.published:
        yield f"Warehouse: {completed.run.request.warehouse}"
    if returned := _returned(completed):
        yield f"To give back: {returned} workbooks in {_returns(completed)}"
    for period in completed.run.request.periods:
        reports = _folder(completed, period)
        if reports.name != period:
            usual = completed.run.request.output / period
            yield f"Reports of {period}: {reports}, since {usual} holds another policy's evaluation, which stays."
        folder = reports / TOWNS
        copies = sum(path.is_relative_to(folder) for path in completed.files)
        if copies:
            yield f"By town: {copies} workbooks in {folder}"
    yield from (f"Workbook: {path}" for path in _workbooks(completed))


def first_to_open(completed: CompletedRun) -> Iterator[str]:
    """What whoever runs the sample opens first, and then, in Chinese."""
    yield f"请先打开评价工作簿：{_workbooks(completed)[-1]}"
    if returned := _returned(completed):
        yield f"再看需退回部门改正的文件（{returned}个，问题单元格已标色批注）：{_returns(completed)}"
    else:
        yield "本期没有需要退回部门改正的文件。"


def _workbooks(completed: CompletedRun) -> list[Path]:
    """The officials' workbook of each period."""
    named = [path for path in completed.files if path.name.startswith("能耗产出效益评价_")]
    return [path for path in named if path.parent.name != TOWNS]


def _folder(completed: CompletedRun, period: str) -> Path:
    """The folder of the reports of `period`."""
    return completed.folders[completed.run.request.periods.index(period)]


def _returns(completed: CompletedRun) -> Path:
    """The folder of the files to give back."""
    return completed.folders[-1] / RETURNED


def _returned(completed: CompletedRun) -> int:
    """How many files are to be given back."""
    return sum(path.is_relative_to(_returns(completed)) for path in completed.files)
