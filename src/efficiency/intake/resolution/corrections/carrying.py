"""A correction of a month is carried into the longer figures of its year that contain it and were filed before it.

Later ones are taken to contain it. What is carried is the difference to the month's figure that such a longer figure
contains: that of an earlier correction which was approved by then, else the month as it was stated before the approval,
else 原值. Where none of them is known it is a problem.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.problems import EMPTY, locate, problem_rows
from efficiency.intake.resolution.corrections.applying import OLD, block
from efficiency.reference.tables import carrier_form_unit
from schemas.corrections import CARRIED

if TYPE_CHECKING:
    from schemas import Form

_PAIR = ["_id", "_first", "_last"]
"""One correction (its number) and one longer figure, by its first and last month."""
_PLACE = ["submission_id", "sheet", "row", "block"]
_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Carried:
    """What corrections of months carry into longer figures that contain the month."""

    rows: pl.DataFrame
    """The rows given, in which such a figure is a part of what it is with the corrections."""
    added: pl.DataFrame
    """Rows of the same shape, parts too: the corrections, and with the opposite sign the figures that they replace."""
    problems: pl.DataFrame
    """What is carried, what should be and cannot, and what stays as it is although a part of it is corrected."""


def carry(
    form: Form, facts: pl.DataFrame, corrections: pl.DataFrame, sheets: pl.DataFrame, columns: pl.DataFrame
) -> Carried:
    """Carry the `corrections` of a month into the figures of `form` that contain it and were filed before.

    `facts` are deduplicated and corrected, `corrections` deduplicated, both with `superseded`; `sheets` are the
    submissions with their `precedence`. Those figures of several months of the same year are meant that were filed,
    else arrived, before the correction was approved; without a day of approval, before its ledger was filed or arrived.
    """
    rows, added, problems = facts, [facts.clear()], [EMPTY]
    about = corrections.filter(pl.col("target_form") == form.id)
    if not form.flow or about.is_empty():
        return Carried(rows, added[0], EMPTY)
    filed = _filed(sheets)
    about = about.join(filed, on="submission_id", how="left", validate="m:1").with_row_index("_id")
    is_month = pl.col("span_start") == pl.col("span_end")
    for field in form.correctable:
        of_field = about.filter(pl.col("target") == field)
        if form.column(field).figure != "flow" or of_field.is_empty():
            continue
        who = of_field.select("uscc").unique()
        longer = _longer(form, rows.join(who, on="uscc", how="semi"), field, corrections, filed)
        problems.append(
            _left_as_they_are(form, longer, of_field.filter(~pl.col("superseded") & ~is_month), sheets, columns)
        )
        of_field = of_field.filter(is_month)
        pairs, same_day = _containing(form, longer, of_field.filter(~pl.col("superseded")))
        problems.append(_same_day(same_day, sheets, columns))
        if pairs.is_empty():
            continue
        theirs = facts.join(who, on="uscc", how="semi", maintain_order="left")
        stated = _stated_months(form, theirs, field, sheets.join(filed, on="submission_id", validate="1:1"))
        bases = _bases(form, pairs, of_field, stated)
        pairs, lost = (pairs.join(bases, on=_PAIR, how=how) for how in ("semi", "anti"))
        located = locate(lost.unique("_id").with_columns(pl.lit("old").alias("field")), sheets, columns)
        problems.append(problem_rows("correction_not_carried", located.sort("_id")))
        base = bases.group_by(_PAIR).agg(pl.col("figure").sum().alias("base"))
        problems.append(_notes(form, field, pairs.join(base, on=_PAIR, validate="1:1"), sheets, columns))
        label = pl.format(f"{CARRIED} {{}}", pl.col("month").dt.strftime("%Y-%m"))
        new = pairs.with_columns(pl.col("new").alias(field), block().alias("block"), label.alias("part"))
        old = bases.with_columns((-pl.col("figure")).alias(field), pl.concat_str(label, "which").alias("part"))
        added += [_as_parts(form, field, part, rows) for part in (new, old)]
        rows = _as_first_part(form, field, rows, pairs)
    return Carried(rows, pl.concat(added), pl.concat(problems))


def _filed(submissions: pl.DataFrame) -> pl.DataFrame:
    """The day on which each sheet was filed, else its file was last changed or arrived: submission_id, sent, came.

    `came`: its place in the order of arrival.
    """
    arrived = pl.col("received_at").dt.convert_time_zone("Asia/Shanghai").dt.date()
    written = pl.col("file_date") if "file_date" in submissions.columns else pl.lit(None, dtype=pl.Date)
    return submissions.select(
        "submission_id",
        pl.coalesce("filled_on", pl.min_horizontal(written, arrived)).alias("sent"),
        pl.col("arrival").alias("came"),
    )


def _longer(
    form: Form, facts: pl.DataFrame, field: str, corrections: pl.DataFrame, filed: pl.DataFrame
) -> pl.DataFrame:
    """The figures of several months that count: the form's key, _first and _last month, _whole (the figure), _day, as
    of which it is, and _came, its place in the order of arrival.
    """
    # A corrected figure is as of the day on which that was approved.
    of_ledger = corrections.select("submission_id", "row", pl.col("approved").alias("_approved")).unique(
        ["submission_id", "row"]
    )
    return (
        facts.filter(~pl.col("superseded") & pl.col(field).is_not_null() & (pl.col("span_start") < pl.col("span_end")))
        .join(filed, on="submission_id", how="left", validate="m:1")
        .join(of_ledger, on=["submission_id", "row"], how="left", validate="m:1")
        .group_by(*form.key, pl.col("span_start").alias("_first"), pl.col("span_end").alias("_last"))
        .agg(
            pl.col(field).sum().alias("_whole"),
            pl.coalesce("_approved", "sent").max().alias("_day"),
            pl.col("came").max().alias("_came"),
        )
    )


def _containing(form: Form, longer: pl.DataFrame, months: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The figures of `longer` that each correction is carried into, and those of the very day of its approval, which
    are taken to contain it: the columns of `months` with `month`, and of `longer`.
    """
    year = pl.col("month").dt.year()
    about = (
        months.with_columns(pl.col("span_start").alias("month"))
        .join(longer, on=list(form.key), how="inner")
        .filter(
            pl.col("month").is_between(pl.col("_first"), pl.col("_last"))
            & (pl.col("_first").dt.year() == year)
            & (pl.col("_last").dt.year() == year)
        )
        .sort(_PAIR)
    )
    decided = pl.coalesce("approved", "sent")
    # Where no day of approval is stated, the ledger of the same day that came later was approved later.
    came_before = pl.col("approved").is_null() & (pl.col("_came") < pl.col("came"))
    same_day = pl.col("_day") == decided
    before = (pl.col("_day") < decided) | (same_day & came_before)
    return about.filter(before), about.filter(same_day & ~came_before)


