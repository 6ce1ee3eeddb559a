"""Which months, carriers or dates are missing where the figures of an enterprise do not determine a total.

For each word of the profile that is null: the fewest months of the window whose figures would determine it, and in
Chinese what to ask the department for. It is computed for those enterprises alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from efficiency.facts.energy import (
    EnergyBasis,
    as_indices,
    filled_spans,
    in_standard_coal,
    pairs_of,
    unnamed_spans,
    whole_spans,
)
from efficiency.facts.windows import (
    NODES,
    Edges,
    Window,
    edges,
    enumerate_keys,
    missing_months,
    months_of,
    with_nodes,
)
from schemas import FED_BY, FEEDS
from schemas.energy import TOTAL_CARRIER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import date

    from efficiency.facts.windows import Months

GAPS = pl.Schema({"uscc": pl.String(), "word": pl.String(), "months": pl.Int64(), "text": pl.String()})
"""One row per enterprise and word of the profile that is null.

`months`: those of the window that are missing, as bits of the window's nodes (see `missing_as_months`), 0 where it is
not months that are missing. `text`: what follows the word's title in Chinese, e.g. 缺2026年3月、5月."""
NO_FACTOR = "无折标系数"


def gaps(
    facts: Mapping[str, pl.DataFrame],
    profile: pl.DataFrame,
    words: Collection[str],
    basis: EnergyBasis,
    window: Window,
) -> pl.DataFrame:
    """What is missing, shape `GAPS`, for every enterprise of `profile` and each of `words` that is null there.

    `facts` maps each form to the rows that count, `profile` has `uscc` and the words that figures feed; other words
    are passed over.
    """
    found = [GAPS.to_frame()]
    for word in sorted(set(words) & FEEDS.keys()):
        lacking = profile.filter(pl.col(word).is_null()).select("uscc")
        if lacking.is_empty():
            continue
        form, column, _ = FEEDS[word][0]
        rows = facts[form.id].join(lacking, on="uscc", how="semi", maintain_order="left")
        if word in ("energy", "electricity"):
            some = _energy_gaps(rows, basis, window, word)
        elif form.in_force_from:
            some = _dated_gaps(rows, form.in_force_from, column.title, window)
        elif form.flow and column.name == word:
            some = _flow_gaps(rows, word, window, level=column.figure == "level")
        else:
            some = rows.select("uscc", pl.lit(0, dtype=pl.Int64).alias("months"), pl.lit("数据不全").alias("text"))
        nothing = _without_rows(window) if form.flow else {"months": 0, "text": "未报送"}
        found.append(
            lacking.join(some.unique("uscc"), on="uscc", how="left", validate="1:1")
            .with_columns(
                pl.lit(word).alias("word"),
                pl.col("months").fill_null(nothing["months"]),
                pl.col("text").fill_null(nothing["text"]),
            )
            .select(GAPS.names())
            .cast(GAPS)
        )
    return pl.concat(found)


def missing_as_months(gaps: pl.DataFrame, window: Window) -> pl.DataFrame:
    """`gaps` (shape `GAPS`) with one row per missing month: uscc, word, month (its first day)."""
    first, last = window.ends
    months = pl.DataFrame(
        [(months_of(node, node + 1), window.month(node)) for node in range(first, last)],
        schema={"bit": pl.Int64, "month": pl.Date},
        orient="row",
    )
    return gaps.join_where(months, (pl.col("months") & pl.col("bit")) != 0).select("uscc", "word", "month")


def missing_together(gaps: pl.DataFrame) -> pl.DataFrame:
    """The `gaps` (shape `GAPS`) that are alike, the most frequent first.

    form (id), months (bits; 0 where it is not months that are missing), enterprises (how many lack them), words (list).
    """
    return (
        gaps.with_columns(pl.col("word").replace(FED_BY).alias("form"))
        .group_by("form", "months")
        .agg(
            pl.col("uscc").n_unique().cast(pl.Int64).alias("enterprises"), pl.col("word").unique().sort().alias("words")
        )
        .sort("enterprises", "form", "months", descending=[True, False, False])
    )


def runs_of_months(months: int, window: Window) -> list[tuple[date, date]]:
    """Months given as bits, as runs of consecutive ones: the first days of the first and the last month of each."""
    runs: list[tuple[date, date]] = []
    for node in range(NODES):
        if months & months_of(node, node + 1):
            joins = bool(node and runs and months & months_of(node - 1, node))
            runs[-1:] = [(runs[-1][0], window.month(node))] if joins else [*runs[-1:], (window.month(node),) * 2]
    return runs


