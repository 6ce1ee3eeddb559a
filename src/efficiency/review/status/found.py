"""`efficiency status`: who has sent what of the window's months, and what is missing, refused, late; reads only.

Missing is what the totals that the policy's indicators rest on lack, by the rule of `efficiency.facts.gaps`: a month
within a cumulative figure is not missing. Expected are the enterprises that the policy judges.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from efficiency.errors import UsageError
from efficiency.evaluation.scope import assign
from efficiency.evaluation.scoring import words_by_cohort, words_of_indicators
from efficiency.facts.gaps import missing_as_months
from efficiency.facts.windows import Window
from efficiency.intake.resolution import open_problems
from efficiency.job.evaluate import profile_at
from efficiency.job.ingest import kept_facts
from efficiency.language import say
from efficiency.monitoring.late_returns import returns_at
from efficiency.periods import period_start
from efficiency.policy.load import parse_policy
from efficiency.policy.model import Policy
from efficiency.reports.text import CONFIDENT
from efficiency.warehouse.connection import open_published
from efficiency.warehouse.errors import WarehouseError
from efficiency.warehouse.lock import holder
from efficiency.warehouse.read import existing
from efficiency.warehouse.staging import reading_scratch
from schemas import EVALUATIONS, FED_BY, FORMS, PROBLEMS, RUNS, SUBMISSIONS
from schemas.profile import PROFILE_TITLES

VERIFY = "verify"
"""The list of those that are to be verified before they are on another."""


@dataclass(frozen=True)
class Status:
    """What the warehouse knows of the months up to a period."""

    warehouse: Path
    period: str
    policy_id: str
    months: tuple[date, ...]
    """Those of the policy's window, first days, ascending."""
    enterprises: int
    """In the register."""
    coverage: pl.DataFrame
    """form, word, title, month (null for land), expected, stated, missing: enterprises; refused: sheets of that form
    and month; late: returns of the form that are late or overdue, null for other months than the period's."""
    towns: pl.DataFrame
    """town (null where the register names none), form, word, month, expected, stated, missing: with missing ones."""
    missing: pl.DataFrame
    """uscc, name, town, form, word, title, needed (without it there is no tier), months (list of first days), text:
    what each enterprise lacks, what is needed first."""
    out_of_scope: pl.DataFrame
    """uscc, name, town, reason: registered, but in no group of the policy, often for a gap in the register."""
    returns: pl.DataFrame
    """What departments send again and again; see `efficiency.monitoring.late_returns.returns_at`."""
    refused: pl.DataFrame
    """file_name, sheet, form, period_label: sheets, or whole files, of which nothing counts."""
    problems: dict[str, int]
    """Open problems by severity."""
    evaluation: dict[str, Any] | None
    """The current evaluation of the period, or else the latest: what it says and how many are in which tier."""
    last_run: dict[str, Any] | None
    held_by: str | None
    """Who holds the lock of the warehouse."""


def status(
    warehouse: Path,
    today: date,
    period: str | None = None,
    *,
    policy_id: str | None = None,
    usual_policy: str | None = None,
) -> Status:
    """The status of `period` (YYYY-MM), by default that of the latest evaluation.

    It goes by the policy that is asked for, else by the usual one where that has an evaluation, else by the latest.
    Raises UsageError for a wrong period, one that is still to come, a policy without an evaluation, and where there is
    no warehouse, or nothing in it.
    """
    contents = existing(warehouse, [table.qualified for table in (SUBMISSIONS, PROBLEMS, EVALUATIONS, RUNS)])
    evaluations = contents[EVALUATIONS.qualified].filter("current").sort("period", "created_at")
    if evaluations.is_empty():
        raise UsageError(say("{warehouse} holds no evaluation yet. Run `efficiency run` first.", warehouse=warehouse))
    latest = str(evaluations["period"][-1])
    known = evaluations["policy_id"].unique(maintain_order=True).to_list()
    if policy_id is not None and policy_id not in known:
        raise UsageError(
            say("Nothing is evaluated under policy {policy_id!r}. There are {known}.", policy_id=policy_id, known=known)
        )
    if (wanted := policy_id or usual_policy) in known:
        evaluations = evaluations.filter(pl.col("policy_id") == wanted)
    asked = period or str(evaluations["period"][-1])
    start = period_start(asked)
    if asked > max(latest, f"{today:%Y-%m}"):
        raise UsageError(say("{period} lies in the future. Name a month that has been.", period=asked))
    own = evaluations.filter(pl.col("period") == asked)
    evaluation = (own if own.height else evaluations).row(-1, named=True)
    policy = parse_policy(evaluation["policy_toml"], name=f"the policy of {evaluation['evaluation_id']}")
    window = Window(policy.window, start)
    submissions = contents[SUBMISSIONS.qualified]
    with reading_scratch(warehouse) as folder:
        facts = kept_facts(warehouse, folder)
        returns = returns_at(submissions, facts, start, today)
        profile = profile_at(facts, policy, asked, None, submissions=submissions)
    judged = assign(profile.frame, policy).select("uscc", "name", "town", "cohort", "status", "status_reason")
    expected = judged.join(words_by_cohort(policy), on="cohort").select("uscc", "name", "town", "word", "needed")
    gaps = profile.gaps.join(expected, on=["uscc", "word"], how="inner", maintain_order="left")
    refused = _refused(submissions)
    months = missing_as_months(gaps, window)
    lacking = pl.concat(
        [months, gaps.filter(pl.col("months") == 0).select("uscc", "word", pl.lit(None, pl.Date).alias("month"))]
    ).join(expected.select("uscc", "word", "town"), on=["uscc", "word"], how="left", validate="m:1")
    cells = _cells(policy, window)
    return Status(
        warehouse=warehouse,
        period=asked,
        policy_id=evaluation["policy_id"],
        months=_months(window),
        enterprises=judged.height,
        coverage=_coverage(
            cells=cells, lacking=lacking, expected=expected, refused=refused, returns=returns, period=start
        ),
        towns=_by_town(cells, lacking, expected),
        missing=_missing(gaps, months),
        out_of_scope=judged.filter(pl.col("status") == "out_of_scope").select(
            "uscc", "name", "town", pl.col("status_reason").alias("reason")
        ),
        returns=returns,
        refused=refused.select("file_name", "sheet", "form", "period_label"),
        problems=_open_problems(contents[PROBLEMS.qualified], submissions),
        evaluation=_decided(warehouse, evaluation),
        last_run=_last_run(contents[RUNS.qualified]),
        held_by=_holder(warehouse),
    )


