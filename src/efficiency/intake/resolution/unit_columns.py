"""A factor that fits most of a column: one mistake of unit, reported once at the column's header, which does not count.

A column's figures of one span are compared, enterprise by enterprise and by month, with those of the spans that end
before: where most are the same power of ten away from what is usual, the column is in another unit than the months
before. Which of them is wrong is not known. The column is withheld until it or those months are mended, or a mapping
file states the column's unit. Spans are looked at in their order in time, so that a withheld one is no measure for the
next, and nothing depends on the order of arrival but which of two statements of the same thing counts.

Areas, which have no span, are compared with those of the submissions before, and the factor is that of two units of
area. Most of a column being larger than whatever is usual needs no comparison: it is withheld if it is far larger, else
there is a warning.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.parsing import months_in_span
from efficiency.intake.resolution.identity import PAIR
from efficiency.partitions import runs_of
from efficiency.parts import has_parts, sum_of_parts
from efficiency.reference.tables import units
from schemas import FORMS
from schemas.column import SPAN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efficiency.partitions import Chunks
    from schemas import Form

LEAST_ENTERPRISES = 5
"""Enterprises that a factor must fit."""
LEAST_SHARE = 0.8
"""Share that it must fit of those that can be compared."""
WITHIN = 2.0
"""A factor fits a figure that is this near to the usual one times the factor, and this far from all others."""
LEAST_MONTHS_TENFOLD = 4
"""Spans that must be known of an enterprise to tell a factor of 10 from a season."""

LEAST_FACTOR = 10.0
"""Factors of areas below which a column may as well have grown."""
NEAR = 1.2
"""A factor fits an area that is this near to the usual one times the factor."""
FAR_ABOVE = 5.0
"""How many times a column's median must be what it is doubted above for the column to be withheld."""

_SPAN = [column.name for column in SPAN]
_COLUMN = ["submission_id", "block", "item", *_SPAN]
_SERIES = ["who", "item"]
WITHHELD = {
    "form": pl.String(),
    "field": pl.String(),
    "submission_id": pl.String(),
    "block": pl.Int64(),
    "item": pl.String(),
    "span_start": pl.Date(),
    "span_end": pl.Date(),
    "factor": pl.Float64(),
    "fits": pl.UInt32(),
    "compared": pl.UInt32(),
    "reported": pl.Boolean(),
}
"""One row per column of a sheet and span that is withheld: `item` is what the row's figure is named by (the carrier),
`factor` how many times what is usual its figures are (null where they are merely too large), `fits` how many
enterprises of those `compared` it fits; not `reported` is a column that is withheld since another of its sheet
is."""
DOUBTED = {
    "submission_id": pl.String(),
    "field": pl.String(),
    "fits": pl.UInt32(),
    "compared": pl.UInt32(),
    "far": pl.Boolean(),
}
"""One row per column of a sheet most of whose figures are above `Column.doubted_above`: how many (`fits`) of those
compared, and whether they are so `far` above it that the column is withheld."""


def find_withheld(
    rows: Mapping[str, Chunks], verdicts: pl.DataFrame, ranks: pl.DataFrame, columns: pl.DataFrame
) -> pl.DataFrame:
    """The columns of all stated `rows` (form id → chunks) that a factor fits, in the shape `WITHHELD`.

    `verdicts` are those of `identity.verdicts`, `ranks` the precedence of each submission that counts, `columns`
    the column map.
    """
    who = (
        verdicts.filter(pl.col("verdict") == "matched")
        .with_columns(pl.col("code").rank("dense").alias("who"))
        .select("uscc", "name", "who")
    )
    confirmed = columns.filter(pl.col("unit_confirmed")).select("submission_id", "block", "field")
    found = [pl.DataFrame(schema=WITHHELD)]
    for form in FORMS.values():
        fields = [column.name for column in form.compared("months")]
        if not fields or not rows[form.id].height or who.height < LEAST_ENTERPRISES:
            continue
        stated = _stated(form, rows[form.id], fields, who)
        level = {column.name for column in form.columns if column.figure == "level"}
        for field in fields:
            monthly = field not in level
            varying = _varying_items(stated, field, monthly=monthly)
            if varying.is_empty():
                continue
            counting = stated.filter(pl.col("item").is_in(varying.implode(), nulls_equal=True)).join(
                ranks, on="submission_id", how="inner", validate="m:1", maintain_order="left"
            )
            sure = confirmed.filter(pl.col("field") == field).select("submission_id", "block")
            figures = _figures(counting, field, sure, monthly=monthly)
            for item in _suspected(figures):
                withheld = _withheld(figures.filter(pl.col("item").eq_missing(item)))
                found.append(
                    withheld.with_columns(pl.lit(10.0).pow(pl.col("power")).alias("factor"))
                    .select(
                        pl.lit(form.id).alias("form"),
                        pl.lit(field).alias("field"),
                        *list(WITHHELD)[2:-1],
                        pl.lit(value=True).alias("reported"),
                    )
                    .cast(WITHHELD)  # type: ignore[arg-type]  # names to types
                )
    found += [
        _withheld_levels(form, rows[form.id], verdicts, ranks, columns)
        for form in FORMS.values()
        if not form.flow and form.compared("returns") and rows[form.id].height
    ]
    return pl.concat(found)


