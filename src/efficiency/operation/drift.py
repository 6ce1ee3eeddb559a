"""A return that comes in another shape than the last time: a new header or unit, a row count or a sum that jumps.

A changed layout may be read correctly and a changed unit converted; what is told here is that a person should look
once. Sums are compared over the enterprises that both submissions state, by month, and against the same month a year
ago where there is one, so that a season is no jump.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from efficiency.operation.series import Returns
from efficiency.periods import shifted
from schemas.output import FLOWS

ROWS_FACTOR = 1.5
"""More or fewer enterprises by this factor are told."""
ROWS_LEAST = 10
"""Fewer enterprises than this come and go by chance."""
SUM_FACTOR = 3.0
"""A sum over the same enterprises that changes by this factor is told."""
SUM_LEAST = 5
"""Enterprises that both submissions must state before their sums are compared."""

_SERIES = ["form", "series"]
_SIDES = ["before", "now"]


def drift(sent: Returns, columns: pl.DataFrame, period: date) -> pl.DataFrame:
    """What has changed in the returns of `period`: rows with form, series, kind, field, before and now.

    A return with months is compared with the last one before it; a ledger without (register, land, visits) with its
    version before, while the newer one is of this month or later.
    """
    sides = pl.concat([_monthly(sent, period), _ledgers(sent, period)])
    if sides.is_empty():
        return pl.DataFrame(schema={name: pl.String() for name in (*_SERIES, "kind", "field", *_SIDES)})
    layout = columns.filter(~pl.col("field").is_in(["uscc", "name"])).join(sides, on="submission_id", how="inner")
    return pl.concat(
        [_headers(layout), _units(layout, sent, sides), _rows(sent, sides), _sums(sent, sides, period)],
        how="diagonal_relaxed",
    )


def _monthly(sent: Returns, period: date) -> pl.DataFrame:
    """Submissions of each series on the sides `now` (figures of `period`) and `before` (of its last month earlier)."""
    spans = sent.spans.select(*_SERIES, "submission_id", "span_end").unique()
    now = spans.filter(pl.col("span_end") == period)
    last = spans.filter(pl.col("span_end") < period).group_by(_SERIES).agg(pl.col("span_end").max())
    before = spans.join(last, on=[*_SERIES, "span_end"], how="semi")
    return pl.concat(
        [now.with_columns(pl.lit("now").alias("side")), before.with_columns(pl.lit("before").alias("side"))]
    )


def _ledgers(sent: Returns, period: date) -> pl.DataFrame:
    """Submissions of each series without months: its newest file, and the version before it."""
    monthly = sent.submissions["form"].is_in(["output", "energy", "products"])
    files = (
        sent.submissions.filter(~monthly)
        .with_columns(pl.col("arrival").min().over(*_SERIES, "sha256").alias("file_arrival"))
        .with_columns(pl.col("file_arrival").rank("dense", descending=True).over(_SERIES).alias("back"))
    )
    fresh = files.filter((pl.col("back") == 1) & (pl.col("came") >= period)).select(_SERIES).unique()
    return (
        files.filter(pl.col("back") <= 2)
        .join(fresh, on=_SERIES, how="semi")
        .select(
            *_SERIES,
            "submission_id",
            pl.lit(None, pl.Date).alias("span_end"),
            pl.when(pl.col("back") == 1).then(pl.lit("now")).otherwise(pl.lit("before")).alias("side"),
        )
    )


def _both(sides: pl.DataFrame, keys: list[str], value: str) -> pl.DataFrame:
    """`value` of each key on either side as columns `before` and `now`; series that are on one side only are left out.

    No new series is a change, and none that has not come.
    """
    both = sides.group_by(_SERIES).agg(pl.col("side").n_unique().alias("sides")).filter(pl.col("sides") == 2)
    known = sides.join(both, on=_SERIES, how="semi")
    before, now = (
        known.filter(pl.col("side") == side).select(*keys, pl.col(value).alias(side)) for side in ("before", "now")
    )
    return before.join(now, on=keys, how="full", coalesce=True)


def _headers(layout: pl.DataFrame) -> pl.DataFrame:
    """Headers that a field did not have, and fields that have no column any more; one row per series each."""
    # Months and years in headers change by themselves, and units are looked at by themselves.
    bare = (
        pl.col("header")
        .str.normalize("NFKC")
        .str.replace_all(r"\([^)]*\)|\d+|[年月季度*\s]", "")
        .str.replace_all(r"\|+", "|")
        .str.strip_chars("|")
    )
    sides = layout.group_by(*_SERIES, "field", "side").agg(bare.alias("header").unique())
    found = _both(sides, [*_SERIES, "field"], "header")
    new = pl.col("now").list.set_difference("before").list.len() > 0
    changed = found.filter(new | pl.col("before").is_null()).with_columns(pl.lit("new_header").alias("kind"))
    lost = found.filter(pl.col("now").is_null()).with_columns(pl.lit("lost_column").alias("kind"))
    return (
        pl.concat([changed, lost])
        .sort("field")
        .group_by(*_SERIES, "kind", maintain_order=True)
        .agg(pl.col("field").str.join("、"), *(_listed(side) for side in _SIDES))
    )


def _listed(side: str) -> pl.Expr:
    """The headers of one side over all fields as one text; null when there are none."""
    texts = pl.col(side).list.explode(keep_nulls=False, empty_as_null=False).unique(maintain_order=True)
    return pl.when(texts.len() > 0).then(texts.sort().str.join("、")).alias(side)


def _units(layout: pl.DataFrame, sent: Returns, sides: pl.DataFrame) -> pl.DataFrame:
    """Units that are others than before: of a column, or the one that most rows of a carrier are in."""
    assumed = pl.when(pl.col("unit_assumed")).then(pl.lit("（未注明，按默认）")).otherwise(pl.lit(""))
    of_columns = (
        layout.filter(pl.col("form") != "energy")
        .drop_nulls("unit")
        .group_by(*_SERIES, "field", "side")
        .agg(pl.concat_str("unit", assumed).unique().sort().str.join("、").alias("unit"))
    )
    of_carriers = (
        _figures(sent, sides)
        .filter(pl.col("form") == "energy")
        .drop_nulls("unit")
        .group_by(*_SERIES, "field", "side")
        .agg(pl.col("unit").mode().sort().first())
    )
    found = _both(pl.concat([of_columns, of_carriers]), [*_SERIES, "field"], "unit")
    return (
        found.filter(pl.col("before") != pl.col("now"))
        .sort("field")
        .group_by(*_SERIES, *_SIDES, maintain_order=True)
        .agg(pl.col("field").str.join("、"))
        .with_columns(pl.lit("new_unit").alias("kind"))
    )


def _figures(sent: Returns, sides: pl.DataFrame) -> pl.DataFrame:
    """The figures of the submissions on either side, each of its side's month."""
    return sent.figures.join(
        sides, on=[*_SERIES, "submission_id", "span_end"], how="inner", nulls_equal=True, validate="m:m"
    )


