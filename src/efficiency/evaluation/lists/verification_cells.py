"""The cells behind each verification: file, sheet and cell of the stated figures that it looks at.

What is computed from many figures, as scores and tiers are, has its cells on the enterprise's score card.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

import polars as pl

from efficiency.facts.enterprise import is_open
from efficiency.reference.tables import electric_carriers
from schemas import FORMS
from schemas.profile import INCIDENTS

SHOWN = 6
"""Cells that one verification names at most; of more there is the number."""
_SURVEYED = {
    "visited": "visited",
    "months_since_visit": "visited",
    **{name: name for name in ("tech_level", "willingness", "project_kind", "investment")},
}
"""Word of the profile → the field of a visit that states it."""
_REGISTERED = {
    "months_since_commissioned": "commissioned",
    "industry_division": "industry",
    **{column.name: column.name for column in FORMS["register"].columns if column.name not in ("uscc", "name")},
}
_REPORTED = {"months_without_revenue": ("output", "revenue"), "months_without_electricity": ("energy", "consumption")}
"""Word of the profile → form and field whose figure of the period's month decides it."""
_PLACE = ("uscc", "word", "field", "submission_id", "sheet", "row", "block")


def with_source_cells(
    rows: pl.DataFrame,
    facts: Mapping[str, pl.DataFrame],
    columns: pl.DataFrame,
    submissions: pl.DataFrame,
    day: date,
) -> pl.DataFrame:
    """`rows` (shape of `verifications`) with `source_cell` for the enterprises of `facts`, as known on `day`.

    `facts`: the facts of each form; `columns` and `submissions`: intake.columns and intake.submissions.
    """
    asked = rows.select("uscc", pl.col("columns").str.split("、").alias("word")).explode("word").unique()
    places = list(_places(facts, asked, day))
    if not places:
        return rows
    named = (
        pl.concat(places)
        .join(columns.select("submission_id", "block", "field", "column"), on=["submission_id", "block", "field"])
        .join(submissions.select("submission_id", "file_name"), on="submission_id")
        .sort("uscc", "word", "file_name", "sheet", "row")
        .with_columns(pl.format("{} [{}] {}{}", "file_name", "sheet", "column", "row").alias("cell"))
        .group_by("uscc", "word", maintain_order=True)
        .agg(pl.col("cell").unique(maintain_order=True))
    )
    key = ["uscc", "list", "number"]
    cells = (
        rows.select(*key, pl.col("columns").str.split("、").alias("word"))
        .explode("word")
        .join(named, on=["uscc", "word"], maintain_order="left")
        .explode("cell")
        .group_by(key, maintain_order=True)
        .agg(pl.col("cell").unique(maintain_order=True))
        .with_columns(pl.col("cell").list.len().alias("count"))
    )
    shown = pl.col("cell").list.head(SHOWN).list.join("；")
    more = pl.format("{}；等{}处", shown, "count")
    text = cells.select(*key, pl.when(pl.col("count") > SHOWN).then(more).otherwise(shown).alias("found"))
    return (
        rows.join(text, on=key, how="left", validate="1:1", maintain_order="left")
        .with_columns(pl.coalesce("found", "source_cell").alias("source_cell"))
        .drop("found")
    )


def forms_looked_at(rows: pl.DataFrame) -> set[str]:
    """The forms whose facts `with_source_cells` reads for `rows`: a province's energy is not read for nothing."""
    words = set(rows["columns"].str.split("、").explode())
    forms = {
        "survey": words & _SURVEYED.keys(),
        "incidents": words & {"open_incidents", *INCIDENTS},
        "register": words & _REGISTERED.keys(),
    }
    return {form for form, own in forms.items() if own} | {_REPORTED[word][0] for word in words & _REPORTED.keys()}


def _places(facts: Mapping[str, pl.DataFrame], asked: pl.DataFrame, day: date) -> Iterator[pl.DataFrame]:
    """Where each word is stated of the enterprises that are asked for, a frame with `_PLACE` for each word."""
    of_whom = asked.select("uscc").unique()
    words = set(asked["word"])

    def counting(form: str) -> pl.DataFrame:
        return facts[form].filter(~pl.col("superseded")).join(of_whom, on="uscc", how="semi")

    def placed(rows: pl.DataFrame, word: str, field: str) -> pl.DataFrame:
        return rows.with_columns(pl.lit(word).alias("word"), pl.lit(field).alias("field")).select(_PLACE)

    for word in sorted(words & _SURVEYED.keys()):
        field = _SURVEYED[word]
        known = counting("survey").filter(
            pl.col("visited").is_null() | (pl.col("visited") <= day), pl.col(field).is_not_null()
        )
        latest = pl.col("visited").fill_null(date.min)
        yield placed(known.filter(latest == latest.max().over("uscc")), word, field)
    for word in sorted(words & {"open_incidents", *INCIDENTS}):
        kinds = [INCIDENTS[word][0]] if word in INCIDENTS else None
        found = counting("incidents").filter(is_open(day))
        yield placed(found if kinds is None else found.filter(pl.col("kind").is_in(kinds)), word, "date")
    for word in sorted(words & _REGISTERED.keys()):
        field = _REGISTERED[word]
        yield placed(counting("register").filter(pl.col(field).is_not_null()), word, field)
    for word in sorted(words & _REPORTED.keys()):
        form, field = _REPORTED[word]
        rows = counting(form).filter(pl.col("span_end") == day.replace(day=1), pl.col(field).is_not_null())
        if form == "energy":
            rows = rows.filter(pl.col("carrier").is_in(electric_carriers()))
        yield placed(rows, word, field)
