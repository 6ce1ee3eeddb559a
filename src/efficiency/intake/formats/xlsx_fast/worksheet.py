"""A worksheet in the common form of XML → its cells, in one pass over the bytes.

It is several times as fast as any reader of XML and sees what calamine drops: error cells and formulas without a
cached value. A sheet of which any byte is written otherwise is declined, never read in part.
"""

from __future__ import annotations

import html
import re
from functools import cached_property
from typing import TYPE_CHECKING, Protocol
from xml.parsers import expat

import numpy as np
import polars as pl

from efficiency.cell_addresses import column_number
from efficiency.intake.formats.grid import NO_TEXT, SheetCells, lacks_result
from efficiency.intake.formats.number_formats import PERCENT_FORMATS, format_sections
from efficiency.intake.formats.xlsx_fast.row_bytes import (
    DATE,
    ERROR,
    FLAG,
    NUMBER,
    ODD,
    SHARED,
    TEXT,
    Form,
    NotCommonError,
    cells_of_rows,
    require,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from efficiency.intake.formats.grid import Figures, Integers, Merge
    from efficiency.intake.formats.number_formats import FormatSections
    from efficiency.intake.formats.xlsx_fast.row_bytes import OddCell, RowCells

CHUNK = 1 << 20
"""Bytes of XML that are looked at in one go: few enough to stay in the processor's cache."""
MOST_AHEAD = 16 * CHUNK
"""Bytes of a single row, or of what follows the rows."""
NUMBER_FORMATS = frozenset((*range(5), 9, 10, 11, 12, 13, 37, 38, 39, 40, 48, 49))
"""Built-in formats that show a number as a number (ECMA-376 18.8.30)."""
DATE_FORMATS = frozenset((14, 15, 16, 17, 22))
"""Built-in formats that show it as a date."""

_UTF_8 = re.compile(rb'(?:\xef\xbb\xbf)?(?:<\?xml(?: (?!encoding)\w+="[^"]*"| encoding="[Uu][Tt][Ff]-8")*\s*\?>)?\s*')
"""How a part begins that is in UTF-8."""
_BEGIN, _END, _EMPTY = b"<sheetData>", b"</sheetData>", b"<sheetData/>"
_MERGE = re.compile(rb'<mergeCell ref="([A-Z]{1,3})([1-9]\d{0,6}):([A-Z]{1,3})([1-9]\d{0,6})" ?/>')
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos);")
_FIGURE = re.compile(rb"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[Ee][+-]?\d{1,3})?")
_FORBIDDEN = bytes({*range(32)} - {*b"\t\n\r"})
"""Bytes that no XML may hold."""
_FIRST_DAY, _UNIX_DAY, _LAST_DAY = 61, 25_569, 2_958_466
"""1 March 1900, 1 January 1970, 1 January 10000."""
_ESCAPES = ("_x", "\r")
"""What texts may hold that readers change: `_x000D_` and the line ends of Windows."""
# The first bytes of texts that may be blank: blanks, those of wide blanks, and what follows where there is no text.
_MAY_BE_BLANK = np.array([byte <= ord(" ") or byte in b"<\xc2\xe1\xe2\xe3" for byte in range(256)])

