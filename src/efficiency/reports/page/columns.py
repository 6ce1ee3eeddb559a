"""Frames as compact JSON by column, safe inside a script element of the page; `scripts/columns.js` reads them."""

from __future__ import annotations

import json

import polars as pl
from markupsafe import Markup

_REPEATED = 4
"""A column whose values stand this often on average is written as its distinct values and their positions."""
_WHOLE = 2.0**53
"""Whole numbers below this are the same as integers, and shorter."""
_UNSAFE = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def embedded(text: str) -> Markup:
    """JSON `text` that an HTML parser leaves alone: no name in it can end the script element around it."""
    for code, escape in _UNSAFE.items():
        text = text.replace(chr(code), escape)
    return Markup(text)  # noqa: S704  # made safe in the lines above


def as_json(value: object) -> str:
    """`value` as JSON, frames in it by column as `packed` writes them. Raises ValueError for NaN and infinity."""
    frames: list[pl.DataFrame] = []

    def placed(one: object) -> dict[str, int]:
        if not isinstance(one, pl.DataFrame):
            raise TypeError(f"{type(one).__name__} has no JSON")
        frames.append(one)
        return {"\0": len(frames) - 1}

    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=placed)
    for number, frame in enumerate(frames):
        text = text.replace(f'{{"\\u0000":{number}}}', packed(frame), 1)
    return text


def packed(frame: pl.DataFrame) -> str:
    """`frame` as a JSON object: name of a column → its values in one of three forms.

    `[v, …]` as they are, null for what is unknown; `{"of": [v, …], "at": [i, …]}` by position among the distinct
    ones, -1 for null; `{"from": i, "count": n}` for whole numbers that follow each other. Raises ValueError for
    NaN and infinity.
    """
    return "{" + ",".join(f"{_text(column.name)}:{_column(column)}" for column in frame) + "}"


def _column(column: pl.Series) -> str:
    if _counts_up(column):
        return f'{{"from":{column[0]},"count":{column.len()}}}'
    if not column.dtype.is_nested() and column.n_unique() * _REPEATED <= column.len():
        distinct = column.drop_nulls().unique().sort()
        positions = column.rank("dense").cast(pl.Int64) - 1
        return f'{{"of":{_values(distinct)},"at":{_values(positions.fill_null(-1))}}}'
    return _values(column)


def _counts_up(column: pl.Series) -> bool:
    if not column.dtype.is_integer() or column.len() < 2 or column.null_count():
        return False
    return bool((column.cast(pl.Int64).diff(null_behavior="drop") == 1).all())


def _values(column: pl.Series) -> str:
    """A JSON array; figures are written by polars, many times faster than one by one."""
    if column.is_empty() or not column.dtype.is_numeric():
        return _text(column.to_list())
    if column.dtype.is_float():
        if not column.is_finite().all():
            raise ValueError(f"column {column.name!r} holds NaN or infinity: a missing figure must be null")
        column = column + 0.0  # no -0
        if ((column == column.round()) & (column.abs() < _WHOLE)).all():
            column = column.cast(pl.Int64)
    return f"[{column.cast(pl.String).fill_null('null').str.join(',').item()}]"


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
