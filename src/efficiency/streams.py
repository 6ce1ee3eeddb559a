"""Standard output and error that fail no work: what cannot be written there is left out, and that is said at the end.

A month that is published stays published whether or not its summary can be printed: with a full disk, a reader that has
ended (`| head`), a closed stream (`>&-`), or an encoding without Chinese.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

    from _typeshed import ReadableBuffer


class _LenientFile(io.RawIOBase):
    """A file descriptor that takes whatever is written; after the first error it discards the rest."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.error: OSError | None = None

    def writable(self) -> bool:
        """It is only written to."""
        return True

    def fileno(self) -> int:
        """Number of the descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return os.isatty(self._descriptor)

    def write(self, data: ReadableBuffer, /) -> int:
        """Write what can be written; returns how many bytes are done with."""
        size = memoryview(data).nbytes
        if self.error is None:
            try:
                return os.write(self._descriptor, data)
            except OSError as error:
                self.error = error
        return size


_files: list[_LenientFile] = []
"""Standard output and error, where `make_streams_lenient` has replaced them."""


def make_streams_lenient(*, native: bool = False) -> None:
    """Replace `sys.stdout` and `sys.stderr`; characters that their encodings lack are written as their numbers.

    A closed descriptor is opened on nothing, or the next file that is opened, perhaps the warehouse, would take its
    number and get what is printed. Unless `native`, what does not go through `sys.stderr` is dropped: the traces that
    libraries of native code and processes of our own leave where a file makes them fail, which is reported anyway.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
    terminal = 2
    if not native:
        terminal, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 2)
        os.close(nothing)
    sys.stdout, sys.stderr = _lenient(sys.stdout, 1), _lenient(sys.stderr, terminal)


def _lenient(stream: TextIO | None, descriptor: int) -> TextIO:
    file = _LenientFile(descriptor)
    _files.append(file)
    buffered = descriptor == 1 and not file.isatty() and not getattr(stream, "write_through", False)
    return io.TextIOWrapper(
        io.BufferedWriter(file),
        encoding=getattr(stream, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=not buffered,
    )


def output_error() -> OSError | None:
    """What stopped standard output, once everything printed so far is written; None where nothing did."""
    sys.stdout.flush()
    return _files[0].error if _files else None


def flush() -> None:
    """Write out what is still held back."""
    sys.stdout.flush()
    sys.stderr.flush()
