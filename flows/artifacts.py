"""The artifacts of a flow run in Prefect: counts, lists, problems, late or changed submissions, links to outputs."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import polars as pl
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from efficiency.job.summary import counted, watched

if TYPE_CHECKING:
    from efficiency.job.contracts import CompletedRun

log = logging.getLogger("efficiency")

ROWS = 100
"""Rows of a list or of the problems that an artifact holds; the workbooks and the warehouse hold all."""


def create_artifacts(completed: CompletedRun, summary: dict[str, Any]) -> None:
    """Create the artifacts of a published run; `summary` is what `--json` prints.

    A server that does not take them is a warning: the month is published.
    """
    try:
        _create(completed, summary)
    except Exception as error:
        why = " ".join(str(error).split())
        log.warning("the server took no artifacts (%s: %s); the month is published", type(error).__name__, why)


def _create(completed: CompletedRun, summary: dict[str, Any]) -> None:
    period = summary["period"]
    create_table_artifact(key="counts", table=counts_table(summary), description=f"Counts of the run for {period}")
    candidates = completed.evaluations[-1].candidates.sort("list", "priority")
    first = candidates.group_by("list", maintain_order=True).head(ROWS)
    create_table_artifact(
        key="lists",
        table=first.select("list", "priority", "name", "uscc", "tier", "reason", "would_be", "missing").to_dicts(),
        description=f"Candidate lists of {period}: {candidates.height}, of each the first {ROWS} at most.",
    )
    problems = worst_first(completed.validated.open_problems)
    by_rule = ", ".join(f"{rule} {count}" for rule, count in counted(problems, "rule").items())
    create_table_artifact(
        key="problems",
        table=_rows(problems, "severity", "file_name", "sheet", "cell", "name", "value", "rule", "message"),
        description=_shown("Problems that are to be mended", problems.height)
        + (f" By rule: {by_rule}." if by_rule else ""),
    )
    changes = watched(completed)
    create_table_artifact(
        key="watch",
        table=_rows(changes, "kind", "department", "series", "name", "field", "before", "now", "days", "message"),
        description=_shown(f"Late, missing or changed against the submissions before {period}", changes.height),
    )
    create_markdown_artifact(key="outputs", markdown=links(summary), description=f"Where the results of {period} are")


def counts_table(summary: dict[str, Any]) -> list[dict[str, str | int]]:
    """Counts, tiers and lists of a run as the rows of a table artifact."""
    return [
        {"group": group, "what": what, "number": number}
        for group in ("counts", "tiers", "lists")
        for what, number in summary[group].items()
    ]


def worst_first(problems: pl.DataFrame) -> pl.DataFrame:
    """Problems sorted by severity, errors first, then by file, sheet and row."""
    severity = pl.col("severity").replace_strict({"error": 0, "warning": 1, "note": 2}, return_dtype=pl.Int64)
    return problems.sort(severity, "file_name", "sheet", "row", maintain_order=True)


def links(summary: dict[str, Any]) -> str:
    """The paths of the results as a Markdown list of links, which a browser on the same machine can open."""
    from pathlib import Path

    paths = [Path(summary["paths"]["warehouse"]), *map(Path, summary["paths"]["files"])]
    lines = [f"- [{_plain(path.name)}]({path.resolve().as_uri()}): `{path.resolve()}`" for path in paths[: ROWS + 1]]
    more = [f"- and {len(paths) - len(lines)} more files"] if len(paths) > len(lines) else []
    return "\n".join([f"Evaluation `{summary['evaluation_id']}`", "", *lines, *more])


def _rows(frame: pl.DataFrame, *columns: str) -> list[dict[str, Any]]:
    return frame.head(ROWS).select(columns).to_dicts()


def _shown(what: str, height: int) -> str:
    return f"{what}: {height}" + (f", of which the first {ROWS}." if height > ROWS else ".")


def _plain(name: str) -> str:
    """A file name with the characters escaped that have a meaning in Markdown."""
    return re.sub(r"([\\\[\]`*_<>])", r"\\\1", name)
