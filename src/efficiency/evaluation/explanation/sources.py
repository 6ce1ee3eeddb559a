"""The cells behind an enterprise's figures: which sheet states what its indicators rest on."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Protocol

import polars as pl

from efficiency.reference.tables import carrier_form_unit, carrier_kind
from schemas.output import MEASURES
from schemas.profile import TOTALS

if TYPE_CHECKING:
    from collections.abc import Iterable

LAND_FEEDS = {
    "owned": ("land", "land_owned"),
    "leased_in": ("land", "land_leased_in"),
    "leased_out": ("land", "land_leased_out"),
    "idle": ("land_idle",),
}
"""Field of the land form → words of the profile that it feeds."""
ENERGY_FIELDS = ("consumption", "feedstock", "transformed")

SOURCES = pl.Schema(
    {
        "measure": pl.String(), "title": pl.String(), "field": pl.String(), "carrier": pl.String(),
        "span_start": pl.Date(), "span_end": pl.Date(), "value": pl.Float64(), "unit": pl.String(),
        "file_name": pl.String(), "sheet": pl.String(), "cell": pl.String(), "submission_id": pl.String(),
        "earlier_version": pl.Boolean(),
    }
)  # fmt: skip
"""Shape of what `source_cells` returns. `earlier_version`: see `with_versions`."""

_TITLES = {column.name: column.title for column in TOTALS}
_FIGURE = (
    "measure",
    "field",
    "carrier",
    "span_start",
    "span_end",
    "value",
    "unit",
    "submission_id",
    "sheet",
    "row",
    "block",
)


class Frames(Protocol):
    """Frames by qualified table name: the contents of a warehouse, or a plain dictionary."""

    def __getitem__(self, qualified: str, /) -> pl.DataFrame:
        """The frame of that table."""


def words_of(expressions: Iterable[str]) -> set[str]:
    """The window totals that the expressions mention."""
    return {word for text in expressions for word in re.findall(r"\w+", text)} & set(_TITLES)


def period_end(period: str) -> date:
    """Last day of the month `period` (YYYY-MM)."""
    year, month = int(period[:4]), int(period[5:])
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def source_cells(frames: Frames, uscc: str, period: str, words: set[str]) -> pl.DataFrame:
    """Every stated figure that counts and feeds one of `words`, with file, sheet and cell (shape `SOURCES`).

    Flows of this year and last year, also after the period (a total that stops at it may be what a later cumulative
    figure leaves without its later months); staff up to the period; land as of its latest date not after it. Which
    of the flows make up a total is said by the policy's window.
    """
    end = period_end(period)
    latest = pl.when(pl.col("measure") == "employees").then(end).otherwise(date(end.year, 12, 31))
    figures = [*_output(frames, uscc, words), *_land(frames, uscc, words, end), *_energy(frames, uscc, words)]
    if not figures:
        return pl.DataFrame(schema=SOURCES)
    columns = frames["intake.columns"].select("submission_id", "block", "field", "column")
    files = frames["intake.submissions"].select("submission_id", "file_name", "earlier_version")
    return (
        pl.concat(figures)
        .filter((pl.col("measure").str.starts_with("land")) | (pl.col("span_start") >= date(end.year - 1, 1, 1)))
        .filter(pl.col("span_end").is_null() | (pl.col("span_end") <= latest))
        .join(columns, on=["submission_id", "block", "field"], how="left", validate="m:1")
        .join(files, on="submission_id", how="left", validate="m:1")
        .with_columns(
            (pl.col("column") + pl.col("row").cast(pl.String)).alias("cell"),
            pl.col("measure").replace_strict(_TITLES, return_dtype=pl.String).alias("title"),
        )
        .select(SOURCES.names())
        .sort("measure", "carrier", "span_start", "span_end", nulls_last=True, maintain_order=True)
    )


def with_versions(submissions: pl.DataFrame) -> pl.DataFrame:
    """`submissions` with `earlier_version`: true where a file of that name has come with other contents since.

    What the newer one does not state goes on to count, and is not to be looked for in its cells.
    """
    newest = pl.col("sha256").sort_by("arrival").last().over("file_name")
    return submissions.with_columns((pl.col("sha256") != newest).fill_null(value=False).alias("earlier_version"))


def counting(frames: Frames, table: str, uscc: str) -> pl.DataFrame:
    """The enterprise's rows of `table` that are not superseded."""
    return frames[table].filter(pl.col("uscc") == uscc, ~pl.col("superseded"))


