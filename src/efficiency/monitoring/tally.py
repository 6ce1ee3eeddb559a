"""Counts and sums of the figures of some enterprises, by the return that they came in.

A province's figures of three months are forty million, so that they are counted a partition of the enterprises at a
time; `concat_tallies` adds up the partitions' counts to those of all.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.parsing import months_in_span
from efficiency.periods import shifted
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Sequence

SERIES = ["form", "series"]
EARLIER = ("before", "last_year")
"""What sums of the period are compared with."""
_ITEMISED = [form.id for form in FORMS.values() if form.flow and len(form.key) > 1]
"""Forms with a row for each thing that an enterprise used or made."""
_LEVELS = [column.name for form in FORMS.values() for column in form.columns if column.figure == "level"]
"""Fields that do not add up over months."""

_FINE, _MOST = 1e9, 1e20
"""Sums are made of whole billionths, up to figures that nobody means, so that no order of adding changes them."""


@dataclass(frozen=True)
class Tally:
    """Of some enterprises' figures. All frames have `form` and `series`.

    `now` is what the submissions on the side `now` state, `before` those of the last time, by `sides`; what is
    `reported` is about all figures of the period, what was `expected` about those of the month expected to go on.
    """

    reported: pl.DataFrame
    """submission_id, span_end: each submission with figures of the period."""
    expected: pl.DataFrame
    """submission_id, span_end, field: each with figures of the month that was due to be followed."""
    expected_of: pl.DataFrame
    """`enterprises` that had figures then; of their `figures`, how many are `covered` by one of the period."""
    gone: pl.DataFrame
    """uscc, name, field (several with 、), before: enterprises that had figures then and have none now."""
    stated_by: pl.DataFrame
    """side, `rows`: enterprises with figures."""
    units: pl.DataFrame
    """field, side, unit, `rows`: energy rows by carrier and unit."""
    sums: pl.DataFrame
    """field, earlier (one of EARLIER), before, now, count: sums over the enterprises that both state, in billionths."""
    last_year: pl.DataFrame
    """field: what was stated of the month a year ago."""


def tally(figures: pl.DataFrame, expected: pl.DataFrame, sides: pl.DataFrame, period: date) -> Tally:
    """Count `figures` (shape series.FIGURES), all of whose enterprises' figures they are.

    `expected`: form, series, last (the month that is due to be followed). `sides`: form, series, submission_id,
    span_end and side, see `efficiency.monitoring.drift`.
    """
    now = figures.filter(pl.col("span_end") == period)
    before = figures.join(expected, left_on=[*SERIES, "span_end"], right_on=[*SERIES, "last"], how="semi")
    due = before.select(*SERIES, "uscc", "field").unique()
    stated = now.select("form", "uscc", "field", pl.lit(value=True).alias("stated")).unique()
    covered = due.join(stated, on=["form", "uscc", "field"], how="left", validate="m:1")
    compared = figures.join(
        sides, on=[*SERIES, "submission_id", "span_end"], how="inner", nulls_equal=True, maintain_order="left"
    )
    span = ["submission_id", "span_end"]
    return Tally(
        reported=now.select(*SERIES, *span).unique(),
        expected=before.select(*SERIES, *span, "field").unique(),
        expected_of=covered.group_by(SERIES).agg(
            pl.col("uscc").n_unique().cast(pl.Int64).alias("enterprises"),
            pl.len().cast(pl.Int64).alias("figures"),
            pl.col("stated").count().cast(pl.Int64).alias("covered"),
        ),
        gone=_gone(now, before),
        stated_by=compared.drop_nulls("span_end")
        .group_by(*SERIES, "side")
        .agg(pl.col("uscc").n_unique().cast(pl.Int64).alias("rows")),
        units=compared.drop_nulls("unit")
        .group_by(*SERIES, "field", "side", "unit")
        .agg(pl.len().cast(pl.Int64).alias("rows")),
        sums=_sums(figures, compared, period),
        last_year=_of_last_year(figures, period).select(*SERIES, "field").unique(),
    )


def concat_tallies(tallies: Sequence[Tally]) -> Tally:
    """The tally of all enterprises from `tallies` of different ones. There must be at least one."""
    parts = {field.name: pl.concat([getattr(one, field.name) for one in tallies]) for field in fields(Tally)}
    counts = ["enterprises", "figures", "covered", "rows", "now", "before", "count"]
    made: dict[str, pl.DataFrame] = {}
    for name, frame in parts.items():
        summed = [] if name == "gone" else [column for column in counts if column in frame.columns]
        keys = [column for column in frame.columns if column not in summed]
        made[name] = frame.group_by(keys).agg(pl.col(summed).sum()) if summed else frame.unique(maintain_order=True)
    return Tally(**made)


def _gone(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Enterprises with figures of theirs that nothing states this time."""
    gone = before.join(now, on=["form", "uscc", "field"], how="anti", maintain_order="left")
    # A carrier that is not named was not used; without any carrier the month's energy is missing.
    still = now.filter(pl.col("form").is_in(_ITEMISED)).select(*SERIES, "uscc").unique()
    return (
        gone.join(still, on=[*SERIES, "uscc"], how="anti", maintain_order="left")
        .group_by(*SERIES, "uscc")
        .agg(
            pl.col("name").drop_nulls().last(),
            pl.col("field").unique().sort().str.join("、"),
            pl.col("span_end").max().dt.strftime("%Y-%m").alias("before"),
        )
    )


def _of_last_year(figures: pl.DataFrame, period: date) -> pl.DataFrame:
    return figures.filter(pl.col("span_end") == shifted(period, -12))


def _sums(figures: pl.DataFrame, compared: pl.DataFrame, period: date) -> pl.DataFrame:
    """Sums over the enterprises that state a field now and then."""
    keys = [*SERIES, "field", "uscc"]
    now = _per_month(compared.filter(pl.col("side") == "now")).rename({"value": "now"})
    then = {
        "before": _per_month(compared.filter(pl.col("side") == "before")),
        "last_year": _per_month(_of_last_year(figures, period)),
    }
    return pl.concat(
        now.join(then[earlier].rename({"value": "before"}), on=keys, how="inner")
        .group_by(*SERIES, "field")
        .agg(_fixed("before").sum(), _fixed("now").sum(), pl.len().cast(pl.Int64).alias("count"))
        .select(*SERIES, "field", pl.lit(earlier).alias("earlier"), "before", "now", "count")
        for earlier in EARLIER
    )


def _fixed(column: str) -> pl.Expr:
    return (pl.col(column).clip(-_MOST, _MOST) * _FINE).round().cast(pl.Int128)


def as_number(sums: pl.Expr) -> pl.Expr:
    """Sums of a `Tally` in the unit of their figures."""
    return sums.cast(pl.Float64) / _FINE


def _per_month(figures: pl.DataFrame) -> pl.DataFrame:
    """Each enterprise's figure by month: the shortest span that states it; levels and areas as they are."""
    months = months_in_span().fill_null(1)
    level = pl.col("field").is_in(_LEVELS)
    each = figures.select(
        *SERIES, "field", "uscc", months.alias("months"), pl.col("value") / pl.when(level).then(1).otherwise(months)
    )
    # Most figures are of one month.
    ordered = each if each["months"].is_sorted() else each.sort("months", maintain_order=True)
    return ordered.group_by(*SERIES, "field", "uscc").agg(pl.col("value").first())
