"""Rows of a worksheet's XML → the position of each cell and what it holds, by vectors over the bytes.

Spreadsheet programs write cells in few ways (`<c r="B7" s="3"><v>1.5</v></c>`, a shared or an inline text): what is
written between a cell's address and its value takes a handful of forms in a sheet. Each form is looked for in all cells
at once. Cells that are written otherwise (formulas, error values) are looked at one by one. Every `<` has to be
accounted for; where that fails, the rows are declined.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from efficiency.intake.formats.grid import COLUMN_BITS
from efficiency.intake.formats.limits import MAX_COLUMNS, MAX_ROWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from efficiency.intake.formats.grid import Integers

FORMS = 200
"""Ways in which the cells of a sheet may be written."""

NUMBER, DATE, SHARED, FLAG, TEXT, BLANK, ERROR, ODD = range(8)
"""What a cell holds: a number, a date, the index of a shared text, 0 or 1, a text of its own, nothing, an error value,
or what has to be looked at by itself."""
_KINDS = {b"n": NUMBER, b"s": SHARED, b"b": FLAG, b"str": TEXT, b"inlineStr": TEXT, b"e": ERROR}

Words = npt.NDArray[np.uint64]

_BYTES = 8
_PAD = bytes(64)
_ONES = np.array([(1 << 8 * size) - 1 for size in range(_BYTES + 1)], dtype=np.uint64)
_LETTERS = np.zeros(256, dtype=np.int64)
_LETTERS[65:91] = range(1, 27)


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text, "little"))


_ROW, _ROW_END, _CELL = _word(b'<row r="'), _word(b"</row>"), _word(b'<c r="')
_VALUE_END, _INLINE_END, _INLINE_ENDS = _word(b"</v></c>"), _word(b"</t></is"), _word(b"/is></c>")
_FIRST_SIX, _BYTE = _ONES[6], np.uint64(255)
_FORM = re.compile(rb'"((?: [st]="\w{1,9}"){0,2})(?: ?/>|><(v|is><t)>)')
_ODD = re.compile(
    rb'<c r="[A-Z]+\d+"(?P<attributes>(?: (?:s|t|cm|vm)="\w{1,9}"){0,4}) ?>'
    rb"(?P<formula><f\b(?:[^<>]*/>|[^<>]*>(?P<written>[^<>]*)</f>))?"
    rb'(?:(?:<v>(?P<value>[^<>]*)</v>|<v ?/>)?|<is><t xml:space="preserve">(?P<inline>[^<>]*)</t></is>)</c>'
)
_ATTRIBUTE = re.compile(rb' ([a-z]{1,2})="(\w+)"')


class NotCommonError(Exception):
    """The sheet is not written in the common form; it may be sound all the same."""


@dataclass(frozen=True)
class Form:
    """One way in which cells are written."""

    opening: bytes
    """From the quotation mark after the address up to the value."""
    kind: int
    inline: bool
    style: int
    """The cell format of a number, -1 where it is none or has none."""

    @property
    def tags(self) -> int:
        """How many `<` such a cell has."""
        return 1 if self.kind == BLANK else 6 if self.inline else 4

    @cached_property
    def words(self) -> list[tuple[int, np.uint64, np.uint64]]:
        """The opening in words of eight bytes: their offsets, their values, and a mask of the bits that count."""
        parts = [(at, self.opening[at : at + _BYTES]) for at in range(0, len(self.opening), _BYTES)]
        return [(at, _word(part), _ONES[len(part)]) for at, part in parts]


@dataclass(frozen=True)
class OddCell:
    """A cell that was looked at by itself."""

    position: int
    kind: int
    value: bytes | None
    formula: bytes | None
    """What is written of a formula; None where the cell has none."""
    style: int
    """As in `Form`."""


@dataclass(frozen=True)
class Values:
    """The values of cells of one kind, as they are written."""

    positions: Integers
    texts: pl.Series
    """They keep the rows they were cut out of in memory."""
    firsts: npt.NDArray[np.uint8]
    """The first byte of each text, `<` where it has none."""


@dataclass
class RowCells:
    """Cells of consecutive rows in their order."""

    positions: Integers
    kinds: npt.NDArray[np.uint8]
    starts: Integers
    ends: Integers
    """Offsets in `data` between which the value of each cell is."""
    data: bytes
    odd: list[OddCell] = field(default_factory=list)
    styles: list[tuple[int, Integers]] = field(default_factory=list)
    """The cell format of numbers, and the positions of those that have it."""

    def values(self, kind: int) -> Values:
        """The cells of one kind."""
        chosen = np.flatnonzero(self.kinds == kind)
        starts, ends = self.starts[chosen], self.ends[chosen]
        firsts = np.frombuffer(self.data, dtype=np.uint8)[starts]
        return Values(self.positions[chosen], _texts(self.data, starts, ends), firsts)


@dataclass(frozen=True)
class _Exported:
    """What an Arrow array shows of itself through the C interface, and nothing else."""

    __arrow_c_array__: Callable[..., tuple[object, object]]


def _texts(data: bytes, starts: Integers, ends: Integers) -> pl.Series:
    """The texts in `data` between each of `starts` and `ends`. Raises ValueError for what is not UTF-8."""
    import pyarrow as pa

    # Arrow's texts follow each other without a gap: what is between two of ours is taken as one too, then left out.
    bounds = np.empty(2 * len(starts), dtype=np.int64)
    bounds[0::2], bounds[1::2] = starts, ends
    both = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(bounds) - 1, [None, pa.py_buffer(bounds), pa.py_buffer(data)]
    )
    try:
        # As a capsule: for an array of pyarrow's own, polars would load its compute functions, a twentieth of a second.
        every = pl.Series(values=_Exported(both.__arrow_c_array__))
        return every[pl.Series(values=np.arange(0, len(bounds), 2, dtype=np.uint32))].cast(pl.String)
    except pl.exceptions.PolarsError as error:
        raise ValueError("not UTF-8") from error


def cells_of_rows(rows: bytes, forms: list[Form], shows_dates: Callable[[int], bool]) -> RowCells:
    """The cells of whole rows, `<row …` to `</row>`; `forms` are those met so far, and grow.

    `shows_dates` says of a style whether it makes a number a date. Raises NotCommonError.
    """
    data = rows + _PAD  # so that a word may be read at any offset
    signs = np.frombuffer(data, dtype=np.uint8)
    words: Words = np.ndarray((len(data) - _BYTES + 1,), dtype="<u8", buffer=data, strides=(1,))
    opens = signs == ord("<")
    cells = np.flatnonzero(opens[:-1] & (signs[1:] == ord("c")))
    row_starts = np.flatnonzero(opens[:-1] & (signs[1:] == ord("r")))
    row_ends = np.append(row_starts[1:], len(rows))
    require(len(row_starts) > 0 and row_starts[0] == 0 and bool((words[row_starts] == _ROW).all()))
    numbers, digits, written = _row_numbers(words[row_starts + _BYTES])
    counts = np.diff(np.append(np.searchsorted(cells, row_starts), len(cells)))
    filled = counts > 0
    closed = (words[row_ends - 6] & _FIRST_SIX) == _ROW_END
    require(bool((closed | (~filled & (signs[row_ends - 2] == ord("/")))).all()))
    tags = len(row_starts) + int(np.count_nonzero(closed))
    if not len(cells):
        require(tags == np.count_nonzero(opens))
        return RowCells(cells, np.zeros(0, dtype=np.uint8), cells, cells, data)
    lasts = np.cumsum(counts)[filled] - 1
    firsts = lasts - counts[filled] + 1
    require(bool((signs[cells[firsts] - 1] == ord(">")).all()))
    ends = np.append(cells[1:], 0)
    ends[lasts] = row_ends[filled] - 6

    row_of = np.repeat(np.arange(len(counts)), counts)
    columns, letters = _columns(words[cells], signs, cells)
    at = cells + (6 + letters)
    # The row's own number, its closing quotation mark included, has to be in each of its cells' addresses.
    require(bool(((words[at] & _ONES[digits + 1][row_of]) == written[row_of]).all()))
    positions = (((numbers - 1) << COLUMN_BITS) - 1)[row_of] + columns
    require(bool((positions[1:] > positions[:-1]).all()))
    found = RowCells(positions, np.full(len(cells), ODD, dtype=np.uint8), at + digits[row_of], ends, data)
    tags += _match(found, cells, words, forms, shows_dates)
    require(tags == np.count_nonzero(opens))
    return found


def require(holds: bool) -> None:
    """Raise NotCommonError where what holds in every sheet of the common form does not."""
    if not holds:
        raise NotCommonError


def _row_numbers(words: Words) -> tuple[Integers, Integers, Words]:
    """Row numbers, how many digits they have, and what is written: the digits and the quotation mark after them."""
    numbers = np.zeros(len(words), dtype=np.int64)
    digits = np.zeros(len(words), dtype=np.int64)
    for at in range(_BYTES - 1):
        digit = ((words >> np.uint64(8 * at)) & _BYTE).astype(np.int64) - ord("0")
        goes_on = (digits == at) & (digit >= 0) & (digit <= 9)
        if not goes_on.any():
            break
        numbers = np.where(goes_on, numbers * 10 + digit, numbers)
        digits += goes_on
    written = words & _ONES[digits + 1]
    ended = (written >> (digits * 8).astype(np.uint64)) == ord('"')
    require(bool(ended.all()) and numbers.min() > 0 and numbers.max() <= MAX_ROWS)
    require(bool((numbers[1:] > numbers[:-1]).all()))
    return numbers, digits, written


def _columns(words: Words, signs: npt.NDArray[np.uint8], cells: Integers) -> tuple[Integers, Integers | int]:
    """Columns from 1 of the cells whose first eight bytes are `words`, and how many letters they are written with."""
    require(bool(((words & _FIRST_SIX) == _CELL).all()))
    columns, second = _LETTERS[(words >> np.uint64(48)) & _BYTE], _LETTERS[words >> np.uint64(56)]
    require(bool(columns.all()))
    if not second.any():
        return columns, 1
    third = np.where(second > 0, _LETTERS[signs[cells + _BYTES]], 0)
    columns = np.where(second > 0, columns * 26 + second, columns)
    columns = np.where(third > 0, columns * 26 + third, columns)
    require(bool((columns <= MAX_COLUMNS).all()))
    return columns, 1 + (second > 0) + (third > 0)


def _match(
    found: RowCells, cells: Integers, words: Words, forms: list[Form], shows_dates: Callable[[int], bool]
) -> int:
    """Fills kinds, starts and ends, which are the ends of the addresses and of the cells; how many tags there are."""
    openings, ends = found.starts, found.ends.copy()
    left = np.arange(len(cells))
    ahead = words[openings]
    starts = openings.copy()
    tags, tried = 0, 0
    while len(left):
        if tried == len(forms):
            form = _form(found.data, int(openings[left[0]]), shows_dates)
            if form is None or form in forms:
                tags += _look_at(found, cells, int(left[0]), shows_dates)
                left, ahead = left[1:], ahead[1:]
                continue
            require(len(forms) < FORMS)
            forms.append(form)
        form = forms[tried]
        tried += 1
        alike = np.ones(len(left), dtype=bool)
        for at, word, bits in form.words:
            if at == 0:
                alike = ((ahead ^ word) & bits) == 0
            elif alike.any():
                alike[alike] = ((words[openings[left[alike]] + at] ^ word) & bits) == 0
        alike[alike] = _ends_well(form, words, openings[left[alike]], found.ends[left[alike]])
        chosen = left[alike]
        if len(chosen):
            found.kinds[chosen] = form.kind
            if form.style >= 0:
                found.styles.append((form.style, found.positions[chosen]))
            starts[chosen] += len(form.opening)
            ends[chosen] -= 0 if form.kind == BLANK else 13 if form.inline else 8
            tags += form.tags * len(chosen)
            left, ahead = left[~alike], ahead[~alike]
    found.starts, found.ends = starts, ends
    return tags


def _form(data: bytes, at: int, shows_dates: Callable[[int], bool]) -> Form | None:
    """The form of the cell whose address ends at `at`; None where it is none of the common ones."""
    match = _FORM.match(data, at)
    if match is None:
        return None
    attributes = dict(_ATTRIBUTE.findall(match[1]))
    inline = match[2] == b"is><t"
    kind = BLANK if match[2] is None else _kind(attributes, shows_dates)
    if kind in (ERROR, ODD) or inline != (kind == TEXT and attributes[b"t"] == b"inlineStr"):
        return None
    return Form(match[0], kind, inline, _style(attributes, kind))


def _kind(attributes: dict[bytes, bytes], shows_dates: Callable[[int], bool]) -> int:
    """What a cell that is not blank holds, by its attributes."""
    kind = _KINDS.get(attributes.get(b"t", b"n"), ODD)
    style = attributes.get(b"s")
    if kind != NUMBER or style is None:
        return kind
    require(style.isdigit())
    return DATE if shows_dates(int(style)) else NUMBER


def _style(attributes: dict[bytes, bytes], kind: int) -> int:
    """The cell format of a number, -1 where it is none or has none."""
    return int(attributes.get(b"s", b"-1")) if kind == NUMBER else -1


def _ends_well(form: Form, words: Words, openings: Integers, ends: Integers) -> npt.NDArray[np.bool_]:
    """Whether cells that begin as `form` also end so."""
    starts = openings + len(form.opening)
    well: npt.NDArray[np.bool_]
    if form.kind == BLANK:
        well = starts == ends
    elif form.inline:
        well = (words[ends - 8] == _INLINE_ENDS) & (words[ends - 13] == _INLINE_END) & (starts <= ends - 13)
    else:
        well = (words[ends - 8] == _VALUE_END) & (starts <= ends - 8)
    return well


def _look_at(found: RowCells, cells: Integers, index: int, shows_dates: Callable[[int], bool]) -> int:
    """Takes one cell as odd; how many tags it has."""
    cell = found.data[int(cells[index]) : int(found.ends[index])]
    match = _ODD.fullmatch(cell)
    if match is None:
        raise NotCommonError
    attributes = dict(_ATTRIBUTE.findall(match["attributes"]))
    inline, value = match["inline"], match["value"]
    formula = None if match["formula"] is None else match["written"] or b""
    kind = _kind(attributes, shows_dates)
    require(kind != ODD)
    is_inline = attributes.get(b"t") == b"inlineStr"
    require(is_inline == (inline is not None) and not (is_inline and formula is not None))
    style = _style(attributes, kind)
    found.odd.append(OddCell(int(found.positions[index]), kind, inline if is_inline else value, formula, style))
    return cell.count(b"<")
