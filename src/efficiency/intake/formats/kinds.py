"""What a file is, by its first bytes and what it contains, in the words of whoever sent it: PDF 文件, Word 文档, ….

The ending is asked last: a photo that is called .xlsx is a photo.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from efficiency.intake.formats.archive import opened_zip
from efficiency.intake.formats.binary import MAGIC as COMPOUND
from efficiency.intake.formats.binary import compound_names
from efficiency.intake.formats.csv import is_table
from efficiency.intake.formats.limits import UnreadableError
from efficiency.intake.formats.markup import NAMESPACE

if TYPE_CHECKING:
    from pathlib import Path

ZIP = b"PK\x03\x04"
MARKUP = (b"<!doctype html", b"<html", b"<table", b"<meta", b"<head", b"<style", b"<div", b"<body", b"<script", b"<!--")
"""How a page begins, in small letters."""
_EMPTY_ZIP = b"PK\x05\x06"
_SEARCHED = 1 << 18
HEAD = 4096
"""Bytes that are looked at first."""

_MOST = 128 << 20
"""Bytes of a compound file that is opened to see what it is."""

COSTLY_BYTES, COSTLY_EXPANDED = 512 << 10, 2 << 20
"""Bytes of a file, and those that it expands to. Whatever less holds is read in 300 MB and a few seconds."""
_NATIVE = re.compile(r"^content\.xml$|(?:^|/)(?!printerSettings|vbaProject)[^/]*\.bin$", re.IGNORECASE)
"""Parts of .ods and .xlsb; settings of printers and macros are in workbooks of every kind."""

ARCHIVES = ("RAR 压缩包", "7z 压缩包", "gzip 压缩包", "bzip2 压缩包", "xz 压缩包", "tar 归档", "zip 压缩包")
"""Kinds that hold other files."""
SPREADSHEET, ENCRYPTED = "电子表格", "加密的 Office 文件"

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "PDF 文件"),
    (b"\xff\xd8\xff", "图片(JPEG)"),
    (b"\x89PNG", "图片(PNG)"),
    (b"GIF8", "图片(GIF)"),
    (b"BM", "图片(BMP)"),
    (b"II*\0", "图片(TIFF)"),
    (b"MM\0*", "图片(TIFF)"),
    (b"Rar!", ARCHIVES[0]),
    (b"7z\xbc\xaf\x27\x1c", ARCHIVES[1]),
    (b"\x1f\x8b", ARCHIVES[2]),
    (b"BZh", ARCHIVES[3]),
    (b"\xfd7zXZ", ARCHIVES[4]),
    (b"{\\rtf", "RTF 文档"),
    (b"SQLite format 3", "SQLite 数据库"),
    (b"\0\x01\0\0Standard", "Access 数据库"),
    (b"MZ", "程序"),
    (b"%!PS", "PostScript 文件"),
    (b"PAR1", SPREADSHEET),
    *((bytes((9, version)), "Excel 4.0 及更早版本的旧格式工作簿") for version in (0, 2, 4)),
)
_STREAMS = {
    "encryptedpackage": ENCRYPTED,
    "workbook": SPREADSHEET,
    "book": SPREADSHEET,
    "worddocument": "Word 或 WPS 文字文档",
    "powerpoint document": "演示文稿",
    "__properties_version1.0": "Outlook 邮件",
    "visiodocument": "Visio 图",
}
"""Stream of a compound file, in small letters → what such a file is."""
_PARTS = (
    (re.compile(r"(?:^|/)workbook\.(?:xml|bin)$"), SPREADSHEET),
    (re.compile(r"(?:^|/)word/document\.xml$"), "Word 文档"),
    (re.compile(r"(?:^|/)ppt/presentation\.xml$"), "演示文稿"),
    (re.compile(r"(?:^|/)ofd\.xml$"), "OFD 版式文件"),
)
_OPEN_DOCUMENTS = {
    "spreadsheet": SPREADSHEET,
    "text": "文字文档(OpenDocument)",
    "presentation": "演示文稿(OpenDocument)",
    "graphics": "绘图(OpenDocument)",
    "epub": "电子书",
}
_ENDINGS = {
    ".doc": "Word 文档",
    ".docx": "Word 文档",
    ".wps": "WPS 文字文档",
    ".ppt": "演示文稿",
    ".pptx": "演示文稿",
    ".dps": "WPS 演示文稿",
    ".dbf": "dBASE 数据库",
    ".txt": "没有分列的文本文件",
    ".md": "文本文件",
    ".log": "日志文件",
    ".json": "JSON 文本",
    ".xml": "XML 文件",
    ".html": "网页",
    ".htm": "网页",
    ".eml": "电子邮件",
    ".ini": "配置文件",
    ".toml": "配置文件",
    ".py": "程序",
    ".lnk": "快捷方式",
    ".url": "网址快捷方式",
    ".mp4": "视频",
    ".mp3": "音频",
    ".ofd": "OFD 版式文件",
    ".caj": "CAJ 文献",
}


def is_costly(path: Path) -> bool:
    """Whether reading the file at `path` may take much, or end the process: it is to be read by a process of its own.

    So may a file that is large, or expands to much, and every file that native code reads. Raises OSError.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    if head.startswith(ZIP):
        return _expands_far(path, size)
    return size > COSTLY_BYTES or head.startswith((COMPOUND, b"PAR1"))


