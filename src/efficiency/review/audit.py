"""`efficiency audit`: looks again at log, versions, facts and evaluations; publishes nothing.

Facts and results are computed again from what was submitted and from the policy text of each evaluation, and must equal
the published ones exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import polars as pl

from efficiency.errors import EfficiencyError
from efficiency.facts.profile import inputs_sha256
from efficiency.intake.resolution import ResolutionResult
from efficiency.job.evaluate import evaluate_period, select_lists
from efficiency.job.ingest import facts_between
from efficiency.job.movement import score_changes
from efficiency.job.objection_register import register
from efficiency.language import joined, message_of, say
from efficiency.partitions import Chunks, Partitions
from efficiency.policy.load import parse_policy
from efficiency.review.as_of import Origin, origin_of, past_at, resolved_at, resolved_now, warehouse_at
from efficiency.version import code_version
from efficiency.warehouse.history import PublishedEvaluation
from efficiency.warehouse.run_log import chain_errors, log_file, read_log
from efficiency.warehouse.schema import Contents
from efficiency.warehouse.staging import reading_scratch
from efficiency.warehouse.versions import KEPT_VERSIONS, describe, version_files
from schemas import (
    COLUMN_MAP,
    EVALUATIONS,
    FACTS,
    MOVEMENTS,
    OBJECTIONS,
    PROBLEMS,
    RUN_EVALUATIONS,
    RUNS,
    SUBMISSIONS,
    WITHDRAWALS,
    Table,
)
from schemas.results import own_schema

__all__ = ["Finding", "audit", "inputs_sha256"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked."""

    subject: str
    holds: bool
    detail: str
    """What was compared, or how it differs."""
    by_program: bool = False
    """The inputs are the same and another version of the program made it: it differs, and not by the data."""


def audit(warehouse: Path, evaluations: Sequence[str] = (), *, every: bool = False) -> Iterator[Finding]:
    """Check log, versions, runs, facts and evaluations; gives each finding as soon as it is known.

    The evaluations are those whose ids are given, else the current ones, or `every` one. Raises UsageError for a
    warehouse or an evaluation that does not exist.
    """
    contents = warehouse_at(warehouse)
    table = contents[EVALUATIONS.qualified].sort("period", "policy_id", "created_at")
    chosen = list(evaluations) or table.filter(pl.lit(every) | pl.col("current"))["evaluation_id"].to_list()
    origins = [origin_of(contents, evaluation_id) for evaluation_id in chosen]
    yield from _log(warehouse, contents)
    yield from _versions(warehouse)
    yield _runs(contents)
    yield _withdrawals(warehouse, contents)
    yield from _facts(warehouse, contents)
    # All evaluations of a run have the same facts, which are resolved once for them.
    for _, of_run in groupby(sorted(origins, key=attrgetter("sequence")), key=attrgetter("sequence")):
        with reading_scratch(warehouse) as folder:
            resolved: ResolutionResult | None = None
            for origin in of_run:
                if resolved is None:
                    resolved = resolved_at(warehouse, contents, origin, folder)
                yield from _evaluation(contents, origin, resolved)


def _log(warehouse: Path, contents: Contents) -> Iterator[Finding]:
    """The log is an unbroken chain of digests and has the start of every run of the warehouse."""
    entries, subject = read_log(warehouse), say("log of runs")
    broken = chain_errors(entries)
    begun = {entry.get("sha256") for entry in entries if entry.get("event") == "started"}
    missing = [
        run_id
        for run_id, digest in contents[RUNS.qualified].select("run_id", "log_sha256").iter_rows()
        if digest is not None and digest not in begun
    ]
    if missing:
        broken.append(
            say(
                "{number} published runs are not in it, the first of them {first}",
                number=len(missing),
                first=missing[0],
            )
        )
    ended = {entry.get("run_id") for entry in entries if entry.get("event") in ("finished", "failed")}
    failed = sum(entry.get("event") == "failed" for entry in entries)
    open_runs = sum(e.get("event") == "started" and e.get("run_id") not in ended for e in entries)
    good = say(
        "{number} entries in an unbroken chain; {failed} runs failed, {open_runs} were cut off or are at work",
        number=len(entries),
        failed=failed,
        open_runs=open_runs,
    )
    yield Finding(
        subject,
        not broken,
        joined([str(log_file(warehouse)), joined(broken, "; ") if broken else good], ": "),
    )


def _versions(warehouse: Path) -> Iterator[Finding]:
    """Every earlier file can be opened and is a warehouse, and there are no more than `KEPT_VERSIONS`."""
    files = version_files(warehouse.resolve())
    broken: list[str] = []
    for file in files:
        try:
            describe(file)
        except EfficiencyError as error:
            broken.append(message_of(error))
    kept = len(files)
    too_many = [say("{kept} are kept where {most} should be", kept=kept, most=KEPT_VERSIONS)]
    wrong = [*broken, *(too_many if kept > KEPT_VERSIONS else [])]
    detail = joined(wrong, "; ") or say("{kept} earlier files, each whole", kept=kept)
    yield Finding(say("versions"), not wrong, detail)


