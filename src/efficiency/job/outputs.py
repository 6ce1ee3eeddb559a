"""What a month publishes: the new warehouse and the reports, prepared in full before any of it is published."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.job.documents import report_of, write_documents
from efficiency.job.record import recorded
from efficiency.job.workers import in_background
from efficiency.reports.delivery import RETURNED, Delivery, deliver, staging
from efficiency.version import code_version
from efficiency.warehouse.history import PublishedEvaluation, add_evaluation
from efficiency.warehouse.publish import publish as publish_warehouse
from schemas import (
    CANDIDATES,
    COLUMN_MAP,
    EVALUATIONS,
    FACTS,
    INDICATORS,
    PROBLEMS,
    SCORES,
    STATED,
    SUBMISSIONS,
    WATCH,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from efficiency.job.contracts import PeriodEvaluation, Progress, RunContext, RunRequest, Validated
    from efficiency.job.ingest import Ingested
    from efficiency.partitions import Chunks
    from efficiency.warehouse.schema import Contents


@dataclass(frozen=True)
class Preparing:
    """Outputs that are begun before the periods are evaluated."""

    deliveries: tuple[Delivery, ...]
    """A staging folder for the reports of each period."""
    returned: Callable[[], object]
    """Waits for the workbooks that go back to the submitters, which the last period's folder carries."""


@dataclass(frozen=True)
class Prepared:
    """Outputs that are ready to be published: reports in their staging folders, and what the warehouse is to hold."""

    deliveries: tuple[Delivery, ...]
    warehouse: Path
    contents: Contents


@contextmanager
def preparing(order: RunRequest, validated: Validated) -> Iterator[Preparing]:
    """Make the staging folders and begin the workbooks that go back, which need no evaluation.

    The folders are removed when the block ends.
    """
    from efficiency.reports.submitters import write_all_returned

    files = [(file.path, file.name) for file in validated.ingested.files]
    with staging(order.output, order.periods) as deliveries:
        folder = deliveries[-1].staged / RETURNED
        with in_background(write_all_returned, files, validated.standing, folder) as returned:
            yield Preparing(deliveries, returned)


def report(  # noqa: PLR0917  # what the steps before it have come to
    order: RunRequest,
    run: RunContext,
    validated: Validated,
    judged: Sequence[PeriodEvaluation],
    begun: Preparing,
    progress: Progress,
) -> Prepared:
    """Write the reports into their staging folders and gather what the new warehouse holds."""
    ingested, evaluations = validated.ingested, [new_evaluation(one, run) for one in judged]
    contents = ingested.stored.with_frames({**_stated_tables(ingested), **_intake_frames(validated, run)})
    for new in evaluations:
        contents = add_evaluation(contents, new).contents
    contents = recorded(contents, order=order, run=run, ingested=ingested, policy=judged[-1].policy, judged=evaluations)
    _write_reports(order, run, validated, judged, begun.deliveries, progress)
    begun.returned()
    return Prepared(begun.deliveries, order.warehouse, contents)


def _write_reports(  # noqa: PLR0917  # as `report`
    order: RunRequest,
    run: RunContext,
    validated: Validated,
    judged: Sequence[PeriodEvaluation],
    deliveries: Sequence[Delivery],
    progress: Progress,
) -> None:
    from efficiency.reports.page import begin_chart_library

    begin_chart_library()
    published = validated.ingested.stored[EVALUATIONS.qualified].select("evaluation_id", "created_at", "code_version")
    first = {row["evaluation_id"]: row for row in published.iter_rows(named=True)}
    for done, (one, delivery) in enumerate(zip(judged, deliveries, strict=True), start=1):
        new = new_evaluation(one, run)
        report = report_of(
            # An evaluation that was published before keeps its date and code: the same evaluation, the same documents.
            {**new.row, **first.get(new.evaluation_id, {})},
            one.policy,
            results={SCORES.qualified: new.scores, INDICATORS.qualified: new.indicators,
                     CANDIDATES.qualified: new.candidates},
            previous=one.previous,
            movements=one.movements,
            submissions=validated.resolved.submissions,
            problems=validated.standing,
        )  # fmt: skip
        write_documents(delivery.staged, report, by_town=order.by == "town")
        progress("report", done, len(judged))


def publish(prepared: Prepared) -> tuple[Path, ...]:
    """Write the new warehouse and put it in its place, then the reports. Returns the paths of the reports.

    Raises WarehouseError when the warehouse cannot be written; then nothing is published.
    """
    publish_warehouse(prepared.warehouse, prepared.contents)
    return tuple(path for delivery in prepared.deliveries for path in deliver(delivery))


def new_evaluation(one: PeriodEvaluation, run: RunContext) -> PublishedEvaluation:
    """`one` as the warehouse takes it."""
    return PublishedEvaluation(
        period=one.period,
        policy_id=one.policy.id,
        policy_sha256=one.policy.sha256,
        policy_toml=one.policy.text,
        run_id=run.run_id,
        code_version=code_version(),
        inputs_sha256=one.inputs_sha256,
        created_at=run.started,
        warnings="\n".join(one.evaluation.warnings) or None,
        scores=one.evaluation.scores,
        indicators=one.evaluation.indicators,
        candidates=one.candidates,
        movements=one.movements,
    )


def _stated_tables(ingested: Ingested) -> dict[str, pl.DataFrame | Chunks]:
    """The tables of what was stated, row by row."""
    return {STATED[form].qualified: rows for form, rows in ingested.stated.rows.items()}


def _intake_frames(validated: Validated, run: RunContext) -> dict[str, pl.DataFrame | Chunks]:
    """The other tables of intake, and those of facts; a problem keeps the run that found it first."""
    resolved = validated.resolved
    place = [name for name in PROBLEMS.names if name != "run_id"]
    found = validated.ingested.stored[PROBLEMS.qualified].unique(subset=place, keep="first", maintain_order=True)
    problems = (
        resolved.problems.drop("row")
        .join(found, on=place, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(pl.col("run_id").fill_null(run.run_id))
    )
    return {
        SUBMISSIONS.qualified: resolved.submissions,
        COLUMN_MAP.qualified: resolved.columns,
        PROBLEMS.qualified: problems,
        WATCH.qualified: validated.watch,
        **{table.qualified: validated.resolved.facts.table(form) for form, table in FACTS.items()},
    }
