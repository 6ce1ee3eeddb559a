"""Which files are the same return sent again and again, and what each of them stated for which month.

A series is a path without its dates: `税务局/2026年/2026年10月入库税收.xlsx` belongs to `税务局/入库税收`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from efficiency.partitions import Partitions
from efficiency.periods import shifted
from schemas import FORMS, SUBMISSIONS
from schemas.output import MEASURES

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

_FLOWS = {"output": tuple(column.name for column in MEASURES), "energy": ("consumption",), "products": ("energy_tce",)}
"""Forms with months, and their figures."""

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
    # A correction changes the figure of another department's return; it is not a return of its own.
    covered = pl.concat(_spans(form, share[form], since, period) for share in facts.lazy() for form in _FLOWS).unique(
        maintain_order=True
    )
    spans = covered.join(series, on=of, how="inner", validate="m:1")
    # Of a year of figures only the months that are compared are spread out: of a province they are millions.
    end = pl.col("span_end")
    last = end.filter(end < period).max().over("form", "series")
    compared = spans.filter((end == period) | (end == last) | (end == shifted(period, -12)))
    return Returns(sent, spans, compared)


def figures_of(sent: Returns, share: Mapping[str, pl.LazyFrame]) -> pl.DataFrame:
    """The figures of the compared spans, and of land, in the facts of a share; shape `FIGURES`."""
    series = sent.submissions.select("submission_id", "form", "series")
    compared = sent.compared.select("form", "submission_id", "span_start", "span_end").unique()
    frames = [
        _shaped(form, share[form], compared.filter(pl.col("form") == form)).join(
            series.filter(pl.col("form") == form).drop("form"),
            on="submission_id", how="inner", validate="m:1", maintain_order="left",
        )
        for form in (*_FLOWS, "land")
    ]  # fmt: skip
    return pl.concat([frame.select(list(FIGURES)) for frame in frames])


def series_of(file_name: pl.Expr) -> pl.Expr:
    """A path below the inbox without its dates, numbers and ending, as column `series`."""
    bare = file_name.str.normalize("NFKC").str.replace(r"\.[A-Za-z]+$", "")
    parts = bare.str.replace_all(_DATES, "").str.replace_all(_ORNAMENTS, "")
    return parts.str.replace_all(r"/{2,}", "/").str.strip_chars("/").alias("series")


def _spans(form: str, facts: pl.LazyFrame, since: date, until: date) -> pl.DataFrame:
    """The spans of one form's figures: form, submission_id, span_start, span_end."""
    stated = pl.any_horizontal(pl.col(field).is_not_null() for field in _FLOWS[form])
    within = pl.col("span_end").is_between(since, until)
    spans = facts.filter(within & stated).select("submission_id", "span_start", "span_end").unique().collect()
    return spans.select(pl.lit(form).alias("form"), pl.all())


def _shaped(form: str, facts: pl.LazyFrame, compared: pl.DataFrame) -> pl.DataFrame:
    """The figures of one form's facts; of a flow those of the spans `compared`."""
    keys = ["submission_id", "uscc", "name"]
    spans = ["span_start", "span_end"]
    if form == "land":
        areas = [column.name for column in FORMS[form].columns if column.kind == "number"]
        figures = (
            facts.select(*keys, *areas)
            .collect()
            .unpivot(
                areas,
                index=keys,
                variable_name="field",
            )
            .with_columns(pl.lit(None, pl.Date).alias(name) for name in spans)
        )
    else:
        measures = [column.name for column in MEASURES]
        wanted = {
            "output": measures,
            "energy": ["carrier", "unit", "consumption"],
            "products": ["energy_tce"],
        }[form]
        recent = (
            facts.select(*keys, *spans, *wanted)
            .filter(pl.col("submission_id").is_in(compared["submission_id"].unique().implode()))
            .collect()
            .join(compared, on=["submission_id", *spans], how="semi", maintain_order="left")
        )
        if form == "output":
            stated = [measure for measure in measures if recent[measure].null_count() < recent.height]
            figures = recent.unpivot(stated, index=[*keys, *spans], variable_name="field")
            figures = figures.cast({"value": pl.Float64})  # where no measure is stated, none gives it
        elif form == "energy":
            figures = recent.select(*keys, *spans, pl.col("carrier").alias("field"), "unit", value="consumption")
        else:
            figures = recent.select(*keys, *spans, pl.lit("energy_tce").alias("field"), value="energy_tce")
    if "unit" not in figures.columns:
        figures = figures.with_columns(pl.lit(None, pl.String).alias("unit"))
    shape = [name for name in FIGURES if name != "series"]
    return figures.drop_nulls("value").with_columns(pl.lit(form).alias("form")).select(shape)
