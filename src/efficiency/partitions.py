"""Tables that may be larger than memory: rows in memory or spilled to Parquet, and their partitions by enterprise.

A million enterprises state eighty million figures a year. Rows that are too many are spilled to Parquet files in a
folder that is removed at the end of the run, and are scanned lazily from there, one partition of the enterprises at a
time.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING
from uuid import uuid4

import polars as pl

from efficiency.errors import EfficiencyError
from efficiency.language import say

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path


ROW_GROUP = 1 << 16
"""Rows of a row group, the least that is read of a file: statistics say which of them a filter needs."""


@dataclass(slots=True)
class MemoryBounds:
    """How many rows may be in memory."""

    held: int = 2_000_000
    """Rows of all files that are read; more are spilled."""
    held_of_file: int = 200_000
    """Rows of one file that are read; more are spilled, where there is a folder for them."""
    resolved: int = 4_000_000
    """Stated rows that are resolved together: of output and six carriers of twelve months those of 48 000 enterprises,
    some 2 GB of memory. Up to so many rows there is one partition, and nothing else is spilled."""


BOUNDS = MemoryBounds()


@dataclass(frozen=True, slots=True)
class ParquetChunk:
    """`height` rows that are all rows of the Parquet file `path`."""

    path: Path
    height: int

    @classmethod
    def of_file(cls, path: Path) -> ParquetChunk:
        """The rows of the Parquet file `path`."""
        return cls(path, pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())

    def lazy(self) -> pl.LazyFrame:
        """The rows; only the columns and row groups that a query needs are read."""
        return pl.scan_parquet(self.path, glob=False)


@dataclass(frozen=True, slots=True)
class Chunks:
    """The rows of one table in their order, as frames in memory and Parquet files."""

    empty: pl.DataFrame
    """The table's columns without rows."""
    parts: tuple[pl.DataFrame | ParquetChunk, ...] = ()

    @property
    def height(self) -> int:
        """How many rows there are."""
        return sum(part.height for part in self.parts)

    @property
    def held(self) -> int:
        """How many of the rows are in memory."""
        return sum(part.height for part in self.parts if isinstance(part, pl.DataFrame))

    @property
    def in_memory(self) -> bool:
        """Whether no row is spilled."""
        return all(isinstance(part, pl.DataFrame) for part in self.parts)

    def lazy(self) -> pl.LazyFrame:
        """All rows; of spilled rows only the columns and row groups that a query needs are read."""
        parts = [part.lazy() for part in self.parts if part.height]
        return pl.concat(parts) if parts else self.empty.lazy()

    def whole(self, without: Collection[str] = ()) -> pl.DataFrame:
        """All rows as one frame of contiguous columns, but for the columns `without`, which are not read."""
        columns = [name for name in self.empty.columns if name not in without]
        return self.lazy().select(columns).collect().rechunk()

    def spill(self, folder: Path) -> Chunks:
        """The same rows, those in memory as new Parquet files in `folder`. Raises EfficiencyError when it is full."""
        parts: list[ParquetChunk] = []
        for held, run in groupby(self.parts, key=lambda part: isinstance(part, pl.DataFrame)):
            if held:
                rows = pl.concat([part for part in run if isinstance(part, pl.DataFrame)])
                parts += [spill(rows, folder)] if rows.height else []
            else:
                parts += [part for part in run if isinstance(part, ParquetChunk)]
        return replace(self, parts=tuple(parts))


@dataclass(frozen=True, slots=True)
class Partitions:
    """Tables (form id → rows) in partitions: all rows of an enterprise are in one of them.

    The partitions are in the order of the enterprises' codes.
    """

    parts: tuple[Mapping[str, Chunks], ...]

    def frames(
        self, without: Collection[str] = (), only: Collection[str] | None = None
    ) -> Iterator[dict[str, pl.DataFrame]]:
        """Form id → rows of one partition after another, read into memory but for the columns `without`.

        Of the forms `only` these, where they are given.
        """
        for partition in self.parts:
            yield {form: chunks.whole(without) for form, chunks in partition.items() if only is None or form in only}

    def lazy(self) -> Iterator[dict[str, pl.LazyFrame]]:
        """Form id → rows of one partition after another, of which only what a query needs is read."""
        for partition in self.parts:
            yield {form: chunks.lazy() for form, chunks in partition.items()}

    def table(self, form: str) -> Chunks:
        """All rows of one form."""
        return concat(partition[form] for partition in self.parts)


def one_partition(tables: Mapping[str, pl.DataFrame]) -> Partitions:
    """`tables` (form id → rows), all of which are in memory, as a single partition."""
    return Partitions(({form: Chunks(rows.clear(), (rows,)) for form, rows in tables.items()},))


def concat(tables: Iterable[Chunks]) -> Chunks:
    """The rows of all of `tables`, at least one, one after another. They must have the same columns."""
    first, *others = tables
    return replace(first, parts=tuple(part for table in (first, *others) for part in table.parts))


def spill(rows: pl.DataFrame, folder: Path) -> ParquetChunk:
    """Write `rows` as a new file in `folder`. Raises EfficiencyError when it cannot be written, as on a full disk."""
    path = folder / f"{uuid4().hex}.parquet"
    with _writing(folder):
        rows.write_parquet(path, compression="lz4", row_group_size=ROW_GROUP)
    return ParquetChunk(path, rows.height)


def spill_by(rows: pl.LazyFrame, key: str, folder: Path) -> dict[int, ParquetChunk]:
    """Write `rows` to a new file in `folder` for each value of the integer column `key`, and drop that column.

    Rows of one value stay in their order. Values without rows have no file. Raises EfficiencyError as `spill` does.
    """
    target = folder / uuid4().hex
    by_key = pl.PartitionBy(target, key=key, include_key=False, approximate_bytes_per_file=None)
    with _writing(folder):
        rows.sink_parquet(by_key, compression="lz4", row_group_size=ROW_GROUP, maintain_order=True, mkdir=True)
    return {
        int(path.parent.name.removeprefix(f"{key}=")): ParquetChunk.of_file(path) for path in target.rglob("*.parquet")
    }


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Make `folder`; what the block cannot write there is raised as an EfficiencyError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except (OSError, pl.exceptions.ComputeError) as error:
        raise EfficiencyError(
            say(
                "{folder} cannot be written ({error}). A run with more rows than stand in memory puts them there "
                "until its end, 6 KB for each enterprise. To do: free some space or name a warehouse elsewhere, "
                "and run again.",
                folder=folder,
                error=error,
            )
        ) from error


def first_of_run(names: Iterable[str]) -> pl.Expr:
    """Whether a row differs from the row before it in any of the columns `names`: whether it begins a run."""
    other = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in names)
    return other | (pl.int_range(pl.len()) == 0)


def runs_of(rows: pl.DataFrame, names: Collection[str]) -> tuple[pl.DataFrame, pl.Series]:
    """The columns `names` of the first row of each run of rows that are equal in them, and each row's run, from 0.

    Rows of one enterprise mostly follow each other: what depends on `names` alone is computed once for each run, and
    spread to its rows by `gather`.
    """
    keys = rows.select(names)
    first = keys.select(first_of_run(names)).to_series()
    return keys.filter(first), first.cast(pl.UInt32).cum_sum() - 1
