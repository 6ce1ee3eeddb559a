"""An .xlsx package edited in place: cells, comments, styles and sheets added, all else kept."""

from __future__ import annotations

from efficiency.reports.submitters.package.cells import Layout, Place, layout_of, place_of, restyled, shown_place
from efficiency.reports.submitters.package.comments import HEADING, comment_cells, headed_places
from efficiency.reports.submitters.package.sheets import Book, ListSheet, book_of, put_in_front
from efficiency.reports.submitters.package.styles import EMPTY_STYLES, Styles
from efficiency.reports.submitters.package.xml import MAIN, UnusualWorkbookError, as_text, as_value, edited
from efficiency.reports.submitters.package.zip import Package, declare, relate, relations, too_large, unrelate

__all__ = [
    "EMPTY_STYLES",
    "HEADING",
    "MAIN",
    "Book",
    "Layout",
    "ListSheet",
    "Package",
    "Place",
    "Styles",
    "UnusualWorkbookError",
    "as_text",
    "as_value",
    "book_of",
    "comment_cells",
    "declare",
    "edited",
    "headed_places",
    "layout_of",
    "place_of",
    "put_in_front",
    "relate",
    "relations",
    "restyled",
    "shown_place",
    "too_large",
    "unrelate",
]
