"""A submitted workbook, edited in place: cells marked, the list put in front, all else kept byte for byte."""

from __future__ import annotations

import io
import zipfile
from typing import IO, TYPE_CHECKING, Final, Self, TypeVar

from efficiency.reports.submitters.package.cells import (
    Layout,
    Merged,
    Position,
    address_of,
    layout_of,
    position_of,
    restyled,
    shown_position,
)
from efficiency.reports.submitters.package.comments import HEADING, comment_cells, headed_positions
from efficiency.reports.submitters.package.list_sheet import ListSheet, kept_looks, list_sheet_part
from efficiency.reports.submitters.package.marking import CellMark, mark_formats
from efficiency.reports.submitters.package.sheets import book_of, put_in_front
from efficiency.reports.submitters.package.styles import EMPTY_STYLES, Styles
from efficiency.reports.submitters.package.xml import UnusualWorkbookError, edited
from efficiency.reports.submitters.package.zip import Package, declare, relate, relations, unrelate
from schemas.intake import LIST_SHEET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efficiency.reports.submitters.package.list_sheet import CellName

_Value = TypeVar("_Value")
_STYLES_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
_EMPTY_WORKBOOK: Final = {
    "[Content_Types].xml": '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
    "_rels/.rels": '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheets></sheets></workbook>',
}
"""Parts of a workbook without sheets."""


class ReturnWorkbook:
    """A workbook to be given back: first `mark`, then `add_list`, then `saved`.

    Every method raises UnusualWorkbookError, whose message says why, in Chinese, for the submitter, for a workbook that
    cannot be edited safely in place; what reads a damaged package may raise other errors too (zipfile, zlib, struct).
    """

    def __init__(self, file: IO[bytes]) -> None:
        """Open the package in `file`, which must stay open; a digital signature is taken out."""
        self._file = file
        self._package = Package(file)
        self.signature_removed = self._remove_signature()
        """Of a changed file it would be reported as broken."""
        self._book = book_of(self._package)
        self._styles_part = self._find_styles()
        self._styles = Styles(self._package.read(self._styles_part))
        self._parts = self._book.worksheets()
        self._layouts: dict[str, Layout] = {}
        self._merged: dict[str, Merged] = {}
        self._looks: dict[tuple[str, Position], str] = {}

    @classmethod
    def empty(cls) -> Self:
        """A workbook without sheets, for a list that is given back alone."""
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as parts:
            for part, text in _EMPTY_WORKBOOK.items():
                parts.writestr(part, text)
        return cls(file)

    def shown_cell(self, title: str, address: str) -> str | None:
        """The address of the cell that shows `address`: itself, or the first one of the merged range that hides it.

        None for what is no address of a single cell in one of the workbook's worksheets.
        """
        position = position_of(address)
        if position is None or title not in self._parts:
            return None
        if title not in self._merged:
            self._layouts[title] = layout_of(self._package.read(self._parts[title]))
            self._merged[title] = self._layouts[title].merged
        return address_of(shown_position(position, self._merged[title]))

    def mark(self, marks: Mapping[CellName, CellMark]) -> int:
        """Colour and comment the cells of `marks` and undo the marks of an earlier round.

        The cells must be those that `shown_cell` gives. A comment that a cell has already stays above ours. A cell
        that an earlier round marked and that has moved since is found by its comment and left without colour.
        Returns how many cells got no comment because they have a conversation.
        """
        new, earlier, refused = _by_sheet(marks), _by_sheet(self._earlier_looks()), 0
        for title, part in self._parts.items():
            here, known = new.get(title, {}), earlier.get(title, {})
            stale: dict[Position, str] = dict.fromkeys(headed_positions(self._package, part), "")
            if not known and not stale and not here:
                continue
            layout = self._layouts.pop(title, None) or layout_of(self._package.read(part))
            stale |= {shown_position(position, layout.merged): look for position, look in known.items()}
            looks: dict[Position, str] = {}
            edits = restyled(layout, {*here, *stale}, mark_formats(self._styles, here, stale, looks))
            self._looks |= {(title, position): looks[position] for position in here}
            texts = {at: f"{HEADING}\n{mark.comment}" for at, mark in here.items() if mark.comment is not None}
            comments = comment_cells(self._package, part, layout, texts)
            refused += comments.refused
            self._package.write(part, edited(layout.content, [*edits, *comments.edits]))
        return refused

    def add_list(self, listed: ListSheet) -> None:
        """Put the list in front as the sheet that opens; it replaces that of an earlier round."""
        part, names = list_sheet_part(
            listed, self._styles, worksheets=frozenset(self._parts), take_look=self._take_look
        )
        put_in_front(self._package, self._book, part, names)

    def saved(self) -> bytes:
        """The workbook as a file."""
        self._package.write(self._styles_part, self._styles.changed())
        content = io.BytesIO()
        self._package.save(content)
        return content.getvalue()

    def _take_look(self, title: str, address: str) -> str | None:
        """The look that the cell which shows `address` had before its mark, the first time that it is asked for."""
        position = position_of(address)
        if position is None or title not in self._merged:
            return None
        return self._looks.pop((title, shown_position(position, self._merged[title])), None)

    def _earlier_looks(self) -> dict[CellName, str]:
        """How cells looked before an earlier round marked them, as its list keeps it."""
        listed = self._book.listed()
        if listed is None or listed.kind != "worksheet":
            return {}
        from python_calamine import CalamineWorkbook

        try:
            self._file.seek(0)
            sheet = CalamineWorkbook.from_filelike(self._file).get_sheet_by_name(LIST_SHEET)
            rows = sheet.to_python(skip_empty_area=False)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic of the reader is a BaseException and must not end the run
            raise UnusualWorkbookError("文件中原有的问题清单无法读取") from error
        return kept_looks(rows)

    def _remove_signature(self) -> bool:
        signed = [name for name in self._package.names() if name.startswith("_xmlsignatures/")]
        for name in signed:
            self._package.drop(name)
        if signed:
            unrelate(self._package, "", ("origin",))
        return bool(signed)

    def _find_styles(self) -> str:
        """Path of the styles part; a workbook without formats is given one."""
        part = next((to.part for to in relations(self._package, self._book.part) if to.kind == "styles"), None)
        if part is None:
            part = "xl/styles.xml"  # programs that do not follow relations look for it there
            self._package.write(part, EMPTY_STYLES)
            declare(self._package, part, _STYLES_TYPE)
            relate(self._package, self._book.part, "styles", part)
        return part


def _by_sheet(cells: Mapping[CellName, _Value]) -> dict[str, dict[Position, _Value]]:
    """The values of the cells of each sheet by position; what is no address of a single cell is left out."""
    found: dict[str, dict[Position, _Value]] = {}
    for (title, address), value in cells.items():
        position = position_of(address)
        if position is not None:
            found.setdefault(title, {})[position] = value
    return found
