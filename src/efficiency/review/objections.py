"""`efficiency objection`: evaluates the published facts again with corrections that are asked for; publishes nothing.

The corrections are tried as if they were approved today: what would change for the enterprise and for all others.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.errors import UsageError
from efficiency.evaluation.changes import ASKED, Trial, effects
from efficiency.evaluation.lists import select
from efficiency.intake.layout import NO_MAPPING
from efficiency.intake.read_result import ReadResult
from efficiency.intake.resolution import DECLINED, Target, find_target
from efficiency.job.evaluate import evaluate_period, variants_read
from efficiency.job.execution import read_one_by_one, resolve_in_partitions
from efficiency.job.ingest import arrived, in_memory_or_spilled, kept_facts, named_file, stated_in, stated_rows
from efficiency.language import say
from efficiency.parts import whole
from efficiency.periods import period_start
from efficiency.policy.load import parse_policy
from efficiency.reference.tables import carrier_form_unit
from efficiency.review.as_of import warehouse_at
from efficiency.warehouse.staging import reading_scratch
from schemas import EVALUATIONS, FACTS, FORMS, SUBMISSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from efficiency.intake.resolution import ResolutionResult
    from efficiency.partitions import Partitions
    from efficiency.warehouse.schema import Contents

ON_TRIAL = "试算"
"""Approver that a trial writes into a correction that nobody has approved yet."""
LAST = date.max
"""Date of approval that a trial writes, so that the correction counts before those approved earlier."""


def objection(file: Path, period: str, warehouse: Path, policy_id: str | None = None) -> Trial:
    """Try the corrections of `file` on the current evaluation of `period` (YYYY-MM).

    Rows that are not approved yet are tried as if they were; rows that were declined are not. Raises UsageError when
    the file has no sheet of corrections or there is no such evaluation.
    """
    period_start(period)
    contents = warehouse_at(warehouse)
    evaluation = _current(contents, period, policy_id)
    policy = parse_policy(evaluation["policy_toml"], name=f"the policy of {evaluation['evaluation_id']}")
    parsed = _ledger(file)
    of_file = pl.col("submission_id").is_in(parsed.submissions["submission_id"].implode())
    with reading_scratch(warehouse) as folder:
        resolved = _tried(warehouse, contents, parsed, folder)
        trial = resolved.facts
        kept = kept_facts(warehouse, folder)
        judged_with = variants_read(policy, evaluation["variants"])
        before = evaluate_period(
            kept,
            policy,
            period,
            contents,
            evaluation["inputs_sha256"],
            submissions=contents[SUBMISSIONS.qualified],
            variants=judged_with,
        )
        after = evaluate_period(trial, policy, period, contents, submissions=resolved.submissions, variants=judged_with)
        tried = trial.table("corrections").lazy().filter(of_file).collect()
        asked = _asked(tried, kept)
    changes = effects(before, select(before, policy), after, select(after, policy))
    return Trial(
        file=file.name,
        period=period,
        evaluation_id=evaluation["evaluation_id"],
        policy=policy,
        asked=asked,
        problems=resolved.problems.filter(of_file),
        enterprises=changes.with_columns(pl.col("uscc").is_in(tried["uscc"].implode()).alias("own")),
        renewed=before.inputs_sha256 != evaluation["inputs_sha256"],
    )


def _current(contents: Contents, period: str, policy_id: str | None) -> dict[str, Any]:
    """The period's current evaluation under the policy `policy_id`, or its only one where that is None."""
    current = contents[EVALUATIONS.qualified].filter(pl.col("current"), pl.col("period") == period)
    chosen = current if policy_id is None else current.filter(pl.col("policy_id") == policy_id)
    if chosen.height > 1:
        raise UsageError(
            say(
                "{period} was judged under several policies; name one with --policy: {policies}.",
                period=period,
                policies=sorted(chosen["policy_id"]),
            )
        )
    if chosen.is_empty():
        known = contents[EVALUATIONS.qualified].filter("current").sort("period")
        has = [f"{p} ({i})" for p, i in known.select("period", "policy_id").iter_rows()] or say("none")
        raise UsageError(
            say(
                "The warehouse has no evaluation of {period}{under}; it has {has}. Run the period first.",
                period=period,
                under=say(" under {policy_id}", policy_id=policy_id) if policy_id else "",
                has=has,
            )
        )
    return chosen.row(0, named=True)


