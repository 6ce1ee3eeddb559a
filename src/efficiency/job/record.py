"""A run's record of itself: the entries in the log beside the warehouse, and the audit tables within it."""

from __future__ import annotations

import logging
import shlex
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from efficiency.job.objection_register import register
from efficiency.language import say
from efficiency.version import code_version
from efficiency.warehouse.errors import WarehouseError
from efficiency.warehouse.run_log import append_entry
from schemas import EVALUATIONS, OBJECTIONS, PROBLEMS, RUN_EVALUATIONS, RUN_FILES, RUNS, SUBMISSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from efficiency.job.contracts import Ingested, RunContext, RunRequest
    from efficiency.warehouse.history import PublishedEvaluation
    from efficiency.warehouse.schema import Contents

log = logging.getLogger("efficiency")


def command_line(request: RunRequest) -> str:
    """The run as a command line that does the same again, however it was started. It holds no secret."""
    first, last = request.periods[0], request.periods[-1]
    words = [
        "efficiency", "run", "--inbox", request.inbox, "--period", first if first == last else f"{first}..{last}",
        "--policy", request.policy, "--warehouse", request.warehouse, "--output", request.output,
        *(["--mapping", request.mapping] if request.mapping else []),
        *(["--by", request.by] if request.by else []),
        *(["--variants", request.variants] if request.variants != "all" else []),
        *(["--strict"] if request.strict else []),
    ]  # fmt: skip
    return shlex.join(str(word) for word in words)


@contextmanager
def logged(run: RunContext) -> Iterator[RunContext]:
    """Log the run's beginning and its end, however it ends; yields the run with the digest of its first entry.

    Only the holder of the warehouse's lock may do this. Raises WarehouseError when the log cannot be written.
    """
    begun = {
        "event": "started",
        "run_id": run.run_id,
        "at": run.started.isoformat(timespec="seconds"),
        "operator": run.operator,
        "command": command_line(run.request),
        "code_version": code_version(),
    }
    digest = append_entry(run.request.warehouse, begun)
    try:
        yield replace(run, log_sha256=digest)
    except BaseException as error:
        message = " ".join(str(error).split()) or type(error).__name__
        try:
            failed = {"event": "failed", "run_id": run.run_id, "at": _now(), "error": message}
            append_entry(run.request.warehouse, failed)
        except WarehouseError as second:  # what stopped the run is what the operator must hear of
            log.warning("that the run failed could not be logged: %s", second)
        raise
    try:
        append_entry(run.request.warehouse, {"event": "finished", "run_id": run.run_id, "at": _now()})
    except WarehouseError as error:
        raise WarehouseError(
            say("The month is published, but its end could not be logged: {error}", error=error)
        ) from error


def with_audit_tables(
    contents: Contents, run: RunContext, ingested: Ingested, published: Sequence[PublishedEvaluation]
) -> Contents:
    """`contents`, which the run is about to publish, with its rows in the audit tables and the register of objections.

    `ingested.stored` is what was published before. Rows of earlier runs are never altered.
    """
    stored = ingested.stored
    last = stored[RUNS.qualified]["sequence"].max()
    sequence = (last if isinstance(last, int) else 0) + 1
    own = {"sequence": sequence, "run_id": run.run_id}
    fresh = set(contents[SUBMISSIONS.qualified].filter(run_id=run.run_id)["sha256"])
    evaluations = _evaluations(stored, contents, published).with_columns(pl.lit(v).alias(k) for k, v in own.items())
    files = pl.DataFrame(
        [{**own, "file_name": f.name, "sha256": f.sha256, "fresh": f.sha256 in fresh} for f in ingested.files],
        schema_overrides={"sequence": pl.Int64},
    )
    submissions, problems = contents[SUBMISSIONS.qualified], contents[PROBLEMS.qualified]
    row = {
        **own,
        "command": command_line(run.request),
        "operator": run.operator,
        "started": run.started,
        "finished": datetime.now(UTC),
        "code_version": code_version(),
        "periods": " ".join(run.request.periods),
        "policy_id": run.policy.id,
        "policy_sha256": run.policy.sha256,
        "policy_toml": run.policy.text,
        "last_arrival": submissions["arrival"].max() or 0,
        "files": len(ingested.files),
        "files_new": ingested.fresh,
        "submissions": submissions.height,
        "rows_total": submissions["rows_total"].sum(),
        "rows_accepted": submissions["rows_accepted"].sum(),
        "problems_error": problems.filter(severity="error").height,
        "problems_warning": problems.filter(severity="warning").height,
        "outcome": "published" if ingested.fresh or evaluations["changed"].any() else "unchanged",
        "log_sha256": run.log_sha256,
    }
    added = {RUNS: pl.DataFrame([row]), RUN_FILES: files, RUN_EVALUATIONS: evaluations}
    audited = contents.with_frames(
        {table.qualified: pl.concat([stored[table.qualified], table.conform(rows)]) for table, rows in added.items()}
    )
    return audited.with_frames({OBJECTIONS.qualified: register(audited)})


def _evaluations(stored: Contents, contents: Contents, published: Sequence[PublishedEvaluation]) -> pl.DataFrame:
    """Which evaluation is current for each evaluated period, and whether it was not so before."""
    was_current = set(stored[EVALUATIONS.qualified].filter("current")["evaluation_id"])
    current = contents[EVALUATIONS.qualified].filter("current")
    rows = []
    for position, new in enumerate(published, start=1):
        chosen = current.filter(period=new.period, policy_id=new.policy_id).row(0, named=True)
        rows.append(
            {
                "position": position,
                **{name: chosen[name] for name in ("period", "policy_id", "evaluation_id", "inputs_sha256")},
                "changed": chosen["evaluation_id"] not in was_current,
            }
        )
    return pl.DataFrame(rows)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
