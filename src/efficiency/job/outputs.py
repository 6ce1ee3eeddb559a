"""What the month leaves, drawn up beside the places where it will stand: the new warehouse, and what people receive.

Much of it is begun while the month is judged. Nothing is published before all of it could be written.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency import __version__
from efficiency.job.documents import report_of, write_documents
from efficiency.job.execution import in_background
from efficiency.job.record import recorded
from efficiency.reports.delivery import RETURNED, Delivery, deliver, staging
from efficiency.warehouse.history import PublishedEvaluation, add_evaluation
from efficiency.warehouse.publish import Prepared, put_in_place
from efficiency.warehouse.schema import Contents
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
    from efficiency.warehouse.draft import Draft


@dataclass(frozen=True)
class Drawing:
    """What is being drawn up while the month is judged, beside the places where it will stand."""

    draft: Draft
    """The new warehouse."""
    known: dict[str, pl.DataFrame | Chunks]
    """Its tables that are written already: those of intake and facts."""
    deliveries: tuple[Delivery, ...]
    """A folder for the reports of each period."""
    returned: Callable[[], object]
    """Waits for the workbooks to give back, which the last period carries."""


@dataclass(frozen=True)
class Drawn:
    """What the month leaves, drawn up beside the places where it will stand."""

    deliveries: tuple[Delivery, ...]
    warehouse: Prepared


@contextmanager
def drawing_up(order: RunRequest, run: RunContext, validated: Validated, draft: Draft) -> Iterator[Drawing]:
    """Begin what can be drawn up before the month is judged; reports are gone if the block ends with an exception."""
    from efficiency.reports.submitters import write_all_returned

    known = {**stated_tables(validated.ingested), **_intake_frames(validated, run)}
    draft.add(Contents(known))
    files = [(file.path, file.name) for file in validated.ingested.files]
    with staging(order.output, order.periods) as deliveries:
        folder = deliveries[-1].staged / RETURNED
        with in_background(write_all_returned, files, validated.standing, folder) as returned:
            yield Drawing(draft, known, deliveries, returned)


def report(  # noqa: PLR0917  # what the steps before it have come to
    order: RunRequest,
    run: RunContext,
    validated: Validated,
    judged: Sequence[PeriodEvaluation],
    drawing: Drawing,
    progress: Progress,
) -> Drawn:
    """Draw up what people receive, and complete the warehouse."""
    ingested, evaluations = validated.ingested, [new_evaluation(one, run) for one in judged]
    contents = ingested.stored.with_frames(drawing.known)
    for new in evaluations:
        contents = add_evaluation(contents, new).contents
    drawing.draft.complete(
        recorded(contents, order=order, run=run, ingested=ingested, policy=judged[-1].policy, judged=evaluations)
    )
    _draw_reports(order, run, validated, judged, drawing.deliveries, progress)
    drawing.returned()
    return Drawn(drawing.deliveries, drawing.draft.prepared())


def _draw_reports(  # noqa: PLR0917  # as `report`
    order: RunRequest,
    run: RunContext,
    validated: Validated,
    judged: Sequence[PeriodEvaluation],
    deliveries: Sequence[Delivery],
    progress: Progress,
) -> None:
    from efficiency.reports.page import begin_chart_library

    begin_chart_library()
    made = dict(validated.ingested.stored[EVALUATIONS.qualified].select("evaluation_id", "created_at").iter_rows())
    for done, (one, delivery) in enumerate(zip(judged, deliveries, strict=True), start=1):
        new = new_evaluation(one, run)
        report = report_of(
            # What was published before keeps its date, so that nothing changed gives the same documents.
            {**new.row, "created_at": made.get(new.evaluation_id, new.created_at)},
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


def publish(drawn: Drawn) -> tuple[Path, ...]:
    """Put the new warehouse in its place, then the reports. Returns where the reports stand."""
    put_in_place(drawn.warehouse)
    return tuple(path for delivery in drawn.deliveries for path in deliver(delivery))


def new_evaluation(one: PeriodEvaluation, run: RunContext) -> PublishedEvaluation:
    """`one` as the warehouse takes it."""
    return PublishedEvaluation(
        period=one.period,
        policy_id=one.policy.id,
        policy_sha256=one.policy.sha256,
        policy_toml=one.policy.text,
        run_id=run.run_id,
        code_version=__version__,
        inputs_sha256=one.inputs_sha256,
        created_at=run.started,
        warnings="\n".join(one.evaluation.warnings) or None,
        scores=one.evaluation.scores,
        indicators=one.evaluation.indicators,
        candidates=one.candidates,
        movements=one.movements,
    )


def stated_tables(ingested: Ingested) -> dict[str, pl.DataFrame | Chunks]:
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
