"""CSV bytes → UTF-8 → columns, every cell as text and every record in its row, blank ones included.

Files of several hundred MiB come from databases, so nothing here makes a Python object of each line or cell.
"""

from __future__ import annotations

import codecs
import io

import numpy as np
import polars as pl

from efficiency.intake.formats.grid import Grid
from efficiency.intake.formats.limits import MAX_BULK_CELLS, MAX_COLUMNS, MAX_TEXT, UnreadableError, most_cells

_SEPARATORS = (b",", b"\t", b";", b"|")
_HEAD = 1 << 16
_CHUNK = 1 << 24
"""Bytes that are looked at together."""


def csv_grid(data: bytes) -> Grid:
    """The grid of a CSV file, every cell a text. Raises UnreadableError for what cannot be decoded or parsed."""
    columns = delimited_columns(as_utf8(data))
    frame = pl.DataFrame([column.alias(str(number)) for number, column in enumerate(columns)])
    # Cells of nothing but white space are blank.
    texts = frame.select(pl.when(pl.all().str.contains(r"\S")).then(pl.all())).get_columns()
    numbers = [pl.Series(values=[None], dtype=pl.Float64).new_from_index(0, frame.height)] * len(texts)
    return Grid("", 1, numbers=numbers, texts=texts, typed=False)


def as_utf8(data: bytes) -> bytes:
    """`data` as UTF-8 without a mark, from UTF-8, UTF-16 with a mark, or GB18030. Raises UnreadableError otherwise."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates: tuple[str, ...] = ("utf-16",)
    else:
        candidates = ("utf-8", "gb18030")
        data = data.removeprefix(b"\xef\xbb\xbf")
    for codec in candidates:
        try:
            text = _recoded(data, codec)
        except UnicodeDecodeError:
            continue
        if b"\0" not in text:
            return text
    raise UnreadableError("文件不是文本，或编码不是 UTF-8、GB18030")


def _recoded(data: bytes, codec: str) -> bytes:
    """`data` in UTF-8; UTF-8 itself is only checked. Raises UnicodeDecodeError."""
    decoder = codecs.getincrementaldecoder(codec)()
    made = io.BytesIO()
    for start in range(0, len(data), _CHUNK):
        text = decoder.decode(data[start : start + _CHUNK], final=start + _CHUNK >= len(data))
        if codec != "utf-8":
            made.write(text.encode())
    return data if codec == "utf-8" else made.getvalue()


def delimited_columns(text: bytes) -> list[pl.Series]:
    """The columns of delimited UTF-8 `text` as String series, null where blank; ragged records are filled up.

    The separator is the one that the beginning of the text uses most. Raises UnreadableError where the text cannot be
    parsed with or without quotes.
    """
    head = text[:_HEAD]
    separator = max(_SEPARATORS, key=head.count)
    if b"\n" not in text:
        text = text.replace(b"\r", b"\n")
    # Quoted separators count too many, which only adds columns that stay empty.
    separators, longest_line = _most_in_a_line(text, separator)
    width = separators + 1
    if width > MAX_COLUMNS:
        raise UnreadableError(f"一行有 {width} 列，超过电子表格的 {MAX_COLUMNS} 列；请检查分隔符与换行")
    if longest_line > MAX_TEXT * width:
        raise UnreadableError(f"一行长达 {longest_line} 字节，请检查引号与换行")
    # Short records are filled up to the widest: a few bytes of them may come to any number of cells.
    lines = text.count(b"\n") + 1
    if width * lines > most_cells(text.count(separator) + lines, MAX_BULK_CELLS):
        raise UnreadableError(
            f"{lines} 行中最宽的一行有 {width} 列，其余多为空；请检查分隔符与换行，或按月分成多个文件"
        )
    # A first record of full width fixes the number of columns; titles above a table have fewer cells than its rows.
    source = b"".join((separator * (width - 1), b"\n", text))
    frame = None
    for quote in ('"', None):
        try:
            frame = pl.read_csv(
                source,
                has_header=False,
                infer_schema=False,
                separator=separator.decode(),
                quote_char=quote,
                truncate_ragged_lines=True,
            )
            break
        except pl.exceptions.PolarsError:
            continue
    if frame is None:
        raise UnreadableError("CSV 文件的引号或分隔符不成对，无法分列")
    longest = frame.select(pl.max_horizontal(pl.all().str.len_bytes().max())).item() or 0
    if longest > MAX_TEXT:
        raise UnreadableError(f"有一格长达 {longest} 字节，请检查引号与换行")
    columns = frame[1:].get_columns()
    if b'="' in text:  # ="0371": how programs keep a spreadsheet from taking a code for a number
        columns = [column.str.replace(r'^="([^"]*)"$', "$1") for column in columns]
    while len(columns) > 1 and columns[-1].null_count() == len(columns[-1]):
        columns.pop()
    return columns


def _most_in_a_line(text: bytes, separator: bytes) -> tuple[int, int]:
    """The most separators that a line has, and the most bytes."""
    most = carried = longest = begun = 0
    for start in range(0, len(text), _CHUNK):
        chunk = np.frombuffer(text, dtype=np.uint8, count=min(_CHUNK, len(text) - start), offset=start)
        counted = np.cumsum(chunk == separator[0], dtype=np.int32)
        ends = np.flatnonzero(chunk == ord("\n"))
        # Separators up to each end of a line, and to the end of the chunk, whose last line goes on in the next one.
        lines = np.diff(np.concatenate(([-carried], counted[ends], counted[-1:])))
        most, carried = max(most, int(lines.max())), int(lines[-1])
        places = np.concatenate(([begun], ends + start, [start + len(chunk)]))
        longest, begun = max(longest, int(np.diff(places).max())), int(places[-2])
    return most, longest
