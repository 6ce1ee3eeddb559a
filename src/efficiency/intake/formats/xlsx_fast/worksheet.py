"""A worksheet that is written in the plain way → its columns, its odd cells and its merges, in one pass over the XML.

It is several times as fast as the cell reader, and sees what that hides. A sheet that is not plain in every byte is
left to the reader (see `grid`): both give the same cells.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol
from xml.parsers import expat

import numpy as np
import numpy.typing as npt
import polars as pl

from efficiency.cell_addresses import column_number
from efficiency.intake.formats.limits import MAX_TEXTS, Extent, text_refusal
from efficiency.intake.formats.xlsx_fast.row_bytes import (
    COLUMN_BITS,
    DATE,
    FLAG,
    NUMBER,
    ODD,
    SHARED,
    TEXT,
    Form,
    NotPlainError,
    PlainRows,
    plain_rows,
    require,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from efficiency.intake.formats.xlsx_fast.row_bytes import Integers, OddCell

PIECE = 1 << 20
"""Bytes of XML that are looked at in one go: few enough to stay in the processor's cache."""
MOST_AHEAD = 16 * PIECE
"""Bytes of a single row, or of what follows the rows."""

UTF_8 = re.compile(rb'(?:\xef\xbb\xbf)?(?:<\?xml(?: (?!encoding)\w+="[^"]*"| encoding="[Uu][Tt][Ff]-8")*\s*\?>)?\s*')
"""How a part begins that is in UTF-8."""
_BEGIN, _END, _EMPTY = b"<sheetData>", b"</sheetData>", b"<sheetData/>"
_MERGE = re.compile(rb'<mergeCell ref="([A-Z]{1,3})([1-9]\d{0,6}):([A-Z]{1,3})([1-9]\d{0,6})" ?/>')
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos);")
_FIGURE = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d{1,3})?")
_FORBIDDEN = bytes({*range(32)} - {*b"\t\n\r"})
"""Bytes that no XML may hold."""
_FIRST_DAY, _UNIX_DAY, _LAST_DAY = 61, 25_569, 2_958_466
"""1 March 1900, 1 January 1970, 1 January 10000."""
_ESCAPES = ("_x", "\r")
"""What texts may hold that readers change: `_x000D_` and the line ends of Windows."""

