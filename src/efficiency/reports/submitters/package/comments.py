"""Comments of a worksheet: our part added below what the submitter wrote, or taken out again.

A comment is kept in two parts: its text in the comments part, its box in a VML drawing that may hold buttons and
other shapes too. Both are edited as bytes; VML is often no well-formed XML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from efficiency.reports.submitters.package.cells import Layout, Position, address_of, insertion_point, position_of
from efficiency.reports.submitters.package.xml import (
    OFFICE,
    Edit,
    Element,
    UnusualWorkbookError,
    as_text,
    attribute,
    children,
    edited,
    inserted_within,
    prefix_of,
    prefixed,
    root_of,
    text_of,
)
from efficiency.reports.submitters.package.zip import Package, declare, relate, relations
from efficiency.reports.text import clean_text, display_width

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

AUTHOR: Final = "能耗产出效益评价"
HEADING: Final = "【退回说明】"
"""First line of our part of a comment; what is above it is the submitter's own."""

_COMMENTS_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_VML_TYPE: Final = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_EMPTY_COMMENTS: Final = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<comments xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><authors/><commentList/></comments>'
)
_EMPTY_VML: Final = (
    b'<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    b'xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit">'
    b'<o:idmap v:ext="edit" data="1"/></o:shapelayout></xml>'
)
_SHAPE_TYPE: Final = (
    b'<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    b'<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
_SHAPE: Final = (
    '<v:shape id="_x0000_s{number}" type="#_x0000_t202" style="position:absolute;margin-left:59.25pt;'
    'margin-top:1.5pt;width:240pt;height:{height}pt;z-index:1;visibility:hidden" fillcolor="#ffffe1" '
    'o:insetmode="auto"><v:fill color2="#ffffe1"/><v:shadow color="black" obscured="t"/>'
    '<v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div>'
    '</v:textbox><x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:AutoFill>False</x:AutoFill>'
    "<x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
)
_RUN: Final = b'<r><rPr><sz val="9"/><color indexed="81"/><rFont val="\xe5\xae\x8b\xe4\xbd\x93"/></rPr>%b</r>'
_TEXT: Final = b'<t xml:space="preserve">%b</t>'
_SHAPE_BEGIN, _SHAPE_END = re.compile(rb"<v:shape\s"), b"</v:shape>"
_VML_NUMBER = re.compile(rb"_x0000_s(\d{1,9})\b")
_ANCHOR = re.compile(rb"(<x:Anchor>(?:[^<,]*,){6})\s*(\d{1,9})(\s*,[^<,]*</x:Anchor>)")
_THREAD: Final = "tc="
"""How the author of a comment begins in whose place Excel shows a conversation."""


@dataclass(frozen=True)
class Commented:
    """A worksheet's comments after the edit."""

    edits: list[Edit]
    """What changes in the worksheet's own part."""
    refused: int
    """Cells that got no comment because they have a conversation."""


def headed_positions(package: Package, sheet: str) -> set[Position]:
    """The cells of a worksheet part whose comments have a part of ours."""
    part = _comments_part(package, sheet)
    if part is None or HEADING.encode() not in package.raw(part):
        return set()
    content = package.read(part)
    return {position for position, (start, end) in _comments(content).items() if HEADING in _plain(content[start:end])}


def comment_cells(package: Package, sheet: str, layout: Layout, texts: Mapping[Position, str]) -> Commented:
    """Takes our part out of the comments of an earlier round and gives each cell of `texts` its own.

    `sheet` is the worksheet's part and `layout` its content. Parts that are needed are added to the package.
    """
    part = _comments_part(package, sheet)
    stale = headed_positions(package, sheet)
    if not texts and not stale:
        return Commented([], 0)
    content = package.read(part) if part else _EMPTY_COMMENTS
    prefix = prefix_of(content)
    authors, comment_list = _sections(content)
    names = [content[item.inner : item.inner_end] for item in children(content, authors.inner, authors.inner_end)]
    author = names.index(as_text(AUTHOR)) if as_text(AUTHOR) in names else len(names)
    edits: list[Edit] = []
    gone: set[Position] = set()
    grown: dict[Position, int] = {}
    kept: set[Position] = set()
    refused = 0
    for position, (start, end) in _comments(content).items():
        if position not in texts and position not in stale:
            continue
        comment = content[start:end]
        number = attribute(comment, b"authorId") or b""
        if number.isdigit() and int(number) < len(names) and text_of(names[int(number)]).startswith(_THREAD):
            kept.add(position)
            refused += position in texts
            continue
        own = _own_part(comment, prefix) if position in stale else comment
        if own is None:
            gone.add(position)
            edits.append((start, end, b""))
        elif position in texts:
            kept.add(position)
            grown[position] = _lines(texts[position]) + 1
            edits.append((start, end, _continued(own, prefix, "\n\n" + texts[position])))
        else:
            edits.append((start, end, own))
    new = {position: text for position, text in texts.items() if position not in kept}
    if new and author == len(names):
        name = b"<author>" + as_text(AUTHOR) + b"</author>"
        edits.append(inserted_within(content, authors, prefixed(name, prefix)))
    added = b"".join(
        b'<comment ref="%b" authorId="%d"><text>%b</text></comment>'
        % (address_of(position).encode(), author, _RUN % (_TEXT % as_text(clean_text(text))))
        for position, text in new.items()
    )
    edits.append(inserted_within(content, comment_list, prefixed(added, prefix)))
    if part is None:
        part = package.free("xl/comments{}.xml")
        declare(package, part, _COMMENTS_TYPE)
        relate(package, sheet, "comments", part)
    package.write(part, edited(content, edits))
    return Commented(_update_boxes(package, sheet, layout, gone=gone, grown=grown, new=new), refused)


def _comments_part(package: Package, sheet: str) -> str | None:
    return next((to.part for to in relations(package, sheet) if to.kind == "comments"), None)


def _sections(content: bytes) -> tuple[Element, Element]:
    root = root_of(content)
    found = {element.name: element for element in children(content, root.inner, root.inner_end)}
    if b"authors" not in found or b"commentList" not in found:
        raise UnusualWorkbookError("文件的批注不完整")
    return found[b"authors"], found[b"commentList"]


def _comments(content: bytes) -> dict[Position, tuple[int, int]]:
    """Position of each comment → its start and end in the part."""
    _, comment_list = _sections(content)
    found: dict[Position, tuple[int, int]] = {}
    for comment in children(content, comment_list.inner, comment_list.inner_end):
        position = position_of(text_of(attribute(content[comment.start : comment.inner], b"ref") or b""))
        if position is not None:
            found[position] = comment.start, comment.end
    return found


def _runs(comment: bytes) -> list[tuple[Element, str]]:
    """The runs of a comment's text, bare or formatted, each with its plain text."""
    outer = next(children(comment, 0, len(comment)))
    text = next((part for part in children(comment, outer.inner, outer.inner_end) if part.name == b"text"), None)
    if text is None:
        raise UnusualWorkbookError("文件的批注不完整")
    runs = []
    for run in children(comment, text.inner, text.inner_end):
        inside = [run] if run.name == b"t" else list(children(comment, run.inner, run.inner_end))
        if run.name in (b"t", b"r"):
            read = "".join(text_of(comment[t.inner : t.inner_end]) for t in inside if t.name == b"t")
            runs.append((run, read))
    return runs


def _plain(comment: bytes) -> str:
    return "".join(text for _, text in _runs(comment))


def _own_part(comment: bytes, prefix: bytes) -> bytes | None:
    """A comment without our part; None when nothing else is left."""
    own, heading, _ = _plain(comment).partition(HEADING)
    if not own.strip() or not heading:
        return None if heading else comment
    own = own.rstrip()
    edits: list[Edit] = []
    at = 0
    for run, read in _runs(comment):
        at, begun = at + len(read), at
        if at <= len(own):
            continue
        rest = own[begun:] if begun < len(own) else ""
        text = next((t for t in [run, *children(comment, run.inner, run.inner_end)] if t.name == b"t"), run)
        if rest:
            edits.append((text.start, text.end, prefixed(_TEXT, prefix) % as_text(rest)))
        else:
            edits.append((run.start, run.end, b""))
    return edited(comment, edits)


def _continued(comment: bytes, prefix: bytes, text: str) -> bytes:
    """A comment with `text` after its own; bare text becomes a run like ours, which may follow each other."""
    runs = _runs(comment)
    ours = prefixed(_RUN, prefix) % (prefixed(_TEXT, prefix) % as_text(clean_text(text)))
    edits: list[Edit] = []
    for run, read in runs:
        if run.name == b"t":
            bare = prefixed(b"<r>" + _TEXT + b"</r>", prefix)
            edits.append((run.start, run.end, bare % as_text(read)))
    outer = next(children(comment, 0, len(comment)))
    holder = next(part for part in children(comment, outer.inner, outer.inner_end) if part.name == b"text")
    if runs:
        edits.append((runs[-1][0].end, runs[-1][0].end, ours))
    else:
        edits.append(inserted_within(comment, holder, ours))
    return edited(comment, edits)


def _update_boxes(
    package: Package,
    sheet: str,
    layout: Layout,
    *,
    gone: set[Position],
    grown: Mapping[Position, int],
    new: Mapping[Position, str],
) -> list[Edit]:
    """Removes, enlarges and adds the comments' boxes; returns what changes in the worksheet's own part."""
    content = layout.content
    pointer = next((element for element in layout.after if element.name == b"legacyDrawing"), None)
    named = b"" if pointer is None else re.sub(rb"\s[\w.-]+:id(?=\s*=)", b" id", content[pointer.start : pointer.end])
    link = attribute(named, b"id")
    part = next((to.part for to in relations(package, sheet) if link and to.id == text_of(link)), None)
    if pointer is not None and part is None:
        raise UnusualWorkbookError("文件的批注不完整")
    vml = package.raw(part) if part else _EMPTY_VML
    closing = vml.rfind(b"</xml>")
    if closing < 0:
        raise UnusualWorkbookError("文件的批注图形特殊")
    edits = [edit for start, end in _shapes(vml) for edit in _shape_edits(vml[start:end], start, gone, grown)]
    number = max([1024, *(int(found) for found in _VML_NUMBER.findall(vml))])
    shapes = [] if not new or b'id="_x0000_t202"' in vml else [_SHAPE_TYPE]
    for count, (position, text) in enumerate(new.items(), 1):
        height = 18 + 13.5 * min(_lines(text), 30)
        shape = _SHAPE.format(number=number + count, height=height, row=position[0] - 1, column=position[1] - 1)
        shapes.append(shape.encode())
    edits.append((closing, closing, b"".join(shapes)))
    if part is not None:
        package.write(part, edited(vml, edits))
        return []
    part = package.free("xl/drawings/vmlDrawing{}.vml")
    package.write(part, edited(vml, edits))
    declare(package, part, _VML_TYPE)
    id_ = relate(package, sheet, "vmlDrawing", part).encode()
    at = insertion_point(layout, b"legacyDrawing")
    return [(at, at, b'<%blegacyDrawing xmlns:r="%b" r:id="%b"/>' % (layout.prefix, OFFICE, id_))]


def _shapes(vml: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each shape of a VML drawing; one that never ends is none, and what follows it neither."""
    at = 0
    while begin := _SHAPE_BEGIN.search(vml, at):
        end = vml.find(_SHAPE_END, begin.end())
        if end < 0:
            return
        at = end + len(_SHAPE_END)
        yield begin.start(), at


def _shape_edits(shape: bytes, start: int, gone: set[Position], grown: Mapping[Position, int]) -> list[Edit]:
    """The edits of a shape of a VML drawing that begins at `start` there."""
    row, column = (re.search(rb"<x:%b>\s*(\d{1,9})\s*<" % name, shape) for name in (b"Row", b"Column"))
    if b'"Note"' not in shape or row is None or column is None:
        return []
    position = int(row[1]) + 1, int(column[1]) + 1
    if position in gone:
        return [(start, start + len(shape), b"")]
    anchor = _ANCHOR.search(shape)
    if position in grown and anchor:
        # The box is made as many rows taller as our part has lines, or the submitter would not see it.
        return [(start + anchor.start(2), start + anchor.end(2), b"%d" % (int(anchor[2]) + grown[position]))]
    return []


def _lines(text: str) -> int:
    """Lines of the text in a box that is 320 pixels wide, about 46 half-width characters."""
    return sum(1 + display_width(line) // 46 for line in text.split("\n"))
