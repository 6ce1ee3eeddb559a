"""What each form states more than once, settled, and what the submitter is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.problems import locate, problem_rows, stated_text
from efficiency.intake.resolution import corrections, precedence
from schemas import FORMS
from schemas.output import MEASURES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from efficiency.intake.resolution.precedence import Settled

_MEASURES = tuple(measure.name for measure in MEASURES)
_STATES = {
    "land": corrections.AREAS,
    "output": _MEASURES,
    "energy": ("consumption",),
    "products": ("quantity", "energy_tce"),
    "corrections": ("new",),
}
"""Form → figures of which a row must state one to be a statement; rows of the other forms always are."""
POISONED = {"energy": ("consumption",)}
"""Form → figures that count no longer once any field of the row is in doubt: part of a total is no total."""
_NOT_COMPARED = {"uscc", "name", "unit"}

_REPLACED = {
    "form": pl.String(),
    "submission_id": pl.String(),
    "later_submission": pl.String(),
    "figures": pl.Int64(),
}


@dataclass(frozen=True, slots=True)
class Findings:
    """What settling some rows of one form has to tell submitters: problems of cells, and figures replaced since.

    `replaced` has one row per form, submission and later submission, with the number of `figures`.
    """

    problems: pl.DataFrame
    replaced: pl.DataFrame


def settle(form: str, rows: pl.DataFrame) -> Settled:
    """Settle what `form` states more than once."""
    declared = FORMS[form]
    key = [*declared.key, *(("span_start", "span_end") if declared.flow else ())]
    if form == "output":
        return precedence.settle_measures(rows, key, _MEASURES)
    return precedence.settle_rows(
        rows,
        key,
        [name for name in declared.names if name not in _NOT_COMPARED.union(declared.key)],
        figures=_STATES.get(form, ()),
        poisoned=POISONED.get(form, ()),
        qualifier="unit" if form == "products" else None,
        # A register is a list in which a later line is the newer one.
        last_row=form == "register",
    )


def settle_corrections(rows: pl.DataFrame) -> Settled:
    """Settle corrections of the same figure, however each calls it: the one approved last counts.

    A ledger may correct a figure again at a later date; only the same date makes it a contradiction.
    """
    approved = rows.with_columns(
        pl.struct(pl.col("approved").fill_null(date.min), "precedence").rank("dense").cast(pl.Int64).alias("precedence")
    )
    return precedence.settle_rows(
        approved, ["uscc", "target", "carrier", "span_start", "span_end"], ["new"], figures=["new"], within=["approved"]
    )


def states(form: str) -> pl.Expr:
    """Tell whether a row of `form` states a figure."""
    figures = _STATES.get(form, ())
    return pl.any_horizontal(pl.col(f).is_not_null() for f in figures) if figures else pl.lit(value=True)


def findings(form: str, outcome: Settled, submissions: pl.DataFrame, columns: pl.DataFrame) -> Findings:
    """What settling `form` leaves to tell: contradictions, repetitions, and what later sheets replaced."""
    here = pl.col("submission_id") == pl.col("later_submission")
    repeats = (
        outcome.replaced.filter(here & (pl.col("row") != pl.col("later_row")))
        .unique(["submission_id", "row"], keep="first", maintain_order=True)
        .join(
            submissions.select("submission_id", "file_name", "sheet"),
            on="submission_id",
            how="left",
            validate="m:1",
            maintain_order="left",
        )
        .with_columns(pl.col("later_row").cast(pl.String).alias("value"))
    )
    replaced = (
        outcome.replaced.filter(~here)
        .group_by("submission_id", "later_submission")
        .agg(pl.len().cast(pl.Int64).alias("figures"))
    )
    return Findings(
        pl.concat(
            [
                _conflicts(outcome.conflicts, submissions, columns),
                problem_rows("repeated_figure", repeats.filter(~pl.col("lent"))),
                problem_rows("completed_figure", repeats.filter("lent")),
            ]
        ),
        replaced.select(pl.lit(form).alias("form"), *list(_REPLACED)[1:]),
    )


def superseded(replaced: Iterable[pl.DataFrame], submissions: pl.DataFrame) -> pl.DataFrame:
    """Note each sheet of which later ones replaced figures; `replaced` are those of `Findings`."""
    files = submissions.select("submission_id", "file_name", "sheet")
    sheet = pl.when(pl.col("sheet") != "").then(pl.format("（{}）", "sheet")).otherwise(pl.lit(""))
    later = files.select(
        pl.col("submission_id").alias("later_submission"), pl.concat_str("file_name", sheet).alias("later")
    )
    newer = (
        pl.concat([pl.DataFrame(schema=_REPLACED), *replaced])
        .group_by("form", "submission_id", "later_submission")
        .agg(pl.col("figures").sum().cast(pl.String).alias("value"))
        .join(files, on="submission_id", how="left", validate="m:1")
        .join(later, on="later_submission", how="left", validate="m:1")
    )
    return problem_rows("superseded_figure", newer, {"later": pl.col("later")})


def _conflicts(cells: pl.DataFrame, submissions: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
    """Put an error on each cell that contradicts another one of its sheet."""
    text = pl.col("text").replace({"true": "是", "false": "否"})
    located = locate(cells, submissions, columns).with_columns(
        pl.coalesce(stated_text(pl.col("number")), text).alias("value")
    )
    others = pl.col("value").unique().sort().str.join("、").over("submission_id", "thing", "field")
    return problem_rows("conflict", located.with_columns(others.alias("others")), {"others": pl.col("others")})
