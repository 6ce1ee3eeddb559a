"""Attributes of an enterprise that are no figures: register, latest visit, incidents still open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.profile import INCIDENTS

if TYPE_CHECKING:
    from datetime import date


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


def latest_visit(survey: pl.DataFrame, day: date) -> pl.DataFrame:
    """One row per enterprise: tech_level, willingness, investment (万元) and project_kind of its latest visit.

    `survey` has the shape of facts.surveys, only rows that count; visits after `day` are not known yet, one
    without a date is taken for the oldest. A visit that found several projects counts their investments
    as one, and the kind is that of the largest.
    """
    known = survey.filter(pl.col("visited").is_null() | (pl.col("visited") <= day))
    visited = pl.col("visited").fill_null(pl.date(1, 1, 1))
    investment = pl.col("investment")
    return (
        known.filter(visited == visited.max().over("uscc"))
        .sort(
            "uscc",
            "investment",
            "project",
            "submission_id",
            "row",
            descending=[False, True, False, False, False],
            nulls_last=True,
        )
        .group_by("uscc", maintain_order=True)
        .agg(
            pl.col("tech_level").drop_nulls().first(),
            pl.col("willingness").drop_nulls().first(),
            pl.when(investment.count() > 0).then(investment.sum()).alias("investment"),
            pl.col("project_kind").drop_nulls().first(),
        )
    )


def open_incidents(incidents: pl.DataFrame, day: date) -> pl.DataFrame:
    """One row per enterprise with incidents dated not after `day` and not put right by then, counted by kind."""
    is_open = (pl.col("date") <= day) & (pl.col("resolved").is_null() | (pl.col("resolved") > day))
    return (
        incidents.filter(is_open)
        .group_by("uscc")
        .agg(
            pl.len().cast(pl.Int64).alias("open_incidents"),
            *((pl.col("kind") == kind).sum().cast(pl.Int64).alias(name) for name, (kind, _) in INCIDENTS.items()),
        )
    )
