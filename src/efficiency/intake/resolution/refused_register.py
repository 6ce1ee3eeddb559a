"""Register rows that are refused, and the figures of other files that wait until their enterprise is registered.

A mistake in the register is reported there alone. What other files state of that enterprise is kept as stated, belongs
to nobody, and is counted in the register's message; it counts as soon as the register is mended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.problems import locate, problem_rows
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Sequence

WAITING = {
    "group": pl.UInt32(),
    "submission_id": pl.String(),
    "row": pl.Int64(),
    "figures": pl.Int64(),
}
"""One row per source row of an enterprise that the register refused: `group` is that of `refused_rows`."""


def refused_rows(rows: pl.DataFrame, alias: pl.Expr, submissions: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
    """The refused `rows` of the register, located, with `group`: the same for rows of the same code and name.

    `rows` have the columns of the register's stated table, field, value, and the words of their problem: rule (null
    where reading has reported it), hint, missing, others. `alias` is the name as names are compared; rows whose problem
    is that they give one code different names are of one group.
    """
    name = pl.when(pl.col("rule").fill_null("") != "conflict").then(alias).fill_null("")
    same = pl.struct(pl.col("uscc").fill_null(""), name)
    return locate(rows, submissions, columns).with_columns(same.rank("dense").cast(pl.UInt32).alias("group"))


def waiting_rows(form: str, rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` of `form` (with `group`) in the shape `WAITING`: how many figures of each row wait, at least the row."""
    figures = FORMS[form].figures
    stated = pl.sum_horizontal(pl.col(name).is_not_null() for name in figures) if figures else pl.lit(1)
    return rows.select("group", "submission_id", "row", pl.max_horizontal(stated, 1).cast(pl.Int64).alias("figures"))


def register_problems(
    refused: pl.DataFrame, waiting: Sequence[pl.DataFrame], submissions: pl.DataFrame
) -> pl.DataFrame:
    """The problems of the `refused` rows (see `refused_rows`), each with how much waits for it in other files."""
    files = submissions.select("submission_id", "file_name")
    counts = (
        pl.concat([pl.DataFrame(schema=WAITING), *waiting])
        .join(files, on="submission_id", how="left", validate="m:1")
        .group_by("group", "file_name")
        .agg(pl.col("figures").sum())
    )
    waits = (
        refused.select("group", "file_name")
        .unique()
        .join(counts.rename({"file_name": "other"}), on="group")
        .filter(pl.col("other") != pl.col("file_name"))
        .group_by("group", "file_name")
        .agg(pl.len().alias("files"), pl.col("figures").sum())
    )
    sentence = pl.format("该企业另有 {} 份文件的 {} 项数据在等待，名录改正后自动计入。", "files", "figures")
    with_counts = refused.join(
        waits.with_columns(sentence.alias("waits")),
        on=["group", "file_name"],
        how="left",
        validate="m:1",
        maintain_order="left",
    )
    hint = {"hint": pl.concat_str(pl.col("hint").fill_null(""), pl.col("waits").fill_null(""))}
    of_rule = {
        rule: with_counts.filter(pl.col("rule") == rule) for rule in ("uscc_invalid", "enterprise_missing", "conflict")
    }
    read = with_counts.filter(pl.col("rule").is_null() & pl.col("waits").is_not_null())
    return pl.concat(
        [
            problem_rows("uscc_invalid", of_rule["uscc_invalid"], hint),
            problem_rows("enterprise_missing", of_rule["enterprise_missing"], hint | {"missing": pl.col("missing")}),
            problem_rows("conflict", of_rule["conflict"], hint | {"others": pl.col("others")}),
            problem_rows("register_waited_for", read, hint),
        ]
    )
