"""`efficiency run --dry-run`: the steps of a run but for the last, and what they would change of what is published.

Warehouse and reports are made in a temporary folder and thrown away, so that what would fail in a run fails here.
Nothing is written beside the published ones, not even for a moment.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.intake.resolution import open_problems
from efficiency.job.contracts import CompletedRun, silent
from efficiency.job.ingest import Source, ingest_files, spreadsheets
from efficiency.job.outputs import report, staged_outputs
from efficiency.job.run import Steps, begin, evaluate_in_turn, validate
from efficiency.job.summary import as_json, closing_lines, counted
from efficiency.language import say
from efficiency.reports.delivery import RETURNED, reports_folder
from efficiency.reports.text import table_lines
from efficiency.warehouse.read import load
from efficiency.warehouse.schema import Contents
from efficiency.warehouse.staging import scratch_folder
from schemas import CANDIDATES, EVALUATIONS, PROBLEMS, SCORES, SUBMISSIONS
from schemas.results import STATUS_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efficiency.job.contracts import PeriodEvaluation, Progress, RunContext, RunRequest

CHANGES = ("uscc", "name", "tier_before", "tier_after", "list_before", "list_after")
"""What `--json` says of each enterprise that would change; a tier or list that there is not is null."""
SHOWN = 30
"""Enterprises of a period, and new problems, that the terminal names before it says how many more there are."""
_SAME = ["submission_id", "cell", "rule", "field", "uscc"]
"""A problem of a run is one of an earlier run where these are equal."""


@dataclass(frozen=True)
class DryRun:
    """What a run would end with, and what would be different then."""

    completed: CompletedRun
    """As the run would end, without files: nothing is published."""
    changes: tuple[pl.DataFrame, ...]
    """Of each period: `CHANGES` and status_before, status_after, titles of lists as list_title_before and _after."""
    published: tuple[bool, ...]
    """Of each period: whether it has a published evaluation under the policy."""
    new_problems: pl.DataFrame
    """Shape `schemas.PROBLEMS` without run_id: to be mended, and not among those published."""
    gone_problems: pl.DataFrame
    """Likewise: published as to be mended, and not so after the run."""
    returned: int
    """Workbooks that would be given back."""


def dry_run(request: RunRequest, progress: Progress = silent) -> DryRun:
    """What `efficiency run` would do; raises what it would raise, but for places that cannot be written."""
    run = begin(request)
    folders = tuple(reports_folder(request.output, period, run.policy.id) for period in request.periods)
    with tempfile.TemporaryDirectory(prefix="efficiency-dry-run-") as name:
        place = Path(name)
        aside = replace(run, request=replace(request, warehouse=place / "efficiency.duckdb", output=place / "output"))
        source = Source(
            request.warehouse, run.mapping, run.run_id, run.started, scratch_folder(aside.request.warehouse)
        )
        ingested = ingest_files(*spreadsheets(request.inbox), source, progress)
        progress("validate", 0, 1)
        validated = validate(aside, ingested)
        with staged_outputs(aside, validated) as staged:
            evaluations = evaluate_in_turn(aside, validated, Steps(), progress)
            progress("report", 0, len(request.periods))
            report(aside, validated, evaluations, staged, progress)
            staged.warehouse.wait()
            returns = staged.deliveries[-1].staged / RETURNED
            returned = sum(path.is_file() for path in returns.rglob("*"))
    before = [_published(ingested.stored, run, one.period) for one in evaluations]
    known = load(request.warehouse, [PROBLEMS.qualified, SUBMISSIONS.qualified]) or Contents()
    old = open_problems(known[PROBLEMS.qualified], known[SUBMISSIONS.qualified]).drop("run_id")
    new = validated.open_problems.select(old.columns)
    return DryRun(
        completed=CompletedRun(run, validated, evaluations, (), folders, published=False),
        changes=tuple(_changes(state, _state(one)) for state, one in zip(before, evaluations, strict=True)),
        published=tuple(state is not None for state in before),
        new_problems=new.join(old, on=_SAME, how="anti", nulls_equal=True, maintain_order="left"),
        gone_problems=old.join(new, on=_SAME, how="anti", nulls_equal=True, maintain_order="left"),
        returned=returned,
    )


def _published(stored: Contents, run: RunContext, period: str) -> pl.DataFrame | None:
    """Everybody's state in the current evaluation of `period` under the policy; None where there is none."""
    current = stored[EVALUATIONS.qualified].filter("current", period=period, policy_id=run.policy.id)
    if current.is_empty():
        return None
    own = pl.col("evaluation_id") == current["evaluation_id"][0]
    return _joined(stored[SCORES.qualified].filter(own), stored[CANDIDATES.qualified].filter(own))


def _state(one: PeriodEvaluation) -> pl.DataFrame:
    return _joined(one.evaluation.scores, one.candidates)


