"""Which spans make up the window totals of all enterprises: each span of stated figures with its sign.

By the rules of `window_totals`, `latest_in_window` and `energy_totals`: the signed sum of the figures of these spans is
the total that those give. Most enterprises state the same spans, so that what makes up a total is found once for each
set of spans that occurs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from efficiency.facts.energy import as_indices, filled_spans, pairs_of, whole_spans
from efficiency.facts.windows import edges, enumerate_keys, latest_in_window, used_spans, with_nodes
from schemas import MEASURED
from schemas.energy import TOTAL_CARRIER

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from efficiency.facts.windows import Edges, Window

COMPOSITIONS = pl.Schema({"uscc": pl.String, "measure": pl.String, "carrier": pl.String, "spans": pl.String})
"""`spans`: the spans that count, each with its sign, as `in_words` writes them; null where the total is not determined.
`carrier` is null but for energy and electricity, which have one row for each carrier."""

Span = tuple[int, int]


def compositions(
    counting: Mapping[str, pl.DataFrame], converted: pl.DataFrame, words: Collection[str], window: Window
) -> pl.DataFrame:
    """What makes up the totals among `words`, and that of energy, of each enterprise (shape `COMPOSITIONS`).

    `counting`: form → its facts that count, parts added up; `converted`: those of energy as `in_standard_coal` gives
    them. Words that hold at a date have no rows.
    """
    found = [pl.DataFrame(schema=COMPOSITIONS)]
    for form_id, rows in counting.items():
        measures = [column for form, column in MEASURED if form.id == form_id and column.name in words]
        found += _flows(rows, [column.name for column in measures if column.figure == "flow"], window)
        found += [_level(rows, column.name, window) for column in measures if column.figure == "level"]
    entities, placed = enumerate_keys(with_nodes(converted, window), ["uscc"])
    found.append(_energy(entities, placed, window))
    if "electricity" in words:
        found.append(_electricity(entities, placed, window))
    return pl.concat(found)


def as_exceptions(made: pl.DataFrame) -> pl.DataFrame:
    """`made` (shape `COMPOSITIONS`) with one row a measure, its `uscc` and `carrier` null, for all that have the same.

    That is what most have. The rows of the others remain, and those of directly stated totals.
    """
    direct = (pl.col("carrier") == TOTAL_CARRIER).fill_null(value=False)
    most = (
        made.filter(~direct)
        .group_by("measure", "spans")
        .len()
        .sort("len", "spans", descending=[True, False], nulls_last=True)
        .unique("measure", keep="first", maintain_order=True)
        .select("measure", pl.col("spans").alias("usual"))
    )
    others = made.join(most, on="measure", how="left", validate="m:1").filter(
        direct | pl.col("spans").ne_missing(pl.col("usual"))
    )
    usual = most.select(
        pl.lit(None, dtype=pl.String).alias("uscc"),
        "measure",
        pl.lit(None, dtype=pl.String).alias("carrier"),
        pl.col("usual").alias("spans"),
    )
    return pl.concat([usual.sort("measure"), others.select(COMPOSITIONS.names())])


def in_words(spans: Mapping[Span, int], window: Window) -> str:
    """Spans (first and last node) with their signs as `+2026-01 -2025-01..2025-10`: a month, or first and last one."""
    return " ".join(
        f"{'+' if sign > 0 else '-'}{_span(window.month(start), window.month(end - 1))}"
        for (start, end), sign in sorted(spans.items())
    )


def _span(first: date, last: date) -> str:
    return f"{first:%Y-%m}" if first == last else f"{first:%Y-%m}..{last:%Y-%m}"


def _flows(rows: pl.DataFrame, measures: Sequence[str], window: Window) -> Iterator[pl.DataFrame]:
    """Of each enterprise that states one of the flows `measures`, a frame for each of them."""
    if not measures:
        return
    placed = with_nodes(rows.select("uscc", "span_start", "span_end", *measures), window)
    entities, placed = enumerate_keys(placed, ["uscc"])
    for measure in measures:
        figures = edges(placed, measure, entities.height)
        stated = np.zeros(entities.height, dtype=np.bool_)
        for figure in figures.values():
            stated |= ~np.isnan(figure)
        texts = _texts(figures, window, entities.height)
        yield _rows(entities, measure, texts).filter(pl.Series(stated, dtype=pl.Boolean))


def _level(rows: pl.DataFrame, measure: str, window: Window) -> pl.DataFrame:
    """Of each enterprise that states the level `measure` for a month of the window: the span of the latest figure."""
    first, last = (pl.col(name).dt.strftime("%Y-%m") for name in ("span_start", "span_end"))
    span = pl.when(pl.col("span_start") == pl.col("span_end")).then(first).otherwise(first + ".." + last)
    latest = latest_in_window(rows.with_columns((pl.lit("+") + span).alias("spans")), measure, window, also=("spans",))
    return _rows(latest, measure, latest["spans"])


def _energy(entities: pl.DataFrame, placed: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Of each carrier of each enterprise, in standard coal; also of directly stated totals where they count."""
    is_total = pl.col("carrier") == TOTAL_CARRIER
    named, direct = placed.filter(~is_total), placed.filter(is_total)
    pairs, texts = _of_carriers(named, named, window, "tce", entities.height)
    complete = _all_known(pairs, texts, entities.height)
    of_carriers = _rows(_named(pairs, entities), "energy", _where(texts, complete[as_indices(pairs["user"])]))
    direct = direct.filter(~pl.Series(complete).gather(direct["entity"]))
    if direct.is_empty():
        return of_carriers
    mixed = _mixed(named, direct, entities, window)
    return pl.concat([of_carriers.join(mixed, on=["uscc", "carrier"], how="anti"), mixed])