def _expands_far(path: Path, size: int) -> bool:
    """Whether the parts of a zipped file come to much, or are such as native code reads."""
    if size > COSTLY_BYTES:
        return True
    try:
        with opened_zip(path) as archive:
            entries = archive.infolist()
    except Exception:  # zipfile fails in many ways; the reader of the format says what is wrong
        return False
    expanded = sum(entry.file_size for entry in entries)
    return expanded > COSTLY_EXPANDED or any(_NATIVE.search(entry.filename) for entry in entries)


def kind_of(path: Path, ending: str = "") -> str:
    """What the file at `path` is, in Chinese; a file that nothing is known of is named by its `ending`.

    Raises OSError when it cannot be read.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD)
        known = kind_of_head(head)
        if head.startswith((ZIP, _EMPTY_ZIP)):
            known = kind_of_zip(path)
        elif head.startswith(COMPOUND) and path.stat().st_size <= _MOST:
            stream.seek(0)
            known = kind_of_compound(stream.read())
    if known:
        return known
    if not head:
        return "空文件"
    ending = (ending or path.suffix).lower()
    return _ENDINGS.get(ending) or (f"扩展名为 {ending} 的文件" if ending else "没有扩展名的文件")


def holds_table(path: Path) -> bool:
    """Whether a file whose ending leaves it open (.txt, .xml, .html, .mht) begins as a table. Raises OSError."""
    with path.open("rb") as stream:
        head = stream.read(_SEARCHED)
    if kind_of_head(head[:HEAD]):
        return False
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[: len(head) & ~1].decode("utf-16", "ignore").encode()
    begin = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:HEAD].lower()
    if b"mime-version:" in begin:
        return b"text/html" in head.lower()
    if begin.startswith((b"<?xml", *MARKUP)):
        return NAMESPACE in head or b"<table" in head.lower()
    return is_table(head)


def kind_of_head(head: bytes) -> str:
    """What a file is that begins so, in Chinese; `` where that does not tell, as of archives of parts and of text."""
    for magic, kind in _MAGIC:
        if head.startswith(magic) and not (kind in ("图片(BMP)", "程序") and _is_text(head)):
            return kind
    if head[257:262] == b"ustar":
        return ARCHIVES[5]
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "图片(WebP)"
    if head[4:8] == b"ftyp":
        return "图片(HEIC)" if head[8:11] in (b"hei", b"mif") else "视频"
    return ""


def kind_of_compound(data: bytes) -> str:
    """What a compound file is, by the names of its streams; `` where they do not tell."""
    try:
        names = {name.casefold() for name in compound_names(data)}
    except UnreadableError:
        return ""
    return next((kind for name, kind in _STREAMS.items() if name in names), "")


def kind_of_zip(source: Path | bytes) -> str:
    """What a zipped file is, by the names of its parts; a plain archive where none tells."""
    try:
        with opened_zip(source) as archive:
            names = [name.replace("\\", "/").casefold() for name in archive.namelist()]
            if "mimetype" in names and archive.getinfo(archive.namelist()[names.index("mimetype")]).file_size < HEAD:
                stated = archive.read(archive.namelist()[names.index("mimetype")]).decode("ascii", "replace")
                for word, kind in _OPEN_DOCUMENTS.items():
                    if word in stated:
                        return kind
            if "content.xml" in names:
                return SPREADSHEET
            return next((kind for part, kind in _PARTS if any(map(part.search, names))), ARCHIVES[6])
    except Exception:  # zipfile fails in many ways; the reader of the format says what is wrong
        return ""


def _is_text(head: bytes) -> bool:
    return not set(head) & {*range(9), *range(14, 32)}
