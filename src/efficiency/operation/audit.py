"""`efficiency audit`: do the results follow from the inputs? Everything is computed again and compared, exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from efficiency import __version__
from efficiency.errors import EfficiencyError
from efficiency.evaluation.candidates import select as select_candidates
from efficiency.facts.profile import inputs_sha256
from efficiency.intake.resolve import Resolved, resolve
from efficiency.judge import judge
from efficiency.operation.as_of import Made, made, past_at, resolved_at, warehouse_at
from efficiency.operation.objection_register import register
from efficiency.policy.load import parse_policy
from efficiency.stated import stated_in
from efficiency.warehouse.history import NewEvaluation
from efficiency.warehouse.run_log import faults, log_file, read_log
from efficiency.warehouse.tables import Contents
from efficiency.warehouse.versions import KEPT, described, version_files
from efficiency.what_moved import what_moved
from schemas import (
    CANDIDATES,
    EVALUATIONS,
    FACTS,
    INDICATORS,
    MOVEMENTS,
    OBJECTIONS,
    PROBLEMS,
    RUN_EVALUATIONS,
    RUNS,
    SCORES,
    SUBMISSIONS,
    Table,
)

__all__ = ["Finding", "audit", "inputs_sha256"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked."""

    subject: str
    holds: bool
    said: str


def audit(warehouse: Path, evaluations: Sequence[str] = (), *, every: bool = False) -> Iterator[Finding]:
    """What holds and what does not, as it is found: log, versions, runs, facts, evaluations.

    Evaluations are the current ones, those named, or `every` one. Raises UsageError for a warehouse or an evaluation
    that is not there.
    """
    contents = warehouse_at(warehouse)
    table = contents[EVALUATIONS.qualified].sort("period", "policy_id", "created_at")
    chosen = list(evaluations) or table.filter(pl.lit(every) | pl.col("current"))["evaluation_id"].to_list()
    them = [made(contents, one) for one in chosen]
    yield from _log(warehouse, contents)
    yield from _versions(warehouse)
    yield _runs(contents)
    yield from _facts(contents)
    resolved: dict[int, Resolved] = {}
    for then in them:
        if then.sequence not in resolved:
            resolved = {then.sequence: resolved_at(contents, then)}  # one run's facts at a time
        yield from _evaluation(contents, then, resolved[then.sequence])


def _log(warehouse: Path, contents: Contents) -> Iterator[Finding]:
    """The chain of the log, and that it has the beginning of every run that the warehouse knows of."""
    entries, subject = read_log(warehouse), "log of runs"
    broken = faults(entries)
    begun = {entry.get("sha256") for entry in entries if entry.get("event") == "started"}
    missing = [
        run_id
        for run_id, digest in contents[RUNS.qualified].select("run_id", "log_sha256").iter_rows()
        if digest is not None and digest not in begun
    ]
    if missing:
        broken.append(f"{len(missing)} published runs are not in it, the first of them {missing[0]}")
    ended = {entry.get("run_id") for entry in entries if entry.get("event") in ("finished", "failed")}
    failed = sum(entry.get("event") == "failed" for entry in entries)
    open_runs = sum(e.get("event") == "started" and e.get("run_id") not in ended for e in entries)
    said = f"{len(entries)} entries in an unbroken chain; {failed} runs failed, {open_runs} were cut off or are at work"
    yield Finding(subject, not broken, f"{log_file(warehouse)}: {'; '.join(broken) if broken else said}")


def _versions(warehouse: Path) -> Iterator[Finding]:
    """Every earlier file is whole and ours."""
    files = version_files(warehouse.resolve())
    broken = []
    for file in files:
        try:
            described(file)
        except EfficiencyError as error:
            broken.append(str(error))
    too_many = [f"{len(files)} are kept where {KEPT} should be"] if len(files) > KEPT else []
    said = "; ".join([*broken, *too_many]) or f"{len(files)} earlier files, each whole"
    yield Finding("versions", not (broken or too_many), said)


def _runs(contents: Contents) -> Finding:
    """The account of runs is without gaps, and tells which evaluation is current and which is stale."""
    runs, entered = contents[RUNS.qualified].sort("sequence"), contents[RUN_EVALUATIONS.qualified]
    wrong: list[str] = []
    if runs["sequence"].to_list() != list(range(1, runs.height + 1)):
        wrong.append("the runs are not numbered without gaps")
    unknown = entered.join(contents[EVALUATIONS.qualified], on=["evaluation_id", "inputs_sha256"], how="anti")
    if unknown.height:
        wrong.append(f"{unknown['evaluation_id'][0]} is named by a run and is not there, or has other inputs")
    ordered = entered.sort("sequence", "position").with_columns(pl.int_range(pl.len()).alias("at"))
    last = ordered.unique(["period", "policy_id"], keep="last")
    overtaken = last.join(ordered.filter("changed"), on="policy_id", suffix="_other").filter(
        (pl.col("period_other") < pl.col("period")) & (pl.col("at_other") > pl.col("at"))
    )
    current = contents[EVALUATIONS.qualified].filter("current")
    if set(current["evaluation_id"]) != set(last["evaluation_id"]):
        wrong.append("the current evaluations are not those that the runs made current last")
    if set(current.filter("stale")["evaluation_id"]) != set(overtaken["evaluation_id"]):
        wrong.append("the evaluations marked stale are not those whose earlier periods changed after them")
    said = "; ".join(wrong) or f"{runs.height} runs, {current.height} current evaluations, {overtaken.height} stale"
    return Finding("runs", not wrong, said)


