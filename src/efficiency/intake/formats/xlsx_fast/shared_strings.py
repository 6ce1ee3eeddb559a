"""The parts of a workbook that its sheets' cells refer to: shared texts, and the styles that make a number a date.

Both are read only when a cell asks for them, and only where they are written in the plain way (see `plain_rows`).
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from efficiency.intake.formats.limits import MAX_TEXTS
from efficiency.intake.formats.xlsx_fast.row_bytes import NotPlainError
from efficiency.intake.formats.xlsx_fast.worksheet import UTF_8, plain_texts

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    import polars as pl

NUMBER_FORMATS = frozenset((*range(5), 9, 10, 11, 12, 13, 37, 38, 39, 40, 48, 49))
"""Built-in formats that show a number as a number (ECMA-376 18.8.30)."""
DATE_FORMATS = frozenset((14, 15, 16, 17, 22))
"""Built-in formats that show it as a date."""

_TEXT = rb'<t(?: xml:space="preserve")?>([^<>]*)</t>'
_ITEM = re.compile(rb"<si>" + _TEXT + rb"(?:<phoneticPr [^<>]*/>)?</si>")
_BEGUN = re.compile(rb"<(?:\w{1,9}:)?si[\s>/]")
_REFERRING = re.compile(rb"\bt\s*=\s*[\"']s[\"'][^<>]*>\s*<(?:\w{1,9}:)?v[^<>]*>\s*(\d{1,9})\s*<")
_SHARED = re.compile(rb"<sst\b[^<>]*>")
_LONGEST_CODE = 255
_STYLE = re.compile(rb'<xf [^<>]*?\bnumFmtId="(\d{1,9})"')
_FORMAT = re.compile(rb"<numFmt ([^<>]*?) ?/>")
_FORMAT_ID, _FORMAT_CODE = re.compile(rb'\bnumFmtId="(\d{1,9})"'), re.compile(rb'\bformatCode="([^"]*)"')
_BESIDE = rb"\\.|&quot;[^a-zA-Z&]*&quot;"
_NUMERIC = re.compile(rb"(?:General|\[(?:Red|Blue|Black|Green|White)\]|E\+|" + _BESIDE + rb"|[0#?.,%+() ;_*@-])*")
_DATED = re.compile(rb"(?:\[\$-[0-9A-Fa-f]{1,9}\])?(?=[^yYdD]*[yYdD])(?:" + _BESIDE + rb"|[yYmMdD/., -])*(?:;@)?")


class SharedParts:
    """Shared texts and styles of one workbook; `part` gives the bytes of a part, None where there is none.

    `since_1904`: days may be counted from 1904, as on old Macintoshes; dates are not plain then.
    """

    def __init__(self, part: Callable[[str], bytes | None], *, recalculates: bool, since_1904: bool = False) -> None:
        self._part = part
        self._since_1904 = since_1904
        self.recalculates = recalculates

    def shared_texts(self) -> pl.Series:
        """Every shared text, null where blank. Raises NotPlainError."""
        return self._texts

    def text_bytes(self, sheet: bytes) -> int:
        """Bytes of the shared texts that a sheet's cells refer to, each as often as it is; at most, markup included."""
        referring = _REFERRING.findall(sheet)
        if len(referring) * self._lengths.max() <= MAX_TEXTS:
            return 0
        places = np.array(referring, dtype=np.int64)
        return int(self._lengths[places[places < len(self._lengths)]].sum())

    def shows_dates(self, style: int) -> bool:
        """Whether numbers of a style are dates. Raises NotPlainError where that is not plain, as of times."""
        shown = self._styles[style] if style < len(self._styles) else None
        if shown is None or (shown and self._since_1904):
            raise NotPlainError
        return shown

    @cached_property
    def _texts(self) -> pl.Series:
        xml = self._part("xl/sharedStrings.xml") or b""
        declared = UTF_8.match(xml)
        head = _SHARED.match(xml, declared.end()) if declared else None
        found = _ITEM.findall(xml)
        tags = 2 + xml.count(b"<?xml ") + 4 * len(found) + xml.count(b"<phoneticPr ")
        if head is None or tags != xml.count(b"<") or not xml.rstrip().endswith(b"</sst>"):
            raise NotPlainError
        return plain_texts(found)

    @cached_property
    def _lengths(self) -> npt.NDArray[np.int64]:
        """Bytes of each shared text, however it is written; a last one of no bytes, so that there is one."""
        xml = self._part("xl/sharedStrings.xml") or b""
        begun = [match.start() for match in _BEGUN.finditer(xml)]
        return np.diff([*begun, len(xml), len(xml)])

    @cached_property
    def _styles(self) -> list[bool | None]:
        xml = self._part("xl/styles.xml") or b""
        _, begun, rest = xml.partition(b"<cellXfs")
        cells, ended, _ = rest.partition(b"</cellXfs>")
        if xml.startswith((b"\xff\xfe", b"\xfe\xff")) or b"<!" in xml or not begun or not ended:
            raise NotPlainError
        formats: dict[int, bool | None] = {
            **dict.fromkeys(NUMBER_FORMATS, False),
            **dict.fromkeys(DATE_FORMATS, True),
        }
        written = _FORMAT.findall(xml)
        for attributes in written:
            identifier, code = _FORMAT_ID.search(attributes), _FORMAT_CODE.search(attributes)
            if identifier is None or code is None or len(code[1]) > _LONGEST_CODE:
                raise NotPlainError
            numeric, dated = _NUMERIC.fullmatch(code[1]), _DATED.fullmatch(code[1])
            formats[int(identifier[1])] = None if numeric is None and dated is None else dated is not None
        styles = [int(number) for number in _STYLE.findall(cells)]
        if len(written) != xml.count(b"<numFmt ") or len(styles) != cells.count(b"<xf "):
            raise NotPlainError
        return [formats.get(number) for number in styles]
