"""Figures that were stated again: what each was, and what counts in its place now.

A case is one figure of one enterprise that was stated and counts no more, because a later sheet or an approved
correction states one of the same measure and span. A figure that was sent again unchanged is a case too, if anything
else changed between the two files: it was looked at and found right, while two files that state the same throughout,
as copies and tables of two forms do, show nothing. No case are figures of one file that repeat one another, sheets that
were withdrawn (they were no statement of this figure), what a correction of a month carries into longer figures, and
zeros, of which no ratio says how far off they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.resolution import find_target
from efficiency.reference.tables import electric_carriers
from schemas import FED_BY, FEEDS, FORMS
from schemas.column import PART
from schemas.corrections import CARRIED

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

    from schemas import Form

CASES = pl.Schema(
    {"measure": pl.String, "department": pl.String, "files": pl.String, "before": pl.Float64, "after": pl.Float64}
)
"""One row per figure stated again: the word of the profile that it is part of, the department that stated it first (the
first folder of its file's path, empty where there is none), the files that state both (digests), what it was, and what
counts now, in the same unit. Whether an unchanged one is a case shows when those of all enterprises are together."""
_BEFORE, _AFTER = "before", "after"


def restated(
    facts: Mapping[str, pl.DataFrame], submissions: pl.DataFrame, measures: Collection[str], until: date
) -> pl.DataFrame:
    """The cases (shape `CASES`) of `measures` among `facts` (form → rows) about the time up to `until`.

    `submissions` has submission_id, file_name and left_out of every sheet. A part of a figure is added to the others.
    """
    sheets = submissions.select(
        "submission_id",
        pl.when(pl.col("file_name").str.contains("/", literal=True))
        .then(pl.col("file_name").str.split("/").list.first())
        .otherwise(pl.lit(""))
        .alias("department"),
        (pl.col("left_out") == "withdrawn").fill_null(value=False).alias("_withdrawn"),
    )
    found = [pl.DataFrame(schema=CASES)]
    contested = {form: _contested(facts[form], FORMS[form]) for form in {FED_BY[measure] for measure in measures}}
    for measure in sorted(measures):
        form = FEEDS[measure][0][0]
        key = list(form.statement_key)
        cases = _stated_again(_statements(contested[form.id], measure, until), key, sheets)
        corrected = _corrected_alone(facts["corrections"], measure, until, cases, sheets)
        found += [some.select(pl.lit(measure).alias("measure"), *CASES.names()[1:]) for some in (cases, corrected)]
    return pl.concat(found)


def _contested(rows: pl.DataFrame, form: Form) -> pl.DataFrame:
    """The `rows` of a form that share their key with one that counts no more: few of many."""
    again = rows.filter("superseded").select(form.statement_key).unique()
    if again.is_empty():
        return rows.clear()
    return rows.join(again, on=form.statement_key, how="semi", nulls_equal=True, maintain_order="left")


def _statements(rows: pl.DataFrame, measure: str, until: date) -> pl.DataFrame:
    """What contested `rows` of a form state of `measure`: the form's key, submission_id, superseded, value.

    One row per key and file, whose parts are added up; none where all its parts state the same figure, which may be
    that of the whole.
    """
    fed = FEEDS[measure]
    form = fed[0][0]
    key = list(form.statement_key)
    first, *others = fed
    value = pl.col(first[1].name) * first[2] + sum(
        (pl.col(column.name).fill_null(0.0) * sign for _, column, sign in others), start=pl.lit(0.0)
    )
    time = form.in_force_from or ("span_end" if form.flow else None)
    in_time = (pl.col(time) <= until).fill_null(value=True) if time else pl.lit(value=True)
    part = pl.col(PART.name) if form.parts else pl.lit(None, dtype=pl.String)
    named = _electric() if measure == "electricity" else pl.lit(value=True)
    stated = rows.filter(in_time & named & ~part.fill_null("").str.starts_with(CARRIED)).select(
        *key, "submission_id", "superseded", part.alias("_part"), value.alias("value")
    )
    of_file = [*key, "_file", "superseded"]
    return (
        stated.drop_nulls("value")
        .with_columns(pl.col("submission_id").str.split("-").list.first().alias("_file"))
        .group_by(*of_file, "_part", maintain_order=True)
        .agg(pl.col("submission_id", "value").first())
        .group_by(of_file, maintain_order=True)
        .agg(
            pl.col("submission_id").first(),
            pl.col("value").sum(),
            ((pl.len() > 1) & (pl.col("value").n_unique() == 1)).alias("_alike"),
        )
        .filter(~pl.col("_alike"))
        .drop("_alike")
    )


def _electric() -> pl.Expr:
    """Whether the carrier is electricity."""
    return pl.col("carrier").is_in(electric_carriers())


def _stated_again(statements: pl.DataFrame, key: list[str], sheets: pl.DataFrame) -> pl.DataFrame:
    """The `statements` (`_statements`) that count no more, each with the one that counts: key, department, files,
    before, after.
    """
    if statements.is_empty():
        return statements.select(key).with_columns(
            pl.lit("").alias("department"),
            pl.lit("").alias("files"),
            pl.lit(0.0).alias(_BEFORE),
            pl.lit(0.0).alias(_AFTER),
        )
    counting = statements.filter(~pl.col("superseded")).select(
        *key, pl.col("_file").alias("_now"), pl.col("value").alias(_AFTER)
    )
    # Measures that replace one another one by one have one value a key; whatever has several is not compared.
    counting = counting.unique(key, keep="none")
    return (
        statements.filter("superseded")
        .join(counting, on=key, how="inner", nulls_equal=True, validate="m:1", maintain_order="left")
        .join(sheets, on="submission_id", how="left", validate="m:1", maintain_order="left")
        .filter((pl.col("_file") != pl.col("_now")) & ~pl.col("_withdrawn"))
        # The same wrong figure in two tables is one error.
        .sort(*key, "submission_id")
        .unique([*key, "value"], keep="first", maintain_order=True)
        .select(
            *key,
            "department",
            pl.concat_str("_file", "_now", separator=" ").alias("files"),
            pl.col("value").alias(_BEFORE),
            _AFTER,
        )
    )


def _corrected_alone(
    ledger: pl.DataFrame, measure: str, until: date, known: pl.DataFrame, sheets: pl.DataFrame
) -> pl.DataFrame:
    """Approved corrections of `measure` that state an 原值 of which the facts hold no superseded row.

    A correction of a month of which only longer figures were stated is such a one. `known`: the cases of the facts.
    """
    form = FEEDS[measure][0][0]
    key = form.statement_key
    ledger = ledger.filter(~pl.col("superseded") & pl.col("old").is_not_null() & (pl.col("span_end") <= until))
    if ledger.is_empty():
        return known.clear()
    named = [(text, _target(text, form, measure)) for text in ledger["field"].unique().sort()]
    targets = pl.DataFrame(
        [(text, carrier) for text, carrier in named if carrier is not None],
        schema={"field": pl.String, "_carrier": pl.String},
        orient="row",
    )
    carrier = [pl.col("_carrier").alias("carrier")] if "carrier" in key else []
    asked = (
        ledger.join(targets, on="field", how="inner", maintain_order="left")
        .with_columns(carrier)
        .join(sheets.filter(~pl.col("_withdrawn")), on="submission_id", how="inner", maintain_order="left")
    )
    # Of a figure without span, as an area, it is enough that the enterprise has a case.
    shared = [name for name in key if name in asked.columns]
    return asked.join(known, on=shared, how="anti", nulls_equal=True).select(
        *(pl.col(name) if name in shared else pl.lit(None, dtype=known.schema[name]).alias(name) for name in key),
        "department",
        pl.col("submission_id").alias("files"),
        pl.col("old").alias(_BEFORE),
        pl.col("new").alias(_AFTER),
    )


def _target(text: str, form: Form, measure: str) -> str | None:
    """The carrier that a correction's `text` names ("" where the figure has none); None if it names no part of it."""
    target = find_target(text)
    fields = {column.name for _, column, _ in FEEDS[measure]}
    if target is None or FORMS[target.form] is not form or target.field not in fields:
        return None
    if measure == "electricity" and target.carrier not in electric_carriers():
        return None
    return target.carrier or ""
