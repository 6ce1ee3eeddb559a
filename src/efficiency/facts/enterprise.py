"""Attributes of an enterprise that are no figures: register, latest visit, incidents still open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.profile import INCIDENTS

if TYPE_CHECKING:
    from datetime import date

PROJECT = ("project", "project_kind", "investment")
"""Columns of a visit of which one that is stated says that the enterprise plans a project."""


def attributes(register: pl.DataFrame, period: date) -> pl.DataFrame:
    """One row per enterprise: its lasting attributes, industry_division and months_since_commissioned.

    `register` has the shape of facts.enterprises, only rows that count. Months are whole calendar months
    from the commissioning month to the month of `period`, negative before production begins.
    """
    commissioned = pl.col("commissioned")
    months = (period.year - commissioned.dt.year()) * 12 + period.month - commissioned.dt.month().cast(pl.Int32)
    division = pl.when(pl.col("industry").str.len_chars() >= 2).then(pl.col("industry").str.head(2))
    return register.select(
        "uscc",
        "name",
        "industry",
        division.alias("industry_division"),
        "town",
        "scale",
        "chain",
        "honours",
        "utility",
        "newly_above_scale",
        "under_construction",
        months.cast(pl.Int64).alias("months_since_commissioned"),
    )


def visits(survey: pl.DataFrame, day: date) -> pl.DataFrame:
    """One row per enterprise with a visit: visited, months_since_visit, tech_level, willingness, investment (万元) and
    project_kind.

    `survey` has the shape of facts.surveys, only rows that count; visits after `day`, the last of the period, are not
    known yet, one without a date is taken for the oldest and is no visit by which an enterprise is `visited`. A later
    visit says again what it states and nothing else: technology and will are each those of the latest visit that states
    them, the project that of the latest visit that names one. A visit that found several projects counts their
    investments as one, and the kind is that of the largest.
    """
    known = survey.filter(pl.col("visited").is_null() | (pl.col("visited") <= day)).with_columns(
        pl.any_horizontal(pl.col(PROJECT).is_not_null()).alias("names_project"),
        pl.col("visited").fill_null(pl.date(1, 1, 1)).alias("since"),
    )
    latest = pl.col("visited").max()
    months = (day.year - latest.dt.year()) * 12 + day.month - latest.dt.month().cast(pl.Int32)
    investment = pl.col("investment").filter("latest_project")
    return (
        known.with_columns(
            (pl.col("since") == pl.col("since").filter("names_project").max().over("uscc")).alias("latest_project")
        )
        .sort(
            "uscc",
            "since",
            "investment",
            "project",
            "submission_id",
            "row",
            descending=[False, True, True, False, False, False],
            nulls_last=True,
        )
        .group_by("uscc", maintain_order=True)
        .agg(
            latest.is_not_null().alias("visited"),
            months.cast(pl.Int64).alias("months_since_visit"),
            pl.col("tech_level").drop_nulls().first(),
            pl.col("willingness").drop_nulls().first(),
            pl.when(investment.count() > 0).then(investment.sum()).alias("investment"),
            pl.col("project_kind").filter("latest_project").drop_nulls().first(),
        )
    )


def open_objections(pending: pl.DataFrame) -> pl.DataFrame:
    """`uscc`, `open_objection` of every enterprise of `pending` (uscc), which has a row for each objection."""
    return pending.select("uscc", pl.lit(value=True).alias("open_objection")).unique()


NAMED = 3
"""Open incidents that a text names; of more there is the number."""


def is_open(day: date) -> pl.Expr:
    """Whether an incident is dated not after `day` and not put right by then."""
    return (pl.col("date") <= day) & (pl.col("resolved").is_null() | (pl.col("resolved") > day))


def open_incidents(incidents: pl.DataFrame, day: date) -> pl.DataFrame:
    """One row per enterprise with incidents dated not after `day` and not put right by then.

    Counted by kind, and in words: incident_documents, phaseout_items; phaseout_overdue counts those of kind 淘汰类
    whose deadline is before `day`.
    """
    document = pl.col("document").fill_null("文号未注明")
    deadline = pl.coalesce(pl.format("期限{}", pl.col("deadline").cast(pl.String)), pl.lit("期限未注明"))
    phaseout = pl.col("kind") == INCIDENTS["incidents_phaseout"][0]
    return (
        incidents.filter(is_open(day))
        .sort("uscc", "date", "kind", "document", nulls_last=True)
        .with_columns(
            pl.format("{}{}({})", "date", pl.col("kind").fill_null("其他"), document).alias("words"),
            pl.format("{}认定({}，{})", "date", document, deadline).alias("item"),
        )
        .group_by("uscc", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("open_incidents"),
            *((pl.col("kind") == kind).sum().cast(pl.Int64).alias(name) for name, (kind, _) in INCIDENTS.items()),
            pl.col("words"),
            pl.col("item").filter(phaseout),
            (phaseout & (pl.col("deadline") < day)).sum().cast(pl.Int64).alias("phaseout_overdue"),
        )
        .with_columns(_first_few("words").alias("incident_documents"), _first_few("item").alias("phaseout_items"))
        .drop("words", "item")
    )


def _first_few(texts: str) -> pl.Expr:
    """The first texts of a list column, joined by 、, and the number where there are more; null where there is none."""
    count = pl.col(texts).list.len()
    shown = pl.col(texts).list.head(NAMED).list.join("、")
    return pl.when(count > NAMED).then(pl.format("{}等{}项", shown, count)).when(count > 0).then(shown)
