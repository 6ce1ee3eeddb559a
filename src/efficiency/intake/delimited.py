"""CSV bytes → text → columns, every cell as text and every record in its place, blank ones included."""

from __future__ import annotations

import io

import polars as pl

from efficiency.intake.archive import UnreadableError

MAX_COLUMNS = 16_384
MAX_TEXT = 1_000_000
"""Bytes of a cell; a spreadsheet holds 32 767 characters, so that more is a quote that does not end."""
_SEPARATORS = (",", "\t", ";", "|")
_HEAD = 1 << 16


def decode(data: bytes) -> str:
    """Text of UTF-8 (with or without BOM), UTF-16 with BOM, or GB18030. Raises UnreadableError for anything else."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        codecs: tuple[str, ...] = ("utf-16",)
    else:
        codecs = ("utf-8-sig", "gb18030")
    for codec in codecs:
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnreadableError("文件不是文本,或编码不是 UTF-8、GB18030")


def delimited_columns(text: str) -> list[pl.Series]:
    """The columns of delimited `text` as String series, null where blank; ragged records are filled up.

    The separator is the one that the beginning of the text uses most. Raises UnreadableError where the text cannot be
    parsed with or without quotes.
    """
    separator = max(_SEPARATORS, key=text[:_HEAD].count)
    if "\n" not in text:
        text = text.replace("\r", "\n")
    # Quoted separators count too many, which only adds columns that stay empty.
    width = max((line.count(separator) for line in text.split("\n")), default=0) + 1
    if width > MAX_COLUMNS:
        raise UnreadableError(f"一行有 {width} 列,超过电子表格的 {MAX_COLUMNS} 列;请检查分隔符与换行")
    # A first record of full width fixes the number of columns; titles above a table have fewer cells than its rows.
    source = (separator * (width - 1) + "\n" + text).encode()
    frame = None
    for quote in ('"', None):
        try:
            frame = pl.read_csv(
                io.BytesIO(source),
                has_header=False,
                infer_schema=False,
                separator=separator,
                quote_char=quote,
                truncate_ragged_lines=True,
            )
            break
        except pl.exceptions.PolarsError:
            continue
    if frame is None:
        raise UnreadableError("CSV 文件的引号或分隔符不成对,无法分列")
    longest = frame.select(pl.max_horizontal(pl.all().str.len_bytes().max())).item() or 0
    if longest > MAX_TEXT:
        raise UnreadableError(f"有一格长达 {longest} 字节,请检查引号与换行")
    columns = frame[1:].get_columns()
    while len(columns) > 1 and columns[-1].null_count() == len(columns[-1]):
        columns.pop()
    return columns
