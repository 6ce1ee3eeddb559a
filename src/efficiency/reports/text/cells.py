"""Text that is safe in a cell, and the Chinese words for what the frames say in codes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from efficiency.reference.tables import industries

if TYPE_CHECKING:
    from collections.abc import Iterable

CELL_LIMIT = 32_767
"""Characters (UTF-16 units) that Excel keeps in a cell; longer text makes the file unreadable."""
CUT_MARK = "…(超长，已截断)"
SHEET_NAME_LIMIT = 31
LIVE = r"^[\s]*[=+\-@＝＋－＠\t\r]"
"""The beginning of a text that a spreadsheet program would take for a formula when it opens a CSV; some read full-width
signs as the narrow ones."""

LIST_NAMES = {"upgrade": "升级改造", "shutdown": "关停", "merger": "并转", "partner": "对接头部企业"}
"""The lists that every workbook has, in the order of its sheets."""
CONFIDENT = 0.8
"""From this share of the random draws on a tier counts as firm."""
REVIEW = "临界,建议复核"

_ILLEGAL = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]"
"""Characters that XML 1.0 forbids or discourages; a workbook that holds one does not open."""
_ILLEGAL_IN_TEXT = re.compile(_ILLEGAL)
_ASTRAL = "[\U00010000-\U0010ffff]"
_WIDE = "[^\x00-\u2e7f]"
"""Characters as wide as two: Chinese ones, and all beyond the scripts of half-width letters."""
_FORBIDDEN_IN_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")


def clean_text(text: str) -> str:
    """`text` without illegal characters, cut to what a cell holds with a mark where something is missing."""
    legal = _ILLEGAL_IN_TEXT.sub("", text)
    # Half the limit is within it whatever characters count two: only long text needs a closer look.
    return legal if len(legal) <= CELL_LIMIT // 2 else str(pl.select(_clean(pl.lit(legal))).item())


def clean_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` fit to be written: its text made safe. Raises ValueError for a number that is NaN or infinite."""
    text = pl.col(pl.String)
    figures = pl.col(pl.Float32, pl.Float64)
    # Hardly any frame has anything of either: one look at all of it, then only at what is amiss.
    looked = frame.select(
        (~figures.is_finite()).any(),
        text.str.contains(_ILLEGAL).any() | (text.str.len_bytes().max() > CELL_LIMIT // 2),
    )
    amiss = [name for name in looked.columns if looked[name].item()]
    for name in amiss:
        if frame.schema[name].is_float():
            row = frame.filter(~pl.col(name).is_finite()).row(0, named=True)
            raise ValueError(
                f"column {name!r} holds {row[name]} for {row.get('uscc', row)}: a missing figure must be null, "
                "mend the stage that computed it"
            )
    return frame.with_columns(_clean(pl.col(name)) for name in amiss) if amiss else frame


def _clean(text: pl.Expr) -> pl.Expr:
    legal = text.str.replace_all(_ILLEGAL, "")
    astral = legal.str.count_matches(_ASTRAL)
    room = CELL_LIMIT - len(CUT_MARK)
    return (
        pl.when(legal.str.len_chars() + astral <= CELL_LIMIT)
        .then(legal)
        .when(astral == 0)
        .then(legal.str.slice(0, room) + CUT_MARK)
        .otherwise(legal.str.slice(0, room // 2) + CUT_MARK)
    )


def harmless(texts: pl.Series) -> pl.Series:
    """`texts` with an apostrophe before those that a spreadsheet program would compute when it opens a CSV."""
    return pl.select(pl.when(texts.str.contains(LIVE)).then("'" + texts).otherwise(texts)).to_series()


def percentage(share: float) -> str:
    """79.6%: with as many decimals as it has."""
    return f"{share * 100:g}%"


def whole_percent(part: int, whole: int) -> str:
    """37%; 100% and 0% mean all and none."""
    return f"{min(max(round(100 * part / whole), int(part > 0)), 99 + int(part == whole))}%"


def display_width(text: str) -> int:
    """Width of the longest line in a cell, in half-width characters; Chinese characters count two."""
    return max(len(line) + len(re.findall(_WIDE, line)) for line in text.split("\n"))


def columnar_width(text: pl.Expr) -> pl.Expr:
    """As `display_width`, of a whole column of texts without line breaks."""
    return text.str.len_chars() + text.str.count_matches(_WIDE)


def industry_label() -> pl.Expr:
    """`industry` with the name of its division: 化学原料和化学制品制造业(2611); null where it is null."""
    code = pl.col("industry")
    name = code.str.slice(0, 2).replace_strict(division_names(), default=None)
    return pl.when(name.is_null()).then(code).otherwise(name + "(" + code + ")")


def division_names() -> dict[str, str]:
    """Two-digit industry code → its Chinese name (GB/T 4754-2017)."""
    return dict(industries().filter(pl.col("level") == "division").select("code", "name_zh").iter_rows())


def sheet_name(title: str, taken: Iterable[str]) -> str:
    """`title` as a worksheet name that Excel accepts and that none of `taken` equals, case aside."""
    used = {name.casefold() for name in taken}
    base = _FORBIDDEN_IN_SHEET_NAME.sub("_", clean_text(title)).strip("' \t\r\n") or "清单"
    base = base[:SHEET_NAME_LIMIT].rstrip("'")
    name, number = base, 2
    while name.casefold() in used or name.casefold() == "history":
        suffix = f"({number})"
        name, number = base[: SHEET_NAME_LIMIT - len(suffix)] + suffix, number + 1
    return name
