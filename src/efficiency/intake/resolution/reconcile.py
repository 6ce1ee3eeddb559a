"""Reconciliation: every row that was read is counted once, and a run in which one is not publishes nothing.

Each count is taken from its own evidence, none is what the others leave: totals, notes, blanks and rows without
anything usable from reading; accepted and superseded rows from the facts; rows refused while resolving from the steps
that refused them. A row lost between two steps is in no count.
"""

from __future__ import annotations

import polars as pl

from efficiency.partitions import first_of_run

SOURCE_ROW = {"submission_id": pl.String(), "row": pl.Int64()}
"""One row per row of a sheet, as those that a step refuses."""
OUTCOMES = {**SOURCE_ROW, "outcome": pl.String()}
"""One row per statement: its source row, and whether it was accepted, superseded, rejected or waits."""

_RANK = {"superseded": 0, "waiting": 1, "rejected": 2, "accepted": 3}
"""A row is accepted if any of its figures counts, superseded if all are replaced or repeated, waiting if the register
refuses its enterprise, else rejected."""


def outcomes(rows: pl.DataFrame, outcome: pl.Expr | str) -> pl.DataFrame:
    """Evidence (shape `OUTCOMES`) of `rows` (submission_id, row): a fixed `outcome`, or an expression over them."""
    came_to = pl.lit(outcome) if isinstance(outcome, str) else outcome
    return rows.select(pl.col("submission_id"), pl.col("row").cast(pl.Int64), came_to.cast(pl.String).alias("outcome"))


def counted(evidence: pl.DataFrame) -> pl.DataFrame:
    """One row per submission: submission_id and the number of its source rows of each outcome (`_accepted` …).

    A row of a sheet may make several statements; the best of their outcomes is the row's.
    """
    rank = pl.col("outcome").replace_strict(_RANK, return_dtype=pl.Int8)
    # The statements of a row mostly follow one another and come to the same.
    few = evidence.filter(first_of_run(OUTCOMES))
    per_row = (
        few.select("submission_id", "row", rank.alias("rank"))
        .group_by("submission_id", "row")
        .agg(pl.col("rank").max())
    )
    return per_row.group_by("submission_id").agg(
        (pl.col("rank") == value).sum().cast(pl.Int64).alias(f"_{outcome}") for outcome, value in _RANK.items()
    )


def reconcile(submissions: pl.DataFrame, counts: pl.DataFrame, problems: pl.DataFrame) -> pl.DataFrame:
    """`submissions` with rows_accepted, rows_rejected, rows_superseded and status.

    `rows_unusable` must hold what reading refused. `counts` are those of `counted`, several for a submission whose rows
    were resolved in partitions. A submission is `refused` when none of its rows counts or ever counted, `partly` when a
    row or cell of it was refused or a row waits for the register, else `accepted`. Rows that wait are among the
    rejected ones: they do not count as yet.
    """
    counts = counts.group_by("submission_id").agg(pl.col(f"_{outcome}").sum() for outcome in _RANK)
    errors = (
        problems.filter(pl.col("severity") == "error")
        .select("submission_id")
        .unique()
        .with_columns(pl.lit(True).alias("_error"))
    )
    counted = (
        submissions.drop("rows_accepted", "rows_rejected", "rows_superseded", "status", strict=False)
        .join(counts, on="submission_id", how="left", validate="1:1", maintain_order="left")
        .join(errors, on="submission_id", how="left", validate="1:1", maintain_order="left")
        .with_columns(
            pl.col("_accepted").fill_null(0).alias("rows_accepted"),
            (pl.col("_rejected").fill_null(0) + pl.col("_waiting").fill_null(0) + pl.col("rows_unusable")).alias(
                "rows_rejected"
            ),
            pl.col("_superseded").fill_null(0).alias("rows_superseded"),
        )
    )
    nothing = (pl.col("rows_accepted") == 0) & (pl.col("rows_superseded") == 0)
    waits = pl.col("_waiting").fill_null(0) > 0
    refused = (pl.col("rows_rejected") > pl.col("_waiting").fill_null(0)) | pl.col("_error").fill_null(False)
    return counted.with_columns(
        pl.when(pl.col("form").is_null() | (nothing & refused & ~waits))
        .then(pl.lit("refused"))
        .when(refused | waits)
        .then(pl.lit("partly"))
        .otherwise(pl.lit("accepted"))
        .alias("status")
    ).drop("_error", *(f"_{outcome}" for outcome in _RANK))


def unbalanced(submissions: pl.DataFrame) -> pl.DataFrame:
    """The submissions whose rows are not each counted once, with `unaccounted` (negative: counted twice)."""
    accounted = pl.sum_horizontal(
        "rows_accepted", "rows_rejected", "rows_superseded", "rows_totals", "rows_notes", "rows_blank"
    )
    return submissions.with_columns((pl.col("rows_total") - accounted).alias("unaccounted")).filter(
        pl.col("unaccounted") != 0
    )


def receipts(submissions: pl.DataFrame) -> list[dict[str, object]]:
    """A receipt for each sheet: the file's digest, the form it was recognised as, and what became of its rows."""
    return submissions.select(
        "submission_id", "file_name", "sha256", "sheet", "form", "period_label", "status",
        *(name for name in submissions.columns if name.startswith("rows_")),
    ).to_dicts()  # fmt: skip
