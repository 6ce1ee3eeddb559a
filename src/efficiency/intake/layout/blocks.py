"""Blocks of rows of one enterprise, whose name and code stand on the first of them only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.parsing import squeeze

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_AS_ABOVE = r"^(?:同上|[〃\"”]|′′|'')$"
"""What people write below a name instead of it."""


def named_throughout(cells: pl.DataFrame, identity: Sequence[int], keys: Collection[int]) -> pl.DataFrame:
    """`cells` with the code and name of a block's first row written into the rows below it.

    `cells` are the data rows of a table (`row_index`, and the columns as in `Grid.frame`), `identity` the columns that
    name the enterprise, `keys` those of what else a row is about: its carrier, product, plot or month. A row belongs to
    the block above it while it is the next row of the sheet, names no enterprise, and is about what no row of the
    block was: another total, a blank row or the same carrier again ends it.
    """
    if not identity or not keys or not cells.height:
        return cells
    blank = pl.all_horizontal(_is_blank(column) for column in identity)
    about = [f"about{column}" for column in sorted(keys)]
    rows = cells.select(
        "row_index",
        blank.alias("blank"),
        pl.any_horizontal(~_is_blank(column) for column in keys).alias("about_something"),
        *(pl.coalesce(f"t{c}", pl.col(f"n{c}").cast(pl.String)).alias(f"about{c}") for c in sorted(keys)),
    )
    if not rows["blank"].any():
        return cells
    follows = (pl.col("row_index").diff() == 1).fill_null(value=False)
    blocks = rows.with_columns((~(pl.col("blank") & follows)).cum_sum().alias("block")).with_columns(
        (~pl.col("blank").first().over("block")).alias("named"),
        # A plot or a month that is blank is the one above it.
        pl.col(about).forward_fill().over("block"),
    )
    blocks = blocks.with_columns(
        (pl.struct("block", *about).is_first_distinct() & pl.col("about_something")).alias("new")
    )
    so_far_new = pl.col("new").cast(pl.Int8).cum_min().over("block").cast(pl.Boolean)
    held = blocks.select(pl.col("blank") & pl.col("named") & so_far_new).to_series()
    if not held.any():
        return cells
    columns = [f"{kind}{column}" for column in identity for kind in "nt"]
    marked = cells.with_columns(blocks["block"].alias("_block"), held.alias("_held"))
    return marked.with_columns(
        pl.when("_held").then(pl.col(columns).first().over("_block")).otherwise(pl.col(columns)).name.keep()
    ).drop("_block", "_held")


def _is_blank(column: int) -> pl.Expr:
    """Whether a cell is blank, or says that it is as the one above it."""
    text = pl.col(f"t{column}")
    as_above = squeeze(text).str.contains(_AS_ABOVE).fill_null(value=False)
    return pl.col(f"n{column}").is_null() & (text.is_null() | as_above)
