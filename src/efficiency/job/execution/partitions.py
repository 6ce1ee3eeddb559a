"""Everything stated → the facts, a share of the enterprises at a time: as many shares as memory asks for.

What an enterprise states lies scattered over all files. Where it is too much to stand in memory at once, the rows are
dealt out to shares by the registered code they are matched to, and each share in turn is read, resolved and put down
again. The results are the same as in one share, to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.resolution import (
    PAIR,
    LookupTables,
    PartitionResult,
    ResolutionResult,
    Stated,
    combine,
    prepare_lookups,
    resolve_partition,
    stated_pairs,
    validate,
)
from efficiency.partitions import ROW_GROUP, Chunks, ParquetChunk, Partitions, first_of_run, put_down, run_of

if TYPE_CHECKING:
    from pathlib import Path

SHARE_ROWS = 4_000_000
"""Stated rows that are resolved together: of output and six carriers of twelve months, those of 48 000 enterprises,
some 2 GB of memory. Up to so many rows nothing is put on the disk."""
DEALT_ROWS = 1_000_000
"""Rows that are dealt out together."""
LEAST_RUN = ROW_GROUP // 2
"""Rows of one share that must follow one another, on average, to be read from where they lie: a row group is read whole
for each run in it."""


def share_count(rows: Mapping[str, Chunks]) -> int:
    """In how many shares these rows are to be resolved."""
    return max(1, -(-sum(pieces.height for pieces in rows.values()) // SHARE_ROWS))


def resolve_in_shares(stated: Stated, folder: Path) -> ResolutionResult:
    """The same as `efficiency.intake.resolution.resolve` gives, a share of the enterprises at a time.

    Where there is more than one share, dealt rows and facts are put into `folder`. Raises ValueError when a submission
    comes twice, FactsInvalid when a fact breaks its declaration, and EfficiencyError when the disk is full.
    """
    count = share_count(stated.rows)
    known, of_register = prepare_lookups(stated, _pairs(stated.rows))
    codes = _codes(known, count)
    dealt = {
        form: _dealt(pieces, known, codes, count, folder) for form, pieces in stated.rows.items() if form != "register"
    }
    parts = [of_register]
    facts: list[Future[Mapping[str, Chunks]]] = []
    # The facts of one share are put down while the next is resolved, which seldom keeps two cores busy.
    with ThreadPoolExecutor(1) as beside:
        for number in range(count):
            rows_of_share = {form: parts[number].whole() for form, parts in dealt.items()}
            share: PartitionResult = resolve_partition(rows_of_share, _of_share(known, codes, number, count))
            validate(share.facts)
            parts.append(replace(share, facts={}))
            facts.append(beside.submit(_kept, share.facts, folder if count > 1 else None))
            # No more than two shares stand in memory.
            if number:
                facts[number - 1].result()
            del rows_of_share, share
        return combine(known, parts, Partitions(tuple(one.result() for one in facts)))


def _kept(facts: Mapping[str, pl.DataFrame], folder: Path | None) -> dict[str, Chunks]:
    """The facts of a share as they wait for those who need them: in `folder`, or in memory where there is none."""
    pieces = {form: Chunks(frame.clear(), (frame,)) for form, frame in facts.items()}
    return {form: one.put_down(folder) for form, one in pieces.items()} if folder else pieces


def _pairs(rows: Mapping[str, Chunks]) -> pl.DataFrame:
    """The distinct pairs of code and name that the rows state."""
    found = last = pl.DataFrame(schema=PAIR)
    for form, pieces in rows.items():
        for frame in pieces.frames(list(PAIR)) if form != "register" else ():
            named = frame.filter(first_of_run(PAIR))
            # The months of an export often name the same enterprises in the same order.
            if not named.equals(last):
                found = stated_pairs({"": found, form: named.unique()})
            last = named
    return found


def _codes(known: LookupTables, count: int) -> pl.DataFrame:
    """Registered code → its share: `uscc`, `share` from 0, as many enterprises in each, in the order of their codes."""
    codes = known.register.select(pl.col("uscc").unique().sort())
    return codes.with_columns(
        (pl.int_range(pl.len(), dtype=pl.Int64) * count // pl.len()).cast(pl.UInt16).alias("share")
    )


def _share_of(codes: pl.DataFrame, frame: pl.DataFrame, code: str) -> pl.Series:
    """The share of each row of `frame` by the registered code in column `code`; what belongs to nobody is in 0."""
    placed = frame.select(pl.col(code).alias("uscc")).join(
        codes, on="uscc", how="left", validate="m:1", maintain_order="left"
    )
    return placed["share"].fill_null(0)


def _dealt(pieces: Chunks, known: LookupTables, codes: pl.DataFrame, count: int, folder: Path) -> list[Chunks]:
    """The rows of one form in as many parts as there are shares, each in the order in which they are stated."""
    if count == 1:
        return [pieces]
    verdicts = known.verdicts.select(*PAIR, _share_of(codes, known.verdicts, "code"))
    parts: list[list[ParquetChunk]] = [[] for _ in range(count)]
    lying = ((part, _where_they_lie(part, verdicts)) for part in pieces.parts)
    for stay, some in groupby(lying, key=lambda one: bool(one[1])):
        if stay:
            for _, runs in some:
                for number, run in runs:
                    parts[number].append(run)
            continue
        for rows in replace(pieces, parts=tuple(part for part, _ in some)).batches(DEALT_ROWS):
            share = _share_of_pairs(verdicts, rows)
            ordered = (
                rows
                if share.is_sorted()
                else rows[share.to_frame().select(pl.arg_sort_by("share", maintain_order=True)).to_series()]
            )
            piece, offset = put_down(ordered, folder), 0
            for number, height in share.value_counts().sort("share").iter_rows():
                parts[number].append(piece.part(offset, height))
                offset += height
    return [replace(pieces, parts=tuple(part)) for part in parts]


def _where_they_lie(part: pl.DataFrame | ParquetChunk, verdicts: pl.DataFrame) -> list[tuple[int, ParquetChunk]]:
    """The rows of each share in a file whose enterprises stand in the order of codes, as exports often do.

    None of a part that is in memory or too mixed to be read share by share.
    """
    if not isinstance(part, ParquetChunk):
        return []
    runs: list[tuple[int, ParquetChunk]] = []
    offset = 0
    for height, number in _share_of_pairs(verdicts, part.read(list(PAIR))).rle().struct.unnest().iter_rows():
        runs.append((number, part.part(offset, height)))
        offset += height
    return runs if len(runs) * LEAST_RUN <= part.height else []


def _share_of_pairs(verdicts: pl.DataFrame, rows: pl.DataFrame) -> pl.Series:
    """The share of each of `rows` by the code and name that it states; `verdicts` says it of each pair."""
    first = rows.select(first_of_run(PAIR)).to_series()
    shares = (
        rows.select(*PAIR)
        .filter(first)
        .join(verdicts, on=list(PAIR), how="left", nulls_equal=True, validate="m:1", maintain_order="left")["share"]
    )
    return shares.gather(run_of(first))


def _of_share(known: LookupTables, codes: pl.DataFrame, number: int, count: int) -> LookupTables:
    """What the rows of one share are looked up in."""
    if count == 1:
        return known
    return replace(
        known,
        register=known.register.filter(_share_of(codes, known.register, "uscc") == number),
        lent=known.lent.filter(_share_of(codes, known.lent, "uscc") == number),
        verdicts=known.verdicts.filter(_share_of(codes, known.verdicts, "code") == number),
    )