def _stated_months(form: Form, facts: pl.DataFrame, field: str, sheets: pl.DataFrame) -> pl.DataFrame:
    """The figures of single months that were replaced: the form's key, month, figure, `which` part it is, place, name,
    and of their sheet the `precedence` and the day on which it was `sent`.
    """
    replaced = facts.filter(
        pl.col("superseded") & pl.col(field).is_not_null() & (pl.col("span_start") == pl.col("span_end"))
    )
    return replaced.join(
        sheets.select("submission_id", "precedence", "sent"), on="submission_id", how="left", validate="m:1"
    ).select(
        *form.key,
        *_PLACE,
        "name",
        "precedence",
        "sent",
        pl.col("span_start").alias("month"),
        pl.col(field).alias("figure"),
        pl.concat_str(pl.lit(" 原报"), pl.col("part").fill_null("")).alias("which"),
    )


def _bases(form: Form, pairs: pl.DataFrame, corrections: pl.DataFrame, stated: pl.DataFrame) -> pl.DataFrame:
    """The figures of the month, with their place, that the longer figure of each of `pairs` contains.

    `stated`: see `_stated_months`. The columns are _PAIR, month, name, the form's key, figure, _PLACE, and `which`
    figure it is, in words. A pair of which none is known has no row; one whose month was stated in parts has several.
    """
    month = [*form.key, "month"]
    of_pair = pairs.select(*_PAIR, *month, "_day", "new", pl.coalesce("approved", "sent").alias("_approved"))
    names = [*_PAIR, *month, "name", *_PLACE, "figure", "which"]
    earlier = (
        corrections.filter("superseded")
        .with_columns(
            pl.col("span_start").alias("month"),
            pl.col("new").alias("figure"),
            pl.coalesce("approved", "sent").alias("_since"),
            block().alias("block"),
            pl.lit(" 前次更正值").alias("which"),
        )
        .drop("new", "_id")
        .join(of_pair, on=month, how="inner", nulls_equal=True)
        .filter((pl.col("_since") <= pl.col("_day")) & (pl.col("_since") <= pl.col("_approved")))
        .sort("_since", "precedence", "row")
        .unique(_PAIR, keep="last", maintain_order=True)
    )
    of_month = (
        stated.join(of_pair, on=month, how="inner", nulls_equal=True)
        .with_columns((pl.col("sent") < pl.col("_approved")).alias("before"))
        .filter(pl.col("before") == pl.col("before").max().over(_PAIR))
        .filter(pl.col("precedence") == pl.col("precedence").max().over(_PAIR))
        .sort("row", "block")
        .unique([*_PAIR, "which"], keep="first", maintain_order=True)
        .with_columns(pl.col("figure").sum().over(_PAIR).round(_DECIMALS).alias("whole"))
    )
    asked = pairs.filter(pl.col("old").is_not_null()).with_columns(
        pl.col("old").alias("figure"), (block() + OLD).alias("block"), pl.lit(" 原值").alias("which")
    )
    # A month that is stated after the approval may contain the correction; where it is the corrected figure, it does.
    later = of_month.filter(~pl.col("before") & (pl.col("whole") != pl.col("new").round(_DECIMALS)))
    bases = earlier.select(names)
    for found in (of_month.filter("before"), asked, later):
        bases = pl.concat([bases, found.select(names).join(bases, on=_PAIR, how="anti")])
    return bases.sort(*_PAIR, *_PLACE)


