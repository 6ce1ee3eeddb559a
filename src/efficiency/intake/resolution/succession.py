"""What became of the problems with which a file was returned, when a later one of its name has taken its place.

Which file succeeds which is decided in `efficiency.intake.resolution.standing`. The problems of a sheet that does not
count any more are those with which it was last published: its figures are not checked against others again.
"""

from __future__ import annotations

import polars as pl

from efficiency.intake.problems import RULES

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
_DIGEST = pl.col("submission_id").str.head(12)


def succession(submissions: pl.DataFrame, problems: pl.DataFrame) -> pl.DataFrame:
    """Every successor among `submissions` (shape of intake.submissions), as a frame of shape `SUCCESSION`.

    `problems` are all problems of these submissions. A file that came in three versions gives two rows.
    """
    pairs = _pairs(submissions)
    found = problems.filter(pl.col("severity") != "note").select(_DIGEST.alias("digest"), *_SAME)
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


def with_kept_problems(problems: pl.DataFrame, before: pl.DataFrame, submissions: pl.DataFrame) -> pl.DataFrame:
    """`problems` (PARSE_PROBLEMS) with those of sheets that do not count, as they were when the sheets last did.

    `before` (shape of intake.problems) are the problems on record before; of a sheet that has not counted for long it
    has those that were kept then. Reading finds its own problems in `problems` again.
    """
    left_out = submissions.filter(pl.col("left_out").is_not_null())["submission_id"]
    kept = before.filter(
        pl.col("submission_id").is_in(left_out.implode()) & (pl.col("severity") != "note") & _found_on_resolving()
    )
    if kept.is_empty():
        return problems
    return pl.concat([problems, kept.select(n for n in problems.columns if n in kept.columns)], how="diagonal")


def without_left_out(problems: pl.DataFrame, submissions: pl.DataFrame) -> pl.DataFrame:
    """`problems` without what resolving finds in sheets that do not count; what reading found in them stays."""
    left_out = submissions.filter(pl.col("left_out").is_not_null())["submission_id"]
    return problems.filter(~(pl.col("submission_id").is_in(left_out.implode()) & _found_on_resolving()))


def open_problems(problems: pl.DataFrame, submissions: pl.DataFrame) -> pl.DataFrame:
    """`problems` that are still to be corrected: without those of sheets that were succeeded or withdrawn.

    `submissions` has the shape of intake.submissions.
    """
    useless = _refused_and_redone(submissions)["earlier_sha256"]
    closed = (
        pl.col("left_out").is_not_null()
        | pl.col("succeeded_by").is_not_null()
        | pl.col("sha256").is_in(useless.implode())
    )
    sheets = submissions.filter(closed)["submission_id"]
    # A problem of a whole file is closed with the last of its sheets.
    files = submissions.group_by("sha256").agg(closed.all().alias("closed")).filter("closed")["sha256"].str.head(12)
    known = submissions["submission_id"]
    of_sheet = pl.col("submission_id").is_in(known.implode())
    done = (
        pl.when(of_sheet)
        .then(pl.col("submission_id").is_in(sheets.implode()))
        .otherwise(_DIGEST.is_in(files.implode()))
    )
    return problems.filter(~done)


def _found_on_resolving() -> pl.Expr:
    """Whether a problem depends on more than its sheet; also one of a rule that an earlier version of this had."""
    return ~pl.col("rule").is_in([rule for rule, known in RULES.items() if known.stage == "read"])


def _pairs(submissions: pl.DataFrame) -> pl.DataFrame:
    """`file_name`, `sha256`, `earlier_sha256` of each file and the version of it whose place it took."""
    files = submissions.group_by("sha256").agg(pl.col("arrival").min(), pl.col("file_name").first())
    places = submissions.select("submission_id", pl.col("sha256").alias("last"))
    succeeded = (
        submissions.filter(pl.col("succeeded_by").is_not_null())
        .select("sha256", pl.col("succeeded_by").alias("submission_id"))
        .join(places, on="submission_id", how="inner", validate="m:1")
        .select("sha256", "last")
        .unique(["sha256"], keep="first", maintain_order=True)
    )
    # The versions of one file, the one that has its place last: each succeeds the one before it.
    chain = pl.concat([succeeded, succeeded.select(pl.col("last").alias("sha256"), "last").unique()]).join(
        files, on="sha256", how="left", validate="m:1"
    )
    is_last = pl.col("sha256") == pl.col("last")
    steps = (
        chain.sort("last", is_last, "arrival")
        .with_columns(pl.col("sha256").shift(1).over("last").alias("earlier_sha256"))
        .drop_nulls("earlier_sha256")
        .select("file_name", "sha256", "earlier_sha256")
    )
    redone = _refused_and_redone(submissions).join(steps, on="earlier_sha256", how="anti")
    return pl.concat([steps, redone]).sort("file_name", "sha256", "earlier_sha256")


def _refused_and_redone(submissions: pl.DataFrame) -> pl.DataFrame:
    """`file_name`, `sha256`, `earlier_sha256` of each file of which nothing could be used and the next of its name."""
    return (
        submissions.group_by("file_name", "sha256")
        .agg(pl.col("arrival").min(), (pl.col("status") == "refused").all().alias("useless"))
        .sort("file_name", "arrival")
        .with_columns(
            pl.col("sha256").shift(1).over("file_name").alias("earlier_sha256"),
            pl.col("useless").shift(1).over("file_name").fill_null(value=False).alias("redone"),
        )
        .filter("redone")
        .select("file_name", "sha256", "earlier_sha256")
    )


def _of_files(found: pl.DataFrame, pairs: pl.DataFrame, side: str) -> pl.DataFrame:
    """The problems of the files on one side of `pairs`, each once."""
    return (
        pairs.with_columns(pl.col(side).str.head(12).alias("digest"))
        .join(found, on="digest", how="inner")
        .drop("digest")
        .unique()
    )
