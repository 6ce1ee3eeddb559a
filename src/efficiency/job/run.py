"""The month's work: ingest, validate, evaluate, select, report, publish.

`efficiency run` calls the six steps directly; the Prefect flow passes in the same steps wrapped as tasks. The reports
and then the warehouse are written to staging before anything is published, so that a run which cannot write one of
them publishes nothing; then all are put in place.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from efficiency.errors import EfficiencyError, StrictError
from efficiency.evaluation.candidates import select as select_candidates
from efficiency.intake.files import InboxFile
from efficiency.intake.layout import NO_MAPPING, load_mapping
from efficiency.intake.resolution import ResolutionResult, succession, unbalanced, with_earlier_problems
from efficiency.job.contracts import CompletedRun, PeriodEvaluation, Progress, RunContext, RunRequest, Validated, silent
from efficiency.job.evaluate import judge
from efficiency.job.execution import ReadFiles, read_files, resolve_in_partitions
from efficiency.job.ingest import Ingested, ingest_inbox, require_spreadsheets
from efficiency.job.movement import what_moved
from efficiency.job.outputs import Prepared, new_evaluation, preparing, publish, report
from efficiency.job.record import logged
from efficiency.monitoring.late_returns import watch_again
from efficiency.policy.load import load_policy
from efficiency.processes import keep_private
from efficiency.warehouse.history import add_evaluation, previous_scores
from efficiency.warehouse.lock import lock
from efficiency.warehouse.staging import scratch, scratch_folder
from schemas import CANDIDATES, PROBLEMS, WATCH

log = logging.getLogger("efficiency")


def ingest(order: RunRequest, run: RunContext, progress: Progress = silent, read: ReadFiles = read_files) -> Ingested:
    """Read what is new in the inbox and add it to what the warehouse keeps. See `efficiency.job.ingest`."""
    return ingest_inbox(
        inbox=order.inbox,
        warehouse=order.warehouse,
        mapping=load_mapping(order.mapping) if order.mapping else NO_MAPPING,
        run_id=run.run_id,
        started=run.started,
        progress=lambda done, total: progress("ingest", done, total),
        read=read,
    )


def validate(order: RunRequest, run: RunContext, ingested: Ingested) -> Validated:
    """Match, rank and check what was stated; facts are what remains.

    Raises EfficiencyError when a sheet's rows do not reconcile, FactsInvalid when a fact breaks its
    declaration, and StrictError when the order is strict and this inbox has error-level problems.
    """
    resolved = resolve_in_partitions(ingested.stated, scratch_folder(order.warehouse))
    told = with_earlier_problems(resolved.problems, ingested.stored[PROBLEMS.qualified], resolved.submissions)
    resolved = replace(resolved, problems=told)
    open_accounts = unbalanced(resolved.submissions)
    if open_accounts.height:
        lines = "; ".join(
            f"{row['file_name']} [{row['sheet']}]: read {row['rows_total']}"
            for row in open_accounts.iter_rows(named=True)
        )
        raise EfficiencyError(
            f"Rows went missing between reading and judging, so nothing is published: {lines}. "
            "This is a fault of the program: keep the files and report it."
        )
    successors = succession(resolved.submissions, resolved.problems)
    watched = watch_again(ingested.stored[WATCH.qualified], resolved, order.periods[-1], run.started.date())
    validated = Validated(ingested, resolved, successors, watched)
    if order.strict:
        _refuse_errors(validated.standing, ingested.files)
    return validated


def _refuse_errors(problems: pl.DataFrame, files: Sequence[InboxFile]) -> None:
    names = [file.name for file in files]
    errors = problems.filter((pl.col("severity") == "error") & pl.col("file_name").is_in(names))
    if errors.height:
        worst = errors.group_by("file_name").len().sort("len", "file_name", descending=[True, False]).head(3)
        named = ", ".join(f"{name} ({count})" for name, count in worst.iter_rows())
        raise StrictError(
            f"{errors.height} error-level problems in {errors['file_name'].n_unique()} files, most of them in "
            f"{named}; --strict publishes nothing. `efficiency check` on the inbox writes the workbooks to "
            "give back."
        )


def evaluate(
    order: RunRequest, run: RunContext, validated: Validated, progress: Progress = silent
) -> tuple[PeriodEvaluation, ...]:
    """Judge each period in turn; each sees the tiers of those before it."""
    policy = load_policy(order.policy)
    facts = validated.resolved.facts
    past = validated.ingested.stored
    judged: list[PeriodEvaluation] = []
    for done, period in enumerate(order.periods, start=1):
        evaluation = judge(facts, policy, period, past)
        # Within one run the earlier periods were judged on these same facts.
        moved = what_moved(facts, policy, period, evaluation, past, same_facts=bool(judged))
        one = PeriodEvaluation(
            period=period,
            policy=policy,
            evaluation=replace(evaluation, warnings=[*evaluation.warnings, *moved.warnings]),
            inputs_sha256=evaluation.inputs_sha256,
            previous=previous_scores(past, policy.id, period),
            candidates=CANDIDATES.empty(),
            movements=moved.frame,
        )
        past = add_evaluation(past, new_evaluation(one, run)).contents
        judged.append(one)
        progress("evaluate", done, len(order.periods))
    return tuple(judged)


def select(judged: Sequence[PeriodEvaluation]) -> tuple[PeriodEvaluation, ...]:
    """The candidate lists of each period."""
    return tuple(replace(one, candidates=select_candidates(one.evaluation, one.policy)) for one in judged)


@dataclass(frozen=True, slots=True)
class Steps:
    """The six steps, plain or wrapped as tasks."""

    ingest: Callable[..., Ingested] = ingest
    validate: Callable[..., Validated] = validate
    evaluate: Callable[..., tuple[PeriodEvaluation, ...]] = evaluate
    select: Callable[..., tuple[PeriodEvaluation, ...]] = select
    report: Callable[..., Prepared] = report
    publish: Callable[..., tuple[Path, ...]] = publish


def run_month(order: RunRequest, steps: Steps | None = None, progress: Progress = silent) -> CompletedRun:
    """All six steps, under the warehouse's lock and with the log of runs. Raises an EfficiencyError when one fails.

    `steps` replaces the plain ones. Nothing is published before the last step.
    """
    step = steps or Steps()
    run = RunContext.begin()
    keep_private()
    # A mistake in the order is told before anything is read or made.
    load_policy(order.policy)
    if order.mapping is not None:
        load_mapping(order.mapping)
    require_spreadsheets(order.inbox)
    with lock(order.warehouse), logged(order, run) as run, scratch(order.warehouse):
        ingested = step.ingest(order, run, progress)
        log.info(
            "ingest: %d files, %d of them new, %d sheets so far",
            len(ingested.files),
            ingested.fresh,
            ingested.stated.submissions.height,
        )
        progress("validate", 0, 1)
        validated = step.validate(order, run, ingested)
        log.info("validate: %d rows read, %d accepted, %d problems", *_row_counts(validated.resolved))
        with preparing(order, validated) as begun:
            progress("evaluate", 0, len(order.periods))
            judged = step.evaluate(order, run, validated, progress)
            log.info("evaluate: %s under %s", ", ".join(one.period for one in judged), judged[-1].policy.id)
            progress("select", 0, 1)
            judged = step.select(judged)
            log.info("select: %d candidates for %s", judged[-1].candidates.height, judged[-1].period)
            progress("report", 0, len(order.periods))
            prepared = step.report(order, run, validated, judged, begun, progress)
            log.info("report: %d files drawn up", sum(len(delivery.files) for delivery in prepared.deliveries))
            progress("publish", 0, 1)
            files = step.publish(prepared)
            log.info("publish: %s", order.warehouse)
            progress("publish", 1, 1)
    return CompletedRun(run, order, validated, judged, files)


def _row_counts(resolved: ResolutionResult) -> tuple[int, int, int]:
    """Rows read, rows accepted, problems."""
    totals = resolved.submissions.select(pl.col("rows_total", "rows_accepted").sum())
    return totals["rows_total"][0], totals["rows_accepted"][0], resolved.problems.height