Place = tuple[int, int]
Figures = npt.NDArray[np.float64]


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end."""


class Workbook(Protocol):
    """What the cells of a sheet refer to."""

    @property
    def recalculates(self) -> bool:
        """Whether the workbook is to be calculated anew on opening."""

    def shared_texts(self) -> pl.Series:
        """The shared texts, null where blank. Raises NotPlainError."""

    def shows_dates(self, style: int) -> bool:
        """Whether numbers of that style are dates. Raises NotPlainError where that is not plain."""


@dataclass(frozen=True)
class PlainSheet:
    """The cells of a sheet; its columns lie end to end, each `height` long."""

    refusal: str | None = None
    top: int = 0
    left: int = 0
    height: int = 0
    width: int = 0
    numbers: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.Float64))
    texts: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.String))
    errors: dict[Place, str] = field(default_factory=dict)
    """Error cells and what they show, by absolute position."""
    uncalculated: dict[Place, str] = field(default_factory=dict)
    """Formulas without a result, as `=…`."""
    merges: tuple[tuple[int, int, int, int], ...] = ()
    """First row, first column, last row, last column; absolute."""


def plain_sheet(xml: Readable, workbook: Workbook) -> PlainSheet | None:
    """The sheet whose part `xml` is; None where it is not written in the plain way."""
    try:
        return _read(xml, workbook)
    except (NotPlainError, ValueError):  # a text that is not UTF-8, a number that is none
        return None


def _read(xml: Readable, workbook: Workbook) -> PlainSheet:
    begin = xml.read(PIECE)
    head, is_filled, rest = begin.partition(_BEGIN)
    if not is_filled:
        head, is_empty, rest = begin.partition(_EMPTY)
        require(bool(is_empty))
    declared = UTF_8.match(head)
    require(declared is not None and head.startswith(b"<worksheet", declared.end()) and b"<!" not in head)
    cells = _Cells(workbook)
    forms: list[Form] = []
    after = b""
    for rows, beyond in _pieces(rest, xml, filled=bool(is_filled)):
        if rows:
            require(len(rows.translate(None, _FORBIDDEN)) == len(rows))
            cells.take(plain_rows(rows, forms, workbook.shows_dates))
        after = beyond
    require(b"<!" not in after and _is_well_formed(head + _EMPTY + after))
    return cells.sheet(_merges(after))


def _is_well_formed(xml: bytes) -> bool:
    """Whether a reader of XML would take it. What is damaged around the cells may be damaged in them as well."""
    try:
        expat.ParserCreate().Parse(xml, True)
    except expat.ExpatError:
        return False
    return True


def _pieces(rest: bytes, xml: Readable, *, filled: bool) -> Iterator[tuple[bytes, bytes]]:
    """Whole rows, some megabyte at a time, and, with the last of them, what follows the rows."""
    while more := xml.read(PIECE):
        cut = (rest.rfind(b"</row>") + 6) if filled and b"</row>" in rest else 0
        if cut:
            yield rest[:cut], b""
        rest = rest[cut:] + more
        require(len(rest) <= MOST_AHEAD)
    rows, ended, after = rest.rpartition(_END) if filled else (b"", _EMPTY, rest)
    require(bool(ended))
    yield rows, after


def _merges(after: bytes) -> tuple[tuple[int, int, int, int], ...]:
    found = _MERGE.findall(after)
    require(after.count(b"<mergeCell ") == len(found))
    return tuple(
        (int(top) - 1, column_number(left.decode()) - 1, int(bottom) - 1, column_number(right.decode()) - 1)
        for left, top, right, bottom in found
    )


def lacks_result(result: bytes | None, *, is_text: bool, recalculates: bool) -> bool:
    """Whether a formula with this result was never calculated.

    A text formula may honestly yield nothing. Zero, in a workbook that is to be recalculated on opening, is what
    programs write for a formula nobody has calculated yet.
    """
    return (not result and not is_text) or (recalculates and result == b"0")


def with_formulas_around(cells: PlainSheet) -> PlainSheet:
    """`cells` in a box that holds the marked ones too: a row of nothing but formulas without a result has no value."""
    marked = [*cells.errors, *cells.uncalculated]
    bottom, right = cells.top + cells.height, cells.left + cells.width
    if all(cells.top <= row < bottom and cells.left <= column < right for row, column in marked):
        return cells
    box = Extent()
    if cells.height:
        box.add(cells.top, cells.left, cells.height, cells.width)
    for row, column in marked:
        box.add(row, column)
    box.cells += cells.numbers.count() + cells.texts.count()
    if refusal := box.refusal():
        return PlainSheet(refusal)
    above, height = cells.top - box.top if cells.height else 0, box.bottom - box.top + 1

    def widened(values: pl.Series) -> pl.Series:
        empty = values.clear()
        columns = [empty.extend_constant(None, height) for _ in range(box.left, box.right + 1)]
        for place in range(cells.width):
            column = values.slice(place * cells.height, cells.height)
            around = [empty.extend_constant(None, above), column]
            rest = empty.extend_constant(None, height - above - cells.height)
            columns[cells.left - box.left + place] = pl.concat([*around, rest])
        return pl.concat(columns)

    return replace(
        cells,
        top=box.top,
        left=box.left,
        height=height,
        width=box.right - box.left + 1,
        numbers=widened(cells.numbers),
        texts=widened(cells.texts),
    )


class _Cells:
    """The cells of a sheet while its pieces are read."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self._numbers: list[tuple[Integers, Figures]] = []
        self._texts: list[tuple[Integers, pl.Series]] = []
        self._shared: list[tuple[Integers, Integers]] = []
        self._odd: list[OddCell] = []

    def take(self, rows: PlainRows) -> None:
        """Takes the cells of a piece."""
        counts = np.bincount(rows.kinds, minlength=ODD)
        for kind in (NUMBER, DATE, SHARED, FLAG, TEXT):
            if not counts[kind]:
                continue
            found = rows.values(kind)
            if kind == NUMBER:
                self._numbers.append((found.places, _figures(found.texts)))
            elif kind == SHARED:
                self._shared.append((found.places, _whole(found.texts)))
            elif kind == TEXT:
                doubtful = np.flatnonzero(_MAY_BE_BLANK[found.firsts]).tolist()
                texts = found.texts + ""  # copies, which do not keep the piece in memory
                self._texts.append((found.places, _plain_texts(texts, doubtful, written_in=rows.data)))
            elif kind == DATE:
                self._texts.append((found.places, _dates(_figures(found.texts))))
            else:
                self._texts.append((found.places, _flags(found.texts.to_list())))
        self._odd += rows.odd

    def sheet(self, merges: tuple[tuple[int, int, int, int], ...]) -> PlainSheet:
        """The sheet, once all pieces are read."""
        errors: dict[Place, str] = {}
        uncalculated: dict[Place, str] = {}
        for cell in self._odd:
            self._take_odd(cell, errors, uncalculated)
        every = [places for places, _ in (*self._numbers, *self._shared, *self._texts)]
        if not every:
            return PlainSheet(errors=errors, uncalculated=uncalculated, merges=merges)
        extent = Extent(
            cells=sum(map(len, every)),
            top=min(int(places[0]) for places in every) >> COLUMN_BITS,
            left=min(int((places & _COLUMN).min()) for places in every),
            bottom=max(int(places[-1]) for places in every) >> COLUMN_BITS,
            right=max(int((places & _COLUMN).max()) for places in every),
        )
        if refusal := extent.refusal():
            return PlainSheet(refusal)
        height, width = extent.bottom - extent.top + 1, extent.right - extent.left + 1

        def flat(places: Integers) -> Integers:
            return ((places & _COLUMN) - extent.left) * height + ((places >> COLUMN_BITS) - extent.top)

        numbers = np.full(height * width, np.nan)
        for places, values in self._numbers:
            numbers[flat(places)] = values
        # The text of each cell is the place of one: that of nothing, of a shared one, or of one of its own.
        texts = [_NOTHING]
        if self._shared:
            texts.append(self._workbook.shared_texts())
        known = sum(map(len, texts))
        index = np.zeros(height * width, dtype=np.uint32)
        for places, shared in self._shared:
            require(bool((shared >= 0).all() and (shared < known - 1).all()))
            index[flat(places)] = shared + 1
        for places, own in self._texts:
            index[flat(places)] = np.arange(known, known + len(own))
            known += len(own)
            texts.append(own)
        together = pl.concat(texts)
        # All of them together are no shorter than the longest, and told without a look at each.
        if len(index) * together.estimated_size() > MAX_TEXTS:
            lengths = together.str.len_bytes().fill_null(0).to_numpy()
            if len(index) * int(lengths.max()) > MAX_TEXTS and (refusal := text_refusal(int(lengths[index].sum()))):
                return PlainSheet(refusal)
        return PlainSheet(
            None,
            extent.top,
            extent.left,
            height,
            width,
            pl.Series(values=numbers, nan_to_null=True),
            together[pl.Series(values=index)] if known > 1 else _NOTHING.new_from_index(0, len(index)),
            errors,
            uncalculated,
            merges,
        )

    def _take_odd(self, cell: OddCell, errors: dict[Place, str], uncalculated: dict[Place, str]) -> None:
        """Puts an odd cell where it belongs."""
        place = cell.place >> COLUMN_BITS, cell.place & _COLUMN
        at = np.array([cell.place])
        value = cell.value
        if cell.kind == ODD:
            errors[place] = html.unescape((value or b"#ERROR!").decode())
            self._texts.append((at, _NOTHING))
            return
        if cell.formula is not None and lacks_result(
            value, is_text=cell.kind == TEXT, recalculates=self._workbook.recalculates
        ):
            uncalculated[place] = "=" + html.unescape(cell.formula.decode())
        if value is None or (not value and cell.kind != TEXT):
            return
        if cell.kind == TEXT:
            self._texts.append((at, plain_texts([value])))
        elif cell.kind == FLAG:
            self._texts.append((at, _flags([value.decode()])))
        elif cell.kind == SHARED:
            require(value.isdigit())
            self._shared.append((at, np.array([int(value)])))
        else:
            require(_FIGURE.fullmatch(value) is not None)
            figure = np.array([float(value)])
            if cell.kind == DATE:
                self._texts.append((at, _dates(figure)))
            else:
                self._numbers.append((at, figure))


