"""Which files are the same return sent again and again, and what each of them stated for which month.

A series is a path without its dates: `税务局/2026年/2026年10月入库税收.xlsx` belongs to `税务局/入库税收`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from efficiency.partitions import Partitions
from efficiency.parts import has_parts, sum_of_parts
from efficiency.periods import shifted
from schemas import FORMS, SUBMISSIONS, Form
from schemas.column import PART, SPAN

HISTORY_MONTHS = 13
"""How far back a return's rhythm is looked at: a year, and the month before it."""

FIGURES: dict[str, pl.DataType] = {
    "form": pl.String(),
    "series": pl.String(),
    "submission_id": pl.String(),
    "uscc": pl.String(),
    "name": pl.String(),
    "field": pl.String(),
    "unit": pl.String(),
    "span_start": pl.Date(),
    "span_end": pl.Date(),
    "value": pl.Float64(),
}
"""One row per figure: an output measure, an energy carrier, a product's energy, an area of land (without a span)."""

COMPARED = {form.id: form for form in FORMS.values() if form.compared("returns")}
"""Form id → form, of those whose figures are compared with earlier returns."""
MONTHLY = tuple(form.id for form in COMPARED.values() if form.flow)
"""Of these, the forms whose figures belong to months; a correction is no return of its own, though it has a span."""

_NUMBER = r"(?:\d{1,4}|[〇一二三四五六七八九十]{1,4})"
_DATES = (
    rf"第?{_NUMBER}\s*(?:[-—–~至到]\s*{_NUMBER}\s*)?(?:年度?|月份?|季度|日|号)[末初底]?"
    "|[上下]半年|前三季度|全年|本月止|累计"
)
_ORNAMENTS = r"[\d\s._()【】\[\]—–~-]+|最终版?|定稿|副本|更正|补充|补报|补正|重报|修订"


@dataclass(frozen=True)
class Returns:
    """What has been sent so far, by series."""

    submissions: pl.DataFrame
    """Shape schemas.SUBMISSIONS, with `series`, `department`, and `came`, the day of filing or else of arrival."""
    spans: pl.DataFrame
    """form, series, submission_id, span_start, span_end: what each submission covers, as far back as is looked."""
    compared: pl.DataFrame
    """As `spans`, those of the period, of the last month before it that the series covers, and of a year ago."""


def returns_of(submissions: pl.DataFrame, facts: Partitions, period: date) -> Returns:
    """The recognised submissions by series, and what they cover up to `period` (a first of month).

    `facts` are the accepted rows of each form; a figure that was replaced later was sent all the same and counts.
    """
    sent = (
        SUBMISSIONS.conform(submissions)
        .drop_nulls("form")
        .with_columns(
            series_of(pl.col("file_name")),
            pl.when(pl.col("file_name").str.contains("/", literal=True))
            .then(pl.col("file_name").str.split("/").list.first())
            .otherwise(pl.lit(""))
            .alias("department"),
            pl.coalesce("filled_on", pl.col("received_at").dt.convert_time_zone("Asia/Shanghai").dt.date()).alias(
                "came"
            ),
        )
    )
    series = sent.select("submission_id", "form", "series")
    since = shifted(period, -HISTORY_MONTHS)
    of = ["submission_id", "form"]
    covered = pl.concat(
        _spans(COMPARED[form], part[form], since, period) for part in facts.lazy() for form in MONTHLY
    ).unique(maintain_order=True)
    spans = covered.join(series, on=of, how="inner", validate="m:1")
    # Of a year of figures only the months that are compared are spread out: of a province they are millions.
    end = pl.col("span_end")
    last = end.filter(end < period).max().over("form", "series")
    compared = spans.filter((end == period) | (end == last) | (end == shifted(period, -12)))
    return Returns(sent, spans, compared)


def figures_of(sent: Returns, facts: Mapping[str, pl.LazyFrame]) -> pl.DataFrame:
    """The figures of the compared spans, and of land, in the `facts` of some enterprises; shape `FIGURES`."""
    series = sent.submissions.select("submission_id", "form", "series")
    compared = sent.compared.select("form", "submission_id", "span_start", "span_end").unique()
    frames = [
        _figures(form, facts[form.id], compared.filter(pl.col("form") == form.id)).join(
            series.filter(pl.col("form") == form.id).drop("form"),
            on="submission_id", how="inner", validate="m:1", maintain_order="left",
        )
        for form in COMPARED.values()
    ]  # fmt: skip
    return pl.concat([frame.select(list(FIGURES)) for frame in frames])


def series_of(file_name: pl.Expr) -> pl.Expr:
    """A path below the inbox without its dates, numbers and ending, as column `series`."""
    bare = file_name.str.normalize("NFKC").str.replace(r"\.[A-Za-z]+$", "")
    parts = bare.str.replace_all(_DATES, "").str.replace_all(_ORNAMENTS, "")
    return parts.str.replace_all(r"/{2,}", "/").str.strip_chars("/").alias("series")


def _spans(form: Form, facts: pl.LazyFrame, since: date, until: date) -> pl.DataFrame:
    """The spans of one form's figures: form, submission_id, span_start, span_end."""
    stated = pl.any_horizontal(pl.col(column.name).is_not_null() for column in form.compared("returns"))
    within = pl.col("span_end").is_between(since, until)
    spans = facts.filter(within & stated).select("submission_id", "span_start", "span_end").unique().collect()
    return spans.select(pl.lit(form.id).alias("form"), pl.all())


def _figures(form: Form, facts: pl.LazyFrame, compared: pl.DataFrame) -> pl.DataFrame:
    """The figures of one form's facts, shape `FIGURES` without series; of a flow those of the spans `compared`."""
    fields = [column.name for column in form.compared("returns")]
    spans = [column.name for column in SPAN if form.flow]
    index = ["submission_id", "uscc", "name", *spans, *filter(None, (form.named_by, form.row_unit))]
    rows = facts.select(*index, *fields, *((PART.name, "superseded") if form.parts else ()))
    if form.flow:
        rows = rows.filter(pl.col("submission_id").is_in(compared["submission_id"].unique().implode()))
    stated = rows.collect()
    if form.flow:
        stated = stated.join(compared, on=["submission_id", *spans], how="semi", maintain_order="left")
    if has_parts(stated):
        # What repeats a figure of the whole is superseded beside it, and is not added to it.
        of_parts = pl.col(PART.name).is_not_null()
        summed = sum_of_parts(stated.filter(of_parts), [*index, "superseded"], fields, needed=False)
        stated = pl.concat([stated.filter(~of_parts), summed])
    used = [field for field in fields if stated[field].null_count() < stated.height]
    figures = stated.unpivot(used, index=index, variable_name="field").with_columns(
        pl.lit(form.id).alias("form"),
        pl.col(form.named_by or "field").alias("field"),
        (pl.col(form.row_unit) if form.row_unit else pl.lit(None)).alias("unit"),
        *(pl.lit(None).alias(column.name) for column in SPAN if not form.flow),
    )
    return figures.drop_nulls("value").select(
        pl.col(name).cast(dtype) for name, dtype in FIGURES.items() if name != "series"
    )
