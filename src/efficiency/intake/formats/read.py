"""A submitted file → its grids, whatever its format. The first bytes tell the format, not the ending."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from efficiency.intake.formats.archive import Archive, damage_as_unreadable
from efficiency.intake.formats.binary import MAGIC as COMPOUND
from efficiency.intake.formats.binary import xls_grids, xlsb_grids
from efficiency.intake.formats.csv import as_utf8, csv_grid, looks_delimited
from efficiency.intake.formats.kinds import (
    ENCRYPTED,
    HEAD,
    MARKUP,
    SPREADSHEET,
    ZIP,
    kind_of_compound,
    kind_of_head,
    kind_of_zip,
)
from efficiency.intake.formats.limits import MAX_BULK_BYTES, MAX_EXPANDED, UnreadableError
from efficiency.intake.formats.markup import NAMESPACE, html_grid, mht_grid, ods_grids, spreadsheetml_grids
from efficiency.intake.formats.parquet import MAGIC, parquet_grid
from efficiency.intake.formats.xlsx import xlsx_grids

if TYPE_CHECKING:
    from pathlib import Path

    from efficiency.intake.formats.grid import Grid

_TEXT_ENDINGS = (".csv", ".tsv", ".txt")
_XML = b"<?xml"
_MIME, _MIME_FIELD = b"mime-version:", re.compile(rb"[\w-]{1,40}:")
"""How a page begins that was saved in one file, and how each field of its head does."""
MIME_LINES = 400
"""Lines within which such a head names its version of MIME."""


def read_grids(path: Path) -> list[Grid]:
    """Every sheet of the file at `path`, hidden ones unread.

    Raises UnreadableError with a plain reason for a file that is damaged, encrypted, no spreadsheet, or too large.
    """
    try:
        is_text = path.suffix.lower() in _TEXT_ENDINGS
        with path.open("rb") as stream:
            is_parquet = stream.read(len(MAGIC)) == MAGIC
            bound = MAX_BULK_BYTES if is_text or is_parquet else MAX_EXPANDED
            if path.stat().st_size > bound:
                raise UnreadableError(f"文件超过 {bound >> 20} MiB")
            stream.seek(0)
            data = b"" if is_parquet else stream.read()
    except OSError as error:
        raise UnreadableError(f"无法打开文件({error.strerror})") from error
    if is_parquet:
        return [parquet_grid(path)]
    if not data:
        raise UnreadableError("文件是空的(0 字节)")
    if data.startswith((ZIP, COMPOUND)):
        grids = _zipped_grids(data) if data.startswith(ZIP) else _compound_grids(data)
        if not grids:
            raise UnreadableError("文件里没有工作表")
        return grids
    if kind := kind_of_head(data[:HEAD]):
        raise UnreadableError(f"文件实际是{kind}，不是电子表格")
    return _text_grids(data, is_text=is_text)


def _text_grids(data: bytes, *, is_text: bool) -> list[Grid]:
    """The sheets of markup or delimited text; `is_text` where the ending says that the file is text."""
    begin = data[:HEAD]
    if begin.startswith((b"\xff\xfe", b"\xfe\xff")):
        begin = begin.decode("utf-16", "replace").encode()
    begin = begin.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if begin.startswith(_XML) and NAMESPACE in begin:
        return spreadsheetml_grids(data)
    if begin.startswith(MARKUP) or (begin.startswith(_XML) and (b"<html" in begin or b"<table" in begin)):
        return [html_grid(data)]
    if _is_mime(begin):
        return [mht_grid(data)]
    if begin.startswith(_XML):
        raise UnreadableError("文件实际是 XML，不是电子表格")
    if is_text:
        return [csv_grid(data)]
    try:
        text = as_utf8(data)
    except UnreadableError:
        raise UnreadableError("文件已损坏，或不是电子表格") from None
    if not looks_delimited(text):
        raise UnreadableError("文件已损坏，或不是电子表格")
    return [csv_grid(data)]


def _is_mime(begin: bytes) -> bool:
    """Whether a file begins, in small letters, as a message with the fields of MIME, as saved web pages (.mht) do."""
    for line in begin.split(b"\n")[:MIME_LINES]:
        if line.startswith(_MIME):
            return True
        if not (line.startswith((b" ", b"\t")) or _MIME_FIELD.match(line)):
            return False
    return False


def _zipped_grids(data: bytes) -> list[Grid]:
    with damage_as_unreadable():
        archive = Archive(data)
        if "content.xml" in archive:
            if b"encryption-data" in (archive.find("META-INF/manifest.xml") or b""):
                raise UnreadableError("文件已加密")
            return ods_grids(archive)
        main = archive.main_part()
        if main is None or "word/document.xml" in archive or "ppt/presentation.xml" in archive:
            kind = kind_of_zip(data)
            raise UnreadableError(f"文件实际是{kind}，不是电子表格" if kind else "文件已损坏，或不是电子表格")
        return xlsb_grids(archive, main) if main.casefold().endswith(".bin") else xlsx_grids(archive, main)


def _compound_grids(data: bytes) -> list[Grid]:
    kind = kind_of_compound(data)
    if kind == ENCRYPTED or _is_encrypted(data):
        raise UnreadableError("文件已加密")
    if kind not in ("", SPREADSHEET):
        raise UnreadableError(f"文件实际是{kind}，不是电子表格")
    return xls_grids(data)


def _is_encrypted(data: bytes) -> bool:
    """Whether an OLE file, an .xls or the container of an encrypted .xlsx, asks for a password; False if damaged."""
    import msoffcrypto

    try:
        return bool(msoffcrypto.OfficeFile(_BoundedStream(data)).is_encrypted())
    except Exception:  # it raises whatever damage leads to; the reader of .xls says what is wrong
        return False


class _BoundedStream(io.BytesIO):
    """Bytes that can be read only so often: a damaged file may lead a reader of its sectors in circles."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._left = 4 * len(data) + (1 << 20)

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self._left -= max(len(found), 1 << 9)  # a read beyond the end costs a sector too
        if self._left < 0:
            raise OSError("the file leads its reader in circles")
        return found
