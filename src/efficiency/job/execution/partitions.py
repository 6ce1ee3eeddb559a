"""Stated rows → facts, one partition of the enterprises at a time: as many partitions as memory asks for.

What an enterprise states is scattered over all files. Where it is too much to be in memory at once, the rows of each
form are spilled by partition, according to the registered code that they are matched to; then each partition is read,
resolved, and its facts are spilled. The results are the same as in one partition, to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.resolution import (
    PAIR,
    LookupTables,
    ResolutionResult,
    Stated,
    combine,
    prepare_lookups,
    resolve_partition,
    stated_pairs,
    validate,
)
from efficiency.job.execution.fence import fenced
from efficiency.partitions import BOUNDS, Chunks, Partitions, first_of_run, spill_by

if TYPE_CHECKING:
    from pathlib import Path


def partition_count(rows: int) -> int:
    """In how many partitions so many rows are to be processed: one where they may all be in memory."""
    return max(1, -(-rows // BOUNDS.resolved))


def resolve_in_partitions(stated: Stated, folder: Path) -> ResolutionResult:
    """The same as `efficiency.intake.resolution.resolve` gives, one partition of the enterprises at a time.

    A sheet over whose rows the program fails is left out (`efficiency.job.execution.fence`). Where there is more than
    one partition, its rows and facts are spilled to `folder`. Raises ValueError when a submission comes twice,
    FactsInvalid when facts break their declaration whichever sheet is left out, and EfficiencyError when the disk is
    full.
    """
    return fenced(lambda some: _resolve(some, folder), stated)


def _resolve(stated: Stated, folder: Path) -> ResolutionResult:
    """`resolve_in_partitions` with whatever a fault of the program raises."""
    count = partition_count(sum(chunks.height for chunks in stated.rows.values()))
    tables, of_register = prepare_lookups(stated, _pairs(stated.rows))
    codes = _partition_of_codes(tables, count)
    divided = {
        form: _divided(chunks, tables, codes, count, folder)
        for form, chunks in stated.rows.items()
        if form != "register"
    }
    results = [of_register]
    facts: list[Future[Mapping[str, Chunks]]] = []
    # The facts of one partition are spilled while the next is resolved, which seldom keeps two cores busy.
    with ThreadPoolExecutor(1) as executor:
        for number in range(count):
            rows = {form: parts[number].whole() for form, parts in divided.items()}
            result = resolve_partition(rows, _of_partition(tables, codes, number, count))
            validate(result.facts)
            results.append(replace(result, facts={}))
            facts.append(executor.submit(_kept, result.facts, folder if count > 1 else None))
            # No more than two partitions are in memory.
            if number:
                facts[number - 1].result()
            del rows, result
        return combine(tables, results, Partitions(tuple(one.result() for one in facts)))


def _kept(facts: Mapping[str, pl.DataFrame], folder: Path | None) -> dict[str, Chunks]:
    """The facts of a partition (form id → rows): spilled to `folder`, or in memory where there is none."""
    chunks = {form: Chunks(frame.clear(), (frame,)) for form, frame in facts.items()}
    return {form: one.spill(folder) for form, one in chunks.items()} if folder else chunks


def _pairs(rows: Mapping[str, Chunks]) -> pl.DataFrame:
    """The distinct pairs of code and name that the rows of all forms but the register state."""
    found = last = pl.DataFrame(schema=PAIR)
    for form, chunks in rows.items():
        for part in chunks.parts if form != "register" else ():
            named = part.lazy().select(*PAIR).filter(first_of_run(PAIR)).collect()
            # The months of an export often name the same enterprises in the same order.
            if not named.equals(last):
                found = stated_pairs({"": found, form: named.unique()})
            last = named
    return found


def _partition_of_codes(tables: LookupTables, count: int) -> pl.DataFrame:
    """Registered code → partition: `uscc`, `partition` from 0, equally many enterprises each, in order of the codes."""
    codes = tables.register.select(pl.col("uscc").unique().sort())
    return codes.with_columns(
        (pl.int_range(pl.len(), dtype=pl.Int64) * count // pl.len()).cast(pl.UInt16).alias("partition")
    )


def _partition_of(codes: pl.DataFrame, frame: pl.DataFrame, code: str) -> pl.Series:
    """The partition of each row of `frame` by the registered code in its column `code`; 0 where it has none."""
    placed = frame.select(pl.col(code).alias("uscc")).join(
        codes, on="uscc", how="left", validate="m:1", maintain_order="left"
    )
    return placed["partition"].fill_null(0)


def _divided(chunks: Chunks, tables: LookupTables, codes: pl.DataFrame, count: int, folder: Path) -> list[Chunks]:
    """The rows of one form in as many parts as there are partitions, each in the order in which they are stated."""
    if count == 1 or not chunks.height:
        return [chunks] * count
    pairs = tables.verdicts.select(*PAIR, _partition_of(codes, tables.verdicts, "code"))
    stated = chunks.lazy().join(pairs.lazy(), on=list(PAIR), how="left", nulls_equal=True, maintain_order="left")
    parts = spill_by(stated, "partition", folder)
    return [replace(chunks, parts=(parts[number],) if number in parts else ()) for number in range(count)]


def _of_partition(tables: LookupTables, codes: pl.DataFrame, number: int, count: int) -> LookupTables:
    """What the rows of one partition are looked up in."""
    if count == 1:
        return tables
    return replace(
        tables,
        register=tables.register.filter(_partition_of(codes, tables.register, "uscc") == number),
        lent=tables.lent.filter(_partition_of(codes, tables.lent, "uscc") == number),
        verdicts=tables.verdicts.filter(_partition_of(codes, tables.verdicts, "code") == number),
    )
