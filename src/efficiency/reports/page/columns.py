"""Frames as compact JSON by column, safe inside a script element of the page; `scripts/columns.js` reads them."""

from __future__ import annotations

import json
from dataclasses import dataclass

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
    if frame.is_empty():
        return _text({name: [] for name in frame.columns})
    known = _known(frame)
    # Figures are written by polars, many times faster than one by one, and all columns in one query.
    written = frame.select(
        _joined(_position(name) if one.repeated else _figure(name, one)).alias(name)
        for name, one in known.items()
        if one.repeated or one.is_figure
    )
    repeated = frame.select(
        pl.col(name).drop_nulls().unique().sort().implode() for name, one in known.items() if one.repeated
    )
    columns = []
    for name, one in known.items():
        if one.first is not None:
            text = f'{{"from":{one.first},"count":{frame.height}}}'
        elif one.repeated:
            text = f'{{"of":{_text(repeated[name][0].to_list())},"at":{written[name][0]}}}'
        elif one.is_figure:
            text = written[name][0]
        else:
            text = _text(frame[name].to_list())
        columns.append(f"{_text(name)}:{text}")
    return f"{{{','.join(columns)}}}"


@dataclass(frozen=True, slots=True)
class _Known:
    """How a column is written: `first` where it counts up from there; `whole` where its figures are whole."""

    repeated: bool
    is_figure: bool
    whole: bool
    first: int | None


def _known(frame: pl.DataFrame) -> dict[str, _Known]:
    """What is to be known of each column; raises ValueError for NaN and infinity."""
    simple = [name for name, kind in frame.schema.items() if not kind.is_nested()]
    floats = [name for name in simple if frame.schema[name].is_float()]
    integers = [name for name in simple if frame.schema[name].is_integer()]
    looked = frame.select(
        *(pl.col(name).n_unique().alias(f"distinct {name}") for name in simple),
        *(pl.col(name).is_finite().all().alias(f"finite {name}") for name in floats),
        *(((pl.col(name) == pl.col(name).round()) & (pl.col(name).abs() < _WHOLE)).all().alias(f"whole {name}")
          for name in floats),
        *((pl.col(name) == pl.col(name).first() + pl.int_range(pl.len())).all(ignore_nulls=False).alias(f"up {name}")
          for name in integers),
        *(pl.col(name).first().alias(f"first {name}") for name in integers),
    ).row(0, named=True)  # fmt: skip
    broken = [name for name in floats if not looked[f"finite {name}"]]
    if broken:
        raise ValueError(f"column {broken[0]!r} holds NaN or infinity: a missing figure must be null")
    return {
        name: _Known(
            repeated=name in simple and looked[f"distinct {name}"] * _REPEATED <= frame.height,
            is_figure=name in floats or name in integers,
            whole=looked.get(f"whole {name}", True),
            first=looked[f"first {name}"] if looked.get(f"up {name}") and frame.height > 1 else None,
        )
        for name in frame.columns
    }


def _position(name: str) -> pl.Expr:
    """Where each value stands among the sorted distinct ones; -1 for null."""
    return (pl.col(name).rank("dense").cast(pl.Int64) - 1).fill_null(-1)


def _figure(name: str, known: _Known) -> pl.Expr:
    return pl.col(name).cast(pl.Int64) if known.whole else pl.col(name)


def _joined(figures: pl.Expr) -> pl.Expr:
    """A JSON array."""
    return pl.format("[{}]", figures.cast(pl.String).fill_null("null").str.join(","))


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
