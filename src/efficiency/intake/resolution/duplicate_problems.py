"""Problems of statements that do not count: conflicts, repetitions, and what later sheets replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.problems import locate, problem_rows, stated_text
from efficiency.intake.resolution.identity import fold, former_names
from efficiency.parts import has_parts, sheet_of
from schemas import FORMS
from schemas.column import PART

if TYPE_CHECKING:
    from collections.abc import Iterable

    from efficiency.intake.resolution.precedence import Deduplicated

_TELL_APART = "如是应当相加的不同部分，请增加一列（如“宗地编号”“户号”“征收项目”）加以区分，或填写合计行后重新报送。"
REPLACED_SINCE = {
    "form": pl.String(),
    "submission_id": pl.String(),
    "later_submission": pl.String(),
    "figures": pl.Int64(),
}
"""One row per form, sheet and later sheet: how many figures of the one the other replaced."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What is to be reported of rows that do not count."""

    problems: pl.DataFrame
    """Shape `efficiency.intake.problems.PARSE_PROBLEMS`."""
    replaced: pl.DataFrame
    """Shape `REPLACED_SINCE`; `superseded` makes the notes of it, once for all partitions."""


def findings(form: str, outcome: Deduplicated, submissions: pl.DataFrame, columns: pl.DataFrame) -> Findings:
    """The problems of the rows of `form` that do not count; `submissions` and `columns` are those of `LookupTables`."""
    here = sheet_of(pl.col("submission_id")) == sheet_of(pl.col("later_submission"))
    another = (pl.col("row") != pl.col("later_row")) | (pl.col("submission_id") != pl.col("later_submission"))
    repeats = locate(
        outcome.replaced.filter(here & another).unique(
            ["submission_id", "row", "field", "once"], keep="first", maintain_order=True
        ),
        submissions,
        columns,
    ).with_columns(pl.col("later_row").cast(pl.String).alias("value"))
    of_whole = pl.col("submission_id").is_null()
    if FORMS[form].parts and repeats.height and has_parts(outcome.rows):
        beside = _whole_beside_parts(repeats, outcome.rows)
        repeats = repeats.with_columns(pl.Series("_beside", beside))
        of_whole = pl.col("_beside")
    hint = _TELL_APART if FORMS[form].parts else ""
    in_parts = FORMS[form].parts and not FORMS[form].all_or_nothing and not FORMS[form].quantity_unit
    # A row that repeats another is told once; a figure of the whole, at each of its cells.
    same = ~pl.col("lent") & ~pl.col("once") & pl.struct("submission_id", "row", "lent", "once").is_first_distinct()
    replaced = (
        outcome.replaced.filter(~here)
        .group_by("submission_id", "later_submission")
        .agg(pl.len().cast(pl.Int64).alias("figures"))
    )
    return Findings(
        pl.concat(
            [
                _conflicts(outcome.conflicts, submissions, columns, hint),
                _incomplete(outcome.incomplete, submissions, columns),
                problem_rows("repeated_figure", repeats.filter(same & ~of_whole), {"hint": pl.lit(hint)}),
                problem_rows("whole_beside_parts", repeats.filter(same & of_whole)),
                problem_rows("counted_once", repeats.filter("once")),
                problem_rows(
                    "completed_figure",
                    repeats.filter("lent").unique(["submission_id", "row"], maintain_order=True),
                    {"hint": pl.lit("") if in_parts else pl.format("来源记在第 {} 行。", "value")},
                ),
            ]
        ),
        replaced.select(pl.lit(form).alias("form"), *list(REPLACED_SINCE)[1:]),
    )