def _electricity(entities: pl.DataFrame, placed: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Of each electric carrier of each enterprise."""
    named = placed.filter(pl.col("carrier") != TOTAL_CARRIER)
    electric = named.filter(pl.col("kind") == "electricity")
    pairs, texts = _of_carriers(electric, named, window, "consumption", entities.height)
    complete = _all_known(pairs, texts, entities.height)
    return _rows(_named(pairs, entities), "electricity", _where(texts, complete[as_indices(pairs["user"])]))


def _of_carriers(
    rows: pl.DataFrame, named: pl.DataFrame, window: Window, value: str, size: int
) -> tuple[pl.DataFrame, pl.Series]:
    """The pairs of entity (column `user`) and carrier of `rows`, and the spans of each in words.

    `named` are all rows that name a carrier: a span of them that does not name this one may count zero.
    """
    pairs, figures = pairs_of(rows.select("entity", "carrier", "start", "end", value))
    texts = _texts(edges(figures, value, pairs.height), window, pairs.height)
    rest = texts.is_null().arg_true()
    if rest.is_empty():
        return pairs, texts
    reported = edges(named.select("entity", "start", "end", pl.lit(0.0).alias("zero")), "zero", size)
    owners = as_indices(pairs["user"].gather(rest))
    positions = pl.DataFrame({"entity": rest}).with_row_index("position")
    theirs = figures.join(positions, on="entity").with_columns(pl.col("position").alias("entity"))
    filled = filled_spans(theirs, {span: vector[owners] for span, vector in reported.items()}, value, rest.len())
    return pairs, texts.scatter(rest, _texts(filled, window, rest.len()))


def _mixed(named: pl.DataFrame, direct: pl.DataFrame, entities: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Of enterprises whose carriers alone do not determine the total and which state `direct` totals as well.

    Where a span names carriers these count, else its direct total (see `whole_spans`).
    """
    theirs = named.join(direct.select("entity").unique(), on="entity", how="semi")
    users, whole = whole_spans(theirs, direct)
    reported = theirs.join(users.rename({"entity": "at"}), left_on="entity", right_on="user").select(
        pl.col("at").alias("entity"), "start", "end", pl.lit(0.0).alias("zero")
    )
    by_name = edges(reported, "zero", users.height)

    def of_direct(used: dict[Span, int], spans: set[Span]) -> dict[Span, int]:
        return {span: sign for span, sign in used.items() if span not in spans}

    all_of_it = _texts(whole, window, users.height)
    rest_of_it = _texts(whole, window, users.height, by_name, of_direct)
    owners = users.select(pl.col("user").alias("entity"), all_of_it.alias("all"), rest_of_it.alias("rest"))
    carriers = theirs.select("entity", "carrier").unique().join(owners, on="entity")
    stated = pl.concat(
        [
            carriers.select("entity", "carrier", pl.col("all").alias("spans")),
            owners.select("entity", pl.lit(TOTAL_CARRIER).alias("carrier"), pl.col("rest").alias("spans")),
        ]
    )
    return _rows(_named(stated.rename({"entity": "user"}), entities), "energy", stated["spans"])


def _texts(
    figures: Edges,
    window: Window,
    size: int,
    beside: Edges | None = None,
    keep: Callable[[dict[Span, int], set[Span]], dict[Span, int]] | None = None,
) -> pl.Series:
    """Which spans of `figures` make up the window's total of each of `size` entities, in words; null if none do.

    With `keep` only those that it leaves of them, given the spans that `beside` has of the entity.
    """
    spans, others = list(figures), list(beside or ())
    known = [~np.isnan(figures[span]) for span in spans] + [~np.isnan(vector) for vector in (beside or {}).values()]
    sets, own = _distinct(known, size)
    made: list[str | None] = []
    for holds in sets:
        used = used_spans([span for span, there in zip(spans, holds[: len(spans)], strict=True) if there], window)
        if used is not None and keep is not None:
            used = keep(used, {span for span, there in zip(others, holds[len(spans) :], strict=True) if there})
        made.append(None if used is None else in_words(used, window))
    return pl.Series("spans", made, dtype=pl.String).gather(pl.Series(own, dtype=pl.UInt32))


def _distinct(flags: Sequence[NDArray[np.bool_]], size: int) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """The distinct rows of a table with the columns `flags`, and which of them each of its `size` rows is."""
    if not flags or not size:
        return np.zeros((min(size, 1), len(flags)), dtype=np.bool_), np.zeros(size, dtype=np.intp)
    # Columns are taken together, 31 in one number; which rows were distinct before them is in the bits above.
    own = np.zeros(size, dtype=np.int64)
    for begin in range(0, len(flags), 31):
        own = own << 31
        for position, flag in enumerate(flags[begin : begin + 31]):
            own |= flag.astype(np.int64) << position
        _, first, own = np.unique(own, return_index=True, return_inverse=True)
    return np.stack([flag[first] for flag in flags], axis=1), own.astype(np.intp)


def _all_known(pairs: pl.DataFrame, texts: pl.Series, size: int) -> NDArray[np.bool_]:
    """Of each entity whether it has carriers and each has spans in `texts`."""
    users = as_indices(pairs["user"])
    missing = np.bincount(users, weights=texts.is_null().to_numpy(), minlength=size)
    known: NDArray[np.bool_] = (missing == 0) & (np.bincount(users, minlength=size) > 0)
    return known


def _where(texts: pl.Series, holds: NDArray[np.bool_]) -> pl.Series:
    """`texts` where it holds, null elsewhere."""
    return pl.select(pl.when(pl.Series(holds, dtype=pl.Boolean)).then(texts).alias("spans")).to_series()


def _named(pairs: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """`uscc` and `carrier` of pairs of entity (column `user`) and carrier."""
    return pl.DataFrame([entities["uscc"].gather(pairs["user"]), pairs["carrier"]])


def _rows(who: pl.DataFrame, measure: str, texts: pl.Series) -> pl.DataFrame:
    """`who` (uscc, and carrier where there is one) with the measure and its spans (shape `COMPOSITIONS`)."""
    carrier = pl.col("carrier") if "carrier" in who.columns else pl.lit(None, dtype=pl.String).alias("carrier")
    return who.select("uscc", pl.lit(measure).alias("measure"), carrier, texts.alias("spans")).cast(COMPOSITIONS)
