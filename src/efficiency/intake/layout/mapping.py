"""Mapping files: how a department's odd layout is described without code.

A mapping names, for a file pattern and a sheet, the form, the header's row, and which header is which field with
which unit. It replaces the meaning of the header; everything after that is as for other tables.
"""

from __future__ import annotations

import json
import tomllib
from fnmatch import fnmatchcase
from glob import escape
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from efficiency.errors import UsageError
from efficiency.intake.layout.header_cells import IDENTITY, ROLES, ColumnMatch, Header
from efficiency.intake.layout.headers import HEADER_ROWS, LONGEST_NAME, SEARCHED
from efficiency.intake.parsing import Timing, find_unit, marker, timing_in
from efficiency.language import joined, of_pydantic, reason, say
from efficiency.reference.tables import carrier_aliases, normalise_name
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from efficiency.intake.formats import Grid


LIKE_MOST = 0.9
"""Share of the most texts of any row that the header has at least: a row of data may have more than its header."""


class MappedColumn(BaseModel):
    """One column: which header (or column letter) is which field, in which unit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    header: str | None = None
    """The header's text as the sheet states it; width and spaces do not matter."""
    column: Annotated[str, Field(pattern=r"^[A-Z]{1,3}$")] | None = None
    """The column's letters, where the header is blank or occurs twice."""
    field: str
    """A field of the form, or a role: year, quarter, month, period, span_start, span_end, filled_on."""
    unit: str | None = None
    carrier: str | None = None
    """For a column of consumption: the carrier by any of its names."""
    span: str | None = None
    """For a column of one of several spans: 本月, 累计, 10月 …"""

    @model_validator(mode="after")
    def _is_understood(self) -> Self:
        if (self.header is None) == (self.column is None):
            raise ValueError(say('give either header = "…" or column = "C"'))
        if self.unit is not None and find_unit(self.unit) is None:
            raise ValueError(
                say("unit {unit!r} is not known; `efficiency template` shows the units of each form", unit=self.unit)
            )
        if self.carrier is not None and normalise_name(self.carrier) not in carrier_aliases():
            raise ValueError(
                say("carrier {carrier!r} is not in the carriers table; write e.g. 天然气", carrier=self.carrier)
            )
        if self.span is not None and marker(normalise_name(self.span)) is None:
            raise ValueError(
                say("span {span!r} is not understood; write 本月, 累计 or a month such as 10月", span=self.span)
            )
        return self


