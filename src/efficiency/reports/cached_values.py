"""Formula results, carried from the submitted workbook into the copy that is given back.

openpyxl writes a formula without its last computed value. A copy like that shows blanks in previews
and, sent again by a program that computes nothing, would be refused as not calculated. So the values
are taken from the original's XML and put back into the copy's.
"""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from efficiency.reports.workbook_package import sheet_parts

if TYPE_CHECKING:
    from pathlib import Path

Cached = dict[str, dict[str, tuple[str, str]]]
"""Worksheet title → cell address → (type of the value as the XML names it, text of the value)."""

_TYPES = ("n", "str", "b", "e")
_FORMULA_CELL = re.compile(
    rb'<c r="([A-Z]{1,3}\d{1,7})"((?: s="\d+")?)>(<f\b[^>]*?(?:/>|>.*?</f>))(?:<v ?/>|<v></v>)</c>', re.DOTALL
)
"""A cell with a formula and no value, as openpyxl writes it."""


def cached_values(file: Path) -> Cached:
    """The last computed value of every formula in the workbook `file`; empty where none was kept."""
    found: Cached = {}
    with zipfile.ZipFile(file) as package:
        for title, path in sheet_parts(package).items():
            with package.open(path) as part:
                values: dict[str, tuple[str, str]] = {}
                for _, element in ET.iterparse(part):  # noqa: S314 - expat >= 2.4 bounds entity expansion
                    kind = element.tag.rpartition("}")[2]
                    if kind == "c":
                        _keep(element, values)
                    if kind == "row":
                        element.clear()  # a large sheet is never in memory as a whole
            if values:
                found[title] = values
    return found


def restore_cached_values(source: Path, target: Path, cached: Cached) -> None:
    """Writes the workbook `source`, as openpyxl saved it, to `target` with the formulas' values put back."""
    with zipfile.ZipFile(source) as package, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        titles = {path: title for title, path in sheet_parts(package).items()}
        for part in package.infolist():
            content = package.read(part)
            values = cached.get(titles.get(part.filename, ""))
            copy.writestr(part, _with_values(content, values) if values else content)


def _keep(cell: ET.Element, values: dict[str, tuple[str, str]]) -> None:
    formula = next((child for child in cell if child.tag.endswith("}f")), None)
    value = next((child.text for child in cell if child.tag.endswith("}v")), None)
    kind = cell.attrib.get("t", "n")
    if formula is not None and value and kind in _TYPES:
        values[cell.attrib.get("r", "")] = (kind, value)


def _with_values(content: bytes, values: dict[str, tuple[str, str]]) -> bytes:
    def filled(match: re.Match[bytes]) -> bytes:
        address, style, formula = match.groups()
        known = values.get(address.decode())
        if known is None:
            return match.group()
        kind, value = known
        return b'<c r="%b"%b t="%b">%b<v>%b</v></c>' % (
            address, style, kind.encode(), formula, escape(value).encode()
        )

    return _FORMULA_CELL.sub(filled, content)