def stated_places(frames: Frames, table: str, rows: pl.DataFrame, field: str) -> pl.DataFrame:
    """`rows` (of `table` and one enterprise) with the places where their figures of `field` are stated.

    A correction makes a row of its own, which keeps what it does not correct: that is stated where the latest of the
    rows says so that the correction replaced.
    """
    place = ["submission_id", "sheet", "row", "block"]
    key = ["as_of"] if table == "facts.land" else ["carrier", "span_start", "span_end"]
    stated = (
        frames["intake.columns"]
        .filter(pl.col("field") == field)
        .select("submission_id", "block", pl.lit(value=True).alias("here"))
    )
    sheets = frames["intake.submissions"].select("submission_id", "form", "arrival")
    replaced = (
        frames[table]
        .filter(pl.col("uscc").is_in(rows["uscc"].implode()), "superseded", pl.col(field).is_not_null())
        .join(stated, on=["submission_id", "block"], how="semi")
        .join(sheets, on="submission_id", how="left", validate="m:1")
        .sort("arrival")
        .unique([*key, field], keep="last", maintain_order=True)
        .select(*key, field, *(pl.col(name).alias(f"{name}_kept") for name in place))
    )
    kept = pl.col("here").is_null() & (pl.col("form") == "corrections") & pl.col("submission_id_kept").is_not_null()
    return (
        rows.join(stated, on=["submission_id", "block"], how="left", validate="m:1", maintain_order="left")
        .join(sheets, on="submission_id", how="left", validate="m:1", maintain_order="left")
        .join(replaced, on=[*key, field], how="left", nulls_equal=True, validate="m:1", maintain_order="left")
        .with_columns(pl.when(kept).then(pl.col(f"{name}_kept")).otherwise(pl.col(name)).alias(name) for name in place)
        .select(rows.columns)
    )


def _figures(rows: pl.DataFrame, field: str, word: str, unit: pl.Expr) -> pl.DataFrame:
    """The figures of one field that feed one word; `rows` lacking a carrier get none."""
    carrier = pl.col("carrier") if "carrier" in rows.columns else pl.lit(None, dtype=pl.String).alias("carrier")
    return (
        rows.filter(pl.col(field).is_not_null())
        .with_columns(
            carrier,
            pl.lit(word).alias("measure"),
            pl.lit(field).alias("field"),
            pl.col(field).alias("value"),
            unit.alias("unit"),
        )
        .select(_FIGURE)
    )


def _output(frames: Frames, uscc: str, words: set[str]) -> list[pl.DataFrame]:
    rows = counting(frames, "facts.output", uscc)
    return [_figures(rows, c.name, c.name, pl.lit(c.unit, dtype=pl.String)) for c in MEASURES if c.name in words]


def _land(frames: Frames, uscc: str, words: set[str], end: date) -> list[pl.DataFrame]:
    latest = (
        counting(frames, "facts.land", uscc)
        .filter(pl.col("as_of").is_null() | (pl.col("as_of") <= end))
        .sort("as_of", descending=True, nulls_last=True)
        .head(1)
        .with_columns(pl.col("as_of").alias("span_start"), pl.col("as_of").alias("span_end"))
    )
    return [
        _figures(stated_places(frames, "facts.land", latest, field), field, word, pl.lit("亩"))
        for field, fed in LAND_FEEDS.items()
        for word in fed
        if word in words
    ]


def _energy(frames: Frames, uscc: str, words: set[str]) -> list[pl.DataFrame]:
    wanted = [word for word in ("energy", "electricity") if word in words]
    rows = counting(frames, "facts.energy", uscc) if wanted else None
    if rows is None:
        return []
    unit = pl.col("carrier").replace_strict(carrier_form_unit(), default=None, return_dtype=pl.String)
    electric = [name for name, kind in carrier_kind().items() if kind == "electricity"]
    placed = {field: stated_places(frames, "facts.energy", rows, field) for field in ENERGY_FIELDS}
    return [
        _figures(
            placed[field] if word == "energy" else placed[field].filter(pl.col("carrier").is_in(electric)),
            field,
            word,
            unit,
        )
        for word in wanted
        for field in ENERGY_FIELDS
    ]
