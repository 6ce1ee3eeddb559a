"""The one enterprise that a line above or within a table names: `企业名称:…`, or a label and its value in two cells.

Only tables without a column for it are read so; where lines name one enterprise after another, the rows below each are
that one's.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.header import IDENTITY, piece
from efficiency.reference.tables import normalise_name
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from efficiency.intake.grid import Grid

_NAME = re.compile(rf"(?:{'|'.join(FORMS['energy'].column('name').headers)}|企业详细名称)\s*:\s*(\S+)")
_USCC = re.compile(rf"(?:{'|'.join(FORMS['energy'].column('uscc').headers)})[^:]{{0,12}}:\s*([0-9A-Za-z]{{15,18}})")
_LABELLED = re.compile(r"名\s*称|代\s*码|全\s*称|识\s*别\s*号")
_CODE = re.compile(r"[0-9A-Za-z]{15,18}")
_ENTERPRISE = r"^[^:]+(?:公司|厂|集团|合作社)(?:\([^()]*\))?$"
_NO_ENTERPRISE = re.compile(r"^(?:所属|上级|主管|隶属|控股|母|总|分|子)")
"""所属集团 and 母公司 are headers."""
_LABELS = {normalise_name(header): field for field in IDENTITY for header in FORMS["energy"].column(field).headers}


def named_in(cells: Sequence[str]) -> tuple[str | None, str | None]:
    """Code and name that a row's cells (standard width, blank ones included) state of one enterprise."""
    if not any(_LABELLED.search(cell) for cell in cells):
        return None, None
    said = [text for cell in cells if (text := " ".join(cell.split()))]
    line = " ".join(dict.fromkeys(said))
    code, name = (match[1] if (match := pattern.search(line)) else None for pattern in (_USCC, _NAME))
    for label, value in pairwise(said):
        field = _LABELS.get(piece(label).name)
        if field == "uscc" and code is None and _CODE.fullmatch(value):
            code = value
        elif field == "name" and name is None and _is_enterprise(value):
            name = value
    return code, name


def named_within(grid: Grid, first: int, end: int) -> Iterator[tuple[int, str | None, str | None]]:
    """Row, code and name of each line from `first` to before `end` that names an enterprise and states no figure."""
    texts = [f"t{column}" for column, cells in enumerate(grid.texts) if cells[first:end].null_count() < end - first]
    if not texts:
        return
    telling = pl.any_horizontal(pl.col(texts).str.contains(rf"{_LABELLED.pattern}|{_ENTERPRISE}")).fill_null(
        value=False
    )
    for row in grid.frame[first:end].select(telling.alias("telling")).to_series().arg_true():
        place = first + int(row)
        (cells,) = grid.rows(place, place + 1)
        plain = [unicodedata.normalize("NFKC", cell) for cell in cells]
        said = [cell for cell in plain if cell]
        code, name = named_in(plain)
        if not code and not name and len(said) == 1 and _is_enterprise(said[0]):
            name = said[0]
        if code or name:
            yield place, code, name


def _is_enterprise(text: str) -> bool:
    return re.search(_ENTERPRISE, text) is not None and _NO_ENTERPRISE.search(text) is None
