"""Rows that may be too many to stand in memory at once: a frame, or pieces of it put down as Parquet.

A million enterprises state eighty million figures a year. What is done to them is done to some of them at a time, and
what waits for its turn lies in a folder that lives no longer than the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

import polars as pl

from efficiency.errors import EfficiencyError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

FILE_ROWS = 1_000_000
"""Rows that fill a file."""
ROW_GROUP = 1 << 16
"""Rows that are packed together: a part of a piece is read without the rest."""


@dataclass(frozen=True, slots=True)
class ParquetChunk:
    """Rows that lie in a Parquet file from `offset` on."""

    path: Path
    offset: int
    height: int

    def read(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The rows, of all columns or of these."""
        return (self.lazy() if columns is None else self.lazy().select(columns)).collect()

    def lazy(self) -> pl.LazyFrame:
        """The rows, of which only what is asked for is read."""
        return pl.scan_parquet(self.path, use_statistics=False, glob=False).slice(self.offset, self.height)

    def part(self, offset: int, height: int) -> ParquetChunk:
        """`height` of the rows from the `offset`-th on."""
        return replace(self, offset=self.offset + offset, height=height)


@dataclass(frozen=True, slots=True)
class Chunks:
    """Rows of one shape in their order. `empty` is the shape; a part is in memory or a `ParquetChunk`."""

    empty: pl.DataFrame
    parts: tuple[pl.DataFrame | ParquetChunk, ...] = ()

    @property
    def height(self) -> int:
        """How many rows there are."""
        return sum(part.height for part in self.parts)

    @property
    def held(self) -> int:
        """How many of them stand in memory."""
        return sum(part.height for part in self.parts if isinstance(part, pl.DataFrame))

    def lazy(self) -> pl.LazyFrame:
        """All rows, of which only what is asked for is read."""
        parts = [part.lazy() for part in self.parts if part.height]
        return pl.concat(parts) if parts else self.empty.lazy()

    @property
    def in_memory(self) -> bool:
        """Whether none of it lies on the disk."""
        return all(isinstance(part, pl.DataFrame) for part in self.parts)

    def frames(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """The parts one after another, of all columns or of these."""
        for part in self.parts:
            if isinstance(part, ParquetChunk):
                yield part.read(columns)
            else:
                yield part if columns is None else part.select(columns)

    def whole(self, without: Collection[str] = ()) -> pl.DataFrame:
        """All rows as one frame in one piece, so that what is made from it goes on sharing its columns.

        Of what lies on the disk, the columns named in `without` are not read.
        """
        if self.in_memory:
            columns, empty = None, self.empty
        else:
            columns = [name for name in self.empty.columns if name not in without]
            empty = self.empty.select(columns)
        parts = [part for part in self.frames(columns) if part.height]
        if len(parts) == 1:
            return parts[0].rechunk()
        return pl.concat([empty, *parts], rechunk=True)

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """All rows in their order, some `rows` at a time: small parts together, large ones divided."""
        held: list[pl.DataFrame] = []
        for part in self.parts:
            for start in range(0, part.height, rows):
                height = min(rows, part.height - start)
                taken = part.part(start, height).read() if isinstance(part, ParquetChunk) else part.slice(start, height)
                held.append(taken)
                if sum(frame.height for frame in held) >= rows:
                    yield pl.concat(held, rechunk=True)
                    held = []
        if held:
            yield pl.concat(held, rechunk=True)

    def put_down(self, folder: Path) -> Chunks:
        """The same rows with nothing left in memory. Raises EfficiencyError when the disk is full."""
        parts: list[ParquetChunk] = []
        held: list[pl.DataFrame] = []
        # Many small parts make few files; what lies on the disk already stays there.
        for part in (*self.parts, None):
            if isinstance(part, pl.DataFrame):
                held.append(part)
            if held and (not isinstance(part, pl.DataFrame) or sum(frame.height for frame in held) >= FILE_ROWS):
                parts.append(put_down(pl.concat(held, rechunk=True), folder))
                held = []
            if isinstance(part, ParquetChunk):
                parts.append(part)
        return replace(self, parts=tuple(part for part in parts if part.height))


@dataclass(frozen=True, slots=True)
class Partitions:
    """Rows of several forms (form id → rows), in shares: what is about one enterprise is in one share.

    Shares stand in the order of the enterprises' codes, so that one after another they are in order too.
    """

    parts: tuple[Mapping[str, Chunks], ...]

    def frames(self, without: Collection[str] = ()) -> Iterator[dict[str, pl.DataFrame]]:
        """One share after another, each in memory for its turn; of what lies on the disk not the columns `without`."""
        for share in self.parts:
            yield {form: pieces.whole(without) for form, pieces in share.items()}

    def lazy(self) -> Iterator[dict[str, pl.LazyFrame]]:
        """One share after another, of which only what is asked for is read."""
        for share in self.parts:
            yield {form: pieces.lazy() for form, pieces in share.items()}

    def table(self, form: str) -> Chunks:
        """The rows of one form."""
        return joined(share[form] for share in self.parts)


def first_of_run(names: Iterable[str]) -> pl.Expr:
    """Whether a row differs from the one before it in any of the columns `names`: long rows mostly repeat them."""
    other = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in names)
    return other | (pl.int_range(pl.len()) == 0)


def run_of(first: pl.Series) -> pl.Series:
    """The place of each row's run among the runs, whose first rows `first` tells."""
    return first.cast(pl.UInt32).cum_sum() - 1


Facts = Partitions | Mapping[str, pl.DataFrame]
"""Form id → rows in the shape of its `schemas.FACTS` table: in shares, or all of it in memory."""


def shares_of(facts: Facts) -> Partitions:
    """`facts` in shares: a single one where all of it is in memory."""
    if isinstance(facts, Partitions):
        return facts
    return Partitions(({form: Chunks(rows.clear(), (rows,)) for form, rows in facts.items()},))


def put_down(rows: pl.DataFrame, folder: Path) -> ParquetChunk:
    """`rows` as a new file in `folder`. Raises EfficiencyError when it cannot be written, as on a full disk."""
    path = folder / f"{uuid4().hex}.parquet"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        rows.write_parquet(path, compression="lz4", statistics=False, row_group_size=ROW_GROUP)
    except (OSError, pl.exceptions.ComputeError) as error:
        path.unlink(missing_ok=True)
        raise EfficiencyError(
            f"{folder} cannot be written ({error}). A run with more rows than stand in memory puts them there until "
            "its end, 6 KB for each enterprise. To do: free some space or name a warehouse elsewhere, and run again."
        ) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return ParquetChunk(path, 0, rows.height)


def joined(pieces: Iterable[Chunks]) -> Chunks:
    """The rows of all of `pieces`, which have one shape, one after another. There must be at least one."""
    first, *others = pieces
    return replace(first, parts=tuple(part for one in (first, *others) for part in one.parts))
