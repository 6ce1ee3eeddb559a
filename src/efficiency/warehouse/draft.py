"""A new warehouse that is written while its results are still being made: most of it is known once facts are.

DuckDB releases the interpreter's lock while it works, so that both go on at the same time.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from efficiency.warehouse.publish import Prepared, give_up, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from efficiency.warehouse.tables import Contents


class AbandonedError(Exception):
    """What the draft was for has failed."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A warehouse that is being written."""

    first: Contents
    """What is known of it already."""
    rest: Future[Contents]
    building: Future[Prepared]

    def complete(self, contents: Contents) -> None:
        """Write also what `contents` have beside `first`, which must be in them as it is."""
        self.rest.set_result(contents)

    def prepared(self) -> Prepared:
        """The warehouse, written and verified. Raises as `efficiency.warehouse.publish.publish` does."""
        return self.building.result()

    def abandon(self) -> None:
        """Let the writing end where the rest has not been told."""
        if not self.rest.done():
            self.rest.set_exception(AbandonedError())


@contextmanager
def drafted(path: Path, first: Contents) -> Iterator[Draft]:
    """The warehouse that is to replace `path`, of which `first` is known; gone if the block ends with an exception."""
    with ThreadPoolExecutor(1) as beside:
        rest: Future[Contents] = Future()
        draft = Draft(first, rest, beside.submit(prepare, path, first, rest))
        try:
            yield draft
        except BaseException:
            draft.abandon()
            if draft.building.exception() is None:
                give_up(draft.prepared())
            raise
        draft.abandon()
