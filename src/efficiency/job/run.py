"""The month's work in six steps: ingest, validate, evaluate, select, report, publish.

`efficiency run` calls the six steps directly; the Prefect flow passes in the same steps wrapped as tasks. Reports and
warehouse are written to staging before anything is published, so that a run which cannot write one of them publishes
nothing; then all are put in place. What passes between the steps is in `efficiency.job.contracts`.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from efficiency.errors import EfficiencyError, StrictError, UsageError
from efficiency.intake.files import InboxFile
from efficiency.intake.layout import NO_MAPPING, load_mapping
from efficiency.intake.resolution import ResolutionResult, succession, unbalanced, with_kept_problems
from efficiency.job.contracts import (
    CompletedRun,
    Ingested,
    PeriodEvaluation,
    Progress,
    RunContext,
    RunRequest,
    Validated,
    silent,
)
from efficiency.job.evaluate import evaluate_period, select_lists
from efficiency.job.execution import resolve_in_partitions
from efficiency.job.ingest import ingest, require_spreadsheets
from efficiency.job.movement import score_changes
from efficiency.job.outputs import as_published, publish, report, staged_outputs
from efficiency.job.record import logged
from efficiency.job.summary import write_run_summaries
from efficiency.language import joined, say
from efficiency.monitoring.late_returns import watch_again
from efficiency.policy.load import builtin_policies, load_policy
from efficiency.policy.model import Policy
from efficiency.processes import keep_private, operator
from efficiency.project import require_none_inside
from efficiency.reports.delivery import require_places
from efficiency.warehouse.history import add_evaluation, previous_scores
from efficiency.warehouse.lock import lock
from efficiency.warehouse.schema import Contents
from efficiency.warehouse.staging import scratch, scratch_folder
from schemas import CANDIDATES, FORMS, PROBLEMS, VERIFICATIONS, WATCH

log = logging.getLogger("efficiency")


def begin(request: RunRequest, policy: Policy | None = None) -> RunContext:
    """The run that answers `request`: nothing else looks at the clock, or loads policy and mapping.

    `policy` is the one that `request` names, where it has been loaded already. Raises UsageError when the policy or
    the mapping file cannot be used, for an inbox without spreadsheets and for one that holds a project file; nothing
    has been read or written then.
    """
    context = RunContext(
        request=request,
        policy=policy or load_policy(request.policy),
        mapping=NO_MAPPING if request.mapping is None else load_mapping(request.mapping),
        run_id=f"{(now := datetime.now(UTC)):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        started=now,
        operator=operator(),
    )
    require_none_inside(request.inbox)
    _require_own_id(context.policy)
    require_spreadsheets(request.inbox)
    return context


def _require_own_id(policy: Policy) -> None:
    """Raises UsageError for a policy that has the id of a built-in one and says something else."""
    if policy.id not in dict(builtin_policies()):
        return
    builtin = load_policy(policy.id)
    if policy.model_dump() != builtin.model_dump():
        raise UsageError(
            say(
                "The policy has the id of the built-in policy {id!r} but is not the same. Its results would stand "
                "under a name that means something else. Give it an id of its own.",
                id=policy.id,
            )
        )


def _require_past(run: RunContext, ingested: Ingested) -> None:
    """Raises UsageError for a period after the current month and after every month that a figure is stated of."""
    last = run.request.periods[-1]
    if last <= f"{run.started.astimezone():%Y-%m}":
        return
    rows = [ingested.stated.rows[form.id].lazy() for form in FORMS.values() if form.flow]
    ends = pl.concat([table.select(pl.col("span_end").max()) for table in rows]).collect()["span_end"]
    stated = ends.max()
    if not isinstance(stated, date) or f"{stated:%Y-%m}" < last:
        until = (
            say("the figures reach to {month}", month=f"{stated:%Y-%m}")
            if isinstance(stated, date)
            else say("no sheet states a month")
        )
        raise UsageError(
            say(
                "The period {last} lies in the future, and {until}. Name a month that has been.", last=last, until=until
            )
        )


def validate(run: RunContext, ingested: Ingested) -> Validated:
    """Resolve what is stated: match, rank, correct and check it; facts are what remains.

    Raises UsageError for a period that lies in the future of clock and figures, EfficiencyError when a sheet's rows do
    not reconcile, FactsInvalid when a fact breaks its declaration, and StrictError when the request is strict and this
    inbox has error-level problems.
    """
    _require_past(run, ingested)
    resolved = resolve_in_partitions(ingested.stated, scratch_folder(run.request.warehouse))
    problems = with_kept_problems(resolved.problems, ingested.stored[PROBLEMS.qualified], resolved.submissions)
    resolved = replace(resolved, problems=problems)
    missing = unbalanced(resolved.submissions)
    if missing.height:
        lines = joined(
            (
                say("{file_name} [{sheet}]: read {rows_total}", **row)
                for row in missing.select("file_name", "sheet", "rows_total").iter_rows(named=True)
            ),
            "; ",
        )
        raise EfficiencyError(
            say(
                "Rows went missing between reading and judging, so nothing is published: {lines}. This is a fault "
                "of the program: keep the files and report it.",
                lines=lines,
            )
        )
    successors = succession(resolved.submissions, resolved.problems)
    watch = watch_again(ingested.stored[WATCH.qualified], resolved, run.request.periods[-1], run.started.date())
    validated = Validated(ingested, resolved, successors, watch)
    if run.request.strict:
        _refuse_errors(validated.open_problems, ingested.files)
    return validated


def _refuse_errors(problems: pl.DataFrame, files: Sequence[InboxFile]) -> None:
    """Raise StrictError when `files` have error-level problems."""
    names = [file.name for file in files]
    errors = problems.filter((pl.col("severity") == "error") & pl.col("file_name").is_in(names))
    if errors.height:
        worst = errors.group_by("file_name").len().sort("len", "file_name", descending=[True, False]).head(3)
        named = [f"{name} ({count})" for name, count in worst.iter_rows()]
        raise StrictError(
            say(
                "{number} error-level problems in {files} files, most of them in {named}; --strict publishes "
                "nothing. `efficiency check` on the inbox writes the workbooks to give back.",
                number=errors.height,
                files=errors["file_name"].n_unique(),
                named=named,
            )
        )


def evaluate(run: RunContext, validated: Validated, period: str, past: Contents | None) -> PeriodEvaluation:
    """Evaluate `period`. `past` is what the warehouse holds, with the run's evaluations of earlier periods."""
    facts, policy, submissions = validated.resolved.facts, run.policy, validated.resolved.submissions
    evaluation = evaluate_period(
        facts, policy, period, past, submissions=submissions, composed=True, variants=run.request.variants
    )
    # Within one run the earlier periods were evaluated on these same facts.
    later = period != run.request.periods[0]
    movements, warnings = score_changes(
        facts, policy, period, evaluation, past, submissions=submissions, same_facts=later
    )
    return PeriodEvaluation(
        period=period,
        evaluation=replace(evaluation, warnings=[*evaluation.warnings, *warnings]),
        previous=previous_scores(past, policy.id, period),
        movements=movements,
        candidates=CANDIDATES.empty(),
        verifications=VERIFICATIONS.empty(),
    )


