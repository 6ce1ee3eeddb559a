"""Delimited text (CSV, .tsv, .txt) → UTF-8 → columns, every cell as text and every record in its row, blank ones too.

Files of several hundred MiB come from databases, so nothing here makes a Python object of each line or cell.
"""

from __future__ import annotations

import codecs
import io
import re
from collections import Counter

import numpy as np
import polars as pl

from efficiency.intake.formats.grid import Grid
from efficiency.intake.formats.limits import MAX_BULK_CELLS, MAX_COLUMNS, MAX_TEXT, UnreadableError, most_cells

_SEPARATORS = (b",", b"\t", b";", b"|")
_HEAD = 1 << 16
_QUOTED = re.compile(rb'"[^"]*"')
_UNMARKED = ("utf-16-le", "utf-16-be")
_CONTROLS = bytes({*range(32)} - {*b"\t\n\r"})
_TRADITIONAL = ("統一", "企業", "名稱", "單位", "萬元", "營業", "實繳", "稅收")
_SIMPLIFIED = ("统一", "企业", "名称", "单位", "万元", "营业", "税金", "税收")
_CHUNK = 1 << 24
"""Bytes that are looked at together."""


def csv_grid(data: bytes) -> Grid:
    """The grid of a CSV file, every cell a text. Raises UnreadableError for what cannot be decoded or parsed."""
    columns = delimited_columns(as_utf8(data))
    frame = pl.DataFrame([column.alias(str(number)) for number, column in enumerate(columns)])
    # Cells of nothing but white space are blank.
    texts = frame.select(pl.when(pl.all().str.contains(r"\S")).then(pl.all())).get_columns()
    numbers = [pl.Series(values=[None], dtype=pl.Float64).new_from_index(0, frame.height)] * len(texts)
    return Grid("", 1, numbers=numbers, texts=texts, typed=False, delimited=True)


def as_utf8(data: bytes) -> bytes:
    """`data` as UTF-8 without a mark, from UTF-8, UTF-16 or GB18030. Raises UnreadableError otherwise."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates: tuple[str, ...] = ("utf-16",)
    elif b"\0" in data[:_HEAD]:
        # Every comma, digit and line end has one zero byte, behind it or before, and no other sign has any.
        odd, even = data[1:_HEAD:2].count(0), data[:_HEAD:2].count(0)
        candidates = () if 20 * min(odd, even) > max(odd, even) else ("utf-16-le",) if odd > even else ("utf-16-be",)
    else:
        candidates = ("utf-8", "gb18030")
        data = data.removeprefix(b"\xef\xbb\xbf")
    for codec in candidates:
        try:
            text = _recoded(data, codec)
        except UnicodeDecodeError:
            continue
        if codec == "gb18030" and _is_big5(data):
            break
        head = text[:_HEAD]
        if codec in _UNMARKED and (head.translate(None, _CONTROLS) != head or b"\n" not in head.replace(b"\r", b"\n")):
            break  # nearly any bytes are UTF-16 of something
        if b"\0" not in text:
            return text
    if _is_big5(data):
        raise UnreadableError("文件是繁体中文(Big5)编码，表头不是简体字；请改用简体字的模板填报")
    raise UnreadableError("文件不是文本，或编码不是 UTF-8、UTF-16、GB18030")


def _is_big5(data: bytes) -> bool:
    """Whether a text is in the encoding of Taiwan and Hong Kong, which mostly passes for GB18030 by its bytes."""
    head = data[:_HEAD]
    traditional = sum(word.encode("big5") in head for word in _TRADITIONAL)
    return traditional >= 2 and not any(word.encode("gb18030") in head for word in _SIMPLIFIED)


def looks_delimited(text: bytes) -> bool:
    """Whether at least two lines at the beginning of a UTF-8 text have the same separators, and as many of them."""
    lines, _ = max(_regularity(text[:_HEAD], separator) for separator in _SEPARATORS)
    return lines >= 2


def is_table(head: bytes) -> bool:
    """Whether a text that begins with `head` is a table: of two columns apart by tabs or |, or else of three.

    Prose has a comma or two in some lines.
    """
    try:
        # Cut where no letter is: in UTF-16, which has zero bytes, after a whole number of letters.
        end = len(head) & ~1 if b"\0" in head else head.rfind(b"\n") + 1
        text = as_utf8(head[:end] or head)
    except UnreadableError:
        return False
    return any(
        lines >= 2 and (count >= 2 or separator in (b"\t", b"|"))
        for separator in _SEPARATORS
        for lines, count in [_regularity(text[:_HEAD], separator)]
    )


def _regularity(head: bytes, separator: bytes) -> tuple[int, int]:
    """How many lines have the most usual number of separators, none aside, and that number; quoted ones do not count.

    A comma within 1,234.5 is counted like any other: in a table that other signs separate, such commas are fewer in
    some rows than in others.
    """
    lines = _QUOTED.sub(b"", head).splitlines()
    counts = Counter(found for line in lines if (found := line.count(separator)))
    most = max(counts.values(), default=0)
    return most, max((count for count, times in counts.items() if times == most), default=0)


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

    The separator is the one that most lines at the beginning have equally often. Raises UnreadableError where the text
    cannot be parsed with or without quotes.
    """
    if b"\n" not in text:
        text = text.replace(b"\r", b"\n")
    separator = max(_SEPARATORS, key=lambda sign: _regularity(text[:_HEAD], sign))
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
