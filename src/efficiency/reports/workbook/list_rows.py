"""The rows of lists, made column by column in place of cell by cell: a tenth of XlsxWriter's time.

XlsxWriter writes everything else of the workbook, and where the rows belong one row of pattern cells, from which this
module learns the numbers of the cell formats. When the file is closed, the rows take the place of the pattern. All
that is used of XlsxWriter is its file, and of that only what ECMA-376 says of every such file.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.cell_addresses import column_letters
from efficiency.reports.workbook.styles import just_below

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

LINKS_PER_SHEET = 65_530
"""Excel refuses a worksheet with more hyperlinks."""
HEIGHT = "height"
_CHUNK = 20_000
"""Rows that are turned into text at a time, so that length does not cost memory."""
_COMPRESSION = 4
"""Of the levels of deflate: half the time of the usual 6, for files a tenth larger."""
_LEVEL = "compress_level" if hasattr(zipfile.ZipInfo, "compress_level") else "_compresslevel"
_ESCAPED = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_UNUSUAL = r"[&<>]|_x|^\s|\s$"
"""What a text has that cannot stand in XML as it is."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the cells of a column look: the format of most, and of those that differ from it."""

    plain: Format
    small: Format | None = None
    """Of numbers below 1."""
    exact: Format | None = None
    """Of numbers just below one of `cuts`."""
    cuts: tuple[float, ...] = ()
    by_text: tuple[tuple[str, Format], ...] = ()
    """Of certain texts."""
    linked: Format | None = None
    """Of texts that lead to the place named in the frame's column `target`."""

    @property
    def formats(self) -> list[Format]:
        """Every format that occurs, each once."""
        found = (self.plain, self.small, self.exact, self.linked, *(made for _, made in self.by_text))
        return list(dict.fromkeys(made for made in found if made is not None))


@dataclass(frozen=True, slots=True)
class ListRows:
    """Rows that wait for the file to be closed: safe text and finite numbers, from the 0-based row `first` on."""

    frame: pl.DataFrame
    """At least one row, with a column HEIGHT (in points) beside the `columns`."""
    columns: tuple[tuple[str, Look], ...]
    first: int


def write_pattern(sheet: Worksheet, rows: ListRows) -> None:
    """Writes each format of each column once, side by side, into the first row of the place that `rows` will take."""
    formats = [made for _, look in rows.columns for made in look.formats]
    for column, made in enumerate(formats):
        sheet.write_blank(rows.first, column, None, made)


def put_in(workbook: Path, waiting: Mapping[int, ListRows]) -> None:
    """Puts the rows `waiting` for the sheets of these positions (from 1) into the closed file `workbook`."""
    whole = workbook.with_name(f"{workbook.name}.whole")
    parts = {f"xl/worksheets/sheet{position}.xml": rows for position, rows in waiting.items()}
    try:
        with (
            zipfile.ZipFile(workbook) as read,
            zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as write,
        ):
            for entry in read.infolist():
                same = zipfile.ZipInfo(entry.filename, entry.date_time)
                same.compress_type, same.external_attr = zipfile.ZIP_DEFLATED, entry.external_attr
                # An entry with a date of its own does not take the level from its file; up to Python 3.12 the
                # attribute has no public name.
                setattr(same, _LEVEL, _COMPRESSION)
                with read.open(entry) as source, write.open(same, "w") as target:
                    if entry.filename in parts:
                        for piece in _made_ahead(_filled(source.read().decode(), parts[entry.filename])):
                            target.write(piece)
                    else:
                        shutil.copyfileobj(source, target)
        whole.replace(workbook)
    finally:
        whole.unlink(missing_ok=True)


def _made_ahead(pieces: Iterator[bytes | memoryview]) -> Iterator[bytes | memoryview]:
    """`pieces`, each made while the one before it is deflated, which lets go of the interpreter."""
    with ThreadPoolExecutor(1) as beside:
        coming = beside.submit(next, pieces, None)
        while (piece := coming.result()) is not None:
            coming = beside.submit(next, pieces, None)
            yield piece


def _filled(sheet: str, rows: ListRows) -> Iterator[bytes | memoryview]:
    """The sheet's XML with `rows` in the place of their pattern, in pieces."""
    begin = sheet.index(f'<row r="{rows.first + 1}"')
    end = sheet.index("</row>", begin) + len("</row>")
    numbers = iter(re.findall(r'<c r="[A-Z]+\d+" s="(\d+)"', sheet[begin:end]))
    styles = [{made: next(numbers) for made in look.formats} for _, look in rows.columns]
    # Links stand behind everything about cells, before everything about printing.
    print_setup = sheet.index("<printOptions")
    # The pattern may be wider than the list: what the sheet says of its size is the list's.
    right = f":{column_letters(len(rows.columns))}\\1"
    yield re.sub(r":[A-Z]+(\d+)(?=\"/>)", right, sheet[:begin], count=1).encode()
    for start in range(0, rows.frame.height, _CHUNK):
        yield _rows_xml(rows, start, styles)
    yield sheet[end:print_setup].encode()
    yield _links_xml(rows).encode()
    yield sheet[print_setup:].encode()


