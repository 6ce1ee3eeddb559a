"""A correction of a month is carried into the longer figures of its year that contain it and were filed before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.problems import EMPTY, locate, problem_rows
from efficiency.intake.resolution.corrections.applying import OLD, block

if TYPE_CHECKING:
    from schemas import Form

CARRIED = "申诉更正"
"""Beginning of `part` of what corrections of months carry into a longer figure: +更正值 and −the figure it replaces."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What corrections of months carry into longer figures that contain the month."""

    rows: pl.DataFrame
    """The rows given, in which such a figure is a part of what it is with the corrections."""
    added: pl.DataFrame
    """Rows of the same shape, parts too: the corrections, and with the opposite sign the figures that they replace."""
    problems: pl.DataFrame
    """Corrections that should be carried and whose difference is not known."""


def carry(
    form: Form, facts: pl.DataFrame, corrections: pl.DataFrame, sheets: pl.DataFrame, columns: pl.DataFrame
) -> Carried:
    """Carry the `corrections` of a month into the figures of `form` that contain it and were filed before.

    `facts` are deduplicated and corrected, with `superseded`; `sheets` are the submissions with their `precedence`.
    Those figures of several months of the same year are meant that were filed, else arrived, before the correction was
    approved: later ones contain it. The difference is that to the month's figure that the correction replaces, else to
    原值; where neither is known it is a problem.
    """
    filed = _filed(sheets)
    months = corrections.filter((pl.col("target_form") == form.id) & (pl.col("span_start") == pl.col("span_end"))).join(
        filed, on="submission_id", how="left", validate="m:1"
    )
    rows, added, problems = facts, [facts.clear()], [EMPTY]
    for field in form.correctable if form.flow and months.height else ():
        of_field = months.filter(pl.col("target") == field)
        if form.column(field).figure != "flow" or of_field.is_empty():
            continue
        pairs = _containing(form, _longer(form, rows, field, corrections, filed), of_field)
        if pairs.is_empty():
            continue
        replaced = _replaced_figures(form, facts, field, of_field, sheets)
        place = ["submission_id", "row"]
        known = of_field.join(replaced.select(place).unique(), on=place, how="semi")
        from_old = of_field.join(known, on=place, how="anti").filter(pl.col("old").is_not_null())
        lost = of_field.join(pl.concat([known, from_old]), on=place, how="anti").join(pairs, on=place, how="semi")
        located = locate(lost.with_columns(pl.lit("old").alias("field")), sheets, columns)
        problems.append(problem_rows("correction_not_carried", located))
        pairs = pairs.join(lost, on=place, how="anti")
        label = pl.concat_str(pl.lit(f"{CARRIED} "), pl.col("span_start").dt.strftime("%Y-%m"))
        new = of_field.with_columns(pl.col("new").alias(field), block().alias("block"), label.alias("part"))
        old = from_old.with_columns((-pl.col("old")).alias(field), (block() + OLD).alias("block"))
        added += [
            _as_parts(form, field, part, pairs, rows)
            for part in (
                new,
                old.with_columns(pl.concat_str(label, pl.lit(" 原值")).alias("part")),
                replaced.with_columns(
                    pl.concat_str(label, pl.lit(" 原报"), pl.col("part").fill_null("")).alias("part")
                ),
            )
        ]
        rows = _as_first_part(form, field, rows, pairs)
    return Carried(rows, pl.concat(added), pl.concat(problems))


def _filed(submissions: pl.DataFrame) -> pl.DataFrame:
    """The day on which each sheet was filed, else its file was last changed or arrived: submission_id, filed."""
    arrived = pl.col("received_at").dt.convert_time_zone("Asia/Shanghai").dt.date()
    written = pl.col("file_date") if "file_date" in submissions.columns else pl.lit(None, dtype=pl.Date)
    return submissions.select(
        "submission_id", pl.coalesce("filled_on", pl.min_horizontal(written, arrived)).alias("filed")
    )


def _longer(
    form: Form, facts: pl.DataFrame, field: str, corrections: pl.DataFrame, filed: pl.DataFrame
) -> pl.DataFrame:
    """The figures of several months that count: the form's key, _first and _last month, and _day, as of which."""
    # A corrected figure is as of the day on which that was approved.
    of_ledger = corrections.select("submission_id", "row", pl.col("approved").alias("_approved")).unique(
        ["submission_id", "row"]
    )
    return (
        facts.filter(~pl.col("superseded") & pl.col(field).is_not_null() & (pl.col("span_start") < pl.col("span_end")))
        .join(filed, on="submission_id", how="left", validate="m:1")
        .join(of_ledger, on=["submission_id", "row"], how="left", validate="m:1")
        .select(
            *form.key,
            pl.col("span_start").alias("_first"),
            pl.col("span_end").alias("_last"),
            pl.coalesce("_approved", "filed").alias("_day"),
        )
        .unique()
    )


