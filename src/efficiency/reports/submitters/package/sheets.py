"""The sheets of a submitted workbook: which there are, and the list put in front of them as the one that opens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from efficiency.reports.submitters.package.xml import (
    OFFICE,
    Edit,
    Element,
    UnusualWorkbookError,
    as_value,
    attribute,
    children,
    edited,
    number_of,
    prefix_of,
    prefixed,
    root_of,
    text_of,
    with_attribute,
    without_attribute,
)
from efficiency.reports.submitters.package.zip import Package, declare, relate, relations, unlink, unrelate
from schemas.intake import LIST_SHEET

_WORKSHEET_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_VIEW = re.compile(rb"<(?:\w+:)?sheetView\s[^<>]*>")
_MOST_BEFORE_CELLS: Final = 1 << 20
"""Bytes of a sheet within which its views are."""
_BEFORE_NAMES: Final = (b"sheets", b"functionGroups", b"externalReferences")


@dataclass(frozen=True)
class Sheet:
    """A sheet as the workbook part names it."""

    title: str
    part: str
    kind: str
    """worksheet, chartsheet, dialogsheet …"""
    id: str
    """Of its relation."""
    element: Element


@dataclass(frozen=True)
class Book:
    """The workbook part and its sheets in order."""

    part: str
    sheets: tuple[Sheet, ...]

    def worksheets(self) -> dict[str, str]:
        """Title → part of each worksheet but the list."""
        return {one.title: one.part for one in self.sheets if one.kind == "worksheet" and one.title != LIST_SHEET}

    def listed(self) -> Sheet | None:
        """The list sheet of an earlier round."""
        return next((one for one in self.sheets if one.title == LIST_SHEET), None)


def book_of(package: Package) -> Book:
    """Finds the workbook part and its sheets. Raises UnusualWorkbookError when there is none."""
    part = next((to.part for to in relations(package, "") if to.kind == "officeDocument"), None)
    if part is None:
        raise UnusualWorkbookError("文件中没有工作簿")
    content = package.read(part)
    prefix_of(content)
    root = root_of(content)
    targets = {to.id: to for to in relations(package, part)}
    sheets = []
    for section in children(content, root.inner, root.inner_end):
        if section.name != b"sheets":
            continue
        for element in children(content, section.inner, section.inner_end):
            tag = content[element.start : element.end]
            # The prefix of the id is the file's own choice.
            link = text_of(attribute(re.sub(rb"\s[\w.-]+:id(?=\s*=)", b" id", tag), b"id") or b"")
            if link not in targets:
                raise UnusualWorkbookError("文件的工作表目录不完整")
            title = text_of(attribute(tag, b"name") or b"")
            sheets.append(Sheet(title, targets[link].part, targets[link].kind, link, element))
    return Book(part, tuple(sheets))


def put_in_front(package: Package, book: Book, written: bytes, names: dict[str, str]) -> None:
    """Adds the list, a worksheet part with its built-in names and their ranges, as first sheet.

    It replaces that of an earlier round and is the only sheet selected.
    """
    earlier = book.listed()
    for sheet in book.sheets:
        if sheet is not earlier:
            _deselect(package, sheet.part)
    if earlier is not None:
        if earlier.kind != "worksheet" or b"<f" in package.raw(earlier.part):
            # Formulas that someone added there would still be in the order of calculation.
            for chain in [to.part for to in relations(package, book.part) if to.kind == "calcChain"]:
                package.drop(chain)
            unrelate(package, book.part, ("calcChain",))
        package.drop(earlier.part)
    part = package.free("xl/worksheets/sheet{}.xml")
    package.write(part, written)
    declare(package, part, _WORKSHEET_TYPE)
    link = relate(package, book.part, "worksheet", part)
    if earlier is not None:
        unlink(package, book.part, {earlier.id})
    package.write(book.part, _with_list(package.read(book.part), book, names, link))


def _with_list(content: bytes, book: Book, names: dict[str, str], link: str) -> bytes:
    """The workbook part with the list as first sheet; what is kept by a sheet's position moves along."""
    prefix = prefix_of(content)
    root = root_of(content)
    sections = {section.name: section for section in children(content, root.inner, root.inner_end)}
    if b"sheets" not in sections:
        raise UnusualWorkbookError("文件的工作表目录不完整")
    earlier = book.listed()
    gone = book.sheets.index(earlier) if earlier else None
    kept = [at for at in range(len(book.sheets)) if at != gone]
    moved = {old: new for new, old in enumerate(kept, 1)}
    ids = [number_of(content[one.element.start : one.element.end], b"sheetId") for one in book.sheets]
    tag = b'<sheet name="%b" sheetId="%d" xmlns:r="%b" r:id="%b"/>' % (
        as_value(LIST_SHEET),
        max(ids, default=0) + 1,
        OFFICE,
        link.encode(),
    )
    sheets = sections[b"sheets"]
    edits: list[Edit] = [(sheets.inner, sheets.inner, prefixed(tag, prefix))]
    if earlier:
        edits.append((earlier.element.start, earlier.element.end, b""))
    views = sections.get(b"bookViews")
    if views is None:
        edits.append((sheets.start, sheets.start, prefixed(b"<bookViews><workbookView/></bookViews>", prefix)))
    else:
        for view in children(content, views.inner, views.inner_end):
            opening = content[view.start : view.inner]
            cleared = without_attribute(without_attribute(opening, b"activeTab"), b"firstSheet")
            edits.append((view.start, view.inner, cleared))
    edits += _names(content, sections, moved, names, prefix)
    return edited(content, edits)


def _names(
    content: bytes, sections: dict[bytes, Element], moved: dict[int, int], added: dict[str, str], prefix: bytes
) -> list[Edit]:
    """Adds the list's defined names; the others' sheets have new positions."""
    hidden = {"_xlnm._FilterDatabase": ' hidden="1"'}
    new = "".join(
        f'<definedName name="{name}" localSheetId="0"{hidden.get(name, "")}>{range_}</definedName>'
        for name, range_ in added.items()
    ).encode()
    names = sections.get(b"definedNames")
    if names is None or names.inner == names.end:
        whole = prefixed(b"<definedNames>" + new + b"</definedNames>", prefix)
        if names is not None:
            return [(names.start, names.end, whole)]
        at = max(sections[name].end for name in _BEFORE_NAMES if name in sections)
        return [(at, at, whole)]
    edits: list[Edit] = [(names.inner, names.inner, prefixed(new, prefix))]
    for name in children(content, names.inner, names.inner_end):
        tag = content[name.start : name.inner]
        if attribute(tag, b"localSheetId") is not None:
            at = number_of(tag, b"localSheetId")
            if at in moved:
                edits.append((name.start, name.inner, with_attribute(tag, b"localSheetId", b"%d" % moved[at])))
            else:
                edits.append((name.start, name.end, b""))
    return edits


def _deselect(package: Package, part: str) -> None:
    """Takes the selection off a sheet: two selected sheets would be edited together."""
    if b"tabSelected" not in package.beginning(part, b"sheetData", _MOST_BEFORE_CELLS):
        return
    content = package.read(part)
    edits: list[Edit] = [
        (tag.start(), tag.end(), without_attribute(tag[0], b"tabSelected"))
        for tag in _VIEW.finditer(content, 0, _MOST_BEFORE_CELLS)
    ]
    package.write(part, edited(content, edits))
