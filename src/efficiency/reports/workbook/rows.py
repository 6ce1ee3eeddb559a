"""The rows of a list, written cell by cell from the top down: texts as they are, figures with every digit."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

LINKS_PER_SHEET = 65_530
"""Excel refuses a worksheet with more hyperlinks."""
LINKED = "linked"
"""The variant of a cell whose text links to the frame's column `target`."""
_POINTS_PER_PIXEL = 0.75


@dataclass(frozen=True, slots=True)
class ColumnFormat:
    """The cell formats of a column: `plain`, and `variants` for the cells that `variant` names (null: plain)."""

    plain: Format
    variants: Mapping[str, Format] = field(default_factory=dict)
    variant: pl.Expr | None = None
    """Text: a key of `variants`, or null."""
    formulas: Mapping[str, str] = field(default_factory=dict)
    """Value of a cell → the formula that stands for it, with {row} for the number of its row."""
    shown: str = ""
    """The value of these formulas, stored for readers that do not calculate."""
    sparse: bool = False
    """Whether nothing is written where there is no value: a column that is hardly looked at saves its empty cells."""


class EveryDigit(float):
    """A figure that is written with all of its digits: XlsxWriter formats to 16, and a double may need 17."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return repr(self)


def write_rows(
    sheet: Worksheet, frame: pl.DataFrame, formats: Mapping[str, ColumnFormat], heights: pl.Expr, *, first: int
) -> None:
    """Write the columns of `frame` named in `formats`, in their order, from the 0-based row `first` on.

    Texts must fit a cell and numbers be finite; null becomes an empty cell with the column's format. `heights` is each
    row's height in points. With a column `target` (XlsxWriter's `internal:` URL or null) the cells of the variant
    LINKED are links.
    """
    chosen = {name: one.variant for name, one in formats.items() if one.variant is not None}
    rows = frame.select(
        *formats,
        *(variant.alias(f"{name} variant") for name, variant in chosen.items()),
        heights.alias("row height"),
        *(["target"] if "target" in frame.columns else []),
    )
    at = {name: index for index, name in enumerate(rows.columns)}
    columns = [(column, one, at.get(f"{name} variant")) for column, (name, one) in enumerate(formats.items())]
    height, target = at["row height"], at.get("target")
    for row, values in enumerate(rows.iter_rows(), start=first):
        # In pixels, since a height in points would be rounded to whole pixels.
        sheet.set_row_pixels(row, values[height] / _POINTS_PER_PIXEL)
        for column, formatted, variant_at in columns:
            value, style, variant = values[column], formatted.plain, None
            if variant_at is not None and (variant := values[variant_at]) is not None:
                style = formatted.variants[variant]
            if value is None:
                if formatted.sparse:
                    continue
                sheet.write_blank(row, column, None, style)
            elif formatted.formulas:
                formula = formatted.formulas[value].replace("{row}", str(row + 1))
                write_formula(sheet, (row, column), formula, style, formatted.shown)
            elif not isinstance(value, str):
                sheet.write_number(row, column, EveryDigit(value) if isinstance(value, float) else value, style)
            elif variant == LINKED and target is not None:
                sheet.write_url(row, column, values[target], style, value)
            else:
                write_text(sheet, row, column, value, style)


def linked_variant() -> pl.Expr:
    """LINKED where the column `target` is not null, for as many rows as a sheet may have links."""
    possible = pl.col("target").is_not_null() & (pl.int_range(pl.len()) < LINKS_PER_SHEET)
    return pl.when(possible).then(pl.lit(LINKED))


def write_formula(sheet: Worksheet, cell: tuple[int, int], formula: str, style: Format, shown: str) -> None:
    """Write `formula` (with its =) and its stored value into a cell (row, column) as they are.

    XlsxWriter searches each formula for functions that need a prefix, which takes longer than all the rest.
    """
    from xlsxwriter.worksheet import CellFormulaTuple

    row, column = cell
    sheet.write_blank(row, column, None, style)
    sheet.table[row][column] = CellFormulaTuple(formula.removeprefix("="), style, shown)


def write_text(sheet: Worksheet, row: int, column: int, text: str, style: Format) -> None:
    """Write `text` as it is: what looks like XlsxWriter's own rich text would be put into the file as XML."""
    if text.startswith("<r>") and text.endswith("</r>"):
        text = f'<r><t xml:space="preserve">{escape(text, quote=False)}</t></r>'
    sheet.write_string(row, column, text, style)