def _containing(form: Form, longer: pl.DataFrame, months: pl.DataFrame) -> pl.DataFrame:
    """The figures of `longer` that each correction is carried into: its submission_id and row, the key, first, last."""
    year = pl.col("span_start").dt.year()
    return (
        months.select(
            "submission_id", "row", *form.key, "span_start", pl.coalesce("approved", "filed").alias("_approved")
        )
        .join(longer, on=list(form.key), how="inner")
        .filter(
            pl.col("span_start").is_between(pl.col("_first"), pl.col("_last"))
            & (pl.col("_first").dt.year() == year)
            & (pl.col("_last").dt.year() == year)
            & (pl.col("_day") < pl.col("_approved"))
        )
        .select("submission_id", "row", *form.key, "_first", "_last")
        .unique()
    )


def _replaced_figures(
    form: Form, facts: pl.DataFrame, field: str, months: pl.DataFrame, sheets: pl.DataFrame
) -> pl.DataFrame:
    """The rows of `facts` whose `field` each correction replaces, negative, with the correction's submission_id and row
    as `submission_id`, `row`, and their own as `own_id`, `own_row`.
    """
    key = list(form.statement_key)
    stated = (
        facts.filter(pl.col("superseded") & pl.col(field).is_not_null())
        .join(sheets.select("submission_id", "precedence"), on="submission_id", how="left", validate="m:1")
        .with_columns(pl.col("submission_id").alias("own_id"), pl.col("row").alias("own_row"))
    )
    latest = pl.col("precedence") == pl.col("precedence").max().over(key)
    return (
        stated.drop("submission_id", "row")
        .join(months.select("submission_id", "row", *key), on=key, how="inner", nulls_equal=True)
        .filter(latest)
        .sort("own_row", "block")
        .unique([*key, "part"], keep="first", maintain_order=True)
        .with_columns((-pl.col(field)).alias(field))
    )


def _as_parts(form: Form, field: str, rows: pl.DataFrame, pairs: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """`rows` (with the submission_id and row of their correction) as parts of the figures of `pairs`."""
    if rows.is_empty():
        return facts.clear()
    place = ["submission_id", "row"]
    spread = rows.join(pairs.select(*place, "_first", "_last"), on=place, how="inner").with_columns(
        pl.col("_first").alias("span_start"), pl.col("_last").alias("span_end"), pl.lit(False).alias("superseded")
    )
    if "own_id" in rows.columns:
        spread = spread.with_columns(pl.col("own_id").alias("submission_id"), pl.col("own_row").alias("row"))
    if "coefficient" in facts.columns:
        # What is carried is converted as the figure into which it is carried.
        longer = facts.filter(~pl.col("superseded")).select(*form.statement_key, "coefficient")
        longer = longer.unique(list(form.statement_key), keep="first", maintain_order=True)
        spread = spread.drop("coefficient", strict=False).join(
            longer, on=list(form.statement_key), how="left", validate="m:1"
        )
    own = {*form.statement_key, "name", "sheet", "submission_id", "row", "block", "part", "superseded", field}
    own |= {"coefficient", form.row_unit or ""}
    return spread.select(
        pl.col(name).cast(dtype) if name in own and name in spread.columns else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in facts.schema.items()
    )


def _as_first_part(form: Form, field: str, facts: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """`facts` in which the figures of `pairs` are parts; what else their rows state, figure by figure, is no part."""
    key = list(form.statement_key)
    keys = pairs.select(
        *form.key, pl.col("_first").alias("span_start"), pl.col("_last").alias("span_end"), pl.lit(True).alias("_whole")
    ).unique()
    marked = facts.join(keys, on=key, how="left", nulls_equal=True, validate="m:1", maintain_order="left").with_columns(
        pl.col("_whole").fill_null(value=False)
        & ~pl.col("superseded")
        & pl.col("part").is_null()
        & pl.col(field).is_not_null()
    )
    label = pl.lit(f"{CARRIED}前").alias("part")
    chosen = marked.filter("_whole").drop("_whole").with_columns(label)
    others = [name for name in form.figures if name != field]
    left = marked.filter("_whole").drop("_whole").with_columns(pl.lit(None, dtype=pl.Float64).alias(field))
    kept = marked.filter(~pl.col("_whole")).drop("_whole")
    if form.replaces == "row":
        return pl.concat([kept, chosen])
    alone = chosen.with_columns(pl.lit(None, dtype=facts.schema[name]).alias(name) for name in others)
    return pl.concat([kept, alone, left.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in others))])
