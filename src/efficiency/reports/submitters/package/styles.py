"""The styles part of a submitted workbook, to which fills, borders, fonts and cell formats are added at the end."""

from __future__ import annotations

from typing import Final

from efficiency.reports.submitters.package.xml import (
    Edit,
    Element,
    UnusualWorkbookError,
    children,
    edited,
    number_of,
    prefix_of,
    prefixed,
    root_of,
    with_attribute,
)

MAX_FORMATS: Final = 65_490
"""Cell formats that Excel allows in a workbook."""
EMPTY_STYLES: Final = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b'<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    b'<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    b'</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    b'<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    b'<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    b'<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
"""For a workbook that has none: what such a workbook looks like."""
_SECTIONS: Final = (b"fonts", b"fills", b"borders", b"cellXfs")


class Styles:
    """Fonts, fills, borders and cell formats by number; new ones get the next number, equal ones the same."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._prefix = prefix_of(content)
        root = root_of(content)
        self._sections: dict[bytes, Element] = {
            section.name: section
            for section in children(content, root.inner, root.inner_end)
            if section.name in _SECTIONS
        }
        if len(self._sections) < len(_SECTIONS):
            raise UnusualWorkbookError("文件的单元格样式不完整")
        self._items: dict[bytes, list[bytes]] = {}
        self._numbers: dict[bytes, dict[bytes, int]] = {}
        for name, section in self._sections.items():
            items = [content[item.start : item.end] for item in children(content, section.inner, section.inner_end)]
            self._items[name] = items
            # The first of equal ones counts.
            self._numbers[name] = {item: number for number, item in reversed(list(enumerate(items)))}
        self._original = {name: len(items) for name, items in self._items.items()}

    def add(self, section: bytes, item: bytes) -> int:
        """Number of this font, fill, border or cell format, written without prefixes; added unless there already."""
        return self._add(section, prefixed(item, self._prefix))

    def parts(self, style: int) -> tuple[bytes, bytes]:
        """Fill and border of a cell format, written without prefixes."""
        tag = self._format(style)
        fill = self._item(b"fills", number_of(tag, b"fillId"))
        border = self._item(b"borders", number_of(tag, b"borderId"))
        return self._plain(fill), self._plain(border)

    def with_look(self, style: int, fill: bytes, border: bytes) -> int:
        """Number of the cell format that is as `style` but for fill and border (written without prefixes)."""
        item = self._format(style)
        end = item.index(b">") + 1
        tag = item[:end]
        for name, value in (
            (b"fillId", self.add(b"fills", fill)),
            (b"borderId", self.add(b"borders", border)),
            (b"applyFill", 1),
            (b"applyBorder", 1),
        ):
            tag = with_attribute(tag, name, b"%d" % value)
        return self._add(b"cellXfs", tag + item[end:])

    def changed(self) -> bytes:
        """The styles part with what was added."""
        if len(self._items[b"cellXfs"]) > MAX_FORMATS:
            raise UnusualWorkbookError("文件的单元格样式过多")
        edits: list[Edit] = []
        for name, section in self._sections.items():
            items = self._items[name]
            new = items[self._original[name] :]
            if new:
                if section.inner == section.end:  # <fills/>
                    raise UnusualWorkbookError("文件的单元格样式不完整")
                tag = self._content[section.start : section.inner]
                edits.append((section.start, section.inner, with_attribute(tag, b"count", b"%d" % len(items))))
                edits.append((section.inner_end, section.inner_end, b"".join(new)))
        return edited(self._content, edits)

    def _add(self, section: bytes, item: bytes) -> int:
        number = self._numbers[section].setdefault(item, len(self._items[section]))
        if number == len(self._items[section]):
            self._items[section].append(item)
        return number

    def _format(self, style: int) -> bytes:
        return self._item(b"cellXfs", style)

    def _item(self, section: bytes, number: int) -> bytes:
        if number >= len(self._items[section]):
            raise UnusualWorkbookError("文件的单元格样式不完整")
        return self._items[section][number]

    def _plain(self, item: bytes) -> bytes:
        return item.replace(b"<" + self._prefix, b"<").replace(b"</" + self._prefix, b"</") if self._prefix else item