_ITEM = re.compile(rb'<si><t(?: xml:space="preserve")?>([^<>]*)</t>(?:<phoneticPr [^<>]*/>)?</si>')
_TABLE = re.compile(rb"<sst\b[^<>]*>")
_LONGEST_CODE = 255
_STYLE = re.compile(rb'<xf [^<>]*?\bnumFmtId="(\d{1,9})"')
_FORMAT = re.compile(rb"<numFmt ([^<>]*?) ?/>")
_FORMAT_ID, _FORMAT_CODE = re.compile(rb'\bnumFmtId="(\d{1,9})"'), re.compile(rb'\bformatCode="([^"]*)"')
_LITERAL = rb"\\.|![^a-zA-Z&]|&quot;[^a-zA-Z&]*&quot;"
_CONDITION = rb"\[(?:&[lg]t;)?=?\d{1,18}\]"
_NUMERIC = re.compile(
    rb"(?:General|\[(?:Red|Blue|Black|Green|White)\]|\[\$[^a-zA-Z\]&-]*(?:-[0-9A-Fa-f]{1,9})?\]|E\+|"
    + _CONDITION
    + rb"|"
    + _LITERAL
    + rb"|[0#?.,%+() ;_*@\x80-\xff-])*+"
)
_DATED = re.compile(rb"(?:\[\$-[0-9A-Fa-f]{1,9}\])?(?=[^yYdD]*[yYdD])(?:" + _LITERAL + rb"|[yYmMdD/., -])*(?:;@)?")


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end."""


def fast_reader(
    strings: Callable[[], bytes], styles: Callable[[], bytes], *, recalculates: bool, since_1904: bool
) -> Callable[[Readable], SheetCells | None]:
    """A reader of the worksheets of one workbook: XML → cells, None where it is not written in the common form.

    `strings` and `styles` give the parts of shared texts and cell formats; they are read once, and only when a cell
    refers to them. `recalculates` says whether the workbook is to be calculated anew on opening, `since_1904` whether
    its days may be counted from 1904; dates are left to others then.
    """
    references = _References(strings, styles, recalculates=recalculates, since_1904=since_1904)

    def read(xml: Readable) -> SheetCells | None:
        try:
            return _read(xml, references)
        except (NotCommonError, ValueError):  # ValueError: a text that is not UTF-8, a number that is none
            return None

    return read


class _References:
    """What the cells of a workbook refer to, where it is written in the common form."""

    def __init__(
        self, strings: Callable[[], bytes], styles: Callable[[], bytes], *, recalculates: bool, since_1904: bool
    ) -> None:
        self._strings, self._styles = strings, styles
        self._since_1904 = since_1904
        self.recalculates = recalculates

    def shows_dates(self, style: int) -> bool:
        """Whether numbers of a style are dates. Raises NotCommonError for other formats, as of times of day."""
        shown = self._dated[style] if style < len(self._dated) else None
        if shown is None or (shown and self._since_1904):
            raise NotCommonError
        return shown

    @cached_property
    def texts(self) -> pl.Series:
        """Every shared text, null where blank. Raises NotCommonError."""
        xml = self._strings()
        declared = _UTF_8.match(xml)
        head = _TABLE.match(xml, declared.end()) if declared else None
        found = _ITEM.findall(xml)
        tags = 2 + xml.count(b"<?xml ") + 4 * len(found) + xml.count(b"<phoneticPr ")
        require(head is not None and tags == xml.count(b"<") and xml.rstrip().endswith(b"</sst>"))
        return _texts(found)

    def shown(self, style: int) -> FormatSections | None:
        """What the numbers of a style show, where it is something else than the stored figure."""
        codes, styles = self._formats
        return format_sections(html.unescape(codes.get(styles[style], b"").decode()))

    @cached_property
    def _formats(self) -> tuple[dict[int, bytes], list[int]]:
        """Identifier → code of number formats, as written, and per style its identifier. Raises NotCommonError."""
        xml = self._styles()
        _, begun, rest = xml.partition(b"<cellXfs")
        cells, ended, _ = rest.partition(b"</cellXfs>")
        require(not xml.startswith((b"\xff\xfe", b"\xfe\xff")) and b"<!" not in xml and bool(begun and ended))
        # Formats of the same identifiers are also written for conditional formatting (`dxfs`), and mean other cells.
        declared = xml.partition(b"<numFmts")[2].partition(b"</numFmts>")[0]
        codes = {number: code.encode() for number, code in PERCENT_FORMATS.items()}
        written = _FORMAT.findall(declared)
        for attributes in written:
            identifier, code = _FORMAT_ID.search(attributes), _FORMAT_CODE.search(attributes)
            if identifier is None or code is None or len(code[1]) > _LONGEST_CODE:
                raise NotCommonError
            codes[int(identifier[1])] = code[1]
        styles = [int(number) for number in _STYLE.findall(cells)]
        require(len(written) == declared.count(b"<numFmt ") and len(styles) == cells.count(b"<xf "))
        return codes, styles

    @cached_property
    def _dated(self) -> list[bool | None]:
        """Per style, whether it shows a number as a date; None where it is another format."""
        codes, styles = self._formats
        formats: dict[int, bool | None] = {
            **dict.fromkeys(NUMBER_FORMATS, False),
            **dict.fromkeys(DATE_FORMATS, True),
        }
        for identifier, code in codes.items():
            numeric, dated = _NUMERIC.fullmatch(code), _DATED.fullmatch(code)
            formats[identifier] = None if numeric is None and dated is None else dated is not None
        return [formats.get(number) for number in styles]


def _read(xml: Readable, references: _References) -> SheetCells:
    first = xml.read(CHUNK)
    head, is_filled, rest = first.partition(_BEGIN)
    if not is_filled:
        head, is_empty, rest = first.partition(_EMPTY)
        require(bool(is_empty))
    declared = _UTF_8.match(head)
    require(declared is not None and head.startswith(b"<worksheet", declared.end()) and b"<!" not in head)
    cells = _Cells(references)
    forms: list[Form] = []
    after = b""
    for rows, beyond in _chunks(rest, xml, filled=bool(is_filled)):
        if rows:
            require(len(rows.translate(None, _FORBIDDEN)) == len(rows))
            cells.add(cells_of_rows(rows, forms, references.shows_dates))
        after = beyond
    # What is damaged around the cells may be damaged in them as well.
    require(b"<!" not in after and _is_well_formed(head + _EMPTY + after))
    return cells.sheet(_merges(after))


def _is_well_formed(xml: bytes) -> bool:
    try:
        expat.ParserCreate().Parse(xml, True)
    except expat.ExpatError:
        return False
    return True


def _chunks(rest: bytes, xml: Readable, *, filled: bool) -> Iterator[tuple[bytes, bytes]]:
    """Whole rows, some megabyte at a time, and, with the last of them, what follows the rows."""
    while more := xml.read(CHUNK):
        cut = (rest.rfind(b"</row>") + 6) if filled and b"</row>" in rest else 0
        if cut:
            yield rest[:cut], b""
        rest = rest[cut:] + more
        require(len(rest) <= MOST_AHEAD)
    rows, ended, after = rest.rpartition(_END) if filled else (b"", _EMPTY, rest)
    require(bool(ended))
    yield rows, after


def _merges(after: bytes) -> list[Merge]:
    found = _MERGE.findall(after)
    require(after.count(b"<mergeCell ") == len(found))
    return [
        (int(top) - 1, column_number(left.decode()) - 1, int(bottom) - 1, column_number(right.decode()) - 1)
        for left, top, right, bottom in found
    ]


class _Cells:
    """The cells of a sheet while its chunks are read."""

    def __init__(self, references: _References) -> None:
        self._references = references
        self._numbers: list[tuple[Integers, Figures]] = []
        self._texts: list[tuple[Integers, pl.Series]] = []
        self._shared: list[tuple[Integers, Integers]] = []
        self._marked: dict[int, str] = {}
        self._formats: list[tuple[Integers, FormatSections]] = []

    def add(self, rows: RowCells) -> None:
        """Adds the cells of a chunk."""
        counts = np.bincount(rows.kinds, minlength=ODD)
        for kind in (NUMBER, DATE, SHARED, FLAG, TEXT):
            if not counts[kind]:
                continue
            found = rows.values(kind)
            if kind == TEXT:
                doubtful = np.flatnonzero(_MAY_BE_BLANK[found.firsts]).tolist()
                texts = found.texts + ""  # copies, which do not keep the chunk in memory
                self._texts.append((found.positions, _unescaped_texts(texts, doubtful, written_in=rows.data)))
            else:
                self._add(kind, found.positions, found.texts)
        self._add_odd(rows.odd)
        odd = [(cell.style, np.array([cell.position])) for cell in rows.odd if cell.style >= 0]
        for style, positions in (*rows.styles, *odd):
            if (shown := self._references.shown(style)) is not None:
                self._formats.append((positions, shown))

    def _add(self, kind: int, positions: Integers, written: pl.Series) -> None:
        """Adds cells of one kind, texts of their own excepted, from what is written in them."""
        if kind == NUMBER:
            self._numbers.append((positions, _figures(written)))
        elif kind == DATE:
            self._texts.append((positions, _dates(_figures(written))))
        elif kind == SHARED:
            self._shared.append((positions, _whole(written)))
        else:
            flags = ["FALSE" if flag == "0" else "TRUE" for flag in written.to_list()]
            self._texts.append((positions, pl.Series(values=flags, dtype=pl.String)))

    def _add_odd(self, cells: Sequence[OddCell]) -> None:
        """Adds cells that were looked at one by one: errors, formulas, values written in a rarer form."""
        by_kind: dict[int, list[tuple[int, bytes]]] = {}
        for cell in cells:
            value = cell.value
            if cell.kind == ERROR:
                self._marked[cell.position] = html.unescape((value or b"#ERROR!").decode())
                continue
            if cell.formula is not None and lacks_result(
                None if value is None else value.decode(),
                is_text=cell.kind == TEXT,
                recalculates=self._references.recalculates,
            ):
                self._marked[cell.position] = "=" + html.unescape(cell.formula.decode())
            elif value is not None and (value or cell.kind == TEXT):
                by_kind.setdefault(cell.kind, []).append((cell.position, value))
        for kind, found in by_kind.items():
            positions = np.array([position for position, _ in found])
            values = [value for _, value in found]
            if kind == TEXT:
                self._texts.append((positions, _texts(values)))
                continue
            require(kind == FLAG or all(map(_FIGURE.fullmatch if kind != SHARED else bytes.isdigit, values)))
            self._add(kind, positions, pl.Series(values=[value.decode() for value in values], dtype=pl.String))

    def sheet(self, merges: list[Merge]) -> SheetCells:
        """The sheet, once all chunks are added."""
        pool = [NO_TEXT]
        if self._shared:
            pool.append(self._references.texts)
        known = sum(map(len, pool))
        texts: list[tuple[Integers, Integers]] = []
        for positions, shared in self._shared:
            require(bool((shared >= 0).all() and (shared < known - 1).all()))
            texts.append((positions, shared + 1))
        for positions, own in self._texts:
            texts.append((positions, np.arange(known, known + len(own))))
            known += len(own)
            pool.append(own)
        return SheetCells(self._numbers, texts, pl.concat(pool), self._marked, merges, self._formats)


def _figures(written: pl.Series) -> Figures:
    """The numbers of cells that hold nothing else."""
    read = written.cast(pl.Float64, strict=False)
    require(not read.null_count())
    figures: Figures = read.to_numpy()
    require(bool(np.isfinite(figures).all()))
    return figures


def _whole(written: pl.Series) -> Integers:
    """The whole numbers of cells that hold nothing else."""
    read = written.cast(pl.Int64, strict=False)
    require(not read.null_count())
    numbers: Integers = read.to_numpy()
    return numbers


def _dates(serials: Figures) -> pl.Series:
    """Days as ISO texts. Times of day are declined, and the first days of 1900, one of which never was."""
    require(bool(((serials > _FIRST_DAY) & (serials < _LAST_DAY) & (serials == np.floor(serials))).all()))
    days = pl.Series(values=(serials - _UNIX_DAY).astype(np.int32), dtype=pl.Int32)
    return days.cast(pl.Date).cast(pl.String)


def _texts(written: Sequence[bytes]) -> pl.Series:
    """Texts of XML as they are meant, null where blank. Raises NotCommonError, or ValueError for what is not UTF-8."""
    texts = [text.decode() for text in written]
    blank = [index for index, text in enumerate(texts) if not text or text.isspace()]
    return _unescaped_texts(pl.Series(values=texts, dtype=pl.String), blank, written_in=b" ".join(written))


def _unescaped_texts(texts: pl.Series, doubtful: Sequence[int], *, written_in: bytes) -> pl.Series:
    """Texts as they are meant, null where blank; only the `doubtful` ones can be. They are `written_in` some XML."""
    # Single bytes are looked for many times as fast as several.
    if any(escape[:1].encode() in written_in for escape in _ESCAPES):
        require(not any(escape in text for text in texts.to_list() for escape in _ESCAPES))
    if b"&" in written_in:
        changed = {index: _unescaped(text) for index, text in enumerate(texts.to_list()) if "&" in text}
        texts = texts.scatter(list(changed), list(changed.values())) if changed else texts
    blank = [index for index in doubtful if not texts[index] or texts[index].isspace()]
    return texts.scatter(blank, None) if blank else texts


def _unescaped(text: str) -> str:
    require(len(_ENTITY.findall(text)) == text.count("&"))
    return html.unescape(text)