def _rows_xml(rows: ListRows, start: int, styles: Sequence[Mapping[Format, str]]) -> memoryview:
    """The rows from the `start`-th on, as many as are made at a time."""
    part = rows.frame.slice(start, _CHUNK).with_columns(
        (pl.int_range(pl.len()) + rows.first + 1 + start).cast(pl.String).alias("#")
    )
    linked = pl.lit(value=False)
    if "target" in part.columns:
        linked = (pl.int_range(pl.len()) + start < LINKS_PER_SHEET) & pl.col("target").is_not_null()
    number = pl.col("#")
    row: list[str | pl.Expr] = ['<row r="', number, '" ht="', pl.col(HEIGHT).cast(pl.String), '" customHeight="1">']
    for column, (name, look) in enumerate(rows.columns, start=1):
        cell = _cell(part[name], look, styles[column - 1], linked)
        row += [f'<c r="{column_letters(column)}', number, '" s="', *cell]
    row.append("</row>")
    return _utf8(part.select(_concatenated(row)).to_series())


def _cell(values: pl.Series, look: Look, styles: Mapping[Format, str], linked: pl.Expr) -> list[str | pl.Expr]:
    """The XML of each cell of a column from its style on; of a missing value an empty cell, which has its borders."""
    value = pl.col(values.name)
    plain = styles[look.plain]
    empty = f'{plain}"/>'
    if values.null_count() == len(values):
        return [empty]
    style: str | pl.Expr = plain
    if values.dtype == pl.String:
        if look.by_text:
            named = {text: styles[made] for text, made in look.by_text}
            style = value.replace_strict(named, default=plain, return_dtype=pl.String)
        if look.linked is not None:
            style = pl.when(linked).then(pl.lit(styles[look.linked])).otherwise(pl.lit(plain))
        text, space = _escaped(value, values)
        cell = [style, f'" t="inlineStr"><is><t{space}>', text, "</t></is></c>"]
    else:
        if look.small is not None:
            style = pl.when(value.abs() < 1).then(pl.lit(styles[look.small])).otherwise(pl.lit(plain))
        if look.exact is not None:
            style = pl.when(just_below(value, look.cuts)).then(pl.lit(styles[look.exact])).otherwise(pl.lit(plain))
        cell = [style, '"><v>', value.cast(pl.String), "</v></c>"]
    if not values.null_count():
        return cell
    return [pl.when(value.is_null()).then(pl.lit(empty)).otherwise(_concatenated(cell))]


def _concatenated(parts: Sequence[str | pl.Expr]) -> pl.Expr:
    """The parts one after another, row by row; texts that are neighbours are put together once, not in every row."""
    together: list[pl.Expr] = []
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
        else:
            together += [pl.lit(text), part]
            text = ""
    return pl.concat_str(*together, pl.lit(text))


def _utf8(texts: pl.Series) -> memoryview:
    """The bytes of all `texts` (none of which is missing) one after another, as they lie in memory."""
    size = int(texts.str.len_bytes().sum())
    return memoryview(texts.to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()[2])[:size]


def _escaped(value: pl.Expr, values: pl.Series) -> tuple[pl.Expr, str]:
    """`value` as XML text, and what the element around it has to say; what no value has is not looked for again."""
    if not values.str.contains(_UNUSUAL).any():
        return value, ""
    for character, entity in _ESCAPED:
        value = value.str.replace_all(character, entity, literal=True)
    # _x0041_ means a character by its number: a name that looks like that is to stay as it is.
    value = value.str.replace_all(r"(_x[0-9a-fA-F]{4}_)", "_x005F${1}")
    return value, ' xml:space="preserve"' if values.str.contains(r"^\s|\s$").any() else ""


def _links_xml(rows: ListRows) -> str:
    """The links of the column that has them; nothing where none leads anywhere."""
    at = next((i for i, (_, look) in enumerate(rows.columns) if look.linked is not None), None)
    if at is None or "target" not in rows.frame.columns:
        return ""
    shown = rows.frame.select(
        pl.lit(f'<hyperlink ref="{column_letters(at + 1)}')
        + (pl.int_range(pl.len()) + rows.first + 1).cast(pl.String)
        + '" location="'
        + _attribute(pl.col("target").str.strip_prefix("internal:"))
        + '" display="'
        + _attribute(pl.col(rows.columns[at][0]))
        + '"/>'
    ).head(LINKS_PER_SHEET)
    links = str(shown.to_series().str.join("").item())
    return f"<hyperlinks>{links}</hyperlinks>" if links else ""


def _attribute(value: pl.Expr) -> pl.Expr:
    for character, entity in (*_ESCAPED, ('"', "&quot;")):
        value = value.str.replace_all(character, entity, literal=True)
    return value
