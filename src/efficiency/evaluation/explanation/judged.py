"""What an evaluation read of every enterprise, from what is published of it and the facts as they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.facts.enterprise import attributes, open_incidents, visits
from schemas import PROFILE

if TYPE_CHECKING:
    from datetime import date

    from efficiency.evaluation.explanation.sources import Frames


def as_profile(described: pl.DataFrame) -> pl.DataFrame:
    """`described` in the shape of `schemas.PROFILE`; what is neither published nor asked of the facts is not known."""
    unknown = {"integer": 0, "flag": False}
    lacking = [column for column in PROFILE.columns if column.name not in described.columns]
    known = described.with_columns(pl.lit(None, dtype=column.dtype).alias(column.name) for column in lacking)
    filled = [
        pl.col(column.name).fill_null(unknown[column.kind])
        for column in PROFILE.columns
        if not column.nullable and column.kind in unknown
    ]
    return PROFILE.conform(known.with_columns(filled).select(PROFILE.names))


def with_profile_columns(frames: Frames, scores: pl.DataFrame, day: date) -> pl.DataFrame:
    """`scores` with the columns of the profile that scores lack, from the facts as they are now."""

    def counting(table: str) -> pl.DataFrame:
        return frames[table].filter(~pl.col("superseded"))

    parts = (
        attributes(counting("facts.enterprises"), day.replace(day=1)),
        visits(counting("facts.surveys"), day),
        open_incidents(counting("facts.incidents"), day),
    )
    frame = scores
    for part in parts:
        missing = [name for name in part.columns if name not in frame.columns]
        frame = frame.join(part.select("uscc", *missing), on="uscc", how="left", validate="m:1")
    return frame.with_columns(pl.col("^incidents_.*$", "phaseout_overdue").fill_null(0))
