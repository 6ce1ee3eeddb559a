"""Figures that a sheet states in parts (plots, meters, kinds of tax), added up: one row per what the parts belong to.

Facts keep one row a part, so that each leads to its cell; whatever sums or compares figures works on the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.column import PART

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas import Form


SHEET, ORDER = "_sheet", "_order"
"""Columns of contested rows: what of their submission_id names the sheet, and the place of the sheet in the order."""
SUMS_AGREE = 0.005
"""Relative difference up to which a stated total is the sum of what it totals (interface: 0.5 %)."""


def sheet_of(submission_id: pl.Expr) -> pl.Expr:
    """What of a submission_id names the sheet: `1a2b3c4d5e6f-2`; a second table has `1a2b3c4d5e6f-2-2`."""
    return submission_id.str.replace(r"^([0-9a-f]{12}-\d+)-\d+$", "$1")


def has_parts(rows: pl.DataFrame) -> bool:
    """Whether any of `rows` states a part."""
    return PART.name in rows.columns and rows[PART.name].null_count() < rows.height


def by_sheet(rows: pl.DataFrame, key: Sequence[str], added: Sequence[str], *, one_order: bool) -> pl.DataFrame:
    """Contested `rows` with `SHEET` and `ORDER`, by which the tables of a sheet are one; rows keep their own order
    where not `one_order`.

    Where one table of a sheet states parts of a figure and another the figure, both are it if the parts add up to it,
    and the later of the tables counts; if not, nothing tells them apart.
    """
    sheet = [SHEET, *key]
    placed = rows.with_columns(sheet_of(pl.col("submission_id")).alias(SHEET))
    place = pl.col("precedence").max().over(SHEET) if one_order else pl.col("precedence")
    placed = placed.with_columns(place.alias(ORDER))
    if not (one_order and added and has_parts(placed)):
        return placed
    of_part = pl.col(PART.name).is_not_null()
    mixed = (
        (of_part.any() & ~of_part.all()).over(sheet)
        & (pl.col("submission_id").n_unique().over(sheet) > 1)
        & ((of_part.any() == of_part.all()).over("submission_id", *key))
    )
    if not placed.select(mixed.any()).item():
        return placed
    differs = [
        (pl.col(f).filter(~of_part).sum() - pl.col(f).filter(of_part).sum()).abs().over(sheet)
        > SUMS_AGREE * pl.col(f).filter(of_part).sum().abs().over(sheet)
        for f in added
    ]
    stated = [
        (pl.col(f).filter(of_part).count() > 0).over(sheet) & (pl.col(f).filter(~of_part).count() > 0).over(sheet)
        for f in added
    ]
    unlike = pl.any_horizontal(d & s for d, s in zip(differs, stated, strict=True)).fill_null(value=False)
    marked = placed.with_columns((mixed & unlike).alias("_unlike"), (mixed & ~unlike).alias("_alike"))
    return marked.with_columns(
        pl.when(~pl.col("_unlike")).then(PART.name).alias(PART.name),
        pl.when("_alike").then("submission_id").otherwise(SHEET).alias(SHEET),
        pl.when("_alike").then("precedence").otherwise(ORDER).alias(ORDER),
    ).drop("_unlike", "_alike")


def lent_as_parts(completed: pl.DataFrame, each: list[str], added: Sequence[str]) -> pl.DataFrame:
    """`completed` in which a figure that another row lent stands in that row: both are parts, each with its own cells.

    `completed` are rows with superseded, `_latest`, lent, and `_lends_<field>`, the row that counts first of those that
    share `each` and `_latest`. What a row that lends states beyond that is superseded. `added` are the figures that add
    up, none where rows are no parts.
    """
    if not added or not completed["lent"].any():
        return completed
    of_sheet = [*each, "_latest"]
    first = {
        f: pl.col(f"_lends_{f}") & (pl.col(f"_lends_{f}").cast(pl.Int32).cum_sum().over(of_sheet) == 1) for f in added
    }
    table = pl.col("submission_id").str.extract(r"^[0-9a-f]{12}-\d+-(\d+)$")
    line = pl.concat_str(pl.format("第{}行", "row"), pl.lit("·") + table, separator="", ignore_nulls=True)
    labelled = pl.col(PART.name).fill_null("") != ""
    marked = completed.with_columns(
        *(given.alias(f"_gives_{f}") for f, given in first.items()), pl.any_horizontal(first.values()).alias("_gives")
    ).with_columns(pl.col("_gives").any().over(of_sheet).alias("_together"))
    counts = ~pl.col("superseded")
    taken = {f: counts & (pl.col(f"_lends_{f}").any().over(of_sheet)) for f in added}
    own = marked.with_columns(
        *(pl.when(~(taken[f] | pl.col(f"_gives_{f}"))).then(pl.col(f)).alias(f) for f in added),
        pl.when(counts & pl.col("_together") & ~labelled).then(line).otherwise(PART.name).alias(PART.name),
    )
    given = marked.filter("_gives").with_columns(
        *(pl.when(f"_gives_{f}").then(pl.col(f)).alias(f) for f in added),
        pl.when(labelled).then(pl.format("{}·{}", PART.name, line)).otherwise(line).alias(PART.name),
        pl.lit(value=False).alias("superseded"),
    )
    states = pl.any_horizontal(pl.col(f).is_not_null() for f in added)
    return pl.concat([own.filter(~pl.col("_gives") | states), given])


def whole(form: Form, rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` of `form` in which the parts of each figure are added up; the same rows where none states a part.

    `rows` has the columns of the form's facts, only those that count. A part without one of its form's figures that are
    all-or-nothing makes that figure null; of the others those are added that are stated. The coefficient is the mean of
    the parts' by consumption. The other columns are those of the first part; `part` is null.
    """
    if not has_parts(rows):
        return rows
    key = list(form.statement_key)
    stated = rows.filter(pl.col(PART.name).is_not_null())
    if form.quantity_unit:
        # Quantities in different units do not add up before they are converted.
        unit = pl.col(form.quantity_unit)
        stated = stated.with_columns(unit.fill_null(unit.drop_nulls().first().over(key)))
        key.append(form.quantity_unit)
    added = {name: _sum(name, needed=name in form.all_or_nothing) for name in form.added}
    if "coefficient" in rows.columns:
        added["coefficient"] = _mean("coefficient", "consumption")
    first = [name for name in rows.columns if name not in {*key, *added, PART.name}]
    summed = stated.group_by(key, maintain_order=True).agg(*added.values(), pl.col(first).first())
    return pl.concat(
        [
            rows.filter(pl.col(PART.name).is_null()),
            summed.with_columns(pl.lit(None, dtype=pl.String).alias(PART.name)).select(rows.columns),
        ]
    )


