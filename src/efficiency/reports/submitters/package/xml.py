"""Edits of a workbook's XML as bytes, so that what is not touched stays as the submitter's program wrote it.

Parsing and writing the XML anew would lose namespace prefixes that other attributes name, and with
them what Excel needs to open the file. So tags are found in the bytes, and only the edits are new.
What cannot be edited safely in this way is refused with UnusualWorkbookError.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAIN: Final = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT: Final = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
OFFICE: Final = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"

_TAG = re.compile(rb"<(/?)([A-Za-z_][\w.:-]*+)((?:[^<>\"'/]|\"[^\"<]*+\"|'[^'<]*+'|/(?!>))*+)(/?)>")
"""No part of it passes a `<`, which XML does not allow in a value either: a search looks at each byte once."""
_MOST_IN_TAG: Final = 1 << 20
"""Bytes of a tag; those of a spreadsheet program have some thousand."""
_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?\bencoding\s*=\s*[\"']([\w.-]+)")
_ENCODINGS: Final = (b"utf-8", b"us-ascii", b"ascii", b"utf8")
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00")
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_TAG_NAME = re.compile(rb"(</?)(\w)")
_BEGINNING: Final = 64 * 1024
"""Bytes within which a part's first tag ends."""

Edit = tuple[int, int, bytes]
"""Start and end of the bytes that are replaced, and their replacement."""


class UnusualWorkbookError(ValueError):
    """A workbook that cannot be edited in place; the message says why, in Chinese, for the submitter."""


@dataclass(frozen=True, slots=True)
class Element:
    """The position of an element in its part."""

    name: bytes
    """Without prefix."""
    start: int
    inner: int
    """Where its content begins; equal to `inner_end` and `end` for `<a/>`."""
    inner_end: int
    end: int


def refuse_unsafe(content: bytes) -> None:
    """Raises UnusualWorkbookError for XML that a search for tags could misread: DOCTYPE, comments, CDATA, not UTF-8."""
    declared = _DECLARATION.match(content)
    if content[:2] in _UTF16 or (declared and declared[1].lower() not in _ENCODINGS):
        raise UnusualWorkbookError("文件的 XML 不是 UTF-8 编码")
    if b"<!" in content:
        raise UnusualWorkbookError("文件的 XML 含有文档类型声明、注释或 CDATA")


def prefix_of(content: bytes, namespace: bytes = MAIN) -> bytes:
    """The prefix of the part's first tag with its colon; empty where `namespace` is the default one.

    Raises UnusualWorkbookError when the first tag is of another namespace.
    """
    root = next(_tags(content, 0, _BEGINNING), None)
    if root is None:
        raise UnusualWorkbookError("文件的 XML 不完整")
    prefix, colon, _ = root[2].rpartition(b":")
    declared = attribute(root.group(), b"xmlns" + colon + prefix)
    if declared == STRICT:
        raise UnusualWorkbookError("文件为 Strict Open XML 格式，请另存为“Excel 工作簿(*.xlsx)”")
    if declared != namespace:
        raise UnusualWorkbookError("文件的 XML 命名空间特殊")
    return prefix + colon


def children(content: bytes, start: int, end: int) -> Iterator[Element]:
    """The elements directly within content[start:end], in order."""
    depth = 0
    outer = (b"", 0, 0)
    for tag in _tags(content, start, end):
        closing, name, _, empty = tag.groups()
        if closing:
            depth -= 1
            if depth == 0:
                yield Element(outer[0], outer[1], outer[2], tag.start(), tag.end())
            if depth < 0:
                raise UnusualWorkbookError("文件的 XML 不完整")
            continue
        if depth == 0:
            outer = (name.rpartition(b":")[2], tag.start(), tag.end())
        if not empty:
            depth += 1
        elif depth == 0:
            yield Element(outer[0], tag.start(), tag.end(), tag.end(), tag.end())


def _tags(content: bytes, start: int, end: int) -> Iterator[re.Match[bytes]]:
    for tag in _TAG.finditer(content, start, end):
        if tag.end() - tag.start() > _MOST_IN_TAG:
            raise UnusualWorkbookError("文件的 XML 中有过长的标记")
        yield tag


def root_of(content: bytes) -> Element:
    """The element that holds the whole part."""
    opening = next(_tags(content, 0, _BEGINNING), None)
    if opening is None:
        raise UnusualWorkbookError("文件的 XML 不完整")
    name = opening[2].rpartition(b":")[2]
    if opening[4]:
        return Element(name, opening.start(), opening.end(), opening.end(), opening.end())
    closing = content.rfind(b"</" + opening[2])
    if closing < opening.end():
        raise UnusualWorkbookError("文件的 XML 不完整")
    return Element(name, opening.start(), opening.end(), closing, len(content))


def attribute(tag: bytes, name: bytes) -> bytes | None:
    """The raw value of an attribute of a start tag; None without it."""
    found = re.search(rb"\s" + re.escape(name) + rb"\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", tag)
    return None if found is None else found[1] if found[1] is not None else found[2]


def number_of(tag: bytes, name: bytes, default: int = 0) -> int:
    """The value of a whole-number attribute. Raises UnusualWorkbookError for one that is none."""
    value = attribute(tag, name)
    if value is None:
        return default
    if not value.isdigit():
        raise UnusualWorkbookError("文件的 XML 中有不合规的数值")
    return int(value)


def with_attribute(tag: bytes, name: bytes, value: bytes) -> bytes:
    """A start tag with the attribute set."""
    cleared = without_attribute(tag, name)
    end = re.match(rb"<[^\s/>]+", cleared)
    if end is None:
        raise UnusualWorkbookError("文件的 XML 不完整")
    return cleared[: end.end()] + b' %b="%b"' % (name, value) + cleared[end.end() :]


def without_attribute(tag: bytes, name: bytes) -> bytes:
    """A start tag without the attribute."""
    return re.sub(rb"\s" + re.escape(name) + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*')", b"", tag, count=1)


def edited(content: bytes, edits: Iterable[Edit]) -> bytes:
    """`content` with the edits made; several inserted at one position keep their order."""
    parts: list[bytes | memoryview] = []
    view, at = memoryview(content), 0
    for start, end, new in sorted(edits, key=lambda edit: edit[0]):
        parts += [view[at:start], new]
        at = end
    return b"".join([*parts, view[at:]])


def inserted_within(content: bytes, element: Element, new: bytes) -> Edit:
    """The edit that puts `new` last within `element`, opening `<a/>` to `<a></a>` where need be."""
    if element.inner < element.end:
        return element.inner_end, element.inner_end, new
    tag = content[element.start : element.end]
    name = tag[1:].split(None, 1)[0].rstrip(b"/>")
    return element.start, element.end, tag.rstrip(b"/>").rstrip() + b">" + new + b"</" + name + b">"


def prefixed(fragment: bytes, prefix: bytes) -> bytes:
    """A fragment written without prefixes, with this one on each of its tags."""
    return _TAG_NAME.sub(rb"\1" + prefix + rb"\2", fragment) if prefix else fragment


def text_of(raw: bytes) -> str:
    """Text or attribute value as it reads."""
    return html.unescape(raw.decode()) if b"&" in raw else raw.decode()


def as_text(text: str) -> bytes:
    """`text` as content of an element; `_x0041_`, which Excel would read as a character's code, stays as written."""
    return escape(_ESCAPED.sub("_x005F_", text)).encode()


def as_value(text: str) -> bytes:
    """`text` as the value of an attribute in double quotes."""
    return escape(text, {'"': "&quot;", "\n": "&#10;", "\t": "&#9;"}).encode()
