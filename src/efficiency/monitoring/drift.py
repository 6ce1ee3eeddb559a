"""A return that comes in another shape than the last time: a new header or unit, a row count or a sum that jumps.

A changed layout may be read correctly and a changed unit converted; a finding asks a person to look once. Sums are
compared over the enterprises that both submissions state, by month, and against the same month a year ago where there
is one, so that a season is no jump.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from efficiency.monitoring.series import COMPARED, MONTHLY, Returns
from efficiency.monitoring.tally import SERIES, Tally, as_number

ROWS_FACTOR = 1.5
"""More or fewer enterprises by this factor are reported."""
ROWS_LEAST = 10
"""Fewer enterprises than this come and go by chance."""
SUM_FACTOR = 3.0
"""A sum over the same enterprises that changes by this factor is reported."""
SUM_LEAST = 5
"""Enterprises that both submissions must state before their sums are compared."""

_SIDES = ["before", "now"]


def sides_of(sent: Returns, period: date) -> pl.DataFrame:
    """What is compared with what: form, series, submission_id, span_end and side, `before` or `now`.

    A return with months is compared with the last one before it; a ledger without (register, land, visits) with its
    version before, while the newer one is of this month or later; its span_end is null.
    """
    return pl.concat([_monthly(sent, period), _ledgers(sent, period)])


def drift(sent: Returns, columns: pl.DataFrame, sides: pl.DataFrame, seen: Tally) -> pl.DataFrame:
    """What has changed between `sides`: rows with form, series, kind, field, before and now."""
    if sides.is_empty():
        return pl.DataFrame(schema={name: pl.String() for name in (*SERIES, "kind", "field", *_SIDES)})
    layout = columns.filter(~pl.col("field").is_in(["uscc", "name"])).join(sides, on="submission_id", how="inner")
    return pl.concat(
        [_headers(layout), _units(layout, seen), _rows(sent, sides, seen), _sums(seen)], how="diagonal_relaxed"
    )


def _monthly(sent: Returns, period: date) -> pl.DataFrame:
    """Submissions of each series on the sides `now` (figures of `period`) and `before` (of its last month earlier)."""
    spans = sent.spans.select(*SERIES, "submission_id", "span_end").unique()
    now = spans.filter(pl.col("span_end") == period)
    last = spans.filter(pl.col("span_end") < period).group_by(SERIES).agg(pl.col("span_end").max())
    before = spans.join(last, on=[*SERIES, "span_end"], how="semi")
    return pl.concat(
        [now.with_columns(pl.lit("now").alias("side")), before.with_columns(pl.lit("before").alias("side"))]
    )


def _ledgers(sent: Returns, period: date) -> pl.DataFrame:
    """Submissions of each series without months: its newest file, and the version before it."""
    monthly = sent.submissions["form"].is_in(MONTHLY)
    files = (
        sent.submissions.filter(~monthly)
        .with_columns(pl.col("arrival").min().over(*SERIES, "sha256").alias("file_arrival"))
        .with_columns(pl.col("file_arrival").rank("dense", descending=True).over(SERIES).alias("back"))
    )
    fresh = files.filter((pl.col("back") == 1) & (pl.col("came") >= period)).select(SERIES).unique()
    return (
        files.filter(pl.col("back") <= 2)
        .join(fresh, on=SERIES, how="semi")
        .select(
            *SERIES,
            "submission_id",
            pl.lit(None, pl.Date).alias("span_end"),
            pl.when(pl.col("back") == 1).then(pl.lit("now")).otherwise(pl.lit("before")).alias("side"),
        )
    )


def _both(sides: pl.DataFrame, keys: list[str], value: str) -> pl.DataFrame:
    """`value` of each key on either side as columns `before` and `now`; series that are on one side only are left out.

    No new series is a change, and none that has not come.
    """
    both = sides.group_by(SERIES).agg(pl.col("side").n_unique().alias("sides")).filter(pl.col("sides") == 2)
    paired = sides.join(both, on=SERIES, how="semi")
    before, now = (
        paired.filter(pl.col("side") == side).select(*keys, pl.col(value).alias(side)) for side in ("before", "now")
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
    sides = layout.group_by(*SERIES, "field", "side").agg(bare.alias("header").unique())
    found = _both(sides, [*SERIES, "field"], "header")
    new = pl.col("now").list.set_difference("before").list.len() > 0
    changed = found.filter(new | pl.col("before").is_null()).with_columns(pl.lit("new_header").alias("kind"))
    lost = found.filter(pl.col("now").is_null()).with_columns(pl.lit("lost_column").alias("kind"))
    return (
        pl.concat([changed, lost])
        .sort("field")
        .group_by(*SERIES, "kind", maintain_order=True)
        .agg(pl.col("field").str.join("、"), *(_listed(side) for side in _SIDES))
    )


def _listed(side: str) -> pl.Expr:
    """The headers of one side over all fields as one text; null when there are none."""
    texts = pl.col(side).list.explode(keep_nulls=False, empty_as_null=False).unique(maintain_order=True)
    return pl.when(texts.len() > 0).then(texts.sort().str.join("、")).alias(side)


def _units(layout: pl.DataFrame, seen: Tally) -> pl.DataFrame:
    """Units that are others than before: of a column, or the one that most rows of a carrier are in."""
    assumed = pl.when(pl.col("unit_assumed")).then(pl.lit("（未注明，按默认）")).otherwise(pl.lit(""))
    of_columns = (
        layout.filter(~pl.col("form").is_in([form.id for form in COMPARED.values() if form.row_unit]))
        .drop_nulls("unit")
        .group_by(*SERIES, "field", "side")
        .agg(pl.concat_str("unit", assumed).unique().sort().str.join("、").alias("unit"))
    )
    # Of units that as many rows are in, the first by name.
    of_carriers = (
        seen.units.sort("rows", "unit", descending=[True, False])
        .group_by(*SERIES, "field", "side", maintain_order=True)
        .agg(pl.col("unit").first())
    )
    found = _both(pl.concat([of_columns, of_carriers]), [*SERIES, "field"], "unit")
    return (
        found.filter(pl.col("before") != pl.col("now"))
        .sort("field")
        .group_by(*SERIES, *_SIDES, maintain_order=True)
        .agg(pl.col("field").str.join("、"))
        .with_columns(pl.lit("new_unit").alias("kind"))
    )


def _rows(sent: Returns, sides: pl.DataFrame, seen: Tally) -> pl.DataFrame:
    """Enterprises (rows, in a ledger) that are many more or fewer."""
    # What the newer version states again is replaced in the one before: it was sent all the same and counts.
    used = (pl.col("rows_accepted") + pl.col("rows_superseded")).alias("rows")
    ledgers = (
        sides.filter(pl.col("span_end").is_null())
        .join(sent.submissions.select("submission_id", used), on="submission_id", validate="m:1")
        .group_by(*SERIES, "side")
        .agg(pl.col("rows").sum())
    )
    monthly = seen.stated_by.select(*SERIES, "side", "rows")
    found = _both(pl.concat([monthly, ledgers]), SERIES, "rows")
    many = pl.max_horizontal(_SIDES) >= ROWS_LEAST
    return found.filter(many & (_factor() >= ROWS_FACTOR)).select(
        *SERIES, pl.lit("rows_jump").alias("kind"), pl.col(_SIDES).cast(pl.String)
    )


def _factor() -> pl.Expr:
    """By how much `before` and `now` differ, as a factor of at least 1; infinite when one of them is zero."""
    return pl.max_horizontal(_SIDES) / pl.min_horizontal(_SIDES)


def _sums(seen: Tally) -> pl.DataFrame:
    """Sums over the same enterprises that jump, against the last time and against a year ago."""
    jumps = seen.sums.with_columns(as_number(pl.col(*_SIDES))).filter(
        (pl.col("count") >= SUM_LEAST) & (pl.min_horizontal(_SIDES) > 0) & (_factor() >= SUM_FACTOR)
    )
    keys = [*SERIES, "field"]
    since_last_year = jumps.filter(pl.col("earlier") == "last_year")
    as_a_year_ago = seen.last_year.join(since_last_year, on=keys, how="anti")
    return (
        jumps.filter(pl.col("earlier") == "before")
        .join(as_a_year_ago, on=keys, how="anti")
        .select(*SERIES, pl.lit("sum_jump").alias("kind"), "field", *(_sum_text(side) for side in _SIDES))
    )


def _sum_text(side: str) -> pl.Expr:
    """A sum as text with four significant figures."""
    return pl.col(side).round_sig_figs(4).cast(pl.String).str.replace(r"\.0$", "")