def select(run: RunContext, validated: Validated, one: PeriodEvaluation) -> PeriodEvaluation:
    """The evaluation of a period with its candidate lists, and what is known of each candidate."""
    resolved = validated.resolved
    candidates, verifications = select_lists(
        one.evaluation,
        run.policy,
        one.period,
        resolved.facts,
        columns=resolved.columns,
        submissions=resolved.submissions,
    )
    return replace(one, candidates=candidates, verifications=verifications)


@dataclass(frozen=True, slots=True)
class Steps:
    """The six steps, plain or wrapped as tasks; each period is evaluated, and its lists selected, by itself."""

    ingest: Callable[..., Ingested] = ingest
    validate: Callable[..., Validated] = validate
    evaluate: Callable[..., PeriodEvaluation] = evaluate
    select: Callable[..., PeriodEvaluation] = select
    report: Callable[..., None] = report
    publish: Callable[..., tuple[Path, ...]] = publish


def run_month(
    request: RunRequest, steps: Steps | None = None, progress: Progress = silent, policy: Policy | None = None
) -> CompletedRun:
    """All six steps, under the warehouse's lock and with the log of runs. Raises an EfficiencyError when one fails.

    `steps` replaces the plain ones; `policy` is as `begin` takes it. Nothing is published before the last step.
    """
    step = steps or Steps()
    keep_private()
    run = begin(request, policy)
    log.info("policy: %s %s, mapping: %s", run.policy.id, run.policy.sha256[:12], run.mapping.sha256[:12] or "none")
    with lock(request.warehouse), logged(run) as run, scratch(request.warehouse):
        require_places(request.output, request.periods, run.policy.id)
        ingested = step.ingest(run, progress)
        log.info(
            "ingest: %d files, %d of them new, %d sheets so far",
            len(ingested.files),
            ingested.fresh,
            ingested.stated.submissions.height,
        )
        progress("validate", 0, 1)
        validated = step.validate(run, ingested)
        log.info("validate: %d rows read, %d accepted, %d problems", *_row_counts(validated.resolved))
        with staged_outputs(run, validated) as staged:
            evaluations = evaluate_in_turn(run, validated, step, progress)
            progress("report", 0, len(request.periods))
            step.report(run, validated, evaluations, staged, progress)
            log.info("report: %d files staged", sum(len(delivery.files) for delivery in staged.deliveries))
            files = tuple(path for delivery in staged.deliveries for path in delivery.files)
            folders = tuple(delivery.target for delivery in staged.deliveries)
            write_run_summaries(CompletedRun(run, validated, evaluations, files, folders), staged.deliveries)
            progress("publish", 0, 1)
            files = step.publish(staged)
            log.info("publish: %s", request.warehouse)
            progress("publish", 1, 1)
    return CompletedRun(run, validated, evaluations, files, folders)


def evaluate_in_turn(
    run: RunContext, validated: Validated, steps: Steps, progress: Progress
) -> tuple[PeriodEvaluation, ...]:
    """The periods of the run evaluated, each seeing the tiers of those before it, with the lists of each."""
    past, periods = validated.ingested.stored, run.request.periods
    evaluated: list[PeriodEvaluation] = []
    for done, period in enumerate(periods):
        progress("evaluate", done, len(periods))
        one = steps.evaluate(run, validated, period, past)
        past = add_evaluation(past, as_published(one, run))
        evaluated.append(one)
    progress("evaluate", len(periods), len(periods))
    log.info("evaluate: %s under %s", ", ".join(periods), run.policy.id)
    selected: list[PeriodEvaluation] = []
    for done, one in enumerate(evaluated):
        progress("select", done, len(evaluated))
        selected.append(steps.select(run, validated, one))
    progress("select", len(selected), len(selected))
    log.info("select: %d candidates for %s", selected[-1].candidates.height, selected[-1].period)
    return tuple(selected)


def _row_counts(resolved: ResolutionResult) -> tuple[int, int, int]:
    """Rows read, rows accepted, problems."""
    totals = resolved.submissions.select(pl.col("rows_total", "rows_accepted").sum())
    return totals["rows_total"][0], totals["rows_accepted"][0], resolved.problems.height