_COLUMN = (1 << COLUMN_BITS) - 1
# The first bytes of texts that may be blank: blanks, those of wide blanks, and what follows where there is no text.
_MAY_BE_BLANK = np.array([byte <= ord(" ") or byte in b"<\xc2\xe1\xe2\xe3" for byte in range(256)])
_NOTHING = pl.Series(values=[None], dtype=pl.String)


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


def _flags(written: Sequence[str]) -> pl.Series:
    return pl.Series(values=["FALSE" if flag == "0" else "TRUE" for flag in written], dtype=pl.String)


def _dates(serials: Figures) -> pl.Series:
    """Days as ISO texts. A time beside the day is not plain, nor are the first days of 1900, one of which never was."""
    require(bool(((serials > _FIRST_DAY) & (serials < _LAST_DAY) & (serials == np.floor(serials))).all()))
    days = pl.Series(values=(serials - _UNIX_DAY).astype(np.int32), dtype=pl.Int32)
    return days.cast(pl.Date).cast(pl.String)


def _plain_texts(texts: pl.Series, doubtful: Sequence[int], *, written_in: bytes) -> pl.Series:
    """Texts as they are meant, null where blank; only the `doubtful` ones can be. They are `written_in` some XML."""
    # Single bytes are looked for many times as fast as several.
    if any(escape[:1].encode() in written_in for escape in _ESCAPES):
        require(not any(escape in text for text in texts.to_list() for escape in _ESCAPES))
    if b"&" in written_in:
        changed = {place: _unescaped(text) for place, text in enumerate(texts.to_list()) if "&" in text}
        texts = texts.scatter(list(changed), list(changed.values())) if changed else texts
    blank = [place for place in doubtful if not texts[place] or texts[place].isspace()]
    return texts.scatter(blank, None) if blank else texts


def plain_texts(written: Sequence[bytes]) -> pl.Series:
    """Texts of XML as they are meant, null where blank. Raises NotPlainError, or ValueError for what is not UTF-8."""
    texts = [text.decode() for text in written]
    blank = [place for place, text in enumerate(texts) if not text or text.isspace()]
    return _plain_texts(pl.Series(values=texts, dtype=pl.String), blank, written_in=b" ".join(written))


def _unescaped(text: str) -> str:
    require(len(_ENTITY.findall(text)) == text.count("&"))
    return html.unescape(text)
