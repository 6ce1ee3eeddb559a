"""A new warehouse that is written while the month goes on: each part of it as soon as it is known.

DuckDB releases the interpreter's lock while it works, so that both go on at the same time.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event
from typing import TYPE_CHECKING

from efficiency.warehouse.publish import Prepared, give_up, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from efficiency.warehouse.schema import Contents


class AbandonedError(Exception):
    """What the draft was for has failed."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A warehouse that is being written."""

    building: Future[Prepared]
    _coming: SimpleQueue[Contents | None]
    """Parts, and None after the last one."""
    _abandoned: Event

    def add(self, part: Contents) -> None:
        """Write these tables, which stay as they are. Raises what has stopped the writing."""
        if self.building.done():
            self.building.result()
        self._coming.put(part)

    def complete(self, whole: Contents) -> None:
        """Write also what `whole` has beside what was added, which must be in it as it was."""
        self.add(whole)
        self._coming.put(None)

    def prepared(self) -> Prepared:
        """The warehouse, written and verified. Raises as `efficiency.warehouse.publish.publish` does."""
        return self.building.result()

    def abandon(self) -> None:
        """Let the writing end where the whole has not been told."""
        self._abandoned.set()
        self._coming.put(None)


@contextmanager
def drafted(path: Path) -> Iterator[Draft]:
    """The warehouse that is to replace `path`; gone if the block ends with an exception, or before it is complete."""
    coming: SimpleQueue[Contents | None] = SimpleQueue()
    abandoned = Event()

    def go_on() -> None:
        if abandoned.is_set():
            raise AbandonedError

    def parts() -> Iterator[Contents]:
        while part := coming.get():
            yield part
        go_on()

    with ThreadPoolExecutor(1) as beside:
        draft = Draft(beside.submit(prepare, path, parts(), go_on), coming, abandoned)
        try:
            yield draft
        except BaseException:
            draft.abandon()
            if draft.building.exception() is None:
                give_up(draft.prepared())
            raise
        draft.abandon()