def months_in_words(months: int, window: Window) -> str:
    """Months given as bits, e.g. 2025年11-12月、2026年3月、5月: each year is named once."""
    words: list[str] = []
    year = 0
    for first, last in _within_years(runs_of_months(months, window)):
        named = f"{first.year}年" if first.year != year else ""
        year = first.year
        words.append(f"{named}{first.month}月" if first == last else f"{named}{first.month}-{last.month}月")
    return "、".join(words)


def _within_years(runs: list[tuple[date, date]]) -> Iterator[tuple[date, date]]:
    """`runs` of months, cut at the turn of the year."""
    for first, last in runs:
        if first.year < last.year:
            yield first, first.replace(month=12)
            yield last.replace(month=1), last
        else:
            yield first, last


def _without_rows(window: Window) -> dict[str, int | str]:
    """What an enterprise lacks of which nothing came for the window."""
    months = months_of(*window.ends)
    return {"months": months, "text": f"缺{months_in_words(months, window)}"}


def _worded(frame: pl.DataFrame, window: Window, prefix: str = "缺") -> pl.DataFrame:
    """`frame` with `text`: its `months` in words, null where there are none."""
    different = frame["months"].unique()
    words = {months: f"{prefix}{months_in_words(months, window)}" if months else None for months in different}
    texts = pl.DataFrame(
        {"months": list(words), "text": list(words.values())}, schema={"months": pl.Int64, "text": pl.String}
    )
    return frame.join(texts, on="months", how="left", validate="m:1", maintain_order="left")


def _flow_gaps(rows: pl.DataFrame, word: str, window: Window, *, level: bool) -> pl.DataFrame:
    """uscc, months, text of a measure; of a level, which any month of the window would give, all of them."""
    if level:
        return rows.clear().select("uscc", pl.lit(0, dtype=pl.Int64).alias("months"), pl.lit("").alias("text"))
    placed = with_nodes(rows.select("uscc", "span_start", "span_end", word), window)
    entities, placed = enumerate_keys(placed, ["uscc"])
    months = missing_months(edges(placed, word, entities.height), window, entities.height)
    return _worded(entities.select("uscc", pl.Series("months", months, dtype=pl.Int64)), window)


def _dated_gaps(rows: pl.DataFrame, dated: str, title: str, window: Window) -> pl.DataFrame:
    """uscc, months (0), text of a figure that holds at a date: it is dated too late, or left empty."""
    day = window.end_of_period
    late = pl.format("截止日期{}晚于评价期末{}", pl.col(dated).min().dt.strftime("%Y-%m-%d"), pl.lit(f"{day:%Y-%m-%d}"))
    return rows.group_by("uscc").agg(
        pl.lit(0, dtype=pl.Int64).alias("months"),
        pl.when((pl.col(dated) > day).fill_null(value=False).all())
        .then(late)
        .otherwise(pl.lit(f"未填{title}"))
        .alias("text"),
    )


def _energy_gaps(rows: pl.DataFrame, basis: EnergyBasis, window: Window, word: str) -> pl.DataFrame:
    """uscc, months, text of the energy of `rows`, or of its electricity: by carrier where they differ."""
    placed = with_nodes(in_standard_coal(rows, basis), window)
    entities, placed = enumerate_keys(placed, ["uscc"])
    size = entities.height
    named = placed.filter(pl.col("carrier") != TOTAL_CARRIER)
    reported = edges(named.select("entity", "start", "end", pl.lit(0.0).alias("reported")), "reported", size)
    if word == "electricity":
        found = _carrier_gaps(named.filter(pl.col("kind") == "electricity"), reported, window, "consumption")
        without = missing_months(reported, window, size)
    else:
        found = _carrier_gaps(named, reported, window, "tce")
        direct = placed.filter(pl.col("carrier") == TOTAL_CARRIER)
        # Who states totals of all energy is asked for the months that have neither all carriers nor a total.
        users, whole = whole_spans(named, direct)
        without = missing_months({}, window, size)
        without[as_indices(users["user"])] = missing_months(whole, window, users.height)
        found = found.join(users, left_on="entity", right_on="user", how="anti")
    of_all = found.group_by("entity").agg(
        pl.col("months").bitwise_or(),
        (
            (pl.len() == pl.col("carriers").first())
            & (pl.col("months").n_unique() == 1)
            & (pl.col("contradicted") == 0).all()
            & ~pl.col("factor").any()
        ).alias("alike"),
    )
    differ = found.join(of_all.filter(~pl.col("alike")), on="entity", how="semi", maintain_order="left")
    return (
        _worded(
            entities.select("uscc", "entity", pl.Series("without", without, dtype=pl.Int64))
            .join(of_all, on="entity", how="left", validate="1:1")
            .with_columns(pl.coalesce("months", "without").alias("months")),
            window,
        )
        .join(_by_carrier(differ, window), on="entity", how="left", validate="1:1", suffix="_of_carriers")
        .select("uscc", "months", pl.coalesce("text_of_carriers", "text", pl.lit("数据不全")).alias("text"))
    )