def _facts(contents: Contents) -> Iterator[Finding]:
    """Facts, submissions, problems and the register of objections follow from what is stated."""
    resolved = resolve(stated_in(contents))
    own = [name for name in PROBLEMS.names if name != "run_id"]
    for table, again in (
        *((FACTS[form], rows) for form, rows in resolved.facts.items()),
        (SUBMISSIONS, resolved.submissions),
        (OBJECTIONS, register(contents)),
    ):
        yield _same(table.qualified, contents[table.qualified], again, table.names)
    yield _same(PROBLEMS.qualified, contents[PROBLEMS.qualified], resolved.problems, own)


def _evaluation(contents: Contents, then: Made, resolved: Resolved) -> Iterator[Finding]:
    """One evaluation: its policy, its inputs, and everything that was published of it."""
    row = then.evaluation
    subject = row["evaluation_id"]
    try:
        policy = parse_policy(row["policy_toml"], name=f"the policy of {subject}")
    except EfficiencyError as error:
        yield Finding(subject, False, f"this version cannot read its policy: {error}")
        return
    yield _equal(f"{subject} policy text", row["policy_sha256"], policy.sha256)
    past = past_at(contents, then)
    judged = judge(resolved.facts, policy, row["period"], past)
    yield _equal(f"{subject} inputs", row["inputs_sha256"], judged.inputs_sha256)
    moved = what_moved(resolved.facts, policy, row["period"], judged.evaluation, past)
    new = NewEvaluation(
        **{name: row[name] for name in ("period", "policy_id", "policy_sha256", "policy_toml", "run_id", "code_version",
                                        "inputs_sha256", "created_at", "warnings")},
        scores=judged.evaluation.scores,
        indicators=judged.evaluation.indicators,
        candidates=select_candidates(judged.evaluation, policy),
        movements=moved.frame,
    )  # fmt: skip
    yield _equal(f"{subject} name", subject, new.evaluation_id)
    warnings = "\n".join([*judged.evaluation.warnings, *moved.warnings]) or None
    yield _equal(f"{subject} warnings", row["warnings"], warnings)
    made_by = "" if row["code_version"] == __version__ else f" (made by version {row['code_version']})"
    published: Mapping[Table, pl.DataFrame | None] = {
        SCORES: new.scores, INDICATORS: new.indicators, CANDIDATES: new.candidates, MOVEMENTS: new.movements,
    }  # fmt: skip
    for table, again in published.items():
        if again is None:
            continue
        own = contents[table.qualified].filter(evaluation_id=subject)
        if table is MOVEMENTS:
            own = own.join(again.select("previous_evaluation_id").unique(), on="previous_evaluation_id", how="semi")
        whose = ("evaluation_id", "period", "policy_id")
        names = [name for name in table.names if name not in whose and name in again.columns]
        yield _same(f"{subject} {table.name}{made_by}", own, again, names)


def _equal(subject: str, kept: object, again: object) -> Finding:
    same = kept == again
    return Finding(subject, same, "as published" if same else f"published: {kept!r}; computed again: {again!r}")


def _same(subject: str, kept: pl.DataFrame, again: pl.DataFrame, names: Sequence[str]) -> Finding:
    """Whether two frames have the same rows, whatever their order, with the first difference where they have not."""
    first, second = (frame.select(names).sort(names, nulls_last=True) for frame in (kept, again))
    if first.equals(second.cast(first.schema)):
        return Finding(subject, True, f"{first.height} rows, each computed again")
    key = [name for name in ("uscc", "submission_id", "row", "cell", "indicator") if name in names]
    if first.height != second.height:
        return Finding(subject, False, f"{first.height} rows are published; computed again there are {second.height}")
    differing = [name for name in names if not first[name].equals(second[name])]
    at = int(pl.select(first[differing[0]].ne_missing(second[differing[0]])).to_series().arg_true()[0])
    where = ", ".join(f"{name} {first[name][at]}" for name in key)
    what = f"{differing[0]} is {first[differing[0]][at]!r} and computed again {second[differing[0]][at]!r}"
    return Finding(subject, False, f"{what} ({where}); {len(differing)} columns differ")
