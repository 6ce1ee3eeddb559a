"""The register of objections: what was asked for, what became of it, and what it did. Frames in, frame out.

A correction that is asked for, then approved in a later version of its ledger, is one objection: the same figure of
the same enterprise and span with the same new value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.resolution import DECLINED, find_target, match
from schemas import (
    COLUMN_MAP,
    CORRECTIONS,
    ENTERPRISES,
    OBJECTIONS,
    RUN_EVALUATIONS,
    RUNS,
    SCORES,
    STATED,
    SUBMISSIONS,
)
from schemas.objections import PENDING

if TYPE_CHECKING:
    from efficiency.warehouse.schema import Contents

_SAME = ["who", "figure", "span_start", "span_end", "value"]
"""What makes two statements the same objection."""


def register(contents: Contents) -> pl.DataFrame:
    """Every objection in the shape of `schemas.OBJECTIONS`, by the time it was received."""
    if contents[STATED["corrections"].qualified]["field"].count() == 0:
        return OBJECTIONS.empty()
    rows = _identified(contents)
    last = rows.sort("arrival", "row", "block").unique(_SAME, keep="last", maintain_order=True)
    overall = rows.group_by(_SAME).agg(
        pl.col("received_at").min().alias("received"),
        pl.col("counts").any().alias("ever_counts"),
        pl.col("applied").any().alias("ever_applied"),
        (pl.col("applied") & pl.col("stands")).any().alias("applies"),
        pl.col("stands").any().alias("ever_stands"),
        pl.col("arrival").filter("applied").min().alias("applied_from"),
    )
    entries = last.join(overall, on=_SAME, how="left", nulls_equal=True, validate="1:1")
    state = (
        pl.when("ever_counts").then(pl.lit("accepted"))
        .when(pl.col("decision") == DECLINED).then(pl.lit("declined"))
        .when(pl.col("approved_by").is_null() & pl.col("usable") & pl.col("newest") & ~pl.col("applies"))
        .then(pl.lit(PENDING))
        .when(pl.col("ever_applied") & ~pl.col("ever_stands")).then(pl.lit("withdrawn"))
        .when("ever_applied").then(pl.lit("replaced"))
        .when(pl.col("approved_by").is_null() & pl.col("usable")).then(pl.lit("withdrawn"))
        .otherwise(pl.lit("refused"))
    )  # fmt: skip
    effective = (
        entries.with_columns(state.alias("state"))
        .join(_entered(contents), how="cross")
        .filter((pl.col("applied_from") <= pl.col("last_arrival")).fill_null(value=False))
    )
    # The first run in which it was applied, and the last period of that run.
    first = (
        effective.sort("sequence", "position")
        .unique([*_SAME, "sequence"], keep="last")
        .sort("sequence")
        .unique(_SAME, keep="first")
    )
    effects = first.select(*_SAME, "sequence", "period", "policy_id", pl.col("evaluation_id").alias("evaluation_after"))
    entries = entries.with_columns(state.alias("state")).join(
        _with_effect(effects, contents), on=_SAME, how="left", nulls_equal=True, validate="1:1"
    )
    entries = entries.with_columns(
        pl.coalesce(pl.col(name) * pl.col("factor"), pl.col(name)).alias(name) for name in ("old", "new")
    )
    return OBJECTIONS.conform(
        entries.sort("received", "arrival", "row", "block").select(pl.col(name) for name in OBJECTIONS.names)
    )


def _identified(contents: Contents) -> pl.DataFrame:
    """Every stated correction with who and which figure it means, and whether it was applied and counts."""
    rows = contents[STATED["corrections"].qualified].filter(pl.col("field").is_not_null())
    submissions = contents[SUBMISSIONS.qualified]
    enterprises = contents[ENTERPRISES.qualified].filter(~pl.col("superseded"))
    matched = match({"corrections": rows}, enterprises, submissions, contents[COLUMN_MAP.qualified])
    place = ["submission_id", "row", "block"]
    known = matched.rows["corrections"].select(*place, pl.col("uscc").alias("code"), pl.col("name").alias("registered"))
    targets = {name: find_target(name) for name in rows["field"].unique()}
    figures = pl.DataFrame(
        [(name, f"{t.form} {t.field} {t.carrier or ''}", t.factor) for name, t in targets.items() if t],
        schema={"field": pl.String, "figure": pl.String, "factor": pl.Float64},
        orient="row",
    )
    applied = contents[CORRECTIONS.qualified].select(
        *place, pl.lit(value=True).alias("applied"), (~pl.col("superseded")).alias("counts")
    )
    newest = submissions.filter(pl.col("arrival") == pl.col("arrival").max().over("file_name"))["sha256"]
    return (
        rows.join(known, on=place, how="left", validate="1:1")
        .join(figures, on="field", how="left", validate="m:1")
        .join(applied, on=place, how="left", validate="1:1")
        .join(
            submissions.select(
                "submission_id",
                "arrival",
                "received_at",
                pl.col("left_out").is_null().alias("stands"),
                (pl.col("sha256").is_in(newest.implode()) & pl.col("left_out").is_null()).alias("newest"),
            ),
            on="submission_id",
            how="left",
            validate="m:1",
        )
        .with_columns(
            pl.col("applied", "counts").fill_null(value=False),
            pl.all_horizontal(pl.col("code", "figure", "new").is_not_null()).alias("usable"),
            pl.coalesce("code", "uscc", "name").alias("who"),
            (pl.col("new") * pl.col("factor")).alias("value"),
            pl.coalesce("figure", "field").alias("figure"),
            pl.coalesce("code", "uscc").alias("uscc"),
            pl.coalesce("registered", "name").alias("name"),
        )
    )


def _entered(contents: Contents) -> pl.DataFrame:
    """Every evaluation of every run, with the last submission that the run knew."""
    runs = contents[RUNS.qualified].select("sequence", "last_arrival")
    return contents[RUN_EVALUATIONS.qualified].drop("run_id").join(runs, on="sequence", how="inner", validate="m:1")


def _with_effect(effects: pl.DataFrame, contents: Contents) -> pl.DataFrame:
    """`effects` with the evaluation before, what the enterprise had in both, and how many others changed their tier."""
    history = contents[RUN_EVALUATIONS.qualified].select(
        "period", "policy_id", pl.col("sequence").alias("earlier"), pl.col("evaluation_id").alias("evaluation_before")
    )
    before = (
        effects.join(history, on=["period", "policy_id"], how="inner")
        .filter(pl.col("earlier") < pl.col("sequence"))
        .sort("earlier")
        .unique(_SAME, keep="last")
        .select(*_SAME, "evaluation_before")
    )
    result = effects.join(before, on=_SAME, how="left", nulls_equal=True, validate="1:1")
    scores = contents[SCORES.qualified].select("evaluation_id", "uscc", "score", "rank", "tier")
    for side in ("before", "after"):
        own = scores.rename(
            {"evaluation_id": f"evaluation_{side}", "uscc": "who"}
            | {name: f"{name}_{side}" for name in ("score", "rank", "tier")}
        )
        result = result.join(own, on=[f"evaluation_{side}", "who"], how="left", validate="m:1")
    rows = [
        {"evaluation_before": a, "evaluation_after": b, "who": who, "others_moved": _tiers_changed(scores, a, b, who)}
        for a, b, who in result.select("evaluation_before", "evaluation_after", "who").unique().iter_rows()
        if a is not None
    ]
    counted = pl.DataFrame(
        rows,
        schema={
            "evaluation_before": pl.String,
            "evaluation_after": pl.String,
            "who": pl.String,
            "others_moved": pl.Int64,
        },
    )
    return result.join(counted, on=["evaluation_before", "evaluation_after", "who"], how="left", validate="m:1").drop(
        "sequence", "policy_id"
    )


def _tiers_changed(scores: pl.DataFrame, before: str, after: str, who: str) -> int:
    """Enterprises other than `who` whose tier differs between the two evaluations."""
    of = pl.col("evaluation_id")
    return (
        scores.filter(of == before)
        .join(scores.filter(of == after), on="uscc", how="full", coalesce=True, suffix="_after", validate="1:1")
        .filter((pl.col("uscc") != who) & pl.col("tier").ne_missing(pl.col("tier_after")))
        .height
    )
