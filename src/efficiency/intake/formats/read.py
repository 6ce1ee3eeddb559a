"""A submitted file → its grids, whatever its format. The first bytes tell the format, not the ending."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from efficiency.intake.formats.archive import Archive, damage_as_unreadable
from efficiency.intake.formats.csv import csv_grid
from efficiency.intake.formats.limits import MAX_BULK_BYTES, MAX_EXPANDED, UnreadableError
from efficiency.intake.formats.ods import ods_grids
from efficiency.intake.formats.parquet import MAGIC, parquet_grid
from efficiency.intake.formats.xls import xls_grids
from efficiency.intake.formats.xlsb import xlsb_grids
from efficiency.intake.formats.xlsx import xlsx_grids

if TYPE_CHECKING:
    from pathlib import Path

    from efficiency.intake.formats.grid import Grid

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_MARKUP = (b"<!doctype html", b"<html", b"<table", b"<?xml", b"<meta", b"<head", b"<style", b"<div")


def read_grids(path: Path) -> list[Grid]:
    """Every sheet of the file at `path`, hidden ones unread.

    Raises UnreadableError with a plain reason for a file that is damaged, encrypted, no spreadsheet, or too large.
    """
    try:
        is_text = path.suffix.lower() == ".csv"
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
    if data.startswith((_ZIP, _OLE)):
        grids = _zipped_grids(data) if data.startswith(_ZIP) else _ole_grids(data)
        if not grids:
            raise UnreadableError("文件里没有工作表")
        return grids
    if is_text:
        return [csv_grid(data)]
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:16].lower().startswith(_MARKUP):
        raise UnreadableError("文件实际是网页(HTML/XML)，只是改成了表格的扩展名")
    raise UnreadableError("文件已损坏，或不是电子表格")


def _zipped_grids(data: bytes) -> list[Grid]:
    with damage_as_unreadable():
        archive = Archive(data)
        if "content.xml" in archive:
            return ods_grids(archive)
        return xlsb_grids(archive) if "xl/workbook.bin" in archive else xlsx_grids(archive)


def _ole_grids(data: bytes) -> list[Grid]:
    if _is_encrypted(data):
        raise UnreadableError("文件已加密")
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
