"""What a month publishes: the new warehouse and the reports, prepared in full before any of it is published."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl

from efficiency.job.contracts import StagedOutputs, silent
from efficiency.job.documents import report_of, write_documents
from efficiency.job.policy_tables import with_policy_tables
from efficiency.job.record import with_audit_tables
from efficiency.job.workers import in_background
from efficiency.reports.delivery import RETURNED, deliver, require_replaceable, staging
from efficiency.version import code_version
from efficiency.warehouse.history import PublishedEvaluation, add_evaluation
from efficiency.warehouse.publish import staged_warehouse
from schemas import (
    COLUMN_MAP,
    EVALUATIONS,
    FACTS,
    PROBLEMS,
    STATED,
    SUBMISSIONS,
    WATCH,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from efficiency.job.contracts import Ingested, PeriodEvaluation, Progress, RunContext, Validated
    from efficiency.partitions import Chunks
    from efficiency.warehouse.schema import Contents


@contextmanager
def staged_outputs(run: RunContext, validated: Validated) -> Iterator[StagedOutputs]:
    """Make the staging folders; begin the new warehouse and the workbooks that go back, with what needs no evaluation.

    A block that ends with an exception removes what was staged. Raises PlaceError when the folders cannot be made.
    """
    from efficiency.reports.submitters import write_all_returned

    files = [(file.path, file.name) for file in validated.ingested.files]
    with (
        staging(run.request.output, run.request.periods, run.policy.id) as deliveries,
        in_background(write_all_returned, files, validated.open_problems, deliveries[-1].staged / RETURNED) as returned,
        staged_warehouse(run.request.warehouse) as warehouse,
    ):
        # Most rows are known before anything is evaluated.
        warehouse.begin({**_stated_tables(validated.ingested), **_fact_tables(validated)})
        yield StagedOutputs(deliveries, returned, warehouse)


def report(
    run: RunContext,
    validated: Validated,
    evaluations: Sequence[PeriodEvaluation],
    staged: StagedOutputs,
    progress: Progress = silent,
) -> None:
    """Write the reports into their staging folders and, meanwhile, the rest of the new warehouse."""
    staged.warehouse.write(new_contents(run, validated, evaluations))
    _write_reports(run, validated, evaluations, staged, progress)
    staged.wait_for_returned()


def new_contents(run: RunContext, validated: Validated, evaluations: Sequence[PeriodEvaluation]) -> Contents:
    """What the new warehouse holds."""
    published = [as_published(one, run) for one in evaluations]
    contents = validated.ingested.stored.with_frames(
        {**_stated_tables(validated.ingested), **_resolved_tables(run, validated)}
    )
    for new in published:
        contents = add_evaluation(contents, new)
    contents = with_policy_tables(contents, run.policy)
    return with_audit_tables(contents, run, validated.ingested, published)


def _write_reports(
    run: RunContext,
    validated: Validated,
    evaluations: Sequence[PeriodEvaluation],
    staged: StagedOutputs,
    progress: Progress,
) -> None:
    from efficiency.reports.page import begin_chart_library

    begin_chart_library()
    published = validated.ingested.stored[EVALUATIONS.qualified].select("evaluation_id", "created_at", "code_version")
    first = {row["evaluation_id"]: row for row in published.iter_rows(named=True)}
    for done, (one, delivery) in enumerate(zip(evaluations, staged.deliveries, strict=True), start=1):
        new = as_published(one, run)
        document = report_of(
            # An evaluation that was published before keeps its date and code: the same evaluation, the same documents.
            {**new.row, **first.get(new.evaluation_id, {})},
            run.policy,
            results={table.qualified: rows for table, rows in new.results.items()},
            previous=one.previous,
            movements=one.movements,
            submissions=validated.resolved.submissions,
            problems=validated.open_problems,
        )
        write_documents(delivery.staged, document, by_town=run.request.by == "town")
        progress("report", done, len(evaluations))


def publish(staged: StagedOutputs) -> tuple[Path, ...]:
    """Put the new warehouse in its place, then the reports. Returns the paths of the reports.

    Raises WarehouseError when the warehouse could not be written and PlaceError when something is in the way of the
    reports, and then nothing is published; after that DeliveryError when a report cannot replace the earlier one.
    """
    for delivery in staged.deliveries:
        require_replaceable(delivery)
    staged.warehouse.put_in_place()
    return tuple(path for delivery in staged.deliveries for path in deliver(delivery))


def as_published(one: PeriodEvaluation, run: RunContext) -> PublishedEvaluation:
    """`one` as the warehouse takes it: with its run, policy and version of the software."""
    return PublishedEvaluation(
        period=one.period,
        policy_id=run.policy.id,
        policy_sha256=run.policy.sha256,
        policy_toml=run.policy.text,
        run_id=run.run_id,
        code_version=code_version(),
        inputs_sha256=one.evaluation.inputs_sha256,
        created_at=run.started,
        warnings="\n".join(one.evaluation.warnings) or None,
        scores=one.evaluation.scores,
        indicators=one.evaluation.indicators,
        candidates=one.candidates,
        verifications=one.verifications,
        movements=one.movements,
        compositions=one.evaluation.compositions,
        variants=run.request.variants if run.policy.variant else None,
        variant_results=one.evaluation.variants,
        data_errors=one.evaluation.data_errors,
    )


def _stated_tables(ingested: Ingested) -> dict[str, pl.DataFrame | Chunks]:
    """Qualified name → the stated rows of each form."""
    return {STATED[form].qualified: rows for form, rows in ingested.stated.rows.items()}


def _resolved_tables(run: RunContext, validated: Validated) -> dict[str, pl.DataFrame | Chunks]:
    """Qualified name → the other tables of intake, and those of facts; a problem keeps the run that found it first."""
    resolved = validated.resolved
    key = [name for name in PROBLEMS.names if name != "run_id"]
    found = validated.ingested.stored[PROBLEMS.qualified].unique(subset=key, keep="first", maintain_order=True)
    problems = (
        resolved.problems.drop("row")
        .join(found, on=key, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(pl.col("run_id").fill_null(run.run_id))
    )
    return {
        SUBMISSIONS.qualified: resolved.submissions,
        COLUMN_MAP.qualified: resolved.columns,
        PROBLEMS.qualified: problems,
        WATCH.qualified: validated.watch,
        **_fact_tables(validated),
    }


def _fact_tables(validated: Validated) -> dict[str, Chunks]:
    """Qualified name → the facts of each form."""
    return {table.qualified: validated.resolved.facts.table(form) for form, table in FACTS.items()}