class MappedSheet(BaseModel):
    """The layout of the sheets that match `file` and `name`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    """Pattern of the path below the inbox, e.g. 供电公司/*.xlsx; without a folder, of the file's name in any folder."""
    name: str = "*"
    """Pattern of the sheet's name."""
    form: str
    header_row: Annotated[int, Field(ge=1)]
    """Row that holds the headers, counted from 1 as the spreadsheet shows it."""
    period: str | None = None
    """The span of all figures, where neither title, name nor columns state it: 2026年10月, 2026年1-10月, 2026年度."""
    column: Annotated[tuple[MappedColumn, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_the_form(self) -> Self:
        if self.form not in FORMS:
            raise ValueError(say("form {form!r} is not known; it is one of {forms}", form=self.form, forms=list(FORMS)))
        allowed = {*FORMS[self.form].names, *ROLES}
        for column in self.column:
            if column.field not in allowed:
                fields = ", ".join(FORMS[self.form].names)
                raise ValueError(
                    say(
                        "field {field!r} is not one of form {form}: {fields}",
                        field=column.field,
                        form=self.form,
                        fields=fields,
                    )
                )
        if self.period is not None and timing_in(self.period).span() is None:
            raise ValueError(
                say(
                    "period {period!r} is not understood; write 2026年10月, 2026年1-10月 or 2026年度",
                    period=self.period,
                )
            )
        return self

    def fits(self, file_name: str, sheet: str) -> bool:
        """Whether the mapping is meant for this sheet."""
        return self.concerns(file_name) and fnmatchcase(sheet, self.name)

    def concerns(self, file_name: str) -> bool:
        """Whether the mapping is meant for sheets of this file."""
        bare = file_name if "/" in self.file else file_name.rsplit("/", 1)[-1]
        return fnmatchcase(bare, self.file)

    @property
    def timing(self) -> Timing | None:
        """The mapping's own span of all figures, if it states one."""
        return None if self.period is None else timing_in(self.period)


class MappingFile(BaseModel):
    """A mapping file: one [[sheet]] for each layout; the first that fits a sheet counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sheet: tuple[MappedSheet, ...] = ()
    _sha256: str = PrivateAttr(default="")

    @property
    def sha256(self) -> str:
        """SHA-256 of the file's text in UTF-8, hexadecimal; empty where there is no file."""
        return self._sha256

    def for_sheet(self, file_name: str, sheet: str) -> MappedSheet | None:
        """The layout of a sheet; None where none is meant for it."""
        return next((layout for layout in self.sheet if layout.fits(file_name, sheet)), None)

    def concerns(self, file_name: str) -> bool:
        """Whether any layout is meant for sheets of this file."""
        return any(layout.concerns(file_name) for layout in self.sheet)


NO_MAPPING = MappingFile()


def load_mapping(path: Path) -> MappingFile:
    """The mapping file at `path`. Raises UsageError naming what is wrong with it, all at once."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        mapping = MappingFile.model_validate(tomllib.loads(text))
    except OSError as error:
        raise UsageError(
            say("The mapping file {path} cannot be read ({reason}). Check the name.", path=path, reason=reason(error))
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(say("The mapping file {path} is not UTF-8 text. Save it as UTF-8.", path=path)) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(say("The mapping file {path} is not TOML: {error}.", path=path, error=error)) from error
    except ValidationError as error:
        faults = joined(map(_fault, error.errors()), "\n")
        raise UsageError(say("The mapping file {path} cannot be used:\n{faults}", path=path, faults=faults)) from error
    mapping._sha256 = sha256(text.encode("utf-8")).hexdigest()
    return mapping


def mapped_header(grid: Grid, layout: MappedSheet) -> tuple[Header | None, list[str]]:
    """The header that `layout` describes, and the headers it names that the sheet lacks.

    None when any is missing: the department has changed its layout, and half a table is no table.
    """
    if layout.header_row > grid.first_row + grid.height:
        return None, [column.header or column.column or "" for column in layout.column]
    row_index = layout.header_row - 1 - grid.first_row
    cells = [normalise_name(cell) for cell in grid.rows(row_index, row_index + 1)[0]] if row_index >= 0 else []
    meanings: dict[int, ColumnMatch] = {}
    missing: list[str] = []
    for column in layout.column:
        at = _column_of(grid, cells, column)
        if at is None:
            missing.append(column.header or column.column or "")
        else:
            meanings[at] = _meaning(column, layout.form, column.header or column.column or "")
    return (None if missing else Header(row_index, row_index, meanings, mapped=True)), missing


def draft_mapping(grid: Grid, file_name: str) -> str:
    """A ready-to-edit [[sheet]] for a sheet that could not be recognised; empty for one without a row of texts."""
    row_index = _likely_header(grid)
    if row_index is None:
        return ""
    lines = [
        "[[sheet]]",
        f"file = {_quoted(escape(file_name))}",
        f"name = {_quoted(grid.sheet)}" if grid.sheet else 'name = "*"',
        f'form = "output"            # one of: {", ".join(FORMS)}',
        f"header_row = {grid.first_row + row_index + 1}",
        '# period = "2026年10月"     # where neither title, names nor columns say it',
        "# For each column that counts: field = a field of the form (see `efficiency template`); the others may go.",
    ]
    *above, heads = [
        [_plain(cell) for cell in row] for row in grid.rows(max(0, row_index - HEADER_ROWS), row_index + 1)
    ]
    headings = [row for row in above if len(set(row)) > 2 and max(map(len, row)) < LONGEST_NAME]
    for column, text in enumerate(heads):
        if text:
            letters = grid.letters(column)
            # Where a text occurs twice, only the letters identify the column.
            alone = heads.count(text) == 1
            named = f"header = {_quoted(text)}" if alone else f"column = {_quoted(letters)}"
            whole = " ".join(filter(None, (row[column] for row in (*headings, heads))))
            lines += [
                "[[sheet.column]]",
                f"{named}  # column {letters}" + (f": {whole}" if whole != text or not alone else ""),
                'field = ""                 # uscc, name, revenue, tax, consumption, year, month, period …',
                '# unit = "万元"',
            ]
    return "\n".join(lines) + "\n"


def _meaning(column: MappedColumn, form: str, header: str) -> ColumnMatch:
    """The meaning of a column that the mapping describes."""
    unit = find_unit(column.unit) if column.unit else None
    timing = marker(normalise_name(column.span)) if column.span else None
    carrier = carrier_aliases()[normalise_name(column.carrier)] if column.carrier else None
    if column.field in ROLES:
        return ColumnMatch(header, role=column.field)
    wide = carrier is not None and column.field == "consumption"
    return ColumnMatch(
        header,
        () if wide else ((form, column.field),),
        carrier,
        unit=unit.name if unit else None,
        timing=timing,
        exact=column.field not in IDENTITY,
    )


def _column_of(grid: Grid, cells: Sequence[str], column: MappedColumn) -> int | None:
    if column.column is not None:
        return next((at for at in range(grid.width) if grid.letters(at) == column.column), None)
    wanted = normalise_name(column.header or "")
    return next((at for at, cell in enumerate(cells) if cell == wanted), None)


def _likely_header(grid: Grid) -> int | None:
    """The first row with as many texts as any other, three different ones at least; headings of groups have fewer."""

    def texts(row: Sequence[str]) -> int:
        filled = [cell for cell in row if cell]
        words = [cell for cell in filled if not cell.replace(".", "").replace(",", "").lstrip("-").isdigit()]
        return len(words) if 2 * len(words) > len(filled) and len(set(words)) >= 3 else 0

    counts = [texts(row) for row in grid.rows(0, min(grid.height, SEARCHED))]
    most = max(counts, default=0)
    return next(row_index for row_index, count in enumerate(counts) if count >= LIKE_MOST * most) if most else None


def _fault(found: Mapping[str, Any]) -> str:
    """One line about a fault: where it is and what is wrong."""
    return joined([f"  {_place(found['loc'])}", of_pydantic(found)], ": ")


def _place(location: Sequence[str | int]) -> str:
    """Where in the file a fault is: `sheet 2, column 3, field`."""
    words = [f" {part + 1}" if isinstance(part, int) else f", {part}" for part in location]
    return "".join(words).removeprefix(", ") or "file"


def _plain(text: str) -> str:
    """`text` on one line and without what TOML does not bear."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())


def _quoted(text: str) -> str:
    """`text` as a TOML string."""
    return json.dumps(text, ensure_ascii=False)