def _rows(sent: Returns, sides: pl.DataFrame) -> pl.DataFrame:
    """Enterprises (rows, in a ledger) that are many more or fewer."""
    monthly = (
        _figures(sent, sides.drop_nulls("span_end"))
        .group_by(*_SERIES, "side")
        .agg(pl.col("uscc").n_unique().cast(pl.Int64).alias("rows"))
    )
    ledgers = (
        sides.filter(pl.col("span_end").is_null())
        .join(sent.submissions.select("submission_id", "rows_accepted"), on="submission_id", validate="m:1")
        .group_by(*_SERIES, "side")
        .agg(pl.col("rows_accepted").sum().alias("rows"))
    )
    found = _both(pl.concat([monthly, ledgers]), _SERIES, "rows")
    many = pl.max_horizontal(_SIDES) >= ROWS_LEAST
    return found.filter(many & (_factor() >= ROWS_FACTOR)).select(
        *_SERIES, pl.lit("rows_jump").alias("kind"), pl.col(_SIDES).cast(pl.String)
    )


def _factor() -> pl.Expr:
    """By how much `before` and `now` differ, as a factor of at least 1; infinite when one of them is zero."""
    return pl.max_horizontal(_SIDES) / pl.min_horizontal(_SIDES)


def _sums(sent: Returns, sides: pl.DataFrame, period: date) -> pl.DataFrame:
    """Sums over the same enterprises that jump, against the last time and against a year ago."""
    figures = _figures(sent, sides)
    now = _per_month(figures.filter(pl.col("side") == "now"))
    keys = [*_SERIES, "field", "uscc"]

    def against(earlier: pl.DataFrame) -> pl.DataFrame:
        pairs = now.rename({"value": "now"}).join(_per_month(earlier).rename({"value": "before"}), on=keys, how="inner")
        return (
            pairs.group_by(*_SERIES, "field")
            .agg(pl.col(_SIDES).sum(), pl.len().alias("count"))
            .filter((pl.col("count") >= SUM_LEAST) & (pl.min_horizontal(_SIDES) > 0) & (_factor() >= SUM_FACTOR))
        )

    last_year = sent.figures.filter(pl.col("span_end") == shifted(period, -12))
    known = _per_month(last_year).select(*_SERIES, "field").unique()
    as_a_year_ago = known.join(against(last_year), on=[*_SERIES, "field"], how="anti")
    return (
        against(figures.filter(pl.col("side") == "before"))
        .join(as_a_year_ago, on=[*_SERIES, "field"], how="anti")
        .select(*_SERIES, pl.lit("sum_jump").alias("kind"), "field", *(_told(side) for side in _SIDES))
    )


def _per_month(figures: pl.DataFrame) -> pl.DataFrame:
    """Each enterprise's figure by month: the shortest span that states it; levels and areas as they are."""
    months = (
        (pl.col("span_end").dt.year() - pl.col("span_start").dt.year()) * 12
        + (pl.col("span_end").dt.month() - pl.col("span_start").dt.month())
        + 1
    ).fill_null(1)
    flow = (pl.col("form") != "output") | pl.col("field").is_in(FLOWS)
    return (
        figures.with_columns(months.alias("months"))
        .sort("months")
        .group_by(*_SERIES, "field", "uscc", maintain_order=True)
        .agg((pl.col("value") / pl.when(flow).then(pl.col("months")).otherwise(1)).first())
    )


def _told(side: str) -> pl.Expr:
    """A sum as text with four significant figures."""
    return pl.col(side).round_sig_figs(4).cast(pl.String).str.replace(r"\.0$", "")