def without_withheld(form: Form, rows: pl.DataFrame, withheld: pl.DataFrame) -> pl.DataFrame:
    """`rows` of `form` without the figures of the columns `withheld` (shape `WITHHELD`)."""
    item = pl.col(form.named_by) if form.named_by else pl.lit(None, dtype=pl.String)
    column = _COLUMN if form.flow else _COLUMN[: -len(_SPAN)]
    for (field,), columns in withheld.filter(pl.col("form") == form.id).group_by("field"):
        marked = rows.with_columns(item.alias("item")).join(
            columns.select(*column, pl.lit(value=True).alias("_withheld")),
            on=column,
            how="left",
            nulls_equal=True,
            validate="m:1",
            maintain_order="left",
        )
        rows = marked.with_columns(
            pl.when(pl.col("_withheld").is_null()).then(pl.col(str(field))).alias(str(field))
        ).select(rows.columns)
    return rows


def find_doubted(
    rows: Mapping[str, Chunks],
    verdicts: pl.DataFrame,
    withheld: pl.DataFrame,
    submissions: pl.DataFrame,
    columns: pl.DataFrame,
) -> pl.DataFrame:
    """The columns most of whose figures are larger than whatever is usual, where they count; shape `DOUBTED`."""
    found = [pl.DataFrame(schema=DOUBTED)]
    reported = withheld.filter("reported")["submission_id"].implode()
    ours = submissions.filter(pl.col("left_out").is_null()).select("submission_id")
    for form in FORMS.values():
        if any(column.doubted_above for column in form.columns) and rows[form.id].height:
            levels = _levels(form, rows[form.id], verdicts, columns).join(ours, on="submission_id", how="semi")
            found.append(_doubted(form, levels).filter(~pl.col("submission_id").is_in(reported)))
    return pl.concat(found)