def _whole_beside_parts(repeats: pl.DataFrame, rows: pl.DataFrame) -> pl.Series:
    """Whether each of `repeats` states in parts what the other table states as a whole, or the reverse.

    Both are counted once only where they agree; `rows` are the deduplicated ones.
    """
    of_part = rows.group_by("submission_id", "row").agg(pl.col(PART.name).is_not_null().any().alias("part"))
    later = of_part.rename({"submission_id": "later_submission", "row": "later_row", "part": "later_part"})
    joined = repeats.join(of_part, on=["submission_id", "row"], how="left", maintain_order="left").join(
        later, on=["later_submission", "later_row"], how="left", maintain_order="left"
    )
    return joined.select((pl.col("part") != pl.col("later_part")).fill_null(value=False)).to_series()


def renamed(register: pl.DataFrame, submissions: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
    """`code_renamed` at each row that counts whose code an earlier sheet gives another name, if it is no former one.

    `register` are the deduplicated rows, `submissions` and `columns` those of `LookupTables`.
    """
    counting = register.filter(~pl.col("superseded"))
    before = register.filter("superseded").select(
        "uscc", pl.col("name").alias("before"), pl.col("submission_id").alias("earlier"), "precedence"
    )
    known = pl.concat([counting.with_columns(fold(pl.col("name")).alias("alias")), former_names(counting)])
    others = (
        before.with_columns(fold(pl.col("before")).alias("alias"))
        .join(known.select("uscc", "alias"), on=["uscc", "alias"], how="anti")
        .sort("precedence", descending=True)
        .unique("uscc", keep="first")
        .join(submissions.select(pl.col("submission_id").alias("earlier"), called().alias("other")), on="earlier")
    )
    found = counting.drop("precedence").join(others.select("uscc", "before", "other"), on="uscc", how="inner")
    located = locate(found.with_columns(pl.lit("name").alias("field")), submissions, columns)
    return problem_rows(
        "code_renamed",
        located.with_columns(pl.col("name").alias("value")),
        {"before": pl.col("before"), "other": pl.col("other")},
    )


def called() -> pl.Expr:
    """A sheet as messages name it: its file, and the sheet in brackets where it has a name."""
    sheet = pl.when(pl.col("sheet") != "").then(pl.format("（{}）", "sheet")).otherwise(pl.lit(""))
    return pl.concat_str("file_name", sheet)


def superseded(replaced: Iterable[pl.DataFrame], submissions: pl.DataFrame) -> pl.DataFrame:
    """A note on each sheet of which later ones replaced figures; `replaced` are frames of shape `REPLACED_SINCE`."""
    files = submissions.select("submission_id", "file_name", "sheet")
    later = files.select(pl.col("submission_id").alias("later_submission"), called().alias("later"))
    newer = (
        pl.concat([pl.DataFrame(schema=REPLACED_SINCE), *replaced])
        .group_by("form", "submission_id", "later_submission")
        .agg(pl.col("figures").sum().cast(pl.String).alias("value"))
        .join(files, on="submission_id", how="left", validate="m:1")
        .join(later, on="later_submission", how="left", validate="m:1")
    )
    return problem_rows("superseded_figure", newer, {"later": pl.col("later")})


def _conflicts(cells: pl.DataFrame, submissions: pl.DataFrame, columns: pl.DataFrame, hint: str) -> pl.DataFrame:
    """An error on each cell that conflicts with another of its sheet; `cells` has the shape `precedence.CONFLICTS`.

    `hint` is what to do where both are meant.
    """
    text = pl.col("text").replace({"true": "是", "false": "否"})
    located = locate(cells, submissions, columns).with_columns(
        pl.coalesce(stated_text(pl.col("number")), text).alias("value")
    )
    others = pl.col("value").unique().sort().str.join("、").over("thing", "field")
    return problem_rows(
        "conflict", located.with_columns(others.alias("others")), {"others": pl.col("others"), "hint": pl.lit(hint)}
    )


def _incomplete(cells: pl.DataFrame, submissions: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
    """An error on each part of a figure of which another part conflicts (shape `precedence.CONFLICTS`)."""
    located = locate(cells, submissions, columns).with_columns(stated_text(pl.col("number")).alias("value"))
    return problem_rows("part_missing", located)