def _runs(contents: Contents) -> Finding:
    """The runs are numbered without gaps, and current and stale evaluations follow from their order."""
    runs, entered = contents[RUNS.qualified].sort("sequence"), contents[RUN_EVALUATIONS.qualified]
    wrong: list[str] = []
    if runs["sequence"].to_list() != list(range(1, runs.height + 1)):
        wrong.append(say("the runs are not numbered without gaps"))
    unknown = entered.join(contents[EVALUATIONS.qualified], on=["evaluation_id", "inputs_sha256"], how="anti")
    if unknown.height:
        wrong.append(
            say(
                "{evaluation_id} is named by a run and is not there, or has other inputs",
                evaluation_id=unknown["evaluation_id"][0],
            )
        )
    ordered = entered.sort("sequence", "position").with_columns(pl.int_range(pl.len()).alias("at"))
    last = ordered.unique(["period", "policy_id"], keep="last")
    overtaken = last.join(ordered.filter("changed"), on="policy_id", suffix="_other").filter(
        (pl.col("period_other") < pl.col("period")) & (pl.col("at_other") > pl.col("at"))
    )
    current = contents[EVALUATIONS.qualified].filter("current")
    if set(current["evaluation_id"]) != set(last["evaluation_id"]):
        wrong.append(say("the current evaluations are not those that the runs made current last"))
    if set(current.filter("stale")["evaluation_id"]) != set(overtaken["evaluation_id"]):
        wrong.append(say("the evaluations marked stale are not those whose earlier periods changed after them"))
    good = say(
        "{runs} runs, {current} current evaluations, {stale} stale",
        runs=runs.height,
        current=current.height,
        stale=overtaken.height,
    )
    return Finding(say("runs"), not wrong, joined(wrong, "; ") or good)


def _withdrawals(warehouse: Path, contents: Contents) -> Finding:
    """Every withdrawal, and every time that one was undone, is in the log of runs."""
    table = contents[WITHDRAWALS.qualified]
    logged = {
        (entry["event"], str(entry.get("at")), sheet)
        for entry in read_log(warehouse)
        if entry.get("event") in ("withdrawn", "restored")
        for sheet in entry.get("submissions", ())
    }
    missing = [
        sheet
        for event, at in (("withdrawn", "withdrawn_at"), ("restored", "undone_at"))
        for sheet, day in table.drop_nulls(at).select("submission_id", at).iter_rows()
        if (event, day.isoformat(timespec="seconds"), sheet) not in logged
    ]
    standing = table["undone_at"].null_count()
    detail = say(
        "{standing} sheets withdrawn, {undone} times undone", standing=standing, undone=table.height - standing
    )
    if missing:
        detail = say(
            "{number} entries are not in the log, the first of them of {first}", number=len(missing), first=missing[0]
        )
    return Finding(WITHDRAWALS.qualified, not missing, detail)


def _facts(warehouse: Path, contents: Contents) -> Iterator[Finding]:
    """Facts, submissions, problems and the register of objections follow from what was submitted."""
    with reading_scratch(warehouse) as folder:
        resolved = resolved_now(warehouse, contents, folder)
        yield from _facts_of(warehouse, resolved.facts)
    yield _same(SUBMISSIONS.qualified, contents[SUBMISSIONS.qualified], resolved.submissions, SUBMISSIONS.names)
    yield _same(OBJECTIONS.qualified, contents[OBJECTIONS.qualified], register(contents), OBJECTIONS.names)
    own = [name for name in PROBLEMS.names if name != "run_id"]
    yield _same(PROBLEMS.qualified, contents[PROBLEMS.qualified], resolved.problems, own)


def _facts_of(warehouse: Path, partitions: Partitions) -> Iterator[Finding]:
    """The published facts of each form equal those computed again (`partitions`), compared one partition at a time."""
    firsts = [_first_code(partition) for partition in partitions.parts]
    counts = {form: [0, 0] for form in FACTS}
    differing: dict[str, str] = {}
    for number, again in enumerate(partitions.frames()):
        # The first partition takes also published rows before its first code, the last all that follow.
        first = firsts[number] if number else None
        following = next((code for code in firsts[number + 1 :] if code is not None), None)
        for form, chunks in facts_between(warehouse, (first, following)).items() if first or not number else ():
            kept = chunks.whole()
            counts[form][0] += kept.height
            counts[form][1] += again[form].height
            if form not in differing and (difference := _difference(kept, again[form], FACTS[form].names)):
                differing[form] = difference
    for form, table in FACTS.items():
        published, computed = counts[form]
        if published != computed:
            differing[form] = _other_number(published, computed)
        detail = differing.get(form, say("{rows} rows, each computed again", rows=published))
        yield Finding(table.qualified, form not in differing, detail)


def _first_code(partition: Mapping[str, Chunks]) -> str | None:
    """The least code of a partition; None where it has no rows."""
    tables = [chunks.lazy() for chunks in partition.values() if chunks.height]
    least = [table.select(pl.col("uscc").min()).collect().item() for table in tables]
    return min((code for code in least if code is not None), default=None)