def _joined(scores: pl.DataFrame, candidates: pl.DataFrame) -> pl.DataFrame:
    """One row per enterprise: uscc, name, tier, status, list and its title."""
    listed = candidates.select("uscc", "list", pl.col("title").alias("list_title"))
    return scores.select("uscc", "name", "tier", "status").join(listed, on="uscc", how="left", validate="1:1")


def _changes(before: pl.DataFrame | None, after: pl.DataFrame) -> pl.DataFrame:
    """Who changes tier or list, enters or leaves: by the tier after, then by code."""
    earlier = after.clear() if before is None else before
    sides = [
        frame.rename({name: f"{name}_{side}" for name in frame.columns if name != "uscc"})
        for frame, side in ((earlier, "before"), (after, "after"))
    ]
    paired = sides[0].join(sides[1], on="uscc", how="full", coalesce=True, validate="1:1")
    differs = (pl.col(f"{name}_before").ne_missing(pl.col(f"{name}_after")) for name in ("tier", "list"))
    return (
        paired.filter(pl.any_horizontal(*differs))
        .with_columns(pl.coalesce("name_after", "name_before").alias("name"))
        .drop("name_before", "name_after")
        .sort("tier_after", "uscc", nulls_last=True)
    )


def dry_run_as_json(done: DryRun) -> dict[str, Any]:
    """What `efficiency run --json` would print, with `changes` of the last period and of each."""
    document = as_json(done.completed)
    changes = [frame.select(CHANGES).to_dicts() for frame in done.changes]
    pairs = zip(document["evaluations"], changes, strict=True)
    return {
        **document,
        "dry_run": True,
        "changes": changes[-1],
        "evaluations": [{**one, "changes": rows} for one, rows in pairs],
        "problem_changes": {
            "new": counted(done.new_problems, "severity"),
            "gone": counted(done.gone_problems, "severity"),
        },
    }


def dry_run_lines(done: DryRun) -> Iterator[str]:
    """The closing lines of the run, then what would change of what is published."""
    yield from closing_lines(done.completed, as_json(done.completed))
    if done.returned:
        yield say("Would be given back: {number} workbooks.", number=done.returned)
    policy = done.completed.run.policy.id
    for one, changes, published in zip(done.completed.evaluations, done.changes, done.published, strict=True):
        if not published:
            yield say(
                "Would change ({period}): nothing is published by {policy} yet, so all of it is new.",
                period=one.period,
                policy=policy,
            )
        elif changes.is_empty():
            yield say("Would change ({period}): no tier and no list.", period=one.period)
        else:
            yield say(
                "Would change ({period}): the tier or list of {number} enterprises.{lists}",
                period=one.period,
                number=changes.height,
                lists=_list_counts(changes),
            )
            yield from table_lines(["企业", "等级", "清单"], [_cells(row) for row in changes.head(SHOWN).to_dicts()])
            if changes.height > SHOWN:
                yield say("  … and {number} others; --json names all.", number=changes.height - SHOWN)
    yield say("Problems: {new} new, {gone} gone.", new=done.new_problems.height, gone=done.gone_problems.height)
    yield from _problem_lines(done.new_problems)
    yield say("A dry run: nothing was published. The same command without --dry-run publishes.")


def _list_counts(changes: pl.DataFrame) -> str:
    """How many would enter and leave each list, e.g. ` 关停 +2 -1.`; empty where no list changes."""
    moved = changes.filter(pl.col("list_before").ne_missing(pl.col("list_after")))
    entered, left = counted(moved, "list_title_after"), counted(moved, "list_title_before")
    words = [
        f"{title}{f' +{entered[title]}' if title in entered else ''}{f' -{left[title]}' if title in left else ''}"
        for title in sorted({*entered, *left})
    ]
    return f" {', '.join(words)}." if words else ""


def _cells(row: dict[str, Any]) -> list[str]:
    """An enterprise's name, tier and list before and after."""
    tiers = [row[f"tier_{side}"] or STATUS_NAMES.get(row[f"status_{side}"], "—") for side in ("before", "after")]
    lists = [row[f"list_title_{side}"] or "—" for side in ("before", "after")]
    return [row["name"], *(" → ".join(dict.fromkeys(pair)) for pair in (tiers, lists))]


_SEVERITY = {"error": say("error"), "warning": say("warning"), "note": say("note")}


def _problem_lines(problems: pl.DataFrame) -> Iterator[str]:
    """The new problems, the gravest first."""
    order = {"error": 0, "warning": 1, "note": 2}
    worst = problems.sort(pl.col("severity").replace_strict(order, return_dtype=pl.Int64), maintain_order=True)
    for row in worst.head(SHOWN).to_dicts():
        where = " ".join(part for part in (row["file_name"], row["sheet"], row["cell"]) if part)
        yield say("  {severity}: {where}: {message}", severity=_SEVERITY[row["severity"]], where=where,
                  message=row["message"])  # fmt: skip
    if problems.height > SHOWN:
        yield say("  … and {number} others; `efficiency check` lists them.", number=problems.height - SHOWN)
