"""Opens a workbook for writing and puts it in its place whole: a reader never sees half a file."""

from __future__ import annotations

import os
import zipfile
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from efficiency.errors import not_written
from efficiency.language import say
from efficiency.reports.workbook.styles import Styles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from xlsxwriter.workbook import Workbook


FEW_ENTERPRISES = 2_000
"""Up to so many enterprises a workbook of their results is held in memory until it is written, at 20 KB for each."""


EVALUATION_PROPERTY, POLICY_PROPERTY = "评价编号", "办法编号"
"""Properties of a workbook that say which evaluation it shows; `reports.delivery` reads them in a folder."""
_PROPERTIES = "docProps/custom.xml"
_MOST_PROPERTIES = 1 << 20
"""Bytes of the properties that are read."""
COLUMN_FONT = "Arial"
"""A font whose digits are equally wide everywhere: systems without it have one of the same measures."""


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook being written, and its cell formats."""

    workbook: Workbook
    styles: Styles

    def measure_columns_alike(self) -> None:
        """Makes columns as wide in LibreOffice as in Excel: both count widths in digits of the workbook's first font,
        and FONT is not on every system. Nothing is written in the font that is taken instead.
        """
        self.workbook.formats[0].set_font_name(COLUMN_FONT)


def custom_properties(workbook: Path) -> dict[str, str]:
    """The properties that somebody gave a workbook, by name; none for a file that is no workbook or cannot be read."""
    try:
        with zipfile.ZipFile(workbook) as package, package.open(_PROPERTIES) as part:
            text = part.read(_MOST_PROPERTIES)
        # Whoever declares a document type may have it expand without end.
        root = ET.fromstring(text) if b"<!DOCTYPE" not in text else ()  # noqa: S314  # bounded, and so is what it holds
    except (OSError, KeyError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, ET.ParseError):
        return {}  # KeyError: without properties; RuntimeError: with a password; NotImplementedError: packed otherwise
    return {one.get("name", ""): "".join(one.itertext()).strip() for one in root}


@contextmanager
def new_workbook(
    path: Path,
    created: datetime,
    *,
    title: str,
    enterprises: int | None = None,
    evaluation: Mapping[str, object] | None = None,
) -> Iterator[Book]:
    """A workbook that takes the place of `path` when the block ends without an error.

    Rows must be written from the top down, so that size does not cost memory. `enterprises` is how many the workbook
    has rows of, where that is known: one of FEW_ENTERPRISES or less is made in memory, which is faster. `created`, in
    the zone in which it is shown, is when that was made which the workbook shows, so that the same report gives the
    same bytes. `evaluation` is the one that the workbook shows, by evaluation_id and policy_id, which become properties
    of it. Raises EfficiencyError when the place cannot be written, for example because the file is open in Excel.
    """
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    in_memory = enterprises is not None and enterprises <= FEW_ENTERPRISES
    # The process id keeps two runs apart; no reader looks for a name that begins with a dot.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp")
    workbook = xlsxwriter.Workbook(
        str(temporary),
        {
            "constant_memory": not in_memory,
            "in_memory": in_memory,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "nan_inf_to_errors": False,
            # Columns are measured by the digits of this font: one that every system has, whatever cells are set in.
            "default_format_properties": {"font_name": "Arial", "font_size": 10, "font_scheme": "none"},
        },
    )
    workbook.set_properties({"title": title, "created": created.replace(tzinfo=None)})
    if evaluation is not None:
        workbook.set_custom_property(EVALUATION_PROPERTY, str(evaluation["evaluation_id"]), "text")
        workbook.set_custom_property(POLICY_PROPERTY, str(evaluation["policy_id"]), "text")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        book = Book(workbook, Styles(workbook))
        try:
            yield book
        except BaseException:
            # Closing frees its temporary files; whether the half-written workbook closes well is of no interest.
            with suppress(Exception):
                workbook.close()
            raise
        workbook.close()
        temporary.replace(path)
    except (OSError, FileCreateError) as error:
        raise not_written(
            path, error, say("Close it in Excel or WPS, or make its folder writable, and run again.")
        ) from error
    finally:
        if temporary.exists():
            temporary.unlink()