def sum_of_parts(
    rows: pl.DataFrame, key: Sequence[str], figures: Sequence[str], *, needed: bool = True
) -> pl.DataFrame:
    """`rows` with one row per `key` whose `figures` are summed; the other columns are the first row's.

    A sum is null where all its figures are missing or, where each is `needed`, one.
    """
    first = [name for name in rows.columns if name not in {*key, *figures}]
    return (
        rows.group_by(key, maintain_order=True)
        .agg(*(_sum(name, needed=needed) for name in figures), pl.col(first).first())
        .select(rows.columns)
    )


def _sum(name: str, *, needed: bool) -> pl.Expr:
    """The sum of a column: null where no value is there or, where each is `needed`, one is missing."""
    value = pl.col(name)
    lacking = value.is_null().any() if needed else value.is_null().all()
    return pl.when(lacking).then(None).otherwise(value.sum()).alias(name)


def _mean(name: str, weight: str) -> pl.Expr:
    """The mean of the values that are there by `weight`; their plain mean where the weights are zero or missing."""
    known = pl.when(pl.col(name).is_not_null()).then(pl.col(weight))
    equal = pl.col(name).min() == pl.col(name).max()
    mean = (pl.col(name) * known).sum() / known.sum()
    plain = pl.when(equal).then(pl.col(name).min()).otherwise(pl.col(name).mean())
    return pl.when(equal | (known.sum() == 0)).then(plain).otherwise(mean).alias(name)