def _levels(form: Form, chunks: Chunks, verdicts: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
    """The positive areas that sheets state of enterprises, parts added up: submission_id, field, who, value.

    Columns of which a mapping file states the unit are left out; an enterprise that is not registered goes by what
    the sheet calls it.
    """
    fields = [column.name for column in form.columns if column.figure == "level" and column.compared]
    who = verdicts.filter(pl.col("verdict") == "matched").select("uscc", "name", "code")
    confirmed = columns.filter(pl.col("unit_confirmed")).select("submission_id", "field").unique()
    return (
        chunks.lazy()
        .select("submission_id", "uscc", "name", *([form.in_force_from] if form.in_force_from else []), *fields)
        .join(who.lazy(), on=["uscc", "name"], how="left", nulls_equal=True)
        .with_columns(pl.coalesce("code", "uscc", "name").alias("who"))
        .group_by("submission_id", "who", *([form.in_force_from] if form.in_force_from else []))
        .agg(pl.col(fields).sum())
        .unpivot(fields, index=["submission_id", "who"], variable_name="field")
        .filter((pl.col("value") > 0) & pl.col("who").is_not_null())
        .collect()
        .join(confirmed, on=["submission_id", "field"], how="anti")
    )


def _doubted(form: Form, levels: pl.DataFrame) -> pl.DataFrame:
    """The columns of `levels` (see `_levels`) most of which are above what the form doubts; shape `DOUBTED`."""
    limits = {column.name: column.doubted_above for column in form.columns if column.doubted_above}
    limit = pl.col("field").replace_strict(limits, default=None, return_dtype=pl.Float64)
    counts = levels.group_by("submission_id", "field").agg(
        (pl.col("value") > limit).sum().alias("fits"),
        pl.len().alias("compared"),
        (pl.col("value").median() > FAR_ABOVE * limit.first()).alias("far"),
    )
    return counts.filter(_is_most()).select(list(DOUBTED))


def _is_most() -> pl.Expr:
    return (pl.col("fits") >= LEAST_ENTERPRISES) & (pl.col("fits") >= LEAST_SHARE * pl.col("compared"))


def _withheld_levels(
    form: Form, chunks: Chunks, verdicts: pl.DataFrame, ranks: pl.DataFrame, columns: pl.DataFrame
) -> pl.DataFrame:
    """The columns of areas that are in another unit than those of earlier submissions; shape `WITHHELD`.

    A column that is doubted is no measure for later ones. With a figure that is part of a total (land owned, rented)
    all of its sheet's rows are withheld: what stood before them counts again.
    """
    levels = _levels(form, chunks, verdicts, columns).join(
        ranks, on="submission_id", how="inner", validate="m:1", maintain_order="left"
    )
    doubted = _doubted(form, levels)
    far = levels.group_by("field", "who").agg(pl.col("value").max() > LEAST_FACTOR / NEAR * pl.col("value").min())
    if doubted.is_empty() and far.filter("value").height < LEAST_ENTERPRISES:
        return pl.DataFrame(schema=WITHHELD)
    far_above = doubted.filter("far").select(
        "submission_id", "field", pl.lit(None, dtype=pl.Float64).alias("factor"), "fits", "compared"
    )
    measure = levels.join(doubted, on=["submission_id", "field"], how="anti")
    found: list[pl.DataFrame] = []
    gone = pl.DataFrame(schema={"submission_id": pl.String, "field": pl.String})
    many = levels.group_by("submission_id", "precedence").agg(pl.col("who").n_unique() >= LEAST_ENTERPRISES)
    asked = many.filter("who").sort("precedence").select("submission_id", "precedence")
    for identifier, precedence in asked.iter_rows():
        usual = (
            measure.filter(pl.col("precedence") < precedence)
            .join(gone, on=["submission_id", "field"], how="anti")
            .group_by("field", "who")
            .agg(pl.col("value").median().alias("usual"))
        )
        own = levels.filter(pl.col("submission_id") == identifier)
        hit = _fitted_levels(own.join(usual, on=["field", "who"], how="inner", validate="m:1"))
        gone = pl.concat([gone, hit.select("submission_id", "field")])
        found.append(hit)
    compared = pl.concat([far_above.clear(), *found])
    hits = pl.concat([compared, far_above.join(compared, on=["submission_id", "field"], how="anti")])
    figures = pl.DataFrame({"figure": list(form.figures)})
    fed = Counter(word for column in form.columns for word, _ in column.feeds)
    added = [column.name for column in form.columns if any(fed[word] > 1 for word, _ in column.feeds)]
    stated = pl.col("field") == pl.col("figure")
    blocks = columns.select("submission_id", "block", pl.col("field").alias("figure"))
    return (
        hits.join(figures, how="cross")
        .filter(stated | pl.col("field").is_in(added))
        .with_columns((stated & pl.col("field").is_first_distinct().over("submission_id")).alias("reported"))
        .sort("reported", descending=True, maintain_order=True)
        .unique(["submission_id", "figure"], keep="first", maintain_order=True)
        .join(blocks, on=["submission_id", "figure"], how="inner")
        .with_columns(pl.col("figure").alias("field"))
        .with_columns(pl.lit(form.id).alias("form"), *(pl.lit(None).alias(name) for name in ("item", *_SPAN)))
        .select(list(WITHHELD))
        .cast(WITHHELD)  # type: ignore[arg-type]  # names to types
    )


def _fitted_levels(compared: pl.DataFrame) -> pl.DataFrame:
    """The columns of which the factor of two units fits most figures: submission_id, field, factor, fits, compared.

    `compared` are figures with what is `usual`.
    """
    counts = compared.group_by("submission_id", "field").agg(pl.len().alias("compared"))
    ratio = pl.col("value") / pl.col("usual")
    fits = [
        compared.filter(ratio.is_between(factor / NEAR, factor * NEAR))
        .group_by("submission_id", "field")
        .agg(pl.lit(factor).alias("factor"), pl.len().alias("fits"))
        for factor in _factors()
    ]
    best = (
        pl.concat(fits)
        .sort("fits", descending=True, maintain_order=True)
        .unique(["submission_id", "field"], keep="first", maintain_order=True)
    )
    return best.join(counts, on=["submission_id", "field"], validate="1:1").filter(_is_most()).sort("field")


@cache
def areas() -> dict[str, float]:
    """Unit of area → 亩."""
    return {name: unit.numerator / unit.denominator for name, unit in units().items() if unit.dimension == "area"}


@cache
def _factors() -> tuple[float, ...]:
    """How many times what is meant a column of areas is that is in another unit, or ten, a hundred … times."""
    sizes = set(areas().values())
    ratios = {round(one / other, 9) for one in sizes for other in sizes} | {10.0**power for power in range(-4, 5)}
    return tuple(sorted(ratio for ratio in ratios if not 1 / LEAST_FACTOR < ratio < LEAST_FACTOR))


def _stated(form: Form, chunks: Chunks, fields: list[str], who: pl.DataFrame) -> pl.DataFrame:
    """What registered enterprises state of `fields`: one row per column, enterprise and span, parts added up."""
    item = pl.col(form.named_by) if form.named_by else pl.lit(None, dtype=pl.String)
    kept = ["submission_id", "block", *_SPAN, *fields, *(["part"] if form.parts else [])]
    parts = [
        _identified(part.lazy().select(*PAIR, *kept, item.alias("item")).collect(), who)
        for part in chunks.parts
        if part.height
    ]
    rows = pl.concat(parts)
    if has_parts(rows):
        rows = sum_of_parts(rows, [*_COLUMN, "who"], fields, needed=False)
    return rows.select(*_COLUMN, "who", *fields)


def _identified(rows: pl.DataFrame, who: pl.DataFrame) -> pl.DataFrame:
    """`rows` of registered enterprises, with their number `who` in place of code and name.

    An enterprise is looked up once for all of its rows that follow each other.
    """
    pairs, run = runs_of(rows, list(PAIR))
    numbers = pairs.join(who, on=list(PAIR), how="left", nulls_equal=True, validate="m:1", maintain_order="left")["who"]
    return rows.drop(*PAIR).with_columns(numbers.gather(run).alias("who")).drop_nulls("who")


def _figures(stated: pl.DataFrame, field: str, sure: pl.DataFrame, *, monthly: bool) -> pl.DataFrame:
    """The positive figures of `field` by month: `_COLUMN`, who, precedence, rate, and whether the unit is `sure`."""
    months = months_in_span()
    return (
        stated.filter(pl.col(field) > 0)
        .select(*_COLUMN, "who", "precedence", (pl.col(field) / (months if monthly else 1)).alias("rate"))
        .join(
            sure.with_columns(pl.lit(value=True).alias("sure")),
            on=["submission_id", "block"],
            how="left",
            validate="m:1",
            maintain_order="left",
        )
        .with_columns(pl.col("sure").fill_null(value=False))
    )


def _varying_items(stated: pl.DataFrame, field: str, *, monthly: bool) -> pl.Series:
    """The items (null: the rows' only one) of which `field` differs much over all spans, for enough enterprises.

    Necessary for a column to be withheld, whichever submissions count, and cheap: in most runs there is none.
    """
    of_months = pl.col(field) / (months_in_span() if monthly else 1)
    extremes = (
        stated.lazy()
        .filter(pl.col(field) > 0)
        .select("who", pl.col("item").cast(pl.Categorical), of_months.alias("rate"))
        .group_by("who", "item")
        .agg(pl.col("rate").min().alias("least"), pl.col("rate").max().alias("most"))
    )
    varying = extremes.filter(pl.col("most") > WITHIN * pl.col("least")).group_by("item").len()
    return varying.filter(pl.col("len") >= LEAST_ENTERPRISES).select(pl.col("item").cast(pl.String)).collect()["item"]


def _latest(figures: pl.DataFrame) -> pl.DataFrame:
    """The figure that counts of each enterprise, item and span: that of the last submission."""
    return figures.sort("precedence", descending=True, maintain_order=True).unique(
        [*_SERIES, *_SPAN], keep="first", maintain_order=True
    )


def _suspected(figures: pl.DataFrame) -> list[str | None]:
    """The items of which a column is far from all that is stated for earlier spans, for most enterprises.

    Necessary for a column to be withheld.
    """
    latest = _latest(figures)
    if not _vary(latest):
        return []
    ordered = latest.sort(*_SERIES, "span_end")
    ends = ordered.group_by(*_SERIES, "span_end", maintain_order=True).agg(
        pl.col("rate").min().alias("least"), pl.col("rate").max().alias("most")
    )
    before = ends.select(
        *_SERIES,
        "span_end",
        pl.col("least").cum_min().shift(1).over(_SERIES).alias("least"),
        pl.col("most").cum_max().shift(1).over(_SERIES).alias("most"),
    )
    compared = ordered.join(before, on=[*_SERIES, "span_end"], how="left", nulls_equal=True, validate="m:1").drop_nulls(
        "least"
    )
    far = (pl.col("rate") > WITHIN * pl.col("most")) | (pl.col("rate") * WITHIN < pl.col("least"))
    columns = compared.group_by(_COLUMN).agg(far.sum().alias("far"), pl.len().alias("compared"))
    hit = columns.filter((pl.col("far") >= LEAST_ENTERPRISES) & (pl.col("far") >= LEAST_SHARE * pl.col("compared")))
    return hit["item"].unique().sort().to_list()


def _vary(latest: pl.DataFrame) -> bool:
    """Whether a column is far from some figure of its enterprises, whenever stated, for most of them.

    What is far from all earlier figures is far from the least or the most of all: necessary too, and cheaper.
    """
    rate = pl.col("rate")
    extremes = latest.group_by(_SERIES).agg(
        rate.min().alias("least"), rate.max().alias("most"), pl.col("span_end").min().alias("first")
    )
    varying = extremes.filter(pl.col("most") > WITHIN * pl.col("least"))
    if varying.height < LEAST_ENTERPRISES:
        return False
    far = (rate > WITHIN * pl.col("least")) | (rate * WITHIN < pl.col("most"))
    columns = (
        latest.join(extremes, on=_SERIES, how="inner", nulls_equal=True)
        .filter(pl.col("span_end") > pl.col("first"))
        .group_by(_COLUMN)
        .agg(far.sum().alias("far"), pl.len().alias("compared"))
    )
    hit = (pl.col("far") >= LEAST_ENTERPRISES) & (pl.col("far") >= LEAST_SHARE * pl.col("compared"))
    return not columns.filter(hit).is_empty()


def _withheld(figures: pl.DataFrame) -> pl.DataFrame:
    """The columns of one item's `figures` that a factor fits: `_COLUMN`, power, fits, compared."""
    withheld: list[pl.DataFrame] = []
    past = figures.clear()
    for (_,), of_end in figures.sort("span_end").group_by("span_end", maintain_order=True):
        usual = past.group_by("who").agg(
            pl.col("rate").median().alias("usual"),
            pl.col("rate").min().alias("least"),
            pl.col("rate").max().alias("most"),
            pl.len().alias("known"),
        )
        left = of_end
        while left.height:
            hit = _fitted(_latest(left).join(usual, on="who", how="inner", validate="m:1"))
            if hit.is_empty():
                break
            withheld.append(hit)
            # What stood before a withheld figure counts again, and is looked at in its turn.
            left = left.join(hit, on=_COLUMN, how="anti", nulls_equal=True)
        past = pl.concat([past, _latest(left)])
    return pl.concat([_fitted(figures.clear().with_columns(usual=0.0, least=0.0, most=0.0, known=0)), *withheld])


def _fitted(compared: pl.DataFrame) -> pl.DataFrame:
    """The columns of which a power of ten fits most figures: `_COLUMN`, power, fits, compared.

    `compared` has the figures with what is usual, the least and the most of the earlier spans, and how many are known.
    """
    rate = pl.col("rate")
    distance = (rate / pl.col("usual")).log10()
    power = distance.round()
    outside = (rate > WITHIN * pl.col("most")) | (rate * WITHIN < pl.col("least"))
    tenfold_known = (power.abs() > 1) | (pl.col("known") >= LEAST_MONTHS_TENFOLD)
    fits = (power != 0) & ((distance - power).abs() <= math.log10(WITHIN)) & outside & tenfold_known
    marked = compared.with_columns(pl.when(fits & ~pl.col("sure")).then(power).cast(pl.Int32).alias("power"))
    counts = marked.group_by(_COLUMN).agg(pl.len().alias("compared"))
    best = (
        marked.drop_nulls("power")
        .group_by(*_COLUMN, "power")
        .agg(pl.len().alias("fits"))
        .sort("fits", "power", descending=[True, False])
        .unique(_COLUMN, keep="first", maintain_order=True)
    )
    return best.join(counts, on=_COLUMN, how="inner", nulls_equal=True, validate="1:1").filter(_is_most()).sort(_COLUMN)