def _months(window: Window) -> tuple[date, ...]:
    first, last = window.ends
    return tuple(window.month(node) for node in range(first, last))


def _cells(policy: Policy, window: Window) -> pl.DataFrame:
    """form, word, title, month: what the indicators of `policy` rest on; land, which has no months, once (null)."""
    rows = []
    for word in words_of_indicators(policy):
        form = FORMS[FED_BY[word]]
        months: tuple[date | None, ...] = _months(window) if form.flow else (None,)
        rows += [(form.id, word, PROFILE_TITLES[word], month) for month in months]
    shape = {"form": pl.String, "word": pl.String, "title": pl.String, "month": pl.Date}
    order = {form: position for position, form in enumerate(FORMS)}
    return pl.DataFrame(rows, schema=shape, orient="row").sort(
        pl.col("form").replace_strict(order, return_dtype=pl.Int64), "word", "month"
    )


def _coverage(
    *,
    cells: pl.DataFrame,
    lacking: pl.DataFrame,
    expected: pl.DataFrame,
    refused: pl.DataFrame,
    returns: pl.DataFrame,
    period: date,
) -> pl.DataFrame:
    counts = lacking.group_by("word", "month").agg(_count("missing"))
    sheets = _refused_by_month(refused, cells["month"].drop_nulls().unique().to_list())
    late = returns.filter(pl.col("state").is_in(["late", "overdue"])).group_by("form").agg(_count("late"))
    this_month = pl.col("month") == period
    return (
        cells.join(counts, on=["word", "month"], how="left", nulls_equal=True, maintain_order="left")
        .join(expected.group_by("word").agg(_count("expected")), on="word", how="left", maintain_order="left")
        .join(sheets, on=["form", "month"], how="left", nulls_equal=True, maintain_order="left")
        .join(late, on="form", how="left", maintain_order="left")
        .with_columns(
            pl.col("expected", "missing", "refused").fill_null(0),
            pl.when(this_month).then(pl.col("late").fill_null(0)).alias("late"),
        )
        .with_columns((pl.col("expected") - pl.col("missing")).alias("stated"))
        .select(*cells.columns, "expected", "stated", "missing", "refused", "late")
    )


def _by_town(cells: pl.DataFrame, lacking: pl.DataFrame, expected: pl.DataFrame) -> pl.DataFrame:
    counts = lacking.group_by("town", "word", "month").agg(_count("missing"))
    sizes = expected.group_by("town", "word").agg(_count("expected"))
    return (
        counts.join(sizes, on=["town", "word"], how="left", nulls_equal=True)
        .join(cells, on=["word", "month"], how="left", nulls_equal=True)
        .with_columns((pl.col("expected") - pl.col("missing")).alias("stated"))
        .select("town", "form", "word", "month", "expected", "stated", "missing")
        .sort("town", "form", "word", "month", nulls_last=True)
    )


def _missing(gaps: pl.DataFrame, months: pl.DataFrame) -> pl.DataFrame:
    listed = months.sort("month").group_by("uscc", "word", maintain_order=True).agg(pl.col("month").alias("listed"))
    return (
        gaps.join(listed, on=["uscc", "word"], how="left", validate="1:1", maintain_order="left")
        .select(
            "uscc", "name", "town",
            pl.col("word").replace(FED_BY).alias("form"), "word", pl.col("word").replace(PROFILE_TITLES).alias("title"),
            "needed", pl.col("listed").fill_null([]).alias("months"), "text",
        )
        .sort(~pl.col("needed"), "form", "town", "name", "uscc", "word", nulls_last=True)
    )  # fmt: skip