def _carrier_gaps(named: pl.DataFrame, reported: Edges, window: Window, value: str) -> pl.DataFrame:
    """entity, carrier, carriers (how many the entity names), months, contradicted (a part of them), factor (bool).

    Only what is undetermined: months are missing, of which `contradicted` are those that other carriers are stated for
    without this one although a longer span states its consumption; or `factor`, the coefficient, is missing.
    """
    named = named.with_columns(
        # Where the coefficient is missing it is not the months that are.
        (pl.col("tce").is_null() & pl.col("consumption").is_not_null()).alias("factor")
    ).with_columns(pl.coalesce(value, pl.when("factor").then("consumption")).alias("figure"))
    pairs, rows = pairs_of(named.select("entity", "carrier", "start", "end", "figure"))
    owners, size = as_indices(pairs["user"]), pairs.height
    total = missing_months(edges(rows, "figure", size), window, size)
    rest = np.flatnonzero(total)
    again = pl.DataFrame({"entity": rest}, schema={"entity": pl.UInt32}).with_row_index("position")
    rows = rows.join(again, on="entity").with_columns(pl.col("position").alias("entity"))
    spans = {span: vector[owners[rest]] for span, vector in reported.items()}
    total[rest] = missing_months(filled_spans(rows, spans, "figure", rest.size), window, rest.size)
    contradicted: Months = np.zeros(size, dtype=np.int64)
    contradicted[rest] = total[rest] & unnamed_spans(rows, spans, "figure", rest.size)[1]
    without_factor = named.group_by(pl.col("entity").alias("user"), "carrier").agg(pl.col("factor").any())
    return (
        pairs.with_columns(
            pl.len().over("user").alias("carriers"),
            pl.Series("months", total, dtype=pl.Int64),
            pl.Series("contradicted", contradicted, dtype=pl.Int64),
        )
        .select(pl.exclude("entity"))
        .join(without_factor, on=["user", "carrier"], how="left", validate="1:1")
        .filter((pl.col("months") != 0) | pl.col("factor"))
        .rename({"user": "entity"})
    )


def _by_carrier(found: pl.DataFrame, window: Window) -> pl.DataFrame:
    """entity, text: 电力、原煤缺2026年3月；焦炭无折标系数; without names where all carriers lack the same months."""
    pieces = []
    missing = pl.col("months") - pl.col("contradicted")
    for months, prefix, suffix in ((missing, "缺", ""), (pl.col("contradicted"), "", "与累计数或全年数矛盾")):
        some = _worded(found.with_columns(months.alias("months")), window, prefix).drop_nulls("text")
        pieces.append(some.with_columns(pl.col("text") + suffix))
    pieces.append(found.filter("factor").with_columns(pl.lit(NO_FACTOR).alias("text")))
    return (
        pl.concat(pieces, how="diagonal")
        .sort("entity", "carrier")
        .group_by("entity", "text", maintain_order=True)
        .agg(
            pl.when((pl.len() < pl.col("carriers").first()) | (pl.col("text").first() == NO_FACTOR))
            .then(pl.concat_str(pl.lit("中"), pl.col("carrier").str.join("、")))
            .otherwise(pl.lit(""))
            .alias("carrier")
        )
        .with_columns(pl.col("carrier") + pl.col("text"))
        .group_by("entity", maintain_order=True)
        .agg(pl.col("carrier").str.join("；").alias("text"))
    )