def _ledger(path: Path) -> ReadResult:
    """The sheets of corrections of the file at `path`, without its other sheets."""
    if not path.is_file():
        raise UsageError(say("{path} is no file. Name the workbook with the corrections.", path=path))
    parsed = read_one_by_one([named_file(path)], NO_MAPPING)
    ledgers = parsed.submissions.filter(pl.col("form") == "corrections")
    if ledgers.is_empty():
        first_error = parsed.problems.filter(pl.col("severity") == "error")["message"].head(1).to_list()
        raise UsageError(
            say(
                "{path} holds no sheet of the form 申诉更正 (企业, 更正指标, 更正值, 审批人). {first_error} "
                "`efficiency template DIR` writes a blank one.",
                path=path,
                first_error="".join(first_error),
            )
        )
    of_ledgers = pl.col("submission_id").is_in(ledgers["submission_id"].implode())
    return ReadResult.of_frames(
        ledgers,
        parsed.problems.filter(of_ledgers),
        parsed.columns.filter(of_ledgers),
        {form: rows.filter(of_ledgers) for form, rows in parsed.rows.items()},
    )


def _tried(warehouse: Path, contents: Contents, parsed: ReadResult, folder: Path) -> ResolutionResult:
    """Everything submitted, resolved again with the ledger `parsed` as if it were approved and had arrived last.

    A ledger that came through the inbox already is replaced by `parsed`, so that it counts once.
    """
    others = ~pl.col("submission_id").is_in(parsed.submissions["submission_id"].implode())
    open_rows = pl.col("approved_by").is_null() & (pl.col("decision").ne_missing(DECLINED))
    tried = parsed.rows["corrections"].with_columns(
        pl.when(open_rows).then(pl.lit(LAST)).otherwise("approved").alias("approved"),
        pl.when(open_rows).then(pl.lit(ON_TRIAL)).otherwise("approved_by").alias("approved_by"),
    )
    last = contents[SUBMISSIONS.qualified]["arrival"].max()
    new = arrived(parsed, last if isinstance(last, int) else 0, ON_TRIAL, datetime.now(UTC))
    rows = stated_rows(warehouse, folder, others)
    corrections = rows["corrections"]
    rows["corrections"] = replace(corrections, parts=(*corrections.parts, tried))
    known = stated_in(contents, in_memory_or_spilled(rows, folder))
    stated = replace(
        known,
        submissions=pl.concat([known.submissions.filter(others).select(new.columns), new]),
        columns=pl.concat([known.columns.filter(others), parsed.columns]),
        problems=pl.concat([parsed.problems, known.problems.filter(others)], how="diagonal"),
    )
    return resolve_in_partitions(stated, folder)


def _asked(tried: pl.DataFrame, kept: Partitions) -> pl.DataFrame:
    """The corrections of `tried` that take effect, each with the figure of `kept` that counts now."""
    who = pl.col("uscc").is_in(tried["uscc"].implode())
    facts = {form: kept.table(form).lazy().filter(who).collect() for form in FACTS}
    rows = []
    for row in tried.filter(~pl.col("superseded")).sort("row").iter_rows(named=True):
        target = find_target(row["field"])
        if target is None:
            raise ValueError(f"intake took {row['field']!r} for a figure that is not found again")
        rows.append({
            **{name: row[name] for name in ("uscc", "name", "field", "old", "new", "reason", "document", "decision")},
            "unit": carrier_form_unit()[target.carrier] if target.carrier else
            FORMS[target.form].column(target.field).unit,
            **{name: row[name] for name in ("span_start", "span_end")},
            "current": _figure(facts[target.form], target, row),
            "approved_by": None if row["approved_by"] == ON_TRIAL else row["approved_by"],
        })  # fmt: skip
    return pl.DataFrame(rows, schema=ASKED)


def _figure(facts: pl.DataFrame, target: Target, row: Mapping[str, Any]) -> float | None:
    """The figure that the correction `row` would replace; of an area, the one in force at the end of its span."""
    own = whole(FORMS[target.form], facts.filter(~pl.col("superseded"), pl.col("uscc") == row["uscc"]))
    since = FORMS[target.form].in_force_from
    if since:
        in_force = pl.col(since) <= pl.lit(row["span_end"]).dt.month_end()
        own = own.filter(in_force.fill_null(value=True)).sort(since).tail(1)
    else:
        own = own.filter(pl.col("span_start") == row["span_start"], pl.col("span_end") == row["span_end"])
    if target.carrier:
        own = own.filter(pl.col("carrier") == target.carrier)
    own = own.filter(pl.col(target.field).is_not_null())
    return float(own[target.field][0]) if own.height else None