def _count(name: str) -> pl.Expr:
    return pl.len().cast(pl.Int64).alias(name)


def _refused(submissions: pl.DataFrame) -> pl.DataFrame:
    """Sheets of which nothing counts, in the newest version of each file."""
    newest = submissions.group_by("file_name").agg(pl.col("sha256").sort_by("arrival").last())
    return (
        submissions.filter((pl.col("status") == "refused") & pl.col("left_out").is_null())
        .join(newest, on=["file_name", "sha256"], how="semi", maintain_order="left")
        .sort("file_name", "sheet")
    )


def _refused_by_month(refused: pl.DataFrame, months: list[date]) -> pl.DataFrame:
    """form, month, refused: how many of the sheets state the month, or states no month (null)."""
    ends = pl.col("period_label").str.split("..")
    label = [
        pl.format("{}-01", end).str.to_date("%Y-%m-%d", strict=False) for end in (ends.list.first(), ends.list.last())
    ]
    spans = refused.drop_nulls("form").select("form", label[0].alias("first"), label[1].alias("last"))
    each = spans.join_where(
        pl.DataFrame({"month": months}, schema={"month": pl.Date}),
        pl.col("first") <= pl.col("month"),
        pl.col("last") >= pl.col("month"),
    ).select("form", "month")
    undated = spans.filter(pl.col("first").is_null()).select("form", pl.lit(None, pl.Date).alias("month"))
    return pl.concat([each, undated]).group_by("form", "month").agg(_count("refused"))


def _open_problems(problems: pl.DataFrame, submissions: pl.DataFrame) -> dict[str, int]:
    still_open = open_problems(problems, submissions)
    counts = dict(still_open.group_by("severity").len().iter_rows())
    return {severity: counts.get(severity, 0) for severity in ("error", "warning", "note")}


def _decided(warehouse: Path, evaluation: dict[str, Any]) -> dict[str, Any]:
    """The evaluation with its statuses, tiers, lists, and verdicts to verify."""
    chosen = evaluation["evaluation_id"]

    def counts(column: str, table: str) -> dict[str, int]:
        own = f"FROM {table} WHERE evaluation_id = ? AND {column} IS NOT NULL"
        return dict(connection.execute(f"SELECT {column}, count(*) {own} GROUP BY 1 ORDER BY 1", [chosen]).fetchall())

    with open_published(warehouse.resolve()) as connection:
        statuses, tiers = counts("status", "results.scores"), counts("tier", "results.scores")
        lists = counts("list", "results.candidates")
        ((borderline,),) = connection.execute(
            "SELECT count(*) FROM results.candidates WHERE evaluation_id = ? AND tier_confidence < ?",
            [chosen, CONFIDENT],
        ).fetchall()
    kept = ("evaluation_id", "period", "policy_id", "run_id", "code_version", "created_at", "stale")
    return {
        **{name: evaluation[name] for name in kept},
        "statuses": statuses,
        "tiers": tiers,
        "lists": lists,
        "verify": {"listed": lists.get(VERIFY, 0), "borderline": borderline},
    }


def _last_run(runs: pl.DataFrame) -> dict[str, Any] | None:
    if runs.is_empty():
        return None
    kept = ("run_id", "operator", "started", "finished", "periods", "policy_id", "files", "files_new", "outcome")
    row = runs.sort("sequence").row(-1, named=True)
    return {name: row[name] for name in kept}


def _holder(warehouse: Path) -> str | None:
    try:
        return holder(warehouse)
    except WarehouseError as error:  # who may read the warehouse need not be allowed to try its lock
        return say("not known: {error}", error=error)


def status_as_json(found: Status) -> dict[str, Any]:
    """The object that `--json` prints; months are YYYY-MM, times ISO 8601."""
    month = pl.col("month").dt.strftime("%Y-%m")
    return {
        "warehouse": str(found.warehouse),
        "period": found.period,
        "policy_id": found.policy_id,
        "months": [f"{one:%Y-%m}" for one in found.months],
        "enterprises": found.enterprises,
        "coverage": found.coverage.with_columns(month).to_dicts(),
        "towns": found.towns.with_columns(month).to_dicts(),
        "missing": found.missing.with_columns(pl.col("months").list.eval(pl.element().dt.strftime("%Y-%m"))).to_dicts(),
        "out_of_scope": found.out_of_scope.to_dicts(),
        "returns": found.returns.with_columns(pl.col("last").dt.strftime("%Y-%m")).to_dicts(),
        "refused": found.refused.to_dicts(),
        "problems": found.problems,
        "evaluation": _timed(found.evaluation),
        "last_run": _timed(found.last_run),
        "held_by": found.held_by,
    }


def _timed(row: dict[str, Any] | None) -> dict[str, Any] | None:
    """`row` with its times as text."""
    if row is None:
        return None
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