def _evaluation(contents: Contents, origin: Origin, resolved: ResolutionResult) -> Iterator[Finding]:
    """Policy, inputs, id, warnings and result tables of one evaluation follow from the facts of its run."""
    row, facts, submissions = origin.evaluation, resolved.facts, resolved.submissions
    subject = row["evaluation_id"]
    try:
        policy = parse_policy(row["policy_toml"], name=f"the policy of {subject}")
    except EfficiencyError as error:
        yield Finding(subject, False, say("this version cannot read its policy: {error}", error=error))
        return
    if row["code_version"] != code_version():
        yield Finding(
            say("{subject} code", subject=subject),
            True,
            say("made by version {made_by}, this is {own}", made_by=row["code_version"], own=code_version()),
        )
    yield _equal(say("{subject} policy text", subject=subject), row["policy_sha256"], policy.sha256)
    past = past_at(contents, origin)
    judged = evaluate_period(
        facts,
        policy,
        row["period"],
        past,
        row["inputs_sha256"],
        submissions=submissions,
        variants=row["variants"] or "none",
    )
    same_inputs = _equal(say("{subject} inputs", subject=subject), row["inputs_sha256"], judged.inputs_sha256)
    yield same_inputs
    if judged.variants is not None or row["variants_sha256"] is not None:
        read = judged.variants and judged.variants.inputs_sha256
        yield _equal(say("{subject} variants' inputs", subject=subject), row["variants_sha256"], read)
    # On the same inputs and policy another version of the program may come to another result.
    other_program = same_inputs.holds and row["code_version"] != code_version()
    movements, change_warnings = score_changes(facts, policy, row["period"], judged, past, submissions=submissions)
    candidates, verifications = select_lists(
        judged,
        policy,
        row["period"],
        facts,
        columns=contents[COLUMN_MAP.qualified],
        submissions=contents[SUBMISSIONS.qualified],
    )
    new = PublishedEvaluation(
        **{name: row[name] for name in ("period", "policy_id", "policy_sha256", "policy_toml", "run_id", "code_version",
                                        "inputs_sha256", "created_at", "warnings")},
        scores=judged.scores,
        indicators=judged.indicators,
        candidates=candidates,
        verifications=verifications,
        movements=movements,
        variants=row["variants"],
        variant_results=judged.variants,
        data_errors=judged.data_errors,
    )  # fmt: skip
    yield _equal(say("{subject} name", subject=subject), subject, new.evaluation_id)
    warnings = "\n".join([*judged.warnings, *change_warnings]) or None
    yield _by(
        _equal(say("{subject} warnings", subject=subject), row["warnings"], warnings), other_program=other_program
    )
    published: Mapping[Table, pl.DataFrame | None] = {**new.results, MOVEMENTS: new.movements}
    for table, again in published.items():
        if again is None:
            continue
        own = contents[table.qualified].filter(evaluation_id=subject)
        if table is MOVEMENTS:
            own = own.join(again.select("previous_evaluation_id").unique(), on="previous_evaluation_id", how="semi")
        names = [name for name in own_schema(table) if name in again.columns]
        yield _by(_same(f"{subject} {table.name}", own, again, names), other_program=other_program)


def _by(finding: Finding, *, other_program: bool) -> Finding:
    """`finding`, as changed by the program where it differs and another version made the evaluation."""
    if finding.holds or not other_program:
        return finding
    return Finding(
        finding.subject, True, say("changed by the program: {detail}", detail=finding.detail), by_program=True
    )


def _equal(subject: str, kept: object, again: object) -> Finding:
    same = kept == again
    return Finding(
        subject,
        same,
        say("as published") if same else say("published: {kept!r}; computed again: {again!r}", kept=kept, again=again),
    )


def _same(subject: str, kept: pl.DataFrame, again: pl.DataFrame, names: Sequence[str]) -> Finding:
    """Whether two frames have the same rows in the columns `names`, in any order; else their first difference."""
    difference = _difference(kept, again, names)
    return Finding(subject, difference is None, difference or say("{rows} rows, each computed again", rows=kept.height))


def _difference(kept: pl.DataFrame, again: pl.DataFrame, names: Sequence[str]) -> str | None:
    """The first difference between the rows of two frames, in any order; None where there is none."""
    first, second = (frame.select(names).sort(names, nulls_last=True) for frame in (kept, again))
    if first.equals(second.cast(first.schema)):
        return None
    if first.height != second.height:
        return _other_number(first.height, second.height)
    key = [name for name in ("uscc", "submission_id", "row", "cell", "indicator") if name in names]
    differing = [name for name in names if not first[name].equals(second[name])]
    at = int(pl.select(first[differing[0]].ne_missing(second[differing[0]])).to_series().arg_true()[0])
    where = ", ".join(f"{name} {first[name][at]}" for name in key)
    return say(
        "{column} is {kept!r} and computed again {again!r} ({where}); {number} columns differ",
        column=differing[0],
        kept=first[differing[0]][at],
        again=second[differing[0]][at],
        where=where,
        number=len(differing),
    )


def _other_number(published: int, computed: int) -> str:
    return say(
        "{published} rows are published; computed again there are {computed}", published=published, computed=computed
    )
