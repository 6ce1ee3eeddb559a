"""Which corrections are approved, complete and name a known figure; which are declined, and which are still pending."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from efficiency.intake.problems import locate, problem_rows
from efficiency.intake.resolution.corrections.targets import targets

DECLINED = "不同意"
"""The decision under which a correction is registered and not applied."""


@dataclass(frozen=True, slots=True)
class Screened:
    """Approved corrections, and what became of the others."""

    rows: pl.DataFrame
    """The stated columns with target_form, target (field), carrier and unit; new and old are in the target's canonical
    unit, `unit` is the one in which they were stated."""
    rejected: pl.DataFrame
    """Source rows: submission_id, row."""
    pending: pl.DataFrame
    """`uscc` of each that could be applied, and that nobody has approved or declined in this ledger or another."""
    problems: pl.DataFrame


def screen(
    rows: pl.DataFrame, refused_cells: pl.DataFrame, submissions: pl.DataFrame, columns: pl.DataFrame
) -> Screened:
    """Keep the corrections that are approved, complete and name a known figure.

    `rows`: matched rows of the form, with `precedence`. `refused_cells` are the cells (submission_id, row, field) that
    reading refused, so that an empty value in such a row is not reported again. A row whose decision cannot be read is
    not approved; one that a later ledger declines is approved no longer.
    """
    named = rows.join(
        targets(rows["field"].drop_nulls().unique().sort()),
        on="field",
        how="left",
        validate="m:1",
        maintain_order="left",
    )
    incomplete = {
        "field": ("更正指标", pl.col("field").is_null()),
        "new": ("更正值", pl.col("new").is_null()),
        "approved_by": ("审批人", pl.col("approved_by").is_null()),
    }
    unnamed = pl.col("field").is_not_null() & pl.col("target").is_null()
    declined = (pl.col("decision") == DECLINED).fill_null(value=False)
    place = pl.struct("submission_id", "row")
    unreadable = place.is_in(refused_cells.filter(pl.col("field") == "decision").select(place.implode()).to_series())
    lacks = pl.any_horizontal(condition for _, condition in incomplete.values())
    same = ["uscc", "target", "carrier", "span_start", "span_end", (pl.col("new") * pl.col("factor")).round(9)]
    declined_last = pl.when(declined).then("precedence").max().over(same)
    revoked = (~declined & ~lacks & (pl.col("precedence") < declined_last)).fill_null(value=False)
    refused = pl.any_horizontal(unnamed, declined, unreadable, lacks, revoked)
    asked = pl.col("approved_by").is_null() & pl.all_horizontal(pl.col("target", "new").is_not_null())
    pending = asked & ~declined & (pl.col("precedence") > declined_last.fill_null(0)) & refused.all().over(same)
    problems = [
        problem_rows(
            rule,
            locate(
                named.filter(condition).with_columns(pl.col(field).alias("value"), pl.lit(field).alias("field")),
                submissions,
                columns,
            ),
        )
        for rule, field, condition in (
            ("correction_field_unknown", "field", unnamed),
            ("correction_declined", "decision", declined),
            ("correction_revoked", "approved_by", revoked),
        )
    ]
    for field, (title, condition) in incomplete.items():
        lacking = named.filter(condition & ~declined).with_columns(pl.lit(field).alias("field"))
        if field == "new":
            lacking = lacking.join(refused_cells, on=["submission_id", "row"], how="anti")
        problems.append(
            problem_rows("correction_incomplete", locate(lacking, submissions, columns), {"missing": pl.lit(title)})
        )
    return Screened(
        named.filter(~refused).with_columns(pl.col("new", "old") * pl.col("factor")).drop("factor"),
        named.filter(refused).select("submission_id", "row"),
        named.filter(pending).select("uscc"),
        pl.concat(problems),
    )
