"""Which file is the corrected successor of an earlier one, and what became of the problems it was returned with.

A file succeeds an earlier one of the same name whose bytes differ when both state the same form and period on a
sheet of the same name, or when nothing of the earlier one could be used. A file that merely reuses a name for
another month is no successor.
"""

from __future__ import annotations

import polars as pl

SUCCESSION: dict[str, pl.DataType] = {
    "file_name": pl.String(),
    "sha256": pl.String(),
    "earlier_sha256": pl.String(),
    "before": pl.Int64(),
    "mended": pl.Int64(),
    "left": pl.Int64(),
    "new": pl.Int64(),
}
"""One row per successor: the problems (errors and warnings) of the file it succeeds, and how they fared."""

_SAME = ["sheet", "cell", "field", "rule"]
"""What makes two problems the same one: the value may have changed and still be wrong in the same way."""


def succession(submissions: pl.DataFrame, problems: pl.DataFrame) -> pl.DataFrame:
    """Every successor among `submissions` (shape of intake.submissions), as a frame of shape `SUCCESSION`.

    `problems` are all problems of these submissions. A file that came in three versions gives two rows.
    """
    pairs = _pairs(submissions)
    found = problems.filter(pl.col("severity") != "note").select(
        pl.col("submission_id").str.head(12).alias("digest"), *_SAME
    )
    earlier = _of_files(found, pairs, "earlier_sha256")
    later = _of_files(found, pairs, "sha256")
    pair = ["file_name", "sha256", "earlier_sha256"]
    problem = [*pair, *_SAME]
    counts = {
        "before": earlier,
        "mended": earlier.join(later, on=problem, how="anti", nulls_equal=True),
        "left": earlier.join(later, on=problem, how="semi", nulls_equal=True),
        "new": later.join(earlier, on=problem, how="anti", nulls_equal=True),
    }
    for name, frame in counts.items():
        number = frame.group_by(pair).agg(pl.len().cast(pl.Int64).alias(name))
        pairs = pairs.join(number, on=pair, how="left", validate="1:1", maintain_order="left")
    return pairs.with_columns(pl.col(list(counts)).fill_null(0)).select(
        pl.col(name).cast(dtype) for name, dtype in SUCCESSION.items()
    )


def with_earlier_problems(problems: pl.DataFrame, stored: pl.DataFrame, submissions: pl.DataFrame) -> pl.DataFrame:
    """`problems` (PARSE_PROBLEMS) with those that earlier runs found in files that have been succeeded since.

    A figure that has been replaced is not checked for plausibility again, but its problem was reported, and counts
    among those before. `stored` has the shape of intake.problems.
    """
    succeeded = _pairs(submissions)["earlier_sha256"].str.head(12).unique()
    earlier = stored.filter(
        pl.col("submission_id").str.head(12).is_in(succeeded.implode()) & (pl.col("severity") != "note")
    )
    if earlier.is_empty():
        return problems
    shared = [name for name in problems.columns if name in stored.columns]
    gone = earlier.select(shared).join(problems, on=shared, how="anti", nulls_equal=True)
    return pl.concat([problems, gone.unique(maintain_order=True)], how="diagonal")


def open_problems(problems: pl.DataFrame, successors: pl.DataFrame) -> pl.DataFrame:
    """`problems` without those of files that have been succeeded: what is still to be corrected."""
    succeeded = successors["earlier_sha256"].str.head(12).unique()
    return problems.filter(~pl.col("submission_id").str.head(12).is_in(succeeded.implode()))


def _pairs(submissions: pl.DataFrame) -> pl.DataFrame:
    """`file_name`, `sha256`, `earlier_sha256` of each version of a file and the version before it."""
    versions = (
        submissions.group_by("file_name", "sha256")
        .agg(pl.col("arrival").min())
        .sort("file_name", "arrival")
        .with_columns(pl.col("sha256").shift(1).over("file_name").alias("earlier_sha256"))
        .drop_nulls("earlier_sha256")
        .drop("arrival")
    )
    states = submissions.select("file_name", "sha256", "sheet", "form", "period_label").drop_nulls("form").unique()
    same = ["file_name", "sheet", "form", "period_label"]
    alike = (
        versions.join(states, on=["file_name", "sha256"])
        .join(
            states.rename({"sha256": "earlier_sha256"}),
            on=[*same, "earlier_sha256"],
            nulls_equal=True,
            how="semi",
        )
        .select("file_name", "sha256", "earlier_sha256")
    )
    useless = submissions.group_by("file_name", "sha256").agg((pl.col("status") == "refused").all().alias("useless"))
    redone = versions.join(
        useless.filter("useless").rename({"sha256": "earlier_sha256"}), on=["file_name", "earlier_sha256"], how="semi"
    )
    either = pl.concat([alike, redone]).unique()
    return versions.join(either, on=versions.columns, how="semi", maintain_order="left")


def _of_files(found: pl.DataFrame, pairs: pl.DataFrame, side: str) -> pl.DataFrame:
    """The problems of the files on one side of `pairs`, each once."""
    return (
        pairs.with_columns(pl.col(side).str.head(12).alias("digest"))
        .join(found, on="digest", how="inner")
        .drop("digest")
        .unique()
    )
