"""The cells behind an enterprise's figures: file, sheet and cell of every stated figure that its indicators use."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Protocol

import polars as pl

from efficiency.periods import period_end
from efficiency.reference.tables import carrier_form_unit, electric_carriers
from schemas import DATED, FACTS, FEEDS, FORMS, Form
from schemas.profile import TOTALS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas import Column

_LEVELS = [word for word, fed in FEEDS.items() if any(column.figure == "level" for _, column, _ in fed)]

SOURCES = pl.Schema(
    {
        "measure": pl.String(), "title": pl.String(), "field": pl.String(), "carrier": pl.String(),
        "span_start": pl.Date(), "span_end": pl.Date(), "value": pl.Float64(), "unit": pl.String(),
        "file_name": pl.String(), "sheet": pl.String(), "cell": pl.String(), "submission_id": pl.String(),
        "earlier_version": pl.Boolean(),
    }
)  # fmt: skip
"""Shape of `source_cells`, one row per stated figure. `earlier_version`: see `with_versions`."""

_TITLES = {column.name: column.title for column in TOTALS}
_FIGURE = (
    "measure",
    "field",
    "carrier",
    "span_start",
    "span_end",
    "value",
    "unit",
    "submission_id",
    "sheet",
    "row",
    "block",
)


class Frames(Protocol):
    """Frames by qualified table name: the contents of a warehouse, or a plain dictionary."""

    def __getitem__(self, qualified: str, /) -> pl.DataFrame:
        """The frame of that table."""


def words_of(expressions: Iterable[str]) -> set[str]:
    """The columns of window totals that the expressions name."""
    return {word for text in expressions for word in re.findall(r"\w+", text)} & set(_TITLES)


def source_cells(frames: Frames, uscc: str, period: str, words: set[str]) -> pl.DataFrame:
    """Every stated figure that counts and is part of one of `words`, with file, sheet and cell (shape `SOURCES`).

    Flows of this year and last year, also after the period (a total that ends with it may be a later cumulative
    figure minus its later months); staff up to the period; land at its latest date not after it. Which of the flows
    make up a total depends on the policy's window.
    """
    end = period_end(period)
    level = pl.col("measure").is_in(_LEVELS)
    latest = pl.when(level).then(end).otherwise(date(end.year, 12, 31))
    # A level is of the month with which its span ends.
    earliest = pl.when(level).then("span_end").otherwise("span_start")
    figures = [part for form in FORMS.values() for part in _of_form(frames, form, uscc, words, end)]
    if not figures:
        return pl.DataFrame(schema=SOURCES)
    columns = frames["intake.columns"].select("submission_id", "block", "field", "column")
    files = frames["intake.submissions"].select("submission_id", "file_name", "earlier_version")
    return (
        pl.concat(figures)
        .filter(pl.col("measure").is_in(list(DATED)) | (earliest >= date(end.year - 1, 1, 1)))
        .filter(pl.col("span_end").is_null() | (pl.col("span_end") <= latest))
        .join(columns, on=["submission_id", "block", "field"], how="left", validate="m:1")
        .join(files, on="submission_id", how="left", validate="m:1")
        .with_columns(
            (pl.col("column") + pl.col("row").cast(pl.String)).alias("cell"),
            pl.col("measure").replace_strict(_TITLES, return_dtype=pl.String).alias("title"),
        )
        .select(SOURCES.names())
        .sort("measure", "carrier", "span_start", "span_end", nulls_last=True, maintain_order=True)
    )


def with_versions(submissions: pl.DataFrame) -> pl.DataFrame:
    """`submissions` with `earlier_version`: true where a later file has the same name and other contents.

    Figures that the later file does not state still count, and are found in the earlier file alone.
    """
    newest = pl.col("sha256").sort_by("arrival").last().over("file_name")
    return submissions.with_columns((pl.col("sha256") != newest).fill_null(value=False).alias("earlier_version"))


def counting(frames: Frames, table: str, uscc: str) -> pl.DataFrame:
    """The enterprise's rows of `table` that are not superseded."""
    return frames[table].filter(pl.col("uscc") == uscc, ~pl.col("superseded"))