def _notes(form: Form, field: str, pairs: pl.DataFrame, sheets: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
    """A note for each correction, and figure (`base`) from which it is counted: into what it is carried."""
    difference = (pl.col("new") - pl.col("base")).round(_DECIMALS)
    unit = (
        pl.col(form.named_by).replace_strict(carrier_form_unit(), default="")
        if form.named_by
        else pl.lit(form.column(field).unit or "")
    )
    into = pl.format(
        "{} {}{}{}",
        _span_in_words(),
        _number(pl.col("_whole")),
        pl.when(difference < 0).then(pl.lit("−")).otherwise(pl.lit("+")),
        _number(difference.abs()),
    )
    lines = (
        pairs.with_columns(into.alias("into"), unit.alias("in_unit"), pl.lit("new").alias("field"))
        .sort(_PAIR)
        .group_by("_id", "base", maintain_order=True)
        .agg(pl.exclude("into", *_PAIR).first(), pl.col("into").str.join("、"))
        .with_columns(pl.format("{}→{}{}", _number(pl.col("base")), _number(pl.col("new")), "in_unit").alias("value"))
    )
    return problem_rows("correction_carried", locate(lines, sheets, columns), {"figures": pl.col("into")})


def _same_day(pairs: pl.DataFrame, sheets: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
    """A note for each correction with figures that were filed on the day of its approval."""
    lines = (
        pairs.with_columns(_span_in_words().alias("into"))
        .group_by("_id", maintain_order=True)
        .agg(pl.exclude("into", *_PAIR).first(), pl.col("into").str.join("、"))
        .with_columns(pl.lit("approved").alias("field"), pl.coalesce("approved", "sent").cast(pl.String).alias("value"))
    )
    return problem_rows("correction_same_day", locate(lines, sheets, columns), {"figures": pl.col("into")})


def _left_as_they_are(
    form: Form, longer: pl.DataFrame, spans: pl.DataFrame, sheets: pl.DataFrame, columns: pl.DataFrame
) -> pl.DataFrame:
    """A warning for each correction of several months that are part of longer figures, which were filed before."""
    pairs, _ = _containing(form, longer, spans)
    within = (pl.col("span_end") <= pl.col("_last")) & (
        (pl.col("span_start") != pl.col("_first")) | (pl.col("span_end") != pl.col("_last"))
    )
    lines = (
        pairs.filter(within)
        .with_columns(_span_in_words().alias("into"))
        .group_by("_id", maintain_order=True)
        .agg(pl.exclude("into", *_PAIR).first(), pl.col("into").str.join("、"))
        .with_columns(
            pl.lit("new").alias("field"),
            _months_in_words("span_start", "span_end").alias("value"),
        )
    )
    return problem_rows("correction_of_span_alone", locate(lines, sheets, columns), {"figures": pl.col("into")})


def _number(figure: pl.Expr) -> pl.Expr:
    """`figure` as people write it."""
    return figure.round(_DECIMALS).cast(pl.String).str.strip_suffix(".0")


def _span_in_words() -> pl.Expr:
    """_first and _last month as 2026年1-3月."""
    return _months_in_words("_first", "_last")


def _months_in_words(first: str, last: str) -> pl.Expr:
    """The months of one year in the columns `first` and `last`, as 2026年1-3月."""
    return pl.format("{}年{}-{}月", pl.col(first).dt.year(), pl.col(first).dt.month(), pl.col(last).dt.month())


def _as_parts(form: Form, field: str, rows: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """`rows` (the lineage of a figure, its `field` and `part`, _first, _last) as parts of the longer figures."""
    spread = rows.with_columns(
        pl.col("_first").alias("span_start"), pl.col("_last").alias("span_end"), pl.lit(False).alias("superseded")
    )
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