def stated_places(frames: Frames, form: Form, rows: pl.DataFrame, field: str) -> pl.DataFrame:
    """`rows` (facts of `form` of one enterprise) with submission, sheet, row and block where `field` is stated.

    A correction is a row of its own, which repeats the figures that it does not correct: those are stated in the
    latest row with the same figure among the rows that the correction replaced.
    """
    if form.replaces == "figure":
        return rows
    place = ["submission_id", "sheet", "row", "block"]
    key = [name for name in form.statement_key if name != "uscc"]
    stated = (
        frames["intake.columns"]
        .filter(pl.col("field") == field)
        .select("submission_id", "block", pl.lit(value=True).alias("here"))
    )
    sheets = frames["intake.submissions"].select("submission_id", "form", "arrival")
    replaced = (
        frames[FACTS[form.id].qualified]
        .filter(pl.col("uscc").is_in(rows["uscc"].implode()), "superseded", pl.col(field).is_not_null())
        .join(stated, on=["submission_id", "block"], how="semi")
        .join(sheets, on="submission_id", how="left", validate="m:1")
        .sort("arrival")
        .unique([*key, field], keep="last", maintain_order=True)
        .select(*key, field, *(pl.col(name).alias(f"{name}_kept") for name in place))
    )
    kept = pl.col("here").is_null() & (pl.col("form") == "corrections") & pl.col("submission_id_kept").is_not_null()
    return (
        rows.join(stated, on=["submission_id", "block"], how="left", validate="m:1", maintain_order="left")
        .join(sheets, on="submission_id", how="left", validate="m:1", maintain_order="left")
        .join(replaced, on=[*key, field], how="left", nulls_equal=True, validate="m:1", maintain_order="left")
        .with_columns(pl.when(kept).then(pl.col(f"{name}_kept")).otherwise(pl.col(name)).alias(name) for name in place)
        .select(rows.columns)
    )


def _figures(rows: pl.DataFrame, field: str, word: str, unit: pl.Expr) -> pl.DataFrame:
    """One row per figure of `field` in `rows`, as part of the total `word`; carrier is null where rows have none."""
    carrier = pl.col("carrier") if "carrier" in rows.columns else pl.lit(None, dtype=pl.String).alias("carrier")
    return (
        rows.filter(pl.col(field).is_not_null())
        .with_columns(
            carrier,
            pl.lit(word).alias("measure"),
            pl.lit(field).alias("field"),
            pl.col(field).alias("value"),
            unit.alias("unit"),
        )
        .select(_FIGURE)
    )


def in_force(rows: pl.DataFrame, since: str, day: date) -> pl.DataFrame:
    """The row of one enterprise's `rows`, or the rows of its parts, in force on `day` by the date `since`, with that
    date as their span.
    """
    known = rows.filter(pl.col(since).is_null() | (pl.col(since) <= day)).sort(
        since, "submission_id", "row", nulls_last=False
    )
    return known.filter(pl.col(since).eq_missing(pl.col(since).last())).with_columns(
        pl.col(since).alias("span_start"), pl.col(since).alias("span_end")
    )


def _of_form(frames: Frames, form: Form, uscc: str, words: set[str], end: date) -> list[pl.DataFrame]:
    """The figures of one form that feed one of `words`, a frame for each column and word."""
    wanted = [(column, word) for column in form.columns for word, _ in column.feeds if word in words]
    if not wanted:
        return []
    rows = counting(frames, FACTS[form.id].qualified, uscc)
    if form.in_force_from:
        rows = in_force(rows, form.in_force_from, end)
    found = []
    for column, word in wanted:
        placed = stated_places(frames, form, rows, column.name)
        if word == "electricity":
            placed = placed.filter(pl.col("carrier").is_in(electric_carriers()))
        found.append(_figures(placed, column.name, word, unit_of(form, column)))
    return found


def unit_of(form: Form, column: Column) -> pl.Expr:
    """The unit of a figure of facts: the column's, or that in which the row's energy carrier is kept."""
    if form.named_by is None:
        return pl.lit(column.unit, dtype=pl.String)
    return pl.col(form.named_by).replace_strict(carrier_form_unit(), default=None, return_dtype=pl.String)
